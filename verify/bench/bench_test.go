package bench

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/MicahParks/keyfunc/v3"
	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
	josejwt "github.com/go-jose/go-jose/v4/jwt"
	"github.com/golang-jwt/jwt/v5"
	"github.com/lestrrat-go/jwx/v3/jwk"
	jwxjwt "github.com/lestrrat-go/jwx/v3/jwt"
)

// idClaims are what the others decode the token into.
type idClaims struct {
	Subject  string   `json:"sub"`
	Issuer   string   `json:"iss"`
	Audience string   `json:"aud"`
	Use      string   `json:"token_use"`
	Username string   `json:"cognito:username"`
	Groups   []string `json:"cognito:groups"`
	Roles    []string `json:"cognito:roles"`
	Email    string   `json:"email"`
	Verified bool     `json:"email_verified"`
	Name     string   `json:"name"`
	AuthTime int64    `json:"auth_time"`
	IssuedAt int64    `json:"iat"`
	Expires  int64    `json:"exp"`
}

// jwtClaims are idClaims for golang-jwt, which wants its own type in it.
type jwtClaims struct {
	jwt.RegisteredClaims
	Use      string   `json:"token_use"`
	Username string   `json:"cognito:username"`
	Groups   []string `json:"cognito:groups"`
	Roles    []string `json:"cognito:roles"`
	Email    string   `json:"email"`
	Verified bool     `json:"email_verified"`
	Name     string   `json:"name"`
	AuthTime int64    `json:"auth_time"`
}

// BenchmarkVerify compares libraries on one token of 20 claims. The floor is
// what none can do without: two base64 decodings, a SHA-256, an RSA signature
// and one decoding of JSON into a struct.
func BenchmarkVerify(b *testing.B) {
	raw := sign(header, claims(nil))
	run := func(name string, verify func() error) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := verify(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	run("floor", func() error { return floor(raw) })

	v, cached := verifier(b, 0), verifier(b, 10)
	run("poolhouse", func() error {
		_, err := v.Verify(b.Context(), raw)
		return err
	})
	run("poolhouse-cached", func() error {
		_, err := cached.Verify(b.Context(), raw)
		return err
	})

	keys, err := keyfunc.NewJWKSetJSON(jwks())
	if err != nil {
		b.Fatal(err)
	}
	parser := jwt.NewParser(jwt.WithValidMethods([]string{"RS256"}), jwt.WithIssuer(issuer), jwt.WithAudience(client),
		jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithTimeFunc(clock), jwt.WithStrictDecoding())
	run("golang-jwt+keyfunc", func() error {
		_, err := parser.ParseWithClaims(raw, new(jwtClaims), keys.Keyfunc)
		return err
	})

	oidcVerifier := oidc.NewVerifier(issuer, &oidc.StaticKeySet{PublicKeys: []crypto.PublicKey{&testKey().PublicKey}},
		&oidc.Config{ClientID: client, Now: clock})
	run("go-oidc", func() error {
		token, err := oidcVerifier.Verify(b.Context(), raw)
		if err != nil {
			return err
		}
		return token.Claims(new(idClaims))
	})

	set, err := jwk.Parse(jwks())
	if err != nil {
		b.Fatal(err)
	}
	run("jwx", func() error {
		_, err := jwxjwt.Parse([]byte(raw), jwxjwt.WithKeySet(set), jwxjwt.WithIssuer(issuer), jwxjwt.WithAudience(client),
			jwxjwt.WithClock(jwxjwt.ClockFunc(clock)))
		return err
	})

	var joseSet jose.JSONWebKeySet
	if err := json.Unmarshal(jwks(), &joseSet); err != nil {
		b.Fatal(err)
	}
	run("go-jose", func() error {
		token, err := josejwt.ParseSigned(raw, []jose.SignatureAlgorithm{jose.RS256})
		if err != nil {
			return err
		}
		var registered josejwt.Claims
		if err := token.Claims(joseSet, &registered, new(idClaims)); err != nil {
			return err
		}
		return registered.ValidateWithLeeway(josejwt.Expected{Issuer: issuer, AnyAudience: []string{client}, Time: epoch}, 0)
	})
}

func floor(raw string) error {
	dot := strings.LastIndexByte(raw, '.')
	signature, err := base64.RawURLEncoding.DecodeString(raw[dot+1:])
	if err != nil {
		return err
	}
	digest := sha256.Sum256([]byte(raw[:dot]))
	if err := rsa.VerifyPKCS1v15(&testKey().PublicKey, crypto.SHA256, digest[:], signature); err != nil {
		return err
	}
	payload, err := base64.RawURLEncoding.DecodeString(raw[strings.IndexByte(raw, '.')+1 : dot])
	if err != nil {
		return err
	}
	return json.Unmarshal(payload, new(idClaims))
}
