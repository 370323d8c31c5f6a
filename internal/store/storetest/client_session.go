package storetest

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/store"
)

func clientSession(tx *store.Tx, sid, client, sub, session string) store.ClientSession {
	return store.ClientSession{PoolID: poolID, SID: sid, ClientID: client, Sub: sub, SessionID: session, OriginJTI: "origin of " + sid,
		ExpiresAt: tx.Now().Add(time.Hour)}
}

// manyClientSessions: a user cannot have so many sessions at clients that ending them
// takes long.
func manyClientSessions(t *testing.T, db *store.DB) {
	ada, bob := someUser(1), someUser(2)
	const most, more = 1000, 3 // as the store has it
	update(t, db, func(tx *store.Tx) error {
		err := errors.Join(tx.InsertUser(ada), tx.InsertUser(bob))
		for n := range most + more {
			if _, joined := tx.JoinClientSession(clientSession(tx, fmt.Sprintf("s%04d", n), "c1", ada.Sub, "")); joined != nil {
				return joined
			}
		}
		expired := clientSession(tx, "expired", "c1", ada.Sub, "")
		expired.ExpiresAt = tx.Now().Add(-time.Hour)
		_, joined := tx.JoinClientSession(expired)
		_, another := tx.JoinClientSession(clientSession(tx, "of another", "c1", bob.Sub, ""))
		return errors.Join(err, joined, another)
	})
	got := takeNotices(t, db, "node", time.Hour)
	if len(got) != more || got["s0000"] == nil || got["s0001"] == nil || got["s0002"] == nil {
		t.Errorf("notices %v, want those of the %d oldest", got, more)
	}
	update(t, db, func(tx *store.Tx) error { return tx.EndClientSessionsOf(poolID, ada.Sub) })
	if err := db.View(t.Context(), func(tx *store.Tx) error {
		waiting, _, err := tx.LogoutNoticeQueue(2 * most)
		if waiting != most+more {
			t.Errorf("%d sessions were told of, want %d", waiting, most+more)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

// takeNotices takes all notices that are due, by their sid.
func takeNotices(t *testing.T, db *store.DB, runner string, lease time.Duration, except ...string) map[string]*store.LogoutNotice {
	t.Helper()
	taken := make(map[string]*store.LogoutNotice)
	update(t, db, func(tx *store.Tx) error {
		clear(taken)
		list, err := tx.TakeLogoutNotices(runner, tx.Now().Add(lease), except, 100)
		for _, n := range list {
			taken[n.SID] = n
		}
		return err
	})
	return taken
}

// clientSessions: whatever ends a session makes notices of those that clients have
// through it, and of no others.
func clientSessions(t *testing.T, db *store.DB) {
	join := func(sid, client, sub, session string) (got string) {
		t.Helper()
		update(t, db, func(tx *store.Tx) (err error) {
			got, err = tx.JoinClientSession(clientSession(tx, sid, client, sub, session))
			return err
		})
		return got
	}
	ada, bob := someUser(1), someUser(2)
	update(t, db, func(tx *store.Tx) error { return errors.Join(tx.InsertUser(ada), tx.InsertUser(bob)) })
	err := db.Update(t.Context(), func(tx *store.Tx) error {
		_, err := tx.JoinClientSession(clientSession(tx, "none", "c1", "nobody", "b1"))
		return err
	})
	if !errors.Is(err, store.ErrNotFound) {
		t.Errorf("of a user who is gone: %v, want ErrNotFound", err)
	}
	for _, tt := range []struct{ sid, client, sub, session, want string }{
		{"a", "c1", ada.Sub, "b1", "a"},
		{"b", "c2", ada.Sub, "b1", "b"},
		{"c", "c1", ada.Sub, "b1", "a"}, // goes on
		{"d", "c1", ada.Sub, "b2", "d"},
		{"e", "c1", bob.Sub, "b3", "e"},
		{"f", "c3", ada.Sub, "", "f"},
		{"g", "c3", ada.Sub, "", "g"}, // no session of a browser to go on in
	} {
		if got := join(tt.sid, tt.client, tt.sub, tt.session); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.sid, got, tt.want)
		}
	}
	for _, tt := range []struct {
		name string
		end  func(*store.Tx) error
		want []string
	}{
		{"another browser's", func(tx *store.Tx) error { return tx.EndBrowserSession(poolID, "b9") }, nil},
		{"another pool's", func(tx *store.Tx) error { return tx.EndBrowserSession("us-east-1_Other0001", "b1") }, nil},
		{"an older sign-in", func(tx *store.Tx) error { return tx.RevokeToken(poolID, "origin of a", tx.Now().Add(time.Hour)) }, nil},
		{"a sign-in", func(tx *store.Tx) error { return tx.RevokeToken(poolID, "origin of f", tx.Now().Add(time.Hour)) }, []string{"f"}},
		{"the session before", func(tx *store.Tx) error {
			return errors.Join(tx.MoveClientSessions(poolID, "b1", "b4"), tx.EndBrowserSession(poolID, "b1"))
		}, nil},
		{"a browser's", func(tx *store.Tx) error { return tx.EndBrowserSession(poolID, "b4") }, []string{"a", "b"}},
		{"once more", func(tx *store.Tx) error { return tx.EndBrowserSession(poolID, "b4") }, nil},
		{"signed out", func(tx *store.Tx) error { return tx.SignOutUser(poolID, ada.Sub, tx.Now()) }, []string{"d", "g"}},
		{"changed", func(tx *store.Tx) error {
			changed := *bob
			changed.ModifiedAt = tx.Now()
			return tx.UpdateUser(bob, &changed)
		}, nil},
		{"disabled", func(tx *store.Tx) error {
			disabled := *bob
			disabled.Enabled = false
			return tx.UpdateUser(bob, &disabled)
		}, []string{"e"}},
	} {
		update(t, db, tt.end)
		got := takeNotices(t, db, "node", time.Hour)
		var sids []string
		for sid := range got {
			sids = append(sids, sid)
		}
		if slices.Sort(sids); !slices.Equal(sids, tt.want) {
			t.Errorf("%s: notices %q, want %q", tt.name, sids, tt.want)
		}
		if n := got["e"]; n != nil && (n.Sub != bob.Sub || n.ClientID != "c1" || n.PoolID != poolID || n.Attempts != 1) {
			t.Errorf("got %+v", n)
		}
	}
	update(t, db, func(tx *store.Tx) error {
		old := clientSession(tx, "old", "c1", bob.Sub, "b5")
		old.ExpiresAt = tx.Now().Add(-2 * time.Hour)
		if _, err := tx.JoinClientSession(old); err != nil {
			return err
		}
		return tx.EndBrowserSession(poolID, "b5")
	})
	if got := takeNotices(t, db, "node", time.Hour); len(got) != 0 {
		t.Errorf("of a session that had expired: %v", got)
	}
	update(t, db, func(tx *store.Tx) error {
		n, err := tx.DeleteExpired(10)
		if n != 1 {
			t.Errorf("%d expired rows were cleared, want 1", n)
		}
		return err
	})
	join("h", "c1", bob.Sub, "")
	update(t, db, func(tx *store.Tx) error {
		out := *bob
		out.SignedOutAt = tx.Now()
		return tx.UpdateUser(bob, &out)
	})
	join("i", "c1", bob.Sub, "")
	update(t, db, func(tx *store.Tx) error { return tx.DeleteUser(bob) })
	if got := takeNotices(t, db, "node", time.Hour); len(got) != 2 || got["h"] == nil || got["i"] == nil {
		t.Errorf("signed out by a change, then deleted: %v", got)
	}
}

// logoutNotices are taken when they are due, by one runner at a time, and only the
// runner that has one may say what came of it.
func logoutNotices(t *testing.T, db *store.DB) {
	update(t, db, func(tx *store.Tx) error {
		errs := []error{tx.InsertUser(someUser(1))}
		for n := range 40 {
			_, err := tx.JoinClientSession(clientSession(tx, fmt.Sprint("s", n), fmt.Sprint("c", n%4), someUser(1).Sub, ""))
			errs = append(errs, err)
		}
		return errors.Join(append(errs, tx.EndClientSessionsOf(poolID, someUser(1).Sub))...)
	})
	if got := takeNotices(t, db, "a", time.Hour, "c0", "c1", "c2"); len(got) != 10 || got["s3"] == nil || got["s3"].ClientID != "c3" {
		t.Errorf("those of one client: %v", got)
	}
	var mu sync.Mutex
	taken := make(map[string]*store.LogoutNotice)
	var wg sync.WaitGroup
	for n := range 4 {
		wg.Go(func() {
			for {
				var list []*store.LogoutNotice
				if err := db.Update(t.Context(), func(tx *store.Tx) (err error) {
					list, err = tx.TakeLogoutNotices(fmt.Sprint("node", n), tx.Now().Add(time.Hour), nil, 3)
					return err
				}); err != nil || len(list) == 0 {
					if err != nil {
						t.Error(err)
					}
					return
				}
				mu.Lock()
				for _, got := range list {
					if taken[got.SID] != nil {
						t.Errorf("%s was taken twice", got.SID)
					}
					taken[got.SID] = got
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if len(taken) != 30 {
		t.Fatalf("%d were taken, want 30", len(taken))
	}
	first, second := taken["s0"], taken["s1"]
	stranger := *first
	stranger.Runner = "stranger"
	for name, do := range map[string]func(*store.Tx, *store.LogoutNotice) error{"delete": (*store.Tx).DeleteLogoutNotice, "release": (*store.Tx).ReleaseLogoutNotice} {
		if err := db.Update(t.Context(), func(tx *store.Tx) error { return do(tx, &stranger) }); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s by a stranger: %v", name, err)
		}
	}
	update(t, db, func(tx *store.Tx) error {
		first.DueAt, first.LastError, first.Attempts = tx.Now().Truncate(time.Millisecond).UTC(), "no answer", 7
		second.DueAt = time.Time{}
		return errors.Join(tx.ReleaseLogoutNotice(first), tx.ReleaseLogoutNotice(second))
	})
	got := takeNotices(t, db, "b", 0)
	want := *first
	want.Runner, want.Attempts = "b", 8
	if len(got) != 1 || got["s0"] == nil {
		t.Fatalf("given back: %v", got)
	}
	if want.DueAt = got["s0"].DueAt; !reflect.DeepEqual(*got["s0"], want) {
		t.Errorf("got %+v, want %+v", got["s0"], want)
	}
	if again := takeNotices(t, db, "c", time.Hour); again["s0"] == nil { // the lease is over
		t.Errorf("taken from a lost runner: %v", again)
	}
	update(t, db, func(tx *store.Tx) error {
		if err := tx.DeleteLogoutNotice(got["s0"]); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("by who had it before: %v", err)
		}
		if due, err := tx.LogoutNoticeDue(); err != nil || due {
			t.Errorf("due: %v, %v", due, err)
		}
		waiting, dead, err := tx.LogoutNoticeQueue(100)
		if waiting != 39 || dead != 1 {
			t.Errorf("%d wait and %d are dead, want 39 and 1", waiting, dead)
		}
		return err
	})
}
