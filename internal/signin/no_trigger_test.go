package signin

import (
	"testing"

	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/trigger"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// askAll goes where a sign-in asks functions, in a pool that has none. It has no
// database, so reading the user again would panic.
func askAll(tb testing.TB) func() {
	m := new(Machine)
	a := &attempt{pool: new(userpool.Pool), client: new(userpool.Client), user: &store.User{Attributes: map[string]string{"email": "ada@example.com"}}}
	a.parameters = map[string]string{"PASSWORD": "x"}
	ctx := trigger.WithCaller(tb.Context(), trigger.Caller{ClientID: "client"})
	return func() {
		if m.preAuthenticate(ctx, a) != nil || m.postAuthenticate(ctx, a, true) != nil || a.migrates() || m.demandCustom(ctx, a) != nil {
			tb.Fatal("a pool without functions refuses")
		}
	}
}

// TestNoTriggersCostNothing holds that a pool without functions has nothing made
// for them: no event, no copy of attributes.
func TestNoTriggersCostNothing(t *testing.T) {
	if n := testing.AllocsPerRun(100, askAll(t)); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkNoTriggers(b *testing.B) {
	ask := askAll(b)
	b.ReportAllocs()
	for b.Loop() {
		ask()
	}
}
