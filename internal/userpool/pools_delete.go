package userpool

import (
	"context"
	"fmt"

	"github.com/poolhouse/poolhouse/internal/store"
)

// clearStep is how many rows of a table one transaction clears away: few enough
// that sign-ins hardly wait.
const clearStep = 500

// Delete removes a pool with its clients and keys. Nothing of it answers any
// more; its users are cleared away by ClearDeleted. Errors:
// ResourceNotFoundException; InvalidParameterException for a protected pool and
// for one with a domain.
func (p *Pools) Delete(ctx context.Context, id string) error {
	err := p.db.Update(ctx, func(tx *store.Tx) error {
		pool, err := findPool(tx, id)
		if err != nil {
			return err
		}
		if pool.DeletionProtection == "ACTIVE" {
			return invalid("The user pool cannot be deleted because deletion protection is activated. " +
				"Deletion protection must be inactivated first.")
		}
		if err := importRunning(tx, id); err != nil {
			return err
		}
		domains, err := tx.DomainsOf(id)
		if err != nil {
			return err
		}
		if len(domains) > 0 {
			return invalid("User pool cannot be deleted. It has a domain configured that should be deleted first.")
		}
		return tx.DeleteUserPool(id)
	})
	if err == nil {
		p.sizes.forget(id)
	}
	return err
}

// ClearDeleted clears away what deleted groups, identity providers and pools left
// behind, in short
// transactions. Where it stopped, the next call goes on, on any node; several at
// once do no harm.
func (p *Pools) ClearDeleted(ctx context.Context) error {
	if err := p.clearGroups(ctx); err != nil {
		return err
	}
	if err := p.clearProviders(ctx); err != nil {
		return fmt.Errorf("clear deleted identity providers: %w", err)
	}
	var ids []string
	if err := p.db.View(ctx, func(tx *store.Tx) (err error) {
		ids, err = tx.DeletedUserPools()
		return err
	}); err != nil {
		return fmt.Errorf("list deleted user pools: %w", err)
	}
	for _, id := range ids {
		if err := p.clear(ctx, id); err != nil {
			return fmt.Errorf("clear deleted user pool: %w", err)
		}
	}
	return nil
}

func (p *Pools) clear(ctx context.Context, id string) error {
	for done := false; !done; {
		if err := p.db.Update(ctx, func(tx *store.Tx) (err error) {
			done, err = tx.ClearDeletedUserPool(id, clearStep)
			return err
		}); err != nil {
			return err
		}
	}
	return nil
}
