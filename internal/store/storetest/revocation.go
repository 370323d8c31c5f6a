package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/store"
)

// revocations: each change that makes tokens worthless stands in the log, once,
// and no other does; the log is read in pages.
func revocations(t *testing.T, db *store.DB) {
	u := someUser(2) // enabled
	disabled := *u
	disabled.Enabled = false
	signedOut := db.Now().Add(2 * time.Second)
	outTwice := disabled
	outTwice.SignedOutAt = signedOut.Add(time.Second)
	soon, late := db.Now().Add(time.Hour), db.Now().Add(1000*time.Hour)

	update(t, db, func(tx *store.Tx) error { return tx.InsertUser(u) })
	for name, change := range map[string]func(*store.Tx) error{
		"a change of something else": func(tx *store.Tx) error {
			other := *u
			other.Status = "RESET_REQUIRED"
			return tx.UpdateUser(u, &other)
		},
		"another pool": func(tx *store.Tx) error { return tx.RevokeToken("us-east-1_Other0001", "jti", late) },
		"what is taken back": func(tx *store.Tx) error {
			must(t, tx.SignOutUser(poolID, u.Sub, signedOut))
			return errRefused
		},
		"nobody's sign-out": func(tx *store.Tx) error { return tx.SignOutUser(poolID, "nobody", signedOut) },
		"an expired token":  func(tx *store.Tx) error { return tx.RevokeToken(poolID, "old", tx.Now()) },
	} {
		_ = db.Update(t.Context(), change)
		if got := revocationEvents(t, db, 10); len(got) != 0 {
			t.Fatalf("%s: %+v, want no events", name, got)
		}
	}

	before := db.Now()
	for _, change := range []func(*store.Tx) error{
		func(tx *store.Tx) error {
			must(t, tx.RevokeToken(poolID, "jti-1", soon))
			must(t, tx.RevokeToken(poolID, "jti-1", soon)) // is nothing new
			return tx.RevokeToken(poolID, "jti-2", late)
		},
		func(tx *store.Tx) error { return tx.SignOutUser(poolID, u.Sub, signedOut) },
		func(tx *store.Tx) error { return tx.UpdateUser(u, &disabled) },
		func(tx *store.Tx) error { return tx.UpdateUser(&disabled, &outTwice) },
		func(tx *store.Tx) error { return tx.UpdateUser(&disabled, u) },
		func(tx *store.Tx) error { return tx.DeleteUser(u) },
	} {
		update(t, db, change)
	}
	after := db.Now()
	events := revocationEvents(t, db, 100)
	for _, step := range []int{1, 2, 3, 7} {
		if got := revocationEvents(t, db, step); !slices.Equal(got, events) {
			t.Errorf("in pages of %d: %+v, want %+v", step, got, events)
		}
	}
	want := []store.RevocationEvent{
		{Kind: store.TokenRevoked, Subject: "jti-1", ExpiresAt: soon},
		{Kind: store.TokenRevoked, Subject: "jti-2"},
		{Kind: store.UserSignedOut, Subject: u.Sub, EffectiveAt: signedOut},
		{Kind: store.UserDisabled, Subject: u.Sub},
		{Kind: store.UserSignedOut, Subject: u.Sub, EffectiveAt: outTwice.SignedOutAt},
		{Kind: store.UserEnabled, Subject: u.Sub},
		{Kind: store.UserDeleted, Subject: u.Sub},
	}
	if len(events) != len(want) {
		t.Fatalf("%d events, want %d: %+v", len(events), len(want), events)
	}
	within := func(at, from, to time.Time) bool { return !at.Before(from) && !at.After(to) }
	for i, w := range want {
		e := events[i]
		switch {
		case e.Kind != w.Kind || e.Subject != w.Subject:
			t.Errorf("event %d: %s of %s, want %s of %s", i, e.Kind, e.Subject, w.Kind, w.Subject)
		case !within(e.Cursor.At, before, after):
			t.Errorf("event %d: recorded at %v, want from %v to %v", i, e.Cursor.At, before, after)
		case w.EffectiveAt.IsZero() && !within(e.EffectiveAt, before, after), !w.EffectiveAt.IsZero() && !e.EffectiveAt.Equal(w.EffectiveAt):
			t.Errorf("event %d: effective at %v", i, e.EffectiveAt)
		// No token of a user lives for longer than a day, whatever the refresh token.
		case w.ExpiresAt.IsZero() && !within(e.ExpiresAt, before.Add(25*time.Hour), after.Add(26*time.Hour)), !w.ExpiresAt.IsZero() && !e.ExpiresAt.Equal(w.ExpiresAt):
			t.Errorf("event %d: expires at %v", i, e.ExpiresAt)
		}
	}

	t.Run("what becomes of a user is told in its order", func(t *testing.T) {
		u := someUser(4)
		u.ModifiedAt = db.Now().Add(time.Hour) // written before the clock was set back
		off := *u
		off.Enabled = false
		update(t, db, func(tx *store.Tx) error {
			must(t, tx.InsertUser(u))
			return tx.UpdateUser(u, &off)
		})
		all := revocationEvents(t, db, 100)
		if last := all[len(all)-1]; last.Kind != store.UserDisabled || !last.EffectiveAt.After(u.ModifiedAt) {
			t.Errorf("got %+v, want the end of the user after %v", last, u.ModifiedAt)
		}
	})
	t.Run("of one transaction in its order", func(t *testing.T) {
		const count = 50
		seen := len(revocationEvents(t, db, 100))
		update(t, db, func(tx *store.Tx) error {
			for n := range count {
				must(t, tx.RevokeToken(poolID, fmt.Sprintf("many-%02d", n), late))
			}
			return nil
		})
		for n, e := range revocationEvents(t, db, 7)[seen:] {
			if want := fmt.Sprintf("many-%02d", n); e.Subject != want {
				t.Fatalf("event %d is of %s, want %s", n, e.Subject, want)
			}
		}
	})
	t.Run("cleared with the pool", func(t *testing.T) {
		update(t, db, addPool(poolID, "n"))
		update(t, db, func(tx *store.Tx) error { return tx.DeleteUserPool(poolID) })
		update(t, db, func(tx *store.Tx) error {
			_, err := tx.ClearDeletedUserPool(poolID, 1000)
			return err
		})
		if left := revocationEvents(t, db, 100); len(left) != 0 {
			t.Errorf("left are %+v", left)
		}
	})
}

// revocationEvents reads the log from its beginning in pages.
func revocationEvents(t *testing.T, db *store.DB, step int) (all []store.RevocationEvent) {
	t.Helper()
	var cursor store.RevocationCursor
	for {
		var page []store.RevocationEvent
		view(t, db, func(tx *store.Tx) (err error) {
			page, err = tx.RevocationEvents(poolID, cursor, step)
			return err
		})
		all = append(all, page...)
		if len(page) < step {
			return all
		}
		cursor = page[len(page)-1].Cursor
	}
}
