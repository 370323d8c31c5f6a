package token

import (
	"encoding/json"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// ErrBound is what an access token gives that is bound to a key (RFC 9449) and comes
// without a proof of it, or with that of another key. Cognito has no such tokens.
var ErrBound = fault.New(fault.NotAuthorized, "Access Token is bound to a key and needs a proof of possession")

// confirmation is the claim cnf of an access token (RFC 9449, 6.1).
type confirmation struct {
	JKT string `json:"jkt"`
}

// confirm is the claim of a token for the key of a thumbprint, nil for none.
func confirm(thumbprint string) *confirmation {
	if thumbprint == "" {
		return nil
	}
	return &confirmation{JKT: thumbprint}
}

// boundTo is the thumbprint of the key that a token is bound to, "" for none.
func boundTo(claims claimSet) string {
	raw, ok := claims["cnf"]
	if !ok {
		return ""
	}
	var cnf claimSet
	if json.Unmarshal(raw, &cnf) != nil {
		return "" // a function wrote it, and meant something else
	}
	return cnf.text("jkt")
}

// TokenType is what the OAuth endpoints call an access token that is bound to the
// key of a thumbprint, "" for one that is not.
func TokenType(thumbprint string) string {
	if thumbprint == "" {
		return "Bearer"
	}
	return "DPoP"
}

// CheckBound refuses tokens that anybody could use to clients that want none such,
// whichever way they ask.
func CheckBound(client *userpool.Client, thumbprint string) error {
	if thumbprint == "" && client.Extensions().DPoP == userpool.DPoPRequired {
		return fault.Errorf(fault.NotAuthorized, "Tokens of client %s must be bound to a key by DPoP", client.ID)
	}
	return nil
}

// refreshKey is what a refresh token is bound to for a client that has proven a
// key. One that has a secret proves itself by that, and may change its key (RFC
// 9449, 5).
func refreshKey(client *userpool.Client, thumbprint string) string {
	if client.HasSecret() {
		return ""
	}
	return thumbprint
}
