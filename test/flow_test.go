package test

import (
	"cmp"
	"encoding/base32"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/document"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/smithy-go"

	"github.com/poolhouse/poolhouse/internal/passkey/passkeytest"
	"github.com/poolhouse/poolhouse/internal/srp"
	"github.com/poolhouse/poolhouse/internal/totp"
)

// signer signs one user in and answers every challenge as the user's apps would.
type signer struct {
	*client
	name, password string
	admin          bool // by the Admin twins
	secret         []byte
	passkey        *passkeytest.Authenticator
	device         *device
	pick           string // the first factor to choose; "": PASSWORD_SRP

	handshake *srp.Client
	given     *types.AuthenticationResultType // what the last sign-in led to
	newDevice *types.NewDeviceMetadataType
}

// device is a device that its user confirmed.
type device struct{ key, group string }

const deviceSecret = "c2VjcmV0LWRldmljZS1wYXNzd29yZA=="

// asked is the answer of InitiateAuth, RespondToAuthChallenge and their Admin
// twins.
type asked struct {
	challenge  types.ChallengeNameType
	session    *string
	parameters map[string]string
	available  []types.ChallengeNameType
	result     *types.AuthenticationResultType
}

func (u *signer) start(flow types.AuthFlowType, parameters map[string]string) (*asked, error) {
	ctx := u.t.Context()
	if u.admin {
		out, err := u.AdminInitiateAuth(ctx, &cognito.AdminInitiateAuthInput{UserPoolId: &u.pool, ClientId: &u.id, AuthFlow: flow, AuthParameters: parameters})
		if err != nil {
			return nil, err
		}
		return &asked{out.ChallengeName, out.Session, out.ChallengeParameters, out.AvailableChallenges, out.AuthenticationResult}, nil
	}
	out, err := u.InitiateAuth(ctx, &cognito.InitiateAuthInput{ClientId: &u.id, AuthFlow: flow, AuthParameters: parameters})
	if err != nil {
		return nil, err
	}
	return &asked{out.ChallengeName, out.Session, out.ChallengeParameters, out.AvailableChallenges, out.AuthenticationResult}, nil
}

func (u *signer) respond(challenge types.ChallengeNameType, session *string, responses map[string]string) (*asked, error) {
	ctx := u.t.Context()
	if u.admin {
		out, err := u.AdminRespondToAuthChallenge(ctx, &cognito.AdminRespondToAuthChallengeInput{
			UserPoolId: &u.pool, ClientId: &u.id, ChallengeName: challenge, Session: session, ChallengeResponses: responses})
		if err != nil {
			return nil, err
		}
		return &asked{out.ChallengeName, out.Session, out.ChallengeParameters, nil, out.AuthenticationResult}, nil
	}
	out, err := u.RespondToAuthChallenge(ctx, &cognito.RespondToAuthChallengeInput{
		ClientId: &u.id, ChallengeName: challenge, Session: session, ChallengeResponses: responses})
	if err != nil {
		return nil, err
	}
	return &asked{out.ChallengeName, out.Session, out.ChallengeParameters, nil, out.AuthenticationResult}, nil
}

// walk signs the user in and tells what happened: the challenges with what they
// let choose from, and how it ended, by tokens, an error or a choice that nobody
// can make.
func (u *signer) walk(flow types.AuthFlowType, parameters map[string]string) string {
	u.given, u.newDevice = nil, nil
	first := map[string]string{"USERNAME": u.name}
	for k, v := range parameters {
		switch v {
		case "SRP_A":
			_, poolName, _ := strings.Cut(u.pool, "_")
			u.handshake = srp.NewClient(poolName)
			first["SRP_A"] = u.handshake.A()
			if k != "SRP_A" {
				first[k] = v
			}
		case "PASSWORD":
			if k == "PASSWORD" {
				v = u.password
			}
			first[k] = v
		default:
			first[k] = v
		}
	}
	if u.device != nil {
		first["DEVICE_KEY"] = u.device.key
	}
	var way []string
	a, err := u.start(flow, first)
	for range 12 {
		if api, ok := errors.AsType[smithy.APIError](err); ok {
			return strings.Join(append(way, api.ErrorCode()+": "+api.ErrorMessage()), " ")
		}
		if err != nil {
			u.t.Fatal(err)
		}
		if a.result != nil {
			u.given, u.newDevice = tokens(u.t, a.result), a.result.NewDeviceMetadata
			return strings.Join(append(way, "tokens"), " ")
		}
		way = append(way, label(a))
		var stuck bool
		if a, stuck, err = u.answer(a); stuck {
			return strings.Join(append(way, "stuck"), " ")
		}
	}
	return strings.Join(append(way, "..."), " ")
}

// label is a challenge with what it lets choose from.
func label(a *asked) string {
	choices := a.parameters["MFAS_CAN_CHOOSE"] + a.parameters["MFAS_CAN_SETUP"]
	if a.challenge == types.ChallengeNameTypeSelectChallenge {
		var names []string
		for _, name := range a.available {
			names = append(names, string(name))
		}
		choices = "[" + strings.Join(names, ",") + "]"
	}
	return string(a.challenge) + strings.ReplaceAll(choices, `"`, "")
}

// answer answers a challenge. stuck says that there is no way on.
func (u *signer) answer(a *asked) (next *asked, stuck bool, err error) {
	p := a.parameters
	responses := map[string]string{"USERNAME": cmp.Or(p["USER_ID_FOR_SRP"], p["USERNAME"], u.name)}
	if u.device != nil {
		responses["DEVICE_KEY"] = u.device.key
	}
	session := a.session
	switch a.challenge {
	case types.ChallengeNameTypePasswordVerifier:
		u.claim(responses, p, p["USER_ID_FOR_SRP"], u.password)
	case types.ChallengeNameTypePassword:
		responses["PASSWORD"] = u.password
	case types.ChallengeNameTypeSelectChallenge:
		responses["ANSWER"] = cmp.Or(u.pick, "PASSWORD_SRP")
		if responses["ANSWER"] == "PASSWORD_SRP" {
			_, poolName, _ := strings.Cut(u.pool, "_")
			u.handshake = srp.NewClient(poolName)
			responses["SRP_A"] = u.handshake.A()
		}
	case types.ChallengeNameTypeNewPasswordRequired:
		responses["NEW_PASSWORD"] = newPassword
	case types.ChallengeNameTypeSelectMfaType:
		var choices []string
		if err := json.Unmarshal([]byte(p["MFAS_CAN_CHOOSE"]), &choices); err != nil {
			u.t.Fatal(err)
		}
		responses["ANSWER"] = choices[0]
	case types.ChallengeNameTypeSoftwareTokenMfa:
		responses["SOFTWARE_TOKEN_MFA_CODE"] = u.appCode()
	case types.ChallengeNameTypeSmsMfa, types.ChallengeNameTypeEmailOtp, types.ChallengeNameTypeSmsOtp:
		responses[strings.ReplaceAll(string(a.challenge)+"_CODE", "MFA_CODE_CODE", "MFA_CODE")] = *u.server.codeIn(u.pool, u.name)
	case types.ChallengeNameTypeMfaSetup:
		switch {
		case strings.Contains(p["MFAS_CAN_SETUP"], "SOFTWARE_TOKEN_MFA"):
			session = u.setUpApp(session)
		case strings.Contains(p["MFAS_CAN_SETUP"], "EMAIL_OTP"):
			responses["EMAIL"] = u.name + "@set-up.example.com"
		default:
			return nil, true, nil
		}
	case types.ChallengeNameTypeCustomChallenge:
		responses["ANSWER"] = "42"
	case types.ChallengeNameTypeDeviceSrpAuth:
		u.handshake = srp.NewClient(u.device.group)
		responses["SRP_A"] = u.handshake.A()
	case types.ChallengeNameTypeDevicePasswordVerifier:
		u.claim(responses, p, u.device.key, deviceSecret)
	case types.ChallengeNameTypeWebAuthn:
		responses["CREDENTIAL"] = u.passkey.Get(u.t, p["CREDENTIAL_REQUEST_OPTIONS"])
	default:
		return nil, true, nil
	}
	next, err = u.respond(a.challenge, session, responses)
	return next, false, err
}

// claim proves a password, of the user or a device, by SRP.
func (u *signer) claim(responses, p map[string]string, id, password string) {
	u.t.Helper()
	block, err := base64.StdEncoding.DecodeString(p["SECRET_BLOCK"])
	if err != nil {
		u.t.Fatal(err)
	}
	responses["TIMESTAMP"] = srp.FormatTimestamp(time.Now())
	claim, err := u.handshake.Claim(id, password, p["SALT"], p["SRP_B"], block, responses["TIMESTAMP"])
	if err != nil {
		u.t.Fatal(err)
	}
	responses["PASSWORD_CLAIM_SECRET_BLOCK"] = p["SECRET_BLOCK"]
	responses["PASSWORD_CLAIM_SIGNATURE"] = base64.StdEncoding.EncodeToString(claim.Signature)
}

// appCode is what the user's app shows once the code before is over.
func (u *signer) appCode() string {
	return totp.Code(u.secret, totp.Step(u.server.advance(30*time.Second)))
}

// setUpApp answers MFA_SETUP with an app, up to its last step.
func (u *signer) setUpApp(session *string) *string {
	u.t.Helper()
	made := must[*cognito.AssociateSoftwareTokenOutput](u.t)(u.AssociateSoftwareToken(u.t.Context(), &cognito.AssociateSoftwareTokenInput{Session: session}))
	u.secret = unbase32(u.t, *made.SecretCode)
	code := totp.Code(u.secret, totp.Step(u.server.advance(0)))
	verified := must[*cognito.VerifySoftwareTokenOutput](u.t)(u.VerifySoftwareToken(u.t.Context(), &cognito.VerifySoftwareTokenInput{
		Session: made.Session, UserCode: &code, FriendlyDeviceName: aws.String("phone")}))
	return verified.Session
}

// registerApp gives the user an authenticator app, which needs no other factor yet.
func (u *signer) registerApp() {
	u.t.Helper()
	ctx := u.t.Context()
	token := u.signIn(u.name, u.password).AccessToken
	made := must[*cognito.AssociateSoftwareTokenOutput](u.t)(u.AssociateSoftwareToken(ctx, &cognito.AssociateSoftwareTokenInput{AccessToken: token}))
	u.secret = unbase32(u.t, *made.SecretCode)
	code := totp.Code(u.secret, totp.Step(u.server.advance(0)))
	must[*cognito.VerifySoftwareTokenOutput](u.t)(u.VerifySoftwareToken(ctx, &cognito.VerifySoftwareTokenInput{AccessToken: token, UserCode: &code}))
}

// registerPasskey gives the user a passkey for example.com.
func (u *signer) registerPasskey() {
	u.t.Helper()
	ctx := u.t.Context()
	u.passkey = passkeytest.New(u.t, "https://example.com")
	token := u.signIn(u.name, u.password).AccessToken
	started := must[*cognito.StartWebAuthnRegistrationOutput](u.t)(u.StartWebAuthnRegistration(ctx, &cognito.StartWebAuthnRegistrationInput{AccessToken: token}))
	var options any
	if err := started.CredentialCreationOptions.UnmarshalSmithyDocument(&options); err != nil {
		u.t.Fatal(err)
	}
	text, err := json.Marshal(options)
	if err != nil {
		u.t.Fatal(err)
	}
	var credential any
	if err := json.Unmarshal([]byte(u.passkey.Create(u.t, string(text))), &credential); err != nil {
		u.t.Fatal(err)
	}
	must[*cognito.CompleteWebAuthnRegistrationOutput](u.t)(u.CompleteWebAuthnRegistration(ctx, &cognito.CompleteWebAuthnRegistrationInput{
		AccessToken: token, Credential: document.NewLazyDocument(credential)}))
}

// confirmDevice confirms the device that the last sign-in gave out.
func (u *signer) confirmDevice() *device {
	u.t.Helper()
	if u.newDevice == nil {
		u.t.Fatal("no new device")
	}
	d := &device{*u.newDevice.DeviceKey, *u.newDevice.DeviceGroupKey}
	verifier, err := srp.NewVerifier(d.group, d.key, deviceSecret).MarshalBinary()
	if err != nil {
		u.t.Fatal(err)
	}
	salt, v := verifier[1:1+verifier[0]], verifier[1+verifier[0]:]
	must[*cognito.ConfirmDeviceOutput](u.t)(u.ConfirmDevice(u.t.Context(), &cognito.ConfirmDeviceInput{
		AccessToken: u.given.AccessToken, DeviceKey: &d.key, DeviceName: aws.String("laptop"),
		DeviceSecretVerifierConfig: &types.DeviceSecretVerifierConfigType{
			Salt: aws.String(base64.StdEncoding.EncodeToString(salt)), PasswordVerifier: aws.String(base64.StdEncoding.EncodeToString(v))},
	}))
	return d
}

// advance moves a development server's clock and returns its time.
func (s *server) advance(by time.Duration) time.Time {
	s.t.Helper()
	status, body := s.do(http.MethodPost, "/_poolhouse/clock", `{"advance":"`+by.String()+`"}`)
	var clock struct{ Now time.Time }
	if err := json.Unmarshal([]byte(body), &clock); status != 200 || err != nil {
		s.t.Fatalf("clock: %d %s", status, body)
	}
	return clock.Now
}

// codeIn is the newest code that a user of a pool got.
func (s *server) codeIn(pool, username string) *string {
	s.t.Helper()
	status, body := s.get("/_poolhouse/inbox?pool="+pool+"&username="+username, "Accept", "application/json")
	var list []message
	if err := json.Unmarshal([]byte(body), &list); status != 200 || err != nil {
		s.t.Fatalf("inbox: %d %s", status, body)
	}
	i := slices.IndexFunc(list, func(m message) bool { return m.Code != "" })
	if i < 0 {
		s.t.Fatalf("no message with a code for %s", username)
	}
	return &list[i].Code
}

func unbase32(t *testing.T, text string) []byte {
	t.Helper()
	b, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// riddles is a webhook that leads custom sign-ins: who begins with SRP proves the
// password, and everybody answers one riddle.
func riddles(t *testing.T) (url string) {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var event map[string]any
		body, err := io.ReadAll(r.Body)
		if err == nil {
			err = json.Unmarshal(body, &event)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		request, _ := event["request"].(map[string]any)
		switch event["triggerSource"] {
		case "DefineAuthChallenge_Authentication":
			event["response"] = nextRiddle(request)
		case "CreateAuthChallenge_Authentication":
			event["response"] = map[string]any{"publicChallengeParameters": map[string]string{"riddle": "6 x 7"},
				"privateChallengeParameters": map[string]string{"answer": "42"}}
		case "VerifyAuthChallengeResponse_Authentication":
			event["response"] = map[string]any{"answerCorrect": request["challengeAnswer"] == "42"}
		}
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(event); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func nextRiddle(request map[string]any) map[string]any {
	history, _ := request["session"].([]any)
	next := map[string]any{"challengeName": "CUSTOM_CHALLENGE", "issueTokens": false, "failAuthentication": false}
	for _, entry := range history {
		e, _ := entry.(map[string]any)
		switch e["challengeName"] {
		case "SRP_A":
			next["challengeName"] = "PASSWORD_VERIFIER"
		case "CUSTOM_CHALLENGE":
			right := e["challengeResult"] == true
			return map[string]any{"issueTokens": right, "failAuthentication": !right}
		default:
			next["challengeName"] = "CUSTOM_CHALLENGE"
		}
	}
	return next
}
