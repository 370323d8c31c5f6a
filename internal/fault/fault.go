package fault

import (
	"errors"
	"fmt"
)

// A Code is the name of an error in Cognito's API models, or one of AWS's
// common errors. Clients match on it.
type Code string

// The codes that Poolhouse answers with. Their meaning is that of the Amazon
// Cognito API reference.
const (
	AliasExists                    Code = "AliasExistsException"
	CodeDeliveryFailure            Code = "CodeDeliveryFailureException"
	CodeMismatch                   Code = "CodeMismatchException"
	ConcurrentModification         Code = "ConcurrentModificationException"
	DeveloperUserAlreadyRegistered Code = "DeveloperUserAlreadyRegisteredException"
	DeviceKeyExists                Code = "DeviceKeyExistsException"
	DuplicateProvider              Code = "DuplicateProviderException"
	EnableSoftwareTokenMFA         Code = "EnableSoftwareTokenMFAException"
	ExpiredCode                    Code = "ExpiredCodeException"
	ExternalService                Code = "ExternalServiceException"
	FeatureUnavailableInTier       Code = "FeatureUnavailableInTierException"
	Forbidden                      Code = "ForbiddenException"
	GroupExists                    Code = "GroupExistsException"
	InternalError                  Code = "InternalErrorException"
	InvalidIdentityPoolConfig      Code = "InvalidIdentityPoolConfigurationException"
	InvalidLambdaResponse          Code = "InvalidLambdaResponseException"
	InvalidOAuthFlow               Code = "InvalidOAuthFlowException"
	InvalidParameter               Code = "InvalidParameterException"
	InvalidPassword                Code = "InvalidPasswordException"
	InvalidUserPoolConfiguration   Code = "InvalidUserPoolConfigurationException"
	LimitExceeded                  Code = "LimitExceededException"
	ManagedLoginBrandingExists     Code = "ManagedLoginBrandingExistsException"
	MFAMethodNotFound              Code = "MFAMethodNotFoundException"
	NotAuthorized                  Code = "NotAuthorizedException"
	OperationNotEnabled            Code = "OperationNotEnabledException"
	PasswordHistoryPolicyViolation Code = "PasswordHistoryPolicyViolationException"
	PasswordResetRequired          Code = "PasswordResetRequiredException"
	PreconditionNotMet             Code = "PreconditionNotMetException"
	RefreshTokenReuse              Code = "RefreshTokenReuseException"
	ResourceConflict               Code = "ResourceConflictException"
	ResourceNotFound               Code = "ResourceNotFoundException"
	ScopeDoesNotExist              Code = "ScopeDoesNotExistException"
	ServiceQuotaExceeded           Code = "ServiceQuotaExceededException"
	SoftwareTokenMFANotFound       Code = "SoftwareTokenMFANotFoundException"
	TermsExists                    Code = "TermsExistsException"
	TierChangeNotAllowed           Code = "TierChangeNotAllowedException"
	TooManyFailedAttempts          Code = "TooManyFailedAttemptsException"
	TooManyRequests                Code = "TooManyRequestsException"
	Unauthorized                   Code = "UnauthorizedException"
	UnexpectedLambda               Code = "UnexpectedLambdaException"
	UnsupportedOperation           Code = "UnsupportedOperationException"
	UnsupportedTokenType           Code = "UnsupportedTokenTypeException"
	UnsupportedUserState           Code = "UnsupportedUserStateException"
	UserImportInProgress           Code = "UserImportInProgressException"
	UserLambdaValidation           Code = "UserLambdaValidationException"
	UserNotConfirmed               Code = "UserNotConfirmedException"
	UserNotFound                   Code = "UserNotFoundException"
	UserPoolAddOnNotEnabled        Code = "UserPoolAddOnNotEnabledException"
	UserPoolTagging                Code = "UserPoolTaggingException"
	UsernameExists                 Code = "UsernameExistsException"
	WebAuthnChallengeNotFound      Code = "WebAuthnChallengeNotFoundException"
	WebAuthnClientMismatch         Code = "WebAuthnClientMismatchException"
	WebAuthnConfigurationMissing   Code = "WebAuthnConfigurationMissingException"
	WebAuthnCredentialNotSupported Code = "WebAuthnCredentialNotSupportedException"
	WebAuthnNotEnabled             Code = "WebAuthnNotEnabledException"
	WebAuthnOriginNotAllowed       Code = "WebAuthnOriginNotAllowedException"
	WebAuthnRelyingPartyMismatch   Code = "WebAuthnRelyingPartyMismatchException"

	// AWS's common errors, given by the edge.
	AccessDenied               Code = "AccessDeniedException"
	ExpiredToken               Code = "ExpiredTokenException"
	IncompleteSignature        Code = "IncompleteSignatureException"
	InvalidSignature           Code = "InvalidSignatureException"
	MissingAuthenticationToken Code = "MissingAuthenticationTokenException"
	PackedPolicyTooLarge       Code = "PackedPolicyTooLargeException"
	RequestEntityTooLarge      Code = "RequestEntityTooLargeException"
	Serialization              Code = "SerializationException"
	UnknownOperation           Code = "UnknownOperationException"
	UnrecognizedClient         Code = "UnrecognizedClientException"
	Validation                 Code = "ValidationException"
)

// Error is an answer to the caller: the code and the exact text. It never
// carries a secret.
type Error struct {
	Code    Code
	Message string
}

// New makes an Error with a fixed message.
func New(code Code, message string) *Error {
	return &Error{Code: code, Message: message}
}

// Errorf makes an Error with a formatted message.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

func (e *Error) Error() string { return string(e.Code) + ": " + e.Message }

// Is makes errors.Is match another *Error with the same code; an empty message
// in the target matches any message.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code && (t.Message == "" || t.Message == e.Message)
}

// HTTPStatus is the status the AWS JSON protocol gives the error: 500 for an
// internal error, otherwise 400.
func (e *Error) HTTPStatus() int {
	if e.Code == InternalError {
		return 500
	}
	return 400
}

// CodeOf returns the code of the *Error in err's chain, or "" if there is none.
func CodeOf(err error) Code {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return ""
}

// MessageOf is the message of the fault that err is or wraps, "" for any other
// error.
func MessageOf(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Message
	}
	return ""
}
