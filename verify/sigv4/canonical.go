package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// emptyHash is the SHA-256 of no bytes.
const emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// stringToSign is what the signature is of; false if a signed header is missing or
// the query does not decode.
func (s *signature) stringToSign(r *http.Request, payloadHash string) (string, bool) {
	query, ok := canonicalQuery(r.URL.RawQuery)
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
		folded := make([]string, len(values))
		for i, value := range values {
			folded[i] = strings.Join(strings.FieldsFunc(strings.Trim(value, " \t"), func(c rune) bool { return c == ' ' }), " ")
		}
		b.WriteString(name + ":" + strings.Join(folded, ",") + "\n")
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

// canonicalURI is the path without empty and dot segments, its wire form encoded
// once more; S3 takes it as it is, encoded once.
func canonicalURI(u *url.URL, service string) string {
	if strings.HasPrefix(service, "s3") {
		var kept []string
		for segment := range strings.SplitSeq(u.Path, "/") {
			kept = append(kept, escape(segment))
		}
		if u.RawPath != "" { // it has an encoded slash, which is no separator
			kept = kept[:0]
			for segment := range strings.SplitSeq(u.EscapedPath(), "/") {
				plain, err := url.PathUnescape(segment)
				if err != nil {
					plain = segment
				}
				kept = append(kept, escape(plain))
			}
		}
		if path := strings.Join(kept, "/"); path != "" {
			return path
		}
		return "/"
	}
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
	canonical := "/" + strings.Join(kept, "/")
	if strings.HasSuffix(path, "/") && canonical != "/" {
		canonical += "/"
	}
	return canonical
}

// canonicalQuery re-encodes the parameters and sorts them, without the signature.
func canonicalQuery(raw string) (string, bool) {
	query, err := url.ParseQuery(raw)
	if err != nil {
		return "", false
	}
	type parameter struct{ name, value string }
	var all []parameter
	for name, values := range query {
		if name == "X-Amz-Signature" {
			continue
		}
		for _, value := range values {
			all = append(all, parameter{escape(name), escape(value)})
		}
	}
	slices.SortFunc(all, func(a, b parameter) int {
		if c := strings.Compare(a.name, b.name); c != 0 {
			return c
		}
		return strings.Compare(a.value, b.value)
	})
	pairs := make([]string, len(all))
	for i, p := range all {
		pairs[i] = p.name + "=" + p.value
	}
	return strings.Join(pairs, "&"), true
}

// escape encodes all but the unreserved characters of RFC 3986, section 2.3.
func escape(text string) string {
	return strings.ReplaceAll(url.QueryEscape(text), "+", "%20")
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
