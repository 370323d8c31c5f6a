package store

import (
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// PostgreSQL's SQLSTATEs that mean something here (its manual, appendix A).
const (
	uniqueViolation      = "23505"
	serializationFailure = "40001"
	deadlockDetected     = "40P01"
)

// numbered turns $1 into ?1: SQLite takes $1 for a name and counts names in
// the order they appear. Quoted text is left alone.
func numbered(query string) string {
	var quote byte
	b := []byte(query)
	for i, c := range b {
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"':
			quote = c
		case c == '$' && i+1 < len(b) && b[i+1] >= '0' && b[i+1] <= '9':
			b[i] = '?'
		}
	}
	return string(b)
}

var textType = regexp.MustCompile(`\bTEXT\b`)

// layout is a statement of a migration as the database wants it. On
// PostgreSQL the word TEXT becomes TEXT COLLATE "C", so that text is compared by
// its bytes as SQLite does, and prefixes and pages are the same on both. What
// SQLite calls WITHOUT ROWID, a table that is the index of its key, goes: there
// is no such thing there.
func (k Kind) layout(statement string) string {
	if k == Postgres {
		statement = strings.TrimSuffix(statement, " WITHOUT ROWID")
		return textType.ReplaceAllString(statement, `TEXT COLLATE "C"`)
	}
	return statement
}

// tables returns the names of all tables.
func (tx *Tx) tables() ([]string, error) {
	text := `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name`
	if tx.kind == Postgres {
		text = `SELECT tablename::text FROM pg_catalog.pg_tables WHERE schemaname = current_schema() ORDER BY tablename`
	}
	rows, err := tx.query(text)
	return collect(rows, err, func(r *sql.Rows) (string, error) {
		var name string
		return name, r.Scan(&name)
	})
}

// translate makes an error of a driver match ErrExists if it is a unique
// violation. What the drivers say of it names the table, never the values.
func translate(err error) error {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		if e.Code == uniqueViolation {
			return fmt.Errorf("%s: %w", e.TableName, ErrExists)
		}
		return err
	}
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		switch e.Code() {
		case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
			_, columns, _ := strings.Cut(e.Error(), "failed: ")
			table, _, _ := strings.Cut(columns, ".")
			return fmt.Errorf("%s: %w", table, ErrExists)
		}
	}
	return err
}

// retryable says whether PostgreSQL gave up a transaction only because of
// another that ran beside it.
func retryable(err error) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (e.Code == serializationFailure || e.Code == deadlockDetected)
}
