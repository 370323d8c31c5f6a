package token

import (
	"encoding/json"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/store/storetest"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

const (
	testPool   = "us-east-1_AbCdEf123"
	testClient = "6h89qn2bfglbmvfebq9aaknqk0"
	testSub    = "34c84488-e0e1-70ae-d2ee-991ad1a898c8"
)

// fraction is what the clock shows beyond a whole second.
const fraction = 678 * time.Millisecond

// clock is a clock that tests set.
type clock struct{ offset atomic.Int64 }

func (c *clock) now() time.Time {
	return time.Date(2026, 1, 2, 3, 4, 5, int(fraction), time.UTC).Add(time.Duration(c.offset.Load()))
}
func (c *clock) advance(d time.Duration) { c.offset.Add(int64(d)) }

// node is one node of a deployment.
type node struct {
	*Issuer
	clock *clock
}

func newNode(t testing.TB, url string, c *clock, master keys.MasterKey) *node {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{URL: url, Now: c.now, Migrate: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	if _, _, err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	ring, err := keys.Open(t.Context(), db, master, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(ring.Close)
	pools := userpool.NewPools(db, ring, userpool.PoolsOptions{})
	issuerURL := func(poolID string) string { return "https://id.example.com/" + poolID }
	return &node{NewIssuer(db, ring, pools, issuerURL), c}
}

// newPool is a node on a database of its own, with a pool, the given client and
// a user.
func newPool(t testing.TB, config userpool.ClientConfig) *node {
	t.Helper()
	n := newNode(t, storetest.SQLiteURL(t), new(clock), keys.GenerateMasterKey())
	n.addPool(t, testPool)
	n.addClient(t, testPool, testClient, config)
	return n
}

func (n *node) update(t testing.TB, fn func(tx *store.Tx) error) {
	t.Helper()
	if err := n.db.Update(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

func (n *node) addPool(t testing.TB, poolID string) {
	t.Helper()
	pair, err := n.ring.NewPoolKeys(t.Context(), poolID, n.db.Now())
	if err != nil {
		t.Fatal(err)
	}
	n.update(t, func(tx *store.Tx) error {
		for _, k := range pair {
			if err := tx.InsertSigningKey(k); err != nil {
				return err
			}
		}
		if err := tx.InsertUserPool(&store.UserPool{ID: poolID, Name: "test", Doc: `{}`, CreatedAt: tx.Now()}); err != nil {
			return err
		}
		return tx.InsertUser(&store.User{
			PoolID: poolID, Sub: testSub, Username: "alice", Status: userpool.StatusConfirmed, Enabled: true,
			Attributes: map[string]string{
				"sub": testSub, "email": "alice@example.com", "email_verified": "true", "phone_number_verified": "false",
				"name": "<Alice>", "address": "1 Main St", "updated_at": "1700000000", "custom:level": "7", "identities": "[]",
			},
			CreatedAt: tx.Now(), ModifiedAt: tx.Now(),
		})
	})
}

func (n *node) addClient(t testing.TB, poolID, id string, config userpool.ClientConfig) {
	t.Helper()
	doc, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	n.update(t, func(tx *store.Tx) error {
		return tx.InsertUserPoolClient(&store.UserPoolClient{PoolID: poolID, ID: id, Name: "test", Doc: string(doc), CreatedAt: tx.Now()})
	})
}

func (n *node) setClient(t testing.TB, config userpool.ClientConfig) {
	t.Helper()
	doc, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	n.update(t, func(tx *store.Tx) error {
		return tx.UpdateUserPoolClient(&store.UserPoolClient{PoolID: testPool, ID: testClient, Name: "test", Doc: string(doc)})
	})
}

// setUser changes the row of the user.
func (n *node) setUser(t testing.TB, change func(u *store.User)) {
	t.Helper()
	n.update(t, func(tx *store.Tx) error {
		old, err := tx.User(testPool, testSub)
		if err != nil {
			return err
		}
		u := *old
		change(&u)
		return tx.UpdateUser(old, &u)
	})
}

func (n *node) client(t testing.TB) *userpool.Client {
	t.Helper()
	_, client, err := n.pools.Client(t.Context(), testClient)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// grant is a sign-in of the user.
func (n *node) grant(t testing.TB) Grant {
	t.Helper()
	pool, client, err := n.pools.Client(t.Context(), testClient)
	if err != nil {
		t.Fatal(err)
	}
	g := Grant{Pool: pool, Client: client}
	if err := n.db.View(t.Context(), func(tx *store.Tx) (err error) {
		g.User, err = tx.User(pool.ID, testSub)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return g
}

func (n *node) issue(t testing.TB, g Grant) *Set {
	t.Helper()
	set, err := n.Issue(t.Context(), g)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func (n *node) signIn(t testing.TB) *Set {
	t.Helper()
	return n.issue(t, n.grant(t))
}

func (n *node) renew(t testing.TB, refreshToken string) (*Set, error) {
	t.Helper()
	r, err := n.OpenRefresh(t.Context(), n.client(t), refreshToken, "")
	if err != nil {
		return nil, err
	}
	return n.Renew(t.Context(), r)
}

func (n *node) authenticate(t testing.TB, accessToken string) error {
	t.Helper()
	_, err := n.Authenticate(t.Context(), accessToken)
	return err
}

// claims is the payload of a token, unverified.
func claims(t testing.TB, token string) map[string]any {
	t.Helper()
	payload, err := encoding.DecodeString(strings.Split(token, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	var c map[string]any
	if err := json.Unmarshal(payload, &c); err != nil {
		t.Fatal(err)
	}
	return c
}

// want checks for an exact *fault.Error, written "Code: message"; "" is no
// error.
func want(t testing.TB, what string, err error, text string) {
	t.Helper()
	got := ""
	if err != nil {
		got = err.Error()
		if fault.CodeOf(err) == "" {
			got = "no fault: " + got
		}
	}
	if got != text {
		t.Errorf("%s: got %q, want %q", what, got, text)
	}
}

var revoking = userpool.ClientConfig{EnableTokenRevocation: true}

func rotating(grace int) userpool.ClientConfig {
	return userpool.ClientConfig{
		EnableTokenRevocation: true,
		RefreshTokenRotation:  &userpool.RefreshTokenRotation{Feature: "ENABLED", RetryGracePeriodSeconds: &grace},
	}
}
