package signin_test

import (
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

const loa = "urn:cognito:loa:"

func TestStepUp(t *testing.T) {
	w := mfaWorld(t, appOnly("OPTIONAL"), choosing("EMAIL_OTP", "WEB_AUTHN"))
	u := w.user("ada", userpool.StatusConfirmed)
	secret := w.app(u)
	w.prefer("ada") // nothing is asked for unless a level needs it
	device := w.passkey("ada")
	held := func() string {
		t.Helper()
		set, err := w.passwordAuth("ada", password)
		return wantTokens(t, set, err).AccessToken
	}
	token := held()

	t.Run("only what is missing", func(t *testing.T) {
		o, err := w.choice("ada", "TARGET_ACR_VALUES", loa+"4", "ACCESS_TOKEN", token)
		wantChallenge(t, o, err, "SOFTWARE_TOKEN_MFA", map[string]string{"FRIENDLY_DEVICE_NAME": "phone", "USER_ID_FOR_SRP": "ada"})
		_, err = w.reply(o, "ada", "SOFTWARE_TOKEN_MFA_CODE", wrong(w.code(secret)))
		if err == nil {
			t.Fatal("a wrong code led to tokens")
		}
		set, err := w.reply(o, "ada", "SOFTWARE_TOKEN_MFA_CODE", w.code(secret))
		stepped := wantTokens(t, set, err)
		w.wantMethods(t, stepped, "pwd", "otp", "mfa")
		renewed, err := w.start("REFRESH_TOKEN_AUTH", map[string]string{"REFRESH_TOKEN": stepped.RefreshToken})
		w.wantMethods(t, wantTokens(t, renewed, err), "pwd", "otp", "mfa")
		_, err = w.choice("ada", "TARGET_ACR_VALUES", loa+"4", "ACCESS_TOKEN", stepped.AccessToken)
		wantFault(t, err, fault.InvalidParameter, "The access token satisfies TARGET_ACR_VALUES already.")
	})
	t.Run("from scratch", func(t *testing.T) {
		w.advance(time.Minute)
		o, err := w.choice("ada", "TARGET_ACR_VALUES", loa+"4", "PREFERRED_CHALLENGE", "PASSWORD", "PASSWORD", password)
		if err != nil || o.Challenge != "SOFTWARE_TOKEN_MFA" {
			t.Fatalf("%+v, %v", o, err)
		}
		set, err := w.reply(o, "ada", "SOFTWARE_TOKEN_MFA_CODE", w.code(secret))
		w.wantMethods(t, wantTokens(t, set, err), "pwd", "otp", "mfa")
	})
	t.Run("what does not lead there cannot be chosen", func(t *testing.T) {
		o, err := w.choice("ada", "TARGET_ACR_VALUES", loa+"4")
		wantChallenge(t, o, err, "SELECT_CHALLENGE", map[string]string{})
		wantAvailable(t, o, "PASSWORD_SRP", "PASSWORD")
		_, err = w.reply(o, "ada", "ANSWER", "EMAIL_OTP")
		wantFault(t, err, fault.InvalidParameter, "EMAIL_OTP is not an available challenge.")
		o, err = w.choice("ada", "TARGET_ACR_VALUES", loa+"3")
		wantChallenge(t, o, err, "SELECT_CHALLENGE", map[string]string{})
		wantAvailable(t, o, "PASSWORD_SRP", "PASSWORD", "WEB_AUTHN")
		set, err := w.passkeyAuthFor(o, "ada", device)
		w.wantMethods(t, wantTokens(t, set, err), "hwk")
	})
	t.Run("too old", func(t *testing.T) {
		w.advance(time.Minute)
		o, err := w.choice("ada", "TARGET_ACR_VALUES", loa+"4", "ACCESS_TOKEN", token, "MAX_AGE", "30")
		wantChallenge(t, o, err, "SELECT_CHALLENGE", map[string]string{})
		o, err = w.choice("ada", "TARGET_ACR_VALUES", loa+"1", "ACCESS_TOKEN", token, "MAX_AGE", "30", "PREFERRED_CHALLENGE", "PASSWORD", "PASSWORD", password)
		wantTokens(t, o, err)
		o, err = w.choice("ada", "TARGET_ACR_VALUES", loa+"4", "ACCESS_TOKEN", held(), "MAX_AGE", "30")
		if err != nil || o.Challenge != "SOFTWARE_TOKEN_MFA" {
			t.Errorf("a fresh one: %+v, %v", o, err)
		}
	})
	t.Run("the next target", func(t *testing.T) {
		w.user("bob", userpool.StatusConfirmed)
		o, err := w.choice("bob", "TARGET_ACR_VALUES", loa+"4 "+loa+"3 other "+loa+"2")
		wantChallenge(t, o, err, "EMAIL_OTP", map[string]string{
			"CODE_DELIVERY_DELIVERY_MEDIUM": "EMAIL", "CODE_DELIVERY_DESTINATION": "b***@e***"})
		set, err := w.reply(o, "bob", "EMAIL_OTP_CODE", w.sent().Code)
		w.wantMethods(t, wantTokens(t, set, err), "email_otp")
		_, err = w.choice("bob", "TARGET_ACR_VALUES", loa+"4")
		wantFault(t, err, fault.InvalidParameter, "The user has no authentication factor that satisfies TARGET_ACR_VALUES.")
	})
	other, err := w.passwordAuth("bob", password)
	bobs := wantTokens(t, other, err).AccessToken
	for _, tt := range []struct {
		name       string
		parameters []string
		code       fault.Code
		message    string
	}{
		{"token without target", []string{"ACCESS_TOKEN", token}, fault.InvalidParameter, "ACCESS_TOKEN requires TARGET_ACR_VALUES."},
		{"no level of the pool", []string{"TARGET_ACR_VALUES", "a b"}, fault.InvalidParameter, "TARGET_ACR_VALUES has no authentication level of the user pool."},
		{"age is no number", []string{"TARGET_ACR_VALUES", loa + "1", "MAX_AGE", "-1"}, fault.InvalidParameter, "MAX_AGE must be a number of seconds."},
		{"bad token", []string{"TARGET_ACR_VALUES", loa + "1", "ACCESS_TOKEN", "x"}, fault.NotAuthorized, "Invalid Access Token"},
		{"another user's token", []string{"TARGET_ACR_VALUES", loa + "4", "ACCESS_TOKEN", bobs}, fault.NotAuthorized, "The access token is not of the user."},
		{"held already", []string{"TARGET_ACR_VALUES", loa + "1", "ACCESS_TOKEN", held()}, fault.InvalidParameter, "The access token satisfies TARGET_ACR_VALUES already."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := w.choice("ada", tt.parameters...)
			wantFault(t, err, tt.code, tt.message)
		})
	}
}
