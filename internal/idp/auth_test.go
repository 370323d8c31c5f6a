package idp

import (
	"strings"
	"testing"

	"github.com/poolhouse/poolhouse/internal/userpool"
)

// newAuthAPI has a pool with users of several kinds, a client for all password
// flows and one with a secret.
func newAuthAPI(t *testing.T) (a *testAPI, pool, client, confidential string) {
	t.Helper()
	a = newTestAPI(t, userpool.PoolsOptions{})
	pool = a.do(t, "CreateUserPool", `{"PoolName":"test"}`).text("UserPool.Id")
	flows := `"ExplicitAuthFlows":["ALLOW_USER_PASSWORD_AUTH","ALLOW_USER_SRP_AUTH","ALLOW_ADMIN_USER_PASSWORD_AUTH","ALLOW_REFRESH_TOKEN_AUTH"]`
	client = a.do(t, "CreateUserPoolClient", fill(`{"UserPoolId":"POOL","ClientName":"web",`+flows+`}`, pool, "")).text("UserPoolClient.ClientId")
	confidential = a.do(t, "CreateUserPoolClient", fill(`{"UserPoolId":"POOL","ClientName":"server","GenerateSecret":true,`+flows+`}`, pool, "")).text("UserPoolClient.ClientId")
	for _, user := range []string{"ada", "invited", "reset", "disabled"} {
		a.do(t, "AdminCreateUser", fill(`{"UserPoolId":"POOL","Username":"`+user+`","MessageAction":"SUPPRESS"}`, pool, ""))
		permanent := "true"
		if user == "invited" {
			permanent = "false"
		}
		a.do(t, "AdminSetUserPassword", fill(`{"UserPoolId":"POOL","Username":"`+user+`","Password":"Passw0rd!","Permanent":`+permanent+`}`, pool, ""))
	}
	a.do(t, "AdminUpdateUserAttributes", fill(`{"UserPoolId":"POOL","Username":"reset","UserAttributes":[{"Name":"email","Value":"r@example.com"},{"Name":"email_verified","Value":"true"}]}`, pool, ""))
	a.do(t, "AdminResetUserPassword", fill(`{"UserPoolId":"POOL","Username":"reset"}`, pool, ""))
	a.do(t, "AdminDisableUser", fill(`{"UserPoolId":"POOL","Username":"disabled"}`, pool, ""))
	a.do(t, "SignUp", fill(`{"ClientId":"CLIENT","Username":"new","Password":"Passw0rd!"}`, pool, client))
	return a, pool, client, confidential
}

func TestAuthRefuses(t *testing.T) {
	a, pool, client, confidential := newAuthAPI(t)
	const (
		credentials = `"AuthParameters":{"USERNAME":"ada","PASSWORD":"Passw0rd!"}`
		noPool      = "ResourceNotFoundException: User pool us-east-1_Nowhere00 does not exist."
		noClient    = "ResourceNotFoundException: User pool client nobody does not exist."
		badSession  = "NotAuthorizedException: Invalid session for the user."
	)
	flow := func(flow, rest string) string { return `{"ClientId":"CLIENT","AuthFlow":"` + flow + `",` + rest + `}` }
	as := func(user, password string) string {
		return `"AuthParameters":{"USERNAME":"` + user + `","PASSWORD":"` + password + `"}`
	}
	session := strings.Repeat("x", 20)
	for _, c := range []struct{ name, operation, input, want string }{
		{"no client", "InitiateAuth", `{"AuthFlow":"USER_PASSWORD_AUTH"}`,
			"InvalidParameterException: 1 validation error detected: Value at 'clientId' failed to satisfy constraint: Member must not be null"},
		{"unknown client", "InitiateAuth", `{"ClientId":"nobody","AuthFlow":"USER_PASSWORD_AUTH",` + credentials + `}`, noClient},
		{"administrator's flow", "InitiateAuth", flow("ADMIN_USER_PASSWORD_AUTH", credentials), "InvalidParameterException: Initiate Auth method not supported."},
		{"old name of the administrator's flow", "InitiateAuth", flow("ADMIN_NO_SRP_AUTH", credentials), "InvalidParameterException: Initiate Auth method not supported."},
		{"custom flow", "InitiateAuth", flow("CUSTOM_AUTH", credentials), "InvalidParameterException: CUSTOM_AUTH flow not enabled for this client"},
		{"choice", "InitiateAuth", flow("USER_AUTH", credentials), "InvalidParameterException: USER_AUTH flow not enabled for this client"},
		{"no parameters", "InitiateAuth", flow("USER_PASSWORD_AUTH", `"AuthParameters":{}`), "InvalidParameterException: Missing required parameter USERNAME"},
		{"no refresh token", "InitiateAuth", flow("REFRESH_TOKEN_AUTH", `"AuthParameters":{}`), "InvalidParameterException: Missing required parameter REFRESH_TOKEN"},
		{"made-up refresh token", "InitiateAuth", flow("REFRESH_TOKEN", `"AuthParameters":{"REFRESH_TOKEN":"x"}`), "NotAuthorizedException: Invalid Refresh Token"},
		{"wrong password", "InitiateAuth", flow("USER_PASSWORD_AUTH", as("ada", "wrong")), "NotAuthorizedException: Incorrect username or password."},
		{"unknown user", "InitiateAuth", flow("USER_PASSWORD_AUTH", as("nobody", "Passw0rd!")), "UserNotFoundException: User does not exist."},
		{"unknown user, SRP", "InitiateAuth", flow("USER_SRP_AUTH", `"AuthParameters":{"USERNAME":"nobody","SRP_A":"2"}`), "UserNotFoundException: User does not exist."},
		{"unconfirmed", "InitiateAuth", flow("USER_PASSWORD_AUTH", as("new", "Passw0rd!")), "UserNotConfirmedException: User is not confirmed."},
		{"password reset", "InitiateAuth", flow("USER_PASSWORD_AUTH", as("reset", "Passw0rd!")), "PasswordResetRequiredException: Password reset required for the user"},
		{"disabled", "InitiateAuth", flow("USER_PASSWORD_AUTH", as("disabled", "Passw0rd!")), "NotAuthorizedException: User is disabled."},
		{"no secret hash", "InitiateAuth", `{"ClientId":"SECRETIVE","AuthFlow":"USER_PASSWORD_AUTH",` + credentials + `}`,
			"NotAuthorizedException: Client SECRETIVE is configured with secret but SECRET_HASH was not received"},
		{"wrong secret hash", "InitiateAuth", `{"ClientId":"SECRETIVE","AuthFlow":"USER_PASSWORD_AUTH","AuthParameters":{"USERNAME":"ada","PASSWORD":"Passw0rd!","SECRET_HASH":"eA=="}}`,
			"NotAuthorizedException: Unable to verify secret hash for client SECRETIVE"},

		{"no pool", "AdminInitiateAuth", `{"UserPoolId":"us-east-1_Nowhere00","ClientId":"CLIENT","AuthFlow":"ADMIN_USER_PASSWORD_AUTH",` + credentials + `}`, noPool},
		{"unknown client", "AdminInitiateAuth", `{"UserPoolId":"POOL","ClientId":"nobody","AuthFlow":"ADMIN_USER_PASSWORD_AUTH",` + credentials + `}`, noClient},
		{"user's flow", "AdminInitiateAuth", `{"UserPoolId":"POOL","ClientId":"CLIENT","AuthFlow":"USER_PASSWORD_AUTH",` + credentials + `}`,
			"InvalidParameterException: Initiate Auth method not supported."},
		{"wrong password", "AdminInitiateAuth", `{"UserPoolId":"POOL","ClientId":"CLIENT","AuthFlow":"ADMIN_NO_SRP_AUTH",` + as("ada", "wrong") + `}`,
			"NotAuthorizedException: Incorrect username or password."},

		{"challenge that nothing asks for", "RespondToAuthChallenge", `{"ClientId":"CLIENT","ChallengeName":"ADMIN_NO_SRP_AUTH","ChallengeResponses":{"USERNAME":"ada"}}`,
			"InvalidParameterException: The challenge ADMIN_NO_SRP_AUTH is not supported."},
		{"unknown challenge", "RespondToAuthChallenge", `{"ClientId":"CLIENT","ChallengeName":"GUESS"}`, "InvalidParameterException: 1 validation error detected: "},
		{"no username", "RespondToAuthChallenge", `{"ClientId":"CLIENT","ChallengeName":"NEW_PASSWORD_REQUIRED","Session":"` + session + `","ChallengeResponses":{"NEW_PASSWORD":"N3w-Passw0rd"}}`,
			"InvalidParameterException: Missing required parameter USERNAME"},
		{"no session", "RespondToAuthChallenge", `{"ClientId":"CLIENT","ChallengeName":"NEW_PASSWORD_REQUIRED","ChallengeResponses":{"USERNAME":"invited","NEW_PASSWORD":"N3w-Passw0rd"}}`,
			"InvalidParameterException: Missing required parameter Session"},
		{"made-up session", "RespondToAuthChallenge", `{"ClientId":"CLIENT","ChallengeName":"NEW_PASSWORD_REQUIRED","Session":"` + session + `","ChallengeResponses":{"USERNAME":"invited","NEW_PASSWORD":"N3w-Passw0rd"}}`, badSession},
		{"made-up block", "RespondToAuthChallenge", `{"ClientId":"CLIENT","ChallengeName":"PASSWORD_VERIFIER","ChallengeResponses":{"USERNAME":"ada","PASSWORD_CLAIM_SECRET_BLOCK":"eA=="}}`, badSession},
		{"no pool", "AdminRespondToAuthChallenge", `{"UserPoolId":"us-east-1_Nowhere00","ClientId":"CLIENT","ChallengeName":"NEW_PASSWORD_REQUIRED"}`, noPool},
		{"made-up session", "AdminRespondToAuthChallenge", `{"UserPoolId":"POOL","ClientId":"CLIENT","ChallengeName":"NEW_PASSWORD_REQUIRED","Session":"` + session + `","ChallengeResponses":{"USERNAME":"invited","NEW_PASSWORD":"N3w-Passw0rd"}}`, badSession},
	} {
		t.Run(c.operation+" "+c.name, func(t *testing.T) {
			ids := strings.NewReplacer("POOL", pool, "CLIENT", client, "SECRETIVE", confidential)
			got := a.call(t, c.operation, ids.Replace(c.input))
			if text := got.errType + ": " + got.message; text != ids.Replace(c.want) && !(strings.HasSuffix(c.want, "detected: ") && strings.HasPrefix(text, c.want)) {
				t.Errorf("\ngot  %s\nwant %s", text, ids.Replace(c.want))
			}
		})
	}
}

func TestAuthAnswers(t *testing.T) {
	a, pool, client, _ := newAuthAPI(t)
	signIn := func(operation, flow, user string) answer {
		t.Helper()
		in := `{"ClientId":"CLIENT","AuthFlow":"` + flow + `","AuthParameters":{"USERNAME":"` + user + `","PASSWORD":"Passw0rd!"}`
		if operation == "AdminInitiateAuth" {
			in += `,"UserPoolId":"POOL"`
		}
		return a.do(t, operation, fill(in+"}", pool, client))
	}
	t.Run("tokens", func(t *testing.T) {
		for _, got := range []answer{signIn("InitiateAuth", "USER_PASSWORD_AUTH", "ada"), signIn("AdminInitiateAuth", "ADMIN_NO_SRP_AUTH", "ada")} {
			if got.json("ChallengeParameters") != "{}" || got.at("ChallengeName") != nil || got.at("Session") != nil {
				t.Errorf("answer %v", got.body)
			}
			if got.text("AuthenticationResult.TokenType") != "Bearer" || got.at("AuthenticationResult.ExpiresIn") != 3600.0 {
				t.Errorf("result %v", got.at("AuthenticationResult"))
			}
			for _, name := range []string{"AccessToken", "IdToken", "RefreshToken"} {
				got.text("AuthenticationResult." + name)
			}
		}
	})
	t.Run("a challenge of an administrator is his to answer", func(t *testing.T) {
		asked := signIn("AdminInitiateAuth", "ADMIN_USER_PASSWORD_AUTH", "invited")
		if asked.text("ChallengeName") != "NEW_PASSWORD_REQUIRED" || asked.text("ChallengeParameters.USER_ID_FOR_SRP") != "invited" ||
			asked.text("ChallengeParameters.requiredAttributes") != "[]" {
			t.Errorf("answer %v", asked.body)
		}
		response := `"ClientId":"CLIENT","ChallengeName":"NEW_PASSWORD_REQUIRED","Session":"` + asked.text("Session") +
			`","ChallengeResponses":{"USERNAME":"invited","NEW_PASSWORD":"N3w-Passw0rd"}`
		a.refuse(t, "RespondToAuthChallenge", fill(`{`+response+`}`, pool, client), "NotAuthorizedException: Invalid session for the user.")
		a.do(t, "AdminRespondToAuthChallenge", fill(`{"UserPoolId":"POOL",`+response+`}`, pool, client)).text("AuthenticationResult.AccessToken")
	})
}
