package login

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/federation/samlprovider"
	"github.com/poolhouse/poolhouse/internal/token"
)

// clockSkew is by how much clocks of other providers may differ from ours.
const clockSkew = 5 * time.Minute

// Login is a proven login.
type Login struct {
	Provider string // its name in canonical form
	Subject  string
	Audience string // the client that the token was issued to
	Claims   Claims // nil for tokens that have none

	Resource string // the ARN of the provider, if the pool names it by one

	Key   string   // what the subject is kept by, where that takes more; else ""
	Roles []string // those that a SAML provider gives the user
	Once  *Once    // nil: the token counts until it expires
}

// Once is said of a token that counts once, so that a copy of it is worth nothing.
type Once struct {
	ID    string    // no other token has it
	Until time.Time // when the token is worth nothing anyhow
}

// Providers are what a pool takes logins of.
type Providers struct {
	UserPools []UserPoolClient
	Public    map[string]string // client ids by name, several separated by semicolons
	OIDC      []string          // ARNs
	SAML      []string          // ARNs, which are the names in logins too
}

// UserPoolClient is an app client of a user pool. The name is in canonical form.
type UserPoolClient struct {
	Name, ClientID string
	CheckServer    bool // whether the user is still signed in counts
}

// Fetch gets a document: the status that an address answers with and, if it is
// 200, the body. It guards against addresses it should not reach.
type Fetch func(ctx context.Context, address string) (status int, body []byte, err error)

// Verifier proves logins. It may be used concurrently.
type Verifier struct {
	tokens *token.Issuer
	names  Names
	fetch  Fetch
	now    func() time.Time
	saml   *samlprovider.Providers // nil: there are none

	mu      sync.Mutex
	issuers map[string]*issuerKeys
}

// New returns a Verifier. Without fetch it proves only logins of user pools that
// tokens knows and of SAML providers, of which there are none if saml is nil.
func New(tokens *token.Issuer, names Names, saml *samlprovider.Providers, fetch Fetch, now func() time.Time) *Verifier {
	return &Verifier{tokens: tokens, names: names, saml: saml, fetch: fetch, now: now, issuers: map[string]*issuerKeys{}}
}

// Canonical is Names.Canonical.
func (v *Verifier) Canonical(name string) string { return v.names.Canonical(name) }

func refused(text string) error { return fault.New(fault.NotAuthorized, "Invalid login token. "+text) }

var (
	errNotOpenID = refused("Not a valid OpenId Connect identity token.")
	errSignature = refused("Couldn't verify signed token.")
	errIssuer    = refused("Issuer doesn't match providerName")
	errAudience  = refused("Incorrect token audience.")
	errAccess    = refused("Not a valid access token of the provider.")
	errProvider  = fault.New(fault.NotAuthorized, "Token is not from a supported provider of this identity pool.")
	errInactive  = fault.New(fault.NotAuthorized, "Token is inactive")
	errExternal  = fault.New(fault.ExternalService, "The identity provider cannot be reached.")
	errTwitter   = fault.New(fault.NotAuthorized, "Logins of Twitter and Digits are not supported.")
)

func expired(exp, now time.Time) error {
	return fault.Errorf(fault.NotAuthorized, "Invalid login token. Token expired: %d >= %d", exp.Unix(), now.Unix())
}

// Verify proves one of a caller's logins. Errors: NotAuthorizedException,
// ExternalServiceException.
func (v *Verifier) Verify(ctx context.Context, p Providers, provider, text string) (*Login, error) {
	provider = v.names.Canonical(provider)
	if provider == IdentityPools {
		return nil, refused("Can't pass in a Cognito token.")
	}
	if id, ok := UserPool(provider); ok {
		return v.userPool(ctx, p, provider, id, text)
	}
	if slices.Contains(p.SAML, provider) {
		return v.assertion(ctx, provider, text)
	}
	clients := strings.FieldsFunc(p.Public[provider], func(r rune) bool { return r == ';' })
	var resource string
	for _, arn := range p.OIDC {
		if name, _ := OIDCName(arn); name == provider {
			resource = arn
		}
	}
	if len(clients) == 0 && resource == "" {
		return nil, errProvider
	}
	var l *Login
	var err error
	switch provider {
	case Facebook:
		l, err = v.facebook(ctx, clients, text)
	case Amazon:
		l, err = v.amazon(ctx, clients, text)
	case Twitter, Digits:
		return nil, errTwitter
	default:
		l, err = v.openID(ctx, provider, clients, text)
	}
	if err != nil {
		return nil, err
	}
	l.Provider, l.Resource = provider, resource
	return checked(l)
}

// checked is a login whose subject can be kept.
func checked(l *Login) (*Login, error) {
	if l.Subject == "" || len(l.Subject) > maxSubject || strings.ContainsRune(l.Subject, 0) {
		return nil, errNotOpenID
	}
	return l, nil
}

func (v *Verifier) userPool(ctx context.Context, p Providers, provider, poolID, text string) (*Login, error) {
	var clients []UserPoolClient
	for _, c := range p.UserPools {
		if c.Name == provider {
			clients = append(clients, c)
		}
	}
	if len(clients) == 0 {
		return nil, errProvider
	}
	id, err := v.tokens.VerifyID(ctx, poolID, text)
	switch {
	case fault.CodeOf(err) == fault.ResourceNotFound:
		return v.foreignUserPool(ctx, clients, provider, text)
	case errors.Is(err, token.ErrNoIDToken):
		return nil, errNotOpenID
	case errors.Is(err, token.ErrIDIssuer):
		return nil, errIssuer
	case errors.Is(err, token.ErrIDSignature):
		return nil, errSignature
	case err != nil:
		return nil, err
	}
	at := slices.IndexFunc(clients, func(c UserPoolClient) bool { return c.ClientID == id.ClientID })
	if at < 0 {
		return nil, errAudience
	}
	if now := v.now(); !now.Before(id.ExpiresAt) {
		return nil, expired(id.ExpiresAt, now)
	}
	if clients[at].CheckServer {
		active, err := v.tokens.Active(ctx, id)
		if err != nil {
			return nil, err
		}
		if !active {
			return nil, errInactive
		}
	}
	return checked(&Login{Provider: provider, Subject: id.Sub, Audience: id.ClientID, Claims: id.Claims})
}

// foreignUserPool takes an ID token of a user pool on AWS. Whether its user is
// still signed in nobody but AWS can ask.
func (v *Verifier) foreignUserPool(ctx context.Context, listed []UserPoolClient, provider, text string) (*Login, error) {
	var clients []string
	for _, c := range listed {
		clients = append(clients, c.ClientID)
	}
	l, err := v.openID(ctx, provider, clients, text)
	if err != nil {
		return nil, err
	}
	if l.Claims.Text("token_use") != "id" {
		return nil, errNotOpenID
	}
	l.Provider = provider
	return checked(l)
}

// openID checks an ID token of the issuer with the given name (OpenID Connect
// Core 1.0, 3.1.3.7).
func (v *Verifier) openID(ctx context.Context, provider string, clients []string, text string) (*Login, error) {
	j, err := parse(text)
	if err != nil || j.isAnother() {
		return nil, errNotOpenID
	}
	issuer := "https://" + provider
	// Google's tokens may have either (OpenID Connect of Google, "Validating an ID
	// token"), and some issuers end in a slash.
	if iss := j.claims.Text("iss"); strings.TrimSuffix(iss, "/") != strings.TrimSuffix(issuer, "/") && (provider != Google || iss != Google) {
		return nil, errIssuer
	}
	if len(clients) == 0 {
		return nil, errAudience // any client's token would do
	}
	key, err := v.key(ctx, issuer, j.kid)
	if err != nil {
		return nil, errExternal
	}
	if key == nil || !j.verify(key) {
		return nil, errSignature
	}
	l := &Login{Subject: j.claims.Text("sub"), Claims: j.claims}
	audience := j.claims.audience()
	for _, client := range clients {
		if slices.Contains(audience, client) {
			l.Audience = client
		}
	}
	// A token for several audiences was issued to its azp.
	if azp := j.claims.Text("azp"); l.Audience == "" || len(audience) > 1 && azp != "" && !slices.Contains(clients, azp) {
		return nil, errAudience
	}
	now, exp := v.now(), j.claims.time("exp")
	if exp.IsZero() {
		return nil, errNotOpenID
	}
	if !now.Add(-clockSkew).Before(exp) {
		return nil, expired(exp, now)
	}
	for _, claim := range []string{"iat", "nbf"} {
		if j.claims.time(claim).After(now.Add(clockSkew)) {
			return nil, errNotOpenID
		}
	}
	return l, nil
}

// ask gets a JSON document from an address with a token in it.
func (v *Verifier) ask(ctx context.Context, address string, into any) error {
	if v.fetch == nil {
		return errExternal
	}
	status, body, err := v.fetch(ctx, address)
	switch {
	case err != nil, status >= 500:
		return errExternal
	case status != statusOK, json.Unmarshal(body, into) != nil:
		return errAccess
	}
	return nil
}
