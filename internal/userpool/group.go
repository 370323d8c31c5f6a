package userpool

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/store"
)

var (
	errNoGroup     = fault.New(fault.ResourceNotFound, "Group not found.")
	errGroupExists = fault.New(fault.GroupExists, "A group with the name already exists.")
)

// GroupSettings are what a request sets of a group. Nil members and an empty role
// are those it leaves out.
type GroupSettings struct {
	Description *string // "" is none
	RoleARN     string
	Precedence  *int32 // 0 is the strongest
}

// CreateGroup makes a group. Errors: ResourceNotFoundException,
// GroupExistsException, LimitExceededException.
func (p *Pools) CreateGroup(ctx context.Context, poolID, name string, s GroupSettings) (*store.Group, error) {
	group := &store.Group{PoolID: poolID, ID: rand.Text(), Name: name, RoleARN: s.RoleARN, Precedence: s.Precedence}
	if s.Description != nil {
		group.Description = *s.Description
	}
	err := p.db.Update(ctx, func(tx *store.Tx) error {
		if _, err := findPool(tx, poolID); err != nil {
			return err
		}
		group.CreatedAt, group.ModifiedAt = tx.Now(), tx.Now()
		if err := tx.InsertGroup(group); err != nil {
			return err
		}
		count, err := tx.CountGroups(poolID)
		if err == nil && count > p.limits.GroupsPerPool {
			err = fault.Errorf(fault.LimitExceeded, "The maximum number of groups, %d, is reached.", p.limits.GroupsPerPool)
		}
		return err
	})
	if errors.Is(err, store.ErrExists) {
		return nil, errGroupExists
	}
	if err != nil {
		return nil, err
	}
	return group, nil
}

// Group returns a group, or ResourceNotFoundException.
func (p *Pools) Group(ctx context.Context, poolID, name string) (*store.Group, error) {
	if _, err := p.Pool(ctx, poolID); err != nil {
		return nil, err
	}
	var group *store.Group
	err := p.db.View(ctx, func(tx *store.Tx) (err error) {
		group, err = findGroup(tx, poolID, name)
		return err
	})
	return group, err
}

// UpdateGroup changes what the settings say of a group and keeps what they leave
// out, as Cognito does; an empty description removes the group's. The error is
// ResourceNotFoundException.
func (p *Pools) UpdateGroup(ctx context.Context, poolID, name string, s GroupSettings) (*store.Group, error) {
	if _, err := p.Pool(ctx, poolID); err != nil {
		return nil, err
	}
	var group *store.Group
	err := p.db.Update(ctx, func(tx *store.Tx) (err error) {
		if group, err = findGroup(tx, poolID, name); err != nil {
			return err
		}
		if s.Description != nil {
			group.Description = *s.Description
		}
		if s.RoleARN != "" {
			group.RoleARN = s.RoleARN
		}
		if s.Precedence != nil {
			group.Precedence = s.Precedence
		}
		group.ModifiedAt = tx.Now()
		return tx.UpdateGroup(group)
	})
	if err != nil {
		return nil, err
	}
	return group, nil
}

// DeleteGroup removes a group, of which nobody is a member from then on. What is
// left of the memberships is cleared away by ClearDeleted. The error is
// ResourceNotFoundException.
func (p *Pools) DeleteGroup(ctx context.Context, poolID, name string) error {
	if _, err := p.Pool(ctx, poolID); err != nil {
		return err
	}
	return p.db.Update(ctx, func(tx *store.Tx) error {
		group, err := findGroup(tx, poolID, name)
		if err != nil {
			return err
		}
		if err := tx.DeleteGroup(poolID, group.ID); err != nil {
			return err
		}
		_, err = tx.ClearDeletedGroup(store.DeletedGroup{PoolID: poolID, ID: group.ID}, clearStep)
		return err
	})
}

// ListGroups returns up to limit groups of a pool, in the order of their names,
// as List does. Errors: ResourceNotFoundException, InvalidParameterException.
func (p *Pools) ListGroups(ctx context.Context, poolID, token string, limit int) (groups []*store.Group, next string, err error) {
	if _, err := p.Pool(ctx, poolID); err != nil {
		return nil, "", err
	}
	list := "groups " + poolID
	after, err := PageAfter(list, token)
	if err != nil {
		return nil, "", err
	}
	if err := p.db.View(ctx, func(tx *store.Tx) (err error) {
		groups, err = tx.ListGroups(poolID, after, limit+1)
		return err
	}); err != nil {
		return nil, "", fmt.Errorf("list groups: %w", err)
	}
	if len(groups) > limit {
		groups = groups[:limit]
		next = PageToken(list, groups[limit-1].Name)
	}
	return groups, next, nil
}

// findGroup reads a group inside a transaction.
func findGroup(tx *store.Tx, poolID, name string) (*store.Group, error) {
	group, err := tx.Group(poolID, name)
	if errors.Is(err, store.ErrNotFound) {
		return nil, errNoGroup
	}
	return group, err
}

// clearGroups clears away what deleted groups left behind.
func (p *Pools) clearGroups(ctx context.Context) error {
	var groups []store.DeletedGroup
	if err := p.db.View(ctx, func(tx *store.Tx) (err error) {
		groups, err = tx.DeletedGroups()
		return err
	}); err != nil {
		return fmt.Errorf("list deleted groups: %w", err)
	}
	for _, group := range groups {
		for done := false; !done; {
			if err := p.db.Update(ctx, func(tx *store.Tx) (err error) {
				done, err = tx.ClearDeletedGroup(group, clearStep)
				return err
			}); err != nil {
				return fmt.Errorf("clear deleted group: %w", err)
			}
		}
	}
	return nil
}
