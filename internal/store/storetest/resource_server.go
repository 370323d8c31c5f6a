package storetest

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/store"
)

// resourceServers: kept with what they say, listed by identifier, and taken away
// with a pool.
func resourceServers(t *testing.T, db *store.DB) {
	at := time.UnixMilli(1_700_000_000_123).UTC()
	server := func(pool, identifier string) *store.ResourceServer {
		return &store.ResourceServer{PoolID: pool, Identifier: identifier, Name: "API " + identifier, Scopes: `[]`, CreatedAt: at, ModifiedAt: at}
	}
	const other = "us-east-1_Other0001"
	update(t, db, addPool(poolID, "pool"))
	update(t, db, func(tx *store.Tx) error {
		for _, s := range []*store.ResourceServer{server(poolID, "c"), server(poolID, "B"), server(poolID, "https://a"), server(other, "a")} {
			if err := tx.InsertResourceServer(s); err != nil {
				return err
			}
		}
		return nil
	})
	find := func(pool, identifier string) (s *store.ResourceServer, err error) {
		err = db.View(t.Context(), func(tx *store.Tx) (err error) {
			s, err = tx.ResourceServer(pool, identifier)
			return err
		})
		return s, err
	}
	if got, err := find(poolID, "c"); err != nil || !reflect.DeepEqual(got, server(poolID, "c")) {
		t.Errorf("ResourceServer = %+v, %v", got, err)
	}
	if err := db.Update(t.Context(), func(tx *store.Tx) error { return tx.InsertResourceServer(server(poolID, "c")) }); !errors.Is(err, store.ErrExists) {
		t.Errorf("a second one: %v, want ErrExists", err)
	}
	for name, fn := range map[string]func(*store.Tx) error{
		"find":   func(tx *store.Tx) error { _, err := tx.ResourceServer(poolID, "a"); return err },
		"update": func(tx *store.Tx) error { return tx.UpdateResourceServer(server(poolID, "a")) },
		"delete": func(tx *store.Tx) error { return tx.DeleteResourceServer(poolID, "a") },
	} {
		if err := db.Update(t.Context(), fn); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s one of another pool: %v, want ErrNotFound", name, err)
		}
	}
	list := func(after string, limit int) (identifiers []string) {
		view(t, db, func(tx *store.Tx) error {
			rows, err := tx.ListResourceServers(poolID, after, limit)
			for _, s := range rows {
				identifiers = append(identifiers, s.Identifier)
			}
			return err
		})
		return identifiers
	}
	if got := list("", 2); !reflect.DeepEqual(got, []string{"B", "c"}) {
		t.Errorf("first page: %q", got)
	}
	if got := list("c", 2); !reflect.DeepEqual(got, []string{"https://a"}) {
		t.Errorf("second page: %q", got)
	}

	changed := server(poolID, "c")
	changed.Name, changed.Scopes, changed.ModifiedAt = "renamed", `["x"]`, at.Add(time.Second)
	changed.CreatedAt = at.Add(time.Hour) // is not changed
	update(t, db, func(tx *store.Tx) error { return tx.UpdateResourceServer(changed) })
	changed.CreatedAt = at
	if got, err := find(poolID, "c"); err != nil || !reflect.DeepEqual(got, changed) {
		t.Errorf("after a change: %+v, %v", got, err)
	}
	update(t, db, func(tx *store.Tx) error { return tx.DeleteResourceServer(poolID, "c") })
	count := func(pool string) (n int) {
		view(t, db, func(tx *store.Tx) (err error) { n, err = tx.CountResourceServers(pool); return err })
		return n
	}
	if count(poolID) != 2 {
		t.Errorf("%d are left, want 2", count(poolID))
	}
	update(t, db, func(tx *store.Tx) error { return tx.DeleteUserPool(poolID) })
	if count(poolID) != 0 || count(other) != 1 {
		t.Errorf("after the pool is deleted it has %d and another %d, want 0 and 1", count(poolID), count(other))
	}
}
