package token

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/trigger"
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

	// Through the OAuth endpoints: scopes decide what the tokens tell, and there is
	// an ID token only with openid.
	Hosted    bool
	Resource  string // the audience of the access token, or ""
	OriginJTI string // a NewOrigin that was made ahead; "": a new one
	NoRefresh bool   // without a refresh token

	// Thumbprint is that of a key which the client has proven to have (DPoP, RFC
	// 9449): the access token is bound to it, and that of a client without a secret
	// its refresh token too. "": neither is.
	Thumbprint string

	Source string // what the trigger PreTokenGeneration is told; "": TokenGeneration_Authentication

	Origin     Origin // for the record of the session
	SSOSession string // the id of the browser's session that it came through, if it did
	SID        string // for the ID token, of the session that the client has of its own; "": no sid
}

// A Set is the tokens of one sign-in or refresh.
type Set struct {
	AccessToken  string
	IDToken      string        // "" through the OAuth endpoints without openid
	RefreshToken string        // "" after a refresh without rotation, and where none was wanted
	ExpiresIn    time.Duration // of the access token
	Thumbprint   string        // of the key that the access token is bound to, or ""

	NewDevice *userpool.NewDevice // that the user may confirm, or nil
}

// Issue gives the tokens of a sign-in.
func (i *Issuer) Issue(ctx context.Context, g Grant) (*Set, error) {
	now := i.db.Now()
	if g.AuthTime.IsZero() {
		g.AuthTime = now
	}
	if len(g.Scopes) == 0 {
		g.Scopes = []string{userpool.ScopeSignIn}
	}
	rotates, _ := g.Client.Rotates()
	r := refresh{
		ClientID:  g.Client.ID,
		Sub:       g.User.Sub,
		OriginJTI: g.OriginJTI,
		AuthTime:  g.AuthTime.Unix(),
		IssuedAt:  now.UnixMilli(),
		ExpiresAt: now.Add(g.Client.RefreshTokenTTL()).UnixMilli(),
		Scopes:    g.Scopes,
		DeviceKey: g.DeviceKey,
		AMR:       g.AMR,
		Rotates:   rotates,
		Hosted:    g.Hosted,
		Resource:  g.Resource,
		Key:       g.Thumbprint,
		SID:       g.SID,
	}
	if r.OriginJTI == "" {
		r.OriginJTI = i.NewOrigin(g.User)
	}
	set, err := i.signSet(ctx, g.Pool, g.Client, g.User, &r, g.Nonce, cmp.Or(g.Source, trigger.TokenGenerationAuthentication), now)
	if err != nil {
		return nil, err
	}
	if g.NoRefresh {
		return set, nil // nothing to list or to revoke, but for the tokens' hour
	}
	r.Key = refreshKey(g.Client, g.Thumbprint)
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

// NewOrigin returns an origin_jti for a sign-in of a user that happens now.
func (i *Issuer) NewOrigin(user *store.User) string { return newUUID(idTime(user, i.db.Now())) }

// idTime is the time for an id of tokens issued now: behind the user's last
// sign-out, whatever the clocks say.
func idTime(user *store.User, now time.Time) time.Time {
	if after := user.SignedOutAt.Add(time.Millisecond); !user.SignedOutAt.IsZero() && now.Before(after) {
		return after
	}
	return now
}

// signSet makes the signed tokens of the sign-in that r tells of, for the key in r.
// source is what the trigger PreTokenGeneration is told.
func (i *Issuer) signSet(ctx context.Context, pool *userpool.Pool, client *userpool.Client, user *store.User,
	r *refresh, nonce, source string, now time.Time) (*Set, error) {
	if err := CheckBound(client, r.Key); err != nil {
		return nil, err
	}
	accessKey, err := i.ring.Signer(ctx, pool.ID, keys.UseAccess)
	if err != nil {
		return nil, fmt.Errorf("signing key for access tokens: %w", err)
	}
	at := idTime(user, now)
	groups := userpool.ClaimsOf(user.Groups)
	changes, err := i.preToken(ctx, pool, client, user, groups, r.Scopes, source)
	if err != nil {
		return nil, err
	}
	groups = changeGroups(groups, changes)
	access := accessClaims{
		Sub:       user.Sub,
		DeviceKey: r.DeviceKey,
		Groups:    groups.Names,
		EventID:   newUUID(at),
		TokenUse:  keys.UseAccess,
		Scope:     strings.Join(changeScopes(r.Scopes, changes.Scopes), " "),
		AuthTime:  r.AuthTime,
		Iss:       i.issuerURL(pool.ID),
		Exp:       now.Add(client.AccessTokenTTL()).Unix(),
		Iat:       now.Unix(),
		ClientID:  client.ID,
		Username:  user.Username,
		Cnf:       confirm(r.Key),
		ACR:       pool.ACR(r.AMR),
		AMR:       userpool.AMR(r.AMR),
	}
	if r.Hosted {
		access.Version, access.Aud = 2, r.Resource
	}
	id := idClaims(client, r.readable(user.Attributes))
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

	changeClaims(id, fixedIDClaims, changes.ID)
	if r.SID != "" { // behind functions: in tokens without one they may use the name
		id["sid"] = r.SID
	}
	changed, err := changedAccess(access, client.ID, changes.Access)
	if err != nil {
		return nil, err
	}

	set := &Set{ExpiresIn: client.AccessTokenTTL(), Thumbprint: r.Key}
	if set.AccessToken, err = sign(accessKey, changed); err != nil {
		return nil, fmt.Errorf("sign access token: %w", err)
	}
	if len(set.AccessToken) > maxJWS {
		return nil, errTooLong
	}
	if r.Hosted {
		if !slices.Contains(r.Scopes, userpool.ScopeOpenID) {
			return set, nil
		}
		id["at_hash"] = atHash(set.AccessToken)
	}
	idKey, err := i.ring.Signer(ctx, pool.ID, keys.UseID)
	if err != nil {
		return nil, fmt.Errorf("signing key for ID tokens: %w", err)
	}
	if set.IDToken, err = sign(idKey, id); err != nil {
		return nil, fmt.Errorf("sign ID token: %w", err)
	}
	return set, nil
}
