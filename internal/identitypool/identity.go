package identitypool

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/store"
)

func identityNotFound(id string) error {
	return fault.Errorf(fault.ResourceNotFound, "Identity '%s' not found.", id)
}

func forbidden(id string) error {
	return fault.Errorf(fault.NotAuthorized, "Access to Identity '%s' is forbidden.", id)
}

var (
	errNoGuests = fault.New(fault.NotAuthorized, "Unauthenticated access is not supported for this identity pool.")
	errSpent    = fault.New(fault.NotAuthorized, "Invalid login token. The SAML assertion has been used before.")
	errMismatch = fault.New(fault.NotAuthorized, "Logins don't match. Please include at least one valid login for this identity or identity pool.")
)

// Identity is what is told of an identity.
type Identity struct {
	*store.Identity
	Providers []string // of its logins
}

// Describe tells of an identity. Errors: ResourceNotFoundException.
func (p *Pools) Describe(ctx context.Context, id string) (*Identity, error) {
	identity, logins, err := p.load(ctx, id)
	if err != nil {
		return nil, err
	}
	if _, err := p.Pool(ctx, identity.PoolID); fault.CodeOf(err) == fault.ResourceNotFound {
		return nil, identityNotFound(id)
	} else if err != nil {
		return nil, err
	}
	return &Identity{identity, providersOf(logins)}, nil
}

func providersOf(logins []store.IdentityLogin) []string {
	var names []string
	for _, l := range logins {
		names = append(names, l.Provider)
	}
	return slices.Compact(names) // they are in their order
}

// load reads an identity with its logins.
func (p *Pools) load(ctx context.Context, id string) (identity *store.Identity, logins []store.IdentityLogin, err error) {
	err = p.db.View(ctx, func(tx *store.Tx) (err error) {
		identity, logins, err = tx.IdentityWithLogins(id)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil, identityNotFound(id)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("load identity: %w", err)
	}
	return identity, logins, nil
}

// Identities returns up to limit identities of a pool, without the disabled ones
// if enabled, as List does. Errors: ResourceNotFoundException,
// InvalidParameterException.
func (p *Pools) Identities(ctx context.Context, poolID string, enabled bool, token string, limit int) (list []*Identity, next string, err error) {
	if _, err := p.Pool(ctx, poolID); err != nil {
		return nil, "", err
	}
	kind := "identities " + poolID
	after, err := pageAfter(kind, token)
	if err != nil {
		return nil, "", err
	}
	err = p.db.View(ctx, func(tx *store.Tx) error {
		list, next = nil, ""
		found, err := tx.ListIdentities(poolID, after, enabled, limit+1)
		if err != nil {
			return err
		}
		if len(found) > limit {
			found = found[:limit]
			next = page(kind, found[limit-1].ID)
		}
		for _, identity := range found {
			logins, err := tx.IdentityLogins(poolID, identity.ID)
			if err != nil {
				return err
			}
			list = append(list, &Identity{identity, providersOf(logins)})
		}
		return nil
	})
	if err != nil {
		return nil, "", fmt.Errorf("list identities: %w", err)
	}
	return list, next, nil
}

// DeleteIdentities removes identities with their logins; those that are not there
// do not matter.
func (p *Pools) DeleteIdentities(ctx context.Context, ids []string) error {
	return p.db.Update(ctx, func(tx *store.Tx) error {
		for _, id := range ids {
			identity, err := tx.Identity(id)
			if errors.Is(err, store.ErrNotFound) {
				continue
			}
			if err != nil {
				return err
			}
			if err := tx.DeleteIdentity(identity.PoolID, id); err != nil {
				return err
			}
		}
		return nil
	})
}

// touch is TouchIdentity for an identity that may just have been deleted.
func touch(tx *store.Tx, poolID, id string) error {
	err := tx.TouchIdentity(poolID, id)
	if errors.Is(err, store.ErrNotFound) {
		return identityNotFound(id)
	}
	return err
}
