package middleware

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// flights lets several requests that need the same result wait for one call.
// The zero value is ready.
type flights[T any] struct {
	mu      sync.Mutex
	running map[string]*flight[T]
}

type flight[T any] struct {
	done  chan struct{} // closed at the end
	value T             // set before that, as err
	err   error
}

// do returns what call returned, for this request or for another one with the
// same key at the same time. The call belongs to no request: it keeps the values
// of ctx but ends by the timeout alone. A request waits as long as its ctx lasts.
func (f *flights[T]) do(ctx context.Context, key string, timeout time.Duration, call func(context.Context) (T, error)) (T, error) {
	f.mu.Lock()
	running := f.running[key]
	if running == nil {
		running = &flight[T]{done: make(chan struct{})}
		if f.running == nil {
			f.running = make(map[string]*flight[T])
		}
		f.running[key] = running
		go func() {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), timeout)
			defer cancel()
			defer func() {
				// net/http would catch it in the request's goroutine; nobody does here.
				if p := recover(); p != nil {
					running.err = fmt.Errorf("panic: %v", p)
				}
				f.mu.Lock()
				delete(f.running, key)
				f.mu.Unlock()
				close(running.done)
			}()
			running.value, running.err = call(ctx)
		}()
	}
	f.mu.Unlock()
	select {
	case <-running.done:
		return running.value, running.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}
