package main

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
	"math/big"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/verify"
)

const (
	testIssuer = "https://id.example.com/us-east-1_Example01"
	testClient = "exampleclient"
	testOrigin = "https://articles.example.com"
)

var encode = base64.RawURLEncoding.EncodeToString

// poolKey stands for a key of the pool. Making one takes a while.
var poolKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// server is the whole of newHandler over an SQLite file, with a clock to move.
type server struct {
	t     *testing.T
	store *store
	mu    sync.Mutex
	time  time.Time
	http.Handler
}

func newServer(t *testing.T) *server {
	t.Helper()
	s := &server{t: t, time: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)}
	jwks := fmt.Sprintf(`{"keys":[{"kty":"RSA","alg":"RS256","use":"sig","kid":"test","n":%q,"e":%q}]}`,
		encode(poolKey().N.Bytes()), encode(big.NewInt(int64(poolKey().E)).Bytes()))
	verifier, err := verify.New(verify.Config{
		Pools: []verify.Pool{{Issuer: testIssuer, JWKS: []byte(jwks), ClientIDs: []string{testClient}, Use: verify.IDToken}},
		Now:   s.now,
	})
	if err != nil {
		t.Fatal(err)
	}
	if s.store, err = openStore(context.Background(), filepath.Join(t.TempDir(), "articles ?#%.db")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.store.close() })
	s.store.rounds = 1000 // the real number is for attackers
	s.Handler, err = newHandler(options{verifier: verifier, store: s.store, webOrigin: testOrigin, https: true, now: s.now})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *server) now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.time
}

func (s *server) advance(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.time = s.time.Add(d)
}

// token is an ID token of an hour for a user of that address, with changes; a
// nil takes a claim away.
func (s *server) token(email string, changes map[string]any) string {
	s.t.Helper()
	claims := map[string]any{
		"iss": testIssuer, "aud": testClient, "token_use": "id", "sub": "sub of " + email,
		"iat": s.now().Unix(), "exp": s.now().Add(time.Hour).Unix(),
		"email": email, "email_verified": true,
	}
	maps.Copy(claims, changes)
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	payload, err := json.Marshal(claims)
	if err != nil {
		s.t.Fatal(err)
	}
	signed := encode([]byte(`{"alg":"RS256","kid":"test"}`)) + "." + encode(payload)
	digest := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(nil, poolKey(), crypto.SHA256, digest[:])
	if err != nil {
		s.t.Fatal(err)
	}
	return signed + "." + encode(signature)
}

// call sends a request; header has names and values in turn.
func (s *server) call(method, target, body string, header ...string) *httptest.ResponseRecorder {
	s.t.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func decode[T any](t *testing.T, w *httptest.ResponseRecorder) (out T) {
	t.Helper()
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
		t.Fatalf("%v: %s", err, w.Body)
	}
	return out
}

func wantStatus(t *testing.T, w *httptest.ResponseRecorder, want int) {
	t.Helper()
	if w.Code != want {
		t.Errorf("status %d, want %d: %s", w.Code, want, w.Body)
	}
}
