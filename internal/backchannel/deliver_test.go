package backchannel

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/store/storetest"
	"github.com/poolhouse/poolhouse/internal/token"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

const (
	issuer  = "https://id.example.com/"
	testSub = "34c84488-e0e1-70ae-d2ee-991ad1a898c8"
)

// post is one form that was sent.
type post struct{ address, token string }

// world is a pool with a user, and clients that are told what becomes of sessions.
type world struct {
	t      *testing.T
	db     *store.DB
	pools  *userpool.Pools
	tokens *token.Issuer
	pool   *userpool.Pool
	offset atomic.Int64 // of the clock
	made   int          // sessions so far

	mu       sync.Mutex
	posts    []post
	outcomes map[string]int
	answer   func(ctx context.Context, address string) (int, error)
}

func newWorld(t *testing.T, dbURL string) *world {
	t.Helper()
	w := &world{t: t, outcomes: make(map[string]int)}
	w.db = storetest.OpenAt(t, dbURL, func() time.Time { return time.Now().Add(time.Duration(w.offset.Load())) })
	ring, err := keys.Open(t.Context(), w.db, keys.GenerateMasterKey(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(ring.Close)
	w.pools = userpool.NewPools(w.db, ring, userpool.PoolsOptions{LocalLogout: true})
	w.tokens = token.NewIssuer(w.db, ring, w.pools, func(poolID string) string { return issuer + poolID })
	if w.pool, err = w.pools.Create(t.Context(), userpool.NewPool{Region: "us-east-1", Name: "test"}); err != nil {
		t.Fatal(err)
	}
	w.update(func(tx *store.Tx) error {
		return tx.InsertUser(&store.User{PoolID: w.pool.ID, Sub: testSub, Username: "alice", Enabled: true, CreatedAt: tx.Now(), ModifiedAt: tx.Now()})
	})
	return w
}

func (w *world) update(fn func(*store.Tx) error) {
	w.t.Helper()
	if err := w.db.Update(w.t.Context(), fn); err != nil {
		w.t.Fatal(err)
	}
}

// client makes a client that is told at an address.
func (w *world) client(address string) string {
	w.t.Helper()
	c, err := w.pools.CreateClient(w.t.Context(), userpool.NewClient{PoolID: w.pool.ID, Name: "test"})
	if err != nil {
		w.t.Fatal(err)
	}
	w.tellAt(c.ID, address)
	return c.ID
}

func (w *world) tellAt(clientID, address string) {
	w.t.Helper()
	if err := w.pools.SetClientExtensions(w.t.Context(), w.pool.ID, clientID, userpool.OAuthExtensions{BackChannelLogoutURI: address}); err != nil {
		w.t.Fatal(err)
	}
}

// end ends n sessions of a client's.
func (w *world) end(clientID string, n int) {
	w.t.Helper()
	first := w.made
	w.made += n
	w.update(func(tx *store.Tx) error {
		for i := range n {
			_, err := tx.JoinClientSession(store.ClientSession{PoolID: w.pool.ID, SID: fmt.Sprint("sid", first+i), ClientID: clientID, Sub: testSub,
				OriginJTI: fmt.Sprint("origin", first+i), ExpiresAt: tx.Now().Add(time.Hour)})
			if err != nil {
				return err
			}
		}
		return tx.EndClientSessionsOf(w.pool.ID, testSub)
	})
}

// run has nodes deliver until the test ends.
func (w *world) run(nodes int) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	for range nodes {
		d := New(w.db, w.pools, w.tokens, Options{Post: w.post, Observe: w.observe})
		running.Go(func() { d.Run(ctx) })
	}
	w.t.Cleanup(func() { cancel(); running.Wait() })
}

func (w *world) post(ctx context.Context, address string, form url.Values) (int, error) {
	w.mu.Lock()
	w.posts = append(w.posts, post{address, form.Get("logout_token")})
	answer := w.answer
	w.mu.Unlock()
	if len(form) != 1 {
		w.t.Errorf("the form is %v", form)
	}
	if answer == nil {
		return http.StatusOK, nil
	}
	return answer(ctx, address)
}

func (w *world) observe(outcome string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.outcomes[outcome]++
}

func (w *world) sent() []post {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.posts)
}

func (w *world) outcome(name string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.outcomes[name]
}

func (w *world) until(what string, done func() bool) {
	w.t.Helper()
	for end := time.Now().Add(30 * time.Second); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.t.Fatalf("no %s: %d posts, outcomes %v", what, len(w.posts), w.outcomes)
		}
	}
}

func (w *world) queue() (waiting, dead int) {
	w.t.Helper()
	if err := w.db.View(w.t.Context(), func(tx *store.Tx) (err error) {
		waiting, dead, err = tx.LogoutNoticeQueue(1000)
		return err
	}); err != nil {
		w.t.Fatal(err)
	}
	return waiting, dead
}

func claimsOf(t *testing.T, jwt string, part int) map[string]any {
	t.Helper()
	parts := strings.Split(jwt, ".")
	if len(parts) != 3 {
		t.Fatalf("not a JWT: %q", jwt)
	}
	b, err := base64.RawURLEncoding.DecodeString(parts[part])
	var c map[string]any
	if err := errors.Join(err, json.Unmarshal(b, &c)); err != nil {
		t.Fatal(err)
	}
	return c
}

// TestDelivered has two nodes tell of many logouts: each once, by tokens that a
// library takes which was written for others.
func TestDelivered(t *testing.T) {
	for name, open := range map[string]func(testing.TB) string{"sqlite": storetest.SQLiteURL, "postgres": storetest.PostgresURL} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, open(t))
			jwks := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				set, err := w.tokens.JWKS(r.Context(), w.pool)
				if err := errors.Join(err, json.NewEncoder(rw).Encode(set)); err != nil {
					t.Error(err)
				}
			}))
			defer jwks.Close()
			one, other := w.client("https://one.example/logout"), w.client("https://other.example/logout?a=b")
			w.run(2)
			w.end(one, 30)
			w.end(other, 30)
			w.until("end of the queue", func() bool { return w.outcome(Sent) == 60 })
			if waiting, dead := w.queue(); waiting != 0 || dead != 0 {
				t.Errorf("%d wait, %d are dead", waiting, dead)
			}
			of := map[string]string{"https://one.example/logout": one, "https://other.example/logout?a=b": other}
			seen := make(map[string]bool)
			for _, p := range w.sent() {
				verifier := oidc.NewVerifier(issuer+w.pool.ID, oidc.NewRemoteKeySet(t.Context(), jwks.URL), &oidc.Config{ClientID: of[p.address], Now: w.db.Now})
				got, err := verifier.VerifyLogout(t.Context(), p.token)
				if err != nil {
					t.Fatalf("the library refuses %s: %v", p.token, err)
				}
				if got.Subject != testSub || got.SessionID == "" || seen[got.SessionID] || got.Expiry.Sub(got.IssuedAt) > 2*time.Minute {
					t.Errorf("got %+v", got)
				}
				seen[got.SessionID] = true
				c := claimsOf(t, p.token, 1)
				event, is := c["events"].(map[string]any)[logoutEvent].(map[string]any)
				if header := claimsOf(t, p.token, 0); header["typ"] != "logout+jwt" || header["alg"] != "RS256" || !is || len(event) != 0 || len(c) != 8 {
					t.Errorf("got %v %v", header, c)
				}
				if _, err := w.tokens.VerifyID(t.Context(), w.pool.ID, p.token); !errors.Is(err, token.ErrNoIDToken) {
					t.Errorf("taken for an ID token: %v", err)
				}
			}
		})
	}
}

const logoutEvent = "http://schemas.openid.net/event/backchannel-logout"

// TestRetries tells clients again that do not take a notice, by the same jti and a
// token of then, until it has been tried too often.
func TestRetries(t *testing.T) {
	for _, tt := range []struct {
		name   string
		answer func(try int) (int, error)
		tries  int
		err    string // of the notice that is dead; "": it was taken
	}{
		{"taken", func(int) (int, error) { return 200, nil }, 1, ""},
		{"taken without a word", func(int) (int, error) { return 204, nil }, 1, ""},
		{"down for a while", func(try int) (int, error) {
			if try < 3 {
				return 0, errors.New("connection refused")
			}
			return 200, nil
		}, 3, ""},
		{"refused", func(int) (int, error) { return 400, nil }, mostAttempts, "answered with status 400"},
		{"redirected", func(int) (int, error) { return 307, nil }, mostAttempts, "answered with status 307"},
		{"fails with an address", func(int) (int, error) {
			return 0, fmt.Errorf("post: %w", &url.Error{Op: "Post", URL: "https://rp.example/?key=secret", Err: errors.New("no\nroute " + strings.Repeat("x", 400))})
		}, mostAttempts, "no route " + strings.Repeat("x", 291)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, "sqlite::memory:")
			try := 0
			w.answer = func(context.Context, string) (int, error) {
				w.mu.Lock()
				defer w.mu.Unlock()
				try++
				return tt.answer(try)
			}
			w.run(1)
			w.end(w.client("https://rp.example/"), 1)
			over := func() bool { return w.outcome(Sent)+w.outcome(Dead) == 1 }
			for n := 1; n <= tt.tries; n++ {
				w.until("attempt", func() bool { return over() || w.outcome(Deferred) == n })
				w.offset.Add(int64(2 * time.Hour)) // more than the longest backoff
			}
			w.until("end", over)
			posts := w.sent()
			if len(posts) != tt.tries {
				t.Errorf("%d attempts, want %d", len(posts), tt.tries)
			}
			first := claimsOf(t, posts[0].token, 1)
			for n, p := range posts[1:] {
				c := claimsOf(t, p.token, 1)
				if c["jti"] != first["jti"] || c["iat"].(float64) < first["iat"].(float64)+float64(n+1)*time.Hour.Seconds() {
					t.Errorf("attempt %d: %v, the first %v", n+2, c, first)
				}
			}
			waiting, dead := w.queue()
			if want := len(tt.err); waiting != 0 || (dead == 1) != (want > 0) {
				t.Errorf("%d wait, %d are dead", waiting, dead)
			}
			if tt.err == "" {
				return
			}
			w.update(func(tx *store.Tx) error { // what operators find in the row
				rows, err := tx.PoolRows(store.PoolTable{Name: "logout_notices", Key: []string{"sid"}}, []store.Column{{Name: "last_error"}}, w.pool.ID, nil, 2)
				if err == nil && (len(rows) != 1 || rows[0][0] != tt.err) {
					t.Errorf("got %q, want %q", rows, tt.err)
				}
				return err
			})
		})
	}
}

// TestDropped tells nobody who is not there, or does not want to know.
func TestDropped(t *testing.T) {
	w := newWorld(t, "sqlite::memory:")
	gone, silent := w.client("https://gone.example/"), w.client("https://silent.example/")
	w.end(gone, 1)
	w.end(silent, 1)
	w.tellAt(silent, "")
	if err := w.pools.DeleteClient(t.Context(), w.pool.ID, gone); err != nil {
		t.Fatal(err)
	}
	w.run(1)
	w.until("drop", func() bool { return w.outcome(Dropped) == 2 })
	waiting, dead := w.queue()
	if len(w.sent()) != 0 || waiting != 0 || dead != 0 {
		t.Errorf("%d posts; %d wait, %d are dead", len(w.sent()), waiting, dead)
	}
}

// TestStrangers are told by other means than clients whose address an administrator
// has chosen.
func TestStrangers(t *testing.T) {
	w := newWorld(t, "sqlite::memory:")
	open := *w.pool
	open.DcrConfiguration = &userpool.DcrConfiguration{EnableStatus: "ENABLED", OpenDcrEnabled: new(true), OpenDcrGrantTypes: []string{"code"}}
	stranger, err := w.pools.Register(t.Context(), &open, userpool.Registration{Flows: []string{"code"}, RedirectURIs: []string{"https://stranger.example/"},
		Open: true, BackChannelLogoutURI: "https://stranger.example/"})
	if err != nil {
		t.Fatal(err)
	}
	w.end(stranger.ID, 1)
	w.end(w.client("https://rp.example/"), 1)
	var told atomic.Value
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		New(w.db, w.pools, w.tokens, Options{Post: w.post, Observe: w.observe, PostStranger: func(_ context.Context, address string, _ url.Values) (int, error) {
			told.Store(address)
			return http.StatusOK, nil
		}}).Run(ctx)
	})
	defer running.Wait()
	defer cancel()
	w.until("both", func() bool { return w.outcome(Sent) == 2 })
	if posts := w.sent(); told.Load() != "https://stranger.example/" || len(posts) != 1 || posts[0].address != "https://rp.example/" {
		t.Errorf("the stranger was told at %v, and others at %v", told.Load(), posts)
	}
}

// TestLostNode delivers what a node had taken that was lost, once its lease is over.
func TestLostNode(t *testing.T) {
	w := newWorld(t, "sqlite::memory:")
	rp := w.client("https://rp.example/")
	w.end(rp, 3)
	w.update(func(tx *store.Tx) error {
		_, err := tx.TakeLogoutNotices("lost", tx.Now().Add(lease), nil, 3)
		return err
	})
	w.run(1)
	w.end(rp, 1)
	w.until("the one that the lost node does not have", func() bool { return w.outcome(Sent) == 1 })
	if n := len(w.sent()); n != 1 {
		t.Errorf("%d posts while the lost node has its lease", n)
	}
	w.offset.Add(int64(lease))
	w.until("all", func() bool { return w.outcome(Sent) == 4 })
}

// TestDeadHost holds that a host that does not answer delays no other, however many
// notices wait for it.
func TestDeadHost(t *testing.T) {
	w := newWorld(t, "sqlite::memory:")
	over := make(chan struct{})
	var asking, most atomic.Int64
	w.answer = func(_ context.Context, address string) (int, error) {
		if !strings.HasPrefix(address, "https://dead.example/") {
			return 200, nil
		}
		most.Store(max(most.Load(), asking.Add(1)))
		<-over
		return 0, context.DeadlineExceeded
	}
	w.end(w.client("https://dead.example/a"), 100)
	w.end(w.client("https://dead.example/b"), 100)
	w.end(w.client("https://rp.example/"), 40)
	w.run(1)
	w.until("the others", func() bool { return w.outcome(Sent) == 40 })
	if n := most.Load(); n != perHost {
		t.Errorf("%d were on their way to the dead host, want %d", n, perHost)
	}
	if waiting, _ := w.queue(); waiting != 200 {
		t.Errorf("%d wait, want 200", waiting)
	}
	close(over)
	w.until("the first failures", func() bool { return w.outcome(Deferred) >= perHost })
}

// TestHosts leaves a slow host alone and asks it one at a time until it answers.
func TestHosts(t *testing.T) {
	var s hosts
	enter := func(name string, want bool) {
		t.Helper()
		if pause := s.enter(name, "client of "+name); (pause == 0) != want || pause > slowPause {
			t.Errorf("%s: pause %v", name, pause)
		}
	}
	rest := func() { s.byName["a"].till = s.byName["a"].till.Add(-slowPause) } // as if it were over
	enter("a", true)
	enter("a", true)
	enter("a", false)
	enter("b", true)
	s.leave("a", true, time.Millisecond) // it is there, and says no
	enter("a", true)
	s.leave("a", true, slowAfter)
	enter("a", false)
	if got := s.blocked(); !slices.Equal(got, []string{"client of a"}) {
		t.Errorf("blocked: %q", got)
	}
	rest()
	enter("a", false) // one is on its way
	s.leave("a", true, slowAfter)
	rest()
	enter("a", true)
	enter("a", false)
	s.leave("a", false, slowAfter)
	enter("a", true)
	enter("a", true)
	for range 2 {
		s.leave("a", false, 0)
	}
	s.leave("b", false, 0)
	if len(s.byName) != 0 || s.blocked() != nil {
		t.Errorf("left over: %v", s.byName)
	}
	enter("a", true)
	s.leave("a", true, slowAfter)
	s.byName["a"].till = time.Now().Add(-time.Hour)
	if s.blocked() != nil || len(s.byName) != 0 {
		t.Errorf("forgotten hosts are kept: %v", s.byName)
	}
}

// TestClockJumps holds that a node does not send a notice beside itself when the clock
// puts the end of its lease into the past.
func TestClockJumps(t *testing.T) {
	w := newWorld(t, "sqlite::memory:")
	over := make(chan struct{})
	w.answer = func(context.Context, string) (int, error) {
		<-over
		return 200, nil
	}
	w.end(w.client("https://rp.example/"), 1)
	w.run(1)
	w.until("post", func() bool { return len(w.sent()) == 1 })
	w.offset.Add(int64(2 * lease))
	w.until("second lease", func() bool {
		var rows [][]any
		w.update(func(tx *store.Tx) (err error) {
			rows, err = tx.PoolRows(store.PoolTable{Name: "logout_notices", Key: []string{"sid"}}, []store.Column{{Name: "attempts", Number: true}}, w.pool.ID, nil, 1)
			return err
		})
		return len(rows) == 1 && rows[0][0] == int64(2)
	})
	close(over)
	w.until("end of the queue", func() bool { waiting, _ := w.queue(); return waiting == 0 })
	if len(w.sent()) != 1 || w.outcome(Sent) != 1 {
		t.Errorf("%d posts, %d sent", len(w.sent()), w.outcome(Sent))
	}
}
