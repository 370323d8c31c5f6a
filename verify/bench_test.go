package verify

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
)

// BenchmarkFloor is what a verification cannot do without, by the standard
// library: BenchmarkVerify is measured against it.
func BenchmarkFloor(b *testing.B) {
	raw, key := mint(idClaims(nil)), &testKeys()[0].PublicKey
	b.ReportAllocs()
	for b.Loop() {
		dot := strings.LastIndexByte(raw, '.')
		signature, err := base64.RawURLEncoding.DecodeString(raw[dot+1:])
		if err != nil {
			b.Fatal(err)
		}
		digest := sha256.Sum256([]byte(raw[:dot]))
		if err := rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], signature); err != nil {
			b.Fatal(err)
		}
		payload, err := base64.RawURLEncoding.DecodeString(raw[strings.IndexByte(raw, '.')+1 : dot])
		if err != nil {
			b.Fatal(err)
		}
		var c struct {
			Sub      string   `json:"sub"`
			Issuer   string   `json:"iss"`
			Audience string   `json:"aud"`
			Use      string   `json:"token_use"`
			Username string   `json:"cognito:username"`
			Groups   []string `json:"cognito:groups"`
			Email    string   `json:"email"`
			AuthTime int64    `json:"auth_time"`
			IssuedAt int64    `json:"iat"`
			Expires  int64    `json:"exp"`
		}
		if err := json.Unmarshal(payload, &c); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerify(b *testing.B) { benchmarkVerify(b, 0) }

func BenchmarkVerifyCached(b *testing.B) { benchmarkVerify(b, 10) }

func benchmarkVerify(b *testing.B, cacheSize int) {
	v := newVerifier(b, offline(func(c *Config) { c.CacheSize = cacheSize }))
	ctx, raw := b.Context(), mint(idClaims(nil))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.Verify(ctx, raw); err != nil {
			b.Fatal(err)
		}
	}
}
