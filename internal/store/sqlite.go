package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"runtime"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// maxStatements bounds the prepared statements of a connection.
const maxStatements = 256

// pragmas are the settings of every connection. Memory is bounded by them and
// not by the size of the file: 4 MB of page cache for each of at most nine
// connections, and no mmap, whose pages would count as the process's own; the
// operating system caches the file. Foreign keys are off since PostgreSQL's
// are not used either. The WAL is checkpointed each 16 MB, a compromise between
// its size and the writes doubled by checkpointing hot pages often.
var pragmas = []string{
	"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(OFF)", "temp_store(MEMORY)",
	"cache_size(-4000)", "mmap_size(0)", "wal_autocheckpoint(4000)", "journal_size_limit(67108864)",
}

// conn is a SQLite connection with its prepared statements, since parsing
// costs as much as many a query. It is used by one goroutine at a time.
type conn struct {
	db   *sql.DB
	sql  *sql.Conn // nil: not open yet, or dropped
	stmt map[string]*sql.Stmt
}

func (c *conn) prepare(ctx context.Context, query string) (*sql.Stmt, error) {
	if s := c.stmt[query]; s != nil {
		return s, nil
	}
	s, err := c.sql.PrepareContext(ctx, numbered(query))
	if err == nil {
		c.stmt[query] = s
	}
	return s, err
}

// ExecContext implements runner.
func (c *conn) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	s, err := c.prepare(ctx, query)
	if err != nil {
		return nil, err
	}
	return s.ExecContext(ctx, args...)
}

// QueryContext implements runner.
func (c *conn) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	s, err := c.prepare(ctx, query)
	if err != nil {
		return nil, err
	}
	return s.QueryContext(ctx, args...)
}

// QueryRowContext implements runner.
func (c *conn) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	s, err := c.prepare(ctx, query)
	if err != nil { // the Row must carry it: run into it once more
		return c.sql.QueryRowContext(ctx, numbered(query), args...)
	}
	return s.QueryRowContext(ctx, args...)
}

// control runs a statement of the engine itself.
func (c *conn) control(text string) error {
	_, err := c.ExecContext(context.Background(), text)
	return err
}

// trim forgets the prepared statements when there are too many. It is called
// between transactions, when no rows are open.
func (c *conn) trim() {
	if len(c.stmt) <= maxStatements {
		return
	}
	for _, s := range c.stmt {
		_ = s.Close()
	}
	clear(c.stmt)
}

func (c *conn) open(ctx context.Context) (err error) {
	c.sql, err = c.db.Conn(ctx)
	c.stmt = make(map[string]*sql.Stmt)
	return err
}

// close closes the connection itself, as the pool keeps none.
func (c *conn) close() {
	if c.sql != nil {
		for _, s := range c.stmt {
			_ = s.Close()
		}
		_ = c.sql.Close()
		c.sql = nil
	}
}

// steady runs statements that a context cannot interrupt midway: SQLite rolls
// the whole transaction back, thus the group, if a write is interrupted.
type steady struct{ *conn }

func (s steady) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return s.conn.ExecContext(context.Background(), query, args...)
}

func (s steady) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return s.conn.QueryContext(context.Background(), query, args...)
}

func (s steady) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	if ctx.Err() != nil {
		return s.db.QueryRowContext(ctx, query) // a Row with the context's error
	}
	return s.conn.QueryRowContext(context.Background(), query, args...)
}

// openPool opens a pool that closes each connection given back to it.
func openPool(name string, extra ...string) (*sql.DB, error) {
	settings := url.Values{"_pragma": append(pragmas[:len(pragmas):len(pragmas)], extra...)}
	pool, err := sql.Open("sqlite", name+"?"+settings.Encode())
	if err != nil {
		return nil, fmt.Errorf("store: open: %w", err)
	}
	pool.SetMaxIdleConns(-1)
	return pool, nil
}

// sqliteFile is the engine over a file: readers beside one writer.
type sqliteFile struct {
	db            *DB
	reads, writes *sql.DB
	readers       chan *conn
	writer        *writer
}

func openSQLite(ctx context.Context, db *DB, file string, maxReaders int) (*sqliteFile, error) {
	if file == "" {
		return nil, errors.New("store: sqlite: names no file")
	}
	if maxReaders <= 0 {
		// More readers than processors starve the writer, which must find a
		// processor again after each fsync: on 2 cores, 8 connections halve its
		// rate and gain readers little (BenchmarkUpdateBesideReaders).
		maxReaders = min(8, max(2, runtime.GOMAXPROCS(0)))
	}
	// SQLite would create it readable by others; the WAL inherits its mode. An
	// existing file is left closed: closing it would drop this process's locks.
	f, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	switch {
	case err == nil:
		_ = f.Close()
	case !errors.Is(err, fs.ErrExist):
		return nil, fmt.Errorf("store: create the database: %w", err)
	}
	name := "file:" + (&url.URL{Path: file}).EscapedPath()
	e := &sqliteFile{db: db, readers: make(chan *conn, maxReaders)}
	if e.writes, err = openPool(name); err != nil {
		return nil, err
	}
	if e.reads, err = openPool(name, "query_only(1)"); err != nil {
		return nil, err
	}
	e.writer = &writer{
		db: db, open: e.openWriter,
		jobs: make(chan *job, groupSize), quit: make(chan struct{}), stopped: make(chan struct{}),
	}
	if e.writer.conn, err = e.openWriter(ctx); err != nil {
		_, _ = e.reads.Close(), e.writes.Close()
		return nil, fmt.Errorf("store: open the database: %w", err)
	}
	for range maxReaders {
		e.readers <- &conn{db: e.reads}
	}
	go e.writer.run()
	return e, nil
}

// openWriter opens the writing connection. Two processes that turn a new file
// to WAL at once can meet without SQLite's own waiting.
func (e *sqliteFile) openWriter(ctx context.Context) (*conn, error) {
	c := &conn{db: e.writes}
	for attempt := 1; ; attempt++ {
		err := c.open(ctx)
		if err == nil {
			return c, nil
		}
		if s, ok := errors.AsType[*sqlite.Error](err); !ok || s.Code()&0xff != sqlite3.SQLITE_BUSY || attempt == 20 {
			return nil, err
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (e *sqliteFile) view(ctx context.Context, fn func(*Tx) error) error {
	var c *conn
	select {
	case c = <-e.readers:
	case <-ctx.Done():
		return ctx.Err()
	case <-e.writer.quit:
		return ErrClosed
	}
	sound := false
	defer func() {
		if sound {
			c.trim()
		} else { // interrupted or failed: begin afresh
			c.close()
		}
		e.readers <- c
	}()
	if c.sql == nil {
		if err := c.open(ctx); err != nil {
			return fmt.Errorf("store: open the database: %w", err)
		}
	}
	tx := e.db.newTx(ctx, c)
	tx.reads = true
	err := tx.call(fn)
	sound = tx.failed == nil && ctx.Err() == nil
	return err
}

func (e *sqliteFile) update(ctx context.Context, fn func(*Tx) error) (int64, error) {
	return e.writer.update(ctx, fn)
}

func (e *sqliteFile) ping(ctx context.Context) error {
	if err := e.view(ctx, ping); err != nil {
		return err
	}
	_, err := e.update(ctx, ping)
	return err
}

func ping(tx *Tx) error {
	var one int
	return tx.queryRow(`SELECT 1`).Scan(&one)
}

// lockMigrations does nothing: BEGIN IMMEDIATE lets in one after the other.
func (e *sqliteFile) lockMigrations(context.Context) (func(), error) { return func() {}, nil }

func (e *sqliteFile) close() error {
	close(e.writer.quit)
	for range cap(e.readers) { // waits for the views under way
		(<-e.readers).close()
	}
	<-e.writer.stopped
	return errors.Join(e.reads.Close(), e.writes.Close())
}

// memory is the engine over SQLite in memory: one connection, one lock.
type memory struct {
	db   *DB
	pool *sql.DB
	conn *conn
	lock chan struct{} // holds a token while the connection is in use
}

func openMemory(ctx context.Context, db *DB) (*memory, error) {
	pool, err := openPool(":memory:")
	if err != nil {
		return nil, err
	}
	m := &memory{db: db, pool: pool, conn: &conn{db: pool}, lock: make(chan struct{}, 1)}
	if err := m.conn.open(ctx); err != nil {
		return nil, fmt.Errorf("store: open in memory: %w", err)
	}
	return m, nil
}

func (m *memory) acquire(ctx context.Context) error {
	timer := time.NewTimer(maxWait)
	defer timer.Stop()
	select {
	case m.lock <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return ErrBusy
	}
	if m.conn.sql == nil {
		<-m.lock
		return ErrClosed
	}
	return nil
}

func (m *memory) release() {
	m.conn.trim()
	<-m.lock
}

func (m *memory) view(ctx context.Context, fn func(*Tx) error) error {
	if err := m.acquire(ctx); err != nil {
		return err
	}
	defer m.release()
	tx := m.db.newTx(ctx, steady{m.conn})
	tx.reads = true
	return tx.call(fn)
}

func (m *memory) update(ctx context.Context, fn func(*Tx) error) (int64, error) {
	if err := m.acquire(ctx); err != nil {
		return 0, err
	}
	defer m.release()
	if err := m.conn.control("BEGIN IMMEDIATE"); err != nil {
		return 0, fmt.Errorf("store: begin: %w", err)
	}
	committed := false
	defer func() {
		if !committed { // also when fn panics
			_ = m.conn.control("ROLLBACK")
		}
	}()
	tx := m.db.newTx(ctx, steady{m.conn})
	if err := tx.call(fn); err != nil {
		return 0, err
	}
	if err := m.conn.control("COMMIT"); err != nil {
		return 0, fmt.Errorf("store: commit: %w", err)
	}
	committed = true
	return tx.version, nil
}

func (m *memory) ping(ctx context.Context) error { return m.view(ctx, ping) }

func (m *memory) lockMigrations(context.Context) (func(), error) { return func() {}, nil }

func (m *memory) close() error {
	m.lock <- struct{}{}
	m.conn.close()
	<-m.lock
	return m.pool.Close()
}
