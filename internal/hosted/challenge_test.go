package hosted

import (
	"context"
	"encoding/base32"
	"encoding/json"
	"html"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/passkey/passkeytest"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/totp"
	"github.com/poolhouse/poolhouse/internal/trigger"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// appCode is what an authenticator app with the key on the page shows.
func (b *browser) appCode() string {
	b.t.Helper()
	found := regexp.MustCompile(`<code class="secret">([A-Z2-7]+)</code>`).FindStringSubmatch(b.page.body)
	if found == nil {
		b.t.Fatalf("no key on the page:\n%s", b.page.body)
	}
	return b.codeOf(found[1])
}

func (b *browser) codeOf(secret string) string {
	b.t.Helper()
	raw, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret)
	b.must(err)
	return totp.Code(raw, totp.Step(b.DB.Now()))
}

// giveApp makes an authenticator app the user's second factor and returns its key.
func (b *browser) giveApp(u *store.User) string {
	b.t.Helper()
	secret, err := b.Users.AssociateToken(b.t.Context(), b.pool, u.Sub)
	b.must(err)
	b.must(b.Users.VerifyToken(b.t.Context(), b.pool, u.Sub, b.codeOf(secret), "phone"))
	b.must(b.Users.SetMFAPreference(b.t.Context(), b.pool, u.Sub,
		map[string]userpool.FactorChoice{userpool.FactorToken: {Enabled: true, Preferred: true}}))
	b.advance(time.Minute)
	return secret
}

func appOnly(mode string) *userpool.MFAConfig {
	return &userpool.MFAConfig{MfaConfiguration: mode, SoftwareTokenMfaConfiguration: &userpool.SoftwareTokenMFA{Enabled: true}}
}

func devices(prompt bool) userpool.PoolSettings {
	s := userpool.PoolSettings{}
	s.DeviceConfiguration = &userpool.DeviceConfiguration{ChallengeRequiredOnNewDevice: true, DeviceOnlyRememberedOnUserPrompt: prompt}
	return s
}

func (w *site) devicesOf(u *store.User) []*store.Device {
	w.t.Helper()
	rows, _, err := w.Users.ListDevices(w.t.Context(), w.pool, u.Sub, "", 60)
	w.must(err)
	return rows
}

// A browser whose user was asked for a second factor once is not again, as long as
// it is remembered.
func TestRememberedDevice(t *testing.T) {
	for _, c := range []struct {
		name             string
		prompt, tick     bool
		remembered, asks bool
	}{
		{"always", false, false, true, false},
		{"asked, yes", true, true, true, false},
		{"asked, no", true, false, false, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newSite(t, setting{pool: devices(c.prompt), mfa: appOnly("OPTIONAL")}).browser()
			ada := b.user("ada", map[string]string{"email": "ada@example.com"})
			secret := b.giveApp(ada)
			b.signIn("ada")
			b.wantAt("/challenge", "Enter the code that your authenticator app shows for ada.")
			if has := strings.Contains(b.page.body, `name="remember"`); has != c.prompt {
				t.Fatalf("asks to remember: %t", has)
			}
			form := []string{"answer", b.codeOf(secret)}
			if c.tick {
				form = append(form, "remember", "1")
			}
			b.submit(form...)
			b.wantCode()
			rows := b.devicesOf(ada)
			if len(rows) != 1 || rows[0].Remembered != c.remembered {
				t.Fatalf("devices %+v", rows)
			}
			b.advance(2 * time.Hour) // the session is over, the device is not
			b.signIn("ada")
			if c.asks {
				b.wantAt("/challenge", "authenticator app")
				return
			}
			b.wantCode()
			if len(b.devicesOf(ada)) != 1 {
				t.Error("another device")
			}

			stranger := b.site.browser()
			stranger.signIn("ada")
			stranger.wantAt("/challenge", "authenticator app")
			b.user("eve", map[string]string{"email": "eve@example.com"})
			b.must(b.Users.ForgetDevice(t.Context(), b.pool, ada.Sub, rows[0].Key))
			b.advance(2 * time.Hour)
			b.signIn("ada")
			b.wantAt("/challenge", "authenticator app")
		})
	}
}

// The device of one user is worth nothing for another, and nobody can change the
// cookie.
func TestDeviceCookie(t *testing.T) {
	b := newSite(t, setting{pool: devices(false), mfa: appOnly("OPTIONAL")}).browser()
	ada, eve := b.user("ada", nil), b.user("eve", nil)
	secret := b.giveApp(ada)
	b.giveApp(eve)
	b.signIn("ada")
	b.submit("answer", b.codeOf(secret))
	b.wantCode()
	b.advance(2 * time.Hour)
	b.signIn("eve")
	b.wantAt("/challenge", "for eve.")

	at, cookies := b.page.at, []*http.Cookie(nil)
	for _, c := range b.http.Jar.Cookies(at) {
		if c.Name == deviceCookie {
			c.Value = c.Value[:len(c.Value)-8] + "AAAAAAAA"
			c.Path = "/_domain/demo/"
			cookies = append(cookies, c)
		}
	}
	if len(cookies) != 1 {
		t.Fatal("no cookie of a device")
	}
	b.http.Jar.SetCookies(at, cookies)
	b.signIn("ada")
	b.wantAt("/challenge", "for ada.")
}

// chooses is a pool with more first factors than passwords.
func chooses(factors ...string) setting {
	s := setting{pool: verifiesEmail()}
	s.pool.EmailConfiguration = &userpool.EmailConfiguration{EmailSendingAccount: "DEVELOPER",
		SourceArn: "arn:aws:ses:us-east-1:123456789012:identity/a@example.com"}
	s.pool.Policies = userpool.PolicySettings{SignInPolicy: &userpool.SignInPolicy{AllowedFirstAuthFactors: append([]string{"PASSWORD"}, factors...)}}
	return s
}

func TestChooseAgainAndResend(t *testing.T) {
	b := newSite(t, chooses("EMAIL_OTP")).browser()
	b.user("ada", map[string]string{"email": "ada@example.com"})
	b.authorize()
	b.submit("username", "ada")
	b.wantAt("/challenge", "How do you want to sign in?")
	b.submit("answer", "EMAIL_OTP")
	b.wantAt("/challenge", "Enter the code that was sent to a***@e***.")
	first := b.sent().Code
	b.submit("factor", "EMAIL_OTP")
	b.wantAt("/challenge", "Enter the code that was sent to a***@e***.")
	if b.sent().Code == first {
		t.Fatal("no other code")
	}
	b.submit("answer", first)
	b.wantRefused("/challenge", "The code is wrong.")
	b.submit("username", "ada") // another way
	b.wantAt("/challenge", "How do you want to sign in?")
	b.submit("answer", "PASSWORD")
	b.submit("answer", password)
	b.wantCode()
}

// Whoever confirms with a code that could have been a sign-in is signed in by it,
// without a password.
func TestSignUpWithoutPassword(t *testing.T) {
	b := newSite(t, chooses("EMAIL_OTP")).browser()
	b.authorize()
	b.follow("Create an account")
	b.wantAt("/signup", "Password (optional)")
	b.submit("username", "ada", "userAttributes.email", "ada@example.com")
	b.submit("answer", b.sent().Code)
	b.wantCode()
}

func TestResendSecondFactor(t *testing.T) {
	s := setting{mfa: &userpool.MFAConfig{MfaConfiguration: "OPTIONAL", SoftwareTokenMfaConfiguration: &userpool.SoftwareTokenMFA{Enabled: true},
		EmailMfaConfiguration: &userpool.EmailMFA{}}}
	s.pool.EmailConfiguration = &userpool.EmailConfiguration{EmailSendingAccount: "DEVELOPER",
		SourceArn: "arn:aws:ses:us-east-1:123456789012:identity/a@example.com"}
	b := newSite(t, s).browser()
	ada := b.user("ada", map[string]string{"email": "ada@example.com"})
	b.must(b.Users.SetMFAPreference(t.Context(), b.pool, ada.Sub, map[string]userpool.FactorChoice{userpool.FactorEmail: {Enabled: true, Preferred: true}}))
	b.signIn("ada")
	b.wantAt("/challenge", "Enter the code that was sent to a***@e***.")
	first := b.sent().Code
	b.submit("resend", "1")
	b.wantAt("/challenge", "A new code is on its way to a***@e***.")
	if b.sent().Code == first {
		t.Fatal("no other code")
	}
	old := b.request("answer", b.sent().Code)
	b.submit("answer", b.sent().Code)
	b.wantCode()
	old.Body, _ = old.GetBody()
	b.do(old) // sent twice
	b.wantCode()
}

func must(data []byte, err error) json.RawMessage {
	if err != nil {
		panic(err)
	}
	return data
}

// A client that has but functions to sign in with asks for the name alone.
func TestCustomSignIn(t *testing.T) {
	arn := "arn:aws:lambda:us-east-1:123456789012:function:custom"
	s := setting{functions: trigger.Functions{arn: func(_ context.Context, event json.RawMessage) (json.RawMessage, error) {
		var e struct {
			TriggerSource string
			Request       struct {
				Session         []struct{ ChallengeResult bool }
				ChallengeAnswer string
			}
		}
		if err := json.Unmarshal(event, &e); err != nil {
			return nil, err
		}
		answer := `{"challengeName":"CUSTOM_CHALLENGE","issueTokens":false,"failAuthentication":false}`
		switch n := len(e.Request.Session); {
		case e.TriggerSource == "CreateAuthChallenge_Authentication":
			answer = `{"publicChallengeParameters":{"riddle":"six by nine"},"privateChallengeParameters":{"a":"42"}}`
		case e.TriggerSource == "VerifyAuthChallengeResponse_Authentication":
			answer = `{"answerCorrect":` + map[bool]string{true: "true", false: "false"}[e.Request.ChallengeAnswer == "42"] + `}`
		case n > 0 && e.Request.Session[n-1].ChallengeResult:
			answer = `{"issueTokens":true,"failAuthentication":false}`
		}
		var whole map[string]json.RawMessage
		err := json.Unmarshal(event, &whole)
		whole["response"] = json.RawMessage(answer)
		return must(json.Marshal(whole)), err
	}}}
	s.pool.LambdaConfig = userpool.LambdaConfig{DefineAuthChallenge: arn, CreateAuthChallenge: arn, VerifyAuthChallengeResponse: arn}
	s.client.ExplicitAuthFlows = []string{"ALLOW_CUSTOM_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"}
	b := newSite(t, s).browser()
	b.user("ada", nil)
	b.authorize()
	if strings.Contains(b.page.body, `type="password"`) {
		t.Fatal("asks for a password")
	}
	b.submit("username", "ada")
	b.wantAt("/challenge", "six by nine")
	b.submit("answer", "54")
	b.wantAt("/challenge", "six by nine")
	b.submit("answer", "42")
	b.wantCode()
}

// passkeyOptions are what the page wants the browser's script to ask for.
func (b *browser) passkeyOptions() string {
	b.t.Helper()
	found := regexp.MustCompile(`data-options="([^"]*)"`).FindStringSubmatch(b.page.body)
	if found == nil {
		b.t.Fatalf("no options at %s:\n%s", b.page.at, b.page.body)
	}
	return html.UnescapeString(found[1])
}

func takesPasskeys() setting {
	s := chooses("WEB_AUTHN")
	s.mfa = &userpool.MFAConfig{WebAuthnConfiguration: &userpool.WebAuthnConfiguration{RelyingPartyId: "localhost", UserVerification: "preferred"}}
	return s
}

func TestPasskeyIsOfferedOnce(t *testing.T) {
	b := newSite(t, takesPasskeys()).browser()
	b.user("ada", map[string]string{"email": "ada@example.com"})
	signIn := func() {
		b.authorize()
		b.submit("username", "ada")
		b.submit("answer", password)
	}
	signIn()
	b.wantAt("/passkeys/add", "Add a passkey")
	b.submit("skip", "1")
	b.wantCode()
	b.authorize("prompt", "login")
	b.get("/passkeys/add?" + b.page.at.RawQuery) // no way past the sign-in that the client wants
	b.wantAt("/login", "Sign in")
	b.advance(2 * time.Hour)
	signIn()
	b.wantCode()

	other := b.site.browser()
	b = other
	signIn()
	b.wantAt("/passkeys/add", "Not now")
	key := passkeytest.New(t, strings.TrimSuffix(b.base, "/_domain/demo"))
	b.submit("answer", "{}")
	b.wantRefused("/passkeys/add", "Something in the form is not right")
	b.submit("answer", key.Create(t, b.passkeyOptions()))
	b.wantCode()

	b.advance(2 * time.Hour)
	b.authorize()
	b.submit("username", "ada")
	b.submit("answer", "WEB_AUTHN")
	b.wantAt("/challenge", "Use your passkey")
	b.submit("answer", key.Get(t, b.passkeyOptions()))
	b.wantCode()
}

// /passkeys/add is also where applications lead, as in Cognito.
func TestAddPasskey(t *testing.T) {
	b := newSite(t, takesPasskeys()).browser()
	b.user("ada", map[string]string{"email": "ada@example.com"})
	at := "/passkeys/add?client_id=" + b.client.ID + "&redirect_uri="
	b.get(at + "https://evil.example.com")
	b.wantError("/passkeys/add", "not registered")
	b.get(at + callback)
	b.wantAt("/login", "Sign in")
	b.submit("username", "ada")
	b.submit("answer", password)
	b.wantAt("/passkeys/add", "Add a passkey")
	b.submit("answer", passkeytest.New(t, strings.TrimSuffix(b.base, "/_domain/demo")).Create(t, b.passkeyOptions()))
	if b.page.location != callback {
		t.Fatalf("to %q", b.page.location)
	}
	b.advance(11 * time.Minute)
	b.get(at + callback)
	b.wantAt("/login", "Sign in")
}
