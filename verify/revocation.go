package verify

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"time"
)

// RevocationChecker says which tokens are dead before they expire. It is asked
// about each token that is good otherwise, also about those from the cache, and
// so must be quick; it may be asked by several goroutines.
type RevocationChecker interface {
	// CheckRevocation returns nil for a token that lives, and ErrRevoked,
	// ErrUserInactive or ErrUserNotFound (or an *Error with that Code) for one
	// that does not. Any other error means that it does not know, and becomes the
	// cause of an *Error with ErrRevocationUnavailable.
	CheckRevocation(ctx context.Context, t *Token) error
}

// signInTime is when the sign-in was that a token of Poolhouse comes from. The
// ids it writes are UUIDs of version 7 (RFC 9562, 5.7), which begin with the
// milliseconds; auth_time knows only the second, and is for tokens of others.
func signInTime(t *Token) time.Time {
	id := t.OriginJTI()
	if id == "" {
		id = t.EventID()
	}
	if at, ok := uuidTime(id); ok {
		return at
	}
	return t.AuthTime()
}

// uuidTime is the time in a UUID of version 7.
func uuidTime(id string) (at time.Time, ok bool) {
	if len(id) != 36 || id[8] != '-' || id[14] != '7' {
		return time.Time{}, false
	}
	var b [8]byte
	if _, err := hex.Decode(b[2:], []byte(id[:8]+id[9:13])); err != nil {
		return time.Time{}, false
	}
	return time.UnixMilli(int64(binary.BigEndian.Uint64(b[:]))).UTC(), true
}
