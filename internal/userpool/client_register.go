package userpool

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/poolhouse/poolhouse/internal/fault"
)

// ScopeRegister lets a client register others. It is of no resource server, and no
// registered client can have it.
const ScopeRegister = "aws.cognito/dcr/register"

// clientDCR is the type of clients that registered themselves.
const clientDCR = "DCR"

// RegisteredItself says whether a client came by dynamic registration, and not from
// an administrator.
func (c *Client) RegisteredItself() bool { return c.ClientType == clientDCR }

// Registration is what a client that registers itself wants to be.
type Registration struct {
	Name         string
	Flows        []string // as in AllowedOAuthFlows
	Scopes       []string // none: all that its flows can have
	RedirectURIs []string
	Secret       bool // it can keep one
	Open         bool // nobody vouches for it
	DPoP         bool // it wants no tokens but such as are bound to its key

	LogoutURLs           []string
	BackChannelLogoutURI string // as in OAuthExtensions, with what follows
	SessionRequired      bool
}

// Registers says whether clients can register themselves, and whether without
// anybody who vouches for them.
func (p *Pool) Registers() (enabled, open bool) {
	d := p.DcrConfiguration
	enabled = d != nil && d.EnableStatus == "ENABLED"
	return enabled, enabled && d.OpenDcrEnabled != nil && *d.OpenDcrEnabled
}

// Register makes a client for who asks. Errors: InvalidParameterException and
// InvalidOAuthFlowException for what it cannot be, LimitExceededException.
func (p *Pools) Register(ctx context.Context, pool *Pool, r Registration) (*Client, error) {
	grants := pool.DcrConfiguration.AuthenticatedGrantTypes
	if r.Open {
		grants = pool.DcrConfiguration.OpenDcrGrantTypes
	}
	for _, flow := range r.Flows {
		if !slices.Contains(grants, flow) {
			return nil, invalid("The grant type is not allowed for dynamic client registration.")
		}
	}
	may := registrable(pool, r.Flows)
	if len(r.Scopes) == 0 {
		r.Scopes = may
	}
	for _, scope := range r.Scopes {
		if !slices.Contains(may, scope) {
			return nil, invalid("The scope %s is not allowed for dynamic client registration.", scope)
		}
	}
	if !registeredName(r.Name) {
		return nil, invalid("The client name is not valid.")
	}
	if err := p.checkLogoutURI(r.BackChannelLogoutURI); err != nil {
		return nil, err
	}
	var extensions *OAuthExtensions
	if r.DPoP || r.BackChannelLogoutURI != "" {
		extensions = &OAuthExtensions{BackChannelLogoutURI: r.BackChannelLogoutURI, BackChannelLogoutSessionRequired: r.SessionRequired}
	}
	if r.DPoP {
		extensions.DPoP = DPoPRequired
	}
	client, err := p.CreateClient(ctx, NewClient{
		OAuth: extensions, PoolID: pool.ID, Name: cmp.Or(r.Name, "dynamic-client"), GenerateSecret: r.Secret,
		Settings: ClientSettings{ClientConfig: ClientConfig{
			ClientType: clientDCR, CallbackURLs: r.RedirectURIs, LogoutURLs: r.LogoutURLs,
			AllowedOAuthFlowsUserPoolClient: true, AllowedOAuthFlows: r.Flows, AllowedOAuthScopes: r.Scopes,
			SupportedIdentityProviders: []string{"COGNITO"}, ExplicitAuthFlows: []string{"ALLOW_REFRESH_TOKEN_AUTH"},
			PreventUserExistenceErrors: "ENABLED",
		}},
	})
	if fault.CodeOf(err) == fault.ScopeDoesNotExist { // taken from its resource server since
		err = invalid("A scope is not allowed for dynamic client registration.")
	}
	return client, err
}

// registrable are the scopes that a client with these flows can register for.
func registrable(pool *Pool, flows []string) []string {
	custom := slices.DeleteFunc(slices.Clone(pool.DcrConfiguration.AllowedScopes), func(s string) bool { return s == ScopeRegister })
	if slices.Contains(flows, "client_credentials") {
		return slices.DeleteFunc(custom, func(s string) bool { return slices.Contains(systemScopes, s) })
	}
	scopes := []string{"openid", "email", "phone", "profile"}
	for _, scope := range custom {
		if !slices.Contains(scopes, scope) {
			scopes = append(scopes, scope)
		}
	}
	return scopes
}

// registeredName says whether a name is one that the API lets administrators give,
// or none.
func registeredName(name string) bool {
	const more = "_+=,.@- "
	return len(name) <= 128 && !strings.ContainsFunc(name, func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune(more, r))
	})
}
