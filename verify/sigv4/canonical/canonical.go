// Package canonical writes the parts of an HTTP request as AWS Signature Version 4
// signs them. Whoever signs and whoever verifies must write them alike, so the
// server, its public verifier and its clients have the rules from here.
//
// Source: "Create a signed AWS API request" in the AWS IAM User Guide.
package canonical

import (
	"net/url"
	"slices"
	"strings"
)

// Path is the path without empty and dot segments, its wire form percent-encoded
// once more, as every service but S3 has it.
func Path(u *url.URL) string {
	path := u.EscapedPath()
	var kept []string
	for segment := range strings.SplitSeq(path, "/") {
		switch segment {
		case "", ".":
		case "..":
			kept = kept[:max(len(kept)-1, 0)]
		default:
			kept = append(kept, Escape(segment))
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

// Query re-encodes the parameters of a query and sorts them by encoded name, then
// value, leaving out the signature itself. A plus sign is a space, as it is for
// everything that reads the query after verification. It reports false if the
// query does not decode.
func Query(raw string) (string, bool) {
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
			parameters = append(parameters, parameter{Escape(name), Escape(value)})
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

// Header is the line of a header, with the newline: its name, which must be in lower
// case, and its values, each trimmed and with every run of spaces made one.
func Header(name string, values []string) string {
	var b strings.Builder
	b.WriteString(name)
	b.WriteByte(':')
	for i, value := range values {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(fold(value))
	}
	b.WriteByte('\n')
	return b.String()
}

func fold(value string) string {
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

// Escape percent-encodes all but the unreserved characters of RFC 3986 section
// 2.3, with upper-case digits. url.QueryEscape differs on the space.
func Escape(text string) string {
	return strings.ReplaceAll(url.QueryEscape(text), "+", "%20")
}
