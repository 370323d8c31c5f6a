package sigv4

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// parseQuery reads a presigned request.
func parseQuery(query url.Values, h http.Header) (*Signature, error) {
	var missing strings.Builder
	for _, name := range []string{"X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature", "X-Amz-SignedHeaders", "X-Amz-Date", "X-Amz-Expires"} {
		switch values := query[name]; {
		case len(values) > 1:
			return nil, incomplete("AWS query-string parameters must include '" + name + "' only once.")
		case len(values) == 0 || values[0] == "":
			missing.WriteString("AWS query-string parameters must include '" + name + "'. ")
		}
	}
	if missing.Len() > 0 {
		return nil, incomplete(missing.String() + "Re-examine the query-string parameters.")
	}
	if a := query.Get("X-Amz-Algorithm"); a != algorithm {
		return nil, incomplete("Unsupported AWS 'algorithm': '" + echo(a) + "'.")
	}

	s := &Signature{Presigned: true, signature: query.Get("X-Amz-Signature")}
	var err error
	if s.Credential, err = parseCredential(query.Get("X-Amz-Credential")); err != nil {
		return nil, err
	}
	if s.SignedHeaders, err = parseSignedHeaders(query.Get("X-Amz-SignedHeaders")); err != nil {
		return nil, err
	}
	if s.Time, err = parseTime(query.Get("X-Amz-Date")); err != nil {
		return nil, err
	}
	if s.Expires, err = parseExpires(query.Get("X-Amz-Expires")); err != nil {
		return nil, err
	}
	s.SecurityToken, err = queryToken(query, h)
	return s, err
}

// parseExpires reads a number of seconds from 1 to 604800.
func parseExpires(text string) (time.Duration, error) {
	seconds, err := strconv.ParseUint(text, 10, 32)
	if err != nil || seconds == 0 {
		return 0, incomplete("X-Amz-Expires must be a positive number of seconds.")
	}
	life := time.Duration(seconds) * time.Second
	if life > MaxExpires {
		return 0, incomplete("X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds")
	}
	return life, nil
}

// queryToken is the session token of a presigned request. Signers may leave it
// a header; both at once must agree, or one of them would be unread.
func queryToken(query url.Values, h http.Header) (string, error) {
	token, err := headerToken(h)
	if err != nil {
		return "", err
	}
	values := query["X-Amz-Security-Token"]
	switch {
	case len(values) == 0:
		return token, nil
	case len(values) > 1 || len(values[0]) > maxToken || token != "" && token != values[0]:
		return "", incomplete("The X-Amz-Security-Token parameter is repeated, too long or contradicted by a header.")
	}
	return values[0], nil
}
