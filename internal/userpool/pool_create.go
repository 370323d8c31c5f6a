package userpool

import (
	"context"
	"errors"
	"fmt"
	"regexp"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/store"
)

// NewPool is a pool to be created.
type NewPool struct {
	// ID is the wanted id, for deployments that start with known pools; empty
	// means a random one in Region. No API operation sets it.
	ID       string
	Region   string
	Name     string
	Settings PoolSettings
}

// ErrIDTaken says that a wanted pool or client id is in use.
var ErrIDTaken = errors.New("the id is in use")

// Create makes a pool with its signing keys. Errors: InvalidParameterException,
// UserPoolTaggingException, LimitExceededException, for wanted ids ErrIDTaken.
func (p *Pools) Create(ctx context.Context, n NewPool) (*Pool, error) {
	if err := n.Settings.checkRequest(); err != nil {
		return nil, err
	}
	config := n.Settings.config()
	var err error
	if config.SchemaAttributes, err = newSchema(n.Settings.Schema); err != nil {
		return nil, err
	}
	if err := config.check(); err != nil {
		return nil, err
	}
	if p.strictTiers {
		if err := config.checkTier(fault.FeatureUnavailableInTier); err != nil {
			return nil, err
		}
	}
	pool := &Pool{ID: n.ID, Name: n.Name, PoolConfig: config}
	if n.ID != "" {
		// A deployment asks for the same pools at each start: spare it the keys.
		if _, err := p.Pool(ctx, n.ID); err == nil {
			return nil, fmt.Errorf("user pool %s: %w", n.ID, ErrIDTaken)
		}
		return p.insertPool(ctx, pool)
	}
	for {
		pool.ID = n.Region + "_" + newPoolName()
		if created, err := p.insertPool(ctx, pool); !errors.Is(err, ErrIDTaken) {
			return created, err
		}
	}
}

// poolID is the form of a pool's id: a region and letters and digits.
var poolID = regexp.MustCompile(`^[0-9A-Za-z-]{1,45}_[0-9A-Za-z]{1,9}$`)

func (p *Pools) insertPool(ctx context.Context, pool *Pool) (*Pool, error) {
	if !poolID.MatchString(pool.ID) {
		return nil, invalid("%s can not be the id of a user pool.", pool.ID)
	}
	signing, err := p.ring.NewPoolKeys(ctx, pool.ID, p.db.Now())
	if err != nil {
		return nil, fmt.Errorf("make the signing keys of a pool: %w", err)
	}
	err = p.db.Update(ctx, func(tx *store.Tx) error {
		count, err := tx.CountUserPools()
		if err != nil {
			return err
		}
		if count >= p.limits.Pools {
			return fault.Errorf(fault.LimitExceeded, "The maximum number of user pools, %d, is reached.", p.limits.Pools)
		}
		// Users of a deleted pool that are not cleared away yet must not come back.
		deleted, err := tx.UserPoolDeleted(pool.ID)
		if err != nil {
			return err
		}
		if deleted {
			return store.ErrExists
		}
		pool.CreatedAt, pool.ModifiedAt = tx.Now(), tx.Now()
		row, err := pool.row()
		if err != nil {
			return err
		}
		if err := tx.InsertUserPool(row); err != nil {
			return err
		}
		for _, key := range signing {
			if err := tx.InsertSigningKey(key); err != nil {
				return err
			}
		}
		return nil
	})
	if errors.Is(err, store.ErrExists) {
		return nil, fmt.Errorf("user pool %s: %w", pool.ID, ErrIDTaken)
	}
	if err != nil {
		return nil, err
	}
	pool.triggers = p.triggers
	return pool, nil
}

const alphanumerics = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// newPoolName is the part of a pool's id behind the region: 9 letters and
// digits.
func newPoolName() string {
	name := make([]byte, 9)
	for i := range name {
		name[i] = alphanumerics[randomInt(len(alphanumerics))]
	}
	return string(name)
}
