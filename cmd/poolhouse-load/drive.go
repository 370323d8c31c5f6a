package main

import (
	"context"
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// drive performs operations for a time.
type drive struct {
	workers  int
	duration time.Duration
	rate     float64 // operations begun per second; 0: as fast as they are answered
	limit    int64   // at most so many operations; 0: no such limit

	// perform performs operation number n, counted from 0; late is how long ago
	// it was due.
	perform func(ctx context.Context, n int64, late time.Duration)

	start    time.Time
	deadline time.Time
	numbers  atomic.Int64
	begun    atomic.Int64
}

// run begins operations until the duration or ctx ends, or the limit is
// reached, and waits for those begun: the context they get does not end with ctx.
// It returns how long that took, and how many operations the rate asked
// for that were not begun because all workers were waiting.
func (d *drive) run(ctx context.Context) (elapsed time.Duration, unsent int64) {
	d.start = time.Now()
	d.deadline = d.start.Add(d.duration)
	var workers sync.WaitGroup
	for range d.workers {
		workers.Go(func() {
			for {
				n, late, ok := d.next(ctx)
				if !ok {
					return
				}
				d.begun.Add(1)
				d.perform(context.WithoutCancel(ctx), n, late)
			}
		})
	}
	workers.Wait()
	elapsed = time.Since(d.start)
	return elapsed, d.unsent(min(elapsed, d.duration))
}

// next waits until an operation is due, or says that there is none any more.
func (d *drive) next(ctx context.Context) (n int64, late time.Duration, ok bool) {
	n = d.numbers.Add(1) - 1
	if d.limit > 0 && n >= d.limit {
		return 0, 0, false
	}
	now := time.Now()
	if d.rate > 0 {
		after := time.Duration(float64(n) / d.rate * float64(time.Second))
		if after >= d.duration {
			return 0, 0, false
		}
		late = now.Sub(d.start) - after
		if late < 0 {
			sleep(ctx, -late)
			late, now = 0, time.Now()
		}
	}
	return n, late, ctx.Err() == nil && now.Before(d.deadline)
}

func (d *drive) unsent(within time.Duration) int64 {
	if d.rate == 0 {
		return 0
	}
	due := int64(math.Ceil(d.rate * within.Seconds()))
	if d.limit > 0 {
		due = min(due, d.limit)
	}
	return max(due-d.begun.Load(), 0)
}

// sleep returns after wait, or when ctx ends.
func sleep(ctx context.Context, wait time.Duration) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
