package oauth

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// notices takes the notices that wait, by client and sid.
func (s *site) notices(t *testing.T) []string {
	t.Helper()
	var got []string
	s.update(t, func(tx *store.Tx) error {
		got = nil
		list, err := tx.TakeLogoutNotices("test", tx.Now().Add(time.Hour), nil, 100)
		for _, n := range list {
			got = append(got, n.ClientID+" "+n.SID)
		}
		return err
	})
	slices.Sort(got)
	return got
}

func (s *site) hears(t *testing.T, clients ...string) {
	t.Helper()
	for _, id := range clients {
		s.extend(t, id, userpool.OAuthExtensions{BackChannelLogoutURI: "https://app.example.com/logout"})
	}
}

// sidOf exchanges the code of an answer to the browser and returns the sid and the
// tokens.
func (s *site) sidOf(t *testing.T, to *url.URL, change ...string) (string, tokenAnswer) {
	t.Helper()
	tokens := s.post("/oauth2/token", codeForm(to.Query().Get("code"), change...)).tokens(t)
	sid, _ := claims(t, tokens.IDToken)["sid"].(string)
	return sid, tokens
}

func (s *site) logoutOf(t *testing.T, cookies []*http.Cookie) {
	t.Helper()
	if a := s.get("/logout", url.Values{"client_id": {publicClient}, "logout_uri": {goodbye}}, cookies...); a.Header.Get("Location") != goodbye {
		t.Fatalf("%d %s", a.StatusCode, a.Header.Get("Location"))
	}
}

// signInAs makes a user and signs it in, in a browser with cookies, whose cookies
// then are returned.
func (s *site) signInAs(t *testing.T, u *store.User, cookies ...*http.Cookie) []*http.Cookie {
	t.Helper()
	s.update(t, func(tx *store.Tx) error { return tx.InsertUser(u) })
	w := httptest.NewRecorder()
	s.Route(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.Complete(w, r, s.Pending(w, r), Proven{User: u, AMR: []string{"pwd"}})
	}), nil).ServeHTTP(w, getRequest("demo", "/login", request(), cookies...))
	if w.Code != http.StatusFound {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	return w.Result().Cookies()
}

var withSecret = []string{"client_id", secretClient, "client_secret", testSecret}

// TestLogoutIsTold gives two clients tokens through one browser, which have a sid each,
// and tells them both, once, when it signs out.
func TestLogoutIsTold(t *testing.T) {
	s := newSite(t)
	to, cookies := s.signIn(t, request())
	if sid, _ := s.sidOf(t, to); sid != "" {
		t.Errorf("a client that does not hear has the sid %q", sid)
	}
	s.hears(t, publicClient, secretClient)
	silent := func(q url.Values, cookies ...*http.Cookie) *url.URL {
		t.Helper()
		to, err := s.get("/oauth2/authorize", q, cookies...).Location()
		if err != nil || !strings.HasPrefix(to.String(), callback) {
			t.Fatalf("%s %v", to, err)
		}
		return to
	}
	one, tokens := s.sidOf(t, silent(request(), cookies...))
	other, _ := s.sidOf(t, silent(request("client_id", secretClient), cookies...), withSecret...)
	again, _ := s.sidOf(t, silent(request(), cookies...))
	if one == "" || other == "" || one == other || again != one {
		t.Fatalf("sids %q, %q, %q", one, other, again)
	}
	fresh := s.post("/oauth2/token", url.Values{"grant_type": {"refresh_token"}, "client_id": {publicClient}, "refresh_token": {tokens.RefreshToken}}).tokens(t)
	if claims(t, fresh.IDToken)["sid"] != one || claims(t, fresh.AccessToken)["sid"] != nil {
		t.Errorf("renewed: %v", claims(t, fresh.IDToken))
	}
	fragment, err := url.ParseQuery(silent(request("response_type", "token", "code_challenge", "", "code_challenge_method", ""), cookies...).Fragment)
	if err != nil || claims(t, fragment.Get("id_token"))["sid"] != one {
		t.Errorf("implicit: %v %v", fragment, err)
	}

	// Another browser of the user's has its own.
	elsewhere, otherCookies := s.signIn(t, request())
	third, _ := s.sidOf(t, elsewhere)
	late := silent(request(), cookies...) // a code that is exchanged too late
	s.logoutOf(t, cookies)
	want := []string{publicClient + " " + one, secretClient + " " + other}
	if got := s.notices(t); !slices.Equal(got, want) {
		t.Errorf("notices %q, want %q", got, want)
	}
	s.post("/oauth2/token", codeForm(late.Query().Get("code"))).want(t, 400, oauthError("invalid_grant"))
	s.logoutOf(t, cookies)
	if got := s.notices(t); len(got) != 0 {
		t.Errorf("once more: %q", got)
	}

	// Proving it again, in the same browser, ends nothing.
	to, renewed := s.signIn(t, request("prompt", "login"), otherCookies...)
	if sid, _ := s.sidOf(t, to); sid != third {
		t.Errorf("signed in again: sid %q, want %q", sid, third)
	}
	if got := s.notices(t); len(got) != 0 {
		t.Errorf("signed in again: %q", got)
	}
	s.logoutOf(t, renewed)
	if got := s.notices(t); !slices.Equal(got, []string{publicClient + " " + third}) {
		t.Errorf("signed out behind that: %q, want that of %q", got, third)
	}
}

// TestWhatElseIsTold ends sessions in the other ways.
func TestWhatElseIsTold(t *testing.T) {
	s := newSite(t)
	s.hears(t, publicClient)
	pool, err := s.Pools.Pool(t.Context(), testPool)
	if err != nil {
		t.Fatal(err)
	}
	change := func(fn func(u *store.User)) {
		t.Helper()
		s.update(t, func(tx *store.Tx) error {
			u, err := tx.User(testPool, testSub)
			if err != nil {
				return err
			}
			old := *u
			fn(u)
			return tx.UpdateUser(&old, u)
		})
	}
	for _, c := range []struct {
		name string
		end  func(code string, tokens tokenAnswer, cookies []*http.Cookie)
		told bool
	}{
		{"nothing", func(string, tokenAnswer, []*http.Cookie) { change(func(u *store.User) { u.Attributes["name"] = "A" }) }, false},
		{"signed out everywhere", func(string, tokenAnswer, []*http.Cookie) {
			if err := s.Tokens.SignOutEverywhere(t.Context(), pool, testSub); err != nil {
				t.Error(err)
			}
		}, true},
		{"revoked", func(_ string, tokens tokenAnswer, _ []*http.Cookie) {
			s.post("/oauth2/revoke", url.Values{"token": {tokens.RefreshToken}, "client_id": {publicClient}}).want(t, 200, "")
		}, true},
		{"a code that leaked", func(code string, _ tokenAnswer, _ []*http.Cookie) {
			s.post("/oauth2/token", codeForm(code)).want(t, 400, oauthError("invalid_grant"))
		}, true},
		{"another user in the browser", func(_ string, _ tokenAnswer, cookies []*http.Cookie) {
			s.signInAs(t, &store.User{PoolID: testPool, Sub: "another", Username: "bob", Status: userpool.StatusConfirmed, Enabled: true}, cookies...)
		}, true},
		{"disabled", func(string, tokenAnswer, []*http.Cookie) { change(func(u *store.User) { u.Enabled = false }) }, true},
		{"enabled", func(string, tokenAnswer, []*http.Cookie) { change(func(u *store.User) { u.Enabled = true }) }, false},
		{"deleted", func(string, tokenAnswer, []*http.Cookie) {
			s.update(t, func(tx *store.Tx) error {
				u, err := tx.User(testPool, testSub)
				if err != nil {
					return err
				}
				return tx.DeleteUser(u)
			})
		}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			var sid, code string
			var tokens tokenAnswer
			var cookies []*http.Cookie
			if c.name != "enabled" { // a disabled user gets none
				to, set := s.signIn(t, request())
				code, cookies = to.Query().Get("code"), set
				sid, tokens = s.sidOf(t, to)
			}
			c.end(code, tokens, cookies)
			got := s.notices(t)
			if c.told && !slices.Contains(got, publicClient+" "+sid) || !c.told && len(got) != 0 {
				t.Errorf("notices %q, sid %q", got, sid)
			}
			s.advance(3 * time.Second) // behind the reach of a sign-out
		})
	}
}

// TestTrackedSessionsTold ends sessions by their records.
func TestTrackedSessionsTold(t *testing.T) {
	s := newSite(t)
	s.hears(t, publicClient, secretClient)
	if err := s.Pools.SetSessionConfig(t.Context(), testPool, userpool.SessionConfig{UserSessionTracking: "ENABLED", TokenSession: userpool.TokenSession{MaxPerUser: 20}}); err != nil {
		t.Fatal(err)
	}
	pool, err := s.Pools.Pool(t.Context(), testPool)
	if err != nil {
		t.Fatal(err)
	}
	var user *store.User
	s.update(t, func(tx *store.Tx) (err error) {
		user, err = tx.User(testPool, testSub)
		return err
	})
	to, cookies := s.signIn(t, request())
	one, tokens := s.sidOf(t, to)
	to, _ = s.get("/oauth2/authorize", request("client_id", secretClient), cookies...).Location()
	other, _ := s.sidOf(t, to, withSecret...)
	sessions, err := s.Tokens.Sessions(t.Context(), pool, user, "")
	if err != nil || len(sessions) != 3 {
		t.Fatalf("%v %v", sessions, err)
	}
	end := func(kind store.SessionKind, clientID string, want ...string) {
		t.Helper()
		for _, session := range sessions {
			if session.Kind == kind && (kind == store.SSOSession || session.ClientID == clientID) {
				if err := s.Tokens.RevokeSession(t.Context(), pool, user, session.ID, "", false); err != nil {
					t.Fatal(err)
				}
			}
		}
		if got := s.notices(t); !slices.Equal(got, want) {
			t.Errorf("%s %s: notices %q, want %q", kind, clientID, got, want)
		}
	}
	end(store.TokenSession, publicClient, publicClient+" "+one)
	late, _ := s.get("/oauth2/authorize", request(), cookies...).Location()
	end(store.SSOSession, "", secretClient+" "+other)
	s.post("/oauth2/token", codeForm(late.Query().Get("code"))).want(t, 400, oauthError("invalid_grant"))
	s.post("/oauth2/revoke", url.Values{"token": {tokens.RefreshToken}, "client_id": {publicClient}}).want(t, 200, "")
	if got := s.notices(t); len(got) != 0 {
		t.Errorf("once more: %q", got)
	}
}

// TestDiscoveryOfLogout tells clients that look for it.
func TestDiscoveryOfLogout(t *testing.T) {
	s := newSite(t)
	pool, err := s.Pools.Pool(t.Context(), testPool)
	if err != nil {
		t.Fatal(err)
	}
	if d, err := s.Discovery(t.Context(), pool); err != nil || !d.BackChannelLogoutSupported || !d.BackChannelLogoutSessionSupported {
		t.Errorf("%+v %v", d, err)
	}
}
