package token

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// Why a text is no ID token of a pool.
var (
	ErrNoIDToken   = errors.New("not an ID token")
	ErrIDIssuer    = errors.New("ID token of another issuer")
	ErrIDSignature = errors.New("ID token with a wrong signature")
)

// ID is an ID token whose signature and issuer are right. Whether it is still
// valid its times tell.
type ID struct {
	Pool      *userpool.Pool
	Sub       string
	ClientID  string
	Claims    map[string]json.RawMessage // of names as they are written
	ExpiresAt time.Time

	originJTI, eventID string
}

// VerifyID checks the issuer and the signature of an ID token of a pool. Errors:
// those above, and ResourceNotFoundException if there is no such pool.
func (i *Issuer) VerifyID(ctx context.Context, poolID, text string) (*ID, error) {
	pool, err := i.pools.Pool(ctx, poolID)
	if err != nil {
		return nil, err
	}
	j, err := parseJWS(text)
	if err != nil || j.claims.text("token_use") != keys.UseID {
		return nil, ErrNoIDToken
	}
	if j.claims.text("iss") != i.issuerURL(poolID) {
		return nil, ErrIDIssuer
	}
	key, err := i.ring.VerifyKey(ctx, poolID, j.kid, keys.UseID)
	if errors.Is(err, keys.ErrUnknownKey) {
		return nil, ErrIDSignature
	}
	if err != nil {
		return nil, err
	}
	if j.verify(key) != nil {
		return nil, ErrIDSignature
	}
	return &ID{
		Pool: pool, Sub: j.claims.text("sub"), ClientID: j.claims.text("aud"), Claims: j.claims, ExpiresAt: j.claims.time("exp"),
		originJTI: j.claims.text("origin_jti"), eventID: j.claims.text("event_id"),
	}, nil
}

// Active says whether the user of an ID token and the app client it was issued to
// are still there, the user enabled and not signed out since, and the token not
// revoked.
func (i *Issuer) Active(ctx context.Context, id *ID) (bool, error) {
	_, _, err := i.pools.PoolClient(ctx, id.Pool.ID, id.ClientID)
	if fault.CodeOf(err) == fault.ResourceNotFound {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	var user *store.User
	var revoked bool
	err = i.db.View(ctx, func(tx *store.Tx) (err error) {
		user, revoked, err = tx.TokenUser(id.Pool.ID, id.Sub, id.originJTI)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return user.Enabled && !revoked && !signedOut(user, id.originJTI, id.eventID), nil
}
