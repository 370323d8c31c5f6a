package oauth

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// A meter counts requests, and refuses those of the limits and keys that are full.
type meter struct {
	counted []string
	full    []string
}

func (m *meter) allow(_ *http.Request, limit Limit, key string) bool {
	name := [...]string{PerAddress: "address", PerDomain: "domain", PerClient: "client"}[limit] + " " + key
	m.counted = append(m.counted, name)
	return !slices.Contains(m.full, name)
}

// busyPages are pages that say so when they are beyond a limit.
func (s *site) busyPages(w http.ResponseWriter, r *http.Request) {
	if SiteOf(r.Context()).Busy {
		http.Error(w, "busy page", http.StatusTooManyRequests)
		return
	}
	s.loginPage(w, r)
}

// TestWhatCounts tells which limits requests count against, and that no key is of
// something that does not exist.
func TestWhatCounts(t *testing.T) {
	s := newSite(t)
	var m meter
	s.Allow = m.allow
	s.handler = s.Route(http.HandlerFunc(s.busyPages), http.NotFoundHandler())
	s.get("/login", request()) // the domain is known from now on
	access := s.post("/oauth2/token", codeForm(s.code(t, request()))).tokens(t).AccessToken
	_, cookies := s.signIn(t, request())
	bearer := func(path string) *http.Request {
		r := getRequest("demo", path, nil)
		r.Header.Set("Authorization", "Bearer "+access)
		return r
	}
	form := func(path string, form url.Values, basic ...string) *http.Request {
		r := httptest.NewRequest(http.MethodPost, "https://id.example.com/_domain/demo"+path, strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if len(basic) == 2 {
			r.SetBasicAuth(basic[0], basic[1])
		}
		return r
	}
	ofHost := getRequest("demo", "/login", request())
	ofHost.URL.Path, ofHost.Host = "/login", "DEMO.auth.localhost:9339"
	strange := httptest.NewRequest(http.MethodGet, "https://nobody.example.com/login", nil)
	credentials := url.Values{"grant_type": {"client_credentials"}}
	site := "address demo, domain demo"
	for _, c := range []struct {
		name    string
		request *http.Request
		want    string
	}{
		{"login page", getRequest("demo", "/login", request()), site + ", client " + publicClient},
		{"by its host name", ofHost, site + ", client " + publicClient},
		{"authorization", getRequest("demo", "/oauth2/authorize", request()), site + ", client " + publicClient},
		{"authorization of nobody", getRequest("demo", "/oauth2/authorize", request("client_id", "1nobody")), site},
		{"authorization that cannot be", getRequest("demo", "/oauth2/authorize", request("client_id", machineClient)), site},
		{"authorization of a foreign client", getRequest("demo", "/oauth2/authorize", request("client_id", foreignClient)), site},
		{"sign-out", getRequest("demo", "/logout", url.Values{"client_id": {publicClient}, "logout_uri": {goodbye}}, cookies...), site + ", client " + publicClient},
		{"sign-out to nowhere", getRequest("demo", "/logout", url.Values{"client_id": {publicClient}, "logout_uri": {"https://evil.example"}}), site},
		{"token", form("/oauth2/token", credentials, machineClient, testSecret), site + ", client " + machineClient},
		{"token with another secret", form("/oauth2/token", credentials, machineClient, "x"+testSecret[1:]), site},
		{"token for nobody", form("/oauth2/token", credentials, "1nobody", testSecret), site},
		{"user info", bearer("/oauth2/userInfo"), site + ", client " + publicClient},
		{"user info without a token", getRequest("demo", "/oauth2/userInfo", nil), site},
		{"file of pages", getRequest("demo", "/assets/app.css", nil), ""},
		{"no file, which is a page", getRequest("demo", "/assets/app.css/x", nil), site},
		{"form for a file, likewise", form("/assets/app.css", nil), site},
		{"no page", getRequest("demo", "/nothing", nil), site},
		{"unknown domain", getRequest("nobody", "/login", request()), "address "},
		{"unknown host", strange, "address "},
		{"API", httptest.NewRequest(http.MethodPost, "https://id.example.com/", nil), ""},
		{"keys", httptest.NewRequest(http.MethodGet, "https://id.example.com/"+testPool+"/.well-known/jwks.json", nil), ""},
		{"domain with a long name", getRequest(strings.Repeat("x", 1000), "/login", nil), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			m.counted = nil
			s.do(c.request)
			if got := strings.Join(m.counted, ", "); got != c.want {
				t.Errorf("counted %q, want %q", got, c.want)
			}
		})
	}
}

// TestTooMany answers beyond each limit: endpoints in JSON, browsers by a page. What
// an address does too often is not held against the domain.
func TestTooMany(t *testing.T) {
	s := newSite(t)
	var m meter
	s.Allow = m.allow
	withPages := s.Route(http.HandlerFunc(s.busyPages), http.NotFoundHandler())
	without := s.Route(nil, http.NotFoundHandler())
	_, cookies := func() (*url.URL, []*http.Cookie) { s.handler = withPages; return s.signIn(t, request()) }()
	const refused = `{"error":"too_many_requests","error_description":"Rate exceeded"}`
	token := func() answer {
		return s.post("/oauth2/token", url.Values{"grant_type": {"client_credentials"}}, machineClient, testSecret)
	}
	get := func(path string, q url.Values) func() answer {
		return func() answer { return s.get(path, q, cookies...) }
	}
	logout := get("/logout", url.Values{"client_id": {publicClient}, "logout_uri": {goodbye}})
	for _, c := range []struct {
		name  string
		full  string
		pages http.Handler
		ask   func() answer
		want  string
		count int
	}{
		{"token, address", "address demo", withPages, token, refused, 1},
		{"token, domain", "domain demo", withPages, token, refused, 2},
		{"token, client", "client " + machineClient, withPages, token, refused, 3},
		{"user info, address", "address demo", withPages, get("/oauth2/userInfo", nil), refused, 1},
		{"authorization, address", "address demo", withPages, get("/oauth2/authorize", request()), "busy page", 1},
		{"authorization, client", "client " + publicClient, withPages, get("/oauth2/authorize", request()), "busy page", 3},
		{"login, domain", "domain demo", withPages, get("/login", request()), "busy page", 2},
		{"login, client", "client " + publicClient, withPages, get("/login", request()), "busy page", 3},
		{"sign-out, client", "client " + publicClient, withPages, logout, "busy page", 3},
		{"sign-out by a form, address", "address demo", withPages, func() answer {
			return s.post("/logout", url.Values{"client_id": {publicClient}, "logout_uri": {goodbye}})
		}, "busy page", 1},
		{"without pages", "domain demo", without, get("/oauth2/authorize", request()), "Rate exceeded", 2},
		{"unknown domain", "address ", withPages, func() answer { return s.do(getRequest("nobody", "/login", nil)) }, "Rate exceeded", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, s.handler = meter{full: []string{c.full}}, c.pages
			a := c.ask()
			a.want(t, http.StatusTooManyRequests, c.want)
			if a.Header.Get("Retry-After") != "1" || c.want == refused && a.Header.Get("Access-Control-Allow-Origin") != "*" {
				t.Errorf("headers %v", a.Header)
			}
			if len(a.Cookies()) > 0 {
				t.Errorf("it did something: %v", a.Cookies())
			}
			if len(m.counted) != c.count {
				t.Errorf("counted %v", m.counted)
			}
			m.full = nil
			if a := c.ask(); a.StatusCode == http.StatusTooManyRequests {
				t.Error("refused below the limits")
			}
		})
	}
}

// TestObservation is told of requests to sites, by few names, and of no others.
func TestObservation(t *testing.T) {
	s := newSite(t)
	var seen []Observation
	s.Observe = func(_ *http.Request, o Observation) { seen = append(seen, o) }
	var log bytes.Buffer
	s.Log = slog.New(slog.NewTextHandler(&log, nil))
	var m meter
	s.Allow = m.allow
	pages := http.NewServeMux()
	pages.HandleFunc("POST /login", func(http.ResponseWriter, *http.Request) { panic("on fire") })
	pages.HandleFunc("GET /late", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "half")
		panic("on fire")
	})
	pages.HandleFunc("GET /quiet", func(http.ResponseWriter, *http.Request) {})
	pages.HandleFunc("/", s.busyPages)
	s.handler = s.Route(pages, http.NotFoundHandler())
	post := func(path string) *http.Request {
		return httptest.NewRequest(http.MethodPost, "https://id.example.com/_domain/demo"+path, nil)
	}
	for _, c := range []struct {
		name      string
		request   *http.Request
		full      string
		operation string
		status    int
	}{
		{"authorization", getRequest("demo", "/oauth2/authorize", request()), "", "oauth2/authorize", 302},
		{"no grant", post("/oauth2/token"), "", "oauth2/token", 400},
		{"token beyond a limit", post("/oauth2/token"), "domain demo", "oauth2/token", 429},
		{"authorization beyond a limit", getRequest("demo", "/oauth2/authorize", request()), "client " + publicClient, "oauth2/authorize", 429},
		{"nothing written", getRequest("demo", "/quiet", nil), "", "quiet", 200},
		{"no page", getRequest("demo", "/"+strings.Repeat("made-up", 9), nil), "", "unknown", 400},
		{"panic", post("/login"), "", "login", 500},
		{"panic in the middle", getRequest("demo", "/late", nil), "", "late", 200},
	} {
		t.Run(c.name, func(t *testing.T) {
			seen, m = nil, meter{full: []string{c.full}}
			log.Reset()
			var a answer
			cause := func() (cause any) {
				defer func() { cause = recover() }()
				a = s.do(c.request)
				return nil
			}()
			if aborted := c.name == "panic in the middle"; aborted != (cause == http.ErrAbortHandler) || !aborted && cause != nil {
				t.Fatalf("panic with %v", cause)
			}
			path := strings.TrimPrefix(c.request.URL.Path, "/_domain/demo")
			if len(seen) != 1 || seen[0].Operation != c.operation || seen[0].Status != c.status || seen[0].Domain != "demo" || seen[0].Path != path || seen[0].Took <= 0 {
				t.Fatalf("seen %+v", seen)
			}
			if strings.Contains(log.String(), "on fire") != strings.HasPrefix(c.name, "panic") {
				t.Errorf("log %q", log.String())
			}
			if cause != nil {
				return
			}
			if id := seen[0].RequestID; len(id) != 36 || a.Header.Get("X-Amzn-Requestid") != id || a.Header.Get("X-Amz-Cognito-Request-Id") != id || a.StatusCode != c.status {
				t.Errorf("%d, headers %v, id %q", a.StatusCode, a.Header, id)
			}
		})
	}
	seen = nil
	s.do(getRequest("nobody", "/login", nil))
	s.do(httptest.NewRequest(http.MethodPost, "https://id.example.com/", nil))
	if len(seen) > 0 {
		t.Errorf("of no site: %+v", seen)
	}
}
