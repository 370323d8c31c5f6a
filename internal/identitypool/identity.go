package identitypool

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/identitypool/login"
	"github.com/poolhouse/poolhouse/internal/store"
)

// maxLogins is the most logins of an identity; identifiers of developers are
// among them.
const maxLogins = 20

func identityNotFound(id string) error {
	return fault.Errorf(fault.ResourceNotFound, "Identity '%s' not found.", id)
}

func forbidden(id string) error {
	return fault.Errorf(fault.NotAuthorized, "Access to Identity '%s' is forbidden.", id)
}

var (
	errNoGuests = fault.New(fault.NotAuthorized, "Unauthenticated access is not supported for this identity pool.")
	errMismatch = fault.New(fault.NotAuthorized, "Logins don't match. Please include at least one valid login for this identity or identity pool.")
)

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

// verify proves all logins of a caller, in the order of their providers.
func (p *Pools) verify(ctx context.Context, pool *Pool, tokens map[string]string) ([]*login.Login, error) {
	providers := p.providers(pool)
	var logins []*login.Login
	for _, name := range slices.Sorted(maps.Keys(tokens)) {
		l, err := p.logins.Verify(ctx, providers, name, tokens[name])
		if err != nil {
			return nil, err
		}
		logins = append(logins, l)
	}
	return logins, nil
}

// rows are logins as the store keeps them.
func rows(logins []*login.Login) []store.IdentityLogin {
	var list []store.IdentityLogin
	for _, l := range logins {
		if row := (store.IdentityLogin{Provider: l.Provider, Subject: l.Subject}); !slices.Contains(list, row) {
			list = append(list, row) // a user pool can be called by two names at once
		}
	}
	return list
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

// Session is an identity that a caller may act as.
type Session struct {
	Pool   *Pool
	ID     string         // may be another than was asked for, after a merge
	Logins []*login.Login // none for a guest
}

// As lets a caller act as an identity by tokens of its logins; by none as a
// guest. New logins are linked to it. Errors: ResourceNotFoundException,
// NotAuthorizedException, ResourceConflictException, ExternalServiceException.
func (p *Pools) As(ctx context.Context, id string, tokens map[string]string) (*Session, error) {
	identity, have, err := p.load(ctx, id)
	if err != nil {
		return nil, err
	}
	pool, err := p.Pool(ctx, identity.PoolID)
	if fault.CodeOf(err) == fault.ResourceNotFound {
		return nil, identityNotFound(id)
	}
	if err != nil {
		return nil, err
	}
	s := &Session{Pool: pool, ID: id}
	if len(tokens) == 0 {
		switch {
		case identity.Authenticated:
			return nil, forbidden(id)
		case !pool.AllowUnauthenticatedIdentities:
			return nil, errNoGuests
		}
		return s, nil
	}
	if s.Logins, err = p.verify(ctx, pool, tokens); err != nil {
		return nil, err
	}
	presented := rows(s.Logins)
	if !slices.ContainsFunc(presented, func(l store.IdentityLogin) bool { return !slices.Contains(have, l) }) {
		return s, nil // nothing new
	}
	if identity.MergedInto != "" {
		// The logins that it had are the other's now.
		s.ID = identity.MergedInto
	}
	s.ID, err = p.link(ctx, pool, s.ID, presented)
	if err != nil {
		return nil, err
	}
	return s, nil
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

// Unlink takes the logins of some providers from an identity whom one of the
// tokens proves. Errors: ResourceNotFoundException, NotAuthorizedException,
// ExternalServiceException.
func (p *Pools) Unlink(ctx context.Context, id string, tokens map[string]string, providers []string) error {
	identity, have, err := p.load(ctx, id)
	if err != nil {
		return err
	}
	pool, err := p.Pool(ctx, identity.PoolID)
	if fault.CodeOf(err) == fault.ResourceNotFound {
		return identityNotFound(id)
	}
	if err != nil {
		return err
	}
	logins, err := p.verify(ctx, pool, tokens)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(rows(logins), func(l store.IdentityLogin) bool { return slices.Contains(have, l) }) {
		return errMismatch
	}
	var remove []string
	for _, name := range providers {
		remove = append(remove, p.logins.Canonical(name))
	}
	return p.db.Update(ctx, func(tx *store.Tx) error {
		have, err := tx.IdentityLogins(pool.ID, id)
		if err != nil {
			return err
		}
		for _, l := range have {
			if !slices.Contains(remove, l.Provider) {
				continue
			}
			if err := tx.DeleteIdentityLogin(pool.ID, id, l); err != nil {
				return err
			}
		}
		return touch(tx, pool.ID, id)
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
