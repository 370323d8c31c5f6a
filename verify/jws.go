package verify

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"strings"

	"github.com/poolhouse/poolhouse/verify/internal/jose"
)

const (
	maxHeader    = 1 << 10 // bytes of base64; Cognito's has 108
	maxKeyID     = 256
	maxSignature = jose.MaxModulusBits / 8
)

// jws is a token taken apart. Nothing in it may be believed before verify.
type jws struct {
	kid       string
	payload   string // the JSON of the claims
	claims    jose.Object
	signed    string // what the signature is over
	signature []byte
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
	text, ok := jose.Decode(payload)
	if !ok {
		return nil, fail(ErrMalformed)
	}
	j.payload = string(text)
	if j.claims, ok = jose.ParseObject(j.payload); !ok {
		return nil, fail(ErrMalformed)
	}
	if j.signature, ok = jose.Decode(signature); !ok || len(j.signature) > maxSignature {
		return nil, fail(ErrMalformed)
	}
	return j, nil
}

// parseHeader returns the key id. Whatever else the header offers, such as keys
// or where to get them, is not looked at.
func parseHeader(part string) (kid string, err error) {
	text, ok := jose.Decode(part)
	if !ok {
		return "", fail(ErrMalformed)
	}
	header, ok := jose.ParseObject(string(text))
	if !ok || header.Get("crit") != "" { // no extension is understood here: RFC 7515, 4.1.11
		return "", fail(ErrMalformed)
	}
	if alg, ok := header.Text("alg"); !ok || alg != "RS256" {
		return "", fail(ErrAlgorithm)
	}
	if kid, ok = header.Text("kid"); !ok || kid == "" || len(kid) > maxKeyID {
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
