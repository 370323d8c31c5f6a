package trigger

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/poolhouse/poolhouse/internal/fault"
)

var aCall = Call{Function: "f", Source: PreSignUpSignUp, Region: "us-east-1", PoolID: "us-east-1_Test00000", UserName: "ada", ClientID: "client"}

// runner is one function.
type runner func(ctx context.Context, event []byte) ([]byte, error)

func (r runner) Invoke(ctx context.Context, _ string, event []byte) ([]byte, error) {
	return r(ctx, event)
}

// TestEvents holds the bytes of events, which are those that AWS sends.
func TestEvents(t *testing.T) {
	const head = `"region":"us-east-1","userPoolId":"us-east-1_Test00000","userName":"ada","callerContext":{"awsSdkVersion":"aws-sdk-unknown-unknown","clientId":"client"},`
	attributes := map[string]string{"sub": "s"}
	yes := true
	for _, c := range []struct {
		source, version string
		ask             func(*Invoker, Call) error
		want            string
	}{
		{PreSignUpSignUp, "1", func(i *Invoker, c Call) error {
			_, err := i.PreSignUp(t.Context(), c, PreSignUp{UserAttributes: attributes, ClientMetadata: map[string]string{"k": "v"}})
			return err
		}, `"request":{"userAttributes":{"sub":"s"},"validationData":null,"clientMetadata":{"k":"v"}},"response":{"autoConfirmUser":false,"autoVerifyEmail":false,"autoVerifyPhone":false}`},
		{PostConfirmationSignUp, "1", func(i *Invoker, c Call) error {
			return i.PostConfirmation(t.Context(), c, PostConfirmation{UserAttributes: attributes})
		}, `"request":{"userAttributes":{"sub":"s"}},"response":{}`},
		{PreAuthenticationSource, "1", func(i *Invoker, c Call) error {
			return i.PreAuthentication(t.Context(), c, PreAuthentication{UserNotFound: &yes})
		}, `"request":{"userAttributes":{},"validationData":null,"userNotFound":true},"response":{}`},
		{PostAuthenticationSource, "1", func(i *Invoker, c Call) error {
			return i.PostAuthentication(t.Context(), c, PostAuthentication{UserAttributes: attributes, NewDeviceUsed: &yes})
		}, `"request":{"userAttributes":{"sub":"s"},"newDeviceUsed":true},"response":{}`},
		{DefineAuthChallengeSource, "1", func(i *Invoker, c Call) error {
			_, err := i.DefineAuthChallenge(t.Context(), c, DefineAuthChallenge{UserAttributes: attributes})
			return err
		}, `"request":{"userAttributes":{"sub":"s"},"session":[]},"response":{"challengeName":null,"issueTokens":null,"failAuthentication":null}`},
		{CreateAuthChallengeSource, "1", func(i *Invoker, c Call) error {
			_, err := i.CreateAuthChallenge(t.Context(), c, CreateAuthChallenge{ChallengeName: "CUSTOM_CHALLENGE"})
			return err
		}, `"request":{"userAttributes":{},"challengeName":"CUSTOM_CHALLENGE","session":[]},"response":{"publicChallengeParameters":null,"privateChallengeParameters":null,"challengeMetadata":null}`},
		{UserMigrationForgotPassword, "1", func(i *Invoker, c Call) error {
			if _, _, err := i.UserMigration(t.Context(), c, UserMigration{}); err != errUnrecognizable { // for want of attributes
				return errors.New("took nothing for a user")
			}
			return nil
		}, `"request":{"validationData":null},"response":{"userAttributes":null,"finalUserStatus":null,"messageAction":null,"desiredDeliveryMediums":null,"forceAliasCreation":null,"enableSMSMFA":null}`},
		{CustomMessageAdminCreateUser, "1", func(i *Invoker, c Call) error {
			_, err := i.CustomMessage(t.Context(), c, attributes, nil)
			return err
		}, `"request":{"userAttributes":{"sub":"s"},"codeParameter":"{####}","linkParameter":"{##Click Here##}","usernameParameter":"{username}"},"response":{"smsMessage":null,"emailMessage":null,"emailSubject":null}`},
		{"CustomEmailSender_SignUp", "1", func(i *Invoker, c Call) error {
			c.Source = CustomMessageSignUp
			return i.CustomEmailSender(t.Context(), c, CustomSender{Code: "Y29kZQ==", UserAttributes: attributes})
		}, `"request":{"type":"customEmailSenderRequestV1","code":"Y29kZQ==","clientMetadata":null,"userAttributes":{"sub":"s"}},"response":{}`},
		{"CustomSMSSender_Authentication", "1", func(i *Invoker, c Call) error {
			c.Source = CustomMessageAuthentication
			return i.CustomSMSSender(t.Context(), c, CustomSender{})
		}, `"request":{"type":"customSMSSenderRequestV1","code":"","clientMetadata":null,"userAttributes":{}},"response":{}`},
		{InboundFederationSource, "1", func(i *Invoker, c Call) error {
			got, err := i.InboundFederation(t.Context(), c, InboundFederation{ProviderName: "Google", ProviderType: "Google",
				Attributes: FederatedAttributes{IDToken: json.RawMessage(`{"sub":"1"}`)}})
			if got != nil {
				t.Errorf("attributes %v", got)
			}
			return err
		}, `"request":{"providerName":"Google","providerType":"Google","attributes":{"idToken":{"sub":"1"}}},"response":{"userAttributesToMap":null}`},
		{TokenGenerationAuthentication, "1", func(i *Invoker, c Call) error {
			_, err := i.PreTokenGeneration(t.Context(), TokenV1, c, PreTokenGeneration{Groups: &Groups{Names: []string{"a"}, Roles: []string{}}, Scopes: []string{"x"}})
			return err
		}, `"request":{"userAttributes":{},"groupConfiguration":{"groupsToOverride":["a"],"iamRolesToOverride":[],"preferredRole":null}},"response":{"claimsOverrideDetails":null}`},
		{TokenGenerationHostedAuth, "2", func(i *Invoker, c Call) error {
			_, err := i.PreTokenGeneration(t.Context(), TokenV2, c, PreTokenGeneration{Scopes: []string{"openid"}})
			return err
		}, `"request":{"userAttributes":{},"groupConfiguration":null,"scopes":["openid"]},"response":{"claimsAndScopeOverrideDetails":null}`},
	} {
		t.Run(c.source, func(t *testing.T) {
			var sent string
			i := New(Options{Runner: runner(func(_ context.Context, event []byte) ([]byte, error) {
				sent = string(event)
				return event, nil
			})})
			call := aCall
			call.Source = c.source
			if err := c.ask(i, call); err != nil {
				t.Errorf("the event itself for an answer: %v", err)
			}
			if want := `{"version":"` + c.version + `","triggerSource":"` + c.source + `",` + head + c.want + `}`; sent != want {
				t.Errorf("event\n%s\nwant\n%s", sent, want)
			}
		})
	}
}

func TestAnswersThatAreNone(t *testing.T) {
	const envelope = `{"version":"1","triggerSource":"PreSignUp_SignUp","response":`
	for name, answer := range map[string]string{
		"nothing": "", "null": "null", "text": `"ok"`, "list": "[]", "empty object": "{}", "no JSON": "{", "two": envelope + `{}}{}`,
		"other version":   `{"version":"2","triggerSource":"PreSignUp_SignUp","response":{}}`,
		"number version":  `{"version":1,"triggerSource":"PreSignUp_SignUp","response":{}}`,
		"other source":    `{"version":"1","triggerSource":"PreSignUp_AdminCreateUser","response":{}}`,
		"response alone":  `{"response":{"autoConfirmUser":true}}`,
		"no response":     `{"version":"1","triggerSource":"PreSignUp_SignUp"}`,
		"null response":   envelope + "null}",
		"list response":   envelope + "[]}",
		"wrong type":      envelope + `{"autoConfirmUser":1}}`,
		"not UTF-8":       envelope + "{\"x\":\"\xff\"}}",
		"more than 1 MB":  envelope + `{"x":"` + strings.Repeat("x", maxResponse) + `"}}`,
		"endlessly deep":  envelope + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + "}",
		"two of a member": envelope + `{},"response":7}`,
	} {
		t.Run(name, func(t *testing.T) {
			i := New(Options{Runner: runner(func(context.Context, []byte) ([]byte, error) { return []byte(answer), nil })})
			if _, err := i.PreSignUp(t.Context(), aCall, PreSignUp{}); err != errUnrecognizable {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestMostChanges(t *testing.T) {
	for n, want := range map[int]error{maxChanges: nil, maxChanges + 1: errUnrecognizable} {
		suppress, err := json.Marshal(make([]string, n))
		if err != nil {
			t.Fatal(err)
		}
		i := New(Options{Runner: runner(func(context.Context, []byte) ([]byte, error) {
			return []byte(`{"version":"1","triggerSource":"TokenGeneration_Authentication","response":{"claimsOverrideDetails":{"claimsToSuppress":` + string(suppress) + `}}}`), nil
		})})
		call := aCall
		call.Source = TokenGenerationAuthentication
		if _, err := i.PreTokenGeneration(t.Context(), TokenV1, call, PreTokenGeneration{}); err != want {
			t.Errorf("%d changes: %v", n, err)
		}
	}
}

// TestAttempts holds that functions which do not answer are tried three times for
// five seconds, by the same id, and those that fail but once.
func TestAttempts(t *testing.T) {
	const timeout = "PreSignUp invocation failed due to error Socket timeout while invoking Lambda function."
	for _, c := range []struct {
		name    string
		answers []error // nil: it does not answer
		tries   int
		took    time.Duration
		code    fault.Code
		text    string
	}{
		{"never answers", []error{nil, nil, nil}, 3, 15 * time.Second, fault.UnexpectedLambda, timeout},
		{"cannot be reached", []error{errors.New("refused"), errors.New("refused"), errors.New("refused")}, 3, 0, fault.UnexpectedLambda,
			"PreSignUp invocation failed due to error ServiceException."},
		{"denied for good", []error{&InvocationError{Name: "AccessDeniedException", Final: true}}, 1, 0, fault.UnexpectedLambda,
			"PreSignUp invocation failed due to error AccessDeniedException."},
		{"slow, then fails", []error{nil, &FunctionError{Message: "no"}}, 2, 5 * time.Second, fault.UserLambdaValidation, "PreSignUp failed with error no."},
		{"fails with much text", []error{&FunctionError{Message: strings.Repeat("x", 3000)}}, 1, 0, fault.UserLambdaValidation,
			"PreSignUp failed with error " + strings.Repeat("x", maxText) + "."},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tries := 0
				ids := map[string]bool{}
				i := New(Options{Runner: runner(func(ctx context.Context, _ []byte) ([]byte, error) {
					err := c.answers[tries]
					tries++
					ids[InvocationID(ctx)] = true
					if err == nil {
						<-ctx.Done()
						err = ctx.Err()
					}
					return nil, err
				})})
				began := time.Now()
				_, err := i.PreSignUp(t.Context(), aCall, PreSignUp{})
				if fault.CodeOf(err) != c.code || !strings.HasSuffix(err.Error(), ": "+c.text) {
					t.Errorf("error %v", err)
				}
				if took := time.Since(began); tries != c.tries || took != c.took || len(ids) != 1 || ids[""] {
					t.Errorf("%d tries in %s with ids %v", tries, took, ids)
				}
			})
		})
	}
}

// TestCallerLeaves holds that nobody is told of a trigger once the caller is gone.
func TestCallerLeaves(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	i := New(Options{Runner: runner(func(ctx context.Context, _ []byte) ([]byte, error) {
		cancel()
		<-ctx.Done()
		return nil, ctx.Err()
	})})
	if _, err := i.PreSignUp(ctx, aCall, PreSignUp{}); err != context.Canceled {
		t.Errorf("error %v", err)
	}
}

func TestFunctions(t *testing.T) {
	f := Functions{
		"echo":   func(_ context.Context, event json.RawMessage) (json.RawMessage, error) { return event, nil },
		"throws": func(context.Context, json.RawMessage) (json.RawMessage, error) { return nil, errors.New("no") },
		"panics": func(context.Context, json.RawMessage) (json.RawMessage, error) { panic("at once") },
		"hangs": func(_ context.Context, _ json.RawMessage) (json.RawMessage, error) {
			time.Sleep(time.Minute)
			return nil, nil
		},
	}
	for name, want := range map[string]string{
		"echo":   "",
		"throws": "UserLambdaValidationException: PreSignUp failed with error no.",
		"panics": "UserLambdaValidationException: PreSignUp failed with error at once.",
		"hangs":  "UnexpectedLambdaException: PreSignUp invocation failed due to error Socket timeout while invoking Lambda function.",
		"gone":   "UnexpectedLambdaException: PreSignUp invocation failed due to error ResourceNotFoundException.",
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				call := aCall
				call.Function = name
				_, err := New(Options{Runner: f, Attempts: 1}).PreSignUp(t.Context(), call, PreSignUp{})
				if got := errorText(err); got != want {
					t.Errorf("error %q, want %q", got, want)
				}
				time.Sleep(2 * time.Minute) // until what was left behind ends
			})
		})
	}
	if _, err := (*Invoker)(nil).PreSignUp(t.Context(), aCall, PreSignUp{}); fault.CodeOf(err) != fault.UnexpectedLambda {
		t.Errorf("no invoker: %v", err)
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// FuzzAnswers holds that no answer of a function is anything but a fault or an
// answer within the bounds.
func FuzzAnswers(f *testing.F) {
	f.Add([]byte(`{"version":"2","triggerSource":"TokenGeneration_Authentication","response":{"claimsAndScopeOverrideDetails":{"groupOverrideDetails":null,` +
		`"idTokenGeneration":{"claimsToAddOrOverride":{"a":[1]},"claimsToSuppress":["b"]},"accessTokenGeneration":{"scopesToAdd":["x"]}}}}`))
	f.Add([]byte(`{"version":"1","triggerSource":"CustomMessage_SignUp","response":{"smsMessage":"{####}"}}`))
	f.Fuzz(func(t *testing.T, answer []byte) {
		i := New(Options{Runner: runner(func(context.Context, []byte) ([]byte, error) { return answer, nil }), Attempts: 1})
		call := aCall
		call.Source = TokenGenerationAuthentication
		changes, err := i.PreTokenGeneration(t.Context(), TokenV2, call, PreTokenGeneration{})
		if err != nil && err != errUnrecognizable {
			t.Errorf("error %v", err)
		}
		for name, value := range changes.ID.Set {
			if name == "" || !json.Valid(value) {
				t.Errorf("claim %q: %s", name, value)
			}
		}
		call.Source = CustomMessageSignUp
		if _, err := i.CustomMessage(t.Context(), call, nil, nil); err != nil && fault.CodeOf(err) != fault.InvalidLambdaResponse {
			t.Errorf("error %v", err)
		}
	})
}
