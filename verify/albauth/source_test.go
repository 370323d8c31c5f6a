package albauth

import (
	"context"
	"crypto"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/poolhouse/poolhouse/verify"
	"github.com/poolhouse/poolhouse/verify/middleware"
)

// accessToken is one of Cognito's, for the user of sign.
func accessToken(t *testing.T, key *rsa.PrivateKey, changes members) string {
	t.Helper()
	c := members{
		"sub": "34c84488", "iss": issuer, "client_id": client, "token_use": "access", "username": "kim",
		"scope": "openid", "exp": testTime.Unix() + 60,
	}
	maps.Copy(c, changes)
	b64 := base64.RawURLEncoding.EncodeToString
	signed := b64([]byte(`{"kid":"one","alg":"RS256"}`)) + "." + b64([]byte(text(t, c)))
	digest := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	return signed + "." + b64(signature)
}

func TestBehindTheMiddleware(t *testing.T) {
	albKey := newKey(t, elliptic.P256())
	poolKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	good, access := sign(t, albKey, nil, nil), accessToken(t, poolKey, nil)
	const challenge = `Bearer realm="api", error="invalid_token", error_description=`
	for name, test := range map[string]struct {
		data, access []string
		down, bare   bool // bare: without WithIdentity
		status       int
		want         string // the user, or the challenge
	}{
		"good":               {[]string{good}, []string{access}, false, false, 200, "kim@example.com"},
		"no data":            {nil, nil, false, false, 401, `Bearer realm="api"`},
		"access token alone": {nil, []string{access}, false, false, 401, `Bearer realm="api"`},
		"data alone":         {[]string{good}, nil, false, false, 401, `Bearer realm="api"`},
		"data twice":         {[]string{good, good}, []string{access}, false, false, 401, challenge + `"token is malformed"`},
		"two tokens":         {[]string{good}, []string{access, access}, false, false, 401, challenge + `"token is malformed"`},
		"forged data":        {[]string{sign(t, newKey(t, elliptic.P256()), nil, nil)}, []string{access}, false, false, 401, challenge + `"token has a wrong signature"`},
		"expired data":       {[]string{sign(t, albKey, members{"exp": testTime.Unix()}, nil)}, []string{access}, false, false, 401, challenge + `"token has expired"`},
		"another's token":    {[]string{good}, []string{accessToken(t, poolKey, members{"sub": "other"})}, false, false, 401, challenge + `"token was rejected"`},
		"opaque token":       {[]string{good}, []string{"opaque"}, false, false, 401, challenge + `"token was rejected"`},
		"expired token":      {[]string{good}, []string{accessToken(t, poolKey, members{"exp": testTime.Unix()})}, false, false, 401, challenge + `"token has expired"`},
		"forged token":       {[]string{good}, []string{access[:strings.LastIndexByte(access, '.')] + ".AAAA"}, false, false, 401, challenge + `"token has a wrong signature"`},
		"unverified email":   {[]string{sign(t, albKey, nil, members{"email_verified": "false"})}, []string{access}, false, false, 401, challenge + `"user does not exist"`},
		"keys out of reach":  {[]string{good}, []string{access}, true, false, 503, ""},
		"no WithIdentity":    {[]string{good}, []string{access}, false, true, 503, ""},
	} {
		t.Run(name, func(t *testing.T) {
			alb, e, c := newVerifier(t, albKey)
			e.down = test.down
			v, err := verify.New(verify.Config{
				Pools: []verify.Pool{{
					Issuer: issuer, ClientIDs: []string{client},
					JWKS: fmt.Appendf(nil, `{"keys":[{"kid":"one","kty":"RSA","e":"AQAB","n":"%s"}]}`,
						base64.RawURLEncoding.EncodeToString(poolKey.N.Bytes())),
				}},
				Now: c.now,
			})
			if err != nil {
				t.Fatal(err)
			}
			users := map[string]int{}
			auth, err := middleware.New(v, middleware.Options{Source: alb.Source, Users: &middleware.Users[string]{
				Key:  ByEmail,
				Find: func(context.Context, string) (string, error) { return "", verify.ErrUserNotFound },
				Create: func(_ context.Context, email string, _ *middleware.Caller) (string, error) {
					users[email]++
					return email, nil
				},
			}})
			if err != nil {
				t.Fatal(err)
			}
			h := auth.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				user, _ := middleware.UserFrom[string](r.Context())
				if i, ok := From(r.Context()); !ok || i.Text("username") != "kim" {
					t.Errorf("identity %v", i)
				}
				_, _ = w.Write([]byte(user))
			}))
			if !test.bare {
				h = WithIdentity(h)
			}
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
			r.Header["X-Amzn-Oidc-Data"], r.Header["X-Amzn-Oidc-Accesstoken"] = test.data, test.access
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			got := w.Body.String()
			if w.Code != http.StatusOK {
				got = w.Header().Get("WWW-Authenticate")
			}
			if w.Code != test.status || got != test.want || (len(users) > 0) != (test.status == 200) {
				t.Errorf("got %d %q and users %v, want %d %q", w.Code, got, users, test.status, test.want)
			}
		})
	}
}

func TestFromWithoutSource(t *testing.T) {
	if i, ok := From(t.Context()); ok {
		t.Errorf("got %v", i)
	}
	WithIdentity(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if i, ok := From(r.Context()); ok {
			t.Errorf("got %v", i)
		}
	})).ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil))
}
