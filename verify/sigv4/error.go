package sigv4

// Code says why a request was not accepted. The constants are errors themselves,
// to be compared by errors.Is.
type Code string

const (
	// ErrMissing: the request is not signed.
	ErrMissing Code = "MissingAuthenticationToken"
	// ErrMalformed: pieces of the signature are missing, repeated or malformed.
	ErrMalformed Code = "IncompleteSignature"
	// ErrScope: it is signed for another region, service or day.
	ErrScope Code = "InvalidScope"
	// ErrNotSigned: a header that must be signed is not.
	ErrNotSigned Code = "HeaderNotSigned"
	// ErrTime: it was signed too long ago or in the future.
	ErrTime Code = "RequestTimeTooSkewed"
	// ErrSession: there is no session token, or it is none that the server knows.
	ErrSession Code = "InvalidClientTokenId"
	// ErrExpired: the session is over.
	ErrExpired Code = "ExpiredToken"
	// ErrSignature: the signature is not of the request.
	ErrSignature Code = "SignatureDoesNotMatch"
	// ErrPayload: the body is not what was signed, or breaks off.
	ErrPayload Code = "XAmzContentSHA256Mismatch"
	// ErrUnsignedPayload: the body is not signed where it must be.
	ErrUnsignedPayload Code = "UnsignedPayload"
	// ErrTooLarge: the body is longer than Config.MaxBody.
	ErrTooLarge Code = "EntityTooLarge"
	// ErrUnavailable: the server could not be asked. The request may be good; try
	// again later.
	ErrUnavailable Code = "ServiceUnavailable"
)

// messages are the codes in words.
var messages = map[Code]string{
	ErrMissing:         "Missing Authentication Token",
	ErrMalformed:       "The signature of the request is incomplete or malformed.",
	ErrScope:           "The signature is made for another region, service or day.",
	ErrNotSigned:       "The host and every x-amz- header must be signed.",
	ErrTime:            "The difference between the request time and the current time is too large.",
	ErrSession:         "The security token included in the request is invalid.",
	ErrExpired:         "The security token included in the request is expired",
	ErrSignature:       "The request signature we calculated does not match the signature you provided.",
	ErrPayload:         "The body of the request is not the one that was signed.",
	ErrUnsignedPayload: "The body of the request must be signed.",
	ErrTooLarge:        "The body of the request is too large.",
	ErrUnavailable:     "The service cannot check signatures at present.",
}

// Error is the code in words.
func (c Code) Error() string {
	if message, ok := messages[c]; ok {
		return "sigv4: " + message
	}
	return "sigv4: " + string(c)
}

// Error is what [Verifier.Verify] returns. It holds nothing of the request.
type Error struct {
	Code Code
	// Err is the cause where there is one beyond the request, such as a server that
	// cannot be reached. It is for logs.
	Err error
}

// Error is the code in words, and the cause.
func (e *Error) Error() string {
	if e.Err != nil {
		return e.Code.Error() + ": " + e.Err.Error()
	}
	return e.Code.Error()
}

// Is reports whether target is the error's Code.
func (e *Error) Is(target error) bool { return target == error(e.Code) }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

func fail(code Code) error { return &Error{Code: code} }
