package userpool

import (
	"context"
	"fmt"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/store"
)

// MaxProvisionedLimit is the most requests per second that a category can be
// given: what AWS calls the account's quota.
const MaxProvisionedLimit = 1_000_000

// ProvisionedLimit returns the requests per second that were set for a category
// of operations; ok is false where none were. It answers from the cache of this
// node.
func (p *Pools) ProvisionedLimit(ctx context.Context, category string) (perSecond int32, ok bool, err error) {
	limits, err := p.provisioned.get(ctx, "", p.loadProvisionedLimits)
	if err != nil {
		return 0, false, err
	}
	perSecond, ok = limits[category]
	return perSecond, ok, nil
}

func (p *Pools) loadProvisionedLimits(ctx context.Context, _ string) (limits map[string]int32, err error) {
	err = p.db.View(ctx, func(tx *store.Tx) (err error) {
		limits, err = tx.ProvisionedLimits()
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("load provisioned limits: %w", err)
	}
	return limits, nil
}

// SetProvisionedLimit sets the requests per second of a category, from free, what
// it has without this, to MaxProvisionedLimit. Errors:
// InvalidParameterException, ServiceQuotaExceededException.
func (p *Pools) SetProvisionedLimit(ctx context.Context, category string, perSecond, free int32) error {
	switch {
	case perSecond < free:
		return invalid("The requested limit value %d is below the default limit, %d.", perSecond, free)
	case perSecond > MaxProvisionedLimit:
		return fault.Errorf(fault.ServiceQuotaExceeded, "The requested limit value %d is above the quota of the account, %d.",
			perSecond, MaxProvisionedLimit)
	}
	return p.db.Update(ctx, func(tx *store.Tx) error { return tx.SetProvisionedLimit(category, perSecond) })
}
