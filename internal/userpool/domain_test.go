package userpool

import (
	"strings"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/store/storetest"
)

var ownHost = DomainSettings{CustomDomainConfig: &CustomDomainConfig{CertificateArn: "arn:aws:acm:us-east-1:123456789012:certificate/x"}}

func createDomain(t testing.TB, p *Pools, poolID, name string, s DomainSettings) {
	t.Helper()
	if _, err := p.CreateDomain(t.Context(), poolID, name, s); err != nil {
		t.Fatal(err)
	}
}

func TestByDomain(t *testing.T) {
	p := memoryPools(t, PoolsOptions{DomainSuffix: "Example.com"})
	pool := createPool(t, p, NewPool{})
	createDomain(t, p, pool.ID, "app", DomainSettings{})
	createDomain(t, p, pool.ID, "id.example.org", ownHost)
	for _, tc := range []struct {
		name string
		want string // the domain, "" for none
	}{
		{"app", "app"},
		{"app.auth.example.com", "app"},
		{"App.Auth.Example.com:8443", "app"},
		{"app.auth.example.com.", "app"},
		{"id.example.org", "id.example.org"},
		{"ID.example.org:443", "id.example.org"},
		{"id.example.org.auth.example.com", ""}, // no prefix has a dot
		{"x.app.auth.example.com", ""},
		{"app.auth.example.org", ""},
		{"auth.example.com", ""},
		{".auth.example.com", ""},
		{"other", ""},
		{"", ""},
		{":", ""},
		{strings.Repeat("a", 10_000), ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, d, err := p.ByDomain(t.Context(), tc.name)
			if tc.want == "" {
				if fault.CodeOf(err) != fault.ResourceNotFound || len(err.Error()) > 500 {
					t.Errorf("ByDomain = %v, %v, %v", got, d, err)
				}
				return
			}
			if err != nil || got.ID != pool.ID || d.Name != tc.want {
				t.Errorf("ByDomain = %v, %v, %v, want %s", got, d, err, tc.want)
			}
		})
	}
	for name, want := range map[string]string{"app": "app.auth.example.com", "id.example.org": "id.example.org"} {
		d, err := p.Domain(t.Context(), name)
		if err != nil || p.DomainHost(d) != want {
			t.Errorf("%s is served at %s, %v", name, p.DomainHost(d), err)
		}
	}
}

// What one node changes, it sees at once, and another within a second.
func TestDomainsOfAnotherNode(t *testing.T) {
	url, master := storetest.SQLiteURL(t), keys.GenerateMasterKey()
	open := func() *Pools { return poolsOn(t, storetest.OpenAt(t, url, time.Now), master, PoolsOptions{}) }
	a, b := open(), open()
	pool := createPool(t, a, NewPool{})
	version := func(p *Pools) int {
		_, d, err := p.ByDomain(t.Context(), "app")
		if err != nil {
			return 0
		}
		return d.ManagedLoginVersion
	}
	limit := func(p *Pools) int32 {
		n, _, err := p.ProvisionedLimit(t.Context(), "UserRead")
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	_, _ = version(b), limit(b)
	for _, step := range []struct {
		name   string
		change func() error
		want   int
		limit  int32
	}{
		{"create", func() error {
			_, err := a.CreateDomain(t.Context(), pool.ID, "app", DomainSettings{})
			return err
		}, 1, 0},
		{"update", func() error {
			_, err := a.UpdateDomain(t.Context(), pool.ID, "app", DomainSettings{ManagedLoginVersion: new(2)})
			return err
		}, 2, 0},
		{"delete", func() error { return a.DeleteDomain(t.Context(), pool.ID, "app") }, 0, 0},
		{"provision", func() error { return a.SetProvisionedLimit(t.Context(), "UserRead", 500, 120) }, 0, 500},
	} {
		if err := step.change(); err != nil {
			t.Fatal(err)
		}
		if got, n := version(a), limit(a); got != step.want || n != step.limit {
			t.Errorf("%s: the node itself has version %d, limit %d", step.name, got, n)
		}
		eventually(t, step.name+" reaches the other node", func() bool { return version(b) == step.want && limit(b) == step.limit })
	}
}

// A deleted pool's clients are cleared away in steps, and work no more at once.
func TestDeletePoolOfManyClients(t *testing.T) {
	p := memoryPools(t, PoolsOptions{})
	pool := createPool(t, p, NewPool{})
	client := createClient(t, p, NewClient{PoolID: pool.ID})
	if err := p.db.Update(t.Context(), func(tx *store.Tx) error {
		for range clearStep {
			if err := tx.InsertUserPoolClient(&store.UserPoolClient{PoolID: pool.ID, ID: newClientID(), Name: "n", Doc: "{}"}); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if err := p.Delete(t.Context(), pool.ID); err != nil {
		t.Fatal(err)
	}
	_, _, err := p.Client(t.Context(), client.ID)
	wantFault(t, err, fault.ResourceNotFound, "User pool client "+client.ID+" does not exist.")
	count := func() (n int) {
		t.Helper()
		if err := p.db.View(t.Context(), func(tx *store.Tx) (err error) {
			n, err = tx.CountUserPoolClients(pool.ID)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := count(); n != clearStep+1 {
		t.Errorf("the transaction that deletes the pool left %d clients", n)
	}
	if err := p.db.Update(t.Context(), func(tx *store.Tx) error {
		_, err := tx.ClearDeletedUserPool(pool.ID, clearStep)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if n := count(); n != 1 {
		t.Errorf("a step left %d clients, want 1", n)
	}
	if err := p.ClearDeleted(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := count(); n != 0 {
		t.Errorf("%d clients are left", n)
	}
}

func TestResourceServerLimit(t *testing.T) {
	p := memoryPools(t, PoolsOptions{Limits: PoolLimits{ResourceServersPerPool: 1}})
	pool := createPool(t, p, NewPool{})
	if err := p.CreateResourceServer(t.Context(), ResourceServer{PoolID: pool.ID, Identifier: "a", Name: "a"}); err != nil {
		t.Fatal(err)
	}
	err := p.CreateResourceServer(t.Context(), ResourceServer{PoolID: pool.ID, Identifier: "b", Name: "b"})
	wantFault(t, err, fault.LimitExceeded, "The maximum number of resource servers, 1, is reached.")
}

// Whatever may be the name of a domain is what its host name leads to.
func FuzzDomainName(f *testing.F) {
	for _, name := range []string{"app", "id.example.org", "127.0.0.1", "app.auth.example.com", "a:1", "[::1]", "x."} {
		f.Add(name)
	}
	p := &Pools{domainSuffix: "example.com"}
	f.Fuzz(func(t *testing.T, name string) {
		for _, d := range []*Domain{{Name: name}, {Name: name, DomainConfig: DomainConfig{CustomDomainConfig: ownHost.CustomDomainConfig}}} {
			if p.checkDomainName(d) != nil {
				continue
			}
			if got := p.domainOf(p.DomainHost(d) + ":443"); got != name {
				t.Errorf("%q, custom: %v, is served at %q, which is %q", name, d.Custom(), p.DomainHost(d), got)
			}
		}
	})
}
