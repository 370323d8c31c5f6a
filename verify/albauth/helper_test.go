package albauth

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const (
	signer = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/web/50dc6c495c0c9188"
	issuer = "https://auth.example.com/us-east-1_Example00"
	client = "1example23456789"
	kid    = "2bafd9b1-6f0b-4d2e-9c63-5a3c2a5a1e11"
)

var testTime = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

// clock can be set.
type clock struct{ passed atomic.Int64 }

func (c *clock) now() time.Time { return testTime.Add(time.Duration(c.passed.Load())) }

func (c *clock) advance(d time.Duration) { c.passed.Add(int64(d)) }

func newKey(t testing.TB, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func pemOf(t testing.TB, public any) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

type members map[string]any

// sign writes data as a load balancer does, in padded base64. A member that is nil
// is left out.
func sign(t testing.TB, key *ecdsa.PrivateKey, header, claims members) string {
	t.Helper()
	h := members{
		"typ": "JWT", "kid": kid, "alg": "ES256", "iss": issuer, "client": client, "signer": signer,
		"exp": testTime.Unix() + 120,
	}
	c := members{
		"sub": "34c84488", "username": "kim", "email": "kim@example.com", "email_verified": "true",
		"exp": testTime.Unix() + 120, "iss": issuer,
	}
	maps.Copy(h, header)
	maps.Copy(c, claims)
	return signText(t, key, text(t, h), text(t, c))
}

func text(t testing.TB, m members) string {
	t.Helper()
	maps.DeleteFunc(m, func(_ string, v any) bool { return v == nil })
	b, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func signText(t testing.TB, key *ecdsa.PrivateKey, header, claims string) string {
	t.Helper()
	b64 := base64.URLEncoding.EncodeToString
	signed := b64([]byte(header)) + "." + b64([]byte(claims))
	digest := sha256.Sum256([]byte(signed))
	r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	return signed + "." + b64(append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...))
}

// endpoint is where keys are. It counts what it is asked for.
type endpoint struct {
	mu     sync.Mutex
	bodies map[string]string // by URL
	status int               // of all answers if it is not 0
	down   bool
	hang   chan struct{} // answers wait for it, if there is one
	asked  []string
}

func (e *endpoint) RoundTrip(r *http.Request) (*http.Response, error) {
	e.mu.Lock()
	e.asked = append(e.asked, r.URL.String())
	body, ok := e.bodies[r.URL.String()]
	status, down, hang := e.status, e.down, e.hang
	e.mu.Unlock()
	if hang != nil {
		select {
		case <-hang:
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	if down {
		return nil, fmt.Errorf("connection refused")
	}
	if status == 0 {
		status = http.StatusOK
		if !ok {
			status = http.StatusNotFound
		}
	}
	return &http.Response{
		StatusCode: status, Header: http.Header{"Location": {"https://evil.example.com/" + kid}},
		Body: io.NopCloser(strings.NewReader(body)), Request: r,
	}, nil
}

func (e *endpoint) change(f func(*endpoint)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	f(e)
}

func (e *endpoint) count() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.asked)
}

const keyAt = "https://public-keys.auth.elb.us-east-1.amazonaws.com/" + kid

// newVerifier pins signer, and gets the key's public half from an endpoint.
func newVerifier(t testing.TB, key *ecdsa.PrivateKey, change ...func(*Config)) (*Verifier, *endpoint, *clock) {
	t.Helper()
	e := &endpoint{bodies: map[string]string{keyAt: pemOf(t, key.Public())}}
	c := new(clock)
	config := Config{Signers: []string{signer}, Issuer: issuer, ClientIDs: []string{client}, Transport: e, Now: c.now}
	for _, f := range change {
		f(&config)
	}
	v, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	return v, e, c
}
