package awsjson

import (
	"net/http"
	"net/netip"
	"strings"
)

const (
	maxUserAgent = 512 // bytes kept of a User-Agent header
	maxOrigin    = 512 // bytes of the longest Origin header that counts
	maxHops      = 32  // entries of X-Forwarded-For looked at, from the right
)

// Source is where a request came from, for what serves others than the API: the
// address, "" if it has none, and the bounded User-Agent.
func Source(r *http.Request, trusted []netip.Prefix) (address, userAgent string) {
	if source := sourceOf(r, trusted); source.IsValid() {
		address = source.String()
	}
	return address, userAgentOf(r)
}

// sourceOf is the address the request came from. If the connection is from a
// trusted proxy, that is the rightmost address of X-Forwarded-For that is not a
// trusted proxy: what stands left of it was written by the client. The zero
// Addr is for a connection without an IP address.
func sourceOf(r *http.Request, trusted []netip.Prefix) netip.Addr {
	source, ok := parseAddr(r.RemoteAddr)
	if !ok {
		return netip.Addr{}
	}
	hops := 0
	lines := r.Header["X-Forwarded-For"]
	for i := len(lines) - 1; i >= 0; i-- {
		for rest, more := lines[i], true; more; {
			if hops++; hops > maxHops || !contains(trusted, source) {
				return source
			}
			entry := rest
			comma := strings.LastIndexByte(rest, ',')
			if more = comma >= 0; more {
				rest, entry = rest[:comma], rest[comma+1:]
			}
			next, ok := parseAddr(strings.TrimSpace(entry))
			if !ok {
				return source // a proxy that does not tell: it is all we know
			}
			source = next
		}
	}
	return source
}

func contains(prefixes []netip.Prefix, a netip.Addr) bool {
	for _, p := range prefixes {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// parseAddr reads an IP address with or without a port. IPv4 in IPv6 comes out
// as IPv4, a zone is dropped.
func parseAddr(s string) (netip.Addr, bool) {
	if len(s) > 64 {
		return netip.Addr{}, false
	}
	a, err := netip.ParseAddr(s)
	if err != nil {
		p, err := netip.ParseAddrPort(s)
		if err != nil {
			if !strings.HasPrefix(s, "[") || !strings.HasSuffix(s, "]") {
				return netip.Addr{}, false
			}
			if a, err = netip.ParseAddr(s[1 : len(s)-1]); err != nil {
				return netip.Addr{}, false
			}
		} else {
			a = p.Addr()
		}
	}
	return a.Unmap().WithZone(""), true
}

// userAgentOf bounds the header, so that it can be stored and logged.
func userAgentOf(r *http.Request) string {
	ua := r.Header.Get("User-Agent")
	if len(ua) > maxUserAgent {
		ua = ua[:maxUserAgent]
	}
	return strings.ToValidUTF8(ua, "")
}

// originOf is the page that a browser calls for.
func originOf(r *http.Request) string {
	if origin := r.Header.Get("Origin"); len(origin) <= maxOrigin {
		return origin
	}
	return ""
}
