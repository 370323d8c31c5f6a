package archive

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"filippo.io/age"

	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/store"
)

const (
	// A transaction inserts so many rows, or so many bytes of them.
	batchRows  = 1000
	batchBytes = 1 << 20

	// maxLast bounds the bytes of what the last transaction inserts: some ten
	// thousand app clients.
	maxLast = 64 << 20

	// reservation is how long an import may be silent before its rows are cleared
	// away; each batch begins it anew.
	reservation = 2 * time.Minute

	// clearStep is how many rows of a table one transaction clears away.
	clearStep = 1000

	// settle is how long servers need to know that a pool is gone.
	settle = 2 * time.Second
)

// ImportOptions say how to import.
type ImportOptions struct {
	Identities []age.Identity

	// Replace allows a pool of the same id, which is deleted first. The caller
	// should have called Check, since a file that turns out damaged then leaves no
	// pool at all.
	Replace bool
}

// Import makes the pool of a file. Nobody sees it before it is complete; after an
// error there is nothing of it, or there will not be soon. Errors are those of
// the package, and store.ErrExists (wrapped) if something of the pool that is
// unique in a deployment, such as an app client's id, belongs to another pool.
func Import(ctx context.Context, db *store.DB, ring *keys.Ring, in io.Reader, o ImportOptions) (*Summary, error) {
	r, err := open(in, o.Identities)
	if err != nil {
		return nil, err
	}
	m := &importer{db: db, pool: r.header.Pool, swap: seal(ring)}
	// Before anything is reserved: it takes a while.
	if !r.header.SigningKeys {
		if m.signing, err = ring.NewPoolKeys(ctx, m.pool, db.Now()); err != nil {
			return nil, err
		}
	}
	if o.Replace {
		if err := m.remove(ctx); err != nil {
			return nil, err
		}
	}
	if err := m.reserve(ctx); err != nil {
		return nil, fmt.Errorf("user pool %s: %w", m.pool, err)
	}
	summary, err := r.read(ctx, visitor{
		table: func(t *table, s section) error { return m.begin(ctx, t, s) },
		row:   func(values []any) error { return m.add(ctx, values) },
	})
	if err == nil {
		err = m.finish(ctx)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("user pool %s: %w", m.pool, err), m.abandon(ctx))
	}
	return summary, nil
}

// importer writes one pool.
type importer struct {
	db      *store.DB
	pool    string
	swap    swapper
	until   time.Time          // when the reservation ends
	next    time.Time          // when it ends if the batch that failed was kept after all
	signing []store.SigningKey // new ones, if the file has none

	current layout
	batch   [][]any // rows of the current table
	size    int     // bytes of the batch

	last     []finalRows
	lastSize int
}

// finalRows are rows of the last transaction.
type finalRows struct {
	layout
	rows [][]any
}

// remove deletes the present pool, if there is one and it is not protected.
func (m *importer) remove(ctx context.Context) error {
	err := m.db.Update(ctx, func(tx *store.Tx) error {
		pool, err := tx.UserPool(m.pool)
		if err != nil {
			return err
		}
		var doc struct{ DeletionProtection string }
		if err := json.Unmarshal([]byte(pool.Doc), &doc); err != nil {
			return err
		}
		if doc.DeletionProtection == "ACTIVE" {
			return ErrProtected
		}
		return tx.DeleteUserPool(m.pool)
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("replace user pool %s: %w", m.pool, err)
	}
	select { // so that no server writes a user into the new pool that is of the old one
	case <-time.After(settle):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// reserve takes the pool's id, and clears away what an earlier pool or import
// left.
func (m *importer) reserve(ctx context.Context) error {
	for done := false; !done; {
		until := m.db.Now().Add(reservation)
		err := m.db.Update(ctx, func(tx *store.Tx) (err error) {
			done, err = tx.ReserveUserPool(m.pool, until, clearStep)
			return err
		})
		switch {
		case errors.Is(err, store.ErrExists):
			return ErrPoolExists
		case errors.Is(err, store.ErrReserved):
			return ErrUnderWay
		case err != nil:
			return err
		}
		m.until = until
	}
	return nil
}

// begin makes t the table of the rows to come.
func (m *importer) begin(ctx context.Context, t *table, s section) error {
	if err := m.flush(ctx); err != nil {
		return err
	}
	var present []store.Column
	if err := m.db.View(ctx, func(tx *store.Tx) (err error) {
		present, err = tx.Columns(t.PoolTable)
		return err
	}); err != nil {
		return err
	}
	columns := make([]store.Column, len(s.Columns))
	for i, name := range s.Columns {
		at := slices.IndexFunc(present, func(c store.Column) bool { return c.Name == name })
		if at < 0 {
			return fmt.Errorf("%w: it has a column %q of %s", ErrFuture, name, t.Name)
		}
		columns[i] = present[at]
	}
	m.current = newLayout(t, columns)
	if t.last {
		m.last = append(m.last, finalRows{layout: m.current})
	}
	return nil
}

// add takes a row of the current table.
func (m *importer) add(ctx context.Context, values []any) error {
	if err := typed(m.current.columns, values); err != nil {
		return fmt.Errorf("%s: %w", m.current.Name, err)
	}
	if err := m.current.swap(m.pool, values, m.swap); err != nil {
		return err
	}
	size := 0
	for _, v := range values {
		text, _ := v.(string)
		size += len(text) + 8
	}
	if m.current.last {
		if m.lastSize += size; m.lastSize > maxLast {
			return fmt.Errorf("%w: %s has too many rows", ErrNotArchive, m.current.Name)
		}
		end := &m.last[len(m.last)-1]
		end.rows = append(end.rows, values)
		return nil
	}
	m.batch = append(m.batch, values)
	if m.size += size; len(m.batch) < batchRows && m.size < batchBytes {
		return nil
	}
	return m.flush(ctx)
}

// flush writes the batch.
func (m *importer) flush(ctx context.Context) error {
	if len(m.batch) == 0 {
		return nil
	}
	m.next = m.db.Now().Add(reservation)
	err := m.db.Update(ctx, func(tx *store.Tx) error {
		if err := tx.ExtendReservation(m.pool, m.until, m.next); err != nil {
			return err
		}
		return tx.InsertPoolRows(m.current.PoolTable, m.current.columns, m.pool, m.batch)
	})
	if err != nil {
		return explain(err)
	}
	m.until = m.next
	clear(m.batch)
	m.batch, m.size = m.batch[:0], 0
	return nil
}

// finish makes the pool visible.
func (m *importer) finish(ctx context.Context) error {
	if err := m.flush(ctx); err != nil {
		return err
	}
	return explain(m.db.Update(ctx, func(tx *store.Tx) error {
		for _, t := range m.last {
			if err := tx.InsertPoolRows(t.PoolTable, t.columns, m.pool, t.rows); err != nil {
				return err
			}
		}
		for _, key := range m.signing {
			if err := tx.InsertSigningKey(key); err != nil {
				return err
			}
		}
		return tx.EndReservation(m.pool, m.until)
	}))
}

func explain(err error) error {
	switch {
	case errors.Is(err, store.ErrReserved):
		return errors.New("the import paused too long, and what it wrote is being cleared away; begin again")
	case errors.Is(err, store.ErrExists):
		return fmt.Errorf("something of the pool belongs to another pool of this deployment: %w", err)
	}
	return err
}

// abandon clears away what was written. What it does not get done a server does.
func (m *importer) abandon(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	err := m.db.Update(ctx, func(tx *store.Tx) error {
		over := tx.Now().Add(-time.Millisecond)
		err := tx.ExtendReservation(m.pool, m.until, over)
		if errors.Is(err, store.ErrReserved) { // the commit of the last batch was cut off, and took place
			err = tx.ExtendReservation(m.pool, m.next, over)
		}
		return err
	})
	if errors.Is(err, store.ErrReserved) {
		return nil // it is over, or was completed after all
	}
	for done := false; err == nil && !done; {
		err = m.db.Update(ctx, func(tx *store.Tx) (err error) {
			done, err = tx.ClearDeletedUserPool(m.pool, clearStep)
			return err
		})
	}
	if err != nil {
		return fmt.Errorf("clear away what was imported (a server will do it): %w", err)
	}
	return nil
}
