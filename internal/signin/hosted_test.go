package signin_test

import (
	"slices"
	"testing"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/signin"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

func (w *world) hosted(flow string, parameters map[string]string) (*signin.Outcome, error) {
	return w.machine.Start(w.t.Context(), signin.Start{Pool: w.pool, Client: w.client, Hosted: true, Flow: flow, Parameters: parameters})
}

// The pages need neither the flow nor the secret that API callers of the client
// need, and get a user in place of tokens.
func TestHostedSignIn(t *testing.T) {
	s := setting{secret: "a-secret-of-the-client-0123456789"}
	s.client.ExplicitAuthFlows = []string{"ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"}
	w := newWorld(t, s)
	w.user("ada", userpool.StatusConfirmed)
	o, err := w.hosted("USER_PASSWORD_AUTH", map[string]string{"USERNAME": "ada", "PASSWORD": password})
	if err != nil || o.Tokens != nil || o.Proven == nil || o.Proven.User.Username != "ada" || !slices.Equal(o.Proven.AMR, []string{"pwd"}) {
		t.Fatalf("got %+v, %v", o, err)
	}
	_, err = w.hosted("USER_PASSWORD_AUTH", map[string]string{"USERNAME": "ada", "PASSWORD": "wrong"})
	wantFault(t, err, fault.NotAuthorized, "Incorrect username or password.")
	_, err = w.hosted("REFRESH_TOKEN_AUTH", map[string]string{"REFRESH_TOKEN": "x"})
	wantFault(t, err, fault.InvalidParameter, "Initiate Auth method not supported.")
}

// A session of the pages is good on the pages only, and one of the API there only:
// what the one did not check, the other has.
func TestHostedSessionsStayHosted(t *testing.T) {
	w := newWorld(t, setting{})
	api := w.invite("ada", password, nil)
	o, err := w.hosted("USER_PASSWORD_AUTH", map[string]string{"USERNAME": "ada", "PASSWORD": password})
	if err != nil || o.Challenge != "NEW_PASSWORD_REQUIRED" {
		t.Fatalf("got %+v, %v", o, err)
	}
	answer := map[string]string{"USERNAME": "ada", "NEW_PASSWORD": "N3w-Passw0rd"}
	respond := func(hosted bool, session string) (*signin.Outcome, error) {
		return w.machine.Respond(t.Context(), signin.Response{
			Pool: w.pool, Client: w.client, Hosted: hosted, Challenge: "NEW_PASSWORD_REQUIRED", Session: session, Responses: answer})
	}
	_, err = respond(false, o.Session)
	wantFault(t, err, fault.NotAuthorized, "Invalid session for the user.")
	_, err = respond(true, api)
	wantFault(t, err, fault.NotAuthorized, "Invalid session for the user.")
	if o, err = respond(true, o.Session); err != nil || o.Proven == nil {
		t.Fatalf("got %+v, %v", o, err)
	}
}

// A browser that is a device of the user's is taken for it, and for the second
// factor where it is remembered; that of anybody else is not.
func TestHostedDevice(t *testing.T) {
	s := setting{}
	s.pool.DeviceConfiguration = &userpool.DeviceConfiguration{ChallengeRequiredOnNewDevice: true}
	w := mfaWorld(t, appOnly("OPTIONAL"), s)
	ada, eve := w.user("ada", userpool.StatusConfirmed), w.user("eve", userpool.StatusConfirmed)
	signIn := func(name string, browsers ...string) *signin.Outcome {
		t.Helper()
		o, err := w.machine.Start(t.Context(), signin.Start{Pool: w.pool, Client: w.client, Hosted: true, Flow: "USER_PASSWORD_AUTH",
			Parameters: map[string]string{"USERNAME": name, "PASSWORD": password}, Browsers: browsers})
		if err != nil {
			t.Fatal(err)
		}
		return o
	}
	first := signIn("ada").Proven
	if first == nil || first.NewDevice == nil || first.Device != "" {
		t.Fatalf("got %+v", first)
	}
	key := first.NewDevice.Key
	if err := w.users.KeepBrowser(t.Context(), w.pool, ada.Sub, userpool.Browser{Device: first.NewDevice, Name: "Firefox"}); err != nil {
		t.Fatal(err)
	}
	w.app(ada)
	w.app(eve)
	w.prefer("ada", userpool.FactorToken)
	w.prefer("eve", userpool.FactorToken)
	for _, c := range []struct {
		name, user string
		browsers   []string
		skips      bool
	}{
		{"remembered", "ada", []string{"us-east-1_00000000-0000-4000-8000-000000000000", "no key", key}, true},
		{"none", "ada", nil, false},
		{"of another user", "eve", []string{key}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := signIn(c.user, c.browsers...)
			if skips := o.Proven != nil; skips != c.skips {
				t.Fatalf("got %+v", o)
			}
			if c.skips && (o.Proven.Device != key || o.Proven.NewDevice != nil) {
				t.Errorf("device %+v", o.Proven)
			}
		})
	}
	// The API knows the device, and nobody can prove it.
	d, err := w.users.Device(t.Context(), w.pool, ada.Sub, key)
	if err != nil || d.Name != "Firefox" || !d.Remembered {
		t.Fatalf("device %+v, %v", d, err)
	}
	if _, err := w.users.DeviceVerifier(d); err != nil {
		t.Error(err)
	}
	for _, change := range []func() error{
		func() error { return w.users.RememberDevice(t.Context(), w.pool, ada.Sub, key, false) },
		func() error { return w.users.ForgetDevice(t.Context(), w.pool, ada.Sub, key) },
	} {
		if err := change(); err != nil {
			t.Fatal(err)
		}
		if o := signIn("ada", key); o.Challenge != userpool.FactorToken {
			t.Errorf("got %+v", o)
		}
	}
}

// Another code can be had for a second factor that waits for one. The session of
// the first and that of the second are one: whichever is answered ends both.
func TestResend(t *testing.T) {
	w := mfaWorld(t, allFactors("OPTIONAL"), setting{})
	w.user("ada", userpool.StatusConfirmed)
	w.prefer("ada", userpool.FactorEmail)
	o, err := w.hosted("USER_PASSWORD_AUTH", map[string]string{"USERNAME": "ada", "PASSWORD": password})
	if err != nil || o.Challenge != userpool.FactorEmail {
		t.Fatalf("got %+v, %v", o, err)
	}
	old := w.sent().Code
	resend := func(session string, hosted bool) (*signin.Outcome, error) {
		return w.machine.Resend(t.Context(), signin.SetUp{Pool: w.pool, Client: w.client, Hosted: hosted, Session: session})
	}
	_, err = resend(o.Session, false)
	wantFault(t, err, fault.NotAuthorized, "Invalid session for the user.")
	again, err := resend(o.Session, true)
	if err != nil || again.Challenge != userpool.FactorEmail || w.sent().Code == old {
		t.Fatalf("got %+v, %v", again, err)
	}
	answer := func(session, code string) error {
		_, err := w.machine.Respond(t.Context(), signin.Response{Pool: w.pool, Client: w.client, Hosted: true, Challenge: userpool.FactorEmail,
			Session: session, Responses: map[string]string{"USERNAME": "ada", "EMAIL_OTP_CODE": code}})
		return err
	}
	wantFault(t, answer(again.Session, old), fault.CodeMismatch, "Invalid code or auth state for the user.")
	if err := answer(again.Session, w.sent().Code); err != nil {
		t.Fatal(err)
	}
	wantFault(t, answer(o.Session, old), fault.NotAuthorized, "Invalid session for the user, session can only be used once.")
	_, err = resend(o.Session, true)
	wantFault(t, err, fault.NotAuthorized, "Invalid session for the user, session can only be used once.")
	app, err := w.hosted("USER_AUTH", map[string]string{"USERNAME": "ada"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = resend(app.Session, true)
	wantFault(t, err, fault.NotAuthorized, "Invalid session for the user.")
}

// A client whose tokens must be bound to its key gets them through the pages alone:
// the operations of the API refuse it before anything is proved.
func TestBoundTokensAreForThePages(t *testing.T) {
	w := newWorld(t, setting{})
	w.user("ada", userpool.StatusConfirmed)
	before, err := w.passwordAuth("ada", password)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.pools.SetClientExtensions(t.Context(), w.pool.ID, w.client.ID, userpool.OAuthExtensions{DPoP: userpool.DPoPRequired}); err != nil {
		t.Fatal(err)
	}
	if _, w.client, err = w.pools.PoolClient(t.Context(), w.pool.ID, w.client.ID); err != nil {
		t.Fatal(err)
	}
	refusal := "Tokens of client " + w.client.ID + " must be bound to a key by DPoP"
	for flow, parameters := range map[string]map[string]string{
		"USER_PASSWORD_AUTH":       {"USERNAME": "ada", "PASSWORD": "wrong"},
		"USER_SRP_AUTH":            {"USERNAME": "nobody", "SRP_A": "02"},
		"ADMIN_USER_PASSWORD_AUTH": {"USERNAME": "ada", "PASSWORD": password},
		"REFRESH_TOKEN_AUTH":       {"REFRESH_TOKEN": before.Tokens.RefreshToken},
	} {
		_, err := w.start(flow, parameters)
		wantFault(t, err, fault.NotAuthorized, refusal)
	}
	o, err := w.hosted("USER_PASSWORD_AUTH", map[string]string{"USERNAME": "ada", "PASSWORD": password})
	if err != nil || o.Proven == nil {
		t.Errorf("on the pages: %+v, %v", o, err)
	}
}
