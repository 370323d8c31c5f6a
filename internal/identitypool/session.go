package identitypool

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/identitypool/login"
	"github.com/poolhouse/poolhouse/internal/store"
)

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

// verify proves all logins of a caller, in the order of their providers. What
// proves one only once must not have been used; spend uses it.
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
	if !slices.ContainsFunc(logins, func(l *login.Login) bool { return l.Once != nil }) {
		return logins, nil
	}
	err := p.db.View(ctx, func(tx *store.Tx) error {
		for _, l := range logins {
			if l.Once == nil {
				continue
			}
			spent, err := tx.AssertionSpent(l.Once.ID)
			if err != nil {
				return err
			}
			if spent {
				return errSpent
			}
		}
		return nil
	})
	return logins, err
}

// spend uses what proves logins only once, so that a copy of it is worth nothing.
// Whoever gives something for logins calls it; to learn of one's identity gives
// nothing, and SDKs do so first, with the same logins.
func spend(tx *store.Tx, logins []*login.Login) error {
	for _, l := range logins {
		if l.Once == nil {
			continue
		}
		first, err := tx.SpendAssertion(l.Once.ID, l.Once.Until)
		if err != nil {
			return err
		}
		if !first {
			return errSpent
		}
	}
	return nil
}

// spend is the function of that name in a transaction of its own.
func (p *Pools) spend(ctx context.Context, logins []*login.Login) error {
	if !slices.ContainsFunc(logins, func(l *login.Login) bool { return l.Once != nil }) {
		return nil
	}
	return p.db.Update(ctx, func(tx *store.Tx) error { return spend(tx, logins) })
}

// rows are logins as the store keeps them.
func rows(logins []*login.Login) []store.IdentityLogin {
	var list []store.IdentityLogin
	for _, l := range logins {
		if row := (store.IdentityLogin{Provider: l.Provider, Subject: cmp.Or(l.Key, l.Subject)}); !slices.Contains(list, row) {
			list = append(list, row) // a user pool can be called by two names at once
		}
	}
	return list
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
		if err := spend(tx, logins); err != nil {
			return err
		}
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
