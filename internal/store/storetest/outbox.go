package storetest

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/store"
)

func outgoing(tx *store.Tx, id, sub string, due time.Time) *store.Outgoing {
	return &store.Outgoing{PoolID: "p", ID: id, Sub: sub, Medium: "EMAIL", SealedDoc: "x", DueAt: due,
		CreatedAt: tx.Now(), ExpiresAt: tx.Now().Add(time.Hour)}
}

// outbox: messages are taken when they are due, by one runner at a time, and only
// that one says what became of them.
func outbox(t *testing.T, db *store.DB) {
	update(t, db, func(tx *store.Tx) error {
		must(t, tx.InsertOutgoing(outgoing(tx, "late", "u1", tx.Now().Add(-time.Minute))))
		must(t, tx.InsertOutgoing(outgoing(tx, "now", "u1", tx.Now())))
		must(t, tx.InsertOutgoing(outgoing(tx, "later", "u2", tx.Now().Add(time.Hour))))
		return nil
	})
	take := func(runner string, lease time.Duration, limit int) map[string]*store.Outgoing {
		taken := make(map[string]*store.Outgoing)
		update(t, db, func(tx *store.Tx) error {
			clear(taken)
			list, err := tx.TakeOutgoing(runner, tx.Now().Add(lease), limit)
			for _, o := range list {
				taken[o.ID] = o
			}
			return err
		})
		return taken
	}
	first := take("a", -time.Second, 1)
	if first["late"] == nil || len(first) != 1 || first["late"].Attempts != 1 || first["late"].Runner != "a" {
		t.Fatalf("taken first: %+v", first)
	}
	// The lease of a has run out.
	second := take("b", time.Minute, 10)
	if len(second) != 2 || second["late"] == nil || second["now"] == nil || second["late"].Attempts != 2 {
		t.Fatalf("taken second: %+v", second)
	}
	if more := take("c", time.Minute, 10); len(more) != 0 {
		t.Errorf("taken although b has them: %+v", more)
	}
	late, now := second["late"], second["now"]
	update(t, db, func(tx *store.Tx) error {
		if err := tx.DeleteOutgoing(first["late"]); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a deletes what b has: %v", err)
		}
		if err := tx.ReleaseOutgoing(first["late"]); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a releases what b has: %v", err)
		}
		late.DueAt, late.LastError = time.Time{}, "refused"
		must(t, tx.ReleaseOutgoing(late))
		return tx.DeleteOutgoing(now)
	})
	view(t, db, func(tx *store.Tx) error {
		waiting, dead, oldest, err := tx.OutgoingQueue(10)
		if waiting != 1 || dead != 1 || oldest.IsZero() || err != nil {
			t.Errorf("queue: %d waiting, %d dead, %v, %v", waiting, dead, oldest, err)
		}
		if due, err := tx.OutgoingDue(); due || err != nil {
			t.Errorf("due: %v, %v", due, err)
		}
		for pool, want := range map[string]int{"": 1, "p": 1, "q": 0} {
			list, err := tx.ListDeadOutgoing(pool, time.Time{}, "", 10)
			if err != nil || len(list) != want || want == 1 && list[0].LastError != "refused" {
				t.Errorf("dead of pool %q: %+v, %v", pool, list, err)
			}
		}
		list, err := tx.ListDeadOutgoing("", late.CreatedAt, late.ID, 10)
		if len(list) != 0 {
			t.Errorf("behind the last dead one: %+v", list)
		}
		return err
	})
	update(t, db, func(tx *store.Tx) error {
		must(t, tx.ReviveOutgoing("p", "late"))
		for name, err := range map[string]error{"revive": tx.ReviveOutgoing("p", "late"), "drop": tx.DropDeadOutgoing("p", "late")} {
			if !errors.Is(err, store.ErrNotFound) {
				t.Errorf("%s what is alive: %v", name, err)
			}
		}
		return nil
	})
	if again := take("d", time.Minute, 10); len(again) != 1 || again["late"].Attempts != 1 {
		t.Errorf("revived: %+v", again)
	}
	outboxTaken(t, db)
}

// outboxTaken has several runners take many messages at once: each gets each
// message of its own.
func outboxTaken(t *testing.T, db *store.DB) {
	update(t, db, func(tx *store.Tx) error {
		for i := range 60 {
			must(t, tx.InsertOutgoing(outgoing(tx, fmt.Sprint("m", i), "u3", tx.Now())))
		}
		return nil
	})
	var mu sync.Mutex
	owners := make(map[string]string)
	var runners sync.WaitGroup
	for r := range 4 {
		runner := fmt.Sprint("runner", r)
		runners.Go(func() {
			for {
				var list []*store.Outgoing
				err := db.Update(t.Context(), func(tx *store.Tx) (err error) {
					list, err = tx.TakeOutgoing(runner, tx.Now().Add(time.Minute), 7)
					return err
				})
				if err != nil {
					t.Error(err)
				}
				if err != nil || len(list) == 0 {
					return
				}
				mu.Lock()
				for _, o := range list {
					if owners[o.ID] != "" {
						t.Errorf("%s has what %s has", runner, owners[o.ID])
					}
					owners[o.ID] = runner
				}
				mu.Unlock()
			}
		})
	}
	runners.Wait()
	if len(owners) != 60 {
		t.Errorf("%d of 60 were taken", len(owners))
	}
}
