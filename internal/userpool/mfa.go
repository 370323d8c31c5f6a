package userpool

import (
	"context"
	"slices"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/store"
)

// The second factors, named as the challenges that ask for them.
const (
	FactorSMS   = "SMS_MFA"
	FactorToken = "SOFTWARE_TOKEN_MFA"
	FactorEmail = "EMAIL_OTP"

	// FactorPasskey is one only as the first factor, see SetMFAPreference.
	FactorPasskey = "WEB_AUTHN_MFA"
)

// secondFactors are all of them in the order in which they are listed.
var secondFactors = []string{FactorSMS, FactorToken, FactorEmail}

// FactorAttribute is the attribute that a factor's codes go to, "" for one that
// sends none.
func FactorAttribute(factor string) string {
	switch factor {
	case FactorSMS, "SMS_OTP":
		return "phone_number"
	case FactorEmail:
		return "email"
	}
	return ""
}

// FactorChoice is whether a second factor is asked for, and before the others.
type FactorChoice struct{ Enabled, Preferred bool }

// SetMFAPreference changes what the user called name chose among second factors:
// those that choice names, by factor; the others stay as they are, but only one
// is preferred. Errors are UserNotFoundException, and InvalidParameterException
// for a factor that the pool does not offer or the user is not ready for, for
// more than one preferred, and for the last one of a pool that requires MFA.
func (u *Users) SetMFAPreference(ctx context.Context, pool *Pool, name string, choice map[string]FactorChoice) error {
	preferred := 0
	for _, c := range choice {
		if c.Preferred {
			preferred++
		}
		if c.Preferred && !c.Enabled {
			return invalid("A preferred MFA factor must be enabled.")
		}
	}
	if preferred > 1 {
		return invalid("Only one MFA factor can be preferred.")
	}
	_, err := u.Modify(ctx, pool, name, func(_ *store.Tx, user *store.User) error {
		had := len(user.MFA.Enabled) > 0
		for _, factor := range secondFactors {
			c, given := choice[factor]
			switch {
			case !given:
			case !c.Enabled:
				dropFactor(user, factor)
			case !pool.CanUse(user, factor):
				return fault.Errorf(fault.InvalidParameter, "User does not have delivery config set to turn on %s", factor)
			default:
				enableFactor(user, factor, c.Preferred)
			}
		}
		if pool.MfaConfiguration == "ON" && had && len(user.MFA.Enabled) == 0 {
			return invalid("The user pool requires MFA: at least one factor must stay enabled.")
		}
		if choice[FactorPasskey].Enabled {
			return pool.mayCountPasskeys(user)
		}
		return nil
	})
	return err
}

// mayCountPasskeys says whether a user may have a passkey count as both factors.
// The pool alone decides whether it does, so nothing is kept of the wish; beside
// passkeys, which get lost, there must be another factor.
func (p *Pool) mayCountPasskeys(user *store.User) error {
	switch {
	case p.MfaConfiguration == "OFF" || !p.PasskeysAreMFA():
		return invalid("Passkeys do not count as MFA in this user pool.")
	case len(user.MFA.Enabled) == 0:
		return invalid("Another MFA factor must be enabled beside passkeys.")
	}
	return nil
}

// enableFactor makes a factor one that the user is asked for.
func enableFactor(user *store.User, factor string, preferred bool) {
	m := &user.MFA
	if !slices.Contains(m.Enabled, factor) {
		m.Enabled = append(slices.Clone(m.Enabled), factor)
	}
	switch {
	case preferred:
		m.Preferred = factor
	case m.Preferred == factor:
		m.Preferred = ""
	}
}

// dropFactor makes a factor none that the user is asked for.
func dropFactor(user *store.User, factor string) {
	m := &user.MFA
	m.Enabled = slices.DeleteFunc(slices.Clone(m.Enabled), func(f string) bool { return f == factor })
	if m.Preferred == factor {
		m.Preferred = ""
	}
}

// dropLostFactors ends the choice of factors whose address is gone.
func dropLostFactors(user *store.User) {
	for _, factor := range []string{FactorSMS, FactorEmail} {
		if slices.Contains(user.MFA.Enabled, factor) && user.Attributes[FactorAttribute(factor)] == "" {
			dropFactor(user, factor)
		}
	}
}

// offers says whether a factor is a second factor of the pool.
func (p *Pool) offers(factor string) bool {
	switch {
	case p.MfaConfiguration == "OFF":
		return false
	case factor == FactorSMS:
		return p.asksSMS()
	case factor == FactorEmail:
		return p.MFAFactors.Email != nil
	}
	return p.MFAFactors.SoftwareToken != nil && p.MFAFactors.SoftwareToken.Enabled
}

// CanUse says whether a user could be asked for a factor right now.
func (p *Pool) CanUse(user *store.User, factor string) bool {
	if factor == FactorToken {
		return p.offers(factor) && user.MFA.SoftwareToken
	}
	return p.offers(factor) && user.Attributes[FactorAttribute(factor)] != ""
}

// asksAt says whether the user gets codes as a second factor at the address that
// an attribute holds.
func (p *Pool) asksAt(user *store.User, attribute string) bool {
	return slices.ContainsFunc(user.MFA.Enabled, func(factor string) bool {
		return FactorAttribute(factor) == attribute && p.offers(factor)
	})
}

// AuthFactors are the first factors that a user has and the pool takes, as
// GetUserAuthFactors names them.
func (u *Users) AuthFactors(ctx context.Context, pool *Pool, user *store.User) ([]string, error) {
	allowed := pool.Policies.SignInPolicy.AllowedFirstAuthFactors
	var factors []string
	if user.SealedPassword != "" {
		factors = append(factors, "PASSWORD")
	}
	if user.Attributes["email"] != "" && slices.Contains(allowed, "EMAIL_OTP") {
		factors = append(factors, "EMAIL_OTP")
	}
	if user.Attributes["phone_number"] != "" && slices.Contains(allowed, "SMS_OTP") {
		factors = append(factors, "SMS_OTP")
	}
	if !pool.SignsInWithPasskeys() {
		return factors, nil
	}
	keys, err := u.passkeys(ctx, pool, user.Sub)
	if len(keys) > 0 {
		factors = append(factors, "WEB_AUTHN")
	}
	return factors, err
}
