package dpop

import (
	"net/url"
	"strings"
)

// normalize spells an address of http in one way, without query and fragment
// (RFC 9449, 4.3; RFC 3986, 6.2.2 and 6.2.3).
func normalize(text string) (string, bool) {
	text, _, _ = strings.Cut(text, "#")
	text, _, _ = strings.Cut(text, "?")
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.User != nil {
		return "", false
	}
	scheme, host := strings.ToLower(u.Scheme), strings.ToLower(u.Host)
	switch scheme {
	case "https":
		host = strings.TrimSuffix(host, ":443")
	case "http":
		host = strings.TrimSuffix(host, ":80")
	default:
		return "", false
	}
	path := unescape(u.EscapedPath())
	if path == "" {
		path = "/"
	}
	return scheme + "://" + strings.TrimSuffix(host, ":") + path, true
}

// unescape decodes the characters of a path that never need it, and spells the
// other escapes in capitals. The path's escapes are right.
func unescape(path string) string {
	if !strings.Contains(path, "%") {
		return path
	}
	var b strings.Builder
	for i := 0; i < len(path); i++ {
		if path[i] != '%' {
			b.WriteByte(path[i])
			continue
		}
		escape := path[i : i+3]
		if plain, err := url.PathUnescape(escape); err == nil && unreserved(plain[0]) {
			b.WriteString(plain)
		} else {
			b.WriteString(strings.ToUpper(escape))
		}
		i += 2
	}
	return b.String()
}

// unreserved are the characters of RFC 3986, 2.3.
func unreserved(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._~", c) >= 0
}
