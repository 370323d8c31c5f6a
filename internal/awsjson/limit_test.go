package awsjson

import (
	"context"
	"maps"
	"math"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/idpapi"
)

func TestParseLimits(t *testing.T) {
	changed := func(changes Limits) Limits {
		l := DefaultLimits()
		maps.Copy(l, changes)
		return l
	}
	without := func(c Category) Limits {
		l := DefaultLimits()
		delete(l, c)
		return l
	}
	for _, c := range []struct {
		text string
		want Limits
	}{
		{"", DefaultLimits()},
		{" ", DefaultLimits()},
		{"UserCreation=7", changed(Limits{UserCreation: 7})},
		{" UserCreation = 0.5 , GetId=1e3", changed(Limits{UserCreation: 0.5, GetID: 1000})},
		{"UserCreation=off", without(UserCreation)},
		{"*=off", Limits{}},
		{"UserAuthentication=120,UserCreation=50,*=off", Limits{UserAuthentication: 120, UserCreation: 50}},
		{"*=off,UserCreation=50", Limits{UserCreation: 50}},
	} {
		t.Run(c.text, func(t *testing.T) {
			got, err := ParseLimits(c.text)
			if err != nil || !maps.Equal(got, c.want) {
				t.Errorf("got %v, %v\nwant %v", got, err, c.want)
			}
		})
	}
	for _, bad := range []string{"UserCreation", "UserCreation=", "UserCreation=0", "UserCreation=-1", "UserCreation=x", "UserCreation=NaN", "UserCreation=Inf", "UserCreation=1e9", "Nonsense=1", "=1", "UserCreation=1,UserCreation=2", "UserCreation=1,"} {
		if got, err := ParseLimits(bad); err == nil {
			t.Errorf("%q: %v without an error", bad, got)
		}
	}
}

func FuzzParseLimits(f *testing.F) {
	f.Add("UserAuthentication=120,UserCreation=50,*=off")
	f.Fuzz(func(t *testing.T, text string) {
		limits, err := ParseLimits(text)
		if err != nil {
			return
		}
		for category, perSecond := range limits {
			if math.IsNaN(perSecond) || perSecond <= 0 || perSecond > maxRate {
				t.Errorf("%s: %v", category, perSecond)
			}
		}
	})
}

// count calls until it is refused and says how often it was not, at most
// most times.
func count(most int, call func() bool) int {
	for n := range most {
		if !call() {
			return n
		}
	}
	return most
}

func TestLimits(t *testing.T) {
	now := testTime
	h, _ := newTestHandler(t, Options{
		Limits:         Limits{UserRead: 2, UserAuthentication: 3},
		AccessKey:      testKeys.find,
		Now:            func() time.Time { return now },
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}, // httptest's
		PoolOf: func(_ context.Context, input any) string {
			if in, ok := input.(*idpapi.GetUserInput); ok && strings.HasPrefix(in.AccessToken, "pool") {
				return in.AccessToken
			}
			return ""
		},
	})
	calling := func(target, body, source string) func() bool {
		return func() bool {
			w := post(h, target, body, "X-Forwarded-For", source)
			code, message := errorOf(t, w)
			if code == "TooManyRequestsException" && (w.Code != 400 || message != "Rate exceeded") {
				t.Errorf("%d %s", w.Code, w.Body)
			}
			return code != "TooManyRequestsException"
		}
	}
	get := func(token, source string) func() bool {
		return calling(getUser, `{"AccessToken":"`+token+`"}`, source)
	}
	const challenge = `{"ClientId":"c","ChallengeName":"PASSWORD_VERIFIER"}`
	const auth = `{"ClientId":"c","AuthFlow":"USER_AUTH"}`
	for _, c := range []struct {
		name string
		call func() bool
		want int
	}{
		{"a second's worth at once", get("a", "203.0.113.1"), 2},
		{"what the caller writes is no pool", get("b", "203.0.113.1"), 0},
		{"another pool", get("pool1", "203.0.113.1"), 2},
		{"another source", get("a", "203.0.113.2"), 2},
		{"broken input counts", calling(getUser, `{`, "203.0.113.3"), 2},
		{"and uses up", get("a", "203.0.113.3"), 0},
		{"IPv6", get("a", "2001:db8::1"), 2},
		{"the same IPv6 network", get("a", "2001:db8::ffff:2"), 0},
		{"another category", calling(initiateAuth, auth, "203.0.113.1"), 3},
		{"challenges: thrice, then what the category has left", calling(respond, challenge, "203.0.113.1"), 9},
		{"challenges before any sign-in", calling(respond, challenge, "203.0.113.4"), 12},
		{"which used the category up", calling(initiateAuth, auth, "203.0.113.4"), 0},
		{"unlimited category", calling(getID, `{"IdentityPoolId":"us-east-1:11111111-2222-3333-4444-555555555555"}`, "203.0.113.1"), 50},
	} {
		if got := count(50, c.call); got != c.want {
			t.Errorf("%s: %d calls, want %d", c.name, got, c.want)
		}
	}
	now = now.Add(500 * time.Millisecond)
	if got := count(50, get("a", "203.0.113.1")); got != 1 {
		t.Errorf("half a second later: %d calls, want 1", got)
	}
	now = now.Add(-time.Hour)
	if got := count(50, get("a", "203.0.113.1")); got != 0 {
		t.Errorf("clock set back: %d calls, want 0", got)
	}
	now = now.Add(2 * time.Hour)
	if got := count(50, get("a", "203.0.113.1")); got != 2 {
		t.Errorf("an hour later: %d calls, want 2", got)
	}

	now = testTime
	signed := func(body string) func() bool {
		return func() bool {
			code, _ := errorOf(t, call{body: body}.do(t, h))
			return code != "TooManyRequestsException"
		}
	}
	if got := count(50, signed(`{"UserPoolId":"us-east-1_one","Username":"kim"}`)); got != 2 {
		t.Errorf("signed: %d calls, want 2", got)
	}
	if got := count(50, signed(`{"UserPoolId":"us-east-1_two","Username":"kim"}`)); got != 2 {
		t.Errorf("signed, another pool: %d calls, want 2", got)
	}
}

// A limit that is set anew counts from the next request on, for buckets that are
// there as well, and never falls below the deployment's own.
func TestProvisionedLimits(t *testing.T) {
	var set int32
	h, _ := newTestHandler(t, Options{
		Limits: Limits{UserRead: 2},
		Now:    func() time.Time { return testTime },
		Provisioned: func(_ context.Context, c Category) int32 {
			if c != UserRead {
				t.Errorf("asked for %s, which is not limited", c)
			}
			return set
		},
	})
	calling := func(target, body string) func() bool {
		return func() bool {
			code, _ := errorOf(t, post(h, target, body))
			return code != "TooManyRequestsException"
		}
	}
	get := calling(getUser, `{"AccessToken":"a"}`)
	for _, c := range []struct {
		name string
		set  int32
		want int
	}{
		{"none is set", 0, 2},
		{"raised, but what is spent is spent", 5, 0},
	} {
		set = c.set
		if got := count(50, get); got != c.want {
			t.Errorf("%s: %d calls, want %d", c.name, got, c.want)
		}
	}
	for _, c := range []struct {
		name string
		set  int32
		want int
	}{
		{"raised", 5, 5},
		{"lowered", 3, 3},
		{"below the deployment's own", 1, 2},
	} {
		set = c.set
		h.options.Now = func(now time.Time) func() time.Time { return func() time.Time { return now } }(h.options.Now().Add(time.Hour))
		if got := count(50, get); got != c.want {
			t.Errorf("%s: %d calls, want %d", c.name, got, c.want)
		}
	}
	set = 1
	if got := count(50, calling(initiateAuth, `{"ClientId":"c","AuthFlow":"USER_AUTH"}`)); got != 50 {
		t.Errorf("a category without a limit: %d calls", got)
	}
}

func TestFreeLimits(t *testing.T) {
	own := Limits{UserCreation: 0.5, UserRead: 600}
	for _, c := range []struct {
		category   Category
		free       int32
		adjustable bool
	}{
		{UserCreation, 1, true},
		{UserRead, 600, true},
		{UserAuthentication, 120, true}, // off in own: AWS's default
		{ClientAuthentication, 150, true},
		{UserPoolRead, 0, false},
		{UserPoolClientUpdate, 0, false},
		{LimitManagement, 0, false},
		{GetID, 0, false},
		{"Nonsense", 0, false},
		{"", 0, false},
	} {
		if free, adjustable := own.Free(c.category); free != c.free || adjustable != c.adjustable {
			t.Errorf("%s: %d, %v, want %d, %v", c.category, free, adjustable, c.free, c.adjustable)
		}
	}
}

func TestForgedRequestsAreNotCounted(t *testing.T) {
	h, _ := newSignedHandler(t, Options{Limits: Limits{UserRead: 1}})
	for range 5 {
		if code, _ := errorOf(t, call{secret: "guess"}.do(t, h)); code != "InvalidSignatureException" {
			t.Fatal(code)
		}
	}
	if code, _ := errorOf(t, call{}.do(t, h)); code != "" {
		t.Errorf("the true caller got %s", code)
	}
}

func TestLimiterMemory(t *testing.T) {
	l := newLimiter(Limits{UserRead: 1})
	l.max = 100
	first := netip.MustParseAddr("203.0.113.1")
	if !l.allow(testTime, "GetUser", UserRead, 1, "", first) {
		t.Fatal("first call refused")
	}
	junk := netip.MustParseAddr("10.0.0.0")
	for range 10 * l.max {
		junk = junk.Next()
		l.allow(testTime, "GetUser", UserRead, 1, "", junk)
		if l.allow(testTime, "GetUser", UserRead, 1, "", first) {
			t.Fatal("a bucket in use was forgotten")
		}
	}
	if len(l.buckets) != l.max || l.recent.Len() != l.max {
		t.Errorf("%d buckets and %d in the list, want %d", len(l.buckets), l.recent.Len(), l.max)
	}
}
