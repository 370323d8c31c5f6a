package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"
)

// measuredFirst is the number of the first measured operation. The warm-up
// counts from 0, so what is measured does not depend on how far it came.
const measuredFirst = 1 << 40

// load is one run against a pool.
type load struct {
	*options
	pool    *pool
	holders *holders
	by      []*recorder // for each operation of the mix; nil during the warm-up
	count   atomic.Int64
	failed  atomic.Int64
}

// runLoad prepares, measures, cleans up and reports. If ctx ends while it
// measures, the report is about what was measured so far. Cleaning up may fail
// with the report made: then it returns both.
func runLoad(ctx context.Context, o *options, progress io.Writer) (r *report, err error) {
	if _, err := readCPU(o.ServerPID); err != nil {
		return nil, err // before anything is made
	}
	p, remove, err := openPool(ctx, o)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, remove()) }()
	l := &load{options: o, pool: p, holders: newHolders(p, o)}
	if err := l.prepare(ctx, progress); err != nil {
		return nil, err
	}
	l.drive(o.Warmup, 0, 0).run(ctx)
	return l.measure(ctx, progress)
}

func (l *load) prepare(ctx context.Context, progress io.Writer) error {
	var done atomic.Int64
	stop := every(l.Interval, func() { fmt.Fprintf(progress, "users ready: %d of %d\n", done.Load(), l.Users) })
	err := l.pool.makeUsers(ctx, l.options, &done)
	stop()
	if err != nil {
		return err
	}
	if l.Operations.has(getUser) || l.Operations.has(refresh) {
		if err := l.holders.fill(ctx, l.Concurrency); err != nil {
			return fmt.Errorf("sign users in (if they have another password, see --reset-passwords): %w", err)
		}
	}
	return nil
}

func (l *load) measure(ctx context.Context, progress io.Writer) (*report, error) {
	for range l.Operations.names {
		l.by = append(l.by, new(recorder))
	}
	l.count.Store(0)
	l.failed.Store(0)
	signIns, signInRequests := l.holders.signIns.Load(), l.holders.requests.Load()
	before, err := readCPU(l.ServerPID)
	if err != nil {
		return nil, err
	}
	begin, last := time.Now(), int64(0)
	stop := every(l.Interval, func() {
		n := l.count.Load()
		fmt.Fprintf(progress, "%4.0f s: %d operations, %.0f/s, %d errors\n",
			time.Since(begin).Seconds(), n, float64(n-last)/l.Interval.Seconds(), l.failed.Load())
		last = n
	})
	elapsed, unsent := l.drive(l.Duration, measuredFirst, l.Requests).run(ctx)
	stop()
	after, err := readCPU(l.ServerPID)
	if err != nil {
		return nil, err
	}

	r := &report{
		Endpoint: l.Endpoint, UserPoolID: l.pool.id, ClientID: l.pool.clientID,
		Users: l.Users, Concurrency: l.Concurrency, Rate: l.Rate,
		Seconds: elapsed.Round(time.Microsecond).Seconds(), Interrupted: ctx.Err() != nil, Unsent: unsent,
		TokenSignIns: l.holders.signIns.Load() - signIns,
	}
	total := new(recorder)
	for i, name := range l.Operations.names {
		r.Operations = append(r.Operations, newFigures(name, l.by[i], elapsed))
		total.merge(l.by[i])
	}
	r.Total = newFigures("total", total, elapsed)
	requests := r.Total.Requests + l.holders.requests.Load() - signInRequests
	if err := r.addCPU(before, after, requests); err != nil {
		return nil, err
	}
	return r, nil
}

// drive performs the operations from number first on.
func (l *load) drive(duration time.Duration, first, limit int64) *drive {
	return &drive{
		workers: l.Concurrency, duration: duration, rate: l.Rate, limit: limit,
		perform: func(ctx context.Context, n int64, late time.Duration) {
			operation, user := l.Operations.choose(l.Seed, uint64(first+n), l.Users)
			var s spent
			err := l.perform(ctx, &s, l.Operations.names[operation], user)
			if l.by == nil {
				return
			}
			l.by[operation].add(late+s.waited, s.requests, err)
			l.count.Add(1)
			if err != nil {
				l.failed.Add(1)
			}
		},
	}
}

func (l *load) perform(ctx context.Context, s *spent, operation string, user int) error {
	switch operation {
	case signInSRP:
		_, err := l.pool.signInSRP(ctx, s, l.username(user))
		return err
	case signInPassword:
		_, err := l.pool.signInPassword(ctx, s, l.username(user))
		return err
	case adminGetUser:
		return l.pool.adminGetUser(ctx, s, l.username(user))
	}
	holder := l.holders.of(user)
	held, err := l.holders.tokens(ctx, holder)
	if err != nil {
		return err
	}
	if operation == getUser {
		err = l.pool.getUser(ctx, s, holder.username, held.AccessToken)
	} else {
		var got *tokens
		if got, err = l.pool.refresh(ctx, s, holder.username, held.RefreshToken); err == nil {
			holder.refreshed(got)
		}
	}
	if refused(err, "NotAuthorizedException") {
		holder.drop(held.AccessToken)
	}
	return err
}

// every calls do at each interval until stop is called, which waits for it.
// An interval of 0 never comes.
func every(interval time.Duration, do func()) (stop func()) {
	if interval == 0 {
		return func() {}
	}
	end, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		ticker := time.NewTicker(interval)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				do()
			case <-end:
				return
			}
		}
	}()
	return func() { close(end); <-ended }
}
