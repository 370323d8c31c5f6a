package userpool

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/srp"
	"github.com/poolhouse/poolhouse/internal/store"
)

// Checks of imported hashes take up to 64 MB and a third of a second each: few
// run at a time, the others wait, though not for long.
const maxHashWait = 10 * time.Second

var errTooManyHashes = fault.New(fault.TooManyRequests, "Too many requests")

func newHashTurns() chan struct{} { return make(chan struct{}, min(4, runtime.GOMAXPROCS(0))) }

// importedHash returns the hash that the user's password was imported as; ok is
// false for any other user.
func (u *Users) importedHash(pool *Pool, user *store.User) (hash passwordHash, ok bool, err error) {
	if user == nil || user.SealedPassword == "" {
		return nil, false, nil
	}
	b, err := u.ring.Open(passwordPurpose, user.SealedPassword, pool.ID, user.Sub)
	if err == nil {
		var algorithm, text string
		if algorithm, text, ok = readHashForm(b); !ok {
			return nil, false, nil
		}
		hash, err = parsePasswordHash(algorithm, text)
	}
	if err != nil {
		return nil, false, fmt.Errorf("imported password of user %s: %w", user.Sub, err)
	}
	return hash, true, nil
}

// checkHash says whether the hash is of a password. The error is
// TooManyRequestsException where too many others are being checked.
func (u *Users) checkHash(hash passwordHash, password string) (bool, error) {
	timer := time.NewTimer(maxHashWait)
	defer timer.Stop()
	select {
	case u.hashing <- struct{}{}:
	case <-timer.C:
		return false, errTooManyHashes
	}
	defer func() { <-u.hashing }()
	return hash(password), nil
}

// AdoptPassword makes a password that was imported as a hash, and that
// VerifyPassword has just found right, one like all others: a verifier, so that
// the user can sign in by SRP from then on. For other users it does nothing. The
// policy is not asked, since a password of before need not satisfy it. user is
// then as it is stored now.
func (u *Users) AdoptPassword(ctx context.Context, pool *Pool, user *store.User, password string) error {
	_, imported, err := u.importedHash(pool, user)
	if err != nil || !imported {
		return err
	}
	v := srp.NewVerifier(pool.SRPName(), user.Username, password)
	b, err := v.MarshalBinary()
	if err != nil {
		return err
	}
	sealed, err := u.ring.Seal(passwordPurpose, b, pool.ID, user.Sub)
	if err != nil {
		return err
	}
	history, err := u.sealHistory(pool, user, []srp.Verifier{v})
	if err != nil {
		return err
	}
	var adopted *store.User
	err = u.db.Update(ctx, func(tx *store.Tx) error {
		adopted = nil
		old, err := pool.User(tx, user.Sub)
		if errors.Is(err, store.ErrNotFound) {
			return nil // deleted meanwhile
		}
		if err != nil || old.SealedPassword != user.SealedPassword {
			return err // adopted or changed meanwhile
		}
		adopted, err = pool.Change(tx, old, func(user *store.User) error {
			user.SealedPassword, user.SealedPasswordHistory = sealed, history
			return nil
		})
		return err
	})
	if err == nil && adopted != nil {
		*user = *adopted
	}
	return err
}
