package signin_test

import (
	"strings"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/signin"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

func TestSetUpSoftwareToken(t *testing.T) {
	w := mfaWorld(t, appOnly("ON"), setting{})
	u := w.user("ada", userpool.StatusConfirmed)
	o, err := w.srpAuth("ada", password)
	wantChallenge(t, o, err, "MFA_SETUP", map[string]string{"MFAS_CAN_SETUP": `["SOFTWARE_TOKEN_MFA"]`, "USER_ID_FOR_SRP": "ada"})
	_, err = w.respond("MFA_SETUP", o.Session, map[string]string{"USERNAME": "ada"})
	wantFault(t, err, fault.SoftwareTokenMFANotFound, "Software Token MFA has not been set up for the user.")
	_, err = w.respond("MFA_SETUP", o.Session, map[string]string{"USERNAME": "ada", "EMAIL": "thief@example.com"})
	wantFault(t, err, fault.InvalidParameter, "EMAIL_OTP can not be set up by the user.")

	at := func(session string) signin.SetUp {
		return signin.SetUp{Pool: w.pool, Client: w.client, Session: session}
	}
	if pool, client, err := w.machine.SessionOwner(o.Session); err != nil || pool != w.pool.ID || client != w.client.ID {
		t.Errorf("the session is of %s, %s (%v)", pool, client, err)
	}
	_, err = w.machine.VerifyToken(t.Context(), at(o.Session), "123456", "")
	wantFault(t, err, fault.SoftwareTokenMFANotFound, "Software Token MFA has not been set up for the user.")
	old, _, err := w.machine.AssociateToken(t.Context(), at(o.Session))
	if err != nil {
		t.Fatal(err)
	}
	text, session, err := w.machine.AssociateToken(t.Context(), at(o.Session))
	if err != nil || text == old {
		t.Fatalf("secret %q again (%v)", text, err)
	}
	secret := decode(t, text)
	_, err = w.machine.VerifyToken(t.Context(), at(session), wrong(w.code(secret)), "")
	wantFault(t, err, fault.EnableSoftwareTokenMFA, "Code mismatch")
	_, err = w.machine.VerifyToken(t.Context(), at(session), w.code(secret), strings.Repeat("x", 257))
	wantFault(t, err, fault.InvalidParameter, "FriendlyDeviceName can not be longer than 256 characters.")
	done, err := w.machine.VerifyToken(t.Context(), at(session), w.code(secret), "phone")
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.machine.VerifyToken(t.Context(), at(session), w.code(secret), "phone")
	wantFault(t, err, fault.NotAuthorized, "Invalid session for the user, session can only be used once.")
	_, _, err = w.machine.AssociateToken(t.Context(), at(done))
	wantFault(t, err, fault.NotAuthorized, "Invalid session for the user.")
	set, err := w.respond("MFA_SETUP", done, map[string]string{"USERNAME": "ada"})
	wantTokens(t, set, err)
	_, err = w.respond("MFA_SETUP", done, map[string]string{"USERNAME": "ada"})
	wantFault(t, err, fault.NotAuthorized, "Invalid session for the user, session can only be used once.")

	got, err := w.users.Find(t.Context(), w.pool, u.Sub)
	if err != nil || got.MFA.Preferred != userpool.FactorToken || len(got.MFA.Enabled) != 1 {
		t.Errorf("the user has %+v (%v)", got.MFA, err)
	}
	w.advance(time.Minute)
	o, err = w.passwordAuth("ada", password)
	wantChallenge(t, o, err, "SOFTWARE_TOKEN_MFA", map[string]string{"FRIENDLY_DEVICE_NAME": "phone", "USER_ID_FOR_SRP": "ada"})
}

// TestSetUpIsNoWayAround: who has begun a set-up with the password alone must not
// finish it once the user has a factor, or another password.
func TestSetUpIsNoWayAround(t *testing.T) {
	for name, change := range map[string]func(*world, *store.User){
		"an app": func(w *world, u *store.User) { w.app(u) },
		"another password": func(w *world, u *store.User) {
			if err := w.users.SetPassword(w.t.Context(), w.pool, u.Sub, "0ther-Passw0rd", true); err != nil {
				w.t.Fatal(err)
			}
		},
		"to reset the password": func(w *world, u *store.User) {
			if _, err := w.users.Modify(w.t.Context(), w.pool, u.Sub, func(_ *store.Tx, u *store.User) error {
				u.Status = userpool.StatusResetRequired
				return nil
			}); err != nil {
				w.t.Fatal(err)
			}
		},
		"been disabled": func(w *world, u *store.User) {
			if err := w.users.SetEnabled(w.t.Context(), w.pool, u.Sub, false); err != nil {
				w.t.Fatal(err)
			}
		},
	} {
		t.Run("the user has "+name, func(t *testing.T) {
			w := mfaWorld(t, appOnly("ON"), setting{})
			u := w.user("ada", userpool.StatusConfirmed)
			o, err := w.passwordAuth("ada", password)
			if err != nil {
				t.Fatal(err)
			}
			at := func(session string) signin.SetUp {
				return signin.SetUp{Pool: w.pool, Client: w.client, Session: session}
			}
			text, session, err := w.machine.AssociateToken(t.Context(), at(o.Session))
			if err != nil {
				t.Fatal(err)
			}
			change(w, u)
			_, err = w.machine.VerifyToken(t.Context(), at(session), w.code(decode(t, text)), "")
			wantFault(t, err, fault.NotAuthorized, "Invalid session for the user.")
			_, _, err = w.machine.AssociateToken(t.Context(), at(o.Session))
			wantFault(t, err, fault.NotAuthorized, "Invalid session for the user.")
		})
	}
}

func TestSetUpEmail(t *testing.T) {
	mail := userpool.MFAConfig{MfaConfiguration: "ON", EmailMfaConfiguration: &userpool.EmailMFA{}}
	w := mfaWorld(t, mail, setting{pool: userpool.PoolSettings{PoolConfig: userpool.PoolConfig{AccountRecoverySetting: &userpool.AccountRecoverySetting{
		RecoveryMechanisms: []userpool.RecoveryOption{{Name: "verified_phone_number", Priority: 1}}}}}})
	w.user("ada", userpool.StatusConfirmed)
	if _, err := w.users.UpdateAttributes(t.Context(), w.pool, "ada", map[string]string{"email": ""}, userpool.Writer{}); err != nil {
		t.Fatal(err)
	}
	o, err := w.passwordAuth("ada", password)
	wantChallenge(t, o, err, "MFA_SETUP", map[string]string{"MFAS_CAN_SETUP": `["EMAIL_OTP"]`, "USER_ID_FOR_SRP": "ada"})
	_, _, err = w.machine.AssociateToken(t.Context(), signin.SetUp{Pool: w.pool, Client: w.client, Session: o.Session})
	wantFault(t, err, fault.SoftwareTokenMFANotFound, "Software Token MFA is not enabled by the userPool")
	_, err = w.respond("MFA_SETUP", o.Session, map[string]string{"USERNAME": "ada", "EMAIL": "nonsense"})
	wantFault(t, err, fault.InvalidParameter, "Invalid email address format.")
	next, err := w.respond("MFA_SETUP", o.Session, map[string]string{"USERNAME": "ada", "EMAIL": "lovelace@example.org"})
	wantChallenge(t, next, err, "EMAIL_OTP", map[string]string{
		"CODE_DELIVERY_DELIVERY_MEDIUM": "EMAIL", "CODE_DELIVERY_DESTINATION": "l***@e***", "USER_ID_FOR_SRP": "ada"})
	if sent := w.sent(); sent.To != "lovelace@example.org" || sent.Subject != "Your authentication code" || sent.Body != "Your authentication code is "+sent.Code+". " {
		t.Errorf("sent %+v", sent)
	}
	if u, err := w.users.Find(t.Context(), w.pool, "ada"); err != nil || u.Attributes["email"] != "" {
		t.Errorf("the address counts before the code: %v (%v)", u.Attributes, err)
	}
	_, err = w.respond("EMAIL_OTP", next.Session, map[string]string{"USERNAME": "ada", "EMAIL_OTP_CODE": wrong(w.sent().Code)})
	wantFault(t, err, fault.CodeMismatch, wrongCode)
	set, err := w.respond("EMAIL_OTP", next.Session, map[string]string{"USERNAME": "ada", "EMAIL_OTP_CODE": w.sent().Code})
	wantTokens(t, set, err)
	u, err := w.users.Find(t.Context(), w.pool, "ada")
	if err != nil || u.Attributes["email"] != "lovelace@example.org" || u.Attributes["email_verified"] != "true" || u.MFA.Preferred != "EMAIL_OTP" {
		t.Errorf("the user is %v, %+v (%v)", u.Attributes, u.MFA, err)
	}
	o, err = w.passwordAuth("ada", password)
	wantChallenge(t, o, err, "EMAIL_OTP", map[string]string{
		"CODE_DELIVERY_DELIVERY_MEDIUM": "EMAIL", "CODE_DELIVERY_DESTINATION": "l***@e***", "USER_ID_FOR_SRP": "ada"})
}

func TestNewPasswordThenSecondFactor(t *testing.T) {
	w := mfaWorld(t, appOnly("ON"), setting{})
	session := w.invite("ada", "Temp-Passw0rd", nil)
	o, err := w.respond("NEW_PASSWORD_REQUIRED", session, map[string]string{"USERNAME": "ada", "NEW_PASSWORD": password})
	wantChallenge(t, o, err, "MFA_SETUP", map[string]string{"MFAS_CAN_SETUP": `["SOFTWARE_TOKEN_MFA"]`, "USER_ID_FOR_SRP": "ada"})
}
