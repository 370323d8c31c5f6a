package signin

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"time"

	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// Whoever signs up and confirms with the code may be signed in by it: SignUp gives
// a session that ConfirmSignUp may get, ConfirmSignUp gives another, and USER_AUTH
// takes that. Not every client hands the first on, so ConfirmSignUp does without.
// These are what the sessions say was asked; no client can answer it.
const (
	signingUp = "SIGN_UP"
	signedUp  = "SIGNED_UP"
)

// signUpLife is how long a session of SignUp lasts: as its code. It proves
// nothing.
const signUpLife = 24 * time.Hour

// SignUpSession is the session for a user who signed up and got a code at an
// attribute, or "" if that is no way to sign in.
func (m *Machine) SignUpSession(ctx context.Context, pool *userpool.Pool, client *userpool.Client, user *store.User, attribute string) (string, error) {
	if !client.AllowsFlow("USER_AUTH") {
		return "", nil
	}
	return m.signUpSession(ctx, pool, client, user, signingUp, attribute, signUpLife)
}

// ConfirmedSession is the session that signs a user in who has just confirmed, or
// "" if codes are no way to sign in.
func (m *Machine) ConfirmedSession(ctx context.Context, pool *userpool.Pool, client *userpool.Client, done *userpool.Confirmed) (string, error) {
	if !client.AllowsFlow("USER_AUTH") {
		return "", nil
	}
	return m.HostedConfirmed(ctx, pool, client, done)
}

// HostedConfirmed is ConfirmedSession for the login pages, which need no flow of
// the client.
func (m *Machine) HostedConfirmed(ctx context.Context, pool *userpool.Pool, client *userpool.Client, done *userpool.Confirmed) (string, error) {
	return m.signUpSession(ctx, pool, client, done.User, signedUp, done.Attribute, client.SessionTTL())
}

// HostedSignedUp is the session that signs a user in who has just given the right
// password on the login pages, as at the sign-up, once the account is confirmed:
// whoever has it has proven the password, as long as it is the user's. It is "" for a
// password that is known to have leaked.
func (m *Machine) HostedSignedUp(ctx context.Context, pool *userpool.Pool, client *userpool.Client, user *store.User, password string) (string, error) {
	if pool.ThreatMode("") != userpool.ThreatOff && m.guard.Leaked(password) {
		return "", nil
	}
	return m.seal(ctx, pool, client, session{
		ID: rand.Text(), Challenge: signedUp, Hosted: true, Name: user.Username, Sub: user.Sub, First: userpool.FirstPassword,
		Password: passwordDigest(user), ExpiresAt: m.db.Now().Add(signUpLife).UnixMilli(),
	})
}

// HostedUnconfirmed is HostedSignedUp for a user of whom the login pages have a
// password, and whom Start refused because the account is not confirmed. It is "" too
// for a password that is not the user's: nobody learns that before they have the code.
func (m *Machine) HostedUnconfirmed(ctx context.Context, pool *userpool.Pool, client *userpool.Client, name, password string) (string, error) {
	user, err := m.users.Find(ctx, pool, name)
	if err != nil {
		return "", err
	}
	right, err := m.users.VerifyPassword(pool, user, password)
	if err != nil || !right {
		return "", err
	}
	return m.HostedSignedUp(ctx, pool, client, user, password)
}

// codeFactors are the first factors whose codes go to an attribute.
var codeFactors = map[string]string{"email": userpool.FirstEmail, "phone_number": userpool.FirstSMS}

func (m *Machine) signUpSession(ctx context.Context, pool *userpool.Pool, client *userpool.Client, user *store.User,
	challenge, attribute string, life time.Duration) (string, error) {
	factor := codeFactors[attribute]
	if factor == "" || !slices.Contains(pool.FirstFactors(user, false, false), factor) {
		return "", nil
	}
	return m.seal(ctx, pool, client, session{
		ID: rand.Text(), Challenge: challenge, Name: user.Username, Sub: user.Sub, First: factor, Target: user.Attributes[attribute],
		ExpiresAt: m.db.Now().Add(life).UnixMilli(),
	})
}

// CheckSignUp says whether a session is one that SignUp gave, of the user who is
// called name. The error is NotAuthorizedException.
func (m *Machine) CheckSignUp(ctx context.Context, pool *userpool.Pool, client *userpool.Client, sealed, name string) error {
	s, err := m.open(ctx, pool, client, sealed)
	if err != nil {
		return err
	}
	if s.Challenge != signingUp {
		return errInvalidSession
	}
	var user *store.User
	err = m.db.View(ctx, func(tx *store.Tx) (err error) { user, err = pool.User(tx, s.Sub); return err })
	if errors.Is(err, store.ErrNotFound) || err == nil && name != s.Name && !pool.IsNamed(user, name) {
		return errInvalidSession
	}
	return err
}

// signUpDone is USER_AUTH with a session of ConfirmSignUp: the code has proven
// the factor, if the user still has the address and may still sign in with it.
func (m *Machine) signUpDone(ctx context.Context, a *attempt) error {
	s, err := m.open(ctx, a.pool, a.client, a.given)
	if err != nil {
		return err
	}
	if s.Challenge != signedUp || s.Hosted && !a.session.Hosted {
		return errInvalidSession
	}
	s.Flow, s.Admin, s.Hosted = a.session.Flow, a.session.Admin, a.session.Hosted
	a.session = s
	release, err := m.resume(ctx, a, s.Name)
	if err != nil {
		return err
	}
	defer release()
	method := userpool.AMRPassword
	if s.First == userpool.FirstPassword {
		err = a.proofStill()
	} else {
		method, err = firstMethods[s.First], a.addressStill()
	}
	if err != nil {
		return err
	}
	if err := m.db.Update(ctx, a.spend); err != nil {
		return err
	}
	a.session.Target, a.session.Password = "", nil
	a.proved(method)
	return nil
}

// addressStill refuses a session for whose address the user cannot sign in any more.
func (a *attempt) addressStill() error {
	attribute := userpool.FactorAttribute(a.session.First)
	if a.user.Attributes[attribute] != a.session.Target || a.user.Attributes[attribute+"_verified"] != "true" ||
		!slices.Contains(a.pool.FirstFactors(a.user, false, false), a.session.First) {
		return errInvalidSession
	}
	return nil
}
