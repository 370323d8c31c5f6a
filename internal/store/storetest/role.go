package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/store"
)

func roles(t *testing.T, db *store.DB) {
	changes := 0
	db.OnConfigChange(func() { changes++ })
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	put := func(r store.Role) {
		t.Helper()
		if err := db.Update(t.Context(), func(tx *store.Tx) error { return tx.PutRole(r) }); err != nil {
			t.Fatal(err)
		}
	}
	put(store.Role{Name: "Writers", Path: "/", Trust: "{}", Policy: "{}", CreatedAt: at, ModifiedAt: at})
	put(store.Role{Name: "Readers", Path: "/app/", Trust: "{}", CreatedAt: at, ModifiedAt: at})
	put(store.Role{Name: "Writers", Path: "/x/", Trust: "t", Policy: "p", CreatedAt: at.Add(time.Hour), ModifiedAt: at.Add(time.Hour)})
	if changes < 3 {
		t.Errorf("%d changes of configuration, want 3", changes)
	}
	want := store.Role{Name: "Writers", Path: "/x/", Trust: "t", Policy: "p", CreatedAt: at, ModifiedAt: at.Add(time.Hour)}
	err := db.Update(t.Context(), func(tx *store.Tx) error {
		if got, err := tx.Role("Writers"); err != nil || got != want {
			t.Errorf("role %+v, %v, want %+v", got, err, want)
		}
		if all, err := tx.Roles(); err != nil || len(all) != 2 || all[0].Name != "Readers" {
			t.Errorf("roles %+v, %v", all, err)
		}
		if err := tx.DeleteRole("Writers"); err != nil {
			t.Error(err)
		}
		if _, err := tx.Role("Writers"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a deleted role: %v", err)
		}
		if err := tx.DeleteRole("Writers"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("delete twice: %v", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
