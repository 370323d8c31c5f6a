// Package webhook carries messages to an HTTP endpoint of the operator's. Each is
// a POST with a JSON document (Document) and these headers:
//
//	Poolhouse-Timestamp  seconds since 1970
//	Poolhouse-Signature  v1= and the hexadecimal HMAC-SHA256, under the shared secret, of the timestamp, a dot and the body
//	Idempotency-Key      the id of the message, the same at each attempt
//
// Any status 2xx says that the message was taken.
package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/poolhouse/poolhouse/internal/message"
	"github.com/poolhouse/poolhouse/internal/message/httpsend"
)

// shortestSecret is how many bytes the shared secret has at least.
const shortestSecret = 16

// Carrier hands messages to one endpoint.
type Carrier struct {
	client *httpsend.Client
	url    string
	secret []byte
}

// Document is what is posted.
type Document struct {
	ID         string    `json:"id"`
	Attempt    int       `json:"attempt"`
	CreatedAt  time.Time `json:"createdAt"`
	UserPoolID string    `json:"userPoolId"`
	Username   string    `json:"username"`
	Source     string    `json:"source"`
	Medium     string    `json:"medium"` // EMAIL or SMS
	To         string    `json:"to"`
	From       string    `json:"from,omitzero"` // what the pool sets
	ReplyTo    string    `json:"replyTo,omitzero"`
	Subject    string    `json:"subject,omitzero"`
	HTML       string    `json:"html,omitzero"`
	Text       string    `json:"text"`
}

// New returns a carrier for an endpoint, whose messages are signed with a secret.
func New(u *url.URL, secret string) (*Carrier, error) {
	if u.Host == "" {
		return nil, errors.New("the URL of the webhook has no host")
	}
	if len(secret) < shortestSecret {
		return nil, fmt.Errorf("a webhook needs a secret of at least %d characters", shortestSecret)
	}
	return &Carrier{client: httpsend.New(), url: u.String(), secret: []byte(secret)}, nil
}

// Send posts one message.
func (c *Carrier) Send(ctx context.Context, p *message.Parcel) error {
	body, err := json.Marshal(Document{
		ID: p.ID, Attempt: p.Attempt, CreatedAt: p.CreatedAt, UserPoolID: p.UserPoolID, Username: p.Username, Source: p.Source,
		Medium: p.Medium, To: p.To, From: p.From, ReplyTo: p.ReplyTo, Subject: p.Subject, HTML: p.HTML, Text: p.Text,
	})
	if err != nil {
		return message.Refuse(err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	timestamp := strconv.FormatInt(time.Now().Unix(), 10)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "Poolhouse")
	r.Header.Set("Poolhouse-Timestamp", timestamp)
	r.Header.Set("Poolhouse-Signature", Sign(c.secret, timestamp, body))
	r.Header.Set("Idempotency-Key", p.ID)
	return c.client.Do(r)
}

// Sign is the signature of a body at a time.
func Sign(secret []byte, timestamp string, body []byte) string {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(timestamp + "."))
	mac.Write(body)
	return "v1=" + hex.EncodeToString(mac.Sum(nil))
}

// Close gives connections back.
func (c *Carrier) Close() error {
	c.client.Close()
	return nil
}
