package esdk

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha512"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

const (
	messageVersion = 2
	suiteID        = 0x0578
	framed         = 2
	frameLength    = 4096

	keySize       = 32
	messageIDSize = 32
	ivSize        = 12
	tagSize       = 16

	// reservedPrefix begins the names of the format's own pairs of the context.
	reservedPrefix = "aws-crypto-"
	publicKeyName  = reservedPrefix + "public-key"

	// MaxPlaintext is the most that Encrypt takes, in bytes: one frame. Codes
	// and passwords are far below.
	MaxPlaintext = frameLength
)

// A Keyring makes the keys of messages.
type Keyring interface {
	// DataKey makes a key of 32 bytes for one message, bound to the message's
	// encryption context, and says how it is wrapped.
	DataKey(ctx context.Context, encryptionContext map[string]string) (key []byte, wrapped WrappedKey, err error)
}

// A WrappedKey is the encrypted data key of a message, and which keyring of the
// reader's decrypts it.
type WrappedKey struct {
	Provider   string // "aws-kms", or the namespace of a raw key
	Info       []byte // the KMS key's ARN, or the raw key's name (and more)
	Ciphertext []byte
}

// Encrypt returns the message. The encryption context is readable in it, and
// authenticated. It fails for a plaintext above MaxPlaintext, a context that does not
// fit, and when the keyring does.
func Encrypt(ctx context.Context, keyring Keyring, encryptionContext map[string]string, plaintext []byte) ([]byte, error) {
	if len(plaintext) > MaxPlaintext {
		return nil, fmt.Errorf("the plaintext is longer than %d bytes", MaxPlaintext)
	}
	for name := range encryptionContext {
		if strings.HasPrefix(name, reservedPrefix) {
			return nil, fmt.Errorf("the encryption context must not have %q", name)
		}
	}
	signer, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		return nil, err
	}
	public, err := compressed(&signer.PublicKey)
	if err != nil {
		return nil, err
	}
	pairs := maps.Clone(encryptionContext)
	if pairs == nil {
		pairs = map[string]string{}
	}
	pairs[publicKeyName] = base64.StdEncoding.EncodeToString(public)
	aad, err := serialize(pairs)
	if err != nil {
		return nil, err
	}
	dataKey, wrapped, err := keyring.DataKey(ctx, pairs)
	if err != nil {
		return nil, err
	}
	messageID := make([]byte, messageIDSize)
	rand.Read(messageID) // crypto/rand never fails
	key, commitment, err := derive(dataKey, messageID)
	if err != nil {
		return nil, err
	}
	header, err := headerBody(messageID, aad, wrapped, commitment)
	if err != nil {
		return nil, err
	}
	gcm, err := newGCM(key)
	if err != nil {
		return nil, err
	}
	message := gcm.Seal(slices.Clone(header), make([]byte, ivSize), nil, header) // the header's tag: nonce 0
	message = appendFrame(message, gcm, messageID, plaintext)

	digest := sha512.Sum384(message)
	signature, err := ecdsa.SignASN1(rand.Reader, signer, digest[:])
	if err != nil {
		return nil, err
	}
	return appendField(message, signature)
}

// derive makes of the data key the key of this message, and the commitment to
// it.
func derive(dataKey, messageID []byte) (key, commitment []byte, err error) {
	if len(dataKey) != keySize {
		return nil, nil, errors.New("the data key is not of 32 bytes")
	}
	info := string(binary.BigEndian.AppendUint16(nil, suiteID)) + "DERIVEKEY"
	if key, err = hkdf.Key(sha512.New, dataKey, messageID, info, keySize); err != nil {
		return nil, nil, err
	}
	commitment, err = hkdf.Key(sha512.New, dataKey, messageID, "COMMITKEY", keySize)
	return key, commitment, err
}

func newGCM(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// headerBody is all of the header but its tag.
func headerBody(messageID, aad []byte, wrapped WrappedKey, commitment []byte) ([]byte, error) {
	b := []byte{messageVersion}
	b = binary.BigEndian.AppendUint16(b, suiteID)
	b = append(b, messageID...)
	b, err := appendField(b, aad)
	if err != nil {
		return nil, err
	}
	b = binary.BigEndian.AppendUint16(b, 1) // one wrapped key
	for _, field := range [][]byte{[]byte(wrapped.Provider), wrapped.Info, wrapped.Ciphertext} {
		if b, err = appendField(b, field); err != nil {
			return nil, err
		}
	}
	b = append(b, framed)
	b = binary.BigEndian.AppendUint32(b, frameLength)
	return append(b, commitment...), nil
}

// appendFrame appends the body: one frame, the final one, which is numbered 1.
func appendFrame(b []byte, gcm cipher.AEAD, messageID, plaintext []byte) []byte {
	const final, number = math.MaxUint32, 1
	iv := make([]byte, ivSize)
	binary.BigEndian.PutUint32(iv[ivSize-4:], number)
	aad := append(slices.Clone(messageID), "AWSKMSEncryptionClient Final Frame"...)
	aad = binary.BigEndian.AppendUint32(aad, number)
	aad = binary.BigEndian.AppendUint64(aad, uint64(len(plaintext)))

	b = binary.BigEndian.AppendUint32(b, final)
	b = binary.BigEndian.AppendUint32(b, number)
	b = append(b, iv...)
	b = binary.BigEndian.AppendUint32(b, uint32(len(plaintext))) //nolint:gosec // at most MaxPlaintext
	return gcm.Seal(b, iv, plaintext, aad)
}

// serialize writes an encryption context: a count, and the pairs sorted by the
// bytes of their names.
func serialize(pairs map[string]string) ([]byte, error) {
	if len(pairs) > math.MaxUint16 {
		return nil, errors.New("the encryption context has too many pairs")
	}
	b := binary.BigEndian.AppendUint16(nil, uint16(len(pairs))) //nolint:gosec // checked above
	var err error
	for _, name := range slices.Sorted(maps.Keys(pairs)) {
		for _, field := range []string{name, pairs[name]} {
			if b, err = appendField(b, []byte(field)); err != nil {
				return nil, err
			}
		}
	}
	return b, nil
}

// appendField appends a field after its length of two bytes.
func appendField(b, field []byte) ([]byte, error) {
	if len(field) > math.MaxUint16 {
		return nil, errors.New("a field of the message is too long")
	}
	b = binary.BigEndian.AppendUint16(b, uint16(len(field))) //nolint:gosec // checked above
	return append(b, field...), nil
}

// compressed is a public key as SEC 1 section 2.3.3 compresses points.
func compressed(key *ecdsa.PublicKey) ([]byte, error) {
	point, err := key.Bytes() // 4, X, Y
	if err != nil {
		return nil, err
	}
	x, y := point[1:1+(len(point)-1)/2], point[1+(len(point)-1)/2:]
	return append([]byte{2 + y[len(y)-1]&1}, x...), nil
}
