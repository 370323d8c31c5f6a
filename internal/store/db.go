package store

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"
)

//go:embed migrations/*.sql
var embedded embed.FS

// Options say which database to open and how.
type Options struct {
	// URL is "sqlite:FILE", "sqlite::memory:" (private to this DB) or
	// "postgres://...", which may name several hosts and
	// target_session_attrs=read-write.
	URL string

	// Now is the clock; nil means time.Now.
	Now func() time.Time

	// Logger receives what happens in the background; nil discards it.
	Logger *slog.Logger

	// MaxReaders bounds the connections that View uses on SQLite (default
	// GOMAXPROCS, within 2 and 8) and all connections on PostgreSQL (default 16,
	// at least 2).
	MaxReaders int

	// Migrate lets Open accept a database that is empty or behind, so that the
	// caller can call DB.Migrate.
	Migrate bool

	migrations fs.FS // for tests of the engine; nil means the embedded ones
}

// Kind is the kind of database below a DB.
type Kind string

// The kinds of databases.
const (
	SQLite   Kind = "sqlite"
	Postgres Kind = "postgres"
)

// engine is what differs between the databases. Its update answers the
// committed change version, 0 if configuration did not change.
type engine interface {
	view(ctx context.Context, fn func(*Tx) error) error
	snapshot(ctx context.Context, fn func(*Tx) error) error
	update(ctx context.Context, fn func(*Tx) error) (changed int64, err error)
	ping(ctx context.Context) error
	// lockMigrations keeps other nodes from migrating until unlock is called.
	lockMigrations(ctx context.Context) (unlock func(), err error)
	close() error
}

// DB is an open database. Its methods may be called concurrently.
type DB struct {
	engine     engine
	kind       Kind
	now        func() time.Time
	log        *slog.Logger
	migrations []migration
	changes    changes
	closed     atomic.Bool
}

// Open opens a database. It does not migrate: it returns ErrFuture for a
// database from a newer Poolhouse and, unless o.Migrate is set, ErrBehind for
// one that lacks migrations.
func Open(ctx context.Context, o Options) (*DB, error) {
	db := &DB{now: o.Now, log: o.Logger}
	if db.now == nil {
		db.now = time.Now
	}
	if db.log == nil {
		db.log = slog.New(slog.DiscardHandler)
	}
	source := o.migrations
	if source == nil {
		source, _ = fs.Sub(embedded, "migrations") // the name is valid, so it cannot fail
	}
	var err error
	if db.migrations, err = readMigrations(source); err != nil {
		return nil, err
	}
	scheme, rest, _ := strings.Cut(o.URL, ":")
	switch scheme {
	case "sqlite":
		db.kind = SQLite
		if rest == ":memory:" {
			db.engine, err = openMemory(ctx, db)
		} else {
			db.engine, err = openSQLite(ctx, db, rest, o.MaxReaders)
		}
	case "postgres", "postgresql":
		db.kind = Postgres
		db.engine, err = openPostgres(ctx, db, o.URL, o.MaxReaders)
	default:
		// The URL is not repeated: it may carry a password.
		return nil, fmt.Errorf("store: the database URL must begin with sqlite: or postgres:")
	}
	if err != nil {
		return nil, err
	}
	if err := db.checkVersion(ctx, o.Migrate); err != nil {
		_ = db.engine.close()
		return nil, err
	}
	db.changes.start(db)
	return db, nil
}

// Close waits for the updates under way and closes the database.
func (db *DB) Close() error {
	if db.closed.Swap(true) {
		return nil
	}
	db.changes.stop()
	return db.engine.close()
}

// Kind says which kind of database this is.
func (db *DB) Kind() Kind { return db.kind }

// Now is the time by the database's clock, in UTC, to the millisecond.
func (db *DB) Now() time.Time { return db.now().UTC().Truncate(time.Millisecond) }

// Ping returns nil if the database can be read and, on SQLite, the writer
// can begin a transaction.
func (db *DB) Ping(ctx context.Context) error {
	if db.closed.Load() {
		return ErrClosed
	}
	return db.engine.ping(ctx)
}

// View calls fn to read. Each statement stands alone and sees what was
// committed when it began: there is no snapshot across statements, and no
// round trip to make one. What must be consistent is read in one statement or
// in Update. Rows must be closed before the next statement. fn must not write.
func (db *DB) View(ctx context.Context, fn func(*Tx) error) error {
	if err := db.enter(ctx); err != nil {
		return err
	}
	return db.engine.view(ctx, fn)
}

// Update calls fn in a transaction and commits it durably; if fn returns an
// error, or one of its statements failed, nothing of it is kept. Transactions
// are serializable. fn may run more than once and on another goroutine, so it
// has no effect outside the transaction (save variables it sets anew each time),
// does nothing slow, and begins no other transaction. A panic in fn reaches the
// caller.
func (db *DB) Update(ctx context.Context, fn func(*Tx) error) error {
	if err := db.enter(ctx); err != nil {
		return err
	}
	version, err := db.engine.update(ctx, fn)
	if err == nil && version != 0 {
		db.changes.committed(version)
	}
	return err
}

func (db *DB) enter(ctx context.Context) error {
	if db.closed.Load() {
		return ErrClosed
	}
	return ctx.Err()
}

// Reset deletes all rows and keeps the layout, for a development server. The
// change counter goes on, so that every node drops its caches.
func (db *DB) Reset(ctx context.Context) error {
	return db.Update(ctx, func(tx *Tx) error {
		tables, err := tx.tables()
		if err != nil {
			return err
		}
		for _, table := range tables {
			if table == "schema_migrations" || table == "changes" {
				continue
			}
			if _, err := tx.exec(`DELETE FROM "` + table + `"`); err != nil {
				return err
			}
		}
		return tx.changeConfig()
	})
}

// runner is where a Tx's statements go: a cached SQLite connection, a
// PostgreSQL transaction, or its pool.
type runner interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// Tx is the database inside View or Update. It is for one goroutine and must
// not be used after its function returned.
type Tx struct {
	ctx     context.Context
	run     runner
	kind    Kind
	now     time.Time
	reads   bool  // inside View
	failed  error // the first failure of a statement; nothing may be committed after it
	version int64 // of the configuration, if this transaction changed it
}

func (db *DB) newTx(ctx context.Context, run runner) *Tx {
	return &Tx{ctx: ctx, run: run, kind: db.kind, now: db.Now()}
}

// Now is the time of the transaction.
func (tx *Tx) Now() time.Time { return tx.now }

// exec runs a statement and returns how many rows it changed. A row that is
// there already gives an error that matches ErrExists, and after any error the
// transaction cannot commit: expected conflicts are met with ON CONFLICT.
func (tx *Tx) exec(query string, args ...any) (affected int64, err error) {
	if tx.reads {
		return 0, tx.fail(errReadOnly)
	}
	result, err := tx.run.ExecContext(tx.ctx, query, args...)
	if err == nil {
		affected, err = result.RowsAffected()
	}
	if err != nil {
		return 0, tx.fail(err)
	}
	return affected, nil
}

// query runs a statement that returns rows; the caller closes them before the
// next statement.
func (tx *Tx) query(query string, args ...any) (*sql.Rows, error) {
	rows, err := tx.run.QueryContext(tx.ctx, query, args...)
	if err != nil {
		return nil, tx.fail(err)
	}
	return rows, nil
}

// queryRow runs a statement that returns at most one row.
func (tx *Tx) queryRow(query string, args ...any) *sql.Row {
	return tx.run.QueryRowContext(tx.ctx, query, args...)
}

func (tx *Tx) fail(err error) error {
	err = translate(err)
	if tx.failed == nil {
		tx.failed = err
	}
	return err
}

// call runs fn; an error of a statement that fn passed over still counts.
func (tx *Tx) call(fn func(*Tx) error) error {
	if err := fn(tx); err != nil {
		return err
	}
	return tx.failed
}
