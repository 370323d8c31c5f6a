package main

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"
)

const adminPassword = "Admin-Horse-7"

// login sends the form, and returns the cookie if there is one.
func (s *server) login(name, password string, header ...string) (*httptest.ResponseRecorder, string) {
	s.t.Helper()
	form := url.Values{"name": {name}, "password": {password}}
	header = append(header, "Content-Type", "application/x-www-form-urlencoded")
	w := s.call("POST", "/admin/login", form.Encode(), header...)
	if cookies := w.Result().Cookies(); len(cookies) > 0 {
		cookie := cookies[0]
		if !cookie.HttpOnly || !cookie.Secure || cookie.SameSite != http.SameSiteStrictMode || cookie.Path != "/admin/" {
			s.t.Errorf("cookie %v", cookie)
		}
		return w, cookie.Name + "=" + cookie.Value
	}
	return w, ""
}

func newAdminServer(t *testing.T) *server {
	t.Helper()
	s := newServer(t)
	if err := s.store.setAdmin(t.Context(), "admin", adminPassword); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestAdminWantsALogin(t *testing.T) {
	s := newAdminServer(t)
	token := "Bearer " + s.token("ada@example.com", nil)
	for _, c := range []struct{ name, method, path, cookie string }{
		{"start", "GET", "/admin/", ""},
		{"users", "GET", "/admin/users", ""},
		{"articles", "GET", "/admin/articles", ""},
		{"deactivate", "POST", "/admin/users/1/active", ""},
		{"delete", "POST", "/admin/articles/1/delete", ""},
		{"a made-up session", "GET", "/admin/users", "articles_admin=AAAA"},
		{"an empty session", "GET", "/admin/users", "articles_admin="},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := s.call(c.method, c.path, "active=false", "Cookie", c.cookie, "Authorization", token,
				"Content-Type", "application/x-www-form-urlencoded")
			wantStatus(t, w, http.StatusSeeOther)
			if to := w.Header().Get("Location"); to != "/admin/login" {
				t.Errorf("redirects to %q", to)
			}
		})
	}
	for _, c := range []struct{ name, admin, password string }{
		{"wrong password", "admin", adminPassword + "x"},
		{"no password", "admin", ""},
		{"unknown admin", "nobody", adminPassword},
		{"a password of a megabyte", "admin", strings.Repeat("x", 1<<20)},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, cookie := s.login(c.admin, c.password)
			wantStatus(t, w, http.StatusUnauthorized)
			if cookie != "" {
				t.Error("has a session")
			}
		})
	}
}

func TestAdminLoginIsLimited(t *testing.T) {
	s := newAdminServer(t)
	long := strings.Repeat("x", maxPassword+1) // refused without much work
	for range loginAttempts {
		w, _ := s.login("admin", long)
		wantStatus(t, w, http.StatusUnauthorized)
	}
	w, _ := s.login("admin", adminPassword)
	wantStatus(t, w, http.StatusTooManyRequests)
	s.advance(time.Minute)
	w, _ = s.login("admin", adminPassword)
	wantStatus(t, w, http.StatusSeeOther)
}

func TestAdminAtWork(t *testing.T) {
	s := newAdminServer(t)
	token := "Bearer " + s.token("ada@example.com", nil)
	made := decode[article](t, s.call("POST", "/api/articles", `{"name":"<script>alert(1)</script>"}`, "Authorization", token))
	_, cookie := s.login("admin", adminPassword)
	if cookie == "" {
		t.Fatal("no session")
	}
	post := func(path, form string, header ...string) *httptest.ResponseRecorder {
		t.Helper()
		return s.call("POST", path, form, append(header, "Cookie", cookie, "Content-Type", "application/x-www-form-urlencoded")...)
	}

	w := s.call("GET", "/admin/articles", "", "Cookie", cookie)
	wantStatus(t, w, 200)
	if body := w.Body.String(); strings.Contains(body, "<script>") || !strings.Contains(body, "&lt;script&gt;") {
		t.Errorf("the name is not escaped: %s", body)
	}
	if policy := w.Header().Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") {
		t.Errorf("Content-Security-Policy %q", policy)
	}

	// What another site makes the admin's browser send.
	for _, header := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.example"}} {
		wantStatus(t, post("/admin/users/1/active", "active=false", header...), http.StatusForbidden)
		login, _ := s.login("admin", adminPassword, header...)
		wantStatus(t, login, http.StatusForbidden)
	}
	wantStatus(t, s.call("GET", "/api/articles", "", "Authorization", token), 200)

	wantStatus(t, post("/admin/users/1/active", "active=false", "Sec-Fetch-Site", "same-origin"), http.StatusSeeOther)
	wantStatus(t, s.call("GET", "/api/articles", "", "Authorization", token), 401)
	if w := s.call("GET", "/admin/users", "", "Cookie", cookie); !strings.Contains(w.Body.String(), "inactive") {
		t.Errorf("the page does not say so: %s", w.Body)
	}
	wantStatus(t, post("/admin/users/1/active", "active=true"), http.StatusSeeOther)
	wantStatus(t, s.call("GET", "/api/articles", "", "Authorization", token), 200)

	wantStatus(t, post("/admin/users/1/active", "active=maybe"), http.StatusBadRequest)
	wantStatus(t, post("/admin/users/one/active", "active=true"), http.StatusBadRequest)

	wantStatus(t, post("/admin/articles/"+strconv.FormatInt(made.ID, 10)+"/delete", ""), http.StatusSeeOther)
	if w := s.call("GET", "/api/articles", "", "Authorization", token); strings.TrimSpace(w.Body.String()) != `{"articles":[]}` {
		t.Errorf("after the deletion: %s", w.Body)
	}
}

func TestAdminSessionsEnd(t *testing.T) {
	s := newAdminServer(t)
	start := func() string {
		t.Helper()
		_, cookie := s.login("admin", adminPassword)
		wantStatus(t, s.call("GET", "/admin/users", "", "Cookie", cookie), 200)
		return cookie
	}
	over := func(cookie string) {
		t.Helper()
		wantStatus(t, s.call("GET", "/admin/users", "", "Cookie", cookie), http.StatusSeeOther)
	}

	cookie := start()
	wantStatus(t, s.call("POST", "/admin/logout", "", "Cookie", cookie), http.StatusSeeOther)
	over(cookie)

	cookie = start()
	s.advance(sessionLife - time.Second)
	wantStatus(t, s.call("GET", "/admin/users", "", "Cookie", cookie), 200)
	s.advance(time.Second)
	over(cookie)

	cookie = start()
	if err := s.store.setAdmin(t.Context(), "admin", adminPassword); err != nil { // as a restart does
		t.Fatal(err)
	}
	wantStatus(t, s.call("GET", "/admin/users", "", "Cookie", cookie), 200)
	if err := s.store.setAdmin(t.Context(), "admin", "Another-Horse-8"); err != nil {
		t.Fatal(err)
	}
	over(cookie)
}

func TestAttemptsAreBounded(t *testing.T) {
	var a attempts
	now := time.Unix(1_800_000_000, 0)
	allow := func(address string) bool { return a.allow(&http.Request{RemoteAddr: address}, now) }
	for i := range maxAddresses {
		if !allow("host" + strconv.Itoa(i) + ":1") {
			t.Fatalf("address %d is refused", i)
		}
	}
	if allow("one more:1") {
		t.Error("one address more is counted")
	}
	if !allow("host0:2") {
		t.Error("an address that is counted is refused")
	}
	now = now.Add(time.Minute)
	if !allow("one more:1") {
		t.Error("is refused in the next minute")
	}
}
