package main

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// holder is a user who holds tokens, for operations that begin with one.
type holder struct {
	username string

	mu     sync.Mutex
	held   *tokens
	usable time.Time // until when
}

// holders are a bounded part of the users.
type holders struct {
	all    []holder
	signIn func(ctx context.Context, s *spent, username string) (*tokens, error)

	signIns  atomic.Int64 // that gained or renewed tokens
	requests atomic.Int64 // for that
}

func newHolders(p *pool, o *options) *holders {
	h := &holders{all: make([]holder, min(o.TokenUsers, o.Users)), signIn: p.signInSRP}
	if o.Operations.has(signInPassword) {
		h.signIn = p.signInPassword // cheaper, and the client surely allows it
	}
	for i := range h.all {
		h.all[i].username = o.username(i)
	}
	return h
}

// fill signs all holders in.
func (h *holders) fill(ctx context.Context, workers int) error {
	return each(ctx, workers, len(h.all), func(ctx context.Context, i int) error {
		_, err := h.tokens(ctx, &h.all[i])
		return err
	})
}

// of is the holder who stands for user number i.
func (h *holders) of(i int) *holder { return &h.all[i%len(h.all)] }

// tokens returns the tokens of a holder, and renews them before they expire:
// after nine tenths of their time, so that one in use does not expire under way.
func (h *holders) tokens(ctx context.Context, user *holder) (tokens, error) {
	user.mu.Lock()
	defer user.mu.Unlock()
	if user.held != nil && time.Now().Before(user.usable) {
		return *user.held, nil
	}
	var s spent
	got, err := h.signIn(ctx, &s, user.username)
	h.signIns.Add(1)
	h.requests.Add(int64(s.requests))
	if err != nil {
		return tokens{}, err
	}
	user.hold(got)
	return *got, nil
}

// refreshed takes over the access token that a refresh gave.
func (user *holder) refreshed(got *tokens) {
	user.mu.Lock()
	defer user.mu.Unlock()
	if got.RefreshToken == "" && user.held != nil {
		got.RefreshToken = user.held.RefreshToken
	}
	user.hold(got)
}

func (user *holder) hold(got *tokens) {
	user.held = got
	user.usable = time.Now().Add(time.Duration(got.ExpiresIn) * time.Second * 9 / 10)
}

// drop makes the next use sign in again, unless that happened meanwhile: the
// server no longer takes this access token.
func (user *holder) drop(accessToken string) {
	user.mu.Lock()
	defer user.mu.Unlock()
	if user.held != nil && user.held.AccessToken == accessToken {
		user.held = nil
	}
}
