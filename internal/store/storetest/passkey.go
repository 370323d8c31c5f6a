package storetest

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/store"
)

// passkeys: kept with what they say, an id once in a pool, counters that only
// move from what was seen, and taken away with user and pool.
func passkeys(t *testing.T, db *store.DB) {
	at := time.UnixMilli(1_700_000_000_123).UTC()
	passkey := func(pool, sub, id string) *store.Passkey {
		return &store.Passkey{PoolID: pool, Sub: sub, ID: id, RPID: "example.com", Name: "Roaming passkey", Attachment: "platform",
			Transports: []string{"hybrid", "internal"}, PublicKey: "cose", SignCount: 1<<32 - 1, CreatedAt: at}
	}
	const other = "us-east-1_Other0001"
	update(t, db, addPool(poolID, "pool"))
	update(t, db, func(tx *store.Tx) error {
		user := &store.User{PoolID: poolID, Sub: "bob", Username: "bob", Attributes: map[string]string{}}
		if err := tx.InsertUser(user); err != nil {
			return err
		}
		for _, p := range []*store.Passkey{passkey(poolID, "alice", "b"), passkey(poolID, "alice", "a"), passkey(poolID, "bob", "c"), passkey(other, "alice", "a")} {
			if err := tx.InsertPasskey(p); err != nil {
				return err
			}
		}
		return nil
	})
	list := func(pool, sub string) (found []*store.Passkey) {
		view(t, db, func(tx *store.Tx) (err error) { found, err = tx.Passkeys(pool, sub); return err })
		return found
	}
	if got := list(poolID, "alice"); !reflect.DeepEqual(got, []*store.Passkey{passkey(poolID, "alice", "a"), passkey(poolID, "alice", "b")}) {
		t.Errorf("Passkeys = %+v", got)
	}
	for _, sub := range []string{"alice", "carol"} {
		if err := db.Update(t.Context(), func(tx *store.Tx) error { return tx.InsertPasskey(passkey(poolID, sub, "a")) }); !errors.Is(err, store.ErrExists) {
			t.Errorf("an id twice, of %s: %v, want ErrExists", sub, err)
		}
	}
	advance := func(count, seen uint32) error {
		p := passkey(poolID, "alice", "b")
		p.SignCount = count
		return db.Update(t.Context(), func(tx *store.Tx) error { return tx.AdvancePasskey(p, seen) })
	}
	must(t, advance(7, 1<<32-1))
	if err := advance(9, 8); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("advance from a count that is not there: %v, want ErrNotFound", err)
	}
	if got := list(poolID, "alice")[1].SignCount; got != 7 {
		t.Errorf("count = %d, want 7", got)
	}
	if err := db.Update(t.Context(), func(tx *store.Tx) error { return tx.DeletePasskey(poolID, "bob", "a") }); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("delete another user's: %v, want ErrNotFound", err)
	}
	update(t, db, func(tx *store.Tx) error { return tx.DeletePasskey(poolID, "alice", "a") })
	update(t, db, func(tx *store.Tx) error {
		return tx.DeleteUser(&store.User{PoolID: poolID, Sub: "bob", Username: "bob"})
	})
	if got := list(poolID, "bob"); len(got) != 0 {
		t.Errorf("passkeys of a deleted user: %+v", got)
	}
	update(t, db, func(tx *store.Tx) error { return tx.DeleteUserPool(poolID) })
	update(t, db, func(tx *store.Tx) error { _, err := tx.ClearDeletedUserPool(poolID, 100); return err })
	if got := list(poolID, "alice"); len(got) != 0 {
		t.Errorf("passkeys of a deleted pool: %+v", got)
	}
	if got := list(other, "alice"); len(got) != 1 {
		t.Errorf("passkeys of another pool: %+v", got)
	}
}
