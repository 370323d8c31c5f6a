package userpool

// ClientConfig is what an administrator sets on an app client. Its JSON has the
// names and the shape of the Cognito API; it is the doc column of the client's
// row together with the sealed secrets. A nil member was never set and is not
// shown.
type ClientConfig struct {
	RefreshTokenValidity                     int                     `json:"RefreshTokenValidity"`
	AccessTokenValidity                      *int                    `json:"AccessTokenValidity,omitzero"`
	IdTokenValidity                          *int                    `json:"IdTokenValidity,omitzero"`
	TokenValidityUnits                       *TokenValidityUnits     `json:"TokenValidityUnits,omitzero"`
	ReadAttributes                           []string                `json:"ReadAttributes,omitzero"`
	WriteAttributes                          []string                `json:"WriteAttributes,omitzero"`
	ExplicitAuthFlows                        []string                `json:"ExplicitAuthFlows,omitzero"`
	SupportedIdentityProviders               []string                `json:"SupportedIdentityProviders,omitzero"`
	CallbackURLs                             []string                `json:"CallbackURLs,omitzero"`
	LogoutURLs                               []string                `json:"LogoutURLs,omitzero"`
	DefaultRedirectURI                       string                  `json:"DefaultRedirectURI,omitzero"`
	AllowedOAuthFlows                        []string                `json:"AllowedOAuthFlows,omitzero"`
	AllowedOAuthScopes                       []string                `json:"AllowedOAuthScopes,omitzero"`
	AllowedOAuthFlowsUserPoolClient          bool                    `json:"AllowedOAuthFlowsUserPoolClient"`
	AnalyticsConfiguration                   *AnalyticsConfiguration `json:"AnalyticsConfiguration,omitzero"`
	PreventUserExistenceErrors               string                  `json:"PreventUserExistenceErrors,omitzero"`
	EnableTokenRevocation                    bool                    `json:"EnableTokenRevocation"`
	EnablePropagateAdditionalUserContextData bool                    `json:"EnablePropagateAdditionalUserContextData"`
	AuthSessionValidity                      int                     `json:"AuthSessionValidity"` // minutes
	RefreshTokenRotation                     *RefreshTokenRotation   `json:"RefreshTokenRotation,omitzero"`
	ClientType                               string                  `json:"ClientType,omitzero"`
}

// TokenValidityUnits are seconds, minutes, hours or days.
type TokenValidityUnits struct {
	AccessToken  string `json:"AccessToken,omitzero"`
	IdToken      string `json:"IdToken,omitzero"`
	RefreshToken string `json:"RefreshToken,omitzero"`
}

// AnalyticsConfiguration is kept and given back; nothing is sent anywhere.
type AnalyticsConfiguration struct {
	ApplicationId  string `json:"ApplicationId,omitzero"`
	ApplicationArn string `json:"ApplicationArn,omitzero"`
	RoleArn        string `json:"RoleArn,omitzero"`
	ExternalId     string `json:"ExternalId,omitzero"`
	UserDataShared *bool  `json:"UserDataShared,omitzero"`
}

// RefreshTokenRotation sets whether each refresh gives a new refresh token, and
// for how many seconds the old one still works.
type RefreshTokenRotation struct {
	Feature                 string `json:"Feature"`
	RetryGracePeriodSeconds *int   `json:"RetryGracePeriodSeconds,omitzero"`
}

// ClientSecret is one of a client's secrets, at most two. ID is the client's id,
// two hyphens and the time it was made in unix seconds.
type ClientSecret struct {
	ID        string `json:"ID"`
	Sealed    string `json:"Sealed"`
	CreatedAt int64  `json:"CreatedAt"` // unix milliseconds
}

// SeparateClientConfig is what operations of their own set on a client and
// UpdateUserPoolClient leaves as it is.
type SeparateClientConfig struct {
	SSOSession *SSOSession      `json:"SSOSession,omitzero"`
	Risk       *RiskConfig      `json:"Risk,omitzero"`
	OAuth      *OAuthExtensions `json:"OAuth,omitzero"`
}
