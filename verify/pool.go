package verify

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// TokenUse says what a token is for, its claim token_use.
type TokenUse int

const (
	// AccessToken authorizes at an API; it is what a Pool accepts by default.
	AccessToken TokenUse = iota
	// IDToken tells a client who signed in.
	IDToken
	// EitherToken, for Pool.Use only, accepts both.
	EitherToken
)

// String is the value of the claim token_use.
func (u TokenUse) String() string {
	switch u {
	case AccessToken:
		return "access"
	case IDToken:
		return "id"
	}
	return "either"
}

// Pool is a user pool and what its tokens must say. It is named by ID or by
// Issuer, and names its clients or says AnyClient; the rest may be left out.
type Pool struct {
	// ID is the id of a pool of AWS, such as "us-east-1_Example00". Its tokens
	// have the issuer https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Example00
	// or the same with issuer-cognito-idp; both are accepted.
	ID string
	// Issuer is the exact iss claim of the tokens, an https URL, or http to a
	// loopback address. For Poolhouse it is its public URL, a slash and the id.
	Issuer string
	// JWKSURL is where the keys are. By default it is the issuer with
	// /.well-known/jwks.json behind it.
	JWKSURL string
	// JWKS are the keys, as a JSON Web Key Set. With them nothing is ever fetched.
	JWKS []byte

	// ClientIDs are the app clients whose tokens are accepted: the client_id of
	// access tokens, the aud of ID tokens.
	ClientIDs []string
	// AnyClient accepts the tokens of all clients of the pool, those of other
	// applications and of machines included.
	AnyClient bool
	// Use is the kind of token that is accepted.
	Use TokenUse
	// Audiences are the resources that we are. With them, an access token must
	// have one of them in aud. Without, it must have no aud but its own client.
	Audiences []string
	// AnyScope are scopes of which the token must have one.
	AnyScope []string
	// AllScopes are scopes of which the token must have each. ID tokens have none.
	AllScopes []string
	// AnyGroup are groups of which the user must be in one.
	AnyGroup []string
	// BoundOnly refuses tokens that are not bound to a key of their client, see
	// Verifier.VerifyDPoP.
	BoundOnly bool
	// Revocation is asked about each token that is good otherwise.
	Revocation RevocationChecker
	// Checks are called at the end, in order, for tokens from the cache too. An
	// error that is no *Error becomes the cause of one with ErrRejected.
	Checks []func(context.Context, *Token) error
}

// pool is a Pool that is in order, with its keys.
type pool struct {
	Pool
	keys *keySet
}

// maxPoolID is the longest id of the API model.
const maxPoolID = 55

var poolIDPattern = regexp.MustCompile(`^[a-z]+(-[a-z]+)+-[0-9]+_[0-9A-Za-z]+$`)

// issuers are the iss claims of the pool's tokens and where its keys are.
func (p *Pool) issuers() (issuers []string, jwksURL string, err error) {
	switch {
	case (p.ID == "") == (p.Issuer == ""):
		return nil, "", errors.New("give either ID or Issuer")
	case p.ID != "":
		if len(p.ID) > maxPoolID || !poolIDPattern.MatchString(p.ID) {
			return nil, "", errors.New("ID is not the id of a user pool")
		}
		region, _, _ := strings.Cut(p.ID, "_")
		suffix := "." + region + ".amazonaws.com"
		switch {
		case strings.HasPrefix(region, "cn-"):
			suffix += ".cn"
		case strings.HasPrefix(region, "eusc-"):
			suffix = "." + region + ".amazonaws.eu"
		}
		issuers = []string{
			"https://cognito-idp" + suffix + "/" + p.ID,
			"https://issuer-cognito-idp" + suffix + "/" + p.ID,
		}
	default:
		if err := checkURL(p.Issuer); err != nil {
			return nil, "", fmt.Errorf("issuer: %w", err)
		}
		issuers = []string{p.Issuer}
	}
	jwksURL = p.JWKSURL
	if jwksURL == "" {
		jwksURL = strings.TrimSuffix(issuers[0], "/") + "/.well-known/jwks.json"
	}
	if err := checkURL(jwksURL); err != nil {
		return nil, "", fmt.Errorf("JWKSURL: %w", err)
	}
	return issuers, jwksURL, nil
}

// validate finds what would let in more or less than the caller means.
func (p *Pool) validate() error {
	if (len(p.ClientIDs) == 0) != p.AnyClient {
		return errors.New("give either ClientIDs or AnyClient")
	}
	if p.Use < AccessToken || p.Use > EitherToken {
		return errors.New("use is none of the constants")
	}
	for name, values := range map[string][]string{
		"ClientIDs": p.ClientIDs, "Audiences": p.Audiences,
		"AnyScope": p.AnyScope, "AllScopes": p.AllScopes, "AnyGroup": p.AnyGroup,
	} {
		if slices.Contains(values, "") {
			return fmt.Errorf("%s has an empty entry", name)
		}
	}
	if p.Use == IDToken && len(p.AnyScope)+len(p.AllScopes) > 0 {
		return errors.New("ID tokens have no scopes")
	}
	return nil
}

// newKeys makes the set of keys behind url, by the bounds of c.
func (c *Config) newKeys(url string, client *http.Client) *keySet {
	return &keySet{
		url:      url,
		client:   client,
		now:      c.Now,
		ttl:      c.KeyTTL,
		stale:    c.KeyStale,
		interval: c.RefetchInterval,
		timeout:  c.FetchTimeout,
	}
}

// check holds what a signed token says against what the pool wants.
func (p *pool) check(t *Token) error {
	if p.Use != EitherToken && p.Use != t.use {
		return fail(ErrTokenUse)
	}
	if !p.AnyClient && !slices.Contains(p.ClientIDs, t.clientID) {
		return fail(ErrClient)
	}
	if t.use == AccessToken && !p.audience(t) {
		return fail(ErrAudience)
	}
	if p.BoundOnly && t.thumbprint == "" {
		return fail(ErrUnbound)
	}
	if len(p.AnyScope) > 0 && !slices.ContainsFunc(p.AnyScope, t.HasScope) {
		return fail(ErrScope)
	}
	for _, scope := range p.AllScopes {
		if !t.HasScope(scope) {
			return fail(ErrScope)
		}
	}
	if len(p.AnyGroup) > 0 && !slices.ContainsFunc(p.AnyGroup, t.HasGroup) {
		return fail(ErrGroup)
	}
	return nil
}

// audience reports whether an access token is meant for us (RFC 7519, 4.1.3). A
// trigger may have put the client's id there, which binds it to no resource.
func (p *pool) audience(t *Token) bool {
	if len(p.Audiences) > 0 {
		return slices.ContainsFunc(t.audience, func(a string) bool { return slices.Contains(p.Audiences, a) })
	}
	return !slices.ContainsFunc(t.audience, func(a string) bool { return a != t.clientID })
}

// checkNow makes the checks whose answers change while a token lives.
func (p *pool) checkNow(ctx context.Context, t *Token) error {
	if p.Revocation != nil {
		if err := p.Revocation.CheckRevocation(ctx, t); err != nil {
			return asError(err, ErrRevocationUnavailable)
		}
	}
	for _, check := range p.Checks {
		if err := check(ctx, t); err != nil {
			return asError(err, ErrRejected)
		}
	}
	return nil
}

// asError makes an *Error of what code of others returned.
func asError(err error, otherwise Code) error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	if code, ok := errors.AsType[Code](err); ok {
		return &Error{Code: code}
	}
	return &Error{Code: otherwise, Err: err}
}
