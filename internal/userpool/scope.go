package userpool

import (
	"context"
	"slices"

	"github.com/poolhouse/poolhouse/internal/fault"
)

// ScopesOf are the scopes that a client may ask for: those it lists and, of
// resource servers, that are still there.
func (p *Pools) ScopesOf(ctx context.Context, client *Client) ([]string, error) {
	scopes := make([]string, 0, len(client.AllowedOAuthScopes))
	for _, scope := range client.AllowedOAuthScopes {
		if !slices.Contains(systemScopes, scope) {
			active, err := p.scopeActive(ctx, client.PoolID, scope)
			if err != nil {
				return nil, err
			}
			if !active {
				continue
			}
		}
		scopes = append(scopes, scope)
	}
	return scopes, nil
}

// Scope names of OpenID Connect, and the one that lets users act on their own
// accounts.
const (
	ScopeOpenID = "openid"
	ScopeSignIn = "aws.cognito.signin.user.admin"
)

// scopeAttributes are the attributes that scopes of OpenID Connect stand for. The
// scope profile is for all that the client may read.
var scopeAttributes = map[string][]string{
	"email": {"email", "email_verified"},
	"phone": {"phone_number", "phone_number_verified"},
}

// ScopeReads says whether tokens of the scopes may tell of an attribute that the
// client may read: openid alone tells of all, with others the union of theirs
// (developer guide, "Scopes").
func ScopeReads(scopes []string, attribute string) bool {
	if attribute == "sub" || slices.Contains(scopes, "profile") {
		return true
	}
	narrowed := false
	for scope, attributes := range scopeAttributes {
		if slices.Contains(scopes, scope) {
			narrowed = true
			if slices.Contains(attributes, attribute) {
				return true
			}
		}
	}
	return !narrowed
}

// CheckScopes refuses scopes of attributes that the client may not read, with
// InvalidParameterException: Cognito gives no tokens then.
func (c *Client) CheckScopes(scopes []string) error {
	for _, scope := range scopes {
		for _, attribute := range scopeAttributes[scope] {
			if !c.Reads(attribute) {
				return fault.Errorf(fault.InvalidParameter, "The client may not read %s, which the scope %s is for.", attribute, scope)
			}
		}
	}
	return nil
}
