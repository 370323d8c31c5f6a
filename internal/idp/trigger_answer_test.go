package idp

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/trigger"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// TestTriggersThatDeny holds what callers are told of functions that fail, and
// what is left behind.
func TestTriggersThatDeny(t *testing.T) {
	const (
		signUp = `{"ClientId":"CLIENT","Username":"new","Password":"Passw0rd!","UserAttributes":[{"Name":"email","Value":"new@example.com"}]}`
		signIn = `{"ClientId":"CLIENT","AuthFlow":"USER_PASSWORD_AUTH","AuthParameters":{"USERNAME":"ada","PASSWORD":"Passw0rd!"}}`
		create = `{"UserPoolId":"POOL","Username":"new","DesiredDeliveryMediums":["EMAIL"],"UserAttributes":[{"Name":"email","Value":"new@example.com"}]}`
	)
	said := &trigger.FunctionError{Type: "Error", Message: "no"}
	for _, c := range []struct {
		name, source, response string
		err                    error
		operation, input, want string
		left                   bool // the user new is there
	}{
		{"sign-up denied", "PreSignUp_SignUp", "", said, "SignUp", signUp, "UserLambdaValidationException: PreSignUp failed with error no.", false},
		{"sign-up function gone", "PreSignUp_SignUp", "", &trigger.InvocationError{Name: "AccessDeniedException"}, "SignUp", signUp,
			"UnexpectedLambdaException: PreSignUp invocation failed due to error AccessDeniedException.", false},
		{"sign-up function too slow", "PreSignUp_SignUp", "", context.DeadlineExceeded, "SignUp", signUp,
			"UnexpectedLambdaException: PreSignUp invocation failed due to error Socket timeout while invoking Lambda function.", false},
		{"sign-up function unreachable", "PreSignUp_SignUp", "", errors.New("dial 10.0.0.1"), "SignUp", signUp,
			"UnexpectedLambdaException: PreSignUp invocation failed due to error ServiceException.", false},
		{"sign-up without response", "PreSignUp_SignUp", "null", nil, "SignUp", signUp, "InvalidLambdaResponseException: Unrecognizable lambda output", false},
		{"sign-up with a wrong type", "PreSignUp_SignUp", `{"autoConfirmUser":"yes"}`, nil, "SignUp", signUp, "InvalidLambdaResponseException: Unrecognizable lambda output", false},
		{"verify what is not there", "PreSignUp_SignUp", `{"autoVerifyPhone":true}`, nil, "SignUp", signUp,
			"InvalidLambdaResponseException: PreSignUp cannot verify the attribute phone_number, which the user does not have.", false},
		{"message denied", "CustomMessage_SignUp", "", said, "SignUp", signUp, "UserLambdaValidationException: CustomMessage failed with error no.", true},
		{"message without code", "CustomMessage_SignUp", `{"emailMessage":"hello"}`, nil, "SignUp", signUp,
			"InvalidLambdaResponseException: CustomMessage returned a emailMessage without the code parameter.", true},
		{"long message", "CustomMessage_SignUp", `{"smsMessage":"` + strings.Repeat("x", 135) + `{####}"}`, nil, "SignUp", signUp,
			"InvalidLambdaResponseException: CustomMessage returned a smsMessage of more than 140 characters.", true},
		{"administrator's user denied", "PreSignUp_AdminCreateUser", "", said, "AdminCreateUser", create, "UserLambdaValidationException: PreSignUp failed with error no.", false},
		{"invitation denied", "CustomMessage_AdminCreateUser", "", said, "AdminCreateUser", create, "UserLambdaValidationException: CustomMessage failed with error no.", false},
		{"invitation without name", "CustomMessage_AdminCreateUser", `{"emailMessage":"{####}"}`, nil, "AdminCreateUser", create,
			"InvalidLambdaResponseException: CustomMessage returned a emailMessage without the code parameter.", false},
		{"sign-in denied", "PreAuthentication_Authentication", "", said, "InitiateAuth", signIn, "UserLambdaValidationException: PreAuthentication failed with error no.", false},
		{"tokens denied", "PostAuthentication_Authentication", "", said, "InitiateAuth", signIn, "UserLambdaValidationException: PostAuthentication failed with error no.", false},
		{"claims denied", "TokenGeneration_Authentication", "", said, "InitiateAuth", signIn, "UserLambdaValidationException: PreTokenGeneration failed with error no.", false},
		{"claim without value", "TokenGeneration_Authentication", `{"claimsAndScopeOverrideDetails":{"idTokenGeneration":{"claimsToAddOrOverride":{"a":null}}}}`, nil,
			"InitiateAuth", signIn, "InvalidLambdaResponseException: Unrecognizable lambda output", false},
		{"scope with a space", "TokenGeneration_Authentication", `{"claimsAndScopeOverrideDetails":{"accessTokenGeneration":{"scopesToAdd":["a b"]}}}`, nil,
			"InitiateAuth", signIn, "InvalidLambdaResponseException: Unrecognizable lambda output", false},
		{"strange audience", "TokenGeneration_Authentication", `{"claimsAndScopeOverrideDetails":{"accessTokenGeneration":{"claimsToAddOrOverride":{"aud":"me"}}}}`, nil,
			"InitiateAuth", signIn, "InvalidLambdaResponseException: Unrecognizable lambda output", false},
		{"endless token", "TokenGeneration_Authentication",
			`{"claimsAndScopeOverrideDetails":{"accessTokenGeneration":{"claimsToAddOrOverride":{"a":"` + strings.Repeat("x", 100_000) + `"}}}}`, nil,
			"InitiateAuth", signIn, "InvalidLambdaResponseException: PreTokenGeneration makes the token too long.", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newTriggerWorld(t, "V2_0", "")
			w.user(t, "ada")
			w.f.on(c.source, func(map[string]any) (string, error) { return c.response, c.err })
			w.refuse(t, c.operation, w.in(c.input), c.want)
			got := w.call(t, "AdminGetUser", w.in(`{"UserPoolId":"POOL","Username":"new"}`))
			if left := got.errType == ""; left != c.left {
				t.Errorf("user is left: %v, want %v", left, c.left)
			}
			if c.left {
				w.f.say(c.source, `{}`)
				w.do(t, "ResendConfirmationCode", w.in(`{"ClientId":"CLIENT","Username":"new"}`))
			}
		})
	}
}

// TestNoRunner holds that a pool whose function nothing can call is not served as
// if it had none.
func TestNoRunner(t *testing.T) {
	a := newTestAPI(t, userpool.PoolsOptions{})
	pool := a.do(t, "CreateUserPool", `{"PoolName":"test","LambdaConfig":{"PreSignUp":"`+functionARN+`"}}`).text("UserPool.Id")
	a.refuse(t, "AdminCreateUser", fill(`{"UserPoolId":"POOL","Username":"ada"}`, pool, ""),
		"UnexpectedLambdaException: PreSignUp invocation failed due to error ResourceNotFoundException.")
}

func TestPreSignUpConfirms(t *testing.T) {
	w := newTriggerWorld(t, "V1_0", "")
	w.f.say("PreSignUp_SignUp", `{"autoConfirmUser":true,"autoVerifyEmail":true,"autoVerifyPhone":false}`)
	got := w.do(t, "SignUp", w.in(`{"ClientId":"CLIENT","Username":"new","Password":"Passw0rd!","UserAttributes":[{"Name":"email","Value":"new@example.com"}]}`))
	if got.at("UserConfirmed") != true || got.at("CodeDeliveryDetails") != nil {
		t.Errorf("answer %v", got.body)
	}
	if got := sources(w.f.take()); got != "PreSignUp_SignUp PostConfirmation_ConfirmSignUp" {
		t.Errorf("asked %q", got)
	}
	user := w.do(t, "AdminGetUser", w.in(`{"UserPoolId":"POOL","Username":"new"}`))
	if user.text("UserStatus") != "CONFIRMED" || !strings.Contains(user.json("UserAttributes"), `{"Name":"email_verified","Value":"true"}`) {
		t.Errorf("user %v", user.body)
	}
	// What an administrator's function says of that does not count.
	w.f.say("PreSignUp_AdminCreateUser", `{"autoConfirmUser":true,"autoVerifyEmail":true}`)
	made := w.do(t, "AdminCreateUser", w.in(`{"UserPoolId":"POOL","Username":"made","MessageAction":"SUPPRESS"}`))
	if made.text("User.UserStatus") != "FORCE_CHANGE_PASSWORD" {
		t.Errorf("user %v", made.body)
	}
}

func TestCustomMessage(t *testing.T) {
	w := newTriggerWorld(t, "V1_0", "")
	w.user(t, "ada")
	w.f.on("CustomMessage_ForgotPassword", func(request map[string]any) (string, error) {
		return `{"emailSubject":"Hi","emailMessage":"<b>` + request["codeParameter"].(string) + `</b>"}`, nil
	})
	w.do(t, "ForgotPassword", w.in(`{"ClientId":"CLIENT","Username":"ada"}`))
	if m := w.lastMessage(t); m.Subject != "Hi" || m.Body != "<b>"+m.Code+"</b>" {
		t.Errorf("message %q %q", m.Subject, m.Body)
	}
	w.f.say("CustomMessage_ForgotPassword", `{"smsMessage":null,"emailMessage":null,"emailSubject":"Hi again"}`)
	w.do(t, "ForgotPassword", w.in(`{"ClientId":"CLIENT","Username":"ada"}`))
	if m := w.lastMessage(t); m.Subject != "Hi again" || !strings.Contains(m.Body, m.Code) {
		t.Errorf("message %q %q", m.Subject, m.Body)
	}
}

// TestMigration brings users from another directory.
func TestMigration(t *testing.T) {
	w := newTriggerWorld(t, "V1_0", `,"PreventUserExistenceErrors":"ENABLED"`)
	known := func(request map[string]any) (string, error) {
		if p, given := request["password"]; given && p != "old" {
			return "", &trigger.FunctionError{Message: "Bad password"}
		}
		time.Sleep(time.Millisecond) // so that requests at once meet
		return `{"userAttributes":{"email":"o@example.com","email_verified":"true"},"finalUserStatus":"CONFIRMED","messageAction":"SUPPRESS"}`, nil
	}
	w.f.on("UserMigration_Authentication", known)
	signIn := func(name, password string) string {
		return w.in(`{"ClientId":"CLIENT","AuthFlow":"USER_PASSWORD_AUTH","AuthParameters":{"USERNAME":"` + name + `","PASSWORD":"` + password + `"}}`)
	}
	w.refuse(t, "InitiateAuth", signIn("otto", "wrong"), "NotAuthorizedException: Incorrect username or password.")
	w.f.take()
	w.do(t, "InitiateAuth", signIn("otto", "old")).text("AuthenticationResult.IdToken") // against the policy of the pool
	if got := sources(w.f.take()); got != "UserMigration_Authentication PreAuthentication_Authentication PostAuthentication_Authentication TokenGeneration_Authentication" {
		t.Errorf("asked %q", got)
	}
	w.do(t, "InitiateAuth", signIn("otto", "old"))
	if got := sources(w.f.take()); strings.Contains(got, "UserMigration") {
		t.Errorf("asked %q of a user who is there", got)
	}

	t.Run("many at once make one user", func(t *testing.T) {
		var running sync.WaitGroup
		for range 8 {
			running.Go(func() {
				got := w.call(t, "InitiateAuth", signIn("crowd", "old"))
				if got.errType != "" {
					t.Errorf("%s: %s", got.errType, got.message)
				}
			})
		}
		running.Wait()
	})
	t.Run("a new password must be set", func(t *testing.T) {
		w.f.say("UserMigration_Authentication", `{"userAttributes":{"email":"r@example.com","email_verified":"true"},"finalUserStatus":"RESET_REQUIRED"}`)
		w.refuse(t, "InitiateAuth", signIn("rita", "old"), "PasswordResetRequiredException: Password reset required for the user")
	})
	t.Run("forgotten password", func(t *testing.T) {
		w.f.on("UserMigration_ForgotPassword", known)
		w.do(t, "ForgotPassword", w.in(`{"ClientId":"CLIENT","Username":"fred"}`))
		w.do(t, "ConfirmForgotPassword", w.in(`{"ClientId":"CLIENT","Username":"fred","Password":"Passw0rd!2","ConfirmationCode":"`+w.lastMessage(t).Code+`"}`))
		w.do(t, "InitiateAuth", signIn("fred", "Passw0rd!2"))
	})
	for _, c := range []struct{ name, response, want string }{
		{"no attributes", `{"finalUserStatus":"CONFIRMED"}`, "InvalidLambdaResponseException: Unrecognizable lambda output"},
		{"attribute that is no text", `{"userAttributes":{"email":1}}`, "InvalidLambdaResponseException: Unrecognizable lambda output"},
		{"attribute that the pool does not have", `{"userAttributes":{"custom:x":"y"}}`,
			"InvalidLambdaResponseException: Attributes did not conform to the schema: Type for attribute {custom:x} could not be determined"},
		{"sub", `{"userAttributes":{"sub":"y"}}`, "InvalidLambdaResponseException: Cannot modify the non-mutable attribute sub"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.f.say("UserMigration_Authentication", c.response)
			w.refuse(t, "InitiateAuth", signIn("strange", "old"), c.want)
			w.refuse(t, "AdminGetUser", w.in(`{"UserPoolId":"POOL","Username":"strange"}`), "UserNotFoundException: User does not exist.")
		})
	}
}
