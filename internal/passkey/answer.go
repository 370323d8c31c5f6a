package passkey

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/go-webauthn/webauthn/protocol/webauthncbor"
)

// Why an answer is refused. Each is wrapped with what was wrong.
var (
	ErrMalformed    = errors.New("malformed credential")
	ErrChallenge    = errors.New("answers another challenge")
	ErrOrigin       = errors.New("origin is not one of the relying party")
	ErrRelyingParty = errors.New("made for another relying party")
	ErrUnsupported  = errors.New("credential is not supported")
	ErrUnverified   = errors.New("the authenticator did not verify the user")
	ErrSignature    = errors.New("wrong signature")
)

const (
	// MaxAnswer is the longest answer that is looked at, in bytes of JSON. The
	// largest real ones, with a certificate chain, have about 10 kB.
	MaxAnswer = 64 << 10

	// maxCredentialID is the longest id of the specification, in bytes.
	maxCredentialID = 1023

	// maxPublicKey is far more than an RSA key of 8192 bits.
	maxPublicKey = 2048
)

// Registration is the answer to [CreationOptions]. Nothing in it counts before
// Verify.
type Registration struct {
	ID             []byte // of the credential
	PublicKey      []byte // in COSE
	AAGUID         [16]byte
	SignCount      uint32
	Transports     []string // usb, nfc, ble, smart-card, hybrid, internal; in order, each once
	Attachment     string   // platform, cross-platform or ""
	BackupEligible bool

	client clientData
	data   authenticatorData
}

// Assertion is the answer to [RequestOptions]. Nothing in it counts before
// Verify.
type Assertion struct {
	ID         []byte // of the credential
	UserHandle []byte // the user id of the registration; nil if the authenticator does not say
	SignCount  uint32

	client    clientData
	data      authenticatorData
	signed    []byte
	signature []byte
}

// A credential is the JSON that browsers call RegistrationResponseJSON and
// AuthenticationResponseJSON. Members that are not looked at are left out.
type credential struct {
	ID         string `json:"id"`
	RawID      string `json:"rawId"`
	Type       string `json:"type"`
	Attachment string `json:"authenticatorAttachment"`
	Response   struct {
		ClientDataJSON    string   `json:"clientDataJSON"`
		AttestationObject string   `json:"attestationObject"`
		Transports        []string `json:"transports"`
		AuthenticatorData string   `json:"authenticatorData"`
		Signature         string   `json:"signature"`
		UserHandle        string   `json:"userHandle"`
	} `json:"response"`
}

// ParseRegistration reads a RegistrationResponseJSON. The error is ErrMalformed.
func ParseRegistration(text []byte) (*Registration, error) {
	c, id, err := parseCredential(text)
	if err != nil {
		return nil, err
	}
	r := &Registration{ID: id, Transports: transports(c.Response.Transports), Attachment: attachment(c.Attachment)}
	if _, err := r.client.parse(c.Response.ClientDataJSON); err != nil {
		return nil, err
	}
	object, err := decode("attestationObject", c.Response.AttestationObject)
	if err != nil {
		return nil, err
	}
	var attestation struct {
		AuthData []byte                  `cbor:"authData"`
		Format   string                  `cbor:"fmt"`
		Stmt     webauthncbor.RawMessage `cbor:"attStmt"` // of no interest
	}
	if err := webauthncbor.Unmarshal(object, &attestation); err != nil {
		return nil, malformed("attestationObject")
	}
	if err := r.data.parse(attestation.AuthData); err != nil {
		return nil, err
	}
	if !r.data.attested || !bytes.Equal(r.data.credentialID, id) {
		return nil, malformed("attested credential")
	}
	r.PublicKey, r.AAGUID, r.SignCount = r.data.publicKey, r.data.aaguid, r.data.signCount
	r.BackupEligible = r.data.flags&flagBackupEligible != 0
	return r, nil
}

// ParseAssertion reads an AuthenticationResponseJSON. The error is ErrMalformed.
func ParseAssertion(text []byte) (*Assertion, error) {
	c, id, err := parseCredential(text)
	if err != nil {
		return nil, err
	}
	a := &Assertion{ID: id}
	hash, err := a.client.parse(c.Response.ClientDataJSON)
	if err != nil {
		return nil, err
	}
	data, err := decode("authenticatorData", c.Response.AuthenticatorData)
	if err != nil {
		return nil, err
	}
	if err := a.data.parse(data); err != nil {
		return nil, err
	}
	if a.signature, err = decode("signature", c.Response.Signature); err != nil {
		return nil, err
	}
	if c.Response.UserHandle != "" {
		if a.UserHandle, err = decode("userHandle", c.Response.UserHandle); err != nil {
			return nil, err
		}
	}
	a.signed = slices.Concat(data, hash[:])
	a.SignCount = a.data.signCount
	return a, nil
}

func parseCredential(text []byte) (*credential, []byte, error) {
	if len(text) > MaxAnswer {
		return nil, nil, malformed("length")
	}
	var c credential
	if err := json.Unmarshal(text, &c); err != nil {
		return nil, nil, malformed("JSON")
	}
	if c.Type != "public-key" {
		return nil, nil, malformed("type")
	}
	id, err := decode("id", c.ID)
	if err != nil {
		return nil, nil, err
	}
	raw, err := decode("rawId", c.RawID)
	if err != nil {
		return nil, nil, err
	}
	if len(id) == 0 || len(id) > maxCredentialID || !bytes.Equal(id, raw) {
		return nil, nil, malformed("id")
	}
	return &c, id, nil
}

// encoding is that of WebAuthn's JSON: base64url without padding, which several
// clients add.
var encoding = base64.RawURLEncoding.Strict()

func decode(name, text string) ([]byte, error) {
	for len(text) > 0 && len(text)%4 == 0 && text[len(text)-1] == '=' {
		if text = text[:len(text)-1]; text[len(text)-1] == '=' {
			text = text[:len(text)-1]
		}
	}
	b, err := encoding.DecodeString(text)
	if err != nil {
		return nil, malformed(name)
	}
	return b, nil
}

func malformed(what string) error { return fmt.Errorf("%w: %s", ErrMalformed, what) }

// transports are those of the specification, in its order, of what a client
// says.
func transports(said []string) []string {
	known := []string{}
	for _, t := range []string{"usb", "nfc", "ble", "smart-card", "hybrid", "internal"} {
		if slices.Contains(said, t) {
			known = append(known, t)
		}
	}
	return known
}

func attachment(said string) string {
	if said == "platform" || said == "cross-platform" {
		return said
	}
	return ""
}
