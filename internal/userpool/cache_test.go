package userpool

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/store/storetest"
)

// Two nodes share a database: the one that writes sees it at once, the other
// within a second.
func TestCacheAcrossNodes(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { testCacheAcrossNodes(t, storetest.SQLiteURL(t)) })
	t.Run("postgres", func(t *testing.T) { testCacheAcrossNodes(t, storetest.PostgresURL(t)) })
}

func testCacheAcrossNodes(t *testing.T, url string) {
	master := keys.GenerateMasterKey()
	here := poolsOn(t, storetest.Open(t, url), master, PoolsOptions{})
	there := poolsOn(t, storetest.Open(t, url), master, PoolsOptions{})

	pool := createPool(t, here, NewPool{})
	client := createClient(t, here, NewClient{PoolID: pool.ID, GenerateSecret: true})
	if _, c, err := there.Client(t.Context(), client.ID); err != nil || c.Secret() != client.Secret() {
		t.Fatalf("other node: %v, secret equal %v", err, err == nil && c.Secret() == client.Secret())
	}
	if _, _, err := here.Client(t.Context(), client.ID); err != nil {
		t.Fatal(err)
	}

	if err := here.Update(t.Context(), pool.ID, "renamed", PoolSettings{}); err != nil {
		t.Fatal(err)
	}
	if got, err := here.Pool(t.Context(), pool.ID); err != nil || got.Name != "renamed" {
		t.Fatalf("writing node: %v %v, want the new name at once", got, err)
	}
	eventually(t, "the other node sees the new name", func() bool {
		got, err := there.Pool(t.Context(), pool.ID)
		return err == nil && got.Name == "renamed"
	})

	if err := there.Delete(t.Context(), pool.ID); err != nil {
		t.Fatal(err)
	}
	if _, _, err := there.Client(t.Context(), client.ID); fault.CodeOf(err) != fault.ResourceNotFound {
		t.Errorf("client of a deleted pool on the deleting node: %v", err)
	}
	eventually(t, "the other node loses the client", func() bool {
		_, _, err := here.Client(t.Context(), client.ID)
		return fault.CodeOf(err) == fault.ResourceNotFound
	})
}

// eventually waits for what crosses nodes by polling, which no clock can move.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within 30 seconds: %s", what)
		}
	}
}

func TestCache(t *testing.T) {
	c := newCache[string](2)
	loads := 0
	load := func(value string, meanwhile func()) func(context.Context, string) (string, error) {
		return func(context.Context, string) (string, error) {
			loads++
			meanwhile()
			if value == "" {
				return "", errors.New("none")
			}
			return value, nil
		}
	}
	get := func(id, value string, meanwhile func()) string {
		v, _ := c.get(t.Context(), id, load(value, meanwhile))
		return v
	}
	nothing := func() {}

	// A change during a load: its result is given to who asked, but not kept.
	if got := get("a", "old", c.drop); got != "old" {
		t.Errorf("got %q", got)
	}
	if got := get("a", "new", nothing); got != "new" {
		t.Errorf("after a drop during the load: %q, want new", got)
	}
	if got := get("a", "unused", nothing); got != "new" || loads != 2 {
		t.Errorf("second get: %q after %d loads, want new from the cache", got, loads)
	}
	// What does not exist is asked for each time and takes no room.
	get("ghost", "", nothing)
	get("ghost", "", nothing)
	if loads != 4 || len(c.entries) != 1 {
		t.Errorf("%d loads, %d entries after two misses, want 4 and 1", loads, len(c.entries))
	}
	get("b", "b", nothing)
	get("c", "c", nothing)
	if len(c.entries) != 2 {
		t.Errorf("%d entries, want the limit of 2", len(c.entries))
	}
	if _, ok := c.peek("c"); !ok {
		t.Error("the newest entry was dropped")
	}
}

func BenchmarkClient(b *testing.B) {
	p := memoryPools(b, PoolsOptions{})
	pool := createPool(b, p, NewPool{})
	client := createClient(b, p, NewClient{PoolID: pool.ID})
	for b.Loop() {
		if _, _, err := p.Client(b.Context(), client.ID); err != nil {
			b.Fatal(err)
		}
	}
}
