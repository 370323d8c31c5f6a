package keys

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/poolhouse/poolhouse/internal/store"
)

// What outlives a move of its pool to another deployment, because clients hold it
// (refresh tokens), is sealed under a key of the pool's own that follows from the
// data key. That key can be given away with the pool and says nothing about the
// other pools of the deployment. The deployment that takes the pool keeps it as a
// carried key: a row among the pool's signing keys whose use is the purpose. It
// opens what was sealed before the move, in that pool only, and seals nothing.

// poolSealVersion begins what SealInPool makes.
const poolSealVersion = 2

// carriedSize is the length of a carried key: the id of the data key it follows
// from, and the key.
const carriedSize = 4 + xaesKeySize

// CarriedKey is a pool's own key of one purpose, as it is given to another
// deployment.
type CarriedKey struct {
	ID      string // follows from the rest, in the form of a kid
	Purpose Purpose
	Secret  []byte // the data key's id (4 bytes, big endian) and the key (32)
}

// carriedKey is a CarriedKey in use.
type carriedKey struct {
	purpose Purpose
	id      uint32
	x       *xaes
	row     store.SigningKey
}

// SealInPool encrypts plaintext for a purpose, under the pool's own key. The only
// error is ErrPlaintextTooLong.
func (r *Ring) SealInPool(purpose Purpose, poolID string, plaintext []byte) (string, error) {
	if len(plaintext) > MaxPlaintext {
		return "", ErrPlaintextTooLong
	}
	s := r.data.Load().sealer(r.db.Now())
	buf := make([]byte, sealHeaderSize+xaesNonceSize, sealHeaderSize+xaesNonceSize+len(plaintext)+xaesTagSize)
	buf[0] = poolSealVersion
	binary.BigEndian.PutUint32(buf[1:], s.active)
	rand.Read(buf[sealHeaderSize:]) // never fails, see crypto/rand
	nonce := [xaesNonceSize]byte(buf[sealHeaderSize:])
	additional := slices.Clone(buf[:sealHeaderSize])
	x := newXAES(poolSubkey(s.keys[s.active], purpose, poolID))
	return sealEncoding.EncodeToString(x.seal(buf, &nonce, plaintext, additional)), nil
}

// OpenInPool decrypts what SealInPool made for the purpose and the pool, here or
// in a deployment that the pool came from with its keys. It returns ErrSealed for
// anything else.
func (r *Ring) OpenInPool(ctx context.Context, purpose Purpose, poolID, sealed string) ([]byte, error) {
	// The decoder skips line breaks, which would give a value many spellings.
	if len(sealed) > maxSealed || strings.ContainsAny(sealed, "\r\n") {
		return nil, ErrSealed
	}
	buf, err := sealEncoding.DecodeString(sealed)
	if err != nil || len(buf) < sealHeaderSize+xaesNonceSize+xaesTagSize || buf[0] != poolSealVersion {
		return nil, ErrSealed
	}
	id := binary.BigEndian.Uint32(buf[1:])
	nonce := [xaesNonceSize]byte(buf[sealHeaderSize:])
	open := func(x *xaes) ([]byte, error) {
		return x.open(nil, &nonce, buf[sealHeaderSize+xaesNonceSize:], buf[:sealHeaderSize])
	}
	if key, ok := r.data.Load().set[id]; ok {
		if plaintext, err := open(newXAES(poolSubkey(key, purpose, poolID))); err == nil {
			return plaintext, nil
		}
	}
	pool, err := r.poolKeys(ctx, poolID)
	if errors.Is(err, store.ErrNotFound) {
		return nil, ErrSealed
	}
	if err != nil {
		return nil, err
	}
	for _, k := range pool.carried {
		if k.purpose != purpose || k.id != id || !published(k.row, r.db.Now()) {
			continue
		}
		if plaintext, err := open(k.x); err == nil {
			return plaintext, nil
		}
	}
	return nil, ErrSealed
}

// CarryKeys returns the pool's own keys of a purpose, one for each data key. Who
// has them opens and makes what is sealed for the purpose in the pool.
func (r *Ring) CarryKeys(purpose Purpose, poolID string) []CarriedKey {
	set := r.data.Load().set
	carried := make([]CarriedKey, 0, len(set))
	for id, key := range set {
		subkey := poolSubkey(key, purpose, poolID)
		secret := append(binary.BigEndian.AppendUint32(nil, id), subkey[:]...)
		digest := sha256.Sum256(appendParts([]byte("poolhouse carried key v1"), []string{string(purpose), string(secret)}))
		carried = append(carried, CarriedKey{
			ID: base64.StdEncoding.EncodeToString(digest[:]), Purpose: purpose, Secret: secret,
		})
	}
	slices.SortFunc(carried, func(a, b CarriedKey) int { return strings.Compare(a.ID, b.ID) })
	return carried
}

// signs says whether a row is a signing key, and not one carried over.
func signs(row store.SigningKey) bool { return row.TokenUse == UseID || row.TokenUse == UseAccess }

func (r *Ring) openCarriedKey(row store.SigningKey) (carriedKey, error) {
	secret, err := r.Open(signingKeyPurpose, row.SealedPrivate, row.PoolID, row.KeyID, row.TokenUse)
	if err == nil && len(secret) != carriedSize {
		err = ErrSealed
	}
	if err != nil {
		return carriedKey{}, fmt.Errorf("carried key %s of pool %s: %w", row.KeyID, row.PoolID, err)
	}
	return carriedKey{
		purpose: Purpose(row.TokenUse), id: binary.BigEndian.Uint32(secret),
		x: newXAES([xaesKeySize]byte(secret[4:])), row: row,
	}, nil
}

// poolSubkey is the pool's own key of a purpose.
func poolSubkey(key DataKey, purpose Purpose, poolID string) [xaesKeySize]byte {
	// A purpose has no NUL, so that no two pairs make one text.
	return deriveKey(key, "poolhouse pool seal v1", purpose+"\x00"+Purpose(poolID))
}

// published says whether a row still counts.
func published(row store.SigningKey, now time.Time) bool {
	return row.RetireAt.IsZero() || row.RetireAt.After(now)
}
