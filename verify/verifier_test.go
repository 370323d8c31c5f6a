package verify

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestVerify(t *testing.T) {
	v := newVerifier(t, offline(nil))
	token, err := v.Verify(t.Context(), mint(idClaims(nil)))
	if err != nil {
		t.Fatal(err)
	}
	if token.Use() != IDToken || token.Username() != "kim" || token.ClientID() != testClient ||
		token.Email() != "kim@example.com" || !token.EmailVerified() || token.PhoneNumberVerified() ||
		!slices.Equal(token.Groups(), []string{"editors", "staff"}) || token.Custom("team") != "7" ||
		token.PoolID() != "us-east-1_Example00" || !token.ExpiresAt().Equal(testTime.Add(time.Hour)) {
		t.Errorf("claims are not those of the token: %s", token.payload)
	}
	token, err = v.Verify(t.Context(), mint(accessClaims(nil)))
	if err != nil {
		t.Fatal(err)
	}
	if token.Use() != AccessToken || token.Username() != "kim" || !token.HasScope("articles/read") || token.HasScope("articles") {
		t.Errorf("claims are not those of the token: %s", token.payload)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if text := fmt.Sprintf(verb, token); text != "access token" {
			t.Errorf("%s of a token says %q", verb, text)
		}
	}
}

// TestPolicy holds what pools ask for beyond a good signature.
func TestPolicy(t *testing.T) {
	failing := errors.New("on a list")
	tests := []struct {
		name   string
		pool   func(*Pool)
		claims claims
		want   Code
	}{
		{"either use, access token", nil, accessClaims(nil), ""},
		{"either use, ID token", nil, idClaims(nil), ""},
		{"default use, access token", func(p *Pool) { p.Use = 0 }, accessClaims(nil), ""},
		{"default use, ID token", func(p *Pool) { p.Use = 0 }, idClaims(nil), ErrTokenUse},
		{"ID tokens only, access token", func(p *Pool) { p.Use = IDToken }, accessClaims(nil), ErrTokenUse},
		{"another client's access token", nil, accessClaims(claims{"client_id": "other"}), ErrClient},
		{"another client's ID token", nil, idClaims(claims{"aud": "other"}), ErrClient},
		{"client_id in an ID token does not count", nil, idClaims(claims{"aud": "other", "client_id": testClient}), ErrClient},
		{"aud in an access token does not count", nil, accessClaims(claims{"client_id": "other", "aud": testClient}), ErrClient},
		{"ID token for two", nil, idClaims(claims{"aud": []string{testClient, "other"}}), ErrClient},
		{"any client", func(p *Pool) { p.ClientIDs, p.AnyClient = nil, true }, accessClaims(claims{"client_id": "other"}), ""},
		{"any client, none", func(p *Pool) { p.ClientIDs, p.AnyClient = nil, true }, accessClaims(claims{"client_id": nil}), ErrClient},
		{"audience", func(p *Pool) { p.Audiences = []string{"https://api"} }, accessClaims(claims{"aud": "https://api"}), ""},
		{"audience among others", func(p *Pool) { p.Audiences = []string{"https://api"} }, accessClaims(claims{"aud": []string{"x", "https://api"}}), ""},
		{"audience of another", func(p *Pool) { p.Audiences = []string{"https://api"} }, accessClaims(claims{"aud": "https://x"}), ErrAudience},
		{"audience missing", func(p *Pool) { p.Audiences = []string{"https://api"} }, accessClaims(nil), ErrAudience},
		{"bound to a resource, we are none", nil, accessClaims(claims{"aud": "https://x"}), ErrAudience},
		{"aud is the client, by a trigger", nil, accessClaims(claims{"aud": testClient}), ""},
		{"any scope", func(p *Pool) { p.AnyScope = []string{"x", "articles/read"} }, accessClaims(nil), ""},
		{"any scope, none", func(p *Pool) { p.AnyScope = []string{"x", "articles"} }, accessClaims(nil), ErrScope},
		{"any scope, ID token", func(p *Pool) { p.AnyScope = []string{"x"} }, idClaims(claims{"scope": "x"}), ErrScope},
		{"all scopes", func(p *Pool) { p.AllScopes = []string{"articles/read", "aws.cognito.signin.user.admin"} }, accessClaims(nil), ""},
		{"all scopes, one missing", func(p *Pool) { p.AllScopes = []string{"articles/read", "articles/write"} }, accessClaims(nil), ErrScope},
		{"any group", func(p *Pool) { p.AnyGroup = []string{"x", "staff"} }, accessClaims(nil), ""},
		{"any group, none", func(p *Pool) { p.AnyGroup = []string{"x"} }, accessClaims(nil), ErrGroup},
		{"any group, of nobody", func(p *Pool) { p.AnyGroup = []string{"x"} }, accessClaims(claims{"cognito:groups": nil}), ErrGroup},
		{"check", func(p *Pool) {
			p.Checks = []func(context.Context, *Token) error{func(context.Context, *Token) error { return failing }}
		}, accessClaims(nil), ErrRejected},
		{"check with a code", func(p *Pool) {
			p.Checks = []func(context.Context, *Token) error{func(context.Context, *Token) error { return ErrUserInactive }}
		}, accessClaims(nil), ErrUserInactive},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			v := newVerifier(t, offline(func(c *Config) {
				if test.pool != nil {
					test.pool(&c.Pools[0])
				}
			}))
			_, err := v.Verify(t.Context(), mint(test.claims))
			wantCode(t, err, test.want)
			if test.want == ErrRejected && !errors.Is(err, failing) {
				t.Errorf("%v does not wrap the error of the check", err)
			}
		})
	}
}

func TestTimes(t *testing.T) {
	at := testTime.Unix()
	tests := []struct {
		name   string
		leeway time.Duration
		claims claims
		want   Code
	}{
		{"a second left", 0, claims{"exp": at + 1}, ""},
		{"exp is now", 0, claims{"exp": at}, ErrExpired},
		{"within leeway", time.Minute, claims{"exp": at - 59}, ""},
		{"leeway is over", time.Minute, claims{"exp": at - 60}, ErrExpired},
		{"iat a moment ahead", 0, claims{"iat": at + 10}, ""},
		{"iat ahead", 0, claims{"iat": at + 11}, ErrNotYetValid},
		{"iat ahead within leeway", time.Minute, claims{"iat": at + 60}, ""},
		{"nbf ahead", 0, claims{"nbf": at + 11}, ErrNotYetValid},
		{"nbf past", 0, claims{"nbf": at - 1}, ""},
		{"expired before it was valid", 0, claims{"nbf": at + 100, "exp": at - 100}, ErrExpired},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			v := newVerifier(t, offline(func(c *Config) { c.Leeway = test.leeway }))
			_, err := v.Verify(t.Context(), mint(accessClaims(test.claims)))
			wantCode(t, err, test.want)
		})
	}
}

func TestNewRefusesWhatIsUnsafe(t *testing.T) {
	good := func() Pool { return Pool{ID: "us-east-1_Example00", ClientIDs: []string{"a"}} }
	tests := []struct {
		name   string
		change func(*Config)
		want   string
	}{
		{"no pools", func(c *Config) { c.Pools = nil }, "no pools"},
		{"no client check and not said so", func(c *Config) { c.Pools[0].ClientIDs = nil }, "ClientIDs or AnyClient"},
		{"clients and any client", func(c *Config) { c.Pools[0].AnyClient = true }, "ClientIDs or AnyClient"},
		{"an empty client", func(c *Config) { c.Pools[0].ClientIDs = []string{""} }, "empty entry"},
		{"no name", func(c *Config) { c.Pools[0].ID = "" }, "ID or Issuer"},
		{"two names", func(c *Config) { c.Pools[0].Issuer = testIssuer }, "ID or Issuer"},
		{"an id that is a path", func(c *Config) { c.Pools[0].ID = "us-east-1_a/../x" }, "not the id"},
		{"a host for a region", func(c *Config) { c.Pools[0].ID = "evil.example/-1_a" }, "not the id"},
		{"http", func(c *Config) { c.Pools[0].ID, c.Pools[0].Issuer = "", "http://auth.example.com/p" }, "loopback"},
		{"http like loopback", func(c *Config) { c.Pools[0].ID, c.Pools[0].Issuer = "", "http://localhost.example.com/p" }, "loopback"},
		{"http keys", func(c *Config) { c.Pools[0].JWKSURL = "http://10.0.0.1/jwks.json" }, "loopback"},
		{"file keys", func(c *Config) { c.Pools[0].JWKSURL = "file:///etc/keys" }, "absolute"},
		{"an issuer with a password", func(c *Config) { c.Pools[0].ID, c.Pools[0].Issuer = "", "https://a:secret@b/p" }, "user"},
		{"an issuer twice", func(c *Config) { c.Pools = append(c.Pools, good()) }, "another pool"},
		{"scopes of ID tokens", func(c *Config) { c.Pools[0].Use, c.Pools[0].AnyScope = IDToken, []string{"a"} }, "no scopes"},
		{"unknown use", func(c *Config) { c.Pools[0].Use = 3 }, "use is none"},
		{"negative leeway", func(c *Config) { c.Leeway = -1 }, "leeway"},
		{"a day of leeway", func(c *Config) { c.Leeway = 24 * time.Hour }, "leeway"},
		{"keys that are none", func(c *Config) { c.Pools[0].JWKS = []byte(`{"keys":[]}`) }, "JWKS"},
		{"a negative cache", func(c *Config) { c.CacheSize = -1 }, "negative"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := Config{Pools: []Pool{good()}}
			if _, err := New(c); err != nil {
				t.Fatal(err)
			}
			test.change(&c)
			_, err := New(c)
			if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "secret") {
				t.Errorf("got %v, want an error with %q", err, test.want)
			}
		})
	}
}

func TestIssuersOfPoolID(t *testing.T) {
	for id, want := range map[string]string{
		"eu-west-1_Example00":      "eu-west-1.amazonaws.com/eu-west-1_Example00",
		"us-gov-west-1_Example00":  "us-gov-west-1.amazonaws.com/us-gov-west-1_Example00",
		"cn-north-1_Example00":     "cn-north-1.amazonaws.com.cn/cn-north-1_Example00",
		"eusc-de-east-1_Example00": "eusc-de-east-1.amazonaws.eu/eusc-de-east-1_Example00",
	} {
		issuers, url, err := (&Pool{ID: id}).issuers()
		if err != nil || !slices.Equal(issuers, []string{"https://cognito-idp." + want, "https://issuer-cognito-idp." + want}) ||
			url != "https://cognito-idp."+want+"/.well-known/jwks.json" {
			t.Errorf("%s: %v %s %v", id, issuers, url, err)
		}
	}
	v := newVerifier(t, Config{
		Pools: []Pool{{ID: "us-east-1_Example00", JWKS: testJWKS(), AnyClient: true}},
		Now:   func() time.Time { return testTime },
	})
	for host, want := range map[string]Code{"cognito-idp": "", "issuer-cognito-idp": "", "Cognito-idp": ErrIssuer, "x-cognito-idp": ErrIssuer} {
		_, err := v.Verify(t.Context(), mint(accessClaims(claims{"iss": "https://" + host + ".us-east-1.amazonaws.com/us-east-1_Example00"})))
		wantCode(t, err, want)
	}
}

// checker is a RevocationChecker that says what it is told to.
type checker struct{ err error }

func (c *checker) CheckRevocation(context.Context, *Token) error { return c.err }

func TestRevocation(t *testing.T) {
	down := errors.New("down")
	revocation := new(checker)
	for _, size := range []int{0, 10} {
		v := newVerifier(t, offline(func(c *Config) { c.CacheSize, c.Pools[0].Revocation = size, revocation }))
		raw := mint(accessClaims(nil))
		for _, test := range []struct {
			err  error
			want Code
		}{
			{nil, ""}, {ErrRevoked, ErrRevoked}, {fail(ErrUserNotFound), ErrUserNotFound}, {nil, ""}, {down, ErrRevocationUnavailable},
			{fmt.Errorf("asked: %w", ErrUserInactive), ErrUserInactive},
		} {
			revocation.err = test.err
			_, err := v.Verify(t.Context(), raw)
			wantCode(t, err, test.want)
		}
	}
}
