package idp

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/srp"
)

// riddles makes the functions of the pool ask for two answers and let in whoever
// gives both, of three tries.
func (w *triggerWorld) riddles() {
	w.f.on("DefineAuthChallenge_Authentication", func(request map[string]any) (string, error) {
		right, tries := 0, 0
		for _, entry := range request["session"].([]any) {
			switch e := entry.(map[string]any); {
			case e["challengeName"] != "CUSTOM_CHALLENGE":
			case e["challengeResult"] == true:
				right++
				fallthrough
			default:
				tries++
			}
		}
		switch {
		case right == 2:
			return `{"issueTokens":true,"failAuthentication":false}`, nil
		case tries >= 3:
			return `{"issueTokens":false,"failAuthentication":true}`, nil
		}
		return `{"challengeName":"CUSTOM_CHALLENGE","issueTokens":false,"failAuthentication":false}`, nil
	})
	w.f.on("CreateAuthChallenge_Authentication", func(request map[string]any) (string, error) {
		n := len(request["session"].([]any))
		return fmt.Sprintf(`{"publicChallengeParameters":{"riddle":"r%d","nothing":null},"privateChallengeParameters":{"answer":"secret-%d"},"challengeMetadata":"M%d"}`, n, n, n), nil
	})
	w.f.on("VerifyAuthChallengeResponse_Authentication", func(request map[string]any) (string, error) {
		return fmt.Sprintf(`{"answerCorrect":%t}`, request["privateChallengeParameters"].(map[string]any)["answer"] == request["challengeAnswer"]), nil
	})
}

func (w *triggerWorld) custom(rest string) string {
	return w.in(`{"ClientId":"CLIENT","AuthFlow":"CUSTOM_AUTH","AuthParameters":{` + rest + `}}`)
}

func (w *triggerWorld) riddle(asked answer, name, answer string) string {
	return w.in(`{"ClientId":"CLIENT","ChallengeName":"CUSTOM_CHALLENGE","Session":"` + asked.text("Session") +
		`","ChallengeResponses":{"USERNAME":"` + name + `","ANSWER":"` + answer + `"},"ClientMetadata":{"k":"v"}}`)
}

func TestCustomAuth(t *testing.T) {
	w := newTriggerWorld(t, "V1_0", "")
	w.user(t, "ada")
	w.riddles()
	asked := w.do(t, "InitiateAuth", w.custom(`"USERNAME":"ada"`))
	if asked.text("ChallengeName") != "CUSTOM_CHALLENGE" || asked.json("ChallengeParameters") != `{"USERNAME":"ada","riddle":"r0"}` {
		t.Errorf("asked %v", asked.body)
	}
	if got := sources(w.f.take()); got != "PreAuthentication_Authentication DefineAuthChallenge_Authentication CreateAuthChallenge_Authentication" {
		t.Errorf("functions %q", got)
	}
	if strings.Contains(asked.json("Session"), "secret") || len(asked.text("Session")) > 2048 {
		t.Errorf("session %q", asked.text("Session"))
	}
	first := asked
	asked = w.do(t, "RespondToAuthChallenge", w.riddle(first, "ada", "wrong"))
	if asked.text("ChallengeParameters.riddle") != "r1" {
		t.Errorf("asked %v", asked.body)
	}
	seen := w.f.take()
	if got := sources(seen); got != "VerifyAuthChallengeResponse_Authentication DefineAuthChallenge_Authentication CreateAuthChallenge_Authentication" {
		t.Errorf("functions %q", got)
	}
	for _, e := range seen {
		holdToAWS(t, e)
	}
	if event := string(seen[1].raw); !strings.Contains(event, `"session":[{"challengeName":"CUSTOM_CHALLENGE","challengeResult":false,"challengeMetadata":"M0"}]`) ||
		!strings.Contains(event, `"clientMetadata":{"k":"v"}`) {
		t.Errorf("event %s", event)
	}
	w.refuse(t, "RespondToAuthChallenge", w.riddle(first, "ada", "secret-0"),
		"NotAuthorizedException: Invalid session for the user, session can only be used once.")
	asked = w.do(t, "RespondToAuthChallenge", w.riddle(asked, "ada", "secret-1"))
	w.f.take()
	w.do(t, "RespondToAuthChallenge", w.riddle(asked, "ada", "secret-2")).text("AuthenticationResult.AccessToken")
	if got := sources(w.f.take()); got != "VerifyAuthChallengeResponse_Authentication DefineAuthChallenge_Authentication "+
		"PostAuthentication_Authentication TokenGeneration_Authentication" {
		t.Errorf("functions %q", got)
	}

	t.Run("given up", func(t *testing.T) {
		asked := w.do(t, "InitiateAuth", w.custom(`"USERNAME":"ada"`))
		for range 2 {
			asked = w.do(t, "RespondToAuthChallenge", w.riddle(asked, "ada", "wrong"))
		}
		w.refuse(t, "RespondToAuthChallenge", w.riddle(asked, "ada", "wrong"), "NotAuthorizedException: Incorrect username or password.")
	})
	t.Run("one guess a challenge, even if the function fails", func(t *testing.T) {
		asked := w.do(t, "InitiateAuth", w.custom(`"USERNAME":"ada"`))
		w.f.throw("VerifyAuthChallengeResponse_Authentication", "wrong")
		w.refuse(t, "RespondToAuthChallenge", w.riddle(asked, "ada", "guess"), "UserLambdaValidationException: VerifyAuthChallengeResponse failed with error wrong.")
		w.riddles()
		w.refuse(t, "RespondToAuthChallenge", w.riddle(asked, "ada", "secret-0"),
			"NotAuthorizedException: Invalid session for the user, session can only be used once.")
	})
	t.Run("another user", func(t *testing.T) {
		w.user(t, "bob")
		asked := w.do(t, "InitiateAuth", w.custom(`"USERNAME":"ada"`))
		w.refuse(t, "RespondToAuthChallenge", w.riddle(asked, "bob", "secret-0"), "NotAuthorizedException: Invalid session for the user.")
	})
	t.Run("much to remember", func(t *testing.T) {
		long := strings.Repeat("x", 8000)
		w.f.say("CreateAuthChallenge_Authentication", `{"publicChallengeParameters":{},"privateChallengeParameters":{"answer":"`+long+`"}}`)
		asked := w.do(t, "InitiateAuth", w.custom(`"USERNAME":"ada"`))
		if len(asked.text("Session")) > 2048 {
			t.Errorf("session of %d characters", len(asked.text("Session")))
		}
		asked = w.do(t, "RespondToAuthChallenge", w.riddle(asked, "ada", long))
		w.do(t, "RespondToAuthChallenge", w.riddle(asked, "ada", long)).text("AuthenticationResult.AccessToken")
		w.f.say("CreateAuthChallenge_Authentication", `{"privateChallengeParameters":{"answer":"`+strings.Repeat("x", 30_000)+`"}}`)
		w.refuse(t, "InitiateAuth", w.custom(`"USERNAME":"ada"`), "InvalidLambdaResponseException: CreateAuthChallenge returned too much to remember.")
	})
	for _, c := range []struct{ name, source, response, want string }{
		{"no decision", "DefineAuthChallenge_Authentication", `{}`, "InvalidLambdaResponseException: Unrecognizable lambda output"},
		{"strange challenge", "DefineAuthChallenge_Authentication", `{"challengeName":"SMS_MFA"}`, "InvalidLambdaResponseException: Unrecognizable lambda output"},
		{"password without SRP", "DefineAuthChallenge_Authentication", `{"challengeName":"PASSWORD_VERIFIER"}`, "InvalidLambdaResponseException: Unrecognizable lambda output"},
		{"failed at once", "DefineAuthChallenge_Authentication", `{"failAuthentication":true,"issueTokens":true}`, "NotAuthorizedException: Incorrect username or password."},
		{"number for a parameter", "CreateAuthChallenge_Authentication", `{"publicChallengeParameters":{"n":1}}`, "InvalidLambdaResponseException: Unrecognizable lambda output"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.riddles()
			w.f.say(c.source, c.response)
			w.refuse(t, "InitiateAuth", w.custom(`"USERNAME":"ada"`), c.want)
		})
	}
	t.Run("no verdict", func(t *testing.T) {
		w.riddles()
		w.f.say("VerifyAuthChallengeResponse_Authentication", `{"answerCorrect":null}`)
		asked := w.do(t, "InitiateAuth", w.custom(`"USERNAME":"ada"`))
		w.refuse(t, "RespondToAuthChallenge", w.riddle(asked, "ada", "x"), "InvalidLambdaResponseException: Unrecognizable lambda output")
	})
	w.refuse(t, "InitiateAuth", w.custom(`"USERNAME":"nobody"`), "UserNotFoundException: User does not exist.")
}

// TestCustomAuthOfNobody holds that functions are asked about names that nobody
// has, and that no answer signs in.
func TestCustomAuthOfNobody(t *testing.T) {
	w := newTriggerWorld(t, "V1_0", `,"PreventUserExistenceErrors":"ENABLED"`)
	w.user(t, "ada")
	w.do(t, "AdminDisableUser", w.in(`{"UserPoolId":"POOL","Username":"ada"}`))
	w.riddles()
	for _, name := range []string{"nobody", "ada"} {
		w.f.take()
		asked := w.do(t, "InitiateAuth", w.custom(`"USERNAME":"`+name+`"`))
		if asked.text("ChallengeParameters.USERNAME") != name {
			t.Errorf("asked %v", asked.body)
		}
		seen := w.f.take()
		if event, want := string(seen[1].raw), fmt.Sprintf(`"userNotFound":%t`, name == "nobody"); !strings.Contains(event, want) {
			t.Errorf("event %s, want %s", event, want)
		}
		if event := string(seen[1].raw); name == "nobody" && !strings.Contains(event, `"userAttributes":{}`) {
			t.Errorf("event %s", event)
		}
		asked = w.do(t, "RespondToAuthChallenge", w.riddle(asked, name, "secret-0"))
		want := "NotAuthorizedException: Incorrect username or password."
		if name == "ada" {
			want = "NotAuthorizedException: User is disabled." // once everything is proven
		}
		w.refuse(t, "RespondToAuthChallenge", w.riddle(asked, name, "secret-1"), want)
	}
}

// TestCustomAuthWithPassword has the functions ask for the password first, which
// the client begins with.
func TestCustomAuthWithPassword(t *testing.T) {
	w := newTriggerWorld(t, "V1_0", "")
	w.user(t, "ada")
	w.riddles()
	w.f.on("DefineAuthChallenge_Authentication", func(request map[string]any) (string, error) {
		switch len(request["session"].([]any)) {
		case 1:
			return `{"challengeName":"PASSWORD_VERIFIER","issueTokens":false,"failAuthentication":false}`, nil
		case 2:
			return `{"challengeName":"CUSTOM_CHALLENGE","issueTokens":false,"failAuthentication":false}`, nil
		}
		return `{"issueTokens":true,"failAuthentication":false}`, nil
	})
	client := srp.NewClient(w.pool[len("us-east-1_"):])
	asked := w.do(t, "InitiateAuth", w.custom(`"USERNAME":"ada","CHALLENGE_NAME":"SRP_A","SRP_A":"`+client.A()+`"`))
	if asked.text("ChallengeName") != "PASSWORD_VERIFIER" {
		t.Fatalf("asked %v", asked.body)
	}
	verify := func(password string) string {
		block := asked.text("ChallengeParameters.SECRET_BLOCK")
		raw, err := base64.StdEncoding.DecodeString(block)
		if err != nil {
			t.Fatal(err)
		}
		now := time.Now().UTC().Format("Mon Jan 2 15:04:05 UTC 2006")
		claim, err := client.Claim("ada", password, asked.text("ChallengeParameters.SALT"), asked.text("ChallengeParameters.SRP_B"), raw, now)
		if err != nil {
			t.Fatal(err)
		}
		return w.in(`{"ClientId":"CLIENT","ChallengeName":"PASSWORD_VERIFIER","ChallengeResponses":{"USERNAME":"ada","TIMESTAMP":"` + now +
			`","PASSWORD_CLAIM_SECRET_BLOCK":"` + block + `","PASSWORD_CLAIM_SIGNATURE":"` + base64.StdEncoding.EncodeToString(claim.Signature[:]) + `"}}`)
	}
	w.refuse(t, "RespondToAuthChallenge", verify("wrong"), "NotAuthorizedException: Incorrect username or password.")
	w.f.take()
	right := w.do(t, "RespondToAuthChallenge", verify("Passw0rd!"))
	if right.text("ChallengeName") != "CUSTOM_CHALLENGE" {
		t.Fatalf("asked %v", right.body)
	}
	seen := w.f.take()
	const history = `"session":[{"challengeName":"SRP_A","challengeResult":true,"challengeMetadata":null},{"challengeName":"PASSWORD_VERIFIER","challengeResult":true,"challengeMetadata":null}]`
	if !strings.Contains(string(seen[0].raw), history) {
		t.Errorf("event %s", seen[0].raw)
	}
	t.Run("a password that is changed meanwhile", func(t *testing.T) {
		w.do(t, "AdminSetUserPassword", w.in(`{"UserPoolId":"POOL","Username":"ada","Password":"Passw0rd!2","Permanent":true}`))
		w.refuse(t, "RespondToAuthChallenge", w.riddle(right, "ada", "secret-2"), "NotAuthorizedException: Invalid session for the user.")
		w.do(t, "AdminSetUserPassword", w.in(`{"UserPoolId":"POOL","Username":"ada","Password":"Passw0rd!","Permanent":true}`))
	})
	client = srp.NewClient(w.pool[len("us-east-1_"):])
	asked = w.do(t, "InitiateAuth", w.custom(`"USERNAME":"ada","CHALLENGE_NAME":"SRP_A","SRP_A":"`+client.A()+`"`))
	right = w.do(t, "RespondToAuthChallenge", verify("Passw0rd!"))
	w.do(t, "RespondToAuthChallenge", w.riddle(right, "ada", "secret-2")).text("AuthenticationResult.AccessToken")
	w.refuse(t, "InitiateAuth", w.custom(`"USERNAME":"ada","CHALLENGE_NAME":"SRP_A"`), "InvalidParameterException: Missing required parameter SRP_A")
}

// TestCustomAuthWithFactors has the password in a sign-in that functions lead bring
// the second factor and the device with it, and the functions hear of both.
func TestCustomAuthWithFactors(t *testing.T) {
	w := newTriggerWorld(t, "V1_0", "")
	w.do(t, "UpdateUserPool", w.in(`{"UserPoolId":"POOL","DeviceConfiguration":{"ChallengeRequiredOnNewDevice":false},
		"SmsConfiguration":{"SnsCallerArn":"arn:aws:iam::123456789012:role/sms"},"LambdaConfig":{"DefineAuthChallenge":"`+functionARN+
		`","CreateAuthChallenge":"`+functionARN+`","VerifyAuthChallengeResponse":"`+functionARN+`","PostAuthentication":"`+functionARN+`"}}`))
	w.do(t, "SetUserPoolMfaConfig", w.in(`{"UserPoolId":"POOL","MfaConfiguration":"OPTIONAL","SmsMfaConfiguration":{"SmsConfiguration":{"SnsCallerArn":"arn:aws:iam::123456789012:role/sms"}}}`))
	w.user(t, "ada")
	w.do(t, "AdminUpdateUserAttributes", w.in(`{"UserPoolId":"POOL","Username":"ada","UserAttributes":[{"Name":"phone_number","Value":"+15550001111"},{"Name":"phone_number_verified","Value":"true"}]}`))
	w.do(t, "AdminSetUserMFAPreference", w.in(`{"UserPoolId":"POOL","Username":"ada","SMSMfaSettings":{"Enabled":true,"PreferredMfa":true}}`))
	w.riddles()
	w.f.on("DefineAuthChallenge_Authentication", func(request map[string]any) (string, error) {
		history := request["session"].([]any)
		switch last := history[len(history)-1].(map[string]any); {
		case last["challengeName"] == "SRP_A":
			return `{"challengeName":"PASSWORD_VERIFIER"}`, nil
		case last["challengeName"] == "CUSTOM_CHALLENGE" && last["challengeResult"] == true:
			return `{"issueTokens":true}`, nil
		}
		return `{"challengeName":"CUSTOM_CHALLENGE"}`, nil
	})
	// begin goes as far as the code of the second factor.
	begin := func(password, device string) (asked answer) {
		t.Helper()
		client := srp.NewClient(w.pool[len("us-east-1_"):])
		asked = w.do(t, "InitiateAuth", w.custom(`"USERNAME":"ada","CHALLENGE_NAME":"SRP_A","SRP_A":"`+client.A()+`"`+device))
		block, now := asked.text("ChallengeParameters.SECRET_BLOCK"), srp.FormatTimestamp(time.Now())
		raw, err := base64.StdEncoding.DecodeString(block)
		if err != nil {
			t.Fatal(err)
		}
		claim, err := client.Claim("ada", password, asked.text("ChallengeParameters.SALT"), asked.text("ChallengeParameters.SRP_B"), raw, now)
		if err != nil {
			t.Fatal(err)
		}
		return w.do(t, "RespondToAuthChallenge", w.in(`{"ClientId":"CLIENT","ChallengeName":"PASSWORD_VERIFIER","ChallengeResponses":{"USERNAME":"ada","TIMESTAMP":"`+now+
			`","PASSWORD_CLAIM_SECRET_BLOCK":"`+block+`","PASSWORD_CLAIM_SIGNATURE":"`+base64.StdEncoding.EncodeToString(claim.Signature[:])+`"`+device+`}}`))
	}
	smsCode := func(asked answer, code, device string) string {
		return w.in(`{"ClientId":"CLIENT","ChallengeName":"SMS_MFA","Session":"` + asked.text("Session") +
			`","ChallengeResponses":{"USERNAME":"ada","SMS_MFA_CODE":"` + code + `"` + device + `}}`)
	}
	asked := begin("Passw0rd!", "")
	if asked.text("ChallengeName") != "SMS_MFA" {
		t.Fatalf("asked %v", asked.body)
	}
	w.f.take()
	w.refuse(t, "RespondToAuthChallenge", w.riddle(asked, "ada", "secret-2"), "NotAuthorizedException: Invalid session for the user.")
	asked = w.do(t, "RespondToAuthChallenge", smsCode(asked, w.lastMessage(t).Code, ""))
	seen := w.f.take()
	const history = `"session":[{"challengeName":"SRP_A","challengeResult":true,"challengeMetadata":null},{"challengeName":"PASSWORD_VERIFIER","challengeResult":true,"challengeMetadata":null},` +
		`{"challengeName":"SMS_MFA","challengeResult":true,"challengeMetadata":null}]`
	if asked.text("ChallengeName") != "CUSTOM_CHALLENGE" || !strings.Contains(string(seen[0].raw), history) {
		t.Fatalf("asked %v after %s", asked.body, seen[0].raw)
	}
	done := w.do(t, "RespondToAuthChallenge", w.riddle(asked, "ada", "secret-3"))
	access, key, group := done.text("AuthenticationResult.AccessToken"), done.text("AuthenticationResult.NewDeviceMetadata.DeviceKey"), done.text("AuthenticationResult.NewDeviceMetadata.DeviceGroupKey")
	if seen = w.f.take(); !strings.Contains(string(seen[len(seen)-1].raw), `"newDeviceUsed":true`) {
		t.Errorf("the last event is %s", seen[len(seen)-1].raw)
	}

	stored, err := srp.NewVerifier(group, key, "device").MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	text := base64.StdEncoding.EncodeToString
	w.do(t, "ConfirmDevice", `{"AccessToken":"`+access+`","DeviceKey":"`+key+`","DeviceSecretVerifierConfig":{"Salt":"`+text(stored[1:1+stored[0]])+`","PasswordVerifier":"`+text(stored[1+stored[0]:])+`"}}`)
	device := `,"DEVICE_KEY":"` + key + `"`
	asked = begin("Passw0rd!", device)
	asked = w.do(t, "RespondToAuthChallenge", smsCode(asked, w.lastMessage(t).Code, device))
	asked = w.do(t, "RespondToAuthChallenge", w.in(`{"ClientId":"CLIENT","ChallengeName":"CUSTOM_CHALLENGE","Session":"`+asked.text("Session")+
		`","ChallengeResponses":{"USERNAME":"ada","ANSWER":"secret-3"`+device+`}}`))
	if asked.text("ChallengeName") != "DEVICE_SRP_AUTH" {
		t.Fatalf("asked %v", asked.body)
	}
	client := srp.NewClient(group)
	asked = w.do(t, "RespondToAuthChallenge", w.in(`{"ClientId":"CLIENT","ChallengeName":"DEVICE_SRP_AUTH","Session":"`+asked.text("Session")+
		`","ChallengeResponses":{"USERNAME":"ada","SRP_A":"`+client.A()+`"`+device+`}}`))
	block, now := asked.text("ChallengeParameters.SECRET_BLOCK"), srp.FormatTimestamp(time.Now())
	raw, err := base64.StdEncoding.DecodeString(block)
	if err != nil {
		t.Fatal(err)
	}
	claim, err := client.Claim(key, "device", asked.text("ChallengeParameters.SALT"), asked.text("ChallengeParameters.SRP_B"), raw, now)
	if err != nil {
		t.Fatal(err)
	}
	w.do(t, "RespondToAuthChallenge", w.in(`{"ClientId":"CLIENT","ChallengeName":"DEVICE_PASSWORD_VERIFIER","ChallengeResponses":{"USERNAME":"ada","TIMESTAMP":"`+now+
		`","PASSWORD_CLAIM_SECRET_BLOCK":"`+block+`","PASSWORD_CLAIM_SIGNATURE":"`+text(claim.Signature[:])+`"`+device+`}}`)).text("AuthenticationResult.AccessToken")
}
