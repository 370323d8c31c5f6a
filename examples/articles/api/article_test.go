package main

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestOnlyGoodTokensComeIn(t *testing.T) {
	s := newServer(t)
	for _, c := range []struct {
		name    string
		changes map[string]any
		status  int
	}{
		{"good", nil, 200},
		{"expired", map[string]any{"exp": s.now().Add(-time.Second).Unix()}, 401},
		{"of another pool", map[string]any{"iss": testIssuer + "2"}, 401},
		{"of another client", map[string]any{"aud": "another"}, 401},
		{"an access token", map[string]any{"token_use": "access", "aud": nil, "client_id": testClient}, 401},
		{"without an address", map[string]any{"email": nil}, 401},
		{"with an unverified address", map[string]any{"email_verified": false}, 401},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := s.call("GET", "/api/articles", "", "Authorization", "Bearer "+s.token("ada@example.com", c.changes))
			wantStatus(t, w, c.status)
			if challenge := w.Header().Get("WWW-Authenticate"); (challenge != "") != (c.status == 401) {
				t.Errorf("WWW-Authenticate %q", challenge)
			}
		})
	}
	for _, path := range []string{"/api/articles", "/api/articles/", "/api/nothing", "/", "/admin", "/administrator", "/api/../admin/users"} {
		t.Run("no token at "+path, func(t *testing.T) {
			wantStatus(t, s.call("GET", path, ""), 401)
		})
	}
	wantStatus(t, s.call("GET", "/healthz", ""), 204)
	users, _, err := s.store.users(t.Context(), 0, 10)
	if err != nil || len(users) != 1 {
		t.Errorf("users %v, %v; want the one of the good token", users, err)
	}
}

func TestCreateArticle(t *testing.T) {
	s := newServer(t)
	token := "Bearer " + s.token("Ada@Example.com", nil)
	for _, c := range []struct {
		name, body string
		status     int
		stored     string
	}{
		{"a name", `{"name":"On gardens"}`, 201, "On gardens"},
		{"spaces around it", `{"name":"  On ponds\n"}`, 201, "On ponds"},
		{"50 characters", `{"name":"` + strings.Repeat("é", 50) + `"}`, 201, strings.Repeat("é", 50)},
		{"markup is text", `{"name":"<b>&"}`, 201, "<b>&"},
		{"51 characters", `{"name":"` + strings.Repeat("é", 51) + `"}`, 422, ""},
		{"empty", `{"name":""}`, 422, ""},
		{"spaces alone", `{"name":" \t "}`, 422, ""},
		{"no name", `{}`, 422, ""},
		{"a zero byte", `{"name":"a\u0000b"}`, 422, ""},
		{"no string", `{"name":7}`, 400, ""},
		{"no JSON", `name=x`, 400, ""},
		{"nothing", ``, 400, ""},
		{"two values", `{"name":"x"}{"name":"y"}`, 400, ""},
		{"too large", `{"name":"` + strings.Repeat("x", maxBody) + `"}`, 413, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := s.call("POST", "/api/articles", c.body, "Authorization", token)
			wantStatus(t, w, c.status)
			if c.status != http.StatusCreated {
				if body := decode[map[string]string](t, w); body["error"] == "" || body["error_description"] == "" {
					t.Errorf("body %v", body)
				}
				return
			}
			made := decode[article](t, w)
			if made.Name != c.stored || made.Author != "ada@example.com" || !made.CreatedAt.Equal(s.now()) {
				t.Errorf("made %+v", made)
			}
			list := decode[struct{ Articles []article }](t, s.call("GET", "/api/articles", "", "Authorization", token))
			if list.Articles[0] != made {
				t.Errorf("the newest is %+v, want %+v", list.Articles[0], made)
			}
		})
	}
}

func TestListArticles(t *testing.T) {
	s := newServer(t)
	token := "Bearer " + s.token("ada@example.com", nil)
	type page struct {
		Articles []article
		Next     int64
	}
	list := func(query string) page {
		t.Helper()
		w := s.call("GET", "/api/articles"+query, "", "Authorization", token)
		wantStatus(t, w, 200)
		return decode[page](t, w)
	}
	if w := s.call("GET", "/api/articles", "", "Authorization", token); strings.TrimSpace(w.Body.String()) != `{"articles":[]}` {
		t.Errorf("no articles are %s", w.Body)
	}
	author, err := s.store.findUser(t.Context(), "ADA@example.com")
	if err != nil {
		t.Fatal(err)
	}
	for i := range perPage + 1 {
		if _, err := s.store.createArticle(t.Context(), author, fmt.Sprint("article ", i), s.now()); err != nil {
			t.Fatal(err)
		}
	}
	first := list("")
	if len(first.Articles) != perPage || first.Articles[0].Name != "article 50" {
		t.Errorf("%d articles, the first %+v", len(first.Articles), first.Articles[0])
	}
	second := list(fmt.Sprint("?before=", first.Next))
	if len(second.Articles) != 1 || second.Articles[0].Name != "article 0" || second.Next != 0 {
		t.Errorf("second page %+v", second)
	}
	for _, before := range []string{"x", "-1", "0", "99999999999999999999"} {
		wantStatus(t, s.call("GET", "/api/articles?before="+before, "", "Authorization", token), 400)
	}
}

// TestFirstRequestsAtOnce sends what a page that loads several things at once
// sends after the first sign-in, and the same through a second node.
func TestFirstRequestsAtOnce(t *testing.T) {
	s := newServer(t)
	token := "Bearer " + s.token("ada@example.com", nil)
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			if i%4 == 0 { // another node, that does not wait for our Create
				if _, err := s.store.createUser(t.Context(), "ada@example.com", s.now()); err != nil && err.Error() != "middleware: user exists" {
					t.Error(err)
				}
				return
			}
			wantStatus(t, s.call("GET", "/api/articles", "", "Authorization", token), 200)
		})
	}
	all.Wait()
	if users, _, err := s.store.users(t.Context(), 0, 10); err != nil || len(users) != 1 {
		t.Errorf("users %v, %v; want one", users, err)
	}
}

func TestCORS(t *testing.T) {
	s := newServer(t)
	for _, c := range []struct {
		name, method, path, origin string
		status                     int
		allowed                    bool
	}{
		{"preflight", "OPTIONS", "/api/articles", testOrigin, 204, true},
		{"preflight of another page", "OPTIONS", "/api/articles", "https://evil.example", 401, false},
		{"preflight of a look-alike", "OPTIONS", "/api/articles", testOrigin + ".evil.example", 401, false},
		{"the page reads a 401", "GET", "/api/articles", testOrigin, 401, true},
		{"another page does not", "GET", "/api/articles", "null", 401, false},
		{"not the admin area", "GET", "/admin/login", testOrigin, 200, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := s.call(c.method, c.path, "", "Origin", c.origin, "Access-Control-Request-Method", "POST")
			wantStatus(t, w, c.status)
			want := ""
			if c.allowed {
				want = testOrigin
			}
			if got := w.Header().Get("Access-Control-Allow-Origin"); got != want {
				t.Errorf("Access-Control-Allow-Origin %q, want %q", got, want)
			}
			if c.status == http.StatusNoContent && !strings.Contains(w.Header().Get("Access-Control-Allow-Headers"), "Authorization") {
				t.Error("the page may not send a token")
			}
			if w.Header().Get("Access-Control-Allow-Credentials") != "" {
				t.Error("the page may send cookies")
			}
		})
	}
}
