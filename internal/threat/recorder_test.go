package threat

import (
	"fmt"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/message"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/store/storetest"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// What was noted is there after Flush, and after Close, however much it was.
func TestCloseWritesAll(t *testing.T) {
	db := storetest.Memory(t)
	ring, err := keys.Open(t.Context(), db, keys.GenerateMasterKey(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer ring.Close()
	pool := &userpool.Pool{ID: "p", PoolConfig: userpool.PoolConfig{UserPoolAddOns: &userpool.UserPoolAddOns{AdvancedSecurityMode: "AUDIT"}}}
	const users, each = 3, 400
	if err := db.Update(t.Context(), func(tx *store.Tx) error {
		if err := tx.InsertUserPool(&store.UserPool{ID: "p", Name: "p", Doc: "{}", CreatedAt: tx.Now()}); err != nil {
			return err
		}
		for i := range users {
			u := &store.User{PoolID: "p", Sub: fmt.Sprint(i), Username: fmt.Sprint(i), Status: userpool.StatusConfirmed, Attributes: map[string]string{}}
			if err := tx.InsertUser(u); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	outbox := message.NewOutbox(ring, true)
	g := New(db, userpool.NewUsers(db, ring, outbox, userpool.NoLimits()), outbox, Options{})
	count := func(sub string) (n int) {
		if err := db.View(t.Context(), func(tx *store.Tx) error {
			list, err := tx.ListAuthEvents("p", sub, "", 10_000)
			n = len(list)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return n
	}
	note := func(n int) {
		for i := range n {
			g.Note(t.Context(), Happening{Pool: pool, Sub: fmt.Sprint(i % users), Type: userpool.EventSignIn, Response: userpool.EventPass})
		}
	}
	note(users)
	if err := g.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i := range users {
		if got := count(fmt.Sprint(i)); got != 1 {
			t.Errorf("after Flush user %d has %d events", i, got)
		}
	}
	note(users * (each - 1))
	if off := g.Note(t.Context(), Happening{Pool: new(userpool.Pool), Sub: "0"}); off != "" {
		t.Errorf("a pool without threat protection keeps %s", off)
	}
	g.Close()
	g.Note(t.Context(), Happening{Pool: pool, Sub: "0"}) // is lost, and harms nothing
	for i := range users {
		if got := count(fmt.Sprint(i)); got != each {
			t.Errorf("user %d has %d of %d events", i, got, each)
		}
	}
}

// Ids sort as they were made, within a millisecond, over more than fit into one,
// and when the clock goes back.
func TestIDsSort(t *testing.T) {
	var made ids
	start := time.UnixMilli(1_785_000_000_000)
	last := ""
	for n := range 10_000 {
		at := start
		if n > 9_000 {
			at = start.Add(-time.Hour)
		}
		id := made.next(at)
		if id <= last {
			t.Fatalf("id %d: %s behind %s", n, id, last)
		}
		if id[14] != '7' || id[19] < '8' || id[19] > 'b' {
			t.Fatalf("%s is no UUID of version 7", id)
		}
		last = id
	}
	var fresh ids
	if id := fresh.next(start); id[:8]+id[9:13] != fmt.Sprintf("%012x", start.UnixMilli()) {
		t.Errorf("%s is not of %x", id, start.UnixMilli())
	}
}
