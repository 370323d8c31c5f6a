package signin

import (
	"context"
	"errors"
	"maps"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/threat"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// Guard has the machine ask threat protection. It must not be called once the
// machine runs.
func (m *Machine) Guard(g *threat.Guard) { m.guard = g }

// watched runs a step and what follows from it, under the eyes of threat
// protection.
func (m *Machine) watched(ctx context.Context, a *attempt, step func() error) (*Outcome, error) {
	if err := m.guard.CheckAddress(a.origin.IPAddress); err != nil {
		return nil, err
	}
	var o *Outcome
	err := step()
	if err == nil {
		o, err = m.next(ctx, a)
	}
	if err != nil {
		m.noteFailure(ctx, a, err)
	}
	return o, err
}

// demandRisk decides what follows from the risk of a sign-in, once, behind the
// first factor. A password that attackers know must be replaced before the user
// signs in again.
func (m *Machine) demandRisk(ctx context.Context, a *attempt) error {
	if m.guard == nil || a.session.Verdict != nil || len(a.session.Proved) == 0 && !a.session.Done {
		return nil
	}
	v, err := m.guard.Assess(ctx, threat.SignIn{
		Pool: a.pool, Client: a.client, User: a.user, Flow: a.session.Flow, Leaked: a.leaked,
		IPAddress: a.origin.IPAddress, UserAgent: a.origin.UserAgent, Device: a.device != nil,
	})
	if err != nil {
		return err
	}
	a.session.Verdict = &v
	switch v.Action {
	case threat.Block:
		if v.Risk.Compromised && v.Risk.Level == "" {
			if err := m.demandReset(ctx, a); err != nil {
				return err
			}
		}
		return threat.ErrSecurity
	case threat.MFARequired:
		if need := a.pool.AnySecondFactor(a.user); need.Challenge == "" {
			return threat.ErrSecurity
		}
	}
	return nil
}

// demandReset makes the user set another password before the next sign-in.
func (m *Machine) demandReset(ctx context.Context, a *attempt) error {
	_, err := m.users.Modify(ctx, a.pool, a.user.Sub, func(_ *store.Tx, u *store.User) error {
		if u.SealedPassword == a.user.SealedPassword { // else it was replaced meanwhile
			u.Status = userpool.StatusResetRequired
		}
		return nil
	})
	if fault.CodeOf(err) == fault.UserNotFound {
		return nil
	}
	return err
}

// secondFactor is what the user must go on with: what the pool asks of everybody,
// or else what the risk of this sign-in asks for.
//
// Addresses that came with a new password are no way around the factors that the
// user had.
func (a *attempt) secondFactor() (userpool.SecondFactor, error) {
	if len(a.session.Given) > 0 {
		before := *a.user
		before.Attributes = maps.Clone(a.user.Attributes)
		for _, name := range a.session.Given {
			delete(before.Attributes, name)
		}
		if need, err := a.pool.SecondFactor(&before); err == nil && need.Challenge != "" && need.Challenge != userpool.MFASetup {
			return need, nil
		}
	}
	need, err := a.pool.SecondFactor(a.user)
	if err != nil || need.Challenge != "" || a.session.Verdict == nil {
		return need, err
	}
	if a.riskWantsFactor() {
		return a.pool.AnySecondFactor(a.user), nil
	}
	return need, nil
}

// riskWantsFactor says whether the risk of this sign-in demands a second factor:
// then no remembered device stands in for it.
func (a *attempt) riskWantsFactor() bool {
	v := a.session.Verdict
	return v != nil && (v.Action == threat.MFARequired || v.Action == threat.MFAIfConfigured)
}

// noteFailure keeps a record of a sign-in that was refused, if it was one: not of
// requests that are malformed or come too late.
func (m *Machine) noteFailure(ctx context.Context, a *attempt, err error) {
	var failed *userpool.EventChallenge
	risk := userpool.Risk{}
	switch code := fault.CodeOf(err); {
	case errors.Is(err, errIncorrect):
		failed = &userpool.EventChallenge{Name: "Password", Response: "Failure"}
		m.guard.CountFailure(a.origin.IPAddress)
	case errors.Is(err, errUnknownUser):
		m.guard.CountFailure(a.origin.IPAddress)
	case code == fault.CodeMismatch:
		failed = &userpool.EventChallenge{Name: "Mfa", Response: "Failure"}
		m.guard.CountFailure(a.origin.IPAddress)
	case errors.Is(err, errLocked), errors.Is(err, errDisabled), errors.Is(err, threat.ErrSecurity),
		code == fault.PasswordResetRequired, code == fault.UserNotConfirmed, code == fault.UserLambdaValidation:
	default:
		return
	}
	if a.user == nil || m.guard == nil {
		return
	}
	if errors.Is(err, threat.ErrSecurity) && a.session.Verdict == nil { // refused by its address
		risk = userpool.Risk{Decision: "Block", Level: "High"}
	}
	m.note(ctx, a, userpool.EventFail, risk, failed)
}

// note keeps a record of where a sign-in stands. failed is the step that was just
// refused, if one was.
func (m *Machine) note(ctx context.Context, a *attempt, response string, risk userpool.Risk, failed *userpool.EventChallenge) {
	h := threat.Happening{
		Pool: a.pool, Client: a.client, Sub: a.user.Sub, Flow: a.session.Flow, ID: a.session.Event,
		Type: userpool.EventSignIn, Response: response, Risk: risk, IPAddress: a.origin.IPAddress, UserAgent: a.origin.UserAgent,
	}
	for i := range a.session.Proved {
		name := "Password"
		if i > 0 {
			name = "Mfa"
		}
		h.Challenges = append(h.Challenges, userpool.EventChallenge{Name: name, Response: "Success"})
	}
	if failed != nil {
		h.Challenges = append(h.Challenges, *failed)
	}
	if v := a.session.Verdict; v != nil {
		h.Risk = v.Risk
		if v.Notify && !a.session.Told {
			h.Notify, a.session.Told = v.Action, true
			if h.Notify == "" || h.Notify == threat.MFAIfConfigured && response == userpool.EventPass && a.session.Second == "" {
				h.Notify = "NO_ACTION"
			}
			if response == userpool.EventFail {
				h.Notify = threat.Block
			}
		}
	}
	a.session.Event = m.guard.Note(ctx, h)
}

// noteProgress keeps a record of a sign-in that goes on behind its first factor.
func (m *Machine) noteProgress(ctx context.Context, a *attempt) {
	if m.guard != nil && a.user != nil && len(a.session.Proved) > 0 {
		m.note(ctx, a, userpool.EventInProgress, userpool.Risk{}, nil)
	}
}

// notePass keeps a record of a sign-in that has succeeded.
func (m *Machine) notePass(ctx context.Context, a *attempt) {
	if m.guard != nil {
		m.note(ctx, a, userpool.EventPass, userpool.Risk{}, nil)
	}
}
