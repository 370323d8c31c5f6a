package userpool

import (
	"context"
	"errors"
	"fmt"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/store"
)

// AddToGroup puts the user called username into a group; doing so again changes
// nothing. Errors: ResourceNotFoundException, UserNotFoundException,
// LimitExceededException.
func (p *Pools) AddToGroup(ctx context.Context, poolID, group, username string) error {
	return p.changeMember(ctx, poolID, group, username, func(tx *store.Tx, g *store.Group, user *store.User) error {
		member, err := tx.GroupMember(poolID, g.ID, user.Sub)
		if err != nil || member {
			return err
		}
		if len(user.Groups) >= p.limits.GroupsPerUser {
			return fault.Errorf(fault.LimitExceeded, "The maximum number of groups of a user, %d, is reached.", p.limits.GroupsPerUser)
		}
		return tx.AddGroupMember(poolID, g.ID, user.Sub)
	})
}

// RemoveFromGroup takes the user called username out of a group, where the user
// need not be. Errors: ResourceNotFoundException, UserNotFoundException.
func (p *Pools) RemoveFromGroup(ctx context.Context, poolID, group, username string) error {
	return p.changeMember(ctx, poolID, group, username, func(tx *store.Tx, g *store.Group, user *store.User) error {
		return tx.RemoveGroupMember(poolID, g.ID, user.Sub)
	})
}

func (p *Pools) changeMember(ctx context.Context, poolID, group, username string,
	change func(tx *store.Tx, g *store.Group, user *store.User) error) error {
	pool, err := p.Pool(ctx, poolID)
	if err != nil {
		return err
	}
	return p.db.Update(ctx, func(tx *store.Tx) error {
		g, err := findGroup(tx, poolID, group)
		if err != nil {
			return err
		}
		user, err := findMember(tx, pool, username)
		if err != nil {
			return err
		}
		return change(tx, g, user)
	})
}

// GroupsOf returns up to limit groups of the user called username, in the order
// of their names, as List does. Errors: ResourceNotFoundException,
// UserNotFoundException, InvalidParameterException.
func (p *Pools) GroupsOf(ctx context.Context, poolID, username, token string, limit int) (groups []*store.Group, next string, err error) {
	pool, err := p.Pool(ctx, poolID)
	if err != nil {
		return nil, "", err
	}
	var list string
	err = p.db.View(ctx, func(tx *store.Tx) error {
		user, err := findMember(tx, pool, username)
		if err != nil {
			return err
		}
		list = "groups of " + poolID + " " + user.Sub
		after, err := PageAfter(list, token)
		if err != nil {
			return err
		}
		if groups, err = tx.ListGroupsOfUser(poolID, user.Sub, after, limit+1); err != nil {
			return fmt.Errorf("list the groups of a user: %w", err)
		}
		return nil
	})
	if err != nil {
		return nil, "", err
	}
	if len(groups) > limit {
		groups = groups[:limit]
		next = PageToken(list, groups[limit-1].Name)
	}
	return groups, next, nil
}

// UsersIn returns up to limit users of a group, in the order of their subs, as
// List does. Errors: ResourceNotFoundException, InvalidParameterException.
func (p *Pools) UsersIn(ctx context.Context, poolID, group, token string, limit int) (users []*store.User, next string, err error) {
	if _, err := p.Pool(ctx, poolID); err != nil {
		return nil, "", err
	}
	var list string
	err = p.db.View(ctx, func(tx *store.Tx) error {
		g, err := findGroup(tx, poolID, group)
		if err != nil {
			return err
		}
		list = "users in " + poolID + " " + g.ID
		after, err := PageAfter(list, token)
		if err != nil {
			return err
		}
		if users, err = tx.ListUsersInGroup(poolID, g.ID, after, limit+1); err != nil {
			return fmt.Errorf("list the users of a group: %w", err)
		}
		return nil
	})
	if err != nil {
		return nil, "", err
	}
	if len(users) > limit {
		users = users[:limit]
		next = PageToken(list, users[limit-1].Sub)
	}
	return users, next, nil
}

func findMember(tx *store.Tx, pool *Pool, username string) (*store.User, error) {
	user, err := pool.Find(tx, username)
	if errors.Is(err, store.ErrNotFound) {
		return nil, errNoUser
	}
	return user, err
}
