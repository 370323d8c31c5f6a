package sigv4

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// canonicalRequest is the text that is hashed into the string to sign. It
// reports false if a signed header is missing from the request or the query
// does not decode: then no signature can be right.
//
// payloadHash is the last line, a hex SHA-256; bodyLength stands in for a
// Content-Length that a proxy replaced by chunks after signing.
func canonicalRequest(r *http.Request, signedHeaders []string, payloadHash string, bodyLength int) (string, bool) {
	query, ok := canonicalQuery(r.URL.RawQuery)
	if !ok {
		return "", false
	}
	var b strings.Builder
	b.WriteString(r.Method + "\n" + canonicalURI(r.URL) + "\n" + query + "\n")
	for _, name := range signedHeaders {
		values, ok := headerValues(r, name, bodyLength)
		if !ok {
			return "", false
		}
		b.WriteString(name)
		b.WriteByte(':')
		for i, value := range values {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(foldSpaces(value))
		}
		b.WriteByte('\n')
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

// foldSpaces trims a header value and makes each run of spaces one.
func foldSpaces(value string) string {
	value = strings.Trim(value, " \t")
	if !strings.Contains(value, "  ") {
		return value
	}
	var b strings.Builder
	for i := range len(value) {
		if value[i] != ' ' || value[i-1] != ' ' { // trimmed: the first is no space
			b.WriteByte(value[i])
		}
	}
	return b.String()
}

// canonicalURI is the path without empty and dot segments, its wire form
// percent-encoded once more, as every service but S3 has it.
func canonicalURI(u *url.URL) string {
	path := u.EscapedPath()
	var kept []string
	for segment := range strings.SplitSeq(path, "/") {
		switch segment {
		case "", ".":
		case "..":
			kept = kept[:max(len(kept)-1, 0)]
		default:
			kept = append(kept, escape(segment))
		}
	}
	if len(kept) == 0 {
		return "/"
	}
	canonical := "/" + strings.Join(kept, "/")
	if strings.HasSuffix(path, "/") {
		canonical += "/"
	}
	return canonical
}

// canonicalQuery re-encodes the parameters and sorts them by encoded name, then
// value, leaving out the signature itself. A plus sign is a space, as it is for
// everything that reads the query after verification.
func canonicalQuery(raw string) (string, bool) {
	if raw == "" {
		return "", true
	}
	query, err := url.ParseQuery(raw)
	if err != nil {
		return "", false
	}
	type parameter struct{ name, value string }
	var parameters []parameter
	for name, values := range query {
		if name == "X-Amz-Signature" {
			continue
		}
		for _, value := range values {
			parameters = append(parameters, parameter{escape(name), escape(value)})
		}
	}
	slices.SortFunc(parameters, func(a, b parameter) int {
		if c := strings.Compare(a.name, b.name); c != 0 {
			return c
		}
		return strings.Compare(a.value, b.value)
	})
	var b strings.Builder
	for i, p := range parameters {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(p.name + "=" + p.value)
	}
	return b.String(), true
}

// escape percent-encodes all but the unreserved characters of RFC 3986 section
// 2.3, with upper-case digits. url.QueryEscape differs on the space.
func escape(text string) string {
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(text) {
		c := text[i]
		if c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c == '-' || c == '_' || c == '.' || c == '~' {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteByte(digits[c>>4])
		b.WriteByte(digits[c&15])
	}
	return b.String()
}
