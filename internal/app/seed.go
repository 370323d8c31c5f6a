package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"

	"github.com/poolhouse/poolhouse/internal/apimodel"
	"github.com/poolhouse/poolhouse/internal/credentials"
	"github.com/poolhouse/poolhouse/internal/federation/samlprovider"
	"github.com/poolhouse/poolhouse/internal/idp"
	"github.com/poolhouse/poolhouse/internal/idpapi"
)

// Seed is pools, clients, users, roles and SAML providers that a server starts
// with. What exists already is left as it is. The JSON of a seed file is
//
//	{"UserPools": [{
//	  "Id": "us-east-1_Example01", "PoolName": "example", "Domain": "example", ...members of CreateUserPool,
//	  "Clients": [{"ClientId": "...", "ClientName": "web", ...members of CreateUserPoolClient}],
//	  "Users": [{"Username": "ada", "Password": "...", "Attributes": {"email": "ada@example.com"}}]
//	}], "Roles": [{"Name": "member", "Trust": {...}, "Policy": {...}}],
//	"SamlProviders": [{"Name": "corp", "Metadata": "<EntityDescriptor ...", "Audiences": [...], "Recipients": [...]}]}
type Seed struct {
	UserPools     []SeedUserPool
	Roles         []SeedRole
	SAMLProviders []samlprovider.Definition `json:"SamlProviders"`
}

// SeedRole is a role of a Seed, for identity pools. Trust and Policy are IAM
// documents, see credentials.Definition.
type SeedRole struct {
	Name, Path    string
	Trust, Policy json.RawMessage
}

// SeedUserPool is a pool of a Seed. The members of the CreateUserPool request
// stand beside these.
type SeedUserPool struct {
	ID      string           `json:"Id"`
	Domain  string           `json:"Domain"` // the prefix, "" for none; with pages of managed login
	Clients []SeedUserClient `json:"Clients"`
	Users   []SeedUser       `json:"Users"`

	request idpapi.CreateUserPoolInput
}

// SeedUserClient is an app client of a Seed. The members of the
// CreateUserPoolClient request stand beside its id.
type SeedUserClient struct {
	ID string `json:"ClientId"`

	request json.RawMessage
}

// SeedUser is a user of a Seed: confirmed, with this password.
type SeedUser struct {
	Username   string            `json:"Username"`
	Password   string            `json:"Password"`
	Attributes map[string]string `json:"Attributes"`
}

// ReadSeed reads a seed file.
func ReadSeed(name string) (*Seed, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	var s Seed
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields() // a misspelt UserPools would seed nothing
	if err := decoder.Decode(&s); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return &s, nil
}

// UnmarshalJSON reads a pool and validates its request by the API model.
func (p *SeedUserPool) UnmarshalJSON(text []byte) error {
	type plain SeedUserPool
	if err := json.Unmarshal(text, (*plain)(p)); err != nil {
		return err
	}
	if p.ID == "" {
		return errors.New("a pool without an Id")
	}
	if err := apimodel.Decode(idpapi.OpCreateUserPool.Input, text, &p.request); err != nil {
		return fmt.Errorf("pool %s: %w", p.ID, err)
	}
	return nil
}

// UnmarshalJSON reads a client. Its request lacks the pool, so that it is
// validated when it is made.
func (c *SeedUserClient) UnmarshalJSON(text []byte) error {
	type plain SeedUserClient
	if err := json.Unmarshal(text, (*plain)(c)); err != nil {
		return err
	}
	if c.ID == "" {
		return errors.New("a client without a ClientId")
	}
	c.request = slices.Clone(text)
	return nil
}

// The pool and client that every development server has.
const (
	DemoPoolID   = "us-east-1_Demo00000"
	DemoClientID = "demo0client000000000000000"
)

const demoSeed = `{"UserPools": [{
	"Id": "` + DemoPoolID + `",
	"PoolName": "demo",
	"AutoVerifiedAttributes": ["email"],
	"UsernameConfiguration": {"CaseSensitive": false},
	"Clients": [{
		"ClientId": "` + DemoClientID + `",
		"ClientName": "demo",
		"ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH",
			"ALLOW_USER_AUTH", "ALLOW_CUSTOM_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
	}]
}]}`

// seed makes what the server starts with.
func (a *App) seed(ctx context.Context) error {
	if a.options.Dev {
		var demo Seed
		if err := json.Unmarshal([]byte(demoSeed), &demo); err != nil {
			return fmt.Errorf("demo pool: %w", err)
		}
		if err := demo.plant(ctx, a.service); err != nil {
			return err
		}
	}
	if a.options.Seed != nil {
		if err := a.options.Seed.plant(ctx, a.service); err != nil {
			return err
		}
		for _, role := range a.options.Seed.Roles {
			d := credentials.Definition{Name: role.Name, Path: role.Path, Trust: string(role.Trust), Policy: string(role.Policy)}
			if err := a.roles.Ensure(ctx, d); err != nil {
				return fmt.Errorf("seed role %s: %w", role.Name, err)
			}
		}
		for _, provider := range a.options.Seed.SAMLProviders {
			if err := a.samlProviders.Ensure(ctx, provider); err != nil {
				return fmt.Errorf("seed: %w", err)
			}
		}
	}
	return nil
}

func (s *Seed) plant(ctx context.Context, service *idp.Service) error {
	for _, p := range s.UserPools {
		if err := p.plant(ctx, service); err != nil {
			return fmt.Errorf("seed pool %s: %w", p.ID, err)
		}
	}
	return nil
}

func (p *SeedUserPool) plant(ctx context.Context, service *idp.Service) error {
	if err := service.SeedUserPool(ctx, p.ID, &p.request); err != nil {
		return err
	}
	if p.Domain != "" {
		if err := service.SeedUserPoolDomain(ctx, p.ID, p.Domain); err != nil {
			return fmt.Errorf("domain %s: %w", p.Domain, err)
		}
	}
	for _, c := range p.Clients {
		request, err := withPool(c.request, p.ID)
		if err != nil {
			return err
		}
		var in idpapi.CreateUserPoolClientInput
		if err := apimodel.Decode(idpapi.OpCreateUserPoolClient.Input, request, &in); err != nil {
			return fmt.Errorf("client %s: %w", c.ID, err)
		}
		if err := service.SeedUserPoolClient(ctx, c.ID, &in); err != nil {
			return fmt.Errorf("client %s: %w", c.ID, err)
		}
	}
	for _, u := range p.Users {
		in := &idpapi.AdminCreateUserInput{UserPoolId: p.ID, Username: u.Username}
		for _, name := range slices.Sorted(maps.Keys(u.Attributes)) {
			in.UserAttributes = append(in.UserAttributes, idpapi.AttributeType{Name: name, Value: u.Attributes[name]})
		}
		if err := service.SeedUser(ctx, in, u.Password); err != nil {
			return fmt.Errorf("user %s: %w", u.Username, err)
		}
	}
	return nil
}

// withPool adds the pool's id to a request.
func withPool(request json.RawMessage, poolID string) ([]byte, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(request, &members); err != nil {
		return nil, err
	}
	id, err := json.Marshal(poolID)
	if err != nil {
		return nil, err
	}
	members["UserPoolId"] = id
	return json.Marshal(members)
}
