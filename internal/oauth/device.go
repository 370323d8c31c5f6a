package oauth

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/token"
	"github.com/poolhouse/poolhouse/internal/trigger"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

const (
	deviceGrantType              = "urn:ietf:params:oauth:grant-type:device_code"
	devicePurpose   keys.Purpose = "device-grant"

	// deviceLife is how long people have to find another device, sign in and allow.
	deviceLife = 15 * time.Minute

	// A device that asks more often than each interval is slowed down by a step
	// (RFC 8628, 3.5). What its requests took on their way may differ by the leeway.
	pollInterval = 5 * time.Second
	pollStep     = 5 * time.Second
	pollLeeway   = time.Second
)

// deviceContent is what a device asked for and, once that is allowed, what its user
// proved. The seal binds it to the pool and the device code.
type deviceContent struct {
	Scopes   []string `json:"p"`
	Resource string   `json:"r,omitzero"`

	AMR        []string `json:"m,omitzero"`
	AuthTime   int64    `json:"a,omitzero"` // unix milliseconds
	OriginJTI  string   `json:"o,omitzero"`
	SSOSession string   `json:"s,omitzero"`
	Password   string   `json:"w,omitzero"` // see passwordMark

	sid string // for the ID token, once the tokens are collected
}

// deviceAnswer is what /oauth2/device_authorization gives (RFC 8628, 3.2).
type deviceAnswer struct {
	DeviceCode              string `json:"device_code"`
	UserCode                string `json:"user_code"`
	VerificationURI         string `json:"verification_uri"`
	VerificationURIComplete string `json:"verification_uri_complete"`
	ExpiresIn               int64  `json:"expires_in"` // seconds
	Interval                int64  `json:"interval"`   // seconds
}

// deviceAuthorization is /oauth2/device_authorization (RFC 8628, 3.1), which Cognito
// does not have: a device without a browser gets a code that its user types
// elsewhere, on the page /device.
func (s *Server) deviceAuthorization(w http.ResponseWriter, r *http.Request) {
	answer, err := s.askForDevice(r)
	if err != nil {
		s.refuseClient(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, answer)
}

// takesDevices says whether a client may use the device grant.
func takesDevices(client *userpool.Client) bool {
	return client.AllowedOAuthFlowsUserPoolClient && client.Extensions().DeviceGrant
}

func (s *Server) askForDevice(r *http.Request) (*deviceAnswer, error) {
	form, err := readForm(r, "resource")
	if err != nil {
		return nil, err
	}
	pool, client, err := s.clientOf(r, form)
	if err != nil {
		return nil, err
	}
	if !takesDevices(client) {
		return nil, errUnauthorizedClient
	}
	scopes, err := s.Pools.ScopesOf(r.Context(), client)
	if err != nil {
		return nil, err
	}
	p := &Pending{Pool: pool, Client: client, query: form}
	for _, refused := range []*refusal{p.checkBounds(), p.readResource(), p.readScopes(scopes)} {
		if refused != nil {
			return nil, &grantError{code: refused.code, description: refused.description}
		}
	}
	if client.CheckScopes(p.Scopes) != nil { // the tokens would be refused
		return nil, &grantError{code: "invalid_scope"}
	}
	base, err := s.BaseOf(r.Context(), pool)
	if err != nil {
		return nil, err
	}
	deviceCode, userCode, err := s.keepDevice(r.Context(), p)
	if errors.Is(err, store.ErrNotFound) { // the client was deleted meanwhile
		return nil, errInvalidClient
	}
	if err != nil {
		return nil, err
	}
	shown := shownUserCode(userCode)
	return &deviceAnswer{
		DeviceCode: deviceCode, UserCode: shown, VerificationURI: base + devicePage,
		VerificationURIComplete: base + devicePage + "?" + UserCodeParameter + "=" + shown,
		ExpiresIn:               seconds(deviceLife), Interval: seconds(pollInterval),
	}, nil
}

// keepDevice keeps what a device asks for under a new pair of codes.
func (s *Server) keepDevice(ctx context.Context, p *Pending) (deviceCode, userCode string, err error) {
	const tries = 5 // a user code that another device has is drawn again
	deviceCode = rand.Text()
	g := store.DeviceGrant{
		PoolID: p.Pool.ID, ID: s.nameHash(devicePurpose, p.Pool.ID, deviceCode), ClientID: p.Client.ID,
		PollInterval: pollInterval, ExpiresAt: s.DB.Now().Add(deviceLife),
	}
	if g.Sealed, err = s.sealDevice(g.PoolID, g.ID, deviceContent{Scopes: p.Scopes, Resource: p.Resource}); err != nil {
		return "", "", err
	}
	for range tries {
		userCode = newUserCode()
		g.UserCode = s.nameHash(userCodePurpose, g.PoolID, userCode)
		err = s.DB.Update(ctx, func(tx *store.Tx) error { return tx.InsertDeviceGrant(&g) })
		if !errors.Is(err, store.ErrExists) {
			break
		}
	}
	return deviceCode, userCode, err
}

func (s *Server) sealDevice(poolID, id string, content deviceContent) (string, error) {
	plain, err := json.Marshal(content)
	if err != nil {
		return "", err
	}
	return s.Ring.Seal(devicePurpose, plain, poolID, id)
}

func (s *Server) openDevice(g *store.DeviceGrant) (content deviceContent, err error) {
	plain, err := s.Ring.Open(devicePurpose, g.Sealed, g.PoolID, g.ID)
	if err == nil {
		err = json.Unmarshal(plain, &content)
	}
	return content, err
}

// passwordMark tells whether a user has another password than before.
func (s *Server) passwordMark(user *store.User) string {
	return s.nameHash(devicePurpose, user.PoolID, user.Sub+" "+user.SealedPassword)
}

// The answers to a device that asks for its tokens (RFC 8628, 3.5).
var (
	errAuthorizationPending = &grantError{code: "authorization_pending"}
	errSlowDown             = &grantError{code: "slow_down"}
	errAccessDenied         = &grantError{code: "access_denied"}
	errExpiredToken         = &grantError{code: "expired_token"}
)

// grantDevice is the grant of RFC 8628, 3.4.
func (s *Server) grantDevice(r *http.Request, pool *userpool.Pool, client *userpool.Client, form url.Values) (*tokenAnswer, error) {
	code := form.Get("device_code")
	switch {
	case !takesDevices(client):
		return nil, errUnauthorizedClient
	case code == "":
		return nil, errInvalidRequest
	case len(code) > maxParam || !isText(code):
		return nil, errInvalidGrant
	}
	user, content, err := s.collect(r.Context(), pool, client, s.nameHash(devicePurpose, pool.ID, code))
	if err != nil {
		return nil, err
	}
	set, err := s.Tokens.Issue(r.Context(), token.Grant{
		Pool: pool, Client: client, User: user, AuthTime: time.UnixMilli(content.AuthTime).UTC(), AMR: content.AMR,
		Scopes: content.Scopes, Hosted: true, Resource: content.Resource, OriginJTI: content.OriginJTI,
		Source: trigger.TokenGenerationHostedAuth, Origin: s.Origin(r), SSOSession: content.SSOSession, SID: content.sid,
		Thumbprint: thumbprintOf(r.Context()),
	})
	if err != nil {
		return nil, err
	}
	return answerOf(set), nil
}

// collect spends what a device was allowed, or tells it to wait. A second use gives
// invalid_grant and, other than with a code that went through a browser, nothing
// worse: it is what a device sends that did not get the answer to the first.
func (s *Server) collect(ctx context.Context, pool *userpool.Pool, client *userpool.Client, id string) (user *store.User, content deviceContent, err error) {
	var refused error
	err = s.DB.Update(ctx, func(tx *store.Tx) error {
		user, content, refused = nil, deviceContent{}, nil
		g, err := tx.DeviceGrant(pool.ID, id)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		switch {
		case err != nil, g.ClientID != client.ID, g.State == store.DeviceSpent:
			refused = errInvalidGrant
			return nil
		case g.State == store.DeviceDenied:
			refused = errAccessDenied
			return nil
		case !tx.Now().Before(g.ExpiresAt):
			refused = errExpiredToken
			return nil
		case g.State == store.DevicePending:
			refused = errAuthorizationPending
			if tx.Now().Before(g.PolledAt.Add(g.PollInterval - pollLeeway)) {
				refused = errSlowDown
				g.PollInterval += pollStep
			}
			return tx.PollDeviceGrant(pool.ID, id, g.PollInterval)
		}
		if content, err = s.openDevice(g); err != nil {
			return err
		}
		user, err = pool.User(tx, g.Sub)
		if errors.Is(err, store.ErrNotFound) || err == nil &&
			(!mayCollect(client, user, content.Scopes, content.OriginJTI) || s.passwordMark(user) != content.Password) {
			refused = errInvalidGrant
			return nil
		}
		if err != nil {
			return err
		}
		if err := tx.SpendDeviceGrant(pool.ID, id); err != nil {
			return err
		}
		content.sid, err = s.join(tx, pool, client, user.Sub, content.OriginJTI, through{})
		return err
	})
	if err == nil {
		err = refused
	}
	return user, content, err
}
