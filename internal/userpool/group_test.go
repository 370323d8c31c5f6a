package userpool

import (
	"fmt"
	"testing"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/store/storetest"
)

func createGroup(t testing.TB, p *Pools, poolID, name string) *store.Group {
	t.Helper()
	group, err := p.CreateGroup(t.Context(), poolID, name, GroupSettings{})
	if err != nil {
		t.Fatal(err)
	}
	return group
}

// insertUsers adds users user0, user1, ... with subs sub0, sub1, ...
func insertUsers(t testing.TB, p *Pools, pool *Pool, count int, also func(tx *store.Tx, u *store.User) error) {
	t.Helper()
	if err := p.db.Update(t.Context(), func(tx *store.Tx) error {
		for n := range count {
			u := &store.User{PoolID: pool.ID, Sub: fmt.Sprint("sub", n), Username: fmt.Sprint("user", n), Status: "CONFIRMED", Enabled: true}
			if err := pool.insert(tx, u); err != nil {
				return err
			}
			if err := also(tx, u); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

func TestGroupLimits(t *testing.T) {
	p := memoryPools(t, PoolsOptions{Limits: PoolLimits{GroupsPerPool: 2, GroupsPerUser: 1}})
	pool, other := createPool(t, p, NewPool{}), createPool(t, p, NewPool{})
	insertUsers(t, p, pool, 1, func(*store.Tx, *store.User) error { return nil })
	for _, name := range []string{"a", "b"} {
		createGroup(t, p, pool.ID, name)
	}
	_, err := p.CreateGroup(t.Context(), pool.ID, "c", GroupSettings{})
	wantFault(t, err, fault.LimitExceeded, "The maximum number of groups, 2, is reached.")
	_, err = p.CreateGroup(t.Context(), pool.ID, "a", GroupSettings{})
	wantFault(t, err, fault.GroupExists, "A group with the name already exists.")
	_, err = p.Group(t.Context(), pool.ID, "c")
	wantFault(t, err, fault.ResourceNotFound, "Group not found.")
	createGroup(t, p, other.ID, "c")

	add := func(group string) error { return p.AddToGroup(t.Context(), pool.ID, group, "user0") }
	if err := add("a"); err != nil {
		t.Fatal(err)
	}
	wantFault(t, add("b"), fault.LimitExceeded, "The maximum number of groups of a user, 1, is reached.")
	if err := add("a"); err != nil {
		t.Errorf("being added again: %v", err)
	}
	// A deleted group counts for neither.
	if err := p.DeleteGroup(t.Context(), pool.ID, "a"); err != nil {
		t.Fatal(err)
	}
	createGroup(t, p, pool.ID, "c")
	if err := add("c"); err != nil {
		t.Errorf("added after the other group is gone: %v", err)
	}
}

func TestDefaultGroupLimits(t *testing.T) {
	p := memoryPools(t, PoolsOptions{})
	if p.limits.GroupsPerPool != 10_000 || p.limits.GroupsPerUser != 100 {
		t.Errorf("limits %+v", p.limits)
	}
}

// A large group is gone at once, on both databases, and its memberships go in
// steps, also where the process died between two.
func TestDeleteGroup(t *testing.T) {
	for name, open := range map[string]func(testing.TB) *store.DB{"sqlite": storetest.Memory, "postgres": storetest.Postgres} {
		t.Run(name, func(t *testing.T) {
			p := poolsOn(t, open(t), keys.GenerateMasterKey(), PoolsOptions{})
			pool := createPool(t, p, NewPool{})
			group := createGroup(t, p, pool.ID, "all")
			const users = 2*clearStep + 10
			insertUsers(t, p, pool, users, func(tx *store.Tx, u *store.User) error {
				return tx.AddGroupMember(pool.ID, group.ID, u.Sub)
			})
			members := func() (n int) {
				t.Helper()
				if err := p.db.View(t.Context(), func(tx *store.Tx) error {
					list, err := tx.ListUsersInGroup(pool.ID, group.ID, "", 2*users)
					n = len(list)
					return err
				}); err != nil {
					t.Fatal(err)
				}
				return n
			}
			if err := p.DeleteGroup(t.Context(), pool.ID, "all"); err != nil {
				t.Fatal(err)
			}
			if got := members(); got != users-clearStep {
				t.Errorf("%d memberships are left after the deletion, want %d", got, users-clearStep)
			}
			wantFault(t, p.DeleteGroup(t.Context(), pool.ID, "all"), fault.ResourceNotFound, "Group not found.")
			createGroup(t, p, pool.ID, "all")
			if groups, _, err := p.GroupsOf(t.Context(), pool.ID, "user0", "", MaxPage); err != nil || len(groups) != 0 {
				t.Errorf("groups of a user of a deleted group: %v, %v", groups, err)
			}
			if err := p.ClearDeleted(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := members(); got != 0 {
				t.Errorf("%d memberships are left after clearing", got)
			}
			if err := p.db.View(t.Context(), func(tx *store.Tx) error {
				left, err := tx.DeletedGroups()
				if len(left) != 0 {
					t.Errorf("still to clear: %v", left)
				}
				return err
			}); err != nil {
				t.Fatal(err)
			}
		})
	}
}
