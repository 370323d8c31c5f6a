package token

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// A ClientGrant is a client that has proven itself by its secret and asks for a
// token of its own: the grant client_credentials, or GetClientToken.
type ClientGrant struct {
	Pool   *userpool.Pool
	Client *userpool.Client // of Pool
	Scopes []string         // that it asks for; none: all that it may have

	Metadata map[string]string // for triggers

	Thumbprint string // of the key that the token is bound to, or ""; see Grant
}

// A ClientToken is the access token of a client. There is neither an ID token nor
// a refresh token with it.
type ClientToken struct {
	AccessToken string
	ExpiresIn   time.Duration
	Scopes      []string // that it has
}

// clientClaims are the claims of a client's access token, in the order in which
// Cognito's have them.
type clientClaims struct {
	Sub      string `json:"sub"`
	TokenUse string `json:"token_use"`
	Scope    string `json:"scope,omitzero"`
	AuthTime int64  `json:"auth_time"`
	Iss      string `json:"iss"`
	Exp      int64  `json:"exp"`
	Iat      int64  `json:"iat"`
	Version  int    `json:"version"`
	JTI      string `json:"jti"`
	ClientID string `json:"client_id"`

	Cnf *confirmation `json:"cnf,omitzero"`
}

// IssueClient gives the access token of a client. Which flows and grants the
// client may use is for the caller to check. Errors are
// InvalidParameterException, for a scope that it may not have,
// NotAuthorizedException for a client whose tokens must be bound, and those of
// triggers.
func (i *Issuer) IssueClient(ctx context.Context, g ClientGrant) (*ClientToken, error) {
	if err := CheckBound(g.Client, g.Thumbprint); err != nil {
		return nil, err
	}
	scopes, err := i.pools.MachineScopes(ctx, g.Client, g.Scopes)
	if err != nil {
		return nil, err
	}
	key, err := i.ring.Signer(ctx, g.Pool.ID, keys.UseAccess)
	if err != nil {
		return nil, fmt.Errorf("signing key for access tokens: %w", err)
	}
	now := i.db.Now()
	claims := clientClaims{
		Sub:      g.Client.ID,
		TokenUse: keys.UseAccess,
		Scope:    strings.Join(scopes, " "),
		AuthTime: now.Unix(),
		Iss:      i.issuerURL(g.Pool.ID),
		Exp:      now.Add(g.Client.AccessTokenTTL()).Unix(),
		Iat:      now.Unix(),
		Version:  2,
		JTI:      newUUID(now),
		ClientID: g.Client.ID,
		Cnf:      confirm(g.Thumbprint),
	}
	changed, scopes, err := i.preClientToken(ctx, g, claims, scopes)
	if err != nil {
		return nil, err
	}
	t := &ClientToken{ExpiresIn: g.Client.AccessTokenTTL(), Scopes: slices.Clone(scopes)}
	if t.AccessToken, err = sign(key, changed); err != nil {
		return nil, fmt.Errorf("sign access token of client %s: %w", g.Client.ID, err)
	}
	if len(t.AccessToken) > maxJWS {
		return nil, errTooLong
	}
	return t, nil
}
