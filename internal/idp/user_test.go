package idp

import (
	"strings"
	"testing"
)

// newUserAPI is an API whose pool has a user ann with a password and an access
// token; in puts the ids of pool and client and the TOKEN into an input.
func newUserAPI(t *testing.T, pool, client string) (api *testAPI, in func(string) string) {
	t.Helper()
	api, poolID, made := newSignUpAPI(t, pool, client)
	clientID := made.text("UserPoolClient.ClientId")
	api.do(t, "AdminCreateUser", fill(`{"UserPoolId":"POOL","Username":"ann","MessageAction":"SUPPRESS","UserAttributes":[
		{"Name":"email","Value":"ann@example.com"},{"Name":"email_verified","Value":"true"},{"Name":"name","Value":"Ann"}]}`, poolID, ""))
	api.do(t, "AdminSetUserPassword", fill(`{"UserPoolId":"POOL","Username":"ann","Password":"Passw0rd!","Permanent":true}`, poolID, ""))
	token := api.do(t, "InitiateAuth", fill(`{"ClientId":"CLIENT","AuthFlow":"USER_PASSWORD_AUTH",
		"AuthParameters":{"USERNAME":"ann","PASSWORD":"Passw0rd!"}}`, poolID, clientID)).text("AuthenticationResult.AccessToken")
	return api, func(text string) string { return strings.ReplaceAll(fill(text, poolID, clientID), "TOKEN", token) }
}

// selfService are the operations of a user on the own account.
var selfService = map[string]string{
	"GetUser":                          `{"AccessToken":"TOKEN"}`,
	"DeleteUser":                       `{"AccessToken":"TOKEN"}`,
	"UpdateUserAttributes":             `{"AccessToken":"TOKEN","UserAttributes":[{"Name":"name","Value":"Ann"}]}`,
	"DeleteUserAttributes":             `{"AccessToken":"TOKEN","UserAttributeNames":["name"]}`,
	"GetUserAttributeVerificationCode": `{"AccessToken":"TOKEN","AttributeName":"email"}`,
	"VerifyUserAttribute":              `{"AccessToken":"TOKEN","AttributeName":"email","Code":"123456"}`,
	"AssociateSoftwareToken":           `{"AccessToken":"TOKEN"}`,
	"VerifySoftwareToken":              `{"AccessToken":"TOKEN","UserCode":"123456"}`,
	"SetUserMFAPreference":             `{"AccessToken":"TOKEN"}`,
	"GetUserAuthFactors":               `{"AccessToken":"TOKEN"}`,
	"ConfirmDevice":                    `{"AccessToken":"TOKEN","DeviceKey":"us-east-1_a1b2c3d4-5678-90ab-cdef-111111111111"}`,
	"GetDevice":                        `{"AccessToken":"TOKEN","DeviceKey":"us-east-1_a1b2c3d4-5678-90ab-cdef-111111111111"}`,
	"ListDevices":                      `{"AccessToken":"TOKEN"}`,
	"UpdateDeviceStatus":               `{"AccessToken":"TOKEN","DeviceKey":"us-east-1_a1b2c3d4-5678-90ab-cdef-111111111111"}`,
	"ForgetDevice":                     `{"AccessToken":"TOKEN","DeviceKey":"us-east-1_a1b2c3d4-5678-90ab-cdef-111111111111"}`,
	"ListUserSessions":                 `{"AccessToken":"TOKEN"}`,
	"RevokeUserSession":                `{"AccessToken":"TOKEN","SessionId":"tkn0000000000000000000000000"}`,
}

func TestSelfServiceNeedsALiveToken(t *testing.T) {
	api, in := newUserAPI(t, "", "")
	refuseAll := func(change func(string) string, want string) {
		t.Helper()
		for operation, input := range selfService {
			api.refuse(t, operation, change(in(input)), want)
		}
	}
	same := func(s string) string { return s }
	refuseAll(func(s string) string { return strings.Replace(s, `{"AccessToken":"`, `{"AccessToken":"x`, 1) },
		"NotAuthorizedException: Invalid Access Token")
	api.do(t, "AdminDisableUser", in(`{"UserPoolId":"POOL","Username":"ann"}`))
	refuseAll(same, "NotAuthorizedException: User is disabled.")
	api.do(t, "AdminEnableUser", in(`{"UserPoolId":"POOL","Username":"ann"}`))
	if got := api.do(t, "GetUser", in(selfService["GetUser"])).text("Username"); got != "ann" {
		t.Errorf("username %s", got)
	}
	if got := api.do(t, "DeleteUser", in(selfService["DeleteUser"])); len(got.body) != 0 {
		t.Errorf("DeleteUser answered %v", got.body)
	}
	refuseAll(same, "UserNotFoundException: User does not exist.")
}

func TestGetUserShowsWhatTheClientReads(t *testing.T) {
	api, in := newUserAPI(t, "", "")
	got := api.do(t, "GetUser", in(`{"AccessToken":"TOKEN"}`))
	if len(got.body) != 2 || got.text("Username") != "ann" {
		t.Errorf("answer %v", got.body)
	}
	sub := got.at("UserAttributes").([]any)[0].(map[string]any)["Value"].(string)
	const rest = `{"Name":"email","Value":"ann@example.com"},{"Name":"email_verified","Value":"true"},{"Name":"name","Value":"Ann"}]`
	if attrs := got.json("UserAttributes"); attrs != `[{"Name":"sub","Value":"`+sub+`"},`+rest {
		t.Errorf("attributes %s", attrs)
	}

	api, in = newUserAPI(t, "", `,"ReadAttributes":["name"]`)
	got = api.do(t, "GetUser", in(`{"AccessToken":"TOKEN"}`))
	if attrs := got.json("UserAttributes"); strings.Contains(attrs, "email") || !strings.Contains(attrs, `"Ann"`) || !strings.Contains(attrs, `"sub"`) {
		t.Errorf("attributes %s", attrs)
	}
}

func TestUserUpdatesAndVerifiesEmail(t *testing.T) {
	api, in := newUserAPI(t, `,"UserAttributeUpdateSettings":{"AttributesRequireVerificationBeforeUpdate":["email"]}`, "")
	const details = `{"AttributeName":"email","DeliveryMedium":"EMAIL","Destination":"n***@e***"}`
	emailIs := func(want string) {
		t.Helper()
		if got := api.do(t, "GetUser", in(`{"AccessToken":"TOKEN"}`)).json("UserAttributes"); !strings.Contains(got, want) {
			t.Errorf("attributes %s, want %s", got, want)
		}
	}
	got := api.do(t, "UpdateUserAttributes", in(`{"AccessToken":"TOKEN","UserAttributes":[{"Name":"email","Value":"new@example.com"}]}`))
	if list := got.json("CodeDeliveryDetailsList"); list != "["+details+"]" {
		t.Errorf("CodeDeliveryDetailsList %s", list)
	}
	emailIs("ann@example.com")
	got = api.do(t, "GetUserAttributeVerificationCode", in(`{"AccessToken":"TOKEN","AttributeName":"email"}`))
	if d := got.json("CodeDeliveryDetails"); d != details {
		t.Errorf("CodeDeliveryDetails %s", d)
	}
	verify := in(`{"AccessToken":"TOKEN","AttributeName":"email","Code":"` + api.lastMessage(t).Code + `"}`)
	if got := api.do(t, "VerifyUserAttribute", verify); len(got.body) != 0 {
		t.Errorf("VerifyUserAttribute answered %v", got.body)
	}
	emailIs("new@example.com")
	api.refuse(t, "VerifyUserAttribute", verify, "ExpiredCodeException: Invalid code provided, please request a code again.")

	got = api.do(t, "UpdateUserAttributes", in(`{"AccessToken":"TOKEN","UserAttributes":[{"Name":"name","Value":"Anna"}]}`))
	if list := got.json("CodeDeliveryDetailsList"); list != "[]" {
		t.Errorf("CodeDeliveryDetailsList %s", list)
	}
	if got := api.do(t, "DeleteUserAttributes", in(`{"AccessToken":"TOKEN","UserAttributeNames":["name"]}`)); len(got.body) != 0 {
		t.Errorf("DeleteUserAttributes answered %v", got.body)
	}
	api.refuse(t, "UpdateUserAttributes", in(`{"AccessToken":"TOKEN","UserAttributes":[{"Name":"email_verified","Value":"true"}]}`),
		"NotAuthorizedException: A client attempted to write unauthorized attribute")
}
