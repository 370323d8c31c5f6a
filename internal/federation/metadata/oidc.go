package metadata

import (
	"encoding/json"
	"errors"
	"strings"
)

var (
	// ErrDiscovery says that a document is no OpenID Connect discovery document.
	ErrDiscovery = errors.New("malformed discovery document")

	// ErrIssuer says that a discovery document is another issuer's.
	ErrIssuer = errors.New("discovery document of another issuer")
)

// OIDC are the endpoints of an OpenID Connect provider.
type OIDC struct {
	Issuer                string `json:"issuer"`
	AuthorizationEndpoint string `json:"authorization_endpoint"`
	TokenEndpoint         string `json:"token_endpoint"`
	UserInfoEndpoint      string `json:"userinfo_endpoint,omitzero"`
	JWKSURI               string `json:"jwks_uri"`
}

// DiscoveryURL is where an issuer has its discovery document (OpenID Connect
// Discovery 1.0, 4.1).
func DiscoveryURL(issuer string) string {
	return strings.TrimSuffix(issuer, "/") + "/.well-known/openid-configuration"
}

// ParseOIDC reads the discovery document of an issuer. The issuer must be the
// one that was asked, save for a slash at the end; an endpoint must be an URL if
// it is there. Which of them are needed, the caller knows. The errors are
// ErrDiscovery and ErrIssuer.
func ParseOIDC(doc []byte, issuer string) (*OIDC, error) {
	if len(doc) > MaxSize {
		return nil, ErrDiscovery
	}
	var o OIDC
	if err := json.Unmarshal(doc, &o); err != nil {
		return nil, ErrDiscovery
	}
	if strings.TrimSuffix(o.Issuer, "/") != strings.TrimSuffix(issuer, "/") {
		return nil, ErrIssuer
	}
	for _, endpoint := range []string{o.AuthorizationEndpoint, o.TokenEndpoint, o.UserInfoEndpoint, o.JWKSURI} {
		if endpoint != "" && !IsURL(endpoint) {
			return nil, ErrDiscovery
		}
	}
	return &o, nil
}
