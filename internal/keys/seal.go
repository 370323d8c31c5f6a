package keys

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

const (
	sealVersion    = 1
	sealHeaderSize = 1 + 4 // version, key id
	maxSealed      = 64 << 10

	// MaxPlaintext is the most bytes that can be sealed into one string.
	MaxPlaintext = maxSealed/4*3 - sealHeaderSize - xaesNonceSize - xaesTagSize
)

var (
	// ErrSealed is the answer to any string that does not open: malformed, too
	// long, of an unknown key, for another purpose or context, or tampered
	// with. It does not tell which, so that nobody can learn from it.
	ErrSealed = errors.New("sealed value does not open")

	// ErrPlaintextTooLong says that a value exceeds [MaxPlaintext].
	ErrPlaintextTooLong = errors.New("plaintext is too long to seal")
)

// sealEncoding is strict: with one spelling per value, a digest of the string
// can serve as its identity (a session spent once).
var sealEncoding = base64.RawURLEncoding.Strict()

// DataKey is a key that a [Sealer] seals with. Stored only wrapped by a [MasterKey].
type DataKey [32]byte

// String and GoString keep the key out of logs.
func (DataKey) String() string   { return "keys.DataKey(secret)" }
func (DataKey) GoString() string { return "keys.DataKey(secret)" }

// Purpose names what a value is sealed or authenticated for, for example
// "session". Values of one purpose never open as another. Purposes are
// constants of the program, never made from input: each is cached for ever.
type Purpose string

// Sealer encrypts and authenticates short values under the active one of a set
// of data keys, and opens those sealed under any of them. Safe for concurrent use.
type Sealer struct {
	active uint32
	oldest uint32
	keys   map[uint32]DataKey

	sealing sync.Map // subkeyID -> *xaes
	macs    sync.Map // Purpose -> []byte
}

type subkeyID struct {
	key     uint32
	purpose Purpose
}

// NewSealer returns a Sealer that seals under the key of id active. Ids grow
// with time: the lowest is the oldest key, see [Sealer.MAC].
func NewSealer(active uint32, keys map[uint32]DataKey) (*Sealer, error) {
	if _, ok := keys[active]; !ok {
		return nil, fmt.Errorf("active data key %d is not in the set", active)
	}
	return &Sealer{
		active: active,
		oldest: slices.Min(slices.Collect(maps.Keys(keys))),
		keys:   maps.Clone(keys),
	}, nil
}

// Seal returns plaintext as base64url text without padding of
//
//	version (1 byte) | key id (4) | nonce (24) | ciphertext and tag
//
// The same context must be given to [Sealer.Open]: what the value belongs to,
// such as the pool id and the user's sub. It is not part of the text.
// The only error is [ErrPlaintextTooLong].
func (s *Sealer) Seal(purpose Purpose, plaintext []byte, context ...string) (string, error) {
	if len(plaintext) > MaxPlaintext {
		return "", ErrPlaintextTooLong
	}
	buf := make([]byte, sealHeaderSize+xaesNonceSize, sealHeaderSize+xaesNonceSize+len(plaintext)+xaesTagSize)
	buf[0] = sealVersion
	binary.BigEndian.PutUint32(buf[1:], s.active)
	rand.Read(buf[sealHeaderSize:]) // never fails, see crypto/rand
	nonce := [xaesNonceSize]byte(buf[sealHeaderSize:])
	additional := appendParts(slices.Clone(buf[:sealHeaderSize]), context)
	buf = s.subkey(s.active, purpose).seal(buf, &nonce, plaintext, additional)
	return sealEncoding.EncodeToString(buf), nil
}

// Open returns the plaintext of a string made by [Sealer.Seal] with the same
// purpose and context. The only error is [ErrSealed].
func (s *Sealer) Open(purpose Purpose, sealed string, context ...string) ([]byte, error) {
	// The decoder skips line breaks, which would give a value many spellings.
	if len(sealed) > maxSealed || strings.ContainsAny(sealed, "\r\n") {
		return nil, ErrSealed
	}
	buf, err := sealEncoding.DecodeString(sealed)
	if err != nil || len(buf) < sealHeaderSize+xaesNonceSize+xaesTagSize || buf[0] != sealVersion {
		return nil, ErrSealed
	}
	id := binary.BigEndian.Uint32(buf[1:])
	if _, ok := s.keys[id]; !ok {
		return nil, ErrSealed
	}
	nonce := [xaesNonceSize]byte(buf[sealHeaderSize:])
	additional := appendParts(slices.Clone(buf[:sealHeaderSize]), context)
	plaintext, err := s.subkey(id, purpose).open(nil, &nonce, buf[sealHeaderSize+xaesNonceSize:], additional)
	if err != nil {
		return nil, ErrSealed
	}
	return plaintext, nil
}

// MAC returns the 32-byte HMAC-SHA256 of parts under a subkey of purpose, for
// stable pseudo-random values and for digests of codes.
//
// It uses the oldest data key, the one with the lowest id, so that its answers
// stay the same when the active key rotates. That key must therefore never be
// dropped from the set, only rewrapped.
func (s *Sealer) MAC(purpose Purpose, parts ...string) []byte {
	key, ok := s.macs.Load(purpose)
	if !ok {
		derived := deriveKey(s.keys[s.oldest], "poolhouse mac v1", purpose)
		key, _ = s.macs.LoadOrStore(purpose, derived[:])
	}
	h := hmac.New(sha256.New, key.([]byte))
	h.Write(appendParts(nil, parts))
	return h.Sum(nil)
}

func (s *Sealer) subkey(id uint32, purpose Purpose) *xaes {
	sid := subkeyID{id, purpose}
	x, ok := s.sealing.Load(sid)
	if !ok {
		x, _ = s.sealing.LoadOrStore(sid, newXAES(deriveKey(s.keys[id], "poolhouse seal v1", purpose)))
	}
	return x.(*xaes)
}

// deriveKey is HKDF-SHA256 (RFC 5869) without salt: the data key is uniform.
func deriveKey(key DataKey, use string, purpose Purpose) [32]byte {
	b, err := hkdf.Key(sha256.New, key[:], nil, use+"\x00"+string(purpose), 32)
	if err != nil {
		panic("keys: " + err.Error()) // only for lengths above 255 hashes
	}
	return [32]byte(b)
}

// appendParts appends each part after its length, so that no two lists of
// parts give the same bytes.
func appendParts(b []byte, parts []string) []byte {
	for _, p := range parts {
		b = binary.BigEndian.AppendUint64(b, uint64(len(p)))
		b = append(b, p...)
	}
	return b
}
