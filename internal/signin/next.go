package signin

import (
	"context"
	"crypto/rand"
	"slices"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/token"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// demands are what a sign-in meets between the proof of its first factor and the
// tokens, in this order. Each either refuses, asks for a challenge, or is content
// with what was proven. They are run anew after every step, so they must see
// from the session or the user that they were met.
var demands = []func(*Machine, context.Context, *attempt) error{
	(*Machine).demandState,
	(*Machine).demandRisk,
	(*Machine).demandNewPassword,
	(*Machine).demandLevel,
	(*Machine).demandTrustedDevice,
	(*Machine).demandSecondFactor,
	(*Machine).demandCustom,
	(*Machine).demandDevice,
}

// next decides where a sign-in goes after a step that did not refuse it.
func (m *Machine) next(ctx context.Context, a *attempt) (*Outcome, error) {
	for _, demand := range demands {
		if a.ask != "" {
			break // the step itself is not done yet, or the demand before
		}
		if err := demand(m, ctx, a); err != nil {
			return nil, err
		}
	}
	if a.ask != "" {
		return m.challenge(ctx, a)
	}
	return m.issue(ctx, a)
}

// demandState refuses users who may not sign in.
//
// Where functions lead the sign-in and nothing is proven yet, that waits until they
// are content, unless the client reveals who exists.
func (m *Machine) demandState(_ context.Context, a *attempt) error {
	if a.unproven() && !a.session.Done && !a.client.RevealsUsers() {
		return nil
	}
	switch u := a.user; {
	case !u.Enabled:
		return errDisabled
	case u.Status == userpool.StatusUnconfirmed:
		return fault.New(fault.UserNotConfirmed, "User is not confirmed.")
	case u.Status == userpool.StatusResetRequired:
		return fault.New(fault.PasswordResetRequired, "Password reset required for the user")
	}
	return nil
}

// demandNewPassword asks for a password in place of a temporary one.
func (m *Machine) demandNewPassword(_ context.Context, a *attempt) error {
	u := a.user
	if u.Status != userpool.StatusForceChangePassword || a.unproven() {
		return nil
	}
	if !slices.Contains(a.session.Proved, userpool.AMRPassword) {
		return errInvalidSession // it became temporary while another factor was asked for
	}
	if !u.PasswordExpiresAt.IsZero() && !m.db.Now().Before(u.PasswordExpiresAt) {
		return fault.New(fault.NotAuthorized, "Temporary password has expired and must be reset by an administrator.")
	}
	return a.askNewPassword()
}

var errDisabled = fault.New(fault.NotAuthorized, "User is disabled.")

// issue ends a sign-in of which nothing more is demanded.
func (m *Machine) issue(ctx context.Context, a *attempt) (*Outcome, error) {
	device, fresh := m.deviceOf(a)
	if err := m.postAuthenticate(ctx, a, fresh != nil); err != nil {
		return nil, err
	}
	if a.session.Hosted {
		m.notePass(ctx, a)
		return &Outcome{Proven: a.proven(fresh)}, nil
	}
	tokens, err := m.tokens.Issue(ctx, token.Grant{
		Pool: a.pool, Client: a.client, User: a.user, DeviceKey: device,
		AMR:    a.session.Proved,
		Source: a.tokenSource(),
		Origin: token.Origin{IPAddress: a.origin.IPAddress, UserAgent: a.origin.UserAgent},
	})
	if err != nil {
		return nil, err
	}
	m.notePass(ctx, a)
	tokens.NewDevice = fresh
	return &Outcome{Tokens: tokens, Parameters: map[string]string{}}, nil
}

// challenge seals the state and hands out the challenge the attempt asks for.
func (m *Machine) challenge(ctx context.Context, a *attempt) (*Outcome, error) {
	m.noteProgress(ctx, a)
	s := a.session
	s.Challenge = a.ask
	if !a.same {
		s.ID = rand.Text()
		s.ExpiresAt = m.db.Now().Add(a.client.SessionTTL()).UnixMilli()
	}
	if a.user != nil {
		s.Sub = a.user.Sub
	} else {
		s.Sub, s.Nobody = m.madeUpID(a), 1
	}
	o := &Outcome{Challenge: a.ask, Parameters: a.params, Available: a.available}
	if o.Parameters == nil {
		o.Parameters = map[string]string{}
	}
	var err error
	if !a.block {
		if o.Session, err = m.seal(ctx, a.pool, a.client, s); err == nil && a.ask == deviceSRPAuth {
			err = m.leadToDevice(ctx, a, o.Session)
		}
		return o, err
	}
	// The block is the session. Saying it twice would double the answer.
	s.PoolID, s.ClientID = a.pool.ID, a.client.ID
	sealed, err := m.sealWhole(s)
	if err == nil {
		o.Parameters["SECRET_BLOCK"], err = secretBlock(sealed)
	}
	return o, err
}
