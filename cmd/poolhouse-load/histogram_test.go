package main

import (
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"
)

func TestBucketHoldsItsValues(t *testing.T) {
	values := []int64{0, 1, 127, 128, 255, 256, 257, 258, 1023, 1024, math.MaxInt64 - 1, math.MaxInt64}
	random := rand.New(rand.NewPCG(1, 2))
	for range 10_000 {
		values = append(values, random.Int64N(math.MaxInt64)>>random.IntN(63))
	}
	for _, v := range values {
		b := bucket(v)
		if b < 0 || b >= bucketCount {
			t.Fatalf("bucket(%d) = %d", v, b)
		}
		high := upperEnd(b)
		if v > high || float64(high-v) > float64(v)/128 {
			t.Errorf("%d is in bucket %d, which ends at %d", v, b, high)
		}
		if b > 0 && v <= upperEnd(b-1) {
			t.Errorf("%d is in bucket %d, but the one before ends at %d", v, b, upperEnd(b-1))
		}
	}
}

func TestQuantilesAgainstSorting(t *testing.T) {
	for _, size := range []int{1, 2, 3, 100, 10_007} {
		random := rand.New(rand.NewPCG(3, uint64(size)))
		var h histogram
		exact := make([]time.Duration, size)
		for i := range exact {
			exact[i] = time.Duration(math.Exp(random.NormFloat64()) * float64(3*time.Millisecond))
			h.add(exact[i])
		}
		slices.Sort(exact)
		qs := []float64{0, 0.5, 0.95, 0.99, 1}
		for i, got := range h.quantiles(qs...) {
			rank := max(int(math.Ceil(qs[i]*float64(size))), 1)
			want := exact[rank-1]
			if got < want || float64(got) > float64(want)*1.008 {
				t.Errorf("%d durations: quantile %v = %v, exactly %v", size, qs[i], got, want)
			}
		}
		if got := time.Duration(h.max.Load()); got != exact[size-1] {
			t.Errorf("%d durations: max = %v, want %v", size, got, exact[size-1])
		}
	}
}

func TestQuantilesOfNothing(t *testing.T) {
	var h histogram
	if got := h.quantiles(0.5, 1); !slices.Equal(got, []time.Duration{0, 0}) {
		t.Errorf("quantiles = %v", got)
	}
}

func TestHistogramOfManyWriters(t *testing.T) {
	var parts [4]histogram
	var writers sync.WaitGroup
	for i := range 8 {
		writers.Go(func() {
			for n := range 1000 {
				parts[i%len(parts)].add(time.Duration(n * (i + 1)))
			}
		})
	}
	writers.Wait()
	var all histogram
	for i := range parts {
		all.merge(&parts[i])
	}
	var total int64
	for i := range all.buckets {
		total += all.buckets[i].Load()
	}
	if total != 8000 || all.max.Load() != 999*8 {
		t.Errorf("%d durations up to %d", total, all.max.Load())
	}
}
