package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/store"
)

func samlProviders(t *testing.T, db *store.DB) {
	changes := 0
	db.OnConfigChange(func() { changes++ })
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, p := range []store.SAMLProvider{
		{Name: "corp", Metadata: "<a/>", Doc: "{}", CreatedAt: at, ModifiedAt: at},
		{Name: "Partner", Metadata: "<b/>", Doc: "{}", CreatedAt: at, ModifiedAt: at},
		{Name: "corp", Metadata: "<c/>", Doc: "[]", CreatedAt: at.Add(time.Hour), ModifiedAt: at.Add(time.Hour)},
	} {
		if err := db.Update(t.Context(), func(tx *store.Tx) error { return tx.PutSAMLProvider(p) }); err != nil {
			t.Fatal(err)
		}
	}
	if changes < 3 {
		t.Errorf("%d changes of configuration, want 3", changes)
	}
	want := store.SAMLProvider{Name: "corp", Metadata: "<c/>", Doc: "[]", CreatedAt: at, ModifiedAt: at.Add(time.Hour)}
	err := db.Update(t.Context(), func(tx *store.Tx) error {
		if got, err := tx.SAMLProvider("corp"); err != nil || got != want {
			t.Errorf("provider %+v, %v, want %+v", got, err, want)
		}
		if all, err := tx.SAMLProviders(); err != nil || len(all) != 2 || all[0].Name != "Partner" {
			t.Errorf("providers %+v, %v", all, err)
		}
		if err := tx.DeleteSAMLProvider("corp"); err != nil {
			t.Error(err)
		}
		if _, err := tx.SAMLProvider("corp"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a deleted provider: %v", err)
		}
		if err := tx.DeleteSAMLProvider("corp"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("delete twice: %v", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// An assertion is spent once, until the mark of it is cleared away.
func spentAssertions(t *testing.T, db *store.DB) {
	now := db.Now()
	spend := func(id string, expires time.Time) (first bool) {
		t.Helper()
		if err := db.Update(t.Context(), func(tx *store.Tx) (err error) {
			first, err = tx.SpendAssertion(id, expires)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return first
	}
	if !spend("a", now.Add(time.Hour)) || spend("a", now.Add(time.Hour)) || !spend("old", now.Add(-2*time.Hour)) {
		t.Error("an assertion is not spent exactly once")
	}
	err := db.Update(t.Context(), func(tx *store.Tx) error {
		if _, err := tx.DeleteExpired(100); err != nil {
			return err
		}
		for id, want := range map[string]bool{"a": true, "old": false, "b": false} {
			if spent, err := tx.AssertionSpent(id); err != nil || spent != want {
				t.Errorf("%s is spent: %v, %v, want %v", id, spent, err, want)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
