package token

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/trigger"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

const (
	refreshPurpose keys.Purpose = "refresh-token"

	// maxRefresh bounds the refresh tokens that are looked at; the most scopes a
	// client can have fit.
	maxRefresh = 48 << 10
)

var (
	errInvalidRefresh = fault.New(fault.NotAuthorized, "Invalid Refresh Token")
	errExpiredRefresh = fault.New(fault.NotAuthorized, "Refresh Token has expired")
	errRevokedRefresh = fault.New(fault.NotAuthorized, "Refresh Token has been revoked")
)

// refresh is the content of a refresh token. The pool is bound by the seal.
type refresh struct {
	ClientID   string   `json:"c"`
	Sub        string   `json:"s"`
	OriginJTI  string   `json:"o"`
	AuthTime   int64    `json:"a"` // unix seconds
	IssuedAt   int64    `json:"i"` // unix milliseconds
	ExpiresAt  int64    `json:"e"` // unix milliseconds
	Scopes     []string `json:"p"`
	DeviceKey  string   `json:"d,omitzero"`
	AMR        []string `json:"m,omitzero"` // see Grant
	Rotates    bool     `json:"r,omitzero"` // the client rotated when it was issued
	Generation int64    `json:"g,omitzero"` // how many rotations came before it
	Hosted     bool     `json:"h,omitzero"` // see Grant
	Resource   string   `json:"u,omitzero"` // see Grant
	Key        string   `json:"k,omitzero"` // the thumbprint of the key that it is bound to, see Grant
	SID        string   `json:"b,omitzero"` // see Grant
}

func (r *refresh) expires() time.Time { return time.UnixMilli(r.ExpiresAt).UTC() }

// A refresh token looks like the JWE (RFC 7516) that Cognito's is: a header and
// four parts. The parts are the bytes of one sealed string, cut so that the last
// two but one hold what their names say: initialization vector, ciphertext, tag.
const (
	jweKeySize = 17 // seal version, key id, half of the nonce
	jweIVSize  = 12
	jweTagSize = 16
)

var jweHeader = encoding.EncodeToString([]byte(`{"cty":"JWT","enc":"A256GCM","alg":"RSA-OAEP"}`))

func (i *Issuer) sealRefresh(poolID string, r *refresh) (string, error) {
	payload, err := json.Marshal(r)
	if err != nil {
		return "", fmt.Errorf("refresh token: %w", err)
	}
	sealed, err := i.ring.SealInPool(refreshPurpose, poolID, payload)
	if err != nil {
		return "", fmt.Errorf("refresh token: %w", err)
	}
	b, err := decode(sealed)
	if err != nil {
		return "", fmt.Errorf("refresh token: %w", err)
	}
	tag := len(b) - jweTagSize
	return strings.Join([]string{
		jweHeader,
		encoding.EncodeToString(b[:jweKeySize]),
		encoding.EncodeToString(b[jweKeySize : jweKeySize+jweIVSize]),
		encoding.EncodeToString(b[jweKeySize+jweIVSize : tag]),
		encoding.EncodeToString(b[tag:]),
	}, "."), nil
}

// unsealRefresh is the inverse of sealRefresh. It returns errInvalidRefresh for
// anything that this did not make for the pool, in the one spelling it has.
func (i *Issuer) unsealRefresh(ctx context.Context, poolID, token string) (*refresh, error) {
	if len(token) > maxRefresh || strings.Count(token, ".") != 4 {
		return nil, errInvalidRefresh
	}
	parts := strings.Split(token, ".")
	if parts[0] != jweHeader {
		return nil, errInvalidRefresh
	}
	sizes := []int{jweKeySize, jweIVSize, -1, jweTagSize}
	var all []byte
	for n, part := range parts[1:] {
		b, err := decode(part)
		if err != nil || sizes[n] >= 0 && len(b) != sizes[n] {
			return nil, errInvalidRefresh
		}
		all = append(all, b...)
	}
	payload, err := i.ring.OpenInPool(ctx, refreshPurpose, poolID, encoding.EncodeToString(all))
	if errors.Is(err, keys.ErrSealed) {
		return nil, errInvalidRefresh
	}
	if err != nil {
		return nil, err
	}
	var r refresh
	if err := json.Unmarshal(payload, &r); err != nil {
		return nil, errInvalidRefresh
	}
	return &r, nil
}

// Refresh is a refresh token that was good when it was opened, ready to be
// renewed.
type Refresh struct {
	Pool   *userpool.Pool
	Client *userpool.Client
	User   *store.User // as it is now
	Origin Origin      // of the request, for the record of the session

	thumbprint string // of the key that the client has proven to have, or ""
	content    refresh
}

// OpenRefresh checks a refresh token that client presents. If it came from a
// device, deviceKey must name that, and the user must have confirmed it and not
// forgotten. Errors are NotAuthorizedException, and
// PasswordResetRequiredException for a user whose password an administrator has
// reset. Whether a rotated token is used again is found by Renew.
func (i *Issuer) OpenRefresh(ctx context.Context, client *userpool.Client, token, deviceKey string) (*Refresh, error) {
	return i.openRefresh(ctx, client, token, deviceKey, "")
}

// OpenProvenRefresh is OpenRefresh for a client that has proven to have a key, whose
// thumbprint is given ("": it has not). A token that is bound to a key needs that
// one; the new access token is bound to the key in any case. No device took part.
func (i *Issuer) OpenProvenRefresh(ctx context.Context, client *userpool.Client, token, thumbprint string) (*Refresh, error) {
	return i.openRefresh(ctx, client, token, "", thumbprint)
}

func (i *Issuer) openRefresh(ctx context.Context, client *userpool.Client, token, deviceKey, thumbprint string) (*Refresh, error) {
	content, err := i.unsealRefresh(ctx, client.PoolID, token)
	if err != nil {
		return nil, err
	}
	if content.ClientID != client.ID || content.DeviceKey != "" && content.DeviceKey != deviceKey ||
		content.Key != "" && content.Key != thumbprint {
		return nil, errInvalidRefresh
	}
	if !i.db.Now().Before(content.expires()) {
		return nil, errExpiredRefresh
	}
	pool, err := i.pools.Pool(ctx, client.PoolID)
	if err != nil {
		return nil, err
	}
	var user *store.User
	var revoked bool
	device := true
	err = i.db.View(ctx, func(tx *store.Tx) (err error) {
		user, revoked, err = tx.RefreshUser(pool.ID, content.Sub, content.OriginJTI)
		if err == nil && content.DeviceKey != "" {
			device, err = tx.HasDevice(pool.ID, content.Sub, content.DeviceKey)
		}
		return err
	})
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, errInvalidRefresh
	case err != nil:
		return nil, err
	case revoked || signedOut(user, content.OriginJTI, ""):
		return nil, errRevokedRefresh
	case !device:
		return nil, errInvalidRefresh
	case !user.Enabled:
		return nil, fault.New(fault.NotAuthorized, "User is disabled.")
	case user.Status == userpool.StatusResetRequired:
		// An administrator no longer trusts the password, nor what came of it.
		return nil, fault.New(fault.PasswordResetRequired, "Password reset required for the user")
	case user.Status == userpool.StatusForceChangePassword:
		return nil, errInvalidRefresh
	}
	return &Refresh{Pool: pool, Client: client, User: user, thumbprint: thumbprint, content: *content}, nil
}

// Renew gives new tokens for a refresh token: the same sign-in and auth_time, the
// user's attributes of now. For a client that rotates there is a new refresh
// token too, which expires when the old one would have. A token that was rotated
// away longer ago than the grace period gives RefreshTokenReuseException and ends
// the whole sign-in.
func (i *Issuer) Renew(ctx context.Context, r *Refresh) (*Set, error) {
	// Signed before the rotation, so that a failure to sign does not use the token
	// up.
	now := i.db.Now()
	next := r.content
	next.Key = r.thumbprint
	set, err := i.signSet(ctx, signing{
		pool: r.Pool, client: r.Client, user: r.User, r: &next, source: trigger.TokenGenerationRefreshTokens, now: now,
	})
	if err != nil {
		return nil, err
	}
	rotates, grace := r.Client.Rotates()
	if !rotates && !r.content.Rotates {
		if r.Pool.TracksSessions() {
			err = i.db.Update(ctx, r.touch)
		}
		return set, err
	}
	generation, err := i.rotate(ctx, r, rotates, grace)
	if err != nil {
		return nil, err
	}
	if !rotates {
		return set, nil
	}
	next.Key = refreshKey(r.Client, r.thumbprint)
	next.IssuedAt = now.UnixMilli()
	next.Rotates = true
	next.Generation = generation
	if set.RefreshToken, err = i.sealRefresh(r.Pool.ID, &next); err != nil {
		return nil, err
	}
	return set, nil
}
