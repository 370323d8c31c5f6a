package token

import (
	"context"
	"fmt"

	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// Discovery is a pool's OpenID provider configuration (OpenID Connect Discovery
// 1.0, section 3): what is served, members in the order of the alphabet as
// Cognito has them.
type Discovery struct {
	IDTokenSigningAlgValuesSupported []string `json:"id_token_signing_alg_values_supported"`
	Issuer                           string   `json:"issuer"`
	JWKSURI                          string   `json:"jwks_uri"`
	ResponseTypesSupported           []string `json:"response_types_supported"` // required by the specification
	SubjectTypesSupported            []string `json:"subject_types_supported"`
}

// Discovery describes a pool. The issuer is that of its tokens, and the key set
// lies below it.
func (i *Issuer) Discovery(pool *userpool.Pool) Discovery {
	issuer := i.issuerURL(pool.ID)
	return Discovery{
		IDTokenSigningAlgValuesSupported: []string{"RS256"},
		Issuer:                           issuer,
		JWKSURI:                          issuer + "/.well-known/jwks.json",
		ResponseTypesSupported:           []string{"code", "token"},
		SubjectTypesSupported:            []string{"public"},
	}
}

// KeySet is a pool's JWK set (RFC 7517, section 5).
type KeySet struct {
	Keys []keys.JWK `json:"keys"`
}

// JWKS returns the keys that verify a pool's tokens, those about to be used
// included.
func (i *Issuer) JWKS(ctx context.Context, pool *userpool.Pool) (KeySet, error) {
	jwks, err := i.ring.JWKS(ctx, pool.ID)
	if err != nil {
		return KeySet{}, fmt.Errorf("key set of pool %s: %w", pool.ID, err)
	}
	return KeySet{Keys: jwks}, nil
}
