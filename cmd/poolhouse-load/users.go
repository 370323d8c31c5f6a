package main

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

type userRequest struct {
	UserPoolID    string `json:"UserPoolId"`
	Username      string
	MessageAction string `json:",omitempty"`
	Password      string `json:",omitempty"`
	Permanent     bool   `json:",omitempty"`
}

type userAnswer struct {
	Username   string
	UserStatus string
}

// username is the name of user number i.
func (o *options) username(i int) string { return fmt.Sprintf("%s%07d", o.UserPrefix, i) }

// makeUsers makes those of n users that the pool does not have, several at once.
// It counts the users who are ready into done and ends at the first
// error. reset sets the password of users that exist too.
func (p *pool) makeUsers(ctx context.Context, o *options, done *atomic.Int64) error {
	return each(ctx, o.Concurrency, o.Users, func(ctx context.Context, i int) error {
		if err := p.makeUser(ctx, o.username(i), o.ResetPasswords); err != nil {
			return fmt.Errorf("make user %s: %w", o.username(i), err)
		}
		done.Add(1)
		return nil
	})
}

// makeUser makes a user who can sign in, unless there is one. Reading first
// costs a new user one cheap request and saves an existing one two dear ones. A
// user whom an earlier run made but gave no password to gets it now.
func (p *pool) makeUser(ctx context.Context, username string, reset bool) error {
	request := userRequest{UserPoolID: p.id, Username: username}
	var found userAnswer
	err := p.persist(ctx, "AdminGetUser", request, &found)
	switch {
	case err == nil && found.UserStatus == "CONFIRMED" && !reset:
		return nil
	case refused(err, "UserNotFoundException"):
		create := request
		create.MessageAction = "SUPPRESS"
		err = p.persist(ctx, "AdminCreateUser", create, nil)
		if refused(err, "UsernameExistsException") {
			err = nil // another run, or a repeated request, made it meanwhile
		}
	}
	if err != nil {
		return err
	}
	request.Password, request.Permanent = p.password, true
	return p.persist(ctx, "AdminSetUserPassword", request, nil)
}

// Throttled requests of the preparation are repeated after 100 ms, 200 ms, ...
const (
	maxAttempts  = 7
	firstBackoff = 100 * time.Millisecond
)

// persist makes an administrative request and repeats it while the server says
// that there are too many.
func (p *pool) persist(ctx context.Context, operation string, in, out any) error {
	for backoff, attempt := firstBackoff, 1; ; backoff, attempt = 2*backoff, attempt+1 {
		err := p.api.admin(ctx, new(spent), operation, in, out)
		if !refused(err, "TooManyRequestsException") || attempt == maxAttempts {
			return err
		}
		sleep(ctx, backoff)
	}
}

// each calls do for 0..n-1, several at once, until the first error, which it
// returns, or until ctx ends.
func each(ctx context.Context, workers, n int, do func(ctx context.Context, i int) error) error {
	group, inner := errgroup.WithContext(ctx)
	var next atomic.Int64
	for range min(workers, n) {
		group.Go(func() error {
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				if inner.Err() != nil {
					return context.Cause(inner)
				}
				if err := do(inner, int(i)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	err := group.Wait()
	if ctx.Err() != nil {
		return errors.New("interrupted")
	}
	return err
}
