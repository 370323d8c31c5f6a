package archive

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/store/storetest"
)

const testPool = "us-east-1_AbCdEf123"

// deployment is a database with its keys.
type deployment struct {
	t    *testing.T
	db   *store.DB
	ring *keys.Ring
}

func deploy(t *testing.T, db *store.DB) *deployment {
	t.Helper()
	ring, err := keys.Open(t.Context(), db, keys.GenerateMasterKey(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(ring.Close)
	return &deployment{t, db, ring}
}

func (d *deployment) update(fn func(tx *store.Tx) error) {
	d.t.Helper()
	if err := d.db.Update(d.t.Context(), fn); err != nil {
		d.t.Fatal(err)
	}
}

// fill makes a pool with so many rows in every table, whatever tables there are.
func (d *deployment) fill(poolID string, rows int) {
	d.t.Helper()
	signing, err := d.ring.NewPoolKeys(d.t.Context(), poolID, d.db.Now())
	if err != nil {
		d.t.Fatal(err)
	}
	d.update(func(tx *store.Tx) error {
		for i := range tables {
			t := &tables[i]
			switch t.Name {
			case signingKeys.Name:
				for _, k := range signing {
					if err := tx.InsertSigningKey(k); err != nil {
						return err
					}
				}
				continue
			case userPools.Name:
				if err := tx.InsertUserPool(&store.UserPool{ID: poolID, Name: "test", Doc: `{"Name":"<&>"}`, CreatedAt: tx.Now()}); err != nil {
					return err
				}
				continue
			}
			columns, err := tx.Columns(t.PoolTable)
			if err != nil {
				return err
			}
			l := newLayout(t, columns)
			var all [][]any
			for n := range rows {
				values, err := d.row(&l, poolID, n)
				if err != nil {
					return err
				}
				all = append(all, values)
			}
			if err := tx.InsertPoolRows(t.PoolTable, columns, poolID, all); err != nil {
				return fmt.Errorf("%s: %w", t.Name, err)
			}
		}
		return nil
	})
}

// row makes up a row. What is secret in it is sealed.
func (d *deployment) row(l *layout, poolID string, n int) ([]any, error) {
	values := make([]any, len(l.columns))
	for i, c := range l.columns {
		switch {
		case c.Name == "expires_at":
			values[i] = d.db.Now().Add(time.Hour).UnixMilli()
		case c.Number:
			values[i] = int64(n) + 1<<53 + 1 // no float64 holds it
		default:
			values[i] = fmt.Sprintf("%s-%05d %s é\"\\", c.Name, n, poolID)
		}
	}
	r := row{values, l.place}
	r.set("doc", documents[l.Name])
	err := l.swap(poolID, values, func(purpose keys.Purpose, _ string, context ...string) (string, error) {
		return d.ring.Seal(purpose, fmt.Appendf(nil, "secret %d\x00\xff", n), context...)
	})
	return values, err
}

// documents are the docs that an export looks into.
var documents = map[string]string{
	"user_pool_clients":  `{"Flows":["<a>"],"Secrets":[{"CreatedAt":1234567890123,"ID":"a--1","Sealed":""},{"ID":"a--2","Sealed":""}]}`,
	"identity_providers": `{"Details":{"client_id":"x"},"Sealed":{"client_secret":"","private_key":""}}`,
}

// dump is all of a pool's rows as text, secrets opened.
func (d *deployment) dump(poolID string) map[string][]string {
	d.t.Helper()
	all := make(map[string][]string)
	err := d.db.View(d.t.Context(), func(tx *store.Tx) error {
		for i := range tables {
			t := &tables[i]
			columns, err := tx.Columns(t.PoolTable)
			if err != nil {
				return err
			}
			l := newLayout(t, columns)
			page, err := tx.PoolRows(t.PoolTable, columns, poolID, nil, 1_000_000)
			if err != nil {
				return err
			}
			all[t.Name] = []string{}
			for _, values := range page {
				if err := l.swap(poolID, values, unseal(d.ring)); err != nil {
					return err
				}
				all[t.Name] = append(all[t.Name], fmt.Sprintf("%#v", values))
			}
		}
		return nil
	})
	if err != nil {
		d.t.Fatal(err)
	}
	return all
}

// empty says whether there is nothing of a pool.
func (d *deployment) empty(poolID string) bool {
	for _, rows := range d.dump(poolID) {
		if len(rows) > 0 {
			return false
		}
	}
	return true
}

func newIdentity(t *testing.T) *age.X25519Identity {
	t.Helper()
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return identity
}

func (d *deployment) export(to *age.X25519Identity, signing bool) []byte {
	d.t.Helper()
	var b bytes.Buffer
	if _, err := Export(d.t.Context(), d.db, d.ring, &b, ExportOptions{
		Pool: testPool, SigningKeys: signing, Recipients: []age.Recipient{to.Recipient()},
	}); err != nil {
		d.t.Fatal(err)
	}
	return b.Bytes()
}

func (d *deployment) restore(file []byte, identity *age.X25519Identity, replace bool) (*Summary, error) {
	return Import(d.t.Context(), d.db, d.ring, bytes.NewReader(file),
		ImportOptions{Identities: []age.Identity{identity}, Replace: replace})
}

// TestRoundTrip moves a pool with all that it has between the databases.
func TestRoundTrip(t *testing.T) {
	databases := map[string]func(testing.TB) *store.DB{"SQLite": storetest.SQLite, "PostgreSQL": storetest.Postgres, "memory": storetest.Memory}
	for _, c := range []struct{ from, to string }{{"SQLite", "PostgreSQL"}, {"PostgreSQL", "SQLite"}, {"memory", "SQLite"}} {
		t.Run(c.from+" to "+c.to, func(t *testing.T) {
			source, target := deploy(t, databases[c.from](t)), deploy(t, databases[c.to](t))
			source.fill(testPool, 1100) // several pages and batches
			source.fill("us-east-1_AbCdEf12", 3)
			source.fill("us-east-1_AbCdEf1234", 3)
			ticket, err := source.ring.SealInPool(refreshPurpose, testPool, []byte("refresh"))
			if err != nil {
				t.Fatal(err)
			}
			identity := newIdentity(t)
			file := source.export(identity, true)
			if bytes.Contains(file, []byte("sealed_password")) {
				t.Error("the file can be read")
			}
			checked, err := Check(t.Context(), bytes.NewReader(file), identity)
			if err != nil {
				t.Fatal(err)
			}
			summary, err := target.restore(file, identity, false)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(checked, summary) || summary.Rows["users"] != 1100 || summary.Name != "test" {
				t.Errorf("checked %+v, imported %+v", checked, summary)
			}

			want, got := source.dump(testPool), target.dump(testPool)
			got[signingKeys.Name] = slices.DeleteFunc(got[signingKeys.Name], func(s string) bool { return strings.Contains(s, `"refresh-token"`) })
			for name := range want {
				if !slices.Equal(want[name], got[name]) {
					t.Errorf("%s differs: %d rows, %d rows\n%.2000s\n%.2000s", name, len(want[name]), len(got[name]), want[name], got[name])
				}
			}
			if b, err := target.ring.OpenInPool(t.Context(), refreshPurpose, testPool, ticket); err != nil || string(b) != "refresh" {
				t.Errorf("a refresh token of before opens as %q, %v", b, err)
			}
			// And back again, with the keys that came along.
			again := deploy(t, storetest.SQLite(t))
			if _, err := again.restore(target.export(identity, true), identity, false); err != nil {
				t.Fatal(err)
			}
			if _, err := again.ring.OpenInPool(t.Context(), refreshPurpose, testPool, ticket); err != nil {
				t.Errorf("after two moves: %v", err)
			}
		})
	}
}

// TestSnapshot changes a pool while it is exported.
func TestSnapshot(t *testing.T) {
	for name, open := range map[string]func(testing.TB) *store.DB{"SQLite": storetest.SQLite, "PostgreSQL": storetest.Postgres} {
		t.Run(name, func(t *testing.T) {
			source := deploy(t, open(t))
			source.fill(testPool, 1100)
			identity := newIdentity(t)
			var b bytes.Buffer
			changed := false
			out := writerFunc(func(p []byte) (int, error) {
				if b.Len() > 1000 && !changed { // the header is out, some pages are read
					changed = true
					source.update(func(tx *store.Tx) error { return tx.DeleteUserPool(testPool) })
					for done := false; !done; {
						source.update(func(tx *store.Tx) (err error) {
							done, err = tx.ClearDeletedUserPool(testPool, 1000)
							return err
						})
					}
				}
				return b.Write(p)
			})
			if _, err := Export(t.Context(), source.db, source.ring, out, ExportOptions{
				Pool: testPool, SigningKeys: true, Recipients: []age.Recipient{identity.Recipient()},
			}); err != nil {
				t.Fatal(err)
			}
			summary, err := Check(t.Context(), &b, identity)
			if err != nil || !changed {
				t.Fatal(changed, err)
			}
			for name, n := range summary.Rows {
				want := int64(1100)
				switch name {
				case userPools.Name:
					want = 1
				case signingKeys.Name:
					want = 3
				}
				if n != want {
					t.Errorf("%d rows of %s", n, name)
				}
			}
		})
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// TestWithoutSigningKeys gives the pool new ones.
func TestWithoutSigningKeys(t *testing.T) {
	source, target := deploy(t, storetest.Memory(t)), deploy(t, storetest.Memory(t))
	source.fill(testPool, 2)
	identity := newIdentity(t)
	summary, err := target.restore(source.export(identity, false), identity, false)
	if err != nil || summary.SigningKeys {
		t.Fatal(summary, err)
	}
	before, err := source.ring.Signer(t.Context(), testPool, keys.UseID)
	if err != nil {
		t.Fatal(err)
	}
	after, err := target.ring.Signer(t.Context(), testPool, keys.UseID)
	if err != nil {
		t.Fatal(err)
	}
	if before.ID == after.ID {
		t.Error("the pool has its old key")
	}
	ticket, err := source.ring.SealInPool(refreshPurpose, testPool, []byte("refresh"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := target.ring.OpenInPool(t.Context(), refreshPurpose, testPool, ticket); !errors.Is(err, keys.ErrSealed) {
		t.Errorf("a refresh token of before: %v", err)
	}
}

// TestTablesAreToldOf fails when somebody adds a table with rows of pools and
// does not decide whether they move, or a column with sealed text.
func TestTablesAreToldOf(t *testing.T) {
	db := storetest.Memory(t)
	err := db.View(t.Context(), func(tx *store.Tx) error {
		names, err := tx.PoolTables()
		if err != nil {
			return err
		}
		if len(names) < len(tables) {
			t.Errorf("only %d tables: %v", len(names), names)
		}
		for _, name := range names {
			table, exported := find(name)
			_, out := leftOut[name]
			if exported == out {
				t.Errorf("%s must stand in tables or in leftOut, in one of them", name)
			}
			if !exported {
				continue
			}
			columns, err := tx.Columns(table.PoolTable)
			if err != nil {
				return err
			}
			l := newLayout(table, columns)
			if column, ok := l.unknownSecret(); ok {
				t.Errorf("%s.%s is sealed, and tables does not say for what", name, column)
			}
			for _, s := range table.secrets {
				for _, column := range append(s.bound, s.column) {
					if _, ok := l.place[column]; !ok {
						t.Errorf("%s has no column %s", name, column)
					}
				}
			}
		}
		for _, table := range tables {
			if !slices.Contains(names, table.Name) {
				t.Errorf("there is no table %s", table.Name)
			}
		}
		for name := range leftOut {
			if !slices.Contains(names, name) {
				t.Errorf("there is no table %s, which is left out", name)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestInterruptedImportsAreCleared fails when a table is filled early in an
// import that the clearing of deleted pools does not know.
func TestInterruptedImportsAreCleared(t *testing.T) {
	d := deploy(t, storetest.Memory(t))
	d.fill(testPool, 3)
	for done := false; !done; {
		d.update(func(tx *store.Tx) (err error) {
			done, err = tx.ClearDeletedUserPool(testPool, 1000)
			return err
		})
	}
	for name, rows := range d.dump(testPool) {
		if table, _ := find(name); len(rows) > 0 && !table.last {
			t.Errorf("%s is not cleared away with deleted pools in steps: its rows must be written last", name)
		}
	}
}

func TestExportRefuses(t *testing.T) {
	d := deploy(t, storetest.Memory(t))
	identity := newIdentity(t)
	_, err := Export(t.Context(), d.db, d.ring, io.Discard, ExportOptions{Pool: testPool, Recipients: []age.Recipient{identity.Recipient()}})
	if !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a pool that is not there: %v", err)
	}
	d.fill(testPool, 1)
	if _, err := Export(t.Context(), d.db, d.ring, io.Discard, ExportOptions{Pool: testPool}); err == nil {
		t.Error("an export in the clear")
	}
	full := errors.New("full")
	_, err = Export(t.Context(), d.db, d.ring, writerFunc(func([]byte) (int, error) { return 0, full }),
		ExportOptions{Pool: testPool, Recipients: []age.Recipient{identity.Recipient()}})
	if !errors.Is(err, full) {
		t.Errorf("a full disk: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Export(ctx, d.db, d.ring, io.Discard, ExportOptions{Pool: testPool, Recipients: []age.Recipient{identity.Recipient()}}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}
