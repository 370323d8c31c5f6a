package verify

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/verify/dpop"
	"github.com/poolhouse/poolhouse/verify/dpop/dpoptest"
)

const articles = "https://api.example.com/articles"

// bound is an access token that is bound to a key.
func bound(k *dpoptest.Key, changes claims) string {
	return mint(accessClaims(changed(claims{"cnf": claims{"jkt": k.Thumbprint()}}, changes)))
}

func TestBoundTokensNeedProofs(t *testing.T) {
	k, other := dpoptest.NewKey(), dpoptest.NewKey()
	raw := bound(k, nil)
	proof := func(k *dpoptest.Key, token string) Proof {
		return Proof{Header: k.Proof("GET", articles+"?page=1", testTime, "", token), Method: "GET", URLs: []string{articles}}
	}
	with := func(change func(*Proof)) Proof {
		p := proof(k, raw)
		change(&p)
		return p
	}
	for name, test := range map[string]struct {
		raw   string
		proof Proof
		want  Code
		cause error
	}{
		"good":                 {raw, proof(k, raw), "", nil},
		"an unbound token":     {mint(accessClaims(nil)), proof(k, mint(accessClaims(nil))), ErrUnbound, nil},
		"another key's proof":  {raw, proof(other, raw), ErrProof, dpop.ErrKey},
		"for another token":    {raw, proof(k, bound(other, nil)), ErrProof, dpop.ErrToken},
		"for no token":         {raw, proof(k, ""), ErrProof, dpop.ErrToken},
		"another method":       {raw, with(func(p *Proof) { p.Method = "POST" }), ErrProof, dpop.ErrMethod},
		"another address":      {raw, with(func(p *Proof) { p.URLs = []string{articles + "/1"} }), ErrProof, dpop.ErrURL},
		"no address":           {raw, with(func(p *Proof) { p.URLs = nil }), ErrProof, dpop.ErrURL},
		"no proof":             {raw, with(func(p *Proof) { p.Header = "" }), ErrProof, dpop.ErrMalformed},
		"an old proof":         {raw, with(func(p *Proof) { p.Header = k.Proof("GET", articles, testTime.Add(-time.Hour), "", raw) }), ErrProof, dpop.ErrTime},
		"the token as a proof": {raw, with(func(p *Proof) { p.Header = raw }), ErrProof, dpop.ErrType},
		"an expired token":     {bound(k, claims{"exp": testTime.Unix()}), proof(k, raw), ErrExpired, nil},
		"a forged token":       {raw[:len(raw)-4] + "AAAA", proof(k, raw), ErrSignature, nil},
		"no token":             {"", proof(k, raw), ErrMissing, nil},
		"a key of no text":     {bound(k, claims{"cnf": claims{"jkt": 1}}), proof(k, raw), ErrMalformed, nil},
		"a key of no letters":  {bound(k, claims{"cnf": claims{"jkt": ""}}), proof(k, raw), ErrMalformed, nil},
		"another kind of key":  {bound(k, claims{"cnf": claims{"x5t#S256": "x"}}), proof(k, raw), ErrUnbound, nil},
		"cnf of no object":     {bound(k, claims{"cnf": "x"}), proof(k, raw), ErrUnbound, nil},
	} {
		t.Run(name, func(t *testing.T) {
			v := newVerifier(t, offline(nil))
			token, err := v.VerifyDPoP(t.Context(), test.raw, test.proof)
			wantCode(t, err, test.want)
			if test.cause != nil && !errors.Is(err, test.cause) {
				t.Errorf("%v, want the cause %v", err, test.cause)
			}
			if test.want == "" && token.Thumbprint() != k.Thumbprint() {
				t.Errorf("thumbprint %q", token.Thumbprint())
			}
		})
	}
	for _, size := range []int{0, 10} { // from the cache too
		v := newVerifier(t, offline(func(c *Config) { c.CacheSize = size }))
		good := proof(k, raw)
		_, err := v.VerifyDPoP(t.Context(), raw, good)
		wantCode(t, err, "")
		_, err = v.Verify(t.Context(), raw)
		wantCode(t, err, ErrBound)
		if _, err = v.VerifyDPoP(t.Context(), raw, good); !errors.Is(err, dpop.ErrReplayed) {
			t.Errorf("a proof again: %v", err)
		}
		wantCode(t, err, ErrProof)
		_, err = v.VerifyDPoP(t.Context(), raw, proof(k, raw))
		wantCode(t, err, "")
	}
}

func TestBoundOnly(t *testing.T) {
	v := newVerifier(t, offline(func(c *Config) { c.Pools[0].BoundOnly = true }))
	_, err := v.Verify(t.Context(), mint(accessClaims(nil)))
	wantCode(t, err, ErrUnbound)
	_, err = v.Verify(t.Context(), bound(dpoptest.NewKey(), nil))
	wantCode(t, err, ErrBound)
}

func TestProofNonces(t *testing.T) {
	now := testTime
	v := newVerifier(t, offline(func(c *Config) {
		c.DPoP.NonceKey, c.Now = []byte("a key of the servers"), func() time.Time { return now }
	}))
	k := dpoptest.NewKey()
	raw := bound(k, nil)
	try := func(nonce string) error {
		_, err := v.VerifyDPoP(t.Context(), raw, Proof{Header: k.Proof("GET", articles, time.Unix(0, 0), nonce, raw), Method: "GET", URLs: []string{articles}})
		return err
	}
	first := v.Nonce()
	wantCode(t, try(""), ErrProofNonce)
	wantCode(t, try("x"), ErrProofNonce)
	wantCode(t, try(first), "") // whatever the client's clock says
	now = now.Add(2 * dpop.Turn)
	wantCode(t, try(first), ErrProofNonce)
	if v.Nonce() == first {
		t.Error("the nonce stays")
	}
	wantCode(t, try(v.Nonce()), "")
	if plain := newVerifier(t, offline(nil)); plain.Nonce() != "" {
		t.Error("a nonce without a key")
	}
}

// TestProofMemory fills the memory, and has servers share one.
func TestProofMemory(t *testing.T) {
	k := dpoptest.NewKey()
	raw := bound(k, nil)
	try := func(v *Verifier, jti string) error {
		header := k.Sign(nil, claims{"jti": jti, "htm": "GET", "htu": articles, "iat": testTime.Unix(), "ath": dpop.HashToken(raw)})
		_, err := v.VerifyDPoP(t.Context(), raw, Proof{Header: header, Method: "GET", URLs: []string{articles}})
		return err
	}
	small := newVerifier(t, offline(func(c *Config) { c.DPoP.Memory = 6 }))
	for i := range 3 {
		wantCode(t, try(small, strconv.Itoa(i)), "")
	}
	wantCode(t, try(small, "3"), ErrProofsUnavailable)
	wantCode(t, try(small, "1"), ErrProof)

	known := map[string]time.Time{}
	var failure error
	shared := func(c *Config) {
		c.DPoP.Spend = func(_ context.Context, id string, until time.Time) (bool, error) {
			_, again := known[id]
			known[id] = until
			return !again, failure
		}
	}
	one, two := newVerifier(t, offline(shared)), newVerifier(t, offline(shared))
	wantCode(t, try(one, "a"), "")
	wantCode(t, try(two, "a"), ErrProof)
	wantCode(t, try(two, "b"), "")
	for id, until := range known {
		if len(id) != 43 || !until.Equal(testTime.Add(dpop.Kept)) {
			t.Errorf("%q is kept until %v", id, until)
		}
	}
	failure = errors.New("no database")
	wantCode(t, try(one, "c"), ErrProofsUnavailable)
	for _, d := range []DPoP{{Memory: -1}, {NonceKey: []byte{}}} {
		if _, err := New(offline(func(c *Config) { c.DPoP = d })); err == nil {
			t.Errorf("%+v is accepted", d)
		}
	}
}

// BenchmarkVerifyDPoP is what a proof costs beside BenchmarkVerifyCached.
func BenchmarkVerifyDPoP(b *testing.B) {
	k := dpoptest.NewKey()
	raw := bound(k, nil)
	v := newVerifier(b, offline(func(c *Config) {
		c.CacheSize = 10
		c.DPoP.Spend = func(context.Context, string, time.Time) (bool, error) { return true, nil }
	}))
	proof := Proof{Header: k.Proof("GET", articles, testTime, "", raw), Method: "GET", URLs: []string{articles}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.VerifyDPoP(b.Context(), raw, proof); err != nil {
			b.Fatal(err)
		}
	}
}
