package main

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A worker's operation takes as long as the case says.
func TestDrive(t *testing.T) {
	for _, c := range []struct {
		name        string
		workers     int
		rate        float64
		limit       int64
		takes       time.Duration
		interrupt   time.Duration // 0: not at all
		wantCount   int
		wantElapsed time.Duration
		wantUnsent  int64
		wantLate    time.Duration // of the last
	}{
		{name: "as fast as answered", workers: 2, takes: 100 * time.Millisecond, wantCount: 20, wantElapsed: time.Second},
		{name: "begun is waited for", workers: 1, takes: 700 * time.Millisecond, wantCount: 2, wantElapsed: 1400 * time.Millisecond},
		{name: "rate kept", workers: 2, rate: 10, takes: time.Millisecond, wantCount: 10, wantElapsed: 901 * time.Millisecond},
		{name: "rate not kept", workers: 1, rate: 10, takes: 200 * time.Millisecond, wantCount: 5, wantElapsed: time.Second, wantUnsent: 5, wantLate: 400 * time.Millisecond},
		{name: "limit", workers: 3, limit: 7, takes: 10 * time.Millisecond, wantCount: 7, wantElapsed: 30 * time.Millisecond},
		{name: "limit and rate", workers: 1, rate: 10, limit: 3, takes: time.Millisecond, wantCount: 3, wantElapsed: 201 * time.Millisecond},
		{name: "interrupted", workers: 1, takes: 100 * time.Millisecond, interrupt: 250 * time.Millisecond, wantCount: 3, wantElapsed: 300 * time.Millisecond},
		{name: "interrupted between two", workers: 1, rate: 2, takes: time.Millisecond, interrupt: 250 * time.Millisecond, wantCount: 1, wantElapsed: 250 * time.Millisecond},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if c.interrupt > 0 {
					defer time.AfterFunc(c.interrupt, cancel).Stop()
				}
				var mu sync.Mutex
				var numbers []int64
				var lastLate time.Duration
				d := &drive{workers: c.workers, duration: time.Second, rate: c.rate, limit: c.limit,
					perform: func(ctx context.Context, n int64, late time.Duration) {
						time.Sleep(c.takes)
						if ctx.Err() != nil {
							t.Error("an operation under way was ended")
						}
						mu.Lock()
						defer mu.Unlock()
						numbers, lastLate = append(numbers, n), late
					}}
				elapsed, unsent := d.run(ctx)
				if len(numbers) != c.wantCount || elapsed != c.wantElapsed || unsent != c.wantUnsent || lastLate != c.wantLate {
					t.Errorf("%d operations in %v, %d unsent, the last %v late; want %d, %v, %d, %v",
						len(numbers), elapsed, unsent, lastLate, c.wantCount, c.wantElapsed, c.wantUnsent, c.wantLate)
				}
				slices.Sort(numbers)
				for i, n := range numbers {
					if n != int64(i) {
						t.Fatalf("numbers %v", numbers)
					}
				}
			})
		})
	}
}

func TestDriveWithoutTimeDoesNothing(t *testing.T) {
	d := &drive{workers: 3, perform: func(context.Context, int64, time.Duration) { t.Error("performed") }}
	d.run(t.Context())
}

func TestEvery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		stop := every(time.Second, func() { calls++ })
		time.Sleep(3500 * time.Millisecond)
		stop()
		if calls != 3 {
			t.Errorf("%d calls", calls)
		}
		every(0, func() { t.Error("called") })()
	})
}
