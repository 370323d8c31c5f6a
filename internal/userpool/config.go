package userpool

// PoolConfig is what an administrator sets on a pool. Its JSON has the names and
// the shape of the Cognito API; it is the doc column of the pool's row. A nil
// member was never set and is not shown.
type PoolConfig struct {
	Policies                    Policies                     `json:"Policies"`
	DeletionProtection          string                       `json:"DeletionProtection"`
	LambdaConfig                LambdaConfig                 `json:"LambdaConfig"`
	SchemaAttributes            []SchemaAttribute            `json:"SchemaAttributes"`
	AutoVerifiedAttributes      []string                     `json:"AutoVerifiedAttributes,omitzero"`
	AliasAttributes             []string                     `json:"AliasAttributes,omitzero"`
	UsernameAttributes          []string                     `json:"UsernameAttributes,omitzero"`
	SmsVerificationMessage      string                       `json:"SmsVerificationMessage,omitzero"`
	EmailVerificationMessage    string                       `json:"EmailVerificationMessage,omitzero"`
	EmailVerificationSubject    string                       `json:"EmailVerificationSubject,omitzero"`
	VerificationMessageTemplate VerificationMessageTemplate  `json:"VerificationMessageTemplate"`
	SmsAuthenticationMessage    string                       `json:"SmsAuthenticationMessage,omitzero"`
	MfaConfiguration            string                       `json:"MfaConfiguration"`
	UserAttributeUpdateSettings *UserAttributeUpdateSettings `json:"UserAttributeUpdateSettings,omitzero"`
	DeviceConfiguration         *DeviceConfiguration         `json:"DeviceConfiguration,omitzero"`
	EmailConfiguration          *EmailConfiguration          `json:"EmailConfiguration,omitzero"`
	SmsConfiguration            *SmsConfiguration            `json:"SmsConfiguration,omitzero"`
	UserPoolTags                map[string]string            `json:"UserPoolTags"`
	AdminCreateUserConfig       AdminCreateUserConfig        `json:"AdminCreateUserConfig"`
	UserPoolAddOns              *UserPoolAddOns              `json:"UserPoolAddOns,omitzero"`
	UsernameConfiguration       *UsernameConfiguration       `json:"UsernameConfiguration,omitzero"`
	AccountRecoverySetting      *AccountRecoverySetting      `json:"AccountRecoverySetting,omitzero"`
	UserPoolTier                string                       `json:"UserPoolTier"`
	KeyConfiguration            *KeyConfiguration            `json:"KeyConfiguration,omitzero"`
	IssuerConfiguration         *IssuerConfiguration         `json:"IssuerConfiguration,omitzero"`
	DcrConfiguration            *DcrConfiguration            `json:"DcrConfiguration,omitzero"`
	AcrConfiguration            map[string]AcrLevel          `json:"AcrConfiguration,omitzero"`
	MFAFactors                  MFAFactors                   `json:"MFAFactors,omitzero"`
	SeparateConfig
}

// SeparateConfig is what operations of their own set and UpdateUserPool leaves as
// it is.
type SeparateConfig struct {
	WebAuthnConfiguration *WebAuthnConfiguration `json:"WebAuthnConfiguration,omitzero"`
	Sessions              *SessionConfig         `json:"Sessions,omitzero"`
	Risk                  *RiskConfig            `json:"Risk,omitzero"`
	LogConfigurations     []LogConfiguration     `json:"LogConfigurations,omitzero"`
}

// Policies are the password policy and the allowed first factors.
type Policies struct {
	PasswordPolicy PasswordPolicy `json:"PasswordPolicy"`
	SignInPolicy   SignInPolicy   `json:"SignInPolicy"`
}

// PasswordPolicy is what a new password must satisfy. Days are whole days.
type PasswordPolicy struct {
	MinimumLength                 int  `json:"MinimumLength"`
	RequireUppercase              bool `json:"RequireUppercase"`
	RequireLowercase              bool `json:"RequireLowercase"`
	RequireNumbers                bool `json:"RequireNumbers"`
	RequireSymbols                bool `json:"RequireSymbols"`
	PasswordHistorySize           *int `json:"PasswordHistorySize,omitzero"`
	TemporaryPasswordValidityDays int  `json:"TemporaryPasswordValidityDays"`
}

// SignInPolicy lists the first factors of choice-based sign-in.
type SignInPolicy struct {
	AllowedFirstAuthFactors []string `json:"AllowedFirstAuthFactors"`
}

// LambdaConfig names the triggers.
type LambdaConfig struct {
	PreSignUp                   string         `json:"PreSignUp,omitzero"`
	CustomMessage               string         `json:"CustomMessage,omitzero"`
	PostConfirmation            string         `json:"PostConfirmation,omitzero"`
	PreAuthentication           string         `json:"PreAuthentication,omitzero"`
	PostAuthentication          string         `json:"PostAuthentication,omitzero"`
	DefineAuthChallenge         string         `json:"DefineAuthChallenge,omitzero"`
	CreateAuthChallenge         string         `json:"CreateAuthChallenge,omitzero"`
	VerifyAuthChallengeResponse string         `json:"VerifyAuthChallengeResponse,omitzero"`
	PreTokenGeneration          string         `json:"PreTokenGeneration,omitzero"`
	UserMigration               string         `json:"UserMigration,omitzero"`
	PreTokenGenerationConfig    *LambdaVersion `json:"PreTokenGenerationConfig,omitzero"`
	CustomSMSSender             *LambdaVersion `json:"CustomSMSSender,omitzero"`
	CustomEmailSender           *LambdaVersion `json:"CustomEmailSender,omitzero"`
	KMSKeyID                    string         `json:"KMSKeyID,omitzero"`
	InboundFederation           *LambdaVersion `json:"InboundFederation,omitzero"`
}

// LambdaVersion is a function with the version of the event it takes.
type LambdaVersion struct {
	LambdaVersion string `json:"LambdaVersion"`
	LambdaArn     string `json:"LambdaArn"`
}

// SchemaAttribute describes an attribute users of the pool may have. Name is the
// full name, custom: and dev: included.
type SchemaAttribute struct {
	Name                       string             `json:"Name"`
	AttributeDataType          string             `json:"AttributeDataType"`
	DeveloperOnlyAttribute     bool               `json:"DeveloperOnlyAttribute"`
	Mutable                    bool               `json:"Mutable"`
	Required                   bool               `json:"Required"`
	NumberAttributeConstraints *NumberConstraints `json:"NumberAttributeConstraints,omitzero"`
	StringAttributeConstraints *StringConstraints `json:"StringAttributeConstraints,omitzero"`
}

// NumberConstraints bound a number; the API gives the bounds as text.
type NumberConstraints struct {
	MinValue string `json:"MinValue,omitzero"`
	MaxValue string `json:"MaxValue,omitzero"`
}

// StringConstraints bound a length in characters; the API gives them as text.
type StringConstraints struct {
	MinLength string `json:"MinLength,omitzero"`
	MaxLength string `json:"MaxLength,omitzero"`
}

// VerificationMessageTemplate holds the texts that carry verification codes.
type VerificationMessageTemplate struct {
	SmsMessage         string `json:"SmsMessage,omitzero"`
	EmailMessage       string `json:"EmailMessage,omitzero"`
	EmailSubject       string `json:"EmailSubject,omitzero"`
	EmailMessageByLink string `json:"EmailMessageByLink,omitzero"`
	EmailSubjectByLink string `json:"EmailSubjectByLink,omitzero"`
	DefaultEmailOption string `json:"DefaultEmailOption"`
}

// UserAttributeUpdateSettings names the attributes that keep their old value
// until the new one is verified.
type UserAttributeUpdateSettings struct {
	AttributesRequireVerificationBeforeUpdate []string `json:"AttributesRequireVerificationBeforeUpdate"`
}

// DeviceConfiguration switches device tracking on.
type DeviceConfiguration struct {
	ChallengeRequiredOnNewDevice     bool `json:"ChallengeRequiredOnNewDevice"`
	DeviceOnlyRememberedOnUserPrompt bool `json:"DeviceOnlyRememberedOnUserPrompt"`
}

// EmailConfiguration says how email leaves.
type EmailConfiguration struct {
	SourceArn           string `json:"SourceArn,omitzero"`
	ReplyToEmailAddress string `json:"ReplyToEmailAddress,omitzero"`
	EmailSendingAccount string `json:"EmailSendingAccount,omitzero"`
	From                string `json:"From,omitzero"`
	ConfigurationSet    string `json:"ConfigurationSet,omitzero"`
}

// SmsConfiguration says how text messages leave.
type SmsConfiguration struct {
	SnsCallerArn string   `json:"SnsCallerArn,omitzero"`
	ExternalId   string   `json:"ExternalId,omitzero"`
	SnsRegion    string   `json:"SnsRegion,omitzero"`
	EumsSms      *EumsSms `json:"EumsSms,omitzero"`
}

// EumsSms configures AWS End User Messaging.
type EumsSms struct {
	CallerArn            string `json:"CallerArn,omitzero"`
	ExternalId           string `json:"ExternalId,omitzero"`
	OriginationIdentity  string `json:"OriginationIdentity,omitzero"`
	ConfigurationSetName string `json:"ConfigurationSetName,omitzero"`
	InEntityId           string `json:"InEntityId,omitzero"`
	InTemplateId         string `json:"InTemplateId,omitzero"`
	Region               string `json:"Region,omitzero"`
}

// AdminCreateUserConfig says who may create users and how they are invited.
type AdminCreateUserConfig struct {
	AllowAdminCreateUserOnly  bool                   `json:"AllowAdminCreateUserOnly"`
	UnusedAccountValidityDays int                    `json:"UnusedAccountValidityDays"`
	InviteMessageTemplate     *InviteMessageTemplate `json:"InviteMessageTemplate,omitzero"`
}

// InviteMessageTemplate holds the texts that carry temporary passwords.
type InviteMessageTemplate struct {
	SMSMessage   string `json:"SMSMessage,omitzero"`
	EmailMessage string `json:"EmailMessage,omitzero"`
	EmailSubject string `json:"EmailSubject,omitzero"`
}

// UserPoolAddOns sets threat protection.
type UserPoolAddOns struct {
	AdvancedSecurityMode            string           `json:"AdvancedSecurityMode"`
	AdvancedSecurityAdditionalFlows *AdditionalFlows `json:"AdvancedSecurityAdditionalFlows,omitzero"`
}

// AdditionalFlows sets threat protection for custom authentication.
type AdditionalFlows struct {
	CustomAuthMode string `json:"CustomAuthMode,omitzero"`
}

// UsernameConfiguration says whether case counts in names.
type UsernameConfiguration struct {
	CaseSensitive bool `json:"CaseSensitive"`
}

// AccountRecoverySetting lists the channels of a forgotten password.
type AccountRecoverySetting struct {
	RecoveryMechanisms []RecoveryOption `json:"RecoveryMechanisms,omitzero"`
}

// RecoveryOption is a channel: verified_email, verified_phone_number or
// admin_only. The lowest priority comes first.
type RecoveryOption struct {
	Priority int    `json:"Priority"`
	Name     string `json:"Name"`
}

// KeyConfiguration names the key a pool is encrypted with on AWS.
type KeyConfiguration struct {
	KeyType   string `json:"KeyType,omitzero"`
	KmsKeyArn string `json:"KmsKeyArn,omitzero"`
}

// IssuerConfiguration chooses between the two forms of issuer on AWS.
type IssuerConfiguration struct {
	Type string `json:"Type,omitzero"`
}

// DcrConfiguration sets dynamic client registration.
type DcrConfiguration struct {
	EnableStatus            string   `json:"EnableStatus,omitzero"`
	OpenDcrEnabled          *bool    `json:"OpenDcrEnabled,omitzero"`
	AuthenticatedGrantTypes []string `json:"AuthenticatedGrantTypes,omitzero"`
	OpenDcrGrantTypes       []string `json:"OpenDcrGrantTypes,omitzero"`
	AllowedScopes           []string `json:"AllowedScopes,omitzero"`
}

// AcrLevel names an authentication level.
type AcrLevel struct {
	AcrValue string `json:"AcrValue,omitzero"`
}
