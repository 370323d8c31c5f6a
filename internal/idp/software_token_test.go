package idp

import (
	"encoding/base32"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/totp"
)

// newMFAAPI is newUserAPI with a pool that has MFA as mode says, by all factors
// but for those that the pool's settings leave out.
func newMFAAPI(t *testing.T, mode, factors string) (api *testAPI, in func(string) string) {
	t.Helper()
	api, in = newUserAPI(t, `,"SmsConfiguration":{"SnsCallerArn":"arn:aws:iam::123456789012:role/sms"},"EmailConfiguration":{
		"EmailSendingAccount":"DEVELOPER","SourceArn":"arn:aws:ses:us-east-1:123456789012:identity/a@example.com"}`, "")
	api.do(t, "SetUserPoolMfaConfig", in(`{"UserPoolId":"POOL","MfaConfiguration":"`+mode+`"`+factors+`}`))
	return api, in
}

const (
	appFactor   = `,"SoftwareTokenMfaConfiguration":{"Enabled":true}`
	mailFactor  = `,"EmailMfaConfiguration":{}`
	textFactor  = `,"SmsMfaConfiguration":{}`
	noFactor    = ""
	signInInput = `{"ClientId":"CLIENT","AuthFlow":"USER_PASSWORD_AUTH","AuthParameters":{"USERNAME":"ann","PASSWORD":"Passw0rd!"}}`
)

// codeOf is the code that an app with a SecretCode shows in a step from now.
func codeOf(t *testing.T, secret string, step int64) string {
	t.Helper()
	b, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret)
	if err != nil || len(secret) != 52 {
		t.Fatalf("secret code %q: %v", secret, err)
	}
	return totp.Code(b, totp.Step(time.Now())+step)
}

func TestSoftwareToken(t *testing.T) {
	api, in := newMFAAPI(t, "OPTIONAL", appFactor)
	api.refuse(t, "VerifySoftwareToken", in(`{"AccessToken":"TOKEN","UserCode":"123456"}`),
		"SoftwareTokenMFANotFoundException: Software Token MFA has not been set up for the user.")
	api.refuse(t, "AdminSetUserMFAPreference", in(`{"UserPoolId":"POOL","Username":"ann","SoftwareTokenMfaSettings":{"Enabled":true}}`),
		"InvalidParameterException: User does not have delivery config set to turn on SOFTWARE_TOKEN_MFA")
	secret := api.do(t, "AssociateSoftwareToken", in(`{"AccessToken":"TOKEN"}`))
	if secret.at("Session") != nil {
		t.Errorf("answer %v", secret.body)
	}
	verified := api.do(t, "VerifySoftwareToken", in(`{"AccessToken":"TOKEN","FriendlyDeviceName":"phone","UserCode":"`+codeOf(t, secret.text("SecretCode"), 0)+`"}`))
	if verified.text("Status") != "SUCCESS" || len(verified.body) != 1 {
		t.Errorf("answer %v", verified.body)
	}
	if got := api.do(t, "SetUserMFAPreference", in(`{"AccessToken":"TOKEN","SoftwareTokenMfaSettings":{"Enabled":true,"PreferredMfa":true}}`)); len(got.body) != 0 {
		t.Errorf("answer %v", got.body)
	}
	shows := func(operation, input, list, preferred string) {
		t.Helper()
		got := api.do(t, operation, in(input))
		if got.json("UserMFASettingList") != list || got.json("PreferredMfaSetting") != preferred {
			t.Errorf("%s shows %s, %s, want %s, %s", operation, got.json("UserMFASettingList"), got.json("PreferredMfaSetting"), list, preferred)
		}
	}
	everywhere := func(list, preferred string) {
		t.Helper()
		shows("GetUser", `{"AccessToken":"TOKEN"}`, list, preferred)
		shows("GetUserAuthFactors", `{"AccessToken":"TOKEN"}`, list, preferred)
		shows("AdminGetUser", `{"UserPoolId":"POOL","Username":"ann"}`, list, preferred)
		shows("AdminGetUserAuthFactors", `{"UserPoolId":"POOL","Username":"ann"}`, list, preferred)
	}
	everywhere(`["SOFTWARE_TOKEN_MFA"]`, `"SOFTWARE_TOKEN_MFA"`)

	// By the public operations and by the administrator's.
	o := api.do(t, "InitiateAuth", in(signInInput))
	if o.text("ChallengeName") != "SOFTWARE_TOKEN_MFA" || o.json("ChallengeParameters") != `{"FRIENDLY_DEVICE_NAME":"phone","USER_ID_FOR_SRP":"ann"}` {
		t.Errorf("answer %v", o.body)
	}
	answer := `{"ClientId":"` + in("CLIENT") + `","ChallengeName":"SOFTWARE_TOKEN_MFA","Session":"` + o.text("Session") +
		`","ChallengeResponses":{"USERNAME":"ann","SOFTWARE_TOKEN_MFA_CODE":"` + codeOf(t, secret.text("SecretCode"), 1) + `"}}`
	api.refuse(t, "AdminRespondToAuthChallenge", strings.Replace(answer, `{`, in(`{"UserPoolId":"POOL",`), 1),
		"NotAuthorizedException: Invalid session for the user.")
	if got := api.do(t, "RespondToAuthChallenge", answer); got.text("AuthenticationResult.AccessToken") == "" {
		t.Errorf("answer %v", got.body)
	}

	if got := api.do(t, "AdminDeleteSoftwareToken", in(`{"UserPoolId":"POOL","Username":"ann"}`)); len(got.body) != 0 {
		t.Errorf("answer %v", got.body)
	}
	api.do(t, "AdminDeleteSoftwareToken", in(`{"UserPoolId":"POOL","Username":"ann"}`)) // that she has none is no error
	everywhere("null", "null")
	if got := api.do(t, "InitiateAuth", in(signInInput)); got.text("AuthenticationResult.AccessToken") == "" {
		t.Errorf("answer %v", got.body)
	}
}

func TestSoftwareTokenInSetUp(t *testing.T) {
	api, in := newMFAAPI(t, "ON", appFactor)
	o := api.do(t, "InitiateAuth", in(signInInput))
	if o.text("ChallengeName") != "MFA_SETUP" || o.json("ChallengeParameters") != `{"MFAS_CAN_SETUP":"[\"SOFTWARE_TOKEN_MFA\"]","USER_ID_FOR_SRP":"ann"}` {
		t.Errorf("answer %v", o.body)
	}
	associated := api.do(t, "AssociateSoftwareToken", `{"Session":"`+o.text("Session")+`"}`)
	code := codeOf(t, associated.text("SecretCode"), 0)
	verified := api.do(t, "VerifySoftwareToken", `{"Session":"`+associated.text("Session")+`","UserCode":"`+code+`"}`)
	set := api.do(t, "RespondToAuthChallenge", in(`{"ClientId":"CLIENT","ChallengeName":"MFA_SETUP","Session":"`+verified.text("Session")+
		`","ChallengeResponses":{"USERNAME":"ann"}}`))
	if set.text("AuthenticationResult.IdToken") == "" {
		t.Errorf("answer %v", set.body)
	}
	api.refuse(t, "SetUserMFAPreference", in(`{"AccessToken":"TOKEN","SoftwareTokenMfaSettings":{"Enabled":false}}`),
		"InvalidParameterException: The user pool requires MFA: at least one factor must stay enabled.")
}

func TestSoftwareTokenRefuses(t *testing.T) {
	api, in := newMFAAPI(t, "OPTIONAL", mailFactor)
	const off = "SoftwareTokenMFANotFoundException: Software Token MFA is not enabled by the userPool"
	const noSession = "NotAuthorizedException: Invalid session for the user."
	for _, c := range []struct{ name, operation, input, want string }{
		{"no app in this pool", "AssociateSoftwareToken", `{"AccessToken":"TOKEN"}`, off},
		{"no app in this pool", "VerifySoftwareToken", `{"AccessToken":"TOKEN","UserCode":"123456"}`, off},
		{"neither", "AssociateSoftwareToken", `{}`, "InvalidParameterException: Either AccessToken or Session is required."},
		{"neither", "VerifySoftwareToken", `{"UserCode":"123456"}`, "InvalidParameterException: Either AccessToken or Session is required."},
		{"made-up session", "AssociateSoftwareToken", `{"Session":"aaaaaaaaaaaaaaaaaaaaaaaaaaaa"}`, noSession},
		{"made-up session", "VerifySoftwareToken", `{"Session":"aaaaaaaaaaaaaaaaaaaaaaaaaaaa","UserCode":"123456"}`, noSession},
		{"made-up token", "AssociateSoftwareToken", `{"AccessToken":"abc"}`, "NotAuthorizedException: Invalid Access Token"},
		{"nobody", "AdminDeleteSoftwareToken", `{"UserPoolId":"POOL","Username":"nobody"}`, "UserNotFoundException: User does not exist."},
		{"nobody", "AdminSetUserMFAPreference", `{"UserPoolId":"POOL","Username":"nobody"}`, "UserNotFoundException: User does not exist."},
		{"nobody", "AdminGetUserAuthFactors", `{"UserPoolId":"POOL","Username":"nobody"}`, "UserNotFoundException: User does not exist."},
		{"no pool", "AdminDeleteSoftwareToken", `{"UserPoolId":"us-east-1_none","Username":"ann"}`,
			"ResourceNotFoundException: User pool us-east-1_none does not exist."},
	} {
		t.Run(fmt.Sprintf("%s %s", c.operation, c.name), func(t *testing.T) { api.refuse(t, c.operation, in(c.input), c.want) })
	}
}

func TestMFAPreferenceRefuses(t *testing.T) {
	api, in := newMFAAPI(t, "OPTIONAL", appFactor+mailFactor+textFactor)
	for name, c := range map[string]struct{ settings, want string }{
		"no phone": {`"SMSMfaSettings":{"Enabled":true}`, "InvalidParameterException: User does not have delivery config set to turn on SMS_MFA"},
		"no app": {`"SoftwareTokenMfaSettings":{"Enabled":true,"PreferredMfa":true}`,
			"InvalidParameterException: User does not have delivery config set to turn on SOFTWARE_TOKEN_MFA"},
		"preferred but not enabled": {`"EmailMfaSettings":{"PreferredMfa":true}`, "InvalidParameterException: A preferred MFA factor must be enabled."},
		"two preferred": {`"EmailMfaSettings":{"Enabled":true,"PreferredMfa":true},"SMSMfaSettings":{"Enabled":true,"PreferredMfa":true}`,
			"InvalidParameterException: Only one MFA factor can be preferred."},
		"passkeys": {`"WebAuthnMfaSettings":{"Enabled":true},"EmailMfaSettings":{"Enabled":true}`,
			"InvalidParameterException: Passkeys do not count as MFA in this user pool."},
		"one wrong of two": {`"EmailMfaSettings":{"Enabled":true},"SMSMfaSettings":{"Enabled":true}`,
			"InvalidParameterException: User does not have delivery config set to turn on SMS_MFA"},
	} {
		t.Run(name, func(t *testing.T) {
			api.refuse(t, "SetUserMFAPreference", in(`{"AccessToken":"TOKEN",`+c.settings+`}`), c.want)
			api.refuse(t, "AdminSetUserMFAPreference", in(`{"UserPoolId":"POOL","Username":"ann",`+c.settings+`}`), c.want)
			if got := api.do(t, "GetUser", in(`{"AccessToken":"TOKEN"}`)); got.at("UserMFASettingList") != nil {
				t.Errorf("a refused request left %v", got.body)
			}
		})
	}
	off, in := newMFAAPI(t, "OFF", noFactor)
	off.refuse(t, "SetUserMFAPreference", in(`{"AccessToken":"TOKEN","EmailMfaSettings":{"Enabled":true}}`),
		"InvalidParameterException: User does not have delivery config set to turn on EMAIL_OTP")
}

func TestMFAPreference(t *testing.T) {
	api, in := newMFAAPI(t, "OPTIONAL", appFactor+mailFactor+textFactor)
	api.do(t, "AdminUpdateUserAttributes", in(`{"UserPoolId":"POOL","Username":"ann","UserAttributes":[{"Name":"phone_number","Value":"+15550100"}]}`))
	for _, c := range []struct{ settings, list, preferred string }{
		{`"EmailMfaSettings":{"Enabled":true,"PreferredMfa":true}`, `["EMAIL_OTP"]`, `"EMAIL_OTP"`},
		{`"SMSMfaSettings":{"Enabled":true}`, `["EMAIL_OTP","SMS_MFA"]`, `"EMAIL_OTP"`},
		{`"SMSMfaSettings":{"Enabled":true,"PreferredMfa":true}`, `["EMAIL_OTP","SMS_MFA"]`, `"SMS_MFA"`},
		{`"SMSMfaSettings":{"Enabled":true,"PreferredMfa":false}`, `["EMAIL_OTP","SMS_MFA"]`, `null`},
		{`"SMSMfaSettings":{"Enabled":true,"PreferredMfa":true},"EmailMfaSettings":{"Enabled":false}`, `["SMS_MFA"]`, `"SMS_MFA"`},
		{`"SMSMfaSettings":{"Enabled":false,"PreferredMfa":false},"SoftwareTokenMfaSettings":{"Enabled":false}`, `null`, `null`},
	} {
		api.do(t, "SetUserMFAPreference", in(`{"AccessToken":"TOKEN",`+c.settings+`}`))
		got := api.do(t, "GetUser", in(`{"AccessToken":"TOKEN"}`))
		if got.json("UserMFASettingList") != c.list || got.json("PreferredMfaSetting") != c.preferred {
			t.Errorf("after %s: %s, %s, want %s, %s", c.settings, got.json("UserMFASettingList"), got.json("PreferredMfaSetting"), c.list, c.preferred)
		}
	}
	api.do(t, "SetUserMFAPreference", in(`{"AccessToken":"TOKEN","SMSMfaSettings":{"Enabled":true}}`))
	api.do(t, "AdminDeleteUserAttributes", in(`{"UserPoolId":"POOL","Username":"ann","UserAttributeNames":["phone_number"]}`))
	if got := api.do(t, "GetUser", in(`{"AccessToken":"TOKEN"}`)); got.at("UserMFASettingList") != nil {
		t.Errorf("without a phone number: %v", got.body)
	}
}

func TestPasskeysBesideAnotherFactor(t *testing.T) {
	api, in := newMFAAPI(t, "ON", mailFactor+`,"WebAuthnConfiguration":{"RelyingPartyId":"example.com","UserVerification":"required",
		"FactorConfiguration":"MULTI_FACTOR_WITH_USER_VERIFICATION"}`)
	set := func(settings string) string { return in(`{"AccessToken":"TOKEN",` + settings + `}`) }
	api.refuse(t, "SetUserMFAPreference", set(`"WebAuthnMfaSettings":{"Enabled":true}`),
		"InvalidParameterException: Another MFA factor must be enabled beside passkeys.")
	api.do(t, "SetUserMFAPreference", set(`"WebAuthnMfaSettings":{"Enabled":false}`))
	api.do(t, "SetUserMFAPreference", set(`"WebAuthnMfaSettings":{"Enabled":true},"EmailMfaSettings":{"Enabled":true}`))
	if got := api.do(t, "GetUser", in(`{"AccessToken":"TOKEN"}`)); got.json("UserMFASettingList") != `["EMAIL_OTP"]` {
		t.Errorf("answer %v", got.body)
	}
}

// TestRecoveryWithoutTheSecondFactor: an address that is the second factor does
// not recover the password.
func TestRecoveryWithoutTheSecondFactor(t *testing.T) {
	api, in := newMFAAPI(t, "OPTIONAL", mailFactor)
	forgot := in(`{"ClientId":"CLIENT","Username":"ann"}`)
	api.do(t, "ForgotPassword", forgot)
	api.do(t, "SetUserMFAPreference", in(`{"AccessToken":"TOKEN","EmailMfaSettings":{"Enabled":true}}`))
	api.refuse(t, "ForgotPassword", forgot,
		"InvalidParameterException: Cannot reset password for the user as there is no registered/verified email or phone_number")
	api.do(t, "UpdateUserPool", in(`{"UserPoolId":"POOL","MfaConfiguration":"OFF"}`))
	api.do(t, "ForgotPassword", forgot)
}

func TestUserAuthFactors(t *testing.T) {
	api, in := newUserAPI(t, `,"Policies":{"SignInPolicy":{"AllowedFirstAuthFactors":["PASSWORD","EMAIL_OTP"]}}`, "")
	for operation, input := range map[string]string{
		"GetUserAuthFactors": `{"AccessToken":"TOKEN"}`, "AdminGetUserAuthFactors": `{"UserPoolId":"POOL","Username":"ann"}`,
	} {
		got := api.do(t, operation, in(input))
		if got.text("Username") != "ann" || got.json("ConfiguredUserAuthFactors") != `["PASSWORD","EMAIL_OTP"]` || len(got.body) != 2 {
			t.Errorf("%s answered %v", operation, got.body)
		}
	}
}
