package verify

import (
	"strings"
	"sync"
)

// cache remembers verified tokens by their whole text, in two halves: when the
// young one is full it becomes the old one, and what was in the old one and not
// asked for since is forgotten. Nobody can grow it beyond its size, for only
// tokens that were verified come in.
type cache struct {
	half int

	mu         sync.RWMutex
	young, old map[string]*Token
}

// newCache returns nil, which is a cache that remembers nothing, for size 0.
func newCache(size int) *cache {
	if size == 0 {
		return nil
	}
	return &cache{half: (size + 1) / 2, young: make(map[string]*Token)}
}

func (c *cache) get(raw string) *Token {
	if c == nil {
		return nil
	}
	c.mu.RLock()
	t, ok := c.young[raw]
	if !ok {
		t = c.old[raw]
	}
	c.mu.RUnlock()
	if !ok && t != nil {
		c.put(raw, t)
	}
	return t
}

func (c *cache) put(raw string, t *Token) {
	raw = strings.Clone(raw) // it may be part of something long
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.young[raw]; !ok && len(c.young) >= c.half {
		c.old, c.young = c.young, make(map[string]*Token, c.half)
	}
	c.young[raw] = t
}
