package token

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

var uuid7 = regexp.MustCompile(`"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"`)

// verifyIndependently checks a token against the published key set with nothing
// of this package, and returns its payload.
func verifyIndependently(t *testing.T, n *node, token string) string {
	t.Helper()
	pool, err := n.pools.Pool(t.Context(), testPool)
	if err != nil {
		t.Fatal(err)
	}
	set, err := n.JWKS(t.Context(), pool)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(set)
	if err != nil {
		t.Fatal(err)
	}
	var document struct {
		Keys []struct{ Kid, N, E, Alg, Kty, Use string }
	}
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(token, ".")
	raw := func(s string) []byte {
		b, err := base64.RawURLEncoding.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for _, k := range document.Keys {
		if string(raw(parts[0])) != `{"kid":"`+k.Kid+`","alg":"RS256"}` {
			continue
		}
		public := &rsa.PublicKey{N: new(big.Int).SetBytes(raw(k.N)), E: int(new(big.Int).SetBytes(raw(k.E)).Int64())}
		digest := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
		if err := rsa.VerifyPKCS1v15(public, crypto.SHA256, digest[:], raw(parts[2])); err != nil {
			t.Fatal(err)
		}
		return string(raw(parts[1]))
	}
	t.Fatalf("header %s names no published key", raw(parts[0]))
	return ""
}

func TestIssueClaims(t *testing.T) {
	minutes := func(n int) *int { return &n }
	for _, c := range []struct {
		name       string
		client     userpool.ClientConfig
		grant      func(*Grant)
		access, id string
	}{
		{
			name:   "revocation on",
			client: revoking,
			access: `{"origin_jti":UUID,"sub":"34c84488-e0e1-70ae-d2ee-991ad1a898c8","event_id":UUID,"token_use":"access",` +
				`"scope":"aws.cognito.signin.user.admin","auth_time":1767323045,"iss":"https://id.example.com/us-east-1_AbCdEf123",` +
				`"exp":1767326645,"iat":1767323045,"client_id":"6h89qn2bfglbmvfebq9aaknqk0","jti":UUID,"username":"alice"}`,
			id: `{"address":{"formatted":"1 Main St"},"aud":"6h89qn2bfglbmvfebq9aaknqk0","auth_time":1767323045,` +
				`"cognito:username":"alice","custom:level":"7","email":"alice@example.com","email_verified":true,` +
				`"event_id":UUID,"exp":1767326645,"iat":1767323045,"iss":"https://id.example.com/us-east-1_AbCdEf123",` +
				`"jti":UUID,"name":"<Alice>","origin_jti":UUID,"phone_number_verified":false,` +
				`"sub":"34c84488-e0e1-70ae-d2ee-991ad1a898c8","token_use":"id","updated_at":1700000000}`,
		},
		{
			name: "revocation off, read attributes, lives of its own",
			client: userpool.ClientConfig{
				ReadAttributes:      []string{"email"},
				AccessTokenValidity: minutes(5), IdTokenValidity: minutes(10),
				TokenValidityUnits: &userpool.TokenValidityUnits{AccessToken: "minutes", IdToken: "minutes"},
			},
			access: `{"sub":"34c84488-e0e1-70ae-d2ee-991ad1a898c8","event_id":UUID,"token_use":"access",` +
				`"scope":"aws.cognito.signin.user.admin","auth_time":1767323045,"iss":"https://id.example.com/us-east-1_AbCdEf123",` +
				`"exp":1767323345,"iat":1767323045,"client_id":"6h89qn2bfglbmvfebq9aaknqk0","username":"alice"}`,
			id: `{"aud":"6h89qn2bfglbmvfebq9aaknqk0","auth_time":1767323045,"cognito:username":"alice","email":"alice@example.com",` +
				`"event_id":UUID,"exp":1767323645,"iat":1767323045,"iss":"https://id.example.com/us-east-1_AbCdEf123",` +
				`"sub":"34c84488-e0e1-70ae-d2ee-991ad1a898c8","token_use":"id"}`,
		},
		{
			name: "rotation without revocation, everything a grant can say",
			client: userpool.ClientConfig{
				ReadAttributes:       []string{"email"},
				RefreshTokenRotation: &userpool.RefreshTokenRotation{Feature: "ENABLED"},
			},
			grant: func(g *Grant) {
				g.AuthTime = time.Unix(1767320000, 0)
				g.Scopes = []string{"openid", "email"}
				g.DeviceKey = "us-east-1_b9f7a5a2"
				g.Nonce = "n-0"
				g.AMR = []string{"pwd", "otp"}
			},
			access: `{"origin_jti":UUID,"sub":"34c84488-e0e1-70ae-d2ee-991ad1a898c8","device_key":"us-east-1_b9f7a5a2",` +
				`"event_id":UUID,"token_use":"access","scope":"openid email","auth_time":1767320000,` +
				`"iss":"https://id.example.com/us-east-1_AbCdEf123","exp":1767326645,"iat":1767323045,` +
				`"client_id":"6h89qn2bfglbmvfebq9aaknqk0","jti":UUID,"username":"alice",` +
				`"acr":"urn:cognito:loa:4","amr":["pwd","otp","mfa"]}`,
			id: `{"acr":"urn:cognito:loa:4","amr":["pwd","otp","mfa"],"aud":"6h89qn2bfglbmvfebq9aaknqk0","auth_time":1767320000,"cognito:username":"alice","email":"alice@example.com",` +
				`"event_id":UUID,"exp":1767326645,"iat":1767323045,"iss":"https://id.example.com/us-east-1_AbCdEf123",` +
				`"jti":UUID,"nonce":"n-0","origin_jti":UUID,"sub":"34c84488-e0e1-70ae-d2ee-991ad1a898c8","token_use":"id"}`,
		},
		{
			name:   "groups, the strongest first, and their roles",
			client: userpool.ClientConfig{ReadAttributes: []string{"email"}},
			grant: func(g *Grant) {
				g.User.Groups = []store.UserGroup{
					{Name: "all"},
					{Name: "<writers>", Precedence: new(int32(9)), RoleARN: "arn:aws:iam::123456789012:role/writer"},
					{Name: "admins", Precedence: new(int32(0)), RoleARN: "arn:aws:iam::123456789012:role/admin"},
				}
				g.DeviceKey = "us-east-1_b9f7a5a2"
			},
			access: `{"sub":"34c84488-e0e1-70ae-d2ee-991ad1a898c8","device_key":"us-east-1_b9f7a5a2",` +
				`"cognito:groups":["admins","<writers>","all"],"event_id":UUID,"token_use":"access",` +
				`"scope":"aws.cognito.signin.user.admin","auth_time":1767323045,"iss":"https://id.example.com/us-east-1_AbCdEf123",` +
				`"exp":1767326645,"iat":1767323045,"client_id":"6h89qn2bfglbmvfebq9aaknqk0","username":"alice"}`,
			id: `{"aud":"6h89qn2bfglbmvfebq9aaknqk0","auth_time":1767323045,"cognito:groups":["admins","<writers>","all"],` +
				`"cognito:preferred_role":"arn:aws:iam::123456789012:role/admin",` +
				`"cognito:roles":["arn:aws:iam::123456789012:role/admin","arn:aws:iam::123456789012:role/writer"],` +
				`"cognito:username":"alice","email":"alice@example.com",` +
				`"event_id":UUID,"exp":1767326645,"iat":1767323045,"iss":"https://id.example.com/us-east-1_AbCdEf123",` +
				`"sub":"34c84488-e0e1-70ae-d2ee-991ad1a898c8","token_use":"id"}`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := newPool(t, c.client)
			g := n.grant(t)
			if c.grant != nil {
				c.grant(&g)
			}
			set := n.issue(t, g)
			access := verifyIndependently(t, n, set.AccessToken)
			if got := uuid7.ReplaceAllString(access, "UUID"); got != c.access {
				t.Errorf("access token\n%s, want\n%s", got, c.access)
			}
			id := verifyIndependently(t, n, set.IDToken)
			if got := uuid7.ReplaceAllString(id, "UUID"); got != c.id {
				t.Errorf("ID token\n%s, want\n%s", got, c.id)
			}
			a, b := claims(t, set.AccessToken), claims(t, set.IDToken)
			if a["event_id"] != b["event_id"] || a["origin_jti"] != b["origin_jti"] {
				t.Error("the tokens do not share event_id and origin_jti")
			}
			if a["jti"] != nil && (a["jti"] == b["jti"] || a["jti"] == a["origin_jti"]) {
				t.Error("the tokens share a jti")
			}
			if set.AccessToken[:80] == set.IDToken[:80] {
				t.Error("the tokens share a kid")
			}
			if set.ExpiresIn != n.client(t).AccessTokenTTL() {
				t.Errorf("ExpiresIn is %v", set.ExpiresIn)
			}
		})
	}
}

func TestRefreshTokenLooksLikeJWE(t *testing.T) {
	n := newPool(t, revoking)
	token := n.signIn(t).RefreshToken
	parts := strings.Split(token, ".")
	if len(parts) != 5 {
		t.Fatalf("%d parts, want 5", len(parts))
	}
	for i, p := range parts {
		if _, err := base64.RawURLEncoding.DecodeString(p); err != nil || p == "" {
			t.Errorf("part %d is not base64url: %v", i, err)
		}
	}
	header, _ := base64.RawURLEncoding.DecodeString(parts[0])
	if string(header) != `{"cty":"JWT","enc":"A256GCM","alg":"RSA-OAEP"}` {
		t.Errorf("header is %s", header)
	}
	if !strings.HasPrefix(token, "eyJjdHki") {
		t.Errorf("token begins %s", token[:8])
	}
}

func TestKeysRotateUnderTokens(t *testing.T) {
	n := newPool(t, revoking)
	n.clock.advance(time.Minute)
	old := n.signIn(t)
	if err := n.ring.RotatePool(t.Context(), testPool, 0, 30*time.Minute); err != nil {
		t.Fatal(err)
	}
	young := n.signIn(t)
	if strings.Split(young.AccessToken, ".")[0] == strings.Split(old.AccessToken, ".")[0] {
		t.Error("the old key still signs")
	}
	verifyIndependently(t, n, old.AccessToken)
	verifyIndependently(t, n, young.AccessToken)
	want(t, "old token in the overlap", n.authenticate(t, old.AccessToken), "")
	want(t, "new token", n.authenticate(t, young.AccessToken), "")
	n.clock.advance(30 * time.Minute)
	want(t, "old token after it", n.authenticate(t, old.AccessToken), "NotAuthorizedException: Invalid Access Token")
	want(t, "new token after it", n.authenticate(t, young.AccessToken), "")
}

func TestDiscovery(t *testing.T) {
	n := newPool(t, revoking)
	got, err := json.Marshal(n.Discovery(n.grant(t).Pool))
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"id_token_signing_alg_values_supported":["RS256"],"issuer":"https://id.example.com/us-east-1_AbCdEf123",` +
		`"jwks_uri":"https://id.example.com/us-east-1_AbCdEf123/.well-known/jwks.json","response_types_supported":["code","token"],"subject_types_supported":["public"]}`
	if string(got) != want {
		t.Errorf("got\n%s, want\n%s", got, want)
	}
}

func TestUUIDTime(t *testing.T) {
	at := time.UnixMilli(1767323045678).UTC()
	id := newUUID(at)
	if !uuid7.MatchString(`"` + id + `"`) {
		t.Errorf("%s is no UUID of version 7", id)
	}
	if got := uuidTime(id); !got.Equal(at) {
		t.Errorf("time of %s is %v, want %v", id, got, at)
	}
	for _, bad := range []string{"", "x", strings.Repeat("z", 36), testSub[:14] + "4" + testSub[15:], strings.Replace(id, "-", "x", 1)} {
		if got := uuidTime(bad); !got.IsZero() {
			t.Errorf("time of %q is %v", bad, got)
		}
	}
}

// BenchmarkSign2 is what Issue cannot do without.
func BenchmarkSign2(b *testing.B) {
	n := newPool(b, revoking)
	key, err := n.ring.Signer(b.Context(), testPool, keys.UseAccess)
	if err != nil {
		b.Fatal(err)
	}
	digest := sha256.Sum256([]byte("token"))
	for b.Loop() {
		for range 2 {
			if _, err := key.Sign(digest[:]); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func BenchmarkIssue(b *testing.B) {
	n := newPool(b, revoking)
	g := n.grant(b)
	for b.Loop() {
		n.issue(b, g)
	}
}

func BenchmarkAuthenticate(b *testing.B) {
	n := newPool(b, revoking)
	access := n.signIn(b).AccessToken
	for b.Loop() {
		if err := n.authenticate(b, access); err != nil {
			b.Fatal(err)
		}
	}
}
