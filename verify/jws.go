package verify

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"strings"
)

const (
	maxHeader    = 1 << 10 // bytes of base64; Cognito's has 108
	maxKeyID     = 256
	maxSignature = maxModulusBits / 8
)

// jws is a token taken apart. Nothing in it may be believed before verify.
type jws struct {
	kid       string
	payload   string // the JSON of the claims
	claims    object
	signed    string // what the signature is over
	signature []byte
}

// encoding is base64url without padding and with one spelling per value.
var encoding = base64.RawURLEncoding.Strict()

// decodePart is the inverse of encoding. The decoder of the standard library
// skips line breaks, which would give a token many spellings.
func decodePart(text string) ([]byte, bool) {
	if strings.IndexByte(text, '\n') >= 0 || strings.IndexByte(text, '\r') >= 0 {
		return nil, false
	}
	b, err := encoding.DecodeString(text)
	return b, err == nil
}

// parseJWS takes a token apart (RFC 7515, 7.1).
func parseJWS(token string) (*jws, error) {
	header, rest, _ := strings.Cut(token, ".")
	payload, signature, ok := strings.Cut(rest, ".")
	if !ok || len(header) > maxHeader || strings.IndexByte(signature, '.') >= 0 {
		return nil, fail(ErrMalformed)
	}
	kid, err := parseHeader(header)
	if err != nil {
		return nil, err
	}
	j := &jws{kid: kid, signed: token[:len(header)+1+len(payload)]}
	text, ok := decodePart(payload)
	if !ok {
		return nil, fail(ErrMalformed)
	}
	j.payload = string(text)
	if j.claims, ok = parseObject(j.payload); !ok {
		return nil, fail(ErrMalformed)
	}
	if j.signature, ok = decodePart(signature); !ok || len(j.signature) > maxSignature {
		return nil, fail(ErrMalformed)
	}
	return j, nil
}

// parseHeader returns the key id. Whatever else the header offers, such as keys
// or where to get them, is not looked at.
func parseHeader(part string) (kid string, err error) {
	text, ok := decodePart(part)
	if !ok {
		return "", fail(ErrMalformed)
	}
	header, ok := parseObject(string(text))
	if !ok || header.get("crit") != "" { // no extension is understood here: RFC 7515, 4.1.11
		return "", fail(ErrMalformed)
	}
	if alg, ok := header.text("alg"); !ok || alg != "RS256" {
		return "", fail(ErrAlgorithm)
	}
	if kid, ok = header.text("kid"); !ok || kid == "" || len(kid) > maxKeyID {
		return "", fail(ErrMalformed)
	}
	return kid, nil
}

// verify checks the signature.
func (j *jws) verify(key *rsa.PublicKey) error {
	digest := sha256.Sum256([]byte(j.signed))
	if rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], j.signature) != nil {
		return fail(ErrSignature)
	}
	return nil
}
