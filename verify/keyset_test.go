package verify

import (
	"context"
	"crypto/rsa"
	"errors"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// online is a verifier in a bubble of synctest whose keys come from i. Tokens of
// kidToken are in time there.
func online(t *testing.T, i *issuer, change func(*Config)) *Verifier {
	t.Helper()
	if i.answer == nil {
		i.answer = respond(http.StatusOK, testJWKS(), nil)
	}
	c := Config{
		Pools:      []Pool{{Issuer: testIssuer, ClientIDs: []string{testClient}}},
		HTTPClient: &http.Client{Transport: i},
	}
	if change != nil {
		change(&c)
	}
	return newVerifier(t, c)
}

// kidToken is a token of a key that is valid for a year from the bubble's now.
func kidToken(key *rsa.PrivateKey, kid string) string {
	now := time.Now().Unix()
	return signText(key, `{"kid":"`+kid+`","alg":"RS256"}`,
		toJSON(accessClaims(claims{"iat": now, "exp": now + 365*24*3600, "auth_time": now})))
}

func TestKeysAreFetchedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := new(issuer)
		v := online(t, i, nil)
		if err := v.Ready(); !errors.Is(err, ErrKeysUnavailable) {
			t.Errorf("ready before any key: %v", err)
		}
		raw := kidToken(testKeys()[0], testKeyID)
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				if _, err := v.Verify(t.Context(), raw); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if n := i.fetches.Load(); n != 1 {
			t.Errorf("%d fetches", n)
		}
		if err := v.Ready(); err != nil {
			t.Error(err)
		}
	})
}

func TestUnknownKeysFetchOncePerInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := new(issuer)
		v := online(t, i, nil)
		wantCode(t, v.Hydrate(t.Context()), "")
		time.Sleep(time.Minute)
		storm := func(want Code) {
			t.Helper()
			var wg sync.WaitGroup
			for n := range 100 {
				wg.Go(func() {
					_, err := v.Verify(t.Context(), kidToken(testKeys()[1], "unknown"+strconv.Itoa(n)))
					if !errors.Is(err, want) {
						t.Errorf("got %v, want %v", err, want)
					}
				})
			}
			wg.Wait()
		}
		began := time.Now()
		storm(ErrUnknownKey)
		storm(ErrUnknownKey)
		if n := i.fetches.Load(); n != 2 {
			t.Errorf("%d fetches, want one before and one for all", n)
		}
		if waited := time.Since(began); waited != 0 {
			t.Errorf("tokens waited %v for the limiter", waited)
		}
		time.Sleep(10 * time.Second)
		i.set(respond(http.StatusInternalServerError, nil, nil))
		storm(ErrKeysUnavailable)
		storm(ErrKeysUnavailable)
		if n := i.fetches.Load(); n != 3 {
			t.Errorf("%d fetches, want failed ones limited too", n)
		}
		_, err := v.Verify(t.Context(), kidToken(testKeys()[0], testKeyID))
		wantCode(t, err, "") // a failed fetch drops nothing
		_, err = v.Verify(t.Context(), signText(testKeys()[1], testHeader, toJSON(accessClaims(nil))))
		wantCode(t, err, ErrSignature)
		if n := i.fetches.Load(); n != 3 {
			t.Errorf("a bad signature fetched keys")
		}
	})
}

func TestColdStartOfUnknownKeysFetchesOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := new(issuer)
		v := online(t, i, nil)
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() {
				if _, err := v.Verify(t.Context(), kidToken(testKeys()[1], "unknown")); !errors.Is(err, ErrUnknownKey) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if n := i.fetches.Load(); n != 1 {
			t.Errorf("%d fetches", n)
		}
	})
}

func TestForeignIssuerFetchesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := new(issuer)
		v := online(t, i, nil)
		_, err := v.Verify(t.Context(), mint(accessClaims(claims{"iss": "https://evil.example/us-east-1_Example00"})))
		wantCode(t, err, ErrIssuer)
		if n := i.fetches.Load(); n != 0 {
			t.Errorf("%d fetches", n)
		}
	})
}

func TestRotation(t *testing.T) {
	for _, size := range []int{0, 10} {
		synctest.Test(t, func(t *testing.T) {
			i := new(issuer)
			v := online(t, i, func(c *Config) { c.CacheSize = size })
			old, fresh := kidToken(testKeys()[0], testKeyID), kidToken(testKeys()[1], "bmV3")
			_, err := v.Verify(t.Context(), old)
			wantCode(t, err, "")
			time.Sleep(11 * time.Second)
			both := map[string]*rsa.PrivateKey{testKeyID: testKeys()[0], "bmV3": testKeys()[1]}
			i.set(respond(http.StatusOK, jwksOf(both), nil))
			_, err = v.Verify(t.Context(), fresh)
			wantCode(t, err, "") // a new key is found at once

			i.set(respond(http.StatusOK, jwksOf(map[string]*rsa.PrivateKey{"bmV3": testKeys()[1]}), nil))
			time.Sleep(46 * time.Minute) // past three quarters of the hour
			_, err = v.Verify(t.Context(), fresh)
			wantCode(t, err, "")
			synctest.Wait() // for the refresh in the background
			_, err = v.Verify(t.Context(), old)
			wantCode(t, err, ErrUnknownKey) // a removed key is gone, from the cache too
			_, err = v.Verify(t.Context(), fresh)
			wantCode(t, err, "")
			if n := i.fetches.Load(); n != 3 {
				t.Errorf("%d fetches, want 3", n)
			}

			// A key replaced under its id.
			i.set(respond(http.StatusOK, jwksOf(map[string]*rsa.PrivateKey{"bmV3": testKeys()[2]}), nil))
			time.Sleep(2 * time.Hour) // too old: the first token waits for the refresh
			_, err = v.Verify(t.Context(), fresh)
			wantCode(t, err, ErrSignature)
		})
	}
}

func TestStaleKeysServeWhileTheIssuerIsDown(t *testing.T) {
	for _, size := range []int{0, 10} {
		synctest.Test(t, func(t *testing.T) {
			i := new(issuer)
			v := online(t, i, func(c *Config) { c.CacheSize = size })
			raw := kidToken(testKeys()[0], testKeyID)
			wantCode(t, v.Hydrate(t.Context()), "")
			i.set(func(r *http.Request) (*http.Response, error) { // hangs
				<-r.Context().Done()
				return nil, r.Context().Err()
			})
			time.Sleep(2 * time.Hour)
			began := time.Now()
			_, err := v.Verify(t.Context(), raw)
			wantCode(t, err, "")
			if waited := time.Since(began); waited != patience {
				t.Errorf("the first token waited %v", waited)
			}
			time.Sleep(time.Minute)
			began = time.Now()
			_, err = v.Verify(t.Context(), raw)
			wantCode(t, err, "")
			if waited := time.Since(began); waited != 0 {
				t.Errorf("a token waited %v though the issuer is known to be down", waited)
			}
			time.Sleep(23 * time.Hour) // the hour and the day are over
			_, err = v.Verify(t.Context(), raw)
			wantCode(t, err, ErrKeysUnavailable)
			if err := v.Ready(); !errors.Is(err, ErrKeysUnavailable) {
				t.Errorf("ready: %v", err)
			}
			time.Sleep(time.Minute)
			i.set(respond(http.StatusOK, testJWKS(), nil))
			_, err = v.Verify(t.Context(), raw)
			wantCode(t, err, "")
		})
	}
}

func TestCacheControl(t *testing.T) {
	for header, want := range map[string]time.Duration{
		"":                          time.Hour,
		"public, max-age=86400":     time.Hour, // no longer than KeyTTL
		"Max-Age=600":               10 * time.Minute,
		"max-age=1":                 minKeyTTL,
		"max-age=99999999999999999": minKeyTTL,
		"max-age=-1":                minKeyTTL,
		"no-store":                  minKeyTTL,
		"no-cache, max-age=600":     minKeyTTL,
	} {
		synctest.Test(t, func(t *testing.T) {
			i := &issuer{answer: respond(http.StatusOK, testJWKS(), http.Header{"Cache-Control": {header}})}
			v := online(t, i, nil)
			wantCode(t, v.Hydrate(t.Context()), "")
			k := v.keySets[0].current.Load()
			if got := k.expires.Sub(k.fetched); got != want {
				t.Errorf("%q: keys are fresh for %v, want %v", header, got, want)
			}
		})
	}
}

func TestCancelledTokenLeavesTheFetchToOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := &issuer{answer: func(r *http.Request) (*http.Response, error) {
			time.Sleep(2 * time.Second)
			if err := r.Context().Err(); err != nil {
				return nil, err
			}
			return respond(http.StatusOK, testJWKS(), nil)(r)
		}}
		v := online(t, i, nil)
		raw := kidToken(testKeys()[0], testKeyID)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var wg sync.WaitGroup
		wg.Go(func() {
			_, err := v.Verify(ctx, raw)
			if !errors.Is(err, ErrKeysUnavailable) || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v", err)
			}
		})
		_, err := v.Verify(t.Context(), raw)
		wantCode(t, err, "")
		wg.Wait()
		if n := i.fetches.Load(); n != 1 {
			t.Errorf("%d fetches", n)
		}
	})
}

// TestBadKeyServers meets what a URL may answer with, over real connections.
func TestBadKeyServers(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(testJWKS()) }))
	defer elsewhere.Close()
	jwk := func(text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"keys":[` + text + `]}`)) }
	}
	n, weak := b64(string(testKeys()[0].N.Bytes())), b64(strings.Repeat("\xff", 128))
	rsaKey := func(n, e, more string) http.HandlerFunc {
		return jwk(`{"kid":"` + testKeyID + `","kty":"RSA","n":"` + n + `","e":"` + e + `"` + more + `}`)
	}
	tests := map[string]struct {
		handler http.HandlerFunc
		want    Code
	}{
		"good":           {rsaKey(n, "AQAB", ""), ""},
		"good and noise": {jwk(`{"kty":"EC","kid":"a"},7,{"kid":"` + testKeyID + `","kty":"RSA","n":"` + n + `","e":"AQAB"}`), ""},
		"hangs":          {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, ErrKeysUnavailable},
		"drips": {func(w http.ResponseWriter, r *http.Request) {
			_, _ = w.Write([]byte(`{"keys":`))
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}, ErrKeysUnavailable},
		"500":                 {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, ErrKeysUnavailable},
		"204":                 {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }, ErrKeysUnavailable},
		"redirects elsewhere": {http.RedirectHandler(elsewhere.URL, http.StatusFound).ServeHTTP, ErrKeysUnavailable},
		"redirects to itself": {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path, http.StatusFound) }, ErrKeysUnavailable},
		"10 MB": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write(append(testJWKS(), make([]byte, 10<<20)...))
		}, ErrKeysUnavailable},
		"HTML":                  {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) }, ErrKeysUnavailable},
		"no keys":               {jwk(""), ErrKeysUnavailable},
		"keys are no list":      {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"keys":{}}`)) }, ErrKeysUnavailable},
		"too many keys":         {jwk(strings.TrimSuffix(strings.Repeat("{},", 101), ",")), ErrKeysUnavailable},
		"elliptic":              {jwk(`{"kid":"` + testKeyID + `","kty":"EC","crv":"P-256","x":"AA","y":"AA"}`), ErrKeysUnavailable},
		"symmetric":             {jwk(`{"kid":"` + testKeyID + `","kty":"oct","k":"AAAA"}`), ErrKeysUnavailable},
		"for encryption":        {rsaKey(n, "AQAB", `,"use":"enc"`), ErrKeysUnavailable},
		"for another algorithm": {rsaKey(n, "AQAB", `,"alg":"RS512"`), ErrKeysUnavailable},
		"for signing only":      {rsaKey(n, "AQAB", `,"key_ops":["sign"]`), ErrKeysUnavailable},
		"1024 bits":             {rsaKey(weak, "AQAB", ""), ErrKeysUnavailable},
		"exponent 1":            {rsaKey(n, "AQ", ""), ErrKeysUnavailable},
		"even exponent":         {rsaKey(n, "Ag", ""), ErrKeysUnavailable},
		"huge exponent":         {rsaKey(n, "_____w", ""), ErrKeysUnavailable},
		"even modulus":          {rsaKey(b64(strings.Repeat("\xfe", 256)), "AQAB", ""), ErrKeysUnavailable},
		"an id twice":           {jwk(strings.TrimSuffix(strings.Repeat(`{"kid":"a","kty":"RSA","n":"`+n+`","e":"AQAB"},`, 2), ",")), ErrKeysUnavailable},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(test.handler)
			defer server.Close()
			v := newVerifier(t, Config{
				Pools:        []Pool{{Issuer: testIssuer, JWKSURL: server.URL + "/jwks.json", ClientIDs: []string{testClient}}},
				FetchTimeout: 500 * time.Millisecond,
				Now:          func() time.Time { return testTime },
			})
			_, err := v.Verify(t.Context(), mint(accessClaims(nil)))
			wantCode(t, err, test.want)
		})
	}
}

func TestRedirectWithinTheOrigin(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/keys" {
			http.Redirect(w, r, "/keys", http.StatusMovedPermanently)
			return
		}
		_, _ = w.Write(testJWKS())
	}))
	defer server.Close()
	v := newVerifier(t, Config{Pools: []Pool{{Issuer: server.URL + "/us-east-1_Example00", AnyClient: true}}})
	wantCode(t, v.Hydrate(t.Context()), "")
}
