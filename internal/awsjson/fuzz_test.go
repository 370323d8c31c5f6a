package awsjson

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/idpapi"

	"github.com/prometheus/client_golang/prometheus"
)

func FuzzHandler(f *testing.F) {
	seen := new(Request)
	services := fakeServices(seen)
	services[0].Operations[0] = Handle(idpapi.OpGetUser, tell[idpapi.GetUserInput, idpapi.GetUserOutput](seen)) // one that never fails
	quiet := slog.New(slog.DiscardHandler)
	dev, err := New(Options{SkipSignatures: true, Logger: quiet}, services...)
	if err != nil {
		f.Fatal(err)
	}
	serve, err := New(Options{
		Limits:         Limits{UserRead: 100},
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")},
		Now:            func() time.Time { return time.Unix(0, 0) },
		Logger:         quiet,
	}, services...)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(getUser, `{"AccessToken":"kim"}`, "", "")
	f.Add(adminGetUser, `{"UserPoolId":"us-east-1_a","Username":"kim"}`, "AWS4-HMAC-SHA256 Credential=a/20260101/eu-west-1/cognito-idp/aws4_request, SignedHeaders=host, Signature=0", "10.0.0.1, 10.0.0.2")
	f.Add(tagResource, `{"ResourceArn":"arn:aws:cognito-idp:us-east-1:123456789012:userpool/","Tags":{"a":null}}`, "Bearer x", "::1")
	f.Add(describePool, `{"IdentityPoolId":"us-east-1:1"}`, "", "[fe80::1%eth0]:1")
	f.Add(createGroup, `[`, "", ",")
	f.Add("", "", "", "")
	f.Fuzz(func(t *testing.T, target, body, authorization, forwarded string) {
		for _, h := range []*Handler{dev, serve} {
			r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
			r.Header["X-Amz-Target"] = []string{target}
			r.Header["Authorization"] = []string{authorization}
			r.Header["X-Forwarded-For"] = []string{forwarded}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code >= 500 {
				t.Fatalf("%d %s", w.Code, w.Body)
			}
			if !json.Valid(w.Body.Bytes()) {
				t.Fatalf("not JSON: %s", w.Body)
			}
		}
	})
}

func BenchmarkGetUser(b *testing.B) {
	h, _ := newTestHandler(b, Options{Limits: Limits{UserRead: maxRate}, Registerer: prometheus.NewRegistry()})
	body := `{"AccessToken":"` + strings.Repeat("x", 900) + `"}`
	b.ReportAllocs()
	for b.Loop() {
		if w := post(h, getUser, body); w.Code != 200 {
			b.Fatal(w.Body)
		}
	}
}
