package webhook_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/trigger"
	"github.com/poolhouse/poolhouse/internal/trigger/webhook"
)

const arn = "arn:aws:lambda:us-east-1:123456789012:function:pre-sign-up"

var secret = []byte("0123456789abcdef")

func start(t *testing.T, h http.HandlerFunc) *webhook.Runner {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	r, err := webhook.New(webhook.Options{URL: server.URL + "/hook?tenant=1", Secret: secret})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestSign holds the signature to a vector that openssl computed:
// printf '1700000000.{"version":"1"}' | openssl dgst -sha256 -hmac 0123456789abcdef.
func TestSign(t *testing.T) {
	const want = "v1=dde03d0e2b6635de5aa05765922e59d5969855a8de31c780bfbda89557eaeacc"
	if got := webhook.Sign(secret, "1700000000", []byte(`{"version":"1"}`)); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestInvoke(t *testing.T) {
	r := start(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		stamp := r.Header.Get("Poolhouse-Timestamp")
		if r.Method != http.MethodPost || r.RequestURI != "/hook?tenant=1" || r.Header.Get("Poolhouse-Function") != arn || len(r.Header.Get("Idempotency-Key")) != 36 || r.Header.Get("Poolhouse-Signature") != webhook.Sign(secret, stamp, body) {
			t.Errorf("%s %s %v", r.Method, r.RequestURI, r.Header)
		}
		w.Write(body)
	})
	if answer, err := r.Invoke(t.Context(), arn, []byte(`{"version":"1"}`)); err != nil || string(answer) != `{"version":"1"}` {
		t.Errorf("%s %v", answer, err)
	}
}

func TestFailures(t *testing.T) {
	for _, c := range []struct {
		name   string
		status int
		answer string
		kind   string // of the function's error, with
		text   string
		aws    string // or the name of the refusal
		final  bool
	}{
		{"the function's own", 400, `{"errorType":"Error","errorMessage":"Studio is invite-only"}`, "Error", "Studio is invite-only", "", false},
		{"the function's own, by an exception", 500, `{"errorMessage":"broken"}`, "", "broken", "", false},
		{"10 MB", 200, strings.Repeat("x", 10<<20), "Function.ResponseSizeTooLarge", "Response payload size exceeded maximum allowed payload size (1048576 bytes)", "", false},
		{"not authorized", 401, "who are you", "", "", "AccessDeniedException", true},
		{"not found", 404, "<html>", "", "", "ResourceNotFoundException", true},
		{"busy", 503, "", "", "", "ServiceException", false},
		{"too many", 429, "", "", "", "ServiceException", false},
		{"a success without an answer", 204, "", "", "", "ServiceException", true},
		{"a redirect", 307, "", "", "", "ServiceException", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := start(t, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/hook" {
					t.Error("the redirect was followed")
				}
				w.Header().Set("Location", "/elsewhere")
				w.WriteHeader(c.status)
				io.WriteString(w, c.answer)
			})
			_, err := r.Invoke(t.Context(), arn, []byte(`{}`))
			if c.aws != "" {
				if e, ok := errors.AsType[*trigger.InvocationError](err); !ok || e.Name != c.aws || e.Final != c.final {
					t.Errorf("error %#v", err)
				}
				return
			}
			if said, ok := errors.AsType[*trigger.FunctionError](err); !ok || said.Type != c.kind || said.Message != c.text {
				t.Errorf("error %v", err)
			}
		})
	}
}

// TestLies has endpoints break off, promise more than comes, and speak no HTTP.
func TestLies(t *testing.T) {
	for name, reply := range map[string]string{
		"more promised than sent": "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}",
		"no HTTP":                 "220 mail.example.com ESMTP\r\n",
		"nothing":                 "",
	} {
		t.Run(name, func(t *testing.T) {
			r := start(t, func(w http.ResponseWriter, _ *http.Request) {
				conn, _, err := w.(http.Hijacker).Hijack()
				if err != nil {
					t.Error(err)
					return
				}
				io.WriteString(conn, reply)
				conn.Close()
			})
			_, err := r.Invoke(t.Context(), arn, []byte(`{}`))
			if e, ok := errors.AsType[*trigger.InvocationError](err); !ok || e.Name != "ServiceException" || e.Final {
				t.Errorf("error %v", err)
			}
		})
	}
}

// TestTries calls through the Invoker: an endpoint that fails twice answers at the
// third try, and sees that all are one call; one that is silent is given up.
func TestTries(t *testing.T) {
	var ids []string
	ask := func(r *webhook.Runner) error {
		i := trigger.New(trigger.Options{Runner: r, Timeout: 30 * time.Millisecond})
		return i.PostConfirmation(context.Background(), trigger.Call{Function: arn, Source: trigger.PostConfirmationSignUp}, trigger.PostConfirmation{})
	}
	r := start(t, func(w http.ResponseWriter, r *http.Request) {
		ids = append(ids, r.Header.Get("Idempotency-Key"))
		if len(ids) < 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		io.Copy(w, r.Body)
	})
	if err := ask(r); err != nil || len(ids) != 3 || len(slices.Compact(ids)) != 1 {
		t.Errorf("%v, keys %v", err, ids)
	}

	release := make(chan struct{})
	tries := make(chan struct{}, 10)
	r = start(t, func(http.ResponseWriter, *http.Request) {
		tries <- struct{}{}
		<-release
	})
	defer close(release)
	err := ask(r)
	if err == nil || err.Error() != "UnexpectedLambdaException: PostConfirmation invocation failed due to error Socket timeout while invoking Lambda function." || len(tries) != 3 {
		t.Errorf("%v after %d tries", err, len(tries))
	}
}

func TestNewRefuses(t *testing.T) {
	for _, c := range []struct{ name, url, secret, want string }{
		{"no URL", "functions.example.com", "0123456789abcdef", "url is not a URL"},
		{"another scheme", "ftp://functions.example.com", "0123456789abcdef", "url is not a URL"},
		{"a password in it", "https://a:b@functions.example.com", "0123456789abcdef", "url is not a URL"},
		{"a short secret", "https://functions.example.com", "0123456789abcde", "the secret is shorter than 16 bytes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := webhook.New(webhook.Options{URL: c.url, Secret: []byte(c.secret)}); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %s", err, c.want)
			}
		})
	}
}
