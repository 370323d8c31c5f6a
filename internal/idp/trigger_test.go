package idp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"github.com/poolhouse/poolhouse/internal/trigger"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// functions are trigger functions that note what they are asked and answer with
// the event, its response changed as the test wants.
type functions struct {
	mu     sync.Mutex
	events []seenEvent
	answer map[string]func(request map[string]any) (response string, err error) // by source
}

type seenEvent struct {
	source string
	raw    []byte
}

const functionARN = "arn:aws:lambda:us-east-1:123456789012:function:all"

// Invoke is the function. All triggers are one, as in many deployments.
func (f *functions) Invoke(_ context.Context, function string, event []byte) ([]byte, error) {
	if function != functionARN {
		return nil, errors.New("called by another name: " + function)
	}
	var e map[string]any
	if err := json.Unmarshal(event, &e); err != nil {
		return nil, err
	}
	source, _ := e["triggerSource"].(string)
	f.mu.Lock()
	f.events = append(f.events, seenEvent{source, bytes.Clone(event)})
	answer := f.answer[source]
	f.mu.Unlock()
	if answer == nil {
		return event, nil
	}
	request, _ := e["request"].(map[string]any)
	response, err := answer(request)
	if err != nil {
		return nil, err
	}
	e["response"] = json.RawMessage(response)
	return json.Marshal(e)
}

func (f *functions) on(source string, answer func(map[string]any) (string, error)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answer[source] = answer
}

// say makes functions answer with a response.
func (f *functions) say(source, response string) {
	f.on(source, func(map[string]any) (string, error) { return response, nil })
}

// throw makes functions fail.
func (f *functions) throw(source, message string) {
	f.on(source, func(map[string]any) (string, error) {
		return "", &trigger.FunctionError{Type: "Error", Message: message}
	})
}

// take returns what was asked since the last call.
func (f *functions) take() []seenEvent {
	f.mu.Lock()
	defer f.mu.Unlock()
	seen := f.events
	f.events = nil
	return seen
}

func sources(seen []seenEvent) string {
	var list []string
	for _, e := range seen {
		list = append(list, e.source)
	}
	return strings.Join(list, " ")
}

// triggerWorld is a pool all of whose triggers are one function.
type triggerWorld struct {
	*testAPI
	f            *functions
	pool, client string
}

func newTriggerWorld(t *testing.T, version, client string) *triggerWorld {
	t.Helper()
	f := &functions{answer: map[string]func(map[string]any) (string, error){}}
	w := &triggerWorld{f: f, testAPI: newTestAPI(t, userpool.PoolsOptions{Triggers: trigger.New(trigger.Options{Runner: f})})}
	var names []string
	for _, name := range []string{"PreSignUp", "CustomMessage", "PostConfirmation", "PreAuthentication", "PostAuthentication",
		"DefineAuthChallenge", "CreateAuthChallenge", "VerifyAuthChallengeResponse", "UserMigration"} {
		names = append(names, fmt.Sprintf("%q:%q", name, functionARN))
	}
	w.pool = w.do(t, "CreateUserPool", `{"PoolName":"test","AutoVerifiedAttributes":["email"],"LambdaConfig":{`+strings.Join(names, ",")+
		`,"PreTokenGenerationConfig":{"LambdaVersion":"`+version+`","LambdaArn":"`+functionARN+`"}}}`).text("UserPool.Id")
	w.client = w.do(t, "CreateUserPoolClient", fill(`{"UserPoolId":"POOL","ClientName":"web","ExplicitAuthFlows":["ALLOW_USER_PASSWORD_AUTH",
		"ALLOW_USER_SRP_AUTH","ALLOW_CUSTOM_AUTH","ALLOW_REFRESH_TOKEN_AUTH","ALLOW_USER_AUTH"]`+client+`}`, w.pool, "")).text("UserPoolClient.ClientId")
	return w
}

func (w *triggerWorld) in(text string) string { return fill(text, w.pool, w.client) }

// user makes a confirmed user with an address.
func (w *triggerWorld) user(t *testing.T, name string) {
	t.Helper()
	w.do(t, "AdminCreateUser", w.in(`{"UserPoolId":"POOL","Username":"`+name+`","MessageAction":"SUPPRESS","UserAttributes":[
		{"Name":"email","Value":"`+name+`@example.com"},{"Name":"email_verified","Value":"true"}]}`))
	w.do(t, "AdminSetUserPassword", w.in(`{"UserPoolId":"POOL","Username":"`+name+`","Password":"Passw0rd!","Permanent":true}`))
	w.f.take()
}

const notFoundMigration = "no such user"

// TestTriggersOfOperations goes through what people and administrators do, and
// holds which functions are asked, in which order.
func TestTriggersOfOperations(t *testing.T) {
	w := newTriggerWorld(t, "V2_0", "")
	w.f.throw("UserMigration_Authentication", notFoundMigration)
	w.f.throw("UserMigration_ForgotPassword", notFoundMigration)
	w.user(t, "ada")
	var access, refresh, session string
	signIn := `{"ClientId":"CLIENT","AuthFlow":"USER_PASSWORD_AUTH","AuthParameters":{"USERNAME":"ada","PASSWORD":"Passw0rd!"},"ClientMetadata":{"k":"v"}}`
	for _, step := range []struct {
		name, operation, input, want string
	}{
		{"sign up", "SignUp", `{"ClientId":"CLIENT","Username":"new","Password":"Passw0rd!","UserAttributes":[{"Name":"email","Value":"new@example.com"}],
			"ValidationData":[{"Name":"a","Value":"b"}],"ClientMetadata":{"k":"v"}}`, "PreSignUp_SignUp CustomMessage_SignUp"},
		{"another code", "ResendConfirmationCode", `{"ClientId":"CLIENT","Username":"new"}`, "CustomMessage_ResendCode"},
		{"confirm", "ConfirmSignUp", `{"ClientId":"CLIENT","Username":"new","ConfirmationCode":"<code>"}`, "PostConfirmation_ConfirmSignUp"},
		{"sign in", "InitiateAuth", signIn, "PreAuthentication_Authentication PostAuthentication_Authentication TokenGeneration_Authentication"},
		{"update", "UpdateUserAttributes", `{"AccessToken":"<access>","UserAttributes":[{"Name":"email","Value":"ada2@example.com"}]}`, "CustomMessage_UpdateUserAttribute"},
		{"verify", "GetUserAttributeVerificationCode", `{"AccessToken":"<access>","AttributeName":"email"}`, "CustomMessage_VerifyUserAttribute"},
		{"nothing of an attribute that needs no code", "UpdateUserAttributes", `{"AccessToken":"<access>","UserAttributes":[{"Name":"name","Value":"Ada"}]}`, ""},
		{"refresh by InitiateAuth", "InitiateAuth", `{"ClientId":"CLIENT","AuthFlow":"REFRESH_TOKEN_AUTH","AuthParameters":{"REFRESH_TOKEN":"<refresh>"}}`, "TokenGeneration_RefreshTokens"},
		{"refresh", "GetTokensFromRefreshToken", `{"ClientId":"CLIENT","RefreshToken":"<refresh>"}`, "TokenGeneration_RefreshTokens"},
		{"administrator's update", "AdminUpdateUserAttributes", `{"UserPoolId":"POOL","Username":"ada","UserAttributes":[{"Name":"email","Value":"ada3@example.com"}]}`, "CustomMessage_UpdateUserAttribute"},
		{"verified by the administrator", "AdminUpdateUserAttributes", `{"UserPoolId":"POOL","Username":"ada","UserAttributes":[{"Name":"email","Value":"ada@example.com"},{"Name":"email_verified","Value":"true"}]}`, ""},
		{"forgot", "ForgotPassword", `{"ClientId":"CLIENT","Username":"ada"}`, "CustomMessage_ForgotPassword"},
		{"new password", "ConfirmForgotPassword", `{"ClientId":"CLIENT","Username":"ada","ConfirmationCode":"<code>","Password":"Passw0rd!"}`, "PostConfirmation_ConfirmForgotPassword"},
		{"administrator's reset", "AdminResetUserPassword", `{"UserPoolId":"POOL","Username":"ada"}`, "CustomMessage_ForgotPassword"},
		{"administrator's user", "AdminCreateUser", `{"UserPoolId":"POOL","Username":"invited","TemporaryPassword":"Passw0rd!","DesiredDeliveryMediums":["EMAIL"],"UserAttributes":[{"Name":"email","Value":"i@example.com"}]}`,
			"PreSignUp_AdminCreateUser CustomMessage_AdminCreateUser"},
		{"invited again", "AdminCreateUser", `{"UserPoolId":"POOL","Username":"invited","TemporaryPassword":"Passw0rd!","MessageAction":"RESEND","DesiredDeliveryMediums":["EMAIL"]}`, "CustomMessage_AdminCreateUser"},
		{"first sign-in", "InitiateAuth", `{"ClientId":"CLIENT","AuthFlow":"USER_PASSWORD_AUTH","AuthParameters":{"USERNAME":"invited","PASSWORD":"Passw0rd!"}}`, "PreAuthentication_Authentication"},
		{"own password", "RespondToAuthChallenge", `{"ClientId":"CLIENT","ChallengeName":"NEW_PASSWORD_REQUIRED","Session":"<session>","ChallengeResponses":{"USERNAME":"invited","NEW_PASSWORD":"N3w-Passw0rd"},"ClientMetadata":{"k":"v"}}`,
			"PostAuthentication_Authentication TokenGeneration_NewPasswordChallenge"},
		{"sign up for the administrator", "SignUp", `{"ClientId":"CLIENT","Username":"other","Password":"Passw0rd!"}`, "PreSignUp_SignUp"},
		{"administrator confirms", "AdminConfirmSignUp", `{"UserPoolId":"POOL","Username":"other"}`, "PostConfirmation_ConfirmSignUp"},
	} {
		code := ""
		if strings.Contains(step.input, "<code>") {
			code = w.lastMessage(t).Code
		}
		w.f.take()
		got := w.do(t, step.operation, strings.NewReplacer("<access>", access, "<refresh>", refresh, "<code>", code, "<session>", session).Replace(w.in(step.input)))
		seen := w.f.take()
		if s := sources(seen); s != step.want {
			t.Errorf("%s asked %q, want %q", step.name, s, step.want)
		}
		for _, e := range seen {
			holdToAWS(t, e)
		}
		if token, ok := got.at("AuthenticationResult.AccessToken").(string); ok && access == "" {
			access, refresh = token, got.text("AuthenticationResult.RefreshToken")
		}
		if s, ok := got.at("Session").(string); ok {
			session = s
		}
	}
	w.refuse(t, "InitiateAuth", w.in(`{"ClientId":"CLIENT","AuthFlow":"USER_PASSWORD_AUTH","AuthParameters":{"USERNAME":"nobody","PASSWORD":"Passw0rd!"}}`),
		"UserNotFoundException: User does not exist.")
	if got := sources(w.f.take()); got != "UserMigration_Authentication" {
		t.Errorf("sign-in of nobody asked %q", got)
	}
	w.refuse(t, "ForgotPassword", w.in(`{"ClientId":"CLIENT","Username":"nobody"}`), "UserNotFoundException: Username/client id combination not found.")
	if got := sources(w.f.take()); got != "UserMigration_ForgotPassword" {
		t.Errorf("forgotten password of nobody asked %q", got)
	}
}

// awsEvents are the types with which Go functions read the events.
var awsEvents = map[string]func() any{
	"PreSignUp":                   func() any { return new(events.CognitoEventUserPoolsPreSignup) },
	"PostConfirmation":            func() any { return new(events.CognitoEventUserPoolsPostConfirmation) },
	"PreAuthentication":           func() any { return new(events.CognitoEventUserPoolsPreAuthentication) },
	"PostAuthentication":          func() any { return new(events.CognitoEventUserPoolsPostAuthentication) },
	"DefineAuthChallenge":         func() any { return new(events.CognitoEventUserPoolsDefineAuthChallenge) },
	"CreateAuthChallenge":         func() any { return new(events.CognitoEventUserPoolsCreateAuthChallenge) },
	"VerifyAuthChallengeResponse": func() any { return new(events.CognitoEventUserPoolsVerifyAuthChallenge) },
	"UserMigration":               func() any { return new(events.CognitoEventUserPoolsMigrateUser) },
	"CustomMessage":               func() any { return new(events.CognitoEventUserPoolsCustomMessage) },
	"TokenGeneration":             func() any { return new(events.CognitoEventUserPoolsPreTokenGenV2_0) },
}

// holdToAWS reads an event with AWS's type, strictly.
func holdToAWS(t *testing.T, e seenEvent) {
	t.Helper()
	name, _, _ := strings.Cut(e.source, "_")
	into := awsEvents[name]
	if into == nil {
		t.Fatalf("no type for %s", e.source)
	}
	// What AWS's types lack of its events.
	text := regexp.MustCompile(`"(linkParameter":"[^"]*"|userNotFound":(true|false)),?`).ReplaceAll(e.raw, nil)
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into()); err != nil {
		t.Errorf("%s is not as AWS's type: %v\n%s", e.source, err, e.raw)
	}
}
