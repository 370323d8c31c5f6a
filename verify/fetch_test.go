package verify

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
)

// TestGivenClientStaysInItsOrigin gives a client that would follow anything.
func TestGivenClientStaysInItsOrigin(t *testing.T) {
	var reached bool
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		reached = true
		_, _ = w.Write(testJWKS())
	}))
	defer elsewhere.Close()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/out/.well-known/jwks.json":
			http.Redirect(w, r, elsewhere.URL, http.StatusFound)
		case "/in/.well-known/jwks.json":
			http.Redirect(w, r, "/keys", http.StatusFound)
		default:
			_, _ = w.Write(testJWKS())
		}
	}))
	defer server.Close()
	refuse := errors.New("not even here")
	for name, test := range map[string]struct {
		pool  string
		check func(*http.Request, []*http.Request) error
		want  Code
	}{
		"within":              {"/in", func(*http.Request, []*http.Request) error { return nil }, ""},
		"out":                 {"/out", func(*http.Request, []*http.Request) error { return nil }, ErrKeysUnavailable},
		"within, but refused": {"/in", func(*http.Request, []*http.Request) error { return refuse }, ErrKeysUnavailable},
	} {
		v := newVerifier(t, Config{
			Pools:      []Pool{{Issuer: server.URL + test.pool, AnyClient: true}},
			HTTPClient: &http.Client{CheckRedirect: test.check},
		})
		err := v.Hydrate(t.Context())
		if test.want == "" && err != nil || test.want != "" && !errors.Is(err, test.want) {
			t.Errorf("%s: %v", name, err)
		}
		if again := v.Hydrate(t.Context()); (again == nil) != (err == nil) { // within the interval: no fetch
			t.Errorf("%s: %v at first, then %v", name, err, again)
		}
	}
	if reached {
		t.Error("a redirect was followed to another origin")
	}
}

func TestCheckURL(t *testing.T) {
	for raw, ok := range map[string]bool{
		"https://auth.example.com/p": true, "http://127.0.0.1:9339/p": true, "http://[::1]:9339/p": true, "http://LOCALHOST/p": true,
		"https://10.0.0.1": true, "http://127.0.0.1.example.com": false, "http://10.0.0.1": false, "http://[::2]": false,
		"//auth.example.com": false, "/p": false, "": false, "https://": false, "ftp://x": false, "https:x": false,
		"https://x#y": false, "https://\x7f": false, "https://a@x": false,
	} {
		if err := checkURL(raw); (err == nil) != ok {
			t.Errorf("%q: %v", raw, err)
		}
	}
}
