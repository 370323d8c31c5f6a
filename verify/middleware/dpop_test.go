package middleware

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/poolhouse/poolhouse/verify"
	"github.com/poolhouse/poolhouse/verify/dpop"
	"github.com/poolhouse/poolhouse/verify/dpop/dpoptest"
)

const base = "https://api.example.com"

func boundToken(k *dpoptest.Key) string {
	return accessToken(claims{"cnf": claims{"jkt": k.Thumbprint()}})
}

// askWith sends a request with headers, pairs of a name and a value.
func askWith(t *testing.T, h http.Handler, path string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestDPoP(t *testing.T) {
	const algs = `algs="ES256 ES384 RS256 PS256 EdDSA Ed25519"`
	k := dpoptest.NewKey()
	raw := boundToken(k)
	refusal := func(code, description string) []string {
		return []string{`DPoP realm="api", error="` + code + `", error_description="` + description + `", ` + algs}
	}
	proof := func(path string) string { return k.Proof("GET", base+path, testTime, "", raw) }
	again := proof("/again")
	h := newAuth(t, Options{BaseURLs: []string{base, "https://example.com/api/"}}).Handler(whoami) // one that remembers proofs
	for _, test := range []struct {
		name       string
		path       string
		headers    []string
		status     int
		challenges []string
	}{
		{"good", "/a/b%2Fc?d=e", []string{"Authorization", "DPoP " + raw, "DPoP", proof("/a/b%2fc")}, 200, nil},
		{"scheme in lower case", "/a", []string{"Authorization", " dpop  " + raw, "DPoP", proof("/a")}, 200, nil},
		{"behind a proxy", "/a", []string{"Authorization", "DPoP " + raw, "DPoP", k.Proof("GET", "https://example.com/api/a", testTime, "", raw)}, 200, nil},
		{"an unbound token as Bearer", "/a", []string{"Authorization", "Bearer " + accessToken(nil)}, 200, nil},
		{"used once", "/again", []string{"Authorization", "DPoP " + raw, "DPoP", again}, 200, nil},
		{"used twice", "/again", []string{"Authorization", "DPoP " + raw, "DPoP", again}, 401,
			refusal("invalid_dpop_proof", "The DPoP proof was used before")},
		{"for another path", "/b", []string{"Authorization", "DPoP " + raw, "DPoP", proof("/a")}, 401,
			refusal("invalid_dpop_proof", "The DPoP proof is for another address")},
		{"for another host", "/a", []string{"Authorization", "DPoP " + raw, "DPoP", k.Proof("GET", "https://evil.example.com/a", testTime, "", raw)}, 401,
			refusal("invalid_dpop_proof", "The DPoP proof is for another address")},
		{"no proof", "/a", []string{"Authorization", "DPoP " + raw}, 401, refusal("invalid_dpop_proof", "The DPoP proof is malformed")},
		{"two proofs", "/a", []string{"Authorization", "DPoP " + raw, "DPoP", proof("/a"), "DPoP", proof("/a")}, 401,
			refusal("invalid_dpop_proof", "The DPoP proof is malformed")},
		{"no token", "/a", []string{"Authorization", "DPoP", "DPoP", proof("/a")}, 401, refusal("invalid_token", "token is malformed")},
		{"two tokens", "/a", []string{"Authorization", "DPoP " + raw, "Authorization", "DPoP " + raw, "DPoP", proof("/a")}, 401,
			refusal("invalid_token", "token is malformed")},
		{"an unbound token with a proof", "/a", []string{"Authorization", "DPoP " + accessToken(nil), "DPoP", proof("/a")}, 401,
			refusal("invalid_token", "token is not bound to a key")},
		{"as Bearer with a proof", "/a", []string{"Authorization", "Bearer " + raw, "DPoP", proof("/a")}, 401, []string{
			`Bearer realm="api", error="invalid_token", error_description="token is bound to a key and came without a proof of it"`, `DPoP realm="api", ` + algs}},
		{"bare", "/a", []string{"Authorization", raw, "DPoP", proof("/a")}, 401, []string{
			`Bearer realm="api", error="invalid_token", error_description="token is bound to a key and came without a proof of it"`, `DPoP realm="api", ` + algs}},
		{"nothing", "/a", nil, 401, []string{`Bearer realm="api"`, `DPoP realm="api", ` + algs}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := askWith(t, h, test.path, test.headers...)
			if got := w.Header().Values("WWW-Authenticate"); w.Code != test.status || strings.Join(got, "\n") != strings.Join(test.challenges, "\n") {
				t.Errorf("got %d %q, want %d %q", w.Code, got, test.status, test.challenges)
			}
			if w.Code == 200 && w.Body.String() != "kim" {
				t.Errorf("the handler saw %q", w.Body)
			}
		})
	}
	// Who does not say so takes no bound tokens at all.
	h = newAuth(t, Options{}).Handler(whoami)
	for header, challenge := range map[string]string{
		"DPoP " + raw:   `Bearer realm="api"`,
		"Bearer " + raw: `Bearer realm="api", error="invalid_token", error_description="token is bound to a key and came without a proof of it"`,
	} {
		w := askWith(t, h, "/a", "Authorization", header, "DPoP", proof("/a"))
		if got := strings.Join(w.Header().Values("WWW-Authenticate"), "\n"); w.Code != 401 || got != challenge {
			t.Errorf("%.6s without BaseURLs: %d %q, want %q", header, w.Code, got, challenge)
		}
	}
	v := newAuth(t, Options{}).verifier
	for _, address := range []string{"", "api.example.com", "https://", "ftp://a", "https://a?b", "https://a#b", "https://u@a", "https://:8443"} {
		if _, err := New(v, Options{BaseURLs: []string{address}}); err == nil {
			t.Errorf("BaseURLs takes %q", address)
		}
	}
}

// TestDPoPNonces has a client learn the nonce from a refusal.
func TestDPoPNonces(t *testing.T) {
	h := newAuth(t, Options{BaseURLs: []string{base}}, func(c *verify.Config) { c.DPoP.NonceKey = make([]byte, 16) }).Handler(whoami)
	k := dpoptest.NewKey()
	raw := boundToken(k)
	try := func(nonce string) *httptest.ResponseRecorder {
		return askWith(t, h, "/a", "Authorization", "DPoP "+raw, "DPoP", k.Proof("GET", base+"/a", testTime, nonce, raw))
	}
	w := try("")
	nonce := w.Header().Get("DPoP-Nonce")
	if w.Code != 401 || nonce == "" || !strings.HasPrefix(w.Header().Get("WWW-Authenticate"), `DPoP realm="api", error="use_dpop_nonce", `) {
		t.Fatalf("%d %v", w.Code, w.Header())
	}
	if w := try(nonce); w.Code != 200 || w.Header().Get("DPoP-Nonce") != nonce {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	if w := ask(t, h, "/a", accessToken(nil)); w.Code != 200 || w.Header().Get("DPoP-Nonce") != "" {
		t.Errorf("without a proof: %d %v", w.Code, w.Header())
	}
}

func TestDPoPRules(t *testing.T) {
	m := newAuth(t, Options{BaseURLs: []string{base}, UserInfo: infoServer(t, func(http.ResponseWriter, *http.Request) { t.Error("userInfo was asked") })})
	k := dpoptest.NewKey()
	raw := boundToken(k)
	h := m.Handler(m.Require(Rule{AnyScope: []string{"x"}}, whoami))
	w := askWith(t, h, "/a", "Authorization", "DPoP "+raw, "DPoP", k.Proof("GET", base+"/a", testTime, "", raw))
	if got := w.Header().Get("WWW-Authenticate"); w.Code != 403 || !strings.HasPrefix(got, `DPoP realm="api", error="insufficient_scope", error_description="token lacks a scope", scope="x", algs="`) {
		t.Errorf("%d %q", w.Code, got)
	}
	ctx, err := m.AuthenticateDPoP(t.Context(), raw, verify.Proof{Header: k.Proof("GET", base, testTime, "", raw), Method: "GET", URLs: []string{base}})
	if err != nil {
		t.Fatal(err)
	}
	caller, _ := From(ctx)
	if _, err := caller.Profile(ctx); err == nil {
		t.Error("a bound token was sent on")
	}
	if _, err := m.Authenticate(ctx, raw); codeOf(err) != verify.ErrBound {
		t.Errorf("without a proof: %v", err)
	}
	for err, want := range map[error]int{verify.ErrProof: 401, verify.ErrProofNonce: 401, verify.ErrBound: 401, verify.ErrUnbound: 401, verify.ErrProofsUnavailable: 503,
		dpop.ErrKey: 503} {
		if status, _ := Status(err); status != want {
			t.Errorf("%v: %d, want %d", err, status, want)
		}
	}
}
