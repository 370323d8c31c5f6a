package threat

import (
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/store/storetest"
	"github.com/poolhouse/poolhouse/internal/threat/geo"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

const (
	firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
	chrome  = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"
	home    = "198.51.100.7"
	next    = "198.51.100.200" // in the network of home
	away    = "203.0.113.9"
)

// The table of what makes which risk.
func TestLevel(t *testing.T) {
	g := &Guard{db: storetest.Memory(t)}
	known := &userpool.AuthEvent{Device: userpool.UserAgentName(firefox), IPAddress: home, CreatedAt: g.db.Now().Add(-time.Hour)}
	for _, tc := range []struct {
		name     string
		past     []*userpool.AuthEvent
		ip, ua   string
		device   bool // a confirmed one takes part
		failures int
		want     string
	}{
		{"the first sign-in", nil, away, chrome, false, 9, ""},
		{"as ever", []*userpool.AuthEvent{known}, home, firefox, false, 0, ""},
		{"as ever, after mistakes", []*userpool.AuthEvent{known}, home, firefox, false, 4, ""},
		{"the same network", []*userpool.AuthEvent{known}, next, firefox, false, 0, ""},
		{"another network", []*userpool.AuthEvent{known}, away, firefox, false, 0, ""},
		{"another device", []*userpool.AuthEvent{known}, home, chrome, false, 0, low},
		{"another device, after guesses", []*userpool.AuthEvent{known}, home, chrome, false, 3, medium},
		{"another device at an unknown address", []*userpool.AuthEvent{known}, "", chrome, false, 0, low},
		{"another device and network", []*userpool.AuthEvent{known}, away, chrome, false, 0, medium},
		{"another device and network, after guesses", []*userpool.AuthEvent{known}, away, chrome, false, 3, high},
		{"a confirmed device elsewhere", []*userpool.AuthEvent{known}, away, chrome, true, 9, ""},
		{"known from before the last", []*userpool.AuthEvent{{Device: "x", IPAddress: away}, known}, home, firefox, false, 0, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := g.level(SignIn{User: &store.User{FailedSignIns: tc.failures}, IPAddress: tc.ip, UserAgent: tc.ua, Device: tc.device}, tc.past)
			if got != tc.want {
				t.Errorf("level %q, want %q", got, tc.want)
			}
		})
	}
}

func TestImpossible(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	berlin, potsdam, tokyo := []float64{52.52, 13.405}, []float64{52.4, 13.06}, []float64{35.68, 139.69}
	for _, tc := range []struct {
		name     string
		from, to []float64
		after    time.Duration
		want     bool
	}{
		{"to Tokyo in an hour", berlin, tokyo, time.Hour, true},
		{"to Tokyo in 9 hours", berlin, tokyo, 9 * time.Hour, true},
		{"to Tokyo in 10 hours", berlin, tokyo, 10 * time.Hour, false},
		{"to Tokyo before", berlin, tokyo, -time.Hour, true},
		{"to the next town at once", berlin, potsdam, 0, false},
		{"from nowhere", nil, tokyo, 0, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			e := &userpool.AuthEvent{Position: tc.from, CreatedAt: now.Add(-tc.after)}
			if got := impossible(e, geo.Place{Located: true, Latitude: tc.to[0], Longitude: tc.to[1]}, now); got != tc.want {
				t.Errorf("impossible: %v", got)
			}
		})
	}
	if impossible(&userpool.AuthEvent{Position: berlin, CreatedAt: now}, geo.Place{}, now) {
		t.Error("to nowhere is impossible")
	}
}

// What follows from a level, and from the addresses that are set.
func TestJudge(t *testing.T) {
	action := func(a string) *userpool.AccountTakeoverAction {
		return &userpool.AccountTakeoverAction{Notify: true, EventAction: a}
	}
	config := &userpool.RiskConfig{AccountTakeover: &userpool.AccountTakeover{Actions: userpool.AccountTakeoverActions{
		LowAction: action("NO_ACTION"), MediumAction: action(MFARequired), HighAction: action(Block)}}}
	for level, want := range map[string]Verdict{
		"":     {},
		low:    {Risk: userpool.Risk{Decision: accountTakeover, Level: low}, Notify: true},
		medium: {Risk: userpool.Risk{Decision: accountTakeover, Level: medium}, Action: MFARequired, Notify: true},
		high:   {Risk: userpool.Risk{Decision: blocked, Level: high}, Action: Block, Notify: true},
	} {
		var got Verdict
		if got.judge(config, level); got != want {
			t.Errorf("%q: %+v, want %+v", level, got, want)
		}
	}
	var got Verdict
	if got.judge(new(userpool.RiskConfig), high); got.Action != "" || got.Risk.Level != high {
		t.Errorf("without a configuration: %+v", got)
	}
	exceptions := &userpool.RiskConfig{Exceptions: &userpool.RiskExceptions{
		BlockedIPRangeList: []string{"203.0.113.0/24", "2001:db8::/32"}, SkippedIPRangeList: []string{"203.0.113.9/32"}}}
	for address, want := range map[string]bool{
		"203.0.113.8": true, "::ffff:203.0.113.8": true, "2001:db8::1": true,
		"203.0.113.9": false, "198.51.100.1": false, "": false, "x": false,
	} {
		if got := blockedAddress(exceptions, address); got != want {
			t.Errorf("%q is blocked: %v", address, got)
		}
	}
}

func TestModes(t *testing.T) {
	pool := func(addOns *userpool.UserPoolAddOns) *userpool.Pool {
		return &userpool.Pool{PoolConfig: userpool.PoolConfig{UserPoolAddOns: addOns}}
	}
	custom := func(mode, custom string) *userpool.Pool {
		return pool(&userpool.UserPoolAddOns{AdvancedSecurityMode: mode, AdvancedSecurityAdditionalFlows: &userpool.AdditionalFlows{CustomAuthMode: custom}})
	}
	for _, tc := range []struct {
		name string
		pool *userpool.Pool
		flow string
		want userpool.ThreatMode
	}{
		{"nothing set", pool(nil), "USER_AUTH", userpool.ThreatOff},
		{"off", custom("OFF", "ENFORCED"), "CUSTOM_AUTH", userpool.ThreatOff},
		{"audit", custom("AUDIT", "ENFORCED"), "USER_AUTH", userpool.ThreatAudit},
		{"custom in its mode", custom("AUDIT", "ENFORCED"), "CUSTOM_AUTH", userpool.ThreatEnforced},
		{"custom without one", pool(&userpool.UserPoolAddOns{AdvancedSecurityMode: "ENFORCED"}), "CUSTOM_AUTH", userpool.ThreatOff},
	} {
		if got := tc.pool.ThreatMode(tc.flow); got != tc.want {
			t.Errorf("%s: %s, want %s", tc.name, got, tc.want)
		}
	}
}

func TestSameNetwork(t *testing.T) {
	for _, tc := range []struct {
		a, b string
		want bool
	}{
		{home, next, true}, {home, away, false}, {home, "::ffff:" + next, true}, {"2001:db8:1::1", "2001:db8:1:ffff::1", true},
		{"2001:db8:1::1", "2001:db8:2::1", false}, {home, "2001:db8::1", false}, {"", home, false}, {"", "", true},
	} {
		if got := sameNetwork(tc.a, tc.b); got != tc.want {
			t.Errorf("%s and %s: %v", tc.a, tc.b, got)
		}
	}
}

func TestAttempts(t *testing.T) {
	clock := new(storetestClock)
	db, err := store.Open(t.Context(), store.Options{URL: storetest.SQLiteURL(t), Now: clock.now, Migrate: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	g := &Guard{db: db, attempts: attempts{most: 2}}
	for range 2 {
		if err := g.CheckAddress(home); err != nil {
			t.Fatal(err)
		}
		g.CountFailure(home)
		g.CountFailure("no address")
	}
	if err := g.CheckAddress(home); err == nil || err.Error() != errTooMany.Error() {
		t.Errorf("the third try: %v", err)
	}
	for _, other := range []string{next, "", "no address"} {
		if err := g.CheckAddress(other); err != nil {
			t.Errorf("%q: %v", other, err)
		}
	}
	clock.at = attemptWindow
	if err := g.CheckAddress(home); err != nil {
		t.Errorf("in the next window: %v", err)
	}
	var none *Guard
	none.CountFailure(home)
	if err := none.CheckAddress(home); err != nil || none.Leaked("password") {
		t.Errorf("a nil Guard: %v", err)
	}
}

type storetestClock struct{ at time.Duration }

func (c *storetestClock) now() time.Time {
	return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC).Add(c.at)
}
