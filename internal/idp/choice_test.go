package idp

import (
	"strings"
	"testing"

	"github.com/poolhouse/poolhouse/internal/passkey/passkeytest"
)

func TestUserAuth(t *testing.T) {
	api := newPasskeyAPI(t)
	begin := func(parameters string) answer {
		t.Helper()
		return api.doIn(t, "InitiateAuth", `{"ClientId":"CLIENT","AuthFlow":"USER_AUTH","AuthParameters":{"USERNAME":"ann"`+parameters+`}}`)
	}
	respond := func(o answer, responses string) answer {
		t.Helper()
		return api.doIn(t, "RespondToAuthChallenge", `{"ClientId":"CLIENT","ChallengeName":"`+o.text("ChallengeName")+`","Session":"`+o.text("Session")+`",
			"ChallengeResponses":{"USERNAME":"ann",`+responses+`}}`)
	}
	list := begin("")
	if list.text("ChallengeName") != "SELECT_CHALLENGE" || list.json("AvailableChallenges") != `["PASSWORD_SRP","PASSWORD","EMAIL_OTP"]` ||
		list.json("ChallengeParameters") != `{}` {
		t.Errorf("answer %v", list.body)
	}
	code := begin(`,"PREFERRED_CHALLENGE":"EMAIL_OTP"`)
	if code.json("AvailableChallenges") != `["EMAIL_OTP"]` ||
		code.json("ChallengeParameters") != `{"CODE_DELIVERY_DELIVERY_MEDIUM":"EMAIL","CODE_DELIVERY_DESTINATION":"a***@e***"}` {
		t.Errorf("answer %v", code.body)
	}
	token := respond(code, `"EMAIL_OTP_CODE":"`+api.lastMessage(t).Code+`"`).text("AuthenticationResult.AccessToken")

	authenticator := passkeytest.New(t, "https://app.example.com")
	api.register(t, token, authenticator)
	signIn := begin(`,"PREFERRED_CHALLENGE":"WEB_AUTHN"`)
	credential := authenticator.Get(t, signIn.text("ChallengeParameters.CREDENTIAL_REQUEST_OPTIONS"))
	respond(signIn, `"CREDENTIAL":`+quote(credential)).text("AuthenticationResult.IdToken")

	admin := api.doIn(t, "AdminInitiateAuth", `{"UserPoolId":"POOL","ClientId":"CLIENT","AuthFlow":"USER_AUTH","AuthParameters":{"USERNAME":"ann"}}`)
	if admin.json("AvailableChallenges") != `["PASSWORD_SRP","PASSWORD","EMAIL_OTP","WEB_AUTHN"]` {
		t.Errorf("answer %v", admin.body)
	}
	api.refuse(t, "RespondToAuthChallenge", api.in(`{"ClientId":"CLIENT","ChallengeName":"SELECT_CHALLENGE","Session":"`+admin.text("Session")+`",
		"ChallengeResponses":{"USERNAME":"ann","ANSWER":"EMAIL_OTP"}}`), "NotAuthorizedException: Invalid session for the user.")
	if got := api.do(t, "GetUserAuthFactors", `{"AccessToken":"`+token+`"}`).json("ConfiguredUserAuthFactors"); got != `["PASSWORD","EMAIL_OTP","WEB_AUTHN"]` {
		t.Errorf("factors %s", got)
	}
}

func TestSignUpToSession(t *testing.T) {
	api := newPasskeyAPI(t)
	done := api.doIn(t, "SignUp", `{"ClientId":"CLIENT","Username":"zoe","UserAttributes":[{"Name":"email","Value":"zoe@example.com"}]}`)
	confirm := func(name, session string) string {
		return api.in(`{"ClientId":"CLIENT","Username":"` + name + `","ConfirmationCode":"` + api.lastMessage(t).Code + `","Session":"` + session + `"}`)
	}
	session := done.text("Session")
	const invalid = "NotAuthorizedException: Invalid session for the user."
	api.refuse(t, "ConfirmSignUp", confirm("ann", session), invalid)
	api.refuse(t, "ConfirmSignUp", confirm("zoe", strings.Repeat("A", 40)), invalid)
	confirmed := api.do(t, "ConfirmSignUp", confirm("zoe", session)).text("Session")
	start := api.in(`{"ClientId":"CLIENT","AuthFlow":"USER_AUTH","Session":"` + confirmed + `"}`)
	api.do(t, "InitiateAuth", start).text("AuthenticationResult.AccessToken")
	api.refuse(t, "InitiateAuth", start, "NotAuthorizedException: Invalid session for the user, session can only be used once.")
	for name, session := range map[string]string{"of SignUp": session, "made up": "made-up-session-of-no-one"} {
		t.Run(name, func(t *testing.T) {
			api.refuse(t, "InitiateAuth", api.in(`{"ClientId":"CLIENT","AuthFlow":"USER_AUTH","Session":"`+session+`"}`), invalid)
		})
	}
	t.Run("without codes as a factor", func(t *testing.T) {
		plain, pool, made := newSignUpAPI(t, "", "")
		done := plain.do(t, "SignUp", fill(`{"ClientId":"CLIENT","Username":"zoe","Password":"Passw0rd!",
			"UserAttributes":[{"Name":"email","Value":"zoe@example.com"}]}`, pool, made.text("UserPoolClient.ClientId")))
		if done.at("Session") != nil {
			t.Errorf("answer %v", done.body)
		}
	})
}

func quote(text string) string { return `"` + strings.ReplaceAll(text, `"`, `\"`) + `"` }
