package storetest

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/store"
)

// secondFactors: a user's choice is read with the user; the secrets of apps are
// kept beside, each code is used up once, and all of it goes with the user.
func secondFactors(t *testing.T, db *store.DB) {
	update(t, db, addPool(poolID, "pool"))
	user := &store.User{PoolID: poolID, Sub: "s1", Username: "ada", Status: "CONFIRMED", Enabled: true, Attributes: map[string]string{},
		MFA: store.UserMFA{Enabled: []string{"SMS_MFA"}, Preferred: "SMS_MFA"}}
	update(t, db, func(tx *store.Tx) error { return tx.InsertUser(user) })
	read := func() (u *store.User) {
		view(t, db, func(tx *store.Tx) (err error) { u, err = tx.User(poolID, "s1"); return err })
		return u
	}
	if got := read(); !reflect.DeepEqual(got.MFA, user.MFA) {
		t.Errorf("inserted %+v, read %+v", user.MFA, got.MFA)
	}
	changed := *user
	changed.MFA = store.UserMFA{SoftwareToken: true, TokenName: "phone"}
	update(t, db, func(tx *store.Tx) error { return tx.UpdateUser(user, &changed) })
	if got := read(); !reflect.DeepEqual(got.MFA, changed.MFA) {
		t.Errorf("wrote %+v, read %+v", changed.MFA, got.MFA)
	}

	token := &store.SoftwareToken{PoolID: poolID, Sub: "s1", SealedSecret: "a", SealedPending: "b", LastStep: 7}
	update(t, db, func(tx *store.Tx) error {
		if _, err := tx.SoftwareToken(poolID, "s1"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a token before there is one: %v, want ErrNotFound", err)
		}
		if err := tx.PutSoftwareToken(&store.SoftwareToken{PoolID: poolID, Sub: "s1", SealedPending: "x"}); err != nil {
			return err
		}
		return tx.PutSoftwareToken(token)
	})
	for _, c := range []struct {
		sub  string
		step int64
		want bool
	}{{"s1", 7, false}, {"s1", 6, false}, {"s1", 8, true}, {"s1", 8, false}, {"s2", 9, false}} {
		update(t, db, func(tx *store.Tx) error {
			first, err := tx.SpendSoftwareTokenStep(poolID, c.sub, c.step)
			if first != c.want {
				t.Errorf("step %d of %s counts: %t, want %t", c.step, c.sub, first, c.want)
			}
			return err
		})
	}
	token.LastStep = 8
	view(t, db, func(tx *store.Tx) error {
		got, err := tx.SoftwareToken(poolID, "s1")
		if err == nil && !reflect.DeepEqual(got, token) {
			t.Errorf("read %+v, want %+v", got, token)
		}
		return err
	})
	update(t, db, func(tx *store.Tx) error { return tx.DeleteUser(&changed) })
	view(t, db, func(tx *store.Tx) error {
		if _, err := tx.SoftwareToken(poolID, "s1"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("the token of a deleted user: %v, want ErrNotFound", err)
		}
		return nil
	})
}

// keptSessions: found by pool and id until they are cleared away.
func keptSessions(t *testing.T, db *store.DB) {
	update(t, db, func(tx *store.Tx) error {
		return errors.Join(tx.KeepSession(poolID, "a", "sealed", tx.Now().Add(time.Minute)),
			tx.KeepSession(poolID, "old", "sealed", tx.Now().Add(-2*time.Hour)))
	})
	update(t, db, func(tx *store.Tx) error { _, err := tx.DeleteExpired(10); return err })
	view(t, db, func(tx *store.Tx) error {
		for id, want := range map[string]error{"a": nil, "old": store.ErrNotFound, "b": store.ErrNotFound} {
			if got, err := tx.KeptSession(poolID, id); !errors.Is(err, want) || err == nil && got != "sealed" {
				t.Errorf("session %s: %q, %v, want %v", id, got, err, want)
			}
		}
		if _, err := tx.KeptSession("us-east-1_Other0001", "a"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a session of another pool: %v, want ErrNotFound", err)
		}
		return nil
	})
}
