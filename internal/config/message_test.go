package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestMessagesValidate(t *testing.T) {
	file := filepath.Join(t.TempDir(), "url")
	if err := os.WriteFile(file, []byte("smtps://ann:s3cret@mail.example.com\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		m    Messages
		want string // part of the error; "" for none
	}{
		{"nothing", Messages{}, ""},
		{"SMTP", Messages{EmailURL: "smtp://mail.example.com", EmailFrom: "Ann <a@example.com>"}, ""},
		{"from a file", Messages{EmailURLFile: file, EmailFrom: "a@example.com"}, ""},
		{"both", Messages{EmailURL: "smtp://mail.example.com", EmailURLFile: file, EmailFrom: "a@example.com"}, "--email-url and --email-url-file"},
		{"no such file", Messages{SMSURLFile: file + "x"}, "--sms-url-file"},
		{"no sender", Messages{EmailURL: "ses://eu-west-1"}, "--email-from is needed"},
		{"a webhook needs none", Messages{EmailURL: "https://hooks.example.com"}, ""},
		{"not a sender", Messages{EmailFrom: "nobody"}, "--email-from"},
		{"emails by what carries text messages", Messages{EmailURL: "sns://s3cret:s3cret@eu-west-1", EmailFrom: "a@example.com"}, "--email-url: it is not a URL"},
		{"text messages by what carries emails", Messages{SMSURL: "smtp://mail.example.com"}, "--sms-url: it is not a URL"},
		{"no URL", Messages{EmailURL: "s3cret:\x7f//"}, "--email-url"},
		{"Twilio", Messages{SMSURL: "twilio://a:b@api.twilio.com?from=+1"}, ""},
		{"workers", Messages{MessageWorkers: -1}, "--message-workers"},
		{"limit", Messages{MessageLimit: -1}, "--message-limit"},
		{"emails a day", Messages{DailyEmails: -1}, "--daily-emails"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.m.validate()
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
			if err != nil && strings.Contains(err.Error(), "s3cret") {
				t.Errorf("the error repeats a password: %v", err)
			}
		})
	}
}
