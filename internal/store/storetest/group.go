package storetest

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/store"
)

// someGroup is a group whose id is not its name.
func someGroup(n int) *store.Group {
	at := time.UnixMilli(1_700_000_000_000 + int64(n)).UTC()
	return &store.Group{PoolID: poolID, ID: fmt.Sprintf("id-%d", 100-n), Name: fmt.Sprintf("group%02d", n), CreatedAt: at, ModifiedAt: at}
}

// groups: kept with what they say, listed by name, and taken away with a pool.
func groups(t *testing.T, db *store.DB) {
	const count = 7
	update(t, db, func(tx *store.Tx) error {
		for n := range count {
			g := someGroup(n)
			switch n {
			case 1:
				g.Precedence = new(int32(0))
			case 2:
				g.Description, g.RoleARN, g.Precedence = "two", "arn:aws:iam::123456789012:role/two", new(int32(2147483647))
			}
			if err := tx.InsertGroup(g); err != nil {
				return err
			}
		}
		other := someGroup(1) // of another pool
		other.PoolID = "us-east-1_Other0001"
		return tx.InsertGroup(other)
	})
	for name, insert := range map[string]func(*store.Group){
		"name": func(g *store.Group) { g.ID = "another" },
		"id":   func(g *store.Group) { g.Name = "another" },
	} {
		g := someGroup(1)
		insert(g)
		err := db.Update(t.Context(), func(tx *store.Tx) error { return tx.InsertGroup(g) })
		if !errors.Is(err, store.ErrExists) {
			t.Errorf("a second group of the %s: %v", name, err)
		}
	}
	for _, name := range []string{"a\tb", "a\nb"} {
		g := someGroup(50)
		g.Name = name
		if err := db.Update(t.Context(), func(tx *store.Tx) error { return tx.InsertGroup(g) }); err == nil {
			t.Errorf("a group may be called %q", name)
		}
	}

	changed := someGroup(2)
	changed.Description, changed.ModifiedAt = "changed", changed.ModifiedAt.Add(time.Hour)
	update(t, db, func(tx *store.Tx) error { return tx.UpdateGroup(changed) })
	view(t, db, func(tx *store.Tx) error {
		if g, err := tx.Group(poolID, "group02"); err != nil || !reflect.DeepEqual(g, changed) {
			t.Errorf("changed to %+v, %v", g, err)
		}
		if g, err := tx.Group(poolID, "group01"); err != nil || g.Precedence == nil || *g.Precedence != 0 {
			t.Errorf("precedence of %+v, %v is not 0", g, err)
		}
		if _, err := tx.Group(poolID, "none"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a group that is not there: %v", err)
		}
		if n, err := tx.CountGroups(poolID); err != nil || n != count {
			t.Errorf("CountGroups = %d, %v", n, err)
		}
		var got []string
		for after, page := "", 3; page == 3; {
			list, err := tx.ListGroups(poolID, after, 3)
			if err != nil {
				return err
			}
			for _, g := range list {
				got = append(got, g.Name)
				after = g.Name
			}
			page = len(list)
		}
		if len(got) != count || !slices.IsSorted(got) {
			t.Errorf("ListGroups gives %v", got)
		}
		return nil
	})
	if err := db.Update(t.Context(), func(tx *store.Tx) error { return tx.UpdateGroup(someGroup(60)) }); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("changing a group that is not there: %v", err)
	}

	update(t, db, addPool(poolID, "n"))
	update(t, db, func(tx *store.Tx) error { return tx.DeleteUserPool(poolID) })
	for done := false; !done; {
		update(t, db, func(tx *store.Tx) (err error) {
			done, err = tx.ClearDeletedUserPool(poolID, 3)
			return err
		})
	}
	view(t, db, func(tx *store.Tx) error {
		if n, err := tx.CountGroups(poolID); err != nil || n != 0 {
			t.Errorf("%d groups of the deleted pool are left, %v", n, err)
		}
		_, err := tx.Group("us-east-1_Other0001", "group01")
		return err
	})
}

// groupMembers: a user's row tells of the groups, and a membership ends with the
// user, with the group at once though it is cleared later, and on its own.
func groupMembers(t *testing.T, db *store.DB) {
	const count = 10
	first, second := someGroup(1), someGroup(2)
	second.RoleARN, second.Precedence = "arn:aws:iam::123456789012:role/two", new(int32(5))
	update(t, db, func(tx *store.Tx) error {
		for _, g := range []*store.Group{first, second} {
			must(t, tx.InsertGroup(g))
		}
		for n := range count {
			must(t, tx.InsertUser(someUser(n)))
			must(t, tx.AddGroupMember(poolID, first.ID, someUser(n).Sub))
		}
		must(t, tx.AddGroupMember(poolID, first.ID, "sub-0001")) // again
		return tx.AddGroupMember(poolID, second.ID, "sub-0001")
	})
	groupsOf := func(sub string) []store.UserGroup {
		t.Helper()
		var all [][]store.UserGroup
		view(t, db, func(tx *store.Tx) error {
			byKey, err := tx.User(poolID, sub)
			must(t, err)
			byName, err := tx.FindUser(poolID, byKey.Username, "")
			must(t, err)
			byToken, _, err := tx.RefreshUser(poolID, sub, "jti")
			for _, u := range []*store.User{byKey, byName, byToken} {
				slices.SortFunc(u.Groups, func(a, b store.UserGroup) int { return cmp.Compare(a.Name, b.Name) })
				all = append(all, u.Groups)
			}
			return err
		})
		if !reflect.DeepEqual(all[0], all[1]) || !reflect.DeepEqual(all[0], all[2]) {
			t.Errorf("groups of %s differ: %v", sub, all)
		}
		return all[0]
	}
	want := []store.UserGroup{{Name: first.Name}, {Name: second.Name, RoleARN: second.RoleARN, Precedence: second.Precedence}}
	if got := groupsOf("sub-0001"); !reflect.DeepEqual(got, want) {
		t.Errorf("groups %+v, want %+v", got, want)
	}
	if got := groupsOf("sub-0002"); !reflect.DeepEqual(got, want[:1]) {
		t.Errorf("groups %+v, want %+v", got, want[:1])
	}
	members := func(g *store.Group) (subs []string) {
		t.Helper()
		view(t, db, func(tx *store.Tx) error {
			for after, page := "", 4; page == 4; {
				list, err := tx.ListUsersInGroup(poolID, g.ID, after, 4)
				if err != nil {
					return err
				}
				for _, u := range list {
					subs = append(subs, u.Sub)
					after = u.Sub
				}
				page = len(list)
			}
			return nil
		})
		return subs
	}
	if got := members(first); len(got) != count || !slices.IsSorted(got) {
		t.Errorf("members %v", got)
	}
	view(t, db, func(tx *store.Tx) error {
		for after, want := range map[string]int{"": 2, first.Name: 1, second.Name: 0} {
			list, err := tx.ListGroupsOfUser(poolID, "sub-0001", after, 10)
			if err != nil || len(list) != want {
				t.Errorf("%d groups behind %q, %v", len(list), after, err)
			}
		}
		list, err := tx.ListGroupsOfUser(poolID, "sub-0001", "", 1)
		if len(list) != 1 || !reflect.DeepEqual(list[0], first) {
			t.Errorf("first group of a user %+v", list)
		}
		return err
	})

	for range 2 {
		update(t, db, func(tx *store.Tx) error { return tx.RemoveGroupMember(poolID, second.ID, "sub-0001") })
	}
	gone := someUser(2)
	update(t, db, func(tx *store.Tx) error { return tx.DeleteUser(gone) })
	update(t, db, func(tx *store.Tx) error { return tx.InsertUser(gone) })
	if got := groupsOf("sub-0001"); !reflect.DeepEqual(got, want[:1]) {
		t.Errorf("groups of who was taken out: %+v", got)
	}
	if got := groupsOf(gone.Sub); got != nil {
		t.Errorf("groups of who was deleted: %+v", got)
	}
	if got := members(second); len(got) != 0 {
		t.Errorf("members of the second group: %v", got)
	}

	// A group of the same name is another one.
	update(t, db, func(tx *store.Tx) error { return tx.DeleteGroup(poolID, first.ID) })
	again := someGroup(1)
	again.ID = "again"
	update(t, db, func(tx *store.Tx) error { return tx.InsertGroup(again) })
	if got := groupsOf("sub-0001"); got != nil {
		t.Errorf("groups of who was in a deleted group: %+v", got)
	}
	if got := members(again); len(got) != 0 {
		t.Errorf("members of a new group: %v", got)
	}
	left := func() (n int) {
		t.Helper()
		view(t, db, func(tx *store.Tx) error {
			for i := range count {
				is, err := tx.GroupMember(poolID, first.ID, someUser(i).Sub)
				if err != nil {
					return err
				}
				if is {
					n++
				}
			}
			return nil
		})
		return n
	}
	for _, want := range []int{count - 1, count - 5, count - 9, 0} { // nine are left to clear
		if got := left(); got != want {
			t.Errorf("%d memberships are left, want %d", got, want)
		}
		var deleted []store.DeletedGroup
		update(t, db, func(tx *store.Tx) (err error) {
			if deleted, err = tx.DeletedGroups(); err != nil || len(deleted) == 0 {
				return err
			}
			_, err = tx.ClearDeletedGroup(deleted[0], 4)
			return err
		})
		if (len(deleted) == 1) != (want > 0) {
			t.Errorf("with %d memberships the groups to clear are %v", want, deleted)
		}
	}
	if err := db.Update(t.Context(), func(tx *store.Tx) error { return tx.DeleteGroup(poolID, first.ID) }); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("deleting a group twice: %v", err)
	}
}
