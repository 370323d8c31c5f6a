package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// Snapshot calls fn to read, like View, but all its statements see the database
// as it was at the first of them. It may take as long as it wants: nobody waits
// for it, but what is deleted meanwhile is kept until it ends.
func (db *DB) Snapshot(ctx context.Context, fn func(*Tx) error) error {
	if err := db.enter(ctx); err != nil {
		return err
	}
	return db.engine.snapshot(ctx, fn)
}

// snapshot reads in one transaction, as SQLite's readers in WAL mode do.
func (e *sqliteFile) snapshot(ctx context.Context, fn func(*Tx) error) error {
	return e.view(ctx, func(tx *Tx) error { return tx.inReadTransaction(fn) })
}

// snapshot holds the only connection, so that nobody writes.
func (m *memory) snapshot(ctx context.Context, fn func(*Tx) error) error {
	return m.view(ctx, fn)
}

func (p *postgres) snapshot(ctx context.Context, fn func(*Tx) error) error {
	transaction, err := p.pool.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return fmt.Errorf("store: begin: %w", err)
	}
	defer transaction.Rollback()
	// The reader may wait for whoever takes what it reads.
	if _, err := transaction.ExecContext(ctx, `SET LOCAL idle_in_transaction_session_timeout = 0`); err != nil {
		return fmt.Errorf("store: begin: %w", err)
	}
	tx := p.db.newTx(ctx, transaction)
	tx.reads = true
	return tx.call(fn)
}

// inReadTransaction runs fn on a connection of SQLite between BEGIN and its end.
func (tx *Tx) inReadTransaction(fn func(*Tx) error) (err error) {
	if _, err := tx.run.ExecContext(tx.ctx, "BEGIN"); err != nil {
		return tx.fail(err)
	}
	defer func() { // also when fn panics: the connection is used again
		// A transaction that a cancelled statement ended gives an error here, and
		// View then drops the connection.
		if _, endErr := tx.run.ExecContext(context.WithoutCancel(tx.ctx), "ROLLBACK"); endErr != nil {
			err = errors.Join(err, tx.fail(endErr))
		}
	}()
	return tx.call(fn)
}
