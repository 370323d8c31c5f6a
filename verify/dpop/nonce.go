package dpop

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"time"

	"github.com/poolhouse/poolhouse/verify/internal/jose"
)

// Turn is how long a nonce is the current one. It is good for the turn after it
// too.
const Turn = time.Minute

const minNonceKey = 16 // bytes

// Nonces are the nonces of a server (RFC 9449, 8): a keyed hash of the time, so
// that nothing is kept and all servers of one key agree.
type Nonces struct{ key []byte }

// NewNonces makes Nonces of a secret key of 16 bytes or more.
func NewNonces(key []byte) (*Nonces, error) {
	if len(key) < minNonceKey {
		return nil, errors.New("dpop: the key of nonces is shorter than 16 bytes")
	}
	return &Nonces{append([]byte(nil), key...)}, nil
}

// Nonce is the one to give out now, in base64url.
func (n *Nonces) Nonce(now time.Time) string { return n.of(turn(now)) }

// turn counts from 1970.
func turn(at time.Time) int64 { return at.Unix() / int64(Turn/time.Second) }

func (n *Nonces) of(turn int64) string {
	mac := hmac.New(sha256.New, n.key)
	mac.Write(binary.BigEndian.AppendUint64([]byte("dpop nonce "), uint64(turn)))
	return jose.Encoding.EncodeToString(mac.Sum(nil)[:18])
}

// good takes the nonces of this turn and of its neighbors: of the last, for a
// client holds one for a while, and of the next, for the clock of the server that
// gave it may be ahead.
func (n *Nonces) good(nonce string, now time.Time) bool {
	good := 0
	for _, t := range []int64{-1, 0, 1} {
		good |= subtle.ConstantTimeCompare([]byte(nonce), []byte(n.of(turn(now)+t)))
	}
	return good == 1
}
