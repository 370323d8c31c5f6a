package passkey

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/go-webauthn/webauthn/protocol/webauthncbor"
)

// The flags of authenticator data (WebAuthn 6.1).
const (
	flagUserPresent    = 1 << 0
	flagUserVerified   = 1 << 2
	flagBackupEligible = 1 << 3
	flagBackedUp       = 1 << 4
	flagAttested       = 1 << 6
	flagExtensions     = 1 << 7
)

// authenticatorData is what the authenticator itself says, and signs.
type authenticatorData struct {
	relyingPartyHash [sha256.Size]byte
	flags            byte
	signCount        uint32

	attested     bool
	aaguid       [16]byte
	credentialID []byte
	publicKey    []byte
}

// parse reads authenticator data: hash, flags, counter, and as the flags say a
// credential and extensions, with nothing behind. The error is ErrMalformed.
func (d *authenticatorData) parse(b []byte) error {
	const fixed = sha256.Size + 1 + 4
	if len(b) < fixed {
		return malformed("authenticator data")
	}
	copy(d.relyingPartyHash[:], b)
	d.flags = b[sha256.Size]
	d.signCount = binary.BigEndian.Uint32(b[sha256.Size+1:])
	b = b[fixed:]
	if d.flags&flagBackedUp != 0 && d.flags&flagBackupEligible == 0 {
		return malformed("flags")
	}
	if d.flags&flagAttested != 0 {
		rest, err := d.parseAttested(b)
		if err != nil {
			return err
		}
		b = rest
	}
	if d.flags&flagExtensions != 0 {
		var extensions map[string]webauthncbor.RawMessage
		n, err := webauthncbor.UnmarshalFirst(b, &extensions)
		if err != nil {
			return malformed("extensions")
		}
		b = b[n:] // none was asked for, so none means anything
	}
	if len(b) > 0 {
		return malformed("authenticator data")
	}
	return nil
}

func (d *authenticatorData) parseAttested(b []byte) (rest []byte, err error) {
	const fixed = 16 + 2
	if len(b) < fixed {
		return nil, malformed("attested credential")
	}
	copy(d.aaguid[:], b)
	size := int(binary.BigEndian.Uint16(b[16:]))
	b = b[fixed:]
	if size == 0 || size > maxCredentialID || len(b) < size {
		return nil, malformed("credential id")
	}
	d.credentialID, b = b[:size], b[size:]
	var key webauthncbor.RawMessage
	n, err := webauthncbor.UnmarshalFirst(b, &key)
	if err != nil || n > maxPublicKey {
		return nil, malformed("public key")
	}
	d.attested, d.publicKey = true, b[:n]
	return b[n:], nil
}

// check holds authenticator data to a relying party.
func (d *authenticatorData) check(relyingParty string, verifyUser bool) error {
	switch {
	case d.relyingPartyHash != sha256.Sum256([]byte(relyingParty)):
		return ErrRelyingParty
	case d.flags&flagUserPresent == 0:
		return malformed("nobody was present")
	case verifyUser && d.flags&flagUserVerified == 0:
		return ErrUnverified
	}
	return nil
}
