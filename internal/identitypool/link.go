package identitypool

import (
	"context"
	"errors"
	"slices"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/store"
)

// maxLogins is the most logins of an identity; identifiers of developers are
// among them.
const maxLogins = 20

// ID returns the identity that has the given logins, by provider the token, and
// makes it where it is new; without logins it makes one for a guest. Logins of
// several identities merge those. Errors: ResourceNotFoundException,
// NotAuthorizedException, ResourceConflictException, ExternalServiceException,
// LimitExceededException.
func (p *Pools) ID(ctx context.Context, poolID string, tokens map[string]string) (string, error) {
	pool, err := p.Pool(ctx, poolID)
	if err != nil {
		return "", err
	}
	if len(tokens) == 0 {
		if !pool.AllowUnauthenticatedIdentities {
			return "", errNoGuests
		}
		return p.link(ctx, pool, "", nil)
	}
	logins, err := p.verify(ctx, pool, tokens)
	if err != nil {
		return "", err
	}
	return p.find(ctx, pool, rows(logins))
}

// find returns the identity of proven logins. One that is known costs no write.
func (p *Pools) find(ctx context.Context, pool *Pool, logins []store.IdentityLogin) (string, error) {
	var owners []string
	if err := p.db.View(ctx, func(tx *store.Tx) (err error) {
		owners, err = ownersOf(tx, pool.ID, logins)
		return err
	}); err != nil {
		return "", err
	}
	if owners[0] != "" && !slices.ContainsFunc(owners, func(id string) bool { return id != owners[0] }) {
		return owners[0], nil
	}
	return p.link(ctx, pool, "", logins)
}

// ownersOf returns the identity of each login, "" where there is none.
func ownersOf(tx *store.Tx, poolID string, logins []store.IdentityLogin) ([]string, error) {
	var owners []string
	for _, l := range logins {
		id, err := tx.IdentityOf(poolID, l)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return nil, err
		}
		owners = append(owners, id)
	}
	return owners, nil
}

// link makes proven logins those of one identity and returns it: the one given,
// if it has one of them or is a guest without an identity to become; else the
// first that has one; else a new one. Identities that so turn out to be the same
// are merged. id is "" where the caller names none.
func (p *Pools) link(ctx context.Context, pool *Pool, id string, logins []store.IdentityLogin) (linked string, err error) {
	fresh := newID(pool.Region())
	err = p.db.Update(ctx, func(tx *store.Tx) error {
		if _, err := tx.IdentityPool(pool.ID); errors.Is(err, store.ErrNotFound) {
			return poolNotFound(pool.ID)
		} else if err != nil {
			return err
		}
		linked, err = linkIn(tx, pool, id, fresh, logins)
		return err
	})
	return linked, err
}

func linkIn(tx *store.Tx, pool *Pool, id, fresh string, logins []store.IdentityLogin) (string, error) {
	owners, err := ownersOf(tx, pool.ID, logins)
	if err != nil {
		return "", err
	}
	parent, err := parentOf(tx, pool, id, owners)
	if err != nil {
		return "", err
	}
	if parent == "" {
		now := tx.Now()
		parent = fresh
		if err := tx.InsertIdentity(&store.Identity{PoolID: pool.ID, ID: parent, Authenticated: len(logins) > 0, CreatedAt: now, ModifiedAt: now}); err != nil {
			return "", err
		}
	}
	have, err := tx.IdentityLogins(pool.ID, parent)
	if err != nil {
		return "", err
	}
	changed := false
	merge := slices.Clone(owners)
	if id != "" {
		merge = append(merge, id) // a guest that turned out to be known
	}
	for _, other := range merge {
		if other == "" || other == parent {
			continue
		}
		theirs, err := tx.IdentityLogins(pool.ID, other)
		if err != nil {
			return "", err
		}
		if have, err = pool.joined(have, theirs); err != nil {
			return "", err
		}
		if err := tx.MergeIdentity(pool.ID, other, parent); err != nil {
			return "", err
		}
		changed = true
	}
	for i, l := range logins {
		if owners[i] != "" {
			continue
		}
		if have, err = pool.joined(have, []store.IdentityLogin{l}); err != nil {
			return "", err
		}
		if err := tx.InsertIdentityLogin(pool.ID, parent, l); err != nil {
			return "", err
		}
		changed = true
	}
	if changed {
		return parent, tx.TouchIdentity(pool.ID, parent)
	}
	return parent, nil
}

// parentOf is the identity that owners of logins are to be merged into; "" for
// none yet.
func parentOf(tx *store.Tx, pool *Pool, id string, owners []string) (string, error) {
	known := slices.DeleteFunc(slices.Clone(owners), func(owner string) bool { return owner == "" })
	if id == "" {
		if len(known) > 0 {
			return known[0], nil
		}
		return "", nil
	}
	identity, err := tx.Identity(id)
	if errors.Is(err, store.ErrNotFound) {
		return "", identityNotFound(id)
	}
	if err != nil {
		return "", err
	}
	switch {
	case identity.PoolID != pool.ID:
		return "", identityNotFound(id)
	case slices.Contains(known, id):
		return id, nil
	case identity.Authenticated:
		return "", errMismatch
	case len(known) > 0:
		return known[0], nil
	}
	return id, nil
}

// joined is the logins of an identity with others. It has one of each public
// provider at most.
func (p *Pool) joined(have, more []store.IdentityLogin) ([]store.IdentityLogin, error) {
	for _, l := range more {
		if slices.Contains(have, l) {
			continue
		}
		if l.Provider != p.DeveloperProviderName && slices.ContainsFunc(have, func(h store.IdentityLogin) bool { return h.Provider == l.Provider }) {
			return nil, fault.Errorf(fault.ResourceConflict, "The identity already has another login of %s.", l.Provider)
		}
		have = append(have, l)
	}
	if len(have) > maxLogins {
		return nil, fault.Errorf(fault.ResourceConflict, "An identity has at most %d logins.", maxLogins)
	}
	return have, nil
}
