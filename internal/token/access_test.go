package token

import (
	"crypto/sha256"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

const invalidAccess = "NotAuthorizedException: Invalid Access Token"

// forge signs any payload with the pool's key for a use.
func (n *node) forge(t testing.TB, poolID, use, payload string) string {
	t.Helper()
	key, err := n.ring.Signer(t.Context(), poolID, use)
	if err != nil {
		t.Fatal(err)
	}
	token, err := sign(key, json.RawMessage(payload))
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// forgeHeader signs a payload below a header of any kind with the pool's access
// key.
func (n *node) forgeHeader(t testing.TB, header, payload string) string {
	t.Helper()
	key, err := n.ring.Signer(t.Context(), testPool, keys.UseAccess)
	if err != nil {
		t.Fatal(err)
	}
	signed := encoding.EncodeToString([]byte(header)) + "." + encoding.EncodeToString([]byte(payload))
	digest := sha256.Sum256([]byte(signed))
	signature, err := key.Sign(digest[:])
	if err != nil {
		t.Fatal(err)
	}
	return signed + "." + encoding.EncodeToString(signature)
}

func TestAuthenticate(t *testing.T) {
	n := newPool(t, revoking)
	g := n.grant(t)
	g.DeviceKey = "device"
	a, err := n.Authenticate(t.Context(), n.issue(t, g).AccessToken)
	if err != nil {
		t.Fatal(err)
	}
	if a.Pool.ID != testPool || a.Client.ID != testClient || a.User.Username != "alice" {
		t.Errorf("pool %s, client %s, user %s", a.Pool.ID, a.Client.ID, a.User.Username)
	}
	c := a.Claims
	now := n.db.Now().Truncate(time.Second)
	if c.Sub != testSub || c.Username != "alice" || c.ClientID != testClient || c.DeviceKey != "device" ||
		len(c.Scopes) != 1 || c.JTI == "" || c.OriginJTI == "" || c.EventID == "" ||
		!c.AuthTime.Equal(now) || !c.IssuedAt.Equal(now) || !c.ExpiresAt.Equal(now.Add(time.Hour)) {
		t.Errorf("claims are %+v", c)
	}
}

func TestAuthenticateRefusesForgeries(t *testing.T) {
	n := newPool(t, revoking)
	const otherPool = "us-east-1_Other0000"
	n.addPool(t, otherPool)
	set := n.signIn(t)
	part := strings.Split(set.AccessToken, ".")
	payload, err := encoding.DecodeString(part[1])
	if err != nil {
		t.Fatal(err)
	}
	header, _ := encoding.DecodeString(part[0])
	replace := func(old, new string) string {
		if !strings.Contains(string(payload), old) {
			t.Fatalf("the payload has no %s", old)
		}
		return strings.Replace(string(payload), old, new, 1)
	}
	reheader := func(h string) string { return n.forgeHeader(t, h, string(payload)) }
	// The same 2048-bit signature with the unused bits of its last character set.
	last := part[2][len(part[2])-1:]
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	spelled := part[2][:len(part[2])-1] + alphabet[strings.Index(alphabet, last)+1:][:1]

	want(t, "forged with the right claims", n.authenticate(t, n.forge(t, testPool, keys.UseAccess, string(payload))), "")
	want(t, "forged header and claims", n.authenticate(t, reheader(string(header))), "")
	for _, c := range []struct{ name, token string }{
		{"empty", ""},
		{"two parts", part[0] + "." + part[1]},
		{"four parts", set.AccessToken + ".x"},
		{"too long", n.forge(t, testPool, keys.UseAccess, replace("{", `{"x":"`+strings.Repeat("A", maxJWS)+`",`))},
		{"ID token", set.IDToken},
		{"refresh token", set.RefreshToken},
		{"another spelling of the signature", part[0] + "." + part[1] + "." + spelled},
		{"padding", set.AccessToken + "="},
		{"line break", part[0] + "." + part[1] + "." + part[2] + "\n"},
		{"signature cut", set.AccessToken[:len(set.AccessToken)-4]},
		{"no signature", part[0] + "." + part[1] + "."},
		{"payload changed", part[0] + "." + encoding.EncodeToString([]byte(replace("alice", "admin"))) + "." + part[2]},
		{"alg none", reheader(strings.Replace(string(header), "RS256", "none", 1))},
		{"alg HS256", reheader(strings.Replace(string(header), "RS256", "HS256", 1))},
		{"header with more", reheader(strings.Replace(string(header), "}", `,"jwk":{}}`, 1))},
		{"header in another order", reheader(`{"alg":"RS256",` + string(header[1:len(header)-len(`,"alg":"RS256"}`)]) + "}")},
		{"unknown kid", reheader(`{"kid":"x","alg":"RS256"}`)},
		{"signed with the ID key", n.forge(t, testPool, keys.UseID, string(payload))},
		{"signed by another pool", n.forge(t, otherPool, keys.UseAccess, string(payload))},
		{"token_use id", n.forge(t, testPool, keys.UseAccess, replace(`"access"`, `"id"`))},
		{"token_use in another case", n.forge(t, testPool, keys.UseAccess, replace(`"token_use"`, `"Token_use"`))},
		{"another issuer", n.forge(t, testPool, keys.UseAccess, replace("id.example.com", "evil.example.com"))},
		{"issuer with more", n.forge(t, testPool, keys.UseAccess, replace("example.com/us", "example.com//us"))},
		{"issuer is no text", n.forge(t, testPool, keys.UseAccess, replace(`"iss":"`, `"iss":1,"x":"`))},
		{"another pool's issuer", n.forge(t, testPool, keys.UseAccess, replace(testPool, otherPool))},
		{"another pool, its key, this client", n.forge(t, otherPool, keys.UseAccess, replace(testPool, otherPool))},
		{"unknown client", n.forge(t, testPool, keys.UseAccess, replace(testClient, "x"))},
		{"payload is no object", n.forge(t, testPool, keys.UseAccess, `[1]`)},
	} {
		want(t, c.name, n.authenticate(t, c.token), invalidAccess)
	}
	for _, c := range []struct{ name, payload string }{
		{"no exp", replace(`"exp"`, `"Exp"`)},
		{"exp is no number", replace(`"exp":`, `"exp":"1","x":`)},
	} {
		want(t, c.name, n.authenticate(t, n.forge(t, testPool, keys.UseAccess, c.payload)), "NotAuthorizedException: Access Token has expired")
	}
}

func TestAuthenticateRefusals(t *testing.T) {
	for _, c := range []struct {
		name   string
		client userpool.ClientConfig
		scopes []string
		after  func(t *testing.T, n *node, set *Set)
		want   string
	}{
		{name: "nothing happened", client: revoking},
		{
			name: "just not expired", client: revoking,
			after: func(t *testing.T, n *node, _ *Set) { n.clock.advance(time.Hour - time.Second) },
		},
		{
			name: "expired", client: revoking,
			after: func(t *testing.T, n *node, _ *Set) { n.clock.advance(time.Hour - fraction) }, // the very second
			want:  "NotAuthorizedException: Access Token has expired",
		},
		{
			name: "revoked", client: revoking,
			after: func(t *testing.T, n *node, set *Set) {
				want(t, "revoke", n.Revoke(t.Context(), n.client(t), set.RefreshToken, false), "")
			},
			want: "NotAuthorizedException: Access Token has been revoked",
		},
		{
			name: "signed out", client: revoking,
			after: func(t *testing.T, n *node, _ *Set) {
				want(t, "sign out", n.SignOutEverywhere(t.Context(), n.grant(t).Pool, testSub), "")
			},
			want: "NotAuthorizedException: Access Token has been revoked",
		},
		{
			name: "signed out, revocation off",
			after: func(t *testing.T, n *node, _ *Set) {
				want(t, "sign out", n.SignOutEverywhere(t.Context(), n.grant(t).Pool, testSub), "")
			},
			want: "NotAuthorizedException: Access Token has been revoked",
		},
		{
			name: "disabled", client: revoking,
			after: func(t *testing.T, n *node, _ *Set) { n.setUser(t, func(u *store.User) { u.Enabled = false }) },
			want:  "NotAuthorizedException: User is disabled.",
		},
		{
			name: "deleted", client: revoking,
			after: func(t *testing.T, n *node, _ *Set) {
				n.update(t, func(tx *store.Tx) error { return tx.DeleteUser(&store.User{PoolID: testPool, Sub: testSub}) })
			},
			want: "UserNotFoundException: User does not exist.",
		},
		{
			name: "client deleted", client: revoking,
			after: func(t *testing.T, n *node, _ *Set) {
				n.update(t, func(tx *store.Tx) error { return tx.DeleteUserPoolClient(testPool, testClient) })
			},
			want: invalidAccess,
		},
		{
			name: "scopes of OAuth only", client: revoking, scopes: []string{"openid", "aws.cognito.signin.user.administrator"},
			want: "NotAuthorizedException: Access Token does not have required scopes",
		},
		{
			name: "scopes with the right one", client: revoking, scopes: []string{"openid", "aws.cognito.signin.user.admin"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := newPool(t, c.client)
			g := n.grant(t)
			g.Scopes = c.scopes
			set := n.issue(t, g)
			if c.after != nil {
				c.after(t, n, set)
			}
			want(t, "authenticate", n.authenticate(t, set.AccessToken), c.want)
		})
	}
}

// A sign-out hits what came before it and nothing after, even in the same
// millisecond, and whatever the clocks do.
func TestSignOutDividesExactly(t *testing.T) {
	for _, c := range []struct {
		name   string
		client userpool.ClientConfig
	}{{"revocation on", revoking}, {"revocation off", userpool.ClientConfig{}}} {
		t.Run(c.name, func(t *testing.T) {
			n := newPool(t, c.client)
			signOut := func() {
				t.Helper()
				want(t, "sign out", n.SignOutEverywhere(t.Context(), n.grant(t).Pool, testSub), "")
			}
			check := func(what string, set *Set, alive bool) {
				t.Helper()
				access, refresh := "", ""
				if !alive {
					access = "NotAuthorizedException: Access Token has been revoked"
					refresh = "NotAuthorizedException: Refresh Token has been revoked"
				}
				want(t, what, n.authenticate(t, set.AccessToken), access)
				_, err := n.renew(t, set.RefreshToken)
				want(t, what+", refresh", err, refresh)
			}
			first := n.signIn(t)
			signOut()
			second := n.signIn(t)
			check("before", first, false)
			check("after, at the same time", second, true)
			renewed, err := n.renew(t, second.RefreshToken)
			want(t, "renew", err, "")
			want(t, "renewed", n.authenticate(t, renewed.AccessToken), "")

			signOut()
			third := n.signIn(t)
			check("between two at the same time", second, false)
			want(t, "renewed between them", n.authenticate(t, renewed.AccessToken), "NotAuthorizedException: Access Token has been revoked")
			check("after the second", third, true)

			n.clock.advance(time.Minute + time.Second) // a node whose clock is ahead
			ahead := n.signIn(t)
			n.clock.advance(-time.Second)
			signOut()
			check("from a clock ahead", ahead, false)
			third = n.signIn(t)

			n.clock.advance(-time.Hour) // set back
			fourth := n.signIn(t)
			check("signed in with the clock set back", fourth, true)
			signOut()
			check("signed out with the clock set back", fourth, false)
			check("so is the one before", third, false)
			check("and in again", n.signIn(t), true)

		})
	}
	n := newPool(t, revoking)
	want(t, "sign out nobody", n.SignOutEverywhere(t.Context(), n.grant(t).Pool, "x"), "UserNotFoundException: User does not exist.")
}

// FuzzVerify holds that no outside text passes or breaks verification.
func FuzzVerify(f *testing.F) {
	n := newPool(f, revoking)
	set := n.signIn(f)
	for _, seed := range []string{set.AccessToken, set.IDToken, set.RefreshToken, "..", "e30.e30.", "", set.AccessToken + "\r"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		err := n.authenticate(t, token)
		if token == set.AccessToken {
			want(t, "the token", err, "")
			return
		}
		want(t, "a text that was not issued", err, invalidAccess)
	})
}
