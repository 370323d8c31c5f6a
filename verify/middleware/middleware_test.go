package middleware

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/verify"
)

func TestHandler(t *testing.T) {
	const bearer = `Bearer realm="api"`
	invalid := func(description string) string {
		return bearer + `, error="invalid_token", error_description="` + description + `"`
	}
	good := accessToken(nil)
	tests := []struct {
		name      string
		header    []string
		status    int
		challenge string
	}{
		{"good", []string{"Bearer " + good}, 200, ""},
		{"scheme in lower case", []string{"bearer " + good}, 200, ""},
		{"more spaces", []string{" Bearer   " + good + " "}, 200, ""},
		{"bare", []string{good}, 200, ""},
		{"ID token", []string{"Bearer " + idToken(nil)}, 200, ""},
		{"none", nil, 401, bearer},
		{"another scheme", []string{"Basic a2ltOmtpbQ=="}, 401, bearer},
		{"Bearer alone", []string{"Bearer "}, 401, invalid("token is malformed")},
		{"two headers", []string{"Bearer " + good, "Bearer " + good}, 401, invalid("token is malformed")},
		{"two tokens", []string{"Bearer " + good + " " + good}, 401, invalid("token is malformed")},
		{"rubbish", []string{"Bearer a.b.c"}, 401, invalid("token is malformed")},
		{"expired", []string{"Bearer " + accessToken(claims{"exp": testTime.Unix()})}, 401, invalid("token has expired")},
		{"another client", []string{"Bearer " + accessToken(claims{"client_id": "x"})}, 401, invalid("token was issued to another client")},
		{"huge", []string{"Bearer " + strings.Repeat("x", 20000)}, 401, invalid("token is too large")},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var results []Result
			m := newAuth(t, Options{OnResult: func(_ *http.Request, r Result) { results = append(results, r) }})
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/articles", nil)
			r.Header["Authorization"] = test.header
			w := httptest.NewRecorder()
			m.Handler(whoami).ServeHTTP(w, r)
			if w.Code != test.status || w.Header().Get("WWW-Authenticate") != test.challenge {
				t.Errorf("got %d %q, want %d %q", w.Code, w.Header().Get("WWW-Authenticate"), test.status, test.challenge)
			}
			if len(results) != 1 || (results[0].Err == nil) != (test.status == 200) || results[0].Status != test.status && test.status != 200 {
				t.Errorf("the hook was told %+v", results)
			}
			if test.status == 200 {
				if w.Body.String() != "kim" {
					t.Errorf("the handler saw %q", w.Body)
				}
				return
			}
			var body struct{ Error, Error_description string }
			if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil || body.Error == "" || w.Header().Get("Content-Type") != "application/json" {
				t.Errorf("body %q of %q", w.Body, w.Header().Get("Content-Type"))
			}
		})
	}
}

func TestOptional(t *testing.T) {
	h := newAuth(t, Options{Optional: true}).Handler(whoami)
	for token, want := range map[string]string{"": "nobody", accessToken(nil): "kim"} {
		if w := ask(t, h, "/", token); w.Code != 200 || w.Body.String() != want {
			t.Errorf("got %d %q, want %q", w.Code, w.Body, want)
		}
	}
	if w := ask(t, h, "/", "a.b.c"); w.Code != 401 {
		t.Errorf("a bad token got %d", w.Code)
	}
}

func TestSkipPaths(t *testing.T) {
	h := newAuth(t, Options{SkipPaths: []string{"/healthz", "/admin/"}}).Handler(whoami)
	for path, want := range map[string]int{
		"/healthz": 200, "/admin/": 200, "/admin/users": 200,
		"/": 401, "/healthz/": 401, "/healthzx": 401, "/admin": 401, "/administrator": 401, "/Admin/": 401,
		"/admin/../articles": 401, "/admin/%2e%2e/articles": 401, "/admin/..%2farticles": 401, "/admin%2farticles": 401,
		"/admin//x": 401, "//healthz": 401, "/admin/./x": 401, "/articles?x=/admin/": 401, "/articles/admin/": 401,
	} {
		if w := ask(t, h, path, ""); w.Code != want {
			t.Errorf("%s: %d, want %d", path, w.Code, want)
		}
	}
	v := newAuth(t, Options{}).verifier
	for _, path := range []string{"", "/", "admin/", "/a/../b", "//"} {
		if _, err := New(v, Options{SkipPaths: []string{path}}); err == nil {
			t.Errorf("SkipPaths takes %q", path)
		}
	}
}

func TestRequire(t *testing.T) {
	tests := []struct {
		name      string
		rule      Rule
		token     string
		status    int
		challenge string
	}{
		{"nothing", Rule{}, accessToken(nil), 200, ""},
		{"no token", Rule{}, "", 401, `Bearer realm="a \"b\""`},
		{"any scope", Rule{AnyScope: []string{"x", "articles/read"}}, accessToken(nil), 200, ""},
		{"all scopes", Rule{AllScopes: []string{"articles/read"}}, accessToken(nil), 200, ""},
		{"group", Rule{AnyGroup: []string{"x", "editors"}}, accessToken(nil), 200, ""},
		{"no scope", Rule{AnyScope: []string{"x", "y"}}, accessToken(nil), 403,
			`Bearer realm="a \"b\"", error="insufficient_scope", error_description="token lacks a scope", scope="x y"`},
		{"not all scopes", Rule{AllScopes: []string{"articles/read", "x"}}, accessToken(nil), 403,
			`Bearer realm="a \"b\"", error="insufficient_scope", error_description="token lacks a scope", scope="articles/read x"`},
		{"no group", Rule{AnyGroup: []string{"x"}}, accessToken(nil), 403,
			`Bearer realm="a \"b\"", error="insufficient_scope", error_description="token lacks a group"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m := newAuth(t, Options{Optional: true, Realm: `a "b"`})
			w := ask(t, m.Handler(m.Require(test.rule, whoami)), "/", test.token)
			if w.Code != test.status || w.Header().Get("WWW-Authenticate") != test.challenge {
				t.Errorf("got %d %q, want %d %q", w.Code, w.Header().Get("WWW-Authenticate"), test.status, test.challenge)
			}
			if w := ask(t, m.Require(test.rule, whoami), "/", test.token); w.Code != 401 {
				t.Errorf("without Handler around it: %d", w.Code)
			}
		})
	}
}

type revocation struct{ err error }

func (r revocation) CheckRevocation(context.Context, *verify.Token) error { return r.err }

func TestUnavailable(t *testing.T) {
	down := errors.New("tcp 10.0.0.1: refused")
	noKeys := func(c *verify.Config) {
		c.Pools[0].JWKS = nil
		c.HTTPClient = &http.Client{Transport: roundTripper(func(*http.Request) (*http.Response, error) { return nil, down })}
	}
	noRevocations := func(c *verify.Config) { c.Pools[0].Revocation = revocation{down} }
	noUsers := &Users[string]{Key: BySubject, Find: func(context.Context, string) (string, error) { return "", down }}
	for name, m := range map[string]*Middleware{
		"keys":        newAuth(t, Options{}, noKeys),
		"revocations": newAuth(t, Options{}, noRevocations),
		"users":       newAuth(t, Options{Users: noUsers}),
		"source":      newAuth(t, Options{Source: func(*http.Request) (string, error) { return "", down }}),
	} {
		w := ask(t, m.Handler(whoami), "/", accessToken(nil))
		if w.Code != 503 || w.Header().Get("Retry-After") == "" || w.Header().Get("WWW-Authenticate") != "" || strings.Contains(w.Body.String(), "10.0.0.1") {
			t.Errorf("%s: %d %v %q", name, w.Code, w.Header(), w.Body)
		}
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestSources(t *testing.T) {
	h := newAuth(t, Options{Source: FirstOf(FromCookie("token"), FromHeader)}).Handler(whoami)
	for name, test := range map[string]struct {
		cookies []string
		header  string
		want    int
	}{
		"cookie":          {[]string{accessToken(nil)}, "", 200},
		"header":          {nil, accessToken(nil), 200},
		"the first rules": {[]string{"a.b.c"}, accessToken(nil), 401},
		"two cookies":     {[]string{accessToken(nil), accessToken(nil)}, "", 401},
		"neither":         {nil, "", 401},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		for _, value := range test.cookies {
			r.AddCookie(&http.Cookie{Name: "token", Value: value, Secure: true, HttpOnly: true, SameSite: http.SameSiteStrictMode})
		}
		if test.header != "" {
			r.Header.Set("Authorization", "Bearer "+test.header)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != test.want {
			t.Errorf("%s: %d, want %d", name, w.Code, test.want)
		}
	}
}

func TestHookIsTimed(t *testing.T) {
	var took time.Duration
	m := newAuth(t, Options{OnResult: func(_ *http.Request, r Result) { took = r.Took }})
	ask(t, m.Handler(whoami), "/", accessToken(nil))
	if took <= 0 {
		t.Errorf("took %v", took)
	}
}

// TestAuthenticate is for those who do not speak HTTP.
func TestAuthenticate(t *testing.T) {
	m := newAuth(t, Options{Optional: true})
	ctx, err := m.Authenticate(t.Context(), accessToken(nil))
	if err != nil {
		t.Fatal(err)
	}
	if c, ok := From(ctx); !ok || c.Token.Username() != "kim" {
		t.Errorf("the caller is %v", c)
	}
	if err := (Rule{AnyGroup: []string{"editors"}}).Check(ctx); err != nil {
		t.Error(err)
	}
	if err := (Rule{AnyGroup: []string{"x"}}).Check(ctx); !errors.Is(err, verify.ErrGroup) {
		t.Errorf("got %v", err)
	}
	anonymous, err := m.Authenticate(ctx, "") // must not inherit the caller of ctx
	if err != nil {
		t.Fatal(err)
	}
	if c, ok := From(anonymous); ok {
		t.Errorf("without a token the caller is %v", c)
	}
	if err := (Rule{}).Check(anonymous); !errors.Is(err, verify.ErrMissing) {
		t.Errorf("got %v", err)
	}
	if _, err := m.Authenticate(t.Context(), "a.b.c"); !errors.Is(err, verify.ErrMalformed) {
		t.Errorf("got %v", err)
	}
	for err, want := range map[error]int{verify.ErrExpired: 401, verify.ErrGroup: 403, verify.ErrKeysUnavailable: 503, context.Canceled: 503} {
		if status, _ := Status(err); status != want {
			t.Errorf("%v: %d, want %d", err, status, want)
		}
	}
}
