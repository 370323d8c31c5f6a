package userpool

import (
	"context"
	"crypto/rand"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/store"
)

const (
	// maxProviders is how many identity providers a pool may have.
	maxProviders = 300

	maxIdentifiers = 50
	maxAcrMappings = 50
	maxMapped      = 2048 // bytes of a provider's name of an attribute or acr
)

// ProviderSettings are what a request sets of an identity provider. Nil members
// are those it leaves out.
type ProviderSettings struct {
	Details          map[string]string `json:"ProviderDetails"`
	AttributeMapping map[string]string `json:"AttributeMapping"`
	AcrMapping       map[string]string `json:"AcrMapping"`
	Identifiers      []string          `json:"IdpIdentifiers"`
}

var errProviderChanged = fault.New(fault.ConcurrentModification, "The identity provider is being changed by another request.")

// CreateProvider adds an identity provider to a pool. The first that a pool gets
// adds the attribute identities to its schema. Errors:
// ResourceNotFoundException, InvalidParameterException,
// DuplicateProviderException, LimitExceededException.
func (p *Pools) CreateProvider(ctx context.Context, poolID, name, providerType string, s ProviderSettings) (*Provider, error) {
	pool, err := p.Pool(ctx, poolID)
	if err != nil {
		return nil, err
	}
	if err := checkProviderName(name, providerType); err != nil {
		return nil, err
	}
	provider := &Provider{PoolID: poolID, ID: rand.Text(), Name: name, Type: providerType}
	if s.Details == nil {
		s.Details = map[string]string{}
	}
	if s.AttributeMapping == nil {
		s.AttributeMapping = map[string]string{}
		if subject := providerKinds[providerType].subject; subject != "" {
			s.AttributeMapping["username"] = subject
		}
	}
	if err := p.setProvider(ctx, pool, provider, s); err != nil {
		return nil, err
	}
	row, err := p.providerRow(provider)
	if err != nil {
		return nil, err
	}
	err = p.db.Update(ctx, func(tx *store.Tx) error {
		pool, err := findPool(tx, poolID)
		if err != nil {
			return err
		}
		if err := provider.checkMappings(pool); err != nil { // as the pool is now
			return err
		}
		count, err := tx.CountIdentityProviders(poolID)
		if err != nil {
			return err
		}
		if count >= maxProviders {
			return fault.Errorf(fault.LimitExceeded, "The maximum number of identity providers, %d, is reached.", maxProviders)
		}
		if err := addIdentities(tx, pool); err != nil {
			return err
		}
		row.CreatedAt, row.ModifiedAt = tx.Now(), tx.Now()
		err = tx.InsertIdentityProvider(row)
		if errors.Is(err, store.ErrExists) {
			return fault.Errorf(fault.DuplicateProvider, "%s already exists in user pool %s.", name, poolID)
		}
		if err != nil {
			return err
		}
		return identifierTaken(tx.SetProviderIdentifiers(poolID, row.ID, provider.Identifiers))
	})
	if err != nil {
		return nil, err
	}
	return p.readProvider(row, provider.Identifiers)
}

// UpdateProvider replaces those settings of an identity provider that are given.
// Details are replaced as a whole, but for a private key that is left out, since
// nobody is shown it. Errors: ResourceNotFoundException,
// InvalidParameterException, ConcurrentModificationException.
func (p *Pools) UpdateProvider(ctx context.Context, poolID, name string, s ProviderSettings) (*Provider, error) {
	pool, err := p.Pool(ctx, poolID)
	if err != nil {
		return nil, err
	}
	old, err := p.storedProvider(ctx, poolID, name)
	if err != nil {
		return nil, err
	}
	provider := *old
	if key := old.Details[detailPrivateKey]; s.Details != nil && s.Details[detailPrivateKey] == "" && key != "" {
		s.Details = maps.Clone(s.Details)
		s.Details[detailPrivateKey] = key
	}
	if err := p.setProvider(ctx, pool, &provider, s); err != nil {
		return nil, err
	}
	row, err := p.providerRow(&provider)
	if err != nil {
		return nil, err
	}
	err = p.db.Update(ctx, func(tx *store.Tx) error {
		pool, err := findPool(tx, poolID)
		if err != nil {
			return err
		}
		if err := provider.checkMappings(pool); err != nil {
			return err
		}
		now, err := tx.IdentityProvider(poolID, name)
		switch {
		case errors.Is(err, store.ErrNotFound):
			return providerNotFound(name)
		case err != nil:
			return err
		case now.ID != old.ID || !now.ModifiedAt.Equal(old.ModifiedAt):
			return errProviderChanged
		}
		// Later than any time before, so that the comparison above sees it.
		row.ModifiedAt = tx.Now()
		if !row.ModifiedAt.After(now.ModifiedAt) {
			row.ModifiedAt = now.ModifiedAt.Add(time.Millisecond)
		}
		if err := tx.UpdateIdentityProvider(row); err != nil {
			return err
		}
		return identifierTaken(tx.SetProviderIdentifiers(poolID, row.ID, provider.Identifiers))
	})
	if err != nil {
		return nil, err
	}
	return p.readProvider(row, provider.Identifiers)
}

// storedProvider reads a provider past the cache.
func (p *Pools) storedProvider(ctx context.Context, poolID, name string) (*Provider, error) {
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
		return nil, err
	}
	return p.readProvider(row, identifiers)
}

// DeleteProvider removes an identity provider. Nobody signs in through it any
// more; its users stay, and it stays in the lists of clients, where it is worth
// nothing. What is left of the links is cleared away by ClearDeleted. The error is
// ResourceNotFoundException.
func (p *Pools) DeleteProvider(ctx context.Context, poolID, name string) error {
	return p.db.Update(ctx, func(tx *store.Tx) error {
		if _, err := findPool(tx, poolID); err != nil {
			return err
		}
		row, err := tx.IdentityProvider(poolID, name)
		if errors.Is(err, store.ErrNotFound) {
			return providerNotFound(name)
		}
		if err != nil {
			return err
		}
		if err := tx.DeleteIdentityProvider(poolID, row.ID); err != nil {
			return err
		}
		_, err = clearProvider(tx, store.DeletedIdentityProvider{PoolID: poolID, ID: row.ID})
		return err
	})
}

// setProvider writes checked settings into a provider.
func (p *Pools) setProvider(ctx context.Context, pool *Pool, provider *Provider, s ProviderSettings) error {
	if s.AttributeMapping != nil {
		provider.AttributeMapping = s.AttributeMapping
	}
	if s.AcrMapping != nil {
		provider.AcrMapping = s.AcrMapping
	}
	if s.Identifiers != nil {
		provider.Identifiers = s.Identifiers
	}
	if err := firstError(provider.checkIdentifiers, func() error { return provider.checkMappings(pool) }); err != nil {
		return err
	}
	if s.Details == nil {
		return nil
	}
	var err error
	if provider.Details, err = newDetails(provider.Type, s.Details); err != nil {
		return err
	}
	return p.learn(ctx, provider)
}

// checkProviderName refuses a name that the type cannot have. The API model has
// checked its length.
func checkProviderName(name, providerType string) error {
	kind, known := providerKinds[providerType]
	_, social := providerKinds[name]
	social = social && providerKinds[name].named
	switch {
	case !known:
		return invalid("Invalid provider type %s.", providerType)
	case kind.named && name != providerType, !kind.named && social:
		return invalid("Provider %s cannot be of type %s.", name, providerType)
	case strings.EqualFold(name, "COGNITO"):
		return invalid("Provider name %s is reserved.", name)
	case utf8.RuneCountInString(name) < 3 || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl):
		return invalid(`1 validation error detected: Value '%s' at 'providerName' failed to satisfy constraint: `+
			`Member must satisfy regular expression pattern: [^_\p{Z}][\p{L}\p{M}\p{S}\p{N}\p{P}][^_\p{Z}]+`, name)
	}
	return nil
}

func (p *Provider) checkIdentifiers() error {
	if len(p.Identifiers) > maxIdentifiers {
		return invalid("An identity provider can not have more than %d identifiers.", maxIdentifiers)
	}
	seen := map[string]bool{}
	for _, identifier := range p.Identifiers {
		if seen[identifier] {
			return invalid("The identifier %s is there twice.", identifier)
		}
		seen[identifier] = true
	}
	return nil
}

// checkMappings refuses a mapping to attributes that the pool does not have or
// whose values it could not replace at the next sign-in, and to unknown levels.
func (p *Provider) checkMappings(pool *Pool) error {
	for _, target := range slices.Sorted(maps.Keys(p.AttributeMapping)) {
		source := p.AttributeMapping[target]
		attribute := pool.SchemaAttribute(target)
		switch {
		case source == "" || len(source) > maxMapped:
		case target == "username" && source == providerKinds[p.Type].subject:
			continue
		case target != "username" && target != "sub" && target != "identities" && attribute != nil && attribute.Mutable:
			continue
		}
		return invalid("AttributeMapping contains invalid mapping: [%s]", target)
	}
	if len(p.AcrMapping) > maxAcrMappings {
		return invalid("An identity provider can not have more than %d ACR mappings.", maxAcrMappings)
	}
	for _, acr := range slices.Sorted(maps.Keys(p.AcrMapping)) {
		if acr == "" || len(acr) > maxMapped {
			return invalid("AcrMapping contains an invalid ACR value.")
		}
		if level := p.AcrMapping[acr]; !isAcrLevel(level) {
			return invalid("Invalid ACR level %s, use Level1 to Level4.", level)
		}
	}
	return nil
}

func isAcrLevel(level string) bool {
	_, known := acrLevels[level]
	return known
}

func identifierTaken(err error) error {
	if taken, ok := errors.AsType[*store.IdentifierTakenError](err); ok {
		return invalid("The identifier %s belongs to another identity provider.", taken.Identifier)
	}
	return err
}

// addIdentities adds the attribute identities to a pool's schema if it is not
// there: behind the standard attributes, as Cognito does.
func addIdentities(tx *store.Tx, pool *Pool) error {
	if pool.SchemaAttribute("identities") != nil {
		return nil
	}
	at := slices.IndexFunc(pool.SchemaAttributes, func(a SchemaAttribute) bool { return isCustom(a.Name) })
	if at < 0 {
		at = len(pool.SchemaAttributes)
	}
	pool.SchemaAttributes = slices.Insert(pool.SchemaAttributes, at, SchemaAttribute{
		Name: "identities", AttributeDataType: "String", Mutable: true, StringAttributeConstraints: &StringConstraints{},
	})
	row, err := pool.row()
	if err != nil {
		return err
	}
	return tx.UpdateUserPool(row)
}

// clearProviders clears away what deleted identity providers left behind.
func (p *Pools) clearProviders(ctx context.Context) error {
	var providers []store.DeletedIdentityProvider
	if err := p.db.View(ctx, func(tx *store.Tx) (err error) {
		providers, err = tx.DeletedIdentityProviders()
		return err
	}); err != nil {
		return err
	}
	for _, provider := range providers {
		for done := false; !done; {
			if err := p.db.Update(ctx, func(tx *store.Tx) (err error) {
				done, err = clearProvider(tx, provider)
				return err
			}); err != nil {
				return err
			}
		}
	}
	return nil
}

// linkClearStep is how many links of a provider one transaction clears away, each
// of which may change a user.
const linkClearStep = 100

// clearProvider takes some links of a deleted provider away, and what users that
// were linked show of them, and says whether those were the last. Users that came
// into being through the provider stay as they are.
func clearProvider(tx *store.Tx, provider store.DeletedIdentityProvider) (done bool, err error) {
	row, err := tx.UserPool(provider.PoolID)
	if err == nil {
		err = forgetLinks(tx, row, provider)
	}
	if err != nil && !errors.Is(err, store.ErrNotFound) { // users of a deleted pool go with it
		return false, err
	}
	return tx.ClearDeletedIdentityProvider(provider, linkClearStep)
}

// forgetLinks takes the entries of links, those that clearProvider clears next, out
// of the identities of their users. Entries are found by their time: the same
// identity may be linked at a provider of the same name by now.
func forgetLinks(tx *store.Tx, row *store.UserPool, provider store.DeletedIdentityProvider) error {
	pool, err := readPool(row)
	if err != nil {
		return err
	}
	links, err := tx.LinksOfDeletedProvider(provider, linkClearStep)
	if err != nil {
		return err
	}
	for _, link := range links {
		if link.Own {
			continue
		}
		user, err := pool.User(tx, link.Sub)
		if err == nil {
			_, err = pool.Change(tx, user, func(user *store.User) error {
				list, err := identitiesOf(user)
				if err != nil {
					return err
				}
				return setIdentities(user, slices.DeleteFunc(list, func(i identityEntry) bool {
					return !i.Primary && i.UserID == link.Value && i.DateCreated == link.CreatedAt.UnixMilli()
				}))
			})
		}
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
	return nil
}
