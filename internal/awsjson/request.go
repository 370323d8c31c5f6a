package awsjson

import (
	"context"
	"crypto/rand"
	"encoding/hex"

	"github.com/poolhouse/poolhouse/internal/iam"
)

// A Request is what a method may know about the call besides its input.
type Request struct {
	ID        string // a random UUID, also in the answer's x-amzn-requestid
	Operation string // such as "InitiateAuth"
	Region    string // what the request is signed for, or the server's own
	SourceIP  string // without port or zone; empty if the connection has none
	UserAgent string // valid UTF-8 of at most maxUserAgent bytes

	// Principal is who signed. It is nil for public operations.
	Principal *iam.Principal
}

type requestKey struct{}

// RequestFrom is the request that ctx belongs to. Outside of one it is an empty
// Request, never nil.
func RequestFrom(ctx context.Context) *Request {
	if r, ok := ctx.Value(requestKey{}).(*Request); ok {
		return r
	}
	return &Request{}
}

// WithRequest makes a context for calling a method other than through a
// Handler, as the console and tests do.
func WithRequest(ctx context.Context, r *Request) context.Context {
	return context.WithValue(ctx, requestKey{}, r)
}

// newRequestID makes a version 4 UUID (RFC 9562, section 5.4).
func newRequestID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails, see crypto/rand
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	var s [36]byte
	hex.Encode(s[0:8], b[0:4])
	hex.Encode(s[9:13], b[4:6])
	hex.Encode(s[14:18], b[6:8])
	hex.Encode(s[19:23], b[8:10])
	hex.Encode(s[24:36], b[10:16])
	s[8], s[13], s[18], s[23] = '-', '-', '-', '-'
	return string(s[:])
}
