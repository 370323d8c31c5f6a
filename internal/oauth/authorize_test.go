package oauth

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// TestAuthorizeErrors tells where each error of /oauth2/authorize goes: to the
// error page as long as the redirect URI is not known to be the client's.
func TestAuthorizeErrors(t *testing.T) {
	s := newSite(t)
	at := func(code string) string { return callback + "?error=" + code + "&state=s+t%26%3D%23%3F" }
	page := func(query string) string { return "/_domain/demo/error?" + query }
	mismatch := page("error=redirect_mismatch&client_id=" + publicClient)
	for _, c := range []struct {
		name   string
		change []string
		want   string
	}{
		{"no client", []string{"client_id", ""}, page("error=Required+String+parameter+%27client_id%27+is+not+present")},
		{"unknown client", []string{"client_id", "nobody"}, page("error=invalid_client")},
		{"client of another pool", []string{"client_id", foreignClient}, page("error=invalid_client")},
		{"no redirect URI of several", []string{"redirect_uri", ""}, page("error=Required+String+parameter+%27redirect_uri%27+is+not+present&client_id=" + publicClient)},
		{"path added", []string{"redirect_uri", callback + "/"}, mismatch},
		{"suffix", []string{"redirect_uri", callback + "x"}, mismatch},
		{"prefix", []string{"redirect_uri", "https://app.example.com/"}, mismatch},
		{"query added", []string{"redirect_uri", callback + "?a=1"}, mismatch},
		{"query of the registered one changed", []string{"redirect_uri", "https://app.example.com/other?a=2"}, mismatch},
		{"fragment", []string{"redirect_uri", callback + "#x"}, mismatch},
		{"host in other case", []string{"redirect_uri", "https://APP.example.com/callback"}, mismatch},
		{"scheme in other case", []string{"redirect_uri", "HTTPS://app.example.com/callback"}, mismatch},
		{"default port", []string{"redirect_uri", "https://app.example.com:443/callback"}, mismatch},
		{"user info", []string{"redirect_uri", "https://app.example.com@evil.example/callback"}, mismatch},
		{"subdomain", []string{"redirect_uri", "https://app.example.com.evil.example/callback"}, mismatch},
		{"encoded slash", []string{"redirect_uri", "https://app.example.com%2Fcallback"}, mismatch},
		{"encoded letter", []string{"redirect_uri", "https://app.example.com/%63allback"}, mismatch},
		{"dot segments", []string{"redirect_uri", "https://app.example.com/x/../callback"}, mismatch},
		{"backslash", []string{"redirect_uri", `https://app.example.com\@evil.example/callback`}, mismatch},
		{"http", []string{"redirect_uri", "http://app.example.com/callback"}, mismatch},
		{"line break", []string{"redirect_uri", callback + "\r\nSet-Cookie: a=b"}, mismatch},
		{"no response type", []string{"response_type", ""}, at("invalid_request")},
		{"ID token", []string{"response_type", "id_token"}, at("unsupported_response_type")},
		{"hybrid", []string{"response_type", "code token"}, at("unsupported_response_type")},
		{"scope that is not the client's", []string{"scope", "openid offline_access"}, at("invalid_scope")},
		{"scope of the client's API that it lacks", []string{"scope", "https://api.example.com/write"}, at("invalid_scope")},
		{"email without openid", []string{"scope", "email"}, at("invalid_scope")},
		{"none without a session", []string{"prompt", "none"}, at("login_required")},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := s.get("/oauth2/authorize", request(c.change...))
			if got := a.Header.Get("Location"); a.StatusCode != http.StatusFound || got != c.want {
				t.Errorf("got %d %s, want %s", a.StatusCode, got, c.want)
			}
		})
	}
}

// TestAuthorizeRefusals tells the errors that come with a description.
func TestAuthorizeRefusals(t *testing.T) {
	s := newSite(t)
	for _, c := range []struct {
		name   string
		change []string
		want   string
	}{
		{"plain PKCE", []string{"code_challenge_method", "plain"}, "invalid_request"},
		{"challenge without method", []string{"code_challenge_method", ""}, "invalid_request"},
		{"method without challenge", []string{"code_challenge", ""}, "invalid_request"},
		{"short challenge", []string{"code_challenge", "abc"}, "invalid_request"},
		{"challenge that is no base64url", []string{"code_challenge", challenge[:42] + "="}, "invalid_request"},
		{"prompt none with another", []string{"prompt", "none login"}, "invalid_request"},
		{"unknown prompt", []string{"prompt", "create"}, "invalid_request"},
		{"max_age no number", []string{"max_age", "soon"}, "invalid_request"},
		{"max_age negative", []string{"max_age", "-1"}, "invalid_request"},
		{"no known level", []string{"acr_values", "urn:mace:silver"}, "invalid_request"},
		{"resource without a scheme", []string{"resource", "api"}, "invalid_target"},
		{"resource over http", []string{"resource", "http://api.example.com"}, "invalid_target"},
		{"resource with a fragment", []string{"resource", "https://api.example.com/#x"}, "invalid_target"},
		{"endless nonce", []string{"nonce", strings.Repeat("n", maxNonce+1)}, "invalid_request"},
		{"NUL in the hint", []string{"login_hint", "a\x00"}, "invalid_request"},
		{"no UTF-8 in the hint", []string{"login_hint", "a\xff"}, "invalid_request"},
	} {
		t.Run(c.name, func(t *testing.T) {
			to, err := s.get("/oauth2/authorize", request(c.change...)).Location()
			if err != nil {
				t.Fatal(err)
			}
			if got := to.Query(); got.Get("error") != c.want || got.Get("error_description") == "" || got.Get("state") != "s t&=#?" {
				t.Errorf("got %s, want %s", to, c.want)
			}
		})
	}
	t.Run("an endless state is not echoed", func(t *testing.T) {
		to, _ := s.get("/oauth2/authorize", request("state", strings.Repeat("s", maxState+1))).Location()
		if to.Query().Get("error") != "invalid_request" || to.Query().Has("state") {
			t.Errorf("got %s", to)
		}
	})
	t.Run("an endless query", func(t *testing.T) {
		to, _ := s.get("/oauth2/authorize", request("state", strings.Repeat("s", maxQuery))).Location()
		if to.Path != "/_domain/demo/error" {
			t.Errorf("got %s", to)
		}
	})
	for _, twice := range []string{"state", "scope", "response_type", "nonce", "code_challenge"} {
		t.Run(twice+" twice", func(t *testing.T) {
			q := request()
			q.Add(twice, "x")
			to, _ := s.get("/oauth2/authorize", q).Location()
			if to.Query().Get("error") != "invalid_request" {
				t.Errorf("got %s", to)
			}
		})
	}
	t.Run("redirect_uri twice", func(t *testing.T) {
		q := request()
		q.Add("redirect_uri", "https://evil.example/")
		if to, _ := s.get("/oauth2/authorize", q).Location(); to.Path != "/_domain/demo/error" {
			t.Errorf("got %s", to)
		}
	})
	t.Run("errors of the implicit grant are in the fragment", func(t *testing.T) {
		to, _ := s.get("/oauth2/authorize", request("response_type", "token")).Location()
		if to.RawQuery != "" || !strings.HasPrefix(to.Fragment, "error_description=") {
			t.Errorf("got %s", to)
		}
	})
}

// TestLoginKeepsTheRequest goes from /oauth2/authorize to /login, which has the
// same query, and with a session straight to the client.
func TestLoginKeepsTheRequest(t *testing.T) {
	s := newSite(t)
	q := request("lang", "de", "login_hint", "alice")
	to, err := s.get("/oauth2/authorize", q).Location()
	if err != nil || to.Path != "/_domain/demo/login" || to.RawQuery != q.Encode() {
		t.Fatalf("got %v %v", to, err)
	}
	if a := s.get("/login", q); a.body != "sign in" {
		t.Errorf("login page: %d %s", a.StatusCode, a.body)
	}
	back, cookies := s.signIn(t, q)
	if back.Host != "app.example.com" || len(back.Query().Get("code")) != 36 || back.Query().Get("state") != "s t&=#?" {
		t.Errorf("got %s", back)
	}
	c := cookies[0]
	if c.Name != "cognito" || c.Path != "/_domain/demo/" || !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteLaxMode || c.MaxAge != 3600 {
		t.Errorf("cookie %s", c)
	}
	again, err := s.get("/oauth2/authorize", request("prompt", "none"), c).Location()
	if err != nil || again.Query().Get("code") == "" || again.Query().Get("code") == back.Query().Get("code") {
		t.Errorf("with a session: %v %v", again, err)
	}
}

// TestRedirectURIs keeps a registered query, and paths of schemes of apps.
func TestRedirectURIs(t *testing.T) {
	s := newSite(t)
	_, cookies := s.signIn(t, request())
	for uri, want := range map[string]string{
		"https://app.example.com/other?a=1": "https://app.example.com/other?a=1&code=",
		"myapp://callback":                  "myapp://callback?code=",
	} {
		got := s.get("/oauth2/authorize", request("redirect_uri", uri), cookies...).Header.Get("Location")
		if !strings.HasPrefix(got, want) {
			t.Errorf("%s: got %s", uri, got)
		}
	}
}

// TestSessionLimits tells when a session will do.
func TestSessionLimits(t *testing.T) {
	s := newSite(t)
	_, cookies := s.signIn(t, request())
	silent := func(change ...string) string {
		t.Helper()
		to, err := s.get("/oauth2/authorize", request(change...), cookies...).Location()
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case to.Query().Has("code"):
			return "code"
		case to.Path == "/_domain/demo/login":
			return "login"
		}
		return to.Query().Get("error")
	}
	for _, c := range []struct {
		name   string
		change []string
		want   string
	}{
		{"plain", nil, "code"},
		{"login", []string{"prompt", "login"}, "login"},
		{"select account", []string{"prompt", "select_account"}, "login"},
		{"consent", []string{"prompt", "consent"}, "code"},
		{"consent and login", []string{"prompt", "consent login"}, "login"},
		{"none", []string{"prompt", "none"}, "code"},
		{"young enough", []string{"max_age", "60"}, "code"},
		{"level held", []string{"acr_values", "urn:cognito:loa:4 urn:cognito:loa:1"}, "code"},
		{"level not held", []string{"acr_values", "urn:cognito:loa:4"}, "login"},
		{"level not held, none", []string{"acr_values", "urn:cognito:loa:4", "prompt", "none"}, "login_required"},
		{"another client", []string{"client_id", secretClient}, "code"},
	} {
		if got := silent(c.change...); got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
	s.advance(61 * time.Second)
	if got := silent("max_age", "60"); got != "login" {
		t.Errorf("too old for max_age: got %s", got)
	}
	s.advance(58*time.Minute + 58*time.Second)
	if got := silent(); got != "code" {
		t.Errorf("a second before its end: got %s", got)
	}
	s.advance(2 * time.Second)
	if got := silent(); got != "login" {
		t.Errorf("after an hour: got %s", got)
	}
}

// TestSessionEnds tells what ends a session, and what a cookie is worth elsewhere.
func TestSessionEnds(t *testing.T) {
	s := newSite(t)
	signedIn := func(domain, client string, cookies []*http.Cookie) bool {
		to, err := s.do(getRequest(domain, "/oauth2/authorize", request("client_id", client), cookies...)).Location()
		return err == nil && to.Query().Has("code")
	}
	_, cookies := s.signIn(t, request())
	if !signedIn("demo", publicClient, cookies) {
		t.Fatal("no session")
	}
	if signedIn("other", foreignClient, cookies) {
		t.Error("the cookie of a pool is good in another")
	}
	broken := *cookies[0]
	broken.Value = broken.Value[:len(broken.Value)-8] + "AAAAAAAA"
	if signedIn("demo", publicClient, []*http.Cookie{&broken}) {
		t.Error("a broken cookie is good")
	}
	if !signedIn("demo", publicClient, append([]*http.Cookie{&broken}, cookies...)) {
		t.Error("a broken cookie hides a good one")
	}
	_, replaced := s.signIn(t, request(), cookies...)
	if signedIn("demo", publicClient, cookies) || !signedIn("demo", publicClient, replaced) {
		t.Error("a new sign-in does not replace the session")
	}
	s.get("/logout", url.Values{"client_id": {publicClient}, "logout_uri": {goodbye}}, replaced...)
	if signedIn("demo", publicClient, replaced) {
		t.Error("a copy of the cookie survives the sign-out")
	}
	_, cookies = s.signIn(t, request())
	s.update(t, func(tx *store.Tx) error {
		u, err := tx.User(testPool, testSub)
		if err != nil {
			return err
		}
		old := *u
		u.Enabled = false
		return tx.UpdateUser(&old, u)
	})
	if signedIn("demo", publicClient, cookies) {
		t.Error("the session of a disabled user is good")
	}
}

// TestTrackedSessions lists the sessions of browsers where the pool tracks them, and
// lets the client say how long they last.
func TestTrackedSessions(t *testing.T) {
	s := newSite(t)
	ctx := t.Context()
	if err := s.Pools.SetSessionConfig(ctx, testPool, userpool.SessionConfig{UserSessionTracking: "ENABLED", TokenSession: userpool.TokenSession{MaxPerUser: 20}}); err != nil {
		t.Fatal(err)
	}
	if err := s.Pools.SetClientSSO(ctx, testPool, publicClient, userpool.SSOSession{MaxValidityMinutes: 120}); err != nil {
		t.Fatal(err)
	}
	if err := s.Pools.SetClientSSO(ctx, testPool, secretClient, userpool.SSOSession{}); err != nil {
		t.Fatal(err)
	}
	code, cookies := s.signIn(t, request())
	s.post("/oauth2/token", codeForm(code.Query().Get("code"))).tokens(t)
	s.advance(90 * time.Minute)
	silent := func(client string) bool {
		to, _ := s.get("/oauth2/authorize", request("client_id", client), cookies...).Location()
		return to.Query().Has("code")
	}
	if !silent(publicClient) || silent(secretClient) {
		t.Error("the clients' bounds do not count")
	}
	pool, _ := s.Pools.Pool(ctx, testPool)
	sessions, err := s.Tokens.Sessions(ctx, pool, &store.User{PoolID: testPool, Sub: testSub}, "")
	if err != nil || len(sessions) != 2 {
		t.Fatalf("%v %v", sessions, err)
	}
	for _, x := range sessions {
		if x.Kind == store.SSOSession {
			if err := s.Tokens.RevokeSession(ctx, pool, &store.User{PoolID: testPool, Sub: testSub}, x.ID, "", true); err != nil {
				t.Fatal(err)
			}
		} else if !strings.HasPrefix(x.OriginID, "sso") {
			t.Errorf("the token session came through %q", x.OriginID)
		}
	}
	if silent(publicClient) {
		t.Error("a revoked session is good")
	}
	if left, _ := s.Tokens.Sessions(ctx, pool, &store.User{PoolID: testPool, Sub: testSub}, ""); len(left) != 0 {
		t.Errorf("the token session of the revoked session is left: %v", left)
	}
}

// TestTenThousandPendingLogins leave nothing behind.
func TestTenThousandPendingLogins(t *testing.T) {
	s := newSite(t)
	r := getRequest("demo", "/oauth2/authorize", request())
	for range 10_000 {
		w := httptest.NewRecorder()
		s.handler.ServeHTTP(w, r)
		if w.Code != http.StatusFound {
			t.Fatal(w.Code)
		}
	}
	if a := s.get("/login", request()); a.body != "sign in" {
		t.Error(a.body)
	}
}

// TestImplicit gives the tokens in the fragment, the ID token first.
func TestImplicit(t *testing.T) {
	s := newSite(t)
	q := request("response_type", "token", "code_challenge", "", "code_challenge_method", "")
	to, _ := s.signIn(t, q)
	if to.RawQuery != "" || !strings.HasPrefix(to.Fragment, "id_token=") {
		t.Fatalf("got %s", to)
	}
	got, _ := url.ParseQuery(to.EscapedFragment())
	id := claims(t, got.Get("id_token"))
	if id["nonce"] != "n-1" || id["at_hash"] == "" || got.Get("expires_in") != "3600" || got.Get("token_type") != "Bearer" || got.Has("refresh_token") {
		t.Errorf("got %v", got)
	}
	q.Set("scope", "https://api.example.com/read")
	to, _ = s.signIn(t, q)
	if got, _ := url.ParseQuery(to.EscapedFragment()); got.Has("id_token") || got.Get("access_token") == "" {
		t.Errorf("without openid: %v", got)
	}
}

// TestHosts serves a domain at its host name and leaves others alone.
func TestHosts(t *testing.T) {
	s := newSite(t)
	for host, want := range map[string]int{"demo.auth.localhost": 302, "demo.auth.localhost:9339": 302, "DEMO.auth.localhost": 302,
		"x.auth.localhost": 404, "id.example.com": 404, "127.0.0.1:9339": 404, "localhost:9339": 404} {
		r := httptest.NewRequest(http.MethodGet, "/oauth2/authorize?"+request().Encode(), nil)
		r.Host = host
		a := s.do(r)
		if a.StatusCode != want || want == 302 && !strings.HasPrefix(a.Header.Get("Location"), "/login?") {
			t.Errorf("%s: got %d %s", host, a.StatusCode, a.Header.Get("Location"))
		}
	}
	for _, domain := range []string{"nobody", "demo:443", "demo:%22%3E%3Cb%3E", "demo:%3F", ""} {
		if a := s.do(httptest.NewRequest(http.MethodGet, "/_domain/"+domain+"/login?"+request().Encode(), nil)); a.StatusCode != 404 {
			t.Errorf("domain %s: %d", domain, a.StatusCode)
		}
	}
	for _, path := range []string{"//oauth2/token", "/oauth2//token", "/assets/../oauth2/token", "/./oauth2/token"} {
		if a := s.do(httptest.NewRequest(http.MethodGet, "/_domain/demo"+path, nil)); a.StatusCode != 405 || a.Header.Get("Allow") == "" {
			t.Errorf("%s: %d, not that of /oauth2/token", path, a.StatusCode)
		}
	}
	if a := s.do(httptest.NewRequest(http.MethodPost, "/_domain/demo/oauth2/authorize", nil)); a.StatusCode != 405 {
		t.Errorf("POST /oauth2/authorize: %d", a.StatusCode)
	}
}
