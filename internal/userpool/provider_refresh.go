package userpool

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"time"

	"github.com/poolhouse/poolhouse/internal/store"
)

const (
	// refreshEvery is how old what a provider publishes of itself gets, as on
	// Cognito, less up to refreshSpread, so that not all are asked at once. What ends
	// sooner is read again refreshAhead of its end.
	refreshEvery  = 6 * time.Hour
	refreshSpread = 30 * time.Minute
	refreshAhead  = time.Hour

	// refreshRetry is when a provider that could not be read is tried again, also by
	// another node if the one that tried has died.
	refreshRetry = 10 * time.Minute
)

// refreshAt is when what the provider publishes of itself is to be read again, if
// that was done now; zero: never, since nothing was.
func (p *Provider) refreshAt(now time.Time) time.Time {
	if p.OIDC == nil && (p.SAML == nil || p.Details[detailMetadataURL] == "") {
		return time.Time{}
	}
	at := now.Add(refreshEvery - rand.N(refreshSpread)) //nolint:gosec // spreads load, is no secret
	if p.SAML != nil && !p.SAML.ValidUntil.IsZero() && p.SAML.ValidUntil.Add(-refreshAhead).Before(at) {
		at = p.SAML.ValidUntil.Add(-refreshAhead)
	}
	if soonest := now.Add(refreshRetry); at.Before(soonest) {
		return soonest
	}
	return at
}

// RefreshProvider reads again what one identity provider publishes of itself, if
// one is due: SAML metadata with a URL, and OpenID Connect endpoints that were
// discovered. It says whether one was. What cannot be read leaves the provider as
// it is until the next try; the error says why.
func (p *Pools) RefreshProvider(ctx context.Context) (found bool, err error) {
	var due bool
	if err := p.db.View(ctx, func(tx *store.Tx) (err error) {
		due, err = tx.IdentityProviderDue()
		return err
	}); err != nil || !due {
		return false, err
	}
	var row *store.IdentityProvider
	err = p.db.Update(ctx, func(tx *store.Tx) (err error) {
		row, err = tx.TakeIdentityProvider(tx.Now().Add(refreshRetry))
		return err
	})
	if errors.Is(err, store.ErrNotFound) { // another node has taken it
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if err := p.refresh(ctx, row); err != nil {
		return true, fmt.Errorf("identity provider %s of %s: %w", row.Name, row.PoolID, err)
	}
	return true, nil
}

// refresh reads again what the provider of a row publishes, and keeps it unless
// the provider was changed meanwhile.
func (p *Pools) refresh(ctx context.Context, row *store.IdentityProvider) error {
	provider, err := p.readProvider(row, nil)
	if err != nil {
		return err
	}
	fresh := *provider
	fresh.Details = maps.Clone(provider.Details)
	delete(fresh.Details, detailSSO)
	delete(fresh.Details, detailSLO)
	if err := p.learn(ctx, &fresh); err != nil {
		return err
	}
	same := reflect.DeepEqual(fresh.SAML, provider.SAML) && reflect.DeepEqual(fresh.OIDC, provider.OIDC)
	changed, err := p.providerRow(&fresh)
	if err != nil {
		return err
	}
	err = p.db.Update(ctx, func(tx *store.Tx) error {
		now, err := tx.IdentityProvider(row.PoolID, row.Name)
		switch {
		case err != nil:
			return err
		case now.ID != row.ID || !now.ModifiedAt.Equal(row.ModifiedAt): // whoever changed it has read it anew
			return nil
		case same:
			return tx.RefreshIdentityProviderAt(row.PoolID, row.ID, changed.RefreshAt)
		}
		// Somebody who changes what was read before this loses, as to any other change.
		changed.ModifiedAt = now.ModifiedAt.Add(time.Millisecond)
		return tx.UpdateIdentityProvider(changed)
	})
	if errors.Is(err, store.ErrNotFound) { // deleted meanwhile
		return nil
	}
	return err
}
