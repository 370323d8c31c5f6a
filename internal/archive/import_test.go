package archive

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"filippo.io/age"

	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/store/storetest"
)

// plain decrypts a file.
func plain(t *testing.T, file []byte, identity age.Identity) []string {
	t.Helper()
	r, err := age.Decrypt(bytes.NewReader(file), identity)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return strings.SplitAfter(strings.TrimSuffix(string(text), "\n"), "\n")
}

// encrypt makes a file of lines, with the digest of the last line made right.
func encrypt(t *testing.T, lines []string, to *age.X25519Identity) []byte {
	t.Helper()
	text := strings.TrimSuffix(strings.Join(lines, ""), "\n")
	if i := strings.LastIndex(text, `{"end":`); i >= 0 {
		if j := strings.Index(text[i:], `"sha256":"`); j >= 0 {
			at := i + j + len(`"sha256":"`)
			text = text[:at] + fmt.Sprintf("%x", sha256.Sum256([]byte(text[:i]))) + text[at+64:]
		}
	}
	var b bytes.Buffer
	w, err := age.Encrypt(&b, to.Recipient())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, text+"\n"); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestImportRefuses gives files that are not what they should be: the error says
// so, and nothing of them stays.
func TestImportRefuses(t *testing.T) {
	source, target := deploy(t, storetest.Memory(t)), deploy(t, storetest.Memory(t))
	source.fill(testPool, 100)
	identity := newIdentity(t)
	file := source.export(identity, true)
	lines := plain(t, file, identity)
	edit := func(old, text string) func() []byte {
		return func() []byte {
			edited, found := make([]string, len(lines)), false
			for i, line := range lines {
				edited[i] = line
				if !found && strings.Contains(line, old) {
					edited[i], found = strings.Replace(line, old, text, 1), true
				}
			}
			if !found {
				t.Fatalf("the file lacks %s", old)
			}
			return encrypt(t, edited, identity)
		}
	}
	altered := func(at int) func() []byte {
		return func() []byte {
			b := bytes.Clone(file)
			b[at] ^= 1
			return b
		}
	}
	const userRow = `["sub-00007 `
	for _, c := range []struct {
		name string
		file func() []byte
		want error
		text string
	}{
		{"not a file of age", func() []byte { return []byte("SQLite format 3\x00") }, ErrNotArchive, ""},
		{"empty", func() []byte { return nil }, ErrNotArchive, ""},
		{"for somebody else", func() []byte { return encrypt(t, lines, newIdentity(t)) }, ErrWrongKey, ""},
		{"cut off in the middle", func() []byte { return file[:len(file)/2] }, ErrDamaged, ""},
		{"cut off between two pieces of age", func() []byte { return file[:len(file)-len(file)%(64<<10+16)] }, ErrDamaged, ""},
		{"last byte missing", func() []byte { return file[:len(file)-1] }, ErrDamaged, ""},
		{"altered at the beginning", altered(3), ErrNotArchive, ""},
		{"altered in the middle", altered(len(file) / 2), ErrDamaged, ""},
		{"altered at the end", altered(len(file) - 1), ErrDamaged, ""},
		{"without the end", func() []byte { return encrypt(t, lines[:len(lines)-1], identity) }, ErrDamaged, ""},
		{"a table of the future in the middle", edit(userRow, `{"table":"x"}`), ErrFuture, `table "x"`},
		{"a row less", edit(lineWith(lines, userRow), ""), ErrNotArchive, "not as many"},
		{"a later format", edit(`"version":1`, `"version":2`), ErrFuture, "format 2"},
		{"another format", edit(formatName, "tar"), ErrNotArchive, "no header"},
		{"an id that cannot be", edit(testPool, `x' OR 1=1`), ErrNotArchive, "not the id"},
		{"an unknown table", edit(`"user_names"`, `"user_faces"`), ErrFuture, "user_faces"},
		{"a table that is left out", edit(`"user_names"`, `"codes"`), ErrFuture, "codes"},
		{"a table that is nobody's", edit(`"user_names"`, `"data_keys"`), ErrFuture, "data_keys"},
		{"a table twice", edit(`"user_names"`, `"users"`), ErrNotArchive, "twice"},
		{"an unknown column", edit(`"username"`, `"nickname"`), ErrFuture, "nickname"},
		{"a column twice", edit(`"username"`, `"sub"`), ErrNotArchive, "columns"},
		{"the pool's column", edit(`"username"`, `"pool_id"`), ErrFuture, "pool_id"},
		{"a column that is SQL", edit(`"username"`, `"username, pool_id"`), ErrFuture, "username, pool_id"},
		{"without the key", edit(`"columns":["sub",`, `"columns":["x",`), ErrNotArchive, "key"},
		{"a secret that is none", edit(`"secrets":["sealed_password"`, `"secrets":["username"`), ErrFuture, "secret"},
		{"a value too many", edit(userRow, `["x",`+userRow[1:]), ErrNotArchive, "not a row"},
		{"two rows on a line", edit(userRow, `[] `+userRow), ErrNotArchive, "row"},
		{"a number for a text", edit(`["sub-00007 `+testPool+` é\"\\"`, `[7`), ErrNotArchive, "number"},
		{"a list for a text", edit(`["sub-00007 `+testPool+` é\"\\"`, `[[7]`), ErrNotArchive, "neither"},
		{"a NUL", edit(userRow, `["\u0000`), ErrNotArchive, "text"},
		{"a text for a number", edit(`9007199254740993`, `"9007199254740993"`), ErrNotArchive, "text"},
		{"a fraction", edit(`9007199254740993`, `9007199254740993.5`), ErrNotArchive, "number"},
		{"a number too large", edit(`9007199254740993`, `90071992547409930000`), ErrNotArchive, "number"},
		{"a secret that is not base64", edit(`"c2VjcmV0`, `"*`), ErrNotArchive, "base64"},
		{"a wrong count", edit(`"users":100`, `"users":101`), ErrNotArchive, "not as many"},
		{"two ends", func() []byte {
			return encrypt(t, append(lines[:len(lines):len(lines)], "\n", lines[len(lines)-1]), identity)
		}, ErrNotArchive, ""},
		{"something after the end", func() []byte { return encrypt(t, append(lines[:len(lines):len(lines)], "\nx"), identity) }, ErrNotArchive, "follows"},
	} {
		t.Run(c.name, func(t *testing.T) {
			bad := c.file()
			for what, try := range map[string]func() error{
				"import": func() error { _, err := target.restore(bad, identity, false); return err },
				"check":  func() error { _, err := Check(t.Context(), bytes.NewReader(bad), identity); return err },
			} {
				err := try()
				if what == "check" && err == nil && c.text != "" {
					continue // what only the database knows, such as the types of columns
				}
				if !errors.Is(err, c.want) || !strings.Contains(fmt.Sprint(err), c.text) {
					t.Errorf("%s: %v, want %v with %q", what, err, c.want, c.text)
				}
			}
			if !target.empty(testPool) {
				t.Error("something stays behind")
			}
		})
	}
	if _, err := target.restore(file, identity, false); err != nil {
		t.Errorf("the file as it was: %v", err)
	}
}

func lineWith(lines []string, text string) string {
	for _, line := range lines {
		if strings.Contains(line, text) {
			return line
		}
	}
	return ""
}

func TestImportIntoTakenID(t *testing.T) {
	source, target := deploy(t, storetest.Memory(t)), deploy(t, storetest.Memory(t))
	source.fill(testPool, 3)
	identity := newIdentity(t)
	file := source.export(identity, true)
	target.fill(testPool, 2)
	before := target.dump(testPool)
	if _, err := target.restore(file, identity, false); !errors.Is(err, ErrPoolExists) {
		t.Errorf("over a present pool: %v", err)
	}
	if after := target.dump(testPool); fmt.Sprint(before) != fmt.Sprint(after) {
		t.Error("a refused import changed the present pool")
	}

	protect := func(state string) {
		target.update(func(tx *store.Tx) error {
			return tx.UpdateUserPool(&store.UserPool{ID: testPool, Name: "test", Doc: `{"DeletionProtection":"` + state + `"}`})
		})
	}
	protect("ACTIVE")
	if _, err := target.restore(file, identity, true); !errors.Is(err, ErrProtected) {
		t.Errorf("over a protected pool: %v", err)
	}
	protect("INACTIVE")
	if _, err := target.restore(file, identity, true); err != nil {
		t.Fatal(err)
	}
	if got := len(target.dump(testPool)["users"]); got != 3 {
		t.Errorf("%d users after the replacement", got)
	}
}

// TestImportOfTakenClient has a client's id in another pool of the deployment.
func TestImportOfTakenClient(t *testing.T) {
	for name, open := range map[string]func(testing.TB) *store.DB{"SQLite": storetest.SQLite, "PostgreSQL": storetest.Postgres} {
		t.Run(name, func(t *testing.T) {
			source, target := deploy(t, storetest.Memory(t)), deploy(t, open(t))
			source.fill(testPool, 3)
			identity := newIdentity(t)
			id := fmt.Sprintf("id-%05d %s é\"\\", 1, testPool)
			target.update(func(tx *store.Tx) error {
				return tx.InsertUserPoolClient(&store.UserPoolClient{PoolID: "us-east-1_Other", ID: id, Doc: "{}"})
			})
			_, err := target.restore(source.export(identity, true), identity, false)
			if !errors.Is(err, store.ErrExists) || !strings.Contains(fmt.Sprint(err), "another pool") {
				t.Errorf("the import: %v", err)
			}
			if !target.empty(testPool) {
				t.Error("something stays behind")
			}
		})
	}
}

// TestInterruptedImport cuts an import off as kill -9 does, and as a broken pipe
// and the operator do.
func TestInterruptedImport(t *testing.T) {
	var offset atomic.Int64
	now := func() time.Time { return time.Now().Add(time.Duration(offset.Load())) }
	for name, url := range map[string]func(testing.TB) string{"SQLite": storetest.SQLiteURL, "PostgreSQL": storetest.PostgresURL} {
		t.Run(name, func(t *testing.T) {
			source := deploy(t, storetest.Memory(t))
			source.fill(testPool, 1100)
			target := deploy(t, storetest.OpenAt(t, url(t), now))
			identity := newIdentity(t)
			file := source.export(identity, true)
			options := ImportOptions{Identities: []age.Identity{identity}}

			broken := errors.New("broken pipe")
			_, err := Import(t.Context(), target.db, target.ring, io.MultiReader(bytes.NewReader(file[:len(file)/2]), failing{broken}), options)
			if !errors.Is(err, broken) || !target.empty(testPool) {
				t.Fatalf("a broken pipe: %v", err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			_, err = Import(ctx, target.db, target.ring, io.MultiReader(bytes.NewReader(file[:len(file)/2]), calling{cancel}, bytes.NewReader(file[len(file)/2:])), options)
			if !errors.Is(err, context.Canceled) || !target.empty(testPool) {
				t.Fatalf("the operator's Ctrl-C: %v", err)
			}

			// As kill -9 leaves it: rows and the reservation.
			m := &importer{db: target.db, pool: testPool, swap: seal(target.ring)}
			if err := m.reserve(t.Context()); err != nil {
				t.Fatal(err)
			}
			r, err := open(bytes.NewReader(file[:len(file)/2]), options.Identities)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := r.read(t.Context(), visitor{
				table: func(tb *table, s section) error { return m.begin(t.Context(), tb, s) },
				row:   func(values []any) error { return m.add(t.Context(), values) },
			}); !errors.Is(err, ErrDamaged) {
				t.Fatal(err)
			}
			if target.empty(testPool) {
				t.Fatal("the import wrote nothing until it was cut off")
			}
			if err := target.db.View(t.Context(), func(tx *store.Tx) error {
				deleted, err := tx.DeletedUserPools()
				if len(deleted) > 0 {
					t.Errorf("servers clear %v away while it is imported", deleted)
				}
				return err
			}); err != nil {
				t.Fatal(err)
			}
			if _, err := target.restore(file, identity, false); !errors.Is(err, ErrUnderWay) {
				t.Errorf("beside another import: %v", err)
			}
			offset.Add(int64(reservation + time.Second))
			if _, err := target.restore(file, identity, false); err != nil {
				t.Errorf("after the reservation: %v", err)
			}
			if err := m.flush(t.Context()); len(m.batch) > 0 && err == nil {
				t.Error("the import that was cut off goes on")
			}
			if got := len(target.dump(testPool)["users"]); got != 1100 {
				t.Errorf("%d users", got)
			}
		})
	}
}

// TestServersClearAnInterruptedImport is what happens when nobody tries again.
func TestServersClearAnInterruptedImport(t *testing.T) {
	var offset atomic.Int64
	target := deploy(t, storetest.OpenAt(t, "sqlite::memory:", func() time.Time { return time.Now().Add(time.Duration(offset.Load())) }))
	target.fill(testPool, 30)
	target.update(func(tx *store.Tx) error { return tx.DeleteUserPool(testPool) })
	m := &importer{db: target.db, pool: "us-east-1_Half"}
	if err := m.reserve(t.Context()); err != nil {
		t.Fatal(err)
	}
	names, _ := find("user_names")
	m.current = newLayout(names, []store.Column{{Name: "name"}, {Name: "kind", Number: true}, {Name: "sub"}})
	m.batch = [][]any{{"ada", int64(0), "s"}}
	if err := m.flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	clearDeleted := func() (ids []string) {
		target.update(func(tx *store.Tx) (err error) {
			if ids, err = tx.DeletedUserPools(); err != nil {
				return err
			}
			for _, id := range append(ids, m.pool) {
				if _, err := tx.ClearDeletedUserPool(id, 1000); err != nil {
					return err
				}
			}
			return nil
		})
		return ids
	}
	if ids := clearDeleted(); len(ids) != 1 || ids[0] != testPool || target.empty(m.pool) || !target.empty(testPool) {
		t.Errorf("%v are cleared away beside the import", ids)
	}
	offset.Add(int64(reservation + time.Second))
	if clearDeleted(); !target.empty(m.pool) {
		t.Error("what the import left stays")
	}
	if err := m.finish(t.Context()); err == nil {
		t.Error("the import ends after all")
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

type calling struct{ fn func() }

func (c calling) Read([]byte) (int, error) { c.fn(); return 0, io.EOF }

// FuzzRead gives the reader what nobody encrypted.
func FuzzRead(f *testing.F) {
	header := `{"format":"poolhouse-user-pool","version":1,"pool":"us-east-1_A","name":"a"}` + "\n"
	pool := `{"table":"user_pools","columns":["name"]}` + "\n" + `["a"]` + "\n"
	end := fmt.Sprintf(`{"end":true,"rows":{"user_pools":1},"sha256":"%x"}`+"\n", sha256.Sum256([]byte(header+pool)))
	f.Add([]byte(header + pool + end))
	f.Add([]byte(header + pool))
	f.Add([]byte(header + "[]\n"))
	f.Add([]byte(`{"format":"poolhouse-user-pool","version":9}` + "\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := newReader(bytes.NewReader(text))
		if err == nil {
			columns := 0
			_, err = r.read(t.Context(), visitor{
				table: func(_ *table, s section) error { columns = len(s.Columns); return nil },
				row: func(values []any) error {
					if len(values) != columns {
						t.Errorf("%d values in %d columns", len(values), columns)
					}
					return typed(make([]store.Column, columns), values)
				},
			})
		}
		if err == nil {
			if !bytes.Contains(text, []byte(`"end":true`)) {
				t.Error("a file without an end is whole")
			}
			return
		}
		for _, known := range []error{ErrNotArchive, ErrDamaged, ErrFuture} {
			if errors.Is(err, known) {
				return
			}
		}
		t.Errorf("an error that says nothing: %v", err)
	})
}
