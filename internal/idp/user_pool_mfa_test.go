package idp

import (
	"encoding/json"
	"testing"

	"github.com/poolhouse/poolhouse/internal/userpool"
)

const (
	smsSender       = `{"SnsCallerArn":"arn:aws:iam::123456789012:role/sms"}`
	developerSender = `"EmailConfiguration":{"EmailSendingAccount":"DEVELOPER","SourceArn":"arn:aws:ses:us-east-1:123456789012:identity/id.example.com"}`
)

// What is set is shown, replaced by a request that says whether MFA is on, and
// kept by the requests of UpdateUserPool.
func TestUserPoolMfaConfig(t *testing.T) {
	a := newTestAPI(t, userpool.PoolsOptions{})
	id := a.do(t, "CreateUserPool", `{"PoolName":"p"}`).text("UserPool.Id")
	for _, tc := range []struct {
		name, operation, input string // one after the other
		want                   string // of GetUserPoolMfaConfig
	}{
		{"new pool", "UpdateUserPool", developerSender, `{"MfaConfiguration":"OFF"}`},
		{"software tokens", "SetUserPoolMfaConfig", `"MfaConfiguration":"OPTIONAL","SoftwareTokenMfaConfiguration":{"Enabled":true}`,
			`{"MfaConfiguration":"OPTIONAL","SoftwareTokenMfaConfiguration":{"Enabled":true}}`},
		{"an update keeps factors", "UpdateUserPool", `"MfaConfiguration":"ON",` + developerSender,
			`{"MfaConfiguration":"ON","SoftwareTokenMfaConfiguration":{"Enabled":true}}`},
		{"without the mode only what is named changes", "SetUserPoolMfaConfig", `"WebAuthnConfiguration":{"RelyingPartyId":"id.example.com","UserVerification":"preferred"}`,
			`{"MfaConfiguration":"ON","SoftwareTokenMfaConfiguration":{"Enabled":true},"WebAuthnConfiguration":{"RelyingPartyId":"id.example.com","UserVerification":"preferred"}}`},
		{"an update keeps passkeys", "UpdateUserPool", `"MfaConfiguration":"OPTIONAL",` + developerSender,
			`{"MfaConfiguration":"OPTIONAL","SoftwareTokenMfaConfiguration":{"Enabled":true},"WebAuthnConfiguration":{"RelyingPartyId":"id.example.com","UserVerification":"preferred"}}`},
		{"empty email configuration", "SetUserPoolMfaConfig", `"MfaConfiguration":"ON","EmailMfaConfiguration":{}`,
			`{"EmailMfaConfiguration":{},"MfaConfiguration":"ON"}`},
		{"email texts and tokens that are off", "SetUserPoolMfaConfig",
			`"MfaConfiguration":"ON","EmailMfaConfiguration":{"Message":"code {####}","Subject":"hello"},"SoftwareTokenMfaConfiguration":{"Enabled":false}`,
			`{"EmailMfaConfiguration":{"Message":"code {####}","Subject":"hello"},"MfaConfiguration":"ON","SoftwareTokenMfaConfiguration":{"Enabled":false}}`},
		{"SMS", "SetUserPoolMfaConfig", `"MfaConfiguration":"ON","SmsMfaConfiguration":{"SmsAuthenticationMessage":"code {####}","SmsConfiguration":` + smsSender + `}`,
			`{"MfaConfiguration":"ON","SmsMfaConfiguration":{"SmsAuthenticationMessage":"code {####}","SmsConfiguration":` + smsSender + `}}`},
		{"SMS as it leaves already", "SetUserPoolMfaConfig", `"MfaConfiguration":"ON","SmsMfaConfiguration":{}`,
			`{"MfaConfiguration":"ON","SmsMfaConfiguration":{"SmsConfiguration":` + smsSender + `}}`},
		{"SMS for verification only", "SetUserPoolMfaConfig", `"MfaConfiguration":"ON","SoftwareTokenMfaConfiguration":{"Enabled":true}`,
			`{"MfaConfiguration":"ON","SoftwareTokenMfaConfiguration":{"Enabled":true}}`},
		{"passkeys of two factors", "SetUserPoolMfaConfig", `"WebAuthnConfiguration":{"UserVerification":"required","FactorConfiguration":"MULTI_FACTOR_WITH_USER_VERIFICATION"}`,
			`{"MfaConfiguration":"ON","SoftwareTokenMfaConfiguration":{"Enabled":true},"WebAuthnConfiguration":{"FactorConfiguration":"MULTI_FACTOR_WITH_USER_VERIFICATION","UserVerification":"required"}}`},
		{"are a first factor where MFA is required", "UpdateUserPool", `"MfaConfiguration":"ON","Policies":{"SignInPolicy":{"AllowedFirstAuthFactors":["PASSWORD","WEB_AUTHN"]}}`,
			`{"MfaConfiguration":"ON","SoftwareTokenMfaConfiguration":{"Enabled":true},"WebAuthnConfiguration":{"FactorConfiguration":"MULTI_FACTOR_WITH_USER_VERIFICATION","UserVerification":"required"}}`},
		{"an update that turns MFA off takes the factors", "UpdateUserPool", ``,
			`{"MfaConfiguration":"OFF","SmsMfaConfiguration":{"SmsConfiguration":` + smsSender + `},"WebAuthnConfiguration":{"FactorConfiguration":"MULTI_FACTOR_WITH_USER_VERIFICATION","UserVerification":"required"}}`},
		{"all goes", "SetUserPoolMfaConfig", `"MfaConfiguration":"OFF","SoftwareTokenMfaConfiguration":{"Enabled":false}`,
			`{"MfaConfiguration":"OFF","SmsMfaConfiguration":{"SmsConfiguration":` + smsSender + `}}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			input := fill(`{"UserPoolId":"POOL"`, id, "")
			if tc.input != "" {
				input += "," + tc.input
			}
			answered := a.do(t, tc.operation, input+"}")
			shown := a.do(t, "GetUserPoolMfaConfig", fill(`{"UserPoolId":"POOL"}`, id, ""))
			if got := compact(t, shown); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
			if tc.operation == "SetUserPoolMfaConfig" && compact(t, answered) != tc.want {
				t.Errorf("it answers %s\nwant %s", compact(t, answered), tc.want)
			}
		})
	}
	described := a.do(t, "DescribeUserPool", fill(`{"UserPoolId":"POOL"}`, id, ""))
	for _, member := range []string{"MFAFactors", "WebAuthnConfiguration"} {
		if got := described.at("UserPool." + member); got != nil {
			t.Errorf("DescribeUserPool shows %s %v", member, got)
		}
	}
}

// compact is the JSON of a whole answer.
func compact(t *testing.T, got answer) string {
	t.Helper()
	text, err := json.Marshal(got.body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestSetUserPoolMfaConfigRefuses(t *testing.T) {
	const (
		together = "InvalidParameterException: Invalid MFA configuration given, can't turn off MFA and configure an MFA together."
		noFactor = "InvalidParameterException: SMS configuration and Auto verification for phone_number are required when MFA is required/optional"
	)
	a := newTestAPI(t, userpool.PoolsOptions{})
	strict := newTestAPI(t, userpool.PoolsOptions{StrictTiers: true})
	for _, tc := range []struct {
		name        string
		api         *testAPI
		pool, input string
		want        string
	}{
		{"SMS and off", a, ``, `"MfaConfiguration":"OFF","SmsMfaConfiguration":{"SmsConfiguration":` + smsSender + `}`, together},
		{"software tokens and off", a, ``, `"MfaConfiguration":"OFF","SoftwareTokenMfaConfiguration":{"Enabled":true}`, together},
		{"email in a pool that is off", a, developerSender, `"EmailMfaConfiguration":{}`, together},
		{"on without factors", a, ``, `"MfaConfiguration":"ON"`, noFactor},
		{"on with factors switched off", a, ``, `"MfaConfiguration":"OPTIONAL","SoftwareTokenMfaConfiguration":{"Enabled":false}`, noFactor},
		{"SMS for verification is no factor", a, `"SmsConfiguration":` + smsSender, `"MfaConfiguration":"ON"`, noFactor},
		{"SMS that cannot leave", a, ``, `"MfaConfiguration":"ON","SmsMfaConfiguration":{"SmsAuthenticationMessage":"code {####}"},"SoftwareTokenMfaConfiguration":{"Enabled":true}`, noFactor},
		{"email by Cognito's sender", a, ``, `"MfaConfiguration":"ON","EmailMfaConfiguration":{}`,
			"InvalidParameterException: Email MFA requires the DEVELOPER email sending account."},
		{"recovery by the only email", a, developerSender + `,"AccountRecoverySetting":{"RecoveryMechanisms":[{"Priority":1,"Name":"verified_email"}]}`,
			`"MfaConfiguration":"ON","EmailMfaConfiguration":{}`,
			"InvalidParameterException: Invalid account recovery setting parameter. Account Recovery Setting cannot use verified_email as a recovery mechanism when email MFA is configured."},
		{"recovery by the only phone", a, `"AccountRecoverySetting":{"RecoveryMechanisms":[{"Priority":1,"Name":"verified_phone_number"}]}`,
			`"MfaConfiguration":"ON","SmsMfaConfiguration":{"SmsConfiguration":` + smsSender + `}`,
			"InvalidParameterException: Invalid account recovery setting parameter. Account Recovery Setting cannot use verified_phone_number as a recovery mechanism when SMS MFA is configured."},
		{"one-time codes as first factor", a, `"Policies":{"SignInPolicy":{"AllowedFirstAuthFactors":["PASSWORD","EMAIL_OTP"]}}`, `"MfaConfiguration":"ON","SoftwareTokenMfaConfiguration":{"Enabled":true}`,
			"InvalidParameterException: EMAIL_OTP and SMS_OTP can not be allowed first auth factors when MFA is required."},
		{"passkeys of one factor", a, `"Policies":{"SignInPolicy":{"AllowedFirstAuthFactors":["PASSWORD","WEB_AUTHN"]}}`, `"MfaConfiguration":"ON","SoftwareTokenMfaConfiguration":{"Enabled":true}`,
			"InvalidParameterException: WEB_AUTHN can not be an allowed first auth factor when MFA is required, unless FactorConfiguration is MULTI_FACTOR_WITH_USER_VERIFICATION."},
		{"two factors without verification", a, ``, `"WebAuthnConfiguration":{"FactorConfiguration":"MULTI_FACTOR_WITH_USER_VERIFICATION","UserVerification":"preferred"}`,
			"InvalidParameterException: FactorConfiguration MULTI_FACTOR_WITH_USER_VERIFICATION requires UserVerification to be required."},
		{"message without a code", a, ``, `"MfaConfiguration":"ON","SmsMfaConfiguration":{"SmsAuthenticationMessage":"no code","SmsConfiguration":` + smsSender + `}`,
			`InvalidParameterException: 1 validation error detected: Value 'no code' at 'smsMfaConfiguration.smsAuthenticationMessage' failed to satisfy constraint: Member must satisfy regular expression pattern: .*\{####\}.*`},
		{"email in the lite tier", strict, `"UserPoolTier":"LITE",` + developerSender, `"MfaConfiguration":"ON","EmailMfaConfiguration":{}`,
			"FeatureUnavailableInTierException: The following features need to be disabled for the LITE pricing tier configured: Email MFA"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			pool := `{"PoolName":"p"`
			if tc.pool != "" {
				pool += "," + tc.pool
			}
			id := tc.api.do(t, "CreateUserPool", pool+"}").text("UserPool.Id")
			before := compact(t, tc.api.do(t, "GetUserPoolMfaConfig", fill(`{"UserPoolId":"POOL"}`, id, "")))
			tc.api.refuse(t, "SetUserPoolMfaConfig", fill(`{"UserPoolId":"POOL",`+tc.input+`}`, id, ""), tc.want)
			if after := compact(t, tc.api.do(t, "GetUserPoolMfaConfig", fill(`{"UserPoolId":"POOL"}`, id, ""))); after != before {
				t.Errorf("a refused request changed %s to %s", before, after)
			}
		})
	}
	for _, op := range []string{"GetUserPoolMfaConfig", "SetUserPoolMfaConfig"} {
		a.refuse(t, op, `{"UserPoolId":"us-east-1_none"}`, "ResourceNotFoundException: User pool us-east-1_none does not exist.")
	}
}
