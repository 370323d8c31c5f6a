package oauth

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

func (s *site) extend(t *testing.T, clientID string, e userpool.OAuthExtensions) {
	t.Helper()
	if err := s.Pools.SetClientExtensions(t.Context(), testPool, clientID, e); err != nil {
		t.Fatal(err)
	}
}

// TestIntrospection tells what tokens are worth, to whom may know.
func TestIntrospection(t *testing.T) {
	s := newSite(t)
	own := s.post("/oauth2/token", codeForm(s.code(t, request("client_id", secretClient)), "client_id", secretClient, "client_secret", testSecret)).tokens(t)
	others := s.post("/oauth2/token", codeForm(s.code(t, request()))).tokens(t)
	machine := s.post("/oauth2/token", url.Values{"grant_type": {"client_credentials"}}, machineClient, testSecret).tokens(t)
	ask := func(text string) map[string]any {
		t.Helper()
		return claimsOfBody(t, s.post("/oauth2/introspect", url.Values{"token": {text}}, secretClient, testSecret))
	}
	alive := func(text string) bool { t.Helper(); return ask(text)["active"] == true }

	got := ask(own.AccessToken)
	for name, want := range map[string]any{"active": true, "client_id": secretClient, "sub": testSub, "username": "alice",
		"scope": "openid email", "token_type": "Bearer", "exp": float64(s.now().Add(time.Hour).Unix()), "iss": "https://id.example.com/" + testPool} {
		if got[name] != want {
			t.Errorf("%s is %v, want %v", name, got[name], want)
		}
	}
	if got := ask(own.RefreshToken); got["active"] != true || got["token_type"] != "refresh_token" {
		t.Errorf("refresh token: %v", got)
	}
	dead := `{"active":false}`
	for name, text := range map[string]string{"ID token": own.IDToken, "junk": "x", "another client's": others.AccessToken,
		"another client's refresh token": others.RefreshToken, "a machine's": machine.AccessToken, "broken": own.AccessToken + "x"} {
		t.Run(name, func(t *testing.T) {
			s.post("/oauth2/introspect", url.Values{"token": {text}}, secretClient, testSecret).want(t, 200, dead)
		})
	}
	s.extend(t, secretClient, userpool.OAuthExtensions{Introspection: true})
	if !alive(others.AccessToken) || !alive(others.RefreshToken) || !alive(machine.AccessToken) || alive(own.IDToken) {
		t.Error("a client that may does not learn of others' tokens")
	}
	s.post("/oauth2/revoke", url.Values{"token": {others.RefreshToken}, "client_id": {publicClient}}).want(t, 200, "")
	if alive(others.AccessToken) || alive(others.RefreshToken) {
		t.Error("revoked tokens are alive")
	}
	s.update(t, func(tx *store.Tx) error {
		u, err := tx.User(testPool, testSub)
		if err != nil {
			return err
		}
		old := *u
		u.Enabled = false
		return tx.UpdateUser(&old, u)
	})
	if alive(own.AccessToken) || alive(own.RefreshToken) {
		t.Error("tokens of a disabled user are alive")
	}
	s.advance(time.Hour)
	if alive(machine.AccessToken) {
		t.Error("an expired token is alive")
	}
	s.post("/oauth2/introspect", url.Values{"token": {"x"}, "client_id": {publicClient}}).want(t, 401, oauthError("invalid_client"))
	s.post("/oauth2/introspect", url.Values{}, secretClient, testSecret).want(t, 400, oauthError("invalid_request"))
	a := s.post("/oauth2/introspect", url.Values{"token": {"x"}}, secretClient, "x")
	a.want(t, 401, oauthError("invalid_client"))
	if got := a.Header.Get("WWW-Authenticate"); got != `Basic realm="oauth2"` {
		t.Errorf("WWW-Authenticate: %s", got)
	}
}

// TestPushedRequests signs in with a pushed request, whose parameters the browser
// never sees and cannot change.
func TestPushedRequests(t *testing.T) {
	s := newSite(t)
	a := s.post("/oauth2/par", request("client_id", secretClient), secretClient, testSecret)
	if a.StatusCode != http.StatusCreated {
		t.Fatalf("%d %s", a.StatusCode, a.body)
	}
	a.StatusCode = http.StatusOK
	got := claimsOfBody(t, a)
	uri, _ := got["request_uri"].(string)
	if !strings.HasPrefix(uri, pushedPrefix) || got["expires_in"] != 300.0 {
		t.Fatalf("%v", got)
	}
	q := url.Values{"client_id": {secretClient}, "request_uri": {uri}, "scope": {"openid profile"}, "redirect_uri": {"https://evil.example"}}
	to, err := s.get("/oauth2/authorize", q).Location()
	if err != nil || to.Path != "/_domain/demo/login" || len(to.Query()) != 2 {
		t.Fatalf("%v %v", to, err)
	}
	back, _ := s.signIn(t, to.Query())
	if back.Host != "app.example.com" || back.Query().Get("state") != "s t&=#?" {
		t.Fatalf("got %s", back)
	}
	tokens := s.post("/oauth2/token", codeForm(back.Query().Get("code"), "client_id", secretClient, "client_secret", testSecret)).tokens(t)
	if scope := claims(t, tokens.AccessToken)["scope"]; scope != "openid email" {
		t.Errorf("scope %v", scope)
	}
	refused := func(name string, q url.Values) {
		t.Helper()
		if to, _ := s.get("/oauth2/authorize", q).Location(); to.Path != "/_domain/demo/error" {
			t.Errorf("%s: got %s", name, to)
		}
	}
	refused("another client", url.Values{"client_id": {publicClient}, "request_uri": {uri}})
	refused("no such request", url.Values{"client_id": {secretClient}, "request_uri": {uri + "x"}})
	refused("a request elsewhere", url.Values{"client_id": {secretClient}, "request_uri": {"https://evil.example/request"}})
	s.advance(pushedLife)
	refused("expired", url.Values{"client_id": {secretClient}, "request_uri": {uri}})

	s.extend(t, publicClient, userpool.OAuthExtensions{PushedOnly: true})
	refused("not pushed", request())
	for name, c := range map[string]struct {
		form   url.Values
		status int
		want   string
	}{
		"no client":          {url.Values{"response_type": {"code"}}, 400, oauthError("invalid_request")},
		"no secret":          {request("client_id", secretClient), 401, oauthError("invalid_client")},
		"within another":     {request("request_uri", uri), 400, oauthError("invalid_request")},
		"bad scope":          {request("scope", "openid offline_access"), 400, oauthError("invalid_scope")},
		"other redirect URI": {request("redirect_uri", callback+"/"), 400, `{"error":"invalid_request","error_description":"redirect_mismatch"}`},
	} {
		t.Run(name, func(t *testing.T) { s.post("/oauth2/par", c.form).want(t, c.status, c.want) })
	}
}

// TestDiscovery names endpoints of pools that have a domain.
func TestDiscovery(t *testing.T) {
	s := newSite(t)
	pool, err := s.Pools.Pool(t.Context(), testPool)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name           string
		prefix, custom bool
		want           string
	}{
		{"by path", false, false, "https://id.example.com/_domain/demo/oauth2/token"},
		{"by host", true, false, "https://demo.auth.localhost/oauth2/token"},
	} {
		s.PrefixHosts, s.CustomHosts = c.prefix, c.custom
		if d, err := s.Discovery(t.Context(), pool); err != nil || d.TokenEndpoint != c.want {
			t.Errorf("%s: got %s %v", c.name, d.TokenEndpoint, err)
		}
	}
	if err := s.Pools.DeleteDomain(t.Context(), testPool, "demo"); err != nil {
		t.Fatal(err)
	}
	if d, err := s.Discovery(t.Context(), pool); err != nil || d.TokenEndpoint != "" || d.JWKSURI == "" {
		t.Errorf("without a domain: %+v %v", d, err)
	}
}

// FuzzAuthorize sends any query: the browser ends at a registered redirect URI or a
// page of the site, and nothing fails inside.
func FuzzAuthorize(f *testing.F) {
	s := newSite(f)
	f.Add(request().Encode())
	f.Add(request("resource", "https://[::1", "prompt", "none").Encode())
	f.Add("client_id=" + publicClient + "&redirect_uri=" + url.QueryEscape(callback) + "&response_type=token&acr_values=%00")
	f.Add("%zz;=&&client_id")
	f.Fuzz(func(t *testing.T, query string) {
		r := getRequest("demo", "/oauth2/authorize", nil)
		r.URL.RawQuery = query
		a := s.do(r)
		to := a.Header.Get("Location")
		own := strings.HasPrefix(to, "/_domain/demo/error?") || strings.HasPrefix(to, "/_domain/demo/login?")
		client := strings.HasPrefix(to, callback+"?") || strings.HasPrefix(to, callback+"#") || strings.HasPrefix(to, "https://app.example.com/other?a=1") ||
			strings.HasPrefix(to, "myapp://callback?") || strings.HasPrefix(to, "myapp://callback#")
		if a.StatusCode != http.StatusFound || !own && !client || strings.ContainsAny(to, "\r\n") {
			t.Errorf("%q: %d %q", query, a.StatusCode, to)
		}
	})
}
