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
	set, err := i.signSet(ctx, signing{
		pool: g.Pool, client: g.Client, user: g.User, r: &r, nonce: g.Nonce,
		source: cmp.Or(g.Source, trigger.TokenGenerationAuthentication), now: now,
	})
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

// signing is what goes into the tokens of one sign-in or refresh.
type signing struct {
	pool   *userpool.Pool
	client *userpool.Client
	user   *store.User
	r      *refresh // tells of the sign-in, and of the key the tokens are for
	nonce  string   // for the ID token, or ""
	source string   // what the trigger PreTokenGeneration is told
	now    time.Time
}

// signSet makes the signed tokens of a sign-in, without a refresh token.
func (i *Issuer) signSet(ctx context.Context, s signing) (*Set, error) {
	if err := CheckBound(s.client, s.r.Key); err != nil {
		return nil, err
	}
	accessKey, err := i.ring.Signer(ctx, s.pool.ID, keys.UseAccess)
	if err != nil {
		return nil, fmt.Errorf("signing key for access tokens: %w", err)
	}
	groups := userpool.ClaimsOf(s.user.Groups)
	changes, err := i.preToken(ctx, s.pool, s.client, s.user, groups, s.r.Scopes, s.source)
	if err != nil {
		return nil, err
	}
	groups = changeGroups(groups, changes)
	access := s.access(i.issuerURL(s.pool.ID), groups.Names, changeScopes(s.r.Scopes, changes.Scopes))
	changed, err := changedAccess(access, s.client.ID, changes.Access)
	if err != nil {
		return nil, err
	}

	set := &Set{ExpiresIn: s.client.AccessTokenTTL(), Thumbprint: s.r.Key}
	if set.AccessToken, err = sign(accessKey, changed); err != nil {
		return nil, fmt.Errorf("sign access token: %w", err)
	}
	if len(set.AccessToken) > maxJWS {
		return nil, errTooLong
	}
	if s.r.Hosted && !slices.Contains(s.r.Scopes, userpool.ScopeOpenID) {
		return set, nil
	}
	id := s.id(&access, groups, changes.ID)
	if s.r.Hosted {
		id["at_hash"] = atHash(set.AccessToken)
	}
	idKey, err := i.ring.Signer(ctx, s.pool.ID, keys.UseID)
	if err != nil {
		return nil, fmt.Errorf("signing key for ID tokens: %w", err)
	}
	if set.IDToken, err = sign(idKey, id); err != nil {
		return nil, fmt.Errorf("sign ID token: %w", err)
	}
	return set, nil
}

// access are the claims of the access token that functions may change.
func (s *signing) access(issuer string, groups, scopes []string) accessClaims {
	at := idTime(s.user, s.now)
	access := accessClaims{
		Sub:       s.user.Sub,
		DeviceKey: s.r.DeviceKey,
		Groups:    groups,
		EventID:   newUUID(at),
		TokenUse:  keys.UseAccess,
		Scope:     strings.Join(scopes, " "),
		AuthTime:  s.r.AuthTime,
		Iss:       issuer,
		Exp:       s.now.Add(s.client.AccessTokenTTL()).Unix(),
		Iat:       s.now.Unix(),
		ClientID:  s.client.ID,
		Username:  s.user.Username,
		Cnf:       confirm(s.r.Key),
		ACR:       s.pool.ACR(s.r.AMR),
		AMR:       userpool.AMR(s.r.AMR),
	}
	if s.r.Hosted {
		access.Version, access.Aud = 2, s.r.Resource
	}
	if rotates, _ := s.client.Rotates(); rotates || s.client.EnableTokenRevocation || s.pool.TracksSessions() {
		access.OriginJTI = s.r.OriginJTI
		access.JTI = newUUID(at)
	}
	return access
}

// id are the claims of the ID token that goes with an access token, as
// functions changed them.
func (s *signing) id(access *accessClaims, groups userpool.GroupClaims, changes trigger.ClaimChanges) map[string]any {
	id := idClaims(s.client, s.r.readable(s.user.Attributes))
	id["sub"] = access.Sub
	id["aud"] = s.client.ID
	id["cognito:username"] = s.user.Username
	id["event_id"] = access.EventID
	id["token_use"] = keys.UseID
	id["auth_time"] = access.AuthTime
	id["iss"] = access.Iss
	id["exp"] = s.now.Add(s.client.IDTokenTTL()).Unix()
	id["iat"] = access.Iat
	if access.ACR != "" {
		id["acr"], id["amr"] = access.ACR, access.AMR
	}
	addGroupClaims(id, groups)
	if s.nonce != "" {
		id["nonce"] = s.nonce
	}
	if access.JTI != "" {
		id["origin_jti"] = access.OriginJTI
		id["jti"] = newUUID(idTime(s.user, s.now))
	}
	changeClaims(id, fixedIDClaims, changes)
	if s.r.SID != "" { // behind functions: in tokens without one they may use the name
		id["sid"] = s.r.SID
	}
	return id
}
