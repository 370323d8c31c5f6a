package userpool

import (
	"strings"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/message"
	"github.com/poolhouse/poolhouse/internal/store"
)

// Texts of the deployment are in the user's language; those of the pool win.
func TestLanguageOfMessages(t *testing.T) {
	for _, tt := range []struct {
		name, locale string
		own          func(*Pool)
		subject      string
		body         string // with CODE for the code
	}{
		{"none", "", nil, "Your verification code", "Your verification code is CODE. "},
		{"German", "de-AT", nil, "Ihr Bestätigungscode", "Ihr Bestätigungscode lautet CODE."},
		{"unknown", "tlh", nil, "Your verification code", "Your verification code is CODE. "},
		{"the pool's text", "de", func(p *Pool) { p.VerificationMessageTemplate.EmailMessage = "{####}!" }, "Your verification code", "CODE!"},
		{"the pool's older setting", "de", func(p *Pool) { p.EmailVerificationMessage = "{####}?" }, "Your verification code", "CODE?"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDirectory(t, NoLimits())
			pool := testPool(t, autoVerified("email"))
			if tt.own != nil {
				tt.own(pool)
			}
			attributes := map[string]string{"email": "ann@example.com"}
			if tt.locale != "" {
				attributes["locale"] = tt.locale
			}
			d.signUp(pool, "ann", attributes)
			m := d.messages()[0]
			want := message.Template{Subject: tt.subject, Body: tt.body}
			if got := (message.Template{Subject: m.Subject, Body: strings.ReplaceAll(m.Body, m.Code, "CODE")}); got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

func TestMessageSettings(t *testing.T) {
	const arn = "arn:aws:ses:us-east-1:123456789012:identity/"
	for _, tt := range []struct {
		name  string
		email *EmailConfiguration
		sms   *SmsConfiguration
		want  message.Settings
	}{
		{"none", nil, nil, message.Settings{}},
		{"Cognito's account", &EmailConfiguration{EmailSendingAccount: "COGNITO_DEFAULT", From: "a@example.com", SourceArn: arn + "a@example.com",
			ReplyToEmailAddress: "r@example.com", ConfigurationSet: "set"}, nil, message.Settings{ReplyTo: "r@example.com"}},
		{"own account", &EmailConfiguration{EmailSendingAccount: "DEVELOPER", From: "A <a@example.com>", SourceArn: arn + "example.com", ConfigurationSet: "set"}, nil,
			message.Settings{From: "A <a@example.com>", FromARN: arn + "example.com", EmailConfigSet: "set"}},
		{"own account, sender of the identity", &EmailConfiguration{EmailSendingAccount: "DEVELOPER", SourceArn: arn + "a@example.com"}, nil,
			message.Settings{From: "a@example.com", FromARN: arn + "a@example.com"}},
		{"own account of a domain", &EmailConfiguration{EmailSendingAccount: "DEVELOPER", SourceArn: arn + "example.com"}, nil,
			message.Settings{FromARN: arn + "example.com"}},
		{"SMS", nil, &SmsConfiguration{SnsRegion: "eu-west-1"}, message.Settings{SNSRegion: "eu-west-1"}},
		{"End User Messaging", nil, &SmsConfiguration{EumsSms: &EumsSms{Region: "eu-west-2", OriginationIdentity: "o", ConfigurationSetName: "c", InEntityId: "e", InTemplateId: "t"}},
			message.Settings{EUMRegion: "eu-west-2", OriginIdentity: "o", SMSConfigSet: "c", IndiaEntityID: "e", IndiaTemplateID: "t"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := PoolConfig{EmailConfiguration: tt.email, SmsConfiguration: tt.sms}
			if got := c.MessageSettings(); got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

// Whoever may not know of users learns nothing from the limit of an address, nor
// from that of a day.
func TestRecipientLimitIsConcealed(t *testing.T) {
	for _, tc := range []struct {
		name    string
		limit   message.OutboxOptions
		reveals bool
	}{
		{"concealed", message.OutboxOptions{PerRecipient: 2}, false},
		{"revealed", message.OutboxOptions{PerRecipient: 2}, true},
		{"of the day, concealed", message.OutboxOptions{DailyEmails: 2}, false},
		{"of the day, revealed", message.OutboxOptions{DailyEmails: 2}, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			reveals := tc.reveals
			d := newDirectory(t, NoLimits())
			d.outbox = d.outbox.With(tc.limit)
			d.users = NewUsers(d.db, d.ring, d.outbox, NoLimits())
			pool, client := testPool(t, autoVerified("email")), &Client{ID: "c"}
			client.PreventUserExistenceErrors = "ENABLED"
			if reveals {
				client.PreventUserExistenceErrors = "LEGACY"
			}
			d.signUp(pool, "ann", map[string]string{"email": "ann@example.com"})
			d.set(pool, "ann", func(u *store.User) { u.Status, u.Attributes["email_verified"] = StatusConfirmed, "true" })
			var err error
			for range 2 {
				d.advance(time.Second)
				var delivery *Delivery
				if delivery, err = d.users.ForgotPassword(t.Context(), pool, client, "ann"); err == nil && delivery.Destination != "a***@e***" {
					t.Errorf("delivery %+v", delivery)
				}
			}
			if reveals != (fault.CodeOf(err) == fault.LimitExceeded) || !reveals && err != nil {
				t.Errorf("error %v", err)
			}
			if n := len(d.messages()); n != 2 {
				t.Errorf("%d messages", n)
			}
		})
	}
}
