package local

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"golang.org/x/time/rate"

	"github.com/poolhouse/poolhouse/internal/trigger"
)

// Options say what program to run, and how much of it.
type Options struct {
	Name    string // of the function, for its environment and the log
	Dir     string // where its code is; the program's working directory
	Handler string // as Lambda has it: "index.handler"; not needed for a bootstrap

	// Runtime is "nodejs", "python" or "provided", a version after it is
	// ignored. Empty: what the handler's file in Dir tells.
	Runtime string
	// Program is the interpreter, such as /usr/bin/python3.13. Empty: node or
	// python3, as PATH finds it.
	Program string

	Environment map[string]string // on top of the bare one
	Region      string            // AWS_REGION in the environment

	Memory      int           // MB of one program, default 512
	Concurrency int           // the most programs at once, default 4
	Queue       int           // calls that wait for a program, default 100
	InitTimeout time.Duration // until a program asks for its first event, default 10 s
	Idle        time.Duration // after which a program that nobody calls is ended, default 15 min

	Reload bool         // start anew when a file in Dir has changed
	Logger *slog.Logger // nil: nobody hears of it
}

// Holding off a program that does not start, at first and at most.
const (
	firstHold = 100 * time.Millisecond
	longHold  = 10 * time.Second
)

// callTimeout bounds calls whose context has no deadline.
const callTimeout = 30 * time.Second

// Runner calls the function of one program.
type Runner struct {
	o       Options
	command []string // the program and its arguments
	guarded bool     // the runtime API is below a secret path
	lines   *rate.Limiter

	slots   chan struct{} // one for each call that has a program
	waiting atomic.Int64

	mu       sync.Mutex
	closed   bool
	idle     []*process // the one used last is at the end
	running  map[*process]struct{}
	failures int // programs that did not start, one after another
	lastFail error
	holdTill time.Time
	ended    sync.WaitGroup
}

// New returns a Runner. It fails if the handler or the program is not there.
// Nothing is started yet.
func New(o Options) (*Runner, error) {
	o.Memory = cmp.Or(o.Memory, 512)
	o.Concurrency = cmp.Or(o.Concurrency, 4)
	o.Queue = cmp.Or(o.Queue, 100)
	o.InitTimeout = cmp.Or(o.InitTimeout, 10*time.Second)
	o.Idle = cmp.Or(o.Idle, 15*time.Minute)
	if o.Memory < 64 || o.Concurrency < 1 || o.Queue < 1 || o.InitTimeout < 0 || o.Idle < 0 {
		return nil, errors.New("memory must be at least 64 (MB), concurrency and queue at least 1")
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	o.Logger = o.Logger.With("function", o.Name)
	command, guarded, err := resolve(o)
	if err != nil {
		return nil, err
	}
	return &Runner{
		o: o, command: command, guarded: guarded,
		lines:   rate.NewLimiter(linesPerSecond, linesAtOnce),
		slots:   make(chan struct{}, o.Concurrency),
		running: make(map[*process]struct{}),
	}, nil
}

// Close ends all programs, and returns when they are gone. Calls that are still
// running fail.
func (r *Runner) Close() error {
	r.mu.Lock()
	r.closed, r.idle = true, nil
	for p := range r.running {
		p.kill("the server ends")
	}
	r.mu.Unlock()
	r.ended.Wait()
	return nil
}

// Invoke calls the function, as trigger.Runner says. A call that its caller no
// longer waits for goes on until its deadline, as in Lambda.
func (r *Runner) Invoke(ctx context.Context, function string, event []byte) ([]byte, error) {
	if err := r.acquire(ctx); err != nil {
		return nil, err
	}
	deadline, ok := ctx.Deadline()
	if !ok {
		deadline = time.Now().Add(callTimeout)
	}
	call := &invocation{
		id: cmp.Or(trigger.InvocationID(ctx), uuid.NewString()), function: function,
		event: event, deadline: deadline, done: make(chan result, 1),
	}
	answered := make(chan result, 1)
	go func() {
		defer func() { <-r.slots }()
		answered <- r.call(call)
	}()
	select {
	case got := <-answered:
		return got.answer, got.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// acquire waits until a program may be had.
func (r *Runner) acquire(ctx context.Context) error {
	select {
	case r.slots <- struct{}{}:
		return nil
	default:
	}
	defer r.waiting.Add(-1)
	if r.waiting.Add(1) > int64(r.o.Queue) {
		return &trigger.InvocationError{Name: "TooManyRequestsException", Err: errors.New("too many calls wait for the program"), Final: true}
	}
	select {
	case r.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// call runs a call in a program, from start to end.
func (r *Runner) call(call *invocation) result {
	timer := time.NewTimer(time.Until(call.deadline))
	defer timer.Stop()
	for {
		p, err := r.take()
		if err != nil {
			return result{err: err}
		}
		p.work <- call // has room: the program has no other call
		select {
		case got := <-call.done:
			r.give(p)
			return got
		case <-p.gone:
		case <-timer.C:
			select {
			case <-p.work: // it is still starting; another try may find it ready
				r.give(p)
			default:
				p.kill("a call took too long")
			}
			return result{err: context.DeadlineExceeded}
		}
		select {
		case got := <-call.done: // the last it did was to answer
			return got
		case <-p.work:
			if p.wasReady() {
				continue // it ended after its call before; it has not seen this one
			}
		default:
		}
		return result{err: p.failure(call)}
	}
}

// take returns a program that is free, or a new one.
func (r *Runner) take() (*process, error) {
	var now stamp
	if r.o.Reload {
		now = newestFile(r.o.Dir)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.idle) > 0 {
		p := r.idle[len(r.idle)-1]
		r.idle = r.idle[:len(r.idle)-1]
		p.expiry.Stop()
		switch {
		case p.over():
		case p.code != now:
			p.kill("its code has changed")
		default:
			return p, nil
		}
	}
	switch {
	case r.closed:
		return nil, &trigger.InvocationError{Name: "ServiceException", Err: errors.New("the server ends"), Final: true}
	case r.lastFail != nil && time.Now().Before(r.holdTill) && !r.o.Reload:
		return nil, r.lastFail
	}
	p, err := r.start(now)
	if err != nil {
		return nil, &trigger.InvocationError{Name: "ServiceException", Err: fmt.Errorf("start the program: %w", err), Final: true}
	}
	r.running[p] = struct{}{}
	return p, nil
}

// give returns a program that may serve another call.
func (r *Runner) give(p *process) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed || p.over() {
		return
	}
	r.idle = append(r.idle, p)
	p.expiry.Reset(r.o.Idle)
}

// expire ends a program that nobody has called for long.
func (r *Runner) expire(p *process) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if i := slices.Index(r.idle, p); i >= 0 {
		r.idle = slices.Delete(r.idle, i, i+1)
		p.kill("nobody calls it")
	}
}

// started is told of each program that asks for its first event, and left of
// each that is gone.
func (r *Runner) started() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failures, r.lastFail = 0, nil
}

func (r *Runner) left(p *process, wasReady bool, failure error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.running, p)
	if i := slices.Index(r.idle, p); i >= 0 {
		r.idle = slices.Delete(r.idle, i, i+1)
	}
	if !wasReady && !r.closed {
		r.holdTill = time.Now().Add(min(firstHold<<min(r.failures, 10), longHold))
		r.failures++
		r.lastFail = failure
	}
}
