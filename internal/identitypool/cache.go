package identitypool

import (
	"context"
	"errors"
	"sync"

	"github.com/poolhouse/poolhouse/internal/store"
)

// cachedPools bounds the pools that a node keeps ready, at some kilobytes each.
const cachedPools = 2_000

// cache keeps pools until the configuration changes. Only pools that exist are
// kept, so strangers cannot fill it.
type cache struct {
	mu         sync.RWMutex
	pools      map[string]*Pool
	generation uint64 // counts the drops
}

func (c *cache) drop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pools = map[string]*Pool{}
	c.generation++
}

// Pool returns a pool, or ResourceNotFoundException.
func (p *Pools) Pool(ctx context.Context, id string) (*Pool, error) {
	p.cache.mu.RLock()
	pool, generation := p.cache.pools[id], p.cache.generation
	p.cache.mu.RUnlock()
	if pool != nil {
		return pool, nil
	}
	var row *store.IdentityPool
	err := p.db.View(ctx, func(tx *store.Tx) (err error) {
		row, err = tx.IdentityPool(id)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, poolNotFound(id)
	}
	if err != nil {
		return nil, err
	}
	if pool, err = readPool(row); err != nil {
		return nil, err
	}
	p.cache.mu.Lock()
	defer p.cache.mu.Unlock()
	// What was loaded beside a change may be what the change replaced.
	if generation == p.cache.generation {
		if len(p.cache.pools) >= cachedPools {
			for other := range p.cache.pools { // any: the order of a map is random
				delete(p.cache.pools, other)
				break
			}
		}
		p.cache.pools[id] = pool
	}
	return pool, nil
}
