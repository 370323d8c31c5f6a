package signin_test

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/signin"
	"github.com/poolhouse/poolhouse/internal/srp"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/token"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

const relyingParty = "example.com"

// choosing is a pool whose users choose among these first factors beside the
// password, and a client for USER_AUTH.
func choosing(factors ...string) setting {
	return setting{
		pool: userpool.PoolSettings{
			PoolConfig: userpool.PoolConfig{AutoVerifiedAttributes: []string{"email"}},
			Policies: userpool.PolicySettings{SignInPolicy: &userpool.SignInPolicy{
				AllowedFirstAuthFactors: append([]string{"PASSWORD"}, factors...)}},
		},
		client: userpool.ClientSettings{ClientConfig: userpool.ClientConfig{ExplicitAuthFlows: []string{
			"ALLOW_USER_AUTH", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"}}},
	}
}

func (s setting) concealing() setting {
	s.client.PreventUserExistenceErrors = "ENABLED"
	return s
}

// choice begins USER_AUTH with further parameters in pairs.
func (w *world) choice(name string, parameters ...string) (*signin.Outcome, error) {
	w.t.Helper()
	return w.machine.Start(w.t.Context(), signin.Start{Pool: w.pool, Client: w.client, Flow: "USER_AUTH",
		Parameters: pairs(name, parameters), RelyingParty: relyingParty})
}

func (w *world) reply(o *signin.Outcome, name string, responses ...string) (*signin.Outcome, error) {
	w.t.Helper()
	return w.respond(o.Challenge, o.Session, pairs(name, responses))
}

func pairs(name string, list []string) map[string]string {
	m := map[string]string{"USERNAME": name}
	for p := range slices.Chunk(list, 2) {
		m[p[0]] = p[1]
	}
	return m
}

func wantAvailable(t *testing.T, o *signin.Outcome, want ...string) {
	t.Helper()
	if !slices.Equal(o.Available, want) {
		t.Errorf("available %v, want %v", o.Available, want)
	}
}

// wantMethods holds an access token to its amr claim and returns it.
func (w *world) wantMethods(t *testing.T, set *token.Set, want ...string) *token.Access {
	t.Helper()
	access, err := w.tokens.Authenticate(t.Context(), set.AccessToken)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(access.Claims.AMR, want) {
		t.Errorf("amr %v, want %v", access.Claims.AMR, want)
	}
	return access
}

func TestChoice(t *testing.T) {
	w := newWorld(t, choosing("EMAIL_OTP"))
	w.user("ada", userpool.StatusConfirmed)

	o, err := w.choice("ada")
	wantChallenge(t, o, err, "SELECT_CHALLENGE", map[string]string{})
	wantAvailable(t, o, "PASSWORD_SRP", "PASSWORD", "EMAIL_OTP")
	for _, factor := range []string{"WEB_AUTHN", "SMS_OTP", "PASSWORD_VERIFIER"} {
		_, err := w.reply(o, "ada", "ANSWER", factor)
		wantFault(t, err, fault.InvalidParameter, factor+" is not an available challenge.")
	}
	_, err = w.reply(o, "ada")
	wantFault(t, err, fault.InvalidParameter, "Missing required parameter ANSWER")

	t.Run("password beside the answer", func(t *testing.T) {
		_, err := w.reply(o, "ada", "ANSWER", "PASSWORD", "PASSWORD", "wrong")
		wantFault(t, err, fault.NotAuthorized, "Incorrect username or password.")
		set, err := w.reply(o, "ada", "ANSWER", "PASSWORD", "PASSWORD", password)
		w.wantMethods(t, wantTokens(t, set, err), "pwd")
		_, err = w.reply(o, "ada", "ANSWER", "PASSWORD", "PASSWORD", password)
		wantFault(t, err, fault.NotAuthorized, "Invalid session for the user, session can only be used once.")
	})
	t.Run("password in two steps", func(t *testing.T) {
		o, err := w.choice("ada", "PREFERRED_CHALLENGE", "PASSWORD")
		wantChallenge(t, o, err, "PASSWORD", map[string]string{})
		wantAvailable(t, o, "PASSWORD")
		set, err := w.reply(o, "ada", "PASSWORD", password)
		wantTokens(t, set, err)
		_, err = w.reply(o, "ada", "PASSWORD", password)
		wantFault(t, err, fault.NotAuthorized, "Invalid session for the user, session can only be used once.")
	})
	t.Run("password at once", func(t *testing.T) {
		set, err := w.choice("ada", "PREFERRED_CHALLENGE", "PASSWORD", "PASSWORD", password)
		wantTokens(t, set, err)
	})
	t.Run("SRP", func(t *testing.T) {
		for name, begin := range map[string]func(a string) (*signin.Outcome, error){
			"at once": func(a string) (*signin.Outcome, error) {
				return w.choice("ada", "PREFERRED_CHALLENGE", "PASSWORD_SRP", "SRP_A", a)
			},
			"selected": func(a string) (*signin.Outcome, error) {
				o, err := w.choice("ada")
				if err != nil {
					return nil, err
				}
				return w.reply(o, "ada", "ANSWER", "PASSWORD_SRP", "SRP_A", a)
			},
			"in two steps": func(a string) (*signin.Outcome, error) {
				o, err := w.choice("ada", "PREFERRED_CHALLENGE", "PASSWORD_SRP")
				wantChallenge(t, o, err, "PASSWORD_SRP", map[string]string{})
				return w.reply(o, "ada", "SRP_A", a)
			},
		} {
			t.Run(name, func(t *testing.T) {
				c := srp.NewClient(w.pool.SRPName())
				o, err := begin(c.A())
				if err != nil || o.Challenge != "PASSWORD_VERIFIER" {
					t.Fatalf("%+v, %v", o, err)
				}
				set, err := w.respond("PASSWORD_VERIFIER", "", w.claim(c, o, password))
				w.wantMethods(t, wantTokens(t, set, err), "pwd")
			})
		}
		_, err := w.choice("ada", "PREFERRED_CHALLENGE", "PASSWORD_SRP", "SRP_A", "00")
		wantFault(t, err, fault.InvalidParameter, "Invalid SRP_A value")
	})
	t.Run("code", func(t *testing.T) {
		o, err := w.choice("ada", "PREFERRED_CHALLENGE", "EMAIL_OTP")
		wantChallenge(t, o, err, "EMAIL_OTP", map[string]string{
			"CODE_DELIVERY_DELIVERY_MEDIUM": "EMAIL", "CODE_DELIVERY_DESTINATION": "a***@e***"})
		wantAvailable(t, o, "EMAIL_OTP")
		code := w.sent().Code
		if len(code) != 8 || w.sent().To != "ada@example.com" || w.sent().Source != "CustomMessage_Authentication" {
			t.Errorf("sent %+v", w.sent())
		}
		_, err = w.reply(o, "ada", "EMAIL_OTP_CODE", wrong(code))
		wantFault(t, err, fault.CodeMismatch, wrongCode)
		set, err := w.reply(o, "ada", "EMAIL_OTP_CODE", code)
		access := w.wantMethods(t, wantTokens(t, set, err), "email_otp")
		if access.User.Attributes["email_verified"] != "true" {
			t.Error("the code did not verify the address")
		}
		_, err = w.reply(o, "ada", "EMAIL_OTP_CODE", code)
		wantFault(t, err, fault.NotAuthorized, "Invalid session for the user, session can only be used once.")
		other, err := w.choice("ada", "PREFERRED_CHALLENGE", "EMAIL_OTP")
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.reply(other, "ada", "EMAIL_OTP_CODE", code)
		wantFault(t, err, fault.CodeMismatch, wrongCode)
	})
	t.Run("a preference that cannot be had", func(t *testing.T) {
		o, err := w.choice("ada", "PREFERRED_CHALLENGE", "WEB_AUTHN")
		wantChallenge(t, o, err, "SELECT_CHALLENGE", map[string]string{})
	})
	t.Run("expired", func(t *testing.T) {
		w.advance(3 * time.Minute)
		_, err := w.reply(o, "ada", "ANSWER", "EMAIL_OTP")
		wantFault(t, err, fault.NotAuthorized, "Invalid session for the user, session is expired.")
	})
}

// TestPasswordless goes from signing up without a password to signing in.
func TestPasswordless(t *testing.T) {
	w := newWorld(t, choosing("EMAIL_OTP"))
	signUp := func(name string) *userpool.SignedUp {
		t.Helper()
		done, err := w.users.SignUp(t.Context(), userpool.SignUp{Pool: w.pool, Client: w.client, Username: name,
			Attributes: map[string]string{"email": name + "@example.com"}})
		if err != nil {
			t.Fatal(err)
		}
		return done
	}
	t.Run("by the code of a sign-in", func(t *testing.T) {
		signUp("ada")
		o, err := w.choice("ada")
		wantChallenge(t, o, err, "SELECT_CHALLENGE", map[string]string{})
		wantAvailable(t, o, "EMAIL_OTP")
		o, err = w.reply(o, "ada", "ANSWER", "EMAIL_OTP")
		if err != nil {
			t.Fatal(err)
		}
		set, err := w.reply(o, "ada", "EMAIL_OTP_CODE", w.sent().Code)
		access := w.wantMethods(t, wantTokens(t, set, err), "email_otp")
		if access.User.Status != userpool.StatusConfirmed || access.User.Attributes["email_verified"] != "true" {
			t.Errorf("user is %s %v", access.User.Status, access.User.Attributes)
		}
		_, err = w.passwordAuth("ada", "")
		wantFault(t, err, fault.InvalidParameter, "Missing required parameter PASSWORD")
		_, err = w.passwordAuth("ada", password)
		wantFault(t, err, fault.NotAuthorized, "Incorrect username or password.")
	})
	t.Run("by the code of the sign-up", func(t *testing.T) {
		done := signUp("bea")
		begun, err := w.machine.SignUpSession(t.Context(), w.pool, w.client, done.User, "email")
		if err != nil || begun == "" {
			t.Fatalf("session %q, %v", begun, err)
		}
		start := func(session string) (*signin.Outcome, error) {
			return w.machine.Start(t.Context(), signin.Start{Pool: w.pool, Client: w.client, Flow: "USER_AUTH", Session: session})
		}
		_, err = start(begun)
		wantFault(t, err, fault.NotAuthorized, "Invalid session for the user.")
		for name, want := range map[string]error{"ada": fault.New(fault.NotAuthorized, "Invalid session for the user."), "bea": nil} {
			if err := w.machine.CheckSignUp(t.Context(), w.pool, w.client, begun, name); !errors.Is(err, want) {
				t.Errorf("session of bea for %s: %v", name, err)
			}
		}
		confirmation, err := w.users.ConfirmSignUp(t.Context(), w.pool, w.client, "bea", w.sent().Code, false)
		if err != nil {
			t.Fatal(err)
		}
		confirmed, err := w.machine.ConfirmedSession(t.Context(), w.pool, w.client, confirmation)
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.respond("EMAIL_OTP", confirmed, map[string]string{"USERNAME": "bea", "EMAIL_OTP_CODE": "1"})
		wantFault(t, err, fault.NotAuthorized, "Invalid session for the user.")
		set, err := start(confirmed)
		w.wantMethods(t, wantTokens(t, set, err), "email_otp")
		_, err = start(confirmed)
		wantFault(t, err, fault.NotAuthorized, "Invalid session for the user, session can only be used once.")
		for name, session := range map[string]string{"challenge": challengeSession(t, w), "nonsense": "AAAA"} {
			_, err := start(session)
			if fault.CodeOf(err) != fault.NotAuthorized {
				t.Errorf("%s: %v", name, err)
			}
		}
		late, err := w.machine.ConfirmedSession(t.Context(), w.pool, w.client, confirmation)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.users.UpdateAttributes(t.Context(), w.pool, "bea", map[string]string{"email": "else@example.com"}, userpool.Writer{}); err != nil {
			t.Fatal(err)
		}
		_, err = start(late)
		wantFault(t, err, fault.NotAuthorized, "Invalid session for the user.")
	})
	t.Run("no way without a password", func(t *testing.T) {
		_, err := w.users.SignUp(t.Context(), userpool.SignUp{Pool: w.pool, Client: w.client, Username: "cat", Attributes: map[string]string{}})
		wantFault(t, err, fault.InvalidParameter, "1 validation error detected: Value at 'password' failed to satisfy constraint: Member must not be null")
		strict := newWorld(t, choosing())
		_, err = strict.users.SignUp(t.Context(), userpool.SignUp{Pool: strict.pool, Client: strict.client, Username: "cat",
			Attributes: map[string]string{"email": "cat@example.com"}})
		wantFault(t, err, fault.InvalidParameter, "1 validation error detected: Value at 'password' failed to satisfy constraint: Member must not be null")
	})
}

func challengeSession(t *testing.T, w *world) string {
	t.Helper()
	o, err := w.choice("ada")
	if err != nil {
		t.Fatal(err)
	}
	return o.Session
}

// TestUnknownUsersChooseAlike: what a name that nobody has is answered has the
// shape of what a user's is.
func TestUnknownUsersChooseAlike(t *testing.T) {
	w := newWorld(t, choosing("EMAIL_OTP", "WEB_AUTHN").concealing())
	known := "ada@example.com"
	w.user("ada", userpool.StatusConfirmed)
	w.passkey("ada")
	if _, err := w.users.Modify(t.Context(), w.pool, "ada", func(_ *store.Tx, u *store.User) error {
		u.Attributes["email"] = known
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	// A name that is shown with a passkey: half of them are.
	unknown := ""
	for i := 0; unknown == ""; i++ {
		name := strings.Repeat("x", i%40) + "y@example.com"
		if o, err := w.choice(name); err != nil {
			t.Fatal(err)
		} else if slices.Contains(o.Available, "WEB_AUTHN") {
			unknown = name
		}
	}
	a := srp.NewClient(w.pool.SRPName())
	for _, tt := range []struct {
		name       string
		parameters []string
		responses  []string // to the challenge
		refusal    *fault.Error
	}{
		{"nothing", nil, []string{"ANSWER", "PASSWORD", "PASSWORD", "wrong"}, fault.New(fault.NotAuthorized, "Incorrect username or password.")},
		{"password", []string{"PREFERRED_CHALLENGE", "PASSWORD"}, []string{"PASSWORD", "wrong"}, fault.New(fault.NotAuthorized, "Incorrect username or password.")},
		{"SRP", []string{"PREFERRED_CHALLENGE", "PASSWORD_SRP"}, []string{"SRP_A", "00"}, fault.New(fault.InvalidParameter, "Invalid SRP_A value")},
		{"SRP at once", []string{"PREFERRED_CHALLENGE", "PASSWORD_SRP", "SRP_A", a.A()}, nil, nil},
		{"code", []string{"PREFERRED_CHALLENGE", "EMAIL_OTP"}, []string{"EMAIL_OTP_CODE", "00000000"}, fault.New(fault.CodeMismatch, wrongCode)},
		{"passkey", []string{"PREFERRED_CHALLENGE", "WEB_AUTHN"}, []string{"CREDENTIAL", "{}"},
			fault.New(fault.InvalidParameter, "Invalid credential: malformed credential: type.")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var outcomes []*signin.Outcome
			for _, name := range []string{"ada", unknown} {
				o, err := w.choice(name, tt.parameters...)
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				outcomes = append(outcomes, o)
				if tt.refusal == nil {
					continue
				}
				for range 2 { // a refusal does not use the session up
					_, err = w.reply(o, name, tt.responses...)
					wantFault(t, err, tt.refusal.Code, tt.refusal.Message)
				}
			}
			real, madeUp := outcomes[0], outcomes[1]
			if real.Challenge != madeUp.Challenge || !slices.Equal(real.Available, madeUp.Available) ||
				!slices.Equal(slices.Sorted(maps.Keys(real.Parameters)), slices.Sorted(maps.Keys(madeUp.Parameters))) {
				t.Errorf("user:   %+v\nnobody: %+v", real, madeUp)
			}
		})
	}
	again, err := w.choice(unknown, "PREFERRED_CHALLENGE", "EMAIL_OTP")
	wantChallenge(t, again, err, "EMAIL_OTP", map[string]string{
		"CODE_DELIVERY_DELIVERY_MEDIUM": "EMAIL", "CODE_DELIVERY_DESTINATION": unknown[:1] + "***@e***"})
	for range 2 {
		o, err := w.choice(unknown)
		wantChallenge(t, o, err, "SELECT_CHALLENGE", map[string]string{})
		wantAvailable(t, o, "PASSWORD_SRP", "PASSWORD", "EMAIL_OTP", "WEB_AUTHN")
		// A session is used up for nobody too.
		_, err = w.reply(o, unknown, "ANSWER", "EMAIL_OTP")
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.reply(o, unknown, "ANSWER", "EMAIL_OTP")
		wantFault(t, err, fault.NotAuthorized, "Invalid session for the user, session can only be used once.")
	}
	for range 10 {
		_, err = w.reply(again, unknown, "EMAIL_OTP_CODE", "00000000")
	}
	wantFault(t, err, fault.NotAuthorized, "Password attempts exceeded")
	if n := w.messages(); n != 2 {
		t.Errorf("%d messages were sent, want two: the user's sign-up and sign-in", n)
	}

	revealing := newWorld(t, choosing("EMAIL_OTP"))
	_, err = revealing.choice("nobody")
	wantFault(t, err, fault.UserNotFound, "User does not exist.")
}

// TestDisabledUserGetsNoCode, whether the client conceals it or not.
func TestDisabledUserGetsNoCode(t *testing.T) {
	for name, s := range map[string]setting{"revealing": choosing("EMAIL_OTP"), "concealing": choosing("EMAIL_OTP").concealing()} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, s)
			w.user("dot", userpool.StatusConfirmed)
			if _, err := w.users.Modify(t.Context(), w.pool, "dot", func(_ *store.Tx, u *store.User) error { u.Enabled = false; return nil }); err != nil {
				t.Fatal(err)
			}
			before := w.messages()
			o, err := w.choice("dot", "PREFERRED_CHALLENGE", "EMAIL_OTP")
			if name == "revealing" {
				wantFault(t, err, fault.NotAuthorized, "User is disabled.")
			} else if err != nil || o.Challenge != "EMAIL_OTP" {
				t.Errorf("%+v, %v", o, err)
			}
			if w.messages() != before {
				t.Error("a code was sent")
			}
		})
	}
}

func TestTextedCode(t *testing.T) {
	s := choosing("SMS_OTP").concealing()
	s.pool.SmsConfiguration = &userpool.SmsConfiguration{SnsCallerArn: "arn:aws:iam::123456789012:role/sms"}
	s.pool.SmsAuthenticationMessage = "Hello, {####}"
	w := newWorld(t, s)
	if _, err := w.users.SignUp(t.Context(), userpool.SignUp{Pool: w.pool, Client: w.client, Username: "ada",
		Attributes: map[string]string{"phone_number": "+15550100123"}}); err != nil {
		t.Fatal(err)
	}
	o, err := w.choice("ada", "PREFERRED_CHALLENGE", "SMS_OTP")
	wantChallenge(t, o, err, "SMS_OTP", map[string]string{
		"CODE_DELIVERY_DELIVERY_MEDIUM": "SMS", "CODE_DELIVERY_DESTINATION": "+*******0123"})
	sent := w.sent()
	if sent.Body != "Hello, "+sent.Code || sent.Medium != "SMS" || sent.To != "+15550100123" || len(sent.Code) != 8 {
		t.Errorf("sent %+v", sent)
	}
	_, err = w.reply(o, "ada", "EMAIL_OTP_CODE", sent.Code)
	wantFault(t, err, fault.InvalidParameter, "Missing required parameter SMS_OTP_CODE")
	set, err := w.reply(o, "ada", "SMS_OTP_CODE", sent.Code)
	access := w.wantMethods(t, wantTokens(t, set, err), "sms")
	if access.User.Status != userpool.StatusConfirmed || access.User.Attributes["phone_number_verified"] != "true" {
		t.Errorf("user is %s %v", access.User.Status, access.User.Attributes)
	}
	nobody, err := w.choice("+15550100999", "PREFERRED_CHALLENGE", "SMS_OTP")
	wantChallenge(t, nobody, err, "SMS_OTP", map[string]string{
		"CODE_DELIVERY_DELIVERY_MEDIUM": "SMS", "CODE_DELIVERY_DESTINATION": "+*******0999"})
	_, err = w.reply(nobody, "+15550100999", "SMS_OTP_CODE", sent.Code)
	wantFault(t, err, fault.CodeMismatch, wrongCode)
}
