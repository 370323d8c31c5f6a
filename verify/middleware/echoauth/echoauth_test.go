package echoauth_test

import (
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/labstack/echo/v5"

	"github.com/poolhouse/poolhouse/verify"
	"github.com/poolhouse/poolhouse/verify/middleware"
	"github.com/poolhouse/poolhouse/verify/middleware/echoauth"
)

// who is the user of a request, for an answer.
func who(r *http.Request) string {
	user, ok := middleware.UserFrom[string](r.Context())
	if !ok {
		return "nobody"
	}
	return user
}

var (
	editors = middleware.Rule{AnyGroup: []string{"editors"}}
	writers = middleware.Rule{AllScopes: []string{"articles/write"}}
)

// plain is what net/http answers, to compare with.
func plain(m *middleware.Middleware) http.Handler {
	answer := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write([]byte(who(r))) })
	mux := http.NewServeMux()
	mux.Handle("GET /healthz", answer)
	mux.Handle("GET /any", answer)
	mux.Handle("GET /editors", m.Require(editors, answer))
	mux.Handle("GET /writers", m.Require(writers, answer))
	return m.Handler(mux)
}

// router is the same for echo.
func router(_ *testing.T, m *middleware.Middleware) http.Handler {
	e := echo.New()
	e.Use(echoauth.Handler(m))
	answer := func(c *echo.Context) error {
		_, err := c.Response().Write([]byte(who(c.Request())))
		return err
	}
	e.GET("/healthz", answer)
	e.GET("/any", answer)
	e.GET("/editors", answer, echoauth.Require(m, editors))
	e.GET("/writers", answer, echoauth.Require(m, writers))
	return e
}

// TestAnswers wants of the router what net/http answers.
func TestAnswers(t *testing.T) {
	key := newKey(t)
	editor := "Bearer " + idToken(t, key, nil)
	for name, test := range map[string]struct {
		path     string
		values   []string
		down     error
		optional bool
		status   int
		body     string // of a 200
	}{
		"good":              {"/any", []string{editor}, nil, false, 200, "kim@example.com"},
		"in the group":      {"/editors", []string{editor}, nil, false, 200, "kim@example.com"},
		"no token":          {"/any", nil, nil, false, 401, ""},
		"two tokens":        {"/any", []string{editor, editor}, nil, false, 401, ""},
		"rubbish":           {"/any", []string{"Bearer a.b.c"}, nil, false, 401, ""},
		"expired":           {"/any", []string{"Bearer " + idToken(t, key, map[string]any{"exp": now.Unix()})}, nil, false, 401, ""},
		"bound to a key":    {"/any", []string{"Bearer " + idToken(t, key, map[string]any{"cnf": map[string]string{"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}})}, nil, false, 401, ""},
		"another's key":     {"/any", []string{"Bearer " + idToken(t, newKey(t), nil)}, nil, false, 401, ""},
		"unverified email":  {"/any", []string{"Bearer " + idToken(t, key, map[string]any{"email_verified": false})}, nil, false, 401, ""},
		"not in the group":  {"/editors", []string{"Bearer " + idToken(t, key, map[string]any{"cognito:groups": []string{"readers"}})}, nil, false, 403, ""},
		"without the scope": {"/writers", []string{editor}, nil, false, 403, ""},
		"revoked":           {"/any", []string{editor}, verify.ErrRevoked, false, 401, ""},
		"down":              {"/any", []string{editor}, errors.New("10.0.0.1 refused"), false, 503, ""},
		"skipped":           {"/healthz", nil, nil, false, 200, "nobody"},
		"optional":          {"/any", nil, nil, true, 200, "nobody"},
		"optional, ruled":   {"/editors", nil, nil, true, 401, ""},
	} {
		t.Run(name, func(t *testing.T) {
			m := newAuth(t, key, &revocation{test.down}, &authors{seen: map[string]int{}}, test.optional)
			ask := func(h http.Handler) *httptest.ResponseRecorder {
				r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, test.path, nil)
				r.Header["Authorization"] = test.values
				if test.values == nil {
					r.Header.Del("Authorization")
				}
				w := httptest.NewRecorder()
				h.ServeHTTP(w, r)
				return w
			}
			got, want := ask(router(t, m)), ask(plain(m))
			if got.Code != test.status || want.Code != test.status {
				t.Fatalf("status %d, of net/http %d, want %d", got.Code, want.Code, test.status)
			}
			if got.Body.String() != want.Body.String() || test.body != "" && got.Body.String() != test.body {
				t.Errorf("body %q, of net/http %q", got.Body, want.Body)
			}
			if test.status == http.StatusOK {
				return
			}
			if !maps.EqualFunc(got.Header(), want.Header(), slices.Equal) {
				t.Errorf("header %v, of net/http %v", got.Header(), want.Header())
			}
		})
	}
}

func TestFirstRequestsMakeOneUser(t *testing.T) {
	key, users := newKey(t), &authors{seen: map[string]int{}}
	h := router(t, newAuth(t, key, new(revocation), users, false))
	token := "Bearer " + idToken(t, key, nil)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/any", nil)
			r.Header.Set("Authorization", token)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != http.StatusOK {
				t.Errorf("status %d", w.Code)
			}
		})
	}
	wg.Wait()
	if n := users.seen["kim@example.com"]; n != 1 {
		t.Errorf("the user was made %d times", n)
	}
}

// TestErrorsReachEcho wants the error of a handler to be answered by echo.
func TestErrorsReachEcho(t *testing.T) {
	key := newKey(t)
	m := newAuth(t, key, new(revocation), &authors{seen: map[string]int{}}, false)
	e := echo.New()
	e.Use(echoauth.Handler(m))
	e.GET("/", func(*echo.Context) error { return echo.NewHTTPError(http.StatusTeapot, "short and stout") },
		echoauth.Require(m, editors))
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	r.Header.Set("Authorization", "Bearer "+idToken(t, key, nil))
	w := httptest.NewRecorder()
	e.ServeHTTP(w, r)
	if w.Code != http.StatusTeapot || !strings.Contains(w.Body.String(), "short and stout") {
		t.Errorf("got %d %q", w.Code, w.Body)
	}
}
