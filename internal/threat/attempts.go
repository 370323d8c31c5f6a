package threat

import (
	"net/netip"
	"sync"
	"time"

	"github.com/poolhouse/poolhouse/internal/fault"
)

// attempts counts wrong passwords and codes by the address that they come from,
// beside the lockout of users: one password tried with many names locks nobody. It
// counts on this node only, in memory, so that it costs no commit; an address that
// spreads over n nodes has n times as many. A provider gives a house the whole of a
// 64-bit prefix of IPv6, so that counts as one address.
type attempts struct {
	most int // 0: no limit

	mu     sync.Mutex
	began  time.Time // of the window under way
	counts map[netip.Prefix]int
}

const (
	// attemptWindow is for how long attempts count.
	attemptWindow = 5 * time.Minute

	// mostAddresses bounds what is counted: some 10 MB. Beyond it new addresses are
	// not counted until the window ends.
	mostAddresses = 100_000
)

// errTooMany is the answer to an address that sent too many.
var errTooMany = fault.New(fault.TooManyRequests, "Too many requests")

// CheckAddress refuses an address that sent too many wrong passwords and codes
// lately, with TooManyRequestsException.
func (g *Guard) CheckAddress(address string) error {
	if g == nil || g.attempts.most == 0 {
		return nil
	}
	network, ok := networkOf(address)
	a := &g.attempts
	a.mu.Lock()
	defer a.mu.Unlock()
	a.turn(g.db.Now())
	if ok && a.counts[network] >= a.most {
		return errTooMany
	}
	return nil
}

// CountFailure counts a wrong password or code of an address.
func (g *Guard) CountFailure(address string) {
	if g == nil || g.attempts.most == 0 {
		return
	}
	network, ok := networkOf(address)
	if !ok {
		return
	}
	a := &g.attempts
	a.mu.Lock()
	defer a.mu.Unlock()
	a.turn(g.db.Now())
	if _, known := a.counts[network]; known || len(a.counts) < mostAddresses {
		a.counts[network]++
	}
}

// turn begins a new window where it is time. A clock that was set back begins one,
// too.
func (a *attempts) turn(now time.Time) {
	if since := now.Sub(a.began); a.counts == nil || since >= attemptWindow || since < 0 {
		a.began, a.counts = now, map[netip.Prefix]int{}
	}
}

// Network is what an address counts as where attempts are counted, "" for what is
// no address.
func Network(address string) string {
	if network, ok := networkOf(address); ok {
		return network.String()
	}
	return ""
}

// networkOf is what an address counts as.
func networkOf(address string) (netip.Prefix, bool) {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return netip.Prefix{}, false
	}
	ip = ip.Unmap().WithZone("")
	bits := 64
	if ip.Is4() {
		bits = 32
	}
	prefix, err := ip.Prefix(bits)
	return prefix, err == nil
}
