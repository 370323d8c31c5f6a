package sigv4

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/poolhouse/poolhouse/verify/sigv4/canonical"
)

// canonicalRequest is the text that is hashed into the string to sign. It
// reports false if a signed header is missing from the request or the query
// does not decode: then no signature can be right.
//
// payloadHash is the last line, a hex SHA-256; bodyLength stands in for a
// Content-Length that a proxy replaced by chunks after signing.
func canonicalRequest(r *http.Request, signedHeaders []string, payloadHash string, bodyLength int) (string, bool) {
	query, ok := canonical.Query(r.URL.RawQuery)
	if !ok {
		return "", false
	}
	var b strings.Builder
	b.WriteString(r.Method + "\n" + canonical.Path(r.URL) + "\n" + query + "\n")
	for _, name := range signedHeaders {
		values, ok := headerValues(r, name, bodyLength)
		if !ok {
			return "", false
		}
		b.WriteString(canonical.Header(name, values))
	}
	b.WriteString("\n" + strings.Join(signedHeaders, ";") + "\n" + payloadHash)
	return b.String(), true
}

// headerValues finds a header by its lower-case name. net/http keeps the Host
// header apart.
func headerValues(r *http.Request, name string, bodyLength int) ([]string, bool) {
	if name == "host" {
		return []string{r.Host}, r.Host != ""
	}
	if values := r.Header.Values(name); len(values) > 0 {
		return values, true
	}
	if name == "content-length" {
		return []string{strconv.Itoa(bodyLength)}, true
	}
	return nil, false
}
