// Package twilio carries text messages to Twilio, or to whatever speaks its
// Messages API (2010-04-01).
package twilio

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/poolhouse/poolhouse/internal/message"
	"github.com/poolhouse/poolhouse/internal/message/httpsend"
)

// Carrier hands text messages to one account.
type Carrier struct {
	client            *httpsend.Client
	url               string
	account, password string
	sender            url.Values
}

// New returns a carrier for the account of a URL, with the sender in its query:
// twilio://ACCOUNT:TOKEN@api.twilio.com?from=+15550001111, or ?service=MG... for a
// messaging service. An API key goes as
// twilio://KEY:SECRET@api.twilio.com?account=ACCOUNT&from=... The scheme twilio+http
// does without TLS.
func New(u *url.URL) (*Carrier, error) {
	query := u.Query()
	password, _ := u.User.Password()
	account := query.Get("account")
	if account == "" {
		account = u.User.Username()
	}
	if u.Host == "" || account == "" || password == "" {
		return nil, errors.New("an account, its token and a host are needed, such as twilio://ACCOUNT:TOKEN@api.twilio.com?from=+15550001111")
	}
	sender := make(url.Values)
	switch from, service := strings.Replace(query.Get("from"), " ", "+", 1), query.Get("service"); {
	case from != "" && service == "":
		sender.Set("From", from) // a plus sign in a query reads as a space
	case service != "" && from == "":
		sender.Set("MessagingServiceSid", service)
	default:
		return nil, errors.New("from or service is needed, and not both")
	}
	scheme := "https"
	if u.Scheme == "twilio+http" {
		scheme = "http"
	}
	target := url.URL{Scheme: scheme, Host: u.Host, Path: fmt.Sprintf("/2010-04-01/Accounts/%s/Messages.json", account)}
	return &Carrier{client: httpsend.New(), url: target.String(), account: u.User.Username(), password: password, sender: sender}, nil
}

// Send posts one message.
func (c *Carrier) Send(ctx context.Context, p *message.Parcel) error {
	form := url.Values{"To": {p.To}, "Body": {p.Text}}
	for name, values := range c.sender {
		form[name] = values
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	r.SetBasicAuth(c.account, c.password)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("User-Agent", "Poolhouse")
	r.Header.Set("I-Twilio-Idempotency-Token", p.ID)
	return c.client.Do(r)
}

// Close gives connections back.
func (c *Carrier) Close() error {
	c.client.Close()
	return nil
}
