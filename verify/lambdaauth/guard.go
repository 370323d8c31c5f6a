package lambdaauth

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/poolhouse/poolhouse/verify"
	"github.com/poolhouse/poolhouse/verify/middleware"
)

var (
	// errUnauthorized makes API Gateway answer 401: it looks for this very text.
	errUnauthorized = errors.New("Unauthorized") //nolint:revive,staticcheck // spelled as the gateway wants it
	// errUnavailable makes it answer 500, and keep nothing.
	errUnavailable = errors.New("lambdaauth: tokens cannot be checked now")
)

// A policy must name a principal.
const (
	anonymous = "anonymous" // without a token, where that is allowed
	refused   = "refused"   // with a token that lacks what its pool asks for
)

// guard decides. Its methods are for all kinds of authorizers.
type guard struct {
	m    *middleware.Middleware
	o    Options
	keys []string // of o.Rules, sorted
}

// decision is what is decided of an invocation.
type decision struct {
	ctx     context.Context // with the caller
	status  int             // 0 for a good token, else 401, 403 or 503
	met     []string        // the keys of the rules that are met
	unmet   []string
	subject string // the principal
	context map[string]any
	expires time.Time // zero without a token
}

// decide authenticates. A token that meets none of the rules is good even so.
func (g *guard) decide(ctx context.Context, find func() (string, error)) decision {
	began := time.Now()
	d, err := g.check(ctx, find)
	result := middleware.Result{Err: err, Took: time.Since(began)}
	if err != nil {
		result.Status, _ = middleware.Status(err)
		d.status, d.subject = result.Status, refused
	} else {
		ctx = d.ctx
		result.Caller, _ = middleware.From(ctx)
	}
	if g.o.OnResult != nil {
		g.o.OnResult(ctx, result)
	}
	return d
}

func (g *guard) check(ctx context.Context, find func() (string, error)) (d decision, err error) {
	raw, err := find()
	if err != nil {
		return d, err
	}
	if d.ctx, err = g.m.Authenticate(ctx, raw); err != nil {
		return d, err
	}
	for _, key := range g.keys {
		if g.o.Rules[key].Check(d.ctx) == nil {
			d.met = append(d.met, key)
		} else {
			d.unmet = append(d.unmet, key)
		}
	}
	d.subject, d.context = anonymous, map[string]any{}
	if caller, ok := middleware.From(d.ctx); ok {
		d.subject, d.expires = caller.Token.Subject(), caller.Token.ExpiresAt()
		d.context = describe(caller.Token)
	}
	if g.o.Context != nil {
		for name, value := range g.o.Context(d.ctx) {
			d.context[name] = value
		}
	}
	return d, nil
}

// describe is what the integration learns of a caller. What a token does not say
// is left out.
func describe(t *verify.Token) map[string]any {
	about := make(map[string]any)
	for name, value := range map[string]string{
		"sub": t.Subject(), "username": t.Username(), "client_id": t.ClientID(), "token_use": t.Use().String(),
		"scope": strings.Join(t.Scopes(), " "), "groups": strings.Join(t.Groups(), " "),
	} {
		if value != "" {
			about[name] = value
		}
	}
	return about
}

// fromValue reads the value of an Authorization header.
func fromValue(value string) func() (string, error) {
	return func() (string, error) {
		if value == "" {
			return "", nil
		}
		return middleware.FromHeader(&http.Request{Header: http.Header{"Authorization": {value}}})
	}
}

// fromRequest asks the source, which gets a request without a body.
func (g *guard) fromRequest(ctx context.Context, r *http.Request) func() (string, error) {
	return func() (string, error) { return g.o.Source(r.WithContext(ctx)) }
}
