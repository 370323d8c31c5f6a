// Package webhook calls functions that are HTTP endpoints.
//
// A call is a POST of the event, in JSON, with
//
//	Poolhouse-Function   the function's ARN, as the pool names it
//	Poolhouse-Timestamp  seconds since 1970, when this try was signed
//	Poolhouse-Signature  v1= and the hexadecimal HMAC-SHA256, under the shared secret, of the timestamp, a dot and the body
//	Idempotency-Key      a UUID, the same for all tries of one call
//
// Status 200 answers with the event, the response filled in. An error as Lambda's
// runtimes write it ({"errorType": "...", "errorMessage": "..."}), with any other
// status, says that the function failed, and its message reaches the user. Anything else
// means that it could not be called: 408, 425, 429, 5xx and a connection that
// fails are tried again by package trigger, and the rest is final. Redirects
// are not followed.
package webhook

import (
	"bytes"
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/poolhouse/poolhouse/internal/trigger"
)

// Options say what to call.
type Options struct {
	URL    string
	Secret []byte            // signs each call; at least 16 bytes
	Now    func() time.Time  // of the timestamp; nil: time.Now
	Client http.RoundTripper // nil: a connection pool of its own
}

// minSecret keeps secrets out of reach of guessing, in bytes.
const minSecret = 16

// Runner calls one endpoint.
type Runner struct {
	o      Options
	client *http.Client
}

// New returns a Runner. It fails if the options cannot be.
func New(o Options) (*Runner, error) {
	u, err := url.Parse(o.URL)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || u.Fragment != "" {
		return nil, errors.New("url is not a URL such as https://functions.example.com/pre-sign-up")
	}
	if len(o.Secret) < minSecret {
		return nil, fmt.Errorf("the secret is shorter than %d bytes", minSecret)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Client == nil {
		t := http.DefaultTransport.(*http.Transport).Clone()
		t.MaxIdleConnsPerHost = 64 // each sign-in may call
		o.Client = t
	}
	return &Runner{o, &http.Client{
		Transport:     o.Client,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// Invoke calls the endpoint, as trigger.Runner says.
func (r *Runner) Invoke(ctx context.Context, function string, event []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.o.URL, bytes.NewReader(event))
	if err != nil {
		return nil, &trigger.InvocationError{Name: "ServiceException", Err: err, Final: true}
	}
	timestamp := strconv.FormatInt(r.o.Now().Unix(), 10)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "Poolhouse")
	req.Header.Set("Poolhouse-Function", function)
	req.Header.Set("Poolhouse-Timestamp", timestamp)
	req.Header.Set("Poolhouse-Signature", Sign(r.o.Secret, timestamp, event))
	req.Header.Set("Idempotency-Key", cmp.Or(trigger.InvocationID(ctx), uuid.NewString()))
	resp, err := r.client.Do(req)
	if err != nil {
		return nil, &trigger.InvocationError{Name: "ServiceException", Err: err}
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, trigger.MaxResponse+1))
	if err != nil {
		return nil, &trigger.InvocationError{Name: "ServiceException", Err: err}
	}
	if len(body) > trigger.MaxResponse {
		return nil, trigger.ErrTooLarge
	}
	if resp.StatusCode == http.StatusOK {
		return body, nil
	}
	if said, ok := trigger.ParseFunctionError(body); ok {
		return nil, said
	}
	return nil, refused(resp.StatusCode)
}

// refused is what a status without an error of the function means.
func refused(status int) error {
	e := &trigger.InvocationError{Name: "ServiceException", Err: fmt.Errorf("the webhook answers with status %d", status), Final: true}
	switch status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		e.Final = false
	case http.StatusUnauthorized, http.StatusForbidden:
		e.Name = "AccessDeniedException"
	case http.StatusNotFound:
		e.Name = "ResourceNotFoundException"
	default:
		e.Final = status < 500
	}
	return e
}

// Sign is the signature of a call: what an endpoint compares, in constant time,
// after it has looked that the timestamp is of the last minutes.
func Sign(secret []byte, timestamp string, body []byte) string {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(timestamp + "."))
	mac.Write(body)
	return "v1=" + hex.EncodeToString(mac.Sum(nil))
}
