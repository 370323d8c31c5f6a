package signin

import (
	"context"
	"slices"
	"unicode/utf8"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

const selectChallenge = "SELECT_CHALLENGE"

// startChoice is the flow USER_AUTH: the user chooses the first factor among
// those that pool and user have. PREFERRED_CHALLENGE chooses at once, if it can
// be had; a session of ConfirmSignUp has proven one already.
func (m *Machine) startChoice(ctx context.Context, a *attempt) error {
	if a.given != "" {
		return m.signUpDone(ctx, a)
	}
	if utf8.RuneCountInString(a.session.Name) > maxName {
		return errLongName
	}
	up, err := m.readStepUp(ctx, a)
	if err != nil {
		return err
	}
	release, err := m.find(ctx, a)
	if err != nil {
		return err
	}
	defer release()
	a.session.UserID = m.srpUserID(a)
	have, err := m.readPasskeys(ctx, a)
	if err != nil {
		return err
	}
	factors := m.firstFactors(a, have)
	if up != nil {
		if factors, err = a.aim(up, factors); err != nil || factors == nil {
			return err
		}
	}
	preferred := a.parameters["PREFERRED_CHALLENGE"]
	if up != nil && len(factors) == 1 {
		preferred = factors[0] // nothing to choose on the way to the level
	}
	if !slices.Contains(factors, preferred) {
		a.ask, a.available = selectChallenge, factors
		return nil
	}
	return m.choose(ctx, a, preferred, have)
}

// firstFactors are those that the user can choose from, in the order in which
// they are shown.
func (m *Machine) firstFactors(a *attempt, have []*store.Passkey) []string {
	if a.user == nil {
		factors := m.users.PretendedFactors(a.pool, a.session.Name)
		if a.session.RelyingParty == "" {
			factors = slices.DeleteFunc(factors, func(f string) bool { return f == userpool.FirstPasskey })
		}
		return factors
	}
	return a.pool.FirstFactors(a.user, len(have) > 0, !a.client.RevealsUsers())
}

// answerSelect is the answer to SELECT_CHALLENGE. What the chosen factor needs
// may ride along.
func (m *Machine) answerSelect(ctx context.Context, a *attempt) error {
	factor, err := a.require("ANSWER")
	if err != nil {
		return err
	}
	have, err := m.readPasskeys(ctx, a)
	if err != nil {
		return err
	}
	factors := m.firstFactors(a, have)
	if a.session.Goal > 0 {
		factors = a.leading(a.session.Goal, factors)
	}
	if !slices.Contains(factors, factor) {
		return fault.Errorf(fault.InvalidParameter, "%s is not an available challenge.", factorName(factor))
	}
	return m.choose(ctx, a, factor, have)
}

// choose goes on with a first factor: it is proven by what the request brings, or
// asked for.
func (m *Machine) choose(ctx context.Context, a *attempt, factor string, have []*store.Passkey) error {
	a.session.First = factor
	switch factor {
	case userpool.FirstEmail, userpool.FirstSMS:
		return m.askFirstCode(ctx, a, factor)
	case userpool.FirstPasskey:
		return m.askPasskey(a, have)
	case userpool.FirstPassword:
		if password := a.parameters["PASSWORD"]; password != "" {
			return m.checkPassword(ctx, a, password)
		}
	case userpool.FirstSRP:
		if a.parameters["SRP_A"] != "" {
			return m.answerSRP(ctx, a)
		}
	}
	a.ask, a.available = factor, []string{factor}
	return nil
}

// answerPassword is the answer to PASSWORD.
func (m *Machine) answerPassword(ctx context.Context, a *attempt) error {
	password, err := a.require("PASSWORD")
	if err != nil {
		return err
	}
	return m.checkPassword(ctx, a, password)
}

// answerSRP is the answer to PASSWORD_SRP. It always asks for PASSWORD_VERIFIER.
func (m *Machine) answerSRP(_ context.Context, a *attempt) error {
	clientA, err := a.clientA()
	if err != nil {
		return err
	}
	return m.askVerifier(a, clientA)
}
