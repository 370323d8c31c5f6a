package userpool

import (
	"slices"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/store"
)

// The challenges that go before a second factor.
const (
	SelectMFAType = "SELECT_MFA_TYPE"
	MFASetup      = "MFA_SETUP"
)

// SecondFactor is what a sign-in must go on with after its first factor.
type SecondFactor struct {
	Challenge string   // a factor, SelectMFAType, MFASetup, or "" for nothing
	Choices   []string // to select from, or to set up
}

var errNoMFA = fault.New(fault.NotAuthorized, "User is not eligible for MFA.")

// SecondFactor decides what the user is asked for (developer guide, "MFA logic at
// user runtime").
//
// A factor that the user enabled and has is asked for, the preferred one of
// several; without a preference the user selects. A pool that does not require
// MFA asks for no other.
//
// Where it is required, a registered authenticator app counts although it is not
// enabled, and so does an address that the pool can send codes to, unless it is
// the first to recover a lost password with: then whoever has the mailbox would
// have both factors. A user with none of these sets one up: an app, or an
// address if there is none at all. The error, NotAuthorizedException, is for
// users who can do nothing of that.
func (p *Pool) SecondFactor(user *store.User) (SecondFactor, error) {
	if p.MfaConfiguration == "OFF" {
		return SecondFactor{}, nil
	}
	var enabled []string
	for _, factor := range secondFactors {
		if slices.Contains(user.MFA.Enabled, factor) && p.CanUse(user, factor) {
			enabled = append(enabled, factor)
		}
	}
	switch {
	case slices.Contains(enabled, user.MFA.Preferred):
		return SecondFactor{Challenge: user.MFA.Preferred}, nil
	case len(enabled) > 0:
		return selectFrom(enabled), nil
	case p.MfaConfiguration != "ON":
		return SecondFactor{}, nil
	}
	var usable []string
	for _, factor := range secondFactors {
		if p.CanUse(user, factor) && !p.recoversBy(factor) {
			usable = append(usable, factor)
		}
	}
	if len(usable) > 0 {
		return selectFrom(usable), nil
	}
	if choices := p.setUpChoices(user); len(choices) > 0 {
		return SecondFactor{Challenge: MFASetup, Choices: choices}, nil
	}
	return SecondFactor{}, errNoMFA
}

func selectFrom(factors []string) SecondFactor {
	if len(factors) == 1 {
		return SecondFactor{Challenge: factors[0]}
	}
	return SecondFactor{Challenge: SelectMFAType, Choices: factors}
}

// setUpChoices are the factors that a user who has none may set up while signing
// in. One who has an address sets up an app: another address would be a way
// around the first.
func (p *Pool) setUpChoices(user *store.User) []string {
	var choices []string
	for _, factor := range secondFactors {
		switch {
		case !p.offers(factor) || p.recoversBy(factor):
		case factor == FactorToken, user.Attributes["email"] == "" && user.Attributes["phone_number"] == "":
			choices = append(choices, factor)
		}
	}
	return choices
}

// recoversBy says whether the codes of a factor go where those for a forgotten
// password go first. Pools without a setting for that use phones for both, as
// Cognito did before there was one.
func (p *Pool) recoversBy(factor string) bool {
	attribute := FactorAttribute(factor)
	if attribute == "" || p.AccountRecoverySetting == nil || len(p.AccountRecoverySetting.RecoveryMechanisms) == 0 {
		return false
	}
	first := p.recoveryAttributes()
	return len(first) > 0 && first[0] == attribute
}

// AnySecondFactor is what the user can be asked for where a single sign-in demands
// a second factor and the pool does not: a factor that the user enabled or
// registered, the preferred one first. It is none for users without one: who is at
// the door of another's account must not set one up.
func (p *Pool) AnySecondFactor(user *store.User) SecondFactor {
	if p.MfaConfiguration == "OFF" {
		return SecondFactor{}
	}
	var usable []string
	for _, factor := range secondFactors {
		if p.CanUse(user, factor) && (slices.Contains(user.MFA.Enabled, factor) || factor == FactorToken) {
			usable = append(usable, factor)
		}
	}
	switch {
	case slices.Contains(usable, user.MFA.Preferred):
		return SecondFactor{Challenge: user.MFA.Preferred}
	case len(usable) > 0:
		return selectFrom(usable)
	}
	return SecondFactor{}
}
