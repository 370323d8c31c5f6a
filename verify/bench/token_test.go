package bench

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/verify"
)

const (
	issuer = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Example00"
	client = "1example23456789"
	header = `{"kid":"a2V5LW9uZQ==","alg":"RS256"}`
)

// epoch is now in these tests.
var epoch = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

func clock() time.Time { return epoch }

var testKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func b64(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

func jwks() []byte {
	return fmt.Appendf(nil, `{"keys":[{"kid":"a2V5LW9uZQ==","kty":"RSA","alg":"RS256","use":"sig","e":"AQAB","n":"%s"}]}`,
		b64(string(testKey().N.Bytes())))
}

// claims are the 20 of an ID token, with changes; a nil deletes.
func claims(changes map[string]any) string {
	c := map[string]any{
		"sub": "34c84488-e0e1-70ae-d2ee-991ad1a898c8", "iss": issuer, "aud": client, "token_use": "id",
		"origin_jti": "019cb74f-0000-7000-8000-000000000001", "event_id": "019cb74f-0000-7000-8000-000000000002",
		"jti": "019cb74f-0000-7000-8000-000000000003", "cognito:username": "kim",
		"cognito:groups": []string{"editors", "staff"}, "cognito:roles": []string{"arn:aws:iam::123456789012:role/editor"},
		"cognito:preferred_role": "arn:aws:iam::123456789012:role/editor", "email": "kim@example.com", "email_verified": true,
		"phone_number": "+15550100", "phone_number_verified": false, "name": "Kim Example", "custom:team": "7",
		"auth_time": epoch.Unix() - 60, "iat": epoch.Unix() - 60, "exp": epoch.Unix() + 3600,
	}
	maps.Copy(c, changes)
	maps.DeleteFunc(c, func(_ string, value any) bool { return value == nil })
	text, err := json.Marshal(c)
	if err != nil {
		panic(err)
	}
	return string(text)
}

func sign(header, payload string) string {
	signed := b64(header) + "." + b64(payload)
	digest := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(nil, testKey(), crypto.SHA256, digest[:])
	if err != nil {
		panic(err)
	}
	return signed + "." + b64(string(signature))
}

func verifier(tb testing.TB, cacheSize int) *verify.Verifier {
	tb.Helper()
	v, err := verify.New(verify.Config{
		Pools:     []verify.Pool{{ID: "us-east-1_Example00", ClientIDs: []string{client}, Use: verify.IDToken, JWKS: jwks()}},
		CacheSize: cacheSize,
		Now:       clock,
	})
	if err != nil {
		tb.Fatal(err)
	}
	return v
}
