package store

import (
	"context"
	"fmt"
	"io/fs"
	"regexp"
	"strconv"
	"strings"
)

// migration is one file of the sequence.
type migration struct {
	version int
	name    string
	text    string
}

var migrationName = regexp.MustCompile(`^(\d{4})_([a-z0-9_]+)\.sql$`)

// readMigrations reads the files NNNN_name.sql, which count from 0001 without a gap.
func readMigrations(source fs.FS) ([]migration, error) {
	entries, err := fs.ReadDir(source, ".") // sorted by name
	if err != nil {
		return nil, fmt.Errorf("store: read migrations: %w", err)
	}
	var all []migration
	for _, e := range entries {
		m := migrationName.FindStringSubmatch(e.Name())
		if m == nil {
			return nil, fmt.Errorf("store: migration %s is not named NNNN_name.sql", e.Name())
		}
		version, _ := strconv.Atoi(m[1]) // four digits
		if version != len(all)+1 {
			return nil, fmt.Errorf("store: migration %s is out of sequence", e.Name())
		}
		text, err := fs.ReadFile(source, e.Name())
		if err != nil {
			return nil, fmt.Errorf("store: read migrations: %w", err)
		}
		all = append(all, migration{version, m[2], string(text)})
	}
	return all, nil
}

// splitSQL cuts text at the semicolons outside quotes and comments, and leaves
// the comments out. It knows 'text', "names", -- and /* */, which is what
// migrations may use.
func splitSQL(text string) []string {
	var all []string
	var b strings.Builder
	flush := func() {
		if s := strings.TrimSpace(b.String()); s != "" {
			all = append(all, s)
		}
		b.Reset()
	}
	for i := 0; i < len(text); {
		end := i + 1
		switch rest := text[i:]; {
		case strings.HasPrefix(rest, "--"):
			i += until(rest, 2, "\n")
			b.WriteByte('\n')
			continue
		case strings.HasPrefix(rest, "/*"):
			i += until(rest, 2, "*/")
			b.WriteByte(' ')
			continue
		case rest[0] == '\'' || rest[0] == '"':
			end = i + until(rest, 1, rest[:1]) // a doubled quote reads as two neighbours
		case rest[0] == ';':
			flush()
			i++
			continue
		}
		b.WriteString(text[i:end])
		i = end
	}
	flush()
	return all
}

// until is the index in s behind the first end at or after from, or the length of s.
func until(s string, from int, end string) int {
	if i := strings.Index(s[from:], end); i >= 0 {
		return from + i + len(end)
	}
	return len(s)
}

func (tx *Tx) schemaVersion() (version int, err error) {
	tables, err := tx.tables()
	if err != nil {
		return 0, err
	}
	for _, t := range tables {
		if t == "schema_migrations" {
			err = tx.queryRow(`SELECT COALESCE(MAX(version), 0) FROM schema_migrations`).Scan(&version)
		}
	}
	return version, err
}

// checkVersion holds the database's layout against the one this program knows.
func (db *DB) checkVersion(ctx context.Context, behindIsFine bool) error {
	var version int
	var config int64
	want := len(db.migrations)
	err := db.View(ctx, func(tx *Tx) (err error) {
		if version, err = tx.schemaVersion(); err == nil && version == want && want > 0 {
			config, err = tx.configVersion()
		}
		return err
	})
	switch {
	case err != nil:
		return fmt.Errorf("store: read the version of the database: %w", err)
	case version > want:
		return fmt.Errorf("%w: it is at version %d, this program knows %d", ErrFuture, version, want)
	case version < want && !behindIsFine:
		return fmt.Errorf("%w: it is at version %d of %d", ErrBehind, version, want)
	case version == want && want > 0:
		db.changes.layoutReady(config)
	}
	return nil
}

// Migrate brings the database to the newest layout and returns the versions
// before and after. Each step is one transaction. Several nodes may call it at
// once: one works, the others wait and find nothing to do.
func (db *DB) Migrate(ctx context.Context) (from, to int, err error) {
	unlock, err := db.engine.lockMigrations(ctx)
	if err != nil {
		return 0, 0, fmt.Errorf("store: migrate: %w", err)
	}
	defer unlock()
	if err := db.Update(ctx, func(tx *Tx) error {
		_, err := tx.exec(db.kind.layout(`CREATE TABLE IF NOT EXISTS schema_migrations
			(version BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL, applied_at BIGINT NOT NULL)`))
		if err != nil {
			return err
		}
		from, err = tx.schemaVersion()
		return err
	}); err != nil {
		return 0, 0, fmt.Errorf("store: migrate: %w", err)
	}
	for _, m := range db.migrations {
		if m.version <= from {
			continue
		}
		if err := db.Update(ctx, func(tx *Tx) error { return tx.apply(m) }); err != nil {
			return from, m.version - 1, fmt.Errorf("store: migration %04d_%s: %w", m.version, m.name, err)
		}
	}
	return from, max(from, len(db.migrations)), db.checkVersion(ctx, false)
}

// apply runs a migration unless it ran already, which on SQLite another
// process can have done since the version was read.
func (tx *Tx) apply(m migration) error {
	version, err := tx.schemaVersion()
	if err != nil || version >= m.version {
		return err
	}
	if tx.kind == Postgres {
		// Building an index may take longer than a request may.
		if _, err := tx.exec(`SET LOCAL statement_timeout = 0`); err != nil {
			return err
		}
	}
	for _, statement := range splitSQL(m.text) {
		if _, err := tx.exec(tx.kind.layout(statement)); err != nil {
			return err
		}
	}
	_, err = tx.exec(`INSERT INTO schema_migrations (version, name, applied_at) VALUES ($1, $2, $3)`,
		m.version, m.name, millis(tx.now))
	return err
}
