package test

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/poolhouse/poolhouse/internal/message/smtp/smtptest"
	"github.com/poolhouse/poolhouse/internal/totp"
)

const (
	leakedPassword = "Leaked-Horse-9"
	atHome         = "198.51.100.7"
	elsewhere      = "203.0.113.9"
	firefox        = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
	safari         = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15"
	unsafe         = "Unable to login because of security reasons."
	unusable       = "Provided password cannot be used for security reasons."
)

// guardedClient is a pool under threat protection, whose users sign in through a
// program of the operator's that says where they are.
type guardedClient struct {
	*client
	mail *smtptest.Server
}

// TestThreatProtection has a server refuse what it should of passwords that a list
// knows, of addresses and of unknown devices, tell the users of it, and keep record.
func TestThreatProtection(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, database string) {
		dir := t.TempDir()
		list, filter := filepath.Join(dir, "list"), filepath.Join(dir, "leaked.filter")
		if err := os.WriteFile(list, []byte("one\n"+leakedPassword+"\nthree\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if out := command(t, "passwords", "build", list, "--format", "plain", "--out", filter); out != filter+" knows 3 passwords.\n" {
			t.Errorf("passwords build says %q", out)
		}
		in := install(t, database)
		mail := smtptest.Start(t, &smtptest.Server{})
		c := &guardedClient{in.startServe(append(carried(mail), "--leaked-passwords", filter)...).newPool(in), mail}
		c.mode(types.AdvancedSecurityModeTypeEnforced)
		c.risks()
		t.Run("leaked passwords", c.testLeaked)
		t.Run("addresses", c.testAddresses)
		t.Run("unknown device", c.testUnknownDevice)
		t.Run("audit", c.testAudit)
	})
}

func (c *guardedClient) mode(mode types.AdvancedSecurityModeType) {
	c.t.Helper()
	if _, err := c.UpdateUserPool(c.t.Context(), &cognito.UpdateUserPoolInput{
		UserPoolId: &c.pool, MfaConfiguration: types.UserPoolMfaTypeOff, UserPoolAddOns: &types.UserPoolAddOnsType{AdvancedSecurityMode: mode},
		AutoVerifiedAttributes: []types.VerifiedAttributeType{types.VerifiedAttributeTypeEmail},
	}); err != nil {
		c.t.Fatal(err)
	}
	if _, err := c.SetUserPoolMfaConfig(c.t.Context(), &cognito.SetUserPoolMfaConfigInput{UserPoolId: &c.pool,
		MfaConfiguration: types.UserPoolMfaTypeOptional, SoftwareTokenMfaConfiguration: &types.SoftwareTokenMfaConfigType{Enabled: true}}); err != nil {
		c.t.Fatal(err)
	}
}

// risks sets what follows from which risk, and who the emails about it are from.
func (c *guardedClient) risks() {
	c.t.Helper()
	action := func(a types.AccountTakeoverEventActionType) *types.AccountTakeoverActionType {
		return &types.AccountTakeoverActionType{EventAction: a, Notify: true}
	}
	if _, err := c.SetRiskConfiguration(c.t.Context(), &cognito.SetRiskConfigurationInput{
		UserPoolId: &c.pool,
		CompromisedCredentialsRiskConfiguration: &types.CompromisedCredentialsRiskConfigurationType{
			Actions: &types.CompromisedCredentialsActionsType{EventAction: types.CompromisedCredentialsEventActionTypeBlock}},
		AccountTakeoverRiskConfiguration: &types.AccountTakeoverRiskConfigurationType{
			Actions: &types.AccountTakeoverActionsType{MediumAction: action(types.AccountTakeoverEventActionTypeMfaRequired)},
			NotifyConfiguration: &types.NotifyConfigurationType{
				From: aws.String("Security <security@example.com>"), ReplyTo: aws.String("help@example.com"),
				SourceArn: aws.String("arn:aws:ses:us-east-1:123456789012:identity/example.com")}},
		RiskExceptionConfiguration: &types.RiskExceptionConfigurationType{
			BlockedIPRangeList: []string{"192.0.2.0/24"}, SkippedIPRangeList: []string{"2001:db8::/32"}},
	}); err != nil {
		c.t.Fatal(err)
	}
}

// from signs in with a password from an address, with a program.
func (c *guardedClient) from(t *testing.T, address, agent, name, password string) (*cognito.AdminInitiateAuthOutput, error) {
	t.Helper()
	return c.AdminInitiateAuth(t.Context(), &cognito.AdminInitiateAuthInput{
		UserPoolId: &c.pool, ClientId: &c.id, AuthFlow: types.AuthFlowTypeAdminUserPasswordAuth,
		AuthParameters: map[string]string{"USERNAME": name, "PASSWORD": password}, ContextData: contextOf(address, agent),
	})
}

func contextOf(address, agent string) *types.ContextDataType {
	return &types.ContextDataType{IpAddress: &address, ServerName: aws.String("shop"), ServerPath: aws.String("/"),
		HttpHeaders: []types.HttpHeader{{HeaderName: aws.String("User-Agent"), HeaderValue: &agent}}}
}

// events are a user's events in short, newest first.
func (c *guardedClient) events(t *testing.T, name string) (lines []string, list []types.AuthEventType) {
	t.Helper()
	out, err := c.AdminListUserAuthEvents(t.Context(), &cognito.AdminListUserAuthEventsInput{UserPoolId: &c.pool, Username: &name})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range out.AuthEvents {
		line := string(e.EventType) + " " + string(e.EventResponse) + " " + string(e.EventRisk.RiskDecision) + " " + string(e.EventRisk.RiskLevel)
		if aws.ToBool(e.EventRisk.CompromisedCredentialsDetected) {
			line += "leaked"
		}
		for _, r := range e.ChallengeResponses {
			line += " " + string(r.ChallengeName) + "=" + string(r.ChallengeResponse)
		}
		lines = append(lines, line)
	}
	return lines, out.AuthEvents
}

func (c *guardedClient) wantEvents(t *testing.T, name string, want ...string) {
	t.Helper()
	if got, _ := c.events(t, name); !slices.Equal(got, want) {
		t.Errorf("events of %s:\n%s\nwant:\n%s", name, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func (c *guardedClient) testLeaked(t *testing.T) {
	_, err := c.SignUp(t.Context(), &cognito.SignUpInput{ClientId: &c.id, Username: aws.String("eve"), Password: aws.String(leakedPassword),
		UserAttributes: []types.AttributeType{{Name: aws.String("email"), Value: aws.String("eve@example.com")}}})
	wantError(t, err, "InvalidPasswordException", unusable)

	c.createUser("lea", password)
	out, err := c.from(t, atHome, firefox, "lea", password)
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.ChangePassword(t.Context(), &cognito.ChangePasswordInput{AccessToken: out.AuthenticationResult.AccessToken,
		PreviousPassword: aws.String(password), ProposedPassword: aws.String(leakedPassword)})
	wantError(t, err, "InvalidPasswordException", unusable)

	if _, err := c.AdminSetUserPassword(t.Context(), &cognito.AdminSetUserPasswordInput{UserPoolId: &c.pool, Username: aws.String("lea"),
		Password: aws.String(leakedPassword), Permanent: true}); err != nil {
		t.Fatal(err)
	}
	_, err = c.from(t, atHome, firefox, "lea", leakedPassword)
	wantError(t, err, "NotAuthorizedException", unsafe)
	_, err = c.from(t, atHome, firefox, "lea", leakedPassword)
	wantError(t, err, "PasswordResetRequiredException", "Password reset required for the user")
	c.wantEvents(t, "lea", "SignIn Fail NoRisk  Password=Success", "SignIn Fail Block leaked Password=Success",
		"PasswordChange Fail NoRisk leaked", "SignIn Pass NoRisk  Password=Success")
}

func (c *guardedClient) testAddresses(t *testing.T) {
	c.createUser("ida", password)
	_, err := c.from(t, "192.0.2.44", firefox, "ida", password)
	wantError(t, err, "NotAuthorizedException", unsafe)
	for _, from := range []struct{ address, agent string }{{atHome, firefox}, {"2001:db8::7", safari}} {
		if _, err := c.from(t, from.address, from.agent, "ida", password); err != nil {
			t.Errorf("from %s: %v", from.address, err)
		}
	}
	c.wantEvents(t, "ida", "SignIn Pass NoRisk  Password=Success", "SignIn Pass NoRisk  Password=Success", "SignIn Fail Block High")
}

// testUnknownDevice has a user with an authenticator app asked for its code where
// the device and the network are new, and disown the sign-in.
func (c *guardedClient) testUnknownDevice(t *testing.T) {
	c.createUser("ada", password)
	if _, err := c.AdminUpdateUserAttributes(t.Context(), &cognito.AdminUpdateUserAttributesInput{UserPoolId: &c.pool, Username: aws.String("ada"),
		UserAttributes: []types.AttributeType{{Name: aws.String("email_verified"), Value: aws.String("true")}}}); err != nil {
		t.Fatal(err)
	}
	out, err := c.from(t, atHome, firefox, "ada", password)
	if err != nil {
		t.Fatal(err)
	}
	access := out.AuthenticationResult.AccessToken
	made := must[*cognito.AssociateSoftwareTokenOutput](t)(c.AssociateSoftwareToken(t.Context(), &cognito.AssociateSoftwareTokenInput{AccessToken: access}))
	secret := unbase32(t, *made.SecretCode)
	code := func(ahead int64) string { return totp.Code(secret, totp.Step(time.Now())+ahead) }
	if _, err := c.VerifySoftwareToken(t.Context(), &cognito.VerifySoftwareTokenInput{AccessToken: access, UserCode: aws.String(code(0))}); err != nil {
		t.Fatal(err)
	}
	if out, err := c.from(t, atHome, firefox, "ada", password); err != nil || out.AuthenticationResult == nil {
		t.Fatalf("as ever: %v", err)
	}
	out, err = c.from(t, elsewhere, safari, "ada", password)
	if err != nil || out.ChallengeName != types.ChallengeNameTypeSoftwareTokenMfa {
		t.Fatalf("from an unknown device: %v", err)
	}
	c.wantEvents(t, "ada", "SignIn InProgress AccountTakeover Medium Password=Success",
		"SignIn Pass NoRisk  Password=Success", "SignIn Pass NoRisk  Password=Success")
	if out, err := c.AdminRespondToAuthChallenge(t.Context(), &cognito.AdminRespondToAuthChallengeInput{UserPoolId: &c.pool, ClientId: &c.id,
		ChallengeName: out.ChallengeName, Session: out.Session, ContextData: contextOf(elsewhere, safari),
		ChallengeResponses: map[string]string{"USERNAME": "ada", "SOFTWARE_TOKEN_MFA_CODE": code(1)}}); err != nil || out.AuthenticationResult == nil {
		t.Fatalf("with the code: %v", err)
	}
	c.wantEvents(t, "ada", "SignIn Pass AccountTakeover Medium Password=Success Mfa=Success",
		"SignIn Pass NoRisk  Password=Success", "SignIn Pass NoRisk  Password=Success")
	c.testNotification(t)

	// Who has no second factor is kept out.
	c.createUser("bob", password)
	if _, err := c.from(t, atHome, firefox, "bob", password); err != nil {
		t.Fatal(err)
	}
	_, err = c.from(t, elsewhere, safari, "bob", password)
	wantError(t, err, "NotAuthorizedException", unsafe)
}

var feedbackLink = regexp.MustCompile(`https://id\.example\.com(/_poolhouse/feedback/[\w-]+)\?token=([\w-]+)&amp;value=Invalid`)

// testNotification reads the email about the newest sign-in of ada, and says by its
// link that it was not hers.
func (c *guardedClient) testNotification(t *testing.T) {
	text := mailsTo(t, c.mail, "ada@example.com")[0]
	for _, want := range []string{"From: \"Security\" <security@example.com>", "Reply-To: <help@example.com>", "Subject: New sign-in attempt", elsewhere, "Safari"} {
		if !strings.Contains(text, want) {
			t.Errorf("the email lacks %s:\n%s", want, text)
		}
	}
	link := feedbackLink.FindStringSubmatch(text)
	if link == nil {
		t.Fatalf("no link in %s", text)
	}
	_, list := c.events(t, "ada")
	event := list[0].EventId
	_, err := c.UpdateAuthEventFeedback(t.Context(), &cognito.UpdateAuthEventFeedbackInput{UserPoolId: &c.pool, Username: aws.String("bob"),
		EventId: event, FeedbackToken: &link[2], FeedbackValue: types.FeedbackValueTypeValid})
	wantError(t, err, "NotAuthorizedException", "Invalid feedback token")

	if status, page := c.server.get(link[1] + "?token=" + link[2] + "&value=Invalid"); status != http.StatusOK || !strings.Contains(page, "Was this sign-in not yours?") {
		t.Errorf("the link leads to %d %s", status, page)
	}
	feedback := func() *types.EventFeedbackType { _, list := c.events(t, "ada"); return list[0].EventFeedback }
	if feedback() != nil {
		t.Error("the link alone says something")
	}
	form := url.Values{"token": {link[2]}, "value": {"Invalid"}}.Encode()
	if status, page := c.server.do(http.MethodPost, link[1], form, "Content-Type", "application/x-www-form-urlencoded"); status != http.StatusOK {
		t.Errorf("the page's button: %d %s", status, page)
	}
	if f := feedback(); f == nil || f.FeedbackValue != types.FeedbackValueTypeInvalid || *f.Provider != "User" {
		t.Errorf("feedback %+v", f)
	}
	if _, err := c.AdminUpdateAuthEventFeedback(t.Context(), &cognito.AdminUpdateAuthEventFeedbackInput{UserPoolId: &c.pool, Username: aws.String("ada"),
		EventId: event, FeedbackValue: types.FeedbackValueTypeValid}); err != nil {
		t.Error(err)
	}
	if f := feedback(); f == nil || f.FeedbackValue != types.FeedbackValueTypeValid || *f.Provider != "Admin" {
		t.Errorf("an administrator's feedback %+v", f)
	}
}

// testAudit wants a pool that is only watched to change nothing, and to tell all
// the same.
func (c *guardedClient) testAudit(t *testing.T) {
	c.mode(types.AdvancedSecurityModeTypeAudit)
	before := len(c.mail.Mails())
	c.createUser("amy", leakedPassword)
	for _, from := range []struct{ address, agent string }{{atHome, firefox}, {elsewhere, safari}, {"192.0.2.44", firefox}} {
		if out, err := c.from(t, from.address, from.agent, "amy", leakedPassword); err != nil || out.AuthenticationResult == nil {
			t.Errorf("from %s: %v", from.address, err)
		}
	}
	c.signUp("eve", leakedPassword)
	c.wantEvents(t, "amy", "SignIn Pass AccountTakeover leaked Password=Success",
		"SignIn Pass AccountTakeover leaked Password=Success", "SignIn Pass AccountTakeover leaked Password=Success")
	c.wantEvents(t, "eve", "SignUp Pass NoRisk leaked")
	for _, m := range c.mail.Mails()[before:] {
		if strings.Contains(m.Data, "sign-in attempt") {
			t.Errorf("an email about a sign-in to %s", m.To)
		}
	}
}
