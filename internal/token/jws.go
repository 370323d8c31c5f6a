package token

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/poolhouse/poolhouse/internal/keys"
)

// maxJWS bounds the tokens that are looked at. An access token of a user in the
// most groups Cognito allows, 100 of 128 characters each, stays far below it in
// ASCII, and below it whatever the script.
const maxJWS = 128 << 10

var errMalformed = errors.New("malformed token")

// encoding is base64url without padding (RFC 7515, 2), one spelling per value.
var encoding = base64.RawURLEncoding.Strict()

// decode is the inverse of encoding. The decoder of the standard library skips
// line breaks, which would give a token many spellings.
func decode(text string) ([]byte, error) {
	if strings.ContainsAny(text, "\r\n") {
		return nil, errMalformed
	}
	return encoding.DecodeString(text)
}

// joseHeader is the first part of a token: exactly kid and alg, as Cognito's. A
// kid is base64 and needs no escapes.
func joseHeader(kid string) string {
	return encoding.EncodeToString([]byte(`{"kid":"` + kid + `","alg":"RS256"}`))
}

// sign returns claims as a JWS in compact form (RFC 7515, 7.1), RS256.
func sign(key *keys.SigningKey, claims any) (string, error) {
	return signUnder(joseHeader(key.ID), key, claims)
}

// signUnder is sign with a header of its own, which must name the key and RS256.
func signUnder(header string, key *keys.SigningKey, claims any) (string, error) {
	var payload bytes.Buffer
	e := json.NewEncoder(&payload)
	e.SetEscapeHTML(false)
	if err := e.Encode(claims); err != nil {
		return "", err
	}
	signed := header + "." + encoding.EncodeToString(bytes.TrimSuffix(payload.Bytes(), []byte("\n")))
	digest := sha256.Sum256([]byte(signed))
	signature, err := key.Sign(digest[:])
	if err != nil {
		return "", err
	}
	return signed + "." + encoding.EncodeToString(signature), nil
}

// jws is a token in its parts; nothing in it may be believed before verify.
type jws struct {
	kid       string
	claims    claimSet
	signed    string // what the signature is over
	signature []byte
}

// parseJWS takes a token apart. It takes only what sign can have made: three
// parts, one spelling, and a header that has nothing but kid and RS256, so that
// neither the algorithm nor where the key is from is the token's to choose.
func parseJWS(token string) (*jws, error) {
	if len(token) > maxJWS {
		return nil, errMalformed
	}
	header, rest, _ := strings.Cut(token, ".")
	payload, signature, ok := strings.Cut(rest, ".")
	if !ok || strings.Contains(signature, ".") {
		return nil, errMalformed
	}
	headerText, err := decode(header)
	if err != nil {
		return nil, errMalformed
	}
	var h claimSet
	if err := json.Unmarshal(headerText, &h); err != nil {
		return nil, errMalformed
	}
	j := &jws{kid: h.text("kid"), signed: token[:len(header)+1+len(payload)]}
	if joseHeader(j.kid) != header {
		return nil, errMalformed
	}
	payloadText, err := decode(payload)
	if err != nil {
		return nil, errMalformed
	}
	if err := json.Unmarshal(payloadText, &j.claims); err != nil {
		return nil, errMalformed
	}
	if j.signature, err = decode(signature); err != nil {
		return nil, errMalformed
	}
	return j, nil
}

// verify checks the signature.
func (j *jws) verify(key *rsa.PublicKey) error {
	digest := sha256.Sum256([]byte(j.signed))
	return rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], j.signature)
}

// claimSet is a JSON object whose names are compared as they are: encoding/json
// would take "SUB" for a field "sub".
type claimSet map[string]json.RawMessage

// text is the claim as a string, "" if it is absent or something else.
func (c claimSet) text(name string) string {
	var s string
	if json.Unmarshal(c[name], &s) != nil {
		return ""
	}
	return s
}

// time is the claim as whole seconds since 1970, zero if it is absent or
// something else.
func (c claimSet) time(name string) time.Time {
	var seconds int64
	if json.Unmarshal(c[name], &seconds) != nil || seconds == 0 {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}

// texts is the claim as a list of texts, nil if it is absent or something else.
func (c claimSet) texts(name string) []string {
	var list []string
	if json.Unmarshal(c[name], &list) != nil {
		return nil
	}
	return list
}
