package userpool

import (
	"cmp"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/srp"
	"github.com/poolhouse/poolhouse/internal/store"
)

// What passwords are sealed for, each bound to pool and sub.
const (
	passwordPurpose keys.Purpose = "password"
	historyPurpose  keys.Purpose = "password-history"
)

// VerifyPassword says whether a password is the user's. For a user that is nil,
// or has no password, the answer is false at the price of a real check. An
// imported hash costs what its parameters say. The error is
// TooManyRequestsException or an internal one.
func (u *Users) VerifyPassword(pool *Pool, user *store.User, password string) (bool, error) {
	if hash, imported, err := u.importedHash(pool, user); err != nil || imported {
		if err != nil {
			return false, err
		}
		return u.checkHash(hash, password)
	}
	v, ok, err := u.Verifier(pool, user)
	if err != nil {
		return false, err
	}
	if !ok {
		if v, err = u.openVerifier(u.decoy, decoyContext...); err != nil {
			return false, err
		}
		user = &store.User{}
	}
	return v.Check(pool.SRPName(), user.Username, password) && ok, nil
}

// Verifier returns what SRP knows of the user's password; ok is false if the
// user is nil or has none, or one that is known only by an imported hash.
func (u *Users) Verifier(pool *Pool, user *store.User) (v srp.Verifier, ok bool, err error) {
	if user == nil || user.SealedPassword == "" {
		return srp.Verifier{}, false, nil
	}
	v, err = u.openVerifier(user.SealedPassword, pool.ID, user.Sub)
	if errors.Is(err, errImported) {
		return srp.Verifier{}, false, nil
	}
	if err != nil {
		return srp.Verifier{}, false, fmt.Errorf("password of user %s: %w", user.Sub, err)
	}
	return v, true, nil
}

func (u *Users) openVerifier(sealed string, context ...string) (v srp.Verifier, err error) {
	b, err := u.ring.Open(passwordPurpose, sealed, context...)
	if err != nil {
		return srp.Verifier{}, err
	}
	if _, _, imported := readHashForm(b); imported {
		return srp.Verifier{}, errImported
	}
	err = v.UnmarshalBinary(b)
	return v, err
}

var errImported = errors.New("the password is known by an imported hash only")

// decoyContext is what the decoy of VerifyPassword is bound to: no user.
var decoyContext = []string{"", ""}

// sealDecoy makes a sealed verifier that no known password fits. It is random,
// not computed, so that a process starts without exponentiation.
func sealDecoy(ring *keys.Ring) string {
	salt, v := make([]byte, 16), make([]byte, 3072/8)
	rand.Read(salt) // never fails, see crypto/rand
	rand.Read(v)
	v[0] &= 0x7f // below the prime of the group
	verifier, err := srp.ParseVerifier(salt, v)
	if err != nil {
		panic("userpool: " + err.Error()) // v is 0 or 1: once in 2^3070
	}
	form, err := verifier.MarshalBinary()
	if err != nil {
		panic("userpool: " + err.Error()) // what ParseVerifier took has a form
	}
	sealed, err := ring.Seal(passwordPurpose, form, decoyContext...)
	if err != nil {
		panic("userpool: " + err.Error()) // only for values of 48 kB
	}
	return sealed
}

// SealedPassword is a new password that has been checked and is ready to be
// stored.
type SealedPassword struct {
	sealed, history string
	expiresAt       time.Time
}

// Apply makes it the user's password. What the user did wrong with the one
// before is forgotten.
func (s SealedPassword) Apply(user *store.User) {
	user.SealedPassword = s.sealed
	user.SealedPasswordHistory = s.history
	user.PasswordExpiresAt = s.expiresAt
	user.FailedSignIns, user.LastFailedAt = 0, time.Time{}
}

// NewPassword checks a password for a user against the pool's policy and makes
// it ready for Apply. A permanent one must also differ from the newest permanent
// ones, the present one included; a temporary one expires. It takes
// milliseconds and must not be called within a transaction. The errors are
// InvalidPasswordException, InvalidParameterException and
// PasswordHistoryPolicyViolationException.
func (u *Users) NewPassword(pool *Pool, user *store.User, password string, temporary bool) (SealedPassword, error) {
	if err := pool.CheckPasswordPolicy(password); err != nil {
		return SealedPassword{}, err
	}
	history, err := u.history(pool, user)
	if err != nil {
		return SealedPassword{}, err
	}
	if !temporary && slices.ContainsFunc(history, func(v srp.Verifier) bool {
		return v.Check(pool.SRPName(), user.Username, password)
	}) {
		return SealedPassword{}, errPasswordUsed
	}
	if !temporary && pool.historySize() > 0 {
		if hash, imported, err := u.importedHash(pool, user); err != nil {
			return SealedPassword{}, err
		} else if imported {
			used, err := u.checkHash(hash, password)
			if err != nil {
				return SealedPassword{}, err
			}
			if used {
				return SealedPassword{}, errPasswordUsed
			}
		}
	}
	return u.sealPassword(pool, user, password, history, temporary)
}

// sealPassword makes a password ready for Apply that nothing is to be checked of.
func (u *Users) sealPassword(pool *Pool, user *store.User, password string, history []srp.Verifier, temporary bool) (SealedPassword, error) {
	v := srp.NewVerifier(pool.SRPName(), user.Username, password)
	b, err := v.MarshalBinary()
	if err != nil {
		return SealedPassword{}, err
	}
	var s SealedPassword
	if s.sealed, err = u.ring.Seal(passwordPurpose, b, pool.ID, user.Sub); err != nil {
		return SealedPassword{}, err
	}
	if temporary {
		days := cmp.Or(pool.Policies.PasswordPolicy.TemporaryPasswordValidityDays, defaultTemporaryDays)
		s.expiresAt = u.db.Now().AddDate(0, 0, days)
	} else {
		history = slices.Insert(history, 0, v)
	}
	s.history, err = u.sealHistory(pool, user, history)
	return s, err
}

var errPasswordUsed = fault.New(fault.PasswordHistoryPolicyViolation, "Password has previously been used.")

// historySize is how many permanent passwords must differ from each other.
func (p *Pool) historySize() int {
	if n := p.Policies.PasswordPolicy.PasswordHistorySize; n != nil {
		return *n
	}
	return 0
}

// history returns the verifiers of the user's newest permanent passwords that
// count, newest first. A password from before the pool kept a history stands in
// the user's row only.
func (u *Users) history(pool *Pool, user *store.User) ([]srp.Verifier, error) {
	size := pool.historySize()
	if size == 0 {
		return nil, nil
	}
	if user.SealedPasswordHistory == "" {
		present, ok, err := u.Verifier(pool, user)
		if err != nil || !ok || !user.PasswordExpiresAt.IsZero() {
			return nil, err
		}
		return []srp.Verifier{present}, nil
	}
	b, err := u.ring.Open(historyPurpose, user.SealedPasswordHistory, pool.ID, user.Sub)
	if err != nil {
		return nil, fmt.Errorf("password history of user %s: %w", user.Sub, err)
	}
	var history []srp.Verifier
	for len(b) > 0 {
		var v srp.Verifier
		if len(b) < 2 || len(b) < 2+int(binary.BigEndian.Uint16(b)) {
			return nil, fmt.Errorf("password history of user %s: %w", user.Sub, errTruncated)
		}
		n := 2 + int(binary.BigEndian.Uint16(b))
		if err := v.UnmarshalBinary(b[2:n]); err != nil {
			return nil, fmt.Errorf("password history of user %s: %w", user.Sub, err)
		}
		history, b = append(history, v), b[n:]
	}
	return history[:min(len(history), size)], nil
}

var errTruncated = errors.New("truncated")

// sealHistory seals as many of the verifiers as the pool keeps, each after its
// length.
func (u *Users) sealHistory(pool *Pool, user *store.User, history []srp.Verifier) (string, error) {
	history = history[:min(len(history), pool.historySize())]
	if len(history) == 0 {
		return "", nil
	}
	var b []byte
	for _, v := range history {
		form, err := v.MarshalBinary()
		if err != nil {
			return "", err
		}
		b = binary.BigEndian.AppendUint16(b, uint16(len(form))) //nolint:gosec // a verifier has at most 449 bytes
		b = append(b, form...)
	}
	return u.ring.Seal(historyPurpose, b, pool.ID, user.Sub)
}
