package oauth

import (
	"context"
	"net/url"

	"github.com/poolhouse/poolhouse/internal/token"
	"github.com/poolhouse/poolhouse/internal/userpool"
	"github.com/poolhouse/poolhouse/verify/dpop"
)

// Discovery is the provider configuration of a pool, with the endpoints of its
// domain if it has one. Members that Cognito's has not are there for clients that
// look for them, such as those that demand PKCE.
func (s *Server) Discovery(ctx context.Context, pool *userpool.Pool) (token.Discovery, error) {
	d := s.Tokens.Discovery(pool)
	base, err := s.BaseOf(ctx, pool)
	if err != nil || base == "" {
		return d, err
	}
	methods := []string{"client_secret_basic", "client_secret_post"}
	d.AuthorizationEndpoint = base + "/oauth2/authorize"
	d.TokenEndpoint = base + "/oauth2/token"
	d.UserinfoEndpoint = base + "/oauth2/userInfo"
	d.RevocationEndpoint = base + "/oauth2/revoke"
	d.IntrospectionEndpoint = base + "/oauth2/introspect"
	d.IntrospectionAuthMethodsSupported = methods
	d.PushedAuthorizationRequestEndpoint = base + "/oauth2/par"
	if enabled, _ := pool.Registers(); enabled {
		d.RegistrationEndpoint = base + "/oauth2/register"
	}
	d.EndSessionEndpoint = base + "/logout"
	d.BackChannelLogoutSupported, d.BackChannelLogoutSessionSupported = true, true
	d.ScopesSupported = []string{"openid", "email", "phone", "profile"}
	d.TokenEndpointAuthMethodsSupported = append(methods[:2:2], "none")
	d.RevocationAuthMethodsSupported = d.TokenEndpointAuthMethodsSupported
	// The document is of the pool: what is off until switched on for a client stands
	// in it all the same.
	d.GrantTypesSupported = []string{"authorization_code", "implicit", "refresh_token", "client_credentials", deviceGrantType}
	d.DeviceAuthorizationEndpoint = base + "/oauth2/device_authorization"
	d.CodeChallengeMethodsSupported = []string{"S256"}
	d.ResponseModesSupported = []string{"query", "fragment"}
	d.PromptValuesSupported = prompts
	d.DPoPSigningAlgValuesSupported = dpop.Algorithms()
	d.RequestParameterSupported, d.RequestURIParameterSupported = new(false), new(false)
	d.ClaimsSupported = []string{"sub", "iss", "aud", "exp", "iat", "auth_time", "acr", "amr", "nonce", "at_hash",
		"email", "email_verified", "phone_number", "phone_number_verified", "name", "given_name", "family_name", "middle_name",
		"nickname", "preferred_username", "profile", "picture", "website", "gender", "birthdate", "zoneinfo", "locale", "address",
		"updated_at"}
	d.ACRValuesSupported = pool.ACRValues()
	return d, nil
}

// BaseOf is where a pool's endpoints and pages are, "" if it has no domain: below
// its own host name or its prefix where the deployment has a suffix for these that
// can be resolved, and below the path of its domain otherwise.
func (s *Server) BaseOf(ctx context.Context, pool *userpool.Pool) (string, error) {
	prefix, custom, err := s.Pools.DomainsOf(ctx, pool.ID)
	if err != nil {
		return "", err
	}
	domain := custom
	if domain == nil {
		domain = prefix
	}
	switch {
	case domain == nil:
		return "", nil
	case domain.Custom() && !s.CustomHosts, !domain.Custom() && !s.PrefixHosts:
		return s.PublicURL + domainPath + domain.Name, nil
	}
	u, err := url.Parse(s.PublicURL)
	if err != nil {
		return "", err
	}
	host := s.Pools.DomainHost(domain)
	if port := u.Port(); port != "" && !domain.Custom() {
		host += ":" + port
	}
	return u.Scheme + "://" + host, nil
}
