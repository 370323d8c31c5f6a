package srp

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"math/big"
	"strings"
	"time"
)

const (
	maxASize       = groupSize + 1
	maxSecretBlock = 8 << 10
	timeLayout     = "Mon Jan 2 15:04:05 UTC 2006"
	timeLayoutZero = "Mon Jan 02 15:04:05 UTC 2006"
)

var (
	// ErrA says that an SRP_A is not hex, too long, or 0 modulo N.
	ErrA = errors.New("invalid SRP_A")
	// ErrTimestamp says that a TIMESTAMP is malformed.
	ErrTimestamp = errors.New("invalid TIMESTAMP")
	// ErrEncoding says that a signature or secret block is not base64 of its length.
	ErrEncoding = errors.New("invalid base64 value")
)

// A is the client's public value.
type A struct{ n *big.Int }

// ParseA reads the SRP_A parameter: 1 to 770 hex digits of either case, an odd
// number of them too, naming an integer that N does not divide. The error is [ErrA].
func ParseA(s string) (A, error) {
	if len(s) == 0 || len(s) > 2*maxASize || strings.Trim(s, "0123456789abcdefABCDEF") != "" {
		return A{}, ErrA
	}
	n, ok := new(big.Int).SetString(s, 16)
	if !ok || new(big.Int).Mod(n, prime).Sign() == 0 {
		return A{}, ErrA
	}
	return A{n}, nil
}

// ParseTimestamp reads a TIMESTAMP such as "Tue Sep 25 00:09:40 UTC 2018", with
// the day of the month as one digit or two. The weekday must be right. How far
// it may be from now is the caller's rule. The error is [ErrTimestamp].
func ParseTimestamp(s string) (time.Time, error) {
	t, err := time.Parse(timeLayout, s)
	// Parse is lenient (letter case, fractions, any weekday); the way back is not.
	if err != nil || t.Format(timeLayout) != s && t.Format(timeLayoutZero) != s {
		return time.Time{}, ErrTimestamp
	}
	return t, nil
}

// FormatTimestamp writes what [ParseTimestamp] reads, in UTC.
func FormatTimestamp(t time.Time) string { return t.UTC().Format(timeLayout) }

// ParseSignature decodes a PASSWORD_CLAIM_SIGNATURE. The error is [ErrEncoding].
func ParseSignature(s string) ([]byte, error) {
	b, err := decode(s, 2*sha256.Size)
	if err != nil || len(b) != sha256.Size {
		return nil, ErrEncoding
	}
	return b, nil
}

// ParseSecretBlock decodes a PASSWORD_CLAIM_SECRET_BLOCK of at most 8 kB of
// text, in the standard or the URL alphabet, padded or not: clients differ.
// The error is [ErrEncoding].
func ParseSecretBlock(s string) ([]byte, error) { return decode(s, maxSecretBlock) }

func decode(s string, limit int) ([]byte, error) {
	if len(s) > limit || strings.ContainsAny(s, "\r\n") {
		return nil, ErrEncoding
	}
	s = strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(s, "="))
	b, err := base64.RawStdEncoding.DecodeString(s)
	if err != nil {
		return nil, ErrEncoding
	}
	return b, nil
}
