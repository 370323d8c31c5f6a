package signin_test

import (
	"encoding/base64"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/message"
	"github.com/poolhouse/poolhouse/internal/passkey/passkeytest"
	"github.com/poolhouse/poolhouse/internal/signin"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// passkey gives a user a passkey for the relying party.
func (w *world) passkey(name string) *passkeytest.Authenticator {
	w.t.Helper()
	a := passkeytest.New(w.t, "https://"+relyingParty)
	w.register(name, a, relyingParty)
	return a
}

func (w *world) register(name string, a *passkeytest.Authenticator, relyingParty string) {
	w.t.Helper()
	user, err := w.users.Find(w.t.Context(), w.pool, name)
	if err != nil {
		w.t.Fatal(err)
	}
	options, err := w.users.StartPasskey(w.t.Context(), w.pool, w.client, user, relyingParty)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := w.users.CompletePasskey(w.t.Context(), w.pool, w.client, user, []byte(a.Create(w.t, string(options)))); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) messages() int {
	w.t.Helper()
	var list []message.Message
	if err := w.db.View(w.t.Context(), func(tx *store.Tx) (err error) {
		list, err = message.NewOutbox(w.ring, true).List(tx, store.MessageFilter{PoolID: w.pool.ID}, 60)
		return err
	}); err != nil {
		w.t.Fatal(err)
	}
	return len(list)
}

// passkeyAuth signs in with a passkey.
func (w *world) passkeyAuth(name string, a *passkeytest.Authenticator) (*signin.Outcome, error) {
	w.t.Helper()
	o, err := w.choice(name, "PREFERRED_CHALLENGE", "WEB_AUTHN")
	if err != nil {
		return nil, err
	}
	if o.Challenge != "WEB_AUTHN" {
		w.t.Fatalf("challenge %s, want WEB_AUTHN", o.Challenge)
	}
	return w.reply(o, name, "CREDENTIAL", a.Get(w.t, o.Parameters["CREDENTIAL_REQUEST_OPTIONS"]))
}

func TestPasskeySignIn(t *testing.T) {
	w := newWorld(t, choosing("WEB_AUTHN"))
	w.user("ada", userpool.StatusConfirmed)
	o, err := w.choice("ada")
	wantChallenge(t, o, err, "SELECT_CHALLENGE", map[string]string{})
	wantAvailable(t, o, "PASSWORD_SRP", "PASSWORD")

	roaming := w.passkey("ada")
	platform := passkeytest.NewRSA(t, "https://app.example.com")
	platform.Attachment, platform.Counter = "platform", 0
	w.register("ada", platform, relyingParty)
	elsewhere := passkeytest.New(t, "https://shop.example.org")
	w.register("ada", elsewhere, "example.org")

	o, err = w.choice("ada")
	wantChallenge(t, o, err, "SELECT_CHALLENGE", map[string]string{})
	wantAvailable(t, o, "PASSWORD_SRP", "PASSWORD", "WEB_AUTHN")
	o, err = w.reply(o, "ada", "ANSWER", "WEB_AUTHN")
	if err != nil {
		t.Fatal(err)
	}
	wantAvailable(t, o, "WEB_AUTHN")
	options := o.Parameters["CREDENTIAL_REQUEST_OPTIONS"]
	for id, want := range map[string]bool{string(roaming.ID): true, string(platform.ID): true, string(elsewhere.ID): false} {
		if got := strings.Contains(options, base64.RawURLEncoding.EncodeToString([]byte(id))); got != want {
			t.Errorf("a passkey is offered: %v, want %v: %s", got, want, options)
		}
	}
	if !strings.Contains(options, `"rpId":"example.com"`) || !strings.Contains(options, `"userVerification":"preferred"`) {
		t.Errorf("options %s", options)
	}
	credential := roaming.Get(t, options)
	set, err := w.reply(o, "ada", "CREDENTIAL", credential)
	w.wantMethods(t, wantTokens(t, set, err), "hwk")
	_, err = w.reply(o, "ada", "CREDENTIAL", credential)
	wantFault(t, err, fault.NotAuthorized, "Invalid session for the user, session can only be used once.")
	for range 2 { // one that does not count
		set, err = w.passkeyAuth("ada", platform)
		w.wantMethods(t, wantTokens(t, set, err), "swk")
	}
}

func TestPasskeySignInIsRefused(t *testing.T) {
	w := newWorld(t, choosing("WEB_AUTHN").concealing())
	w.user("ada", userpool.StatusConfirmed)
	w.user("bob", userpool.StatusConfirmed)
	bobs := w.passkey("bob")
	for _, tt := range []struct {
		name   string
		change func(a *passkeytest.Authenticator, other *passkeytest.Authenticator)
		of     string // whose challenge is answered
	}{
		{"other origin", func(a, _ *passkeytest.Authenticator) { a.Origin = "https://evil.example" }, ""},
		{"other relying party", func(a, _ *passkeytest.Authenticator) { a.RelyingParty = "example.org" }, ""},
		{"a registration", func(a, _ *passkeytest.Authenticator) { a.Type = "webauthn.create" }, ""},
		{"a stranger's authenticator", func(a, other *passkeytest.Authenticator) { *a = *other }, ""},
		{"a stranger's authenticator with the id of the user's", func(a, other *passkeytest.Authenticator) { id := a.ID; *a = *other; a.ID = id }, ""},
		{"for another user", func(a, _ *passkeytest.Authenticator) { a.UserHandle = []byte("else") }, ""},
		{"a counter that stands still", func(a, _ *passkeytest.Authenticator) { a.Counter = 1 }, ""},
		{"a counter that ends", func(a, _ *passkeytest.Authenticator) { a.Counter = 0 }, ""},
		{"another user's passkey", func(a, _ *passkeytest.Authenticator) { *a = *bobs }, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := w.passkey("ada")
			good := *a
			tt.change(a, passkeytest.New(t, "https://example.com"))
			var log strings.Builder
			w.machine.LogTo(slog.New(slog.NewTextHandler(&log, nil)))
			_, err := w.passkeyAuth("ada", a)
			wantFault(t, err, fault.NotAuthorized, "Incorrect username or password.")
			if logged := strings.Contains(log.String(), "may be a copy"); logged != strings.Contains(tt.name, "counter") {
				t.Errorf("log %q", log.String())
			}
			o, err := w.passkeyAuth("ada", &good) // and no harm is done
			wantTokens(t, o, err)
		})
	}
	t.Run("another challenge", func(t *testing.T) {
		a := w.passkey("ada")
		first, err := w.choice("ada", "PREFERRED_CHALLENGE", "WEB_AUTHN")
		if err != nil {
			t.Fatal(err)
		}
		second, err := w.choice("ada", "PREFERRED_CHALLENGE", "WEB_AUTHN")
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.reply(second, "ada", "CREDENTIAL", a.Get(t, first.Parameters["CREDENTIAL_REQUEST_OPTIONS"]))
		wantFault(t, err, fault.NotAuthorized, "Incorrect username or password.")
	})
	t.Run("a made-up passkey", func(t *testing.T) {
		name := "nobody"
		var o *signin.Outcome
		for o == nil || o.Challenge != "WEB_AUTHN" {
			var err error
			if o, err = w.choice(name, "PREFERRED_CHALLENGE", "WEB_AUTHN"); err != nil {
				t.Fatal(err)
			}
			if o.Challenge != "WEB_AUTHN" {
				name += "y"
			}
		}
		_, err := w.reply(o, name, "CREDENTIAL", passkeytest.New(t, "https://example.com").Get(t, o.Parameters["CREDENTIAL_REQUEST_OPTIONS"]))
		wantFault(t, err, fault.NotAuthorized, "Incorrect username or password.")
	})
}

// TestPasskeyCounterOnAllNodes: of two uses with one count, as a copy makes them,
// one fails.
func TestPasskeyCounterOnAllNodes(t *testing.T) {
	w := newWorld(t, choosing("WEB_AUTHN"))
	w.user("ada", userpool.StatusConfirmed)
	a := w.passkey("ada")
	var good, refused atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		o, err := w.choice("ada", "PREFERRED_CHALLENGE", "WEB_AUTHN")
		if err != nil {
			t.Fatal(err)
		}
		copied := *a
		credential := copied.Get(t, o.Parameters["CREDENTIAL_REQUEST_OPTIONS"])
		node := signin.New(w.db, w.ring, w.users, w.tokens)
		wg.Go(func() {
			_, err := node.Respond(t.Context(), signin.Response{Pool: w.pool, Client: w.client, Challenge: "WEB_AUTHN", Session: o.Session,
				Responses: map[string]string{"USERNAME": "ada", "CREDENTIAL": credential}})
			switch {
			case err == nil:
				good.Add(1)
			case errors.Is(err, fault.New(fault.NotAuthorized, "Incorrect username or password.")):
				refused.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if good.Load() != 1 || refused.Load() != 7 {
		t.Errorf("%d good, %d refused", good.Load(), refused.Load())
	}
}

func TestPasskeyAsSecondFactor(t *testing.T) {
	config := appOnly("ON")
	config.WebAuthnConfiguration = &userpool.WebAuthnConfiguration{RelyingPartyId: relyingParty, UserVerification: "required",
		FactorConfiguration: "MULTI_FACTOR_WITH_USER_VERIFICATION"}
	w := newWorld(t, choosing("WEB_AUTHN"))
	u := w.user("ada", userpool.StatusConfirmed)
	w.setMFA(config)
	w.app(u)
	a := w.passkey("ada")
	o, err := w.choice("ada")
	wantChallenge(t, o, err, "SELECT_CHALLENGE", map[string]string{})
	wantAvailable(t, o, "PASSWORD_SRP", "PASSWORD", "WEB_AUTHN")
	o, err = w.choice("ada", "PREFERRED_CHALLENGE", "PASSWORD", "PASSWORD", password)
	if err != nil || o.Challenge != "SOFTWARE_TOKEN_MFA" {
		t.Fatalf("%+v, %v", o, err)
	}
	o, err = w.passkeyAuth("ada", a)
	w.wantMethods(t, wantTokens(t, o, err), "hwk")
	a.Flags = passkeytest.Present
	_, err = w.passkeyAuth("ada", a)
	wantFault(t, err, fault.NotAuthorized, "Incorrect username or password.")
}

// passkeyAuthFor selects the passkey and signs in with it.
func (w *world) passkeyAuthFor(o *signin.Outcome, name string, a *passkeytest.Authenticator) (*signin.Outcome, error) {
	w.t.Helper()
	o, err := w.reply(o, name, "ANSWER", "WEB_AUTHN")
	if err != nil {
		return nil, err
	}
	return w.reply(o, name, "CREDENTIAL", a.Get(w.t, o.Parameters["CREDENTIAL_REQUEST_OPTIONS"]))
}
