package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/store"
)

// Run holds the databases that open returns to the behaviour that the rest of
// Poolhouse relies on. open is called once for each part and returns a migrated,
// empty database.
func Run(t *testing.T, open func(t *testing.T) *store.DB) {
	for _, part := range []struct {
		name string
		run  func(*testing.T, *store.DB)
	}{
		{"rollback", rollback},
		{"errors isolate", errorsIsolate},
		{"exists", exists},
		{"concurrent invariant", concurrentInvariant},
		{"config change", configChange},
		{"bytewise order", bytewiseOrder},
		{"panic", panics},
		{"cancelled", cancelled},
		{"reset", reset},
		{"users", users},
		{"user lists", userLists},
		{"pools", pools},
		{"groups", groups},
		{"group members", groupMembers},
		{"marks", marks},
		{"revocations", revocations},
		{"messages", messages},
		{"outbox", outbox},
		{"access keys", accessKeys},
		{"roles", roles},
		{"SAML providers", samlProviders},
		{"spent assertions", spentAssertions},
		{"resource servers", resourceServers},
		{"user imports", userImports},
		{"many users", manyUsers},
		{"pool rows", poolRows},
		{"snapshot", snapshot},
		{"reservations", reservations},
		{"second factors", secondFactors},
		{"kept sessions", keptSessions},
		{"identity providers", identityProviders},
		{"refresh of identity providers", providerRefresh},
		{"look", look},
		{"domains", domains},
		{"replicas", replicas},
		{"provisioned limits", provisionedLimits},
		{"passkeys", passkeys},
		{"devices", devices},
		{"user sessions", userSessions},
		{"client sessions", clientSessions},
		{"many client sessions", manyClientSessions},
		{"logout notices", logoutNotices},
		{"oauth codes", oauthCodes},
		{"oauth requests", oauthRequests},
		{"device grants", deviceGrants},
		{"identities", identities},
		{"auth events", authEvents},
	} {
		t.Run(part.name, func(t *testing.T) { part.run(t, open(t)) })
	}
}

var errRefused = errors.New("refused")

func addPool(id, name string) func(*store.Tx) error {
	return func(tx *store.Tx) error {
		return tx.InsertUserPool(&store.UserPool{ID: id, Name: name, Doc: "{}", CreatedAt: tx.Now(), ModifiedAt: tx.Now()})
	}
}

func poolName(t *testing.T, db *store.DB, id string) string {
	t.Helper()
	var name string
	err := db.View(t.Context(), func(tx *store.Tx) error {
		p, err := tx.UserPool(id)
		if err == nil {
			name = p.Name
		}
		return err
	})
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		t.Fatal(err)
	}
	return name
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func rollback(t *testing.T, db *store.DB) {
	err := db.Update(t.Context(), func(tx *store.Tx) error {
		if err := addPool("p", "one")(tx); err != nil {
			return err
		}
		return errRefused
	})
	if !errors.Is(err, errRefused) {
		t.Fatalf("error of the function: got %v", err)
	}
	if name := poolName(t, db, "p"); name != "" {
		t.Fatalf("rolled back pool is there: %q", name)
	}
}

// errorsIsolate runs many updates at once of which every third fails.
func errorsIsolate(t *testing.T, db *store.DB) {
	var wg sync.WaitGroup
	for i := range 60 {
		wg.Go(func() {
			err := db.Update(t.Context(), func(tx *store.Tx) error {
				if err := tx.InsertDataKey(store.DataKey{ID: uint32(i), SealedKey: "k", CreatedAt: tx.Now()}); err != nil {
					return err
				}
				if i%3 == 0 {
					return errRefused
				}
				return nil
			})
			if want := i%3 == 0; errors.Is(err, errRefused) != want || (!want && err != nil) {
				t.Errorf("update %d: %v", i, err)
			}
		})
	}
	wg.Wait()
	var keys []store.DataKey
	must(t, db.View(t.Context(), func(tx *store.Tx) (err error) { keys, err = tx.DataKeys(); return err }))
	if len(keys) != 40 {
		t.Fatalf("got %d rows, want 40", len(keys))
	}
	for _, k := range keys {
		if k.ID%3 == 0 {
			t.Errorf("row %d of a failed update is there", k.ID)
		}
	}
}

func exists(t *testing.T, db *store.DB) {
	insert := func(tx *store.Tx) error {
		return tx.InsertSigningKey(store.SigningKey{PoolID: "p", KeyID: "k", CreatedAt: tx.Now()})
	}
	must(t, db.Update(t.Context(), insert))
	if err := db.Update(t.Context(), insert); !errors.Is(err, store.ErrExists) {
		t.Fatalf("second insert: got %v, want ErrExists", err)
	}
	err := db.Update(t.Context(), func(tx *store.Tx) error {
		_ = insert(tx)
		return nil
	})
	if !errors.Is(err, store.ErrExists) {
		t.Fatalf("a failure that was passed over: got %v, want ErrExists", err)
	}
}

// concurrentInvariant lets updates read, then write what they read plus one.
func concurrentInvariant(t *testing.T, db *store.DB) {
	must(t, db.Update(t.Context(), addPool("p", "")))
	const workers, each = 4, 10
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for range each {
				err := db.Update(t.Context(), func(tx *store.Tx) error {
					p, err := tx.UserPool("p")
					if err != nil {
						return err
					}
					p.Name += "x"
					return tx.UpdateUserPool(p)
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if got := len(poolName(t, db, "p")); got != workers*each {
		t.Fatalf("%d of %d increments survived", got, workers*each)
	}
}

func configChange(t *testing.T, db *store.DB) {
	called := 0
	db.OnConfigChange(func() { called++ })
	must(t, db.Update(t.Context(), addPool("p", "one")))
	if called != 1 {
		t.Fatalf("%d calls before Update returned, want 1", called)
	}
}

// ConfigChange checks that handle b hears within a second of what a changed.
func ConfigChange(t *testing.T, a, b *store.DB) {
	t.Helper()
	heard := make(chan struct{}, 16)
	b.OnConfigChange(func() { heard <- struct{}{} })
	must(t, a.Update(t.Context(), addPool("p", "one")))
	select {
	case <-heard:
	case <-time.After(time.Second):
		t.Fatal("no notice within a second")
	}
	if name := poolName(t, b, "p"); name != "one" {
		t.Fatalf("the other handle reads %q", name)
	}
}

func bytewiseOrder(t *testing.T, db *store.DB) {
	ids := []string{"a", "B", "é", "z", "_", "aa", "a-b", "ab", "Ä", "日本", "\U0001F600", "\uFFFD", "a b", "0"}
	must(t, db.Update(t.Context(), func(tx *store.Tx) error {
		for _, id := range ids {
			if err := tx.InsertSigningKey(store.SigningKey{PoolID: "p", KeyID: id}); err != nil {
				return err
			}
		}
		return nil
	}))
	var got []string
	must(t, db.View(t.Context(), func(tx *store.Tx) error {
		keys, err := tx.SigningKeys("p") // all times are equal, so the order is that of the ids
		for _, k := range keys {
			got = append(got, k.KeyID)
		}
		return err
	}))
	slices.Sort(ids)
	if !slices.Equal(got, ids) {
		t.Fatalf("got  %q\nwant %q", got, ids)
	}
}

func panics(t *testing.T, db *store.DB) {
	func() {
		defer func() {
			if r := recover(); fmt.Sprint(r) != "boom" {
				t.Errorf("recovered %v", r)
			}
		}()
		_ = db.Update(t.Context(), func(tx *store.Tx) error {
			if err := addPool("p", "one")(tx); err != nil {
				return err
			}
			panic("boom")
		})
	}()
	if name := poolName(t, db, "p"); name != "" {
		t.Fatalf("pool of a panicked update is there: %q", name)
	}
	must(t, db.Update(t.Context(), addPool("p", "two")))
}

func cancelled(t *testing.T, db *store.DB) {
	ctx, cancel := context.WithCancel(t.Context())
	err := db.Update(ctx, func(tx *store.Tx) error {
		cancel()
		return addPool("p", "one")(tx)
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v, want Canceled", err)
	}
	must(t, db.Update(t.Context(), addPool("p", "two")))
}

func reset(t *testing.T, db *store.DB) {
	must(t, db.Update(t.Context(), addPool("p", "one")))
	must(t, db.Reset(t.Context()))
	if name := poolName(t, db, "p"); name != "" {
		t.Fatalf("pool is there after Reset: %q", name)
	}
	must(t, db.Update(t.Context(), addPool("p", "two")))
}
