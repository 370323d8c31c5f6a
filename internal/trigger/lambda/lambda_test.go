package lambda_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/awscall"
	"github.com/poolhouse/poolhouse/internal/sigv4"
	"github.com/poolhouse/poolhouse/internal/trigger"
	"github.com/poolhouse/poolhouse/internal/trigger/lambda"
)

const arn = "arn:aws:lambda:eu-west-1:123456789012:function:pre-sign-up:live"

// api stands in for AWS Lambda. It checks signatures as AWS does.
type api struct {
	t      *testing.T
	status int
	header map[string]string
	answer string
	path   string // as it came
	region string
	event  string
}

func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		a.t.Error(err)
	}
	a.path, a.event = r.RequestURI, string(body)
	s, err := sigv4.Parse(r)
	if err == nil {
		err = s.CheckScope(a.region, "lambda")
	}
	if err == nil {
		err = s.Verify(r, body, "secret", time.Now())
	}
	if err != nil || s.Credential.AccessKeyID != "AKIDEXAMPLE" {
		w.Header().Set("X-Amzn-Errortype", "InvalidSignatureException")
		w.WriteHeader(http.StatusForbidden)
		return
	}
	if r.Header.Get("X-Amz-Invocation-Type") != "RequestResponse" {
		a.t.Errorf("headers %v", r.Header)
	}
	for name, value := range a.header {
		w.Header().Set(name, value)
	}
	w.WriteHeader(a.status)
	io.WriteString(w, a.answer)
}

func start(t *testing.T, a *api, o lambda.Options) *lambda.Runner {
	t.Helper()
	a.t, a.region = t, "eu-west-1"
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	o.Endpoint, o.AccessKeyID = server.URL, "AKIDEXAMPLE"
	if o.SecretAccessKey == "" {
		o.SecretAccessKey = "secret"
	}
	r, err := lambda.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestInvoke(t *testing.T) {
	a := &api{status: 200, answer: `{"response":{}}`}
	r := start(t, a, lambda.Options{})
	answer, err := r.Invoke(t.Context(), arn, []byte(`{"version":"1"}`))
	if err != nil || string(answer) != a.answer || a.event != `{"version":"1"}` {
		t.Errorf("%s %v, asked %s", answer, err, a.event)
	}
	if want := "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aeu-west-1%3A123456789012%3Afunction%3Apre-sign-up%3Alive/invocations"; a.path != want {
		t.Errorf("path %s", a.path)
	}
	r = start(t, a, lambda.Options{Function: "function", Region: "eu-west-1"})
	if _, err := r.Invoke(t.Context(), "pre-sign-up", []byte(`{}`)); err != nil || a.path != "/2015-03-31/functions/function/invocations" {
		t.Errorf("%v, path %s", err, a.path)
	}
}

func TestFunctionErrors(t *testing.T) {
	unhandled := map[string]string{"X-Amz-Function-Error": "Unhandled"}
	for _, c := range []struct {
		name, answer string
		header       map[string]string
		want         trigger.FunctionError
	}{
		{"an exception", `{"errorType":"Error","errorMessage":"Studio is invite-only","trace":[]}`, unhandled, trigger.FunctionError{Type: "Error", Message: "Studio is invite-only"}},
		{"a timeout of the function's own", `{"errorMessage":"2026-01-01T00:00:00Z 1 Task timed out after 3.00 seconds"}`, unhandled, trigger.FunctionError{Message: "2026-01-01T00:00:00Z 1 Task timed out after 3.00 seconds"}},
		{"of the emulator, in the body alone", `{"errorType":"Error","errorMessage":"no"}`, nil, trigger.FunctionError{Type: "Error", Message: "no"}},
		{"no JSON", `oops`, unhandled, trigger.FunctionError{Type: "Unhandled", Message: "oops"}},
		{"a long answer", strings.Repeat("x", 10<<20), nil, *trigger.ErrTooLarge},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := start(t, &api{status: 200, header: c.header, answer: c.answer}, lambda.Options{})
			_, err := r.Invoke(t.Context(), arn, []byte(`{}`))
			if said, ok := errors.AsType[*trigger.FunctionError](err); !ok || *said != c.want {
				t.Errorf("error %v, want %v", err, c.want)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		name, header, answer, secret string
		status                       int
		want                         string
		final                        bool
	}{
		{"a permission that is missing", "AccessDeniedException", "", "", 403, "AccessDeniedException", true},
		{"no such function", "ResourceNotFoundException:http://internal.amazon.com/coral/", "", "", 404, "ResourceNotFoundException", true},
		{"a function that is being made", "", `{"__type":"com.amazonaws.lambda#ResourceConflictException"}`, "", 409, "ResourceConflictException", true},
		{"throttled", "TooManyRequestsException", "", "", 429, "TooManyRequestsException", false},
		{"a failure of the service", "", "<html>", "", 502, "ServiceException", false},
		{"a redirect", "", "", "", 302, "ServiceException", true},
		{"a strange name", "<script>", "", "", 400, "ServiceException", true},
		{"another secret", "", "", "wrong", 200, "InvalidSignatureException", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := &api{status: c.status, answer: c.answer, header: map[string]string{"Location": "http://127.0.0.1:1/"}}
			if c.header != "" {
				a.header["X-Amzn-Errortype"] = c.header
			}
			o := lambda.Options{}
			o.SecretAccessKey = c.secret
			_, err := start(t, a, o).Invoke(t.Context(), arn, []byte(`{}`))
			if e, ok := errors.AsType[*trigger.InvocationError](err); !ok || e.Name != c.want || e.Final != c.final {
				t.Errorf("error %#v, want %s, final %v", err, c.want, c.final)
			}
		})
	}
}

// TestSlow wants the caller's time limit held, and told as what it is.
func TestSlow(t *testing.T) {
	release := make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer slow.Close()
	defer close(release)
	r, err := lambda.New(lambda.Options{Options: awscall.Options{Endpoint: slow.URL, AccessKeyID: "a", SecretAccessKey: "b"}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := r.Invoke(ctx, arn, []byte(`{}`)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
}

func TestNewRefuses(t *testing.T) {
	for _, c := range []struct {
		name string
		o    awscall.Options
		want string
	}{
		{"no URL", awscall.Options{Endpoint: "localhost:4566"}, "endpoint is not a URL"},
		{"a password in it", awscall.Options{Endpoint: "http://a:b@localhost"}, "endpoint is not a URL"},
		{"half a key", awscall.Options{AccessKeyID: "a"}, "go together"},
		{"a key and a profile", awscall.Options{AccessKeyID: "a", SecretAccessKey: "b", Profile: "c"}, "give one of them"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := lambda.New(lambda.Options{Options: c.o}); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %s", err, c.want)
			}
		})
	}
}
