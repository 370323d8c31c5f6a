package lambdaauth

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

func clock() time.Time { return now }

var testKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// mint makes an access token of an editor, with changed claims.
func mint(t *testing.T, changes map[string]any) string {
	t.Helper()
	c := map[string]any{
		"sub": "34c84488", "iss": issuer, "client_id": "c", "token_use": "access", "username": "kim", "exp": now.Unix() + 60,
		"scope": "articles/read articles/write", "cognito:groups": []string{"editors", "staff"},
	}
	maps.Copy(c, changes)
	payload, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	signed := b64([]byte(`{"kid":"one","alg":"RS256"}`)) + "." + b64(payload)
	digest := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(nil, testKey(), crypto.SHA256, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	return signed + "." + b64(signature)
}

// revocation is down, or nil.
type revocation struct{ err error }

func (r revocation) CheckRevocation(context.Context, *verify.Token) error { return r.err }

// newAuth makes a middleware whose pool may ask for more and be down.
func newAuth(t *testing.T, o middleware.Options, change ...func(*verify.Pool)) *middleware.Middleware {
	t.Helper()
	pool := verify.Pool{
		Issuer: issuer, ClientIDs: []string{"c"},
		JWKS: fmt.Appendf(nil, `{"keys":[{"kid":"one","kty":"RSA","e":"AQAB","n":"%s"}]}`, b64(testKey().N.Bytes())),
	}
	for _, f := range change {
		f(&pool)
	}
	v, err := verify.New(verify.Config{Pools: []verify.Pool{pool}, Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	m, err := middleware.New(v, o)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func down(p *verify.Pool) { p.Revocation = revocation{fmt.Errorf("10.0.0.1 refused")} }

func adminsOnly(p *verify.Pool) { p.AnyGroup = []string{"admins"} }

// as decodes an event as the Lambda runtime does.
func as[E any](t *testing.T, text string) E {
	t.Helper()
	var event E
	if err := json.Unmarshal([]byte(text), &event); err != nil {
		t.Fatal(err)
	}
	return event
}

// outcome is an answer in the JSON that the gateway gets, or its error.
func outcome(t *testing.T, response any, err error) string {
	t.Helper()
	if err != nil {
		return "error: " + err.Error()
	}
	text, err := json.Marshal(response)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
