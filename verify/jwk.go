package verify

import (
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/poolhouse/poolhouse/verify/internal/jose"
)

const maxKeys = 100

// jwk is what we read of a JSON Web Key (RFC 7517).
type jwk struct {
	ID         string   `json:"kid"`
	Type       string   `json:"kty"`
	Algorithm  string   `json:"alg"`
	Use        string   `json:"use"`
	Operations []string `json:"key_ops"`
	Modulus    string   `json:"n"`
	Exponent   string   `json:"e"`
}

// parseJWKS reads a JSON Web Key Set and returns its keys for RS256 by id. Keys
// for something else are passed over; a set that has none for us is an error, as
// is one that gives an id twice.
func parseJWKS(text []byte) (map[string]*rsa.PublicKey, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(text, &set); err != nil {
		return nil, errors.New("not a JSON Web Key Set")
	}
	if len(set.Keys) > maxKeys {
		return nil, fmt.Errorf("more than %d keys", maxKeys)
	}
	byID := make(map[string]*rsa.PublicKey, len(set.Keys))
	for _, raw := range set.Keys {
		var k jwk
		if json.Unmarshal(raw, &k) != nil {
			continue
		}
		key, ok := k.rsa()
		if !ok {
			continue
		}
		if byID[k.ID] != nil {
			return nil, errors.New("two keys of one id")
		}
		byID[k.ID] = key
	}
	if len(byID) == 0 {
		return nil, errors.New("no RSA key for RS256")
	}
	return byID, nil
}

// rsa is the key, if it is one to verify RS256 with.
func (k *jwk) rsa() (*rsa.PublicKey, bool) {
	switch {
	case k.Type != "RSA", k.ID == "", len(k.ID) > maxKeyID,
		k.Algorithm != "" && k.Algorithm != "RS256",
		k.Use != "" && k.Use != "sig",
		k.Operations != nil && !slices.Contains(k.Operations, "verify"):
		return nil, false
	}
	return jose.RSAKey(k.Modulus, k.Exponent)
}
