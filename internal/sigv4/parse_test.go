package sigv4

import (
	"bufio"
	"encoding/hex"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/fault"
)

const (
	inc = fault.IncompleteSignature
	inv = fault.InvalidSignature
)

const suiteAuthorization = "AWS4-HMAC-SHA256 Credential=" + suiteScope +
	", SignedHeaders=host;x-amz-date, Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"

func hexOf(b []byte) string { return hex.EncodeToString(b) }

// suiteRequest is get-vanilla with pairs of header name and value set on top;
// an empty value removes the header.
func suiteRequest(headers ...string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "http://example.amazonaws.com/", nil)
	r.Header.Set("X-Amz-Date", suiteTime)
	r.Header.Set("Authorization", suiteAuthorization)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Del(headers[i])
		if headers[i+1] != "" {
			r.Header.Set(headers[i], headers[i+1])
		}
	}
	return r
}

func wantFault(t *testing.T, err error, code fault.Code, text string) {
	t.Helper()
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || f.Code != code || !strings.Contains(f.Message, text) {
		t.Errorf("got %v, want %s with %q", err, code, text)
	}
}

func TestParseHeaderReads(t *testing.T) {
	r := suiteRequest("X-Amz-Security-Token", "tok/en==",
		"Authorization", strings.Replace(suiteAuthorization, "host;x-amz-date", "host;x-amz-date;x-amz-security-token", 1))
	s, err := Parse(r)
	if err != nil {
		t.Fatal(err)
	}
	if want := (Credential{suiteKeyID, "20150830", "us-east-1", "service"}); s.Credential != want {
		t.Errorf("credential %+v, want %+v", s.Credential, want)
	}
	if !s.Time.Equal(suiteNow(t)) || s.Presigned || s.Expires != 0 || s.SecurityToken != "tok/en==" {
		t.Errorf("got %+v", s)
	}
}

func TestParseHeaderRefuses(t *testing.T) {
	auth := func(old, new string) *http.Request {
		return suiteRequest("Authorization", strings.Replace(suiteAuthorization, old, new, 1))
	}
	twice := func(name, value string) *http.Request {
		r := suiteRequest()
		r.Header.Add(name, value)
		return r
	}
	tests := []struct {
		name string
		r    *http.Request
		code fault.Code
		text string
	}{
		{"nothing", suiteRequest("Authorization", ""), fault.MissingAuthenticationToken, "Missing Authentication Token"},
		{"another scheme", suiteRequest("Authorization", "Bearer abc", "X-Amz-Date", ""), inc,
			"Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. " +
				"Authorization header requires 'SignedHeaders' parameter. Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. "},
		{"blank header", suiteRequest("Authorization", " "), inc, "requires 'Credential'"},
		{"algorithm alone", suiteRequest("Authorization", "AWS4-HMAC-SHA256 "), inc, "requires 'Credential'"},
		{"SigV4A", auth("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"), inc, "Unsupported AWS 'algorithm'"},
		{"no credential", auth("Credential="+suiteScope+", ", ""), inc, "Authorization header requires 'Credential' parameter. (Hashed"},
		{"empty signature", auth("5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31", ""), inc, "requires 'Signature'"},
		{"no signed headers", auth("SignedHeaders=host;x-amz-date, ", ""), inc, "requires 'SignedHeaders'"},
		{"no date", suiteRequest("X-Amz-Date", ""), inc, "either a 'X-Amz-Date' or a 'Date' header"},
		{"no equal sign", auth("Credential=", "Credential "), inc, "Invalid key=value pair (missing equal-sign) in Authorization header"},
		{"unknown pair", auth("Signature=", "Extra=1, Signature="), inc, "unknown parameter 'Extra'"},
		{"pair twice", auth("Signature=", "Signature=00, Signature="), inc, "more than one 'Signature'"},
		{"header twice", twice("Authorization", suiteAuthorization), inc, "more than one Authorization"},
		{"header too long", suiteRequest("Authorization", suiteAuthorization+strings.Repeat("0", maxAuthorization)), inc, "too long"},
		{"date twice", twice("X-Amz-Date", suiteTime), inc, "more than one X-Amz-Date"},
		{"token twice", func() *http.Request {
			r := twice("X-Amz-Security-Token", "a")
			r.Header.Add("X-Amz-Security-Token", "b")
			return r
		}(), inc, "X-Amz-Security-Token"},
		{"token too long", suiteRequest("X-Amz-Security-Token", strings.Repeat("a", maxToken+1)), inc, "X-Amz-Security-Token"},
		{"date extended format", suiteRequest("X-Amz-Date", "2015-08-30T12:36:00Z"), inc, "Date must be in ISO-8601 'basic format'. Got '2015-08-30T12:36:00Z'"},
		{"date with fraction", suiteRequest("X-Amz-Date", "20150830T123600.5Z"), inc, "basic format"},
		{"date impossible", suiteRequest("X-Amz-Date", "20150230T123600Z"), inc, "basic format"},
		{"scope short", auth("/service", ""), inc, "Credential must have exactly 5 slash-delimited elements"},
		{"scope empty part", auth("/service/", "//"), inc, "empty or malformed element"},
		{"scope strange rune", auth("us-east-1", "us east"), inc, "empty or malformed element"},
		{"scope part too long", auth("AKIDEXAMPLE", strings.Repeat("A", maxScopePart+1)), inc, "empty or malformed element"},
		{"terminator", auth("aws4_request", "aws5_request"), inv, "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5_request'."},
		{"scope of another day", auth("/20150830/", "/20150829/"), inv,
			"Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20150829' != '20150830', from '20150830T123600Z'."},
		{"signed headers unsorted", auth("host;x-amz-date", "x-amz-date;host"), inc, "SignedHeaders must be"},
		{"signed headers repeated", auth("host;x-amz-date", "host;host;x-amz-date"), inc, "SignedHeaders must be"},
		{"signed headers upper case", auth("host;x-amz-date", "Host;x-amz-date"), inc, "SignedHeaders must be"},
		{"signed headers empty name", auth("host;x-amz-date", "host;;x-amz-date"), inc, "SignedHeaders must be"},
		{"signed headers many", auth("host;x-amz-date", strings.Repeat("a;", maxSignedHeaders)+"host"), inc, "too many"},
		{"host unsigned", auth("host;x-amz-date", "x-amz-date"), inv, "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."},
		{"x-amz-date unsigned", auth("host;x-amz-date", "host"), inv, "not signed: x-amz-date"},
		{"date unsigned", suiteRequest("X-Amz-Date", "", "Date", "Sun, 30 Aug 2015 12:36:00 GMT"), inv, "'Date' must be"},
		{"target unsigned", suiteRequest("X-Amz-Target", "Service.Delete"), inv, "not signed: x-amz-target"},
		{"token unsigned", suiteRequest("X-Amz-Security-Token", "t"), inv, "not signed: x-amz-security-token"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse(tt.r)
			wantFault(t, err, tt.code, tt.text)
		})
	}
	if _, err := Parse(suiteRequest("Authorization", "")); !errors.Is(err, ErrNone) {
		t.Errorf("no signature: got %v, want ErrNone", err)
	}
}

// What clients and proxies add without signing must not stand in the way.
func TestParseLeavesOutsidersAlone(t *testing.T) {
	r := suiteRequest("User-Agent", "aws-sdk", "X-Amzn-Trace-Id", "Root=1", "X-Amz-Cf-Id", "abc", "X-Forwarded-For", "192.0.2.1",
		"Amz-Sdk-Invocation-Id", "1", "Amz-Sdk-Request", "attempt=1", "Content-Type", "application/x-amz-json-1.1", "Via", "1.1 proxy")
	s, err := Parse(r)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Verify(r, nil, suiteSecret, suiteNow(t)); err != nil {
		t.Error(err)
	}
}

func TestParseNeverEchoesAToken(t *testing.T) {
	_, err := Parse(suiteRequest("Authorization", "Bearer eyJhbGciOi"))
	if err == nil || strings.Contains(err.Error(), "eyJhbGciOi") {
		t.Errorf("got %v, want an error without the token", err)
	}
}

func TestParseQuery(t *testing.T) {
	base := map[string]string{
		"X-Amz-Algorithm": "AWS4-HMAC-SHA256", "X-Amz-Credential": suiteScope, "X-Amz-Date": suiteTime,
		"X-Amz-Expires": "60", "X-Amz-SignedHeaders": "host", "X-Amz-Signature": strings.Repeat("0", 64),
	}
	request := func(pairs ...string) *http.Request {
		q := url.Values{}
		for name, value := range base {
			q.Set(name, value)
		}
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i+1] == "" {
				q.Del(pairs[i])
			} else {
				q.Set(pairs[i], pairs[i+1])
			}
		}
		return httptest.NewRequest(http.MethodGet, "http://example.amazonaws.com/?"+q.Encode(), nil)
	}
	tail := func(raw string, headers ...string) *http.Request {
		r := request()
		r.URL.RawQuery += raw
		for i := 0; i < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		return r
	}

	s, err := Parse(request("X-Amz-Security-Token", "t+k=", "X-Amz-Expires", "604800"))
	if err != nil {
		t.Fatal(err)
	}
	if !s.Presigned || s.Expires != MaxExpires || s.SecurityToken != "t+k=" || s.Credential.AccessKeyID != suiteKeyID {
		t.Errorf("got %+v", s)
	}

	tests := []struct {
		name string
		r    *http.Request
		code fault.Code
		text string
	}{
		{"no credential", request("X-Amz-Credential", ""), inc, "AWS query-string parameters must include 'X-Amz-Credential'. Re-examine the query-string parameters."},
		{"no signature", request("X-Amz-Signature", ""), inc, "'X-Amz-Signature'"},
		{"no signed headers", request("X-Amz-SignedHeaders", ""), inc, "'X-Amz-SignedHeaders'"},
		{"no date", request("X-Amz-Date", ""), inc, "'X-Amz-Date'"},
		{"no expiry", request("X-Amz-Expires", ""), inc, "'X-Amz-Expires'"},
		{"no algorithm", request("X-Amz-Algorithm", ""), inc, "'X-Amz-Algorithm'"},
		{"other algorithm", request("X-Amz-Algorithm", "AWS4-ECDSA-P256-SHA256"), inc, "Unsupported AWS 'algorithm'"},
		{"parameter twice", tail("&X-Amz-Expires=60"), inc, "'X-Amz-Expires' only once"},
		{"token twice", tail("&X-Amz-Security-Token=a&X-Amz-Security-Token=a"), inc, "X-Amz-Security-Token"},
		{"token contradicted", tail("&X-Amz-Security-Token=a", "X-Amz-Security-Token", "b"), inc, "contradicted"},
		{"expiry zero", request("X-Amz-Expires", "0"), inc, "positive"},
		{"expiry negative", request("X-Amz-Expires", "-1"), inc, "positive"},
		{"expiry too long", request("X-Amz-Expires", "604801"), inc, "less than a week"},
		{"expiry overflowing", request("X-Amz-Expires", "99999999999999999999"), inc, "positive"},
		{"host unsigned", request("X-Amz-SignedHeaders", "date"), inv, "'Host'"},
		{"target added", tail("", "X-Amz-Target", "Service.Delete"), inv, "not signed: x-amz-target"},
		{"both forms", tail("", "Authorization", suiteAuthorization), inv, "Only one auth mechanism"},
		{"bad escape", tail("&a=%zz"), inc, "percent-encoded"},
		{"semicolon", tail("&a;b=1"), inc, "percent-encoded"},
		{"query too long", tail("&a=" + strings.Repeat("a", maxQuery)), inc, "too long"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse(tt.r)
			wantFault(t, err, tt.code, tt.text)
		})
	}
}

func TestCheckScope(t *testing.T) {
	s := &Signature{Credential: Credential{Region: "us-east-1", Service: "cognito-idp"}}
	if err := s.CheckScope("us-east-1", "cognito-idp"); err != nil {
		t.Error(err)
	}
	wantFault(t, s.CheckScope("eu-west-1", "cognito-idp"), inv, "Credential should be scoped to a valid region, not 'us-east-1'. ")
	wantFault(t, s.CheckScope("us-east-1", "cognito-identity"), inv, "Credential should be scoped to correct service: 'cognito-identity'. ")
}

func TestClock(t *testing.T) {
	signed := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	tests := []struct {
		name    string
		now     time.Duration // after signing
		expires time.Duration // 0: header form
		want    string        // empty: accepted
	}{
		{"at once", 0, 0, ""},
		{"five minutes late", 5 * time.Minute, 0, ""},
		{"within the second", 5*time.Minute + 999*time.Millisecond, 0, ""},
		{"ten minutes late", 10 * time.Minute, 0, "Signature expired: 20260101T000000Z is now earlier than 20260101T000500Z (20260101T001000Z - 5 min.)"},
		{"a second too late", 301 * time.Second, 0, "Signature expired: 20260101T000000Z is now earlier than 20260101T000001Z (20260101T000501Z - 5 min.)"},
		{"five minutes early", -5 * time.Minute, 0, ""},
		{"a second too early", -301 * time.Second, 0, "Signature not yet current: 20260101T000000Z is still later than 20251231T235959Z (20251231T235459Z + 5 min.)"},
		{"presigned, in its life", time.Hour, time.Hour, ""},
		{"presigned, short life", 61 * time.Second, time.Minute, "Signature expired: 20260101T000100Z is now earlier than 20260101T000101Z"},
		{"presigned, too early", -301 * time.Second, time.Hour, "Signature not yet current: "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := &Signature{Time: signed, Expires: tt.expires, Presigned: tt.expires > 0}
			err := s.checkTime(signed.Add(tt.now))
			if tt.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			wantFault(t, err, inv, tt.want)
		})
	}
}

// FuzzParse sends whole requests through net/http's reader: nothing panics,
// every error is a fault, and no forged signature verifies.
func FuzzParse(f *testing.F) {
	const head = "Host: example.amazonaws.com\r\nX-Amz-Date: " + suiteTime + "\r\n"
	f.Add("GET / HTTP/1.1\r\n" + head + "Authorization: " + suiteAuthorization + "\r\n\r\n")
	f.Add("GET /?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=a%2F20150830%2Fr%2Fs%2Faws4_request&X-Amz-Date=" + suiteTime +
		"&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature=00 HTTP/1.1\r\nHost: h\r\n\r\n")
	f.Add("POST /a/../%2e/?b=+&a=%zz HTTP/1.1\r\n" + head + "Date: x\r\nAuthorization: AWS4-HMAC-SHA256 Credential=,=\r\n\r\n")
	now := suiteNow(f)
	f.Fuzz(func(t *testing.T, text string) {
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(text)))
		if err != nil {
			return // net/http refuses it before this package is asked
		}
		s, err := Parse(r)
		if err == nil {
			err = s.Verify(r, nil, "a secret nobody signed with", now)
			if err == nil {
				t.Fatal("a signature without the secret verified")
			}
		}
		if fault.CodeOf(err) == "" {
			t.Fatalf("error %v is no fault", err)
		}
	})
}
