package userpool

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/federation/metadata"
	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/store"
)

// Provider is an identity provider through which the users of a pool can sign
// in, with its secrets opened. It is shared by all requests of a node and never
// changed once loaded.
type Provider struct {
	PoolID string
	ID     string // random, of one life of the name
	Name   string
	Type   string // SAML, OIDC, Google, Facebook, LoginWithAmazon or SignInWithApple

	// Details are the ProviderDetails of the Cognito API, what is filled in
	// included: client_id, client_secret, authorize_scopes, authorize_url, ...
	Details map[string]string

	AttributeMapping map[string]string // attribute of the pool: attribute of the provider
	AcrMapping       map[string]string // acr of the provider: level of the pool
	Identifiers      []string

	SAML *metadata.SAML // of a SAML provider, as last read
	OIDC *metadata.OIDC // of an OIDC provider whose endpoints were discovered

	CreatedAt  time.Time
	ModifiedAt time.Time
}

const (
	detailClientSecret = "client_secret"
	detailPrivateKey   = "private_key"
)

// sealedDetails are the details that rest sealed.
var sealedDetails = []string{detailClientSecret, detailPrivateKey}

// providerSecretPurpose seals the secrets of providers; the context is the pool,
// the provider's id and the name of the detail.
const providerSecretPurpose keys.Purpose = "identity-provider-secret"

// Shown are the details as Cognito shows them: a private key is only ever
// written.
func (p *Provider) Shown() map[string]string {
	shown := maps.Clone(p.Details)
	delete(shown, detailPrivateKey)
	return shown
}

// Endpoint is the URL of an endpoint of a provider that speaks OAuth, by its name
// among the details: authorize_url, token_url, attributes_url or jwks_uri. Of
// those that were not given, it is the one that was discovered; "" if there is
// none.
func (p *Provider) Endpoint(detail string) string {
	if given := p.Details[detail]; given != "" || p.OIDC == nil {
		return given
	}
	switch detail {
	case "authorize_url":
		return p.OIDC.AuthorizationEndpoint
	case "token_url":
		return p.OIDC.TokenEndpoint
	case "attributes_url":
		return p.OIDC.UserInfoEndpoint
	case "jwks_uri":
		return p.OIDC.JWKSURI
	}
	return ""
}

func providerNotFound(name string) error {
	return fault.Errorf(fault.ResourceNotFound, "Identity provider %s does not exist.", name)
}

// Provider returns an identity provider of a pool, from the cache of this node, or
// ResourceNotFoundException.
func (p *Pools) Provider(ctx context.Context, poolID, name string) (*Provider, error) {
	if _, err := p.Pool(ctx, poolID); err != nil {
		return nil, err
	}
	return p.providers.get(ctx, poolID+" "+name, func(ctx context.Context, _ string) (*Provider, error) {
		var row *store.IdentityProvider
		var identifiers []string
		err := p.db.View(ctx, func(tx *store.Tx) (err error) {
			if row, err = tx.IdentityProvider(poolID, name); err != nil {
				return err
			}
			identifiers, err = tx.ProviderIdentifiers(poolID, row.ID)
			return err
		})
		if errors.Is(err, store.ErrNotFound) {
			return nil, providerNotFound(name)
		}
		if err != nil {
			return nil, fmt.Errorf("load identity provider: %w", err)
		}
		return p.readProvider(row, identifiers)
	})
}

// ProviderByIdentifier returns the identity provider that has an identifier, or
// ResourceNotFoundException.
func (p *Pools) ProviderByIdentifier(ctx context.Context, poolID, identifier string) (*Provider, error) {
	if _, err := p.Pool(ctx, poolID); err != nil {
		return nil, err
	}
	var row *store.IdentityProvider
	err := p.db.View(ctx, func(tx *store.Tx) (err error) {
		row, err = tx.IdentityProviderByIdentifier(poolID, identifier)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, providerNotFound(identifier)
	}
	if err != nil {
		return nil, fmt.Errorf("find identity provider: %w", err)
	}
	return p.Provider(ctx, poolID, row.Name)
}

// ListProviders returns up to limit identity providers of a pool, in the order of
// their names and without their configuration, as List does. Errors:
// ResourceNotFoundException, InvalidParameterException.
func (p *Pools) ListProviders(ctx context.Context, poolID, token string, limit int) (rows []*store.IdentityProvider, next string, err error) {
	if _, err := p.Pool(ctx, poolID); err != nil {
		return nil, "", err
	}
	list := "identity providers " + poolID
	after, err := PageAfter(list, token)
	if err != nil {
		return nil, "", err
	}
	if err := p.db.View(ctx, func(tx *store.Tx) (err error) {
		rows, err = tx.ListIdentityProviders(poolID, after, limit+1)
		return err
	}); err != nil {
		return nil, "", fmt.Errorf("list identity providers: %w", err)
	}
	if len(rows) > limit {
		rows = rows[:limit]
		next = PageToken(list, rows[limit-1].Name)
	}
	return rows, next, nil
}

// providerDoc is the doc column of a provider's row.
type providerDoc struct {
	Details          map[string]string `json:"Details"`
	Sealed           map[string]string `json:"Sealed,omitzero"`
	AttributeMapping map[string]string `json:"AttributeMapping,omitzero"`
	AcrMapping       map[string]string `json:"AcrMapping,omitzero"`
	SAML             *metadata.SAML    `json:"SAML,omitzero"`
	OIDC             *metadata.OIDC    `json:"OIDC,omitzero"`
}

func (p *Pools) readProvider(row *store.IdentityProvider, identifiers []string) (*Provider, error) {
	var doc providerDoc
	if err := json.Unmarshal([]byte(row.Doc), &doc); err != nil {
		return nil, fmt.Errorf("configuration of identity provider %s: %w", row.ID, err)
	}
	provider := &Provider{
		PoolID: row.PoolID, ID: row.ID, Name: row.Name, Type: row.Type, Details: doc.Details,
		AttributeMapping: doc.AttributeMapping, AcrMapping: doc.AcrMapping, Identifiers: identifiers,
		SAML: doc.SAML, OIDC: doc.OIDC, CreatedAt: row.CreatedAt, ModifiedAt: row.ModifiedAt,
	}
	if provider.Details == nil {
		provider.Details = map[string]string{}
	}
	for name, sealed := range doc.Sealed {
		value, err := p.ring.Open(providerSecretPurpose, sealed, row.PoolID, row.ID, name)
		if err != nil {
			return nil, fmt.Errorf("%s of identity provider %s: %w", name, row.ID, err)
		}
		provider.Details[name] = string(value)
	}
	return provider, nil
}

// row is the provider as the store keeps it.
func (p *Pools) providerRow(provider *Provider) (*store.IdentityProvider, error) {
	doc := providerDoc{
		Details: maps.Clone(provider.Details), AttributeMapping: provider.AttributeMapping, AcrMapping: provider.AcrMapping,
		SAML: provider.SAML, OIDC: provider.OIDC,
	}
	for _, name := range sealedDetails {
		value := doc.Details[name]
		if value == "" {
			continue
		}
		sealed, err := p.ring.Seal(providerSecretPurpose, []byte(value), provider.PoolID, provider.ID, name)
		if err != nil {
			return nil, fmt.Errorf("seal the %s of an identity provider: %w", strings.ReplaceAll(name, "_", " "), err)
		}
		if doc.Sealed == nil {
			doc.Sealed = map[string]string{}
		}
		doc.Sealed[name] = sealed
		delete(doc.Details, name)
	}
	text, err := json.Marshal(&doc)
	if err != nil {
		return nil, fmt.Errorf("configuration of identity provider %s: %w", provider.ID, err)
	}
	return &store.IdentityProvider{
		PoolID: provider.PoolID, ID: provider.ID, Name: provider.Name, Type: provider.Type, Doc: string(text),
		CreatedAt: provider.CreatedAt, ModifiedAt: provider.ModifiedAt, RefreshAt: provider.refreshAt(p.db.Now()),
	}, nil
}
