package esdk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/poolhouse/poolhouse/internal/awscall"
)

const (
	kmsProvider = "aws-kms"
	maxKMS      = 64 << 10 // of an answer, in bytes; one has about 1 kB
)

// KMSKeyring has AWS KMS, or what speaks its API, make and wrap data keys.
type KMSKeyring struct {
	client      *awscall.Client
	region, key string
}

// NewKMSKeyring returns a keyring of a key, by its ARN or what else KMS takes.
func NewKMSKeyring(client *awscall.Client, region, key string) *KMSKeyring {
	return &KMSKeyring{client, region, key}
}

// DataKey calls GenerateDataKey.
func (k *KMSKeyring) DataKey(ctx context.Context, encryptionContext map[string]string) ([]byte, WrappedKey, error) {
	body, err := json.Marshal(map[string]any{"KeyId": k.key, "EncryptionContext": encryptionContext, "NumberOfBytes": keySize})
	if err != nil {
		return nil, WrappedKey{}, err
	}
	resp, err := k.client.Post(ctx, awscall.Request{
		Service: "kms", Region: k.region, Path: "/",
		Header: http.Header{"Content-Type": {"application/x-amz-json-1.1"}, "X-Amz-Target": {"TrentService.GenerateDataKey"}},
		Body:   body, Most: maxKMS,
	})
	if err != nil {
		return nil, WrappedKey{}, fmt.Errorf("KMS: %w", err)
	}
	if resp.Status != http.StatusOK {
		return nil, WrappedKey{}, fmt.Errorf("KMS: %s (status %d)", resp.ErrorName(), resp.Status)
	}
	var made struct {
		KeyID          string `json:"KeyId"`
		Plaintext      []byte
		CiphertextBlob []byte
	}
	// An error of json could quote the key.
	if json.Unmarshal(resp.Body, &made) != nil || len(made.Plaintext) != keySize || len(made.CiphertextBlob) == 0 || made.KeyID == "" {
		return nil, WrappedKey{}, errors.New("KMS: the answer is no data key")
	}
	return made.Plaintext, WrappedKey{kmsProvider, []byte(made.KeyID), made.CiphertextBlob}, nil
}
