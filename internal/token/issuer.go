package token

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// Issuer issues and checks the tokens of all pools. Its methods may be called
// concurrently, but not inside a transaction.
type Issuer struct {
	db        *store.DB
	ring      *keys.Ring
	pools     *userpool.Pools
	issuerURL func(poolID string) string
}

// NewIssuer returns an Issuer. issuerURL is the iss claim of a pool's tokens; it
// must end in a slash and the pool's id.
func NewIssuer(db *store.DB, ring *keys.Ring, pools *userpool.Pools, issuerURL func(poolID string) string) *Issuer {
	return &Issuer{db: db, ring: ring, pools: pools, issuerURL: issuerURL}
}

// A Grant is a finished sign-in.
type Grant struct {
	Pool   *userpool.Pool
	Client *userpool.Client // of Pool
	User   *store.User      // as read after the last proof

	AuthTime  time.Time // when the user proved who they are; zero: now
	AMR       []string  // the methods that proved it, as userpool names them
	Scopes    []string  // of the access token; none: aws.cognito.signin.user.admin
	DeviceKey string    // of the device that took part or may be confirmed, if there is one
	Nonce     string    // for the ID token, if the client gave one

	Origin     Origin // for the record of the session
	SSOSession string // the id of the browser's session that it came through, if it did
}

// A Set is the tokens of one sign-in or refresh.
type Set struct {
	AccessToken  string
	IDToken      string
	RefreshToken string        // "" after a refresh without rotation
	ExpiresIn    time.Duration // of the access token

	NewDevice *userpool.NewDevice // that the user may confirm, or nil
}

// Issue gives the tokens of a sign-in.
func (i *Issuer) Issue(ctx context.Context, g Grant) (*Set, error) {
	now := i.db.Now()
	if g.AuthTime.IsZero() {
		g.AuthTime = now
	}
	if len(g.Scopes) == 0 {
		g.Scopes = []string{signInScope}
	}
	rotates, _ := g.Client.Rotates()
	r := refresh{
		ClientID:  g.Client.ID,
		Sub:       g.User.Sub,
		OriginJTI: newUUID(idTime(g.User, now)),
		AuthTime:  g.AuthTime.Unix(),
		IssuedAt:  now.UnixMilli(),
		ExpiresAt: now.Add(g.Client.RefreshTokenTTL()).UnixMilli(),
		Scopes:    g.Scopes,
		DeviceKey: g.DeviceKey,
		AMR:       g.AMR,
		Rotates:   rotates,
	}
	set, err := i.signSet(ctx, g.Pool, g.Client, g.User, &r, g.Nonce, now)
	if err != nil {
		return nil, err
	}
	if set.RefreshToken, err = i.sealRefresh(g.Pool.ID, &r); err != nil {
		return nil, err
	}
	if g.Pool.TracksSessions() {
		if err := i.record(ctx, g, &r); err != nil {
			return nil, err
		}
	}
	return set, nil
}

// idTime is the time for an id of tokens issued now: behind the user's last
// sign-out, whatever the clocks say.
func idTime(user *store.User, now time.Time) time.Time {
	if after := user.SignedOutAt.Add(time.Millisecond); !user.SignedOutAt.IsZero() && now.Before(after) {
		return after
	}
	return now
}

// signSet makes the signed tokens of the sign-in that r tells of.
func (i *Issuer) signSet(ctx context.Context, pool *userpool.Pool, client *userpool.Client, user *store.User,
	r *refresh, nonce string, now time.Time) (*Set, error) {
	accessKey, err := i.ring.Signer(ctx, pool.ID, keys.UseAccess)
	if err != nil {
		return nil, fmt.Errorf("signing key for access tokens: %w", err)
	}
	idKey, err := i.ring.Signer(ctx, pool.ID, keys.UseID)
	if err != nil {
		return nil, fmt.Errorf("signing key for ID tokens: %w", err)
	}
	at := idTime(user, now)
	groups := userpool.ClaimsOf(user.Groups)
	access := accessClaims{
		Sub:       user.Sub,
		DeviceKey: r.DeviceKey,
		Groups:    groups.Names,
		EventID:   newUUID(at),
		TokenUse:  keys.UseAccess,
		Scope:     strings.Join(r.Scopes, " "),
		AuthTime:  r.AuthTime,
		Iss:       i.issuerURL(pool.ID),
		Exp:       now.Add(client.AccessTokenTTL()).Unix(),
		Iat:       now.Unix(),
		ClientID:  client.ID,
		Username:  user.Username,
		ACR:       pool.ACR(r.AMR),
		AMR:       userpool.AMR(r.AMR),
	}
	id := idClaims(client, user.Attributes)
	id["sub"] = access.Sub
	id["aud"] = client.ID
	id["cognito:username"] = user.Username
	id["event_id"] = access.EventID
	id["token_use"] = keys.UseID
	id["auth_time"] = access.AuthTime
	id["iss"] = access.Iss
	id["exp"] = now.Add(client.IDTokenTTL()).Unix()
	id["iat"] = access.Iat
	if access.ACR != "" {
		id["acr"], id["amr"] = access.ACR, access.AMR
	}
	addGroupClaims(id, groups)
	if nonce != "" {
		id["nonce"] = nonce
	}
	if rotates, _ := client.Rotates(); rotates || client.EnableTokenRevocation || pool.TracksSessions() {
		access.OriginJTI = r.OriginJTI
		access.JTI = newUUID(at)
		id["origin_jti"] = r.OriginJTI
		id["jti"] = newUUID(at)
	}

	set := &Set{ExpiresIn: client.AccessTokenTTL()}
	if set.AccessToken, err = sign(accessKey, access); err != nil {
		return nil, fmt.Errorf("sign access token: %w", err)
	}
	if set.IDToken, err = sign(idKey, id); err != nil {
		return nil, fmt.Errorf("sign ID token: %w", err)
	}
	return set, nil
}
