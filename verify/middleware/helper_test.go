package middleware

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/verify"
)

const (
	testIssuer = "https://auth.example.com/us-east-1_Example00"
	testClient = "1example23456789"
	testSub    = "34c84488-e0e1-70ae-d2ee-991ad1a898c8"
)

var testTime = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

func clock() time.Time { return testTime }

var testKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

type claims map[string]any

// accessToken is one of a user in the group editors, with changed claims.
func accessToken(changes claims) string {
	c := claims{
		"sub": testSub, "iss": testIssuer, "client_id": testClient, "token_use": "access", "username": "kim",
		"scope": "articles/read", "cognito:groups": []string{"editors"}, "exp": testTime.Unix() + 3600,
	}
	maps.Copy(c, changes)
	payload, err := json.Marshal(c)
	if err != nil {
		panic(err)
	}
	signed := b64([]byte(`{"kid":"one","alg":"RS256"}`)) + "." + b64(payload)
	digest := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(nil, testKey(), crypto.SHA256, digest[:])
	if err != nil {
		panic(err)
	}
	return signed + "." + b64(signature)
}

func idToken(changes claims) string {
	c := claims{"token_use": "id", "aud": testClient, "cognito:username": "kim", "email": "kim@example.com", "email_verified": true}
	maps.Copy(c, changes)
	return accessToken(c)
}

// newAuth guards with preloaded keys, or with none to be had if change says so.
func newAuth(t *testing.T, o Options, change ...func(*verify.Config)) *Middleware {
	t.Helper()
	jwks := fmt.Appendf(nil, `{"keys":[{"kid":"one","kty":"RSA","e":"AQAB","n":"%s"}]}`, b64(testKey().N.Bytes()))
	c := verify.Config{
		Pools: []verify.Pool{{Issuer: testIssuer, ClientIDs: []string{testClient}, Use: verify.EitherToken, JWKS: jwks}},
		Now:   clock,
	}
	for _, f := range change {
		f(&c)
	}
	v, err := verify.New(c)
	if err != nil {
		t.Fatal(err)
	}
	m, err := New(v, o)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// whoami tells what a handler learns of its caller.
var whoami = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	c, ok := From(r.Context())
	if !ok {
		_, _ = w.Write([]byte("nobody"))
		return
	}
	_, _ = w.Write([]byte(c.Token.Username()))
})

// ask sends a request with a token, "" for none.
func ask(t *testing.T, h http.Handler, path, token string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}
