package sigv4

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/poolhouse/poolhouse/verify"
)

var testTime = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

var testCredentials = aws.Credentials{AccessKeyID: "ASIAIOSFODNN7EXAMPLE", SecretAccessKey: exampleSecret, SessionToken: "session"}

const testPolicy = `{"Version":"2012-10-17","Statement":[
	{"Effect":"Allow","Action":["notes:*"],"Resource":["arn:aws:notes:::me/*"]},
	{"Effect":"Deny","Action":["notes:delete"],"Resource":["*"]}]}`

// A keyServer gives keys as a Poolhouse server does.
type keyServer struct {
	*httptest.Server
	asked  atomic.Int32
	status int    // 0: by the token
	body   string // of a status
}

func newKeyServer(t *testing.T) *keyServer {
	t.Helper()
	k := new(keyServer)
	k.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		k.asked.Add(1)
		body, _ := io.ReadAll(r.Body)
		s, err := parse(r)
		if err != nil {
			t.Errorf("the question is not signed: %v", err)
			return
		}
		text, _ := s.stringToSign(r, hexSHA256(body))
		if hexHMAC(signingKey("api-secret", s), text) != s.value || s.service != "sts" {
			t.Errorf("the question has a wrong signature")
		}
		var in keyRequest
		if err := json.Unmarshal(body, &in); err != nil {
			t.Error(err)
		}
		switch {
		case k.status != 0:
			w.WriteHeader(k.status)
			io.WriteString(w, k.body)
		case in.SessionToken == "over":
			w.WriteHeader(http.StatusBadRequest)
			io.WriteString(w, `{"__type":"SessionExpiredException"}`)
		case in.SessionToken != "session":
			w.WriteHeader(http.StatusNotFound)
			io.WriteString(w, `{"__type":"ResourceNotFoundException"}`)
		default:
			var a keyAnswer
			a.SigningKey = signingKey(exampleSecret, &signature{date: in.Date, region: in.Region, service: in.Service})
			a.ExpiresAt = testTime.Add(time.Hour).Unix()
			a.Session.IdentityID, a.Session.Amr, a.Session.Tags = "me", []string{"authenticated"}, map[string]string{"team": "red"}
			a.Session.Policy = json.RawMessage(testPolicy)
			json.NewEncoder(w).Encode(a)
		}
	}))
	t.Cleanup(k.Close)
	return k
}

func testConfig(server string) Config {
	return Config{
		Server: server, Region: "us-east-1", Service: "execute-api", Key: verify.AccessKey{ID: "AKIAAPI", Secret: "api-secret"},
		Now: func() time.Time { return testTime },
	}
}

func newVerifier(t *testing.T, c Config) *Verifier {
	t.Helper()
	v, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// signed is a request as the AWS SDK for Go signs it, as a server receives it.
func signed(t *testing.T, body, hash string, change func(*http.Request)) *http.Request {
	t.Helper()
	r := httptest.NewRequest(http.MethodPut, "http://api.example.com/notes/a%20b?x=1&y=%2F", strings.NewReader(body))
	r.Header.Set("Content-Type", "text/plain")
	r.Header.Set(contentSHA256, hash)
	if change != nil {
		change(r)
	}
	if err := v4.NewSigner().SignHTTP(t.Context(), testCredentials, r, hash, "execute-api", "us-east-1", testTime); err != nil {
		t.Fatal(err)
	}
	return r
}

func presign(t *testing.T, method, service string) *http.Request {
	t.Helper()
	r := httptest.NewRequest(method, "http://api.example.com/notes/a%20b?X-Amz-Expires=600", nil)
	hash := emptyHash
	if service == "s3" {
		hash = unsignedPayload
	}
	target, _, err := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = service == "s3" }).
		PresignHTTP(t.Context(), testCredentials, r, hash, service, "us-east-1", testTime)
	if err != nil {
		t.Fatal(err)
	}
	return httptest.NewRequest(method, target, nil)
}

func wantCode(t *testing.T, err error, code Code) {
	t.Helper()
	if code == "" && err != nil || code != "" && !errors.Is(err, code) {
		t.Errorf("error %v, want %q", err, code)
	}
}

func TestVerify(t *testing.T) {
	server := newKeyServer(t)
	const body = "a note"
	hash := hexSHA256([]byte(body))
	whole := func(t *testing.T) *http.Request { return signed(t, body, hash, nil) }
	with := func(change func(*http.Request)) func(*testing.T) *http.Request {
		return func(t *testing.T) *http.Request {
			r := whole(t)
			change(r)
			return r
		}
	}
	for _, c := range []struct {
		name    string
		request func(*testing.T) *http.Request
		config  func(*Config)
		want    Code
	}{
		{"header", whole, nil, ""},
		{"header of nobody", func(*testing.T) *http.Request { return httptest.NewRequest("GET", "/", nil) }, nil, ErrMissing},
		{"bearer", func(*testing.T) *http.Request {
			r := httptest.NewRequest("GET", "/", nil)
			r.Header.Set("Authorization", "Bearer x")
			return r
		}, nil, ErrMalformed},
		{"presigned", func(t *testing.T) *http.Request { return presign(t, "GET", "execute-api") }, nil, ""},
		{"presigned, later", func(t *testing.T) *http.Request { return presign(t, "GET", "execute-api") },
			func(c *Config) { c.Now = func() time.Time { return testTime.Add(10 * time.Minute) } }, ""},
		{"presigned, too late", func(t *testing.T) *http.Request { return presign(t, "GET", "execute-api") },
			func(c *Config) { c.Now = func() time.Time { return testTime.Add(601 * time.Second) } }, ErrTime},
		{"presigned for another method", func(t *testing.T) *http.Request {
			r := presign(t, "GET", "execute-api")
			r.Method = "DELETE"
			return r
		}, nil, ErrSignature},
		{"presigned for S3", func(t *testing.T) *http.Request { return presign(t, "GET", "s3") },
			func(c *Config) { c.Service, c.AllowUnsignedPayload = "s3", true }, ""},
		{"presigned for S3, unsigned payloads refused", func(t *testing.T) *http.Request { return presign(t, "GET", "s3") },
			func(c *Config) { c.Service = "s3" }, ErrUnsignedPayload},
		{"presigned life prolonged", func(t *testing.T) *http.Request {
			r := presign(t, "GET", "execute-api")
			r.URL.RawQuery = strings.Replace(r.URL.RawQuery, "Expires=600", "Expires=6000", 1)
			return r
		}, nil, ErrSignature},
		{"unsigned payload", func(t *testing.T) *http.Request { return signed(t, body, unsignedPayload, nil) },
			func(c *Config) { c.AllowUnsignedPayload = true }, ""},
		{"unsigned payload refused", func(t *testing.T) *http.Request { return signed(t, body, unsignedPayload, nil) }, nil, ErrUnsignedPayload},
		{"body changed", with(func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader("a vote")) }), nil, ErrPayload},
		{"body and declared hash changed", with(func(r *http.Request) {
			r.Body = io.NopCloser(strings.NewReader("a vote"))
			r.Header.Set(contentSHA256, hexSHA256([]byte("a vote")))
		}), nil, ErrSignature},
		{"body declared unsigned", with(func(r *http.Request) { r.Header.Set(contentSHA256, unsignedPayload) }),
			func(c *Config) { c.AllowUnsignedPayload = true }, ErrSignature},
		{"body too large", whole, func(c *Config) { c.MaxBody = 5 }, ErrTooLarge},
		{"body too large, length unknown", with(func(r *http.Request) { r.ContentLength = -1 }), func(c *Config) { c.MaxBody = 5 }, ErrTooLarge},
		{"path changed", with(func(r *http.Request) { r.URL.Path, r.URL.RawPath = "/notes/c", "" }), nil, ErrSignature},
		{"query changed", with(func(r *http.Request) { r.URL.RawQuery = "x=2&y=%2F" }), nil, ErrSignature},
		{"host changed", with(func(r *http.Request) { r.Host = "other.example.com" }), nil, ErrSignature},
		{"header added", with(func(r *http.Request) { r.Header.Set("X-Amz-Meta-A", "1") }), nil, ErrNotSigned},
		{"token of nobody", with(func(r *http.Request) { r.Header.Set("X-Amz-Security-Token", "other") }), nil, ErrSession},
		{"token of a session that is over", with(func(r *http.Request) { r.Header.Set("X-Amz-Security-Token", "over") }), nil, ErrExpired},
		{"no token", with(func(r *http.Request) {
			r.Header.Del("X-Amz-Security-Token")
		}), nil, ErrSession},
		{"another region", whole, func(c *Config) { c.Region = "eu-west-1" }, ErrScope},
		{"another service", whole, func(c *Config) { c.Service = "notes" }, ErrScope},
		{"too late", whole, func(c *Config) { c.Now = func() time.Time { return testTime.Add(301 * time.Second) } }, ErrTime},
		{"too early", whole, func(c *Config) { c.Now = func() time.Time { return testTime.Add(-301 * time.Second) } }, ErrTime},
		{"session over", whole, func(c *Config) {
			c.Now, c.MaxSkew = func() time.Time { return testTime.Add(time.Hour) }, 2*time.Hour
		}, ErrExpired},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := testConfig(server.URL)
			if c.config != nil {
				c.config(&config)
			}
			r := c.request(t)
			session, err := newVerifier(t, config).Verify(r)
			wantCode(t, err, c.want)
			if (session == nil) != (err != nil) {
				t.Errorf("session %v with error %v", session, err)
			}
			if c.name == "header" {
				if got, err := io.ReadAll(r.Body); err != nil || string(got) != body {
					t.Errorf("the handler reads %q, %v", got, err)
				}
			}
		})
	}
}

func TestSession(t *testing.T) {
	s, err := newVerifier(t, testConfig(newKeyServer(t).URL)).Verify(signed(t, "", emptyHash, nil))
	if err != nil {
		t.Fatal(err)
	}
	if s.IdentityID != "me" || !s.Authenticated() || s.Tags["team"] != "red" || s.AccessKeyID != testCredentials.AccessKeyID {
		t.Errorf("session %+v", s)
	}
	for _, c := range []struct {
		action, resource string
		want             bool
	}{
		{"notes:Read", "arn:aws:notes:::me/1", true},
		{"notes:Read", "arn:aws:notes:::you/1", false},
		{"notes:Delete", "arn:aws:notes:::me/1", false},
		{"other:Read", "arn:aws:notes:::me/1", false},
	} {
		if got := s.Allows(c.action, c.resource); got != c.want {
			t.Errorf("%s on %s: %v", c.action, c.resource, got)
		}
	}
	if (*Session)(nil).Allows("a:b", "*") {
		t.Error("nobody may do something")
	}
}

func TestAnswersAreKept(t *testing.T) {
	server := newKeyServer(t)
	c := testConfig(server.URL)
	now := testTime
	c.Now = func() time.Time { return now }
	v := newVerifier(t, c)
	for _, step := range []struct {
		later time.Duration
		asked int32
	}{{0, 1}, {59 * time.Second, 1}, {60 * time.Second, 2}, {61 * time.Second, 2}} {
		now = testTime.Add(step.later)
		if _, err := v.Verify(signed(t, "", emptyHash, nil)); err != nil {
			t.Fatal(err)
		}
		if n := server.asked.Load(); n != step.asked {
			t.Errorf("asked %d times after %s, want %d", n, step.later, step.asked)
		}
	}
}

// Many requests of a new session ask the server once.
func TestOneQuestionForAll(t *testing.T) {
	server := newKeyServer(t)
	v := newVerifier(t, testConfig(server.URL))
	var all sync.WaitGroup
	for range 30 {
		r := signed(t, "", emptyHash, nil)
		all.Go(func() {
			if _, err := v.Verify(r); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := server.asked.Load(); n != 1 {
		t.Errorf("asked %d times", n)
	}
}

func TestKeysStayBounded(t *testing.T) {
	k := &keys{half: 2, now: time.Now, young: make(map[keyID]*scopedKey)}
	for i := range byte(100) {
		k.remember(keyID{i}, &scopedKey{until: time.Now().Add(time.Hour)})
	}
	if n := len(k.young) + len(k.old); n > 4 {
		t.Errorf("%d answers are kept", n)
	}
	if k.remembered(keyID{99}) == nil || k.remembered(keyID{1}) != nil {
		t.Error("the newest is gone or the oldest is there")
	}
}

func TestServerRefuses(t *testing.T) {
	for _, c := range []struct {
		name   string
		status int
		body   string
	}{
		{"API may not", 403, `{"__type":"AccessDeniedException","message":"no"}`},
		{"API's own credentials are over", 403, `{"__type":"ExpiredTokenException"}`},
		{"not our server", 404, "not found"},
		{"broken", 500, "{}"},
		{"no JSON", 200, "x"},
		{"no key", 200, "{}"},
		{"policy with a condition", 200, `{"signingKey":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=","expiresAt":1900000000,
			"session":{"policy":{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*","Condition":{}}]}}}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := newKeyServer(t)
			server.status, server.body = c.status, c.body
			_, err := newVerifier(t, testConfig(server.URL)).Verify(signed(t, "", emptyHash, nil))
			wantCode(t, err, ErrUnavailable)
		})
	}
}

func TestMiddleware(t *testing.T) {
	server := newKeyServer(t)
	handler := newVerifier(t, testConfig(server.URL)).Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, ok := FromContext(r.Context())
		if !ok {
			t.Error("no session in the context")
			return
		}
		io.WriteString(w, s.IdentityID)
	}))
	for _, c := range []struct {
		name   string
		r      *http.Request
		status int
		body   string
	}{
		{"good", signed(t, "", emptyHash, nil), 200, "me"},
		{"unsigned", httptest.NewRequest("GET", "/", nil), 403, `{"__type":"MissingAuthenticationToken","message":"Missing Authentication Token"}` + "\n"},
	} {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, c.r)
		if w.Code != c.status || w.Body.String() != c.body {
			t.Errorf("%s: %d %q", c.name, w.Code, w.Body)
		}
	}
	server.status = 500
	w := httptest.NewRecorder()
	newVerifier(t, testConfig(server.URL)).Middleware(nil).ServeHTTP(w, signed(t, "", emptyHash, nil))
	if w.Code != http.StatusServiceUnavailable {
		t.Errorf("without a server: %d", w.Code)
	}
}

func TestNewRefuses(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"http":       func(c *Config) { c.Server = "http://id.example.com" },
		"no server":  func(c *Config) { c.Server = "" },
		"no region":  func(c *Config) { c.Region = "" },
		"no service": func(c *Config) { c.Service = "" },
		"no key":     func(c *Config) { c.Key = verify.AccessKey{} },
	} {
		c := testConfig("https://id.example.com")
		change(&c)
		if _, err := New(c); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

// FuzzParse reads any request: nothing panics, and every refusal is an Error.
func FuzzParse(f *testing.F) {
	f.Add("AWS4-HMAC-SHA256 Credential=a/20260304/r/s/aws4_request, SignedHeaders=host, Signature=00", "20260304T050607Z", "")
	f.Add("", "", "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=a%2F20260304%2Fr%2Fs%2Faws4_request&X-Amz-Date=20260304T050607Z"+
		"&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature=00")
	f.Fuzz(func(t *testing.T, authorization, date, query string) {
		r := httptest.NewRequest("GET", "/", bytes.NewReader(nil))
		r.URL.RawQuery = query
		if authorization != "" {
			r.Header["Authorization"] = []string{authorization}
		}
		r.Header["X-Amz-Date"] = []string{date}
		s, err := parse(r)
		if err == nil {
			s.stringToSign(r, emptyHash)
			return
		}
		if _, ok := errors.AsType[*Error](err); !ok {
			t.Fatalf("error %v", err)
		}
	})
}
