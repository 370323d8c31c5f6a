package userpool

import (
	"errors"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/store"
)

// MaxTokenTTL is the longest life that a client can give its access and ID
// tokens.
const MaxTokenTTL = 24 * time.Hour

// The other bounds of token lives.
const (
	minTokenTTL   = 5 * time.Minute
	minRefreshTTL = time.Hour
	maxRefreshTTL = 3650 * 24 * time.Hour
)

// check refuses a client whose settings do not go together or do not fit its
// pool, which tx tells the scopes of.
func (c *ClientConfig) check(tx *store.Tx, pool *Pool, hasSecret bool) error {
	return firstError(
		c.checkValidity,
		func() error { return c.checkFlows(hasSecret) },
		func() error { return c.checkAttributes(pool) },
		func() error { return c.checkOAuth(hasSecret) },
		c.checkURLs,
		func() error { return c.checkScopes(tx, pool) },
		func() error { return c.checkProviders(tx, pool) },
		c.checkAnalytics,
	)
}

func (c *ClientConfig) checkValidity() error {
	client := Client{ClientConfig: *c}
	access, id, refresh := client.AccessTokenTTL(), client.IDTokenTTL(), client.RefreshTokenTTL()
	if access < minTokenTTL || access > MaxTokenTTL || id < minTokenTTL || id > MaxTokenTTL ||
		refresh < minRefreshTTL || refresh > maxRefreshTTL {
		return invalid("Invalid range for token validity.")
	}
	if refresh < access || refresh < id {
		return invalid("Refresh token validity must be greater than access/id token")
	}
	return nil
}

func (c *ClientConfig) checkFlows(hasSecret bool) error {
	flows := c.ExplicitAuthFlows
	allowNames := usesAllowNames(flows)
	if allowNames && slices.ContainsFunc(flows, func(f string) bool { return !strings.HasPrefix(f, "ALLOW_") }) {
		return invalid("Auth flow name with prefix 'ALLOW' cannot be used with legacy auth flow names.")
	}
	if slices.Contains(flows, "CUSTOM_AUTH_FLOW_ONLY") && len(flows) > 1 {
		return invalid("CUSTOM_AUTH_FLOW_ONLY cannot be used with other auth flow names.")
	}
	if slices.Contains(flows, "ALLOW_CLIENT_TOKEN_AUTH") {
		switch {
		case len(flows) > 1:
			return invalid("ALLOW_CLIENT_TOKEN_AUTH cannot be used with other auth flow names.")
		case !hasSecret:
			return invalid("ALLOW_CLIENT_TOKEN_AUTH can not be selected if client does not have a client secret.")
		}
	}
	r := c.RefreshTokenRotation
	if r != nil && r.Feature == "ENABLED" && slices.Contains(flows, "ALLOW_REFRESH_TOKEN_AUTH") {
		return invalid("ALLOW_REFRESH_TOKEN_AUTH cannot be used when refresh token rotation is enabled.")
	}
	return nil
}

func (c *ClientConfig) checkAttributes(pool *Pool) error {
	for _, name := range c.ReadAttributes {
		if pool.SchemaAttribute(name) == nil {
			return invalid("Invalid read attributes specified while creating a client")
		}
	}
	if len(c.WriteAttributes) == 0 {
		return nil
	}
	unfit := func(name string) bool { return unwritable(name) || pool.SchemaAttribute(name) == nil }
	if slices.ContainsFunc(c.WriteAttributes, unfit) {
		return invalid("Invalid write attributes specified while creating a client")
	}
	// Nobody could sign up through a client that cannot write what is required.
	for _, a := range pool.SchemaAttributes {
		if a.Required && !unwritable(a.Name) && !slices.Contains(c.WriteAttributes, a.Name) {
			return invalid("Invalid write attributes specified while creating a client")
		}
	}
	return nil
}

func (c *ClientConfig) checkOAuth(hasSecret bool) error {
	flows := c.AllowedOAuthFlows
	redirects := slices.Contains(flows, "code") || slices.Contains(flows, "implicit")
	machine := slices.Contains(flows, "client_credentials")
	byAPI := slices.Contains(c.ExplicitAuthFlows, "ALLOW_CLIENT_TOKEN_AUTH") // has scopes without a grant of OAuth
	switch {
	case !c.AllowedOAuthFlowsUserPoolClient && (len(flows) > 0 || len(c.AllowedOAuthScopes) > 0 && !byAPI):
		return invalid("AllowedOAuthFlowsUserPoolClient must be true to use AllowedOAuthFlows and AllowedOAuthScopes.")
	case c.AllowedOAuthFlowsUserPoolClient && (len(flows) == 0 || len(c.AllowedOAuthScopes) == 0):
		return invalid("AllowedOAuthFlows and AllowedOAuthScopes are required if user pool client is allowed to use OAuth flows.")
	case machine && redirects:
		return fault.New(fault.InvalidOAuthFlow, "client_credentials flow can not be selected along with code flow or implicit flow.")
	case machine && !hasSecret:
		return fault.New(fault.InvalidOAuthFlow, "client_credentials flow can not be selected if client does not have a client secret.")
	case redirects && len(c.CallbackURLs) == 0:
		return fault.New(fault.InvalidOAuthFlow, "CallbackUrls can not be empty when code flow or implicit flow is selected")
	}
	return nil
}

func (c *ClientConfig) checkURLs() error {
	for _, list := range [][]string{c.CallbackURLs, c.LogoutURLs} {
		for _, text := range list {
			if err := checkRedirect(text); err != nil {
				return err
			}
		}
	}
	if c.DefaultRedirectURI != "" && !slices.Contains(c.CallbackURLs, c.DefaultRedirectURI) {
		return invalid("The default redirect URI %s is not in the callback URIs list.", c.DefaultRedirectURI)
	}
	return nil
}

// CheckRedirects refuses what cannot be a callback URL, with
// InvalidParameterException.
func CheckRedirects(list []string) error {
	return (&ClientConfig{CallbackURLs: list}).checkURLs()
}

// checkRedirect allows https, http to the own machine, and the schemes that apps
// register for themselves; not what a browser would run or show by itself.
func checkRedirect(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Scheme == "":
		return invalid("%s is not a valid URL.", text)
	case strings.Contains(text, "#"):
		return invalid("%s cannot contain a fragment.", text)
	}
	switch u.Scheme {
	case "https":
		if u.Hostname() == "" {
			return invalid("%s is not a valid URL.", text)
		}
	case "http":
		if !isLoopback(u.Hostname()) {
			return invalid("%s cannot use the HTTP protocol.", text)
		}
	case "javascript", "data", "vbscript", "file", "blob", "about":
		return invalid("%s is not a valid URL.", text)
	}
	return nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// systemScopes are the scopes of every pool.
var systemScopes = []string{ScopeOpenID, "email", "phone", "profile", ScopeSignIn}

// checkScopes allows the scopes of every pool and those of its resource servers.
func (c *ClientConfig) checkScopes(tx *store.Tx, pool *Pool) error {
	for _, scope := range c.AllowedOAuthScopes {
		if slices.Contains(systemScopes, scope) {
			continue
		}
		if scope == ScopeRegister && c.ClientType == clientDCR {
			return invalid("The scope %s can not be granted to a dynamically registered client.", scope)
		}
		known, err := hasScope(tx, pool.ID, scope)
		if err != nil {
			return err
		}
		if !known {
			return fault.Errorf(fault.ScopeDoesNotExist, "Invalid scope requested: %s", scope)
		}
	}
	return nil
}

// checkProviders allows the pool's own directory and its identity providers.
func (c *ClientConfig) checkProviders(tx *store.Tx, pool *Pool) error {
	for _, provider := range c.SupportedIdentityProviders {
		if provider == "COGNITO" {
			continue
		}
		_, err := tx.IdentityProvider(pool.ID, provider)
		if errors.Is(err, store.ErrNotFound) {
			return invalid("The provider %s does not exist for User Pool %s.", provider, pool.ID)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *ClientConfig) checkAnalytics() error {
	a := c.AnalyticsConfiguration
	if a == nil {
		return nil
	}
	byARN := a.ApplicationArn != "" && a.ApplicationId == ""
	byID := a.ApplicationArn == "" && a.ApplicationId != "" && a.RoleArn != "" && a.ExternalId != ""
	if !byARN && !byID {
		return invalid("Invalid analytics configuration given, either <application arn> or <application id, role arn, external id> are valid")
	}
	return nil
}
