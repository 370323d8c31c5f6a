package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

const (
	// maxAttempts bounds how often an update runs that lost against others.
	maxAttempts = 12

	// migrationLock is the advisory lock held while migrating: "poolhous" in
	// ASCII, as a number nobody else is likely to take.
	migrationLock = 0x706f6f6c686f7573
)

// postgres is the engine over a PostgreSQL server.
type postgres struct {
	db   *DB
	pool *sql.DB
}

func openPostgres(ctx context.Context, db *DB, url string, maxConns int) (*postgres, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err) // pgx leaves the password out
	}
	if config.ConnectTimeout == 0 || config.ConnectTimeout > 2*time.Minute {
		config.ConnectTimeout = 5 * time.Second // for each host
	}
	// A statement that takes longer is a defect or an outage, and a transaction
	// left open by a node that vanished must not hold its locks.
	for name, value := range map[string]string{
		"statement_timeout": "15s", "idle_in_transaction_session_timeout": "30s", "application_name": "poolhouse",
	} {
		if _, set := config.RuntimeParams[name]; !set {
			config.RuntimeParams[name] = value
		}
	}
	if maxConns <= 0 {
		maxConns = 16
	}
	maxConns = max(2, maxConns) // migrating needs one for its lock
	pool := stdlib.OpenDB(*config)
	pool.SetMaxOpenConns(maxConns)
	pool.SetMaxIdleConns(maxConns)
	pool.SetConnMaxIdleTime(5 * time.Minute)
	pool.SetConnMaxLifetime(time.Hour) // so that a moved address is noticed
	if err := pool.PingContext(ctx); err != nil {
		_ = pool.Close()
		return nil, fmt.Errorf("store: connect: %w", err)
	}
	return &postgres{db: db, pool: pool}, nil
}

func (p *postgres) view(ctx context.Context, fn func(*Tx) error) error {
	tx := p.db.newTx(ctx, p.pool)
	tx.reads = true
	return tx.call(fn)
}

func (p *postgres) update(ctx context.Context, fn func(*Tx) error) (version int64, err error) {
	for attempt := range maxAttempts {
		version, err = p.attempt(ctx, fn)
		if !retryable(err) {
			break
		}
		// 1 ms, 2 ms, ... 64 ms, each by a random factor so that rivals part.
		pause := time.NewTimer(time.Duration(rand.Int64N(int64(time.Millisecond) << min(attempt+1, 7))))
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return 0, ctx.Err()
		}
	}
	if retryable(err) {
		err = fmt.Errorf("store: gave up after %d attempts: %w", maxAttempts, err)
	}
	return version, err
}

func (p *postgres) attempt(ctx context.Context, fn func(*Tx) error) (int64, error) {
	transaction, err := p.pool.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelSerializable})
	if err != nil {
		return 0, fmt.Errorf("store: begin: %w", err)
	}
	defer transaction.Rollback() // does nothing after a commit
	tx := p.db.newTx(ctx, transaction)
	if err := tx.call(fn); err != nil {
		if retryable(tx.failed) { // even if fn made another error of it
			return 0, tx.failed
		}
		return 0, err
	}
	if err := transaction.Commit(); err != nil {
		if !commitUnknown(err) {
			return 0, fmt.Errorf("store: commit: %w", err)
		}
		if ctx.Err() != nil {
			err = errors.Join(err, ctx.Err())
		}
		return 0, fmt.Errorf("%w: %w", ErrCommitUnknown, err)
	}
	return tx.version, nil
}

// commitUnknown says whether a failed COMMIT may have happened all the same.
func commitUnknown(err error) bool {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		// An ERROR rolled back. FATAL ended the session, perhaps while it waited
		// for a standby to confirm what was committed here.
		return e.SeverityUnlocalized != "ERROR"
	}
	switch err { // not in a chain: database/sql's own, before it sends COMMIT
	case context.Canceled, context.DeadlineExceeded, sql.ErrTxDone:
		return false
	}
	return !pgconn.SafeToRetry(err) && !errors.Is(err, pgx.ErrTxCommitRollback)
}

func (p *postgres) ping(ctx context.Context) error { return p.view(ctx, ping) }

func (p *postgres) lockMigrations(ctx context.Context) (func(), error) {
	c, err := p.pool.Conn(ctx)
	if err != nil {
		return nil, err
	}
	for {
		// Asking again, unlike waiting, is not subject to statement_timeout.
		var locked bool
		if err := c.QueryRowContext(ctx, `SELECT pg_try_advisory_lock($1)`, int64(migrationLock)).Scan(&locked); err != nil {
			_ = c.Close()
			return nil, err
		}
		if locked {
			break
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			_ = c.Close()
			return nil, ctx.Err()
		}
	}
	return func() {
		if _, err := c.ExecContext(context.WithoutCancel(ctx), `SELECT pg_advisory_unlock($1)`, int64(migrationLock)); err != nil {
			p.db.log.Warn("cannot release the migration lock", "err", err)
			_ = c.Raw(func(any) error { return driver.ErrBadConn }) // closing the session releases it
		}
		_ = c.Close()
	}, nil
}

func (p *postgres) close() error { return p.pool.Close() }
