package sigv4

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"
	"time"
)

// parseHeader reads the Authorization header and the headers that go with it.
func parseHeader(h http.Header) (*Signature, error) {
	if len(h["Authorization"]) > 1 {
		return nil, incomplete("The request has more than one Authorization header.")
	}
	authorization := h["Authorization"][0]
	if len(authorization) > maxAuthorization {
		return nil, incomplete("The Authorization header is too long.")
	}
	fields, err := authorizationFields(authorization)
	if err != nil {
		return nil, err
	}
	signed, found, dateErr := headerTime(h)

	// AWS names everything that is missing in one message.
	var missing strings.Builder
	for _, name := range []string{"Credential", "Signature", "SignedHeaders"} {
		if fields[name] == "" {
			missing.WriteString("Authorization header requires '" + name + "' parameter. ")
		}
	}
	if !found {
		missing.WriteString("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ")
	}
	if missing.Len() > 0 {
		// The header may hold a token meant for another scheme: AWS gives its hash.
		return nil, incomplete(missing.String() + "(Hashed with SHA-256 and encoded with Base64) Authorization=" + hashed(authorization))
	}
	if dateErr != nil {
		return nil, dateErr
	}

	s := &Signature{Time: signed, signature: fields["Signature"]}
	if s.Credential, err = parseCredential(fields["Credential"]); err != nil {
		return nil, err
	}
	if s.SignedHeaders, err = parseSignedHeaders(fields["SignedHeaders"]); err != nil {
		return nil, err
	}
	s.SecurityToken, err = headerToken(h)
	return s, err
}

// authorizationFields splits the header into its key=value pairs. A header of
// another scheme has none of the pairs, and is answered as AWS does.
func authorizationFields(authorization string) (map[string]string, error) {
	scheme, rest, _ := strings.Cut(strings.TrimSpace(authorization), " ")
	if scheme != algorithm {
		if strings.HasPrefix(scheme, "AWS4-") {
			return nil, incomplete("Unsupported AWS 'algorithm': '" + echo(scheme) + "'.")
		}
		return nil, nil
	}
	if strings.TrimSpace(rest) == "" {
		return nil, nil
	}
	fields := make(map[string]string, 3)
	for pair := range strings.SplitSeq(rest, ",") {
		pair = strings.TrimSpace(pair)
		name, value, ok := strings.Cut(pair, "=")
		if !ok {
			return nil, incomplete("Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and encoded with Base64): '" + hashed(authorization) + "'.")
		}
		switch name {
		case "Credential", "SignedHeaders", "Signature":
		default:
			return nil, incomplete("Authorization header has the unknown parameter '" + echo(name) + "'.")
		}
		if _, twice := fields[name]; twice {
			return nil, incomplete("Authorization header has more than one '" + name + "' parameter.")
		}
		fields[name] = value
	}
	return fields, nil
}

// headerTime is the signing time: X-Amz-Date, or Date when that is absent.
func headerTime(h http.Header) (signed time.Time, found bool, err error) {
	if values := h["X-Amz-Date"]; len(values) > 0 {
		if len(values) > 1 {
			return time.Time{}, true, incomplete("The request has more than one X-Amz-Date header.")
		}
		signed, err = parseTime(values[0])
		return signed, true, err
	}
	values := h["Date"]
	if len(values) == 0 {
		return time.Time{}, false, nil
	}
	if len(values) > 1 {
		return time.Time{}, true, incomplete("The request has more than one Date header.")
	}
	if t, err := http.ParseTime(values[0]); err == nil {
		return t.UTC(), true, nil
	}
	signed, err = parseTime(values[0])
	return signed, true, err
}

func parseTime(text string) (time.Time, error) {
	t, err := time.Parse(timeFormat, text)
	// time.Parse takes a fraction the layout does not have.
	if err != nil || len(text) != len(timeFormat) {
		return time.Time{}, incomplete("Date must be in ISO-8601 'basic format'. Got '" + echo(text) + "'. See http://en.wikipedia.org/wiki/ISO_8601")
	}
	return t, nil
}

// headerToken is the session token of the header form, if any.
func headerToken(h http.Header) (string, error) {
	values := h["X-Amz-Security-Token"]
	if len(values) == 0 {
		return "", nil
	}
	if len(values) > 1 || len(values[0]) > maxToken {
		return "", incomplete("The X-Amz-Security-Token header is repeated or too long.")
	}
	return values[0], nil
}

func hashed(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base64.StdEncoding.EncodeToString(sum[:])
}
