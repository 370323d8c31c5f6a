package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/store"
)

// authEvents holds the records of what users did to their order, their bounds and
// their life.
func authEvents(t *testing.T, db *store.DB) {
	update := func(fn func(*store.Tx) error) {
		t.Helper()
		must(t, db.Update(t.Context(), fn))
	}
	list := func(sub, before string, limit int) (ids string) {
		t.Helper()
		must(t, db.View(t.Context(), func(tx *store.Tx) error {
			rows, err := tx.ListAuthEvents("p", sub, before, limit)
			ids = ""
			for _, e := range rows {
				ids += e.ID[len(e.ID)-1:] + e.Response + " "
			}
			return err
		}))
		return ids
	}
	event := func(sub string, n int, response string) *store.AuthEvent {
		return &store.AuthEvent{PoolID: "p", Sub: sub, ID: fmt.Sprintf("0190-%d", n), Type: "SignIn", Response: response, Doc: "{}",
			CreatedAt: db.Now(), ExpiresAt: db.Now().Add(time.Hour)}
	}
	put := func(e *store.AuthEvent) { t.Helper(); update(func(tx *store.Tx) error { return tx.PutAuthEvent(e) }) }

	update(addPool("p", "pool"))
	for _, sub := range []string{"alice", "bob"} {
		update(func(tx *store.Tx) error {
			return tx.InsertUser(&store.User{PoolID: "p", Sub: sub, Username: sub, Status: "CONFIRMED", Attributes: map[string]string{}})
		})
	}
	put(event("alice", 1, "Pass"))
	put(event("alice", 3, "Fail"))
	put(event("alice", 2, "InProgress"))
	put(event("bob", 4, "Pass"))
	put(event("nobody", 5, "Pass"))
	expired := event("alice", 6, "Pass")
	expired.ExpiresAt = db.Now().Add(-time.Minute)
	put(expired)

	if got := list("alice", "", 9); got != "3Fail 2InProgress 1Pass " {
		t.Errorf("events %q", got)
	}
	if got := list("alice", "", 2); got != "3Fail 2InProgress " {
		t.Errorf("first page %q", got)
	}
	if got := list("alice", "0190-2", 2); got != "1Pass " {
		t.Errorf("second page %q", got)
	}
	if got := list("nobody", "", 2); got != "" {
		t.Errorf("a user who is gone has %q", got)
	}

	// An event goes on, but not from its end.
	feedback := func(sub, id string) error {
		return db.Update(t.Context(), func(tx *store.Tx) error { return tx.SetAuthEventFeedback("p", sub, id, "said") })
	}
	must(t, feedback("alice", "0190-2"))
	put(event("alice", 2, "Pass"))
	put(event("alice", 2, "InProgress"))
	if got := list("alice", "", 9); got != "3Fail 2Pass 1Pass " {
		t.Errorf("events %q", got)
	}
	must(t, db.View(t.Context(), func(tx *store.Tx) error {
		e, err := tx.AuthEvent("p", "alice", "0190-2")
		if err != nil || e.Feedback != "said" {
			t.Errorf("feedback %+v, %v", e, err)
		}
		if _, err := tx.AuthEvent("p", "bob", "0190-2"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("another user's event: %v", err)
		}
		if _, err := tx.AuthEvent("p", "alice", "0190-6"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("an expired event: %v", err)
		}
		passed, err := tx.PassedSignIns("p", "alice", 1)
		if err != nil || len(passed) != 1 || passed[0].ID != "0190-2" {
			t.Errorf("passed %v, %v", passed, err)
		}
		return nil
	}))
	if err := feedback("bob", "0190-2"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("feedback to another user's event: %v", err)
	}

	update(func(tx *store.Tx) error { return tx.TrimAuthEvents("p", "alice", 3) }) // the expired one counts
	if got := list("alice", "", 9); got != "3Fail 2Pass " {
		t.Errorf("trimmed to %q", got)
	}
	update(func(tx *store.Tx) error { return tx.TrimAuthEvents("p", "alice", 3) })
	if got := list("alice", "", 9); got != "3Fail 2Pass " {
		t.Errorf("trimmed again to %q", got)
	}
	update(func(tx *store.Tx) error {
		u, err := tx.User("p", "alice")
		if err != nil {
			return err
		}
		return tx.DeleteUser(u)
	})
	if got := list("alice", "", 9) + list("bob", "", 9); got != "4Pass " {
		t.Errorf("without alice there is %q", got)
	}
}
