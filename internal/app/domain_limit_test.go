package app

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/poolhouse/poolhouse/internal/awsjson"
	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/store/storetest"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// newLimited is a server with limits, and with two pools at the domains one and two,
// which are in its cache.
func newLimited(t *testing.T, limits awsjson.Limits) *App {
	t.Helper()
	a, err := New(t.Context(), Options{DatabaseURL: storetest.SQLiteURL(t), MasterKey: keys.GenerateMasterKey(), Migrate: true,
		PublicURL: "https://id.example.com", IssuerStyle: "url", Region: "us-east-1", AccountID: "123456789012", RateLimits: limits})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	for _, domain := range []string{"one", "two"} {
		pool, err := a.pools.Create(t.Context(), userpool.NewPool{ID: "us-east-1_" + domain, Region: "us-east-1", Name: domain})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.pools.CreateDomain(t.Context(), pool.ID, domain, userpool.DomainSettings{}); err != nil {
			t.Fatal(err)
		}
	}
	for _, domain := range []string{"one", "two"} {
		if _, _, err := a.pools.ByDomain(t.Context(), domain); err != nil {
			t.Fatal(err)
		}
	}
	return a
}

func (a *App) askFrom(source, method, path string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "https://id.example.com"+path, nil)
	r.RemoteAddr = source
	w := httptest.NewRecorder()
	a.Handler().ServeHTTP(w, r)
	return w
}

// The limits of the options hold at domains and for what verifiers ask, each apart.
func TestLimitsBesideAPI(t *testing.T) {
	const once, one, two = 1e-6, "192.0.2.1:1", "192.0.2.2:1"
	type request struct {
		source, method, path string
		refused              bool
	}
	const page, other = "/_domain/one/signedOut", "/_domain/two/signedOut"
	const feed, key = "/_poolhouse/revocations?version=1&pool=x", "/_poolhouse/sigv4/key"
	for _, c := range []struct {
		limited  awsjson.Category
		requests []request
	}{
		{awsjson.DomainAddress, []request{
			{one, "GET", page, false}, {one, "GET", page, true}, {two, "GET", page, false}, {one, "GET", other, false}, {one, "GET", "/_domain/one/assets/app.css", false},
		}},
		{awsjson.DomainTotal, []request{
			{one, "GET", page, false}, {two, "GET", page, true}, {one, "POST", "/_domain/one/oauth2/token", true}, {one, "GET", other, false},
		}},
		// Unknown names are counted by address, whichever they are.
		{awsjson.DomainAddress, []request{
			{one, "GET", "/_domain/nobody/signedOut", false}, {one, "GET", "/_domain/nobody-else/signedOut", true}, {two, "GET", "/_domain/nobody/signedOut", false}, {one, "GET", page, false},
		}},
		// So is all that anybody can have looked up.
		{awsjson.DomainAddress, []request{
			{one, "GET", "/us-east-1_nobody/.well-known/jwks.json", false}, {one, "GET", "/us-east-1_else/.well-known/openid-configuration", true},
			{one, "GET", "/us-east-1_one/.well-known/jwks.json", false}, {one, "GET", "/us-east-1_one/.well-known/openid-configuration", false},
			{one, "GET", "/_poolhouse/images/us-east-1_one/x", true}, {one, "GET", "/_domain/one/assets/look.css", true},
			{one, "POST", feedbackPath + "us-east-1_one?token=x&value=Valid", true}, {two, "POST", feedbackPath + "us-east-1_one?token=x&value=Valid", false},
		}},
		{awsjson.ListRevocations, []request{{one, "GET", feed, false}, {one, "GET", feed, true}, {two, "GET", feed, false}}},
		{awsjson.GetSigningKey, []request{{one, "POST", key, false}, {one, "POST", key, true}, {two, "POST", key, false}, {one, "GET", feed, false}}},
	} {
		a := newLimited(t, awsjson.Limits{c.limited: once})
		for i, r := range c.requests {
			w := a.askFrom(r.source, r.method, r.path)
			if got := w.Code == http.StatusTooManyRequests; got != r.refused || got != (w.Header().Get("Retry-After") == "1") {
				t.Errorf("%s, %d %s: %d %v %s", c.limited, i, r.path, w.Code, w.Header(), w.Body)
			}
			if want := `{"__type":"TooManyRequestsException","message":"Rate exceeded"}`; r.refused && (r.path == feed || r.path == key) && strings.TrimSpace(w.Body.String()) != want {
				t.Errorf("%s: %s", r.path, w.Body)
			}
		}
	}
}

// Without limits, as in development, nobody is told to slow down.
func TestNoLimitsOnDomains(t *testing.T) {
	a := newLimited(t, nil)
	for i := range 600 {
		if w := a.askFrom("192.0.2.1:1", "GET", "/_domain/one/oauth2/userInfo"); w.Code != http.StatusBadRequest {
			t.Fatalf("%d: %d", i, w.Code)
		}
	}
	for i := range 600 {
		if w := a.askFrom("192.0.2.1:1", "GET", fmt.Sprintf("/_domain/nobody-%d/login", i)); w.Code != http.StatusNotFound {
			t.Fatalf("%d: %d", i, w.Code)
		}
	}
}
