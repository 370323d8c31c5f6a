package userpool

import (
	"context"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/totp"
)

// softwareTokenPurpose seals the secrets of authenticator apps, bound to pool and
// sub.
const softwareTokenPurpose keys.Purpose = "software-token"

// maxTokenName is the longest FriendlyDeviceName, in characters.
const maxTokenName = 256

var (
	errTokensOff   = fault.New(fault.SoftwareTokenMFANotFound, "Software Token MFA is not enabled by the userPool")
	errNoToken     = fault.New(fault.SoftwareTokenMFANotFound, "Software Token MFA has not been set up for the user.")
	errTokenCode   = fault.New(fault.EnableSoftwareTokenMFA, "Code mismatch")
	errTokenWrong  = fault.New(fault.CodeMismatch, "Invalid code received for user")
	errTokenReused = fault.New(fault.ExpiredCode, "Your software token has already been used once.")
)

// NewToken returns the secret of a new authenticator app for a user of the pool.
// The error is SoftwareTokenMFANotFoundException where the pool has none.
func (p *Pool) NewToken() ([]byte, error) {
	if !p.offers(FactorToken) {
		return nil, errTokensOff
	}
	return totp.NewSecret(), nil
}

// AssociateToken hands a user the secret of a new authenticator app, in base32. It
// counts once VerifyToken has a code made with it; a secret that was handed out
// before and not verified is void. Errors are SoftwareTokenMFANotFoundException
// and UserNotFoundException.
func (u *Users) AssociateToken(ctx context.Context, pool *Pool, sub string) (string, error) {
	secret, err := pool.NewToken()
	if err != nil {
		return "", err
	}
	sealed, err := u.ring.Seal(softwareTokenPurpose, secret, pool.ID, sub)
	if err != nil {
		return "", err
	}
	err = u.db.Update(ctx, func(tx *store.Tx) error {
		if _, err := tx.User(pool.ID, sub); errors.Is(err, store.ErrNotFound) {
			return errNoUser
		} else if err != nil {
			return err
		}
		t, err := tx.SoftwareToken(pool.ID, sub)
		if errors.Is(err, store.ErrNotFound) {
			t, err = &store.SoftwareToken{PoolID: pool.ID, Sub: sub}, nil
		}
		if err != nil {
			return err
		}
		t.SealedPending = sealed
		return tx.PutSoftwareToken(t)
	})
	if err != nil {
		return "", err
	}
	return totp.Encode(secret), nil
}

// VerifyToken makes the app that AssociateToken handed a secret to the user's
// authenticator app, in place of any other, if code is one of it. It does not
// make sign-ins ask for it, see SetMFAPreference. Errors are
// EnableSoftwareTokenMFAException for a wrong code,
// SoftwareTokenMFANotFoundException, InvalidParameterException and
// UserNotFoundException.
func (u *Users) VerifyToken(ctx context.Context, pool *Pool, sub, code, name string) error {
	if !pool.offers(FactorToken) {
		return errTokensOff
	}
	_, err := u.Modify(ctx, pool, sub, func(tx *store.Tx, user *store.User) error {
		t, err := tx.SoftwareToken(pool.ID, user.Sub)
		if errors.Is(err, store.ErrNotFound) || err == nil && t.SealedPending == "" {
			return errNoToken
		}
		if err != nil {
			return err
		}
		secret, err := u.openToken(pool, user.Sub, t.SealedPending)
		if err != nil {
			return err
		}
		return u.enrol(tx, user, secret, t.SealedPending, code, name)
	})
	return err
}

// EnrolToken is VerifyToken for a sign-in in which the user must set up a factor
// and which carries the secret: the app is asked for from now on. user is
// written to, for the caller to store.
func (u *Users) EnrolToken(tx *store.Tx, pool *Pool, user *store.User, secret []byte, code, name string) error {
	sealed, err := u.ring.Seal(softwareTokenPurpose, secret, pool.ID, user.Sub)
	if err != nil {
		return err
	}
	if err := u.enrol(tx, user, secret, sealed, code, name); err != nil {
		return err
	}
	enableFactor(user, FactorToken, true)
	return nil
}

func (u *Users) enrol(tx *store.Tx, user *store.User, secret []byte, sealed, code, name string) error {
	if utf8.RuneCountInString(name) > maxTokenName {
		return invalid("FriendlyDeviceName can not be longer than %d characters.", maxTokenName)
	}
	step, ok := totp.Match(secret, code, tx.Now())
	if !ok {
		return errTokenCode
	}
	user.MFA.SoftwareToken, user.MFA.TokenName = true, name
	return tx.PutSoftwareToken(&store.SoftwareToken{PoolID: user.PoolID, Sub: user.Sub, SealedSecret: sealed, LastStep: step})
}

// SpendTokenCode checks a code of the user's authenticator app and uses it up, so
// that it, and those before it, count for no other sign-in on any node. What is
// wrong with the code, CodeMismatchException or ExpiredCodeException, is refused.
func (u *Users) SpendTokenCode(tx *store.Tx, pool *Pool, sub, code string) (refused, err error) {
	t, err := tx.SoftwareToken(pool.ID, sub)
	if errors.Is(err, store.ErrNotFound) || err == nil && t.SealedSecret == "" {
		return errTokenWrong, nil // removed since the code was asked for
	}
	if err != nil {
		return nil, err
	}
	secret, err := u.openToken(pool, sub, t.SealedSecret)
	if err != nil {
		return nil, err
	}
	step, ok := totp.Match(secret, code, tx.Now())
	if !ok {
		return errTokenWrong, nil
	}
	first, err := tx.SpendSoftwareTokenStep(pool.ID, sub, step)
	if err == nil && !first {
		return errTokenReused, nil
	}
	return nil, err
}

func (u *Users) openToken(pool *Pool, sub, sealed string) ([]byte, error) {
	secret, err := u.ring.Open(softwareTokenPurpose, sealed, pool.ID, sub)
	if err != nil {
		return nil, fmt.Errorf("software token of user %s: %w", sub, err)
	}
	return secret, nil
}

// DeleteToken takes the authenticator app from the user called name, who need
// have none. The error is UserNotFoundException.
func (u *Users) DeleteToken(ctx context.Context, pool *Pool, name string) error {
	_, err := u.Modify(ctx, pool, name, func(tx *store.Tx, user *store.User) error {
		dropFactor(user, FactorToken)
		user.MFA.SoftwareToken, user.MFA.TokenName = false, ""
		return tx.DeleteSoftwareToken(pool.ID, user.Sub)
	})
	return err
}
