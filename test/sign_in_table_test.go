package test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
)

// The settings of a pool that sign-ins by password are tried with: the columns of
// the table below.
var mfaSettings = []struct {
	name string
	set  func(*cognito.SetUserPoolMfaConfigInput)
}{
	{"off", func(in *cognito.SetUserPoolMfaConfigInput) {
		in.MfaConfiguration, in.EmailMfaConfiguration, in.SoftwareTokenMfaConfiguration, in.SmsMfaConfiguration = "OFF", nil, nil, nil
	}},
	{"optional", func(*cognito.SetUserPoolMfaConfigInput) {}},
	{"required", func(in *cognito.SetUserPoolMfaConfigInput) { in.MfaConfiguration = "ON" }},
	{"apps required", func(in *cognito.SetUserPoolMfaConfigInput) {
		in.MfaConfiguration, in.EmailMfaConfiguration, in.SmsMfaConfiguration = "ON", nil, nil
	}},
	{"texts required", func(in *cognito.SetUserPoolMfaConfigInput) {
		in.MfaConfiguration, in.EmailMfaConfiguration, in.SoftwareTokenMfaConfiguration = "ON", nil, nil
	}},
}

// What users end in who may not sign in.
const (
	incorrect   = "NotAuthorizedException: Incorrect username or password."
	disabled    = "NotAuthorizedException: User is disabled."
	unconfirmed = "UserNotConfirmedException: User is not confirmed."
	mustReset   = "PasswordResetRequiredException: Password reset required for the user"
	notEligible = "NotAuthorizedException: User is not eligible for MFA."
)

// What users are asked for, as the table says it.
const (
	byApp    = "SOFTWARE_TOKEN_MFA tokens"
	bySMS    = "SMS_MFA tokens"
	byEmail  = "EMAIL_OTP tokens"
	setUpApp = "MFA_SETUP[SOFTWARE_TOKEN_MFA] tokens"
	replace  = "NEW_PASSWORD_REQUIRED "
)

// userStates are the rows: the state of a user, and what follows the password in
// each of mfaSettings.
var userStates = []struct {
	name string
	make func(u *signer) // a user with a permanent password and no address
	want [5]string
}{
	{"plain", func(*signer) {}, [5]string{
		"tokens", "tokens", "MFA_SETUP[SMS_MFA,SOFTWARE_TOKEN_MFA,EMAIL_OTP] tokens", setUpApp, "MFA_SETUP[SMS_MFA] stuck"}},
	{"email", func(u *signer) { u.set("email") }, [5]string{
		"tokens", "tokens", byEmail, setUpApp, notEligible}},
	{"phone", func(u *signer) { u.set("phone_number") }, [5]string{
		"tokens", "tokens", bySMS, setUpApp, bySMS}},
	{"email and phone", func(u *signer) { u.set("email", "phone_number") }, [5]string{
		"tokens", "tokens", "SELECT_MFA_TYPE[SMS_MFA,EMAIL_OTP] " + bySMS, setUpApp, bySMS}},
	{"app not switched on", func(u *signer) { u.registerApp() }, [5]string{
		"tokens", "tokens", byApp, byApp, "MFA_SETUP[SMS_MFA] stuck"}},
	{"app not switched on, phone", func(u *signer) { u.set("phone_number"); u.registerApp() }, [5]string{
		"tokens", "tokens", "SELECT_MFA_TYPE[SMS_MFA,SOFTWARE_TOKEN_MFA] " + bySMS, byApp, bySMS}},
	{"app not switched on, email", func(u *signer) { u.set("email"); u.registerApp() }, [5]string{
		"tokens", "tokens", "SELECT_MFA_TYPE[SOFTWARE_TOKEN_MFA,EMAIL_OTP] " + byApp, byApp, notEligible}},
	{"app", func(u *signer) { u.registerApp(); u.prefer("app") }, [5]string{
		"tokens", byApp, byApp, byApp, "MFA_SETUP[SMS_MFA] stuck"}},
	{"app preferred to texts", func(u *signer) { u.set("phone_number"); u.registerApp(); u.prefer("app", "sms") }, [5]string{
		"tokens", byApp, byApp, byApp, bySMS}},
	{"texts preferred to app", func(u *signer) { u.set("phone_number"); u.registerApp(); u.prefer("sms", "app") }, [5]string{
		"tokens", bySMS, bySMS, byApp, bySMS}},
	{"app and texts", func(u *signer) { u.set("phone_number"); u.registerApp(); u.prefer("", "sms", "app") }, [5]string{
		"tokens", "SELECT_MFA_TYPE[SMS_MFA,SOFTWARE_TOKEN_MFA] " + bySMS, "SELECT_MFA_TYPE[SMS_MFA,SOFTWARE_TOKEN_MFA] " + bySMS, byApp, bySMS}},
	{"texts", func(u *signer) { u.set("phone_number", "email"); u.prefer("sms") }, [5]string{
		"tokens", bySMS, bySMS, setUpApp, bySMS}},
	{"mails", func(u *signer) { u.set("phone_number", "email"); u.prefer("email") }, [5]string{
		"tokens", byEmail, byEmail, setUpApp, bySMS}},
	{"all three, none preferred", func(u *signer) {
		u.set("phone_number", "email")
		u.registerApp()
		u.prefer("", "sms", "app", "email")
	}, [5]string{
		"tokens", "SELECT_MFA_TYPE[SMS_MFA,SOFTWARE_TOKEN_MFA,EMAIL_OTP] " + bySMS, "SELECT_MFA_TYPE[SMS_MFA,SOFTWARE_TOKEN_MFA,EMAIL_OTP] " + bySMS, byApp, bySMS}},
	{"temporary password", func(u *signer) { u.temporary() }, [5]string{
		replace + "tokens", replace + "tokens", replace + "MFA_SETUP[SMS_MFA,SOFTWARE_TOKEN_MFA,EMAIL_OTP] tokens", replace + setUpApp, replace + "MFA_SETUP[SMS_MFA] stuck"}},
	{"temporary password, app", func(u *signer) { u.registerApp(); u.prefer("app"); u.temporary() }, [5]string{
		replace + "tokens", replace + byApp, replace + byApp, replace + byApp, replace + "MFA_SETUP[SMS_MFA] stuck"}},
	{"temporary password, phone", func(u *signer) { u.set("phone_number"); u.temporary() }, [5]string{
		replace + "tokens", replace + "tokens", replace + bySMS, replace + setUpApp, replace + bySMS}},
	{"unconfirmed", func(u *signer) { u.name += "-new"; u.signUp(u.name, u.password) }, same(unconfirmed)},
	{"must reset", func(u *signer) {
		u.set("email")
		u.updatePool(func(in *cognito.UpdateUserPoolInput) {
			in.AccountRecoverySetting = recovery("verified_email", "verified_phone_number")
		})
		must[*cognito.AdminResetUserPasswordOutput](u.t)(u.AdminResetUserPassword(u.t.Context(), &cognito.AdminResetUserPasswordInput{UserPoolId: &u.pool, Username: &u.name}))
		u.updatePool(func(*cognito.UpdateUserPoolInput) {})
	}, same(mustReset)},
	{"disabled", func(u *signer) {
		must[*cognito.AdminDisableUserOutput](u.t)(u.AdminDisableUser(u.t.Context(), &cognito.AdminDisableUserInput{UserPoolId: &u.pool, Username: &u.name}))
	}, same(disabled)},
	{"wrong password", func(u *signer) { u.set("phone_number"); u.password = "Wrong-Horse-7" }, same(incorrect)},
	{"nobody", func(u *signer) { u.name += "-nobody" }, same(incorrect)},
}

func same(text string) [5]string { return [5]string{text, text, text, text, text} }

// passwordFlows are the ways to bring a password. before is what is asked until it
// is proven, after what is asked behind everything else.
var passwordFlows = []struct {
	name          string
	flow          types.AuthFlowType
	admin         bool
	parameters    map[string]string
	before, after string
}{
	{"SRP", "USER_SRP_AUTH", false, map[string]string{"SRP_A": "SRP_A"}, "PASSWORD_VERIFIER ", ""},
	{"password", "USER_PASSWORD_AUTH", false, map[string]string{"PASSWORD": "PASSWORD"}, "", ""},
	{"administrator's password", "ADMIN_USER_PASSWORD_AUTH", true, map[string]string{"PASSWORD": "PASSWORD"}, "", ""},
	{"administrator's SRP", "USER_SRP_AUTH", true, map[string]string{"SRP_A": "SRP_A"}, "PASSWORD_VERIFIER ", ""},
	{"preferred password", "USER_AUTH", false, map[string]string{"PREFERRED_CHALLENGE": "PASSWORD", "PASSWORD": "PASSWORD"}, "", ""},
	{"chosen SRP", "USER_AUTH", true, nil, "SELECT_CHALLENGE[PASSWORD_SRP,PASSWORD] PASSWORD_VERIFIER ", ""},
	{"custom with SRP", "CUSTOM_AUTH", false, map[string]string{"CHALLENGE_NAME": "SRP_A", "SRP_A": "SRP_A"}, "PASSWORD_VERIFIER ", "CUSTOM_CHALLENGE "},
}

// TestSignInTable tries each flow that brings a password with each state of a user
// in each setting of a pool, and finds the challenges in their order.
func TestSignInTable(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, database string) {
		s := signInServer(t, database)
		for column, setting := range mfaSettings {
			t.Run(setting.name, func(t *testing.T) {
				c := s.signInPool(t, nil)
				users := make(map[string]*signer)
				for i, state := range userStates {
					want := state.want[column]
					for j, flow := range passwordFlows {
						key := state.name
						// What a sign-in uses up is made for each.
						if strings.Contains(want, "NEW_PASSWORD") || strings.Contains(want, "MFA_SETUP") || want == incorrect {
							key += flow.name
						} else {
							j = 0
						}
						if users[state.name+flow.name] = users[key]; users[key] == nil {
							u := &signer{client: c, name: fmt.Sprintf("user-%d-%d", i, j), password: password}
							u.create()
							state.make(u)
							users[key], users[state.name+flow.name] = u, u
						}
					}
				}
				c.setMFA(setting.set)
				for _, state := range userStates {
					for _, flow := range passwordFlows {
						t.Run(state.name+" by "+flow.name, func(t *testing.T) {
							u := *users[state.name+flow.name]
							u.client = c.in(t)
							u.admin = flow.admin
							want := flow.before + state.want[column]
							if begun, ok := strings.CutSuffix(want, "tokens"); ok {
								want = begun + flow.after + "tokens"
							}
							if got := u.walk(flow.flow, flow.parameters); got != want {
								t.Errorf("got  %s\nwant %s", got, want)
							}
							if u.given != nil {
								u.refreshes()
							}
						})
					}
				}
			})
		}
	})
}

// refreshes checks that what a sign-in yields renews itself, both ways.
func (u *signer) refreshes() {
	u.t.Helper()
	parameters := map[string]string{"REFRESH_TOKEN": *u.given.RefreshToken}
	a, err := u.start("REFRESH_TOKEN_AUTH", parameters)
	if err != nil {
		u.t.Fatalf("refresh: %v", err)
	}
	tokens(u.t, a.result)
}

// TestFirstFactorTable tries the choice of a first factor with each state of a
// user in each setting of a pool, and the functions' own challenges.
func TestFirstFactorTable(t *testing.T) {
	type table = []struct{ state, preferred, pick, want string }
	const passwords = "PASSWORD_SRP,PASSWORD"
	settings := []struct {
		name    string
		factors []types.AuthFactorType
		set     func(*cognito.SetUserPoolMfaConfigInput)
		cases   table
	}{
		{"off", []types.AuthFactorType{"PASSWORD", "EMAIL_OTP", "SMS_OTP", "WEB_AUTHN"}, mfaSettings[0].set, table{
			{"plain", "", "", "SELECT_CHALLENGE[" + passwords + "] PASSWORD_VERIFIER tokens"},
			{"plain", "EMAIL_OTP", "", "SELECT_CHALLENGE[" + passwords + "] PASSWORD_VERIFIER tokens"},
			{"plain", "WEB_AUTHN", "PASSWORD", "SELECT_CHALLENGE[" + passwords + "] PASSWORD tokens"},
			{"plain", "PASSWORD_SRP", "", "PASSWORD_SRP stuck"},
			{"plain", "nonsense", "nonsense", "SELECT_CHALLENGE[" + passwords + "] InvalidParameterException: nonsense is not an available challenge."},
			{"email", "", "EMAIL_OTP", "SELECT_CHALLENGE[" + passwords + ",EMAIL_OTP] EMAIL_OTP tokens"},
			{"email", "EMAIL_OTP", "", byEmail},
			{"email", "SMS_OTP", "EMAIL_OTP", "SELECT_CHALLENGE[" + passwords + ",EMAIL_OTP] EMAIL_OTP tokens"},
			{"phone", "SMS_OTP", "", "SMS_OTP tokens"},
			{"phone", "", "SMS_OTP", "SELECT_CHALLENGE[" + passwords + ",SMS_OTP] SMS_OTP tokens"},
			{"both", "", "SMS_OTP", "SELECT_CHALLENGE[" + passwords + ",EMAIL_OTP,SMS_OTP] SMS_OTP tokens"},
			{"passkey", "WEB_AUTHN", "", "WEB_AUTHN tokens"},
			{"passkey", "", "WEB_AUTHN", "SELECT_CHALLENGE[" + passwords + ",WEB_AUTHN] WEB_AUTHN tokens"},
			{"temporary", "EMAIL_OTP", "", "SELECT_CHALLENGE[" + passwords + "] PASSWORD_VERIFIER NEW_PASSWORD_REQUIRED tokens"},
			{"unconfirmed", "EMAIL_OTP", "", byEmail},
			{"disabled", "PASSWORD", "", disabled},
			{"custom", "", "", "CUSTOM_CHALLENGE tokens"},
		}},
		{"optional", []types.AuthFactorType{"PASSWORD", "EMAIL_OTP", "SMS_OTP", "WEB_AUTHN"}, func(*cognito.SetUserPoolMfaConfigInput) {}, table{
			{"email", "EMAIL_OTP", "", byEmail},
			{"phone", "SMS_OTP", "", "SMS_OTP tokens"},
			{"passkey", "WEB_AUTHN", "", "WEB_AUTHN tokens"},
			{"app", "", "", "SELECT_CHALLENGE[" + passwords + "] PASSWORD_VERIFIER " + byApp},
			{"app", "EMAIL_OTP", "", "SELECT_CHALLENGE[" + passwords + "] PASSWORD_VERIFIER " + byApp},
			{"app and passkey", "WEB_AUTHN", "", "SELECT_CHALLENGE[" + passwords + "] PASSWORD_VERIFIER " + byApp},
			{"app", "PASSWORD", "", byApp},
			{"mails", "EMAIL_OTP", "", "SELECT_CHALLENGE[" + passwords + "] PASSWORD_VERIFIER " + byEmail},
			{"custom", "", "", "CUSTOM_CHALLENGE tokens"},
		}},
		{"required, passkeys count twice", []types.AuthFactorType{"PASSWORD", "WEB_AUTHN"}, func(in *cognito.SetUserPoolMfaConfigInput) {
			in.MfaConfiguration = "ON"
			in.WebAuthnConfiguration.FactorConfiguration = "MULTI_FACTOR_WITH_USER_VERIFICATION"
		}, table{
			{"passkey", "WEB_AUTHN", "", "WEB_AUTHN tokens"},
			{"app and passkey", "WEB_AUTHN", "", "WEB_AUTHN tokens"},
			{"app and passkey", "", "WEB_AUTHN", "SELECT_CHALLENGE[" + passwords + ",WEB_AUTHN] WEB_AUTHN tokens"},
			{"app and passkey", "PASSWORD", "", byApp},
			{"email", "EMAIL_OTP", "", "SELECT_CHALLENGE[" + passwords + "] PASSWORD_VERIFIER " + byEmail},
			{"phone", "SMS_OTP", "", "SELECT_CHALLENGE[" + passwords + "] PASSWORD_VERIFIER " + bySMS},
			{"plain", "PASSWORD", "", "MFA_SETUP[SMS_MFA,SOFTWARE_TOKEN_MFA,EMAIL_OTP] tokens"},
		}},
	}
	states := map[string]func(u *signer){
		"plain": func(*signer) {}, "custom": func(*signer) {},
		"email":           func(u *signer) { u.set("email") },
		"phone":           func(u *signer) { u.set("phone_number") },
		"both":            func(u *signer) { u.set("email", "phone_number") },
		"passkey":         func(u *signer) { u.registerPasskey() },
		"app":             func(u *signer) { u.set("email"); u.registerApp(); u.prefer("app") },
		"app and passkey": func(u *signer) { u.registerPasskey(); u.registerApp(); u.prefer("app") },
		"mails":           func(u *signer) { u.set("email"); u.prefer("email") },
		"temporary":       func(u *signer) { u.set("email"); u.temporary() },
		"unconfirmed":     func(u *signer) { u.name += "-new"; u.signUp(u.name, u.password) },
		"disabled": userStates[slices.IndexFunc(userStates, func(s struct {
			name string
			make func(u *signer)
			want [5]string
		}) bool {
			return s.name == "disabled"
		})].make,
	}
	onEachDatabase(t, func(t *testing.T, database string) {
		s := signInServer(t, database)
		for _, setting := range settings {
			t.Run(setting.name, func(t *testing.T) {
				factors := setting.factors
				c := s.signInPool(t, factors)
				users := make([]*signer, len(setting.cases))
				for i, row := range setting.cases {
					users[i] = &signer{client: c, name: fmt.Sprintf("user-%d", i), password: password, pick: row.pick}
					users[i].create()
					states[row.state](users[i])
				}
				c.setMFA(setting.set)
				for i, row := range setting.cases {
					for _, admin := range []bool{false, true} {
						if admin && (row.state == "temporary" || row.state == "unconfirmed" || strings.Contains(row.want, "MFA_SETUP")) {
							continue // used up
						}
						t.Run(fmt.Sprintf("%s prefers %q and picks %q, administrator %t", row.state, row.preferred, row.pick, admin), func(t *testing.T) {
							u := users[i]
							u.client, u.admin = c.in(t), admin
							parameters := map[string]string{}
							if row.preferred != "" {
								parameters["PREFERRED_CHALLENGE"] = row.preferred
							}
							if row.preferred == "PASSWORD" {
								parameters["PASSWORD"] = "PASSWORD"
							}
							flow := types.AuthFlowType("USER_AUTH")
							if row.state == "custom" {
								flow = "CUSTOM_AUTH"
							}
							if got := u.walk(flow, parameters); got != row.want {
								t.Errorf("got  %s\nwant %s", got, row.want)
							}
						})
					}
				}
			})
		}
	})
}

// TestDeviceTable tries what devices do to a sign-in in each setting of a pool.
func TestDeviceTable(t *testing.T) {
	const proof = "DEVICE_SRP_AUTH DEVICE_PASSWORD_VERIFIER "
	noDevice := "ResourceNotFoundException: Device does not exist."
	settings := []struct {
		name         string
		trusts, asks bool
		want         map[string]string // by the device's state, of a user who is texted codes
	}{
		{"always remembered", false, false, map[string]string{
			"none": bySMS, "confirmed": "SMS_MFA " + proof + "tokens", "remembered": "SMS_MFA " + proof + "tokens", "forgotten": noDevice, "another user's": noDevice, "made up": noDevice}},
		{"always remembered and trusted", true, false, map[string]string{
			"none": bySMS, "confirmed": proof + "tokens", "remembered": proof + "tokens", "forgotten": noDevice, "another user's": noDevice, "made up": noDevice}},
		{"remembered on prompt", false, true, map[string]string{
			"none": bySMS, "confirmed": "SMS_MFA " + proof + "tokens", "remembered": "SMS_MFA " + proof + "tokens", "forgotten": noDevice, "another user's": noDevice, "made up": noDevice}},
		{"remembered on prompt and trusted", true, true, map[string]string{
			"none": bySMS, "confirmed": "SMS_MFA " + proof + "tokens", "remembered": proof + "tokens", "forgotten": noDevice, "another user's": noDevice, "made up": noDevice}},
	}
	onEachDatabase(t, func(t *testing.T, database string) {
		s := signInServer(t, database)
		for _, setting := range settings {
			t.Run(setting.name, func(t *testing.T) {
				c := s.signInPool(t, nil)
				c.setMFA(func(in *cognito.SetUserPoolMfaConfigInput) { in.EmailMfaConfiguration = nil }) // as updates do not
				c.updatePool(func(in *cognito.UpdateUserPoolInput) {
					in.DeviceConfiguration = &types.DeviceConfigurationType{ChallengeRequiredOnNewDevice: setting.trusts, DeviceOnlyRememberedOnUserPrompt: setting.asks}
				})
				ada := &signer{client: c, name: "ada", password: password}
				eve := &signer{client: c, name: "eve", password: password}
				for _, u := range []*signer{ada, eve} {
					u.create()
					u.set("phone_number")
					u.prefer("sms")
				}
				byPassword := map[string]string{"PASSWORD": "PASSWORD"}
				made := func(u *signer) *device {
					if got := u.walk("USER_PASSWORD_AUTH", byPassword); got != bySMS {
						t.Fatal(got)
					}
					return u.confirmDevice()
				}
				devices := map[string]*device{"none": nil, "confirmed": made(ada), "remembered": made(ada), "forgotten": made(ada), "another user's": made(eve),
					"made up": {key: region + "_11111111-2222-3333-4444-555555555555", group: "-abcdefgh"}}
				ada.remember(devices["remembered"])
				must[*cognito.AdminForgetDeviceOutput](t)(c.AdminForgetDevice(t.Context(), &cognito.AdminForgetDeviceInput{
					UserPoolId: &c.pool, Username: &ada.name, DeviceKey: &devices["forgotten"].key}))
				for state, want := range setting.want {
					for _, flow := range passwordFlows[:4] {
						t.Run(state+" by "+flow.name, func(t *testing.T) {
							u := *ada
							u.client, u.admin, u.device = c.in(t), flow.admin, devices[state]
							if got := u.walk(flow.flow, flow.parameters); got != flow.before+want {
								t.Errorf("got  %s\nwant %s", got, flow.before+want)
							}
							if known := strings.Contains(want, proof); u.given != nil && known != (u.newDevice == nil) {
								t.Errorf("a new device: %v", u.newDevice)
							}
						})
					}
				}
			})
		}
	})
}

// signInServer is a development server on a database, whose pools may have
// riddles.
func signInServer(t *testing.T, database string) *server {
	t.Helper()
	file := filepath.Join(t.TempDir(), "functions.json")
	text := fmt.Sprintf(`{"functions":{"*":{"webhook":{"url":%q,"secret":"a secret of the tests"}}}}`, riddles(t))
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return startDev(t, "--database", database, "--data", t.TempDir(), "--functions", file)
}

// signInPool makes a pool in which users may have any second factor and need none,
// and a client for all flows. factors are the first factors, nil for passwords.
func (s *server) signInPool(t *testing.T, factors []types.AuthFactorType) *client {
	t.Helper()
	c := &client{Client: s.sdk("any", "thing"), t: t, server: s}
	in := &cognito.CreateUserPoolInput{
		PoolName:               aws.String("table"),
		AccountRecoverySetting: recovery("admin_only"),
		EmailConfiguration:     developerMail, SmsConfiguration: texts, LambdaConfig: riddling,
	}
	if factors != nil {
		in.Policies = &types.UserPoolPolicyType{SignInPolicy: &types.SignInPolicyType{AllowedFirstAuthFactors: factors}}
	}
	pool := must[*cognito.CreateUserPoolOutput](t)(c.CreateUserPool(t.Context(), in))
	c.pool = *pool.UserPool.Id
	if slices.Contains(factors, "EMAIL_OTP") {
		c.setMFA(func(*cognito.SetUserPoolMfaConfigInput) {})
	} else {
		c.setMFA(func(in *cognito.SetUserPoolMfaConfigInput) {
			if factors == nil {
				in.WebAuthnConfiguration = nil
			}
		})
	}
	made := must[*cognito.CreateUserPoolClientOutput](t)(c.CreateUserPoolClient(t.Context(), &cognito.CreateUserPoolClientInput{
		UserPoolId: &c.pool, ClientName: aws.String("app"), PreventUserExistenceErrors: types.PreventUserExistenceErrorTypesEnabled,
		ExplicitAuthFlows: []types.ExplicitAuthFlowsType{"ALLOW_USER_SRP_AUTH", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH",
			"ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_AUTH", "ALLOW_CUSTOM_AUTH"},
		AuthSessionValidity: aws.Int32(15),
	}))
	c.id = *made.UserPoolClient.ClientId
	return c
}

// recovery is how users get at a new password.
func recovery(names ...types.RecoveryOptionNameType) *types.AccountRecoverySettingType {
	r := &types.AccountRecoverySettingType{}
	for i, name := range names {
		r.RecoveryMechanisms = append(r.RecoveryMechanisms, types.RecoveryOptionType{Name: name, Priority: aws.Int32(int32(i + 1))})
	}
	return r
}

var (
	riddling      = &types.LambdaConfigType{DefineAuthChallenge: arnOf("define"), CreateAuthChallenge: arnOf("create"), VerifyAuthChallengeResponse: arnOf("verify")}
	developerMail = &types.EmailConfigurationType{EmailSendingAccount: "DEVELOPER", SourceArn: aws.String("arn:aws:ses:us-east-1:123456789012:identity/id.example.com")}
	texts         = &types.SmsConfigurationType{SnsCallerArn: aws.String("arn:aws:iam::123456789012:role/sms")}
)

// setMFA sets the second factors of the pool: all of them as an option, but for
// what change makes of that.
func (c *client) setMFA(change func(*cognito.SetUserPoolMfaConfigInput)) {
	c.t.Helper()
	in := &cognito.SetUserPoolMfaConfigInput{
		UserPoolId: &c.pool, MfaConfiguration: "OPTIONAL", SoftwareTokenMfaConfiguration: &types.SoftwareTokenMfaConfigType{Enabled: true},
		EmailMfaConfiguration: &types.EmailMfaConfigType{}, SmsMfaConfiguration: &types.SmsMfaConfigType{SmsConfiguration: texts},
		WebAuthnConfiguration: &types.WebAuthnConfigurationType{RelyingPartyId: aws.String("example.com"), UserVerification: "required"},
	}
	change(in)
	must[*cognito.SetUserPoolMfaConfigOutput](c.t)(c.SetUserPoolMfaConfig(c.t.Context(), in))
}

// updatePool changes what else the pool has.
func (c *client) updatePool(change func(*cognito.UpdateUserPoolInput)) {
	c.t.Helper()
	in := &cognito.UpdateUserPoolInput{UserPoolId: &c.pool, MfaConfiguration: "OPTIONAL", EmailConfiguration: developerMail,
		SmsConfiguration: texts, LambdaConfig: riddling, AccountRecoverySetting: recovery("admin_only")}
	change(in)
	must[*cognito.UpdateUserPoolOutput](c.t)(c.UpdateUserPool(c.t.Context(), in))
}

// in is the same client in a test of its own.
func (c *client) in(t *testing.T) *client {
	now := *c
	s := *c.server
	s.t, now.t, now.server = t, t, &s
	return &now
}

// create makes the user, confirmed and without an address.
func (u *signer) create() {
	u.t.Helper()
	ctx := u.t.Context()
	must[*cognito.AdminCreateUserOutput](u.t)(u.AdminCreateUser(ctx, &cognito.AdminCreateUserInput{
		UserPoolId: &u.pool, Username: &u.name, MessageAction: types.MessageActionTypeSuppress}))
	must[*cognito.AdminSetUserPasswordOutput](u.t)(u.AdminSetUserPassword(ctx, &cognito.AdminSetUserPasswordInput{
		UserPoolId: &u.pool, Username: &u.name, Password: &u.password, Permanent: true}))
}

// set gives the user addresses that are verified.
func (u *signer) set(names ...string) {
	u.t.Helper()
	values := map[string]string{"email": u.name + "@example.com", "phone_number": "+12025550123"}
	in := &cognito.AdminUpdateUserAttributesInput{UserPoolId: &u.pool, Username: &u.name}
	for _, name := range names {
		in.UserAttributes = append(in.UserAttributes, types.AttributeType{Name: &name, Value: aws.String(values[name])},
			types.AttributeType{Name: aws.String(name + "_verified"), Value: aws.String("true")})
	}
	must[*cognito.AdminUpdateUserAttributesOutput](u.t)(u.AdminUpdateUserAttributes(u.t.Context(), in))
}

// prefer switches second factors on, the first of them preferred; "" for none.
func (u *signer) prefer(factors ...string) {
	u.t.Helper()
	in := &cognito.AdminSetUserMFAPreferenceInput{UserPoolId: &u.pool, Username: &u.name}
	for i, factor := range factors {
		switch preferred := i == 0; factor {
		case "app":
			in.SoftwareTokenMfaSettings = &types.SoftwareTokenMfaSettingsType{Enabled: true, PreferredMfa: preferred}
		case "sms":
			in.SMSMfaSettings = &types.SMSMfaSettingsType{Enabled: true, PreferredMfa: preferred}
		case "email":
			in.EmailMfaSettings = &types.EmailMfaSettingsType{Enabled: true, PreferredMfa: preferred}
		}
	}
	must[*cognito.AdminSetUserMFAPreferenceOutput](u.t)(u.AdminSetUserMFAPreference(u.t.Context(), in))
}

// temporary makes the user's password a temporary one.
func (u *signer) temporary() {
	u.t.Helper()
	must[*cognito.AdminSetUserPasswordOutput](u.t)(u.AdminSetUserPassword(u.t.Context(), &cognito.AdminSetUserPasswordInput{
		UserPoolId: &u.pool, Username: &u.name, Password: &u.password}))
}

// remember marks a device as remembered.
func (u *signer) remember(d *device) {
	u.t.Helper()
	must[*cognito.AdminUpdateDeviceStatusOutput](u.t)(u.AdminUpdateDeviceStatus(u.t.Context(), &cognito.AdminUpdateDeviceStatusInput{
		UserPoolId: &u.pool, Username: &u.name, DeviceKey: &d.key, DeviceRememberedStatus: types.DeviceRememberedStatusTypeRemembered}))
}
