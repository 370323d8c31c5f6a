package keys

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"strings"
)

// ErrMasterKey says that a text is not a master key.
var ErrMasterKey = errors.New("a master key is 32 bytes in base64: 44 characters")

const (
	wrapVersion = 1
	wrappedSize = 1 + xaesNonceSize + len(DataKey{}) + xaesTagSize
)

// masterEncoding is strict so that a mistyped last character is noticed.
var masterEncoding = base64.StdEncoding.Strict()

// MasterKey is the one key that the operator keeps, outside the database.
type MasterKey [32]byte

// GenerateMasterKey returns a new random key.
func GenerateMasterKey() MasterKey {
	var k MasterKey
	rand.Read(k[:]) // never fails, see crypto/rand
	return k
}

// ParseMasterKey reads the form that [MasterKey.Text] writes, with or without
// white space around it, as a file or an environment variable may have.
// The only error is [ErrMasterKey], which does not repeat the text.
func ParseMasterKey(text string) (MasterKey, error) {
	text = strings.TrimSpace(text)
	if len(text) != masterEncoding.EncodedLen(len(MasterKey{})) || strings.ContainsAny(text, "\r\n") {
		return MasterKey{}, ErrMasterKey
	}
	b, err := masterEncoding.DecodeString(text)
	if err != nil || len(b) != len(MasterKey{}) {
		return MasterKey{}, ErrMasterKey
	}
	return MasterKey(b), nil
}

// Text returns the key itself, as 44 characters of standard base64.
func (k MasterKey) Text() string { return masterEncoding.EncodeToString(k[:]) }

// String and GoString keep the key out of logs.
func (MasterKey) String() string   { return "keys.MasterKey(secret)" }
func (MasterKey) GoString() string { return "keys.MasterKey(secret)" }

// GenerateDataKey returns a new random data key.
func GenerateDataKey() DataKey {
	var k DataKey
	rand.Read(k[:])
	return k
}

// WrapDataKey returns key encrypted under the master key for storing under id:
//
//	version (1 byte) | nonce (24) | ciphertext and tag (48)
func (k MasterKey) WrapDataKey(id uint32, key DataKey) []byte {
	var nonce [xaesNonceSize]byte
	rand.Read(nonce[:])
	b := append(make([]byte, 0, wrappedSize), wrapVersion)
	b = append(b, nonce[:]...)
	return newXAES(k).seal(b, &nonce, key[:], wrapContext(id))
}

// UnwrapDataKey returns the key that [MasterKey.WrapDataKey] wrapped under the
// same id, or [ErrSealed]: another master key, another id, or damaged.
func (k MasterKey) UnwrapDataKey(id uint32, wrapped []byte) (DataKey, error) {
	if len(wrapped) != wrappedSize || wrapped[0] != wrapVersion {
		return DataKey{}, ErrSealed
	}
	nonce := [xaesNonceSize]byte(wrapped[1:])
	b, err := newXAES(k).open(nil, &nonce, wrapped[1+xaesNonceSize:], wrapContext(id))
	if err != nil {
		return DataKey{}, ErrSealed
	}
	return DataKey(b), nil
}

func wrapContext(id uint32) []byte {
	return binary.BigEndian.AppendUint32([]byte("poolhouse data key v1"), id)
}
