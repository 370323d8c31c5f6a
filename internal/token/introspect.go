package token

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// Inspection is what RFC 7662, 2.2 tells of a token that is alive.
type Inspection struct {
	ClientID  string
	Username  string // "" for a client's own token
	Sub       string
	Scopes    []string
	TokenType string // Bearer, DPoP, or refresh_token
	Issuer    string
	JTI       string
	IssuedAt  time.Time
	ExpiresAt time.Time

	Thumbprint string // of the key that it is bound to (DPoP), or ""
}

// Inspect tells what an access or refresh token of a pool stands for now, nil for
// anything that is worth nothing (any more).
func (i *Issuer) Inspect(ctx context.Context, pool *userpool.Pool, text string) (*Inspection, error) {
	inspection, err := i.inspectAccess(ctx, pool, text)
	if err == nil && inspection == nil {
		inspection, err = i.inspectRefresh(ctx, pool, text)
	}
	switch fault.CodeOf(err) {
	case fault.NotAuthorized, fault.UserNotFound, fault.ResourceNotFound, fault.PasswordResetRequired:
		return nil, nil
	}
	return inspection, err
}

func (i *Issuer) inspectAccess(ctx context.Context, pool *userpool.Pool, text string) (*Inspection, error) {
	of, claims, err := i.verifyAccess(ctx, text)
	switch {
	case errors.Is(err, errInvalidAccess):
		return nil, nil
	case err != nil:
		return nil, err
	case of.ID != pool.ID:
		return nil, errInvalidAccess
	case claims.Username == "": // a client's own; it lasts as long as the client
		if _, _, err := i.pools.PoolClient(ctx, pool.ID, claims.ClientID); err != nil {
			return nil, err
		}
	default:
		if _, err := i.authenticate(ctx, text, claims.Thumbprint); err != nil {
			return nil, err
		}
	}
	return &Inspection{
		ClientID: claims.ClientID, Username: claims.Username, Sub: claims.Sub, Scopes: claims.Scopes, TokenType: TokenType(claims.Thumbprint),
		Issuer: i.issuerURL(pool.ID), JTI: claims.JTI, IssuedAt: claims.IssuedAt, ExpiresAt: claims.ExpiresAt,
		Thumbprint: claims.Thumbprint,
	}, nil
}

func (i *Issuer) inspectRefresh(ctx context.Context, pool *userpool.Pool, text string) (*Inspection, error) {
	if !strings.HasPrefix(text, jweHeader) {
		return nil, nil
	}
	content, err := i.unsealRefresh(ctx, pool.ID, text)
	if err != nil {
		return nil, err
	}
	_, client, err := i.pools.PoolClient(ctx, pool.ID, content.ClientID)
	if err != nil {
		return nil, err
	}
	r, err := i.openRefresh(ctx, client, text, content.DeviceKey, content.Key)
	if err != nil {
		return nil, err
	}
	if content.Rotates {
		var live store.Rotation
		if err := i.db.View(ctx, func(tx *store.Tx) (err error) {
			live, err = tx.Rotation(pool.ID, content.OriginJTI)
			return err
		}); err != nil || content.Generation < live.Generation {
			return nil, err
		}
	}
	return &Inspection{
		ClientID: client.ID, Username: r.User.Username, Sub: r.User.Sub, Scopes: content.Scopes, TokenType: "refresh_token",
		Issuer: i.issuerURL(pool.ID), IssuedAt: time.UnixMilli(content.IssuedAt).UTC(), ExpiresAt: content.expires(),
		Thumbprint: content.Key,
	}, nil
}
