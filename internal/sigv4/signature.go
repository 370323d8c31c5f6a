package sigv4

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/poolhouse/poolhouse/internal/fault"
)

const (
	algorithm  = "AWS4-HMAC-SHA256"
	terminator = "aws4_request"

	// timeFormat is ISO 8601 basic, the only form a signature's time has in
	// the string to sign.
	timeFormat = "20060102T150405Z"
	dateFormat = "20060102"

	// MaxSkew is how far the signing time may lie from the server's clock on
	// either side. AWS documents five minutes for most services.
	MaxSkew = 5 * time.Minute

	// MaxExpires is the longest life of a presigned request: seven days.
	MaxExpires = 7 * 24 * time.Hour

	maxAuthorization = 8 << 10
	maxQuery         = 16 << 10
	maxToken         = 8 << 10
	maxSignedHeaders = 64
	maxScopePart     = 128
	maxEcho          = 256 // of the caller's own text in a message
)

// ErrNone is what Parse answers for a request that carries no signature at all.
var ErrNone error = fault.New(fault.MissingAuthenticationToken, "Missing Authentication Token")

// ErrUnknownKey is for the caller of Parse to answer when the access key id is
// not on record, is disabled, or does not go with the session token.
var ErrUnknownKey error = fault.New(fault.UnrecognizedClient, "The security token included in the request is invalid.")

// A Credential is the scope of a signature: whose key made it, for which UTC
// day (YYYYMMDD), region and service.
type Credential struct {
	AccessKeyID, Date, Region, Service string
}

// scope is the credential without the key id, as the string to sign has it.
func (c Credential) scope() string {
	return c.Date + "/" + c.Region + "/" + c.Service + "/" + terminator
}

// Valid reports whether the parts are written as those of a signature are.
func (c Credential) Valid() bool {
	for _, part := range []string{c.AccessKeyID, c.Date, c.Region, c.Service} {
		if part == "" || len(part) > maxScopePart || strings.ContainsFunc(part, notScopeRune) {
			return false
		}
	}
	return true
}

// A Signature is what a request claims about its signing. Nothing in it may be
// trusted before Verify has returned nil.
type Signature struct {
	Credential    Credential
	Time          time.Time     // when the caller signed, UTC, whole seconds
	Presigned     bool          // the signature came in the query
	Expires       time.Duration // life of a presigned request; 0 in the header form
	SecurityToken string        // X-Amz-Security-Token, empty for long-term keys
	SignedHeaders []string      // lower case, ascending, without repeats

	signature string
}

// Parse reads the signature of r without checking it. It returns ErrNone when
// there is none, IncompleteSignatureException when pieces are missing or
// malformed, and InvalidSignatureException when they contradict each other or
// leave unsigned what must be signed.
func Parse(r *http.Request) (*Signature, error) {
	if len(r.URL.RawQuery) > maxQuery {
		return nil, incomplete("The query string is too long.")
	}
	// An undecodable query cannot carry a valid signature, but the parts that
	// do decode still tell which form was meant.
	query, queryErr := url.ParseQuery(r.URL.RawQuery)
	inHeader := len(r.Header["Authorization"]) > 0
	inQuery := query.Has("X-Amz-Algorithm") || query.Has("X-Amz-Credential") || query.Has("X-Amz-Signature")

	var s *Signature
	var err error
	switch {
	case inHeader && inQuery:
		return nil, invalid("Only one auth mechanism allowed; only the X-Amz-Signature query string parameter or the Authorization header should be specified.")
	case inHeader:
		s, err = parseHeader(r.Header)
	case inQuery:
		s, err = parseQuery(query, r.Header)
	default:
		return nil, ErrNone
	}
	if err != nil {
		return nil, err
	}
	if queryErr != nil {
		return nil, incomplete("The query string is not correctly percent-encoded.")
	}
	if day := s.Time.Format(dateFormat); s.Credential.Date != day {
		return nil, invalid("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '" +
			echo(s.Credential.Date) + "' != '" + day + "', from '" + s.Time.Format(timeFormat) + "'.")
	}
	if err := s.checkSignedHeaders(r); err != nil {
		return nil, err
	}
	return s, nil
}

// CheckScope returns InvalidSignatureException unless the signature is made for
// this region and service.
func (s *Signature) CheckScope(region, service string) error {
	var wrong []string
	if s.Credential.Region != region {
		wrong = append(wrong, "Credential should be scoped to a valid region, not '"+echo(s.Credential.Region)+"'. ")
	}
	if s.Credential.Service != service {
		wrong = append(wrong, "Credential should be scoped to correct service: '"+service+"'. ")
	}
	if wrong == nil {
		return nil
	}
	return invalid(strings.Join(wrong, ""))
}

// parseCredential reads "keyid/date/region/service/aws4_request".
func parseCredential(text string) (Credential, error) {
	parts := strings.Split(text, "/")
	if len(parts) != 5 {
		return Credential{}, incomplete("Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '" + echo(text) + "'")
	}
	for _, part := range parts {
		if part == "" || len(part) > maxScopePart || strings.ContainsFunc(part, notScopeRune) {
			return Credential{}, incomplete("Credential has an empty or malformed element, got '" + echo(text) + "'")
		}
	}
	if parts[4] != terminator {
		return Credential{}, invalid("Credential should be scoped with a valid terminator: '" + terminator + "', not '" + echo(parts[4]) + "'.")
	}
	return Credential{AccessKeyID: parts[0], Date: parts[1], Region: parts[2], Service: parts[3]}, nil
}

// notScopeRune allows what key ids, regions and service names are made of.
func notScopeRune(c rune) bool {
	return (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && c != '-' && c != '_' && c != '.'
}

// parseSignedHeaders reads a list such as "content-type;host;x-amz-date". AWS
// wants it lower case and sorted, and without repeats there is one reading.
func parseSignedHeaders(text string) ([]string, error) {
	names := strings.SplitN(text, ";", maxSignedHeaders+1)
	if len(names) > maxSignedHeaders {
		return nil, incomplete("SignedHeaders names too many headers.")
	}
	for i, name := range names {
		if name == "" || strings.ContainsFunc(name, notHeaderRune) || i > 0 && names[i-1] >= name {
			return nil, incomplete("SignedHeaders must be a sorted list of lower-case header names delimited by semicolons, got '" + echo(text) + "'")
		}
	}
	return names, nil
}

// notHeaderRune allows the token characters of RFC 9110 section 5.6.2, without
// the upper-case letters.
func notHeaderRune(c rune) bool {
	return (c < '0' || c > '9') && (c < 'a' || c > 'z') && !strings.ContainsRune("!#$%&'*+-.^_`|~", c)
}

func incomplete(message string) error { return fault.New(fault.IncompleteSignature, message) }

func invalid(message string) error { return fault.New(fault.InvalidSignature, message) }

// echo bounds the caller's own text for use in a message.
func echo(text string) string {
	if len(text) > maxEcho {
		text = text[:maxEcho]
	}
	return strings.ToValidUTF8(text, "?")
}
