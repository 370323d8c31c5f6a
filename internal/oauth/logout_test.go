package oauth

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// alive says whether a browser is signed in to a domain still.
func (s *site) alive(t *testing.T, domain string, cookies ...*http.Cookie) bool {
	t.Helper()
	q := request("prompt", "none")
	if domain == "other" {
		q.Set("client_id", foreignClient)
	}
	to, err := s.do(getRequest(domain, "/oauth2/authorize", q, cookies...)).Location()
	if err != nil || !strings.HasPrefix(to.String(), callback) {
		t.Fatalf("%s %v", to, err)
	}
	return to.Query().Has("code")
}

// TestLogoutHint signs out without an address to go on to, and not the user that
// another has become in the browser since.
func TestLogoutHint(t *testing.T) {
	s := newSite(t)
	to, cookies := s.signIn(t, request())
	own := s.post("/oauth2/token", codeForm(to.Query().Get("code"))).tokens(t).IDToken
	bob := &store.User{PoolID: testPool, Sub: "another", Username: "bob", Status: userpool.StatusConfirmed, Enabled: true}
	bobs := s.signInAs(t, bob)

	a := s.get("/logout", url.Values{"id_token_hint": {own}, "post_logout_redirect_uri": {goodbye}}, bobs...)
	if a.Header.Get("Location") != goodbye || len(a.Cookies()) != 0 || !s.alive(t, "demo", bobs...) {
		t.Errorf("another user's: %s %v", a.Header.Get("Location"), a.Cookies())
	}
	a = s.get("/logout", url.Values{"id_token_hint": {own}}, cookies...)
	if to := a.Header.Get("Location"); to != "/_domain/demo/signedOut?client_id="+publicClient || len(a.Cookies()) != 1 || s.alive(t, "demo", cookies...) {
		t.Errorf("nowhere to go: %s %v", to, a.Cookies())
	}
	a = s.get("/logout", url.Values{"id_token_hint": {own, own}, "post_logout_redirect_uri": {goodbye}})
	if to := a.Header.Get("Location"); to != "/_domain/demo/error?error=invalid_request" {
		t.Errorf("two hints: %s", to)
	}
}

// TestLogoutForm has a browser that comes with a form come again with its cookie.
func TestLogoutForm(t *testing.T) {
	s := newSite(t)
	form := url.Values{"client_id": {publicClient}, "post_logout_redirect_uri": {goodbye}, "state": {"a&b"}}
	for _, path := range []string{"/logout", "/oauth2/logout"} {
		a := s.post(path, form)
		if to := a.Header.Get("Location"); a.StatusCode != http.StatusSeeOther || to != "/_domain/demo/logout?"+form.Encode() || len(a.Cookies()) != 0 {
			t.Errorf("%s: %d %s %v", path, a.StatusCode, to, a.Cookies())
		}
	}
	for name, form := range map[string]url.Values{"too long": {"state": {strings.Repeat("s", maxQuery)}}, "twice": {"state": {"a", "b"}}} {
		if to := s.post("/logout", form).Header.Get("Location"); to != "/_domain/demo/error?error=invalid_request" {
			t.Errorf("%s: %s", name, to)
		}
	}
}

// TestLogoutCookies ends every session that the browser has with the pool, those of
// other pools not, and leaves other cookies.
func TestLogoutCookies(t *testing.T) {
	s := newSite(t)
	_, tab := s.signIn(t, request())
	_, window := s.signIn(t, request())
	r := getRequest("other", "/login", request("client_id", foreignClient))
	r.Header.Set("Sign-In", "1")
	other := s.do(r).Cookies()
	device := &http.Cookie{Name: "cognito-device", Value: "x"}
	all := append(append(append([]*http.Cookie{device}, tab...), window...), other...)
	a := s.get("/logout", url.Values{"client_id": {publicClient}, "logout_uri": {goodbye}}, all...)
	if got := a.Cookies(); len(got) != 1 || got[0].Name != sessionCookie || got[0].MaxAge >= 0 || got[0].Path != "/_domain/demo/" {
		t.Errorf("cookies %v", got)
	}
	if s.alive(t, "demo", tab...) || s.alive(t, "demo", window...) || !s.alive(t, "other", other...) {
		t.Error("not all of the pool's sessions have ended, or those of another")
	}
}

// TestRegistrationForLogout has clients say themselves where users go and what they
// want to hear.
func TestRegistrationForLogout(t *testing.T) {
	s := newSite(t)
	s.setDCR(t, &userpool.DcrConfiguration{EnableStatus: "ENABLED", OpenDcrEnabled: new(true), OpenDcrGrantTypes: []string{"code"}})
	const begin = `{"redirect_uris":["` + callback + `"],"token_endpoint_auth_method":"none"`
	got := s.register(begin+`,"post_logout_redirect_uris":["`+goodbye+`"],
		"backchannel_logout_uri":"https://app.example.com/logout","backchannel_logout_session_required":true}`, "").registered(t)
	if !slices.Equal(got.PostLogoutURIs, []string{goodbye}) || got.LogoutURI != "https://app.example.com/logout" || !got.SessionRequired {
		t.Errorf("got %+v", got)
	}
	to, cookies := s.signIn(t, request("client_id", got.ClientID))
	sid, _ := s.sidOf(t, to, "client_id", got.ClientID)
	a := s.get("/logout", url.Values{"client_id": {got.ClientID}, "post_logout_redirect_uri": {goodbye}}, cookies...)
	if told := s.notices(t); a.Header.Get("Location") != goodbye || !slices.Equal(told, []string{got.ClientID + " " + sid}) {
		t.Errorf("to %s, told %q", a.Header.Get("Location"), told)
	}
	if plain := s.register(begin+`,"backchannel_logout_session_required":true}`, "").registered(t); plain.LogoutURI != "" || plain.SessionRequired || len(plain.PostLogoutURIs) != 0 {
		t.Errorf("got %+v", plain)
	}
	for metadata, want := range map[string]string{
		`,"backchannel_logout_uri":"http://app.example.com/"}`:                                        "backChannelLogoutUri must use the HTTPS protocol.",
		`,"backchannel_logout_uri":"https://app.example.com/#a"}`:                                     "backChannelLogoutUri cannot contain a fragment.",
		`,"post_logout_redirect_uris":["http://app.example.com/"]}`:                                   "http://app.example.com/ cannot use the HTTP protocol.",
		`,"post_logout_redirect_uris":["https://app.example.com/` + strings.Repeat("a", 1024) + `"]}`: "post_logout_redirect_uris is too long",
	} {
		s.register(begin+metadata, "").want(t, 400, `{"error":"invalid_client_metadata","error_description":"`+want+`"}`)
	}
}
