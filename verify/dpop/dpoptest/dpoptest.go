// Package dpoptest makes proofs of possession (RFC 9449) as clients do, for tests.
package dpoptest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"time"
)

// Key is the key of a client. It is safe for concurrent use.
type Key struct {
	alg  string
	hash crypto.Hash
	size int // of the coordinates, for elliptic curves
	key  crypto.Signer
}

// NewKey makes a key for ES256.
func NewKey() *Key { return NewKeyFor("ES256") }

// NewKeyFor makes a key for one of dpop.Algorithms, and panics for another.
func NewKeyFor(alg string) *Key {
	k := &Key{alg: alg, hash: crypto.SHA256}
	var err error
	switch alg {
	case "ES256":
		k.size = 32
		k.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "ES384":
		k.size, k.hash = 48, crypto.SHA384
		k.key, err = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case "RS256", "PS256":
		k.key, err = rsa.GenerateKey(rand.Reader, 2048)
	case "EdDSA", "Ed25519":
		_, k.key, err = ed25519.GenerateKey(rand.Reader)
	default:
		err = fmt.Errorf("no algorithm %q", alg)
	}
	must(err)
	return k
}

// JWK is the public key as JSON has it.
func (k *Key) JWK() map[string]any {
	switch pub := k.key.Public().(type) {
	case *ecdsa.PublicKey:
		point, err := pub.Bytes()
		must(err)
		return map[string]any{"kty": "EC", "crv": pub.Curve.Params().Name, "x": b64(point[1 : 1+k.size]), "y": b64(point[1+k.size:])}
	case *rsa.PublicKey:
		return map[string]any{"kty": "RSA", "n": b64(pub.N.Bytes()), "e": b64(big.NewInt(int64(pub.E)).Bytes())}
	default:
		return map[string]any{"kty": "OKP", "crv": "Ed25519", "x": b64(pub.(ed25519.PublicKey))}
	}
}

// Thumbprint is the key's thumbprint (RFC 7638).
func (k *Key) Thumbprint() string {
	text, err := json.Marshal(k.JWK()) // only what is required, in the order of the alphabet
	must(err)
	sum := sha256.Sum256(text)
	return b64(sum[:])
}

// Proof is a proof for a request at a time. nonce and accessToken may be "".
func (k *Key) Proof(method, url string, at time.Time, nonce, accessToken string) string {
	claims := map[string]any{"jti": rand.Text(), "htm": method, "htu": url, "iat": at.Unix()}
	if nonce != "" {
		claims["nonce"] = nonce
	}
	if accessToken != "" {
		sum := sha256.Sum256([]byte(accessToken))
		claims["ath"] = b64(sum[:])
	}
	return k.Sign(nil, claims)
}

// Sign makes a proof of any claims. header changes members of the header; nil takes
// one out.
func (k *Key) Sign(header, claims map[string]any) string {
	h := map[string]any{"typ": "dpop+jwt", "alg": k.alg, "jwk": k.JWK()}
	for name, value := range header {
		h[name] = value
		if value == nil {
			delete(h, name)
		}
	}
	head, err := json.Marshal(h)
	must(err)
	body, err := json.Marshal(claims)
	must(err)
	return k.SignText(string(head), string(body))
}

// SignText makes a JWS of a header and claims as they are.
func (k *Key) SignText(header, claims string) string {
	signed := b64([]byte(header)) + "." + b64([]byte(claims))
	digest := []byte(signed)
	var options crypto.SignerOpts = crypto.Hash(0)
	if k.alg != "EdDSA" && k.alg != "Ed25519" {
		h := k.hash.New()
		h.Write(digest)
		digest, options = h.Sum(nil), k.hash
	}
	var signature []byte
	if ec, ok := k.key.(*ecdsa.PrivateKey); ok {
		r, s, err := ecdsa.Sign(rand.Reader, ec, digest)
		must(err)
		signature = append(r.FillBytes(make([]byte, k.size)), s.FillBytes(make([]byte, k.size))...)
	} else {
		if k.alg == "PS256" {
			options = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: k.hash}
		}
		var err error
		signature, err = k.key.Sign(rand.Reader, digest, options)
		must(err)
	}
	return signed + "." + b64(signature)
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// must stops a test that cannot go on.
func must(err error) {
	if err != nil {
		panic("dpoptest: " + err.Error())
	}
}
