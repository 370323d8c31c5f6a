package esdk

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"strings"
)

// AESKeyring wraps data keys under an AES key, as the SDKs' raw AES keyrings do
// (AES256_GCM_IV12_TAG16_NO_PADDING). The function needs the same key, namespace
// and name.
type AESKeyring struct {
	namespace, name string
	key             []byte
}

// NewAESKeyring returns a keyring with a key of 16, 24 or 32 bytes.
func NewAESKeyring(namespace, name string, key []byte) (*AESKeyring, error) {
	if err := checkNames(namespace, name); err != nil {
		return nil, err
	}
	if n := len(key); n != 16 && n != 24 && n != 32 {
		return nil, errors.New("the AES key is not of 16, 24 or 32 bytes")
	}
	return &AESKeyring{namespace, name, key}, nil
}

// DataKey makes a random key.
func (k *AESKeyring) DataKey(_ context.Context, encryptionContext map[string]string) ([]byte, WrappedKey, error) {
	aad, err := serialize(encryptionContext)
	if err != nil {
		return nil, WrappedKey{}, err
	}
	gcm, err := newGCM(k.key)
	if err != nil {
		return nil, WrappedKey{}, err
	}
	random := make([]byte, keySize+ivSize)
	rand.Read(random) // crypto/rand never fails
	key, iv := random[:keySize:keySize], random[keySize:]
	info := binary.BigEndian.AppendUint32([]byte(k.name), tagSize*8)
	info = binary.BigEndian.AppendUint32(info, ivSize)
	info = append(info, iv...)
	return key, WrappedKey{k.namespace, info, gcm.Seal(nil, iv, key, aad)}, nil
}

// RSAKeyring wraps data keys under a public RSA key by OAEP with SHA-256, as the
// SDKs' raw RSA keyrings do. The function needs the private key; this server
// cannot read what it has encrypted.
type RSAKeyring struct {
	namespace, name string
	key             *rsa.PublicKey
}

// NewRSAKeyring returns a keyring with a key of at least 2048 bits.
func NewRSAKeyring(namespace, name string, key *rsa.PublicKey) (*RSAKeyring, error) {
	if err := checkNames(namespace, name); err != nil {
		return nil, err
	}
	if key.N.BitLen() < 2048 {
		return nil, errors.New("the RSA key is shorter than 2048 bits")
	}
	return &RSAKeyring{namespace, name, key}, nil
}

// DataKey makes a random key.
func (k *RSAKeyring) DataKey(context.Context, map[string]string) ([]byte, WrappedKey, error) {
	key := make([]byte, keySize)
	rand.Read(key) // crypto/rand never fails
	wrapped, err := rsa.EncryptOAEP(sha256.New(), rand.Reader, k.key, key, nil)
	if err != nil {
		return nil, WrappedKey{}, err
	}
	return key, WrappedKey{k.namespace, []byte(k.name), wrapped}, nil
}

func checkNames(namespace, name string) error {
	switch {
	case namespace == "" || name == "" || len(namespace) > 1024 || len(name) > 1024:
		return errors.New("a raw key needs a namespace and a name")
	case strings.HasPrefix(namespace, kmsProvider):
		return errors.New("the namespace aws-kms is that of KMS keys")
	}
	return nil
}
