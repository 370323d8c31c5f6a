package userpool

import "cmp"

// ClientSettings is what a request to create or update an app client sets. Its
// JSON is that of the CreateUserPoolClient and UpdateUserPoolClient inputs.
type ClientSettings struct {
	ClientConfig
	EnableTokenRevocation *bool `json:"EnableTokenRevocation"`
}

const defaultSession = 3 // minutes

// config is the configuration of a client that has these settings, with
// defaults for what they leave out.
func (s *ClientSettings) config() ClientConfig {
	c := s.ClientConfig
	c.ReadAttributes = set(c.ReadAttributes)
	c.WriteAttributes = set(c.WriteAttributes)
	c.ExplicitAuthFlows = set(c.ExplicitAuthFlows)
	c.SupportedIdentityProviders = set(c.SupportedIdentityProviders)
	c.CallbackURLs = set(c.CallbackURLs)
	c.LogoutURLs = set(c.LogoutURLs)
	c.AllowedOAuthFlows = set(c.AllowedOAuthFlows)
	c.AllowedOAuthScopes = set(c.AllowedOAuthScopes)
	c.EnableTokenRevocation = s.EnableTokenRevocation == nil || *s.EnableTokenRevocation
	c.AuthSessionValidity = cmp.Or(c.AuthSessionValidity, defaultSession)
	if u := c.TokenValidityUnits; u != nil {
		c.TokenValidityUnits = &TokenValidityUnits{
			AccessToken:  cmp.Or(u.AccessToken, "hours"),
			IdToken:      cmp.Or(u.IdToken, "hours"),
			RefreshToken: cmp.Or(u.RefreshToken, "days"),
		}
	}
	if c.RefreshTokenValidity == 0 {
		unit := cmp.Or(c.units().RefreshToken, "days")
		c.RefreshTokenValidity = int(defaultRefreshTTL / timeUnits[unit])
	}
	return c
}
