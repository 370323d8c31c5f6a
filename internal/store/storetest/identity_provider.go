package storetest

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/store"
)

// identityProviders: kept with what they say, listed by name, found by their
// identifiers, and taken away with a pool; a new one has nothing of an old one of
// its name.
func identityProviders(t *testing.T, db *store.DB) {
	at := time.UnixMilli(1_700_000_000_123).UTC()
	provider := func(pool, id, name string) *store.IdentityProvider {
		return &store.IdentityProvider{PoolID: pool, ID: id, Name: name, Type: "OIDC", Doc: `{"of":"` + id + `"}`, CreatedAt: at, ModifiedAt: at}
	}
	const other = "us-east-1_Other0001"
	update(t, db, addPool(poolID, "pool"))
	update(t, db, func(tx *store.Tx) error {
		for _, p := range []*store.IdentityProvider{provider(poolID, "1", "b"), provider(poolID, "2", "A"), provider(other, "1", "b")} {
			if err := tx.InsertIdentityProvider(p); err != nil {
				return err
			}
		}
		return tx.SetProviderIdentifiers(poolID, "1", []string{"y", "x"})
	})
	fails := func(want error, fn func(tx *store.Tx) error) {
		t.Helper()
		if err := db.Update(t.Context(), fn); !errors.Is(err, want) {
			t.Errorf("%v, want %v", err, want)
		}
	}
	fails(store.ErrExists, func(tx *store.Tx) error { return tx.InsertIdentityProvider(provider(poolID, "3", "b")) })
	fails(store.ErrExists, func(tx *store.Tx) error { return tx.SetProviderIdentifiers(poolID, "2", []string{"z", "x"}) })
	fails(store.ErrNotFound, func(tx *store.Tx) error { return tx.UpdateIdentityProvider(provider(poolID, "3", "b")) })
	fails(store.ErrNotFound, func(tx *store.Tx) error { return tx.DeleteIdentityProvider(other, "2") })
	fails(store.ErrNotFound, func(tx *store.Tx) error { _, err := tx.IdentityProvider(poolID, "B"); return err })
	fails(store.ErrNotFound, func(tx *store.Tx) error { _, err := tx.IdentityProviderByIdentifier(other, "x"); return err })

	changed := provider(poolID, "1", "b")
	changed.Doc, changed.ModifiedAt = `{}`, at.Add(time.Second)
	link := func(pool, provider, value, sub string) *store.IdentityLink {
		return &store.IdentityLink{PoolID: pool, ProviderID: provider, Attribute: "a", Value: value, Sub: sub, Own: value == "own", CreatedAt: at}
	}
	update(t, db, func(tx *store.Tx) error {
		for _, l := range []*store.IdentityLink{link(poolID, "1", "own", "s"), link(poolID, "1", "v", "t"), link(poolID, "2", "v", "s"), link(other, "1", "v", "s")} {
			if err := tx.InsertIdentityLink(l); err != nil {
				return err
			}
		}
		return tx.UpdateIdentityProvider(changed)
	})
	fails(store.ErrExists, func(tx *store.Tx) error { return tx.InsertIdentityLink(link(poolID, "1", "v", "s")) })
	fails(store.ErrNotFound, func(tx *store.Tx) error { return tx.DeleteIdentityLink(link(poolID, "1", "w", "s")) })
	view(t, db, func(tx *store.Tx) error {
		got, err := tx.IdentityProviderByIdentifier(poolID, "x")
		if err != nil || !reflect.DeepEqual(got, changed) {
			t.Errorf("IdentityProviderByIdentifier = %+v, %v", got, err)
		}
		identifiers, err := tx.ProviderIdentifiers(poolID, "1")
		if err != nil || !reflect.DeepEqual(identifiers, []string{"x", "y"}) {
			t.Errorf("ProviderIdentifiers = %q, %v", identifiers, err)
		}
		list, err := tx.ListIdentityProviders(poolID, "A", 10)
		if err != nil || len(list) != 1 || list[0].Name != "b" {
			t.Errorf("ListIdentityProviders = %v, %v", list, err)
		}
		if n, err := tx.CountIdentityProviders(poolID); err != nil || n != 2 {
			t.Errorf("CountIdentityProviders = %d, %v", n, err)
		}
		own, err := tx.IdentityLink(poolID, "1", "a", "own")
		if err != nil || !reflect.DeepEqual(own, link(poolID, "1", "own", "s")) {
			t.Errorf("IdentityLink = %+v, %v", own, err)
		}
		links, err := tx.IdentityLinksOf(poolID, "s")
		if err != nil || len(links) != 2 {
			t.Errorf("IdentityLinksOf = %v, %v", links, err)
		}
		return err
	})

	update(t, db, func(tx *store.Tx) error {
		if err := tx.DeleteIdentityProvider(poolID, "1"); err != nil {
			return err
		}
		return tx.InsertIdentityProvider(provider(poolID, "4", "b"))
	})
	view(t, db, func(tx *store.Tx) error {
		if links, err := tx.IdentityLinksOf(poolID, "s"); err != nil || len(links) != 1 {
			t.Errorf("links at providers that exist: %v, %v", links, err)
		}
		if identifiers, err := tx.ProviderIdentifiers(poolID, "1"); err != nil || len(identifiers) != 0 {
			t.Errorf("identifiers of a deleted provider: %q, %v", identifiers, err)
		}
		return nil
	})
	var steps []bool
	for range 3 {
		update(t, db, func(tx *store.Tx) error {
			deleted, err := tx.DeletedIdentityProviders()
			if err != nil || len(deleted) == 0 {
				return err
			}
			done, err := tx.ClearDeletedIdentityProvider(deleted[0], 2)
			steps = append(steps, done)
			return err
		})
	}
	if !reflect.DeepEqual(steps, []bool{false, true}) {
		t.Errorf("steps of clearing: %v", steps)
	}
	fails(store.ErrNotFound, func(tx *store.Tx) error { _, err := tx.IdentityLink(poolID, "1", "a", "v"); return err })

	update(t, db, func(tx *store.Tx) error { return tx.DeleteUserPool(poolID) })
	update(t, db, func(tx *store.Tx) error {
		if done, err := tx.ClearDeletedUserPool(poolID, 100); err != nil || !done {
			t.Errorf("ClearDeletedUserPool = %v, %v", done, err)
		}
		if _, err := tx.IdentityProvider(poolID, "A"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a provider of a deleted pool: %v", err)
		}
		if _, err := tx.IdentityLink(poolID, "2", "a", "v"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a link of a deleted pool: %v", err)
		}
		_, err := tx.IdentityLink(other, "1", "a", "v")
		return err
	})
}
