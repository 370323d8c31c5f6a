package token

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

var (
	errInvalidAccess = fault.New(fault.NotAuthorized, "Invalid Access Token")
	errScopes        = fault.New(fault.NotAuthorized, "Access Token does not have required scopes")
)

// Claims are what an access token says, verified.
type Claims struct {
	Sub       string
	Username  string
	ClientID  string
	Scopes    []string
	DeviceKey string // "" without a device
	EventID   string
	JTI       string   // "" for clients that neither revoke nor rotate
	OriginJTI string   // likewise
	AMR       []string // the methods that proved the user, and mfa for several
	AuthTime  time.Time
	IssuedAt  time.Time
	ExpiresAt time.Time

	Thumbprint string // of the key that it is bound to (DPoP), or ""
}

// Access is a valid access token and what it stands for now.
type Access struct {
	Pool   *userpool.Pool
	Client *userpool.Client
	User   *store.User
	Claims Claims
}

// Authenticate checks the access token of an operation that acts on the user's
// own account. Errors are NotAuthorizedException, and UserNotFoundException for
// a user who is gone. A token that is bound to a key is refused: the operations
// have no place for a proof.
func (i *Issuer) Authenticate(ctx context.Context, accessToken string) (*Access, error) {
	access, err := i.authenticate(ctx, accessToken, "")
	if err == nil && !slices.Contains(access.Claims.Scopes, userpool.ScopeSignIn) {
		return nil, errScopes
	}
	return access, err
}

// AuthenticateOpenID checks the access token of a request for what the user's ID
// token says. thumbprint is that of the key which was proven with the token, "" if
// none was. Errors are NotAuthorizedException (ErrBound among them),
// UserNotFoundException for a user who is gone, and ForbiddenException for a token
// without the scope openid.
func (i *Issuer) AuthenticateOpenID(ctx context.Context, accessToken, thumbprint string) (*Access, error) {
	access, err := i.authenticate(ctx, accessToken, thumbprint)
	if err == nil && !slices.Contains(access.Claims.Scopes, userpool.ScopeOpenID) {
		return nil, fault.New(fault.Forbidden, "Access Token does not have required scopes")
	}
	return access, err
}

// Readable are the claims that the user's attributes become in an ID token of the
// same scopes.
func (a *Access) Readable() map[string]any {
	r := refresh{Hosted: true, Scopes: a.Claims.Scopes}
	return idClaims(a.Client, r.readable(a.User.Attributes))
}

// authenticate checks the access token of a user, whatever its scopes. It must be
// bound to the key of the thumbprint, or to none if that is "".
func (i *Issuer) authenticate(ctx context.Context, accessToken, thumbprint string) (*Access, error) {
	pool, claims, err := i.verifyAccess(ctx, accessToken)
	if err != nil {
		return nil, err
	}
	if claims.Username == "" { // a client's own token
		return nil, errScopes
	}
	if claims.Thumbprint != thumbprint {
		return nil, ErrBound
	}
	_, client, err := i.pools.PoolClient(ctx, pool.ID, claims.ClientID)
	if fault.CodeOf(err) == fault.ResourceNotFound {
		return nil, errInvalidAccess
	}
	if err != nil {
		return nil, err
	}
	var user *store.User
	var revoked bool
	err = i.db.View(ctx, func(tx *store.Tx) (err error) {
		user, revoked, err = tx.TokenUser(pool.ID, claims.Sub, claims.OriginJTI)
		return err
	})
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, fault.New(fault.UserNotFound, "User does not exist.")
	case err != nil:
		return nil, err
	case revoked || signedOut(user, claims.OriginJTI, claims.EventID):
		return nil, fault.New(fault.NotAuthorized, "Access Token has been revoked")
	case !user.Enabled:
		return nil, fault.New(fault.NotAuthorized, "User is disabled.")
	}
	return &Access{Pool: pool, Client: client, User: user, Claims: *claims}, nil
}

// signedOut says whether the user was signed out everywhere since the sign-in
// called originJTI; without one, since the tokens called eventID were issued.
func signedOut(user *store.User, originJTI, eventID string) bool {
	if user.SignedOutAt.IsZero() {
		return false
	}
	id := originJTI
	if id == "" {
		id = eventID
	}
	return !uuidTime(id).After(user.SignedOutAt)
}

// SignedOut says whether the user was signed out everywhere since the sign-in
// called originJTI.
func SignedOut(user *store.User, originJTI string) bool { return signedOut(user, originJTI, "") }

// verifyAccess checks what the token itself can prove.
func (i *Issuer) verifyAccess(ctx context.Context, text string) (*userpool.Pool, *Claims, error) {
	j, err := parseJWS(text)
	if err != nil {
		return nil, nil, errInvalidAccess
	}
	iss := j.claims.text("iss")
	poolID := iss[strings.LastIndexByte(iss, '/')+1:]
	if poolID == "" || len(poolID) > maxPoolID || i.issuerURL(poolID) != iss {
		return nil, nil, errInvalidAccess
	}
	// The key comes first: it is cached, and there is none for a pool that is not.
	key, err := i.ring.VerifyKey(ctx, poolID, j.kid, keys.UseAccess)
	if errors.Is(err, keys.ErrUnknownKey) {
		return nil, nil, errInvalidAccess
	}
	if err != nil {
		return nil, nil, err
	}
	if j.verify(key) != nil || j.claims.text("token_use") != keys.UseAccess {
		return nil, nil, errInvalidAccess
	}
	pool, err := i.pools.Pool(ctx, poolID)
	if fault.CodeOf(err) == fault.ResourceNotFound {
		return nil, nil, errInvalidAccess
	}
	if err != nil {
		return nil, nil, err
	}
	c := &Claims{
		Sub:       j.claims.text("sub"),
		Username:  j.claims.text("username"),
		ClientID:  j.claims.text("client_id"),
		Scopes:    strings.Fields(j.claims.text("scope")),
		DeviceKey: j.claims.text("device_key"),
		EventID:   j.claims.text("event_id"),
		JTI:       j.claims.text("jti"),
		OriginJTI: j.claims.text("origin_jti"),
		AMR:       j.claims.texts("amr"),
		AuthTime:  j.claims.time("auth_time"),
		IssuedAt:  j.claims.time("iat"),
		ExpiresAt: j.claims.time("exp"),

		Thumbprint: boundTo(j.claims),
	}
	if !i.db.Now().Before(c.ExpiresAt) {
		return nil, nil, fault.New(fault.NotAuthorized, "Access Token has expired")
	}
	return pool, c, nil
}

// maxPoolID is the longest pool id of the API model.
const maxPoolID = 55
