package oauth

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/url"
	"time"

	"github.com/google/uuid"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/token"
	"github.com/poolhouse/poolhouse/internal/trigger"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

const (
	codePurpose keys.Purpose = "authorization-code"
	codeLife                 = 5 * time.Minute
)

// codeContent is what a code stands for. The seal binds it to the pool and the
// code.
type codeContent struct {
	RedirectURI string   `json:"u"`
	Scopes      []string `json:"p"`
	Nonce       string   `json:"n,omitzero"`
	Challenge   string   `json:"c,omitzero"` // of PKCE with S256
	Thumbprint  string   `json:"k,omitzero"` // of the key that must be proven, or ""
	Resource    string   `json:"r,omitzero"`
	AMR         []string `json:"m,omitzero"`
	AuthTime    int64    `json:"a"`          // unix milliseconds
	SSOSession  string   `json:"s,omitzero"` // the browser's session
	SSOExpires  int64    `json:"e,omitzero"` // of the browser's session, unix milliseconds
}

// giveCode gives a code out. also is what must be written with it. A user who is
// gone gives store.ErrNotFound.
func (s *Server) giveCode(ctx context.Context, p *Pending, session *Session, also func(*store.Tx) error) (url.Values, error) {
	plain, err := json.Marshal(codeContent{
		RedirectURI: p.RedirectURI, Scopes: p.Scopes, Nonce: p.Nonce, Challenge: p.Challenge, Thumbprint: p.Thumbprint, Resource: p.Resource,
		AMR: session.AMR, AuthTime: session.AuthTime.UnixMilli(), SSOSession: session.ID, SSOExpires: session.ExpiresAt.UnixMilli(),
	})
	if err != nil {
		return nil, err
	}
	code := uuid.NewString()
	row := store.OAuthCode{
		PoolID: p.Pool.ID, ID: s.nameHash(codePurpose, p.Pool.ID, code), ClientID: p.Client.ID, Sub: session.User.Sub,
		OriginJTI: s.Tokens.NewOrigin(session.User), ExpiresAt: s.DB.Now().Add(codeLife),
	}
	if row.Sealed, err = s.Ring.Seal(codePurpose, plain, row.PoolID, row.ID); err != nil {
		return nil, err
	}
	err = s.DB.Update(ctx, func(tx *store.Tx) error {
		if err := also(tx); err != nil {
			return err
		}
		return tx.InsertOAuthCode(&row)
	})
	if err != nil {
		return nil, err
	}
	return url.Values{"code": {code}}, nil
}

// nameHash is what the database knows of a secret name.
func (s *Server) nameHash(purpose keys.Purpose, poolID, name string) string {
	return hex.EncodeToString(s.Ring.MAC(purpose, poolID, name))
}

// codeUse is a request to exchange a code.
type codeUse struct {
	code, redirectURI, verifier string
	thumbprint                  string // of the key that the client has proven to have, or ""
}

var (
	errInvalidGrant = &grantError{code: "invalid_grant"}
	errReusedCode   = &grantError{code: "invalid_grant"}
)

// exchange uses a code up and returns the tokens it stands for. What does not fit
// leaves the code as it is: it was not the client that holds the other half. A
// second use ends the sign-in that the first one gave.
func (s *Server) exchange(ctx context.Context, pool *userpool.Pool, client *userpool.Client, use codeUse, origin token.Origin) (*token.Set, error) {
	var code *usedCode
	var refused error
	err := s.DB.Update(ctx, func(tx *store.Tx) (err error) {
		code, refused, err = s.useCode(tx, pool, client, use)
		return err
	})
	if err == nil {
		err = refused
	}
	if err != nil {
		return nil, err
	}
	return s.Tokens.Issue(ctx, token.Grant{
		Pool: pool, Client: client, User: code.user, AuthTime: time.UnixMilli(code.AuthTime).UTC(), AMR: code.AMR,
		Scopes: code.Scopes, Nonce: code.Nonce, Hosted: true, Resource: code.Resource, OriginJTI: code.originJTI,
		Source: trigger.TokenGenerationHostedAuth, Origin: origin, SSOSession: code.SSOSession, SID: code.sid,
		Thumbprint: use.thumbprint,
	})
}

// usedCode is the sign-in of a code that was used for the first time.
type usedCode struct {
	*codeContent
	user           *store.User
	originJTI, sid string
}

// useCode is what exchange does to the database. With refused the client gets
// nothing, but what was written stays: the code may be used up, or its sign-in ended.
func (s *Server) useCode(tx *store.Tx, pool *userpool.Pool, client *userpool.Client, use codeUse) (code *usedCode, refused, err error) {
	row, err := tx.OAuthCode(pool.ID, s.nameHash(codePurpose, pool.ID, use.code))
	if errors.Is(err, store.ErrNotFound) || err == nil && row.ClientID != client.ID {
		return nil, errInvalidGrant, nil
	}
	if err != nil {
		return nil, nil, err
	}
	content, err := s.openCode(row)
	if err != nil {
		return nil, nil, err
	}
	switch {
	case !content.fits(use):
		return nil, errInvalidGrant, nil
	case !row.UsedAt.IsZero():
		return nil, errReusedCode, tx.RevokeToken(pool.ID, row.OriginJTI, tx.Now().Add(client.RefreshTokenTTL()+userpool.MaxTokenTTL+time.Hour))
	case !tx.Now().Before(row.ExpiresAt):
		return nil, errInvalidGrant, nil
	}
	user, err := pool.User(tx, row.Sub)
	if errors.Is(err, store.ErrNotFound) {
		return nil, errInvalidGrant, nil
	}
	if err != nil {
		return nil, nil, err
	}
	if _, err := tx.UseOAuthCode(pool.ID, row.ID); err != nil {
		return nil, nil, err
	}
	if !mayCollect(client, user, content.Scopes, row.OriginJTI) {
		return nil, errInvalidGrant, nil
	}
	sid, err := s.join(tx, pool, client, user.Sub, row.OriginJTI, through{content.SSOSession, time.UnixMilli(content.SSOExpires)})
	if errors.Is(err, errSessionEnded) {
		return nil, errInvalidGrant, nil
	}
	return &usedCode{codeContent: content, user: user, originJTI: row.OriginJTI, sid: sid}, nil, err
}

func (s *Server) openCode(row *store.OAuthCode) (*codeContent, error) {
	plain, err := s.Ring.Open(codePurpose, row.Sealed, row.PoolID, row.ID)
	if err != nil {
		return nil, err
	}
	content := new(codeContent)
	return content, json.Unmarshal(plain, content)
}

// mayCollect says whether a client may still have the tokens of a sign-in that was
// granted a while ago.
func mayCollect(client *userpool.Client, user *store.User, scopes []string, originJTI string) bool {
	return user.Enabled && signsIn(user.Status) && client.CheckScopes(scopes) == nil && !token.SignedOut(user, originJTI)
}

// fits says whether who exchanges a code is who asked for it: the same redirect
// URI, the key that was announced, and the verifier of the challenge. A verifier
// without a challenge means that somebody took the challenge out of the request (RFC
// 9700, 4.8.2).
func (c *codeContent) fits(use codeUse) bool {
	if c.RedirectURI != use.redirectURI || c.Thumbprint != "" && c.Thumbprint != use.thumbprint {
		return false
	}
	if c.Challenge == "" || use.verifier == "" {
		return c.Challenge == "" && use.verifier == ""
	}
	digest := sha256.Sum256([]byte(use.verifier))
	given := base64.RawURLEncoding.EncodeToString(digest[:])
	return subtle.ConstantTimeCompare([]byte(given), []byte(c.Challenge)) == 1
}

// grantError is an error of RFC 6749, 5.2.
type grantError struct {
	code        string
	description string
}

func (e *grantError) Error() string { return e.code }

// grantErrorOf is the answer of the token endpoint for an error of the domain.
// Others are nil: they are nobody's fault outside.
func grantErrorOf(err error) *grantError {
	if e, ok := errors.AsType[*grantError](err); ok {
		return e
	}
	switch e, ok := errors.AsType[*fault.Error](err); {
	case !ok, e.Code == fault.InternalError:
		return nil
	case e.Code == fault.UnsupportedTokenType:
		return &grantError{code: "unsupported_token_type"}
	case e.Code == fault.NotAuthorized, e.Code == fault.PasswordResetRequired, e.Code == fault.RefreshTokenReuse,
		e.Code == fault.UserNotFound:
		return &grantError{code: "invalid_grant"}
	default: // of a trigger
		return &grantError{code: "invalid_request", description: e.Message}
	}
}
