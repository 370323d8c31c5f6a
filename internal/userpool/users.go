package userpool

import (
	"context"
	"encoding/base64"
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/message"
	"github.com/poolhouse/poolhouse/internal/store"
)

// Users are the users of all pools: their passwords, their codes and what they
// may do with their own account. Its methods may be called concurrently.
type Users struct {
	db     *store.DB
	ring   *keys.Ring
	outbox *message.Outbox
	limits Limits
	decoy  string // what VerifyPassword opens where there is no password

	domainURL func(*Domain) string // see SetDomainURL
	leaked    func(string) bool    // see SetLeaked

	hashing chan struct{} // holds a token for each imported hash that is being checked
}

// NewUsers returns the users of a database.
func NewUsers(db *store.DB, ring *keys.Ring, outbox *message.Outbox, limits Limits) *Users {
	return &Users{db: db, ring: ring, outbox: outbox, limits: limits, decoy: sealDecoy(ring), hashing: newHashTurns()}
}

var (
	errNoUser = fault.New(fault.UserNotFound, "User does not exist.")

	// errNoUserOfClient is what the operations that take a ClientId answer.
	errNoUserOfClient = fault.New(fault.UserNotFound, "Username/client id combination not found.")

	errDisabled    = fault.New(fault.NotAuthorized, "User is disabled.")
	errCredentials = fault.New(fault.NotAuthorized, "Incorrect username or password.")
)

// Find returns the user that is called name: the username, an alias that counts
// or the sub. The error is UserNotFoundException.
func (u *Users) Find(ctx context.Context, pool *Pool, name string) (*store.User, error) {
	var user *store.User
	err := u.db.View(ctx, func(tx *store.Tx) error {
		var err error
		user, err = pool.Find(tx, name)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, errNoUser
	}
	return user, err
}

// Modify changes the user that is called name in one transaction, in which
// change gets a copy to write to; it may run more than once. It returns the user
// as it is now. The errors are UserNotFoundException, AliasExistsException and
// what change returns.
func (u *Users) Modify(ctx context.Context, pool *Pool, name string,
	change func(tx *store.Tx, user *store.User) error) (*store.User, error) {
	var changed *store.User
	err := u.db.Update(ctx, func(tx *store.Tx) error {
		old, err := pool.Find(tx, name)
		if errors.Is(err, store.ErrNotFound) {
			return errNoUser
		}
		if err != nil {
			return err
		}
		changed, err = pool.Change(tx, old, func(user *store.User) error { return change(tx, user) })
		return err
	})
	if err != nil {
		return nil, aliasExists(err)
	}
	return changed, nil
}

// attempt runs fn in a transaction that commits even if fn refuses, for a wrong
// guess must count; the refusal is the answer.
func (u *Users) attempt(ctx context.Context, fn func(tx *store.Tx) (refused, err error)) error {
	var refused error
	err := u.db.Update(ctx, func(tx *store.Tx) error {
		var err error
		refused, err = fn(tx)
		return err
	})
	if err != nil {
		return err
	}
	return refused
}

// insert adds a new user with what follows from its fields. A name that is taken
// gives a *store.NameTakenError.
func (p *Pool) insert(tx *store.Tx, user *store.User) error {
	p.derive(user)
	if err := p.guardNames(tx, user, user.Names); err != nil {
		return err
	}
	return tx.InsertUser(user)
}

// guardNames refuses names a user is about to get that would make another user
// unreachable: the sub of one, the username of one as preferred_username, or the
// reverse. The table of names keeps apart only what is of one kind.
func (p *Pool) guardNames(tx *store.Tx, user *store.User, names []store.UserName) error {
	for _, n := range names {
		other := store.UserName{Name: n.Name}
		switch n.Kind {
		case store.NameUsername:
			other.Kind = store.NamePreferredUsername
		case store.NamePreferredUsername:
			other.Kind = store.NameUsername
		default:
			continue
		}
		owner, err := tx.NameOwner(p.ID, other)
		if errors.Is(err, store.ErrNotFound) && subPattern.MatchString(n.Name) {
			owner = strings.ToLower(n.Name)
			_, err = tx.User(p.ID, owner)
		}
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		if owner != user.Sub {
			return &store.NameTakenError{Name: n}
		}
	}
	return nil
}

// added are the names that only now has.
func added(old, now []store.UserName) []store.UserName {
	return slices.DeleteFunc(slices.Clone(now), func(n store.UserName) bool { return slices.Contains(old, n) })
}

// takeAliases takes from other users the verified addresses that the user is
// about to claim in a pool of aliases (ForceAliasCreation). Theirs turn
// unverified.
func (p *Pool) takeAliases(tx *store.Tx, user *store.User) error {
	for _, attribute := range []string{"email", "phone_number"} {
		value := user.Attributes[attribute]
		if value == "" || !slices.Contains(p.AliasAttributes, attribute) || !p.claims(user, attribute) {
			continue
		}
		owner, err := tx.NameOwner(p.ID, store.UserName{Name: p.Fold(value), Kind: aliasKinds[attribute]})
		if errors.Is(err, store.ErrNotFound) || err == nil && owner == user.Sub {
			continue
		}
		if err != nil {
			return err
		}
		old, err := p.User(tx, owner)
		if err != nil {
			return err
		}
		if _, err := p.Change(tx, old, func(u *store.User) error {
			u.Attributes[attribute+"_verified"] = "false"
			return nil
		}); err != nil {
			return err
		}
	}
	return nil
}

const unknownUserPurpose keys.Purpose = "unknown-user"

// UnknownSub stands for a name that nobody has where a row needs a sub: for
// counters and codes that are only pretended. It is a hash, since the name is an
// outsider's text.
func (u *Users) UnknownSub(pool *Pool, name string) string {
	return base64.RawURLEncoding.EncodeToString(u.ring.MAC(unknownUserPurpose, pool.ID, pool.Fold(name)))
}

// aliasExists makes AliasExistsException of a *store.NameTakenError.
func aliasExists(err error) error {
	if taken, ok := errors.AsType[*store.NameTakenError](err); ok {
		return fault.Errorf(fault.AliasExists, "An account with the given %s already exists.", kindAttribute(taken.Name.Kind))
	}
	return err
}

// usernameExists makes UsernameExistsException of a *store.NameTakenError, with
// the given text where the username itself is taken.
func usernameExists(err error, text string) error {
	taken, ok := errors.AsType[*store.NameTakenError](err)
	switch {
	case !ok:
		return err
	case taken.Name.Kind == store.NameUsername:
		return fault.New(fault.UsernameExists, text)
	}
	return fault.Errorf(fault.UsernameExists, "An account with the given %s already exists.", kindAttribute(taken.Name.Kind))
}

func kindAttribute(kind store.NameKind) string {
	for attribute, k := range aliasKinds {
		if k == kind {
			return attribute
		}
	}
	return "username"
}

// subPattern is the form of a sub, in either case.
var subPattern = regexp.MustCompile(`^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$`)

// newSub is a random UUID of version 4.
func newSub() string { return uuid.NewString() }
