package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

const (
	maxAnswer    = 1 << 20 // bytes
	maxErrorType = 64      // bytes
	maxErrorText = 200     // bytes
)

// api is one endpoint of AWS JSON 1.1.
type api struct {
	endpoint    string
	region      string
	credentials aws.Credentials
	signer      *v4.Signer
	http        *http.Client
}

func newAPI(o *options) *api {
	var protocols http.Protocols
	protocols.SetHTTP1(true) // a connection for each worker, as many clients would have
	endpoint := o.Endpoint
	if !strings.HasSuffix(endpoint, "/") {
		endpoint += "/"
	}
	return &api{
		endpoint: endpoint,
		region:   o.Region,
		credentials: aws.Credentials{
			AccessKeyID:     o.AccessKeyID,
			SecretAccessKey: o.SecretAccessKey,
			SessionToken:    o.SessionToken,
		},
		signer: v4.NewSigner(),
		http: &http.Client{
			Timeout: o.Timeout,
			Transport: &http.Transport{
				Proxy:               http.ProxyFromEnvironment,
				MaxIdleConnsPerHost: o.Concurrency,
				DisableCompression:  true,
				Protocols:           &protocols,
			},
		},
	}
}

// spent is what operations cost in requests, and how long their answers took.
type spent struct {
	requests int
	waited   time.Duration
}

// public makes a request that needs no signature; out may be nil. The error is an
// *apiError where the server refused.
func (a *api) public(ctx context.Context, s *spent, operation string, in, out any) error {
	return a.call(ctx, s, operation, false, in, out)
}

// admin is public for requests that need a signature.
func (a *api) admin(ctx context.Context, s *spent, operation string, in, out any) error {
	return a.call(ctx, s, operation, true, in, out)
}

func (a *api) call(ctx context.Context, s *spent, operation string, signed bool, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("%s: %w", operation, err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, a.endpoint, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("%s: %w", operation, err)
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", "AWSCognitoIdentityProviderService."+operation)
	if signed {
		sum := sha256.Sum256(body)
		err := a.signer.SignHTTP(ctx, a.credentials, r, hex.EncodeToString(sum[:]), "cognito-idp", a.region, time.Now())
		if err != nil {
			return fmt.Errorf("sign %s: %w", operation, err)
		}
	}
	begin := time.Now()
	status, answer, err := a.exchange(r)
	s.requests++
	s.waited += time.Since(begin)
	if err != nil {
		return fmt.Errorf("%s: %w", operation, err)
	}
	if status != http.StatusOK {
		return refusal(operation, status, answer)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return fmt.Errorf("%s: answer: %w", operation, err)
	}
	return nil
}

func (a *api) exchange(r *http.Request) (status int, answer []byte, err error) {
	w, err := a.http.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer w.Body.Close()
	answer, err = io.ReadAll(io.LimitReader(w.Body, maxAnswer+1))
	if err == nil && len(answer) > maxAnswer {
		err = errors.New("answer is too long")
	}
	return w.StatusCode, answer, err
}

// apiError is a refusal of the server.
type apiError struct {
	Operation string
	Type      string // "NotAuthorizedException", or "HTTP 502" from what is not the API
	Message   string
}

func (e *apiError) Error() string { return e.Operation + ": " + e.Type + ": " + e.Message }

func refusal(operation string, status int, answer []byte) error {
	var body struct {
		Type    string `json:"__type"`
		Message string `json:"message"` // or "Message": json does not mind
	}
	if json.Unmarshal(answer, &body) != nil || body.Type == "" {
		return &apiError{operation, fmt.Sprintf("HTTP %d", status), clip(string(answer), maxErrorText)}
	}
	name := body.Type[strings.LastIndexByte(body.Type, '#')+1:] // it may have a namespace
	return &apiError{operation, clip(name, maxErrorType), clip(body.Message, maxErrorText)}
}

// refused reports whether the server refused with this type of error.
func refused(err error, name string) bool {
	e, ok := errors.AsType[*apiError](err)
	return ok && e.Type == name
}

// errorType is what errors are counted under.
func errorType(err error) string {
	if e, ok := errors.AsType[*apiError](err); ok {
		return e.Type
	}
	if e, ok := errors.AsType[net.Error](err); ok && e.Timeout() {
		return "timeout"
	}
	if _, ok := errors.AsType[*net.OpError](err); ok || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return "connection"
	}
	return "wrong answer"
}

// clip makes text from outside fit for a report: printable ASCII of at most n bytes.
func clip(text string, n int) string {
	text = text[:min(len(text), n)]
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, text)
}
