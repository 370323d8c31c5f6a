package awsjson

import (
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
)

func TestSourceOf(t *testing.T) {
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	for _, c := range []struct {
		name, peer string
		forwarded  []string
		want       string
	}{
		{"no proxy", "198.51.100.7:1234", nil, "198.51.100.7"},
		{"IPv6", "[2001:db8::1]:1234", nil, "2001:db8::1"},
		{"IPv6 zone", "[fe80::1%eth0]:1234", nil, "fe80::1"},
		{"IPv4 in IPv6", "[::ffff:198.51.100.7]:1234", nil, "198.51.100.7"},
		{"Unix socket", "@", nil, "invalid IP"},
		{"untrusted peer is not believed", "198.51.100.7:1234", []string{"203.0.113.9"}, "198.51.100.7"},
		{"trusted peer", "10.0.0.1:1234", []string{"203.0.113.9"}, "203.0.113.9"},
		{"trusted peer, IPv4 in IPv6", "[::ffff:10.0.0.1]:1234", []string{"203.0.113.9"}, "203.0.113.9"},
		{"trusted peer without header", "10.0.0.1:1234", nil, "10.0.0.1"},
		{"rightmost untrusted", "10.0.0.1:1234", []string{"1.2.3.4, 203.0.113.9, 10.0.0.2"}, "203.0.113.9"},
		{"lines count as one list", "10.0.0.1:1234", []string{"1.2.3.4", "203.0.113.9 ,10.0.0.2", "10.0.0.3"}, "203.0.113.9"},
		{"all trusted", "10.0.0.1:1234", []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
		{"with port", "10.0.0.1:1234", []string{"203.0.113.9:555"}, "203.0.113.9"},
		{"IPv6 with port", "10.0.0.1:1234", []string{"[2001:db8::2]:555"}, "2001:db8::2"},
		{"IPv6 in brackets", "[fd00::1]:1234", []string{"[2001:db8::2]"}, "2001:db8::2"},
		{"not an address", "10.0.0.1:1234", []string{"203.0.113.9, unknown"}, "10.0.0.1"},
		{"empty entry", "10.0.0.1:1234", []string{"203.0.113.9,"}, "10.0.0.1"},
		{"more hops than are looked at", "10.0.0.1:1234", []string{"203.0.113.9" + strings.Repeat(", 10.0.0.2", maxHops)}, "10.0.0.2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequest("POST", "/", nil)
			r.RemoteAddr = c.peer
			r.Header["X-Forwarded-For"] = c.forwarded
			if got := sourceOf(r, trusted).String(); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func FuzzSourceOf(f *testing.F) {
	f.Add("10.0.0.1:1", "1.2.3.4, [::1]:2")
	f.Add("[::1]:1", ",,")
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	f.Fuzz(func(t *testing.T, peer, forwarded string) {
		r := httptest.NewRequest("POST", "/", nil)
		r.RemoteAddr = peer
		r.Header["X-Forwarded-For"] = []string{forwarded}
		direct, _ := parseAddr(peer)
		got := sourceOf(r, trusted)
		if !trusted[0].Contains(direct) && got != direct {
			t.Errorf("%s, though the peer %s is not trusted", got, direct)
		}
		if got.Zone() != "" || got.Is4In6() {
			t.Errorf("%s is not in its plain form", got)
		}
	})
}
