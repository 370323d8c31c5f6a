package local

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/poolhouse/poolhouse/internal/trigger"
)

// invocation is one call, from the runner to the program.
type invocation struct {
	id, function string
	event        []byte
	deadline     time.Time
	done         chan result // has room for the one result
}

type result struct {
	answer []byte
	err    error
}

// process is a running program and the runtime API that it asks.
type process struct {
	runner *Runner
	cmd    *exec.Cmd
	code   stamp // of its files when it was started
	work   chan *invocation
	ready  chan struct{} // closed when it first asks for an event
	gone   chan struct{} // closed when it has ended
	expiry *time.Timer   // runs while it is idle

	becameReady sync.Once
	killed      atomic.Pointer[string] // why the server ended it

	mu      sync.Mutex
	current *invocation            // what the program works on
	broken  *trigger.FunctionError // what it said of its start
	exit    error                  // how it ended; valid once gone is closed
}

// start runs the program. It does not wait for it.
func (r *Runner) start(code stamp) (*process, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	address, prefix := listener.Addr().String(), ""
	if r.guarded {
		prefix = "/" + rand.Text()
	}
	p := &process{
		runner: r, code: code,
		work: make(chan *invocation, 1), ready: make(chan struct{}), gone: make(chan struct{}),
	}
	p.expiry = time.AfterFunc(r.o.Idle, func() { r.expire(p) })
	p.expiry.Stop()

	p.cmd = exec.Command(r.command[0], r.command[1:]...) //nolint:gosec // what to run is the operator's to say
	p.cmd.Dir = r.o.Dir
	p.cmd.Env = environment(r.o, address+prefix)
	p.cmd.WaitDelay = time.Second // for those who hold its output after its end
	stdout, stderr := p.output("stdout"), p.output("stderr")
	p.cmd.Stdout, p.cmd.Stderr = stdout, stderr
	apart(p.cmd)

	server := &http.Server{Handler: p.api(prefix, address), ReadHeaderTimeout: 5 * time.Second, MaxHeaderBytes: 16 << 10}
	listener = &own{listener}
	begun := make(chan error, 1)
	r.ended.Go(func() {
		// The kernel ends the program with the thread that started it.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := p.cmd.Start()
		begun <- err
		if err != nil {
			return
		}
		err = p.cmd.Wait()
		killGroup(p.cmd) // what it has left behind
		server.Close()
		stdout.flush()
		stderr.flush()
		p.end(err)
	})
	if err := <-begun; err != nil {
		listener.Close()
		return nil, err
	}
	go func() { _ = server.Serve(listener) }() // ends with the program
	go p.watch(limit(p.cmd.Process.Pid, r.o.Memory))
	r.o.Logger.Info("started a function's program", "pid", p.cmd.Process.Pid)
	return p, nil
}

// own lets in the connections of this user only, where that can be told.
type own struct{ net.Listener }

// Accept waits for the next connection of this user.
func (l *own) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil || !stranger(conn) {
			return conn, err
		}
		conn.Close()
	}
}

// watch kills a program that does not start in time or becomes too large. size
// tells its memory in MB; nil where that cannot be known.
func (p *process) watch(size func() int) {
	late := time.NewTimer(p.runner.o.InitTimeout)
	defer late.Stop()
	var look <-chan time.Time
	if size != nil {
		ticker := time.NewTicker(100 * time.Millisecond)
		defer ticker.Stop()
		look = ticker.C
	}
	ready := p.ready
	for {
		select {
		case <-p.gone:
			return
		case <-ready:
			late.Stop()
			ready = nil
		case <-late.C:
			p.kill("it did not start in time")
		case <-look:
			if size() > p.runner.o.Memory {
				p.kill("it needs too much memory")
			}
		}
	}
}

// kill ends the program and all that it has started. The first reason counts.
func (p *process) kill(reason string) {
	if p.killed.CompareAndSwap(nil, &reason) {
		killGroup(p.cmd)
	}
}

// over is true for a program that has ended or is about to.
func (p *process) over() bool {
	select {
	case <-p.gone:
		return true
	default:
		return p.killed.Load() != nil
	}
}

// wasReady is true once the program has asked for an event.
func (p *process) wasReady() bool {
	select {
	case <-p.ready:
		return true
	default:
		return false
	}
}

// end takes note that the program has ended.
func (p *process) end(err error) {
	reason := "it ended by itself"
	if killed := p.killed.Load(); killed != nil {
		reason = *killed
	}
	p.mu.Lock()
	p.exit = err
	p.mu.Unlock()
	// Told first, so that whoever sees it gone does not find it again.
	p.runner.left(p, p.wasReady(), p.failure(nil))
	close(p.gone)
	p.runner.o.Logger.Info("a function's program has ended", "pid", p.cmd.Process.Pid, "reason", reason, "err", err)
}

// failure is what a call is told whose program has ended, as Lambda tells it.
func (p *process) failure(call *invocation) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.broken != nil {
		return p.broken
	}
	exit := "exit status 0"
	if p.exit != nil {
		exit = p.exit.Error()
	}
	if errors.Is(p.exit, exec.ErrWaitDelay) {
		exit = "exit status 0"
	}
	text := "Error: Runtime exited with error: " + exit
	if call != nil {
		text = fmt.Sprintf("RequestId: %s %s", call.id, text)
	}
	return &trigger.FunctionError{Type: "Runtime.ExitError", Message: text}
}

// take is the call of an id that the program works on. nil: it works on none of
// that id, or has answered already.
func (p *process) take(id string) *invocation {
	p.mu.Lock()
	defer p.mu.Unlock()
	call := p.current
	if call == nil || call.id != id {
		return nil
	}
	p.current = nil
	return call
}

// working is the id of the call that the program works on, or empty.
func (p *process) working() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.current == nil {
		return ""
	}
	return p.current.id
}
