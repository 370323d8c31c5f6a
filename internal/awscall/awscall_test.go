package awscall

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
)

// Signatures, refusals and limits are tested where calls are made, in
// trigger/lambda and esdk.

func TestBase(t *testing.T) {
	for _, c := range []struct{ endpoint, region, want string }{
		{"", "eu-west-1", "https://lambda.eu-west-1.amazonaws.com"},
		{"", "cn-north-1", "https://lambda.cn-north-1.amazonaws.com.cn"},
		{"http://localhost:4566/", "eu-west-1", "http://localhost:4566"},
	} {
		client, err := New(Options{Endpoint: c.endpoint})
		if err != nil {
			t.Fatal(err)
		}
		if got := client.base(Request{Service: "lambda", Region: c.region}); got != c.want {
			t.Errorf("%q in %s: %s", c.endpoint, c.region, got)
		}
	}
}

// TestRegions holds that a region, which is a part of an ARN that others write, is
// no way to another host.
func TestRegions(t *testing.T) {
	client, err := New(Options{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	client.http.Transport = noNetwork{}
	for _, region := range []string{"", "evil.example/", "evil.example#", "a@evil.example", "evil.example", "eu-west-1:8080", "eu_west", strings.Repeat("a", 33)} {
		if _, err := client.Post(t.Context(), Request{Service: "lambda", Region: region, Path: "/"}); !errors.Is(err, errRegion) {
			t.Errorf("%q: %v", region, err)
		}
	}
	if _, err := client.Post(t.Context(), Request{Service: "lambda", Region: "ap-southeast-2", Path: "/"}); !errors.Is(err, errNoNetwork) {
		t.Errorf("a region: %v", err)
	}
}

var errNoNetwork = errors.New("no network here")

// noNetwork sends nothing.
type noNetwork struct{}

func (noNetwork) RoundTrip(*http.Request) (*http.Response, error) { return nil, errNoNetwork }

// TestFoundCredentials signs with what AWS's tools find, which the options do not
// have.
func TestFoundCredentials(t *testing.T) {
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "AKIDFOUND", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "token",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "AWS_PROFILE": "",
	} {
		t.Setenv(name, value)
	}
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if !strings.Contains(r.Header.Get("Authorization"), "Credential=AKIDFOUND/") || r.Header.Get("X-Amz-Security-Token") != "token" {
			t.Errorf("headers %v", r.Header)
		}
	}))
	defer server.Close()
	client, err := New(Options{Endpoint: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Post(t.Context(), Request{Service: "lambda", Region: "eu-west-1", Path: "/"})
	if err != nil || resp.Status != http.StatusOK {
		t.Errorf("%v %v", resp, err)
	}
}
