package store

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"
)

func TestSplitSQL(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"empty", " \n", nil},
		{"two", "a; b;", []string{"a", "b"}},
		{"no end", "a; b", []string{"a", "b"}},
		{"quoted", "a ';' \";\" 'it''s;'; b", []string{"a ';' \";\" 'it''s;'", "b"}},
		{"line comment", "a -- x; it's\n b; c -- end", []string{"a \n b", "c"}},
		{"block comment", "a /* ; ' */ b;", []string{"a   b"}},
		{"open quote", "a 'b;", []string{"a 'b;"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := splitSQL(c.text); !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func FuzzSplitSQL(f *testing.F) {
	f.Add("a; 'b;' -- c\n/* d */ e")
	f.Fuzz(func(t *testing.T, text string) {
		for _, s := range splitSQL(text) {
			if strings.TrimSpace(s) == "" {
				t.Errorf("an empty statement from %q", text)
			}
		}
	})
}

func TestNumbered(t *testing.T) {
	for in, want := range map[string]string{
		"a = $2 AND b = $10":   "a = ?2 AND b = ?10",
		`'$1' "$2" 'it''s' $3`: `'$1' "$2" 'it''s' ?3`,
		"$ $x":                 "$ $x",
	} {
		if got := numbered(in); got != want {
			t.Errorf("numbered(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestLayout(t *testing.T) {
	const written = "CREATE TABLE t (a TEXT, CONTEXT BIGINT) WITHOUT ROWID"
	for kind, want := range map[Kind]string{
		SQLite:   written,
		Postgres: `CREATE TABLE t (a TEXT COLLATE "C", CONTEXT BIGINT)`,
	} {
		if got := kind.layout(written); got != want {
			t.Errorf("%s gets %s", kind, got)
		}
	}
}

func TestParametersOutOfOrder(t *testing.T) {
	db := openRows(t, "sqlite::memory:")
	if err := db.Update(t.Context(), func(tx *Tx) error {
		if err := insertRow(tx, "id", "old"); err != nil {
			return err
		}
		n, err := tx.exec(`UPDATE rows SET doc = $2 WHERE id = $1`, "id", "new")
		if err == nil && n != 1 {
			err = fmt.Errorf("%d rows changed", n)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

func TestOpenChecksVersion(t *testing.T) {
	two := fstest.MapFS{"0001_rows.sql": rowsLayout["0001_rows.sql"], "0002_more.sql": {Data: []byte("CREATE TABLE more (a TEXT)")}}
	url := fileURL(t)
	open := func(migrations fstest.MapFS, migrate bool) error {
		db, err := Open(t.Context(), Options{URL: url, Migrate: migrate, migrations: migrations})
		if err != nil {
			return err
		}
		defer db.Close()
		if migrate {
			_, _, err = db.Migrate(t.Context())
		}
		return err
	}
	for _, step := range []struct {
		name       string
		migrations fstest.MapFS
		migrate    bool
		want       error
	}{
		{"empty", rowsLayout, false, ErrBehind},
		{"migrate", rowsLayout, true, nil},
		{"current", rowsLayout, false, nil},
		{"behind", two, false, ErrBehind},
		{"migrate further", two, true, nil},
		{"future", rowsLayout, false, ErrFuture},
		{"future is not migrated", rowsLayout, true, ErrFuture},
		{"gap", fstest.MapFS{"0002_a.sql": {}}, false, errAny},
		{"misnamed", fstest.MapFS{"a.sql": {}}, false, errAny},
	} {
		err := open(step.migrations, step.migrate)
		if !errors.Is(err, step.want) && (step.want != errAny || err == nil) {
			t.Errorf("%s: got %v, want %v", step.name, err, step.want)
		}
	}
}

var errAny = errors.New("any error")

func TestFailedMigrationLeavesNothing(t *testing.T) {
	bad := fstest.MapFS{"0001_bad.sql": {Data: []byte("CREATE TABLE a (b TEXT); CREATE TABLE a (b TEXT)")}}
	db, err := Open(t.Context(), Options{URL: fileURL(t), Migrate: true, migrations: bad})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, _, err := db.Migrate(t.Context()); err == nil {
		t.Fatal("migrated")
	}
	var tables []string
	if err := db.View(t.Context(), func(tx *Tx) (err error) { tables, err = tx.tables(); return err }); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(tables, []string{"schema_migrations"}) {
		t.Errorf("tables: %q", tables)
	}
}

func TestMigrateAtOnce(t *testing.T) { migrateAtOnce(t, fileURL(t)) }

func migrateAtOnce(t *testing.T, url string) {
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			db, err := Open(t.Context(), Options{URL: url, Migrate: true, migrations: rowsLayout})
			if err != nil {
				t.Error(err)
				return
			}
			defer db.Close()
			if _, to, err := db.Migrate(t.Context()); err != nil || to != 1 {
				t.Errorf("migrated to %d: %v", to, err)
			}
		})
	}
	wg.Wait()
}

// TestGroupCommit holds the writer in one update while others queue, of which
// one fails, one panics and one is cancelled; the rest must be kept.
func TestGroupCommit(t *testing.T) {
	db := openRows(t, fileURL(t))
	entered, release := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := db.Update(t.Context(), func(tx *Tx) error {
			close(entered)
			<-release
			return insertRow(tx, "first", "")
		}); err != nil {
			t.Error(err)
		}
	})
	<-entered
	gone, cancel := context.WithCancel(t.Context())
	wg.Go(func() {
		err := db.Update(gone, func(tx *Tx) error { return insertRow(tx, "gone", "") })
		if !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled while waiting: %v", err)
		}
	})
	for i := range 6 {
		wg.Go(func() {
			defer func() {
				if r := recover(); (r != nil) != (i == 1) {
					t.Errorf("update %d: recovered %v", i, r)
				}
			}()
			err := db.Update(t.Context(), func(tx *Tx) error {
				if err := insertRow(tx, fmt.Sprint(i), ""); err != nil {
					return err
				}
				switch i {
				case 0:
					return errAny
				case 1:
					panic("boom")
				}
				return nil
			})
			if errors.Is(err, errAny) != (i == 0) {
				t.Errorf("update %d: %v", i, err)
			}
		})
	}
	w := db.engine.(*sqliteFile).writer
	for deadline := time.Now().Add(5 * time.Second); len(w.jobs) < 7 && time.Now().Before(deadline); {
		runtime.Gosched()
	}
	cancel()
	close(release)
	wg.Wait()
	if got := rowIDs(t, db); !slices.Equal(got, []string{"2", "3", "4", "5", "first"}) {
		t.Errorf("rows: %q", got)
	}
}

func rowIDs(t *testing.T, db *DB) []string {
	t.Helper()
	var ids []string
	if err := db.View(t.Context(), func(tx *Tx) error {
		rows, err := tx.query(`SELECT id FROM rows ORDER BY id`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var id string
			if err := rows.Scan(&id); err != nil {
				return err
			}
			ids = append(ids, id)
		}
		return rows.Err()
	}); err != nil {
		t.Fatal(err)
	}
	return ids
}

func TestGoexitInUpdate(t *testing.T) {
	db := openRows(t, fileURL(t))
	returned := false
	var wg sync.WaitGroup
	wg.Go(func() {
		_ = db.Update(t.Context(), func(tx *Tx) error {
			_ = insertRow(tx, "a", "")
			runtime.Goexit()
			return nil
		})
		returned = true
	})
	wg.Wait()
	if returned {
		t.Error("Update returned although its function ended the goroutine")
	}
	if err := db.Update(t.Context(), func(tx *Tx) error { return insertRow(tx, "b", "") }); err != nil {
		t.Fatal(err)
	}
	if got := rowIDs(t, db); !slices.Equal(got, []string{"b"}) {
		t.Errorf("rows: %q", got)
	}
}

// TestWriterSurvivesLostConnection ends the transaction under an update's feet.
func TestWriterSurvivesLostConnection(t *testing.T) {
	db := openRows(t, fileURL(t))
	if err := db.Update(t.Context(), func(tx *Tx) error {
		_, err := tx.exec("ROLLBACK")
		return err
	}); err == nil {
		t.Error("an update without its transaction succeeded")
	}
	if err := db.Update(t.Context(), func(tx *Tx) error { return insertRow(tx, "b", "") }); err != nil {
		t.Fatal(err)
	}
}

func TestViewCannotWrite(t *testing.T) {
	for name, url := range map[string]string{"file": fileURL(t), "memory": "sqlite::memory:"} {
		db := openRows(t, url)
		err := db.View(t.Context(), func(tx *Tx) error { return insertRow(tx, "a", "") })
		if !errors.Is(err, errReadOnly) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestClosed(t *testing.T) {
	db := openRows(t, fileURL(t))
	if err := db.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	nothing := func(*Tx) error { return nil }
	for name, err := range map[string]error{
		"View": db.View(t.Context(), nothing), "Update": db.Update(t.Context(), nothing), "Ping": db.Ping(t.Context()),
	} {
		if !errors.Is(err, ErrClosed) {
			t.Errorf("%s after Close: %v", name, err)
		}
	}
}

func TestNowIsTheClockInMilliseconds(t *testing.T) {
	at := time.Date(2030, 1, 2, 3, 4, 5, 6_789_012, time.FixedZone("x", 3600))
	db, err := Open(t.Context(), Options{URL: "sqlite::memory:", Migrate: true, Now: func() time.Time { return at }})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if got, want := db.Now(), time.Date(2030, 1, 2, 2, 4, 5, 6_000_000, time.UTC); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

// crashFile tells a copy of this test binary to be the child of TestCrash.
const crashFile = "POOLHOUSE_STORE_TEST_CRASH"

// TestCrash kills a process that writes, and looks for each row it had
// acknowledged.
func TestCrash(t *testing.T) {
	if file := os.Getenv(crashFile); file != "" {
		crashChild(t, file)
		return
	}
	file := filepath.Join(t.TempDir(), "rows.db")
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestCrash$")
	child.Env = append(os.Environ(), crashFile+"="+file)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	var acknowledged []string
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadString('\n')
		if errors.Is(err, io.EOF) || errors.Is(err, os.ErrClosed) {
			break
		}
		if id, ok := strings.CutPrefix(strings.TrimSpace(line), "row "); ok && strings.HasSuffix(line, "\n") {
			acknowledged = append(acknowledged, id)
		}
		if len(acknowledged) == 500 {
			_ = child.Process.Kill() // SIGKILL; what it printed before is still read
		}
	}
	_ = child.Wait()
	if len(acknowledged) < 500 {
		t.Fatalf("the child acknowledged %d rows only", len(acknowledged))
	}
	found := map[string]bool{}
	for _, id := range rowIDs(t, openRows(t, "sqlite:"+file)) {
		found[id] = true
	}
	for _, id := range acknowledged {
		if !found[id] {
			t.Errorf("acknowledged row %s is lost", id)
		}
	}
}

func crashChild(t *testing.T, file string) {
	db := openRows(t, "sqlite:"+file)
	for caller := range 8 {
		go func() {
			for i := 0; ; i++ {
				id := fmt.Sprintf("%d-%d", caller, i)
				if err := db.Update(t.Context(), func(tx *Tx) error { return insertRow(tx, id, benchDoc) }); err != nil {
					fmt.Println("error", err)
					return
				}
				fmt.Println("row " + id)
			}
		}()
	}
	time.Sleep(time.Minute) // until killed
}
