package verify

import (
	"context"
	"crypto/rsa"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// minKeyTTL bounds how often an issuer can make us come back.
	minKeyTTL = time.Minute
	// patience is how long a token waits for a refresh of keys that are too old,
	// before it is checked by them after all.
	patience = time.Second
)

// keySet holds the keys behind one URL. Reading them takes no lock.
type keySet struct {
	url      string
	client   *http.Client
	now      func() time.Time
	ttl      time.Duration // how long keys are fresh, at most
	stale    time.Duration // how long they are used when the issuer is down
	interval time.Duration // between the starts of two fetches
	timeout  time.Duration // of one

	current atomic.Pointer[keys] // nil: never fetched

	mu        sync.Mutex
	flight    *flight   // the fetch in the air, nil if there is none
	attempted time.Time // when the last one began, zero if there was none
	failure   error     // of the last one that ended
}

// keys are what one fetch brought; they do not change.
type keys struct {
	byID       map[string]*rsa.PublicKey
	generation uint64 // higher for each change of byID
	fixed      bool   // given, not fetched: they have no times
	fetched    time.Time
	refresh    time.Time // from here on a fetch in the background is due
	expires    time.Time // from here on tokens wait for it
	end        time.Time // from here on the keys are worth nothing
}

// flight is a fetch that others can wait for.
type flight struct {
	done chan struct{} // closed at the end
	err  error         // set before that
}

// get returns keys to verify with now. It waits for a fetch if there are none or
// if they are too old, and starts one if they will be soon.
func (s *keySet) get(ctx context.Context) (*keys, error) {
	k := s.current.Load()
	if k != nil && k.fixed {
		return k, nil
	}
	now := s.now()
	if k != nil && now.Before(k.expires) {
		if !now.Before(k.refresh) || now.Before(k.fetched) {
			s.start()
		}
		return k, nil
	}
	down := s.lastFailure() != nil
	f := s.start()
	switch {
	case k == nil || !now.Before(k.end):
		if f != nil {
			if err := f.wait(ctx); err != nil {
				return nil, s.unavailable(err)
			}
		}
		// Without a flight, one may have ended since k was loaded.
		if k = s.current.Load(); k == nil || !now.Before(k.end) {
			return nil, s.unavailable(s.lastFailure())
		}
	case f != nil && !down:
		ctx, cancel := context.WithTimeout(ctx, patience)
		_ = f.wait(ctx) // whatever came of it, k may still be used
		cancel()
	}
	return s.current.Load(), nil
}

// find returns the key of an id and the keys it is from. If there is none it
// asks the issuer again, unless that was done a moment ago.
func (s *keySet) find(ctx context.Context, id string) (*rsa.PublicKey, *keys, error) {
	k, err := s.get(ctx)
	if err != nil {
		return nil, nil, err
	}
	if key := k.byID[id]; key != nil {
		return key, k, nil
	}
	if k.fixed {
		return nil, nil, fail(ErrUnknownKey)
	}
	if f := s.start(); f != nil {
		if err := f.wait(ctx); err != nil {
			return nil, nil, s.unavailable(err)
		}
	}
	k = s.current.Load() // without a flight too: one may have ended just now
	if key := k.byID[id]; key != nil {
		return key, k, nil
	}
	if err := s.lastFailure(); err != nil {
		return nil, nil, s.unavailable(err) // the issuer may have the key; nobody knows
	}
	return nil, nil, fail(ErrUnknownKey)
}

// start returns the fetch in the air, or starts one; nil if the last began less
// than an interval ago. A clock that was set back does not lengthen that.
func (s *keySet) start() *flight {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.flight != nil {
		return s.flight
	}
	now := s.now()
	if since := now.Sub(s.attempted); !s.attempted.IsZero() && since >= 0 && since < s.interval {
		return nil
	}
	s.attempted = now
	s.flight = &flight{done: make(chan struct{})}
	go s.fetch(s.flight)
	return s.flight
}

// fetch belongs to no request: it goes on when the one that began it gives up.
func (s *keySet) fetch(f *flight) {
	byID, ttl, err := s.load()
	s.mu.Lock()
	if err == nil {
		s.put(byID, ttl)
	}
	s.failure = err
	s.flight = nil
	s.mu.Unlock()
	f.err = err
	close(f.done)
}

// load reads the keys and how long they are fresh.
func (s *keySet) load() (map[string]*rsa.PublicKey, time.Duration, error) {
	body, header, err := get(context.Background(), s.client, s.url, maxKeyBytes, s.timeout)
	if err != nil {
		return nil, 0, err
	}
	byID, err := parseJWKS(body)
	if err != nil {
		return nil, 0, fmt.Errorf("GET %s: %w", s.url, err)
	}
	ttl := s.ttl
	if age, ok := maxAge(header); ok {
		ttl = min(ttl, max(age, minKeyTTL))
	}
	return byID, ttl, nil
}

// put makes keys current. The mutex is held.
func (s *keySet) put(byID map[string]*rsa.PublicKey, ttl time.Duration) {
	now := s.now()
	k := &keys{
		byID:    byID,
		fetched: now,
		refresh: now.Add(ttl * 3 / 4),
		expires: now.Add(ttl),
		end:     now.Add(ttl + s.stale),
	}
	if old := s.current.Load(); old != nil {
		k.generation = old.generation
		if !maps.EqualFunc(old.byID, byID, func(a, b *rsa.PublicKey) bool { return a.Equal(b) }) {
			k.generation++
		}
	}
	s.current.Store(k)
}

// ready says whether there are keys that may be used.
func (s *keySet) ready() error {
	if k := s.current.Load(); k != nil && (k.fixed || s.now().Before(k.end)) {
		return nil
	}
	return s.unavailable(s.lastFailure())
}

func (s *keySet) lastFailure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failure
}

func (s *keySet) unavailable(cause error) error {
	if cause == nil {
		cause = errors.New("not fetched yet")
	}
	return &Error{Code: ErrKeysUnavailable, Err: cause}
}

// wait returns how the fetch ended, or why the caller could not wait for it.
func (f *flight) wait(ctx context.Context) error {
	select {
	case <-f.done:
		return f.err
	case <-ctx.Done():
		return ctx.Err()
	}
}
