package verify

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"time"

	"github.com/poolhouse/poolhouse/verify/sigv4/canonical"
)

// emptyHash is the SHA-256 of no body.
const emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// AccessKey is an access key of a Poolhouse server.
type AccessKey struct {
	ID     string
	Secret string
	// SessionToken is for temporary credentials.
	SessionToken string
}

// String is the id alone, so that the secret is not logged by mistake.
func (k AccessKey) String() string { return "access key " + k.ID }

// GoString is String.
func (k AccessKey) GoString() string { return k.String() }

// sign adds an AWS Signature Version 4 to a request without a body. The path
// must be plain: unreserved characters and slashes, nothing to normalize.
//
// Source: "Create a signed AWS API request" in the AWS IAM User Guide.
func (k AccessKey) sign(r *http.Request, region, service string, now time.Time) {
	stamp := now.UTC().Format("20060102T150405Z")
	r.Header.Set("X-Amz-Date", stamp)
	host := r.Host
	if host == "" {
		host = r.URL.Host
	}
	names, headers := "host;x-amz-date", "host:"+host+"\nx-amz-date:"+stamp+"\n"
	if k.SessionToken != "" {
		r.Header.Set("X-Amz-Security-Token", k.SessionToken)
		names += ";x-amz-security-token"
		headers += "x-amz-security-token:" + k.SessionToken + "\n"
	}
	query, _ := canonical.Query(r.URL.RawQuery) // ours, and well formed
	text := r.Method + "\n" + r.URL.EscapedPath() + "\n" + query + "\n" + headers + "\n" + names + "\n" + emptyHash
	digest := sha256.Sum256([]byte(text))
	scope := stamp[:8] + "/" + region + "/" + service + "/aws4_request"
	toSign := "AWS4-HMAC-SHA256\n" + stamp + "\n" + scope + "\n" + hex.EncodeToString(digest[:])
	key := []byte("AWS4" + k.Secret)
	for part := range strings.SplitSeq(scope, "/") {
		key = hmacSHA256(key, part)
	}
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+k.ID+"/"+scope+
		", SignedHeaders="+names+", Signature="+hex.EncodeToString(hmacSHA256(key, toSign)))
}

func hmacSHA256(key []byte, text string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}
