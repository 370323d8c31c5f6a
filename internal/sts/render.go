package sts

import (
	"encoding/xml"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/poolhouse/poolhouse/internal/credentials"
	"github.com/poolhouse/poolhouse/internal/fault"
)

type response struct {
	XMLName   xml.Name
	Xmlns     string `xml:"xmlns,attr"`
	Result    any
	RequestID string `xml:"ResponseMetadata>RequestId"`
}

type assumeRoleResult struct {
	XMLName     xml.Name        `xml:"AssumeRoleWithWebIdentityResult"`
	Subject     string          `xml:"SubjectFromWebIdentityToken"`
	Audience    string          `xml:"Audience"`
	User        assumedRoleUser `xml:"AssumedRoleUser"`
	Credentials xmlCredentials  `xml:"Credentials"`
	Provider    string          `xml:"Provider"`
}

type assumedRoleUser struct {
	ID  string `xml:"AssumedRoleId"`
	ARN string `xml:"Arn"`
}

type sessionTokenResult struct {
	XMLName     xml.Name       `xml:"GetSessionTokenResult"`
	Credentials xmlCredentials `xml:"Credentials"`
}

type callerIdentity struct {
	XMLName xml.Name `xml:"GetCallerIdentityResult"`
	ARN     string   `xml:"Arn"`
	UserID  string   `xml:"UserId"`
	Account string   `xml:"Account"`
}

type xmlCredentials struct {
	AccessKeyID     string `xml:"AccessKeyId"`
	SecretAccessKey string `xml:"SecretAccessKey"`
	SessionToken    string `xml:"SessionToken"`
	Expiration      string `xml:"Expiration"`
}

func newCredentials(set credentials.Set) xmlCredentials {
	return xmlCredentials{set.AccessKeyID, set.SecretKey, set.SessionToken, set.Expiration.UTC().Format(time.RFC3339)}
}

type errorResponse struct {
	XMLName   xml.Name `xml:"ErrorResponse"`
	Xmlns     string   `xml:"xmlns,attr"`
	Error     xmlError `xml:"Error"`
	RequestID string   `xml:"RequestId"`
}

type xmlError struct {
	Type, Code, Message string
}

// A refusal is an answer in STS's own words.
type refusal struct {
	status  int
	code    string
	message string
}

func (r *refusal) Error() string { return r.code + ": " + r.message }

func invalid(message string) error {
	return &refusal{http.StatusBadRequest, "ValidationError", message}
}

func missing(member string) error {
	return invalid("1 validation error detected: Value null at '" + member + "' failed to satisfy constraint: Member must not be null")
}

func invalidAction(action, version string) error {
	if action == "" {
		return &refusal{http.StatusBadRequest, "MissingAction", "Could not find operation NO_ACTION_SPECIFIED for version " + orNone(version)}
	}
	return &refusal{http.StatusBadRequest, "InvalidAction", "Could not find operation " + bounded(action) + " for version " + orNone(version)}
}

func orNone(version string) string {
	if version == "" {
		return "NO_VERSION_SPECIFIED"
	}
	return bounded(version)
}

// bounded is the caller's own text in a message.
func bounded(text string) string {
	return strings.ToValidUTF8(text[:min(len(text), 256)], "?")
}

// queryNames are the codes of faults as the query protocol has them, with their
// status.
var queryNames = map[fault.Code]struct {
	code   string
	status int
}{
	fault.AccessDenied:               {"AccessDenied", http.StatusForbidden},
	fault.MissingAuthenticationToken: {"MissingAuthenticationToken", http.StatusForbidden},
	fault.IncompleteSignature:        {"IncompleteSignature", http.StatusBadRequest},
	fault.InvalidSignature:           {"SignatureDoesNotMatch", http.StatusForbidden},
	fault.UnrecognizedClient:         {"InvalidClientTokenId", http.StatusForbidden},
	fault.ExpiredToken:               {"ExpiredToken", http.StatusForbidden},
	fault.PackedPolicyTooLarge:       {"PackedPolicyTooLarge", http.StatusBadRequest},
	fault.InvalidParameter:           {"ValidationError", http.StatusBadRequest},
}

// explain is how the caller sees err.
func explain(err error) (status int, shown xmlError) {
	if r, ok := errors.AsType[*refusal](err); ok {
		return r.status, xmlError{"Sender", r.code, r.message}
	}
	if f, ok := errors.AsType[*fault.Error](err); ok {
		if name, ok := queryNames[f.Code]; ok {
			return name.status, xmlError{"Sender", name.code, f.Message}
		}
		return f.HTTPStatus(), xmlError{"Sender", strings.TrimSuffix(string(f.Code), "Exception"), f.Message}
	}
	return http.StatusInternalServerError, xmlError{"Receiver", "InternalFailure", "Internal server error"}
}

func encode(w http.ResponseWriter, status int, answer any) error {
	text, err := xml.Marshal(answer)
	if err != nil {
		return err
	}
	w.WriteHeader(status)
	_, err = w.Write(text)
	return err
}
