package echoauth_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/verify"
	"github.com/poolhouse/poolhouse/verify/middleware"
)

const issuer = "https://auth.example.com/us-east-1_Example00"

var now = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// idToken is one of an editor, with changed claims.
func idToken(t *testing.T, key *rsa.PrivateKey, changes map[string]any) string {
	t.Helper()
	c := map[string]any{
		"sub": "s", "iss": issuer, "aud": "c", "token_use": "id", "cognito:username": "kim", "exp": now.Unix() + 60,
		"cognito:groups": []string{"editors"}, "email": "kim@example.com", "email_verified": true,
	}
	maps.Copy(c, changes)
	payload, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	signed := b64([]byte(`{"kid":"one","alg":"RS256"}`)) + "." + b64(payload)
	digest := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	return signed + "." + b64(signature)
}

func newKey(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// authors are the application's users, by email.
type authors struct {
	mu   sync.Mutex
	seen map[string]int // how often each was made
}

func (a *authors) find(_ context.Context, email string) (string, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.seen[email] == 0 {
		return "", verify.ErrUserNotFound
	}
	return email, nil
}

func (a *authors) create(_ context.Context, email string, _ *middleware.Caller) (string, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.seen[email]++
	return email, nil
}

// revocation is down, or nil.
type revocation struct{ err error }

func (r *revocation) CheckRevocation(context.Context, *verify.Token) error { return r.err }

// newAuth guards with preloaded keys.
func newAuth(t *testing.T, key *rsa.PrivateKey, revoked *revocation, users *authors, optional bool) *middleware.Middleware {
	t.Helper()
	v, err := verify.New(verify.Config{
		Pools: []verify.Pool{{
			Issuer: issuer, ClientIDs: []string{"c"}, Use: verify.EitherToken, Revocation: revoked,
			JWKS: fmt.Appendf(nil, `{"keys":[{"kid":"one","kty":"RSA","e":"AQAB","n":"%s"}]}`, b64(key.N.Bytes())),
		}},
		Now: func() time.Time { return now },
	})
	if err != nil {
		t.Fatal(err)
	}
	m, err := middleware.New(v, middleware.Options{
		SkipPaths: []string{"/healthz"},
		Optional:  optional,
		Users:     &middleware.Users[string]{Key: middleware.ByEmail, Find: users.find, Create: users.create},
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
}
