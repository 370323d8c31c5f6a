package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/poolhouse/poolhouse/internal/testenv"
)

// postgresURL makes a schema for the test, as storetest.PostgresURL does, which
// tests inside this package cannot import.
func postgresURL(t *testing.T) string {
	t.Helper()
	server := os.Getenv("POOLHOUSE_TEST_POSTGRES")
	testenv.Require(t, "postgres", server != "", "POOLHOUSE_TEST_POSTGRES names no server")
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
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal("POOLHOUSE_TEST_POSTGRES is not a URL")
	}
	q := u.Query()
	q.Set("search_path", schema)
	u.RawQuery = q.Encode()
	return u.String()
}

func TestPostgresMigrateAtOnce(t *testing.T) { migrateAtOnce(t, postgresURL(t)) }

// TestPostgresRetries makes the first run of an update lose against another.
func TestPostgresRetries(t *testing.T) {
	db := openRows(t, postgresURL(t))
	ctx := t.Context()
	if err := db.Update(ctx, func(tx *Tx) error { return insertRow(tx, "a", "0") }); err != nil {
		t.Fatal(err)
	}
	add := func(tx *Tx, text string) error {
		_, err := tx.exec(`UPDATE rows SET doc = doc || $1 WHERE id = 'a'`, text)
		return err
	}
	runs := 0
	if err := db.Update(ctx, func(tx *Tx) error {
		runs++
		if _, err := readRow(tx, "a"); err != nil {
			return err
		}
		if runs == 1 { // the rival has a transaction of its own
			if err := db.Update(ctx, func(tx *Tx) error { return add(tx, "1") }); err != nil {
				return err
			}
		}
		return add(tx, "2")
	}); err != nil {
		t.Fatal(err)
	}
	var doc string
	if err := db.View(ctx, func(tx *Tx) (err error) { doc, err = readRow(tx, "a"); return err }); err != nil {
		t.Fatal(err)
	}
	if runs != 2 || doc != "012" {
		t.Errorf("%d runs, doc %q; want 2 and 012", runs, doc)
	}
}

// TestPostgresCommitUnknown ends the session in the middle of COMMIT.
func TestPostgresCommitUnknown(t *testing.T) {
	db := openRows(t, postgresURL(t))
	if err := db.Update(t.Context(), func(tx *Tx) error {
		for _, text := range []string{
			`CREATE FUNCTION end_session() RETURNS trigger LANGUAGE plpgsql AS
				$f$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(5); RETURN NULL; END $f$`,
			`CREATE CONSTRAINT TRIGGER end_session AFTER INSERT ON rows DEFERRABLE INITIALLY DEFERRED
				FOR EACH ROW EXECUTE FUNCTION end_session()`,
		} {
			if _, err := tx.exec(text); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	runs := 0
	err := db.Update(t.Context(), func(tx *Tx) error { runs++; return insertRow(tx, "a", "") })
	if !errors.Is(err, ErrCommitUnknown) || runs != 1 {
		t.Errorf("got %v after %d runs, want ErrCommitUnknown after 1", err, runs)
	}
	if err := db.Ping(t.Context()); err != nil {
		t.Errorf("no new connection: %v", err)
	}
}

func TestPostgresCollation(t *testing.T) {
	db := openRows(t, postgresURL(t))
	var collations []string
	if err := db.View(t.Context(), func(tx *Tx) error {
		rows, err := tx.query(`SELECT DISTINCT COALESCE(collation_name::text, '') FROM information_schema.columns
			WHERE table_schema = current_schema() AND data_type = 'text'`)
		collations, err = collect(rows, err, func(r *sql.Rows) (string, error) {
			var name string
			return name, r.Scan(&name)
		})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(collations, []string{"C"}) {
		t.Errorf("collations of text columns: %q", collations)
	}
}
