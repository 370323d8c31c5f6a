package signin

import (
	"context"
	"slices"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/totp"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// A user who must set up a factor goes one of two ways from MFA_SETUP. For an
// authenticator app the client calls AssociateSoftwareToken and
// VerifySoftwareToken, each of which takes the session of the one before and
// gives another, and answers the challenge with the last. For an email address it
// answers with the address, and a code goes there.

// SetUp is a step of MFA_SETUP that is an operation of its own.
type SetUp struct {
	Pool    *userpool.Pool
	Client  *userpool.Client
	Hosted  bool // on the login pages
	Session string
}

// SessionOwner says for which pool and client a session is: operations that take
// nothing but the session must know. The error is NotAuthorizedException.
func (m *Machine) SessionOwner(sealed string) (poolID, clientID string, err error) {
	s, err := m.openWhole(sealed)
	return s.PoolID, s.ClientID, err
}

// AssociateToken hands out the secret of a new authenticator app, in base32, and
// the session that goes on with it. Calling it again makes another. Errors are
// NotAuthorizedException for what is no session of MFA_SETUP and
// SoftwareTokenMFANotFoundException.
func (m *Machine) AssociateToken(ctx context.Context, in SetUp) (secret, session string, err error) {
	a, release, err := m.setUp(ctx, in)
	if err != nil {
		return "", "", err
	}
	defer release()
	if a.session.Pending, err = a.pool.NewToken(); err != nil {
		return "", "", err
	}
	a.same = true // the new session lives and dies with the one it replaces
	if session, err = m.goOn(ctx, a); err != nil {
		return "", "", err
	}
	return totp.Encode(a.session.Pending), session, nil
}

// VerifyToken makes the app whose secret AssociateToken handed out the second
// factor of the user, if code is one of it, and returns the session that answers
// MFA_SETUP. Errors are EnableSoftwareTokenMFAException for a wrong code,
// InvalidParameterException, NotAuthorizedException and
// SoftwareTokenMFANotFoundException.
func (m *Machine) VerifyToken(ctx context.Context, in SetUp, code, name string) (session string, err error) {
	a, release, err := m.setUp(ctx, in)
	if err != nil {
		return "", err
	}
	defer release()
	if len(a.session.Pending) == 0 {
		return "", errNotSetUp
	}
	a.user, err = m.users.Modify(ctx, a.pool, a.user.Sub, func(tx *store.Tx, user *store.User) error {
		if err := a.mayStillSetUp(user, userpool.FactorToken); err != nil {
			return err
		}
		if err := m.users.EnrolToken(tx, a.pool, user, a.session.Pending, code, name); err != nil {
			return err
		}
		return a.spend(tx)
	})
	if fault.CodeOf(err) == fault.UserNotFound { // deleted meanwhile
		return "", errInvalidSession
	}
	if err != nil {
		return "", err
	}
	a.session.Pending = nil
	a.provedSecond(userpool.FactorToken, "otp")
	return m.goOn(ctx, a)
}

var errNotSetUp = fault.New(fault.SoftwareTokenMFANotFound, "Software Token MFA has not been set up for the user.")

// setUp reads a session of MFA_SETUP and takes the user's turn.
func (m *Machine) setUp(ctx context.Context, in SetUp) (*attempt, func(), error) {
	a := &attempt{pool: in.Pool, client: in.Client}
	var err error
	if a.session, err = m.open(ctx, in.Pool, in.Client, in.Session); err != nil {
		return nil, nil, err
	}
	if a.session.Challenge != userpool.MFASetup || a.session.Second != "" || a.session.Hosted != in.Hosted {
		return nil, nil, errInvalidSession
	}
	release, err := m.resume(ctx, a, a.session.Name)
	if err != nil {
		return nil, nil, err
	}
	if err := a.mayStillSetUp(a.user, userpool.FactorToken); err != nil {
		release()
		return nil, nil, err
	}
	return a, release, nil
}

// mayStillSetUp refuses a user who need not, or may not, set up this factor any
// more.
func (a *attempt) mayStillSetUp(user *store.User, factor string) error {
	if user == nil || !user.Enabled || user.Status != userpool.StatusConfirmed {
		return errInvalidSession // and no app of a stranger is left behind
	}
	if err := (&attempt{session: a.session, user: user}).proofStill(); err != nil {
		return err
	}
	need, err := a.pool.SecondFactor(user)
	if err != nil {
		return err
	}
	if need.Challenge != userpool.MFASetup {
		return errInvalidSession
	}
	if !slices.Contains(need.Choices, factor) {
		if factor == userpool.FactorToken {
			return fault.New(fault.SoftwareTokenMFANotFound, "Software Token MFA is not enabled by the userPool")
		}
		return fault.Errorf(fault.InvalidParameter, "%s can not be set up by the user.", factor)
	}
	return nil
}

// goOn seals the session of MFA_SETUP for the next step of it.
func (m *Machine) goOn(ctx context.Context, a *attempt) (string, error) {
	a.ask = userpool.MFASetup
	o, err := m.challenge(ctx, a)
	if err != nil {
		return "", err
	}
	return o.Session, nil
}

// finishSetUp is the answer to MFA_SETUP.
func (m *Machine) finishSetUp(ctx context.Context, a *attempt) error {
	if a.session.Second != "" {
		if err := a.proofStill(); err != nil {
			return err
		}
		return m.db.Update(ctx, a.spend)
	}
	to, ok := a.parameters["EMAIL"]
	if !ok {
		return errNotSetUp
	}
	if err := a.mayStillSetUp(a.user, userpool.FactorEmail); err != nil {
		return err
	}
	err := m.askCode(ctx, a, userpool.FactorEmail, to, func(tx *store.Tx) error {
		if err := m.users.CheckEmailFactor(tx, a.pool, a.user, a.client, to); err != nil {
			return err
		}
		return a.spend(tx)
	})
	a.session.SetUp = err == nil
	return err
}

// setUpEmail makes the address that the right code came back from the user's
// second factor.
func (m *Machine) setUpEmail(tx *store.Tx, a *attempt) (*store.User, error) {
	user, err := a.pool.User(tx, a.user.Sub)
	if err != nil {
		return nil, err
	}
	if err := a.mayStillSetUp(user, userpool.FactorEmail); err != nil {
		return nil, err
	}
	return m.users.SetUpEmailFactor(tx, a.pool, user, a.session.Target)
}
