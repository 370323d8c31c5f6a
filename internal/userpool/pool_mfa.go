package userpool

import (
	"context"

	"github.com/poolhouse/poolhouse/internal/fault"
)

// MFAFactors are the second factors that users of a pool may have. SMS is one as
// soon as the pool sends text messages, unless SetMFA left it out. A pool that
// has MFA off has none.
type MFAFactors struct {
	NoSMS         bool              `json:"NoSMS,omitzero"`
	SoftwareToken *SoftwareTokenMFA `json:"SoftwareToken,omitzero"`
	Email         *EmailMFA         `json:"Email,omitzero"`
}

// SoftwareTokenMFA switches one-time passwords of authenticator apps.
type SoftwareTokenMFA struct {
	Enabled bool `json:"Enabled"`
}

// EmailMFA holds the text that carries sign-in codes; empty members have a
// default.
type EmailMFA struct {
	Message string `json:"Message,omitzero"`
	Subject string `json:"Subject,omitzero"`
}

// SMSMFA is the text that carries sign-in codes, with {####}, and how text
// messages leave.
type SMSMFA struct {
	SmsAuthenticationMessage string            `json:"SmsAuthenticationMessage,omitzero"`
	SmsConfiguration         *SmsConfiguration `json:"SmsConfiguration,omitzero"`
}

// WebAuthnConfiguration says for which domain passkeys are and whether they count
// as one factor or two.
type WebAuthnConfiguration struct {
	RelyingPartyId      string `json:"RelyingPartyId,omitzero"`
	UserVerification    string `json:"UserVerification,omitzero"`
	FactorConfiguration string `json:"FactorConfiguration,omitzero"`
}

// MFAConfig is what SetUserPoolMfaConfig sets and GetUserPoolMfaConfig shows, in
// the JSON of those operations.
type MFAConfig struct {
	SmsMfaConfiguration           *SMSMFA                `json:"SmsMfaConfiguration,omitzero"`
	SoftwareTokenMfaConfiguration *SoftwareTokenMFA      `json:"SoftwareTokenMfaConfiguration,omitzero"`
	EmailMfaConfiguration         *EmailMFA              `json:"EmailMfaConfiguration,omitzero"`
	MfaConfiguration              string                 `json:"MfaConfiguration,omitzero"`
	WebAuthnConfiguration         *WebAuthnConfiguration `json:"WebAuthnConfiguration,omitzero"`
}

// multiFactorPasskeys makes a passkey satisfy required MFA by itself.
const multiFactorPasskeys = "MULTI_FACTOR_WITH_USER_VERIFICATION" //nolint:gosec // G101: an enum value of the API, not a credential

var errNoMFAFactor = fault.New(fault.InvalidParameter,
	"SMS configuration and Auto verification for phone_number are required when MFA is required/optional")

// asksSMS says whether a code by SMS is a second factor of the pool.
func (c *PoolConfig) asksSMS() bool {
	return c.MfaConfiguration != "OFF" && c.sendsSMS() && !c.MFAFactors.NoSMS
}

func (c *PoolConfig) hasMFAFactor() bool {
	f := &c.MFAFactors
	return c.asksSMS() || f.Email != nil || f.SoftwareToken != nil && f.SoftwareToken.Enabled
}

// PasskeysAreMFA says whether a passkey that verifies its user counts as two
// factors.
func (c *PoolConfig) PasskeysAreMFA() bool {
	return c.WebAuthnConfiguration != nil && c.WebAuthnConfiguration.FactorConfiguration == multiFactorPasskeys
}

func (c *PoolConfig) checkMFA() error {
	if c.MFAFactors.Email != nil && !c.ownsSender() {
		return invalid("Email MFA requires the DEVELOPER email sending account.")
	}
	if w := c.WebAuthnConfiguration; w != nil && w.RelyingPartyId != "" {
		if err := checkRelyingParty(w.RelyingPartyId); err != nil {
			return err
		}
	}
	if c.PasskeysAreMFA() && c.WebAuthnConfiguration.UserVerification != "required" {
		return invalid("FactorConfiguration %s requires UserVerification to be required.", multiFactorPasskeys)
	}
	return nil
}

// MFA is the configuration of the pool's second factors and passkeys; only what
// is set is there.
func (c *PoolConfig) MFA() MFAConfig {
	m := MFAConfig{
		SoftwareTokenMfaConfiguration: c.MFAFactors.SoftwareToken,
		EmailMfaConfiguration:         c.MFAFactors.Email,
		MfaConfiguration:              c.MfaConfiguration,
		WebAuthnConfiguration:         c.WebAuthnConfiguration,
	}
	if c.SmsConfiguration != nil && !c.MFAFactors.NoSMS {
		m.SmsMfaConfiguration = &SMSMFA{c.SmsAuthenticationMessage, c.SmsConfiguration}
	}
	return m
}

// SetMFA sets the second factors and the passkeys of a pool and returns the pool.
// A request that says whether MFA is on replaces all of them, but for how text
// messages leave, which verification needs too; any other request changes only
// what it names. Errors: ResourceNotFoundException, InvalidParameterException,
// FeatureUnavailableInTierException.
func (p *Pools) SetMFA(ctx context.Context, id string, m MFAConfig) (*Pool, error) {
	var changed *Pool
	err := p.changePool(ctx, id, func(pool *Pool) error {
		if err := pool.setMFA(m); err != nil {
			return err
		}
		changed = pool
		if err := pool.check(); err != nil {
			return err
		}
		if p.strictTiers {
			return pool.checkTier(fault.FeatureUnavailableInTier)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return changed, nil
}

func (c *PoolConfig) setMFA(m MFAConfig) error {
	if m.MfaConfiguration != "" {
		c.MfaConfiguration = m.MfaConfiguration
		c.MFAFactors = MFAFactors{NoSMS: m.SmsMfaConfiguration == nil && m.MfaConfiguration != "OFF"}
		c.WebAuthnConfiguration = nil
	}
	if m.WebAuthnConfiguration != nil {
		c.WebAuthnConfiguration = m.WebAuthnConfiguration
	}
	token := m.SoftwareTokenMfaConfiguration
	if c.MfaConfiguration == "OFF" {
		if m.SmsMfaConfiguration != nil || m.EmailMfaConfiguration != nil || token != nil && token.Enabled {
			return invalid("Invalid MFA configuration given, can't turn off MFA and configure an MFA together.")
		}
		return nil
	}
	if sms := m.SmsMfaConfiguration; sms != nil {
		c.SmsAuthenticationMessage = sms.SmsAuthenticationMessage
		if sms.SmsConfiguration != nil {
			c.SmsConfiguration = sms.SmsConfiguration
		}
		if !c.sendsSMS() {
			return errNoMFAFactor
		}
		c.MFAFactors.NoSMS = false
	}
	if token != nil {
		c.MFAFactors.SoftwareToken = token
	}
	if m.EmailMfaConfiguration != nil {
		c.MFAFactors.Email = m.EmailMfaConfiguration
	}
	return nil
}
