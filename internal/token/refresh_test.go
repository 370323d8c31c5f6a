package token

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/store/storetest"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

const (
	invalidRefresh = "NotAuthorizedException: Invalid Refresh Token"
	revokedRefresh = "NotAuthorizedException: Refresh Token has been revoked"
	reusedRefresh  = "RefreshTokenReuseException: Refresh Token has been reused"
)

func TestRenewCarriesTheSignInOver(t *testing.T) {
	n := newPool(t, revoking)
	g := n.grant(t)
	g.AuthTime = n.db.Now().Add(-time.Minute)
	set := n.issue(t, g)
	n.clock.advance(10 * time.Minute)
	n.setUser(t, func(u *store.User) { u.Attributes["name"] = "Alicia" })
	renewed, err := n.renew(t, set.RefreshToken)
	if err != nil {
		t.Fatal(err)
	}
	if renewed.RefreshToken != "" {
		t.Error("a client that does not rotate gets a refresh token")
	}
	for _, pair := range [][2]string{{set.AccessToken, renewed.AccessToken}, {set.IDToken, renewed.IDToken}} {
		before, after := claims(t, pair[0]), claims(t, pair[1])
		for _, same := range []string{"sub", "origin_jti", "auth_time", "token_use", "scope"} {
			if before[same] != after[same] {
				t.Errorf("%s changes from %v to %v", same, before[same], after[same])
			}
		}
		for _, other := range []string{"jti", "event_id", "iat", "exp"} {
			if before[other] == after[other] {
				t.Errorf("%s stays %v", other, before[other])
			}
		}
	}
	if name := claims(t, renewed.IDToken)["name"]; name != "Alicia" {
		t.Errorf("name is %v, not read anew", name)
	}
}

// confirmDevice keeps the device "d" of the user.
func confirmDevice(t *testing.T, n *node, _ *Set) { addDevice(t, n, testSub) }

func addDevice(t *testing.T, n *node, sub string) {
	n.update(t, func(tx *store.Tx) error { return tx.InsertDevice(&store.Device{PoolID: testPool, Sub: sub, Key: "d"}) })
}

func TestOpenRefreshRefusals(t *testing.T) {
	const otherClient = "otherclient000000000000000"
	for _, c := range []struct {
		name   string
		device string // of the sign-in
		sent   string // with the refresh
		after  func(t *testing.T, n *node, set *Set)
		alter  func(token string) string
		client string // "" is the client of the sign-in
		want   string
	}{
		{name: "nothing happened"},
		{name: "device", device: "d", sent: "d", after: confirmDevice},
		{name: "device that was not confirmed", device: "d", sent: "d", want: invalidRefresh},
		{
			name: "device of another user", device: "d", sent: "d", want: invalidRefresh,
			after: func(t *testing.T, n *node, _ *Set) { addDevice(t, n, "another") },
		},
		{
			name: "device that was forgotten", device: "d", sent: "d", want: invalidRefresh,
			after: func(t *testing.T, n *node, set *Set) {
				confirmDevice(t, n, set)
				n.update(t, func(tx *store.Tx) error { return tx.ForgetDevice(testPool, testSub, "d", tx.Now()) })
			},
		},
		{name: "device key where there was none", sent: "d"},
		{name: "device key missing", device: "d", after: confirmDevice, want: invalidRefresh},
		{name: "another device", device: "d", sent: "e", after: confirmDevice, want: invalidRefresh},
		{name: "another client", client: otherClient, want: invalidRefresh},
		{name: "just not expired", after: func(t *testing.T, n *node, _ *Set) { n.clock.advance(30*24*time.Hour - time.Millisecond) }},
		{
			name:  "expired",
			after: func(t *testing.T, n *node, _ *Set) { n.clock.advance(30 * 24 * time.Hour) },
			want:  "NotAuthorizedException: Refresh Token has expired",
		},
		{
			name: "revoked",
			after: func(t *testing.T, n *node, set *Set) {
				want(t, "revoke", n.Revoke(t.Context(), n.client(t), set.RefreshToken, false), "")
			},
			want: revokedRefresh,
		},
		{
			name: "signed out",
			after: func(t *testing.T, n *node, _ *Set) {
				want(t, "sign out", n.SignOutEverywhere(t.Context(), n.grant(t).Pool, testSub), "")
			},
			want: revokedRefresh,
		},
		{
			name: "password reset by an administrator",
			after: func(t *testing.T, n *node, _ *Set) {
				n.setUser(t, func(u *store.User) { u.Status = userpool.StatusResetRequired })
			},
			want: "PasswordResetRequiredException: Password reset required for the user",
		},
		{
			name: "temporary password set by an administrator",
			after: func(t *testing.T, n *node, _ *Set) {
				n.setUser(t, func(u *store.User) { u.Status = userpool.StatusForceChangePassword })
			},
			want: "NotAuthorizedException: Invalid Refresh Token",
		},
		{
			name:  "disabled",
			after: func(t *testing.T, n *node, _ *Set) { n.setUser(t, func(u *store.User) { u.Enabled = false }) },
			want:  "NotAuthorizedException: User is disabled.",
		},
		{
			name: "deleted",
			after: func(t *testing.T, n *node, _ *Set) {
				n.update(t, func(tx *store.Tx) error { return tx.DeleteUser(&store.User{PoolID: testPool, Sub: testSub}) })
			},
			want: invalidRefresh,
		},
		{name: "empty", alter: func(string) string { return "" }, want: invalidRefresh},
		{name: "one part less", alter: func(s string) string { return s[:strings.LastIndex(s, ".")] }, want: invalidRefresh},
		{name: "one part more", alter: func(s string) string { return s + "." }, want: invalidRefresh},
		{name: "line break", alter: func(s string) string { return s + "\n" }, want: invalidRefresh},
		{
			name:  "header changed",
			alter: func(s string) string { return strings.Replace(s, "eyJjdHki", "eyJjdHkj", 1) },
			want:  invalidRefresh,
		},
		{
			name: "cut elsewhere",
			alter: func(s string) string {
				p := strings.Split(s, ".")
				return p[0] + "." + p[1] + p[2][:4] + "." + p[2][4:] + "." + p[3] + "." + p[4]
			},
			want: invalidRefresh,
		},
		{
			name: "ciphertext changed",
			alter: func(s string) string {
				p := strings.Split(s, ".")
				c := []byte(p[3])
				c[0] ^= 'A' ^ 'B'
				p[3] = string(c)
				return strings.Join(p, ".")
			},
			want: invalidRefresh,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := newPool(t, revoking)
			n.addClient(t, testPool, otherClient, revoking)
			g := n.grant(t)
			g.DeviceKey = c.device
			set := n.issue(t, g)
			if c.after != nil {
				c.after(t, n, set)
			}
			token := set.RefreshToken
			if c.alter != nil {
				token = c.alter(token)
			}
			client := n.client(t)
			if c.client != "" {
				var err error
				if _, client, err = n.pools.Client(t.Context(), c.client); err != nil {
					t.Fatal(err)
				}
			}
			_, err := n.OpenRefresh(t.Context(), client, token, c.sent)
			want(t, "open", err, c.want)
		})
	}
}

func TestRefreshTokenIsBounded(t *testing.T) {
	n := newPool(t, revoking)
	for _, c := range []struct {
		name  string
		scope int
		want  string
	}{{"all the scopes Cognito allows", 50 * 512, ""}, {"more than we look at", maxRefresh * 3 / 4, invalidRefresh}} {
		g := n.grant(t)
		g.Scopes = []string{strings.Repeat("s", c.scope)}
		_, err := n.OpenRefresh(t.Context(), g.Client, n.issue(t, g).RefreshToken, "")
		want(t, c.name, err, c.want)
	}
}

func TestRefreshTokenIsBoundToThePool(t *testing.T) {
	n := newPool(t, revoking)
	const otherPool = "us-east-1_Other0000"
	n.addPool(t, otherPool)
	token := n.signIn(t).RefreshToken
	if _, err := n.unsealRefresh(t.Context(), otherPool, token); !errors.Is(err, errInvalidRefresh) {
		t.Errorf("opens in another pool: %v", err)
	}
}

func TestRotation(t *testing.T) {
	// Each step presents a token by its number (0 is from the sign-in) and, if that
	// works, the new refresh token gets the next number.
	type step struct {
		advance time.Duration
		token   int
		want    string
	}
	for _, c := range []struct {
		name  string
		grace int
		steps []step
	}{
		{"a chain", 0, []step{{0, 0, ""}, {time.Second, 1, ""}, {time.Hour, 2, ""}}},
		{"no grace: reuse ends the family", 0, []step{{0, 0, ""}, {0, 0, reusedRefresh}, {0, 1, revokedRefresh}, {0, 0, revokedRefresh}}},
		{"within the grace period", 10, []step{{0, 0, ""}, {10*time.Second - time.Millisecond, 0, ""}, {0, 1, ""}, {0, 2, ""}}},
		{"after the grace period", 10, []step{{0, 0, ""}, {10 * time.Second, 0, reusedRefresh}, {0, 1, revokedRefresh}}},
		{"grace does not start anew", 10, []step{{0, 0, ""}, {9 * time.Second, 0, ""}, {9 * time.Second, 0, reusedRefresh}, {0, 2, revokedRefresh}}},
		{"two rotations ago", 60, []step{{0, 0, ""}, {0, 1, ""}, {0, 0, reusedRefresh}, {0, 2, revokedRefresh}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := newPool(t, rotating(c.grace))
			first := n.signIn(t)
			last := first
			tokens := []string{first.RefreshToken}
			for i, s := range c.steps {
				n.clock.advance(s.advance)
				set, err := n.renew(t, tokens[s.token])
				want(t, "step "+string(rune('1'+i)), err, s.want)
				if err == nil {
					tokens = append(tokens, set.RefreshToken)
					last = set
				}
				if s.want == reusedRefresh {
					want(t, "access token after reuse", n.authenticate(t, last.AccessToken), "NotAuthorizedException: Access Token has been revoked")
				}
			}
		})
	}
}

func TestRotationKeepsTheExpiry(t *testing.T) {
	n := newPool(t, rotating(0))
	token := n.signIn(t).RefreshToken
	for range 3 {
		n.clock.advance(9 * 24 * time.Hour)
		set, err := n.renew(t, token)
		if err != nil {
			t.Fatal(err)
		}
		token = set.RefreshToken
	}
	n.clock.advance(3 * 24 * time.Hour)
	_, err := n.renew(t, token)
	want(t, "30 days after the sign-in", err, "NotAuthorizedException: Refresh Token has expired")
}

func TestRotationSwitchedOnAndOff(t *testing.T) {
	n := newPool(t, revoking)
	token := n.signIn(t).RefreshToken
	n.setClient(t, rotating(0))
	set, err := n.renew(t, token)
	want(t, "switched on", err, "")
	if set.RefreshToken == "" {
		t.Fatal("no new refresh token")
	}
	n.setClient(t, revoking)
	again, err := n.renew(t, set.RefreshToken)
	want(t, "switched off", err, "")
	if again.RefreshToken != "" {
		t.Error("a new refresh token though rotation is off")
	}
	_, err = n.renew(t, set.RefreshToken)
	want(t, "switched off, again", err, "")
	n.setClient(t, rotating(0))
	newer, err := n.renew(t, set.RefreshToken)
	want(t, "on again", err, "")
	n.setClient(t, revoking)
	_, err = n.renew(t, set.RefreshToken)
	want(t, "off again, the one rotated away", err, reusedRefresh)
	_, err = n.renew(t, newer.RefreshToken)
	want(t, "off again, the live one", err, revokedRefresh)
}

// A sign-out or a revocation between opening and renewing counts.
func TestRotationSeesWhatHappenedSinceOpening(t *testing.T) {
	n := newPool(t, rotating(0))
	token := n.signIn(t).RefreshToken
	r, err := n.OpenRefresh(t.Context(), n.client(t), token, "")
	if err != nil {
		t.Fatal(err)
	}
	want(t, "revoke", n.Revoke(t.Context(), n.client(t), token, false), "")
	_, err = n.Renew(t.Context(), r)
	want(t, "renew", err, revokedRefresh)
}

func TestRotationAtOnce(t *testing.T) {
	for _, c := range []struct {
		name          string
		url           func(testing.TB) string
		grace         int
		all           bool
		wantSucceeded int
	}{
		{"SQLite, grace", storetest.SQLiteURL, 60, true, 8},
		{"SQLite, no grace", storetest.SQLiteURL, 0, false, 1},
		{"PostgreSQL, grace", storetest.PostgresURL, 60, true, 8},
		{"PostgreSQL, no grace", storetest.PostgresURL, 0, false, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := newNode(t, c.url(t), new(clock), keys.GenerateMasterKey())
			n.addPool(t, testPool)
			n.addClient(t, testPool, testClient, rotating(c.grace))
			token := n.signIn(t).RefreshToken
			var refreshes [8]*Refresh // all opened before the first is renewed
			for i := range refreshes {
				var err error
				if refreshes[i], err = n.OpenRefresh(t.Context(), n.client(t), token, ""); err != nil {
					t.Fatal(err)
				}
			}
			var sets [len(refreshes)]*Set
			var wg sync.WaitGroup
			for i, r := range refreshes {
				wg.Go(func() {
					var err error
					sets[i], err = n.Renew(t.Context(), r)
					if code := fault.CodeOf(err); err != nil && code != fault.RefreshTokenReuse && code != fault.NotAuthorized {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			succeeded := 0
			for _, s := range sets {
				if s == nil {
					continue
				}
				succeeded++
				if _, err := n.OpenRefresh(t.Context(), n.client(t), s.RefreshToken, ""); (err == nil) != c.all {
					t.Errorf("a new refresh token opens: %v", err)
				}
			}
			if succeeded != c.wantSucceeded {
				t.Errorf("%d of %d succeed, want %d", succeeded, len(refreshes), c.wantSucceeded)
			}
		})
	}
}

func TestRevoke(t *testing.T) {
	const otherClient = "otherclient000000000000000"
	for _, c := range []struct {
		name   string
		config userpool.ClientConfig
		token  func(t *testing.T, n *node, set *Set) string
		client string
		want   string
		dead   bool // the sign-in, afterwards
	}{
		{"refresh token", revoking, func(_ *testing.T, _ *node, s *Set) string { return s.RefreshToken }, testClient, "", true},
		{"twice", revoking, func(t *testing.T, n *node, s *Set) string {
			want(t, "revoke", n.Revoke(t.Context(), n.client(t), s.RefreshToken, false), "")
			return s.RefreshToken
		}, testClient, "", true},
		{"junk", revoking, func(*testing.T, *node, *Set) string { return "junk" }, testClient, "", false},
		{"access token", revoking, func(_ *testing.T, _ *node, s *Set) string { return s.AccessToken }, testClient,
			"UnsupportedTokenTypeException: Only refresh tokens can be revoked", false},
		{"ID token", revoking, func(_ *testing.T, _ *node, s *Set) string { return s.IDToken }, testClient,
			"UnsupportedTokenTypeException: Only refresh tokens can be revoked", false},
		{"another client", revoking, func(_ *testing.T, _ *node, s *Set) string { return s.RefreshToken }, otherClient,
			"UnauthorizedException: Refresh Token was not issued to the client", false},
		{"revocation off", userpool.ClientConfig{}, func(_ *testing.T, _ *node, s *Set) string { return s.RefreshToken }, testClient,
			"UnsupportedOperationException: Token revocation is not enabled for client " + testClient, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := newPool(t, c.config)
			n.addClient(t, testPool, otherClient, revoking)
			set, other := n.signIn(t), n.signIn(t)
			_, client, err := n.pools.Client(t.Context(), c.client)
			if err != nil {
				t.Fatal(err)
			}
			want(t, "revoke", n.Revoke(t.Context(), client, c.token(t, n, set), false), c.want)
			refresh, access := "", ""
			if c.dead {
				refresh, access = revokedRefresh, "NotAuthorizedException: Access Token has been revoked"
			}
			_, err = n.renew(t, set.RefreshToken)
			want(t, "refresh", err, refresh)
			want(t, "access", n.authenticate(t, set.AccessToken), access)
			want(t, "another sign-in", n.authenticate(t, other.AccessToken), "")
		})
	}
}

// The mark outlives every token of the sign-in, through housekeeping.
func TestRevocationOutlivesTheTokens(t *testing.T) {
	n := newPool(t, userpool.ClientConfig{EnableTokenRevocation: true, AccessTokenValidity: new(24)})
	set := n.signIn(t)
	n.clock.advance(30*24*time.Hour - time.Minute)
	late, err := n.renew(t, set.RefreshToken)
	if err != nil {
		t.Fatal(err)
	}
	want(t, "revoke", n.Revoke(t.Context(), n.client(t), set.RefreshToken, false), "")
	n.clock.advance(23 * time.Hour)
	n.update(t, func(tx *store.Tx) error {
		_, err := tx.DeleteExpired(100)
		return err
	})
	want(t, "renewed a minute before the end", n.authenticate(t, late.AccessToken), "NotAuthorizedException: Access Token has been revoked")
}

func TestTwoNodes(t *testing.T) {
	url, c, master := storetest.SQLiteURL(t), new(clock), keys.GenerateMasterKey()
	a, b := newNode(t, url, c, master), newNode(t, url, c, master)
	a.addPool(t, testPool)
	a.addClient(t, testPool, testClient, revoking)

	set := a.signIn(t)
	want(t, "access token on the other node", b.authenticate(t, set.AccessToken), "")
	renewed, err := b.renew(t, set.RefreshToken)
	want(t, "refresh on the other node", err, "")
	want(t, "revoke there", b.Revoke(t.Context(), b.client(t), set.RefreshToken, false), "")
	want(t, "access token here", a.authenticate(t, set.AccessToken), "NotAuthorizedException: Access Token has been revoked")
	want(t, "renewed access token here", a.authenticate(t, renewed.AccessToken), "NotAuthorizedException: Access Token has been revoked")
	_, err = a.renew(t, set.RefreshToken)
	want(t, "refresh here", err, revokedRefresh)
}

// FuzzOpenRefresh holds that no outside text opens or breaks a refresh token.
func FuzzOpenRefresh(f *testing.F) {
	n := newPool(f, revoking)
	set := n.signIn(f)
	for _, seed := range []string{set.RefreshToken, set.AccessToken, "....", jweHeader + "....", "", set.RefreshToken + "\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		_, err := n.OpenRefresh(t.Context(), n.client(t), token, "")
		if token == set.RefreshToken {
			want(t, "the token", err, "")
			return
		}
		want(t, "a text that was not issued", err, invalidRefresh)
	})
}

func BenchmarkRenew(b *testing.B) {
	n := newPool(b, revoking)
	token := n.signIn(b).RefreshToken
	for b.Loop() {
		if _, err := n.renew(b, token); err != nil {
			b.Fatal(err)
		}
	}
}
