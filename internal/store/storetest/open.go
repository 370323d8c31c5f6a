package storetest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	_ "github.com/poolhouse/poolhouse/internal/keys/keystest" // signing keys that are there already
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/testenv"
)

// SQLite returns a migrated database in a file of the test's own.
func SQLite(t testing.TB) *store.DB { return Open(t, SQLiteURL(t)) }

// Memory returns a migrated database in memory, the fastest for tests of one
// handle.
func Memory(t testing.TB) *store.DB { return Open(t, "sqlite::memory:") }

// Postgres returns a migrated schema of the test's own, see PostgresURL.
func Postgres(t testing.TB) *store.DB { return Open(t, PostgresURL(t)) }

// SQLiteURL is the URL of a file that goes away with the test.
func SQLiteURL(t testing.TB) string {
	return "sqlite:" + filepath.Join(t.TempDir(), "poolhouse.db")
}

// PostgresURL is the URL of a new, empty schema on the server that
// POOLHOUSE_TEST_POSTGRES names; it is dropped after the test. Without that
// variable the test is skipped, or fails if POOLHOUSE_TEST_REQUIRE has postgres.
func PostgresURL(t testing.TB) string {
	t.Helper()
	server := os.Getenv("POOLHOUSE_TEST_POSTGRES")
	testenv.Require(t, "postgres", server != "", "POOLHOUSE_TEST_POSTGRES names no server")
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal("POOLHOUSE_TEST_POSTGRES is not a URL")
	}
	admin, err := sql.Open("pgx", server)
	if err != nil {
		t.Fatal(err)
	}
	schema := "test_" + strings.ToLower(rand.Text())
	if _, err := admin.ExecContext(t.Context(), `CREATE SCHEMA `+schema); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		defer admin.Close()
		if _, err := admin.ExecContext(context.Background(), `DROP SCHEMA `+schema+` CASCADE`); err != nil {
			t.Error(err)
		}
	})
	q := u.Query()
	q.Set("search_path", schema)
	u.RawQuery = q.Encode()
	return u.String()
}

// Open opens and migrates a database and closes it after the test.
func Open(t testing.TB, url string) *store.DB {
	t.Helper()
	return OpenAt(t, url, nil)
}

// OpenAt is Open with a clock of the test's own.
func OpenAt(t testing.TB, url string, now func() time.Time) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{URL: url, Migrate: true, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, _, err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return db
}
