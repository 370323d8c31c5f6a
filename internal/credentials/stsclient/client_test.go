package stsclient

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/credentials"
	"github.com/poolhouse/poolhouse/internal/fault"
)

const good = `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult>
<Credentials><AccessKeyId>ASIA1</AccessKeyId><SecretAccessKey>secret</SecretAccessKey><SessionToken>token</SessionToken>
<Expiration>2026-03-04T06:06:07Z</Expiration></Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`

func refusalXML(code string) string {
	return `<ErrorResponse><Error><Type>Sender</Type><Code>` + code + `</Code><Message>no</Message></Error></ErrorResponse>`
}

func TestIssue(t *testing.T) {
	for _, c := range []struct {
		name   string
		status int
		body   string
		want   fault.Code
	}{
		{"good", 200, good, ""},
		{"refused", 403, refusalXML("AccessDenied"), fault.InvalidIdentityPoolConfig},
		{"token refused", 400, refusalXML("InvalidIdentityToken"), fault.InvalidIdentityPoolConfig},
		{"refused without words", 400, "no", fault.InvalidIdentityPoolConfig},
		{"cannot reach us", 400, refusalXML("IDPCommunicationError"), fault.ExternalService},
		{"throttled", 429, "", fault.ExternalService},
		{"broken", 500, "", fault.ExternalService},
		{"redirect", 302, "", fault.InvalidIdentityPoolConfig},
		{"no XML", 200, "{}", fault.ExternalService},
		{"no secret", 200, strings.Replace(good, "secret", "", 1), fault.ExternalService},
		{"no expiration", 200, strings.Replace(good, "<Expiration>2026-03-04T06:06:07Z</Expiration>", "", 1), fault.ExternalService},
		{"endless", 200, strings.Repeat(" ", maxAnswer) + good, fault.ExternalService},
	} {
		t.Run(c.name, func(t *testing.T) {
			var form url.Values
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/elsewhere" {
					t.Error("a redirect was followed")
				}
				body, _ := io.ReadAll(r.Body)
				form, _ = url.ParseQuery(string(body))
				w.Header().Set("Location", "/elsewhere")
				w.WriteHeader(c.status)
				io.WriteString(w, c.body)
			}))
			defer server.Close()
			client, err := New(server.URL)
			if err != nil {
				t.Fatal(err)
			}
			set, err := client.Issue(t.Context(), credentials.Request{RoleARN: "arn:r", SessionName: "s", Token: "a.b.c", Duration: time.Hour})
			if got := fault.CodeOf(err); got != c.want {
				t.Errorf("error %v, want %q", err, c.want)
			}
			if c.want != "" {
				if set != (credentials.Set{}) || strings.Contains(err.Error(), "a.b.c") {
					t.Errorf("set %v, error %v", set, err)
				}
				return
			}
			want := credentials.Set{AccessKeyID: "ASIA1", SecretKey: "secret", SessionToken: "token", Expiration: time.Date(2026, 3, 4, 6, 6, 7, 0, time.UTC)}
			if set != want {
				t.Errorf("set %+v", set)
			}
			for name, value := range map[string]string{
				"Action": "AssumeRoleWithWebIdentity", "Version": "2011-06-15", "RoleArn": "arn:r", "RoleSessionName": "s",
				"WebIdentityToken": "a.b.c", "DurationSeconds": "3600",
			} {
				if form.Get(name) != value {
					t.Errorf("%s is %q, want %q", name, form.Get(name), value)
				}
			}
		})
	}
}

func TestNobodyAnswers(t *testing.T) {
	server := httptest.NewServer(nil)
	server.Close()
	client, err := New(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.Issue(t.Context(), credentials.Request{})
	if f, ok := errors.AsType[*fault.Error](err); !ok || f.Code != fault.ExternalService || strings.Contains(f.Message, "127.0.0.1") {
		t.Errorf("error %v", err)
	}
}

func TestCheckEndpoint(t *testing.T) {
	for endpoint, good := range map[string]bool{
		"https://sts.us-east-1.amazonaws.com": true, "http://minio:9000/": true,
		"sts.amazonaws.com": false, "ftp://x": false, "https://a:b@x": false, "https://x?a=b": false, "": false,
	} {
		if err := CheckEndpoint(endpoint); (err == nil) != good {
			t.Errorf("%q: %v", endpoint, err)
		}
	}
}

// FuzzParseAnswer: what is read has everything in it.
func FuzzParseAnswer(f *testing.F) {
	f.Add(good)
	f.Add(refusalXML("AccessDenied"))
	f.Fuzz(func(t *testing.T, text string) {
		set, err := parseAnswer([]byte(text))
		if err == nil && (set.AccessKeyID == "" || set.SecretKey == "" || set.SessionToken == "" || set.Expiration.IsZero()) {
			t.Fatalf("read %+v", set)
		}
		_ = refused(400, []byte(text))
	})
}
