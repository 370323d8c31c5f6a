package userpool

import (
	"crypto/subtle"
	"errors"

	"github.com/poolhouse/poolhouse/internal/message"
	"github.com/poolhouse/poolhouse/internal/store"
)

// SignInCode is a one-time code that was sent to a user who is signing in. It is
// not stored: the session of the sign-in carries its hash.
type SignInCode struct {
	Delivery *Delivery
	To       string // the address, whole
	Hash     string
}

// codeSignIn is the purpose of codes for a challenge of a sign-in.
func codeSignIn(challenge, to string) string { return "sign-in " + challenge + " " + to }

// sourceAuthentication is the message source of such codes.
const sourceAuthentication = "CustomMessage_Authentication"

// SendSignInCode sends a user a code that answers a challenge, to an address.
// Errors are LimitExceededException for a user who had too many, and
// CodeDeliveryFailureException.
func (u *Users) SendSignInCode(tx *store.Tx, pool *Pool, user *store.User, challenge, to string, texts *Texts) (*SignInCode, error) {
	return u.sendSignInCode(tx, pool, user, challenge, to, newDigits(codeDigits), texts)
}

func (u *Users) sendSignInCode(tx *store.Tx, pool *Pool, user *store.User, challenge, to, digits string, texts *Texts) (*SignInCode, error) {
	if err := u.countSignInCode(tx, pool, user.Sub); err != nil {
		return nil, err
	}
	c := channelOf(FactorAttribute(challenge), to)
	subject, body := pool.signInTemplate(c.medium, texts.localeOf(user)).Render(c.medium, digits, user.Username)
	m := message.Message{Medium: c.medium, To: to, Subject: subject, Body: body, Code: digits, Source: sourceAuthentication}
	if err := texts.apply(&m, user, user.Username); err != nil {
		return nil, err
	}
	if err := u.put(tx, pool, user, signInCodeLife, m); err != nil {
		return nil, err
	}
	return &SignInCode{Delivery: c.delivery(), To: to, Hash: u.codeHash(pool.ID, user.Sub, codeSignIn(challenge, to), digits)}, nil
}

// countSignInCode counts a code for a subject, as count does. A refused one needs
// no trace: nothing was sent.
func (u *Users) countSignInCode(tx *store.Tx, pool *Pool, subject string) error {
	refused, err := count(tx, pool.ID, subject, actionSignInCode, u.limits.SignInCode)
	if refused != nil {
		return refused
	}
	return err
}

// IsSignInCode compares a guess with the code whose hash SendSignInCode gave.
func (u *Users) IsSignInCode(pool *Pool, sub, challenge, to, hash, guess string) bool {
	got := u.codeHash(pool.ID, sub, codeSignIn(challenge, to), guess)
	return subtle.ConstantTimeCompare([]byte(got), []byte(hash)) == 1
}

// signInTemplate is the pool's text for codes of sign-ins, or the deployment's for
// a locale.
func (p *Pool) signInTemplate(medium, locale string) message.Template {
	if medium == message.SMS {
		return message.Template{Body: p.SmsAuthenticationMessage}.Or(message.Authentication, locale)
	}
	var t message.Template
	if e := p.MFAFactors.Email; e != nil {
		t = message.Template{Subject: e.Subject, Body: e.Message}
	}
	return t.Or(message.Authentication, locale)
}

// ProveAddress marks the address that a code of a sign-in came back from as
// verified and returns the user as it is now. An address that is not the user's
// any more gives ErrNotFound. One that somebody else has verified in a pool of
// aliases stays as it is: it serves as a factor, not as a name.
func (p *Pool) ProveAddress(tx *store.Tx, sub, attribute, to string) (*store.User, error) {
	user, err := p.User(tx, sub)
	if err != nil {
		return nil, err
	}
	if user.Attributes[attribute] != to {
		return nil, store.ErrNotFound
	}
	if user.Attributes[attribute+"_verified"] == "true" {
		return user, nil
	}
	owner, err := tx.NameOwner(p.ID, store.UserName{Name: p.Fold(to), Kind: aliasKinds[attribute]})
	if err == nil && owner != user.Sub {
		return user, nil
	}
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	return p.Change(tx, user, func(user *store.User) error {
		user.Attributes[attribute+"_verified"] = "true"
		return nil
	})
}

// CheckEmailFactor checks the email address that a user sets up as second factor
// while signing in by a client. Errors are those of UpdateUserAttributes.
func (u *Users) CheckEmailFactor(tx *store.Tx, pool *Pool, user *store.User, client *Client, to string) error {
	if to == "" {
		return missingMember("EMAIL")
	}
	if err := pool.CheckChangedAttributes(user, map[string]string{"email": to}, Writer{Client: client}); err != nil {
		return err
	}
	return aliasExists(pool.mayClaim(tx, user, "email", to))
}

// SetUpEmailFactor gives a user the email address that a code came back from and
// makes it the second factor that is asked for. The error is
// AliasExistsException for an address that names somebody else by now.
func (u *Users) SetUpEmailFactor(tx *store.Tx, pool *Pool, user *store.User, to string) (*store.User, error) {
	changed, err := pool.Change(tx, user, func(user *store.User) error {
		if err := pool.WriteAttributes(user, map[string]string{"email": to, "email_verified": "true"}); err != nil {
			return err
		}
		enableFactor(user, FactorEmail, true)
		return nil
	})
	return changed, aliasExists(err)
}
