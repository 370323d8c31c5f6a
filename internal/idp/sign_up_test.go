package idp

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"regexp"
	"strings"
	"testing"

	"github.com/poolhouse/poolhouse/internal/userpool"
)

// newSignUpAPI is an API with a pool that verifies email addresses, made with
// further settings, and a client of it, made with further settings.
func newSignUpAPI(t *testing.T, pool, client string) (api *testAPI, poolID string, made answer) {
	t.Helper()
	api = newTestAPI(t, userpool.PoolsOptions{})
	poolID = api.do(t, "CreateUserPool", `{"PoolName":"test","AutoVerifiedAttributes":["email"]`+pool+`}`).text("UserPool.Id")
	made = api.do(t, "CreateUserPoolClient", fill(`{"UserPoolId":"POOL","ClientName":"test",
		"ExplicitAuthFlows":["ALLOW_USER_PASSWORD_AUTH"]`+client+`}`, poolID, ""))
	return api, poolID, made
}

func TestSignUpToChangedPassword(t *testing.T) {
	api, poolID, made := newSignUpAPI(t, "", "")
	client := made.text("UserPoolClient.ClientId")
	in := func(text string) string { return fill(text, poolID, client) }

	done := api.do(t, "SignUp", in(`{"ClientId":"CLIENT","Username":"ann","Password":"Passw0rd!",
		"UserAttributes":[{"Name":"email","Value":"ann@example.com"},{"Name":"name","Value":"Ann"}]}`))
	const sent = `{"AttributeName":"email","DeliveryMedium":"EMAIL","Destination":"a***@e***"}`
	if got := done.json("CodeDeliveryDetails"); got != sent {
		t.Errorf("CodeDeliveryDetails %s", got)
	}
	if done.at("UserConfirmed") != false || !regexp.MustCompile(`^[0-9a-f-]{36}$`).MatchString(done.text("UserSub")) {
		t.Errorf("answer %v", done.body)
	}
	signIn := func(password string) string {
		return in(`{"ClientId":"CLIENT","AuthFlow":"USER_PASSWORD_AUTH","AuthParameters":{"USERNAME":"ann","PASSWORD":"` + password + `"}}`)
	}
	api.refuse(t, "InitiateAuth", signIn("Passw0rd!"), "UserNotConfirmedException: User is not confirmed.")

	again := api.do(t, "ResendConfirmationCode", in(`{"ClientId":"CLIENT","Username":"ann"}`))
	if got := again.json("CodeDeliveryDetails"); got != sent {
		t.Errorf("CodeDeliveryDetails %s", got)
	}
	confirm := in(`{"ClientId":"CLIENT","Username":"ann","ConfirmationCode":"` + api.lastMessage(t).Code + `"}`)
	if got := api.do(t, "ConfirmSignUp", confirm); len(got.body) != 0 {
		t.Errorf("ConfirmSignUp answered %v", got.body)
	}
	api.refuse(t, "ConfirmSignUp", confirm, "NotAuthorizedException: User cannot be confirmed. Current status is CONFIRMED")

	got := api.do(t, "ForgotPassword", in(`{"ClientId":"CLIENT","Username":"ann"}`))
	if got := got.json("CodeDeliveryDetails"); got != sent {
		t.Errorf("CodeDeliveryDetails %s", got)
	}
	reset := in(`{"ClientId":"CLIENT","Username":"ann","Password":"Passw0rd!2","ConfirmationCode":"` + api.lastMessage(t).Code + `"}`)
	if got := api.do(t, "ConfirmForgotPassword", reset); len(got.body) != 0 {
		t.Errorf("ConfirmForgotPassword answered %v", got.body)
	}
	api.refuse(t, "InitiateAuth", signIn("Passw0rd!"), "NotAuthorizedException: Incorrect username or password.")

	access := api.do(t, "InitiateAuth", signIn("Passw0rd!2")).text("AuthenticationResult.AccessToken")
	change := `{"AccessToken":"` + access + `","PreviousPassword":"Passw0rd!2","ProposedPassword":"Passw0rd!3"}`
	if got := api.do(t, "ChangePassword", change); len(got.body) != 0 {
		t.Errorf("ChangePassword answered %v", got.body)
	}
	api.refuse(t, "ChangePassword", change, "NotAuthorizedException: Incorrect username or password.")
	api.refuse(t, "ChangePassword", strings.Replace(change, access, access+"x", 1), "NotAuthorizedException: Invalid Access Token")
	api.do(t, "InitiateAuth", signIn("Passw0rd!3"))
}

// publicOperations are those that users call without a token.
var publicOperations = map[string]string{
	"SignUp":                 `{"ClientId":"CLIENT","Username":"ann","Password":"Passw0rd!"HASH}`,
	"ConfirmSignUp":          `{"ClientId":"CLIENT","Username":"ann","ConfirmationCode":"123456"HASH}`,
	"ResendConfirmationCode": `{"ClientId":"CLIENT","Username":"ann"HASH}`,
	"ForgotPassword":         `{"ClientId":"CLIENT","Username":"ann"HASH}`,
	"ConfirmForgotPassword":  `{"ClientId":"CLIENT","Username":"ann","ConfirmationCode":"123456","Password":"Passw0rd!"HASH}`,
}

func TestPublicOperationsCheckTheSecretHash(t *testing.T) {
	api, poolID, made := newSignUpAPI(t, "", `,"GenerateSecret":true,"PreventUserExistenceErrors":"ENABLED"`)
	client := made.text("UserPoolClient.ClientId")
	mac := hmac.New(sha256.New, []byte(made.text("UserPoolClient.ClientSecret")))
	mac.Write([]byte("ann" + client))
	right := base64.StdEncoding.EncodeToString(mac.Sum(nil))
	mac.Write([]byte("x"))
	wrong := base64.StdEncoding.EncodeToString(mac.Sum(nil))
	for operation, input := range publicOperations {
		in := func(hash string) string { return strings.Replace(fill(input, poolID, client), "HASH", hash, 1) }
		api.refuse(t, operation, in(""), "NotAuthorizedException: Client "+client+" is configured with secret but SECRET_HASH was not received")
		api.refuse(t, operation, in(`,"SecretHash":"`+wrong+`"`), "NotAuthorizedException: Unable to verify secret hash for client "+client)
		if got := api.call(t, operation, in(`,"SecretHash":"`+right+`"`)); got.errType == "NotAuthorizedException" {
			t.Errorf("%s with the right hash: %s", operation, got.message)
		}
		api.refuse(t, operation, strings.Replace(fill(input, poolID, "1unknown"), "HASH", "", 1),
			"ResourceNotFoundException: User pool client 1unknown does not exist.")
	}
}

func TestSignUpInput(t *testing.T) {
	api, poolID, made := newSignUpAPI(t, `,"UsernameAttributes":["email"]`, "")
	client := made.text("UserPoolClient.ClientId")
	in := func(text string) string { return fill(text, poolID, client) }
	done := api.do(t, "SignUp", in(`{"ClientId":"CLIENT","Username":"ann@example.com","Password":"Passw0rd!"}`))
	user := api.do(t, "AdminGetUser", in(`{"UserPoolId":"POOL","Username":"ann@example.com"}`))
	if sub := done.text("UserSub"); user.text("Username") != sub {
		t.Errorf("username %s, sub %s", user.text("Username"), sub)
	}
	for input, want := range map[string]string{
		`{"ClientId":"CLIENT","Username":"bob@example.com"}`: "InvalidParameterException: 1 validation error detected: " +
			"Value at 'password' failed to satisfy constraint: Member must not be null",
		`{"ClientId":"CLIENT","Username":"ann@example.com","Password":"Passw0rd!"}`: "UsernameExistsException: " +
			"An account with the given email already exists.",
		`{"ClientId":"CLIENT","Username":"bob","Password":"Passw0rd!"}`: "InvalidParameterException: Username should be an email.",
		`{"ClientId":"CLIENT","Username":"bob@example.com","Password":"Passw0rd!","UserAttributes":[{"Name":"custom:x","Value":"1"}]}`: "InvalidParameterException: " +
			"Attributes did not conform to the schema: custom:x: Attribute does not exist in the schema.\n",
	} {
		api.refuse(t, "SignUp", in(input), want)
	}
}
