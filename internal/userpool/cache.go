package userpool

import (
	"context"
	"strconv"
	"sync"

	"golang.org/x/sync/singleflight"
)

// cache keeps what was loaded until the configuration changes. Only things that
// exist are kept, so strangers cannot fill it; limit bounds it all the same.
type cache[T any] struct {
	limit int
	loads singleflight.Group

	mu         sync.RWMutex
	entries    map[string]T
	generation uint64 // counts the drops
}

func newCache[T any](limit int) *cache[T] {
	return &cache[T]{limit: limit, entries: map[string]T{}}
}

// get returns the entry, loading it if it is not there. Callers that miss at the
// same time share one load.
func (c *cache[T]) get(ctx context.Context, id string, load func(context.Context, string) (T, error)) (T, error) {
	c.mu.RLock()
	v, ok := c.entries[id]
	generation := c.generation
	c.mu.RUnlock()
	if ok {
		return v, nil
	}
	// The generation is part of the key: nobody who came after a change waits
	// for a load that began before it.
	loaded, err, _ := c.loads.Do(strconv.FormatUint(generation, 36)+" "+id, func() (any, error) {
		// One caller's impatience must not fail the others.
		v, err := load(context.WithoutCancel(ctx), id)
		if err == nil {
			c.put(generation, id, v)
		}
		return v, err
	})
	if err != nil {
		var none T
		return none, err
	}
	return loaded.(T), nil
}

// peek returns the entry if it is there.
func (c *cache[T]) peek(id string) (T, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	v, ok := c.entries[id]
	return v, ok
}

// put keeps an entry unless the cache was dropped since its load began: what was
// loaded may be what the change replaced.
func (c *cache[T]) put(generation uint64, id string, v T) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if generation != c.generation {
		return
	}
	if len(c.entries) >= c.limit {
		for other := range c.entries { // any: the order of a map is random
			delete(c.entries, other)
			break
		}
	}
	c.entries[id] = v
}

// drop forgets everything.
func (c *cache[T]) drop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.entries = map[string]T{}
	c.generation++
}
