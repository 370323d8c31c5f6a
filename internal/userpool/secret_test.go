package userpool

import (
	"fmt"
	"sync"
	"testing"

	"github.com/poolhouse/poolhouse/internal/fault"
)

// Changes made at the same time do not undo each other, and a client never gets
// a third secret.
func TestConcurrentChanges(t *testing.T) {
	const callers = 8
	p := memoryPools(t, PoolsOptions{})
	pool := createPool(t, p, NewPool{})
	client := createClient(t, p, NewClient{PoolID: pool.ID, GenerateSecret: true})

	var wg sync.WaitGroup
	added := make([]error, callers)
	for i := range callers {
		wg.Go(func() {
			_, _, added[i] = p.AddSecret(t.Context(), pool.ID, client.ID, "")
		})
		wg.Go(func() {
			s := SchemaSettings{Name: fmt.Sprint("n", i), AttributeDataType: "String"}
			if err := p.AddCustomAttributes(t.Context(), pool.ID, []SchemaSettings{s}); err != nil {
				t.Error(err)
			}
		})
		wg.Go(func() {
			if err := p.Update(t.Context(), pool.ID, "", PoolSettings{}); err != nil {
				t.Error(err)
			}
		})
		wg.Go(func() {
			if _, _, err := p.Client(t.Context(), client.ID); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()

	successes := 0
	for _, err := range added {
		if err == nil {
			successes++
		} else {
			wantFault(t, err, fault.LimitExceeded, fmt.Sprintf("Client %s can not have more than 2 secrets.", client.ID))
		}
	}
	pool, client, err := p.Client(t.Context(), client.ID)
	if err != nil {
		t.Fatal(err)
	}
	if successes != 1 || len(client.Secrets()) != 2 {
		t.Errorf("%d of %d secrets were added, the client has %d; want 1 and 2", successes, callers, len(client.Secrets()))
	}
	if got, want := len(pool.SchemaAttributes), len(standardSchema())+callers; got != want {
		t.Errorf("%d attributes, want %d", got, want)
	}
}

// A sealed secret opens nowhere else.
func TestSecretsAreBound(t *testing.T) {
	p := memoryPools(t, PoolsOptions{})
	sealed, err := p.newSecret("pool", "client", "value", p.db.Now(), func(string) bool { return false })
	if err != nil {
		t.Fatal(err)
	}
	if s, err := p.openSecret("pool", "client", sealed); err != nil || s.value != "value" || s.id != sealed.ID {
		t.Errorf("own place: %v", err)
	}
	if _, err := p.openSecret("other", "client", sealed); err == nil {
		t.Error("opens for another pool")
	}
	if _, err := p.openSecret("pool", "other", sealed); err == nil {
		t.Error("opens for another client")
	}
	sealed.ID = "other"
	if _, err := p.openSecret("pool", "client", sealed); err == nil {
		t.Error("opens under another id")
	}
}
