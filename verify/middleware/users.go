package middleware

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/poolhouse/poolhouse/verify"
)

// ErrUserExists is what a Create returns whose user was made by somebody else in
// the meantime, such as another node. The user is then found.
var ErrUserExists = errors.New("middleware: user exists")

// createTimeout bounds a Find and Create for a new user.
const createTimeout = 10 * time.Second

// Finder is a *Users of any type of user.
type Finder interface {
	find(ctx context.Context, c *Caller) (any, error)
	check() error
}

// Users maps callers to the users of an application. Key and Find must be given,
// or FromCaller alone for users that are stored nowhere.
type Users[U any] struct {
	// Key is what users are found by: BySubject, ByUsername, ByEmail, ByClaim or
	// a function like them.
	Key Key
	// Find returns the user of a key. For one that does not exist its error is
	// verify.ErrUserNotFound; any other error becomes a 503.
	Find func(ctx context.Context, key string) (U, error)
	// Create makes the user of a key that was not found; nil refuses such callers.
	// It is called once for all first requests of a user on this node, and must be
	// safe against other nodes by a unique key: see ErrUserExists.
	Create func(ctx context.Context, key string, c *Caller) (U, error)
	// Inactive reports users that are not let in.
	Inactive func(U) bool
	// FromCaller makes a user of what the token says, in place of Key and Find.
	FromCaller func(context.Context, *Caller) (U, error)

	creating flights[U]
}

// UserFrom returns the user that Options.Users found for the request with this
// context.
func UserFrom[U any](ctx context.Context) (user U, ok bool) {
	c, ok := From(ctx)
	if !ok {
		return user, false
	}
	user, ok = c.user.(U)
	return user, ok
}

func (u *Users[U]) check() error {
	switch {
	case u == nil:
		return errors.New("middleware: Users is a nil pointer")
	case u.FromCaller != nil && (u.Key != nil || u.Find != nil || u.Create != nil):
		return errors.New("middleware: Users has FromCaller and Key, Find or Create")
	case u.FromCaller == nil && (u.Key == nil || u.Find == nil):
		return errors.New("middleware: Users has no Key or no Find")
	}
	return nil
}

func (u *Users[U]) find(ctx context.Context, c *Caller) (any, error) {
	user, err := u.get(ctx, c)
	if err != nil {
		return nil, err
	}
	if u.Inactive != nil && u.Inactive(user) {
		return nil, &verify.Error{Code: verify.ErrUserInactive}
	}
	return user, nil
}

func (u *Users[U]) get(ctx context.Context, c *Caller) (user U, err error) {
	if u.FromCaller != nil {
		return u.FromCaller(ctx, c)
	}
	key, err := u.Key(ctx, c)
	if err != nil {
		return user, fmt.Errorf("middleware: key of user: %w", err)
	}
	if key == "" {
		return user, &verify.Error{Code: verify.ErrUserNotFound}
	}
	user, err = u.Find(ctx, key)
	if u.Create == nil || !errors.Is(err, verify.ErrUserNotFound) {
		return user, wrap("find user", err)
	}
	return u.creating.do(ctx, key, createTimeout, func(ctx context.Context) (U, error) {
		// Whoever was first may have ended between our Find and now.
		user, err := u.Find(ctx, key)
		if !errors.Is(err, verify.ErrUserNotFound) {
			return user, wrap("find user", err)
		}
		user, err = u.Create(ctx, key, c)
		if errors.Is(err, ErrUserExists) {
			user, err = u.Find(ctx, key)
			return user, wrap("find user", err)
		}
		return user, wrap("create user", err)
	})
}

func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("middleware: %s: %w", what, err)
}

// Key says what a caller's user is found by. "" means that the token has none,
// and the caller is refused.
type Key func(context.Context, *Caller) (string, error)

// BySubject finds users by the claim sub, which never changes and is never given
// to another user. It is the key to prefer.
func BySubject(_ context.Context, c *Caller) (string, error) { return c.Token.Subject(), nil }

// ByUsername finds users by their name in the pool.
func ByUsername(_ context.Context, c *Caller) (string, error) { return c.Token.Username(), nil }

// ByEmail finds users by their email address if it is verified; anybody can
// claim another one. For access tokens it asks Options.UserInfo. The address is
// as the user wrote it: compare it as the application compares addresses.
func ByEmail(ctx context.Context, c *Caller) (string, error) {
	p, err := c.Profile(ctx)
	if err != nil || !p.EmailVerified() {
		return "", err
	}
	return p.Text("email"), nil
}

// ByClaim finds users by a claim that is a string. For a claim that the access
// token does not have it asks Options.UserInfo. Users can write some of their
// attributes themselves: such a claim is no key.
func ByClaim(name string) Key {
	return func(ctx context.Context, c *Caller) (string, error) {
		if text := c.Token.Text(name); text != "" {
			return text, nil
		}
		p, err := c.Profile(ctx)
		if err != nil {
			return "", err
		}
		return p.Text(name), nil
	}
}

// User is a user who is stored nowhere; see Stateless.
type User struct {
	Subject  string
	Username string
	Groups   []string
	Scopes   []string
}

// Stateless makes a User of each token.
func Stateless() *Users[User] {
	return &Users[User]{FromCaller: func(_ context.Context, c *Caller) (User, error) {
		t := c.Token
		return User{Subject: t.Subject(), Username: t.Username(), Groups: t.Groups(), Scopes: t.Scopes()}, nil
	}}
}
