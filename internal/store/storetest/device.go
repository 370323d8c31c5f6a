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

func someDevice(sub string, n int) *store.Device {
	at := time.UnixMilli(1_700_000_000_000 + int64(n)).UTC()
	return &store.Device{
		PoolID: poolID, Sub: sub, Key: fmt.Sprintf("us-east-1_%d", n), GroupKey: "-group", Name: "Ada's phone",
		SealedVerifier: "sealed", LastIP: "192.0.2.1", CreatedAt: at, ModifiedAt: at, AuthenticatedAt: at,
	}
}

// devices: kept with what they say, listed by key, forgotten for good, and taken
// away with their user.
func devices(t *testing.T, db *store.DB) {
	ada, bob := someUser(1), someUser(2)
	update(t, db, func(tx *store.Tx) error {
		for _, u := range []*store.User{ada, bob} {
			if err := tx.InsertUser(u); err != nil {
				return err
			}
		}
		for n := range 5 {
			if err := tx.InsertDevice(someDevice(ada.Sub, n)); err != nil {
				return err
			}
		}
		return tx.InsertDevice(someDevice(bob.Sub, 9))
	})
	err := db.Update(t.Context(), func(tx *store.Tx) error { return tx.InsertDevice(someDevice(ada.Sub, 1)) })
	if !errors.Is(err, store.ErrExists) {
		t.Errorf("a second device of the key: %v, want ErrExists", err)
	}
	changed := someDevice(ada.Sub, 1)
	changed.Remembered, changed.LastIP = true, "2001:db8::1"
	update(t, db, func(tx *store.Tx) error {
		changed.ModifiedAt, changed.AuthenticatedAt = tx.Now().Truncate(time.Millisecond).UTC(), tx.Now().Truncate(time.Millisecond).UTC()
		if err := tx.RememberDevice(poolID, ada.Sub, changed.Key, true); err != nil {
			return err
		}
		return tx.AuthenticateDevice(poolID, ada.Sub, changed.Key, changed.LastIP)
	})
	view(t, db, func(tx *store.Tx) error {
		got, err := tx.Device(poolID, ada.Sub, changed.Key)
		if err != nil || !reflect.DeepEqual(got, changed) {
			t.Errorf("Device = %+v, %v, want %+v", got, err, changed)
		}
		list, err := tx.ListDevices(poolID, ada.Sub, "us-east-1_1", 2)
		if err != nil {
			return err
		}
		var keys []string
		for _, d := range list {
			keys = append(keys, d.Key)
		}
		if want := []string{"us-east-1_2", "us-east-1_3"}; !slices.Equal(keys, want) {
			t.Errorf("ListDevices = %q, want %q", keys, want)
		}
		for keep, want := range map[int][]string{5: nil, 6: nil, 3: {"us-east-1_0", "us-east-1_2"}} {
			if stale, err := tx.StaleDevices(poolID, ada.Sub, keep); err != nil || !slices.Equal(stale, want) {
				t.Errorf("StaleDevices but %d = %q, %v, want %q", keep, stale, err, want)
			}
		}
		return nil
	})
	for name, fn := range map[string]func(*store.Tx) error{
		"find":         func(tx *store.Tx) error { _, err := tx.Device(poolID, ada.Sub, "us-east-1_9"); return err },
		"remember":     func(tx *store.Tx) error { return tx.RememberDevice(poolID, ada.Sub, "us-east-1_9", true) },
		"authenticate": func(tx *store.Tx) error { return tx.AuthenticateDevice(poolID, ada.Sub, "us-east-1_9", "") },
		"forget":       func(tx *store.Tx) error { return tx.ForgetDevice(poolID, ada.Sub, "us-east-1_9", tx.Now()) },
	} {
		if err := db.Update(t.Context(), fn); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s one of another user: %v, want ErrNotFound", name, err)
		}
	}

	update(t, db, func(tx *store.Tx) error {
		return tx.ForgetDevice(poolID, ada.Sub, "us-east-1_2", tx.Now().Add(-2*time.Hour))
	})
	known := func(key string) (has, forgotten bool) {
		view(t, db, func(tx *store.Tx) (err error) {
			if has, err = tx.HasDevice(poolID, ada.Sub, key); err != nil {
				return err
			}
			forgotten, err = tx.DeviceForgotten(poolID, ada.Sub, key)
			return err
		})
		return has, forgotten
	}
	if has, forgotten := known("us-east-1_2"); has || !forgotten {
		t.Errorf("forgotten: is there %t, was there %t", has, forgotten)
	}
	if has, forgotten := known("us-east-1_3"); !has || forgotten {
		t.Errorf("another: is there %t, was there %t", has, forgotten)
	}
	update(t, db, func(tx *store.Tx) error { _, err := tx.DeleteExpired(100); return err })
	if _, forgotten := known("us-east-1_2"); forgotten {
		t.Error("what is forgotten is known for ever")
	}

	update(t, db, func(tx *store.Tx) error {
		if err := tx.ForgetDevice(poolID, ada.Sub, "us-east-1_3", tx.Now().Add(time.Hour)); err != nil {
			return err
		}
		return tx.DeleteUser(ada)
	})
	if has, _ := known("us-east-1_4"); has {
		t.Error("the device of a deleted user is there")
	}
	if _, forgotten := known("us-east-1_3"); forgotten {
		t.Error("the forgotten device of a deleted user is known")
	}
	view(t, db, func(tx *store.Tx) error {
		if has, err := tx.HasDevice(poolID, bob.Sub, "us-east-1_9"); err != nil || !has {
			t.Errorf("the device of another user: %t, %v", has, err)
		}
		return nil
	})
}
