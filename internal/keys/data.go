package keys

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/poolhouse/poolhouse/internal/store"
)

// settle is how long a new data key waits before it seals: by then every node
// has read it, and none meets a value it cannot open.
const settle = 5 * time.Second

// dataKeys are the data keys a node knows.
type dataKeys struct {
	set    map[uint32]DataKey
	all    *Sealer   // seals under the newest
	before *Sealer   // seals under the one before it; nil if there is none
	from   time.Time // when the newest begins to seal
}

// sealer is the one to seal with at a time.
func (d *dataKeys) sealer(now time.Time) *Sealer {
	if d.before != nil && now.Before(d.from) {
		return d.before
	}
	return d.all
}

// newDataKeys opens rows, which are in the order of their ids. Keys that are
// known already need no opening, so that a node works on while the master key
// is changed below it.
func newDataKeys(rows []store.DataKey, master MasterKey, known map[uint32]DataKey) (*dataKeys, error) {
	d := &dataKeys{set: make(map[uint32]DataKey, len(rows))}
	for _, row := range rows {
		key, err := unwrapText(master, row)
		if err != nil {
			var ok bool
			if key, ok = known[row.ID]; !ok {
				return nil, fmt.Errorf("data key %d: %w", row.ID, ErrWrongMasterKey)
			}
		}
		d.set[row.ID] = key
	}
	newest := rows[len(rows)-1]
	var err error
	if d.all, err = NewSealer(newest.ID, d.set); err != nil {
		return nil, err
	}
	if len(rows) > 1 {
		d.from = newest.CreatedAt.Add(settle)
		if d.before, err = NewSealer(rows[len(rows)-2].ID, d.set); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// loadDataKeys reads the data keys. It gives a database without any its first
// one; if that was emptied under a running node, the keys the node has, so that
// what it sealed since can be opened after a restart.
func (r *Ring) loadDataKeys(ctx context.Context) error {
	r.reload.Lock()
	defer r.reload.Unlock()
	var known map[uint32]DataKey
	if d := r.data.Load(); d != nil {
		known = d.set
	}
	var rows []store.DataKey
	read := func(tx *store.Tx) (err error) {
		rows, err = tx.DataKeys()
		return err
	}
	if err := r.db.View(ctx, read); err != nil {
		return fmt.Errorf("data keys: %w", err)
	}
	if len(rows) == 0 {
		first := known
		if first == nil {
			first = map[uint32]DataKey{1: GenerateDataKey()}
		}
		err := r.db.Update(ctx, func(tx *store.Tx) error {
			if err := read(tx); err != nil || len(rows) > 0 {
				return err // another node was faster
			}
			for id, key := range first {
				row := store.DataKey{ID: id, SealedKey: wrapText(r.master, id, key), CreatedAt: tx.Now()}
				if err := tx.InsertDataKey(row); err != nil {
					return err
				}
			}
			return read(tx)
		})
		if err != nil {
			return fmt.Errorf("first data key: %w", err)
		}
	}
	d, err := newDataKeys(rows, r.master, known)
	if err != nil {
		return err
	}
	r.data.Store(d)
	return nil
}

// AddDataKey adds a data key that seals everything from a few seconds on, once
// all nodes know it. Older values still open. It returns ErrWrongMasterKey if
// the master key was changed since this ring was opened.
func (r *Ring) AddDataKey(ctx context.Context) error {
	key := GenerateDataKey()
	err := r.db.Update(ctx, func(tx *store.Tx) error {
		rows, err := tx.DataKeys()
		if err != nil {
			return err
		}
		var id uint32
		for _, row := range rows {
			if _, err := unwrapText(r.master, row); err != nil {
				return fmt.Errorf("data key %d: %w", row.ID, ErrWrongMasterKey)
			}
			id = row.ID
		}
		id++
		return tx.InsertDataKey(store.DataKey{ID: id, SealedKey: wrapText(r.master, id, key), CreatedAt: tx.Now()})
	})
	if err != nil {
		return fmt.Errorf("add data key: %w", err)
	}
	return r.loadDataKeys(ctx)
}

// RotateMaster rewraps all data keys of a database under a new master key, in
// one transaction: afterwards the old one opens nothing. Nodes that run go on
// with the keys they hold, and must be restarted with the new master key before
// the next AddDataKey. It returns ErrWrongMasterKey if the old key is not the
// database's.
func RotateMaster(ctx context.Context, db *store.DB, old, master MasterKey) error {
	if old == master {
		return errors.New("rotate master key: the new key is the old one")
	}
	err := db.Update(ctx, func(tx *store.Tx) error {
		rows, err := tx.DataKeys()
		if err != nil {
			return err
		}
		for _, row := range rows {
			key, err := unwrapText(old, row)
			if err != nil {
				return fmt.Errorf("data key %d: %w", row.ID, ErrWrongMasterKey)
			}
			if err := tx.ResealDataKey(row.ID, wrapText(master, row.ID, key)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("rotate master key: %w", err)
	}
	return nil
}
