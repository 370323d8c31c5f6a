package userpool

import "time"

// ClientSettings is what a request to create or update an app client sets. Its
// JSON is that of the CreateUserPoolClient and UpdateUserPoolClient inputs.
type ClientSettings struct {
	ClientConfig
	EnableTokenRevocation *bool `json:"EnableTokenRevocation"`
}

const (
	defaultRefreshDays = 30
	defaultSession     = 3 // minutes
)

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
	c.AuthSessionValidity = or(c.AuthSessionValidity, defaultSession)
	if u := c.TokenValidityUnits; u != nil {
		c.TokenValidityUnits = &TokenValidityUnits{
			AccessToken:  or(u.AccessToken, "hours"),
			IdToken:      or(u.IdToken, "hours"),
			RefreshToken: or(u.RefreshToken, "days"),
		}
	}
	if c.RefreshTokenValidity == 0 {
		unit := or(c.units().RefreshToken, "days")
		c.RefreshTokenValidity = int(defaultRefreshDays * 24 * time.Hour / timeUnits[unit])
	}
	return c
}
