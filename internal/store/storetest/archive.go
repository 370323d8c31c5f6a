package storetest

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/store"
)

// poolRows reads and writes the rows of a pool whole.
func poolRows(t *testing.T, db *store.DB) {
	table := store.PoolTable{Name: "user_names", Key: []string{"name", "kind"}}
	var columns []store.Column
	rows := make([][]any, 0, 130)
	for i := range 130 { // more than one statement inserts, and a rest
		rows = append(rows, []any{fmt.Sprintf("name-%03d", i/2), int64(i % 2), "s"})
	}
	must(t, db.Update(t.Context(), func(tx *store.Tx) (err error) {
		if columns, err = tx.Columns(table); err != nil {
			return err
		}
		if err := tx.InsertPoolRows(table, columns, "p", rows); err != nil {
			return err
		}
		return tx.InsertPoolRows(table, columns, "q", rows[:1])
	}))
	if want := []store.Column{{Name: "name"}, {Name: "kind", Number: true}, {Name: "sub"}}; !slices.Equal(columns, want) {
		t.Fatalf("columns %v", columns)
	}
	var got [][]any
	must(t, db.Snapshot(t.Context(), func(tx *store.Tx) error {
		var after []any
		for {
			page, err := tx.PoolRows(table, columns, "p", after, 33)
			if err != nil || len(page) == 0 {
				return err
			}
			got, after = append(got, page...), page[len(page)-1][:2]
		}
	}))
	if !reflect.DeepEqual(got, rows) {
		t.Errorf("got %v", got)
	}
	err := db.Update(t.Context(), func(tx *store.Tx) error { return tx.InsertPoolRows(table, columns, "p", rows[5:6]) })
	if !errors.Is(err, store.ErrExists) {
		t.Errorf("a row that is there: %v", err)
	}

	// A value that is absent, and columns that take their default.
	groups := store.PoolTable{Name: "user_groups", Key: []string{"id"}}
	must(t, db.Update(t.Context(), func(tx *store.Tx) error {
		return tx.InsertGroup(&store.Group{PoolID: "p", ID: "g", Name: "staff"})
	}))
	must(t, db.View(t.Context(), func(tx *store.Tx) error {
		page, err := tx.PoolRows(groups, []store.Column{{Name: "id"}, {Name: "precedence", Number: true}}, "p", nil, 5)
		if len(page) != 1 || page[0][1] != nil {
			t.Errorf("groups %v", page)
		}
		return err
	}))
	users := store.PoolTable{Name: "users", Key: []string{"sub"}}
	must(t, db.Update(t.Context(), func(tx *store.Tx) error {
		all, err := tx.Columns(users)
		if err != nil {
			return err
		}
		var old []store.Column
		var row []any
		for _, c := range all {
			if c.Name == "mfa" {
				continue // as if the row came from before it
			}
			old = append(old, c)
			if c.Number {
				row = append(row, int64(0))
			} else {
				row = append(row, "{}")
			}
		}
		return tx.InsertPoolRows(users, old, "p", [][]any{row})
	}))
	must(t, db.View(t.Context(), func(tx *store.Tx) error {
		_, err := tx.User("p", "{}")
		return err
	}))
}

// snapshot reads, and gives its connection back sound. What others write meanwhile
// is in a test of package archive: a database in memory lets nobody.
func snapshot(t *testing.T, db *store.DB) {
	must(t, db.Update(t.Context(), addPool("p", "one")))
	must(t, db.Snapshot(t.Context(), func(tx *store.Tx) error {
		_, err := tx.UserPool("p")
		return err
	}))
	if err := db.Snapshot(t.Context(), func(*store.Tx) error { return errRefused }); !errors.Is(err, errRefused) {
		t.Errorf("its own error: %v", err)
	}
	if err := db.Snapshot(t.Context(), addPool("r", "three")); err == nil {
		t.Error("a snapshot writes")
	}
	for range 20 { // connections are given back, without a transaction
		must(t, db.Snapshot(t.Context(), func(tx *store.Tx) error {
			n, err := tx.CountUserPools()
			if n != 1 {
				t.Errorf("%d pools", n)
			}
			return err
		}))
	}
	must(t, db.Update(t.Context(), addPool("s", "four")))
}

// reservations keeps ids for pools to come.
func reservations(t *testing.T, db *store.DB) {
	at := db.Now().Add(time.Hour)
	update := func(fn func(tx *store.Tx) error) error { return db.Update(t.Context(), fn) }
	reserve := func() (done bool, err error) {
		err = update(func(tx *store.Tx) (err error) {
			done, err = tx.ReserveUserPool("p", at, 2)
			return err
		})
		return done, err
	}
	must(t, update(func(tx *store.Tx) error {
		for _, n := range []string{"a", "b", "c"} { // of an earlier pool
			if _, err := tx.SpendSession("p", n, at); err != nil {
				return err
			}
		}
		return nil
	}))
	if done, err := reserve(); done || err != nil {
		t.Fatalf("before all old rows are gone: %v, %v", done, err)
	}
	if done, err := reserve(); !done || err != nil {
		t.Fatalf("reserve: %v, %v", done, err)
	}
	if _, err := reserve(); !errors.Is(err, store.ErrReserved) {
		t.Errorf("twice: %v", err)
	}
	must(t, db.View(t.Context(), func(tx *store.Tx) error {
		if spent, err := tx.SessionSpent("p", "c"); spent || err != nil {
			t.Errorf("an old row is there: %v", err)
		}
		deleted, err := tx.DeletedUserPools()
		if len(deleted) != 0 {
			t.Errorf("deleted pools: %v", deleted)
		}
		return err
	}))
	must(t, update(func(tx *store.Tx) error { _, err := tx.SpendSession("p", "new", at); return err }))
	must(t, update(func(tx *store.Tx) error {
		done, err := tx.ClearDeletedUserPool("p", 100)
		if !done {
			t.Error("a reserved id is cleared away")
		}
		return err
	}))
	must(t, db.View(t.Context(), func(tx *store.Tx) error {
		if spent, err := tx.SessionSpent("p", "new"); !spent || err != nil {
			t.Errorf("a row of a reserved id is gone: %v", err)
		}
		return nil
	}))

	next := at.Add(time.Minute)
	must(t, update(func(tx *store.Tx) error { return tx.ExtendReservation("p", at, next) }))
	for name, fn := range map[string]func(tx *store.Tx) error{
		"extend another's": func(tx *store.Tx) error { return tx.ExtendReservation("p", at, next) },
		"end another's":    func(tx *store.Tx) error { return tx.EndReservation("p", at) },
		"extend none":      func(tx *store.Tx) error { return tx.ExtendReservation("q", at, next) },
	} {
		if err := update(fn); !errors.Is(err, store.ErrReserved) {
			t.Errorf("%s: %v", name, err)
		}
	}
	past := db.Now().Add(-time.Second)
	must(t, update(func(tx *store.Tx) error { return tx.ExtendReservation("p", next, past) }))
	if err := update(func(tx *store.Tx) error { return tx.EndReservation("p", past) }); !errors.Is(err, store.ErrReserved) {
		t.Errorf("end what is over: %v", err)
	}
	if done, err := reserve(); !done || err != nil {
		t.Errorf("again: %v, %v", done, err)
	}
	must(t, update(func(tx *store.Tx) error { return tx.EndReservation("p", at) }))
	must(t, update(addPool("p", "one")))
	if _, err := reserve(); !errors.Is(err, store.ErrExists) {
		t.Errorf("beside a pool: %v", err)
	}
}
