package login

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"strings"
	"time"
)

const (
	maxToken      = 50_000 // as the API model
	maxKeys       = 100
	maxKeyID      = 512
	maxSubject    = 1024
	minModulus    = 2048
	maxModulus    = 8192
	ecCoordinates = 32 // bytes, of P-256
)

var errMalformed = errors.New("malformed token")

// encoding has one spelling per value.
var encoding = base64.RawURLEncoding.Strict()

func decode(text string) ([]byte, error) {
	if strings.ContainsAny(text, "\r\n") {
		return nil, errMalformed
	}
	return encoding.DecodeString(text)
}

// Claims are what a token says, by names as they are written.
type Claims map[string]json.RawMessage

// Text is a claim as a string, "" if it is absent or something else.
func (c Claims) Text(name string) string {
	var s string
	if json.Unmarshal(c[name], &s) != nil {
		return ""
	}
	return s
}

// time is a claim as seconds since 1970, fractions cut off; zero if it is absent
// or no such number.
func (c Claims) time(name string) time.Time {
	var seconds float64
	if json.Unmarshal(c[name], &seconds) != nil || seconds < 1 || seconds > 1<<40 {
		return time.Time{}
	}
	return time.Unix(int64(seconds), 0).UTC()
}

// audience is the claim aud, which is a string or a list of them (RFC 7519, 4.1.3).
func (c Claims) audience() []string {
	var list []string
	if json.Unmarshal(c["aud"], &list) == nil {
		return list
	}
	if one := c.Text("aud"); one != "" {
		return []string{one}
	}
	return nil
}

// jws is a token in its parts, of which nothing may be believed before verify.
type jws struct {
	alg, kid  string
	typ       string // in small letters; "" for none
	claims    Claims
	signed    string
	signature []byte
}

// parse takes a token in compact form apart (RFC 7515, 7.1). Of headers only alg,
// kid and typ count; what must be understood (crit) is not.
func parse(token string) (*jws, error) {
	parts := strings.Split(token, ".")
	if len(token) > maxToken || len(parts) != 3 {
		return nil, errMalformed
	}
	var header Claims
	j := &jws{signed: token[:len(parts[0])+1+len(parts[1])]}
	if err := object(parts[0], &header); err != nil {
		return nil, err
	}
	if err := object(parts[1], &j.claims); err != nil {
		return nil, err
	}
	if _, critical := header["crit"]; critical {
		return nil, errMalformed
	}
	j.alg, j.kid, j.typ = header.Text("alg"), header.Text("kid"), strings.ToLower(header.Text("typ"))
	var err error
	if j.signature, err = decode(parts[2]); err != nil {
		return nil, errMalformed
	}
	return j, nil
}

// isAnother says whether a token is of another kind than ID tokens, for which
// issuers use the same keys and audiences: it is typed so (RFC 8725, 3.11), or tells
// of a logout, which must not sign anybody in (OpenID Connect Back-Channel Logout 1.0,
// 2.4).
func (j *jws) isAnother() bool {
	var events map[string]json.RawMessage
	_ = json.Unmarshal(j.claims["events"], &events) // no object: no logout
	_, logout := events["http://schemas.openid.net/event/backchannel-logout"]
	return logout || strings.HasSuffix(j.typ, "+jwt")
}

// object reads a part that is a JSON object and nothing else. A name that is there
// twice would mean one thing to us and another to others.
func object(part string, into *Claims) error {
	text, err := decode(part)
	if err != nil || json.Unmarshal(text, into) != nil || *into == nil {
		return errMalformed
	}
	names, d := 0, json.NewDecoder(bytes.NewReader(text))
	if _, err := d.Token(); err != nil {
		return errMalformed
	}
	for d.More() {
		var value json.RawMessage
		if _, err := d.Token(); err != nil {
			return errMalformed
		}
		if err := d.Decode(&value); err != nil {
			return errMalformed
		}
		names++
	}
	if names != len(*into) {
		return errMalformed
	}
	return nil
}

// verify checks the signature: RS256 by an RSA key, ES256 by one on P-256.
func (j *jws) verify(key crypto.PublicKey) bool {
	digest := sha256.Sum256([]byte(j.signed))
	switch key := key.(type) {
	case *rsa.PublicKey:
		return j.alg == "RS256" && rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], j.signature) == nil
	case *ecdsa.PublicKey:
		if j.alg != "ES256" || len(j.signature) != 2*ecCoordinates {
			return false
		}
		r, s := new(big.Int).SetBytes(j.signature[:ecCoordinates]), new(big.Int).SetBytes(j.signature[ecCoordinates:])
		return ecdsa.Verify(key, digest[:], r, s)
	}
	return false
}

// parseKeys reads a JSON Web Key Set (RFC 7517). Keys for something else than
// signatures of ours are passed over.
func parseKeys(text []byte) (map[string]crypto.PublicKey, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if json.Unmarshal(text, &set) != nil || len(set.Keys) > maxKeys {
		return nil, errors.New("not a JSON Web Key Set")
	}
	byID := make(map[string]crypto.PublicKey, len(set.Keys))
	for _, raw := range set.Keys {
		var k struct {
			ID  string `json:"kid"`
			Typ string `json:"kty"`
			Use string `json:"use"`
			N   string `json:"n"`
			E   string `json:"e"`
			Crv string `json:"crv"`
			X   string `json:"x"`
			Y   string `json:"y"`
		}
		if json.Unmarshal(raw, &k) != nil || k.Use != "" && k.Use != "sig" || len(k.ID) > maxKeyID {
			continue
		}
		var key crypto.PublicKey
		switch {
		case k.Typ == "RSA":
			key = rsaKey(k.N, k.E)
		case k.Typ == "EC" && k.Crv == "P-256":
			key = ecKey(k.X, k.Y)
		}
		if key == nil {
			continue
		}
		if byID[k.ID] != nil {
			return nil, errors.New("two keys of one id")
		}
		byID[k.ID] = key
	}
	return byID, nil
}

func rsaKey(modulus, exponent string) crypto.PublicKey {
	n, err := decode(modulus)
	if err != nil {
		return nil
	}
	e, err := decode(exponent)
	if err != nil || len(e) > 4 {
		return nil
	}
	key := &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(new(big.Int).SetBytes(e).Int64())}
	if bits := key.N.BitLen(); bits < minModulus || bits > maxModulus || key.N.Bit(0) == 0 || key.E < 3 || key.E&1 == 0 || key.E > 1<<31-1 {
		return nil
	}
	return key
}

func ecKey(x, y string) crypto.PublicKey {
	point := []byte{4} // uncompressed (SEC 1, 2.3.3)
	for _, coordinate := range []string{x, y} {
		b, err := decode(coordinate)
		if err != nil || len(b) != ecCoordinates {
			return nil
		}
		point = append(point, b...)
	}
	key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
	if err != nil {
		return nil
	}
	return key
}
