package sigv4

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

const (
	sdkBody   = `{"UserPoolId":"us-east-1_abc","Username":"kim"}`
	sdkTarget = "AWSCognitoIdentityProviderService.AdminGetUser"
)

var sdkTime = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

func sdkCredentials() aws.Credentials {
	return aws.Credentials{AccessKeyID: "AKIAIOSFODNN7EXAMPLE", SecretAccessKey: suiteSecret, SessionToken: "session/to+ken=="}
}

// received is the request as a server has it after net/http has carried it.
type received struct {
	*http.Request
	body   []byte
	secret string
	now    time.Time
}

// carry sends r over a real connection and gives back what arrived.
func carry(t *testing.T, r *http.Request) *received {
	t.Helper()
	got := make(chan *received, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		got <- &received{r.Clone(t.Context()), body, suiteSecret, sdkTime}
	}))
	defer server.Close()
	address, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = r.URL.Host // the signed name, while the connection goes to the test server
	r.URL.Host = address.Host
	resp, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil {
		t.Fatal(err)
	}
	return <-got
}

func (r *received) check() error {
	s, err := Parse(r.Request)
	if err != nil {
		return err
	}
	if err := s.CheckScope("us-east-1", "cognito-idp"); err != nil {
		return err
	}
	return s.Verify(r.Request, r.body, r.secret, r.now)
}

func sdkRequest(t *testing.T, target string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, target, strings.NewReader(sdkBody))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", sdkTarget)
	r.Header.Set("Amz-Sdk-Invocation-Id", "0f8fad5b-d9cb-469f-a165-70867728950e")
	r.Header.Set("User-Agent", "aws-sdk-go-v2/1")
	r.Header.Set("X-Spaced", "  a   b ")
	return r
}

// signedHeader is a request signed by the SDK in the header form.
func signedHeader(t *testing.T) *received {
	t.Helper()
	r := sdkRequest(t, "http://idp.example.com:9229/?b=2&a=x%20y&a=%C3%A9%2F&empty")
	if err := v4.NewSigner().SignHTTP(t.Context(), sdkCredentials(), r, hexSHA256([]byte(sdkBody)), "cognito-idp", "us-east-1", sdkTime); err != nil {
		t.Fatal(err)
	}
	return carry(t, r)
}

// presigned is the same in the query form, good for an hour. Its target stays
// a header, as the SDK's DisableHeaderHoisting leaves it.
func presigned(t *testing.T) *received {
	t.Helper()
	r := sdkRequest(t, "http://idp.example.com:9229/?X-Amz-Expires=3600&b=2&a=x%20y")
	address, headers, err := v4.NewSigner().PresignHTTP(t.Context(), sdkCredentials(), r, hexSHA256([]byte(sdkBody)), "cognito-idp", "us-east-1", sdkTime,
		func(o *v4.SignerOptions) { o.DisableHeaderHoisting = true })
	if err != nil {
		t.Fatal(err)
	}
	signed, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(sdkBody))
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range headers {
		if name != "Host" {
			signed.Header[name] = values
		}
	}
	return carry(t, signed)
}

func TestSDKSignatureTampered(t *testing.T) {
	// authorization edits the signature's own text, in either form.
	authorization := func(old, new string) func(*received) {
		return func(r *received) {
			if values := r.Header["Authorization"]; values != nil {
				values[0] = strings.Replace(values[0], old, new, 1)
				return
			}
			r.URL.RawQuery = strings.Replace(r.URL.RawQuery, url.QueryEscape(old), url.QueryEscape(new), 1)
		}
	}
	tests := []struct {
		name   string
		tamper func(*received)
		passes bool
	}{
		{"untouched", func(*received) {}, true},
		{"user agent changed", func(r *received) { r.Header.Set("User-Agent", "other") }, true},
		{"forwarded header added", func(r *received) { r.Header.Set("X-Forwarded-For", "192.0.2.1") }, true},
		{"trace id added", func(r *received) { r.Header.Set("X-Amzn-Trace-Id", "Root=1") }, true},
		{"length header lost to chunking", func(r *received) { r.Header.Del("Content-Length") }, true},
		{"four minutes later", func(r *received) { r.now = r.now.Add(4 * time.Minute) }, true},

		{"body changed", func(r *received) { r.body = bytes.Replace(r.body, []byte("kim"), []byte("eve"), 1) }, false},
		{"body cut", func(r *received) { r.body = r.body[:len(r.body)-1] }, false},
		{"body emptied", func(r *received) { r.body = nil }, false},
		{"body undeclared", func(r *received) { r.Header.Set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD") }, false},
		{"method changed", func(r *received) { r.Method = http.MethodPut }, false},
		{"path changed", func(r *received) { r.URL.Path = "/other" }, false},
		{"host changed", func(r *received) { r.Host = "idp.example.org:9229" }, false},
		{"port changed", func(r *received) { r.Host = "idp.example.com" }, false},
		{"target changed", func(r *received) { r.Header.Set("X-Amz-Target", sdkTarget+"s") }, false},
		{"target removed", func(r *received) { r.Header.Del("X-Amz-Target") }, false},
		{"target doubled", func(r *received) { r.Header.Add("X-Amz-Target", sdkTarget) }, false},
		{"content type changed", func(r *received) { r.Header.Set("Content-Type", "text/plain") }, false},
		{"content type removed", func(r *received) { r.Header.Del("Content-Type") }, false},
		{"amz header added", func(r *received) { r.Header.Set("X-Amz-Extra", "1") }, false},
		{"token removed", func(r *received) {
			r.Header.Del("X-Amz-Security-Token")
			r.URL.RawQuery = strings.Replace(r.URL.RawQuery, "X-Amz-Security-Token=", "Y-Amz-Security-Token=", 1)
		}, false},
		{"token header set", func(r *received) { r.Header.Set("X-Amz-Security-Token", "other") }, false},
		{"date header moved", func(r *received) { r.Header.Set("X-Amz-Date", "20260304T050608Z") }, false},
		{"query changed", func(r *received) { r.URL.RawQuery = strings.Replace(r.URL.RawQuery, "b=2", "b=3", 1) }, false},
		{"query added", func(r *received) { r.URL.RawQuery += "&c=1" }, false},
		{"query removed", func(r *received) { r.URL.RawQuery = strings.Replace(r.URL.RawQuery, "b=2", "", 1) }, false},
		{"query undecodable", func(r *received) { r.URL.RawQuery += "&%zz" }, false},
		{"region changed", authorization("/us-east-1/", "/us-east-2/"), false},
		{"service changed", authorization("/cognito-idp/", "/cognito-identity/"), false},
		{"scope date changed", authorization("/20260304/", "/20260305/"), false},
		{"signed header dropped", authorization(";x-spaced", ""), false},
		{"signature upper case", func(r *received) {
			for _, c := range "abcdef" {
				if values := r.Header["Authorization"]; values != nil {
					head, signature, _ := strings.Cut(values[0], "Signature=")
					values[0] = head + "Signature=" + strings.ReplaceAll(signature, string(c), strings.ToUpper(string(c)))
				} else {
					head, signature, _ := strings.Cut(r.URL.RawQuery, "X-Amz-Signature=")
					r.URL.RawQuery = head + "X-Amz-Signature=" + strings.ReplaceAll(signature, string(c), strings.ToUpper(string(c)))
				}
			}
		}, false},
		{"another secret", func(r *received) { r.secret = "x" + suiteSecret }, false},
		{"empty secret", func(r *received) { r.secret = "" }, false},
		{"eight days later", func(r *received) { r.now = r.now.Add(8 * 24 * time.Hour) }, false},
		{"six minutes early", func(r *received) { r.now = r.now.Add(-6 * time.Minute) }, false},
	}
	forms := []struct {
		name string
		sign func(*testing.T) *received
	}{{"header", signedHeader}, {"presigned", presigned}}
	for _, form := range forms {
		for _, tt := range tests {
			t.Run(form.name+"/"+tt.name, func(t *testing.T) {
				r := form.sign(t)
				tt.tamper(r)
				if err := r.check(); (err == nil) != tt.passes {
					t.Errorf("got %v, want it to pass: %t", err, tt.passes)
				}
			})
		}
	}
}

func TestSDKPresignedLife(t *testing.T) {
	tests := []struct {
		name   string
		later  time.Duration
		edit   [2]string
		passes bool
	}{
		{"near its end", time.Hour, [2]string{}, true},
		{"past its end", time.Hour + time.Second, [2]string{}, false},
		{"life prolonged", 0, [2]string{"X-Amz-Expires=3600", "X-Amz-Expires=7200"}, false},
		{"time moved", 0, [2]string{"X-Amz-Date=20260304T050607Z", "X-Amz-Date=20260304T050608Z"}, false},
		{"payload declared unsigned", 0, [2]string{"b=2", "b=2&X-Amz-Content-Sha256=UNSIGNED-PAYLOAD"}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := presigned(t)
			if !strings.Contains(r.URL.RawQuery, tt.edit[0]) {
				t.Fatalf("query %q lacks %q", r.URL.RawQuery, tt.edit[0])
			}
			r.URL.RawQuery = strings.Replace(r.URL.RawQuery, tt.edit[0], tt.edit[1], 1)
			r.now = r.now.Add(tt.later)
			if err := r.check(); (err == nil) != tt.passes {
				t.Errorf("got %v, want it to pass: %t", err, tt.passes)
			}
		})
	}
}

// A signer that signs "do not look at the body" is refused though its
// signature is right: a changed body would go unnoticed.
func TestUnsignedPayloadRefused(t *testing.T) {
	for _, hash := range []string{"UNSIGNED-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", hexSHA256(nil)} {
		for _, declare := range []bool{true, false} {
			r := sdkRequest(t, "http://idp.example.com/")
			if declare {
				r.Header.Set("X-Amz-Content-Sha256", hash)
			}
			if err := v4.NewSigner().SignHTTP(t.Context(), sdkCredentials(), r, hash, "cognito-idp", "us-east-1", sdkTime); err != nil {
				t.Fatal(err)
			}
			if err := carry(t, r).check(); err != errMismatch {
				t.Errorf("%s, declared %t: got %v, want %v", hash, declare, err, errMismatch)
			}
		}
	}
	r := sdkRequest(t, "http://idp.example.com/")
	r.Header.Set("X-Amz-Content-Sha256", hexSHA256([]byte(sdkBody)))
	if err := v4.NewSigner().SignHTTP(t.Context(), sdkCredentials(), r, hexSHA256([]byte(sdkBody)), "cognito-idp", "us-east-1", sdkTime); err != nil {
		t.Fatal(err)
	}
	if err := carry(t, r).check(); err != nil {
		t.Errorf("right hash declared: %v", err)
	}
}

// Paths are encoded twice, which only shows when they have something to encode.
func TestSDKPaths(t *testing.T) {
	for _, path := range []string{"/", "", "/a%20b/c", "/p%2Fq", "/caf%C3%A9/", "/a+b@c:d"} {
		t.Run(path, func(t *testing.T) {
			r := sdkRequest(t, "http://idp.example.com"+path)
			if err := v4.NewSigner().SignHTTP(t.Context(), sdkCredentials(), r, hexSHA256([]byte(sdkBody)), "cognito-idp", "us-east-1", sdkTime); err != nil {
				t.Fatal(err)
			}
			if err := carry(t, r).check(); err != nil {
				t.Error(err)
			}
		})
	}
}

// The signature may be dated by the Date header alone (RFC 9110 form).
func TestDateHeader(t *testing.T) {
	r := httptest.NewRequest(http.MethodGet, "http://example.amazonaws.com/", nil)
	r.Header.Set("Date", "Sun, 30 Aug 2015 12:36:00 GMT")
	credential := Credential{suiteKeyID, "20150830", "us-east-1", "service"}
	canonical, ok := canonicalRequest(r, []string{"date", "host"}, hexSHA256(nil), 0)
	if !ok {
		t.Fatal("no canonical request")
	}
	if want := "GET\n/\n\ndate:Sun, 30 Aug 2015 12:36:00 GMT\nhost:example.amazonaws.com\n\ndate;host\n" + hexSHA256(nil); canonical != want {
		t.Fatalf("canonical request %q, want %q", canonical, want)
	}
	signature := hexOf(hmacSHA256(SigningKey(suiteSecret, credential), stringToSign(suiteNow(t), credential, canonical)))
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+suiteScope+",SignedHeaders=date;host,Signature="+signature)
	s, err := Parse(r)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Verify(r, nil, suiteSecret, suiteNow(t)); err != nil {
		t.Error(err)
	}
}
