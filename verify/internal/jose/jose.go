// Package jose is what signed JSON is made of, read so that nothing has two
// spellings or two meanings: base64url, JSON objects, RSA keys.
package jose

import (
	"crypto/rsa"
	"encoding/base64"
	"math/big"
	"strings"
)

// Encoding is base64url without padding and with one spelling per value.
var Encoding = base64.RawURLEncoding.Strict()

// Decode is the inverse of Encoding. The decoder of the standard library skips
// line breaks, which would give a text many spellings.
func Decode(text string) ([]byte, bool) {
	if strings.IndexByte(text, '\n') >= 0 || strings.IndexByte(text, '\r') >= 0 {
		return nil, false
	}
	b, err := Encoding.DecodeString(text)
	return b, err == nil
}

// Bounds of the modulus of RSA keys.
const (
	minModulusBits = 2048 // RFC 7518, 3.3
	MaxModulusBits = 8192 // what a bigger one costs, nobody needs
)

// RSAKey is the key of the members n and e of a JSON Web Key.
func RSAKey(n, e string) (*rsa.PublicKey, bool) {
	if len(n) > MaxModulusBits/4 || len(e) > 8 {
		return nil, false
	}
	digitsN, ok := Decode(n)
	if !ok {
		return nil, false
	}
	digitsE, ok := Decode(e)
	if !ok {
		return nil, false
	}
	modulus, exponent := new(big.Int).SetBytes(digitsN), new(big.Int).SetBytes(digitsE)
	switch {
	case modulus.BitLen() < minModulusBits, modulus.BitLen() > MaxModulusBits, modulus.Bit(0) == 0,
		exponent.BitLen() > 31, exponent.Bit(0) == 0, exponent.Int64() < 3:
		return nil, false
	}
	return &rsa.PublicKey{N: modulus, E: int(exponent.Int64())}, true
}
