package sts

import (
	"context"
	"encoding/xml"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/credentials"
	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/iam"
	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/store"
)

const (
	testPool = "us-east-1:11111111-1111-1111-1111-111111111111"
	testSub  = "us-east-1:22222222-2222-2222-2222-222222222222"
	testRole = "arn:aws:iam::123456789012:role/Readers"
)

// newHandler is a handler with the role Readers, for which the token "good" is
// good. skip takes anybody for the administrator.
func newHandler(t *testing.T, skip bool) *Handler {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{URL: "sqlite::memory:", Migrate: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	if _, _, err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	ring, err := keys.Open(t.Context(), db, keys.GenerateMasterKey(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(ring.Close)
	roles := credentials.NewRoles(db, "123456789012")
	if _, err := roles.Put(t.Context(), credentials.Definition{Name: "Readers", Trust: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
		"Principal":{"Federated":"cognito-identity.amazonaws.com"},"Action":"sts:AssumeRoleWithWebIdentity",
		"Condition":{"StringEquals":{"cognito-identity.amazonaws.com:aud":"` + testPool + `"}}}]}`}); err != nil {
		t.Fatal(err)
	}
	find := func(context.Context, string) (string, *iam.Principal, error) {
		return "", nil, fault.New(fault.UnrecognizedClient, "The security token included in the request is invalid.")
	}
	return New(Options{
		Region: "us-east-1", AccountID: "123456789012", SkipSignatures: skip, AccessKey: find, Logger: slog.New(slog.DiscardHandler),
		Credentials: credentials.NewBuiltIn(credentials.Options{Ring: ring, Roles: roles, AccountID: "123456789012", AccessKey: find}),
		Token: func(_ context.Context, token string) (*Identity, error) {
			switch token {
			case "good":
				return &Identity{ID: testSub, PoolID: testPool, Issuer: "https://id.example.com/_identity", Amr: []string{"authenticated"}}, nil
			case "tagged":
				return &Identity{ID: testSub, PoolID: testPool, Tags: map[string]string{"team": "red"}}, nil
			case "expired":
				return nil, fault.New(fault.ExpiredToken, "Token expired.")
			case "broken":
				return nil, errors.New("the database is gone")
			}
			return nil, fault.New(fault.NotAuthorized, "Not a token.")
		},
	})
}

func post(t *testing.T, h *Handler, form url.Values, change func(*http.Request)) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	if change != nil {
		change(r)
	}
	if !Ours(r) {
		t.Fatal("the request is not taken for one of STS")
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func assume(changes ...string) url.Values {
	form := url.Values{
		"Action": {"AssumeRoleWithWebIdentity"}, "Version": {version}, "RoleArn": {testRole}, "RoleSessionName": {"app"}, "WebIdentityToken": {"good"},
	}
	for i := 0; i < len(changes); i += 2 {
		form.Set(changes[i], changes[i+1])
		if changes[i+1] == "" {
			form.Del(changes[i])
		}
	}
	return form
}

func TestAssumeRole(t *testing.T) {
	h := newHandler(t, false)
	w := post(t, h, assume("DurationSeconds", "43200"), nil)
	var got struct {
		XMLName xml.Name `xml:"https://sts.amazonaws.com/doc/2011-06-15/ AssumeRoleWithWebIdentityResponse"`
		Result  struct {
			Subject     string `xml:"SubjectFromWebIdentityToken"`
			Audience    string
			Provider    string
			ARN         string         `xml:"AssumedRoleUser>Arn"`
			Credentials xmlCredentials `xml:"Credentials"`
		} `xml:"AssumeRoleWithWebIdentityResult"`
		RequestID string `xml:"ResponseMetadata>RequestId"`
	}
	if err := xml.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != 200 {
		t.Fatalf("%d %s: %v", w.Code, w.Body, err)
	}
	if got.Result.Subject != testSub || got.Result.Audience != testPool || got.Result.Provider != "https://id.example.com/_identity" ||
		got.Result.ARN != "arn:aws:sts::123456789012:assumed-role/Readers/app" || got.RequestID != w.Header().Get("X-Amzn-Requestid") {
		t.Errorf("answer %s", w.Body)
	}
	end, err := time.Parse(time.RFC3339, got.Result.Credentials.Expiration)
	if left := time.Until(end); err != nil || left > time.Hour || left < 59*time.Minute {
		t.Errorf("expires %s", got.Result.Credentials.Expiration)
	}
	if w.Header().Get("Content-Type") != "text/xml" || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("headers %v", w.Header())
	}
}

func TestRefusals(t *testing.T) {
	h := newHandler(t, false)
	for _, c := range []struct {
		name   string
		form   url.Values
		status int
		code   string
		say    string
	}{
		{"no action", url.Values{"Version": {version}}, 400, "MissingAction", "Could not find operation NO_ACTION_SPECIFIED for version 2011-06-15"},
		{"another action", assume("Action", "AssumeRole"), 400, "InvalidAction", "Could not find operation AssumeRole for version 2011-06-15"},
		{"no version", assume("Version", ""), 400, "InvalidAction", "NO_VERSION_SPECIFIED"},
		{"no role", assume("RoleArn", ""), 400, "ValidationError", "Value null at 'roleArn'"},
		{"no session", assume("RoleSessionName", ""), 400, "ValidationError", "Value null at 'roleSessionName'"},
		{"no token", assume("WebIdentityToken", ""), 400, "ValidationError", "Value null at 'webIdentityToken'"},
		{"short token", assume("WebIdentityToken", "abc"), 400, "ValidationError", "between 4 and 20000"},
		{"long token", assume("WebIdentityToken", strings.Repeat("a", 20001)), 400, "ValidationError", "between 4 and 20000"},
		{"no ARN", assume("RoleArn", "Readers"), 400, "ValidationError", "Readers is invalid"},
		{"no number", assume("DurationSeconds", "1h"), 400, "MalformedInput", "not a number"},
		{"too short", assume("DurationSeconds", "899"), 400, "ValidationError", "greater than or equal to 900"},
		{"too long", assume("DurationSeconds", "43201"), 400, "ValidationError", "less than or equal to 43200"},
		{"session name", assume("RoleSessionName", "a/b"), 400, "ValidationError", "session name"},
		{"policy", assume("Policy", "{}"), 400, "ValidationError", "Policy is not supported"},
		{"policy ARN", assume("PolicyArns.member.1.arn", "arn"), 400, "ValidationError", "not supported"},
		{"policy ARN without the first", assume("PolicyArns.member.2.arn", "arn"), 400, "ValidationError", "The parameter PolicyArns is not supported."},
		{"policy ARN of other form", assume("PolicyArns.1", "arn"), 400, "ValidationError", "The parameter PolicyArns is not supported."},
		{"bad token", assume("WebIdentityToken", "other"), 400, "InvalidIdentityToken", "Not a token."},
		{"expired token", assume("WebIdentityToken", "expired"), 400, "ExpiredTokenException", "Token expired."},
		{"outage", assume("WebIdentityToken", "broken"), 500, "InternalFailure", "Internal server error"},
		{"unknown role", assume("RoleArn", testRole+"2"), 403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity"},
		{"tags not allowed", assume("WebIdentityToken", "tagged"), 403, "AccessDenied", "Not authorized"},
		{"unsigned", url.Values{"Action": {"GetCallerIdentity"}, "Version": {version}}, 403, "MissingAuthenticationToken", "Missing Authentication Token"},
		{"unsigned session", url.Values{"Action": {"GetSessionToken"}, "Version": {version}}, 403, "MissingAuthenticationToken", ""},
		{"twice", url.Values{"Action": {"GetCallerIdentity", "GetSessionToken"}, "Version": {version}}, 400, "MalformedQueryString", "stands twice"},
		{"too large", assume("Extra", strings.Repeat("a", maxBody)), 413, "RequestEntityTooLarge", "too large"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := post(t, h, c.form, nil)
			var got errorResponse
			if err := xml.Unmarshal(w.Body.Bytes(), &got); err != nil {
				t.Fatalf("%s: %v", w.Body, err)
			}
			if w.Code != c.status || got.Error.Code != c.code || !strings.Contains(got.Error.Message, c.say) {
				t.Errorf("%d %+v, want %d %s %s", w.Code, got.Error, c.status, c.code, c.say)
			}
		})
	}
}

func TestSignatureOfNobody(t *testing.T) {
	w := post(t, newHandler(t, false), url.Values{"Action": {"GetCallerIdentity"}, "Version": {version}}, func(r *http.Request) {
		now := time.Now().UTC()
		r.Header.Set("X-Amz-Date", now.Format("20060102T150405Z"))
		r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIAX/"+now.Format("20060102")+"/us-east-1/sts/aws4_request, SignedHeaders=host;x-amz-date, Signature=00")
	})
	if w.Code != 403 || !strings.Contains(w.Body.String(), "<Code>InvalidClientTokenId</Code>") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestWithoutSignatures(t *testing.T) {
	h := newHandler(t, true)
	w := post(t, h, url.Values{"Action": {"GetCallerIdentity"}, "Version": {version}}, nil)
	if w.Code != 200 || !strings.Contains(w.Body.String(), "<Arn>arn:aws:iam::123456789012:root</Arn>") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	w = post(t, h, url.Values{"Action": {"GetSessionToken"}, "Version": {version}, "DurationSeconds": {"129600"}}, nil)
	if w.Code != 200 || !strings.Contains(w.Body.String(), "<SessionToken>") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestOurs(t *testing.T) {
	for _, c := range []struct {
		name, method, target, contentType, amzTarget string
		want                                         bool
	}{
		{"form", "POST", "/", "application/x-www-form-urlencoded", "", true},
		{"query", "GET", "/?Action=GetCallerIdentity&Version=2011-06-15", "", "", true},
		{"JSON", "POST", "/", "application/x-amz-json-1.1", "", false},
		{"JSON target", "POST", "/", "application/x-www-form-urlencoded", "AWSCognitoIdentityService.GetId", false},
		{"another path", "POST", "/oauth2/token", "application/x-www-form-urlencoded", "", false},
		{"page", "GET", "/", "", "", false},
		{"preflight", "OPTIONS", "/", "application/x-www-form-urlencoded", "", false},
		{"nonsense", "POST", "/", ";", "", false},
	} {
		r := httptest.NewRequest(c.method, c.target, nil)
		r.Header.Set("Content-Type", c.contentType)
		if c.amzTarget != "" {
			r.Header.Set("X-Amz-Target", c.amzTarget)
		}
		if got := Ours(r); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func TestQuery(t *testing.T) {
	r := httptest.NewRequest(http.MethodGet, "/?"+assume().Encode(), nil)
	w := httptest.NewRecorder()
	newHandler(t, false).ServeHTTP(w, r)
	if body, _ := io.ReadAll(w.Body); w.Code != 200 || !strings.Contains(string(body), "<SubjectFromWebIdentityToken>"+testSub) {
		t.Errorf("%d %s", w.Code, body)
	}
}

// FuzzForm: whatever is posted, the answer is XML and no outage.
func FuzzForm(f *testing.F) {
	f.Add(assume().Encode())
	f.Add("Action=GetCallerIdentity&Version=2011-06-15&%zz")
	f.Fuzz(func(t *testing.T, form string) {
		if strings.Contains(form, "broken") {
			return
		}
		w := httptest.NewRecorder()
		h := New(Options{Region: "us-east-1", AccountID: "123456789012", Logger: slog.New(slog.DiscardHandler),
			Token: func(context.Context, string) (*Identity, error) { return nil, fault.New(fault.NotAuthorized, "no") }})
		h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/", strings.NewReader(form)))
		if w.Code >= 500 || xml.Unmarshal(w.Body.Bytes(), new(errorResponse)) != nil {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
	})
}
