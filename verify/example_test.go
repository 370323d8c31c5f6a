package verify_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/poolhouse/poolhouse/verify"
)

func Example() {
	raw, jwks := exampleToken(time.Now().Add(time.Hour))
	v, err := verify.New(verify.Config{Pools: []verify.Pool{{
		ID:        "us-east-1_Example00",
		ClientIDs: []string{"1example23456789"},
		JWKS:      jwks, // leave it out to fetch the pool's keys
	}}})
	if err != nil {
		log.Fatal(err)
	}
	token, err := v.Verify(context.Background(), raw)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(token.Username(), token.Groups(), token.HasScope("articles/read"))
	// Output: kim [editors] true
}

func ExampleError() {
	raw, jwks := exampleToken(time.Now().Add(-time.Hour))
	v, err := verify.New(verify.Config{Pools: []verify.Pool{{
		ID:        "us-east-1_Example00",
		ClientIDs: []string{"1example23456789"},
		JWKS:      jwks,
	}}})
	if err != nil {
		log.Fatal(err)
	}
	_, err = v.Verify(context.Background(), raw)
	switch {
	case errors.Is(err, verify.ErrKeysUnavailable):
		fmt.Println("503: try again later")
	case errors.Is(err, verify.ErrScope), errors.Is(err, verify.ErrGroup):
		fmt.Println("403: not allowed")
	case err != nil:
		fmt.Println("401:", err)
	}
	// Output: 401: verify: token has expired
}

func ExampleToken_Decode() {
	raw, jwks := exampleToken(time.Now().Add(time.Hour))
	v, err := verify.New(verify.Config{Pools: []verify.Pool{{
		ID: "us-east-1_Example00", AnyClient: true, JWKS: jwks,
	}}})
	if err != nil {
		log.Fatal(err)
	}
	token, err := v.Verify(context.Background(), raw)
	if err != nil {
		log.Fatal(err)
	}
	var user struct {
		Tenant string `json:"tenant"` // of a pre token generation trigger
	}
	if err := token.Decode(&user); err != nil {
		log.Fatal(err)
	}
	fmt.Println(user.Tenant)
	// Output: acme
}

func ExamplePool_poolhouse() {
	v, err := verify.New(verify.Config{
		Pools: []verify.Pool{{
			Issuer:    "http://127.0.0.1:9339/us-east-1_Demo00000",
			ClientIDs: []string{"demo0client000000000000000"},
			AnyGroup:  []string{"editors"},
		}},
		Leeway:    5 * time.Second,
		CacheSize: 10_000,
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(errors.Is(v.Ready(), verify.ErrKeysUnavailable)) // nothing was fetched yet
	// Output: true
}

func ExamplePoolhouseRevocations() {
	revocations, err := verify.NewPoolhouseRevocations(verify.RevocationFeed{
		URL:       "https://auth.example.com",
		PoolID:    "us-east-1_Example00",
		AccessKey: verify.AccessKey{ID: "an id", Secret: "its secret"},
		OnError:   func(err error) { log.Print(err) },
	})
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	go func() { log.Print(revocations.Run(ctx)) }()

	_, err = verify.New(verify.Config{Pools: []verify.Pool{{
		Issuer:     "https://auth.example.com/us-east-1_Example00",
		ClientIDs:  []string{"1example23456789"},
		Revocation: revocations,
	}}})
	if err != nil {
		log.Fatal(err)
	}
}

// exampleToken plays the issuer.
func exampleToken(expires time.Time) (raw string, jwks []byte) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		log.Fatal(err)
	}
	b64 := base64.RawURLEncoding.EncodeToString
	payload, err := json.Marshal(map[string]any{
		"iss": "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Example00", "sub": "34c84488-e0e1-70ae-d2ee-991ad1a898c8",
		"token_use": "access", "client_id": "1example23456789", "username": "kim", "scope": "articles/read",
		"cognito:groups": []string{"editors"}, "exp": expires.Unix(), "tenant": "acme",
	})
	if err != nil {
		log.Fatal(err)
	}
	signed := b64([]byte(`{"kid":"example","alg":"RS256"}`)) + "." + b64(payload)
	digest := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest[:])
	if err != nil {
		log.Fatal(err)
	}
	jwks = fmt.Appendf(nil, `{"keys":[{"kid":"example","kty":"RSA","alg":"RS256","use":"sig","e":"AQAB","n":"%s"}]}`, b64(key.N.Bytes()))
	return signed + "." + b64(signature), jwks
}
