// Package totp is the time-based one-time password of RFC 6238 as authenticator
// apps know it: HMAC-SHA1, six digits, steps of 30 seconds.
package totp

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // G505: RFC 6238's default, and the only hash that all apps know
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"time"
)

// SecretSize is the length of a secret in bytes. It is Cognito's; a SecretCode
// has 52 characters.
const SecretSize = 32

// NewSecret returns a random secret.
func NewSecret() []byte {
	secret := make([]byte, SecretSize)
	rand.Read(secret) // never fails, see crypto/rand
	return secret
}

// Encode is a secret as users type it or scan it: base32 without padding.
func Encode(secret []byte) string {
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret)
}

const period = 30 * time.Second

// Step is the number of the time step that t is in.
func Step(t time.Time) int64 { return t.Unix() / int64(period/time.Second) }

// window is how many steps a client's clock may be off, either way.
const window = 1

// Match finds the step around now whose code is the given one: the latest, where
// several have the same. It takes as long whether one fits or not.
func Match(secret []byte, code string, now time.Time) (step int64, ok bool) {
	at := Step(now)
	for s := at - window; s <= at+window; s++ {
		if subtle.ConstantTimeCompare([]byte(Code(secret, s)), []byte(code)) == 1 {
			step, ok = s, true
		}
	}
	return step, ok
}

// Code is the code of a step (RFC 4226, section 5.3).
func Code(secret []byte, step int64) string {
	mac := hmac.New(sha1.New, secret)
	var counter [8]byte
	binary.BigEndian.PutUint64(counter[:], uint64(step)) //nolint:gosec // G115: steps are positive
	mac.Write(counter[:])
	sum := mac.Sum(nil)
	offset := sum[len(sum)-1] & 0x0f
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[offset:])&0x7fffffff%1_000_000)
}
