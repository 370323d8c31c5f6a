package token

import (
	"context"
	"errors"
	"time"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/store"
)

// rotate uses a refresh token of a family, which is named by origin_jti, and
// returns the generation of its successor.
//
// The database holds the live generation. Its token moves it on by one. The
// token before it still works for the grace period, and gets a successor of the
// live generation, so that a client which asks twice, or did not hear the answer,
// goes on. Anything older was taken from somebody: the family is revoked, since
// it cannot be told which side the thief is on.
//
// Where the client no longer rotates (rotates is false) nothing moves, but what
// was rotated away stays so.
func (i *Issuer) rotate(ctx context.Context, used *Refresh, rotates bool, grace time.Duration) (int64, error) {
	poolID, r := used.Pool.ID, &used.content
	var next int64
	var refusal error
	err := i.db.Update(ctx, func(tx *store.Tx) error {
		next, refusal = 0, nil
		// Both again, in the transaction: the family may have ended meanwhile.
		user, revoked, err := tx.TokenUser(poolID, r.Sub, r.OriginJTI)
		if errors.Is(err, store.ErrNotFound) {
			refusal = errInvalidRefresh
			return nil
		}
		if err != nil {
			return err
		}
		if revoked || signedOut(user, r.OriginJTI, "") {
			refusal = errRevokedRefresh
			return nil
		}
		live, err := tx.Rotation(poolID, r.OriginJTI)
		if err != nil {
			return err
		}
		switch {
		case r.Generation > live.Generation:
			refusal = errInvalidRefresh // never issued by this database
			return nil
		case r.Generation == live.Generation && !rotates:
			return used.touch(tx)
		case r.Generation == live.Generation:
			next = live.Generation + 1
			if err := used.touch(tx); err != nil {
				return err
			}
			return tx.PutRotation(poolID, r.OriginJTI, store.Rotation{Generation: next, RotatedAt: tx.Now()}, r.expires())
		case r.Generation == live.Generation-1 && tx.Now().Before(live.RotatedAt.Add(grace)):
			next = live.Generation
			return used.touch(tx)
		}
		refusal = fault.New(fault.RefreshTokenReuse, "Refresh Token has been reused")
		return tx.RevokeToken(poolID, r.OriginJTI, revokedFor(r.expires()))
	})
	if err != nil {
		return 0, err
	}
	return next, refusal
}
