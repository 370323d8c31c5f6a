package sigv4

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	algorithm  = "AWS4-HMAC-SHA256"
	terminator = "aws4_request"
	timeFormat = "20060102T150405Z"

	maxExpires       = 7 * 24 * time.Hour
	maxAuthorization = 8 << 10
	maxQuery         = 16 << 10
	maxToken         = 8 << 10
	maxSignedHeaders = 64
	maxScopePart     = 128
)

// A signature is what a request claims about its signing.
type signature struct {
	keyID, date, region, service string

	time      time.Time
	presigned bool
	expires   time.Duration // of a presigned request
	token     string        // the session token
	headers   []string      // that are signed: lower case, ascending
	value     string        // hex
}

func (s *signature) scope() string {
	return s.date + "/" + s.region + "/" + s.service + "/" + terminator
}

func (s *signature) signs(name string) bool {
	_, ok := slices.BinarySearch(s.headers, name)
	return ok
}

// parse reads the signature of a request without checking it.
func parse(r *http.Request) (*signature, error) {
	if len(r.URL.RawQuery) > maxQuery {
		return nil, fail(ErrMalformed)
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	inHeader := len(r.Header["Authorization"]) > 0
	inQuery := query.Has("X-Amz-Algorithm") || query.Has("X-Amz-Credential") || query.Has("X-Amz-Signature")
	if !inHeader && !inQuery {
		return nil, fail(ErrMissing)
	}
	if err != nil || inHeader && inQuery {
		return nil, fail(ErrMalformed)
	}
	var fields map[string]string
	var ok bool
	if inHeader {
		fields, ok = headerFields(r.Header)
	} else {
		fields, ok = queryFields(query, r.Header)
	}
	if !ok {
		return nil, fail(ErrMalformed)
	}
	s := &signature{presigned: inQuery, token: fields["Token"], value: fields["Signature"]}
	if !s.readCredential(fields["Credential"]) || !s.readHeaders(fields["SignedHeaders"]) || !s.readTimes(fields["Date"], fields["Expires"]) {
		return nil, fail(ErrMalformed)
	}
	if s.date != s.time.Format("20060102") {
		return nil, fail(ErrScope)
	}
	return s, s.checkHeaders(r)
}

// headerFields reads the Authorization header and what goes with it.
func headerFields(h http.Header) (map[string]string, bool) {
	text, ok := one(h, "Authorization", maxAuthorization)
	scheme, rest, _ := strings.Cut(strings.TrimSpace(text), " ")
	if !ok || scheme != algorithm {
		return nil, false
	}
	fields := make(map[string]string, 5)
	for pair := range strings.SplitSeq(rest, ",") {
		name, value, ok := strings.Cut(strings.TrimSpace(pair), "=")
		_, twice := fields[name]
		if !ok || twice || name != "Credential" && name != "SignedHeaders" && name != "Signature" {
			return nil, false
		}
		fields[name] = value
	}
	if fields["Date"], ok = one(h, "X-Amz-Date", len(timeFormat)); !ok {
		return nil, false
	}
	fields["Token"], ok = one(h, "X-Amz-Security-Token", maxToken)
	return fields, ok
}

// queryFields reads a presigned request. Its token may be a header; both at once
// must agree.
func queryFields(query url.Values, h http.Header) (map[string]string, bool) {
	fields := make(map[string]string, 6)
	for field, name := range map[string]string{
		"Algorithm": "X-Amz-Algorithm", "Credential": "X-Amz-Credential", "Signature": "X-Amz-Signature",
		"SignedHeaders": "X-Amz-SignedHeaders", "Date": "X-Amz-Date", "Expires": "X-Amz-Expires", "Token": "X-Amz-Security-Token",
	} {
		if len(query[name]) > 1 || len(query["X-Amz-Content-Sha256"]) > 1 {
			return nil, false
		}
		fields[field] = query.Get(name)
	}
	token, ok := one(h, "X-Amz-Security-Token", maxToken)
	if fields["Token"] == "" {
		fields["Token"] = token
	}
	ok = ok && (token == "" || token == fields["Token"]) && len(fields["Token"]) <= maxToken
	return fields, ok && fields["Algorithm"] == algorithm && fields["Expires"] != ""
}

// one is the only value of a header, or "" for none; false if there are several or
// it is too long.
func one(h http.Header, name string, most int) (string, bool) {
	switch values := h[name]; {
	case len(values) == 0:
		return "", true
	case len(values) > 1 || len(values[0]) > most:
		return "", false
	default:
		return values[0], true
	}
}

// readCredential reads "keyid/date/region/service/aws4_request".
func (s *signature) readCredential(text string) bool {
	parts := strings.Split(text, "/")
	if len(parts) != 5 || parts[4] != terminator {
		return false
	}
	for _, part := range parts {
		if part == "" || len(part) > maxScopePart || strings.ContainsFunc(part, notScopeRune) {
			return false
		}
	}
	s.keyID, s.date, s.region, s.service = parts[0], parts[1], parts[2], parts[3]
	return true
}

func notScopeRune(c rune) bool {
	return (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && c != '-' && c != '_' && c != '.'
}

// readHeaders reads a list such as "content-type;host;x-amz-date".
func (s *signature) readHeaders(text string) bool {
	names := strings.SplitN(text, ";", maxSignedHeaders+1)
	for i, name := range names {
		if name == "" || name != strings.ToLower(name) || i > 0 && names[i-1] >= name {
			return false
		}
	}
	s.headers = names
	return len(names) <= maxSignedHeaders && s.value != ""
}

func (s *signature) readTimes(date, expires string) bool {
	var err error
	if s.time, err = time.Parse(timeFormat, date); err != nil || len(date) != len(timeFormat) {
		return false
	}
	if !s.presigned {
		return true
	}
	seconds, err := strconv.ParseUint(expires, 10, 32)
	s.expires = time.Duration(seconds) * time.Second
	return err == nil && seconds > 0 && s.expires <= maxExpires
}

// checkHeaders wants the host and every x-amz-* header under the signature, so
// that none can be added or exchanged. X-Amz-Cf-Id is CloudFront's, on the way.
func (s *signature) checkHeaders(r *http.Request) error {
	if !s.signs("host") {
		return fail(ErrNotSigned)
	}
	for name := range r.Header {
		name = strings.ToLower(name)
		if strings.HasPrefix(name, "x-amz-") && name != "x-amz-cf-id" && !s.signs(name) {
			return fail(ErrNotSigned)
		}
	}
	// Trailers of HTTP, which come behind the body, are under no signature.
	for name := range r.Trailer {
		if strings.HasPrefix(strings.ToLower(name), "x-amz-") {
			return fail(ErrNotSigned)
		}
	}
	return nil
}

// checkTime holds the signing time against the clock.
func (s *signature) checkTime(now time.Time, skew time.Duration) error {
	now = now.UTC().Truncate(time.Second)
	end := s.time.Add(skew)
	if s.presigned {
		end = s.time.Add(s.expires)
	}
	if s.time.After(now.Add(skew)) || end.Before(now) {
		return fail(ErrTime)
	}
	return nil
}
