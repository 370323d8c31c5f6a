package token

import (
	"context"
	"fmt"

	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// Discovery is a pool's OpenID provider configuration (OpenID Connect Discovery
// 1.0, section 3, and RFC 8414): what is served, members in the order of the
// alphabet as Cognito has them. What is empty is left out: a pool without a domain
// has no endpoints.
type Discovery struct {
	ACRValuesSupported                 []string `json:"acr_values_supported,omitzero"`
	AuthorizationEndpoint              string   `json:"authorization_endpoint,omitzero"`
	BackChannelLogoutSessionSupported  bool     `json:"backchannel_logout_session_supported,omitzero"`
	BackChannelLogoutSupported         bool     `json:"backchannel_logout_supported,omitzero"`
	ClaimsSupported                    []string `json:"claims_supported,omitzero"`
	CodeChallengeMethodsSupported      []string `json:"code_challenge_methods_supported,omitzero"`
	DeviceAuthorizationEndpoint        string   `json:"device_authorization_endpoint,omitzero"`
	DPoPSigningAlgValuesSupported      []string `json:"dpop_signing_alg_values_supported,omitzero"`
	EndSessionEndpoint                 string   `json:"end_session_endpoint,omitzero"`
	GrantTypesSupported                []string `json:"grant_types_supported,omitzero"`
	IDTokenSigningAlgValuesSupported   []string `json:"id_token_signing_alg_values_supported"`
	IntrospectionEndpoint              string   `json:"introspection_endpoint,omitzero"`
	IntrospectionAuthMethodsSupported  []string `json:"introspection_endpoint_auth_methods_supported,omitzero"`
	Issuer                             string   `json:"issuer"`
	JWKSURI                            string   `json:"jwks_uri"`
	PromptValuesSupported              []string `json:"prompt_values_supported,omitzero"`
	PushedAuthorizationRequestEndpoint string   `json:"pushed_authorization_request_endpoint,omitzero"`
	RegistrationEndpoint               string   `json:"registration_endpoint,omitzero"`
	RequestParameterSupported          *bool    `json:"request_parameter_supported,omitzero"`
	RequestURIParameterSupported       *bool    `json:"request_uri_parameter_supported,omitzero"`
	ResponseModesSupported             []string `json:"response_modes_supported,omitzero"`
	ResponseTypesSupported             []string `json:"response_types_supported"` // required by the specification
	RevocationEndpoint                 string   `json:"revocation_endpoint,omitzero"`
	RevocationAuthMethodsSupported     []string `json:"revocation_endpoint_auth_methods_supported,omitzero"`
	ScopesSupported                    []string `json:"scopes_supported,omitzero"`
	SubjectTypesSupported              []string `json:"subject_types_supported"`
	TokenEndpoint                      string   `json:"token_endpoint,omitzero"`
	TokenEndpointAuthMethodsSupported  []string `json:"token_endpoint_auth_methods_supported,omitzero"`
	UILocalesSupported                 []string `json:"ui_locales_supported,omitzero"`
	UserinfoEndpoint                   string   `json:"userinfo_endpoint,omitzero"`
}

// Discovery describes a pool's issuer: that of its tokens, with the key set below
// it.
func (i *Issuer) Discovery(pool *userpool.Pool) Discovery {
	issuer := i.issuerURL(pool.ID)
	return Discovery{
		IDTokenSigningAlgValuesSupported: []string{"RS256"},
		Issuer:                           issuer,
		JWKSURI:                          issuer + "/.well-known/jwks.json",
		ResponseTypesSupported:           []string{"code", "token"},
		SubjectTypesSupported:            []string{"public"},
	}
}

// KeySet is a pool's JWK set (RFC 7517, section 5).
type KeySet struct {
	Keys []keys.JWK `json:"keys"`
}

// JWKS returns the keys that verify a pool's tokens, those about to be used
// included.
func (i *Issuer) JWKS(ctx context.Context, pool *userpool.Pool) (KeySet, error) {
	jwks, err := i.ring.JWKS(ctx, pool.ID)
	if err != nil {
		return KeySet{}, fmt.Errorf("key set of pool %s: %w", pool.ID, err)
	}
	return KeySet{Keys: jwks}, nil
}
