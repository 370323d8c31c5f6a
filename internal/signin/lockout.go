package signin

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// Cognito's lockout: the fifth wrong password in a row locks the user for one
// second, and each further one for twice as long, up to 15 minutes. A right
// password after the lock, or 15 minutes of peace, start the count anew. Tries
// during the lock are refused unseen and do not count.
const (
	freeFailures = 5
	longestLock  = 15 * time.Minute
	forgetAfter  = 15 * time.Minute
)

var (
	errLocked        = fault.New(fault.NotAuthorized, "Password attempts exceeded")
	errResetRequired = fault.New(fault.PasswordResetRequired, "Password reset required for the user")
)

// failures counts consecutive wrong passwords.
type failures struct {
	count int
	last  time.Time
}

// at is the count as it stands at a time.
func (f failures) at(now time.Time) failures {
	if f.count > 0 && now.Sub(f.last) >= forgetAfter {
		return failures{}
	}
	return f
}

// lock is how long the last failure locks the user.
func (f failures) lock() time.Duration {
	over := f.count - freeFailures
	if over < 0 {
		return 0
	}
	if over >= 10 { // 2^10 s is beyond the longest
		return longestLock
	}
	return time.Second << over
}

func (f failures) locked(now time.Time) bool {
	f = f.at(now)
	return now.Before(f.last.Add(f.lock()))
}

// readFailures reads the count of the attempt's user, or of a name that nobody
// has. The user's row holds its own; where the client conceals who exists, the
// other is read all the same, since a round trip to PostgreSQL can be measured.
func (m *Machine) readFailures(tx *store.Tx, a *attempt) (failures, error) {
	if a.user != nil {
		if !a.client.RevealsUsers() {
			if _, err := tx.Attempts(a.pool.ID, a.user.Sub, passwordAction); err != nil {
				return failures{}, err
			}
		}
		return failures{count: a.user.FailedSignIns, last: a.user.LastFailedAt}, nil
	}
	n, err := tx.Attempts(a.pool.ID, m.users.UnknownSub(a.pool, a.session.Name), passwordAction)
	return failures{count: n.Count, last: n.LastAt}, err
}

// fail counts a wrong password and returns the refusal. It looks at the lock
// again: guesses by several names of a user, or on several nodes, do not wait
// for each other's turn, and all but the first of them must come to nothing.
//
// A user who was imported without a password has none to guess: where the client
// reveals that, any try is told that one must be set, as in Cognito.
func (m *Machine) fail(ctx context.Context, a *attempt) error {
	if u := a.user; u != nil && u.Enabled && u.Status == userpool.StatusResetRequired && u.SealedPassword == "" && a.client.RevealsUsers() {
		return errResetRequired
	}
	err := m.db.Update(ctx, func(tx *store.Tx) error {
		if a.user != nil {
			now, err := tx.User(a.pool.ID, a.user.Sub)
			if errors.Is(err, store.ErrNotFound) { // deleted meanwhile
				return nil
			}
			if err != nil {
				return err
			}
			f := failures{count: now.FailedSignIns, last: now.LastFailedAt}.at(tx.Now())
			if f.locked(tx.Now()) {
				return errLocked
			}
			return tx.SetSignInFailures(a.pool.ID, a.user.Sub, f.count+1, tx.Now())
		}
		f, err := m.readFailures(tx, a)
		if err != nil {
			return err
		}
		if f.locked(tx.Now()) {
			return errLocked
		}
		return tx.PutAttempts(a.pool.ID, m.users.UnknownSub(a.pool, a.session.Name), passwordAction, store.Attempts{
			Count: f.at(tx.Now()).count + 1, LastAt: tx.Now(), ExpiresAt: tx.Now().Add(forgetAfter)})
	})
	if err != nil {
		return err
	}
	return errIncorrect
}

// forgive forgets the wrong passwords before a right one. One that was guessed
// beside others, of which one has locked the user meanwhile, is not right either.
func forgive(tx *store.Tx, a *attempt) error {
	now, err := tx.User(a.pool.ID, a.user.Sub)
	if errors.Is(err, store.ErrNotFound) { // deleted meanwhile
		return errIncorrect
	}
	if err != nil {
		return err
	}
	f := failures{count: now.FailedSignIns, last: now.LastFailedAt}
	switch {
	case f.locked(tx.Now()):
		return errLocked
	case f.count == 0:
		return nil
	}
	return tx.SetSignInFailures(a.pool.ID, a.user.Sub, 0, time.Time{})
}

// passwordAction names the counter of names that nobody has.
const passwordAction = "password"

// turns gives out, per key, one turn at a time: one request on this node tries a
// password of one user, so that a burst of guesses is not judged by a count from
// before the burst. The zero value is ready.
type turns struct {
	mu    sync.Mutex
	queue map[string]*turn
}

type turn struct {
	waiting int // with the one that has it
	free    chan struct{}
}

// take waits for the turn of key. The caller must call release.
func (t *turns) take(ctx context.Context, key string) (release func(), err error) {
	t.mu.Lock()
	q := t.queue[key]
	if q == nil {
		if t.queue == nil {
			t.queue = make(map[string]*turn)
		}
		q = &turn{free: make(chan struct{}, 1)}
		q.free <- struct{}{}
		t.queue[key] = q
	}
	q.waiting++
	t.mu.Unlock()

	leave := func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if q.waiting--; q.waiting == 0 {
			delete(t.queue, key)
		}
	}
	select {
	case <-q.free:
		return func() { q.free <- struct{}{}; leave() }, nil
	case <-ctx.Done():
		leave()
		return nil, context.Cause(ctx)
	}
}
