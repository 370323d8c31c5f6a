package userpool

import (
	"maps"
	"slices"
	"strings"

	"github.com/poolhouse/poolhouse/internal/fault"
)

// maxTags is how many tags a pool may have.
const maxTags = 50

func invalid(format string, args ...any) error {
	return fault.Errorf(fault.InvalidParameter, format, args...)
}

// firstError runs checks in order until one fails.
func firstError(checks ...func() error) error {
	for _, check := range checks {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

// checkRequest refuses what contradicts itself in a request, before defaults
// hide it.
func (s *PoolSettings) checkRequest() error {
	if p := s.Policies.PasswordPolicy; p != nil && p.TemporaryPasswordValidityDays != 0 &&
		s.AdminCreateUserConfig.UnusedAccountValidityDays != 0 {
		return invalid("Please use TemporaryPasswordValidityDays in PasswordPolicy instead of UnusedAccountValidityDays")
	}
	l := &s.LambdaConfig
	if c := l.PreTokenGenerationConfig; c != nil && l.PreTokenGeneration != "" && l.PreTokenGeneration != c.LambdaArn {
		return invalid("PreTokenGeneration and PreTokenGenerationConfig must name the same Lambda function.")
	}
	return nil
}

// check refuses a configuration whose settings do not go together.
func (c *PoolConfig) check() error {
	return firstError(c.checkNames, c.checkVerification, c.checkFactors, c.checkMFA, c.checkRecovery, c.checkLambda,
		c.checkMessages, func() error { return checkTags(c.UserPoolTags, fault.UserPoolTagging) }, c.checkAcr)
}

func (c *PoolConfig) checkNames() error {
	if len(c.AliasAttributes) > 0 && len(c.UsernameAttributes) > 0 {
		return invalid("Only one of the aliasAttributes or usernameAttributes can be set in a User Pool.")
	}
	if slices.Contains(c.AliasAttributes, "preferred_username") {
		// It can only be set once the user is confirmed, so sign-up could never succeed.
		for _, a := range c.SchemaAttributes {
			if a.Name == "preferred_username" && a.Required {
				return invalid("preferred_username cannot be a required attribute when it is an alias.")
			}
		}
	}
	return nil
}

func (c *PoolConfig) checkVerification() error {
	if s := c.UserAttributeUpdateSettings; s != nil {
		for _, attribute := range s.AttributesRequireVerificationBeforeUpdate {
			if !slices.Contains(c.AutoVerifiedAttributes, attribute) {
				return invalid("All attributes in AttributesRequireVerificationBeforeUpdate must exist in AutoVerifiedAttributes")
			}
		}
	}
	if slices.Contains(c.AutoVerifiedAttributes, "phone_number") && !c.sendsSMS() {
		return invalid("SMS configuration is required when phone_number is selected for auto verification")
	}
	return nil
}

// sendsSMS says whether text messages can leave: through a service or a trigger.
func (c *PoolConfig) sendsSMS() bool {
	return c.SmsConfiguration != nil || c.LambdaConfig.CustomSMSSender != nil
}

func (c *PoolConfig) checkFactors() error {
	factors := c.Policies.SignInPolicy.AllowedFirstAuthFactors
	switch {
	case !slices.Contains(factors, "PASSWORD"):
		return invalid("Password should be configured as one of the allowed first auth factors.")
	case slices.Contains(factors, "SOFTWARE_TOKEN"):
		return invalid("SOFTWARE_TOKEN can not be configured as one of the allowed first auth factors.")
	case c.MfaConfiguration == "OFF":
		return nil
	case !c.hasMFAFactor():
		return errNoMFAFactor
	case c.MfaConfiguration == "ON" && (slices.Contains(factors, "EMAIL_OTP") || slices.Contains(factors, "SMS_OTP")):
		return invalid("EMAIL_OTP and SMS_OTP can not be allowed first auth factors when MFA is required.")
	case c.MfaConfiguration == "ON" && slices.Contains(factors, "WEB_AUTHN") && !c.PasskeysAreMFA():
		return invalid("WEB_AUTHN can not be an allowed first auth factor when MFA is required, unless FactorConfiguration is %s.", multiFactorPasskeys)
	}
	return nil
}

func (c *PoolConfig) checkRecovery() error {
	const text = "Invalid account recovery setting parameter. Account Recovery Setting "
	if c.AccountRecoverySetting == nil {
		return nil
	}
	options := c.AccountRecoverySetting.RecoveryMechanisms
	for i, o := range options {
		if o.Name == adminOnly && len(options) > 1 {
			return invalid(text + "cannot use admin_only setting with any other recovery mechanisms.")
		}
		for _, before := range options[:i] {
			if before.Name == o.Name || before.Priority == o.Priority {
				return invalid(text + "cannot have two mechanisms of the same name or priority.")
			}
		}
	}
	if len(options) != 1 {
		return nil
	}
	// What is the second factor must not reset the first one too.
	switch only := options[0].Name; {
	case only == "verified_phone_number" && c.SmsConfiguration != nil && c.asksSMS():
		return invalid(text + "cannot use verified_phone_number as a recovery mechanism when SMS MFA is configured.")
	case only == "verified_email" && c.MFAFactors.Email != nil:
		return invalid(text + "cannot use verified_email as a recovery mechanism when email MFA is configured.")
	}
	return nil
}

func (c *PoolConfig) checkLambda() error {
	l := &c.LambdaConfig
	if (l.CustomSMSSender != nil || l.CustomEmailSender != nil) && l.KMSKeyID == "" {
		return invalid("KMSKeyID is required when CustomSMSSender or CustomEmailSender is configured.")
	}
	return nil
}

func (c *PoolConfig) checkMessages() error {
	if e := c.EmailConfiguration; e != nil {
		if e.EmailSendingAccount == "DEVELOPER" && e.SourceArn == "" {
			return invalid("Source ARN is required to use DEVELOPER email sending owner")
		}
		if e.From != "" && !strings.Contains(e.From, "@") {
			return invalid("Provided From email address is invalid")
		}
	}
	if t := c.AdminCreateUserConfig.InviteMessageTemplate; t != nil {
		if t.SMSMessage != "" && !invites(t.SMSMessage) {
			return invalid("Invalid SMS message for Admin create user flow parameter")
		}
		if t.EmailMessage != "" && !invites(t.EmailMessage) {
			return invalid("Invalid email message for Admin create user flow parameter")
		}
	}
	return nil
}

// invites says whether a text has room for what an invitation must tell.
func invites(text string) bool {
	return strings.Contains(text, "{username}") && strings.Contains(text, "{####}")
}

// checkTags refuses too many tags and reserved keys, with the code that the
// operation has for it.
func checkTags(tags map[string]string, code fault.Code) error {
	if len(tags) > maxTags {
		return fault.Errorf(code, "A user pool can not have more than %d tags.", maxTags)
	}
	for key := range tags {
		if strings.HasPrefix(strings.ToLower(key), "aws:") {
			return fault.New(code, "aws: prefixed tag key names are not allowed for external use.")
		}
	}
	return nil
}

func (c *PoolConfig) checkAcr() error {
	seen := map[string]bool{}
	for _, level := range slices.Sorted(maps.Keys(c.AcrConfiguration)) {
		l := c.AcrConfiguration[level]
		if _, known := acrLevels[level]; !known {
			return invalid("Invalid ACR level %s, use Level1 to Level4.", level)
		}
		if seen[l.AcrValue] {
			return invalid("ACR values must be unique.")
		}
		seen[l.AcrValue] = true
	}
	return nil
}

// checkTier refuses settings that the pool's feature tier does not have. A pool
// of this server has them all; only a deployment that imitates the tiers asks.
// beside are features that it does not have either and that the pool uses, but for
// its settings.
func (c *PoolConfig) checkTier(code fault.Code, beside ...string) error {
	excess := beside
	if c.UserPoolTier == "LITE" && len(c.Policies.SignInPolicy.AllowedFirstAuthFactors) > 1 {
		excess = append(excess, "Passwordless Sign-In")
	}
	if c.UserPoolTier == "LITE" && c.MFAFactors.Email != nil {
		excess = append(excess, "Email MFA")
	}
	if c.UserPoolTier == "LITE" && c.SessionConfig().UserSessionTracking == "ENABLED" {
		excess = append(excess, "User Session Tracking")
	}
	if c.UserPoolTier != "PLUS" && c.UserPoolAddOns != nil && c.UserPoolAddOns.AdvancedSecurityMode != "OFF" {
		excess = append(excess, "Threat Protection")
	}
	if c.UserPoolTier != "PLUS" && c.exportsEvents() {
		excess = append(excess, "User Activity Log Export")
	}
	if excess == nil {
		return nil
	}
	return c.errTier(code, excess...)
}

// featureReplication is what checkTier calls replicas.
const featureReplication = "Multi-Region Replication"

// errTier says that the pool's tier does not have features.
func (c *PoolConfig) errTier(code fault.Code, features ...string) error {
	return fault.Errorf(code, "The following features need to be disabled for the %s pricing tier configured: %s",
		c.UserPoolTier, strings.Join(features, ", "))
}
