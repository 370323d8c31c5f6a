package identitypool

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/userpool"
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

// Describe tells of an identity. may says whether the caller may know of those of a
// pool, "" for that of an identity that is not there. Errors: those of may,
// ResourceNotFoundException.
func (p *Pools) Describe(ctx context.Context, id string, may func(poolID string) error) (*Identity, error) {
	identity, logins, err := p.load(ctx, id)
	if fault.CodeOf(err) == fault.ResourceNotFound {
		return nil, cmp.Or(may(""), err)
	}
	if err != nil {
		return nil, err
	}
	if err := may(identity.PoolID); fault.CodeOf(err) == fault.ResourceNotFound {
		return nil, identityNotFound(id) // of another region
	} else if err != nil {
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
	after, err := userpool.PageAfter(kind, token)
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
			next = userpool.PageToken(kind, found[limit-1].ID)
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

// Kept is an identity that DeleteIdentities left, which says why.
type Kept struct {
	ID     string
	Denied bool // by may; else the database failed
}

// DeleteIdentities removes identities with their logins, each by itself; those that
// are not there do not matter. may says whether the caller may delete in a pool, ""
// for that of an identity that is not there. If they may delete none of the
// identities, its error is the answer.
func (p *Pools) DeleteIdentities(ctx context.Context, ids []string, may func(poolID string) error) ([]Kept, error) {
	var kept []Kept
	var denied error
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	for _, id := range ids {
		err := p.deleteIdentity(ctx, id, may)
		switch {
		case err == nil:
		case ctx.Err() != nil:
			return nil, err
		case fault.CodeOf(err) != "":
			kept, denied = append(kept, Kept{ID: id, Denied: true}), err
		default:
			p.log.ErrorContext(ctx, "identity not deleted", slog.String("identity", id), slog.Any("error", err))
			kept = append(kept, Kept{ID: id})
		}
	}
	if len(kept) == len(ids) && !slices.ContainsFunc(kept, func(k Kept) bool { return !k.Denied }) {
		return nil, denied
	}
	return kept, nil
}

func (p *Pools) deleteIdentity(ctx context.Context, id string, may func(poolID string) error) error {
	var poolID string
	err := p.db.View(ctx, func(tx *store.Tx) error {
		identity, err := tx.Identity(id)
		if err == nil {
			poolID = identity.PoolID
		}
		return err
	})
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	switch err := may(poolID); {
	case fault.CodeOf(err) == fault.ResourceNotFound:
		return nil // of another region, where it is not there
	case err != nil || poolID == "":
		return err
	}
	return p.db.Update(ctx, func(tx *store.Tx) error { return tx.DeleteIdentity(poolID, id) })
}

// touch is TouchIdentity for an identity that may just have been deleted.
func touch(tx *store.Tx, poolID, id string) error {
	err := tx.TouchIdentity(poolID, id)
	if errors.Is(err, store.ErrNotFound) {
		return identityNotFound(id)
	}
	return err
}
