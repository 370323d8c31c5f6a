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

// userSessions: those that are alive are listed, the last active one first, and
// what ends a sign-in takes its record away.
func userSessions(t *testing.T, db *store.DB) {
	ada, bob := someUser(1), someUser(2)
	var now time.Time
	session := func(sub string, n int, kind store.SessionKind) *store.UserSession {
		at := now.Add(time.Duration(n) * time.Second)
		return &store.UserSession{
			PoolID: poolID, ID: fmt.Sprintf("id-%d", n), Kind: kind, Sub: sub, ClientID: "client", ParentID: "parent",
			DeviceType: "Firefox, Linux", LastIP: "192.0.2.1", CreatedAt: at, LastActiveAt: at, ExpiresAt: now.Add(time.Hour),
		}
	}
	update(t, db, func(tx *store.Tx) error {
		now = tx.Now().Truncate(time.Millisecond).UTC()
		for _, u := range []*store.User{ada, bob} {
			if err := tx.InsertUser(u); err != nil {
				return err
			}
		}
		expired := session(ada.Sub, -9, store.TokenSession)
		expired.ExpiresAt = now
		for _, s := range []*store.UserSession{
			session(ada.Sub, -1, store.TokenSession), session(ada.Sub, -2, store.SSOSession), session(ada.Sub, -3, store.TokenSession),
			session(ada.Sub, -4, store.TokenSession), expired, session(bob.Sub, -5, store.TokenSession),
		} {
			if err := tx.InsertUserSession(s); err != nil {
				return err
			}
		}
		return nil
	})
	err := db.Update(t.Context(), func(tx *store.Tx) error {
		return tx.InsertUserSession(session("nobody", 1, store.TokenSession))
	})
	if !errors.Is(err, store.ErrNotFound) {
		t.Errorf("of a user who is gone: %v, want ErrNotFound", err)
	}
	ids := func(sub string) (ids []string) {
		view(t, db, func(tx *store.Tx) error {
			list, err := tx.UserSessions(poolID, sub)
			for _, s := range list {
				ids = append(ids, s.ID)
			}
			return err
		})
		return ids
	}
	expect := func(when string, want ...string) {
		t.Helper()
		if got := ids(ada.Sub); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", when, got, want)
		}
	}
	expect("as they came", "id--1", "id--2", "id--3", "id--4")
	update(t, db, func(tx *store.Tx) error {
		if err := tx.TouchUserSession(poolID, "id--3", "", ""); err != nil {
			return err
		}
		return tx.TouchUserSession(poolID, "none", "any", "")
	})
	expect("one was active", "id--3", "id--1", "id--2", "id--4")
	update(t, db, func(tx *store.Tx) error { return tx.TouchUserSession(poolID, "id--3", "boto3", "192.0.2.2") })
	view(t, db, func(tx *store.Tx) error {
		list, err := tx.UserSessions(poolID, ada.Sub)
		if err != nil {
			return err
		}
		want := session(ada.Sub, -3, store.TokenSession)
		want.DeviceType, want.LastIP, want.LastActiveAt = "boto3", "192.0.2.2", list[0].LastActiveAt
		if !reflect.DeepEqual(list[0], want) {
			t.Errorf("got %+v, want %+v", list[0], want)
		}
		return nil
	})

	update(t, db, func(tx *store.Tx) error { return tx.RevokeToken(poolID, "id--3", now.Add(time.Hour)) })
	expect("one was revoked", "id--1", "id--2", "id--4")
	update(t, db, func(tx *store.Tx) error { return tx.DeleteUserSession(poolID, "id--1") })
	expect("one was deleted", "id--2", "id--4")
	update(t, db, func(tx *store.Tx) error { return tx.SignOutUser(poolID, ada.Sub, now) })
	expect("signed out, but for the browser", "id--2")
	update(t, db, func(tx *store.Tx) error {
		if err := tx.InsertUserSession(session(ada.Sub, 6, store.TokenSession)); err != nil {
			return err
		}
		out := *ada
		out.SignedOutAt = now.Add(time.Hour)
		return tx.UpdateUser(ada, &out)
	})
	expect("signed out by a change", "id--2")
	update(t, db, func(tx *store.Tx) error { return tx.DeleteUser(ada) })
	expect("deleted")
	if got := ids(bob.Sub); !slices.Equal(got, []string{"id--5"}) {
		t.Errorf("another user: %q", got)
	}
}
