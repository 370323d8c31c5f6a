package config

import (
	"errors"
	"fmt"
	"net/mail"
	"net/url"
	"os"
	"slices"
	"strings"
)

// Messages say how emails and text messages leave.
type Messages struct {
	EmailURL          string `name:"email-url" placeholder:"URL" help:"What carries emails: smtp://USER:PASSWORD@HOST:587, smtps://..., ses://REGION, or the https URL of a webhook."`
	EmailURLFile      string `name:"email-url-file" placeholder:"FILE" type:"existingfile" help:"File that holds --email-url."`
	EmailFrom         string `name:"email-from" placeholder:"ADDRESS" help:"Sender of emails of pools that set none: an address, or Name <address>."`
	SMSURL            string `name:"sms-url" placeholder:"URL" help:"What carries text messages: sns://REGION, eum://REGION, twilio://ACCOUNT:TOKEN@api.twilio.com?from=NUMBER, or the https URL of a webhook."`
	SMSURLFile        string `name:"sms-url-file" placeholder:"FILE" type:"existingfile" help:"File that holds --sms-url."`
	WebhookSecretFile string `name:"webhook-secret-file" placeholder:"FILE" type:"existingfile" help:"File that holds the secret with which messages to webhooks are signed, of 16 characters or more."`
	MessageWorkers    int    `name:"message-workers" default:"8" help:"How many messages a node sends at once (default ${default})."`
	MessageLimit      int    `name:"message-limit" default:"30" help:"How many messages an address or number gets from a pool in an hour; 0 for any number (default ${default}; none in dev)."`
	DailyEmails       int    `name:"daily-emails" help:"How many emails pools without a sending account of their own (COGNITO_DEFAULT) send a day, all together: 50 on AWS; 0 for any number, as without it."`
	ConfirmButton     bool   `name:"confirm-button" help:"Let links in emails lead to a page with a button that confirms the sign-up. Otherwise, as on AWS, opening the link confirms it, which mail scanners do, too."`
}

// The schemes of EmailURL and SMSURL.
var (
	emailSchemes = []string{"smtp", "smtps", "ses", "https", "http"}
	smsSchemes   = []string{"sns", "eum", "twilio", "twilio+http", "https", "http"}
)

func (m *Messages) validate() error {
	if m.EmailFrom != "" {
		if _, err := mail.ParseAddress(m.EmailFrom); err != nil {
			return fmt.Errorf("--email-from: %q is not an address such as no-reply@example.com", m.EmailFrom)
		}
	}
	if m.MessageWorkers < 0 || m.MessageWorkers > 1000 {
		return errors.New("--message-workers: must be 1 to 1000")
	}
	if m.MessageLimit < 0 {
		return errors.New("--message-limit: must not be negative")
	}
	if m.DailyEmails < 0 {
		return errors.New("--daily-emails: must not be negative")
	}
	_, _, err := m.URLs()
	return err
}

// URLs are what carries emails and text messages, each nil where nothing does. An
// error does not repeat them, since they may hold passwords.
func (m *Messages) URLs() (email, sms *url.URL, err error) {
	if email, err = carrierURL("--email-url", m.EmailURL, m.EmailURLFile, emailSchemes); err != nil {
		return nil, nil, err
	}
	if email != nil && m.EmailFrom == "" && email.Scheme != "https" && email.Scheme != "http" {
		return nil, nil, errors.New("--email-from is needed with --email-url")
	}
	if sms, err = carrierURL("--sms-url", m.SMSURL, m.SMSURLFile, smsSchemes); err != nil {
		return nil, nil, err
	}
	return email, sms, nil
}

func carrierURL(flag, text, file string, schemes []string) (*url.URL, error) {
	if text != "" && file != "" {
		return nil, fmt.Errorf("%s and %s-file: give one of them", flag, flag)
	}
	if file != "" {
		b, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("%s-file: %w", flag, err)
		}
		text = strings.TrimSpace(string(b))
	}
	if text == "" {
		return nil, nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || !slices.Contains(schemes, u.Scheme) {
		return nil, fmt.Errorf("%s: it is not a URL that begins with one of %s", flag, strings.Join(schemes, ", "))
	}
	return u, nil
}

// WebhookSecret is the secret of webhooks, "" for none.
func (m *Messages) WebhookSecret() (string, error) {
	if m.WebhookSecretFile == "" {
		return "", nil
	}
	b, err := os.ReadFile(m.WebhookSecretFile)
	if err != nil {
		return "", fmt.Errorf("--webhook-secret-file: %w", err)
	}
	return strings.TrimSpace(string(b)), nil
}
