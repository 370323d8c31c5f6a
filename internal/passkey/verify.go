package passkey

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/subtle"
	"fmt"

	"github.com/go-webauthn/webauthn/protocol/webauthncbor"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"
)

// Ceremony is what an answer is held to.
type Ceremony struct {
	Challenge    []byte
	RelyingParty string // the domain
	VerifyUser   bool   // the authenticator must have asked for a PIN, a finger, a face
}

// Challenge is the challenge that the answer says it answers. It proves nothing
// before Verify.
func (r *Registration) Challenge() []byte { return r.client.challenge }

// Verify says whether a registration answers a ceremony with a key of the kind
// that was asked for. The errors are those of this package but ErrSignature.
func (r *Registration) Verify(c Ceremony) error {
	if subtle.ConstantTimeCompare(r.client.challenge, c.Challenge) != 1 || len(c.Challenge) == 0 {
		return ErrChallenge
	}
	if err := r.client.check("webauthn.create", c.RelyingParty); err != nil {
		return err
	}
	if err := r.data.check(c.RelyingParty, c.VerifyUser); err != nil {
		return err
	}
	_, err := parseKey(r.PublicKey)
	return err
}

// Verify says whether an assertion answers a ceremony and is signed with a
// passkey's public key. Whether the counter went on is left to the caller. The
// errors are those of this package.
func (a *Assertion) Verify(c Ceremony, publicKey []byte) error {
	if subtle.ConstantTimeCompare(a.client.challenge, c.Challenge) != 1 || len(c.Challenge) == 0 {
		return ErrChallenge
	}
	if err := a.client.check("webauthn.get", c.RelyingParty); err != nil {
		return err
	}
	if err := a.data.check(c.RelyingParty, c.VerifyUser); err != nil {
		return err
	}
	key, err := parseKey(publicKey)
	if err != nil {
		return err
	}
	if ok, err := webauthncose.VerifySignature(key, a.signed, a.signature); err != nil || !ok {
		return ErrSignature
	}
	return nil
}

// UserVerified says whether the authenticator asked for more than presence.
func (a *Assertion) UserVerified() bool { return a.data.flags&flagUserVerified != 0 }

// WentOn says whether the counter of a passkey moved forward from stored. One
// that stays at zero is not kept by the authenticator, as with most passkeys
// that are synchronized. One that stands still or goes back may be a copy's.
func (a *Assertion) WentOn(stored uint32) bool {
	return a.SignCount > stored || a.SignCount == 0 && stored == 0
}

// algorithms are those that are asked for, the preferred one first: ES256 and
// RS256.
var algorithms = []webauthncose.COSEAlgorithmIdentifier{webauthncose.AlgES256, webauthncose.AlgRS256}

// The sizes of RSA keys, in bytes, that are taken: 2048 to 8192 bits.
const minRSA, maxRSA = 256, 1024

// parseKey reads a public key of one of the algorithms. The error is
// ErrUnsupported.
func parseKey(b []byte) (any, error) {
	key, err := webauthncose.ParsePublicKey(b)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnsupported, err)
	}
	switch k := key.(type) {
	case webauthncose.EC2PublicKeyData:
		if webauthncose.COSEAlgorithmIdentifier(k.Algorithm) == webauthncose.AlgES256 {
			return k, nil
		}
	case webauthncose.RSAPublicKeyData:
		if webauthncose.COSEAlgorithmIdentifier(k.Algorithm) == webauthncose.AlgRS256 &&
			len(k.Modulus) >= minRSA && len(k.Modulus) <= maxRSA {
			return k, nil
		}
	}
	return nil, fmt.Errorf("%w: algorithm", ErrUnsupported)
}

// DecoyKey is the public key of a passkey that nobody has, for answers that cost
// what real ones do.
func DecoyKey() []byte {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic("passkey: " + err.Error()) // crypto/rand never fails
	}
	point, err := key.PublicKey.Bytes()
	if err != nil {
		panic("passkey: " + err.Error()) // only for keys of no curve
	}
	cose, err := webauthncbor.Marshal(map[int]any{1: 2, 3: int(webauthncose.AlgES256), -1: 1, -2: point[1:33], -3: point[33:]})
	if err != nil {
		panic("passkey: " + err.Error()) // maps of numbers and bytes have a form
	}
	return cose
}
