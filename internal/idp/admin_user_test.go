package idp

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// adminOperations are those on one user by name.
var adminOperations = map[string]string{
	"AdminGetUser":              `{"UserPoolId":"POOL","Username":"USER"}`,
	"AdminDeleteUser":           `{"UserPoolId":"POOL","Username":"USER"}`,
	"AdminUpdateUserAttributes": `{"UserPoolId":"POOL","Username":"USER","UserAttributes":[{"Name":"name","Value":"Ann"}]}`,
	"AdminDeleteUserAttributes": `{"UserPoolId":"POOL","Username":"USER","UserAttributeNames":["name"]}`,
	"AdminEnableUser":           `{"UserPoolId":"POOL","Username":"USER"}`,
	"AdminDisableUser":          `{"UserPoolId":"POOL","Username":"USER"}`,
	"AdminSetUserPassword":      `{"UserPoolId":"POOL","Username":"USER","Password":"Passw0rd!"}`,
	"AdminResetUserPassword":    `{"UserPoolId":"POOL","Username":"USER"}`,
	"AdminConfirmSignUp":        `{"UserPoolId":"POOL","Username":"USER"}`,
	"AdminCreateUser":           `{"UserPoolId":"POOL","Username":"USER","MessageAction":"RESEND"}`,
}

func TestAdminOperationsNeedAPoolAndAUser(t *testing.T) {
	api, in := newUserAPI(t, "", `,"PreventUserExistenceErrors":"ENABLED"`)
	for operation, input := range adminOperations {
		api.refuse(t, operation, in(strings.Replace(input, "USER", "nobody", 1)), "UserNotFoundException: User does not exist.")
		api.refuse(t, operation, strings.NewReplacer("POOL", "us-east-1_None00000", "USER", "ann").Replace(input),
			"ResourceNotFoundException: User pool us-east-1_None00000 does not exist.")
	}
	api.refuse(t, "ListUsers", `{"UserPoolId":"us-east-1_None00000"}`,
		"ResourceNotFoundException: User pool us-east-1_None00000 does not exist.")
}

func TestAdminOperationsFindByEveryName(t *testing.T) {
	api, poolID, _ := newSignUpAPI(t, `,"AliasAttributes":["email"]`, "")
	create := func(name string) string {
		t.Helper()
		made := api.do(t, "AdminCreateUser", fill(`{"UserPoolId":"POOL","Username":"`+name+`","MessageAction":"SUPPRESS","UserAttributes":[
			{"Name":"email","Value":"`+name+`@example.com"},{"Name":"email_verified","Value":"true"}]}`, poolID, ""))
		return made.at("User.Attributes").([]any)[0].(map[string]any)["Value"].(string)
	}
	for operation, input := range adminOperations {
		name := strings.ToLower(operation)
		for _, called := range []string{name, name + "@example.com", create(name)} {
			got := api.call(t, operation, fill(strings.Replace(input, "USER", called, 1), poolID, ""))
			if got.errType == "UserNotFoundException" && operation != "AdminDeleteUser" {
				t.Errorf("%s of %s: %s", operation, called, got.message)
			}
		}
	}
}

func TestAdminCreateUser(t *testing.T) {
	api, poolID, made := newSignUpAPI(t, "", "")
	in := func(text string) string { return fill(text, poolID, made.text("UserPoolClient.ClientId")) }
	create := in(`{"UserPoolId":"POOL","Username":"ann","DesiredDeliveryMediums":["EMAIL"],
		"UserAttributes":[{"Name":"email","Value":"ann@example.com"}],"ClientMetadata":{"a":"b"},"ValidationData":[{"Name":"c","Value":"d"}]}`)
	got := api.do(t, "AdminCreateUser", create)
	user := got.at("User").(map[string]any)
	var members []string
	for name := range user {
		members = append(members, name)
	}
	slices.Sort(members)
	if fmt.Sprint(members) != "[Attributes Enabled UserCreateDate UserLastModifiedDate UserStatus Username]" ||
		user["UserStatus"] != "FORCE_CHANGE_PASSWORD" || user["Enabled"] != true || user["Username"] != "ann" {
		t.Errorf("user %v", user)
	}
	if attrs := got.json("User.Attributes"); !strings.HasPrefix(attrs, `[{"Name":"sub",`) || !strings.Contains(attrs, "ann@example.com") {
		t.Errorf("attributes %s", attrs)
	}
	api.refuse(t, "AdminCreateUser", create, "UsernameExistsException: User account already exists")

	signIn := func() answer {
		t.Helper()
		return api.do(t, "InitiateAuth", in(`{"ClientId":"CLIENT","AuthFlow":"USER_PASSWORD_AUTH","AuthParameters":{"USERNAME":"ann","PASSWORD":"`+
			strings.ReplaceAll(api.lastMessage(t).Code, `"`, `\"`)+`"}}`))
	}
	if got := signIn().text("ChallengeName"); got != "NEW_PASSWORD_REQUIRED" {
		t.Errorf("challenge %s", got)
	}
	api.do(t, "AdminCreateUser", strings.Replace(create, `"UserAttributes"`, `"MessageAction":"RESEND","UserAttributes"`, 1))
	if got := signIn().text("ChallengeName"); got != "NEW_PASSWORD_REQUIRED" {
		t.Errorf("challenge %s", got)
	}
	api.do(t, "AdminSetUserPassword", in(`{"UserPoolId":"POOL","Username":"ann","Password":"Passw0rd!","Permanent":true}`))
	api.refuse(t, "AdminCreateUser", in(`{"UserPoolId":"POOL","Username":"ann","MessageAction":"RESEND"}`),
		"UnsupportedUserStateException: Resend not possible. ann status is not FORCE_CHANGE_PASSWORD")
}

func TestAdminGetUser(t *testing.T) {
	api, in := newUserAPI(t, "", "")
	got := api.do(t, "AdminGetUser", in(`{"UserPoolId":"POOL","Username":"ann"}`))
	var members []string
	for name := range got.body {
		members = append(members, name)
	}
	slices.Sort(members)
	if fmt.Sprint(members) != "[Enabled UserAttributes UserCreateDate UserLastModifiedDate UserStatus Username]" {
		t.Errorf("members %v", members)
	}
	if _, number := got.at("UserCreateDate").(float64); !number || got.text("UserStatus") != "CONFIRMED" || got.at("Enabled") != true {
		t.Errorf("answer %v", got.body)
	}
}

func TestAdminUserLifecycle(t *testing.T) {
	api, in := newUserAPI(t, "", "")
	status := func(want string) {
		t.Helper()
		if got := api.do(t, "AdminGetUser", in(`{"UserPoolId":"POOL","Username":"ann"}`)).text("UserStatus"); got != want {
			t.Errorf("status %s, want %s", got, want)
		}
	}
	signIn := in(`{"ClientId":"CLIENT","AuthFlow":"USER_PASSWORD_AUTH","AuthParameters":{"USERNAME":"ann","PASSWORD":"Passw0rd!"}}`)
	for _, step := range []struct{ operation, input, status, signIn string }{
		{"AdminDisableUser", `{"UserPoolId":"POOL","Username":"ann"}`, "CONFIRMED", "NotAuthorizedException: User is disabled."},
		{"AdminEnableUser", `{"UserPoolId":"POOL","Username":"ann"}`, "CONFIRMED", ": "},
		{"AdminResetUserPassword", `{"UserPoolId":"POOL","Username":"ann"}`, "RESET_REQUIRED",
			"PasswordResetRequiredException: Password reset required for the user"},
		{"AdminSetUserPassword", `{"UserPoolId":"POOL","Username":"ann","Password":"Passw0rd!","Permanent":true}`, "CONFIRMED", ": "},
		{"AdminSetUserPassword", `{"UserPoolId":"POOL","Username":"ann","Password":"Passw0rd!"}`, "FORCE_CHANGE_PASSWORD", ": "},
		{"AdminUpdateUserAttributes", `{"UserPoolId":"POOL","Username":"ann","UserAttributes":[{"Name":"locale","Value":"de"}]}`,
			"FORCE_CHANGE_PASSWORD", ": "},
		{"AdminDeleteUserAttributes", `{"UserPoolId":"POOL","Username":"ann","UserAttributeNames":["locale"]}`, "FORCE_CHANGE_PASSWORD", ": "},
	} {
		if got := api.do(t, step.operation, in(step.input)); len(got.body) != 0 {
			t.Errorf("%s answered %v", step.operation, got.body)
		}
		status(step.status)
		api.refuse(t, "InitiateAuth", signIn, step.signIn)
	}
	api.refuse(t, "AdminConfirmSignUp", in(`{"UserPoolId":"POOL","Username":"ann"}`),
		"NotAuthorizedException: User cannot be confirmed. Current status is FORCE_CHANGE_PASSWORD")
	api.do(t, "AdminDeleteUser", in(`{"UserPoolId":"POOL","Username":"ann"}`))
	api.refuse(t, "AdminGetUser", in(`{"UserPoolId":"POOL","Username":"ann"}`), "UserNotFoundException: User does not exist.")

	api.do(t, "SignUp", in(`{"ClientId":"CLIENT","Username":"ann","Password":"Passw0rd!"}`))
	status("UNCONFIRMED")
	if got := api.do(t, "AdminConfirmSignUp", in(`{"UserPoolId":"POOL","Username":"ann"}`)); len(got.body) != 0 {
		t.Errorf("AdminConfirmSignUp answered %v", got.body)
	}
	status("CONFIRMED")
}

func TestListUsers(t *testing.T) {
	api, poolID, _ := newSignUpAPI(t, `,"Schema":[{"Name":"team","AttributeDataType":"String","Mutable":true}]`, "")
	in := func(text string) string { return fill(text, poolID, "") }
	if got := api.do(t, "ListUsers", in(`{"UserPoolId":"POOL"}`)).json("Users"); got != "[]" {
		t.Errorf("users %s", got)
	}
	for i := range 5 {
		api.do(t, "AdminCreateUser", in(fmt.Sprintf(`{"UserPoolId":"POOL","Username":"u%d","UserAttributes":[
			{"Name":"email","Value":"u%d@example.com"},{"Name":"custom:team","Value":"t%d"}]}`, i, i, i%2)))
	}
	got := api.do(t, "ListUsers", in(`{"UserPoolId":"POOL","Filter":"email = \"u3@example.com\"","AttributesToGet":["email"]}`))
	users := got.at("Users").([]any)
	if len(users) != 1 || users[0].(map[string]any)["Username"] != "u3" || got.at("PaginationToken") != nil {
		t.Fatalf("answer %v", got.body)
	}
	if attrs := fmt.Sprint(users[0].(map[string]any)["Attributes"]); attrs != "[map[Name:email Value:u3@example.com]]" {
		t.Errorf("attributes %s", attrs)
	}
	first := api.do(t, "ListUsers", in(`{"UserPoolId":"POOL","Filter":"custom:team ^= \"t\"","Limit":3}`))
	rest := api.do(t, "ListUsers", in(`{"UserPoolId":"POOL","Filter":"custom:team ^= \"t\"","Limit":3,"PaginationToken":"`+first.text("PaginationToken")+`"}`))
	if a, b := len(first.at("Users").([]any)), len(rest.at("Users").([]any)); a != 3 || b != 2 || rest.at("PaginationToken") != nil {
		t.Errorf("pages of %d and %d, then %v", a, b, rest.at("PaginationToken"))
	}
	for input, want := range map[string]string{
		`{"UserPoolId":"POOL","Filter":"email"}`:      "InvalidParameterException: Error while parsing filter",
		`{"UserPoolId":"POOL","Filter":"x = \"y\""}`:  "InvalidParameterException: Invalid search attribute: x",
		`{"UserPoolId":"POOL","PaginationToken":"x"}`: "InvalidParameterException: Invalid pagination token.",
	} {
		api.refuse(t, "ListUsers", in(input), want)
	}
	api.refuse(t, "ListUsers", in(`{"UserPoolId":"POOL","Limit":61}`), "InvalidParameterException: 1 validation error detected: "+
		"Value '61' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 60")
}
