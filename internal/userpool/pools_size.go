package userpool

import (
	"context"
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/poolhouse/poolhouse/internal/store"
)

const (
	// countExactly is how many users are counted each time they are asked for.
	countExactly = 1_000
	// countFor is how long the count of a larger pool is good.
	countFor = time.Minute
)

// sizes holds the counts of large pools.
type sizes struct {
	mu     sync.Mutex
	counts map[string]size
}

type size struct {
	users int
	at    time.Time
}

// UserCount is how many users a pool has: exact while they are few, up to a
// minute old when counting them costs.
func (p *Pools) UserCount(ctx context.Context, poolID string) (int, error) {
	now := p.db.Now()
	p.sizes.mu.Lock()
	known, ok := p.sizes.counts[poolID]
	p.sizes.mu.Unlock()
	if age := now.Sub(known.at); ok && age >= 0 && age < countFor {
		return known.users, nil
	}
	var n int
	err := p.db.View(ctx, func(tx *store.Tx) (err error) {
		n, err = tx.CountUsers(poolID, countExactly+1)
		if err == nil && n > countExactly {
			n, err = tx.CountUsers(poolID, math.MaxInt32)
		}
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("count the users of a pool: %w", err)
	}
	p.sizes.mu.Lock()
	defer p.sizes.mu.Unlock()
	if n <= countExactly {
		delete(p.sizes.counts, poolID)
		return n, nil
	}
	if p.sizes.counts == nil {
		p.sizes.counts = map[string]size{}
	}
	p.sizes.counts[poolID] = size{n, now}
	return n, nil
}

// forget drops the count of a pool that is gone.
func (s *sizes) forget(poolID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.counts, poolID)
}
