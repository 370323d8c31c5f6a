package ses_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/poolhouse/poolhouse/internal/message"
	"github.com/poolhouse/poolhouse/internal/message/eum"
	"github.com/poolhouse/poolhouse/internal/message/ses"
	"github.com/poolhouse/poolhouse/internal/message/sns"
)

// service stands for one of AWS: it keeps the last request and answers as it is
// told.
type service struct {
	*httptest.Server
	path, target, body, authorization string
	status                            int
	contentType, answer, code         string
}

func start(t *testing.T) *service {
	t.Helper()
	s := &service{status: 200, contentType: "application/json", answer: "{}"}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		s.path, s.target, s.body, s.authorization = r.URL.Path, r.Header.Get("X-Amz-Target"), string(body), r.Header.Get("Authorization")
		w.Header().Set("Content-Type", s.contentType)
		if s.code != "" {
			w.Header().Set("X-Amzn-Errortype", s.code)
		}
		w.WriteHeader(s.status)
		io.WriteString(w, s.answer)
	}))
	t.Cleanup(s.Close)
	return s
}

var config = aws.Config{Region: "eu-west-1", Credentials: credentials.NewStaticCredentialsProvider("AKID", "secret", "")}

func TestEmail(t *testing.T) {
	s := start(t)
	c, err := ses.New(config, s.URL, "Example <no-reply@example.com>")
	if err != nil {
		t.Fatal(err)
	}
	p := &message.Parcel{ID: "id", Medium: message.Email, To: "ann@example.org", Subject: "Hi", HTML: "<b>1</b>", Text: "1"}
	if err := c.Send(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	var got struct {
		FromEmailAddress, FromEmailAddressIdentityArn, ConfigurationSetName string
		ReplyToAddresses                                                    []string
		Destination                                                         struct{ ToAddresses []string }
		Content                                                             struct {
			Simple struct {
				Subject struct{ Data string }
				Body    struct{ Text, Html struct{ Data string } }
			}
		}
		EmailTags []struct{ Name, Value string }
	}
	read := func() {
		if err := json.Unmarshal([]byte(s.body), &got); err != nil {
			t.Fatal(err)
		}
	}
	read()
	if s.path != "/v2/email/outbound-emails" || !strings.Contains(s.authorization, "AKID/") || !strings.Contains(s.authorization, "/eu-west-1/ses/") {
		t.Errorf("%s, %s", s.path, s.authorization)
	}
	simple := got.Content.Simple
	if got.FromEmailAddress != "Example <no-reply@example.com>" || got.Destination.ToAddresses[0] != "ann@example.org" || simple.Subject.Data != "Hi" ||
		simple.Body.Html.Data != "<b>1</b>" || simple.Body.Text.Data != "1" || got.EmailTags[0].Value != "id" || got.FromEmailAddressIdentityArn != "" {
		t.Errorf("%s", s.body)
	}
	p.Settings = message.Settings{From: "pool@example.net", ReplyTo: "help@example.net", FromARN: "arn:aws:ses:eu-west-1:123456789012:identity/example.net", EmailConfigSet: "set"}
	if err := c.Send(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	read()
	if got.FromEmailAddress != "pool@example.net" || got.ReplyToAddresses[0] != "help@example.net" || got.ConfigurationSetName != "set" ||
		!strings.HasSuffix(got.FromEmailAddressIdentityArn, "identity/example.net") {
		t.Errorf("%s", s.body)
	}
	for code, refused := range map[string]bool{"MessageRejected": true, "TooManyRequestsException": false, "AccountSuspendedException": false} {
		s.status, s.code, s.answer = 400, code, `{"message":"no"}`
		if err := c.Send(t.Context(), p); err == nil || message.Refused(err) != refused || !strings.Contains(err.Error(), code) {
			t.Errorf("%s: %v, refused %v", code, err, message.Refused(err))
		}
	}
}

func TestSNS(t *testing.T) {
	s := start(t)
	s.contentType, s.answer = "text/xml", `<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>`
	c := sns.New(config, s.URL, "Example")
	p := &message.Parcel{ID: "id", Medium: message.SMS, To: "+15550001111", Text: "Hi & bye"}
	if err := c.Send(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	form, err := url.ParseQuery(s.body)
	if err != nil {
		t.Fatal(err)
	}
	if form.Get("Action") != "Publish" || form.Get("PhoneNumber") != "+15550001111" || form.Get("Message") != "Hi & bye" ||
		!strings.Contains(s.body, "Transactional") || !strings.Contains(s.body, "=Example") || !strings.Contains(s.authorization, "/eu-west-1/sns/") {
		t.Errorf("%s\n%s", s.body, s.authorization)
	}
	s.status, s.answer = 400, `<ErrorResponse><Error><Type>Sender</Type><Code>InvalidParameter</Code><Message>no</Message></Error></ErrorResponse>`
	if err := c.Send(t.Context(), p); !message.Refused(err) {
		t.Errorf("error %v", err)
	}
}

func TestEndUserMessaging(t *testing.T) {
	s := start(t)
	s.contentType, s.answer = "application/x-amz-json-1.0", `{"MessageId":"1"}`
	c := eum.New(config, s.URL, "+15550003333")
	p := &message.Parcel{ID: "id", Medium: message.SMS, To: "+15550001111", Text: "Hi"}
	if err := c.Send(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	if s.target != "PinpointSMSVoiceV2.SendTextMessage" || !strings.Contains(s.body, `"OriginationIdentity":"+15550003333"`) ||
		!strings.Contains(s.body, `"DestinationPhoneNumber":"+15550001111"`) || !strings.Contains(s.body, `"MessageType":"TRANSACTIONAL"`) {
		t.Errorf("%s %s", s.target, s.body)
	}
	p.Settings = message.Settings{OriginIdentity: "POOL", SMSConfigSet: "set", IndiaEntityID: "e", IndiaTemplateID: "t"}
	if err := c.Send(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{`"OriginationIdentity":"POOL"`, `"ConfigurationSetName":"set"`, `"IN_ENTITY_ID":"e"`, `"IN_TEMPLATE_ID":"t"`} {
		if !strings.Contains(s.body, part) {
			t.Errorf("%s is not in %s", part, s.body)
		}
	}
	s.status, s.answer = 400, `{"__type":"ThrottlingException","message":"no"}`
	if err := c.Send(t.Context(), p); err == nil || message.Refused(err) {
		t.Errorf("error %v", err)
	}
}
