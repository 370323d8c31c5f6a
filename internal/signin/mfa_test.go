package signin_test

import (
	"encoding/base32"
	"maps"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/message"
	"github.com/poolhouse/poolhouse/internal/signin"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/totp"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// mfaWorld is a world whose pool has the second factors of m.
func mfaWorld(t testing.TB, m userpool.MFAConfig, s setting) *world {
	t.Helper()
	s.pool.SmsConfiguration = &userpool.SmsConfiguration{SnsCallerArn: "arn:aws:iam::123456789012:role/sms"}
	s.pool.EmailConfiguration = &userpool.EmailConfiguration{EmailSendingAccount: "DEVELOPER",
		SourceArn: "arn:aws:ses:us-east-1:123456789012:identity/a@example.com"}
	w := newWorld(t, s)
	w.setMFA(m)
	return w
}

func (w *world) setMFA(m userpool.MFAConfig) {
	w.t.Helper()
	if _, err := w.pools.SetMFA(w.t.Context(), w.pool.ID, m); err != nil {
		w.t.Fatal(err)
	}
	var err error
	if w.pool, w.client, err = w.pools.PoolClient(w.t.Context(), w.pool.ID, w.client.ID); err != nil {
		w.t.Fatal(err)
	}
}

// allFactors are all second factors of a pool that has MFA as mode says.
func allFactors(mode string) userpool.MFAConfig {
	return userpool.MFAConfig{
		MfaConfiguration: mode, SoftwareTokenMfaConfiguration: &userpool.SoftwareTokenMFA{Enabled: true},
		EmailMfaConfiguration: &userpool.EmailMFA{Message: "Mail code {####}", Subject: "Code for {username}"},
		SmsMfaConfiguration:   &userpool.SMSMFA{SmsAuthenticationMessage: "Text code {####}"},
	}
}

func appOnly(mode string) userpool.MFAConfig {
	return userpool.MFAConfig{MfaConfiguration: mode, SoftwareTokenMfaConfiguration: &userpool.SoftwareTokenMFA{Enabled: true}}
}

// prefer sets second factors of a user, the first of them preferred.
func (w *world) prefer(name string, factors ...string) {
	w.t.Helper()
	choice := make(map[string]userpool.FactorChoice)
	for i, f := range factors {
		choice[f] = userpool.FactorChoice{Enabled: true, Preferred: i == 0}
	}
	if err := w.users.SetMFAPreference(w.t.Context(), w.pool, name, choice); err != nil {
		w.t.Fatal(err)
	}
}

// app gives a user an authenticator app by an access token's way and waits until
// the code that verified it is over.
func (w *world) app(u *store.User) (secret []byte) {
	w.t.Helper()
	text, err := w.users.AssociateToken(w.t.Context(), w.pool, u.Sub)
	if err != nil {
		w.t.Fatal(err)
	}
	secret = decode(w.t, text)
	if err := w.users.VerifyToken(w.t.Context(), w.pool, u.Sub, w.code(secret), "phone"); err != nil {
		w.t.Fatal(err)
	}
	w.advance(time.Minute)
	return secret
}

func decode(t testing.TB, text string) []byte {
	t.Helper()
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

// code is what an app shows now.
func (w *world) code(secret []byte) string { return totp.Code(secret, totp.Step(w.db.Now())) }

// sent is the newest message.
func (w *world) sent() message.Message {
	w.t.Helper()
	var list []message.Message
	err := w.db.View(w.t.Context(), func(tx *store.Tx) (err error) {
		list, err = message.NewOutbox(w.ring, true).List(tx, store.MessageFilter{PoolID: w.pool.ID}, 1)
		return err
	})
	if err != nil || len(list) == 0 {
		w.t.Fatalf("no message: %v", err)
	}
	return list[0]
}

func wantChallenge(t *testing.T, o *signin.Outcome, err error, challenge string, parameters map[string]string) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if o.Challenge != challenge || o.Session == "" || o.Tokens != nil || !maps.Equal(o.Parameters, parameters) {
		t.Fatalf("challenge %s %v, want %s %v", o.Challenge, o.Parameters, challenge, parameters)
	}
	if len(o.Session) > 2048 {
		t.Fatalf("the session has %d characters", len(o.Session))
	}
}

func wrong(code string) string {
	if code == "000000" {
		return "000001"
	}
	return "000000"
}

const wrongCode = "Invalid code or auth state for the user."

func TestSoftwareTokenSignIn(t *testing.T) {
	for _, mode := range []string{"OPTIONAL", "ON"} {
		w := mfaWorld(t, appOnly(mode), setting{})
		secret := w.app(w.user("ada", userpool.StatusConfirmed))
		w.prefer("ada", userpool.FactorToken)
		for name, signIn := range map[string]func(string, string) (*signin.Outcome, error){"password": w.passwordAuth, "SRP": w.srpAuth} {
			t.Run(mode+" "+name, func(t *testing.T) {
				w.advance(time.Minute)
				o, err := signIn("ada", password)
				wantChallenge(t, o, err, "SOFTWARE_TOKEN_MFA", map[string]string{"FRIENDLY_DEVICE_NAME": "phone", "USER_ID_FOR_SRP": "ada"})
				right := map[string]string{"USERNAME": "ada", "SOFTWARE_TOKEN_MFA_CODE": w.code(secret)}
				_, err = w.respond("SOFTWARE_TOKEN_MFA", o.Session, map[string]string{"USERNAME": "ada"})
				wantFault(t, err, fault.InvalidParameter, "Missing required parameter SOFTWARE_TOKEN_MFA_CODE")
				_, err = w.respond("SOFTWARE_TOKEN_MFA", o.Session, map[string]string{"USERNAME": "ada", "SOFTWARE_TOKEN_MFA_CODE": wrong(right["SOFTWARE_TOKEN_MFA_CODE"])})
				wantFault(t, err, fault.CodeMismatch, "Invalid code received for user")
				_, err = w.respond("SMS_MFA", o.Session, map[string]string{"USERNAME": "ada", "SMS_MFA_CODE": right["SOFTWARE_TOKEN_MFA_CODE"]})
				wantFault(t, err, fault.NotAuthorized, "Invalid session for the user.")
				set, err := w.respond("SOFTWARE_TOKEN_MFA", o.Session, right)
				wantTokens(t, set, err)
				_, err = w.respond("SOFTWARE_TOKEN_MFA", o.Session, right)
				wantFault(t, err, fault.NotAuthorized, "Invalid session for the user, session can only be used once.")

				o, err = signIn("ada", password)
				if err != nil {
					t.Fatal(err)
				}
				_, err = w.respond("SOFTWARE_TOKEN_MFA", o.Session, right)
				wantFault(t, err, fault.ExpiredCode, "Your software token has already been used once.")
			})
		}
	}
}

func TestSoftwareTokenWindow(t *testing.T) {
	w := mfaWorld(t, appOnly("OPTIONAL"), setting{})
	secret := w.app(w.user("ada", userpool.StatusConfirmed))
	w.prefer("ada", userpool.FactorToken)
	try := func(offset int64) error {
		w.advance(5 * time.Minute)
		o, err := w.passwordAuth("ada", password)
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.respond("SOFTWARE_TOKEN_MFA", o.Session, map[string]string{
			"USERNAME": "ada", "SOFTWARE_TOKEN_MFA_CODE": totp.Code(secret, totp.Step(w.db.Now())+offset)})
		return err
	}
	for _, offset := range []int64{-1, 0, 1} {
		if err := try(offset); err != nil {
			t.Errorf("the code of step %+d: %v", offset, err)
		}
	}
	wantFault(t, try(-2), fault.CodeMismatch, "Invalid code received for user")
	wantFault(t, try(2), fault.CodeMismatch, "Invalid code received for user")
}

func TestVerifyingCodeIsSpent(t *testing.T) {
	w := mfaWorld(t, appOnly("OPTIONAL"), setting{})
	u := w.user("ada", userpool.StatusConfirmed)
	text, err := w.users.AssociateToken(t.Context(), w.pool, u.Sub)
	if err != nil {
		t.Fatal(err)
	}
	code := w.code(decode(t, text))
	wantFault(t, w.users.VerifyToken(t.Context(), w.pool, u.Sub, wrong(code), ""), fault.EnableSoftwareTokenMFA, "Code mismatch")
	if err := w.users.VerifyToken(t.Context(), w.pool, u.Sub, code, ""); err != nil {
		t.Fatal(err)
	}
	o, err := w.passwordAuth("ada", password) // verified is not enabled
	wantTokens(t, o, err)
	w.prefer("ada", userpool.FactorToken)
	o, err = w.passwordAuth("ada", password)
	wantChallenge(t, o, err, "SOFTWARE_TOKEN_MFA", map[string]string{"FRIENDLY_DEVICE_NAME": "transparent", "USER_ID_FOR_SRP": "ada"})
	_, err = w.respond("SOFTWARE_TOKEN_MFA", o.Session, map[string]string{"USERNAME": "ada", "SOFTWARE_TOKEN_MFA_CODE": code})
	wantFault(t, err, fault.ExpiredCode, "Your software token has already been used once.")
}

func TestTokenCodeIsSpentOnceOnAllNodes(t *testing.T) {
	w := mfaWorld(t, appOnly("OPTIONAL"), setting{})
	secret := w.app(w.user("ada", userpool.StatusConfirmed))
	w.prefer("ada", userpool.FactorToken)
	other := signin.New(w.db, w.ring, w.users, w.tokens)
	var given atomic.Int32
	var wait sync.WaitGroup
	for i := range 4 {
		o, err := w.passwordAuth("ada", password)
		if err != nil {
			t.Fatal(err)
		}
		wait.Go(func() {
			m := w.machine
			if i%2 == 1 {
				m = other
			}
			_, err := m.Respond(t.Context(), signin.Response{Pool: w.pool, Client: w.client, Challenge: "SOFTWARE_TOKEN_MFA", Session: o.Session,
				Responses: map[string]string{"USERNAME": "ada", "SOFTWARE_TOKEN_MFA_CODE": w.code(secret)}})
			if err == nil {
				given.Add(1)
			}
		})
	}
	wait.Wait()
	if n := given.Load(); n != 1 {
		t.Errorf("one code gave tokens %d times", n)
	}
}

func TestMessageSignIn(t *testing.T) {
	for _, c := range []struct {
		challenge, parameter, attribute, to, medium, shown, subject, body string
	}{
		{"SMS_MFA", "SMS_MFA_CODE", "phone_number", "+15550100", "SMS", "+****0100", "", "Text code "},
		{"EMAIL_OTP", "EMAIL_OTP_CODE", "email", "ada@example.com", "EMAIL", "a***@e***", "Code for ada", "Mail code "},
	} {
		t.Run(c.challenge, func(t *testing.T) {
			w := mfaWorld(t, allFactors("OPTIONAL"), setting{})
			w.user("ada", userpool.StatusConfirmed)
			if _, err := w.users.UpdateAttributes(t.Context(), w.pool, "ada", map[string]string{"phone_number": "+15550100"}, userpool.Writer{}); err != nil {
				t.Fatal(err)
			}
			w.prefer("ada", c.challenge)
			parameters := map[string]string{"CODE_DELIVERY_DELIVERY_MEDIUM": c.medium, "CODE_DELIVERY_DESTINATION": c.shown, "USER_ID_FOR_SRP": "ada"}
			other, err := w.srpAuth("ada", password)
			wantChallenge(t, other, err, c.challenge, parameters)
			otherCode := w.sent().Code
			w.advance(time.Second)
			o, err := w.passwordAuth("ada", password)
			wantChallenge(t, o, err, c.challenge, parameters)
			sent := w.sent()
			if sent.To != c.to || sent.Medium != c.medium || sent.Subject != c.subject || sent.Body != c.body+sent.Code || sent.Source != "CustomMessage_Authentication" {
				t.Errorf("sent %+v", sent)
			}
			for name, code := range map[string]string{"wrong": wrong(sent.Code), "another session's": otherCode, "short": "1"} {
				if code == sent.Code {
					continue // once in a million
				}
				_, err = w.respond(c.challenge, o.Session, map[string]string{"USERNAME": "ada", c.parameter: code})
				if err == nil {
					t.Errorf("%s code was taken", name)
				}
				wantFault(t, err, fault.CodeMismatch, wrongCode)
			}
			set, err := w.respond(c.challenge, o.Session, map[string]string{"USERNAME": "ada", c.parameter: sent.Code})
			wantTokens(t, set, err)
			_, err = w.respond(c.challenge, o.Session, map[string]string{"USERNAME": "ada", c.parameter: sent.Code})
			wantFault(t, err, fault.NotAuthorized, "Invalid session for the user, session can only be used once.")
			if u, err := w.users.Find(t.Context(), w.pool, "ada"); err != nil || u.Attributes[c.attribute+"_verified"] != "true" {
				t.Errorf("%s is not verified: %v (%v)", c.attribute, u.Attributes, err)
			}
			w.advance(3 * time.Minute)
			_, err = w.respond(c.challenge, other.Session, map[string]string{"USERNAME": "ada", c.parameter: otherCode})
			wantFault(t, err, fault.NotAuthorized, "Invalid session for the user, session is expired.")
		})
	}
}

func TestCodeGoesWithItsAddress(t *testing.T) {
	w := mfaWorld(t, allFactors("OPTIONAL"), setting{})
	w.user("ada", userpool.StatusConfirmed)
	w.prefer("ada", "EMAIL_OTP")
	o, err := w.passwordAuth("ada", password)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.users.UpdateAttributes(t.Context(), w.pool, "ada", map[string]string{"email": "new@example.com"}, userpool.Writer{}); err != nil {
		t.Fatal(err)
	}
	_, err = w.respond("EMAIL_OTP", o.Session, map[string]string{"USERNAME": "ada", "EMAIL_OTP_CODE": w.sent().Code})
	wantFault(t, err, fault.NotAuthorized, "Invalid session for the user.")
}

// TestAddressOfAnother: who gets codes at an address that somebody else has
// verified as an alias may sign in by it, but does not take the name.
func TestAddressOfAnother(t *testing.T) {
	w := mfaWorld(t, allFactors("OPTIONAL"), setting{pool: userpool.PoolSettings{PoolConfig: userpool.PoolConfig{AliasAttributes: []string{"email"}}}})
	w.user("ada", userpool.StatusConfirmed)
	w.user("bob", userpool.StatusConfirmed)
	for name, set := range map[string]map[string]string{
		"ada": {"email": "both@example.com"}, "bob": {"email": "both@example.com", "email_verified": "true"},
	} {
		if _, err := w.users.UpdateAttributes(t.Context(), w.pool, name, set, userpool.Writer{}); err != nil {
			t.Fatal(err)
		}
	}
	w.prefer("ada", "EMAIL_OTP")
	o, err := w.passwordAuth("ada", password)
	if err != nil {
		t.Fatal(err)
	}
	o, err = w.respond("EMAIL_OTP", o.Session, map[string]string{"USERNAME": "ada", "EMAIL_OTP_CODE": w.sent().Code})
	wantTokens(t, o, err)
	if u, err := w.users.Find(t.Context(), w.pool, "both@example.com"); err != nil || u.Username != "bob" {
		t.Errorf("the address names %+v (%v)", u, err)
	}
	if u, err := w.users.Find(t.Context(), w.pool, "ada"); err != nil || u.Attributes["email_verified"] != "false" {
		t.Errorf("ada is %v (%v)", u.Attributes, err)
	}
}

// TestGuessesOfCodes holds what keeps a thief of the password out: wrong codes
// lock the user over all sessions, and a right password does not help.
func TestGuessesOfCodes(t *testing.T) {
	w := mfaWorld(t, appOnly("OPTIONAL"), setting{})
	secret := w.app(w.user("ada", userpool.StatusConfirmed))
	w.prefer("ada", userpool.FactorToken)
	guess := func(code string) error {
		o, err := w.passwordAuth("ada", password)
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.respond("SOFTWARE_TOKEN_MFA", o.Session, map[string]string{"USERNAME": "ada", "SOFTWARE_TOKEN_MFA_CODE": code})
		return err
	}
	for range 5 {
		wantFault(t, guess(wrong(w.code(secret))), fault.CodeMismatch, "Invalid code received for user")
	}
	wantFault(t, guess(w.code(secret)), fault.NotAuthorized, "Password attempts exceeded")
	for _, lock := range []time.Duration{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900} {
		w.advance(lock*time.Second - time.Millisecond)
		wantFault(t, guess(w.code(secret)), fault.NotAuthorized, "Password attempts exceeded")
		w.advance(time.Millisecond)
		wantFault(t, guess(wrong(w.code(secret))), fault.CodeMismatch, "Invalid code received for user")
	}
	w.advance(15 * time.Minute)
	if err := guess(w.code(secret)); err != nil {
		t.Errorf("after the lock: %v", err)
	}
	for range 5 { // counted anew after a right one
		wantFault(t, guess("12345"), fault.CodeMismatch, "Invalid code received for user")
	}
}

func TestSelectMFAType(t *testing.T) {
	w := mfaWorld(t, allFactors("OPTIONAL"), setting{})
	secret := w.app(w.user("ada", userpool.StatusConfirmed))
	choice := map[string]userpool.FactorChoice{userpool.FactorToken: {Enabled: true}, userpool.FactorEmail: {Enabled: true}}
	if err := w.users.SetMFAPreference(t.Context(), w.pool, "ada", choice); err != nil {
		t.Fatal(err)
	}
	begin := func() *signin.Outcome {
		o, err := w.passwordAuth("ada", password)
		wantChallenge(t, o, err, "SELECT_MFA_TYPE", map[string]string{"MFAS_CAN_CHOOSE": `["SOFTWARE_TOKEN_MFA","EMAIL_OTP"]`, "USER_ID_FOR_SRP": "ada"})
		return o
	}
	o := begin()
	_, err := w.respond("SELECT_MFA_TYPE", o.Session, map[string]string{"USERNAME": "ada"})
	wantFault(t, err, fault.InvalidParameter, "Missing required parameter ANSWER")
	_, err = w.respond("SELECT_MFA_TYPE", o.Session, map[string]string{"USERNAME": "ada", "ANSWER": "SMS_MFA"})
	wantFault(t, err, fault.InvalidParameter, "SMS_MFA can not be selected as the MFA type of the user.")
	next, err := w.respond("SELECT_MFA_TYPE", o.Session, map[string]string{"USERNAME": "ada", "ANSWER": "SOFTWARE_TOKEN_MFA"})
	wantChallenge(t, next, err, "SOFTWARE_TOKEN_MFA", map[string]string{"FRIENDLY_DEVICE_NAME": "phone", "USER_ID_FOR_SRP": "ada"})
	_, err = w.respond("SELECT_MFA_TYPE", o.Session, map[string]string{"USERNAME": "ada", "ANSWER": "EMAIL_OTP"})
	wantFault(t, err, fault.NotAuthorized, "Invalid session for the user, session can only be used once.")
	set, err := w.respond("SOFTWARE_TOKEN_MFA", next.Session, map[string]string{"USERNAME": "ada", "SOFTWARE_TOKEN_MFA_CODE": w.code(secret)})
	wantTokens(t, set, err)

	next, err = w.respond("SELECT_MFA_TYPE", begin().Session, map[string]string{"USERNAME": "ada", "ANSWER": "EMAIL_OTP"})
	wantChallenge(t, next, err, "EMAIL_OTP", map[string]string{
		"CODE_DELIVERY_DELIVERY_MEDIUM": "EMAIL", "CODE_DELIVERY_DESTINATION": "a***@e***", "USER_ID_FOR_SRP": "ada"})
	set, err = w.respond("EMAIL_OTP", next.Session, map[string]string{"USERNAME": "ada", "EMAIL_OTP_CODE": w.sent().Code})
	wantTokens(t, set, err)
}

func TestSecondFactorOfNobodyElse(t *testing.T) {
	w := mfaWorld(t, appOnly("OPTIONAL"), setting{})
	ada, eve := w.user("ada", userpool.StatusConfirmed), w.user("eve", userpool.StatusConfirmed)
	secrets := map[string][]byte{"ada": w.app(ada), "eve": w.app(eve)}
	w.prefer("ada", userpool.FactorToken)
	w.prefer("eve", userpool.FactorToken)
	o, err := w.passwordAuth("ada", password)
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.respond("SOFTWARE_TOKEN_MFA", o.Session, map[string]string{"USERNAME": "ada", "SOFTWARE_TOKEN_MFA_CODE": w.code(secrets["eve"])})
	wantFault(t, err, fault.CodeMismatch, "Invalid code received for user")
	_, err = w.respond("SOFTWARE_TOKEN_MFA", o.Session, map[string]string{"USERNAME": "eve", "SOFTWARE_TOKEN_MFA_CODE": w.code(secrets["eve"])})
	wantFault(t, err, fault.NotAuthorized, "Invalid session for the user.")
	other, err := w.pools.CreateClient(t.Context(), userpool.NewClient{PoolID: w.pool.ID, Name: "other"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.machine.Respond(t.Context(), signin.Response{Pool: w.pool, Client: other, Challenge: "SOFTWARE_TOKEN_MFA", Session: o.Session,
		Responses: map[string]string{"USERNAME": "ada", "SOFTWARE_TOKEN_MFA_CODE": w.code(secrets["ada"])}})
	wantFault(t, err, fault.NotAuthorized, "Invalid session for the user.")

	// An administrator takes the app away while the code is asked for.
	if err := w.users.DeleteToken(t.Context(), w.pool, "ada"); err != nil {
		t.Fatal(err)
	}
	_, err = w.respond("SOFTWARE_TOKEN_MFA", o.Session, map[string]string{"USERNAME": "ada", "SOFTWARE_TOKEN_MFA_CODE": w.code(secrets["ada"])})
	wantFault(t, err, fault.CodeMismatch, "Invalid code received for user")
	o, err = w.passwordAuth("ada", password)
	wantTokens(t, o, err)
}

func TestPasswordChangeEndsTheSecondStep(t *testing.T) {
	w := mfaWorld(t, appOnly("OPTIONAL"), setting{})
	secret := w.app(w.user("ada", userpool.StatusConfirmed))
	w.prefer("ada", userpool.FactorToken)
	o, err := w.passwordAuth("ada", password)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.users.SetPassword(t.Context(), w.pool, "ada", "0ther-Passw0rd", true); err != nil {
		t.Fatal(err)
	}
	_, err = w.respond("SOFTWARE_TOKEN_MFA", o.Session, map[string]string{"USERNAME": "ada", "SOFTWARE_TOKEN_MFA_CODE": w.code(secret)})
	wantFault(t, err, fault.NotAuthorized, "Invalid session for the user.")
}

func TestSignInCodesAreLimited(t *testing.T) {
	w := mfaWorld(t, allFactors("OPTIONAL"), setting{})
	w.user("ada", userpool.StatusConfirmed)
	w.prefer("ada", "EMAIL_OTP")
	users := userpool.NewUsers(w.db, w.ring, message.NewOutbox(w.ring, true), userpool.Limits{SignInCode: 3})
	w.machine = signin.New(w.db, w.ring, users, w.tokens)
	for range 3 {
		if _, err := w.passwordAuth("ada", password); err != nil {
			t.Fatal(err)
		}
	}
	_, err := w.srpAuth("ada", password)
	wantFault(t, err, fault.LimitExceeded, "Attempt limit exceeded, please try after some time.")
	w.advance(time.Hour)
	if _, err := w.passwordAuth("ada", password); err != nil {
		t.Error(err)
	}
}

// TestLongSessions: what does not fit into 2048 characters rests in the database.
func TestLongSessions(t *testing.T) {
	w := mfaWorld(t, appOnly("OPTIONAL"), setting{pool: userpool.PoolSettings{PoolConfig: userpool.PoolConfig{AliasAttributes: []string{"preferred_username"}}}})
	u := w.user("ada", userpool.StatusConfirmed)
	name := strings.Repeat("\u2028", 512) // JSON writes each with six bytes
	if _, err := w.users.UpdateAttributes(t.Context(), w.pool, "ada", map[string]string{"preferred_username": name}, userpool.Writer{}); err != nil {
		t.Fatal(err)
	}
	secret := w.app(u)
	w.prefer("ada", userpool.FactorToken)
	o, err := w.passwordAuth(name, password)
	wantChallenge(t, o, err, "SOFTWARE_TOKEN_MFA", map[string]string{"FRIENDLY_DEVICE_NAME": "phone", "USER_ID_FOR_SRP": "ada"})
	set, err := w.respond("SOFTWARE_TOKEN_MFA", o.Session, map[string]string{"USERNAME": name, "SOFTWARE_TOKEN_MFA_CODE": w.code(secret)})
	wantTokens(t, set, err)
	_, err = w.respond("SOFTWARE_TOKEN_MFA", o.Session, map[string]string{"USERNAME": name, "SOFTWARE_TOKEN_MFA_CODE": w.code(secret)})
	wantFault(t, err, fault.NotAuthorized, "Invalid session for the user, session can only be used once.")
}
