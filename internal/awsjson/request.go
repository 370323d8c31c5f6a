package awsjson

import (
	"context"

	"github.com/poolhouse/poolhouse/internal/iam"
)

// A Request is what a method may know about the call besides its input.
type Request struct {
	ID        string // a random UUID, also in the answer's x-amzn-requestid
	Operation string // such as "InitiateAuth"
	Region    string // what the request is signed for, or the server's own
	SourceIP  string // without port or zone; empty if the connection has none
	UserAgent string // valid UTF-8 of at most maxUserAgent bytes
	Origin    string // of the page that a browser calls for; empty outside of one

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

// authority asks the policy of who signed a request about its operation on pools.
type authority struct {
	ask   func(poolID string) error
	asked bool
}

type authorityKey struct{}

// Authorize asks the policy of who signed the request of ctx about its operation on
// a pool, or on "" for one that is not there, which takes a policy for everything. A
// pool that no policy allows is refused as one that is not there. Errors:
// AccessDeniedException; ResourceNotFoundException for a pool of another region than
// that of the request.
func Authorize(ctx context.Context, poolID string) error {
	a, ok := ctx.Value(authorityKey{}).(*authority)
	if !ok {
		return (*iam.Principal)(nil).Authorize(RequestFrom(ctx).Operation, "*")
	}
	a.asked = true
	return a.ask(poolID)
}
