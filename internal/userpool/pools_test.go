package userpool

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"sync/atomic"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/store/storetest"
)

// poolsOn returns Pools on a database, with a ring of the given master key.
func poolsOn(t testing.TB, db *store.DB, master keys.MasterKey, o PoolsOptions) *Pools {
	t.Helper()
	ring, err := keys.Open(t.Context(), db, master, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(ring.Close)
	return NewPools(db, ring, o)
}

func memoryPools(t testing.TB, o PoolsOptions) *Pools {
	return poolsOn(t, storetest.Memory(t), keys.GenerateMasterKey(), o)
}

// movedPools has a clock that is ahead by what ahead says.
func movedPools(t testing.TB, ahead *atomic.Int64) *Pools {
	db := storetest.OpenAt(t, "sqlite::memory:", func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) })
	return poolsOn(t, db, keys.GenerateMasterKey(), PoolsOptions{})
}

func createPool(t testing.TB, p *Pools, n NewPool) *Pool {
	t.Helper()
	if n.Region == "" {
		n.Region = "eu-west-1"
	}
	n.Name = cmp.Or(n.Name, "test")
	pool, err := p.Create(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	return pool
}

func createClient(t testing.TB, p *Pools, n NewClient) *Client {
	t.Helper()
	n.Name = cmp.Or(n.Name, "test")
	client, err := p.CreateClient(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func wantFault(t testing.TB, err error, code fault.Code, message string) {
	t.Helper()
	if !errors.Is(err, fault.New(code, message)) {
		t.Errorf("got error %v, want %s: %s", err, code, message)
	}
}

func TestNewIDs(t *testing.T) {
	for range 2000 {
		if id := newClientID(); !regexp.MustCompile(`^[1-7][0-9a-v]{25}$`).MatchString(id) {
			t.Fatalf("client id %q", id)
		}
		if s := newClientSecret(); !regexp.MustCompile(`^[0-9a-v]{51,52}$`).MatchString(s) {
			t.Fatalf("client secret %q", s)
		}
		if n := newPoolName(); !regexp.MustCompile(`^[0-9A-Za-z]{9}$`).MatchString(n) {
			t.Fatalf("pool name %q", n)
		}
	}
}

func TestARN(t *testing.T) {
	p := memoryPools(t, PoolsOptions{AccountID: "210987654321"})
	for id, want := range map[string]string{
		"us-east-1_abc":     "arn:aws:cognito-idp:us-east-1:210987654321:userpool/us-east-1_abc",
		"cn-north-1_abc":    "arn:aws-cn:cognito-idp:cn-north-1:210987654321:userpool/cn-north-1_abc",
		"us-gov-west-1_abc": "arn:aws-us-gov:cognito-idp:us-gov-west-1:210987654321:userpool/us-gov-west-1_abc",
	} {
		if got := p.ARN(id); got != want {
			t.Errorf("ARN(%q) = %q, want %q", id, got, want)
		}
	}
}

func TestWantedIDs(t *testing.T) {
	var ahead atomic.Int64
	p := movedPools(t, &ahead)
	pool := createPool(t, p, NewPool{ID: "us-east-1_Demo00000"})
	if pool.ID != "us-east-1_Demo00000" || pool.Region() != "us-east-1" {
		t.Errorf("pool %s in %s", pool.ID, pool.Region())
	}
	if _, err := p.Create(t.Context(), NewPool{ID: pool.ID, Name: "again"}); !errors.Is(err, ErrIDTaken) {
		t.Errorf("second pool: %v, want ErrIDTaken", err)
	}
	client := createClient(t, p, NewClient{PoolID: pool.ID, ID: "demo0client000000000000000"})
	if _, err := p.CreateClient(t.Context(), NewClient{PoolID: pool.ID, ID: client.ID, Name: "again"}); !errors.Is(err, ErrIDTaken) {
		t.Errorf("second client: %v, want ErrIDTaken", err)
	}
	for _, id := range []string{"noregion", "us_east_1_Demo", "us-east-1_", "us-east-1_Demo/00", "us east_1Demo"} {
		_, err := p.Create(t.Context(), NewPool{ID: id, Name: "odd"})
		wantFault(t, err, fault.InvalidParameter, id+" can not be the id of a user pool.")
	}
	// The id of a deleted pool is free once its users are gone.
	if err := p.Delete(t.Context(), pool.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Create(t.Context(), NewPool{ID: pool.ID, Name: "too early"}); !errors.Is(err, ErrIDTaken) {
		t.Errorf("pool with rows left: %v, want ErrIDTaken", err)
	}
	ahead.Store(int64(time.Minute)) // no node writes to the pool any more
	if err := p.ClearDeleted(t.Context()); err != nil {
		t.Fatal(err)
	}
	createPool(t, p, NewPool{ID: pool.ID})
}

func TestLookups(t *testing.T) {
	p := memoryPools(t, PoolsOptions{})
	one := createPool(t, p, NewPool{})
	two := createPool(t, p, NewPool{})
	client := createClient(t, p, NewClient{PoolID: one.ID})

	if pool, c, err := p.Client(t.Context(), client.ID); err != nil || pool.ID != one.ID || c.ID != client.ID {
		t.Errorf("Client: %v %v %v", pool, c, err)
	}
	if pool, c, err := p.PoolClient(t.Context(), one.ID, client.ID); err != nil || pool.ID != one.ID || c.ID != client.ID {
		t.Errorf("PoolClient: %v %v %v", pool, c, err)
	}
	if got := p.CachedPoolOf(client.ID); got != one.ID {
		t.Errorf("CachedPoolOf = %q", got)
	}
	_, err := p.Pool(t.Context(), "eu-west-1_none")
	wantFault(t, err, fault.ResourceNotFound, "User pool eu-west-1_none does not exist.")
	_, _, err = p.Client(t.Context(), "none")
	wantFault(t, err, fault.ResourceNotFound, "User pool client none does not exist.")
	_, _, err = p.PoolClient(t.Context(), two.ID, client.ID)
	wantFault(t, err, fault.ResourceNotFound, fmt.Sprintf("User pool client %s does not exist.", client.ID))
	_, _, err = p.PoolClient(t.Context(), "eu-west-1_none", client.ID)
	wantFault(t, err, fault.ResourceNotFound, "User pool eu-west-1_none does not exist.")

	for _, op := range []struct {
		name string
		call func() error
	}{
		{"update", func() error {
			_, err := p.UpdateClient(t.Context(), two.ID, client.ID, "", ClientSettings{})
			return err
		}},
		{"delete", func() error { return p.DeleteClient(t.Context(), two.ID, client.ID) }},
	} {
		wantFault(t, op.call(), fault.ResourceNotFound, fmt.Sprintf("User pool client %s does not exist.", client.ID))
	}
	if err := p.DeleteClient(t.Context(), one.ID, client.ID); err != nil {
		t.Fatal(err)
	}
	if _, _, err := p.Client(t.Context(), client.ID); fault.CodeOf(err) != fault.ResourceNotFound {
		t.Errorf("deleted client: %v", err)
	}
}

func TestDelete(t *testing.T) {
	var ahead atomic.Int64
	p := movedPools(t, &ahead)
	protected := PoolSettings{PoolConfig: PoolConfig{DeletionProtection: "ACTIVE"}}
	pool := createPool(t, p, NewPool{Settings: protected})
	wantFault(t, p.Delete(t.Context(), pool.ID), fault.InvalidParameter,
		"The user pool cannot be deleted because deletion protection is activated. Deletion protection must be inactivated first.")
	if err := p.Update(t.Context(), pool.ID, "", PoolSettings{}); err != nil {
		t.Fatal(err)
	}

	const users = clearStep + 10
	if err := p.db.Update(t.Context(), func(tx *store.Tx) error {
		for i := range users {
			u := &store.User{PoolID: pool.ID, Sub: fmt.Sprint("sub", i), Username: fmt.Sprint("user", i), Status: "CONFIRMED", Enabled: true}
			pool.derive(u)
			if err := tx.InsertUser(u); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if n, err := p.UserCount(t.Context(), pool.ID); err != nil || n != users {
		t.Errorf("UserCount = %d, %v", n, err)
	}
	if err := p.Delete(t.Context(), pool.ID); err != nil {
		t.Fatal(err)
	}
	wantFault(t, p.Delete(t.Context(), pool.ID), fault.ResourceNotFound, fmt.Sprintf("User pool %s does not exist.", pool.ID))

	// One step, as if the process had died then, and the rest by another call.
	if err := p.db.Update(t.Context(), func(tx *store.Tx) error {
		done, err := tx.ClearDeletedUserPool(pool.ID, clearStep)
		if done {
			t.Error("one step cleared everything")
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	straggler := &store.User{PoolID: pool.ID, Sub: "late", Username: "late", Status: "CONFIRMED"}
	pool.derive(straggler)
	if err := p.ClearDeleted(t.Context()); err != nil {
		t.Fatal(err)
	}
	// A node that does not know yet writes one more user.
	if err := p.db.Update(t.Context(), func(tx *store.Tx) error { return tx.InsertUser(straggler) }); err != nil {
		t.Fatal(err)
	}
	ahead.Store(int64(time.Minute))
	if err := p.ClearDeleted(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n, err := p.UserCount(t.Context(), pool.ID); err != nil || n != 0 {
		t.Errorf("%d users are left, %v", n, err)
	}
	if err := p.db.View(t.Context(), func(tx *store.Tx) error {
		ids, err := tx.DeletedUserPools()
		if len(ids) != 0 {
			t.Errorf("still to clear: %v", ids)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

// A large pool is counted once a minute.
func TestUserCountOfLargePools(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	db, err := store.Open(t.Context(), store.Options{URL: "sqlite::memory:", Migrate: true, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if _, _, err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	p := poolsOn(t, db, keys.GenerateMasterKey(), PoolsOptions{})
	insert := func(from, to int) {
		t.Helper()
		if err := db.Update(t.Context(), func(tx *store.Tx) error {
			for i := from; i < to; i++ {
				if err := tx.InsertUser(&store.User{PoolID: "p", Sub: fmt.Sprint(i), Username: fmt.Sprint("u", i)}); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	count := func(want int) {
		t.Helper()
		if n, err := p.UserCount(t.Context(), "p"); err != nil || n != want {
			t.Errorf("UserCount = %d, %v, want %d", n, err, want)
		}
	}
	insert(0, countExactly)
	count(countExactly)
	insert(countExactly, countExactly+5)
	count(countExactly + 5)
	insert(countExactly+5, countExactly+7)
	count(countExactly + 5)
	now = now.Add(countFor)
	count(countExactly + 7)
}

func TestLists(t *testing.T) {
	p := memoryPools(t, PoolsOptions{})
	var ids []string
	for i := range 3 {
		ids = append(ids, createPool(t, p, NewPool{ID: fmt.Sprintf("eu-west-1_%d", i)}).ID)
	}
	page, next, err := p.List(t.Context(), "", 2)
	if err != nil || len(page) != 2 || page[0].ID != ids[0] || next == "" {
		t.Fatalf("first page: %v, %q, %v", page, next, err)
	}
	// What is deleted between two pages does not disturb the next one.
	if err := p.Delete(t.Context(), ids[1]); err != nil {
		t.Fatal(err)
	}
	if page, next, err = p.List(t.Context(), next, 2); err != nil || len(page) != 1 || page[0].ID != ids[2] || next != "" {
		t.Errorf("second page: %v, %q, %v", page, next, err)
	}
	for i := range 3 {
		createClient(t, p, NewClient{PoolID: ids[0], ID: fmt.Sprintf("client%d", i)})
	}
	clients, next, err := p.ListClients(t.Context(), ids[0], "REGULAR", "", 2)
	if err != nil || len(clients) != 2 || next == "" {
		t.Fatalf("first page of clients: %v, %q, %v", clients, next, err)
	}
	if clients, last, err := p.ListClients(t.Context(), ids[0], "", next, 2); err != nil || len(clients) != 1 || last != "" {
		t.Errorf("second page of clients: %v, %q, %v", clients, last, err)
	}
	if clients, _, err := p.ListClients(t.Context(), ids[0], "DCR", "", 2); err != nil || len(clients) != 0 {
		t.Errorf("DCR clients: %v, %v", clients, err)
	}
	for _, bad := range []string{"x", "%%%", PageToken("pools", ""), next + "A", PageToken("clients "+ids[2], "client0")} {
		_, _, err := p.ListClients(t.Context(), ids[0], "", bad, 2)
		wantFault(t, err, fault.InvalidParameter, "Invalid pagination token.")
		_, _, err = p.List(t.Context(), bad, 2)
		wantFault(t, err, fault.InvalidParameter, "Invalid pagination token.")
	}
}

func TestLimits(t *testing.T) {
	p := memoryPools(t, PoolsOptions{Limits: PoolLimits{Pools: 1, ClientsPerPool: 1}})
	pool := createPool(t, p, NewPool{})
	_, err := p.Create(t.Context(), NewPool{Region: "eu-west-1", Name: "second"})
	wantFault(t, err, fault.LimitExceeded, "The maximum number of user pools, 1, is reached.")
	createClient(t, p, NewClient{PoolID: pool.ID})
	_, err = p.CreateClient(t.Context(), NewClient{PoolID: pool.ID, Name: "second"})
	wantFault(t, err, fault.LimitExceeded, "The maximum number of user pool clients, 1, is reached.")
}

func FuzzPageToken(f *testing.F) {
	f.Add(PageToken("pools", "us-east-1_Demo00000"))
	f.Add("")
	f.Add("cG9vbHMK")
	f.Add("cG9vbHMKAA") // a key that is no text to PostgreSQL
	f.Fuzz(func(t *testing.T, token string) {
		after, err := PageAfter("pools", token)
		switch {
		case err != nil && !errors.Is(err, ErrPageToken):
			t.Errorf("error %v", err)
		case !isText(after):
			t.Errorf("%q goes on behind %q, which cannot be looked for in every database", token, after)
		case err == nil && token != "" && PageToken("pools", after) != token:
			t.Errorf("%q goes on behind %q, whose token is %q", token, after, PageToken("pools", after))
		}
	})
}
