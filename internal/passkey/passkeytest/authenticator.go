// Package passkeytest is an authenticator in software, for tests: it answers what
// package passkey asks as a browser with a security key does.
package passkeytest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"testing"

	"github.com/go-webauthn/webauthn/protocol/webauthncbor"
)

var encoding = base64.RawURLEncoding

// Authenticator holds one passkey. Change its fields before a ceremony to have
// it misbehave.
type Authenticator struct {
	ID         []byte
	AAGUID     [16]byte
	Counter    uint32 // of the next answer
	Flags      byte
	Attachment string
	Transports []string
	UserHandle []byte // as registered

	Type         string // of the next ceremony in place of the right one
	Origin       string
	CrossOrigin  bool
	RelyingParty string // in place of the one that is asked

	key crypto.Signer
}

// Present, Verified and the others are the flags of authenticator data.
const (
	Present        = 1 << 0
	Verified       = 1 << 2
	BackupEligible = 1 << 3
	BackedUp       = 1 << 4
)

// New returns an authenticator that verifies users and acts for pages of origin.
func New(t testing.TB, origin string) *Authenticator {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return with(key, origin)
}

// NewRSA is New with a key of 2048 bits for RS256.
func NewRSA(t testing.TB, origin string) *Authenticator {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return with(key, origin)
}

func with(key crypto.Signer, origin string) *Authenticator {
	a := &Authenticator{ID: make([]byte, 32), Counter: 1, Flags: Present | Verified, Attachment: "cross-platform",
		Transports: []string{"usb"}, Origin: origin, key: key}
	rand.Read(a.ID)
	return a
}

// Create answers PublicKeyCredentialCreationOptionsJSON.
func (a *Authenticator) Create(t testing.TB, options string) string {
	t.Helper()
	var o struct {
		Challenge string `json:"challenge"`
		RP        struct {
			ID string `json:"id"`
		} `json:"rp"`
		User struct {
			ID string `json:"id"`
		} `json:"user"`
	}
	read(t, options, &o)
	var err error
	if a.UserHandle, err = encoding.DecodeString(o.User.ID); err != nil {
		t.Fatal(err)
	}
	data := a.data(o.RP.ID, 1<<6)
	data = append(data, a.AAGUID[:]...)
	data = binary.BigEndian.AppendUint16(data, uint16(len(a.ID))) //nolint:gosec // a test's
	data = append(data, a.ID...)
	data = append(data, a.PublicKey(t)...)
	object, err := webauthncbor.Marshal(map[string]any{"fmt": "none", "attStmt": map[string]any{}, "authData": data})
	if err != nil {
		t.Fatal(err)
	}
	return a.answer(t, map[string]any{
		"clientDataJSON":    encoding.EncodeToString(a.clientData(t, "webauthn.create", o.Challenge)),
		"attestationObject": encoding.EncodeToString(object),
		"transports":        a.Transports,
	})
}

// Get answers PublicKeyCredentialRequestOptionsJSON.
func (a *Authenticator) Get(t testing.TB, options string) string {
	t.Helper()
	var o struct {
		Challenge string `json:"challenge"`
		RPID      string `json:"rpId"`
	}
	read(t, options, &o)
	client := a.clientData(t, "webauthn.get", o.Challenge)
	data := a.data(o.RPID, 0)
	return a.answer(t, map[string]any{
		"clientDataJSON":    encoding.EncodeToString(client),
		"authenticatorData": encoding.EncodeToString(data),
		"signature":         encoding.EncodeToString(a.sign(t, data, client)),
		"userHandle":        encoding.EncodeToString(a.UserHandle),
	})
}

// PublicKey is the authenticator's in COSE.
func (a *Authenticator) PublicKey(t testing.TB) []byte {
	t.Helper()
	var cose map[int]any
	switch k := a.key.Public().(type) {
	case *ecdsa.PublicKey:
		point, err := k.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		cose = map[int]any{1: 2, 3: -7, -1: 1, -2: point[1:33], -3: point[33:]}
	case *rsa.PublicKey:
		cose = map[int]any{1: 3, 3: -257, -1: k.N.Bytes(), -2: []byte{1, 0, 1}}
	}
	b, err := webauthncbor.Marshal(cose)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (a *Authenticator) data(relyingParty string, flags byte) []byte {
	if a.RelyingParty != "" {
		relyingParty = a.RelyingParty
	}
	hash := sha256.Sum256([]byte(relyingParty))
	data := append(hash[:], a.Flags|flags)
	data = binary.BigEndian.AppendUint32(data, a.Counter)
	if a.Counter > 0 {
		a.Counter++
	}
	return data
}

func (a *Authenticator) clientData(t testing.TB, ceremony, challenge string) []byte {
	t.Helper()
	if a.Type != "" {
		ceremony = a.Type
	}
	b, err := json.Marshal(map[string]any{"type": ceremony, "challenge": challenge, "origin": a.Origin,
		"crossOrigin": a.CrossOrigin, "other_keys_can_be_added_here": "do not compare"})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (a *Authenticator) sign(t testing.TB, data, client []byte) []byte {
	t.Helper()
	hash := sha256.Sum256(client)
	digest := sha256.Sum256(append(data[:len(data):len(data)], hash[:]...))
	signature, err := a.key.Sign(rand.Reader, digest[:], crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	return signature
}

func (a *Authenticator) answer(t testing.TB, response map[string]any) string {
	t.Helper()
	id := encoding.EncodeToString(a.ID)
	b, err := json.Marshal(map[string]any{"id": id, "rawId": id, "type": "public-key", "response": response,
		"authenticatorAttachment": a.Attachment, "clientExtensionResults": map[string]any{}})
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func read(t testing.TB, text string, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), into); err != nil {
		t.Fatal(err)
	}
}
