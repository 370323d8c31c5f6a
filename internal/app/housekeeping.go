package app

import (
	"context"
	"time"

	"github.com/poolhouse/poolhouse/internal/message"
	"github.com/poolhouse/poolhouse/internal/store"
)

// housekeepingInterval is how often what has expired is cleared away.
const housekeepingInterval = time.Minute

// housekeepingStep is how many rows of a table one transaction clears, so that
// none takes long.
const housekeepingStep = 500

// keptMessages is how many messages an inbox holds.
const keptMessages = 10_000

// keepHouse clears away, until ctx ends, what expired and what deleted pools
// left behind. Every node does so; the work is idempotent.
func (a *App) keepHouse(ctx context.Context) {
	ticker := time.NewTicker(housekeepingInterval)
	defer ticker.Stop()
	for {
		if err := a.clearExpired(ctx); err != nil && ctx.Err() == nil {
			a.log.ErrorContext(ctx, "housekeeping", "err", err)
		}
		if err := a.pools.ClearDeleted(ctx); err != nil && ctx.Err() == nil {
			a.log.ErrorContext(ctx, "clear deleted pools", "err", err)
		}
		if err := a.identities.ClearDeleted(ctx); err != nil && ctx.Err() == nil {
			a.log.ErrorContext(ctx, "clear deleted identity pools", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

func (a *App) clearExpired(ctx context.Context) error {
	for {
		var n int64
		err := a.db.Update(ctx, func(tx *store.Tx) error {
			var err error
			if _, err = tx.DeleteRetiredSigningKeys(tx.Now()); err != nil {
				return err
			}
			if err = tx.TrimMessages(keptMessages, housekeepingStep); err != nil {
				return err
			}
			if n, err = tx.DeleteExpired(housekeepingStep); err != nil {
				return err
			}
			dead, err := tx.TrimDeadOutgoing(tx.Now().Add(-message.DeadFor), housekeepingStep)
			n += dead
			return err
		})
		if err != nil || n == 0 {
			return err
		}
	}
}

// refreshProviders reads again, until ctx ends, what identity providers publish of
// themselves: each on one node, when it is due.
func (a *App) refreshProviders(ctx context.Context) {
	ticker := time.NewTicker(housekeepingInterval)
	defer ticker.Stop()
	for {
		for found := true; found; {
			var err error
			if found, err = a.pools.RefreshProvider(ctx); err != nil && ctx.Err() == nil {
				a.log.WarnContext(ctx, "cannot read the metadata of an identity provider again; the old holds", "err", err)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}
