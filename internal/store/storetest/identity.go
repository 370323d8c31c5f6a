package storetest

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/store"
)

// identities: found by their ids and logins, merged, listed, and cleared away with
// their pool in steps.
func identities(t *testing.T, db *store.DB) {
	const pool, other = "us-east-1:aaaa", "us-east-1:bbbb"
	at := time.UnixMilli(1_700_000_000_123).UTC()
	row := &store.IdentityPool{ID: pool, Name: "p", Doc: "{}", CreatedAt: at, ModifiedAt: at}
	identity := func(pool, id string) *store.Identity {
		return &store.Identity{PoolID: pool, ID: id, CreatedAt: at, ModifiedAt: at}
	}
	long := store.IdentityLogin{Provider: "p", Subject: strings.Repeat("ü", 1024)}
	short := store.IdentityLogin{Provider: "q", Subject: "s"}
	update(t, db, func(tx *store.Tx) error {
		return errors.Join(tx.InsertIdentityPool(row),
			tx.InsertIdentity(identity(pool, "us-east-1:1")), tx.InsertIdentity(identity(pool, "us-east-1:2")), tx.InsertIdentity(identity(other, "us-east-1:3")),
			tx.InsertIdentityLogin(pool, "us-east-1:1", long), tx.InsertIdentityLogin(pool, "us-east-1:2", short), tx.InsertIdentityLogin(other, "us-east-1:3", long))
	})
	view(t, db, func(tx *store.Tx) error {
		if got, err := tx.IdentityPool(pool); err != nil || !reflect.DeepEqual(got, row) {
			t.Errorf("IdentityPool = %+v, %v", got, err)
		}
		if got, err := tx.Identity("us-east-1:1"); err != nil || !reflect.DeepEqual(got, identity(pool, "us-east-1:1")) {
			t.Errorf("Identity = %+v, %v", got, err)
		}
		for pool, want := range map[string]string{pool: "us-east-1:1", other: "us-east-1:3"} {
			if got, err := tx.IdentityOf(pool, long); got != want || err != nil {
				t.Errorf("IdentityOf in %s = %s, %v", pool, got, err)
			}
		}
		if _, err := tx.IdentityOf(pool, store.IdentityLogin{Provider: "q", Subject: long.Subject}); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a login of another provider: %v", err)
		}
		return nil
	})
	update(t, db, func(tx *store.Tx) error {
		return errors.Join(tx.InsertIdentity(identity(pool, "us-east-1:9")), tx.InsertIdentityLogin(pool, "us-east-1:2", store.IdentityLogin{Provider: "p", Subject: "t"}))
	})
	view(t, db, func(tx *store.Tx) error {
		for id, want := range map[string][]store.IdentityLogin{
			"us-east-1:1": {long}, "us-east-1:2": {{Provider: "p", Subject: "t"}, short}, "us-east-1:9": nil,
		} {
			if got, logins, err := tx.IdentityWithLogins(id); err != nil || !reflect.DeepEqual(got, identity(pool, id)) || !reflect.DeepEqual(logins, want) {
				t.Errorf("IdentityWithLogins(%s) = %+v, %v, %v", id, got, logins, err)
			}
		}
		if _, _, err := tx.IdentityWithLogins("us-east-1:none"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("IdentityWithLogins of nobody: %v", err)
		}
		return nil
	})
	update(t, db, func(tx *store.Tx) error {
		return errors.Join(tx.DeleteIdentity(pool, "us-east-1:9"), tx.DeleteIdentityLogin(pool, "us-east-1:2", store.IdentityLogin{Provider: "p", Subject: "t"}))
	})
	for name, fn := range map[string]func(*store.Tx) error{
		"pool":     func(tx *store.Tx) error { return tx.InsertIdentityPool(row) },
		"identity": func(tx *store.Tx) error { return tx.InsertIdentity(identity(other, "us-east-1:1")) },
		"login":    func(tx *store.Tx) error { return tx.InsertIdentityLogin(pool, "us-east-1:2", long) },
	} {
		if err := db.Update(t.Context(), fn); !errors.Is(err, store.ErrExists) {
			t.Errorf("a second %s: %v, want ErrExists", name, err)
		}
	}

	update(t, db, func(tx *store.Tx) error { return tx.MergeIdentity(pool, "us-east-1:1", "us-east-1:2") })
	list := func(pool, after string, enabled bool) (ids string) {
		view(t, db, func(tx *store.Tx) error {
			found, err := tx.ListIdentities(pool, after, enabled, 10)
			for _, i := range found {
				ids += i.ID + ">" + i.MergedInto + " "
			}
			return err
		})
		return ids
	}
	if got := list(pool, "", false); got != "us-east-1:1>us-east-1:2 us-east-1:2> " {
		t.Errorf("after the merge there are %s", got)
	}
	if got := list(pool, "", true) + list(pool, "us-east-1:2", false); got != "us-east-1:2> " {
		t.Errorf("not disabled, and behind the last: %s", got)
	}
	view(t, db, func(tx *store.Tx) error {
		logins, err := tx.IdentityLogins(pool, "us-east-1:2")
		if !reflect.DeepEqual(logins, []store.IdentityLogin{long, short}) {
			t.Errorf("the logins are %v", logins)
		}
		return err
	})
	if err := db.Update(t.Context(), func(tx *store.Tx) error { return tx.DeleteIdentityLogin(pool, "us-east-1:1", long) }); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a login that another has is deleted: %v", err)
	}

	update(t, db, func(tx *store.Tx) error { return tx.DeleteIdentityPool(pool) })
	steps := 0
	for done := false; !done && steps < 10; steps++ {
		update(t, db, func(tx *store.Tx) (err error) {
			done, err = tx.ClearDeletedIdentityPool(pool, 1)
			return err
		})
	}
	if got := list(pool, "", false) + list(other, "", false); got != "us-east-1:3> " || steps != 3 {
		t.Errorf("left after %d steps: %s", steps, got)
	}
	view(t, db, func(tx *store.Tx) error {
		ids, err := tx.DeletedIdentityPools()
		if len(ids) > 0 {
			t.Errorf("still to clear are %v", ids)
		}
		return err
	})
}
