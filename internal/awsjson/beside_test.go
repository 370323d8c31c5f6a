package awsjson

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

func from(source string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.RemoteAddr = netip.AddrPortFrom(netip.MustParseAddr(source), 1).String()
	return r
}

// The limits of domains are Cognito's, and time gives back what was used.
func TestDomainLimits(t *testing.T) {
	now := testTime
	h, _ := newTestHandler(t, Options{Limits: DefaultLimits(), Now: func() time.Time { return now }})
	address := func(source, domain string) func() bool {
		return func() bool { return h.Allow(from(source), DomainAddress, domain) }
	}
	all := func(c Category, key string) func() bool { return func() bool { return h.AllowAll(c, key) } }
	for _, c := range []struct {
		name  string
		later time.Duration
		call  func() bool
		want  int
	}{
		{"address", 0, address("203.0.113.1", "one"), 300},
		{"which is used up", 0, address("203.0.113.1", "one"), 0},
		{"at another domain", 0, address("203.0.113.1", "two"), 300},
		{"another address", 0, address("203.0.113.2", "one"), 300},
		{"IPv6", 0, address("2001:db8::1", "one"), 300},
		{"its network", 0, address("2001:db8::ffff:1", "one"), 0},
		{"domain", 0, all(DomainTotal, "one"), 500},
		{"another domain", 0, all(DomainTotal, "two"), 500},
		{"client", 0, all(DomainClient, "one"), 300},
		{"address, a tenth of a second later", 100 * time.Millisecond, address("203.0.113.1", "one"), 30},
		{"address, a second later", time.Second, address("203.0.113.1", "one"), 300},
		{"domain, after that", 0, all(DomainTotal, "one"), 500},
		{"signing keys", 0, func() bool { return h.Allow(from("203.0.113.1"), GetSigningKey, "") }, 200},
		{"revocations", 0, func() bool { return h.Allow(from("203.0.113.1"), ListRevocations, "") }, 120},
	} {
		now = now.Add(c.later)
		if got := count(1000, c.call); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
	off, _ := newTestHandler(t, Options{Limits: Limits{UserRead: 1}})
	none, _ := newTestHandler(t, Options{})
	for _, h := range []*Handler{off, none} {
		if n := count(1000, func() bool {
			return h.Allow(from("203.0.113.1"), DomainAddress, "one") && h.AllowAll(DomainTotal, "one")
		}); n != 1000 {
			t.Errorf("without limits: %d", n)
		}
	}
	if free, adjustable := DefaultLimits().Free(DomainTotal); adjustable {
		t.Errorf("an administrator can set the limit of domains, from %d", free)
	}
}

// However many addresses come, the memory is bounded, and a domain that is in use
// keeps its count.
func TestDomainLimitsMemory(t *testing.T) {
	h, _ := newTestHandler(t, Options{Limits: Limits{DomainAddress: 1, DomainTotal: 1}, Now: func() time.Time { return testTime }})
	h.limiter.max = 100
	if !h.AllowAll(DomainTotal, "one") {
		t.Fatal("first request refused")
	}
	source := netip.MustParseAddr("10.0.0.0")
	for range 10_000 {
		source = source.Next()
		if !h.Allow(from(source.String()), DomainAddress, "one") {
			t.Fatalf("%s refused", source)
		}
		if h.AllowAll(DomainTotal, "one") {
			t.Fatal("the domain's count was forgotten")
		}
	}
	if n := len(h.limiter.buckets); n != 100 || h.limiter.recent.Len() != n {
		t.Errorf("%d buckets, %d in the list", n, h.limiter.recent.Len())
	}
}

func TestObserveDomain(t *testing.T) {
	for _, c := range []struct {
		status      int
		level, path string
	}{
		{200, "DEBUG", "/login"}, {302, "DEBUG", "/oauth2/authorize"}, {404, "INFO", "/" + strings.Repeat("x", 10_000)}, {429, "INFO", "/login"}, {500, "ERROR", "/login"},
	} {
		var log bytes.Buffer
		registry := prometheus.NewPedanticRegistry()
		h, _ := newTestHandler(t, Options{
			Logger: slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})), Registerer: registry,
		})
		r := httptest.NewRequest(http.MethodPost, c.path+"?code=s3cret", strings.NewReader("password=s3cret"))
		r.Header.Set("Cookie", "session=s3cret")
		h.ObserveDomain(r, DomainRequest{ID: "id-1", Domain: "demo", Operation: "login", Path: c.path, Status: c.status, Took: time.Millisecond})
		line := log.String()
		if strings.Count(line, "\n") != 1 || len(line) > 600 || strings.Contains(line, "s3cret") {
			t.Errorf("%d: %s", c.status, line)
		}
		for _, want := range []string{`"level":"` + c.level + `"`, `"msg":"domain request"`, `"request_id":"id-1"`, `"domain":"demo"`,
			`"path":"` + c.path[:min(len(c.path), 200)], `"status":`, `"duration":1000000`, `"source_ip":"192.0.2.1"`} {
			if !strings.Contains(line, want) {
				t.Errorf("%d: no %s in %s", c.status, want, line)
			}
		}
		got := gathered(t, registry)
		failure := "poolhouse_api_errors_total login domain " + strconv.Itoa(c.status)
		if _, failed := got[failure]; failed != (c.status >= 400) || got["poolhouse_api_requests_total login domain"] != 1 ||
			got["poolhouse_api_duration_seconds login domain"] != 1 {
			t.Errorf("%d: %v", c.status, got)
		}
	}
}

// BenchmarkDomainLimits is what the limits cost a request to a domain.
func BenchmarkDomainLimits(b *testing.B) {
	now := testTime
	h, _ := newTestHandler(b, Options{Limits: DefaultLimits(), Now: func() time.Time { return now }})
	r := from("203.0.113.1")
	b.ReportAllocs()
	for range b.N {
		now = now.Add(10 * time.Millisecond)
		if !h.Allow(r, DomainAddress, "demo") || !h.AllowAll(DomainTotal, "demo") || !h.AllowAll(DomainClient, "1example23456789") {
			b.Fatal("refused")
		}
	}
}

// BenchmarkObserveDomain is what telling of a request costs without a debug log.
func BenchmarkObserveDomain(b *testing.B) {
	h, _ := newTestHandler(b, Options{Logger: slog.New(slog.DiscardHandler), Registerer: prometheus.NewRegistry()})
	r := from("203.0.113.1")
	b.ReportAllocs()
	for range b.N {
		h.ObserveDomain(r, DomainRequest{ID: "id", Domain: "demo", Operation: "login", Path: "/login", Status: 200, Took: time.Millisecond})
	}
}
