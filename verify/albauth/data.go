package albauth

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"math/big"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/poolhouse/poolhouse/verify"
)

// keyID is a UUID. It becomes part of a URL before anything is verified.
var keyID = regexp.MustCompile(`^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// data is a header taken apart. Nothing in it may be believed before signedBy.
type data struct {
	kid, signer, issuer, client string
	expires                     int64 // seconds
	subject                     string
	claims                      object
	signed                      string // what the signature is over
	signature                   []byte
}

// object is the members of a JSON object, as they are written.
type object map[string]json.RawMessage

// parse takes a header apart. The load balancer writes what a JWT (RFC 7519) is,
// but with padded base64, and has the issuer and the client beside the key id.
func parse(raw string) (*data, error) {
	header, rest, _ := strings.Cut(raw, ".")
	payload, signature, ok := strings.Cut(rest, ".")
	if !ok || strings.IndexByte(signature, '.') >= 0 {
		return nil, fail(verify.ErrMalformed)
	}
	d := &data{signed: raw[:len(header)+1+len(payload)]}
	h, ok := decodeObject(header)
	if !ok || h["crit"] != nil {
		return nil, fail(verify.ErrMalformed)
	}
	if h.text("alg") != "ES256" {
		return nil, &verify.Error{Code: verify.ErrAlgorithm, Err: errors.New("albauth: not ES256")}
	}
	d.kid, d.signer, d.issuer, d.client = h.text("kid"), h.text("signer"), h.text("iss"), h.text("client")
	if d.expires, ok = h.seconds("exp"); !ok || !keyID.MatchString(d.kid) {
		return nil, fail(verify.ErrMalformed)
	}
	if d.claims, ok = decodeObject(payload); !ok {
		return nil, fail(verify.ErrMalformed)
	}
	if d.claims["exp"] != nil {
		expires, ok := d.claims.seconds("exp")
		if !ok {
			return nil, fail(verify.ErrMalformed)
		}
		d.expires = min(d.expires, expires)
	}
	if d.subject = d.claims.text("sub"); d.subject == "" {
		return nil, fail(verify.ErrMalformed)
	}
	// RFC 7518, 3.4: both numbers at their full length.
	if d.signature, ok = decode(signature); !ok || len(d.signature) != 64 {
		return nil, fail(verify.ErrMalformed)
	}
	return d, nil
}

// signedBy reports whether the signature is of the key.
func (d *data) signedBy(key *ecdsa.PublicKey) bool {
	digest := sha256.Sum256([]byte(d.signed))
	r, s := new(big.Int).SetBytes(d.signature[:32]), new(big.Int).SetBytes(d.signature[32:])
	return ecdsa.Verify(key, digest[:], r, s)
}

// decode reads base64url, padded as the load balancer writes it or bare as RFC
// 7515 has it. The decoder of the standard library would skip line breaks.
func decode(text string) ([]byte, bool) {
	if strings.ContainsAny(text, "\r\n") {
		return nil, false
	}
	encoding := base64.RawURLEncoding
	if strings.HasSuffix(text, "=") {
		encoding = base64.URLEncoding
	}
	b, err := encoding.Strict().DecodeString(text)
	return b, err == nil
}

func decodeObject(text string) (object, bool) {
	b, ok := decode(text)
	if !ok {
		return nil, false
	}
	return parseObject(b)
}

// parseObject reads text that is a JSON object with distinct names.
func parseObject(text []byte) (object, bool) {
	if !utf8.Valid(text) {
		return nil, false
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	if open, err := dec.Token(); err != nil || open != json.Delim('{') {
		return nil, false
	}
	o := make(object)
	for dec.More() {
		token, err := dec.Token()
		name, ok := token.(string)
		if _, twice := o[name]; err != nil || !ok || twice {
			return nil, false
		}
		var value json.RawMessage
		if dec.Decode(&value) != nil {
			return nil, false
		}
		o[name] = value
	}
	if _, err := dec.Token(); err != nil { // the closing brace
		return nil, false
	}
	_, err := dec.Token()
	return o, errors.Is(err, io.EOF)
}

// text is the member of that name if it is a string.
func (o object) text(name string) string {
	var s string
	if json.Unmarshal(o[name], &s) != nil {
		return ""
	}
	return s
}

// seconds is the member of that name if it is an integer, or one as a string, as
// the documentation shows it.
func (o object) seconds(name string) (int64, bool) {
	var n json.Number
	if json.Unmarshal(o[name], &n) != nil {
		return 0, false
	}
	seconds, err := n.Int64()
	return seconds, err == nil && seconds > 0
}
