package signin_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/srp"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// concealing is a client that tells nobody who exists.
var concealing = userpool.ClientSettings{ClientConfig: userpool.ClientConfig{PreventUserExistenceErrors: "ENABLED"}}

func TestSpellingDoesNotTellWhoExists(t *testing.T) {
	w := newWorld(t, setting{client: concealing, pool: userpool.PoolSettings{PoolConfig: userpool.PoolConfig{
		UsernameConfiguration: &userpool.UsernameConfiguration{CaseSensitive: false}}}})
	w.user("ada", userpool.StatusConfirmed)
	for name, want := range map[string]string{"AdA": "ada", "BoB": "bob"} {
		o, err := w.start("USER_SRP_AUTH", map[string]string{"USERNAME": name, "SRP_A": srp.NewClient(w.pool.SRPName()).A()})
		if err != nil {
			t.Fatal(err)
		}
		if got := o.Parameters["USER_ID_FOR_SRP"]; got != want {
			t.Errorf("USER_ID_FOR_SRP of %s is %q, want %q", name, got, want)
		}
		answer := w.claim(srp.NewClient(w.pool.SRPName()), o, "wrong")
		for _, spelling := range []string{name, strings.ToUpper(name), strings.ToLower(name)} {
			answer["USERNAME"] = spelling
			_, err = w.respond("PASSWORD_VERIFIER", "", answer)
			wantFault(t, err, fault.NotAuthorized, "Incorrect username or password.")
		}
	}
}

func TestLongNames(t *testing.T) {
	w := newWorld(t, setting{client: concealing})
	begin := func(name string) error {
		_, err := w.start("USER_SRP_AUTH", map[string]string{"USERNAME": name, "SRP_A": srp.NewClient(w.pool.SRPName()).A()})
		return err
	}
	for _, r := range []string{"a", "<", "\u2028", "\U0001F600"} { // JSON writes them with 1, 6, 6 and 4 bytes
		if err := begin(strings.Repeat(r, 2048)); err != nil {
			t.Errorf("2048 times %q: %v", r, err)
		}
	}
	wantFault(t, begin(strings.Repeat("a", 2049)), fault.InvalidParameter, "USERNAME is too long.")
	wantFault(t, begin(strings.Repeat("a", 131072)), fault.InvalidParameter, "USERNAME is too long.")
}

// In a pool that signs in by email the name in the hashes is the sub. A made-up
// one must be a UUID of the same kind.
func TestMadeUpSubLooksLikeAnyOther(t *testing.T) {
	w := newWorld(t, setting{client: concealing, pool: userpool.PoolSettings{PoolConfig: userpool.PoolConfig{
		UsernameAttributes: []string{"email"}}}})
	for i := range 20 {
		name := fmt.Sprintf("nobody%d@example.com", i)
		o, err := w.start("USER_SRP_AUTH", map[string]string{"USERNAME": name, "SRP_A": srp.NewClient(w.pool.SRPName()).A()})
		if err != nil {
			t.Fatal(err)
		}
		id, err := uuid.Parse(o.Parameters["USER_ID_FOR_SRP"])
		if err != nil || id.Version() != 4 || id.Variant() != uuid.RFC4122 {
			t.Fatalf("USER_ID_FOR_SRP of %s is %q (%v), want a UUID of version 4", name, o.Parameters["USER_ID_FOR_SRP"], err)
		}
	}
}
