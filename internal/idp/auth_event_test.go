package idp

import (
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"testing"

	"github.com/poolhouse/poolhouse/internal/threat"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// guarded is a testAPI with threat protection, on a pool of a mode with a client
// and a user who is called alice.
type guarded struct {
	*testAPI
	guard        *threat.Guard
	pool, client string
}

const alicesPassword = "Corr3ct-Horse!"

func newGuarded(t *testing.T, mode, risk string) *guarded {
	t.Helper()
	a := newTestAPI(t, userpool.PoolsOptions{})
	g := &guarded{testAPI: a}
	g.guard = threat.New(a.db, a.service.users, a.outbox, threat.Options{
		FeedbackURL: "http://localhost/feedback/", PerAddress: 5, Logger: slog.New(slog.DiscardHandler)})
	t.Cleanup(g.guard.Close)
	a.service.guard = g.guard
	a.service.users.SetLeaked(g.guard.Leaked)
	a.service.signin.Guard(g.guard)
	g.pool = a.do(t, "CreateUserPool", `{"PoolName":"p","MfaConfiguration":"OFF","AutoVerifiedAttributes":["email"],"UserPoolAddOns":{"AdvancedSecurityMode":"`+mode+`"}}`).text("UserPool.Id")
	g.client = a.do(t, "CreateUserPoolClient", `{"UserPoolId":"`+g.pool+`","ClientName":"c","ExplicitAuthFlows":["ALLOW_ADMIN_USER_PASSWORD_AUTH","ALLOW_USER_PASSWORD_AUTH","ALLOW_REFRESH_TOKEN_AUTH"]}`).text("UserPoolClient.ClientId")
	if risk != "" {
		a.do(t, "SetRiskConfiguration", `{"UserPoolId":"`+g.pool+`",`+risk+`}`)
	}
	g.addUser(t, "alice", alicesPassword)
	return g
}

func (g *guarded) addUser(t *testing.T, name, password string) {
	t.Helper()
	g.do(t, "AdminCreateUser", `{"UserPoolId":"`+g.pool+`","Username":"`+name+`","MessageAction":"SUPPRESS","UserAttributes":[{"Name":"email","Value":"`+name+`@example.com"},{"Name":"email_verified","Value":"true"}]}`)
	g.do(t, "AdminSetUserPassword", `{"UserPoolId":"`+g.pool+`","Username":"`+name+`","Password":"`+password+`","Permanent":true}`)
}

const (
	firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
	boto    = "Boto3/1.43.0"
	home    = "198.51.100.7"
	abroad  = "203.0.113.9"
)

// signIn signs in as a server does that passes on where the user is.
func (g *guarded) signIn(t *testing.T, name, password, address, agent string) answer {
	t.Helper()
	return g.call(t, "AdminInitiateAuth", `{"UserPoolId":"`+g.pool+`","ClientId":"`+g.client+`","AuthFlow":"ADMIN_USER_PASSWORD_AUTH",`+
		`"AuthParameters":{"USERNAME":"`+name+`","PASSWORD":"`+password+`"},`+
		`"ContextData":{"IpAddress":"`+address+`","ServerName":"s","ServerPath":"/","HttpHeaders":[{"headerName":"User-Agent","headerValue":"`+agent+`"}]}}`)
}

func (g *guarded) events(t *testing.T, more string) answer {
	t.Helper()
	return g.do(t, "AdminListUserAuthEvents", `{"UserPoolId":"`+g.pool+`","Username":"alice"`+more+`}`)
}

// told are events in short, newest first.
func told(list answer) (lines []string) {
	for _, e := range list.at("AuthEvents").([]any) {
		e := e.(map[string]any)
		risk, where := e["EventRisk"].(map[string]any), e["EventContextData"].(map[string]any)
		line := fmt.Sprint(e["EventType"], " ", e["EventResponse"], " ", risk["RiskDecision"])
		if risk["RiskLevel"] != nil {
			line += fmt.Sprint(" ", risk["RiskLevel"])
		}
		if risk["CompromisedCredentialsDetected"] == true {
			line += " leaked"
		}
		challenges, _ := e["ChallengeResponses"].([]any)
		for _, c := range challenges {
			c := c.(map[string]any)
			line += fmt.Sprint(" ", c["ChallengeName"], "=", c["ChallengeResponse"])
		}
		lines = append(lines, fmt.Sprint(line, " ", where["IpAddress"], " ", where["DeviceName"]))
	}
	return lines
}

func wantTold(t *testing.T, list answer, want ...string) {
	t.Helper()
	if got := told(list); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("events:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestAuthEvents(t *testing.T) {
	g := newGuarded(t, "AUDIT", `"AccountTakeoverRiskConfiguration":{"Actions":{"MediumAction":{"Notify":false,"EventAction":"BLOCK"}}}`)
	g.signIn(t, "alice", "wrong", home, firefox)
	g.signIn(t, "alice", alicesPassword, home, firefox)
	g.signIn(t, "nobody", "wrong", home, firefox)
	// Audited only: the risk blocks nothing.
	if err := g.guard.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := g.signIn(t, "alice", alicesPassword, abroad, boto); got.errType != "" {
		t.Fatalf("a risk in AUDIT: %s", got.errType)
	}
	list := g.events(t, "")
	wantTold(t, list,
		"SignIn Pass AccountTakeover Medium Password=Success "+abroad+" Boto3 1.43",
		"SignIn Pass NoRisk Password=Success "+home+" Firefox 128, Linux",
		"SignIn Fail NoRisk Password=Failure "+home+" Firefox 128, Linux")

	// Pages.
	first := g.events(t, `,"MaxResults":2`)
	next := first.text("NextToken")
	if !regexp.MustCompile(`^[0-9a-f-]{36}#\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$`).MatchString(next) {
		t.Errorf("token %q", next)
	}
	last := g.events(t, `,"MaxResults":2,"NextToken":"`+next+`"`)
	if len(told(first)) != 2 || len(told(last)) != 1 || last.at("NextToken") != nil {
		t.Errorf("pages %v, %v", told(first), told(last))
	}
	for _, token := range []string{"x", next + "x", "#" + strings.Split(next, "#")[1], strings.Split(next, "#")[0]} {
		g.refuse(t, "AdminListUserAuthEvents", `{"UserPoolId":"`+g.pool+`","Username":"alice","NextToken":"`+token+`"}`, userpool.ErrPageToken.Error())
	}
	g.refuse(t, "AdminListUserAuthEvents", `{"UserPoolId":"`+g.pool+`","Username":"nobody"}`, "UserNotFoundException: User does not exist.")
	g.refuse(t, "AdminListUserAuthEvents", `{"UserPoolId":"us-east-1_none","Username":"alice"}`, "ResourceNotFoundException: User pool us-east-1_none does not exist.")

	// Feedback: a sign-in that was disowned makes nothing known.
	newest := list.at("AuthEvents").([]any)[0].(map[string]any)["EventId"].(string)
	g.do(t, "AdminUpdateAuthEventFeedback", `{"UserPoolId":"`+g.pool+`","Username":"alice","EventId":"`+newest+`","FeedbackValue":"Invalid"}`)
	feedback := g.events(t, "").at("AuthEvents").([]any)[0].(map[string]any)["EventFeedback"].(map[string]any)
	if feedback["FeedbackValue"] != "Invalid" || feedback["Provider"] != "Admin" || feedback["FeedbackDate"] == nil {
		t.Errorf("feedback %v", feedback)
	}
	g.signIn(t, "alice", alicesPassword, abroad, boto)
	if got := told(g.events(t, ""))[0]; !strings.Contains(got, "AccountTakeover Medium") {
		t.Errorf("after the feedback: %s", got)
	}
	g.refuse(t, "AdminUpdateAuthEventFeedback", `{"UserPoolId":"`+g.pool+`","Username":"alice","EventId":"none","FeedbackValue":"Valid"}`,
		"ResourceNotFoundException: Event does not exist.")

	g.do(t, "AdminDeleteUser", `{"UserPoolId":"`+g.pool+`","Username":"alice"}`)
	g.addUser(t, "alice", alicesPassword)
	wantTold(t, g.events(t, ""))
}

func TestAuthEventsOff(t *testing.T) {
	g := newGuarded(t, "OFF", `"CompromisedCredentialsRiskConfiguration":{"Actions":{"EventAction":"BLOCK"}}`)
	g.addUser(t, "bob", "Passw0rd!")
	if got := g.signIn(t, "bob", "Passw0rd!", home, boto); got.errType != "" {
		t.Errorf("sign-in: %s", got.message)
	}
	const off = "UserPoolAddOnNotEnabledException: User pool add-ons are not enabled."
	g.refuse(t, "AdminListUserAuthEvents", `{"UserPoolId":"`+g.pool+`","Username":"alice"}`, off)
	g.refuse(t, "AdminUpdateAuthEventFeedback", `{"UserPoolId":"`+g.pool+`","Username":"alice","EventId":"e","FeedbackValue":"Valid"}`, off)
	g.refuse(t, "UpdateAuthEventFeedback", `{"UserPoolId":"`+g.pool+`","Username":"alice","EventId":"e","FeedbackToken":"t","FeedbackValue":"Valid"}`, off)
}

// Each operation of a user's own leaves its event.
func TestAuthEventTypes(t *testing.T) {
	g := newGuarded(t, "ENFORCED", "")
	own := `{"ClientId":"` + g.client + `","Username":"carol"`
	g.do(t, "SignUp", own+`,"Password":"`+alicesPassword+`","UserAttributes":[{"Name":"email","Value":"carol@example.com"}]}`)
	g.do(t, "ResendConfirmationCode", own+`}`)
	g.do(t, "ConfirmSignUp", own+`,"ConfirmationCode":"`+g.lastMessage(t).Code+`"}`)
	g.do(t, "ForgotPassword", own+`}`)
	g.do(t, "ConfirmForgotPassword", own+`,"ConfirmationCode":"`+g.lastMessage(t).Code+`","Password":"An0ther-Horse!"}`)
	access := g.do(t, "InitiateAuth", `{"ClientId":"`+g.client+`","AuthFlow":"USER_PASSWORD_AUTH","AuthParameters":{"USERNAME":"carol","PASSWORD":"An0ther-Horse!"}}`).text("AuthenticationResult.AccessToken")
	g.call(t, "ChangePassword", `{"AccessToken":"`+access+`","PreviousPassword":"wrong","ProposedPassword":"Th1rd-Horse!"}`)
	var got []string
	for _, line := range told(g.do(t, "AdminListUserAuthEvents", `{"UserPoolId":"`+g.pool+`","Username":"carol"}`)) {
		got = append(got, strings.Join(strings.Fields(line)[:2], " "))
	}
	want := "PasswordChange Fail, SignIn Pass, PasswordChange Pass, ForgotPassword Pass, ResendCode Pass, SignUp Pass"
	if strings.Join(got, ", ") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(got, ", "), want)
	}
}

func TestLeakedPasswords(t *testing.T) {
	const block = `"CompromisedCredentialsRiskConfiguration":{"Actions":{"EventAction":"BLOCK"}}`
	const refused = "InvalidPasswordException: Provided password cannot be used for security reasons."
	g := newGuarded(t, "ENFORCED", block)
	signUp := `{"ClientId":"` + g.client + `","Username":"dave","UserAttributes":[{"Name":"email","Value":"d@example.com"}],"Password":`
	g.refuse(t, "SignUp", signUp+`"Passw0rd!"}`, refused)
	g.refuse(t, "AdminGetUser", `{"UserPoolId":"`+g.pool+`","Username":"dave"}`, "UserNotFoundException: User does not exist.")
	g.do(t, "SignUp", signUp+`"`+alicesPassword+`"}`)

	access := g.signIn(t, "alice", alicesPassword, home, boto).text("AuthenticationResult.AccessToken")
	g.refuse(t, "ChangePassword", `{"AccessToken":"`+access+`","PreviousPassword":"`+alicesPassword+`","ProposedPassword":"Passw0rd!"}`, refused)
	g.do(t, "ForgotPassword", `{"ClientId":"`+g.client+`","Username":"alice"}`)
	g.refuse(t, "ConfirmForgotPassword", `{"ClientId":"`+g.client+`","Username":"alice","ConfirmationCode":"`+g.lastMessage(t).Code+`","Password":"Passw0rd!"}`, refused)

	// Who has one already must set another.
	g.do(t, "AdminSetUserPassword", `{"UserPoolId":"`+g.pool+`","Username":"alice","Password":"Passw0rd!","Permanent":true}`)
	for _, want := range []string{"NotAuthorizedException: Unable to login because of security reasons.", "PasswordResetRequiredException: Password reset required for the user"} {
		if got := g.signIn(t, "alice", "Passw0rd!", home, boto); got.errType+": "+got.message != want {
			t.Errorf("got %s: %s, want %s", got.errType, got.message, want)
		}
	}
	if got := told(g.events(t, ""))[1]; got != "SignIn Fail Block leaked Password=Success "+home+" Boto3 1.43" {
		t.Errorf("event %q", got)
	}

	// What is set for a client holds in its users' changes, too.
	g = newGuarded(t, "ENFORCED", "")
	g.do(t, "SetRiskConfiguration", `{"UserPoolId":"`+g.pool+`","ClientId":"`+g.client+`",`+block+`}`)
	access = g.signIn(t, "alice", alicesPassword, home, boto).text("AuthenticationResult.AccessToken")
	g.refuse(t, "ChangePassword", `{"AccessToken":"`+access+`","PreviousPassword":"`+alicesPassword+`","ProposedPassword":"Passw0rd!"}`, refused)

	// Another filter lets it pass, and tells of it.
	g = newGuarded(t, "ENFORCED", `"CompromisedCredentialsRiskConfiguration":{"EventFilter":["SIGN_UP"],"Actions":{"EventAction":"BLOCK"}}`)
	g.do(t, "AdminSetUserPassword", `{"UserPoolId":"`+g.pool+`","Username":"alice","Password":"Passw0rd!","Permanent":true}`)
	if got := g.signIn(t, "alice", "Passw0rd!", home, boto); got.errType != "" {
		t.Errorf("got %s", got.message)
	}
	wantTold(t, g.events(t, ""), "SignIn Pass NoRisk leaked Password=Success "+home+" Boto3 1.43")
}

func TestRiskyAddresses(t *testing.T) {
	g := newGuarded(t, "ENFORCED", `"RiskExceptionConfiguration":{"BlockedIPRangeList":["203.0.113.0/24"],"SkippedIPRangeList":["198.51.100.0/24"]},`+
		`"AccountTakeoverRiskConfiguration":{"Actions":{"LowAction":{"Notify":false,"EventAction":"BLOCK"}}}`)
	const refused = "NotAuthorizedException: Unable to login because of security reasons."
	for name, password := range map[string]string{"alice": alicesPassword, "alice ": "wrong", "nobody": "wrong"} {
		if got := g.signIn(t, strings.TrimSpace(name), password, abroad, firefox); got.errType+": "+got.message != refused && name != "nobody" {
			t.Errorf("%q from a blocked address: %s: %s", name, got.errType, got.message)
		}
	}
	if got := told(g.events(t, ""))[0]; got != "SignIn Fail Block High "+abroad+" Firefox 128, Linux" {
		t.Errorf("event %q", got)
	}
	for _, agent := range []string{firefox, boto} { // a skipped address is never a risk
		if got := g.signIn(t, "alice", alicesPassword, home, agent); got.errType != "" {
			t.Errorf("from a skipped address: %s", got.message)
		}
		if err := g.guard.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// An address that guesses is refused, whoever's password it guesses.
func TestFailuresPerAddress(t *testing.T) {
	g := newGuarded(t, "OFF", "")
	for i := range 5 {
		if got := g.signIn(t, fmt.Sprintf("user%d", i), "wrong", "2001:db8::1", boto); got.errType == "TooManyRequestsException" {
			t.Fatalf("refused at try %d", i)
		}
	}
	if got := g.signIn(t, "alice", alicesPassword, "2001:db8::2", boto); got.errType+": "+got.message != "TooManyRequestsException: Too many requests" {
		t.Errorf("the neighbour in the house: %s: %s", got.errType, got.message)
	}
	if got := g.signIn(t, "alice", alicesPassword, "2001:db8:0:1::1", boto); got.errType != "" {
		t.Errorf("the neighbour's house: %s", got.message)
	}
}

// A risky sign-in has the consequence that is set, and the user is told.
func TestRiskActions(t *testing.T) {
	actions := func(action string) string {
		return `"AccountTakeoverRiskConfiguration":{"NotifyConfiguration":{"SourceArn":"arn:aws:ses:us-east-1:123456789012:identity/a@example.com",` +
			`"BlockEmail":{"Subject":"Blocked {username}","TextBody":"<{ip-address}>\n{city}{username}"}},` +
			`"Actions":{"MediumAction":{"Notify":true,"EventAction":"` + action + `"}}}`
	}
	const refused = "Unable to login because of security reasons."
	for _, tc := range []struct{ action, message, event, subject string }{
		{"BLOCK", refused, "Fail Block Medium", "Blocked alice"},
		{"MFA_REQUIRED", refused, "Fail AccountTakeover Medium", "Blocked alice"},
		{"MFA_IF_CONFIGURED", "", "Pass AccountTakeover Medium", "New sign-in attempt"},
		{"NO_ACTION", "", "Pass AccountTakeover Medium", "New sign-in attempt"},
	} {
		t.Run(tc.action, func(t *testing.T) {
			g := newGuarded(t, "ENFORCED", actions(tc.action))
			g.signIn(t, "alice", alicesPassword, home, firefox)
			if err := g.guard.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := g.signIn(t, "alice", alicesPassword, abroad, boto); got.message != tc.message {
				t.Errorf("answer %q, want %q", got.message, tc.message)
			}
			if got := told(g.events(t, ""))[0]; !strings.HasPrefix(got, "SignIn "+tc.event) {
				t.Errorf("event %q, want %q", got, tc.event)
			}
			m := g.lastMessage(t)
			if m.Subject != tc.subject || m.To != "alice@example.com" {
				t.Errorf("message %q to %s", m.Subject, m.To)
			}
			if tc.subject == "Blocked alice" {
				if want := "&lt;" + abroad + "&gt;<br>\nalice"; m.Body != want {
					t.Errorf("body %q, want %q", m.Body, want)
				}
				return
			}
			g.feedBack(t, m.Body)
		})
	}
}

// feedBack follows the link of a notification.
func (g *guarded) feedBack(t *testing.T, body string) {
	t.Helper()
	link := regexp.MustCompile(`http://localhost/feedback/` + g.pool + `\?token=([\w-]+)&amp;value=Invalid`).FindStringSubmatch(body)
	if link == nil {
		t.Fatalf("no link in %q", body)
	}
	event := g.events(t, "").at("AuthEvents").([]any)[0].(map[string]any)["EventId"].(string)
	say := func(name, event, token string) string {
		return `{"UserPoolId":"` + g.pool + `","Username":"` + name + `","EventId":"` + event + `","FeedbackToken":"` + token + `","FeedbackValue":"Invalid"}`
	}
	const refused = "NotAuthorizedException: Invalid feedback token"
	g.addUser(t, "mallory", alicesPassword)
	g.refuse(t, "UpdateAuthEventFeedback", say("mallory", event, link[1]), refused)
	g.refuse(t, "UpdateAuthEventFeedback", say("nobody", event, link[1]), refused)
	g.refuse(t, "UpdateAuthEventFeedback", say("alice", "another", link[1]), refused)
	g.refuse(t, "UpdateAuthEventFeedback", say("alice", event, link[1][1:]), refused)
	g.do(t, "UpdateAuthEventFeedback", say("alice", event, link[1]))
	if got := g.events(t, "").at("AuthEvents").([]any)[0].(map[string]any)["EventFeedback"].(map[string]any); got["Provider"] != "User" {
		t.Errorf("feedback %v", got)
	}
}

// A risk demands the second factor of a user who has one and was not asked for it,
// and the record of the sign-in follows it.
func TestRiskDemandsSecondFactor(t *testing.T) {
	g := newGuarded(t, "ENFORCED", `"AccountTakeoverRiskConfiguration":{"Actions":{"MediumAction":{"Notify":false,"EventAction":"MFA_REQUIRED"}}}`)
	g.do(t, "SetUserPoolMfaConfig", `{"UserPoolId":"`+g.pool+`","MfaConfiguration":"OPTIONAL","SoftwareTokenMfaConfiguration":{"Enabled":true}}`)
	access := g.signIn(t, "alice", alicesPassword, home, firefox).text("AuthenticationResult.AccessToken")
	secret := g.do(t, "AssociateSoftwareToken", `{"AccessToken":"`+access+`"}`).text("SecretCode")
	g.do(t, "VerifySoftwareToken", `{"AccessToken":"`+access+`","UserCode":"`+codeOf(t, secret, 0)+`"}`)

	if got := g.signIn(t, "alice", alicesPassword, home, firefox); got.at("AuthenticationResult") == nil {
		t.Fatalf("as ever: %v", got.body)
	}
	asked := g.signIn(t, "alice", alicesPassword, abroad, boto)
	if asked.text("ChallengeName") != "SOFTWARE_TOKEN_MFA" {
		t.Fatalf("at a risk: %v", asked.body)
	}
	if got := told(g.events(t, ""))[0]; !strings.HasPrefix(got, "SignIn InProgress AccountTakeover Medium Password=Success") {
		t.Errorf("event %q", got)
	}
	answer := func(code string) answer {
		return g.call(t, "AdminRespondToAuthChallenge", `{"UserPoolId":"`+g.pool+`","ClientId":"`+g.client+`","ChallengeName":"SOFTWARE_TOKEN_MFA","Session":"`+asked.text("Session")+
			`","ChallengeResponses":{"USERNAME":"alice","SOFTWARE_TOKEN_MFA_CODE":"`+code+`"},"ContextData":{"IpAddress":"`+abroad+`","ServerName":"s","ServerPath":"/","HttpHeaders":[]}}`)
	}
	wrong := "000000"
	if codeOf(t, secret, 1) == wrong {
		wrong = "000001"
	}
	if got := answer(wrong); got.errType != "CodeMismatchException" {
		t.Errorf("a wrong code: %v", got.body)
	}
	before := told(g.events(t, ""))
	if !strings.HasPrefix(before[0], "SignIn Fail AccountTakeover Medium Password=Success Mfa=Failure") {
		t.Errorf("event %q", before[0])
	}
	if got := answer(codeOf(t, secret, 1)); got.at("AuthenticationResult") == nil {
		t.Errorf("the right code: %v", got.body)
	}
	after := told(g.events(t, ""))
	if len(after) != len(before) || !strings.HasPrefix(after[0], "SignIn Pass AccountTakeover Medium Password=Success Mfa=Success") {
		t.Errorf("events %q", after)
	}
}
