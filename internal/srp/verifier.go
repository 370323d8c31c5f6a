package srp

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"math/big"
)

const (
	saltSize    = 16
	maxSaltSize = 64
)

// ErrVerifier says that a salt and verifier, or their stored form, are unusable.
var ErrVerifier = errors.New("invalid SRP salt or verifier")

// Verifier is what the server keeps of a password: a salt and v = g^x. It is
// worth a dictionary attack to a thief, so it is stored sealed. The zero value
// checks as false and refuses a handshake.
type Verifier struct {
	salt []byte
	v    *big.Int
	fake bool
}

// NewVerifier returns the verifier of a password under a new 16-byte salt.
// userID is the USER_ID_FOR_SRP; poolName the part of the pool id after "_".
func NewVerifier(poolName, userID, password string) Verifier {
	var salt [saltSize]byte
	rand.Read(salt[:]) // never fails, see crypto/rand
	return NewVerifierWithSalt(salt[:], poolName, userID, password)
}

// NewVerifierWithSalt is [NewVerifier] with a given salt, at most 64 bytes.
func NewVerifierWithSalt(salt []byte, poolName, userID, password string) Verifier {
	return Verifier{salt: salt, v: expG(privateKey(salt, poolName, userID, password))}
}

// ParseVerifier takes a salt and verifier that a client computed, as
// ConfirmDevice sends them: big-endian, with or without a leading zero byte.
// It returns [ErrVerifier] for a salt not of 1 to 64 bytes and for a verifier
// that is not in 2..N-2 and so would fit any password or none.
func ParseVerifier(salt, v []byte) (Verifier, error) {
	if len(salt) == 0 || len(salt) > maxSaltSize || len(v) > groupSize+1 {
		return Verifier{}, ErrVerifier
	}
	n := new(big.Int).SetBytes(v)
	if n.Cmp(two) < 0 || new(big.Int).Sub(prime, n).Cmp(two) < 0 {
		return Verifier{}, ErrVerifier
	}
	return Verifier{salt: append([]byte(nil), salt...), v: n}, nil
}

// FakeVerifier stands in for a user who does not exist: the same for the same
// secret, pool and user, with a salt like any other; every step with it costs
// what a real one costs, and no password or proof fits it. secret is a key of
// this use alone.
func FakeVerifier(secret []byte, poolName, userID string) Verifier {
	block := func(i uint32) []byte {
		h := hmac.New(sha256.New, secret)
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(poolName))))
		h.Write([]byte(poolName + userID))
		h.Write(binary.BigEndian.AppendUint32(nil, i))
		return h.Sum(nil)
	}
	var b []byte
	for i := uint32(1); len(b) < groupSize; i++ {
		b = append(b, block(i)...)
	}
	return Verifier{salt: block(0)[:saltSize], v: mod(new(big.Int).SetBytes(b)), fake: true}
}

// Check reports whether the password is the one the verifier was made from.
func (v Verifier) Check(poolName, userID, password string) bool {
	if v.v == nil {
		return false
	}
	var got, want [groupSize]byte
	expG(privateKey(v.salt, poolName, userID, password)).FillBytes(got[:])
	v.v.FillBytes(want[:])
	return subtle.ConstantTimeCompare(got[:], want[:]) == 1 && !v.fake
}

// Salt returns the SALT challenge parameter, in lower-case hex.
func (v Verifier) Salt() string { return hex.EncodeToString(v.salt) }

// String and GoString keep the verifier out of logs.
func (Verifier) String() string   { return "srp.Verifier(secret)" }
func (Verifier) GoString() string { return "srp.Verifier(secret)" }

// MarshalBinary returns the stored form: salt length (1 byte) | salt | v (384
// bytes). It returns [ErrVerifier] for the zero value, for a fake and for a
// salt out of range.
func (v Verifier) MarshalBinary() ([]byte, error) {
	if v.v == nil || v.fake || len(v.salt) == 0 || len(v.salt) > maxSaltSize {
		return nil, ErrVerifier
	}
	b := append([]byte{byte(len(v.salt))}, v.salt...)
	return append(b, v.v.FillBytes(make([]byte, groupSize))...), nil
}

// UnmarshalBinary reads what MarshalBinary wrote, or returns [ErrVerifier].
func (v *Verifier) UnmarshalBinary(b []byte) error {
	if len(b) == 0 || len(b) != 1+int(b[0])+groupSize {
		return ErrVerifier
	}
	n := 1 + int(b[0])
	parsed, err := ParseVerifier(b[1:n], b[n:])
	if err != nil {
		return err
	}
	*v = parsed
	return nil
}
