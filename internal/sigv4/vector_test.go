package sigv4

import (
	"bufio"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// The key, time and scope of AWS's published Signature Version 4 test suite.
const (
	suiteKeyID  = "AKIDEXAMPLE"
	suiteSecret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
	suiteTime   = "20150830T123600Z"
	suiteScope  = suiteKeyID + "/20150830/us-east-1/service/aws4_request"
)

func suiteNow(t testing.TB) time.Time {
	t.Helper()
	now, err := time.Parse(timeFormat, suiteTime)
	if err != nil {
		t.Fatal(err)
	}
	return now
}

// wire reads a request as net/http's server would, and returns it with its body.
func wire(t testing.TB, text string) (*http.Request, []byte) {
	t.Helper()
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(strings.ReplaceAll(text, "\n", "\r\n"))))
	if err != nil {
		t.Fatalf("request %q: %v", text, err)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r, body
}

// Signatures are those the suite publishes. Its cases whose request line is
// not HTTP (a raw space or raw UTF-8 in the path) cannot reach a Go server.
func TestPublishedSuite(t *testing.T) {
	tests := []struct {
		name      string
		request   string // request line and headers besides the common ones
		body      string
		signed    string
		signature string
	}{
		{"get-vanilla", "GET / HTTP/1.1", "", "host;x-amz-date",
			"5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
		{"get-vanilla-empty-query-key", "GET /?Param1=value1 HTTP/1.1", "", "host;x-amz-date",
			"a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb"},
		{"get-vanilla-query-order-key-case", "GET /?Param2=value2&Param1=value1 HTTP/1.1", "", "host;x-amz-date",
			"b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
		{"get-vanilla-query-unreserved",
			"GET /?-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz=-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz HTTP/1.1",
			"", "host;x-amz-date", "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197"},
		{"get-vanilla-utf8-query", "GET /?\u1234=bar HTTP/1.1", "", "host;x-amz-date",
			"2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"},
		{"get-unreserved", "GET /-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz HTTP/1.1", "", "host;x-amz-date",
			"07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"},
		{"get-relative", "GET /example/.. HTTP/1.1", "", "host;x-amz-date",
			"5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
		{"get-slash", "GET // HTTP/1.1", "", "host;x-amz-date",
			"5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
		{"get-slash-dot-slash", "GET /./ HTTP/1.1", "", "host;x-amz-date",
			"5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
		{"get-slash-pointless-dot", "GET /./example HTTP/1.1", "", "host;x-amz-date",
			"ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5"},
		{"get-slashes", "GET //example// HTTP/1.1", "", "host;x-amz-date",
			"9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84"},
		{"get-header-key-duplicate", "GET / HTTP/1.1\nMy-Header1:value2\nMy-Header1:value2\nMy-Header1:value1", "", "host;my-header1;x-amz-date",
			"c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"},
		{"get-header-value-order", "GET / HTTP/1.1\nMy-Header1:value4\nMy-Header1:value1\nMy-Header1:value3\nMy-Header1:value2", "", "host;my-header1;x-amz-date",
			"08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01"},
		{"get-header-value-trim", "GET / HTTP/1.1\nMy-Header1: value1\nMy-Header2: \"a   b   c\"", "", "host;my-header1;my-header2;x-amz-date",
			"acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"},
		{"post-vanilla", "POST / HTTP/1.1", "", "host;x-amz-date",
			"5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
		{"post-vanilla-query", "POST /?Param1=value1 HTTP/1.1", "", "host;x-amz-date",
			"28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"},
		{"post-header-key-sort", "POST / HTTP/1.1\nMy-Header1:value1", "", "host;my-header1;x-amz-date",
			"c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"},
		{"post-header-value-case", "POST / HTTP/1.1\nMy-Header1:VALUE1", "", "host;my-header1;x-amz-date",
			"cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d"},
		{"post-x-www-form-urlencoded", "POST / HTTP/1.1\nContent-Type:application/x-www-form-urlencoded\nContent-Length:13", "Param1=value1", "content-type;host;x-amz-date",
			"ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"},
		{"post-x-www-form-urlencoded-parameters", "POST / HTTP/1.1\nContent-Type:application/x-www-form-urlencoded; charset=utf8\nContent-Length:13", "Param1=value1", "content-type;host;x-amz-date",
			"1a72ec8f64bd914b0e42e42607c7fbce7fb2c7465f63e3092b3b0d39fa77a6fe"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, body := wire(t, tt.request+"\nHost:example.amazonaws.com\nX-Amz-Date:"+suiteTime+
				"\nAuthorization: AWS4-HMAC-SHA256 Credential="+suiteScope+", SignedHeaders="+tt.signed+", Signature="+tt.signature+
				"\n\n"+tt.body)
			s, err := Parse(r)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.CheckScope("us-east-1", "service"); err != nil {
				t.Error(err)
			}
			if err := s.Verify(r, body, suiteSecret, suiteNow(t)); err != nil {
				canonical, _ := canonicalRequest(r, s.SignedHeaders, hexSHA256(body), len(body))
				t.Errorf("%v\ncanonical request:\n%s", err, canonical)
			}
			if err := s.Verify(r, body, suiteSecret+"x", suiteNow(t)); err != errMismatch {
				t.Errorf("another secret: got %v, want %v", err, errMismatch)
			}
		})
	}
}

// The key that AWS's guide derives for 20150830, us-east-1, iam.
func TestSigningKey(t *testing.T) {
	key := SigningKey(suiteSecret, Credential{suiteKeyID, "20150830", "us-east-1", "iam"})
	const want = "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9"
	if got := hexOf(key); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
