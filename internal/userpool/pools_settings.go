package userpool

import (
	"cmp"
	"slices"
)

// PoolSettings is what a request to create or update a pool sets. Its JSON is
// that of the CreateUserPool and UpdateUserPool inputs; it tells a setting that
// is absent from one with a zero value where that makes a difference.
type PoolSettings struct {
	PoolConfig
	Policies PolicySettings   `json:"Policies"`
	Schema   []SchemaSettings `json:"Schema"`
}

// PolicySettings are the policies as a request sets them.
type PolicySettings struct {
	PasswordPolicy *PasswordPolicy `json:"PasswordPolicy"`
	SignInPolicy   *SignInPolicy   `json:"SignInPolicy"`
}

const (
	defaultPasswordLength = 8
	defaultTemporaryDays  = 7
)

// config is the configuration of a pool that has these settings: everything a
// request may set, with defaults for what it leaves out. Fields that no request
// changes are empty.
func (s *PoolSettings) config() PoolConfig {
	c := PoolConfig{
		Policies:                    s.policies(),
		DeletionProtection:          cmp.Or(s.DeletionProtection, "INACTIVE"),
		LambdaConfig:                s.lambdaConfig(),
		AutoVerifiedAttributes:      set(s.AutoVerifiedAttributes),
		AliasAttributes:             set(s.AliasAttributes),
		UsernameAttributes:          set(s.UsernameAttributes),
		VerificationMessageTemplate: s.verificationTemplate(),
		SmsAuthenticationMessage:    s.SmsAuthenticationMessage,
		MfaConfiguration:            cmp.Or(s.MfaConfiguration, "OFF"),
		UserAttributeUpdateSettings: s.UserAttributeUpdateSettings,
		DeviceConfiguration:         s.DeviceConfiguration,
		EmailConfiguration:          s.emailConfiguration(),
		SmsConfiguration:            s.SmsConfiguration,
		UserPoolTags:                s.UserPoolTags,
		AdminCreateUserConfig:       s.AdminCreateUserConfig,
		UserPoolAddOns:              s.UserPoolAddOns,
		UsernameConfiguration:       s.UsernameConfiguration,
		AccountRecoverySetting:      s.accountRecovery(),
		UserPoolTier:                cmp.Or(s.UserPoolTier, "ESSENTIALS"),
		KeyConfiguration:            s.KeyConfiguration,
		IssuerConfiguration:         s.IssuerConfiguration,
		DcrConfiguration:            s.dcrConfiguration(),
		AcrConfiguration:            s.acrConfiguration(),
	}
	c.SmsVerificationMessage = c.VerificationMessageTemplate.SmsMessage
	c.EmailVerificationMessage = c.VerificationMessageTemplate.EmailMessage
	c.EmailVerificationSubject = c.VerificationMessageTemplate.EmailSubject
	c.AdminCreateUserConfig.UnusedAccountValidityDays = c.Policies.PasswordPolicy.TemporaryPasswordValidityDays
	if c.UserPoolTags == nil {
		c.UserPoolTags = map[string]string{}
	}
	if u := c.UserAttributeUpdateSettings; u != nil {
		c.UserAttributeUpdateSettings = &UserAttributeUpdateSettings{
			// Once touched it is shown, even if empty.
			AttributesRequireVerificationBeforeUpdate: append([]string{}, set(u.AttributesRequireVerificationBeforeUpdate)...),
		}
	}
	return c
}

// policies fills in the password policy. Within a policy that is given, an
// absent flag means false: some clients leave false out.
func (s *PoolSettings) policies() Policies {
	p := Policies{
		PasswordPolicy: PasswordPolicy{
			RequireUppercase: true, RequireLowercase: true, RequireNumbers: true, RequireSymbols: true,
		},
		SignInPolicy: SignInPolicy{AllowedFirstAuthFactors: []string{"PASSWORD"}},
	}
	if given := s.Policies.PasswordPolicy; given != nil {
		p.PasswordPolicy = *given
	}
	if given := s.Policies.SignInPolicy; given != nil && len(given.AllowedFirstAuthFactors) > 0 {
		p.SignInPolicy.AllowedFirstAuthFactors = set(given.AllowedFirstAuthFactors)
	}
	p.PasswordPolicy.MinimumLength = cmp.Or(p.PasswordPolicy.MinimumLength, defaultPasswordLength)
	days := cmp.Or(p.PasswordPolicy.TemporaryPasswordValidityDays, s.AdminCreateUserConfig.UnusedAccountValidityDays)
	p.PasswordPolicy.TemporaryPasswordValidityDays = cmp.Or(days, defaultTemporaryDays)
	return p
}

// lambdaConfig mirrors the two ways to name the pre token generation trigger.
func (s *PoolSettings) lambdaConfig() LambdaConfig {
	l := s.LambdaConfig
	switch {
	case l.PreTokenGenerationConfig != nil:
		l.PreTokenGeneration = l.PreTokenGenerationConfig.LambdaArn
	case l.PreTokenGeneration != "":
		l.PreTokenGenerationConfig = &LambdaVersion{LambdaVersion: "V1_0", LambdaArn: l.PreTokenGeneration}
	}
	return l
}

// verificationTemplate takes each text from the template or, failing that, from
// its older member.
func (s *PoolSettings) verificationTemplate() VerificationMessageTemplate {
	t := s.VerificationMessageTemplate
	t.SmsMessage = cmp.Or(t.SmsMessage, s.SmsVerificationMessage)
	t.EmailMessage = cmp.Or(t.EmailMessage, s.EmailVerificationMessage)
	t.EmailSubject = cmp.Or(t.EmailSubject, s.EmailVerificationSubject)
	t.DefaultEmailOption = cmp.Or(t.DefaultEmailOption, "CONFIRM_WITH_CODE")
	return t
}

func (s *PoolSettings) emailConfiguration() *EmailConfiguration {
	var e EmailConfiguration
	if s.EmailConfiguration != nil {
		e = *s.EmailConfiguration
	}
	e.EmailSendingAccount = cmp.Or(e.EmailSendingAccount, "COGNITO_DEFAULT")
	return &e
}

// accountRecovery is nil for a setting without mechanisms: it brings back the
// rule of pools from before the setting existed.
func (s *PoolSettings) accountRecovery() *AccountRecoverySetting {
	switch {
	case s.AccountRecoverySetting == nil:
		return &AccountRecoverySetting{RecoveryMechanisms: []RecoveryOption{
			{Priority: 1, Name: "verified_email"},
			{Priority: 2, Name: "verified_phone_number"},
		}}
	case len(s.AccountRecoverySetting.RecoveryMechanisms) == 0:
		return nil
	}
	return s.AccountRecoverySetting
}

func (s *PoolSettings) dcrConfiguration() *DcrConfiguration {
	if s.DcrConfiguration == nil {
		return nil
	}
	d := *s.DcrConfiguration
	d.EnableStatus = cmp.Or(d.EnableStatus, "ENABLED")
	if d.OpenDcrEnabled == nil {
		d.OpenDcrEnabled = new(false)
	}
	// An empty list is a setting of its own: no grant at all.
	if d.AuthenticatedGrantTypes == nil {
		d.AuthenticatedGrantTypes = []string{"code", "client_credentials"}
	}
	if d.OpenDcrGrantTypes == nil {
		d.OpenDcrGrantTypes = []string{"code"}
	}
	return &d
}

// acrLevels are the authentication levels with the names they have unless set.
var acrLevels = map[string]string{
	"Level1": "urn:cognito:loa:1",
	"Level2": "urn:cognito:loa:2",
	"Level3": "urn:cognito:loa:3",
	"Level4": "urn:cognito:loa:4",
}

func (s *PoolSettings) acrConfiguration() map[string]AcrLevel {
	if len(s.AcrConfiguration) == 0 {
		return nil
	}
	levels := map[string]AcrLevel{}
	for level, name := range acrLevels {
		levels[level] = AcrLevel{AcrValue: name}
	}
	for level, given := range s.AcrConfiguration {
		if given.AcrValue != "" {
			levels[level] = given
		}
	}
	return levels
}

// set is a list without its repetitions, in the order given; nil if it is empty.
func set(list []string) []string {
	var once []string
	for _, v := range list {
		if !slices.Contains(once, v) {
			once = append(once, v)
		}
	}
	return once
}
