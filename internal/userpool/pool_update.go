package userpool

import (
	"cmp"
	"context"
	"slices"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/store"
)

// Update replaces the settings of a pool: whatever is left out goes back to its
// default. What can only be set at creation stays, and so do the name, the tier,
// the tags, the SMS configuration and the update settings if they are left out.
// The second factors belong to SetMFA and go only when MFA is turned off.
// (Terraform's provider leaves unchanged tags out and expects them to stay.)
// Errors: ResourceNotFoundException, InvalidParameterException,
// UserPoolTaggingException, UserImportInProgressException.
func (p *Pools) Update(ctx context.Context, id, name string, s PoolSettings) error {
	if err := s.checkRequest(); err != nil {
		return err
	}
	config := s.config()
	return p.changeIdlePool(ctx, id, func(tx *store.Tx, pool *Pool) (err error) {
		old := pool.PoolConfig
		pool.PoolConfig = config
		pool.SchemaAttributes = old.SchemaAttributes
		pool.AliasAttributes = old.AliasAttributes
		pool.UsernameAttributes = old.UsernameAttributes
		pool.UsernameConfiguration = old.UsernameConfiguration
		pool.SmsConfiguration = cmp.Or(config.SmsConfiguration, old.SmsConfiguration)
		pool.UserAttributeUpdateSettings = cmp.Or(config.UserAttributeUpdateSettings, old.keptUpdateSettings(config.AutoVerifiedAttributes))
		if pool.MfaConfiguration != "OFF" {
			pool.MFAFactors = old.MFAFactors
		}
		pool.SeparateConfig = old.SeparateConfig
		pool.UserPoolTier = cmp.Or(s.UserPoolTier, old.UserPoolTier)
		if s.UserPoolTags == nil {
			pool.UserPoolTags = old.UserPoolTags
		}
		pool.Name = cmp.Or(name, pool.Name)
		if pool.KeyConfiguration, err = keyOfReplicas(tx, id, old.KeyConfiguration, config.KeyConfiguration); err != nil {
			return err
		}
		if err := pool.check(); err != nil {
			return err
		}
		if !p.strictTiers {
			return nil
		}
		replicas, err := tx.Replicas(id)
		if err != nil {
			return err
		}
		var beside []string
		if pool.UserPoolTier == "LITE" && len(replicas) > 0 {
			beside = append(beside, featureReplication)
		}
		if pool.UserPoolTier != old.UserPoolTier {
			return pool.checkTier(fault.TierChangeNotAllowed, beside...)
		}
		return pool.checkTier(fault.FeatureUnavailableInTier, beside...)
	})
}

// keptUpdateSettings are the settings for an update that leaves them out: as they
// were, less what is no longer verified automatically.
func (c *PoolConfig) keptUpdateSettings(autoVerified []string) *UserAttributeUpdateSettings {
	s := c.UserAttributeUpdateSettings
	if s == nil {
		return nil
	}
	return &UserAttributeUpdateSettings{slices.DeleteFunc(slices.Clone(s.AttributesRequireVerificationBeforeUpdate),
		func(attribute string) bool { return !slices.Contains(autoVerified, attribute) })}
}

// AddCustomAttributes adds attributes to a pool's schema, all or none. Errors:
// ResourceNotFoundException, InvalidParameterException.
func (p *Pools) AddCustomAttributes(ctx context.Context, id string, settings []SchemaSettings) error {
	return p.changeIdlePool(ctx, id, func(_ *store.Tx, pool *Pool) (err error) {
		pool.SchemaAttributes, err = addAttributes(pool.SchemaAttributes, settings)
		return err
	})
}

// changePool reads a pool, lets change change it, and writes it back, in one
// transaction.
func (p *Pools) changePool(ctx context.Context, id string, change func(*Pool) error) error {
	return p.db.Update(ctx, func(tx *store.Tx) error { return changePoolIn(tx, id, change) })
}

// changeIdlePool is changePool for what must not change while users are imported
// into the pool: UserImportInProgressException.
func (p *Pools) changeIdlePool(ctx context.Context, id string, change func(*store.Tx, *Pool) error) error {
	return p.db.Update(ctx, func(tx *store.Tx) error {
		if err := importRunning(tx, id); err != nil {
			return err
		}
		return changePoolIn(tx, id, func(pool *Pool) error { return change(tx, pool) })
	})
}

func changePoolIn(tx *store.Tx, id string, change func(*Pool) error) error {
	pool, err := findPool(tx, id)
	if err != nil {
		return err
	}
	if err := change(pool); err != nil {
		return err
	}
	pool.ModifiedAt = tx.Now()
	row, err := pool.row()
	if err != nil {
		return err
	}
	return tx.UpdateUserPool(row)
}
