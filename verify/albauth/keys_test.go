package albauth

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/verify"
)

// fresh is data that lives, whatever the clock says.
func fresh(t *testing.T, key *ecdsa.PrivateKey, id string) string {
	t.Helper()
	later := testTime.Add(1000 * time.Hour).Unix()
	return sign(t, key, members{"kid": id, "exp": later}, members{"exp": later})
}

func TestOneFetchForAll(t *testing.T) {
	key := newKey(t, elliptic.P256())
	v, e, _ := newVerifier(t, key)
	e.hang = make(chan struct{})
	raw := fresh(t, key, kid)
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			if _, err := v.Verify(t.Context(), raw); err != nil {
				t.Error(err)
			}
		})
	}
	close(e.hang)
	wg.Wait()
	if _, err := v.Verify(t.Context(), raw); err != nil || e.count() != 1 {
		t.Errorf("%d fetches, %v", e.count(), err)
	}
}

func TestUnknownKeysAreBounded(t *testing.T) {
	key := newKey(t, elliptic.P256())
	v, e, c := newVerifier(t, key)
	if _, err := v.Verify(t.Context(), fresh(t, key, kid)); err != nil {
		t.Fatal(err)
	}
	c.advance(keyPause)
	flood := func() {
		for i := range 50 {
			_, err := v.Verify(t.Context(), fresh(t, key, fmt.Sprintf("%08d", i)+kid[8:]))
			want := verify.ErrUnknownKey
			if i >= maxUnknown {
				want = verify.ErrKeysUnavailable
			}
			if !errors.Is(err, want) {
				t.Fatalf("unknown key %d: %v, want %v", i, err, want)
			}
		}
	}
	flood()
	if n := e.count(); n != 1+maxUnknown {
		t.Errorf("%d fetches", n)
	}
	flood() // remembered
	if n := e.count(); n != 1+maxUnknown {
		t.Errorf("%d fetches, the second time", n)
	}
	c.advance(keyPause)
	flood()
	if n := e.count(); n != 1+2*maxUnknown {
		t.Errorf("%d fetches after a pause", n)
	}
	// The good key is in nobody's way.
	if _, err := v.Verify(t.Context(), fresh(t, key, kid)); err != nil || e.count() != 1+2*maxUnknown {
		t.Errorf("the good key: %v", err)
	}
}

func TestKeysAreKeptBounded(t *testing.T) {
	key := newKey(t, elliptic.P256())
	v, _, c := newVerifier(t, key)
	if _, err := v.Verify(t.Context(), fresh(t, key, kid)); err != nil {
		t.Fatal(err)
	}
	for i := range 3 * maxKeys {
		c.advance(keyPause)
		_, _ = v.Verify(t.Context(), fresh(t, key, fmt.Sprintf("%08d", i)+kid[8:]))
	}
	if n := len(v.keys.known); n != maxKeys {
		t.Errorf("%d keys are known, want %d", n, maxKeys)
	}
	if e := v.keys.known[keyAt]; e == nil || e.key == nil {
		t.Error("the good key had to go")
	}
}

// settle waits until no fetch is under way.
func settle(v *Verifier) {
	v.keys.mu.Lock()
	var running []chan struct{}
	for _, e := range v.keys.known {
		if e.running != nil {
			running = append(running, e.running)
		}
	}
	v.keys.mu.Unlock()
	for _, done := range running {
		<-done
	}
}

func TestRefresh(t *testing.T) {
	key := newKey(t, elliptic.P256())
	v, e, c := newVerifier(t, key)
	ask := func() error {
		_, err := v.Verify(t.Context(), fresh(t, key, kid))
		settle(v)
		return err
	}
	steps := []struct {
		name    string
		passed  time.Duration
		change  func(*endpoint)
		want    error
		fetches int
	}{
		{"first", 0, func(*endpoint) {}, nil, 1},
		{"before the TTL", keyTTL - time.Second, func(*endpoint) {}, nil, 1},
		{"after it, in the background", time.Second, func(*endpoint) {}, nil, 2},
		{"with the endpoint down", keyTTL, func(e *endpoint) { e.down = true }, nil, 3},
		{"still down, in the pause", keyPause - time.Second, func(*endpoint) {}, nil, 3},
		{"still down, after it", time.Second, func(*endpoint) {}, nil, 4},
		{"forbidden", keyPause, func(e *endpoint) { e.down, e.status = false, http.StatusForbidden }, nil, 5},
		{"an error page", keyPause, func(e *endpoint) { e.status = http.StatusInternalServerError }, nil, 6},
		{"the last that is stale", keyStale - 3*keyPause - time.Second, func(*endpoint) {}, nil, 7},
		{"too old", time.Second, func(*endpoint) {}, verify.ErrKeysUnavailable, 7},
		{"up again", keyPause, func(e *endpoint) { e.status = 0 }, nil, 8},
		{"gone, noticed", keyTTL, func(e *endpoint) { delete(e.bodies, keyAt) }, nil, 9},
		{"gone", time.Second, func(*endpoint) {}, verify.ErrUnknownKey, 9},
	}
	for _, step := range steps {
		c.advance(step.passed)
		e.change(step.change)
		if err := ask(); !errors.Is(err, step.want) || e.count() != step.fetches {
			t.Fatalf("%s: %v and %d fetches, want %v and %d", step.name, err, e.count(), step.want, step.fetches)
		}
	}
}

func TestBadEndpoints(t *testing.T) {
	key := newKey(t, elliptic.P256())
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*endpoint){
		"down":       func(e *endpoint) { e.down = true },
		"500":        func(e *endpoint) { e.status = 500 },
		"redirects":  func(e *endpoint) { e.status = 302 },
		"empty":      func(e *endpoint) { e.bodies[keyAt] = "" },
		"HTML":       func(e *endpoint) { e.bodies[keyAt] = "<html>" },
		"10 MB":      func(e *endpoint) { e.bodies[keyAt] += strings.Repeat("\n", 10<<20) },
		"RSA":        func(e *endpoint) { e.bodies[keyAt] = pemOf(t, rsaKey.Public()) },
		"P-384":      func(e *endpoint) { e.bodies[keyAt] = pemOf(t, newKey(t, elliptic.P384()).Public()) },
		"other type": func(e *endpoint) { e.bodies[keyAt] = strings.ReplaceAll(e.bodies[keyAt], "PUBLIC", "PRIVATE") },
		"no DER": func(e *endpoint) {
			e.bodies[keyAt] = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"
		},
	} {
		t.Run(name, func(t *testing.T) {
			v, e, c := newVerifier(t, key)
			good := e.bodies[keyAt]
			e.change(change)
			for range 3 {
				if _, err := v.Verify(t.Context(), fresh(t, key, kid)); !errors.Is(err, verify.ErrKeysUnavailable) {
					t.Errorf("got %v", err)
				}
			}
			if len(e.asked) != 1 || e.asked[0] != keyAt {
				t.Errorf("asked for %v", e.asked)
			}
			e.change(func(e *endpoint) { e.down, e.status, e.bodies = false, 0, map[string]string{keyAt: good} })
			c.advance(keyPause)
			if _, err := v.Verify(t.Context(), fresh(t, key, kid)); err != nil {
				t.Errorf("when it was well again: %v", err)
			}
		})
	}
}

// TestForbidden: S3, where keys are in some partitions, says so of what it has not.
func TestForbidden(t *testing.T) {
	key := newKey(t, elliptic.P256())
	v, e, _ := newVerifier(t, key)
	e.status = http.StatusForbidden
	if _, err := v.Verify(t.Context(), fresh(t, key, kid)); !errors.Is(err, verify.ErrUnknownKey) {
		t.Errorf("got %v", err)
	}
}

func TestNobodyWaitsLongerThanTheyWant(t *testing.T) {
	key := newKey(t, elliptic.P256())
	v, e, _ := newVerifier(t, key)
	e.hang = make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := v.Verify(ctx, fresh(t, key, kid))
	if !errors.Is(err, verify.ErrKeysUnavailable) || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	close(e.hang) // the fetch goes on for the others
	if _, err := v.Verify(t.Context(), fresh(t, key, kid)); err != nil || e.count() != 1 {
		t.Errorf("%d fetches, %v", e.count(), err)
	}
}
