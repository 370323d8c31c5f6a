package token

import (
	"crypto/sha256"
	"strconv"

	"github.com/poolhouse/poolhouse/internal/userpool"
)

// accessClaims are the claims of an access token, in the order in which
// Cognito's have them. The ids jti and origin_jti are there only for clients
// that revoke or rotate.
type accessClaims struct {
	OriginJTI string   `json:"origin_jti,omitzero"`
	Sub       string   `json:"sub"`
	DeviceKey string   `json:"device_key,omitzero"`
	Groups    []string `json:"cognito:groups,omitzero"`
	EventID   string   `json:"event_id"`
	TokenUse  string   `json:"token_use"`
	Scope     string   `json:"scope"`
	AuthTime  int64    `json:"auth_time"`
	Iss       string   `json:"iss"`
	Aud       string   `json:"aud,omitzero"`     // the resource that was asked for
	Version   int      `json:"version,omitzero"` // through the OAuth endpoints
	Exp       int64    `json:"exp"`
	Iat       int64    `json:"iat"`
	ClientID  string   `json:"client_id"`
	JTI       string   `json:"jti,omitzero"`
	Username  string   `json:"username"`
	ACR       string   `json:"acr,omitzero"`
	AMR       []string `json:"amr,omitzero"`

	Cnf *confirmation `json:"cnf,omitzero"`
}

// idClaims are the claims that a user's attributes become: those the client may
// read, in the types that ID tokens give them. The caller adds the others, which
// so cannot be overridden by an attribute.
func idClaims(client *userpool.Client, attributes map[string]string) map[string]any {
	claims := make(map[string]any, len(attributes)+12)
	for name, value := range attributes {
		if value == "" || !client.Reads(name) {
			continue
		}
		switch name {
		case "identities":
			if list := userpool.IdentityClaims(value); len(list) > 0 {
				claims[name] = list
			}
		case "email_verified", "phone_number_verified":
			claims[name] = value == "true"
		case "address":
			claims[name] = map[string]string{"formatted": value}
		case "updated_at":
			if seconds, err := strconv.ParseInt(value, 10, 64); err == nil {
				claims[name] = seconds
			} else {
				claims[name] = value
			}
		default: // custom attributes too, whatever their type
			claims[name] = value
		}
	}
	return claims
}

// readable are the attributes that tokens of the sign-in may tell of: all, or
// those of the scopes through the OAuth endpoints.
func (r *refresh) readable(attributes map[string]string) map[string]string {
	if !r.Hosted {
		return attributes
	}
	readable := make(map[string]string, len(attributes))
	for name, value := range attributes {
		if userpool.ScopeReads(r.Scopes, name) {
			readable[name] = value
		}
	}
	return readable
}

// atHash is the at_hash claim: the left half of the digest of the access token
// (OpenID Connect Core 1.0, 3.1.3.6).
func atHash(accessToken string) string {
	digest := sha256.Sum256([]byte(accessToken))
	return encoding.EncodeToString(digest[:len(digest)/2])
}

// addGroupClaims adds what ID tokens say of the user's groups; nothing without
// any.
func addGroupClaims(claims map[string]any, groups userpool.GroupClaims) {
	if len(groups.Names) > 0 {
		claims["cognito:groups"] = groups.Names
	}
	if len(groups.Roles) > 0 {
		claims["cognito:roles"] = groups.Roles
	}
	if groups.PreferredRole != "" {
		claims["cognito:preferred_role"] = groups.PreferredRole
	}
}
