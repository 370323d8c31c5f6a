package oauth

import (
	"context"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// TestSessionsOfABrowser takes each session of a browser's cookies once, whatever the
// cookies, and the one of the newest sign-in that is alive.
func TestSessionsOfABrowser(t *testing.T) {
	s := newSite(t)
	pool, err := s.Pools.Pool(t.Context(), testPool)
	if err != nil {
		t.Fatal(err)
	}
	_, old := s.signIn(t, request())
	s.advance(time.Minute)
	bobs := s.signInAs(t, &store.User{PoolID: testPool, Sub: "another", Username: "bob", Status: userpool.StatusConfirmed, Enabled: true})
	all := slices.Concat(old, bobs, []*http.Cookie{{Name: sessionCookie, Value: "x"}}, old, bobs, old)
	r := getRequest("demo", "/login", nil, all...)
	var subs []string
	for _, c := range s.sealedSessions(r, pool) {
		subs = append(subs, c.Sub)
	}
	if !slices.Equal(subs, []string{"another", testSub}) {
		t.Errorf("sessions of %v", subs)
	}
	user := func() string {
		t.Helper()
		session, err := s.Session(r.WithContext(context.WithValue(r.Context(), siteKey{}, &Site{Pool: pool})))
		if err != nil || session == nil {
			t.Fatal(session, err)
		}
		return session.User.Sub
	}
	if sub := user(); sub != "another" {
		t.Errorf("the session is of %s", sub)
	}
	s.update(t, func(tx *store.Tx) error {
		u, err := tx.User(testPool, "another")
		if err != nil {
			return err
		}
		return tx.DeleteUser(u)
	})
	if sub := user(); sub != testSub {
		t.Errorf("the session is of %s", sub)
	}
}
