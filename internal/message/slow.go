package message

import (
	"errors"
	"sync"
	"time"
)

const (
	// slowAfter is what makes a function that fails a slow one.
	slowAfter = 2 * time.Second

	// slowPause is how long nobody asks a slow function.
	slowPause = 5 * time.Second
)

var errSlow = errors.New("the function that sends has not answered other messages")

// slow are the functions that failed and took their time. Each of them is asked
// about one message at a time, and the others are put off at once, so that the
// senders of this node are there for other pools. The zero value is empty.
type slow struct {
	mu   sync.Mutex
	till map[[2]string]time.Time // by pool and medium; zero: it is being asked
}

// enter returns errSlow for a function that must not be asked now.
func (s *slow) enter(poolID, medium string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := [2]string{poolID, medium}
	till, ok := s.till[key]
	switch {
	case !ok:
		return nil
	case till.IsZero() || time.Now().Before(till):
		return errSlow
	}
	s.till[key] = time.Time{}
	return nil
}

// leave takes note of what came of asking a function, and after what time.
func (s *slow) leave(poolID, medium string, took time.Duration, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := [2]string{poolID, medium}
	if err == nil || took < slowAfter {
		delete(s.till, key)
		return
	}
	if s.till == nil {
		s.till = make(map[[2]string]time.Time)
	}
	s.till[key] = time.Now().Add(slowPause)
}
