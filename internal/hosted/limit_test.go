package hosted

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/poolhouse/poolhouse/internal/oauth"
)

// Beyond a limit a visitor reads what to do, in their language, and nothing was
// done; once there is room it goes on.
func TestTooManyRequests(t *testing.T) {
	w := newSite(t, setting{})
	w.user("ada", nil)
	full, seen := "", ""
	w.OAuth.Allow = func(_ *http.Request, limit oauth.Limit, key string) bool {
		return full != [...]string{oauth.PerAddress: "address", oauth.PerDomain: "domain", oauth.PerClient: "client"}[limit]+" "+key
	}
	w.OAuth.Observe = func(_ *http.Request, o oauth.Observation) { seen = o.Operation }
	b := w.browser()
	b.signIn("ada")
	b.wantCode()
	requested := url.Values{"client_id": {w.client.ID}, "response_type": {"code"}, "redirect_uri": {callback}}.Encode()
	account := "/account?client_id=" + w.client.ID
	client := "client " + w.client.ID
	for _, c := range []struct {
		full, path, operation string
		form                  url.Values
	}{
		{"address demo", "/login?" + requested, "login", nil},
		{"domain demo", "/login?" + requested, "login", nil},
		{client, "/login?" + requested, "login", nil},
		{client, "/oauth2/authorize?" + requested, "oauth2/authorize", nil},
		{client, account, "account", nil},
		{"domain demo", account, "account", url.Values{"do": {"sign-out-everywhere"}}},
		{"address demo", "/login?" + requested, "login", url.Values{"username": {"ada"}, "password": {password}}},
		{"domain demo", "/nowhere", "unknown", nil},
	} {
		full = c.full
		if c.form != nil {
			b.post(c.path, c.form)
		} else {
			b.get(c.path)
		}
		if b.page.status != http.StatusTooManyRequests || !strings.Contains(b.page.body, "There were too many requests. Wait a while, then try again.") ||
			b.page.header.Get("Retry-After") != "1" || !strings.Contains(b.page.header.Get("Cache-Control"), "no-store") || seen != c.operation {
			t.Errorf("%s %s (%s): %d %v\n%s", c.full, c.path, seen, b.page.status, b.page.header, b.page.body)
		}
	}
	b.get("/error?lang=de")
	if !strings.Contains(b.page.body, "Es gab zu viele Anfragen.") {
		t.Errorf("in German: %s", b.page.body)
	}
	for path, limit := range map[string]string{"/assets/app.css": "domain demo", "/assets/app.js": "address demo"} {
		full = limit
		if b.get(path); b.page.status != http.StatusOK {
			t.Errorf("%s: %d", path, b.page.status)
		}
	}
	full = "address " // which are those that may ask for what is not there
	if b.get("/assets/look.css"); b.page.status != http.StatusTooManyRequests {
		t.Errorf("look: %d", b.page.status)
	}
	full = ""
	b.get(account + "&lang=en")
	b.wantAt("/account", "Your account") // still signed in
	if b.get("/assets/look.css"); b.page.status != http.StatusOK {
		t.Errorf("look: %d", b.page.status)
	}
}

// BenchmarkTooManyRequests is what a refused visit costs the server.
func BenchmarkTooManyRequests(b *testing.B) {
	w := newSite(b, setting{})
	w.OAuth.Allow = func(_ *http.Request, limit oauth.Limit, _ string) bool { return limit != oauth.PerDomain }
	r := httptest.NewRequest(http.MethodGet, w.base+w.browser().forms()[0], nil)
	b.ReportAllocs()
	for b.Loop() {
		answer := httptest.NewRecorder()
		w.server.Config.Handler.ServeHTTP(answer, r)
		if answer.Code != http.StatusTooManyRequests {
			b.Fatal(answer.Code)
		}
	}
}
