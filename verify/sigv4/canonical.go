package sigv4

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/poolhouse/poolhouse/verify/sigv4/canonical"
)

// emptyHash is the SHA-256 of no bytes.
const emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// stringToSign is what the signature is of; false if a signed header is missing or
// the query does not decode.
func (s *signature) stringToSign(r *http.Request, payloadHash string) (string, bool) {
	query, ok := canonical.Query(r.URL.RawQuery)
	if !ok {
		return "", false
	}
	var b strings.Builder
	b.WriteString(r.Method + "\n" + canonicalURI(r.URL, s.service) + "\n" + query + "\n")
	for _, name := range s.headers {
		values, ok := headerValues(r, name)
		if !ok {
			return "", false
		}
		b.WriteString(canonical.Header(name, values))
	}
	b.WriteString("\n" + strings.Join(s.headers, ";") + "\n" + payloadHash)
	return algorithm + "\n" + s.time.Format(timeFormat) + "\n" + s.scope() + "\n" + hexSHA256([]byte(b.String())), true
}

// headerValues finds a header by its lower-case name. net/http keeps the Host
// header and the length apart.
func headerValues(r *http.Request, name string) ([]string, bool) {
	switch name {
	case "host":
		return []string{r.Host}, r.Host != ""
	case "content-length":
		return []string{strconv.FormatInt(r.ContentLength, 10)}, r.ContentLength >= 0
	case "transfer-encoding":
		return r.TransferEncoding, len(r.TransferEncoding) > 0
	}
	values := r.Header.Values(name)
	return values, len(values) > 0
}

// canonicalURI is the path as a service signs it: S3 takes it as it is, encoded
// once.
func canonicalURI(u *url.URL, service string) string {
	if !strings.HasPrefix(service, "s3") {
		return canonical.Path(u)
	}
	var kept []string
	for segment := range strings.SplitSeq(u.EscapedPath(), "/") { // an encoded slash is no separator
		plain, err := url.PathUnescape(segment)
		if err != nil {
			plain = segment
		}
		kept = append(kept, canonical.Escape(plain))
	}
	return cmp.Or(strings.Join(kept, "/"), "/")
}

func hmacSHA256(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

func hexHMAC(key []byte, text string) string { return hex.EncodeToString(hmacSHA256(key, text)) }

func hexSHA256(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
