package token

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/store/storetest"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

const (
	noTracking  = "InvalidParameterException: User session tracking is not enabled for user pool " + testPool + "."
	noSession   = "ResourceNotFoundException: Session does not exist."
	revokedMark = "NotAuthorizedException: Access Token has been revoked"
)

// newTracking is a node with a pool that keeps a record of up to most sessions of
// a user.
func newTracking(t testing.TB, most int, config userpool.ClientConfig) *node {
	t.Helper()
	n := newNode(t, storetest.SQLiteURL(t), new(clock), keys.GenerateMasterKey())
	n.addPool(t, testPool)
	n.update(t, func(tx *store.Tx) error {
		return tx.UpdateUserPool(&store.UserPool{ID: testPool, Name: "test", ModifiedAt: tx.Now(),
			Doc: fmt.Sprintf(`{"Sessions":{"UserSessionTracking":"ENABLED","TokenSession":{"MaxPerUser":%d}}}`, most)})
	})
	n.addClient(t, testPool, testClient, config)
	return n
}

// from is a sign-in at the given time from Firefox.
func (n *node) from(t testing.TB, ip string) *Set {
	t.Helper()
	g := n.grant(t)
	g.Origin = Origin{IPAddress: ip, UserAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"}
	return n.issue(t, g)
}

// sessions are those of the user, as the holder of a token sees them.
func (n *node) sessions(t testing.TB, accessToken string) []Session {
	t.Helper()
	a, err := n.Authenticate(t.Context(), accessToken)
	if err != nil {
		t.Fatal(err)
	}
	list, err := n.Sessions(t.Context(), a.Pool, a.User, a.Claims.OriginJTI)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func (n *node) revokeSession(t testing.TB, accessToken, id string, linked bool) error {
	t.Helper()
	a, err := n.Authenticate(t.Context(), accessToken)
	if err != nil {
		t.Fatal(err)
	}
	return n.RevokeSession(t.Context(), a.Pool, a.User, id, a.Claims.OriginJTI, linked)
}

func ips(list []Session) (all []string) {
	for _, s := range list {
		all = append(all, s.IPAddress)
	}
	return all
}

// A client that neither revokes nor rotates has its sessions too.
func TestSessionsAreListed(t *testing.T) {
	for name, config := range map[string]userpool.ClientConfig{"plain": {}, "rotating": rotating(0)} {
		t.Run(name, func(t *testing.T) {
			n := newTracking(t, 20, config)
			began := n.db.Now()
			one := n.from(t, "192.0.2.1")
			n.clock.advance(time.Minute)
			two := n.from(t, "192.0.2.2")
			list := n.sessions(t, one.AccessToken)
			if len(list) != 2 || list[0].Current || !list[1].Current {
				t.Fatalf("sessions: %+v", list)
			}
			want := Session{
				ID: list[1].ID, Kind: store.TokenSession, ClientID: testClient, DeviceType: "Firefox 128, Linux", IPAddress: "192.0.2.1",
				Current: true, CreatedAt: began.Truncate(time.Millisecond), LastActiveAt: began.Truncate(time.Millisecond),
			}
			if list[1] != want {
				t.Errorf("got %+v, want %+v", list[1], want)
			}
			if id := list[0].ID; len(id) != 28 || !strings.HasPrefix(id, "tkn") || strings.ToLower(id) != id {
				t.Errorf("id %q", id)
			}

			n.clock.advance(time.Minute)
			r, err := n.OpenRefresh(t.Context(), n.client(t), one.RefreshToken, "")
			if err != nil {
				t.Fatal(err)
			}
			r.Origin = Origin{IPAddress: "192.0.2.3"}
			if _, err := n.Renew(t.Context(), r); err != nil {
				t.Fatal(err)
			}
			list = n.sessions(t, two.AccessToken)
			if got := ips(list); !slices.Equal(got, []string{"192.0.2.3", "192.0.2.2"}) {
				t.Errorf("after a refresh: %v", got)
			}
			if list[0].DeviceType != "Firefox 128, Linux" || !list[0].LastActiveAt.Equal(list[0].CreatedAt.Add(2*time.Minute)) {
				t.Errorf("after a refresh: %+v", list[0])
			}
			n.clock.advance(30*24*time.Hour - time.Minute) // both refresh tokens have expired
			three := n.from(t, "192.0.2.4")
			if got := ips(n.sessions(t, three.AccessToken)); !slices.Equal(got, []string{"192.0.2.4"}) {
				t.Errorf("after a month: %v", got)
			}
		})
	}
}

func TestSessionIsRevoked(t *testing.T) {
	for name, config := range map[string]userpool.ClientConfig{"plain": {}, "rotating": rotating(0)} {
		t.Run(name, func(t *testing.T) {
			n := newTracking(t, 20, config)
			one, two := n.from(t, "192.0.2.1"), n.from(t, "192.0.2.2")
			var own, other string
			for _, s := range n.sessions(t, two.AccessToken) {
				if s.Current {
					own = s.ID
				} else {
					other = s.ID
				}
			}
			want(t, "one's own", n.revokeSession(t, two.AccessToken, own, false), "InvalidParameterException: The current session cannot be revoked.")
			for _, id := range []string{"tkn" + strings.Repeat("0", 25), "sso" + other[3:], "tkn" + strings.Repeat("z", 25)} {
				want(t, id, n.revokeSession(t, two.AccessToken, id, true), noSession)
			}
			want(t, "another", n.revokeSession(t, two.AccessToken, other, false), "")
			want(t, "again", n.revokeSession(t, two.AccessToken, other, false), noSession)
			want(t, "its access token", n.authenticate(t, one.AccessToken), revokedMark)
			_, err := n.renew(t, one.RefreshToken)
			want(t, "its refresh token", err, revokedRefresh)
			want(t, "the caller's access token", n.authenticate(t, two.AccessToken), "")
			if got := ips(n.sessions(t, two.AccessToken)); !slices.Equal(got, []string{"192.0.2.2"}) {
				t.Errorf("left: %v", got)
			}
		})
	}
}

// A session belongs to its user: another one's, or one of another pool, is none.
func TestSessionOfAnother(t *testing.T) {
	n := newTracking(t, 20, revoking)
	const sub = "44c84488-e0e1-70ae-d2ee-991ad1a898c8"
	n.update(t, func(tx *store.Tx) error {
		return tx.InsertUser(&store.User{PoolID: testPool, Sub: sub, Username: "bob", Status: userpool.StatusConfirmed, Enabled: true,
			Attributes: map[string]string{"sub": sub}})
	})
	alice := n.from(t, "192.0.2.1")
	g := n.grant(t)
	if err := n.db.View(t.Context(), func(tx *store.Tx) (err error) { g.User, err = tx.User(testPool, sub); return err }); err != nil {
		t.Fatal(err)
	}
	bob := n.issue(t, g)
	id := n.sessions(t, alice.AccessToken)[0].ID
	want(t, "revoke", n.revokeSession(t, bob.AccessToken, id, false), noSession)
	want(t, "alice", n.authenticate(t, alice.AccessToken), "")
	if list := n.sessions(t, bob.AccessToken); len(list) != 1 || list[0].IPAddress != "" || list[0].DeviceType != "unknown" {
		t.Errorf("bob has %+v", list)
	}
}

// The session that was active longest ago makes room. Fewer than before are
// allowed from the next sign-in on.
func TestMostSessions(t *testing.T) {
	n := newTracking(t, 3, revoking)
	var sets []*Set
	in := func(ip string) {
		n.clock.advance(time.Minute)
		sets = append(sets, n.from(t, ip))
	}
	for _, ip := range []string{"1", "2", "3"} {
		in(ip)
	}
	n.clock.advance(time.Minute)
	if _, err := n.renew(t, sets[0].RefreshToken); err != nil {
		t.Fatal(err)
	}
	in("4")
	if got := ips(n.sessions(t, sets[3].AccessToken)); !slices.Equal(got, []string{"4", "1", "3"}) {
		t.Errorf("sessions of %v, want 4, 1, 3", got)
	}
	want(t, "the one that made room", n.authenticate(t, sets[1].AccessToken), revokedMark)
	want(t, "the one that was active", n.authenticate(t, sets[0].AccessToken), "")

	n.update(t, func(tx *store.Tx) error {
		return tx.UpdateUserPool(&store.UserPool{ID: testPool, Name: "test", ModifiedAt: tx.Now(),
			Doc: `{"Sessions":{"UserSessionTracking":"ENABLED","TokenSession":{"MaxPerUser":1}}}`})
	})
	if got := ips(n.sessions(t, sets[3].AccessToken)); len(got) != 3 {
		t.Errorf("sessions of %v, want the three before the next sign-in", got)
	}
	in("5")
	if got := ips(n.sessions(t, sets[4].AccessToken)); !slices.Equal(got, []string{"5"}) {
		t.Errorf("sessions of %v, want 5", got)
	}
}

// addSSO records a browser's session, and one of tokens that came through it.
func (n *node) addSSO(t *testing.T, id, ip string) *Set {
	t.Helper()
	n.update(t, func(tx *store.Tx) error {
		return tx.InsertUserSession(&store.UserSession{PoolID: testPool, ID: id, Kind: store.SSOSession, Sub: testSub, ClientID: testClient,
			LastIP: ip + " browser", CreatedAt: tx.Now(), LastActiveAt: tx.Now(), ExpiresAt: tx.Now().Add(time.Hour)})
	})
	g := n.grant(t)
	g.SSOSession, g.Origin = id, Origin{IPAddress: ip}
	return n.issue(t, g)
}

func TestLinkedSessions(t *testing.T) {
	const browser, other = "0190a2b4-0000-7000-8000-000000000001", "0190a2b4-0000-7000-8000-000000000002"
	for _, c := range []struct {
		name   string
		revoke string // ip
		linked bool
		left   []string
	}{
		{"token session", "a", false, []string{"a browser", "b", "b browser", "caller"}},
		{"token session and its browser", "a", true, []string{"b", "b browser", "caller"}},
		{"browser", "a browser", false, []string{"a", "b", "b browser", "caller"}},
		{"browser and its token sessions", "a browser", true, []string{"b", "b browser", "caller"}},
		{"linked to nothing", "alone", true, []string{"a", "a browser", "b", "b browser", "caller"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := newTracking(t, 20, revoking)
			n.addSSO(t, browser, "a")
			n.addSSO(t, other, "b")
			if c.revoke == "alone" {
				n.from(t, "alone")
			}
			caller := n.from(t, "caller")
			for _, s := range n.sessions(t, caller.AccessToken) {
				if s.IPAddress == c.revoke {
					want(t, "revoke", n.revokeSession(t, caller.AccessToken, s.ID, c.linked), "")
				}
				if through := s.OriginID != ""; through != (s.IPAddress == "a" || s.IPAddress == "b") {
					t.Errorf("%+v", s)
				}
			}
			got := ips(n.sessions(t, caller.AccessToken))
			slices.Sort(got)
			if !slices.Equal(got, c.left) {
				t.Errorf("left %q, want %q", got, c.left)
			}
		})
	}
	for _, linked := range []bool{true, false} {
		n := newTracking(t, 20, revoking)
		set := n.addSSO(t, browser, "a")
		caller := n.from(t, "caller")
		want(t, "revoke the token", n.Revoke(t.Context(), n.client(t), set.RefreshToken, linked), "")
		if got := slices.Contains(ips(n.sessions(t, caller.AccessToken)), "a browser"); got == linked {
			t.Errorf("linked %t: the browser's session is there: %t", linked, got)
		}
	}
}

// What ends all sign-ins of a user ends their sessions, also of one that was
// being recorded meanwhile.
func TestSessionsOfASignedOutUser(t *testing.T) {
	n := newTracking(t, 20, revoking)
	n.from(t, "before")
	g := n.grant(t)
	if err := n.SignOutEverywhere(t.Context(), g.Pool, testSub); err != nil {
		t.Fatal(err)
	}
	g.Origin.IPAddress = "during"
	n.issue(t, g) // read before the sign-out
	n.clock.advance(time.Minute)
	after := n.from(t, "after")
	if got := ips(n.sessions(t, after.AccessToken)); !slices.Equal(got, []string{"after"}) {
		t.Errorf("sessions of %v, want after", got)
	}
}

// TestSessionsWithoutTracking: nothing is written for a sign-in or a refresh.
func TestSessionsWithoutTracking(t *testing.T) {
	url := storetest.SQLiteURL(t)
	n := newNode(t, url, new(clock), keys.GenerateMasterKey())
	n.addPool(t, testPool)
	n.addClient(t, testPool, testClient, revoking)
	version := dataVersion(t, url)
	before := version()
	set := n.signIn(t)
	if _, err := n.renew(t, set.RefreshToken); err != nil {
		t.Fatal(err)
	}
	if version() != before {
		t.Error("the database was written to")
	}
	a, err := n.Authenticate(t.Context(), set.AccessToken)
	if err != nil {
		t.Fatal(err)
	}
	_, err = n.Sessions(t.Context(), a.Pool, a.User, "")
	want(t, "list", err, noTracking)
	want(t, "revoke", n.revokeSession(t, set.AccessToken, "tkn"+strings.Repeat("0", 25), false), noTracking)
	if want(t, "revoke the token", n.Revoke(t.Context(), n.client(t), set.RefreshToken, false), ""); version() == before {
		t.Error("a write is not seen")
	}
}

// dataVersion tells a number that changes with every commit by anybody else.
func dataVersion(t *testing.T, url string) func() (version int) {
	t.Helper()
	watching, err := sql.Open("sqlite", strings.TrimPrefix(url, "sqlite:"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { watching.Close() })
	watching.SetMaxOpenConns(1) // it is the connection's own
	return func() (version int) {
		t.Helper()
		if err := watching.QueryRowContext(t.Context(), `PRAGMA data_version`).Scan(&version); err != nil {
			t.Fatal(err)
		}
		return version
	}
}

func TestSessionIDs(t *testing.T) {
	for id, text := range map[string]string{
		"00000000-0000-0000-0000-000000000000": "tkn0000000000000000000000000",
		"00000000-0000-0000-0000-000000000024": "tkn0000000000000000000000010",
		"ffffffff-ffff-ffff-ffff-ffffffffffff": "tknf5lxx1zz5pnorynqglhzmsp33",
	} {
		if got := sessionID(store.TokenSession, id); got != text {
			t.Errorf("%s is %s, want %s", id, got, text)
		}
		if kind, got, ok := parseSessionID(text); !ok || got != id || kind != store.TokenSession {
			t.Errorf("%s is %s %s %t", text, kind, got, ok)
		}
	}
}

func FuzzSessionID(f *testing.F) {
	for _, seed := range []string{"", "tkn", "tknf5lxx1zz5pnorynqglhzmsp33", "tknf5lxx1zz5pnorynqglhzmsp34", "sso-000000000000000000000001",
		"sso+000000000000000000000001", "ssoA000000000000000000000001", "tkn0000000000000_00000000010"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		kind, id, ok := parseSessionID(text)
		if ok && sessionID(kind, id) != text {
			t.Errorf("%q is %s %s, which is %q", text, kind, id, sessionID(kind, id))
		}
		if !ok && (kind != "" || id != "") {
			t.Errorf("%q is nothing and %s %s", text, kind, id)
		}
	})
}
