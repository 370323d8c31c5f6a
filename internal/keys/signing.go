package keys

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"time"

	"github.com/poolhouse/poolhouse/internal/store"
)

// The two uses of a signing key; the ID and the access tokens of a pool never
// share one.
const (
	UseID     = "id"
	UseAccess = "access"
)

const signingKeyPurpose Purpose = "signing-key"

// A SigningKey signs the tokens of one use in one pool.
type SigningKey struct {
	ID  string // the kid: base64 of 32 random bytes, padded
	Use string // UseID or UseAccess

	row     store.SigningKey
	private crypto.Signer // not *rsa.PrivateKey, so that another RSA can stand here
	public  *rsa.PublicKey
	jwk     JWK
}

// Sign returns the RSASSA-PKCS1-v1_5 signature (RS256 of RFC 7518) of a SHA-256
// digest.
func (k *SigningKey) Sign(digest []byte) ([]byte, error) {
	return k.private.Sign(rand.Reader, digest, crypto.SHA256)
}

// SignSHA512 is Sign for a SHA-512 digest (RS512).
func (k *SigningKey) SignSHA512(digest []byte) ([]byte, error) {
	return k.private.Sign(rand.Reader, digest, crypto.SHA512)
}

// JWK is a public key as Cognito publishes it: RFC 7517, members in the order of
// the alphabet.
type JWK struct {
	Alg string `json:"alg"`
	E   string `json:"e"`
	Kid string `json:"kid"`
	Kty string `json:"kty"`
	N   string `json:"n"`
	Use string `json:"use"`
}

func newJWK(kid string, public *rsa.PublicKey) JWK {
	e := binary.BigEndian.AppendUint64(nil, uint64(public.E))
	return JWK{
		Alg: "RS256",
		E:   base64.RawURLEncoding.EncodeToString(e[bits.LeadingZeros64(uint64(public.E))/8:]),
		Kid: kid,
		Kty: "RSA",
		N:   base64.RawURLEncoding.EncodeToString(public.N.Bytes()),
		Use: "sig",
	}
}

// published says whether verifiers may still see the key.
func (k *SigningKey) published(now time.Time) bool { return published(k.row, now) }

// newSigningKey seals a private key as a row of a pool.
func (r *Ring) newSigningKey(poolID, use string, private *rsa.PrivateKey, created, active time.Time) (store.SigningKey, error) {
	var id [32]byte
	rand.Read(id[:]) // never fails, see crypto/rand
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return store.SigningKey{}, fmt.Errorf("signing key: %w", err)
	}
	kid := base64.StdEncoding.EncodeToString(id[:])
	sealed, err := r.Seal(signingKeyPurpose, der, poolID, kid, use)
	if err != nil {
		return store.SigningKey{}, fmt.Errorf("signing key: %w", err)
	}
	return store.SigningKey{
		PoolID:        poolID,
		KeyID:         kid,
		TokenUse:      use,
		SealedPrivate: sealed,
		CreatedAt:     created,
		ActiveAt:      active,
	}, nil
}

// openSigningKey is the other direction.
func (r *Ring) openSigningKey(row store.SigningKey) (*SigningKey, error) {
	der, err := r.Open(signingKeyPurpose, row.SealedPrivate, row.PoolID, row.KeyID, row.TokenUse)
	if err != nil {
		return nil, fmt.Errorf("signing key %s of pool %s: %w", row.KeyID, row.PoolID, err)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, fmt.Errorf("signing key %s of pool %s: %w", row.KeyID, row.PoolID, err)
	}
	private, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("signing key %s of pool %s is not RSA", row.KeyID, row.PoolID)
	}
	return &SigningKey{
		ID:      row.KeyID,
		Use:     row.TokenUse,
		row:     row,
		private: private,
		public:  &private.PublicKey,
		jwk:     newJWK(row.KeyID, &private.PublicKey),
	}, nil
}

// NewPoolKeys returns the first pair of keys of a pool, active from now. The
// caller inserts them in the transaction that makes the pool. It takes keys from
// the supply and makes them itself only when that is empty.
func (r *Ring) NewPoolKeys(ctx context.Context, poolID string, now time.Time) ([]store.SigningKey, error) {
	return r.newPair(ctx, poolID, now, now)
}

func (r *Ring) newPair(ctx context.Context, poolID string, created, active time.Time) ([]store.SigningKey, error) {
	pair, err := r.supply.take(ctx, 2)
	if err != nil {
		return nil, err
	}
	id, err := r.newSigningKey(poolID, UseID, pair[0], created, active)
	if err != nil {
		return nil, err
	}
	access, err := r.newSigningKey(poolID, UseAccess, pair[1], created, active)
	if err != nil {
		return nil, err
	}
	return []store.SigningKey{id, access}, nil
}

// OfIdentityPools is what the keys of identity pools stand under among those of
// user pools, whose ids have a region in front.
const OfIdentityPools = "_identity"

// RotatePool gives a pool a new pair of keys. They are published at once and
// sign from activateAfter on; the pair in force until then stays published for
// retireAfter more, which should be no less than the longest life of a token.
// It returns store.ErrNotFound for a pool without keys.
func (r *Ring) RotatePool(ctx context.Context, poolID string, activateAfter, retireAfter time.Duration) error {
	if activateAfter < 0 || retireAfter < 0 {
		return errors.New("rotate signing keys: negative duration")
	}
	now := r.db.Now()
	active := now.Add(activateAfter)
	retire := active.Add(retireAfter)
	pair, err := r.newPair(ctx, poolID, now, active)
	if err != nil {
		return err
	}
	return r.db.Update(ctx, func(tx *store.Tx) error {
		rows, err := tx.SigningKeys(poolID)
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			return fmt.Errorf("keys of user pool %s: %w", poolID, store.ErrNotFound)
		}
		for _, row := range rows {
			if !signs(row) || !row.RetireAt.IsZero() && !row.RetireAt.After(retire) {
				continue
			}
			if err := tx.RetireSigningKey(poolID, row.KeyID, retire); err != nil {
				return err
			}
		}
		for _, row := range pair {
			if err := tx.InsertSigningKey(row); err != nil {
				return err
			}
		}
		return nil
	})
}
