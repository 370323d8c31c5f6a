package poolhousetest

import (
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"maps"
	"strings"
	"time"

	"github.com/poolhouse/poolhouse/internal/keys"
)

// Claims are the claims of a token by their names.
type Claims map[string]any

// Mint makes a token of any claims, signed as the pool's own are. What claims
// leave out is filled in: those of an access token of an hour from now, of a user
// that does not exist. A claim that is nil is left out of the token. With
// "token_use": "id" it is an ID token, signed by the key of those.
//
// Minted tokens are for verifiers. The server's own operations want the tokens of
// a sign-in.
func (s *Server) Mint(claims Claims) string {
	s.t.Helper()
	return s.token(claims, "")
}

// Forgery is a way in which a token is not the pool's.
type Forgery string

// The ways of Forge. All but the claims' signature is as in a good token.
const (
	NoSignature    Forgery = "alg none, without a signature"
	PublicKeyHMAC  Forgery = "HS256 with the public key as the secret"
	WrongSignature Forgery = "a signature of other claims"
	WrongKey       Forgery = "another key under the name of the pool's"
	UnknownKey     Forgery = "another key under a name of its own"
	Truncated      Forgery = "without its last character"
)

// Forgeries are all of them, to be tried one after the other.
var Forgeries = []Forgery{NoSignature, PublicKeyHMAC, WrongSignature, WrongKey, UnknownKey, Truncated}

// Forge makes a token as Mint does, but one that nobody must accept.
func (s *Server) Forge(how Forgery, claims Claims) string {
	s.t.Helper()
	return s.token(claims, how)
}

func (s *Server) token(claims Claims, how Forgery) string {
	s.t.Helper()
	claims = s.complete(claims)
	use := keys.UseAccess
	if claims["token_use"] == "id" {
		use = keys.UseID
	}
	key, err := s.app.Ring().Signer(s.t.Context(), s.PoolID, use)
	if err != nil {
		s.t.Fatalf("poolhousetest: %v", err)
	}
	header := Claims{"kid": key.ID, "alg": "RS256"}
	sign := key.Sign
	switch how {
	case "", Truncated:
	case NoSignature:
		header["alg"] = "none"
		sign = func([]byte) ([]byte, error) { return nil, nil }
	case PublicKeyHMAC:
		header["alg"] = "HS256"
	case WrongSignature:
		sign = func([]byte) ([]byte, error) {
			other := sha256.Sum256([]byte("other claims"))
			return key.Sign(other[:])
		}
	case WrongKey, UnknownKey:
		if how == UnknownKey {
			header["kid"] = base64.StdEncoding.EncodeToString([]byte(rand.Text()))
		}
		sign = func(digest []byte) ([]byte, error) {
			other, err := rsa.GenerateKey(rand.Reader, 2048)
			if err != nil {
				return nil, err
			}
			return rsa.SignPKCS1v15(rand.Reader, other, crypto.SHA256, digest)
		}
	default:
		s.t.Fatalf("poolhousetest: no such forgery: %q", how)
	}
	signed := s.encode(header) + "." + s.encode(claims)
	var signature []byte
	if how == PublicKeyHMAC {
		mac := hmac.New(sha256.New, s.publicKeyPEM(key))
		mac.Write([]byte(signed))
		signature = mac.Sum(nil)
	} else {
		digest := sha256.Sum256([]byte(signed))
		if signature, err = sign(digest[:]); err != nil {
			s.t.Fatalf("poolhousetest: %v", err)
		}
	}
	token := signed + "." + base64.RawURLEncoding.EncodeToString(signature)
	if how == Truncated {
		token = token[:len(token)-1]
	}
	return token
}

// complete adds to claims what they leave out.
func (s *Server) complete(claims Claims) Claims {
	now := s.Now()
	use := claims["token_use"]
	if use == nil {
		use = "access"
	}
	all := Claims{
		"iss": s.Issuer, "sub": "00000000-0000-7000-8000-000000000001", "token_use": use,
		"auth_time": now.Unix(), "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
		"event_id": rand.Text(), "jti": rand.Text(), "origin_jti": rand.Text(),
	}
	if use == "id" {
		all["aud"], all["cognito:username"] = s.ClientID, "minted"
	} else {
		all["client_id"], all["username"], all["scope"] = s.ClientID, "minted", "aws.cognito.signin.user.admin"
	}
	maps.Copy(all, claims)
	maps.DeleteFunc(all, func(_ string, value any) bool { return value == nil })
	return all
}

func (s *Server) encode(part Claims) string {
	s.t.Helper()
	text, err := json.Marshal(part)
	if err != nil {
		s.t.Fatalf("poolhousetest: %v", err)
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

func (s *Server) publicKeyPEM(key *keys.SigningKey) []byte {
	s.t.Helper()
	public, err := s.app.Ring().VerifyKey(s.t.Context(), s.PoolID, key.ID, key.Use)
	if err != nil {
		s.t.Fatalf("poolhousetest: %v", err)
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		s.t.Fatalf("poolhousetest: %v", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

// Expire moves the server's clock to a minute after the end of a token; no clock
// is moved if that is past already. A refresh token lives on.
func (s *Server) Expire(token string) {
	s.t.Helper()
	_, rest, _ := strings.Cut(token, ".")
	payload, _, _ := strings.Cut(rest, ".")
	text, err := base64.RawURLEncoding.DecodeString(payload)
	var claims struct {
		Exp int64 `json:"exp"`
	}
	if err == nil {
		err = json.Unmarshal(text, &claims)
	}
	if err != nil || claims.Exp == 0 {
		s.t.Fatal("poolhousetest: this is no token with an exp")
	}
	if d := time.Unix(claims.Exp, 0).Add(time.Minute).Sub(s.Now()); d > 0 {
		s.Advance(d)
	}
}
