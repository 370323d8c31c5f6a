package token

import (
	"context"
	"errors"
	"time"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// signOutReach is how far a sign-out reaches into the future, for tokens from
// nodes whose clocks are ahead. Sign-ins after it are not hit, see idTime.
const signOutReach = 2 * time.Second

// Revoke ends the sign-in that a refresh token of the client comes from: the
// token itself and all access and ID tokens issued with it. A token that means
// nothing, or nothing any more, is revoked already (RFC 7009, 2.2).
//
// Errors: UnsupportedOperationException if the client does not revoke,
// UnsupportedTokenTypeException for an access or ID token, UnauthorizedException
// for a token of another client.
func (i *Issuer) Revoke(ctx context.Context, client *userpool.Client, refreshToken string, linked bool) error {
	if !client.EnableTokenRevocation {
		return fault.Errorf(fault.UnsupportedOperation, "Token revocation is not enabled for client %s", client.ID)
	}
	if j, err := parseJWS(refreshToken); err == nil {
		switch j.claims.text("token_use") {
		case keys.UseAccess, keys.UseID:
			return fault.New(fault.UnsupportedTokenType, "Only refresh tokens can be revoked")
		}
	}
	r, err := i.unsealRefresh(ctx, client.PoolID, refreshToken)
	switch {
	case errors.Is(err, errInvalidRefresh):
		return nil
	case err != nil:
		return err
	case !i.db.Now().Before(r.expires()):
		return nil
	}
	if r.ClientID != client.ID {
		return fault.New(fault.Unauthorized, "Refresh Token was not issued to the client")
	}
	return i.db.Update(ctx, func(tx *store.Tx) error {
		if linked {
			sessions, err := tx.UserSessions(client.PoolID, r.Sub)
			if err != nil {
				return err
			}
			if s := findSession(sessions, store.TokenSession, r.OriginJTI); s != nil {
				if err := endLinked(tx, sessions, s); err != nil {
					return err
				}
			}
		}
		return tx.RevokeToken(client.PoolID, r.OriginJTI, revokedFor(r.expires()))
	})
}

// SignOutEverywhere makes all tokens of a user worthless that were issued until
// now. It returns UserNotFoundException if the user is gone.
func (i *Issuer) SignOutEverywhere(ctx context.Context, pool *userpool.Pool, sub string) error {
	err := i.db.Update(ctx, func(tx *store.Tx) error {
		user, err := tx.User(pool.ID, sub)
		if err != nil {
			return err
		}
		// Later than the last sign-out even if the clock was set back: idTime put
		// the tokens since then behind that.
		at := tx.Now().Add(signOutReach)
		if !at.After(user.SignedOutAt) {
			at = user.SignedOutAt.Add(time.Millisecond)
		}
		return tx.SignOutUser(pool.ID, sub, at)
	})
	if errors.Is(err, store.ErrNotFound) {
		return fault.New(fault.UserNotFound, "User does not exist.")
	}
	return err
}
