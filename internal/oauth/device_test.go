package oauth

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/store/storetest"
	"github.com/poolhouse/poolhouse/internal/userpool"
	"github.com/poolhouse/poolhouse/verify/dpop/dpoptest"
)

// devicePages stand for those of internal/hosted: /device takes the code of the
// header User-Code from the network of the header Network, /device/confirm decides
// as the header Decide says.
func (s *site) devicePages(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == devicePage {
		if r.Method == http.MethodGet {
			_, _ = io.WriteString(w, "which code?")
			return
		}
		to, err := s.EnterUserCode(r, r.Header.Get("User-Code"), r.Header.Get("Network"))
		switch fault.CodeOf(err) {
		case fault.CodeMismatch:
			w.WriteHeader(http.StatusBadRequest)
		case fault.TooManyRequests:
			w.WriteHeader(http.StatusTooManyRequests)
		default:
			redirect(w, r, to)
		}
		return
	}
	p := s.Pending(w, r)
	if p == nil {
		return
	}
	session, err := s.DeviceSession(r, p)
	if err == nil && session == nil {
		redirect(w, r, p.Path("/oauth2/authorize"))
		return
	}
	if decide := r.Header.Get("Decide"); err == nil && decide != "" {
		err = s.Decide(r, p, session, decide == "allow")
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	_, _ = fmt.Fprint(w, p.Device.UserCode, " ", p.Client.ID, " ", strings.Join(p.Scopes, " "), " ", p.Device.State)
}

// takeDevices lets the test's clients use the grant.
func (s *site) takeDevices(t *testing.T) {
	t.Helper()
	for _, id := range []string{publicClient, secretClient} {
		s.extend(t, id, userpool.OAuthExtensions{DeviceGrant: true})
	}
}

// startDevice has a device of the public client ask.
func (s *site) startDevice(t *testing.T, pairs ...string) deviceAnswer {
	t.Helper()
	form := url.Values{"client_id": {publicClient}, "scope": {"openid email"}}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	a := s.post("/oauth2/device_authorization", form)
	var got deviceAnswer
	if err := json.Unmarshal([]byte(a.body), &got); err != nil || a.StatusCode != http.StatusOK {
		t.Fatalf("%d %s", a.StatusCode, a.body)
	}
	return got
}

// poll has a device of the public client ask for its tokens.
func (s *site) poll(code string, pairs ...string) answer {
	form := url.Values{"grant_type": {deviceGrantType}, "client_id": {publicClient}, "device_code": {code}}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return s.post("/oauth2/token", form)
}

// enter types a user code and returns the answer.
func (s *site) enter(code, network string, cookies ...*http.Cookie) answer {
	r := httptest.NewRequest(http.MethodPost, "https://id.example.com/_domain/demo"+devicePage, nil)
	r.Header.Set("User-Code", code)
	r.Header.Set("Network", network)
	for _, c := range cookies {
		r.AddCookie(c)
	}
	return s.do(r)
}

// follow gets where an answer leads, within the domain demo.
func (s *site) follow(t *testing.T, a answer, header http.Header, cookies ...*http.Cookie) answer {
	t.Helper()
	to, err := a.Location()
	if err != nil {
		t.Fatalf("%d %s: %v", a.StatusCode, a.body, err)
	}
	r := getRequest("demo", strings.TrimPrefix(to.Path, "/_domain/demo"), to.Query(), cookies...)
	for name, values := range header {
		r.Header[name] = values
	}
	return s.do(r)
}

// consent types a user code, signs alice in and stands before the page that asks
// for consent: what leads there, and the cookies.
func (s *site) consent(t *testing.T, userCode string) (answer, []*http.Cookie) {
	t.Helper()
	login := s.follow(t, s.enter(userCode, ""), nil)
	if to, err := login.Location(); err != nil || to.Path != "/_domain/demo/login" {
		t.Fatalf("%d to %v: %s", login.StatusCode, to, login.body)
	}
	back := s.follow(t, login, http.Header{"Sign-In": {"1"}})
	return back, back.Cookies()
}

func (s *site) decide(t *testing.T, userCode, how string) {
	t.Helper()
	page, cookies := s.consent(t, userCode)
	if a := s.follow(t, page, http.Header{"Decide": {how}}, cookies...); a.StatusCode != http.StatusOK {
		t.Fatalf("%d %s", a.StatusCode, a.body)
	}
}

// TestDeviceGrant is the grant from end to end, and what each step says.
func TestDeviceGrant(t *testing.T) {
	s := newSite(t)
	s.takeDevices(t)
	d := s.startDevice(t, "resource", "https://api.example.com")
	if d.ExpiresIn != 900 || d.Interval != 5 || d.VerificationURI != "https://id.example.com/_domain/demo/device" ||
		d.VerificationURIComplete != d.VerificationURI+"?user_code="+d.UserCode || len(d.UserCode) != 9 || d.UserCode[4] != '-' {
		t.Errorf("%+v", d)
	}
	s.poll(d.DeviceCode).want(t, 400, oauthError("authorization_pending"))
	s.advance(2 * time.Second)
	s.poll(d.DeviceCode).want(t, 400, oauthError("slow_down")) // 10 seconds from now on
	s.advance(6 * time.Second)
	s.poll(d.DeviceCode).want(t, 400, oauthError("slow_down")) // 15
	s.advance(14 * time.Second)
	s.poll(d.DeviceCode).want(t, 400, oauthError("authorization_pending"))

	page, cookies := s.consent(t, d.UserCode)
	s.follow(t, page, nil, cookies...).want(t, 200, d.UserCode+" "+publicClient+" openid email pending")
	// A link alone gives nothing, nor does another browser's session.
	if to, _ := s.follow(t, page, nil).Location(); to.Path != "/_domain/demo/oauth2/authorize" {
		t.Errorf("without a session: to %v", to)
	}
	_, others := s.consent(t, s.startDevice(t).UserCode)
	if to, _ := s.follow(t, page, nil, others...).Location(); to.Path != "/_domain/demo/oauth2/authorize" {
		t.Errorf("with another session: to %v", to)
	}
	signedIn := s.now()
	s.advance(15 * time.Second)
	s.poll(d.DeviceCode).want(t, 400, oauthError("authorization_pending"))
	s.follow(t, page, http.Header{"Decide": {"allow"}}, cookies...)
	s.follow(t, page, http.Header{"Decide": {"deny"}}, cookies...) // too late
	s.follow(t, page, nil, cookies...).want(t, 200, d.UserCode+" "+publicClient+" openid email allowed")
	if a := s.enter(d.UserCode, ""); a.StatusCode != http.StatusBadRequest {
		t.Errorf("a code that was decided on: %d", a.StatusCode)
	}

	got := s.poll(d.DeviceCode).tokens(t)
	id, access := claims(t, got.IDToken), claims(t, got.AccessToken)
	for name, want := range map[string]any{"sub": testSub, "aud": publicClient, "email": "alice@example.com",
		"auth_time": float64(signedIn.Unix()), "acr": "urn:cognito:loa:1"} {
		if id[name] != want {
			t.Errorf("%s is %v, want %v", name, id[name], want)
		}
	}
	if fmt.Sprint(id["amr"]) != "[pwd]" || access["scope"] != "openid email" || access["aud"] != "https://api.example.com" ||
		access["auth_time"] != float64(signedIn.Unix()) || got.TokenType != "Bearer" || got.ExpiresIn != 3600 {
		t.Errorf("ID token %v, access token %v, answer %+v", id, access, got)
	}
	s.poll(d.DeviceCode).want(t, 400, oauthError("invalid_grant"))
	s.follow(t, page, nil, cookies...).want(t, 200, d.UserCode+" "+publicClient+" openid email spent")
	renewed := s.post("/oauth2/token", url.Values{"grant_type": {"refresh_token"}, "client_id": {publicClient}, "refresh_token": {got.RefreshToken}}).tokens(t)
	if claims(t, renewed.AccessToken)["origin_jti"] != access["origin_jti"] {
		t.Error("a refreshed token is of another sign-in")
	}

	// The browser's session goes on with another device without a sign-in, but not
	// without consent.
	next := s.startDevice(t)
	confirm := s.follow(t, s.enter(strings.ToLower(next.UserCode), "", cookies...), nil, cookies...)
	if to, _ := confirm.Location(); to == nil || to.Path != "/_domain/demo/device/confirm" {
		t.Fatalf("%d to %v", confirm.StatusCode, to)
	}
	s.poll(next.DeviceCode).want(t, 400, oauthError("authorization_pending"))
	s.follow(t, confirm, http.Header{"Decide": {"deny"}}, cookies...)
	s.poll(next.DeviceCode).want(t, 400, oauthError("access_denied"))
}

// TestDeviceAuthorization is what a device may ask.
func TestDeviceAuthorization(t *testing.T) {
	s := newSite(t)
	s.post("/oauth2/device_authorization", url.Values{"client_id": {publicClient}}).want(t, 400, oauthError("unauthorized_client"))
	s.poll("x").want(t, 400, oauthError("unauthorized_client"))
	s.takeDevices(t)
	s.extend(t, machineClient, userpool.OAuthExtensions{DeviceGrant: true})
	c := func(pairs ...string) url.Values {
		form := url.Values{}
		for i := 0; i < len(pairs); i += 2 {
			form.Add(pairs[i], pairs[i+1])
		}
		return form
	}
	for _, tt := range []struct {
		name   string
		form   url.Values
		basic  []string
		status int
		want   string
	}{
		{"no client", c("scope", "openid"), nil, 400, oauthError("invalid_request")},
		{"unknown client", c("client_id", "nobody"), nil, 401, oauthError("invalid_client")},
		{"secret missing", c("client_id", secretClient), nil, 401, oauthError("invalid_client")},
		{"wrong secret", c(), []string{secretClient, "x"}, 401, oauthError("invalid_client")},
		{"client of another pool", c("client_id", foreignClient), nil, 401, oauthError("invalid_client")},
		{"scope it has not", c("client_id", publicClient, "scope", "openid offline_access"), nil, 400, oauthError("invalid_scope")},
		{"email without openid", c("client_id", publicClient, "scope", "email"), nil, 400, oauthError("invalid_scope")},
		{"two scopes", c("client_id", publicClient, "scope", "openid", "scope", "email"), nil, 400, oauthError("invalid_request")},
		{"long scope", c("client_id", publicClient, "scope", strings.Repeat("a", maxParam+1)), nil, 400,
			`{"error":"invalid_request","error_description":"a parameter is too long or no text"}`},
		{"bad resource", c("client_id", publicClient, "resource", "http://api.example.com"), nil, 400,
			`{"error":"invalid_target","error_description":"resource must be a URL with https, of localhost, or of a custom scheme"}`},
		{"two resources", c("client_id", publicClient, "resource", "https://a.example", "resource", "https://b.example"), nil, 400,
			`{"error":"invalid_target","error_description":"only one resource can be asked for"}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := s.post("/oauth2/device_authorization", tt.form, tt.basic...)
			a.want(t, tt.status, tt.want)
			if got := a.Header.Get("WWW-Authenticate") != ""; got != (tt.basic != nil) {
				t.Errorf("WWW-Authenticate: %v", got)
			}
		})
	}
	all := claimsOfBody(t, s.post("/oauth2/device_authorization", url.Values{}, secretClient, testSecret))
	page, cookies := s.consent(t, all["user_code"].(string))
	s.follow(t, page, nil, cookies...).want(t, 200,
		fmt.Sprint(all["user_code"], " ", secretClient, " openid email phone profile aws.cognito.signin.user.admin https://api.example.com/read pending"))
	if a := s.post("/oauth2/device_authorization", url.Values{}, machineClient, testSecret); a.StatusCode != http.StatusOK {
		t.Errorf("scopes of an API alone: %d %s", a.StatusCode, a.body)
	}

	d := s.startDevice(t)
	for _, tt := range []struct {
		name string
		got  answer
		want string
	}{
		{"no code", s.poll(""), "invalid_request"},
		{"no such code", s.poll(d.DeviceCode + "x"), "invalid_grant"},
		{"user code", s.poll(d.UserCode), "invalid_grant"},
		{"no text", s.poll("\x00"), "invalid_grant"},
		{"another client", s.post("/oauth2/token", url.Values{"grant_type": {deviceGrantType}, "device_code": {d.DeviceCode}}, secretClient, testSecret), "invalid_grant"},
		{"no client", s.poll(d.DeviceCode, "client_id", ""), "invalid_request"},
	} {
		t.Run(tt.name, func(t *testing.T) { tt.got.want(t, 400, oauthError(tt.want)) })
	}
	s.advance(deviceLife)
	s.poll(d.DeviceCode).want(t, 400, oauthError("expired_token"))
	if a := s.enter(d.UserCode, ""); a.StatusCode != http.StatusBadRequest {
		t.Errorf("an expired user code: %d", a.StatusCode)
	}
	if to, _ := s.follow(t, page, nil, cookies...).Location(); to.Path != "/_domain/demo/device" || to.RawQuery != "expired=1" {
		t.Errorf("the page of an expired request leads to %v", to)
	}
}

// TestDeviceGrantIsRefused is for what happens between the decision and the tokens.
func TestDeviceGrantIsRefused(t *testing.T) {
	change := func(how func(*store.User)) func(*testing.T, *site) {
		return func(t *testing.T, s *site) {
			s.update(t, func(tx *store.Tx) error {
				u, err := tx.User(testPool, testSub)
				if err != nil {
					return err
				}
				old := *u
				how(u)
				return tx.UpdateUser(&old, u)
			})
		}
	}
	for _, c := range []struct {
		name string
		do   func(*testing.T, *site)
		want string
	}{
		{"user disabled", change(func(u *store.User) { u.Enabled = false }), "invalid_grant"},
		{"password reset", change(func(u *store.User) { u.Status = "RESET_REQUIRED" }), "invalid_grant"},
		{"password changed", change(func(u *store.User) { u.SealedPassword = "another" }), "invalid_grant"},
		{"user deleted", func(t *testing.T, s *site) {
			s.update(t, func(tx *store.Tx) error {
				u, err := tx.User(testPool, testSub)
				if err != nil {
					return err
				}
				return tx.DeleteUser(u)
			})
		}, "invalid_grant"},
		{"switched off", func(t *testing.T, s *site) { s.extend(t, publicClient, userpool.OAuthExtensions{}) }, "unauthorized_client"},
		{"client deleted", func(t *testing.T, s *site) {
			if err := s.Pools.DeleteClient(t.Context(), testPool, publicClient); err != nil {
				t.Fatal(err)
			}
		}, "invalid_client"},
		{"too late", func(_ *testing.T, s *site) { s.advance(deviceLife) }, "expired_token"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSite(t)
			s.takeDevices(t)
			d := s.startDevice(t)
			s.decide(t, d.UserCode, "allow")
			c.do(t, s)
			s.poll(d.DeviceCode).want(t, 400, oauthError(c.want))
		})
	}
	t.Run("signed out everywhere", func(t *testing.T) {
		s := newSite(t)
		s.takeDevices(t)
		before, after := s.startDevice(t), s.startDevice(t)
		s.decide(t, before.UserCode, "allow")
		s.advance(time.Second)
		out := s.now()
		change(func(u *store.User) { u.SignedOutAt = out })(t, s)
		s.decide(t, after.UserCode, "allow")
		s.poll(before.DeviceCode).want(t, 400, oauthError("invalid_grant"))
		s.poll(after.DeviceCode).tokens(t)
	})
	t.Run("switched off while the pages are open", func(t *testing.T) {
		s := newSite(t)
		s.takeDevices(t)
		page, cookies := s.consent(t, s.startDevice(t).UserCode)
		s.extend(t, publicClient, userpool.OAuthExtensions{})
		if to, _ := s.follow(t, page, http.Header{"Decide": {"allow"}}, cookies...).Location(); to == nil || to.Path != "/_domain/demo/error" {
			t.Errorf("to %v", to)
		}
	})
}

// TestUserCodesAreNotGuessed counts wrong codes by network and by pool.
func TestUserCodesAreNotGuessed(t *testing.T) {
	s := newSite(t)
	s.takeDevices(t)
	good := s.startDevice(t).UserCode
	want := func(name string, a answer, status int) {
		t.Helper()
		if a.StatusCode != status {
			t.Fatalf("%s: got %d, want %d", name, a.StatusCode, status)
		}
	}
	const near, far = "192.0.2.1/32", "2001:db8::/64"
	for i := range userCodesOfNetwork {
		want(fmt.Sprint("typing error ", i), s.enter("AEIO-UAEI", near), 400) // counts for nothing
		want(fmt.Sprint("guess ", i), s.enter("BBBB-BBBB", near), 400)
	}
	want("one too many", s.enter("BBBB-BBBB", near), 429)
	want("the right one", s.enter(good, near), 429)
	want("from elsewhere", s.enter(good, far), 302)
	s.advance(userCodeWindow)
	good = s.startDevice(t).UserCode
	want("later", s.enter(good, near), 302)

	for i := range userCodesOfPool {
		want(fmt.Sprint("guess ", i), s.enter("BBBB-BBBB", fmt.Sprintf("192.0.2.%d/32", i/10)), 400)
	}
	want("from where wrong codes came", s.enter(good, "192.0.2.1/32"), 429)
	want("from nowhere", s.enter(good, ""), 429)
	const other = "198.51.100.7/32"
	want("from elsewhere, where nobody guesses", s.enter(good, other), 302)
	want("a guess from there", s.enter("BBBB-BBBB", other), 400)
	want("then the right one", s.enter(good, other), 429)
	s.advance(userCodeWindow)
	want("later still", s.enter(s.startDevice(t).UserCode, far), 302)
}

// TestMayGuess is of wrong user codes from one network and of all.
func TestMayGuess(t *testing.T) {
	for _, c := range []struct {
		known             bool
		ofNetwork, ofPool int
		want              bool
	}{
		{true, 0, 0, true}, {false, 0, 0, true}, {true, 19, 499, true}, {true, 20, 20, false},
		{false, 0, 499, true}, {false, 0, 500, false}, {true, 1, 500, false}, {true, 0, 500, true}, {true, 0, 19_999, true}, {true, 0, 20_000, false},
	} {
		if got := mayGuess(c.known, c.ofNetwork, c.ofPool); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

// TestDeviceHandles holds the addresses of the pages to their pool.
func TestDeviceHandles(t *testing.T) {
	s := newSite(t)
	s.takeDevices(t)
	to, err := s.enter(s.startDevice(t).UserCode, "").Location()
	if err != nil {
		t.Fatal(err)
	}
	handle := to.Query().Get(DeviceParameter)
	for name, r := range map[string]*http.Request{
		"another pool": getRequest("other", "/login", url.Values{DeviceParameter: {handle}}),
		"changed":      getRequest("demo", "/login", url.Values{DeviceParameter: {handle[:len(handle)-8] + "AAAAAAAA"}}),
		"empty":        getRequest("demo", "/login", url.Values{DeviceParameter: {""}}),
		"twice":        getRequest("demo", "/login", url.Values{DeviceParameter: {handle, handle}}),
		"long":         getRequest("demo", "/login", url.Values{DeviceParameter: {strings.Repeat("A", maxQuery)}}),
	} {
		if to, _ := s.do(r).Location(); to == nil || !strings.HasSuffix(to.Path, "/device") || to.RawQuery != "expired=1" {
			t.Errorf("%s: to %v", name, to)
		}
	}
	if a := s.get("/login", url.Values{DeviceParameter: {handle}}); a.body != "sign in" {
		t.Errorf("the right one: %d %s", a.StatusCode, a.body)
	}
}

// TestDevicePollsOnTwoNodes has two nodes asked at once: one gives the tokens. The
// interval that one of them made longer counts on the other.
func TestDevicePollsOnTwoNodes(t *testing.T) {
	for name, database := range map[string]func(testing.TB) string{"sqlite": storetest.SQLiteURL, "postgres": storetest.PostgresURL} {
		t.Run(name, func(t *testing.T) {
			master, dbURL := keys.GenerateMasterKey(), database(t)
			a := newSiteAt(t, dbURL, master, true)
			a.takeDevices(t)
			b := newSiteAt(t, dbURL, master, false)
			d := a.startDevice(t)
			a.poll(d.DeviceCode).want(t, 400, oauthError("authorization_pending"))
			b.poll(d.DeviceCode).want(t, 400, oauthError("slow_down"))
			a.advance(9 * time.Second)
			b.advance(9 * time.Second)
			a.poll(d.DeviceCode).want(t, 400, oauthError("authorization_pending"))
			b.decide(t, d.UserCode, "allow")
			var polls sync.WaitGroup
			answers := make([]answer, 8)
			for i := range answers {
				polls.Go(func() { answers[i] = []*site{a, b}[i%2].poll(d.DeviceCode) })
			}
			polls.Wait()
			given := 0
			for _, got := range answers {
				if got.StatusCode == http.StatusOK {
					given++
				} else {
					got.want(t, 400, oauthError("invalid_grant"))
				}
			}
			if given != 1 {
				t.Errorf("%d polls got tokens", given)
			}
		})
	}
}

// TestDevicesOfOtherExtensions has devices prove a key, and be told of sign-outs.
func TestDevicesOfOtherExtensions(t *testing.T) {
	s := newSite(t)
	s.extend(t, publicClient, userpool.OAuthExtensions{DeviceGrant: true, DPoP: userpool.DPoPRequired, BackChannelLogoutURI: "https://app.example.com/out"})
	d, k := s.startDevice(t), dpoptest.NewKey()
	form := url.Values{"grant_type": {deviceGrantType}, "client_id": {publicClient}, "device_code": {d.DeviceCode}}
	s.decide(t, d.UserCode, "allow")
	if a := s.poll(d.DeviceCode); a.StatusCode != http.StatusBadRequest || !strings.Contains(a.body, "invalid_dpop_proof") {
		t.Errorf("without a proof: %d %s", a.StatusCode, a.body)
	}
	got := s.postWith("/oauth2/token", form, s.proof(k)).tokens(t)
	cnf, _ := claims(t, got.AccessToken)["cnf"].(map[string]any)
	if got.TokenType != "DPoP" || cnf["jkt"] != k.Thumbprint() || claims(t, got.IDToken)["sid"] == nil {
		t.Errorf("%s, cnf %v, ID token %v", got.TokenType, cnf, claims(t, got.IDToken))
	}
}

// TestDevicePollsBeyondLimit has devices wait where their client has used up its
// share: there are many of them, and they stop at an error that they do not know.
func TestDevicePollsBeyondLimit(t *testing.T) {
	s := newSite(t)
	s.takeDevices(t)
	d := s.startDevice(t)
	s.Allow = (&meter{full: []string{"client " + publicClient}}).allow
	s.poll(d.DeviceCode).want(t, 400, oauthError("slow_down"))
	if a := s.post("/oauth2/device_authorization", url.Values{"client_id": {publicClient}}); a.StatusCode != http.StatusTooManyRequests {
		t.Errorf("asking for codes: %d %s", a.StatusCode, a.body)
	}
}

// TestNewUserCode draws every letter in every place.
func TestNewUserCode(t *testing.T) {
	seen := map[string]bool{}
	for range 4000 {
		code := newUserCode()
		if got, ok := readUserCode(shownUserCode(code)); !ok || got != code {
			t.Fatalf("%s is read as %s", code, got)
		}
		for place, letter := range code {
			seen[fmt.Sprint(place, string(letter))] = true
		}
	}
	if len(seen) != userCodeLength*len(userCodeLetters) {
		t.Errorf("%d of %d letters", len(seen), userCodeLength*len(userCodeLetters))
	}
}

func TestReadUserCode(t *testing.T) {
	for typed, want := range map[string]string{
		"WDJB-MJHT": "WDJBMJHT", "wdjbmjht": "WDJBMJHT", " wdjb mjht\n": "WDJBMJHT", "W D J B – M J H T": "WDJBMJHT", "ＷＤＪＢ－ｍｊｈｔ": "WDJBMJHT",
		"": "", "WDJB-MJH": "", "WDJB-MJHTT": "", "WDJA-MJHT": "", "WDJ1MJHT": "", "WDJB_MJHT": "", "WDJB-MJH\x00": "", "ſDJBMJHT": "", "\xff\xff": "",
	} {
		if got, ok := readUserCode(typed); got != want || ok != (want != "") {
			t.Errorf("%q: got %q %v, want %q", typed, got, ok, want)
		}
	}
}

func FuzzReadUserCode(f *testing.F) {
	for _, typed := range []string{"WDJB-MJHT", "wdjb mjht", "ｗＤＪＢ‐MJHT", "", "\xff"} {
		f.Add(typed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		code, ok := readUserCode(typed)
		if !ok {
			return
		}
		for _, again := range []string{code, shownUserCode(code), strings.ToLower(code)} {
			if got, ok := readUserCode(again); !ok || got != code {
				t.Errorf("%q is read as %q, and %q as %q", typed, code, again, got)
			}
		}
	})
}
