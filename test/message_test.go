package test

import (
	"fmt"
	"io"
	"mime/quotedprintable"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cognito "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/poolhouse/poolhouse/internal/message/smtp/smtptest"
)

// mailed is a server whose pool verifies email addresses by itself.
func (in *installation) mailed(s *server) *client {
	in.t.Helper()
	c := s.newPool(in)
	c.verifyBy(types.DefaultEmailOptionTypeConfirmWithCode)
	return c
}

func (c *client) verifyBy(option types.DefaultEmailOptionType) {
	c.t.Helper()
	if _, err := c.UpdateUserPool(c.t.Context(), &cognito.UpdateUserPoolInput{
		UserPoolId: &c.pool, AutoVerifiedAttributes: []types.VerifiedAttributeType{types.VerifiedAttributeTypeEmail},
		VerificationMessageTemplate: &types.VerificationMessageTemplateType{DefaultEmailOption: option},
	}); err != nil {
		c.t.Fatal(err)
	}
}

// enrol signs somebody up whose code goes by email.
func (c *client) enrol(name string) {
	c.t.Helper()
	out, err := c.SignUp(c.t.Context(), &cognito.SignUpInput{ClientId: &c.id, Username: &name, Password: aws.String(password),
		UserAttributes: []types.AttributeType{{Name: aws.String("email"), Value: aws.String(name + "@example.org")}}})
	if err != nil {
		c.t.Fatal(err)
	}
	if d := out.CodeDeliveryDetails; d == nil || *d.Destination != name[:1]+"***@e***" || d.DeliveryMedium != types.DeliveryMediumTypeEmail {
		c.t.Errorf("delivery of %s: %+v", name, d)
	}
}

func carried(s *smtptest.Server) []string {
	return []string{"--email-url", "smtp://" + s.Addr + "?tls=none", "--email-from", "Example <no-reply@example.com>"}
}

// mailsTo waits for the first message to somebody and returns all.
func mailsTo(t *testing.T, s *smtptest.Server, to string) []string {
	t.Helper()
	var found []string
	eventually(t, 30*time.Second, "a message to "+to, func() bool {
		found = nil
		for _, m := range s.Mails() {
			if m.To == to {
				text, err := io.ReadAll(quotedprintable.NewReader(strings.NewReader(m.Data)))
				if err != nil {
					t.Fatal(err)
				}
				found = append(found, string(text))
			}
		}
		return len(found) > 0
	})
	return found
}

var mailedCode = regexp.MustCompile(`Your verification code is ([0-9]{6})`)

// TestMessagesSurviveACrash kills a server whose mail server puts everything off.
// The next start delivers each message, once, with a code that works; one that is
// refused for good is on the list of the command for that.
func TestMessagesSurviveACrash(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, database string) {
		var open atomic.Bool
		mail := smtptest.Start(t, &smtptest.Server{Answer: func(command, to string) string {
			switch {
			case command == "RCPT" && strings.HasPrefix(to, "nobody"):
				return "550 5.1.1 No such user"
			case command == "RCPT" && !open.Load():
				return "450 4.7.1 Greylisted"
			}
			return ""
		}})
		in := install(t, database)
		doomed := in.startServe(carried(mail)...)
		c := in.mailed(doomed)
		const people = 12
		for i := range people {
			c.enrol(fmt.Sprintf("user%d", i))
		}
		c.enrol("nobody")
		eventually(t, 30*time.Second, "each message was put off once", func() bool {
			_, metrics := doomed.get("/_poolhouse/metrics")
			return strings.Contains(metrics, fmt.Sprintf(`{medium="EMAIL",outcome="deferred"} %d`+"\n", people)) &&
				strings.Contains(metrics, `{medium="EMAIL",outcome="dead"} 1`+"\n")
		})
		doomed.kill()
		if n := len(mail.Mails()); n != 0 {
			t.Fatalf("%d messages went through", n)
		}
		open.Store(true)
		c = c.at(in.startServe(carried(mail)...), in)
		for i := range people {
			name := fmt.Sprintf("user%d", i)
			mails := mailsTo(t, mail, name+"@example.org")
			code := mailedCode.FindStringSubmatch(mails[0])
			if code == nil {
				t.Fatalf("no code in %s", mails[0])
			}
			if _, err := c.ConfirmSignUp(t.Context(), &cognito.ConfirmSignUpInput{ClientId: &c.id, Username: &name, ConfirmationCode: &code[1]}); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		var list string
		eventually(t, 30*time.Second, "the refused message on the list", func() bool {
			list = command(t, append([]string{"messages", "list"}, in.flags()...)...)
			return strings.Contains(list, "nobody@example.org")
		})
		if strings.Count(list, "\n") != 2 || !strings.Contains(list, "No such user") || !strings.Contains(list, "CustomMessage_SignUp") {
			t.Errorf("the list is\n%s", list)
		}
		if out := command(t, append([]string{"messages", "retry", "--all"}, in.flags()...)...); out != "1 messages are tried again.\n" {
			t.Errorf("retry: %s", out)
		}
		eventually(t, 30*time.Second, "the message that was tried again is refused again", func() bool {
			return strings.Contains(command(t, append([]string{"messages", "list"}, in.flags()...)...), "nobody")
		})
		if out := command(t, append([]string{"messages", "drop", "--all"}, in.flags()...)...); out != "1 messages are removed.\n" {
			t.Errorf("drop: %s", out)
		}
		ids := make(map[string]bool)
		for _, m := range mail.Mails() {
			_, id, _ := strings.Cut(m.Data, "Message-ID: ")
			id, _, _ = strings.Cut(id, "\r\n")
			if ids[id] {
				t.Errorf("%s was sent twice", id)
			}
			ids[id] = true
		}
		if len(ids) != people {
			t.Errorf("%d messages for %d people", len(ids), people)
		}
		_, metrics := c.server.get("/_poolhouse/metrics")
		for _, line := range []string{fmt.Sprintf(`poolhouse_messages_total{medium="EMAIL",outcome="sent"} %d`, people), "poolhouse_outbox_messages 0", "poolhouse_outbox_dead_messages 0"} {
			if !strings.Contains(metrics, line+"\n") {
				t.Errorf("the metrics lack %s", line)
			}
		}
	})
}

var mailedLink = regexp.MustCompile(`<a href="https://id\.example\.com(/_domain/[^"]*)">Verify Email</a>`)

// TestConfirmationLink confirms a sign-up by the link in the message.
func TestConfirmationLink(t *testing.T) {
	for name, args := range map[string][]string{"as on AWS": nil, "with a button": {"--confirm-button"}} {
		t.Run(name, func(t *testing.T) {
			mail := smtptest.Start(t, &smtptest.Server{})
			in := install(t, "sqlite:"+t.TempDir()+"/poolhouse.db")
			c := in.mailed(in.startServe(append(carried(mail), args...)...))
			if _, err := c.CreateUserPoolDomain(t.Context(), &cognito.CreateUserPoolDomainInput{Domain: aws.String("links"), UserPoolId: &c.pool}); err != nil {
				t.Fatal(err)
			}
			c.verifyBy(types.DefaultEmailOptionTypeConfirmWithLink)
			c.enrol("ann")
			found := mailedLink.FindStringSubmatch(mailsTo(t, mail, "ann@example.org")[0])
			if found == nil {
				t.Fatalf("there is no link in %s", mail.Mails()[0].Data)
			}
			link := strings.ReplaceAll(found[1], "&amp;", "&")
			status := func() types.UserStatusType {
				out, err := c.AdminGetUser(t.Context(), &cognito.AdminGetUserInput{UserPoolId: &c.pool, Username: aws.String("ann")})
				if err != nil {
					t.Fatal(err)
				}
				return out.UserStatus
			}
			if code, _ := c.server.do("HEAD", link, ""); code != 200 || status() != types.UserStatusTypeUnconfirmed {
				t.Errorf("HEAD: status %d, the user is %s", code, status())
			}
			browser := newFormBrowser(t)
			open := func(link string) (int, string) {
				code, _, body := browser.send("GET", c.server.URL+link, nil)
				return code, body
			}
			if args != nil {
				code, body := open(link)
				token := formToken.FindStringSubmatch(body)
				if code != 200 || status() != types.UserStatusTypeUnconfirmed || token == nil {
					t.Fatalf("GET: status %d, the user is %s\n%s", code, status(), body)
				}
				open = func(link string) (int, string) { // and press the button
					path, query, _ := strings.Cut(link, "?")
					form := must[url.Values](t)(url.ParseQuery(query))
					form.Set("_csrf", token[1])
					code, _, body := browser.send("POST", c.server.URL+path, form)
					return code, body
				}
			}
			for what, wrong := range map[string]string{
				"another code": regexp.MustCompile(`code=[0-9]+`).ReplaceAllString(link, "code=x"), "no code": regexp.MustCompile(`confirmation_code=[0-9]+`).ReplaceAllString(link, ""),
				"another client": regexp.MustCompile(`client_id=[^&]+`).ReplaceAllString(link, "client_id=x"), "another domain": strings.Replace(link, "/links/", "/others/", 1),
			} {
				if code, body := open(wrong); code != 400 && code != 404 || status() != types.UserStatusTypeUnconfirmed {
					t.Errorf("%s: status %d\n%s", what, code, body)
				}
			}
			if code, body := open(link); code != 200 || status() != types.UserStatusTypeConfirmed || !strings.Contains(body, "Your registration has been confirmed!") {
				t.Errorf("status %d, the user is %s\n%s", code, status(), body)
			}
			if code, body := open(link); code != 200 || !strings.Contains(body, "Your registration has been confirmed!") {
				t.Errorf("again: status %d\n%s", code, body) // as after programs that look into mail
			}
			c.signIn("ann", password)
		})
	}
}

// TestMailPasswordInTheClear: a password for a mail server goes over TLS or not at all, and
// is not repeated by what refuses it.
func TestMailPasswordInTheClear(t *testing.T) {
	_, err := tryCommand(t, "serve", "--data", t.TempDir(), "--public-url", publicURL, "--email-url", "smtp://ann:secret-7@mail.example.com?tls=none", "--email-from", "a@example.com",
		"--master-key-file", install(t, "sqlite:"+t.TempDir()+"/poolhouse.db").keyFile)
	if err == nil || !strings.Contains(err.Error(), "a password would be sent in the clear") || strings.Contains(err.Error(), "secret-7") {
		t.Errorf("error %v", err)
	}
}

// TestLanguageOfRequest wants the deployment's texts in the language of whoever
// calls, but not in that of a server that signs its calls.
func TestLanguageOfRequest(t *testing.T) {
	s := startDev(t)
	c := s.demo()
	german := []string{"Content-Type", "application/x-amz-json-1.1", "Accept-Language", "tlh, de-AT;q=0.8, en;q=0.5"}
	call := func(operation, input string, header ...string) {
		t.Helper()
		if status, body := s.do("POST", "/", input, append(append([]string{"X-Amz-Target", "AWSCognitoIdentityProviderService." + operation}, german...), header...)...); status != 200 {
			t.Fatalf("%s: %d %s", operation, status, body)
		}
	}
	signUp := `{"ClientId":"` + c.id + `","Username":"%s","Password":"` + password + `","UserAttributes":[{"Name":"email","Value":"a@example.com"}%s]}`
	call("SignUp", fmt.Sprintf(signUp, "ada", ""))
	call("SignUp", fmt.Sprintf(signUp, "zoe", `,{"Name":"locale","Value":"fr"}`))
	const signature = "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/cognito-idp/aws4_request, SignedHeaders=host, Signature=b"
	call("SignUp", fmt.Sprintf(signUp, "bob", ""))
	call("AdminUpdateUserAttributes", `{"UserPoolId":"`+c.pool+`","Username":"bob","UserAttributes":[{"Name":"email","Value":"b@example.com"}]}`,
		"Authorization", signature)
	for _, want := range []struct {
		username, source, text string
	}{
		{"ada", "CustomMessage_SignUp", "Ihr Bestätigungscode"}, {"zoe", "CustomMessage_SignUp", "Votre code"},
		{"bob", "CustomMessage_UpdateUserAttribute", "Your verification code"},
	} {
		m := s.inbox(want.username)[0]
		if m.Source != want.source || !strings.Contains(m.Body, want.text) {
			t.Errorf("%+v, want %s", m, want.text)
		}
	}
}
