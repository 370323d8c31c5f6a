package store

import (
	"context"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"
)

const (
	// maxWait is how long a transaction waits to begin.
	maxWait = 10 * time.Second

	// A group is committed when nobody waits, or at these bounds, which keep the
	// answer to its first member near.
	groupSize = 256
	groupTime = 20 * time.Millisecond

	// idleAfter is how long nobody must have written before the WAL is emptied.
	idleAfter = 5 * time.Second
)

// job is an update on its way through the writer.
type job struct {
	ctx   context.Context
	fn    func(*Tx) error
	state atomic.Int32 // who took it: the writer, or its caller to give up
	done  chan struct{}

	// The answer, valid when done is closed.
	err      error
	version  int64
	panicked any
	goexit   bool
}

const (
	jobWaiting = iota
	jobTaken
	jobGivenUp
)

// writer owns SQLite's one writing connection. Its goroutine takes the updates
// that wait, runs each in a savepoint of one transaction, and answers all of
// them after one COMMIT, so that they share its fsync.
type writer struct {
	db      *DB
	open    func(context.Context) (*conn, error)
	jobs    chan *job
	quit    chan struct{}
	stopped chan struct{}
	conn    *conn  // nil after a failure
	group   []*job // those whose functions ran, in the transaction under way
}

func (w *writer) update(ctx context.Context, fn func(*Tx) error) (int64, error) {
	j := &job{ctx: ctx, fn: fn, done: make(chan struct{})}
	timer := time.NewTimer(maxWait)
	defer timer.Stop()
	queue := w.jobs
	for {
		var giveUp error
		select {
		case queue <- j:
			queue = nil // sent; a nil channel is never ready
			continue
		case <-j.done:
			return j.answer()
		case <-ctx.Done():
			giveUp = ctx.Err()
		case <-timer.C:
			giveUp = ErrBusy
		case <-w.stopped:
			giveUp = ErrClosed
		}
		if j.state.CompareAndSwap(jobWaiting, jobGivenUp) {
			return 0, giveUp
		}
		<-j.done
		return j.answer()
	}
}

func (j *job) answer() (int64, error) {
	if j.panicked != nil {
		panic(j.panicked)
	}
	if j.goexit {
		runtime.Goexit() // as in a test's t.FailNow inside the function
	}
	return j.version, j.err
}

func (w *writer) run() {
	ended := false
	defer func() {
		if !ended { // a function called runtime.Goexit
			w.abandon(errGoexit)
			go w.run()
		}
	}()
	idle := time.NewTimer(idleAfter)
	for {
		select {
		case j := <-w.jobs:
			w.commitGroup(j)
			idle.Reset(idleAfter)
		case <-idle.C:
			w.emptyWAL()
		case <-w.quit:
			w.finish()
			ended = true
			return
		}
	}
}

// finish commits what waits and lets go of the connection.
func (w *writer) finish() {
	for {
		select {
		case j := <-w.jobs:
			w.commitGroup(j)
			continue
		default:
		}
		break
	}
	w.emptyWAL()
	w.drop()
	close(w.stopped)
}

// commitGroup commits first together with the updates that wait.
func (w *writer) commitGroup(first *job) {
	if err := w.begin(); err != nil {
		if first.state.CompareAndSwap(jobWaiting, jobTaken) {
			first.err = fmt.Errorf("store: begin: %w", err)
			close(first.done)
		}
		return
	}
	started := time.Now()
	for j := first; j != nil; j = w.next(started) {
		if !j.state.CompareAndSwap(jobWaiting, jobTaken) {
			continue
		}
		if j.err = j.ctx.Err(); j.err != nil {
			close(j.done)
			continue
		}
		w.group = append(w.group, j)
		if err := w.runJob(j); err != nil {
			w.abandon(fmt.Errorf("store: the group's transaction was lost: %w", err))
			return
		}
	}
	if err := w.conn.control("COMMIT"); err != nil {
		w.abandon(fmt.Errorf("store: commit: %w", err))
		return
	}
	w.answerGroup()
}

func (w *writer) begin() (err error) {
	if w.conn == nil {
		if w.conn, err = w.open(context.Background()); err != nil {
			return err
		}
	}
	if err := w.conn.control("BEGIN IMMEDIATE"); err != nil {
		w.drop()
		return err
	}
	return nil
}

// next is a job that waits already, if the group may grow.
func (w *writer) next(started time.Time) *job {
	if len(w.group) >= groupSize || time.Since(started) > groupTime {
		return nil
	}
	select {
	case j := <-w.jobs:
		return j
	default:
	}
	// Let those that are about to send do so; this delays nobody when none is.
	runtime.Gosched()
	select {
	case j := <-w.jobs:
		return j
	default:
		return nil
	}
}

// runJob runs a job in a savepoint. It returns an error only if the
// transaction as a whole is lost.
func (w *writer) runJob(j *job) error {
	if err := w.conn.control("SAVEPOINT job"); err != nil {
		return err
	}
	tx := w.db.newTx(j.ctx, steady{w.conn})
	func() {
		returned := false
		defer func() {
			if returned {
				return
			}
			if j.panicked = recover(); j.panicked == nil {
				j.goexit = true // and the goroutine goes on ending, see run
			}
		}()
		j.err = tx.call(j.fn)
		returned = true
	}()
	if j.err != nil || j.panicked != nil {
		if err := w.conn.control("ROLLBACK TO job"); err != nil {
			return err
		}
	} else {
		j.version = tx.version
	}
	return w.conn.control("RELEASE job")
}

// abandon rolls back the group and replaces the connection. Those that failed
// by themselves keep their own error.
func (w *writer) abandon(err error) {
	w.drop()
	for _, j := range w.group {
		if j.err == nil {
			j.err = err
		}
	}
	w.answerGroup()
}

func (w *writer) answerGroup() {
	for i, j := range w.group {
		close(j.done)
		w.group[i] = nil
	}
	w.group = w.group[:0]
	if w.conn != nil {
		w.conn.trim()
	}
}

func (w *writer) drop() {
	if w.conn != nil {
		w.conn.close() // rolls back
		w.conn = nil
	}
}

// emptyWAL checkpoints and truncates the WAL, unless a reader or another
// process is in the way, for which it does not wait long.
func (w *writer) emptyWAL() {
	if w.conn == nil {
		return
	}
	for _, text := range []string{
		"PRAGMA busy_timeout = 50", "PRAGMA wal_checkpoint(TRUNCATE)", "PRAGMA busy_timeout = 5000",
	} {
		if err := w.conn.control(text); err != nil {
			w.db.log.Warn("cannot empty the WAL", "err", err)
			w.drop()
			return
		}
	}
}
