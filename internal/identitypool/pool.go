package identitypool

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/poolhouse/poolhouse/internal/arn"
	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/identitypool/login"
	"github.com/poolhouse/poolhouse/internal/store"
)

// Pool is an identity pool. It is shared by its readers and never changed.
type Pool struct {
	ID         string
	Name       string
	CreatedAt  time.Time
	ModifiedAt time.Time

	Config
	Settings
}

// Config is what CreateIdentityPool and UpdateIdentityPool set. Its JSON is that
// of the Cognito API.
type Config struct {
	AllowUnauthenticatedIdentities bool              `json:"AllowUnauthenticatedIdentities"`
	AllowClassicFlow               bool              `json:"AllowClassicFlow"`
	SupportedLoginProviders        map[string]string `json:"SupportedLoginProviders,omitzero"`
	DeveloperProviderName          string            `json:"DeveloperProviderName,omitzero"`
	OpenIDConnectProviderARNs      []string          `json:"OpenIdConnectProviderARNs,omitzero"`
	CognitoIdentityProviders       []CognitoProvider `json:"CognitoIdentityProviders,omitzero"`
	SAMLProviderARNs               []string          `json:"SamlProviderARNs,omitzero"`
	Tags                           map[string]string `json:"IdentityPoolTags,omitzero"`
}

// CognitoProvider is an app client of a user pool. ProviderName is as it was
// given; see login.Names.
type CognitoProvider struct {
	ProviderName         string `json:"ProviderName,omitzero"`
	ClientID             string `json:"ClientId,omitzero"`
	ServerSideTokenCheck bool   `json:"ServerSideTokenCheck"`
}

// Settings are what operations of their own set.
type Settings struct {
	Roles         map[string]string       `json:"Roles,omitzero"` // by authenticated and unauthenticated
	RoleMappings  map[string]RoleMapping  `json:"RoleMappings,omitzero"`
	PrincipalTags map[string]PrincipalMap `json:"PrincipalTags,omitzero"` // by provider
}

// PrincipalMap says which claims of a provider's tokens become principal tags.
type PrincipalMap struct {
	UseDefaults   bool              `json:"UseDefaults"`
	PrincipalTags map[string]string `json:"PrincipalTags,omitzero"` // claims by tags
}

// The bounds of an identity pool ("Quotas in Amazon Cognito" of the developer
// guide), as AWS raises them where it does.
const (
	maxUserPools = 1000
	maxProviders = 100 // of OpenID Connect, and of SAML
	maxTags      = 50
	maxPools     = 10_000
	// MaxPage is the most items on a page of any list.
	MaxPage = 60
)

type poolDoc struct {
	Config
	Settings
}

func invalid(format string, args ...any) error {
	return fault.Errorf(fault.InvalidParameter, format, args...)
}

func poolNotFound(id string) error {
	return fault.Errorf(fault.ResourceNotFound, "IdentityPool '%s' not found.", id)
}

func readPool(row *store.IdentityPool) (*Pool, error) {
	var doc poolDoc
	if err := json.Unmarshal([]byte(row.Doc), &doc); err != nil {
		return nil, fmt.Errorf("configuration of identity pool %s: %w", row.ID, err)
	}
	return &Pool{ID: row.ID, Name: row.Name, CreatedAt: row.CreatedAt, ModifiedAt: row.ModifiedAt, Config: doc.Config, Settings: doc.Settings}, nil
}

func (p *Pool) row() (*store.IdentityPool, error) {
	doc, err := json.Marshal(poolDoc{p.Config, p.Settings})
	if err != nil {
		return nil, fmt.Errorf("configuration of identity pool %s: %w", p.ID, err)
	}
	return &store.IdentityPool{ID: p.ID, Name: p.Name, Doc: string(doc), CreatedAt: p.CreatedAt, ModifiedAt: p.ModifiedAt}, nil
}

// Region is the region that the pool's id begins with.
func (p *Pool) Region() string {
	region, _, _ := strings.Cut(p.ID, ":")
	return region
}

// ARN is the Amazon Resource Name of a pool.
func (p *Pools) ARN(poolID string) string {
	region, _, _ := strings.Cut(poolID, ":")
	return arn.New("cognito-identity", region, p.accountID, "identitypool/"+poolID)
}

// providers are those that package login takes logins of.
func (p *Pools) providers(pool *Pool) login.Providers {
	providers := login.Providers{Public: pool.SupportedLoginProviders, OIDC: pool.OpenIDConnectProviderARNs, SAML: pool.SAMLProviderARNs}
	for _, c := range pool.CognitoIdentityProviders {
		providers.UserPools = append(providers.UserPools, login.UserPoolClient{
			Name: p.logins.Canonical(c.ProviderName), ClientID: c.ClientID, CheckServer: c.ServerSideTokenCheck,
		})
	}
	return providers
}

// check is InvalidParameterException for a configuration that cannot be.
func (p *Pools) check(c *Config) error {
	switch {
	case len(c.CognitoIdentityProviders) > maxUserPools:
		return fault.Errorf(fault.LimitExceeded, "The maximum number of Cognito identity providers, %d, is reached.", maxUserPools)
	case len(c.OpenIDConnectProviderARNs) > maxProviders || len(c.SAMLProviderARNs) > maxProviders:
		return fault.Errorf(fault.LimitExceeded, "The maximum number of identity providers, %d, is reached.", maxProviders)
	}
	seen := map[string]bool{}
	for _, provider := range c.CognitoIdentityProviders {
		name := p.logins.Canonical(provider.ProviderName)
		if _, ok := login.UserPool(name); !ok || provider.ClientID == "" {
			return invalid("Invalid Cognito Identity Provider")
		}
		key := name + ":" + provider.ClientID
		if seen[key] {
			return invalid("The Cognito Identity Provider %s is there twice.", key)
		}
		seen[key] = true
	}
	for name := range c.SupportedLoginProviders {
		if _, ok := login.UserPool(p.logins.Canonical(name)); ok || name == login.IdentityPools || strings.Contains(name, "://") {
			return invalid("Invalid login provider: %s", name)
		}
	}
	for _, provider := range c.OpenIDConnectProviderARNs {
		if _, ok := login.OIDCName(provider); !ok {
			return invalid("Invalid OpenId Connect provider ARN: %s", provider)
		}
	}
	for _, provider := range c.SAMLProviderARNs {
		if !login.IsSAML(provider) {
			return invalid("Invalid SAML provider ARN: %s", provider)
		}
	}
	// The name of a provider in Logins must mean one thing.
	if c.namedTwice(c.DeveloperProviderName) {
		return invalid("Invalid developer provider name: %s", c.DeveloperProviderName)
	}
	return checkTags(c.Tags)
}

// namedTwice says whether the name of the developer provider means another one
// too, whose users could then choose to be those of the developer.
func (c *Config) namedTwice(name string) bool {
	if _, public := c.SupportedLoginProviders[name]; public || name == login.IdentityPools {
		return true
	}
	return slices.ContainsFunc(c.OpenIDConnectProviderARNs, func(arn string) bool {
		other, _ := login.OIDCName(arn)
		return name != "" && other == name
	})
}

func checkTags(tags map[string]string) error {
	if len(tags) > maxTags {
		return invalid("Too many tags: %d, at most %d are allowed.", len(tags), maxTags)
	}
	for key := range tags {
		if strings.HasPrefix(strings.ToLower(key), "aws:") {
			return invalid("Tag keys that begin with aws: are reserved: %s", key)
		}
	}
	return nil
}
