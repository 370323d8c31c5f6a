package main

import (
	"math/bits"
	"sync/atomic"
	"time"
)

// A bucket is as wide as 1/128 of its least value or less.
const (
	subBits     = 7
	subBuckets  = 1 << subBits
	bucketCount = (64 - subBits) * subBuckets
)

// histogram counts durations in 7296 buckets whose width grows with the value:
// below 256 ns exact, above that 128 for each power of two. A quantile is the
// upper end of its bucket, so it is never too low and at most 0.8 % too high.
// Many goroutines may add at once.
type histogram struct {
	buckets [bucketCount]atomic.Int64
	max     atomic.Int64 // exact
}

func (h *histogram) add(d time.Duration) {
	n := max(int64(d), 0)
	h.buckets[bucket(n)].Add(1)
	for old := h.max.Load(); n > old && !h.max.CompareAndSwap(old, n); old = h.max.Load() {
	}
}

// merge adds what other holds. Nothing may be added to other meanwhile.
func (h *histogram) merge(other *histogram) {
	for i := range h.buckets {
		h.buckets[i].Add(other.buckets[i].Load())
	}
	h.max.Store(max(h.max.Load(), other.max.Load()))
}

// quantiles returns for each of qs, ascending within 0..1, the least duration
// that this share of all durations does not exceed. Without durations it is 0.
func (h *histogram) quantiles(qs ...float64) []time.Duration {
	var total int64
	for i := range h.buckets {
		total += h.buckets[i].Load()
	}
	found := make([]time.Duration, len(qs))
	var seen int64
	next := 0
	for i := range h.buckets {
		seen += h.buckets[i].Load()
		for next < len(qs) && seen > 0 && float64(seen) >= qs[next]*float64(total) {
			found[next] = time.Duration(min(upperEnd(i), h.max.Load()))
			next++
		}
	}
	return found
}

func bucket(n int64) int {
	shift := max(bits.Len64(uint64(n))-subBits-1, 0)
	return shift<<subBits + int(n>>shift)
}

// upperEnd is the greatest value of a bucket.
func upperEnd(bucket int) int64 {
	shift := max(bucket>>subBits-1, 0)
	mantissa := int64(bucket - shift<<subBits)
	return (mantissa+1)<<shift - 1
}
