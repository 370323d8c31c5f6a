package dpop

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"math/big"
	"slices"

	"github.com/poolhouse/poolhouse/verify/internal/jose"
)

// key is a public key that proofs are signed with.
type key struct {
	verify     func(signed string, signature []byte) bool
	thumbprint string // RFC 7638
}

// algorithm is how keys of a kind sign.
type algorithm struct {
	name string
	read func(jwk jose.Object) (*key, bool)
}

// algorithms are those of proofs, the most common first.
var algorithms = []algorithm{
	{"ES256", ecKeys(elliptic.P256(), "P-256", crypto.SHA256)},
	{"ES384", ecKeys(elliptic.P384(), "P-384", crypto.SHA384)},
	{"RS256", rsaKeys(rsa.VerifyPKCS1v15)},
	{"PS256", rsaKeys(func(pub *rsa.PublicKey, hash crypto.Hash, digest, signature []byte) error {
		return rsa.VerifyPSS(pub, hash, digest, signature, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}) // RFC 7518, 3.5
	})},
	{"EdDSA", edKey},
	{"Ed25519", edKey}, // RFC 9864
}

// Algorithms are the values of alg that proofs may have.
func Algorithms() []string {
	names := make([]string, len(algorithms))
	for i, a := range algorithms {
		names[i] = a.name
	}
	return names
}

// private are the members of JSON Web Keys that nobody but the signer may know
// (RFC 7518, 6; RFC 8037).
var private = []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k"}

// readKey reads the public key of a proof.
func readKey(jwk jose.Object, a algorithm) (*key, bool) {
	for _, m := range jwk {
		if slices.Contains(private, m.Name) {
			return nil, false
		}
	}
	if alg, ok := jwk.Text("alg"); !ok || alg != "" && alg != a.name {
		return nil, false
	}
	if use, ok := jwk.Text("use"); !ok || use != "" && use != "sig" {
		return nil, false
	}
	return a.read(jwk)
}

// required are members that a key must have, as texts.
func required(jwk jose.Object, names ...string) (values []string, ok bool) {
	for _, name := range names {
		value, ok := jwk.Text(name)
		if !ok || value == "" {
			return nil, false
		}
		values = append(values, value)
	}
	return values, true
}

// thumbprint is the SHA-256 thumbprint of a key (RFC 7638, 3), whose JSON is given.
// The values are base64url or names, and need no escapes.
func thumbprint(text string) string {
	sum := sha256.Sum256([]byte(text))
	return jose.Encoding.EncodeToString(sum[:])
}

func digestOf(hash crypto.Hash, signed string) []byte {
	h := hash.New()
	h.Write([]byte(signed))
	return h.Sum(nil)
}

func ecKeys(curve elliptic.Curve, name string, hash crypto.Hash) func(jose.Object) (*key, bool) {
	size := (curve.Params().BitSize + 7) / 8
	return func(jwk jose.Object) (*key, bool) {
		v, ok := required(jwk, "kty", "crv", "x", "y")
		if !ok || v[0] != "EC" || v[1] != name {
			return nil, false
		}
		x, okX := jose.Decode(v[2])
		y, okY := jose.Decode(v[3])
		if !okX || !okY || len(x) != size || len(y) != size { // RFC 7518, 6.2.1.2: at full length
			return nil, false
		}
		pub, err := ecdsa.ParseUncompressedPublicKey(curve, slices.Concat([]byte{4}, x, y))
		if err != nil { // not on the curve
			return nil, false
		}
		return &key{
			verify: func(signed string, signature []byte) bool {
				if len(signature) != 2*size { // RFC 7518, 3.4
					return false
				}
				r, s := new(big.Int).SetBytes(signature[:size]), new(big.Int).SetBytes(signature[size:])
				return ecdsa.Verify(pub, digestOf(hash, signed), r, s)
			},
			thumbprint: thumbprint(`{"crv":"` + v[1] + `","kty":"EC","x":"` + v[2] + `","y":"` + v[3] + `"}`),
		}, true
	}
}

func rsaKeys(verify func(*rsa.PublicKey, crypto.Hash, []byte, []byte) error) func(jose.Object) (*key, bool) {
	return func(jwk jose.Object) (*key, bool) {
		v, ok := required(jwk, "kty", "e", "n")
		if !ok || v[0] != "RSA" {
			return nil, false
		}
		pub, ok := jose.RSAKey(v[2], v[1])
		if !ok || !shortest(v[1]) || !shortest(v[2]) {
			return nil, false
		}
		return &key{
			verify: func(signed string, signature []byte) bool {
				return verify(pub, crypto.SHA256, digestOf(crypto.SHA256, signed), signature) == nil
			},
			thumbprint: thumbprint(`{"e":"` + v[1] + `","kty":"RSA","n":"` + v[2] + `"}`),
		}, true
	}
}

// shortest says whether a number has no leading zeros, with which one key would
// have many thumbprints (RFC 7518, 6.3.1).
func shortest(text string) bool {
	b, ok := jose.Decode(text)
	return ok && len(b) > 0 && b[0] != 0
}

func edKey(jwk jose.Object) (*key, bool) {
	v, ok := required(jwk, "kty", "crv", "x")
	if !ok || v[0] != "OKP" || v[1] != "Ed25519" {
		return nil, false
	}
	x, ok := jose.Decode(v[2])
	if !ok || len(x) != ed25519.PublicKeySize {
		return nil, false
	}
	return &key{
		verify:     func(signed string, signature []byte) bool { return ed25519.Verify(x, []byte(signed), signature) },
		thumbprint: thumbprint(`{"crv":"Ed25519","kty":"OKP","x":"` + v[2] + `"}`),
	}, true
}
