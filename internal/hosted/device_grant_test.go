package hosted

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/oauth"
	"github.com/poolhouse/poolhouse/internal/signin"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// device is one without a browser that has asked.
type device struct {
	*site
	DeviceCode string `json:"device_code"`
	UserCode   string `json:"user_code"`
}

// device has a device of the client ask.
func (w *site) device(scope string) *device {
	w.t.Helper()
	w.must(w.Pools.SetClientExtensions(w.t.Context(), w.pool.ID, w.client.ID, userpool.OAuthExtensions{DeviceGrant: true}))
	d := &device{site: w}
	if _, err := d.send("/oauth2/device_authorization", url.Values{"scope": {scope}}, d); err != nil || d.UserCode == "" {
		w.t.Fatalf("%+v %v", d, err)
	}
	return d
}

func (d *device) send(path string, form url.Values, into any) (status int, err error) {
	form.Set("client_id", d.client.ID)
	resp, err := http.PostForm(d.base+path, form)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err
	}
	return resp.StatusCode, json.Unmarshal(body, into)
}

// wantPoll holds a poll to an error, "" for tokens.
func (d *device) wantPoll(want string) {
	d.t.Helper()
	var got struct {
		Error       string `json:"error"`
		AccessToken string `json:"access_token"`
	}
	_, err := d.send("/oauth2/token", url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:device_code"}, "device_code": {d.DeviceCode}}, &got)
	if err != nil || got.Error != want || (got.AccessToken != "") != (want == "") {
		d.t.Fatalf("a poll got %+v %v, want %q", got, err, want)
	}
}

// TestDevicePages lets a device in: the code, a sign-in, consent.
func TestDevicePages(t *testing.T) {
	w := newSite(t, setting{})
	w.user("ada", map[string]string{"email": "ada@example.com"})
	d := w.device("openid email")
	b := w.browser()
	b.get("/device?user_code=" + d.UserCode)
	b.wantAt("/device", "Enter the code that your device shows.")
	b.wantAt("/device", ` value="`+d.UserCode+`"`)
	d.wantPoll("authorization_pending")
	b.submit("user_code", " "+strings.ToLower(d.UserCode[:4])+" "+d.UserCode[5:])
	b.wantAt("/login", "Sign in to Acme Notes.")
	b.submit("username", "ada", "password", "Wrong0ne!23")
	b.wantRefused("/login", "Incorrect username or password.")
	b.submit("username", "ada", "password", password)
	for _, text := range []string{"Connect this device?", "A device wants to sign in to Acme Notes as ada@example.com.", d.UserCode,
		"Who you are", "Your email address", "Go on only if you started this yourself."} {
		b.wantAt("/device/confirm", text)
	}
	consent := b.page.at.RequestURI()[len("/_domain/demo"):]
	w.advance(5 * time.Second)
	d.wantPoll("authorization_pending") // signing in alone is no consent

	thief := w.browser()
	thief.get(consent)
	thief.wantAt("/login", "Sign in")
	b.post(consent, url.Values{"allow": {"1"}, "user": {"x"}})
	if b.page.status != http.StatusForbidden {
		t.Fatalf("a forged consent: %d", b.page.status)
	}
	w.advance(5 * time.Second)
	d.wantPoll("authorization_pending")

	b.get(consent)
	allow, deny := b.request("allow", "1"), b.request("deny", "1")
	b.do(allow)
	b.wantAt("/device/confirm", "You can close this page and go back to your device.")
	b.do(deny)
	b.wantAt("/device/confirm", "Your device is connected")
	d.wantPoll("")
	b.get(consent)
	b.wantAt("/device/confirm", "Your device is connected")
	d.wantPoll("invalid_grant")

	// The session does for another device; saying no is final too.
	d = w.device("openid")
	b.get("/device")
	b.submit("user_code", d.UserCode)
	b.wantAt("/device/confirm", "A device wants to sign in")
	if strings.Contains(b.page.body, "Your email address") {
		t.Error("the page tells of more than what was asked for")
	}
	allow = b.request("allow", "1")
	b.submit("deny", "1")
	b.wantAt("/device/confirm", "The device was not connected")
	b.do(allow)
	b.wantAt("/device/confirm", "It got no access.")
	d.wantPoll("access_denied")
}

// TestDevicePagesRefuse is for codes that are none (any more), and guessing.
func TestDevicePagesRefuse(t *testing.T) {
	w := newSite(t, setting{})
	asked := 0 // from another address each time, of a network that is one house's
	w.Origin = func(*http.Request) signin.Origin {
		asked++
		return signin.Origin{IPAddress: fmt.Sprintf("2001:db8::%x", asked)}
	}
	d := w.device("")
	b := w.browser()
	b.get("/device")
	b.submit("user_code", "BBBB-BBBB")
	b.wantRefused("/device", "The code is wrong. Check it and try again.")
	b.wantAt("/device", ` value="BBBB-BBBB"`)
	b.submit("user_code", strings.Repeat("B", maxCode+1))
	b.wantRefused("/device", "The code is wrong.")
	b.submit("user_code", d.UserCode)
	b.wantAt("/login", "Sign in")
	login := b.page.at.RequestURI()[len("/_domain/demo"):]
	w.advance(15 * time.Minute)
	b.get(login)
	b.wantAt("/device", "This took too long. Get a new code on your device.")
	b.submit("user_code", d.UserCode)
	b.wantRefused("/device", "The code is wrong.")
	b.get("/device/confirm?" + url.Values{"client_id": {w.client.ID}, "response_type": {"code"}, "redirect_uri": {callback}}.Encode())
	b.wantAt("/device", "Enter the code")
	b.get("/device?user_code=" + url.QueryEscape(strings.Repeat("x", 40)))
	b.wantAt("/device", ` value=""`)
	for range 20 {
		b.get("/device")
		b.submit("user_code", "BBBB-BBBC")
	}
	b.wantRefused("/device", "There were too many requests. Wait a while, then try again.")
}

// TestDevicePagesOfTwoUsers has another user sign in behind the back of a page that
// asks for consent.
func TestDevicePagesOfTwoUsers(t *testing.T) {
	w := newSite(t, setting{})
	w.user("ada", nil)
	w.user("eve", nil)
	d := w.device("openid")
	b := w.browser()
	b.get("/device")
	b.submit("user_code", d.UserCode)
	b.submit("username", "ada", "password", password)
	b.wantAt("/device/confirm", "as ada.")
	asAda := b.request("allow", "1")
	b.follow("Use another account")
	b.submit("username", "eve", "password", password)
	b.wantAt("/device/confirm", "as eve.")
	b.do(asAda)
	b.wantAt("/device/confirm", "as eve.")
	d.wantPoll("authorization_pending")
	b.submit("allow", "1")
	d.wantPoll("")
}

// TestDevicePagesOfSessions is for a client that takes no session over but the one
// that was begun for it, and for the record of the device's.
func TestDevicePagesOfSessions(t *testing.T) {
	w := newSite(t, setting{})
	ada := w.user("ada", nil)
	w.must(w.Pools.SetSessionConfig(t.Context(), w.pool.ID, userpool.SessionConfig{UserSessionTracking: "ENABLED", TokenSession: userpool.TokenSession{MaxPerUser: 20}}))
	w.must(w.Pools.SetClientSSO(t.Context(), w.pool.ID, w.client.ID, userpool.SSOSession{})) // never taken over
	d := w.device("openid")
	b := w.browser()
	b.get("/device")
	b.submit("user_code", d.UserCode)
	b.submit("username", "ada", "password", password)
	b.wantAt("/device/confirm", "as ada.")
	w.advance(2 * time.Minute) // to think about it
	b.submit("allow", "1")
	d.wantPoll("")
	var sessions []*store.UserSession
	w.must(w.DB.View(t.Context(), func(tx *store.Tx) (err error) {
		sessions, err = tx.UserSessions(w.pool.ID, ada.Sub)
		return err
	}))
	kinds := map[store.SessionKind]*store.UserSession{}
	for _, s := range sessions {
		kinds[s.Kind] = s
	}
	if len(sessions) != 2 || kinds[store.TokenSession] == nil || kinds[store.SSOSession] == nil || kinds[store.TokenSession].ParentID != kinds[store.SSOSession].ID {
		t.Errorf("sessions: %+v", sessions)
	}
	d = w.device("openid")
	b.get("/device")
	b.submit("user_code", d.UserCode)
	b.wantAt("/login", "Choose an account")
}

// TestDeviceScopes tells what an API's scopes are for in the administrators' words,
// as text.
func TestDeviceScopes(t *testing.T) {
	w := newSite(t, setting{})
	w.user("ada", nil)
	w.must(w.Pools.CreateResourceServer(t.Context(), userpool.ResourceServer{PoolID: w.pool.ID, Identifier: "notes", Name: "n",
		Scopes: []userpool.Scope{{Name: "read", Description: "Read notes " + markup}}}))
	config := w.client.ClientConfig
	config.AllowedOAuthScopes = []string{"openid", "phone", "profile", "aws.cognito.signin.user.admin", "notes/read"}
	made, err := w.Pools.CreateClient(t.Context(), userpool.NewClient{PoolID: w.pool.ID, Name: "TV " + markup, Settings: userpool.ClientSettings{ClientConfig: config}})
	w.must(err)
	w.client = made
	d := w.device("")
	b := w.browser()
	b.get("/device")
	b.submit("user_code", d.UserCode)
	b.submit("username", "ada", "password", password)
	for _, text := range []string{"to TV " + markup + " as ada", "Your phone number", "Your profile", "Your account settings", "Read notes " + markup, "notes/read"} {
		b.wantAt("/device/confirm", text)
	}
	if inlined.MatchString(b.page.body) || strings.Contains(b.page.body, "<img src=x") {
		t.Errorf("markup: %s", b.page.body)
	}
}

// TestDevicePagesOfNewUsers signs up on the way: what a device waits for is carried
// through every page.
func TestDevicePagesOfNewUsers(t *testing.T) {
	w := newSite(t, setting{pool: verifiesEmail()})
	d := w.device("openid")
	b := w.browser()
	b.get("/device")
	b.submit("user_code", d.UserCode)
	b.follow("Create an account")
	b.submit("username", "grace", "userAttributes.email", "grace@example.com", "password", password)
	b.wantAt("/confirm", "Confirm your account")
	b.submit("answer", w.sent().Code)
	b.wantAt("/device/confirm", "as grace@example.com.")
	b.submit("allow", "1")
	d.wantPoll("")
}

// TestDevicePagesOfChallenges goes through a challenge and past the offer of a
// passkey.
func TestDevicePagesOfChallenges(t *testing.T) {
	s := chooses("EMAIL_OTP", "WEB_AUTHN")
	s.mfa = takesPasskeys().mfa
	w := newSite(t, s)
	w.user("ada", map[string]string{"email": "ada@example.com"})
	d := w.device("openid")
	b := w.browser()
	b.get("/device")
	b.submit("user_code", d.UserCode)
	b.submit("username", "ada")
	b.submit("answer", "EMAIL_OTP")
	b.wantAt("/challenge", "Enter the code that was sent to a***@e***.")
	b.submit("answer", w.sent().Code)
	b.wantAt("/passkeys/add", "Add a passkey")
	b.submit("skip", "1")
	b.wantAt("/device/confirm", "as ada@example.com.")
	b.submit("allow", "1")
	d.wantPoll("")
}

// TestDevicePagesStayHere has nobody led elsewhere by what is added to the address.
func TestDevicePagesStayHere(t *testing.T) {
	w := newSite(t, setting{})
	w.user("ada", nil)
	b := w.browser()
	b.get("/device")
	b.submit("user_code", w.device("openid").UserCode)
	q := url.Values{oauth.DeviceParameter: {b.page.at.Query().Get(oauth.DeviceParameter)}, "client_id": {w.client.ID},
		"response_type": {"code"}, "redirect_uri": {callback}, "prompt": {"none"}}
	b.get("/oauth2/authorize?" + q.Encode())
	b.wantAt("/login", "Sign in to Acme Notes.")
	b.submit("username", "ada", "password", password)
	b.wantAt("/device/confirm", "Connect this device?")
}
