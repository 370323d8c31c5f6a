package awsjson

import (
	"container/list"
	"fmt"
	"math"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Limits are requests per second for each category, counted apart for every
// pool and source address, but for DomainTotal and DomainClient. A category that
// is absent is not limited, so that nil limits nothing. A second's worth may come
// at once.
type Limits map[Category]float64

// DefaultLimits are AWS's default quotas.
func DefaultLimits() Limits {
	l := make(Limits)
	for _, allotments := range [][]allotment{userPoolAllotments, identityPoolAllotments, besideAllotments} {
		for _, a := range allotments {
			l[a.category] = a.rate
		}
	}
	return l
}

// maxRate is more than any server answers; it keeps the arithmetic sane.
const maxRate = 1e6

// ParseLimits reads changes to DefaultLimits such as
// "UserAuthentication=600,UserCreation=0.5,*=off": a category, or * for all that
// are not named, with a rate above 0 in requests per second, or "off". The empty
// text is DefaultLimits. The error names the part that is wrong.
func ParseLimits(text string) (Limits, error) {
	limits := DefaultLimits()
	if strings.TrimSpace(text) == "" {
		return limits, nil
	}
	set := make(map[Category]float64)
	for part := range strings.SplitSeq(text, ",") {
		name, value, ok := strings.Cut(part, "=")
		if !ok {
			return nil, fmt.Errorf("rate limit %q: not of the form Category=rate", part)
		}
		category := Category(strings.TrimSpace(name))
		if _, known := limits[category]; !known && category != "*" {
			return nil, fmt.Errorf("rate limit %q: unknown category", part)
		}
		if _, twice := set[category]; twice {
			return nil, fmt.Errorf("rate limit %q: category named twice", part)
		}
		perSecond := math.Inf(1)
		if value = strings.TrimSpace(value); value != "off" {
			var err error
			perSecond, err = strconv.ParseFloat(value, 64)
			if err != nil || math.IsNaN(perSecond) || perSecond <= 0 || perSecond > maxRate {
				return nil, fmt.Errorf("rate limit %q: the rate must be \"off\" or a number above 0 and at most %d", part, int(maxRate))
			}
		}
		set[category] = perSecond
	}
	for category := range limits {
		perSecond, ok := set[category]
		if !ok {
			perSecond, ok = set["*"]
		}
		switch {
		case !ok:
		case math.IsInf(perSecond, 1):
			delete(limits, category)
		default:
			limits[category] = perSecond
		}
	}
	return limits, nil
}

// maxBuckets bounds the memory of a limiter to some 20 MB, whatever keys come.
const maxBuckets = 1 << 16

// challengeFactor is the allowance that the challenge responses have of their
// own, in multiples of their category's. Only what exceeds it counts there.
const challengeFactor = 3

type bucketKey struct {
	allowance string       // a category or, with an allowance of its own, an operation
	pool      string       // its id; beside the API a domain's name or a client's id, or ""
	source    netip.Prefix // zero: all, or no address
}

type bucket struct {
	key    bucketKey
	tokens *rate.Limiter
}

// A limiter holds a token bucket per key, and forgets the one that was used
// least recently when there are too many.
type limiter struct {
	limits Limits
	max    int

	mu      sync.Mutex
	buckets map[bucketKey]*list.Element
	recent  list.List // of *bucket, most recently used first
}

func newLimiter(limits Limits) *limiter {
	return &limiter{limits: limits, max: maxBuckets, buckets: make(map[bucketKey]*list.Element)}
}

// allow takes a request out of its bucket, which perSecond flow into, and reports
// whether there was room.
func (l *limiter) allow(now time.Time, operation string, category Category, perSecond float64, pool string, source netip.Addr) bool {
	key := bucketKey{pool: pool, source: household(source)}
	if operation == "RespondToAuthChallenge" || operation == "AdminRespondToAuthChallenge" {
		key.allowance = operation
		if l.take(now, key, challengeFactor*perSecond) {
			return true
		}
	}
	key.allowance = string(category)
	return l.take(now, key, perSecond)
}

func (l *limiter) take(now time.Time, key bucketKey, perSecond float64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	e, ok := l.buckets[key]
	if ok {
		l.recent.MoveToFront(e)
	} else {
		if l.recent.Len() >= l.max {
			oldest := l.recent.Back()
			delete(l.buckets, l.recent.Remove(oldest).(*bucket).key)
		}
		e = l.recent.PushFront(&bucket{key, rate.NewLimiter(rate.Limit(perSecond), int(math.Ceil(perSecond)))})
		l.buckets[key] = e
	}
	tokens := e.Value.(*bucket).tokens
	if tokens.Limit() != rate.Limit(perSecond) { // it was provisioned anew
		tokens.SetLimitAt(now, rate.Limit(perSecond))
		tokens.SetBurstAt(now, int(math.Ceil(perSecond)))
	}
	return tokens.AllowN(now, 1)
}

// household is the part of an address that one customer has: all of an IPv4
// address, the first 64 bits of an IPv6 address.
func household(a netip.Addr) netip.Prefix {
	bits := 32
	if a.Is6() {
		bits = 64
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return netip.Prefix{} // no address: those share one
	}
	return p
}
