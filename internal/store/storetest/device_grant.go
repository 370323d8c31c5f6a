package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/store"
)

func deviceGrants(t *testing.T, db *store.DB) {
	const pool = "us-east-1_A"
	grant := func(id, userCode, client string) *store.DeviceGrant {
		return &store.DeviceGrant{PoolID: pool, ID: id, UserCode: userCode, ClientID: client, State: store.DevicePending,
			Sealed: "asked", PollInterval: 5 * time.Second, ExpiresAt: db.Now().Add(time.Minute).Truncate(time.Millisecond)}
	}
	update(t, db, addPool(pool, "a"))
	update(t, db, func(tx *store.Tx) error {
		for _, id := range []string{"tv", "cli"} {
			if err := tx.InsertUserPoolClient(&store.UserPoolClient{PoolID: pool, ID: id, Name: id, Doc: "{}", CreatedAt: tx.Now(), ModifiedAt: tx.Now()}); err != nil {
				return err
			}
		}
		return tx.InsertUser(&store.User{PoolID: pool, Sub: "sub", Username: "u", CreatedAt: tx.Now(), ModifiedAt: tx.Now()})
	})
	insert := func(g *store.DeviceGrant) error {
		return db.Update(t.Context(), func(tx *store.Tx) error { return tx.InsertDeviceGrant(g) })
	}
	first := grant("1", "code 1", "tv")
	for _, c := range []struct {
		name string
		g    *store.DeviceGrant
		want error
	}{
		{"new", first, nil},
		{"user code in use", grant("2", "code 1", "tv"), store.ErrExists},
		{"no such client", grant("3", "code 3", "gone"), store.ErrNotFound},
		{"another", grant("4", "code 4", "tv"), nil},
		{"of another client", grant("5", "code 5", "cli"), nil},
	} {
		if err := insert(c.g); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, err, c.want)
		}
	}
	read := func(id string) (got *store.DeviceGrant) {
		t.Helper()
		update(t, db, func(tx *store.Tx) error {
			var err error
			if got, err = tx.DeviceGrant(pool, id); errors.Is(err, store.ErrNotFound) {
				return nil
			}
			return err
		})
		return got
	}
	if got := read("1"); got == nil || *got != *first {
		t.Errorf("got %+v, want %+v", got, first)
	}
	// Each step, and what it gives before and after its turn.
	var now time.Time
	for _, c := range []struct {
		name string
		do   func(*store.Tx) error
		want error
	}{
		{"by user code", func(tx *store.Tx) error {
			got, err := tx.DeviceGrantByUserCode(pool, "code 1")
			if err == nil && *got != *first {
				t.Errorf("by user code: %+v", got)
			}
			return err
		}, nil},
		{"user code of another pool", func(tx *store.Tx) error { _, err := tx.DeviceGrantByUserCode("us-east-1_B", "code 1"); return err }, store.ErrNotFound},
		{"spend a pending one", func(tx *store.Tx) error { return tx.SpendDeviceGrant(pool, "1") }, store.ErrNotFound},
		{"poll", func(tx *store.Tx) error { now = tx.Now(); return tx.PollDeviceGrant(pool, "1", 10*time.Second) }, nil},
		{"allow for nobody", func(tx *store.Tx) error { return tx.AllowDeviceGrant(pool, "1", "gone", "proven") }, store.ErrNotFound},
		{"allow", func(tx *store.Tx) error { return tx.AllowDeviceGrant(pool, "1", "sub", "proven") }, nil},
		{"allow again", func(tx *store.Tx) error { return tx.AllowDeviceGrant(pool, "1", "sub", "proven") }, store.ErrNotFound},
		{"deny an allowed one", func(tx *store.Tx) error { return tx.DenyDeviceGrant(pool, "1") }, store.ErrNotFound},
		{"spend", func(tx *store.Tx) error { return tx.SpendDeviceGrant(pool, "1") }, nil},
		{"spend again", func(tx *store.Tx) error { return tx.SpendDeviceGrant(pool, "1") }, store.ErrNotFound},
		{"deny", func(tx *store.Tx) error { return tx.DenyDeviceGrant(pool, "4") }, nil},
		{"allow a denied one", func(tx *store.Tx) error { return tx.AllowDeviceGrant(pool, "4", "sub", "proven") }, store.ErrNotFound},
	} {
		if err := db.Update(t.Context(), c.do); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, err, c.want)
		}
	}
	want := *first
	want.State, want.Sub, want.Sealed, want.PollInterval, want.PolledAt = store.DeviceSpent, "sub", "proven", 10*time.Second, now.Truncate(time.Millisecond)
	if got := read("1"); got == nil || *got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := read("4"); got == nil || got.State != store.DeviceDenied {
		t.Errorf("denied: %+v", got)
	}
	update(t, db, func(tx *store.Tx) error {
		u, err := tx.User(pool, "sub")
		if err != nil {
			return err
		}
		return tx.DeleteUser(u)
	})
	if got := read("1"); got != nil {
		t.Errorf("the user is gone, the grant is not: %+v", got)
	}
	update(t, db, func(tx *store.Tx) error { return tx.DeleteUserPoolClient(pool, "tv") })
	if read("4") != nil || read("5") == nil {
		t.Error("a client goes with its grants, and with no others")
	}
}
