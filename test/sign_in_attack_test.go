package test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/smithy-go"
)

// TestSignInAttacks knows the password of a user who is asked for an app's code, and
// finds no way in without it.
func TestSignInAttacks(t *testing.T) {
	s := signInServer(t, "sqlite:"+t.TempDir()+"/poolhouse.db")
	c := s.signInPool(t, nil)
	ada := &signer{client: c, name: "ada", password: password}
	eve := &signer{client: c, name: "eve", password: password}
	for _, u := range []*signer{ada, eve} {
		u.create()
		u.registerApp()
		u.prefer("app")
	}
	second := must[*cognito.CreateUserPoolClientOutput](t)(c.CreateUserPoolClient(t.Context(), &cognito.CreateUserPoolClientInput{
		UserPoolId: &c.pool, ClientName: aws.String("other"), ExplicitAuthFlows: []types.ExplicitAuthFlowsType{"ALLOW_USER_PASSWORD_AUTH"}}))
	elsewhere := s.signInPool(t, nil)

	const noSession = "Invalid session for the user."
	// begin proves ada's password.
	begin := func(t *testing.T, u *signer) *asked {
		t.Helper()
		a, err := u.start("USER_PASSWORD_AUTH", map[string]string{"USERNAME": u.name, "PASSWORD": u.password})
		if err != nil || a.challenge != "SOFTWARE_TOKEN_MFA" {
			t.Fatalf("%+v (%v)", a, err)
		}
		return a
	}

	t.Run("the session answers nothing but its challenge", func(t *testing.T) {
		u := *ada
		u.client = c.in(t)
		a := begin(t, &u)
		for challenge, responses := range map[types.ChallengeNameType]map[string]string{
			"SMS_MFA": {"SMS_MFA_CODE": "123456"}, "EMAIL_OTP": {"EMAIL_OTP_CODE": "123456"}, "SMS_OTP": {"SMS_OTP_CODE": "123456"},
			"SELECT_MFA_TYPE": {"ANSWER": "SMS_MFA"}, "MFA_SETUP": {}, "NEW_PASSWORD_REQUIRED": {"NEW_PASSWORD": newPassword},
			"PASSWORD": {"PASSWORD": password}, "PASSWORD_SRP": {"SRP_A": "02"}, "SELECT_CHALLENGE": {"ANSWER": "PASSWORD", "PASSWORD": password},
			"WEB_AUTHN": {"CREDENTIAL": "{}"}, "CUSTOM_CHALLENGE": {"ANSWER": "42"}, "DEVICE_SRP_AUTH": {"SRP_A": "02", "DEVICE_KEY": "x"},
			"DEVICE_PASSWORD_VERIFIER": {"PASSWORD_CLAIM_SECRET_BLOCK": *a.session, "PASSWORD_CLAIM_SIGNATURE": "AA==", "TIMESTAMP": "x", "DEVICE_KEY": "x"},
			"PASSWORD_VERIFIER":        {"PASSWORD_CLAIM_SECRET_BLOCK": *a.session, "PASSWORD_CLAIM_SIGNATURE": "AA==", "TIMESTAMP": "x"},
		} {
			responses["USERNAME"] = u.name
			_, err := u.respond(challenge, a.session, responses)
			wantError(t, err, "NotAuthorizedException", noSession)
		}
		_, err := c.AssociateSoftwareToken(t.Context(), &cognito.AssociateSoftwareTokenInput{Session: a.session})
		wantError(t, err, "NotAuthorizedException", noSession)
		_, err = c.VerifySoftwareToken(t.Context(), &cognito.VerifySoftwareTokenInput{Session: a.session, UserCode: aws.String("123456")})
		wantError(t, err, "NotAuthorizedException", noSession)
		_, err = u.start("USER_AUTH", map[string]string{"USERNAME": u.name, "PREFERRED_CHALLENGE": "EMAIL_OTP"})
		if err != nil {
			t.Error(err)
		}
		_, err = c.InitiateAuth(t.Context(), &cognito.InitiateAuthInput{ClientId: &c.id, AuthFlow: "USER_AUTH", Session: a.session,
			AuthParameters: map[string]string{"USERNAME": u.name}})
		wantError(t, err, "NotAuthorizedException", noSession)
	})

	t.Run("the session is bound", func(t *testing.T) {
		u := *ada
		u.client = c.in(t)
		a := begin(t, &u)
		code := map[string]string{"USERNAME": u.name, "SOFTWARE_TOKEN_MFA_CODE": u.appCode()}
		for name, change := range map[string]func(*signer){
			"another client": func(u *signer) { u.id = *second.UserPoolClient.ClientId },
			"another pool":   func(u *signer) { u.pool, u.id = elsewhere.pool, elsewhere.id },
			"administrator":  func(u *signer) { u.admin = true },
		} {
			at := u
			at.client = c.in(t)
			change(&at)
			_, err := at.respond(a.challenge, a.session, code)
			if errorText(err) != noSession {
				t.Errorf("%s: %v", name, err)
			}
		}
		// eve, with her own code and her own name.
		_, err := u.respond(a.challenge, a.session, map[string]string{"USERNAME": eve.name, "SOFTWARE_TOKEN_MFA_CODE": eve.appCode()})
		wantError(t, err, "NotAuthorizedException", noSession)
		_, err = u.respond(a.challenge, a.session, map[string]string{"USERNAME": u.name, "SOFTWARE_TOKEN_MFA_CODE": eve.appCode()})
		wantError(t, err, "CodeMismatchException", "")
		code["SOFTWARE_TOKEN_MFA_CODE"] = u.appCode()
		done, err := u.respond(a.challenge, a.session, code) // and it is ada's still
		if err != nil {
			t.Fatal(err)
		}
		tokens(t, done.result)
		_, err = u.respond(a.challenge, a.session, code)
		wantError(t, err, "NotAuthorizedException", "Invalid session for the user, session can only be used once.")
		s.advance(15 * time.Minute)
		a = begin(t, &u)
		s.advance(15 * time.Minute)
		_, err = u.respond(a.challenge, a.session, map[string]string{"USERNAME": u.name, "SOFTWARE_TOKEN_MFA_CODE": u.appCode()})
		wantError(t, err, "NotAuthorizedException", "Invalid session for the user, session is expired.")
	})

	t.Run("SRP", func(t *testing.T) {
		u := *ada
		u.client = c.in(t)
		n := "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7EDEE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3BE39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA051015728E5A8AAAC42DAD33170D04507A33A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864D87602733EC86A64521F2B18177B200CBBE117577A615D6C770988C0BAD946E208E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF"
		for name, a := range map[string]string{"0": "0", "N": n, "0 in many digits": strings.Repeat("0", 768), "no number": "xyz", "long": strings.Repeat("f", 100_000)} {
			for _, admin := range []bool{false, true} {
				u.admin = admin
				for flow, parameters := range map[types.AuthFlowType]map[string]string{
					"USER_SRP_AUTH": {}, "CUSTOM_AUTH": {"CHALLENGE_NAME": "SRP_A"}, "USER_AUTH": {"PREFERRED_CHALLENGE": "PASSWORD_SRP"},
				} {
					parameters["USERNAME"], parameters["SRP_A"] = u.name, a
					_, err := u.start(flow, parameters)
					if err == nil {
						t.Errorf("%s of SRP_A is taken by %s", name, flow)
						continue
					}
					wantError(t, err, "InvalidParameterException", "Invalid SRP_A value")
				}
			}
		}
		answer := c.startSRP(u.name, password)
		if _, err := answer.sendTo(c); err != nil {
			t.Fatal(err)
		}
		_, err := answer.sendTo(c)
		wantError(t, err, "NotAuthorizedException", "Invalid session for the user, session can only be used once.")
		// The proof of one handshake with the block of another.
		again := c.startSRP(u.name, password)
		again.ChallengeResponses["PASSWORD_CLAIM_SIGNATURE"] = answer.ChallengeResponses["PASSWORD_CLAIM_SIGNATURE"]
		_, err = again.sendTo(c)
		wantError(t, err, "NotAuthorizedException", "Incorrect username or password.")
	})

	t.Run("guesses of codes", func(t *testing.T) {
		u := *eve
		u.client = c.in(t)
		s.advance(time.Hour) // the locks before are over
		judged := 0
		for range 30 { // each with a session of its own, within one minute
			a := begin(t, &u)
			_, err := u.respond(a.challenge, a.session, map[string]string{"USERNAME": u.name, "SOFTWARE_TOKEN_MFA_CODE": "abcdef"})
			switch text := errorText(err); {
			case strings.HasPrefix(text, "Invalid code"):
				judged++
			case text != "Password attempts exceeded":
				t.Fatalf("a guess is answered by %q", text)
			}
			s.advance(2 * time.Second)
		}
		if judged > 11 { // 5, and one for each doubling of the lock
			t.Errorf("%d guesses were judged in a minute", judged)
		}
		// A right password does not forget them, but a right code after the lock does.
		s.advance(15 * time.Minute)
		if got := u.walk("USER_PASSWORD_AUTH", map[string]string{"PASSWORD": "PASSWORD"}); got != byApp {
			t.Error(got)
		}
	})

	t.Run("oversized", func(t *testing.T) {
		u := *ada
		u.client = c.in(t)
		big := strings.Repeat("x", 200_000)
		for challenge, keys := range map[types.ChallengeNameType][]string{
			"SOFTWARE_TOKEN_MFA": {"SOFTWARE_TOKEN_MFA_CODE"}, "PASSWORD_VERIFIER": {"PASSWORD_CLAIM_SECRET_BLOCK", "PASSWORD_CLAIM_SIGNATURE", "TIMESTAMP"},
			"NEW_PASSWORD_REQUIRED": {"NEW_PASSWORD"}, "SELECT_CHALLENGE": {"ANSWER"}, "WEB_AUTHN": {"CREDENTIAL"}, "CUSTOM_CHALLENGE": {"ANSWER"},
			"DEVICE_SRP_AUTH": {"DEVICE_KEY", "SRP_A"}, "EMAIL_OTP": {"EMAIL_OTP_CODE"}, "MFA_SETUP": {"EMAIL"},
		} {
			responses := map[string]string{"USERNAME": u.name}
			for _, key := range keys {
				responses[key] = big
			}
			_, err := u.respond(challenge, begin(t, &u).session, responses)
			wantRefusal(t, string(challenge), err)
		}
		for _, key := range []string{"USERNAME", "PASSWORD", "SRP_A", "DEVICE_KEY", "PREFERRED_CHALLENGE", "TARGET_ACR_VALUES", "ACCESS_TOKEN", "MAX_AGE", "SECRET_HASH", "REFRESH_TOKEN"} {
			for _, flow := range []types.AuthFlowType{"USER_SRP_AUTH", "USER_PASSWORD_AUTH", "USER_AUTH", "CUSTOM_AUTH", "REFRESH_TOKEN_AUTH"} {
				parameters := map[string]string{"USERNAME": "nobody", "PASSWORD": password, "SRP_A": "0", key: big}
				if _, err := u.start(flow, parameters); err != nil {
					wantRefusal(t, string(flow)+" "+key, err)
				}
			}
		}
	})
}

// wantRefusal wants an error that is the caller's fault.
func wantRefusal(t *testing.T, what string, err error) {
	t.Helper()
	if err == nil {
		t.Errorf("%s is taken", what)
		return
	}
	api, ok := errors.AsType[smithy.APIError](err)
	if !ok || api.ErrorCode() == "InternalErrorException" || api.ErrorCode() == "UnknownError" {
		t.Errorf("%s: %v", what, err)
	}
}
