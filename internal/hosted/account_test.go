package hosted

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/passkey/passkeytest"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

func (b *browser) account() {
	b.get("/account?client_id=" + b.client.ID + "&redirect_uri=" + url.QueryEscape(callback))
}

// withAccount is a browser whose user is at the account page.
func withAccount(t *testing.T, s setting) *browser {
	t.Helper()
	b := newSite(t, s).browser()
	b.user("ada", map[string]string{"email": "ada@example.com"})
	b.account()
	b.wantAt("/login", "Sign in")
	b.submit("username", "ada", "password", password)
	b.wantAt("/account", "Signed in as ada@example.com")
	return b
}

func TestAccountProfile(t *testing.T) {
	b := withAccount(t, setting{pool: verifiesEmail()})
	b.submit("userAttributes.name", "Ada Lovelace")
	b.wantAt("/account", "Your changes are saved.")
	b.submit("userAttributes.email", "ada@lovelace.example")
	b.wantAt("/account", "Enter the code that was sent to you.")
	if to := b.sent().To; to != "ada@lovelace.example" {
		t.Fatalf("a code went to %s", to)
	}
	b.submit("do", "verify", "attribute", "email", "answer", "000000")
	b.wantRefused("/account", "The code is wrong.")
	b.submit("do", "verify", "attribute", "email", "answer", b.sent().Code)
	b.wantAt("/account", "The address is verified.")
	b.submit("userAttributes.email", "nowhere")
	b.wantRefused("/account", "Invalid email address format.")
	b.submit("userAttributes.name", strings.Repeat("x", 2049))
	b.wantRefused("/account", "too long")
	u, err := b.Users.Find(t.Context(), b.pool, "ada")
	b.must(err)
	if u.Attributes["name"] != "Ada Lovelace" || u.Attributes["email"] != "ada@lovelace.example" || u.Attributes["email_verified"] != "true" {
		t.Errorf("attributes %v", u.Attributes)
	}
}

func TestAccountPassword(t *testing.T) {
	b := withAccount(t, setting{})
	b.submit("current", "wrong", "password", another)
	b.wantRefused("/account", "Incorrect username or password.")
	b.submit("current", password, "password", "short")
	b.wantRefused("/account", "The password does not meet the requirements.")
	b.advance(30 * time.Minute) // who knows the password need not sign in again
	b.account()
	b.submit("current", password, "password", another)
	b.wantAt("/account", "Your password is changed.")
	if strings.Contains(b.log.String(), another) || strings.Contains(b.log.String(), password) {
		t.Error("a password is in the log")
	}
}

// Whoever finds a browser that somebody left must not take the account over.
func TestAccountOfLongAgo(t *testing.T) {
	b := withAccount(t, setting{mfa: appOnly("OPTIONAL")})
	profile := b.request("userAttributes.email", "eve@example.com")
	app := b.request("do", "app")
	b.advance(11 * time.Minute)
	for _, r := range []*http.Request{profile, app} {
		b.do(r)
		b.wantAt("/login", "Sign in")
	}
	b.account()
	b.wantAt("/account", "prove again that it is you")
	if strings.Contains(b.page.body, `name="userAttributes.email"`) {
		t.Fatal("the form is there")
	}
	b.submit("do", "profile")
	b.wantAt("/login", "Sign in")
	b.submit("username", "ada", "password", password)
	b.wantAt("/account", "Signed in as ada@example.com")
	b.submit("userAttributes.email", "ada@lovelace.example")
	b.wantAt("/account", "Your changes are saved.")
}

func TestAccountApp(t *testing.T) {
	b := withAccount(t, setting{mfa: appOnly("OPTIONAL")})
	b.submit("do", "app")
	b.wantAt("/account", "Scan this with your authenticator app")
	code := b.appCode()
	b.submit("answer", "000000", "name", "")
	b.wantRefused("/account", "The code is wrong.")
	b.submit("answer", code, "name", "my phone")
	b.wantAt("/account", "The authenticator app is set up.")
	other := b.site.browser()
	other.signIn("ada")
	other.wantAt("/challenge", "authenticator app")
	b.submit("do", "remove-app")
	b.wantAt("/account", "No authenticator app is set up.")
	other.signIn("ada")
	other.wantCode()
}

func TestAccountLists(t *testing.T) {
	s := takesPasskeys()
	s.pool.DeviceConfiguration = &userpool.DeviceConfiguration{}
	w := newSite(t, s)
	w.must(w.Pools.SetSessionConfig(t.Context(), w.pool.ID, userpool.SessionConfig{UserSessionTracking: "ENABLED", TokenSession: userpool.TokenSession{MaxPerUser: 20}}))
	b, other := w.browser(), w.browser()
	ada := b.user("ada", map[string]string{"email": "ada@example.com"})
	signIn := func(b *browser) {
		b.account()
		b.submit("username", "ada")
		b.submit("answer", password)
		b.wantAt("/account", "Signed in as ada@example.com")
	}
	signIn(b)
	signIn(other)
	b.account()
	b.wantAt("/account", "this browser")
	b.follow("Add a passkey")
	b.submit("answer", passkeytest.New(t, strings.TrimSuffix(b.base, "/_domain/demo")).Create(t, b.passkeyOptions()))
	b.wantAt("/account", "The passkey is added.")
	twice := b.request("do", "remove-passkey")
	b.submit("do", "remove-passkey")
	b.wantAt("/account", "There are no passkeys yet.")
	b.do(twice)
	b.wantAt("/account", "It is removed.")
	if n := len(b.devicesOf(ada)); n != 2 {
		t.Fatalf("%d devices", n)
	}
	b.submit("do", "forget-device")
	b.submit("do", "forget-device")
	b.wantAt("/account", "There are no remembered devices.")
	b.submit("do", "end-session")
	b.wantAt("/account", "It is removed.")
	other.account()
	other.wantAt("/login", "Sign in")
	signIn(other)
	b.account()
	b.submit("do", "sign-out-everywhere")
	b.wantAt("/signedOut", "You are signed out")
	for _, b := range []*browser{b, other} {
		b.account()
		b.wantAt("/login", "Sign in")
	}
}

func TestAccountSignOut(t *testing.T) {
	b := withAccount(t, setting{})
	b.submit("do", "sign-out")
	b.wantAt("/signedOut", "You can close this page.")
	b.follow("Sign in")
	b.wantAt("/login", "Sign in")
}

func TestAccountRefused(t *testing.T) {
	b := withAccount(t, setting{})
	for _, c := range []struct{ name, query, says string }{
		{"no client", "", "The app that sent you here is not known."},
		{"another's client", "client_id=1publicclient0000000000000", "The app that sent you here is not known."},
		{"a foreign address", "client_id=" + b.client.ID + "&redirect_uri=https://evil.example.com", "is not registered"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b.t = t
			b.get("/account?" + c.query)
			b.wantError("/account", c.says)
		})
	}
}
