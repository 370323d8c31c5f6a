package verify

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"math/big"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const (
	testIssuer = "https://auth.example.com/us-east-1_Example00"
	testClient = "1example23456789"
	testKeyID  = "a2V5LW9uZQ=="
)

// testTime is the clock of tests that do not move it.
var testTime = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

var testKeys = sync.OnceValue(func() (made [3]*rsa.PrivateKey) {
	for i := range made {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(err)
		}
		made[i] = key
	}
	return made
})

type claims map[string]any

// accessClaims are those of an access token of an API sign-in, with changes; a
// nil deletes.
func accessClaims(changes claims) claims {
	return changed(claims{
		"sub": "34c84488-e0e1-70ae-d2ee-991ad1a898c8", "iss": testIssuer, "client_id": testClient,
		"origin_jti": "019cb74f-0000-7000-8000-000000000001", "event_id": "019cb74f-0000-7000-8000-000000000002",
		"token_use": "access", "scope": "aws.cognito.signin.user.admin articles/read", "username": "kim",
		"cognito:groups": []string{"editors", "staff"},
		"auth_time":      testTime.Unix() - 60, "iat": testTime.Unix() - 60, "exp": testTime.Unix() + 3600,
		"jti": "019cb74f-0000-7000-8000-000000000003",
	}, changes)
}

// idClaims are 20 claims of an ID token, with changes.
func idClaims(changes claims) claims {
	return changed(claims{
		"sub": "34c84488-e0e1-70ae-d2ee-991ad1a898c8", "iss": testIssuer, "aud": testClient,
		"origin_jti": "019cb74f-0000-7000-8000-000000000001", "event_id": "019cb74f-0000-7000-8000-000000000002",
		"token_use": "id", "cognito:username": "kim", "cognito:groups": []string{"editors", "staff"},
		"cognito:roles": []string{"arn:aws:iam::123456789012:role/editor"}, "cognito:preferred_role": "arn:aws:iam::123456789012:role/editor",
		"email": "kim@example.com", "email_verified": true, "phone_number": "+15550100", "phone_number_verified": false,
		"name": "Kim Example", "custom:team": "7",
		"auth_time": testTime.Unix() - 60, "iat": testTime.Unix() - 60, "exp": testTime.Unix() + 3600,
		"jti": "019cb74f-0000-7000-8000-000000000003",
	}, changes)
}

func changed(c, changes claims) claims {
	maps.Copy(c, changes)
	maps.DeleteFunc(c, func(_ string, value any) bool { return value == nil })
	return c
}

func toJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func b64(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

// signText signs any header and payload, right or wrong.
func signText(key *rsa.PrivateKey, header, payload string) string {
	signed := b64(header) + "." + b64(payload)
	digest := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest[:])
	if err != nil {
		panic(err)
	}
	return signed + "." + b64(string(signature))
}

const testHeader = `{"kid":"` + testKeyID + `","alg":"RS256"}`

// mint signs claims as the issuer of the tests does.
func mint(c claims) string { return signText(testKeys()[0], testHeader, toJSON(c)) }

// jwksOf is a key set of public keys by id.
func jwksOf(byID map[string]*rsa.PrivateKey) []byte {
	list := []map[string]string{}
	for id, key := range byID {
		list = append(list, map[string]string{
			"kid": id, "kty": "RSA", "alg": "RS256", "use": "sig",
			"n": b64(string(key.N.Bytes())), "e": b64(string(big.NewInt(int64(key.E)).Bytes())),
		})
	}
	return []byte(toJSON(map[string]any{"keys": list}))
}

func testJWKS() []byte { return jwksOf(map[string]*rsa.PrivateKey{testKeyID: testKeys()[0]}) }

// offline is a configuration that fetches nothing.
func offline(change func(*Config)) Config {
	c := Config{
		Pools: []Pool{{Issuer: testIssuer, JWKS: testJWKS(), ClientIDs: []string{testClient}, Use: EitherToken}},
		Now:   func() time.Time { return testTime },
	}
	if change != nil {
		change(&c)
	}
	return c
}

func newVerifier(t testing.TB, c Config) *Verifier {
	t.Helper()
	v, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// wantCode fails unless err is an *Error of the code, or nil for "".
func wantCode(t testing.TB, err error, code Code) {
	t.Helper()
	if code == "" {
		if err != nil {
			t.Fatalf("got %v, want success", err)
		}
		return
	}
	e, ok := errors.AsType[*Error](err)
	if !ok || e.Code != code || !errors.Is(err, code) {
		t.Fatalf("got %v, want %q", err, code)
	}
}

// issuer is a server of keys that never touches the network, so that synctest's
// clock rules it.
type issuer struct {
	fetches atomic.Int64
	mu      sync.Mutex
	answer  func(*http.Request) (*http.Response, error)
}

func (i *issuer) set(answer func(*http.Request) (*http.Response, error)) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.answer = answer
}

func (i *issuer) RoundTrip(r *http.Request) (*http.Response, error) {
	i.fetches.Add(1)
	i.mu.Lock()
	answer := i.answer
	i.mu.Unlock()
	return answer(r)
}

func respond(status int, body []byte, header http.Header) func(*http.Request) (*http.Response, error) {
	if header == nil {
		header = http.Header{}
	}
	return func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(bytes.NewReader(body)), Request: r}, nil
	}
}
