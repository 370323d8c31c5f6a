package identitypool

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/identitypool/login"
	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/store"
)

const (
	// keysOf is what all identity pools share, as they share their issuer.
	keysOf = keys.OfIdentityPools

	tokenLife          = 10 * time.Minute
	developerTokenLife = 15 * time.Minute
	maxToken           = 64 << 10
)

var (
	errClassic   = invalid("Basic (classic) flow is not enabled, please use enhanced flow.")
	errSAML      = invalid("Basic (classic) flow is not supported with SAML, please use enhanced flow.")
	errNotOpenID = fault.New(fault.NotAuthorized, "Invalid login token. Not a valid OpenId Connect identity token.")
	errSignature = fault.New(fault.NotAuthorized, "Invalid login token. Couldn't verify signed token.")
)

var encoding = base64.RawURLEncoding.Strict()

// claims are those of an identity's token.
type claims struct {
	Subject  string       `json:"sub"`
	Audience string       `json:"aud"`
	AMR      []string     `json:"amr"`
	Issuer   string       `json:"iss"`
	Expires  int64        `json:"exp"`
	Issued   int64        `json:"iat"`
	Tags     *sessionTags `json:"https://aws.amazon.com/tags,omitzero"`
}

// sessionTags are how a web identity carries session tags (AWS STS, "Passing
// session tags using AssumeRoleWithWebIdentity").
type sessionTags struct {
	PrincipalTags map[string][]string `json:"principal_tags"`
}

// OpenIDToken returns a token of an identity that the caller may act as by the
// given tokens, and the identity. Errors: those of As, InvalidParameterException.
func (p *Pools) OpenIDToken(ctx context.Context, id string, tokens map[string]string) (identity, token string, err error) {
	for provider := range tokens {
		if login.IsSAML(provider) {
			return "", "", errSAML
		}
	}
	s, err := p.As(ctx, id, tokens)
	if err != nil {
		return "", "", err
	}
	if !s.Pool.AllowClassicFlow {
		return "", "", errClassic
	}
	token, err = p.sign(ctx, s.Pool, s.ID, s.amr(), p.tags(s), tokenLife)
	return s.ID, token, err
}

// amr is how an identity was proven.
func (s *Session) amr() []string {
	if len(s.Logins) == 0 {
		return []string{unauthenticated}
	}
	return append([]string{authenticated}, amrOf(s.Logins)...)
}

// amrOf names each login twice: by its provider, and with the client and subject.
func amrOf(logins []*login.Login) []string {
	var amr []string
	for _, l := range logins {
		client := l.Audience
		if _, ok := login.UserPool(l.Provider); ok {
			client = "CognitoSignIn"
		}
		amr = append(amr, l.Provider, l.Provider+":"+client+":"+l.Subject)
	}
	return amr
}

// sign makes a token of an identity.
func (p *Pools) sign(ctx context.Context, pool *Pool, id string, amr []string, tags map[string]string, life time.Duration) (string, error) {
	key, err := p.signer(ctx)
	if err != nil {
		return "", err
	}
	now := p.db.Now()
	c := claims{Subject: id, Audience: pool.ID, AMR: amr, Issuer: p.issuer, Expires: now.Add(life).Unix(), Issued: now.Unix()}
	if len(tags) > 0 {
		c.Tags = &sessionTags{map[string][]string{}}
		for tag, value := range tags {
			c.Tags.PrincipalTags[tag] = []string{value}
		}
	}
	var payload bytes.Buffer
	e := json.NewEncoder(&payload)
	e.SetEscapeHTML(false)
	if err := e.Encode(c); err != nil {
		return "", err
	}
	signed := header(key.ID) + "." + encoding.EncodeToString(bytes.TrimSuffix(payload.Bytes(), []byte("\n")))
	digest := sha512.Sum512([]byte(signed))
	signature, err := key.SignSHA512(digest[:])
	if err != nil {
		return "", fmt.Errorf("sign token of identity: %w", err)
	}
	return signed + "." + encoding.EncodeToString(signature), nil
}

// header is the first part of a token. A kid is base64 and needs no escapes.
func header(kid string) string {
	return encoding.EncodeToString([]byte(`{"kid":"` + kid + `","typ":"JWS","alg":"RS512"}`))
}

// signer returns the key that signs, and makes the first where there is none.
func (p *Pools) signer(ctx context.Context) (*keys.SigningKey, error) {
	key, err := p.ring.Signer(ctx, keysOf, keys.UseID)
	if !errors.Is(err, store.ErrNotFound) {
		return key, err
	}
	pair, err := p.ring.NewPoolKeys(ctx, keysOf, p.db.Now())
	if err != nil {
		return nil, err
	}
	err = p.db.Update(ctx, func(tx *store.Tx) error {
		// Another node may have been first.
		if there, err := tx.SigningKeys(keysOf); err != nil || len(there) > 0 {
			return err
		}
		for _, row := range pair {
			if err := tx.InsertSigningKey(row); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("keys of identity pools: %w", err)
	}
	return p.ring.Signer(ctx, keysOf, keys.UseID)
}

// JWKS returns the keys that verify the tokens of identities.
func (p *Pools) JWKS(ctx context.Context) ([]keys.JWK, error) {
	if _, err := p.signer(ctx); err != nil {
		return nil, err
	}
	jwks, err := p.ring.JWKS(ctx, keysOf)
	for i := range jwks {
		jwks[i].Alg = "RS512"
	}
	return jwks, err
}

// Issuer is the iss of the tokens of identities.
func (p *Pools) Issuer() string { return p.issuer }

// Proof is what a token of an identity says.
type Proof struct {
	IdentityID, PoolID string
	AMR                []string
	Tags               map[string]string // principal tags
	ExpiresAt          time.Time
}

// Open checks the signature and the times of a token of an identity. Errors:
// NotAuthorizedException, ExpiredTokenException.
func (p *Pools) Open(ctx context.Context, text string) (*Proof, error) {
	parts := strings.Split(text, ".")
	if len(text) > maxToken || len(parts) != 3 || strings.ContainsAny(text, "\r\n") {
		return nil, errNotOpenID
	}
	var h struct {
		Kid string `json:"kid"`
	}
	headerText, err := encoding.DecodeString(parts[0])
	if err != nil || json.Unmarshal(headerText, &h) != nil || header(h.Kid) != parts[0] {
		return nil, errNotOpenID
	}
	payload, err := encoding.DecodeString(parts[1])
	if err != nil {
		return nil, errNotOpenID
	}
	signature, err := encoding.DecodeString(parts[2])
	if err != nil {
		return nil, errNotOpenID
	}
	key, err := p.ring.VerifyKey(ctx, keysOf, h.Kid, keys.UseID)
	if errors.Is(err, keys.ErrUnknownKey) {
		return nil, errSignature
	}
	if err != nil {
		return nil, err
	}
	digest := sha512.Sum512([]byte(parts[0] + "." + parts[1]))
	if rsa.VerifyPKCS1v15(key, crypto.SHA512, digest[:], signature) != nil {
		return nil, errSignature
	}
	var c claims
	if json.Unmarshal(payload, &c) != nil || c.Issuer != p.issuer {
		return nil, errSignature // ours, from before the address changed
	}
	if now := p.db.Now().Unix(); now >= c.Expires {
		return nil, fault.Errorf(fault.ExpiredToken, "Invalid login token. Token expired: %d >= %d", c.Expires, now)
	}
	proof := &Proof{IdentityID: c.Subject, PoolID: c.Audience, AMR: c.AMR, ExpiresAt: time.Unix(c.Expires, 0).UTC()}
	if c.Tags != nil {
		proof.Tags = map[string]string{}
		for tag, values := range c.Tags.PrincipalTags {
			if len(values) > 0 {
				proof.Tags[tag] = values[0]
			}
		}
	}
	return proof, nil
}

// developerProof is Open for a token that Developer gave for an identity. Errors:
// NotAuthorizedException.
func (p *Pools) developerProof(ctx context.Context, pool *Pool, id, text string) (*Proof, error) {
	proof, err := p.Open(ctx, text)
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return nil, fault.New(fault.NotAuthorized, f.Message)
	}
	switch {
	case err != nil:
		return nil, err
	case proof.PoolID != pool.ID:
		return nil, fault.New(fault.NotAuthorized, "Invalid login token. Incorrect token audience.")
	case proof.IdentityID != id:
		return nil, errMismatch
	case len(proof.AMR) < 3 || proof.AMR[0] != authenticated || pool.DeveloperProviderName == "" || proof.AMR[1] != pool.DeveloperProviderName:
		return nil, errNotOpenID // the token of the basic flow is for other services
	}
	return proof, nil
}
