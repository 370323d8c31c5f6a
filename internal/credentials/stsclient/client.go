package stsclient

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/poolhouse/poolhouse/internal/credentials"
	"github.com/poolhouse/poolhouse/internal/fault"
)

const (
	timeout   = 10 * time.Second
	maxAnswer = 64 << 10 // bytes
	maxField  = 16 << 10 // bytes of one credential
)

// A Client asks one service. It is safe for concurrent use.
type Client struct {
	endpoint string
	http     *http.Client
}

// New makes a client of the service at an http or https URL.
func New(endpoint string) (*Client, error) {
	if err := CheckEndpoint(endpoint); err != nil {
		return nil, err
	}
	return &Client{endpoint, &http.Client{
		Timeout: timeout,
		// The form holds a token: it goes to the service that was configured only.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// CheckEndpoint wants an absolute http or https URL without a query.
func CheckEndpoint(endpoint string) error {
	u, err := url.Parse(endpoint)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return fmt.Errorf("%q is not a URL such as https://sts.us-east-1.amazonaws.com", endpoint)
	}
	return nil
}

type answer struct {
	XMLName     xml.Name `xml:"AssumeRoleWithWebIdentityResponse"`
	Credentials struct {
		AccessKeyID     string    `xml:"AccessKeyId"`
		SecretAccessKey string    `xml:"SecretAccessKey"`
		SessionToken    string    `xml:"SessionToken"`
		Expiration      time.Time `xml:"Expiration"`
	} `xml:"AssumeRoleWithWebIdentityResult>Credentials"`
}

// refusal is the service's, of which some say only Code.
type refusal struct {
	Code    string `xml:"Error>Code"`
	Message string `xml:"Error>Message"`
}

// Issue asks for credentials of an identity. A service that refuses gives
// credentials.ErrConfiguration: it does not know the role, or does not trust the
// token for it. One that cannot be reached or is not understood gives
// ExternalServiceException, with the cause for the log.
func (c *Client) Issue(ctx context.Context, r credentials.Request) (credentials.Set, error) {
	form := url.Values{
		"Action": {"AssumeRoleWithWebIdentity"}, "Version": {"2011-06-15"},
		"RoleArn": {r.RoleARN}, "RoleSessionName": {r.SessionName}, "WebIdentityToken": {r.Token},
	}
	if r.Duration > 0 {
		form.Set("DurationSeconds", strconv.Itoa(int(min(max(r.Duration, credentials.MinLife), credentials.MaxLife)/time.Second)))
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return credentials.Set{}, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Accept", "application/xml")
	response, err := c.http.Do(request)
	if err != nil {
		return credentials.Set{}, unavailable(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	if err != nil {
		return credentials.Set{}, unavailable(err)
	}
	if len(body) > maxAnswer {
		return credentials.Set{}, unavailable(errors.New("the answer is too long"))
	}
	if response.StatusCode != http.StatusOK {
		return credentials.Set{}, refused(response.StatusCode, body)
	}
	set, err := parseAnswer(body)
	if err != nil {
		return credentials.Set{}, unavailable(err)
	}
	return set, nil
}

func parseAnswer(body []byte) (credentials.Set, error) {
	var a answer
	if err := xml.Unmarshal(body, &a); err != nil {
		return credentials.Set{}, errors.New("the answer is none of AssumeRoleWithWebIdentity")
	}
	got := a.Credentials
	for _, field := range []string{got.AccessKeyID, got.SecretAccessKey, got.SessionToken} {
		if field == "" || len(field) > maxField {
			return credentials.Set{}, errors.New("the answer has no credentials")
		}
	}
	if got.Expiration.IsZero() {
		return credentials.Set{}, errors.New("the answer has no expiration")
	}
	return credentials.Set{
		AccessKeyID: got.AccessKeyID, SecretKey: got.SecretAccessKey, SessionToken: got.SessionToken, Expiration: got.Expiration.UTC(),
	}, nil
}

// refused is what the caller is told of an answer that is no success, with what
// the service said for the log.
func refused(status int, body []byte) error {
	var r refusal
	_ = xml.Unmarshal(body, &r) // a service that says nothing readable refuses all the same
	cause := fmt.Errorf("the STS answered %d %.64q: %.256q", status, r.Code, r.Message)
	if status >= http.StatusInternalServerError || status == http.StatusTooManyRequests || r.Code == "Throttling" || r.Code == "IDPCommunicationError" {
		return unavailable(cause)
	}
	return &Error{fault: fault.New(fault.InvalidIdentityPoolConfig,
		"Invalid identity pool configuration. Check assigned IAM roles for this pool."), cause: cause}
}

func unavailable(cause error) error {
	return &Error{fault: fault.New(fault.ExternalService, "The security token service is not available."), cause: cause}
}

// An Error is a fault for the caller with its cause for the log.
type Error struct {
	fault *fault.Error
	cause error
}

// Error is the cause; the URL of the service is in it, the form is not.
func (e *Error) Error() string { return e.fault.Error() + " (" + e.cause.Error() + ")" }

// Unwrap gives the fault.
func (e *Error) Unwrap() error { return e.fault }
