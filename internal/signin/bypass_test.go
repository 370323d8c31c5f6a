package signin_test

import (
	"testing"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// Whoever knows a temporary password does not choose where the codes of the second
// factor go.
func TestNewPasswordKeepsTheSecondFactor(t *testing.T) {
	const own, other = "+15550100", "+15550199"
	for _, c := range []struct {
		name      string
		has       map[string]string // beside ada@example.com
		given     string
		challenge string // "": refused
	}{
		{"another phone", map[string]string{"phone_number": own}, "phone_number", ""},
		{"another mailbox", map[string]string{}, "email", ""},
		{"a phone beside the mailbox", map[string]string{}, "phone_number", "EMAIL_OTP"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := setting{}
			s.pool.AccountRecoverySetting = &userpool.AccountRecoverySetting{
				RecoveryMechanisms: []userpool.RecoveryOption{{Name: "admin_only", Priority: 1}}}
			w := mfaWorld(t, allFactors("ON"), s)
			w.user("ada", userpool.StatusForceChangePassword)
			if len(c.has) > 0 {
				if _, err := w.users.UpdateAttributes(t.Context(), w.pool, "ada", c.has, userpool.Writer{}); err != nil {
					t.Fatal(err)
				}
			}
			o, err := w.passwordAuth("ada", password)
			wantAsked(t, o, err, "NEW_PASSWORD_REQUIRED")
			value := map[string]string{"phone_number": other, "email": "eve@example.com"}[c.given]
			o, err = w.respond("NEW_PASSWORD_REQUIRED", o.Session, map[string]string{
				"USERNAME": "ada", "NEW_PASSWORD": "Another-Passw0rd", "userAttributes." + c.given: value})
			if c.challenge == "" {
				wantFault(t, err, fault.InvalidParameter, "Cannot modify an already provided "+c.given)
				return
			}
			wantAsked(t, o, err, c.challenge)
		})
	}
}

// The names of the challenges that lead to a factor are no factors.
func TestSelectMFATypeTakesFactorsOnly(t *testing.T) {
	w := mfaWorld(t, allFactors("OPTIONAL"), setting{})
	w.app(w.user("ada", userpool.StatusConfirmed))
	if err := w.users.SetMFAPreference(t.Context(), w.pool, "ada", map[string]userpool.FactorChoice{
		userpool.FactorToken: {Enabled: true}, userpool.FactorEmail: {Enabled: true}}); err != nil {
		t.Fatal(err)
	}
	o, err := w.passwordAuth("ada", password)
	wantAsked(t, o, err, "SELECT_MFA_TYPE")
	for _, name := range []string{"SELECT_MFA_TYPE", "MFA_SETUP", "SMS_MFA", "PASSWORD"} {
		_, err := w.respond("SELECT_MFA_TYPE", o.Session, map[string]string{"USERNAME": "ada", "ANSWER": name})
		wantFault(t, err, fault.InvalidParameter, name+" can not be selected as the MFA type of the user.")
	}
}

// A temporary password is replaced only by who has proven it: neither an old
// access token nor a code is enough.
func TestNewPasswordNeedsTheOldOne(t *testing.T) {
	temporary := func(w *world) {
		t.Helper()
		if _, err := w.users.Modify(t.Context(), w.pool, "ada", func(_ *store.Tx, u *store.User) error {
			u.Status = userpool.StatusForceChangePassword
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("access token", func(t *testing.T) {
		s := choosing()
		w := mfaWorld(t, appOnly("OPTIONAL"), s)
		w.app(w.user("ada", userpool.StatusConfirmed))
		o, err := w.choice("ada", "PREFERRED_CHALLENGE", "PASSWORD", "PASSWORD", password)
		set := wantTokens(t, o, err)
		temporary(w)
		o, err = w.choice("ada", "TARGET_ACR_VALUES", "urn:cognito:loa:4", "ACCESS_TOKEN", set.AccessToken)
		wantAsked(t, o, err, "SELECT_CHALLENGE")
	})
	t.Run("code", func(t *testing.T) {
		w := newWorld(t, choosing("EMAIL_OTP"))
		w.user("ada", userpool.StatusConfirmed)
		o, err := w.choice("ada", "PREFERRED_CHALLENGE", "EMAIL_OTP")
		wantAsked(t, o, err, "EMAIL_OTP")
		temporary(w)
		_, err = w.respond("EMAIL_OTP", o.Session, map[string]string{"USERNAME": "ada", "EMAIL_OTP_CODE": w.sent().Code})
		wantFault(t, err, fault.NotAuthorized, "Invalid session for the user.")
	})
}

// A device that was remembered while the pool asked for nothing does not spare its
// user from setting a factor up.
func TestDeviceFromBeforeMFA(t *testing.T) {
	s := devices(userpool.DeviceConfiguration{ChallengeRequiredOnNewDevice: true})
	s.pool.SmsConfiguration = &userpool.SmsConfiguration{SnsCallerArn: "arn:aws:iam::123456789012:role/sms"}
	w := newWorld(t, s)
	w.user("ada", userpool.StatusConfirmed)
	d := w.newDevice("ada")
	o, err := w.passwordAuthFrom("ada", d.Key)
	wantAsked(t, o, err, "DEVICE_SRP_AUTH")
	w.setMFA(appOnly("ON"))
	o, err = w.passwordAuthFrom("ada", d.Key)
	wantAsked(t, o, err, "MFA_SETUP")
	w.setMFA(allFactors("OPTIONAL"))
	w.app(w.userCalled("ada"))
	w.prefer("ada", userpool.FactorToken)
	w.setMFA(appOnly("ON"))
	o, err = w.passwordAuthFrom("ada", d.Key)
	wantAsked(t, o, err, "DEVICE_SRP_AUTH")
	o, err = w.proveDevice(o, "ada", d)
	wantTokens(t, o, err)
}

func (w *world) userCalled(name string) *store.User {
	w.t.Helper()
	u, err := w.users.Find(w.t.Context(), w.pool, name)
	if err != nil {
		w.t.Fatal(err)
	}
	return u
}
