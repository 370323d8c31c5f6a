package oauth

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/store/storetest"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// TestCodeGrant looks at the tokens of the code grant.
func TestCodeGrant(t *testing.T) {
	s := newSite(t)
	a := s.post("/oauth2/token", codeForm(s.code(t, request("resource", "https://api.example.com/v1"))))
	got := a.tokens(t)
	for name, want := range map[string]string{"Content-Type": "application/json;charset=UTF-8", "Access-Control-Allow-Origin": "*"} {
		if a.Header.Get(name) != want {
			t.Errorf("%s: %q", name, a.Header.Get(name))
		}
	}
	if got.TokenType != "Bearer" || got.ExpiresIn != 3600 || got.RefreshToken == "" || a.Header.Get("X-Amz-Cognito-Request-Id") == "" {
		t.Errorf("got %+v", got)
	}
	access, id := claims(t, got.AccessToken), claims(t, got.IDToken)
	for name, want := range map[string]any{"scope": "openid email", "token_use": "access", "client_id": publicClient, "username": "alice",
		"sub": testSub, "version": 2.0, "aud": "https://api.example.com/v1", "iss": "https://id.example.com/" + testPool} {
		if access[name] != want {
			t.Errorf("access token: %s is %v", name, access[name])
		}
	}
	for name, want := range map[string]any{"nonce": "n-1", "aud": publicClient, "token_use": "id", "email": "alice@example.com",
		"email_verified": true, "at_hash": atHashOf(got.AccessToken), "origin_jti": access["origin_jti"], "event_id": access["event_id"],
		"name": nil, "phone_number": nil, "custom:level": nil} {
		if id[name] != want {
			t.Errorf("ID token: %s is %v, want %v", name, id[name], want)
		}
	}
	if id["auth_time"] != access["auth_time"] {
		t.Error("the tokens differ in auth_time")
	}
	s.advance(time.Hour)
	fresh := s.post("/oauth2/token", url.Values{"grant_type": {"refresh_token"}, "client_id": {publicClient}, "refresh_token": {got.RefreshToken}}).tokens(t)
	renewed := claims(t, fresh.AccessToken)
	if fresh.RefreshToken != "" || renewed["aud"] != access["aud"] || renewed["scope"] != access["scope"] || renewed["auth_time"] != access["auth_time"] ||
		claims(t, fresh.IDToken)["email"] != "alice@example.com" {
		t.Errorf("renewed: %v", renewed)
	}
}

// TestScopesDecideClaims reads the same user under each set of scopes, in the ID
// token and at userInfo.
func TestScopesDecideClaims(t *testing.T) {
	s := newSite(t)
	every := []string{"email", "email_verified", "phone_number", "phone_number_verified", "name", "custom:level"}
	for scope, want := range map[string][]string{
		"openid":                               every,
		"openid email":                         every[:2],
		"openid phone":                         every[2:4],
		"openid email phone":                   every[:4],
		"openid profile":                       every,
		"openid aws.cognito.signin.user.admin": every,
	} {
		got := s.post("/oauth2/token", codeForm(s.code(t, request("scope", scope)))).tokens(t)
		id := claims(t, got.IDToken)
		r := getRequest("demo", "/oauth2/userInfo", nil)
		r.Header.Set("Authorization", "Bearer "+got.AccessToken)
		info := claimsOfBody(t, s.do(r))
		for _, name := range every {
			if (id[name] != nil) != slices.Contains(want, name) {
				t.Errorf("%s: ID token has %s: %v", scope, name, id[name])
			}
			if (info[name] != nil) != slices.Contains(want, name) {
				t.Errorf("%s: userInfo has %s: %v", scope, name, info[name])
			}
		}
		if info["sub"] != testSub || info["username"] != "alice" {
			t.Errorf("userInfo: %v", info)
		}
		if v := info["email_verified"]; v != nil && v != "true" {
			t.Errorf("email_verified is %v", v)
		}
	}
	got := s.post("/oauth2/token", codeForm(s.code(t, request("scope", "aws.cognito.signin.user.admin")))).tokens(t)
	if got.IDToken != "" || got.RefreshToken == "" {
		t.Errorf("without openid: %+v", got)
	}
	if _, err := s.Tokens.Authenticate(t.Context(), got.AccessToken); err != nil {
		t.Errorf("the API refuses the token: %v", err)
	}
}

// TestTokenErrors tells each refusal of the token endpoint. A code is good for one
// try of each, since what does not fit leaves it as it is.
func TestTokenErrors(t *testing.T) {
	s := newSite(t)
	code := s.code(t, request())
	for _, c := range []struct {
		name   string
		change []string
		want   string
	}{
		{"no grant type", []string{"grant_type", ""}, "invalid_request"},
		{"unknown grant type", []string{"grant_type", "password"}, "unsupported_grant_type"},
		{"no client", []string{"client_id", ""}, "invalid_request"},
		{"unknown client", []string{"client_id", "nobody"}, "invalid_client"},
		{"client of another pool", []string{"client_id", foreignClient}, "invalid_client"},
		{"secret of a client without one", []string{"client_secret", "x"}, "invalid_client"},
		{"client without its secret", []string{"client_id", secretClient}, "invalid_client"},
		{"client with a wrong secret", []string{"client_id", secretClient, "client_secret", "x"}, "invalid_client"},
		{"another client's code", []string{"client_id", secretClient, "client_secret", testSecret}, "invalid_grant"},
		{"client that may not", []string{"client_id", machineClient, "client_secret", testSecret}, "unauthorized_client"},
		{"no code", []string{"code", ""}, "invalid_request"},
		{"another code", []string{"code", "4b1d1f3e-1c1f-4e57-a9f2-7f6e1b7d3c11"}, "invalid_grant"},
		{"code with a NUL", []string{"code", "a\x00"}, "invalid_grant"},
		{"no redirect URI", []string{"redirect_uri", ""}, "invalid_request"},
		{"another redirect URI", []string{"redirect_uri", "https://app.example.com/other?a=1"}, "invalid_grant"},
		{"no verifier", []string{"code_verifier", ""}, "invalid_grant"},
		{"wrong verifier", []string{"code_verifier", strings.Repeat("a", 43)}, "invalid_grant"},
		{"the challenge as verifier", []string{"code_verifier", challenge}, "invalid_grant"},
		{"endless verifier", []string{"code_verifier", strings.Repeat("a", 129)}, "invalid_request"},
		{"junk refresh token", []string{"grant_type", "refresh_token", "refresh_token", "x"}, "invalid_grant"},
		{"no refresh token", []string{"grant_type", "refresh_token"}, "invalid_request"},
		{"a user's client for itself", []string{"grant_type", "client_credentials"}, "invalid_grant"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s.post("/oauth2/token", codeForm(code, c.change...)).want(t, 400, oauthError(c.want))
		})
	}
	s.post("/oauth2/token", codeForm(code)).tokens(t)

	t.Run("a verifier without a challenge", func(t *testing.T) { // somebody took it out of the request
		code := s.code(t, request("code_challenge", "", "code_challenge_method", ""))
		s.post("/oauth2/token", codeForm(code)).want(t, 400, oauthError("invalid_grant"))
		s.post("/oauth2/token", codeForm(code, "code_verifier", "")).tokens(t)
	})
	t.Run("expired", func(t *testing.T) {
		code := s.code(t, request())
		s.advance(codeLife)
		s.post("/oauth2/token", codeForm(code)).want(t, 400, oauthError("invalid_grant"))
	})
	t.Run("signed out before the exchange", func(t *testing.T) {
		code := s.code(t, request())
		pool, _ := s.Pools.Pool(t.Context(), testPool)
		if err := s.Tokens.SignOutEverywhere(t.Context(), pool, testSub); err != nil {
			t.Fatal(err)
		}
		s.post("/oauth2/token", codeForm(code)).want(t, 400, oauthError("invalid_grant"))
	})
	t.Run("in the query", func(t *testing.T) {
		r := httptest.NewRequest(http.MethodPost, "https://id.example.com/_domain/demo/oauth2/token?"+codeForm("x").Encode(), nil)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		s.do(r).want(t, 400, oauthError("invalid_request"))
	})
	t.Run("as JSON", func(t *testing.T) {
		r := httptest.NewRequest(http.MethodPost, "https://id.example.com/_domain/demo/oauth2/token", strings.NewReader("{}"))
		r.Header.Set("Content-Type", "application/json")
		s.do(r).want(t, 400, oauthError("invalid_request"))
	})
	t.Run("a parameter twice", func(t *testing.T) {
		form := codeForm("x")
		form.Add("code", "y")
		s.post("/oauth2/token", form).want(t, 400, oauthError("invalid_request"))
	})
	t.Run("too long", func(t *testing.T) {
		s.post("/oauth2/token", codeForm(strings.Repeat("x", maxBody))).want(t, 400, oauthError("invalid_request"))
	})
	t.Run("GET", func(t *testing.T) {
		if a := s.get("/oauth2/token", codeForm("x")); a.StatusCode != 405 || a.Header.Get("Allow") != "POST, OPTIONS" {
			t.Errorf("%d %s", a.StatusCode, a.Header.Get("Allow"))
		}
	})
	t.Run("preflight", func(t *testing.T) {
		a := s.do(httptest.NewRequest(http.MethodOptions, "https://id.example.com/_domain/demo/oauth2/token", nil))
		if a.StatusCode != 204 || !strings.Contains(a.Header.Get("Access-Control-Allow-Headers"), "x-amz-user-agent") {
			t.Errorf("%d %v", a.StatusCode, a.Header)
		}
	})
}

// TestClientAuthentication takes secrets in each way that clients send them.
func TestClientAuthentication(t *testing.T) {
	s := newSite(t)
	const odd = "secret+with+plus+signs+in+it"
	s.addClient(t, testPool, "5oddclient000000000000000x", odd, userpool.ClientConfig{
		AllowedOAuthFlows: []string{"client_credentials"}, AllowedOAuthFlowsUserPoolClient: true, AllowedOAuthScopes: []string{"https://api.example.com/read"}})
	form := url.Values{"grant_type": {"client_credentials"}}
	post := func(change ...string) url.Values {
		f := url.Values{"grant_type": {"client_credentials"}}
		for i := 0; i < len(change); i += 2 {
			f.Set(change[i], change[i+1])
		}
		return f
	}
	for name, a := range map[string]answer{
		"basic":            s.post("/oauth2/token", form, machineClient, testSecret),
		"basic and its id": s.post("/oauth2/token", post("client_id", machineClient), machineClient, testSecret),
		"post":             s.post("/oauth2/token", post("client_id", machineClient, "client_secret", testSecret)),
		"plus as it is":    s.post("/oauth2/token", form, "5oddclient000000000000000x", odd),
		"plus encoded":     s.post("/oauth2/token", form, "5oddclient000000000000000x", url.QueryEscape(odd)),
	} {
		if a.StatusCode != 200 {
			t.Errorf("%s: %d %s", name, a.StatusCode, a.body)
		}
	}
	s.post("/oauth2/token", form, machineClient, "x").want(t, 400, oauthError("invalid_client"))
	s.post("/oauth2/token", form, machineClient, "").want(t, 400, oauthError("invalid_client"))
	s.post("/oauth2/token", post("client_id", publicClient), machineClient, testSecret).want(t, 400, oauthError("invalid_client"))
	s.post("/oauth2/token", post("client_id", machineClient, "client_secret", testSecret), machineClient, testSecret).want(t, 400, oauthError("invalid_request"))
	r := httptest.NewRequest(http.MethodPost, "https://id.example.com/_domain/demo/oauth2/token", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Authorization", "Basic !!!")
	s.do(r).want(t, 400, oauthError("invalid_client"))
}

func TestClientCredentials(t *testing.T) {
	s := newSite(t)
	ask := func(change ...string) answer {
		form := url.Values{"grant_type": {"client_credentials"}}
		for i := 0; i < len(change); i += 2 {
			form.Set(change[i], change[i+1])
		}
		return s.post("/oauth2/token", form, machineClient, testSecret)
	}
	a := ask()
	got := a.tokens(t)
	access := claims(t, got.AccessToken)
	if access["sub"] != machineClient || access["scope"] != "https://api.example.com/read https://api.example.com/write" ||
		access["username"] != nil || got.IDToken != "" || got.RefreshToken != "" || got.ExpiresIn != 3600 {
		t.Errorf("%+v %v", got, access)
	}
	if got := claims(t, ask("scope", "https://api.example.com/write").tokens(t).AccessToken); got["scope"] != "https://api.example.com/write" {
		t.Errorf("got %v", got["scope"])
	}
	ask("scope", "openid").want(t, 400, oauthError("invalid_scope"))
	ask("scope", "https://api.example.com/delete").want(t, 400, oauthError("invalid_scope"))
	ask("aws_client_metadata", `{"a":"b"}`).tokens(t)
	ask("aws_client_metadata", `{"a":1}`).want(t, 400, oauthError("invalid_request"))
	r := getRequest("demo", "/oauth2/userInfo", nil)
	r.Header.Set("Authorization", "Bearer "+got.AccessToken)
	if a := s.do(r); a.StatusCode != 401 {
		t.Errorf("userInfo of a client: %d %s", a.StatusCode, a.body)
	}
}

// TestCodeReuse: a code that is used twice has leaked, so what it gave dies.
func TestCodeReuse(t *testing.T) {
	s := newSite(t)
	code := s.code(t, request())
	got := s.post("/oauth2/token", codeForm(code)).tokens(t)
	refresh := url.Values{"grant_type": {"refresh_token"}, "client_id": {publicClient}, "refresh_token": {got.RefreshToken}}
	s.post("/oauth2/token", refresh).tokens(t)
	s.post("/oauth2/token", codeForm(code, "code_verifier", strings.Repeat("a", 43))).want(t, 400, oauthError("invalid_grant"))
	s.post("/oauth2/token", refresh).tokens(t) // who has only the code cannot do this to the client
	s.post("/oauth2/token", codeForm(code)).want(t, 400, oauthError("invalid_grant"))
	s.post("/oauth2/token", refresh).want(t, 400, oauthError("invalid_grant"))
	r := getRequest("demo", "/oauth2/userInfo", nil)
	r.Header.Set("Authorization", "Bearer "+got.AccessToken)
	if a := s.do(r); a.StatusCode != 401 {
		t.Errorf("the access token still works: %d", a.StatusCode)
	}
}

// TestCodeRace presents a code 50 times at once on two nodes.
func TestCodeRace(t *testing.T) {
	t.Run("SQLite", func(t *testing.T) { codeRace(t, storetest.SQLiteURL(t)) })
	t.Run("PostgreSQL", func(t *testing.T) { codeRace(t, storetest.PostgresURL(t)) })
}

func codeRace(t *testing.T, dbURL string) {
	master := keys.GenerateMasterKey()
	a := newSiteAt(t, dbURL, master, true)
	b := newSiteAt(t, dbURL, master, false)
	code := a.code(t, request())
	var good atomic.Int32
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			node := []*site{a, b}[i%2]
			if got := node.post("/oauth2/token", codeForm(code)); got.StatusCode == 200 {
				good.Add(1)
			} else if strings.TrimSpace(got.body) != oauthError("invalid_grant") {
				t.Errorf("%d %s", got.StatusCode, got.body)
			}
		})
	}
	wg.Wait()
	if good.Load() != 1 {
		t.Errorf("%d exchanges of one code", good.Load())
	}
}

// TestUnreadableScope: a client that may not read what a scope is for gets nothing.
func TestUnreadableScope(t *testing.T) {
	s := newSite(t)
	const id = "6narrowclient000000000000x"
	s.addClient(t, testPool, id, "", userpool.ClientConfig{CallbackURLs: []string{callback}, ReadAttributes: []string{"email"},
		AllowedOAuthFlows: []string{"code"}, AllowedOAuthScopes: []string{"openid", "email"}, AllowedOAuthFlowsUserPoolClient: true})
	code := s.code(t, request("client_id", id))
	s.post("/oauth2/token", codeForm(code, "client_id", id)).want(t, 400, oauthError("invalid_grant"))
}

// TestRotation gives a new refresh token each time, and ends the family when an
// old one comes back.
func TestRotation(t *testing.T) {
	s := newSite(t)
	const id = "7rotatingclient0000000000x"
	s.addClient(t, testPool, id, "", userpool.ClientConfig{CallbackURLs: []string{callback}, RefreshTokenRotation: &userpool.RefreshTokenRotation{Feature: "ENABLED"},
		AllowedOAuthFlows: []string{"code"}, AllowedOAuthScopes: []string{"openid"}, AllowedOAuthFlowsUserPoolClient: true})
	first := s.post("/oauth2/token", codeForm(s.code(t, request("client_id", id, "scope", "openid")), "client_id", id)).tokens(t)
	form := func(token string) url.Values {
		return url.Values{"grant_type": {"refresh_token"}, "client_id": {id}, "refresh_token": {token}}
	}
	second := s.post("/oauth2/token", form(first.RefreshToken)).tokens(t)
	if second.RefreshToken == "" || second.RefreshToken == first.RefreshToken || second.IDToken == "" {
		t.Fatalf("%+v", second)
	}
	s.extend(t, secretClient, userpool.OAuthExtensions{Introspection: true})
	for text, want := range map[string]bool{first.RefreshToken: false, second.RefreshToken: true} {
		told := claimsOfBody(t, s.post("/oauth2/introspect", url.Values{"token": {text}}, secretClient, testSecret))
		if told["active"] != want {
			t.Errorf("introspection: %v, want %v", told, want)
		}
	}
	s.post("/oauth2/token", form(first.RefreshToken)).want(t, 400, oauthError("invalid_grant"))
	s.post("/oauth2/token", form(second.RefreshToken)).want(t, 400, oauthError("invalid_grant"))
}

func TestUserInfoErrors(t *testing.T) {
	s := newSite(t)
	got := s.post("/oauth2/token", codeForm(s.code(t, request()))).tokens(t)
	without := s.post("/oauth2/token", codeForm(s.code(t, request("scope", "aws.cognito.signin.user.admin")))).tokens(t)
	ask := func(domain, method, authorization string) answer {
		r := httptest.NewRequest(method, "https://id.example.com/_domain/"+domain+"/oauth2/userInfo", nil)
		if authorization != "" {
			r.Header.Set("Authorization", authorization)
		}
		return s.do(r)
	}
	const dead = `{"error":"invalid_token","error_description":"Access token is expired, disabled, or deleted, or the user has globally signed out."}`
	const bad = `{"error":"invalid_request","error_description":"Bad OAuth2 request at UserInfo Endpoint"}`
	ask("demo", "GET", "").want(t, 400, bad)
	ask("demo", "GET", "Basic "+got.AccessToken).want(t, 400, bad)
	ask("demo", "GET", "Bearer x").want(t, 401, dead)
	ask("demo", "GET", "Bearer "+got.IDToken).want(t, 401, dead)
	ask("other", "GET", "Bearer "+got.AccessToken).want(t, 401, dead)
	ask("demo", "GET", "Bearer "+without.AccessToken).want(t, 403, `{"error":"insufficient_scope","error_description":"The access token lacks the scope openid."}`)
	if a := ask("demo", "POST", "bearer "+got.AccessToken); a.StatusCode != 200 {
		t.Errorf("POST: %d %s", a.StatusCode, a.body)
	}
	if a := s.post("/oauth2/userInfo", url.Values{"access_token": {got.AccessToken}}); a.StatusCode != 200 {
		t.Errorf("form: %d %s", a.StatusCode, a.body)
	}
	if a := ask("demo", "GET", "Bearer x"); !strings.Contains(a.Header.Get("WWW-Authenticate"), `error="invalid_token"`) {
		t.Errorf("WWW-Authenticate: %s", a.Header.Get("WWW-Authenticate"))
	}
	s.advance(time.Hour)
	ask("demo", "GET", "Bearer "+got.AccessToken).want(t, 401, dead)
}

func TestRevoke(t *testing.T) {
	s := newSite(t)
	got := s.post("/oauth2/token", codeForm(s.code(t, request()))).tokens(t)
	revoke := func(change ...string) answer {
		form := url.Values{"token": {got.RefreshToken}, "client_id": {publicClient}}
		for i := 0; i < len(change); i += 2 {
			form.Set(change[i], change[i+1])
		}
		return s.post("/oauth2/revoke", form)
	}
	revoke("token", "").want(t, 400, oauthError("invalid_request"))
	revoke("client_id", "nobody").want(t, 401, oauthError("invalid_client"))
	revoke("token", got.AccessToken).want(t, 400, oauthError("unsupported_token_type"))
	revoke("client_id", secretClient, "client_secret", testSecret).want(t, 400, oauthError("unauthorized_client"))
	revoke("token", "junk").want(t, 200, "")
	refresh := url.Values{"grant_type": {"refresh_token"}, "client_id": {publicClient}, "refresh_token": {got.RefreshToken}}
	s.post("/oauth2/token", refresh).tokens(t)
	revoke().want(t, 200, "")
	revoke().want(t, 200, "")
	s.post("/oauth2/token", refresh).want(t, 400, oauthError("invalid_grant"))
	const id = "8keepingclient00000000000x"
	if _, err := s.Pools.CreateClient(t.Context(), userpool.NewClient{ID: id, PoolID: testPool, Name: "keeps",
		Settings: userpool.ClientSettings{EnableTokenRevocation: new(false)}}); err != nil {
		t.Fatal(err)
	}
	revoke("client_id", id).want(t, 400, `{"error":"invalid_request","error_description":"Token revocation is not enabled for the client"}`)
}

func TestLogout(t *testing.T) {
	s := newSite(t)
	id := s.post("/oauth2/token", codeForm(s.code(t, request()))).tokens(t).IDToken
	s.advance(2 * time.Hour) // a hint may be expired
	foreign := strings.Replace(id, ".", ".e30", 1)
	page := func(code, client string) string { return "/_domain/demo/error?error=" + code + client }
	of := "&client_id=" + publicClient
	for _, c := range []struct {
		name  string
		query url.Values
		want  string
	}{
		{"to a logout URL", url.Values{"client_id": {publicClient}, "logout_uri": {goodbye}}, goodbye},
		{"to the sign-in page", url.Values{"client_id": {publicClient}, "redirect_uri": {callback}, "response_type": {"code"}, "scope": {"openid"}},
			"/_domain/demo/login?client_id=" + publicClient + "&redirect_uri=" + url.QueryEscape(callback) + "&response_type=code&scope=openid"},
		{"as OpenID Connect has it", url.Values{"id_token_hint": {id}, "post_logout_redirect_uri": {goodbye}, "state": {"a b"}}, goodbye + "?state=a+b"},
		{"as OpenID Connect has it, with the client", url.Values{"client_id": {publicClient}, "post_logout_redirect_uri": {goodbye}}, goodbye},
		{"another logout URL", url.Values{"client_id": {publicClient}, "logout_uri": {goodbye + "/"}}, page("invalid_request", of)},
		{"another one as OpenID Connect has it", url.Values{"client_id": {publicClient}, "post_logout_redirect_uri": {callback}}, page("invalid_request", of)},
		{"broken hint", url.Values{"id_token_hint": {foreign}, "post_logout_redirect_uri": {goodbye}}, page("invalid_request", "")},
		{"hint of another client", url.Values{"client_id": {secretClient}, "id_token_hint": {id}, "post_logout_redirect_uri": {goodbye}}, page("invalid_request", "&client_id="+secretClient)},
		{"nowhere to go", url.Values{"client_id": {publicClient}}, page("Required+String+parameter+%27redirect_uri%27+is+not+present", of)},
		{"no client", url.Values{"logout_uri": {goodbye}}, page("Required+String+parameter+%27client_id%27+is+not+present", "")},
		{"client of another pool", url.Values{"client_id": {foreignClient}, "logout_uri": {goodbye}}, page("invalid_client", "&client_id="+foreignClient)},
		{"two logout URLs", url.Values{"client_id": {publicClient}, "logout_uri": {goodbye, "https://evil.example"}}, page("invalid_request", of)},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := s.get("/logout", c.query)
			if got := a.Header.Get("Location"); a.StatusCode != 302 || got != c.want {
				t.Errorf("got %d %s, want %s", a.StatusCode, got, c.want)
			}
			if gone := len(a.Cookies()) == 1 && a.Cookies()[0].MaxAge < 0; gone == strings.Contains(c.want, "/error?") {
				t.Errorf("cookies %v", a.Cookies())
			}
		})
	}
}

// TestDeletedUser has neither a code's tokens nor a code.
func TestDeletedUser(t *testing.T) {
	s := newSite(t)
	code := s.code(t, request())
	_, cookies := s.signIn(t, request())
	s.update(t, func(tx *store.Tx) error {
		u, err := tx.User(testPool, testSub)
		if err != nil {
			return err
		}
		return tx.DeleteUser(u)
	})
	s.post("/oauth2/token", codeForm(code)).want(t, 400, oauthError("invalid_grant"))
	if to, _ := s.get("/oauth2/authorize", request("prompt", "none"), cookies...).Location(); to.Query().Get("error") != "login_required" {
		t.Errorf("got %s", to)
	}
}

// TestMixUp takes a code to the domain of another pool, as a client does that an
// attacker has mixed up about where it came from.
func TestMixUp(t *testing.T) {
	s := newSite(t)
	code := s.code(t, request())
	r := httptest.NewRequest(http.MethodPost, "https://id.example.com/_domain/other/oauth2/token",
		strings.NewReader(codeForm(code, "client_id", foreignClient).Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	s.do(r).want(t, 400, oauthError("invalid_grant"))
	s.post("/oauth2/token", codeForm(code)).tokens(t)
}

// TestCodeInjection brings a stolen code into a victim's browser, whose client has
// another verifier: it gets nothing, and the thief without the verifier neither.
func TestCodeInjection(t *testing.T) {
	s := newSite(t)
	stolen := s.code(t, request())
	other := strings.Repeat("v", 43)
	s.post("/oauth2/token", codeForm(stolen, "code_verifier", other)).want(t, 400, oauthError("invalid_grant"))
	s.post("/oauth2/token", codeForm(stolen, "code_verifier", "")).want(t, 400, oauthError("invalid_grant"))
	s.post("/oauth2/token", codeForm(stolen, "redirect_uri", "myapp://callback")).want(t, 400, oauthError("invalid_grant"))
}
