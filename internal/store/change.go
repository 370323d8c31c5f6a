package store

import (
	"context"
	"sync"
	"time"
)

// pollEvery is how often the change counter is read; with it another node's
// change is known well within a second.
const pollEvery = 400 * time.Millisecond

// changes watches the counter of configuration changes.
type changes struct {
	mu        sync.Mutex
	seen      int64
	ready     bool // the tables exist, as far as is known
	callbacks []func()
	cancel    context.CancelFunc
	done      chan struct{}
}

// OnConfigChange adds a function that is called after each commit that changed
// configuration: before Update returns if it was made here, and within a
// second if another node made it. fn must be quick and may be called
// concurrently.
func (db *DB) OnConfigChange(fn func()) {
	db.changes.mu.Lock()
	defer db.changes.mu.Unlock()
	db.changes.callbacks = append(db.changes.callbacks, fn)
}

// changeConfig counts a change of configuration in this transaction.
func (tx *Tx) changeConfig() error {
	err := tx.queryRow(`INSERT INTO changes (name, version) VALUES ('config', 1)
		ON CONFLICT (name) DO UPDATE SET version = changes.version + 1 RETURNING version`).Scan(&tx.version)
	if err != nil {
		return tx.fail(err)
	}
	return nil
}

func (tx *Tx) configVersion() (version int64, err error) {
	err = tx.queryRow(`SELECT COALESCE(MAX(version), 0) FROM changes WHERE name = 'config'`).Scan(&version)
	return version, err
}

// committed notes a version that was committed here or seen, and calls the
// callbacks.
func (c *changes) committed(version int64) {
	c.mu.Lock()
	c.seen = max(c.seen, version)
	callbacks := c.callbacks[:len(c.callbacks):len(c.callbacks)]
	c.mu.Unlock()
	for _, fn := range callbacks {
		fn()
	}
}

// layoutReady lets the polling begin.
func (c *changes) layoutReady(version int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ready, c.seen = true, max(c.seen, version)
}

func (c *changes) start(db *DB) {
	ctx, cancel := context.WithCancel(context.Background())
	c.cancel, c.done = cancel, make(chan struct{})
	go func() {
		defer close(c.done)
		tick := time.NewTicker(pollEvery)
		defer tick.Stop()
		failing := false
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			err := c.poll(ctx, db)
			if err != nil && !failing && ctx.Err() == nil {
				db.log.Error("cannot read the change counter; caches may be stale", "err", err)
			}
			failing = err != nil
		}
	}()
}

func (c *changes) poll(ctx context.Context, db *DB) error {
	c.mu.Lock()
	ready := c.ready
	c.mu.Unlock()
	if !ready {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	var version int64
	if err := db.View(ctx, func(tx *Tx) (err error) {
		version, err = tx.configVersion()
		return err
	}); err != nil {
		return err
	}
	c.mu.Lock()
	changed := version > c.seen
	c.mu.Unlock()
	if changed {
		c.committed(version)
	}
	return nil
}

func (c *changes) stop() {
	c.cancel()
	<-c.done
}
