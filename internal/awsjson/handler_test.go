package awsjson

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/identityapi"
	"github.com/poolhouse/poolhouse/internal/idpapi"
)

// Targets of the operations that fakeServices serves.
const (
	getUser      = "AWSCognitoIdentityProviderService.GetUser"
	adminGetUser = "AWSCognitoIdentityProviderService.AdminGetUser"
	initiateAuth = "AWSCognitoIdentityProviderService.InitiateAuth"
	respond      = "AWSCognitoIdentityProviderService.RespondToAuthChallenge"
	listPools    = "AWSCognitoIdentityProviderService.ListUserPools"
	tagResource  = "AWSCognitoIdentityProviderService.TagResource"
	describeTBC  = "AWSCognitoIdentityProviderService.DescribeTermsByClient"
	createGroup  = "AWSCognitoIdentityProviderService.CreateGroup"
	getID        = "AWSCognitoIdentityService.GetId"
	describePool = "AWSCognitoIdentityService.DescribeIdentityPool"
	describeID   = "AWSCognitoIdentityService.DescribeIdentity"
)

// tell answers with the zero Out and hands the Request to seen.
func tell[In, Out any](seen *Request) func(context.Context, *In) (*Out, error) {
	return func(ctx context.Context, _ *In) (*Out, error) {
		*seen = *RequestFrom(ctx)
		return new(Out), nil
	}
}

// fakeServices are a few operations. What GetUser does is told by its token;
// the last request served is kept in seen.
func fakeServices(seen *Request) []Service {
	getUserMethod := func(ctx context.Context, in *idpapi.GetUserInput) (*idpapi.GetUserOutput, error) {
		*seen = *RequestFrom(ctx)
		switch in.AccessToken {
		case "refused":
			return nil, fault.New(fault.NotAuthorized, "Invalid Access Token")
		case "wrapped":
			return nil, errors.Join(errors.New("context"), fault.New(fault.NotAuthorized, "Invalid <\"Token\"> é"))
		case "broken":
			return nil, errors.New("disk on fire")
		case "canceled-inside":
			return nil, context.Canceled
		case "panic":
			panic("assertion")
		case "wait":
			<-ctx.Done()
			return nil, ctx.Err()
		case "nothing":
			return nil, nil
		}
		return &idpapi.GetUserOutput{Username: in.AccessToken}, nil
	}
	return []Service{
		{idpapi.TargetPrefix, idpapi.SigningName, []Operation{
			Handle(idpapi.OpGetUser, getUserMethod),
			Handle(idpapi.OpAdminGetUser, tell[idpapi.AdminGetUserInput, idpapi.AdminGetUserOutput](seen)),
			Handle(idpapi.OpInitiateAuth, tell[idpapi.InitiateAuthInput, idpapi.InitiateAuthOutput](seen)),
			Handle(idpapi.OpRespondToAuthChallenge, tell[idpapi.RespondToAuthChallengeInput, idpapi.RespondToAuthChallengeOutput](seen)),
			Handle(idpapi.OpListUserPools, tell[idpapi.ListUserPoolsInput, idpapi.ListUserPoolsOutput](seen)),
			Handle(idpapi.OpTagResource, tell[idpapi.TagResourceInput, idpapi.TagResourceOutput](seen)),
			Handle(idpapi.OpDescribeTermsByClient, tell[idpapi.DescribeTermsByClientInput, idpapi.DescribeTermsByClientOutput](seen)),
			NotBuilt(idpapi.OpCreateGroup),
		}},
		{identityapi.TargetPrefix, identityapi.SigningName, []Operation{
			Handle(identityapi.OpGetId, tell[identityapi.GetIdInput, identityapi.GetIdOutput](seen)),
			Handle(identityapi.OpDescribeIdentityPool, tell[identityapi.DescribeIdentityPoolInput, identityapi.DescribeIdentityPoolOutput](seen)),
			// Whose pool is what they are called, and one who forgets to ask.
			Handle(identityapi.OpDescribeIdentity, func(ctx context.Context, in *identityapi.DescribeIdentityInput) (*identityapi.DescribeIdentityOutput, error) {
				return nil, Authorize(ctx, strings.TrimPrefix(in.IdentityId, "none:0"))
			}).AuthorizedByMethod(),
			Handle(identityapi.OpDeleteIdentities, tell[identityapi.DeleteIdentitiesInput, identityapi.DeleteIdentitiesOutput](seen)).AuthorizedByMethod(),
		}},
	}
}

func newTestHandler(t testing.TB, o Options) (*Handler, *Request) {
	t.Helper()
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	seen := new(Request)
	h, err := New(o, fakeServices(seen)...)
	if err != nil {
		t.Fatal(err)
	}
	return h, seen
}

func post(h http.Handler, target, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("X-Amz-Target", target)
	r.Header.Set("Content-Type", contentType)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// errorOf is the type and message of an error answer.
func errorOf(t testing.TB, w *httptest.ResponseRecorder) (code, message string) {
	t.Helper()
	if w.Code == http.StatusOK {
		return "", ""
	}
	var e struct {
		Type    string `json:"__type"`
		Message string
	}
	if err := json.Unmarshal(w.Body.Bytes(), &e); err != nil {
		t.Fatalf("error body %q: %v", w.Body, err)
	}
	if got := w.Header().Get("X-Amzn-Errortype"); got != e.Type {
		t.Errorf("x-amzn-errortype %q, __type %q", got, e.Type)
	}
	return e.Type, e.Message
}

var uuidText = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

func TestAnswers(t *testing.T) {
	h, _ := newTestHandler(t, Options{SkipSignatures: true})
	for _, c := range []struct {
		name, target, body string
		status             int
		want, message      string // the body, and the header x-amzn-errormessage
	}{
		{"output", getUser, `{"AccessToken":"kim"}`, 200, `{"Username":"kim"}`, ""},
		{"nil output", getUser, `{"AccessToken":"nothing"}`, 200, `{}`, ""},
		{"empty output", adminGetUser, `{"UserPoolId":"us-east-1_a","Username":"kim"}`, 200, `{}`, ""},
		{"unknown member", getUser, `{"AccessToken":"kim","Colour":["red",{}]}`, 200, `{"Username":"kim"}`, ""},
		{"null is absent", initiateAuth, `{"AuthFlow":"USER_AUTH","ClientId":"c","AuthParameters":null}`, 200, `{}`, ""},
		{"empty body", listPools, ``, 400, `{"__type":"InvalidParameterException","message":"1 validation error detected: Value null at 'maxResults' failed to satisfy constraint: Member must not be null"}`, "1 validation error detected: Value null at 'maxResults' failed to satisfy constraint: Member must not be null"},
		{"refused", getUser, `{"AccessToken":"refused"}`, 400, `{"__type":"NotAuthorizedException","message":"Invalid Access Token"}`, "Invalid Access Token"},
		{"wrapped and not ASCII", getUser, `{"AccessToken":"wrapped"}`, 400, `{"__type":"NotAuthorizedException","message":"Invalid <\"Token\"> é"}`, ""},
		{"internal", getUser, `{"AccessToken":"broken"}`, 500, `{"__type":"InternalErrorException","message":"Internal server error"}`, "Internal server error"},
		{"canceled, but not by the caller", getUser, `{"AccessToken":"canceled-inside"}`, 500, `{"__type":"InternalErrorException","message":"Internal server error"}`, "Internal server error"},
		{"panic", getUser, `{"AccessToken":"panic"}`, 500, `{"__type":"InternalErrorException","message":"Internal server error"}`, "Internal server error"},
		{"unknown operation", "AWSCognitoIdentityProviderService.Nonsense", `{}`, 400, `{"__type":"UnknownOperationException","message":"The X-Amz-Target header names no operation of this service."}`, "The X-Amz-Target header names no operation of this service."},
		{"no target", "", `{}`, 400, `{"__type":"UnknownOperationException","message":"The X-Amz-Target header names no operation of this service."}`, "The X-Amz-Target header names no operation of this service."},
		{"operation of the other service", "AWSCognitoIdentityService.GetUser", `{}`, 400, `{"__type":"UnknownOperationException","message":"The X-Amz-Target header names no operation of this service."}`, "The X-Amz-Target header names no operation of this service."},
		{"not built", createGroup, `{}`, 400, `{"__type":"UnknownOperationException","message":"CreateGroup is not built in this version of Poolhouse."}`, "CreateGroup is not built in this version of Poolhouse."},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := post(h, c.target, c.body)
			if w.Code != c.status || w.Body.String() != c.want {
				t.Errorf("%d %s\nwant %d %s", w.Code, w.Body, c.status, c.want)
			}
			var e struct {
				Type string `json:"__type"`
			}
			_ = json.Unmarshal(w.Body.Bytes(), &e)
			for name, want := range map[string]string{
				"Content-Type":                  "application/x-amz-json-1.1",
				"Cache-Control":                 "no-store",
				"X-Content-Type-Options":        "nosniff",
				"Access-Control-Allow-Origin":   "*",
				"Access-Control-Expose-Headers": corsExpose,
				"X-Amzn-Errortype":              e.Type,
				"X-Amzn-Errormessage":           c.message,
				"Etag":                          "",
			} {
				if got := w.Header().Get(name); got != want {
					t.Errorf("%s: %q, want %q", name, got, want)
				}
			}
			if id := w.Header().Get("X-Amzn-Requestid"); !uuidText.MatchString(id) {
				t.Errorf("request id %q", id)
			}
		})
	}
}

func TestMalformedInput(t *testing.T) {
	h, _ := newTestHandler(t, Options{SkipSignatures: true})
	for _, c := range []struct{ name, target, body, code string }{
		{"not JSON", getUser, `{"AccessToken":`, "SerializationException"},
		{"array", getUser, `[]`, "SerializationException"},
		{"null", getUser, `null`, "SerializationException"},
		{"two values", getUser, `{"AccessToken":"a"}{}`, "SerializationException"},
		{"number for a string", getUser, `{"AccessToken":1}`, "SerializationException"},
		{"string for a map", initiateAuth, `{"AuthFlow":"USER_AUTH","ClientId":"c","AuthParameters":"x"}`, "SerializationException"},
		{"not UTF-8", getUser, "{\"AccessToken\":\"\xff\"}", "SerializationException"},
		{"constraint of a user pool", adminGetUser, `{"UserPoolId":"no pool","Username":"kim"}`, "InvalidParameterException"},
		{"constraint of an identity pool", describePool, `{"IdentityPoolId":"no pool"}`, "ValidationException"},
		{"missing", getID, `{}`, "ValidationException"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := post(h, c.target, c.body)
			if code, message := errorOf(t, w); w.Code != 400 || code != c.code || message == "" && c.code != "SerializationException" {
				t.Errorf("%d %s, want %s", w.Code, w.Body, c.code)
			}
		})
	}
}

func TestBodySize(t *testing.T) {
	h, _ := newTestHandler(t, Options{SkipSignatures: true})
	server := httptest.NewServer(h)
	defer server.Close()
	body := func(size int) string {
		start, end := `{"AccessToken":"kim","Padding":"`, `"}`
		return start + strings.Repeat("x", size-len(start)-len(end)) + end
	}
	for _, c := range []struct {
		name   string
		size   int
		hide   bool // the length, so that it comes in chunks
		status int
	}{
		{"limit", MaxBody, false, 200},
		{"limit in chunks", MaxBody, true, 200},
		{"one more", MaxBody + 1, false, 413},
		{"one more in chunks", MaxBody + 1, true, 413},
	} {
		t.Run(c.name, func(t *testing.T) {
			var in io.Reader = strings.NewReader(body(c.size))
			if c.hide {
				in = io.MultiReader(in)
			}
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, in)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("X-Amz-Target", getUser)
			resp, err := server.Client().Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			got, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			if resp.StatusCode != c.status {
				t.Fatalf("status %d, want %d: %s", resp.StatusCode, c.status, got)
			}
			if c.status == 413 && string(got) != `{"__type":"RequestEntityTooLargeException","message":"The request is larger than 1048576 bytes."}` {
				t.Errorf("body %s", got)
			}
		})
	}
}

func TestBodyCutShort(t *testing.T) {
	h, _ := newTestHandler(t, Options{})
	r := httptest.NewRequest(http.MethodPost, "/", io.MultiReader(strings.NewReader(`{"Acc`), failingReader{}))
	r.Header.Set("X-Amz-Target", getUser)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if code, _ := errorOf(t, w); w.Code != 400 || code != "SerializationException" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

type failingReader struct{}

func (failingReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestPreflight(t *testing.T) {
	h, _ := newTestHandler(t, Options{})
	for _, c := range []struct{ name, asked, allow string }{
		{"Amplify", "amz-sdk-invocation-id,amz-sdk-request,cache-control,content-type,x-amz-target,x-amz-user-agent", "amz-sdk-invocation-id,amz-sdk-request,cache-control,content-type,x-amz-target,x-amz-user-agent"},
		{"signed", "authorization, content-type, x-amz-date", "authorization, content-type, x-amz-date"},
		{"nothing asked", "", corsHeaders},
		{"not a list of names", "x-a\x7f<script>", corsHeaders},
		{"too long", strings.Repeat("x", maxCORSHeaders+1), corsHeaders},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodOptions, "/", nil)
			r.Header.Set("Origin", "https://app.example")
			r.Header.Set("Access-Control-Request-Method", "POST")
			if c.asked != "" {
				r.Header.Set("Access-Control-Request-Headers", c.asked)
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != 200 || w.Body.Len() != 0 {
				t.Errorf("%d %q", w.Code, w.Body)
			}
			for name, want := range map[string]string{
				"Access-Control-Allow-Origin":  "*",
				"Access-Control-Allow-Methods": "POST, OPTIONS",
				"Access-Control-Allow-Headers": c.allow,
				"Access-Control-Max-Age":       "172800",
				"Vary":                         "Access-Control-Request-Headers",
			} {
				if got := w.Header().Get(name); got != want {
					t.Errorf("%s: %q, want %q", name, got, want)
				}
			}
		})
	}
}

func TestOtherRequests(t *testing.T) {
	h, _ := newTestHandler(t, Options{})
	for _, c := range []struct {
		method, path string
		status       int
	}{
		{"GET", "/", 200}, {"HEAD", "/", 200}, {"PUT", "/", 405}, {"DELETE", "/", 405}, {"POST", "/elsewhere", 404}, {"OPTIONS", "/elsewhere", 404},
	} {
		t.Run(c.method+" "+c.path, func(t *testing.T) {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest(c.method, c.path, nil))
			if w.Code != c.status || w.Header().Get("Content-Type") != "text/plain; charset=utf-8" {
				t.Errorf("%d %s, want %d and text", w.Code, w.Header().Get("Content-Type"), c.status)
			}
			if w.Header().Get("Access-Control-Allow-Origin") != "*" {
				t.Error("no CORS header")
			}
		})
	}
}

func TestRequestFrom(t *testing.T) {
	if RequestFrom(t.Context()) == nil {
		t.Fatal("nil outside of a request")
	}
	h, seen := newTestHandler(t, Options{Region: "eu-west-1"})
	w := post(h, getUser, `{"AccessToken":"kim"}`, "User-Agent", strings.Repeat("é", maxUserAgent)+"end",
		"Origin", "https://app.example.com")
	if w.Code != 200 {
		t.Fatal(w.Body)
	}
	want := Request{
		ID:        w.Header().Get("X-Amzn-Requestid"),
		Operation: "GetUser",
		Region:    "eu-west-1",
		SourceIP:  "192.0.2.1", // httptest's
		UserAgent: strings.Repeat("é", maxUserAgent/2),
		Origin:    "https://app.example.com",
	}
	if *seen != want {
		t.Errorf("got %+v\nwant %+v", *seen, want)
	}
}

// A deadline is the server's: its caller waits and must hear of it.
func TestDeadline(t *testing.T) {
	h, _ := newTestHandler(t, Options{Logger: slog.New(slog.DiscardHandler)})
	ctx, cancel := context.WithTimeout(t.Context(), 0)
	defer cancel()
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/", strings.NewReader(`{"AccessToken":"wait"}`))
	r.Header.Set("X-Amz-Target", getUser)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != http.StatusInternalServerError {
		t.Errorf("status %d", w.Code)
	}
}

func TestHungUp(t *testing.T) {
	var log bytes.Buffer
	h, _ := newTestHandler(t, Options{Logger: slog.New(slog.NewJSONHandler(&log, nil))})
	ctx, cancel := context.WithCancel(t.Context())
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/", strings.NewReader(`{"AccessToken":"wait"}`))
	r.Header.Set("X-Amz-Target", getUser)
	cancel()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != statusClientClosed {
		t.Errorf("status %d", w.Code)
	}
	if !strings.Contains(log.String(), `"level":"INFO"`) || strings.Contains(log.String(), "ERROR") {
		t.Errorf("log: %s", &log)
	}
}

func TestNewRefuses(t *testing.T) {
	service := func(prefix, signing string, ops ...Operation) Service { return Service{prefix, signing, ops} }
	for _, c := range []struct {
		name    string
		service Service
		want    string
	}{
		{"unknown service", service("X", "s3"), "no such API"},
		{"twice", service("X", "cognito-idp", NotBuilt(idpapi.OpGetUser), NotBuilt(idpapi.OpGetUser)), "stands twice"},
		{"operation of another API", service("X", "cognito-identity", NotBuilt(idpapi.OpGetUser)), "no rate category"},
		{"input of another operation", service("X", "cognito-idp", Handle(idpapi.OpGetUser, tell[idpapi.ListUserPoolsInput, idpapi.GetUserOutput](new(Request)))), "GetUser"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := New(Options{}, c.service); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
}

func TestOperation(t *testing.T) {
	built := Handle(idpapi.OpGetUser, tell[idpapi.GetUserInput, idpapi.GetUserOutput](new(Request)))
	if built.Name() != "GetUser" || !built.Built() || NotBuilt(idpapi.OpGetUser).Built() {
		t.Error("Name or Built is wrong")
	}
}
