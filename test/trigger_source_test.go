package test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/poolhouse/poolhouse/internal/srp"
)

// hook is an endpoint that is every function, and writes down what it is asked.
type hook struct {
	URL string

	mu   sync.Mutex
	seen map[string]int // by triggerSource
}

const hookSecret = "0123456789abcdef0123456789abcdef"

func startHook(t *testing.T) *hook {
	h := &hook{seen: make(map[string]int)}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		mac := hmac.New(sha256.New, []byte(hookSecret))
		mac.Write([]byte(r.Header.Get("Poolhouse-Timestamp") + "."))
		mac.Write(body)
		signed := "v1=" + hex.EncodeToString(mac.Sum(nil))
		var event struct {
			Source   string          `json:"triggerSource"`
			UserName string          `json:"userName"`
			Request  json.RawMessage `json:"request"`
		}
		if err != nil || json.Unmarshal(body, &event) != nil || !hmac.Equal([]byte(signed), []byte(r.Header.Get("Poolhouse-Signature"))) {
			t.Errorf("the call %s is not signed (%v)", body, err)
		}
		h.mu.Lock()
		h.seen[event.Source]++
		h.mu.Unlock()
		response, failure := hookResponse(event.Source, event.UserName, event.Request)
		if failure != "" {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprintf(w, `{"errorType":"Error","errorMessage":%q}`, failure)
			return
		}
		var whole map[string]json.RawMessage
		if err := json.Unmarshal(body, &whole); err != nil {
			t.Error(err)
		}
		if response != "" {
			whole["response"] = json.RawMessage(response)
		}
		if err := json.NewEncoder(w).Encode(whole); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(s.Close)
	h.URL = s.URL
	return h
}

// hookResponse is what the function answers: "" for the event as it came.
func hookResponse(source, name string, request []byte) (response, failure string) {
	switch source {
	case "DefineAuthChallenge_Authentication":
		if strings.Contains(string(request), `"challengeResult":true`) {
			return `{"issueTokens":true,"failAuthentication":false}`, ""
		}
		return `{"challengeName":"CUSTOM_CHALLENGE","issueTokens":false,"failAuthentication":false}`, ""
	case "CreateAuthChallenge_Authentication":
		return `{"publicChallengeParameters":{"riddle":"?"},"privateChallengeParameters":{"answer":"42"}}`, ""
	case "VerifyAuthChallengeResponse_Authentication":
		return fmt.Sprintf(`{"answerCorrect":%t}`, strings.Contains(string(request), `"challengeAnswer":"42"`)), ""
	case "UserMigration_Authentication", "UserMigration_ForgotPassword":
		if !strings.HasPrefix(name, "migrant") {
			return "", "no such user"
		}
		return `{"userAttributes":{"email":"` + name + `@example.com","email_verified":"true"},"finalUserStatus":"CONFIRMED","messageAction":"SUPPRESS"}`, ""
	}
	return "", ""
}

// sources are what was asked so far.
func (h *hook) sources() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Sorted(maps.Keys(h.seen))
}

// functions is the file that sends all to the hook.
func (h *hook) functions(t *testing.T) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "functions.json")
	text := fmt.Sprintf(`{"functions": {"*": {"webhook": {"url": %q, "secret": %q}}}, "keys": {"*": {"aes": {"key": %q}}}, "timeout": "20s"}`,
		h.URL, hookSecret, base64.StdEncoding.EncodeToString(make([]byte, 32)))
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// allTriggers names the one function for everything.
func allTriggers() *types.LambdaConfigType {
	all := arnOf("all")
	return &types.LambdaConfigType{
		PreSignUp: all, PostConfirmation: all, PreAuthentication: all, PostAuthentication: all, CustomMessage: all,
		DefineAuthChallenge: all, CreateAuthChallenge: all, VerifyAuthChallengeResponse: all, UserMigration: all,
		PreTokenGenerationConfig: &types.PreTokenGenerationVersionConfigType{LambdaArn: all, LambdaVersion: types.PreTokenGenerationLambdaVersionTypeV30},
		CustomEmailSender:        &types.CustomEmailLambdaVersionConfigType{LambdaArn: all, LambdaVersion: types.CustomEmailSenderLambdaVersionTypeV10},
		CustomSMSSender:          &types.CustomSMSLambdaVersionConfigType{LambdaArn: all, LambdaVersion: types.CustomSMSSenderLambdaVersionTypeV10},
		KMSKeyID:                 aws.String("arn:aws:kms:us-east-1:123456789012:key/00000000-0000-0000-0000-000000000000"),
	}
}

// sourceWalk is a pool whose users are reached by one attribute, with all triggers.
type sourceWalk struct {
	*client
	attribute, factor string
}

func (s *server) newWalk(attribute, factor string) *sourceWalk {
	t := s.t
	t.Helper()
	api := s.sdk("any", "thing")
	pool, err := api.CreateUserPool(t.Context(), &cognito.CreateUserPoolInput{
		PoolName: aws.String(attribute), LambdaConfig: allTriggers(),
		AutoVerifiedAttributes: []types.VerifiedAttributeType{types.VerifiedAttributeType(attribute)},
		Policies: &types.UserPoolPolicyType{SignInPolicy: &types.SignInPolicyType{
			AllowedFirstAuthFactors: []types.AuthFactorType{types.AuthFactorTypePassword, types.AuthFactorType(factor)}}},
		DeviceConfiguration: &types.DeviceConfigurationType{},
	})
	if err != nil {
		t.Fatal(err)
	}
	made, err := api.CreateUserPoolClient(t.Context(), &cognito.CreateUserPoolClientInput{
		UserPoolId: pool.UserPool.Id, ClientName: aws.String("all"),
		ExplicitAuthFlows: []types.ExplicitAuthFlowsType{
			types.ExplicitAuthFlowsTypeAllowUserPasswordAuth, types.ExplicitAuthFlowsTypeAllowCustomAuth,
			types.ExplicitAuthFlowsTypeAllowUserAuth, types.ExplicitAuthFlowsTypeAllowRefreshTokenAuth,
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return &sourceWalk{attribute: attribute, factor: factor,
		client: &client{Client: api, t: t, server: s, pool: *pool.UserPool.Id, id: *made.UserPoolClient.ClientId}}
}

// value is an address or a number for somebody.
func (w *sourceWalk) value(name string, n int) []types.AttributeType {
	value := fmt.Sprintf("%s%d@example.com", name, n)
	if w.attribute == "phone_number" {
		value = fmt.Sprintf("+1555%03d%04d", len(name), n)
	}
	return []types.AttributeType{{Name: &w.attribute, Value: &value}}
}

func (w *sourceWalk) password(name, password string) *cognito.InitiateAuthOutput {
	w.t.Helper()
	return must[*cognito.InitiateAuthOutput](w.t)(w.tryPassword(name, password))
}

// api goes through the messages and the sign-ins of the API.
func (w *sourceWalk) api() {
	t, ctx := w.t, w.t.Context()
	t.Helper()
	name := aws.String("ada")
	must[*cognito.SignUpOutput](t)(w.SignUp(ctx, &cognito.SignUpInput{ClientId: &w.id, Username: name, Password: aws.String(password), UserAttributes: w.value(*name, 1)}))
	must[*cognito.ResendConfirmationCodeOutput](t)(w.ResendConfirmationCode(ctx, &cognito.ResendConfirmationCodeInput{ClientId: &w.id, Username: name}))
	must[*cognito.ConfirmSignUpOutput](t)(w.ConfirmSignUp(ctx, &cognito.ConfirmSignUpInput{ClientId: &w.id, Username: name, ConfirmationCode: w.server.code(*name)}))
	signedIn := w.password(*name, password).AuthenticationResult
	must[*cognito.UpdateUserAttributesOutput](t)(w.UpdateUserAttributes(ctx, &cognito.UpdateUserAttributesInput{AccessToken: signedIn.AccessToken, UserAttributes: w.value(*name, 2)}))
	must[*cognito.GetUserAttributeVerificationCodeOutput](t)(w.GetUserAttributeVerificationCode(ctx,
		&cognito.GetUserAttributeVerificationCodeInput{AccessToken: signedIn.AccessToken, AttributeName: &w.attribute}))
	must[*cognito.VerifyUserAttributeOutput](t)(w.VerifyUserAttribute(ctx,
		&cognito.VerifyUserAttributeInput{AccessToken: signedIn.AccessToken, AttributeName: &w.attribute, Code: w.server.code(*name)}))
	w.deviceSignIn(*name, signedIn)

	must[*cognito.ForgotPasswordOutput](t)(w.ForgotPassword(ctx, &cognito.ForgotPasswordInput{ClientId: &w.id, Username: name}))
	must[*cognito.ConfirmForgotPasswordOutput](t)(w.ConfirmForgotPassword(ctx,
		&cognito.ConfirmForgotPasswordInput{ClientId: &w.id, Username: name, Password: aws.String(password), ConfirmationCode: w.server.code(*name)}))

	asked := must[*cognito.InitiateAuthOutput](t)(w.InitiateAuth(ctx, &cognito.InitiateAuthInput{ClientId: &w.id, AuthFlow: types.AuthFlowTypeUserAuth,
		AuthParameters: map[string]string{"USERNAME": *name, "PREFERRED_CHALLENGE": w.factor}}))
	answered := must[*cognito.RespondToAuthChallengeOutput](t)(w.RespondToAuthChallenge(ctx, &cognito.RespondToAuthChallengeInput{ClientId: &w.id,
		ChallengeName: asked.ChallengeName, Session: asked.Session, ChallengeResponses: map[string]string{"USERNAME": *name, w.factor + "_CODE": *w.server.code(*name)}}))
	tokens(t, answered.AuthenticationResult)

	asked = must[*cognito.InitiateAuthOutput](t)(w.InitiateAuth(ctx, &cognito.InitiateAuthInput{ClientId: &w.id, AuthFlow: types.AuthFlowTypeCustomAuth,
		AuthParameters: map[string]string{"USERNAME": *name}}))
	answered = must[*cognito.RespondToAuthChallengeOutput](t)(w.RespondToAuthChallenge(ctx, &cognito.RespondToAuthChallengeInput{ClientId: &w.id,
		ChallengeName: asked.ChallengeName, Session: asked.Session, ChallengeResponses: map[string]string{"USERNAME": *name, "ANSWER": "42"}}))
	tokens(t, answered.AuthenticationResult)

	invited := aws.String("grace")
	must[*cognito.AdminCreateUserOutput](t)(w.AdminCreateUser(ctx, &cognito.AdminCreateUserInput{UserPoolId: &w.pool, Username: invited, UserAttributes: w.value(*invited, 1),
		DesiredDeliveryMediums: []types.DeliveryMediumType{map[string]types.DeliveryMediumType{"email": "EMAIL", "phone_number": "SMS"}[w.attribute]}}))
	first := w.password(*invited, *w.server.code(*invited))
	answered = must[*cognito.RespondToAuthChallengeOutput](t)(w.RespondToAuthChallenge(ctx, &cognito.RespondToAuthChallengeInput{ClientId: &w.id,
		ChallengeName: first.ChallengeName, Session: first.Session, ChallengeResponses: map[string]string{"USERNAME": *invited, "NEW_PASSWORD": "N3w-Passw0rd"}}))
	tokens(t, answered.AuthenticationResult)
}

// deviceSignIn confirms the device of a sign-in, signs in with it, and refreshes
// its tokens.
func (w *sourceWalk) deviceSignIn(name string, signedIn *types.AuthenticationResultType) {
	t, ctx := w.t, w.t.Context()
	t.Helper()
	d := signedIn.NewDeviceMetadata
	const secret = "secret of the device"
	stored, err := srp.NewVerifier(*d.DeviceGroupKey, *d.DeviceKey, secret).MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	salt, verifier := stored[1:1+stored[0]], stored[1+stored[0]:]
	must[*cognito.ConfirmDeviceOutput](t)(w.ConfirmDevice(ctx, &cognito.ConfirmDeviceInput{AccessToken: signedIn.AccessToken, DeviceKey: d.DeviceKey,
		DeviceSecretVerifierConfig: &types.DeviceSecretVerifierConfigType{
			Salt: aws.String(base64.StdEncoding.EncodeToString(salt)), PasswordVerifier: aws.String(base64.StdEncoding.EncodeToString(verifier))}}))
	out := must[*cognito.InitiateAuthOutput](t)(w.InitiateAuth(ctx, &cognito.InitiateAuthInput{ClientId: &w.id, AuthFlow: types.AuthFlowTypeUserPasswordAuth,
		AuthParameters: map[string]string{"USERNAME": name, "PASSWORD": password, "DEVICE_KEY": *d.DeviceKey}}))
	handshake := srp.NewClient(*d.DeviceGroupKey)
	asked := must[*cognito.RespondToAuthChallengeOutput](t)(w.RespondToAuthChallenge(ctx, &cognito.RespondToAuthChallengeInput{ClientId: &w.id,
		ChallengeName: out.ChallengeName, Session: out.Session,
		ChallengeResponses: map[string]string{"USERNAME": name, "SRP_A": handshake.A(), "DEVICE_KEY": *d.DeviceKey}}))
	p := asked.ChallengeParameters
	block, err := base64.StdEncoding.DecodeString(p["SECRET_BLOCK"])
	if err != nil {
		t.Fatal(err)
	}
	timestamp := srp.FormatTimestamp(time.Now())
	claim, err := handshake.Claim(*d.DeviceKey, secret, p["SALT"], p["SRP_B"], block, timestamp)
	if err != nil {
		t.Fatal(err)
	}
	answered := must[*cognito.RespondToAuthChallengeOutput](t)(w.RespondToAuthChallenge(ctx, &cognito.RespondToAuthChallengeInput{ClientId: &w.id,
		ChallengeName: asked.ChallengeName, Session: asked.Session, ChallengeResponses: map[string]string{
			"USERNAME": name, "DEVICE_KEY": *d.DeviceKey, "TIMESTAMP": timestamp, "PASSWORD_CLAIM_SECRET_BLOCK": p["SECRET_BLOCK"],
			"PASSWORD_CLAIM_SIGNATURE": base64.StdEncoding.EncodeToString(claim.Signature)}}))
	tokens(t, answered.AuthenticationResult)
	must[*cognito.InitiateAuthOutput](t)(w.InitiateAuth(ctx, &cognito.InitiateAuthInput{ClientId: &w.id, AuthFlow: types.AuthFlowTypeRefreshTokenAuth,
		AuthParameters: map[string]string{"REFRESH_TOKEN": *answered.AuthenticationResult.RefreshToken, "DEVICE_KEY": *d.DeviceKey}}))
}

// migrants come from another directory, at their first sign-in and for a forgotten
// password.
func (w *sourceWalk) migrants() {
	w.t.Helper()
	tokens(w.t, w.password("migrant1", password).AuthenticationResult)
	must[*cognito.ForgotPasswordOutput](w.t)(w.ForgotPassword(w.t.Context(), &cognito.ForgotPasswordInput{ClientId: &w.id, Username: aws.String("migrant2")}))
}

var (
	formPattern   = regexp.MustCompile(`(?s)<form method="post" action="([^"]*)"[^>]*>(.*?)</form>`)
	hiddenPattern = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)
)

// hosted signs in on the pool's pages, gets tokens for the code, and others for
// the client itself.
func (w *sourceWalk) hosted() {
	t, ctx := w.t, w.t.Context()
	t.Helper()
	const prefix, callback = "walk", "https://app.example.com/callback"
	must[*cognito.CreateUserPoolDomainOutput](t)(w.CreateUserPoolDomain(ctx, &cognito.CreateUserPoolDomainInput{UserPoolId: &w.pool, Domain: aws.String(prefix)}))
	must[*cognito.CreateResourceServerOutput](t)(w.CreateResourceServer(ctx, &cognito.CreateResourceServerInput{UserPoolId: &w.pool, Identifier: aws.String("api"), Name: aws.String("api"),
		Scopes: []types.ResourceServerScopeType{{ScopeName: aws.String("read"), ScopeDescription: aws.String("read")}}}))
	client := func(flow types.OAuthFlowType, scope string) *types.UserPoolClientType {
		in := &cognito.CreateUserPoolClientInput{UserPoolId: &w.pool, ClientName: aws.String("hosted"), GenerateSecret: true,
			AllowedOAuthFlowsUserPoolClient: true, AllowedOAuthFlows: []types.OAuthFlowType{flow}, AllowedOAuthScopes: []string{scope},
			SupportedIdentityProviders: []string{"COGNITO"}}
		if flow == types.OAuthFlowTypeCode {
			in.CallbackURLs = []string{callback}
		}
		return must[*cognito.CreateUserPoolClientOutput](t)(w.CreateUserPoolClient(ctx, in)).UserPoolClient
	}
	base := w.server.URL + "/_domain/" + prefix
	post := func(made *types.UserPoolClientType, form url.Values) {
		t.Helper()
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/oauth2/token", strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.SetBasicAuth(*made.ClientId, *made.ClientSecret)
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		if err != nil || answer.StatusCode != http.StatusOK || !strings.Contains(string(text), "access_token") {
			t.Fatalf("%d %s %v", answer.StatusCode, text, err)
		}
	}
	web := client(types.OAuthFlowTypeCode, "openid")
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	var code string
	browser := &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(r.URL.String(), callback) {
			code = r.URL.Query().Get("code")
			return http.ErrUseLastResponse
		}
		return nil
	}}
	// send sends a request of a browser and returns the page it ends at.
	send := func(method, address string, form url.Values) string {
		t.Helper()
		r, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		if form != nil {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		answer, err := browser.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		page, err := io.ReadAll(answer.Body)
		if err != nil || answer.StatusCode >= 400 {
			t.Fatalf("%s %s: %d %v\n%s", method, address, answer.StatusCode, err, page)
		}
		return string(page)
	}
	page := send(http.MethodGet, base+"/oauth2/authorize?"+url.Values{"response_type": {"code"}, "client_id": {*web.ClientId},
		"redirect_uri": {callback}, "scope": {"openid"}, "state": {"s"}}.Encode(), nil)
	// A pool with more factors than passwords asks for the name first, then for the
	// factor, then for the password.
	for range 3 {
		found := formPattern.FindStringSubmatch(page)
		if found == nil {
			t.Fatalf("no form in %s", page)
		}
		form := url.Values{"username": {"migrant1"}, "password": {password}, "answer": {password}}
		if strings.Contains(found[2], `name="answer" value="PASSWORD"`) {
			form.Set("answer", "PASSWORD")
		}
		for _, hidden := range hiddenPattern.FindAllStringSubmatch(found[2], -1) {
			form.Set(hidden[1], hidden[2])
		}
		action := strings.ReplaceAll(found[1], "&amp;", "&")
		if strings.HasPrefix(action, "/") {
			action = w.server.URL + action
		}
		if page = send(http.MethodPost, action, form); code != "" {
			break
		}
	}
	if code == "" {
		t.Fatalf("no code, but %s", page)
	}
	post(web, url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback}})
	post(client(types.OAuthFlowTypeClientCredentials, "api/read"), url.Values{"grant_type": {"client_credentials"}, "scope": {"api/read"}})
}

// TestEveryTriggerSource sees each triggerSource from outside: a server that is
// asked by AWS's SDK and a browser calls a webhook. InboundFederation and
// PreSignUp_ExternalProvider belong to sign-ins by other providers, and the
// notification of threat protection to risky ones.
func TestEveryTriggerSource(t *testing.T) {
	h := startHook(t)
	s := startDev(t, "--functions", h.functions(t), "--log-level", "debug")
	email := s.newWalk("email", "EMAIL_OTP")
	email.api()
	email.migrants()
	email.hosted()
	s.newWalk("phone_number", "SMS_OTP").api()

	want := []string{
		"CreateAuthChallenge_Authentication", "DefineAuthChallenge_Authentication", "VerifyAuthChallengeResponse_Authentication",
		"PostAuthentication_Authentication", "PreAuthentication_Authentication",
		"PostConfirmation_ConfirmForgotPassword", "PostConfirmation_ConfirmSignUp",
		"PreSignUp_AdminCreateUser", "PreSignUp_SignUp",
		"TokenGeneration_AuthenticateDevice", "TokenGeneration_Authentication", "TokenGeneration_ClientCredentials",
		"TokenGeneration_HostedAuth", "TokenGeneration_NewPasswordChallenge", "TokenGeneration_RefreshTokens",
		"UserMigration_Authentication", "UserMigration_ForgotPassword",
	}
	for _, message := range []string{"AdminCreateUser", "Authentication", "ForgotPassword", "ResendCode", "SignUp", "UpdateUserAttribute", "VerifyUserAttribute"} {
		want = append(want, "CustomMessage_"+message, "CustomEmailSender_"+message, "CustomSMSSender_"+message)
	}
	slices.Sort(want)
	eventually(t, 30*time.Second, "messages have been given to the functions that send", func() bool { return slices.Equal(h.sources(), want) })
	log := s.output.String()
	for _, secret := range []string{password, "N3w-Passw0rd", hookSecret} {
		if strings.Contains(log, secret) {
			t.Errorf("the log has %s", secret)
		}
	}
}
