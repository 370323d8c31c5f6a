package verify

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

const feedPool = "us-east-1_Example00"

var feedKey = AccessKey{ID: "PHK1EXAMPLE", Secret: "s3cret/+"}

// feedServer stands in for Poolhouse: a log of events, in pages of its own size,
// for those who sign.
type feedServer struct {
	pageSize int

	mu     sync.Mutex
	events []feedEvent
	down   bool
	raw    string // answered in place of the log
	asked  int
}

func (s *feedServer) add(events ...feedEvent) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events = append(s.events, events...)
}

func (s *feedServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	at, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	if err != nil {
		http.Error(w, "no date", http.StatusForbidden)
		return
	}
	want, err := sdkSignature(r.Context(), "http://"+r.Host+r.URL.RequestURI(), feedKey, "us-east-1", at)
	if err != nil || r.Header.Get("Authorization") != want {
		http.Error(w, "wrong signature", http.StatusForbidden)
		return
	}
	query := r.URL.Query()
	if r.URL.Path != "/_poolhouse/revocations" || query.Get("version") != "1" || query.Get("pool") != feedPool || query.Get("limit") != "1000" {
		http.Error(w, "wrong request", http.StatusBadRequest)
		return
	}
	if s.down {
		http.Error(w, "down", http.StatusServiceUnavailable)
		return
	}
	if s.raw != "" {
		_, _ = w.Write([]byte(s.raw))
		return
	}
	first, _ := strconv.Atoi(query.Get("after"))
	end := min(len(s.events), first+s.pageSize)
	_, _ = w.Write([]byte(toJSON(feedPage{PoolID: feedPool, Events: s.events[first:end], Cursor: strconv.Itoa(end), More: end < len(s.events)})))
}

type feedClock struct{ now time.Time }

func newFeed(t *testing.T, change func(*RevocationFeed)) (*feedServer, *PoolhouseRevocations, *feedClock) {
	t.Helper()
	s, clock := &feedServer{pageSize: 2}, &feedClock{testTime}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	feed := RevocationFeed{URL: server.URL + "/", PoolID: feedPool, AccessKey: feedKey, Now: func() time.Time { return clock.now }}
	if change != nil {
		change(&feed)
	}
	p, err := NewPoolhouseRevocations(feed)
	if err != nil {
		t.Fatal(err)
	}
	return s, p, clock
}

func milli(at time.Time) int64 { return at.UnixMilli() }

// v7 is an id of Poolhouse of the time given.
func v7(at time.Time) string {
	ms := fmt.Sprintf("%012x", at.UnixMilli())
	return ms[:8] + "-" + ms[8:] + "-7000-8000-000000000000"
}

func TestPoolhouseRevocations(t *testing.T) {
	const alice, bob, carol, dave = "alice", "bob", "carol", "dave"
	s, p, clock := newFeed(t, nil)
	v := newVerifier(t, offline(func(c *Config) {
		c.CacheSize, c.Now = 100, func() time.Time { return clock.now }
		c.Pools[0].Revocation = p
	}))
	signedIn := testTime.Add(-time.Minute)
	token := func(sub, originJTI string) string {
		return mint(accessClaims(claims{"sub": sub, "origin_jti": originJTI, "exp": testTime.Unix() + 24*3600}))
	}
	check := func(raw string, want Code) {
		t.Helper()
		_, err := v.Verify(t.Context(), raw)
		wantCode(t, err, want)
	}
	poll := func() {
		t.Helper()
		if err := p.Poll(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	end := milli(testTime.Add(24 * time.Hour))
	kims := token("kim", v7(signedIn))
	check(kims, ErrRevocationUnavailable) // not read yet
	poll()
	check(kims, "")

	s.add(feedEvent{Type: tokenRevoked, OriginJTI: v7(signedIn), At: milli(testTime), ExpiresAt: end})
	check(kims, "") // nobody told us yet
	poll()
	check(kims, ErrRevoked)
	check(token("kim", v7(signedIn.Add(time.Second))), "") // another sign-in

	signedIn = signedIn.Add(-time.Second) // a sign-in that was not revoked itself
	s.add(
		feedEvent{Type: userSignedOut, Sub: alice, At: milli(testTime), ExpiresAt: end},
		feedEvent{Type: userDisabled, Sub: bob, At: milli(testTime), ExpiresAt: end},
		feedEvent{Type: userDisabled, Sub: carol, At: milli(testTime), ExpiresAt: end},
		feedEvent{Type: userEnabled, Sub: carol, At: milli(testTime) + 1, ExpiresAt: end},
		feedEvent{Type: userDisabled, Sub: carol, At: milli(testTime), ExpiresAt: end}, // once more
		feedEvent{Type: userDeleted, Sub: dave, At: milli(testTime), ExpiresAt: end},
	)
	poll() // several pages
	check(token(alice, v7(testTime)), ErrRevoked)
	check(token(alice, v7(testTime.Add(time.Millisecond))), "")
	check(token(alice, "b4f7a7d6-1111-4222-8333-444455556666"), ErrRevoked) // auth_time decides
	check(token(bob, v7(signedIn)), ErrUserInactive)
	check(token(carol, v7(signedIn)), "")
	check(token(dave, v7(signedIn)), ErrUserNotFound)
	check(mint(accessClaims(claims{"sub": alice, "origin_jti": nil, "event_id": v7(signedIn)})), ErrRevoked)

	s.down = true
	if err := p.Poll(t.Context()); err == nil {
		t.Error("a failed reading is none")
	}
	clock.now = testTime.Add(5 * time.Minute)
	check(token(carol, v7(signedIn)), "")
	clock.now = clock.now.Add(time.Millisecond)
	check(token(carol, v7(signedIn)), ErrRevocationUnavailable)
	check(token(bob, v7(signedIn)), ErrUserInactive) // known whatever else is not
	s.down = false
	poll()
	check(token(carol, v7(signedIn)), "")

	clock.now = testTime.Add(25 * time.Hour) // a verifier of the greatest leeway accepts its tokens until now
	poll()
	if n := len(p.tokens) + len(p.users); n != 5 {
		t.Errorf("%d entries are left while a leeway may last, want 5", n)
	}
	clock.now = clock.now.Add(time.Minute + time.Second)
	poll()
	if n := len(p.tokens) + len(p.users); n != 0 {
		t.Errorf("%d entries are left after all tokens have expired", n)
	}
}

func TestRevocationsOfAnotherPool(t *testing.T) {
	_, p, _ := newFeed(t, func(f *RevocationFeed) { f.PoolID = "us-east-1_Another00"; f.MaxAge = -1 })
	v := newVerifier(t, offline(func(c *Config) { c.Pools[0].Revocation = p }))
	_, err := v.Verify(t.Context(), mint(accessClaims(nil)))
	wantCode(t, err, ErrRevocationUnavailable)
}

func TestRevocationsThatMayBeUnknown(t *testing.T) {
	s, p, _ := newFeed(t, func(f *RevocationFeed) { f.MaxAge = -1 })
	s.down = true
	v := newVerifier(t, offline(func(c *Config) { c.Pools[0].Revocation = p }))
	_, err := v.Verify(t.Context(), mint(accessClaims(nil)))
	wantCode(t, err, "")
}

// A revoked token must not come to life again in the leeway after its end.
func TestRevokedTokenWithinLeeway(t *testing.T) {
	s, p, clock := newFeed(t, nil)
	v := newVerifier(t, offline(func(c *Config) {
		c.Leeway, c.CacheSize, c.Now = time.Hour, 100, func() time.Time { return clock.now }
		c.Pools[0].Revocation = p
	}))
	exp := testTime.Add(24 * time.Hour)
	raw := mint(accessClaims(claims{"origin_jti": v7(testTime), "exp": exp.Unix()}))
	s.add(feedEvent{Type: tokenRevoked, OriginJTI: v7(testTime), At: milli(testTime), ExpiresAt: milli(exp)})
	for _, clock.now = range []time.Time{testTime, exp.Add(time.Second), exp.Add(time.Hour - time.Second)} {
		if err := p.Poll(t.Context()); err != nil {
			t.Fatal(err)
		}
		_, err := v.Verify(t.Context(), raw)
		wantCode(t, err, ErrRevoked)
	}
}

// What was committed late, before the page at which a reading failed, is read.
func TestFailedReadingBeginsAgain(t *testing.T) {
	event := func(sub string) feedEvent {
		return feedEvent{Type: userDeleted, Sub: sub, At: milli(testTime), ExpiresAt: milli(testTime.Add(24 * time.Hour))}
	}
	var log []feedEvent
	failed := false
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		first, _ := strconv.Atoi(r.URL.Query().Get("after"))
		if first > 0 && !failed {
			failed = true
			log = append([]feedEvent{event("late")}, log...)
			http.Error(w, "down", http.StatusServiceUnavailable)
			return
		}
		end := min(len(log), first+2)
		_, _ = w.Write([]byte(toJSON(feedPage{PoolID: feedPool, Events: log[first:end], Cursor: strconv.Itoa(end), More: end < len(log)})))
	}))
	defer server.Close()
	log = []feedEvent{event("a"), event("b"), event("c")}
	p, err := NewPoolhouseRevocations(RevocationFeed{URL: server.URL, PoolID: feedPool, AccessKey: feedKey, Now: func() time.Time { return testTime }})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Poll(t.Context()); err == nil {
		t.Fatal("the second page failed")
	}
	if err := p.Poll(t.Context()); err != nil {
		t.Fatal(err)
	}
	if p.users["late"].state != ErrUserNotFound {
		t.Error("the event that was committed late was passed over")
	}
}

func TestMoreRevocationsThanMayBeHeld(t *testing.T) {
	s, p, clock := newFeed(t, func(f *RevocationFeed) { f.MaxEntries = 5 })
	v := newVerifier(t, offline(func(c *Config) { c.Pools[0].Revocation = p }))
	for n := range 7 {
		s.add(feedEvent{Type: userDeleted, Sub: "u" + strconv.Itoa(n), At: milli(testTime), ExpiresAt: milli(testTime) + int64(n)*1000})
	}
	for range 3 {
		if err := p.Poll(t.Context()); err == nil {
			t.Fatal("more events than fit")
		}
		if n := len(p.users); n > 5 {
			t.Fatalf("%d entries", n)
		}
		_, err := v.Verify(t.Context(), mint(accessClaims(nil)))
		wantCode(t, err, ErrRevocationUnavailable)
	}
	clock.now = testTime.Add(maxLeeway + 3500*time.Millisecond) // room again
	s.mu.Lock()
	s.events = s.events[4:] // the server forgets as well
	s.mu.Unlock()
	if err := p.Poll(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err := v.Verify(t.Context(), mint(accessClaims(nil)))
	wantCode(t, err, "")
	_, err = v.Verify(t.Context(), mint(accessClaims(claims{"sub": "u6"})))
	wantCode(t, err, ErrUserNotFound)
}

func TestAnswersThatAreNoFeed(t *testing.T) {
	s, p, _ := newFeed(t, nil)
	page := func(events string) string {
		return `{"poolId":"` + feedPool + `","cursor":"1","more":false,"events":[` + events + `]}`
	}
	for name, raw := range map[string]string{
		"HTML":            "<html>",
		"nothing":         "{}",
		"another pool":    `{"poolId":"us-east-1_Other0000","cursor":"1"}`,
		"no cursor":       `{"poolId":"` + feedPool + `"}`,
		"unknown type":    page(`{"type":"userPaused","sub":"a","at":1,"expiresAt":1}`),
		"no sub":          page(`{"type":"userDeleted","at":1,"expiresAt":1}`),
		"no origin_jti":   page(`{"type":"tokenRevoked","sub":"a","at":1,"expiresAt":1}`),
		"both":            page(`{"type":"tokenRevoked","originJti":"a","sub":"a","at":1,"expiresAt":1}`),
		"no end":          page(`{"type":"userDeleted","sub":"a","at":1}`),
		"time of nowhere": page(`{"type":"userDeleted","sub":"a","at":1,"expiresAt":9999999999999999}`),
		"two megabytes":   page(`{"type":"userDeleted","sub":"` + string(make([]byte, 2<<20)) + `"}`),
	} {
		t.Run(name, func(t *testing.T) {
			s.raw = raw
			if err := p.Poll(t.Context()); err == nil || !p.read.IsZero() {
				t.Errorf("accepted: %v", err)
			}
		})
	}
	s.raw = `{"poolId":"` + feedPool + `","cursor":"1","more":true,"events":[]}`
	if err := p.Poll(t.Context()); err == nil {
		t.Error("a server that repeats a page keeps us for ever")
	}
}

func TestFeedOptions(t *testing.T) {
	good := RevocationFeed{URL: "https://auth.example.com", PoolID: feedPool, AccessKey: feedKey}
	if _, err := NewPoolhouseRevocations(good); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*RevocationFeed){
		"http":        func(f *RevocationFeed) { f.URL = "http://auth.example.com" },
		"no pool":     func(f *RevocationFeed) { f.PoolID = "" },
		"no key":      func(f *RevocationFeed) { f.AccessKey = AccessKey{} },
		"no secret":   func(f *RevocationFeed) { f.AccessKey.Secret = "" },
		"no interval": func(f *RevocationFeed) { f.Interval = -1 },
	} {
		feed := good
		change(&feed)
		if _, err := NewPoolhouseRevocations(feed); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestRunPollsAndBacksOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := new(issuer)
		page := []byte(toJSON(feedPage{PoolID: feedPool, Cursor: "1"}))
		server.set(respond(http.StatusOK, page, nil))
		var failures int
		p, err := NewPoolhouseRevocations(RevocationFeed{
			URL: "https://auth.example.com", PoolID: feedPool, AccessKey: feedKey,
			HTTPClient: &http.Client{Transport: server}, OnError: func(error) { failures++ },
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		ended := make(chan error)
		go func() { ended <- p.Run(ctx) }()
		time.Sleep(time.Minute)
		if n := server.fetches.Load(); n < 12 || n > 16 {
			t.Errorf("%d readings in a minute, want one in 4 to 5 seconds", n)
		}
		server.set(respond(http.StatusInternalServerError, nil, nil))
		time.Sleep(time.Hour)
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("Run ended by %v", err)
		}
		if failures < 60 || failures > 90 {
			t.Errorf("%d failures in an hour, want about one a minute", failures)
		}
	})
}

func FuzzFeedPage(f *testing.F) {
	f.Add([]byte(toJSON(feedPage{PoolID: feedPool, Cursor: "1", Events: []feedEvent{{Type: userDeleted, Sub: "a", At: 1, ExpiresAt: 2}}})))
	f.Fuzz(func(t *testing.T, text []byte) {
		page, err := parseFeedPage(text, feedPool)
		if err != nil {
			return
		}
		p := &PoolhouseRevocations{feed: RevocationFeed{MaxEntries: 10}, tokens: map[string]time.Time{}, users: map[string]userState{}}
		p.apply(page, testTime)
		if len(p.tokens)+len(p.users) > 10 {
			t.Fatal("more entries than bounded")
		}
	})
}
