package middleware

import (
	"context"
	"errors"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/poolhouse/poolhouse/verify"
)

// Options say how requests are let in. The zero value wants a good token in the
// Authorization header of each request.
type Options struct {
	// Source finds the token. The default is FromHeader.
	Source Source
	// Optional lets requests without a token pass. Bad tokens are refused even so.
	Optional bool
	// SkipPaths pass without a look at the token: paths that are equal, or that
	// lie below one that ends in a slash. A path that could be read in two ways,
	// with dots or encoded letters, is never skipped.
	SkipPaths []string
	// Users finds the application's user for each token. The default is none.
	Users Finder
	// UserInfo is asked for what access tokens do not tell, such as the email.
	UserInfo *UserInfo
	// BaseURLs, if there are any, let clients send tokens that are bound to their
	// keys (DPoP, RFC 9449), with the scheme DPoP in the Authorization header. They
	// are where clients see the root of the handler, such as
	// https://api.example.com: the proofs are made for addresses below.
	BaseURLs []string
	// Realm is named in challenges. The default is "api".
	Realm string
	// OnResult is told of each request that was not skipped, before its handler
	// runs, for logs and metrics.
	OnResult func(*http.Request, Result)
}

// Result is what became of a request.
type Result struct {
	Caller *Caller       // nil if it was refused or has no token
	Err    error         // why it was refused, nil if it was not; for logs
	Status int           // of the refusal, else 0
	Took   time.Duration // to decide
}

// Middleware guards handlers. It is safe for use by several goroutines.
type Middleware struct {
	verifier *verify.Verifier
	options  Options
}

// New makes a Middleware. Its errors tell what is wrong with the options.
func New(v *verify.Verifier, o Options) (*Middleware, error) {
	if v == nil {
		return nil, errors.New("middleware: no verifier")
	}
	o.SkipPaths = slices.Clone(o.SkipPaths)
	for _, p := range o.SkipPaths {
		if p == "/" || !strings.HasPrefix(p, "/") || !clean(p) {
			return nil, errors.New("middleware: SkipPaths must be clean paths below the root")
		}
	}
	o.BaseURLs = slices.Clone(o.BaseURLs)
	for i, base := range o.BaseURLs {
		if err := checkBase(base); err != nil {
			return nil, err
		}
		o.BaseURLs[i] = strings.TrimSuffix(base, "/")
	}
	if o.Users != nil {
		if err := o.Users.check(); err != nil {
			return nil, err
		}
	}
	if o.Source == nil {
		o.Source = FromHeader
	}
	if o.Realm == "" {
		o.Realm = "api"
	}
	return &Middleware{verifier: v, options: o}, nil
}

// Caller is who makes a request.
type Caller struct {
	Token *verify.Token

	raw  string
	info *UserInfo
	user any // what Options.Users found
}

type callerKey struct{}

// From returns the caller of the request with this context. There is none on
// skipped paths, and without a token where that is optional.
func From(ctx context.Context) (*Caller, bool) {
	c, _ := ctx.Value(callerKey{}).(*Caller)
	return c, c != nil
}

// Handler lets next serve requests that have a good token.
func (m *Middleware) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if m.skips(r) {
			next.ServeHTTP(w, r)
			return
		}
		began := time.Now()
		proven := m.takesProofs(r)
		authenticate := m.bearer
		if proven {
			authenticate = m.withProof
			m.giveNonce(w)
		}
		ctx, err := authenticate(r)
		if err != nil {
			status := m.refuse(w, err, proven, nil)
			m.report(r, Result{Err: err, Status: status, Took: time.Since(began)})
			return
		}
		caller, _ := From(ctx)
		m.report(r, Result{Caller: caller, Took: time.Since(began)})
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// bearer authenticates a request by its token alone.
func (m *Middleware) bearer(r *http.Request) (context.Context, error) {
	raw, err := m.options.Source(r)
	if err != nil {
		return nil, err
	}
	return m.Authenticate(r.Context(), raw)
}

// Authenticate does Handler's work where there is no net/http: it returns ctx
// with the caller whose token is raw, "" if there is none. See Status on errors.
// Tokens that are bound to keys it refuses; for those there is AuthenticateDPoP.
func (m *Middleware) Authenticate(ctx context.Context, raw string) (context.Context, error) {
	if raw == "" && m.options.Optional {
		return withoutCaller(ctx), nil
	}
	return m.admit(ctx, raw, m.verifier.Verify)
}

// withoutCaller hides a caller from outside, who is not ours.
func withoutCaller(ctx context.Context) context.Context {
	return context.WithValue(ctx, callerKey{}, (*Caller)(nil))
}

// admit finds the caller of a token.
func (m *Middleware) admit(ctx context.Context, raw string, check func(context.Context, string) (*verify.Token, error)) (context.Context, error) {
	ctx = withoutCaller(ctx)
	token, err := check(ctx, raw)
	if err != nil {
		return nil, err
	}
	c := &Caller{Token: token, raw: raw, info: m.options.UserInfo}
	if m.options.Users != nil {
		if c.user, err = m.options.Users.find(ctx, c); err != nil {
			return nil, err
		}
	}
	return context.WithValue(ctx, callerKey{}, c), nil
}

func (m *Middleware) report(r *http.Request, result Result) {
	if m.options.OnResult != nil {
		m.options.OnResult(r, result)
	}
}

// skips reports whether a path is one of SkipPaths. Where the path has encoded
// letters or dots, a router might read it otherwise than we.
func (m *Middleware) skips(r *http.Request) bool {
	p := r.URL.Path
	if r.URL.RawPath != "" || !clean(p) {
		return false
	}
	return slices.ContainsFunc(m.options.SkipPaths, func(skip string) bool {
		return p == skip || strings.HasSuffix(skip, "/") && strings.HasPrefix(p, skip)
	})
}

// clean reports whether a path has no dots and no empty segments.
func clean(p string) bool {
	cleaned := path.Clean(p)
	return p == cleaned || p == cleaned+"/" && cleaned != "/"
}

// Rule is what a route asks of tokens beyond being good.
type Rule struct {
	AnyScope  []string // the token has one of them
	AllScopes []string // the token has each of them
	AnyGroup  []string // the user is in one of them
}

// Require lets next serve callers that meet the rule. It stands inside Handler;
// a request that Handler let pass without a token is refused here.
func (m *Middleware) Require(rule Rule, next http.Handler) http.Handler {
	rule.AnyScope, rule.AllScopes = slices.Clone(rule.AnyScope), slices.Clone(rule.AllScopes)
	rule.AnyGroup = slices.Clone(rule.AnyGroup)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		err := rule.Check(r.Context())
		if err == nil {
			next.ServeHTTP(w, r)
			return
		}
		caller, _ := From(r.Context())
		var scopes []string
		if errors.Is(err, verify.ErrScope) {
			scopes = slices.Concat(rule.AllScopes, rule.AnyScope)
		}
		status := m.refuse(w, err, caller != nil && caller.Token.Thumbprint() != "", scopes)
		m.report(r, Result{Caller: caller, Err: err, Status: status, Took: time.Since(began)})
	})
}

// Check does Require's work where there is no net/http: it returns nil if the
// caller in ctx meets the rule, or an *verify.Error.
func (rule Rule) Check(ctx context.Context) error {
	c, ok := From(ctx)
	if !ok {
		return &verify.Error{Code: verify.ErrMissing}
	}
	t := c.Token
	if len(rule.AnyScope) > 0 && !slices.ContainsFunc(rule.AnyScope, t.HasScope) {
		return &verify.Error{Code: verify.ErrScope}
	}
	for _, scope := range rule.AllScopes {
		if !t.HasScope(scope) {
			return &verify.Error{Code: verify.ErrScope}
		}
	}
	if len(rule.AnyGroup) > 0 && !slices.ContainsFunc(rule.AnyGroup, t.HasGroup) {
		return &verify.Error{Code: verify.ErrGroup}
	}
	return nil
}
