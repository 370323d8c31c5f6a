package storetest

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/store"
)

const poolID = "us-east-1_Example01"

// someUser is a user with a name, an alias and a search index.
func someUser(n int) *store.User {
	name := fmt.Sprintf("user%04d", n)
	at := time.UnixMilli(1_700_000_000_123 + int64(n)).UTC()
	return &store.User{
		PoolID: poolID, Sub: fmt.Sprintf("sub-%04d", n), Username: name, Status: "CONFIRMED", Enabled: n%2 == 0,
		Attributes:     map[string]string{"email": name + "@example.com", "custom:team": fmt.Sprintf("team%d", n%3)},
		SealedPassword: "sealed", CreatedAt: at, ModifiedAt: at,
		Names: []store.UserName{{Name: name, Kind: store.NameUsername}, {Name: name + "@example.com", Kind: store.NameEmail}},
		Index: []store.AttributeIndex{{Name: "email", Value: name + "@example.com"}, {Name: "custom:team", Value: fmt.Sprintf("team%d", n%3)}},
	}
}

func update(t *testing.T, db *store.DB, fn func(*store.Tx) error) {
	t.Helper()
	must(t, db.Update(t.Context(), fn))
}

func view(t *testing.T, db *store.DB, fn func(*store.Tx) error) {
	t.Helper()
	must(t, db.View(t.Context(), fn))
}

// users: a user is found by each of its names, and by no other after a change.
func users(t *testing.T, db *store.DB) {
	u := someUser(1)
	update(t, db, func(tx *store.Tx) error { return tx.InsertUser(u) })
	find := func(name string) *store.User {
		t.Helper()
		var found *store.User
		err := db.View(t.Context(), func(tx *store.Tx) (err error) {
			found, err = tx.FindUser(poolID, name, name)
			return err
		})
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			t.Fatal(err)
		}
		return found
	}
	want := *u
	want.Names, want.Index = nil, nil
	for _, name := range []string{"user0001", "user0001@example.com", "sub-0001"} {
		if got := find(name); !reflect.DeepEqual(got, &want) {
			t.Errorf("FindUser(%q) = %+v, want %+v", name, got, &want)
		}
	}
	for _, name := range []string{"user0002", "USER0001", ""} {
		if got := find(name); got != nil {
			t.Errorf("FindUser(%q) = %+v, want nobody", name, got)
		}
	}

	t.Run("a taken name", func(t *testing.T) {
		other := someUser(2)
		other.Names = append(other.Names, store.UserName{Name: "user0001@example.com", Kind: store.NameEmail})
		err := db.Update(t.Context(), func(tx *store.Tx) error { return tx.InsertUser(other) })
		var taken *store.NameTakenError
		if !errors.As(err, &taken) || taken.Name.Kind != store.NameEmail || !errors.Is(err, store.ErrExists) {
			t.Fatalf("error %v, want the taken email", err)
		}
		if find("user0002") != nil {
			t.Error("half of the refused user was written")
		}
	})
	t.Run("an update moves names and index", func(t *testing.T) {
		now := *u
		now.Attributes = map[string]string{"email": "new@example.com"}
		now.Status, now.Enabled = "RESET_REQUIRED", true
		now.Names = []store.UserName{{Name: "user0001", Kind: store.NameUsername}, {Name: "new@example.com", Kind: store.NameEmail}}
		now.Index = []store.AttributeIndex{{Name: "email", Value: "new@example.com"}}
		update(t, db, func(tx *store.Tx) error { return tx.UpdateUser(u, &now) })
		if find("user0001@example.com") != nil {
			t.Error("the old email still finds the user")
		}
		if got := find("new@example.com"); got == nil || got.Status != "RESET_REQUIRED" || !got.Enabled {
			t.Errorf("the new email finds %+v", got)
		}
		u = &now
	})
	t.Run("failures and sign-out", func(t *testing.T) {
		at := time.UnixMilli(1_700_000_000_999).UTC()
		update(t, db, func(tx *store.Tx) error {
			if err := tx.SetSignInFailures(poolID, u.Sub, 3, at); err != nil {
				return err
			}
			return tx.SignOutUser(poolID, u.Sub, at)
		})
		if got := find("user0001"); got.FailedSignIns != 3 || !got.LastFailedAt.Equal(at) || !got.SignedOutAt.Equal(at) {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("delete", func(t *testing.T) {
		update(t, db, func(tx *store.Tx) error {
			must(t, tx.PutCode(&store.Code{PoolID: poolID, Sub: u.Sub, Purpose: "p", ExpiresAt: tx.Now()}))
			return tx.DeleteUser(u)
		})
		for _, name := range []string{"user0001", "new@example.com", u.Sub} {
			if find(name) != nil {
				t.Errorf("%q still finds the deleted user", name)
			}
		}
		view(t, db, func(tx *store.Tx) error {
			if _, err := tx.Code(poolID, u.Sub, "p"); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("the code of a deleted user: %v", err)
			}
			return nil
		})
		err := db.Update(t.Context(), func(tx *store.Tx) error { return tx.DeleteUser(u) })
		if !errors.Is(err, store.ErrNotFound) {
			t.Errorf("deleting twice: %v", err)
		}
	})
}

// userLists: every field lists the right users, page by page, each once, also
// when others are inserted between two pages.
func userLists(t *testing.T, db *store.DB) {
	const count = 25
	update(t, db, func(tx *store.Tx) error {
		for n := range count {
			if err := tx.InsertUser(someUser(n)); err != nil {
				return err
			}
		}
		return nil
	})
	later := count
	for _, c := range []struct {
		name  string
		query store.UserQuery
		want  func(n int) bool
	}{
		{"all", store.UserQuery{}, func(int) bool { return true }},
		{"sub", store.UserQuery{Field: store.BySub, Value: "sub-0007"}, func(n int) bool { return n == 7 }},
		{"sub prefix", store.UserQuery{Field: store.BySub, Value: "sub-000", Prefix: true}, func(n int) bool { return n < 10 }},
		{"username", store.UserQuery{Field: store.ByUsername, Value: "user0003"}, func(n int) bool { return n == 3 }},
		{"username prefix", store.UserQuery{Field: store.ByUsername, Value: "user001", Prefix: true}, func(n int) bool { return n >= 10 && n < 20 }},
		{"status", store.UserQuery{Field: store.ByStatus, Value: "CONFIRMED"}, func(int) bool { return true }},
		{"other status", store.UserQuery{Field: store.ByStatus, Value: "UNCONFIRMED"}, func(int) bool { return false }},
		{"enabled", store.UserQuery{Field: store.ByEnabled, Value: "1"}, func(n int) bool { return n%2 == 0 }},
		{"disabled", store.UserQuery{Field: store.ByEnabled, Value: "0"}, func(n int) bool { return n%2 == 1 }},
		{"attribute", store.UserQuery{Field: store.ByAttribute, Attribute: "custom:team", Value: "team2"}, func(n int) bool { return n%3 == 2 }},
		{"attribute prefix", store.UserQuery{Field: store.ByAttribute, Attribute: "email", Value: "user002", Prefix: true}, func(n int) bool { return n >= 20 && n < count }},
		{"attribute nobody has", store.UserQuery{Field: store.ByAttribute, Attribute: "name", Prefix: true}, func(int) bool { return false }},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.query.PoolID, c.query.Limit = poolID, 4
			var got []string
			for {
				var page []*store.User
				view(t, db, func(tx *store.Tx) (err error) {
					page, c.query.After, err = tx.ListUsers(c.query)
					return err
				})
				for _, u := range page {
					got = append(got, u.Username)
				}
				if len(page) < c.query.Limit {
					break
				}
				later++
				stranger := someUser(later)
				stranger.Sub = "s" // before all others
				stranger.Sub += fmt.Sprint(later)
				update(t, db, func(tx *store.Tx) error { return tx.InsertUser(stranger) })
			}
			seen := slices.Compact(slices.Sorted(slices.Values(got)))
			if len(seen) != len(got) {
				t.Errorf("some users are listed twice: %v", got)
			}
			for n := range count {
				name := fmt.Sprintf("user%04d", n)
				if slices.Contains(got, name) != c.want(n) {
					t.Errorf("%s listed: %t, want %t", name, !c.want(n), c.want(n))
				}
			}
		})
	}
	view(t, db, func(tx *store.Tx) error {
		n, err := tx.CountUsers(poolID, 10)
		if n != 10 {
			t.Errorf("CountUsers with limit 10 = %d", n)
		}
		return err
	})
}

// pools: pools and clients, and what a deleted pool leaves behind.
func pools(t *testing.T, db *store.DB) {
	at := time.UnixMilli(1_700_000_000_000).UTC()
	pool := &store.UserPool{ID: poolID, Name: "n", Doc: "{}", CreatedAt: at, ModifiedAt: at}
	client := &store.UserPoolClient{PoolID: poolID, ID: "client", Name: "c", Doc: "{}", CreatedAt: at, ModifiedAt: at}
	update(t, db, func(tx *store.Tx) error {
		must(t, tx.InsertUserPool(pool))
		must(t, tx.InsertUserPoolClient(client))
		return tx.InsertSigningKey(store.SigningKey{PoolID: poolID, KeyID: "k", TokenUse: "id", CreatedAt: at, ActiveAt: at})
	})
	for name, insert := range map[string]func(*store.Tx) error{
		"pool": func(tx *store.Tx) error { return tx.InsertUserPool(pool) },
		"client in another pool": func(tx *store.Tx) error {
			c := *client
			c.PoolID = "us-east-1_Other0001"
			return tx.InsertUserPoolClient(&c)
		},
	} {
		if err := db.Update(t.Context(), insert); !errors.Is(err, store.ErrExists) {
			t.Errorf("a second %s of the id: %v", name, err)
		}
	}
	view(t, db, func(tx *store.Tx) error {
		gotPool, err := tx.UserPool(poolID)
		if err != nil || !reflect.DeepEqual(gotPool, pool) {
			t.Errorf("pool %+v, %v", gotPool, err)
		}
		gotClient, err := tx.UserPoolClient("client")
		if err != nil || !reflect.DeepEqual(gotClient, client) {
			t.Errorf("client %+v, %v", gotClient, err)
		}
		return nil
	})

	const count = 30
	update(t, db, func(tx *store.Tx) error {
		for n := range count {
			must(t, tx.InsertUser(someUser(n)))
		}
		must(t, tx.PutCode(&store.Code{PoolID: poolID, Sub: "sub-0001", Purpose: "p", ExpiresAt: at}))
		must(t, tx.RevokeToken(poolID, "jti", at))
		return tx.DeleteUserPool(poolID)
	})
	view(t, db, func(tx *store.Tx) error {
		if _, err := tx.UserPoolClient("client"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("the client of a deleted pool: %v", err)
		}
		if keys, _ := tx.SigningKeys(poolID); len(keys) != 0 {
			t.Errorf("a deleted pool has keys: %v", keys)
		}
		deleted, err := tx.DeletedUserPools()
		if len(deleted) != 1 {
			t.Errorf("deleted pools %v", deleted)
		}
		return err
	})
	steps := 0
	for done := false; !done; steps++ {
		update(t, db, func(tx *store.Tx) (err error) {
			done, err = tx.ClearDeletedUserPool(poolID, 20)
			return err
		})
	}
	if steps < 2 {
		t.Errorf("cleared %d users in %d steps of 20 rows", count, steps)
	}
	view(t, db, func(tx *store.Tx) error {
		if n, _ := tx.CountUsers(poolID, 100); n != 0 {
			t.Errorf("%d users are left", n)
		}
		deleted, err := tx.DeletedUserPools()
		if len(deleted) != 1 { // watched for a while, see ClearDeletedUserPool
			t.Errorf("deleted pools %v", deleted)
		}
		return err
	})
}

// marks: what is counted, spent, revoked and rotated, and when it is forgotten.
func marks(t *testing.T, db *store.DB) {
	now := db.Now()
	soon := now.Add(time.Hour)
	update(t, db, func(tx *store.Tx) error {
		for want := 1; want <= 3; want++ {
			n, err := tx.CountAttempt(poolID, "subject", "action", time.Hour)
			if err != nil || n != want {
				t.Errorf("attempt %d counted as %d, %v", want, n, err)
			}
		}
		must(t, tx.PutAttempts(poolID, "old", "action", store.Attempts{Count: 9, LastAt: now.Add(-3 * time.Hour), ExpiresAt: now.Add(-2 * time.Hour)}))
		if a, err := tx.Attempts(poolID, "old", "action"); err != nil || a.Count != 0 {
			t.Errorf("an expired counter is %+v, %v", a, err)
		}
		return nil
	})
	for i, want := range []bool{true, false} {
		update(t, db, func(tx *store.Tx) error {
			first, err := tx.SpendSession(poolID, "session", soon)
			if first != want {
				t.Errorf("use %d of a session: first = %t", i+1, first)
			}
			return err
		})
	}
	user := someUser(1)
	update(t, db, func(tx *store.Tx) error {
		must(t, tx.InsertUser(user))
		must(t, tx.RevokeToken(poolID, "dead", soon))
		must(t, tx.RevokeToken(poolID, "dead", soon))
		must(t, tx.PutRotation(poolID, "family", store.Rotation{Generation: 1, RotatedAt: now}, soon))
		return tx.PutRotation(poolID, "family", store.Rotation{Generation: 2, RotatedAt: soon}, soon)
	})
	view(t, db, func(tx *store.Tx) error {
		for jti, want := range map[string]bool{"dead": true, "alive": false} {
			u, revoked, err := tx.TokenUser(poolID, user.Sub, jti)
			if err != nil || u.Username != user.Username || revoked != want {
				t.Errorf("TokenUser(%s) = %+v, %t, %v", jti, u, revoked, err)
			}
		}
		r, err := tx.Rotation(poolID, "family")
		if r.Generation != 2 || !r.RotatedAt.Equal(soon) {
			t.Errorf("rotation %+v", r)
		}
		if spent, _ := tx.SessionSpent(poolID, "session"); !spent {
			t.Error("the session is not spent")
		}
		if spent, _ := tx.SessionSpent("us-east-1_Other0001", "session"); spent {
			t.Error("another pool's session is spent")
		}
		return err
	})
	t.Run("expire", func(t *testing.T) {
		past := now.Add(-2 * time.Hour)
		update(t, db, func(tx *store.Tx) error {
			if _, err := tx.DeleteExpired(100); err != nil { // the old counter
				return err
			}
			for i := range 5 {
				if _, err := tx.SpendSession(poolID, fmt.Sprint("old", i), past); err != nil {
					return err
				}
			}
			return tx.RevokeToken(poolID, "old", past)
		})
		for _, want := range []int64{5, 2, 0} { // three sessions, the token and its event; two sessions
			update(t, db, func(tx *store.Tx) error {
				n, err := tx.DeleteExpired(3)
				if n != want {
					t.Errorf("DeleteExpired(3) = %d, want %d", n, want)
				}
				return err
			})
		}
		update(t, db, func(tx *store.Tx) error { // what anybody can have us keep goes first
			if _, err := tx.SpendSession(poolID, "proof", now.Add(-11*time.Minute)); err != nil {
				return err
			}
			if _, err := tx.SpendSession(poolID, "late", now.Add(-9*time.Minute)); err != nil {
				return err
			}
			must(t, tx.RevokeToken(poolID, "recent", now.Add(-11*time.Minute)))
			n, err := tx.DeleteExpired(3)
			if n != 1 {
				t.Errorf("%d recent rows were removed, want 1", n)
			}
			return err
		})
		view(t, db, func(tx *store.Tx) error {
			for id, want := range map[string]bool{"session": true, "proof": false, "late": true} {
				if spent, _ := tx.SessionSpent(poolID, id); spent != want {
					t.Errorf("%s: spent %t", id, spent)
				}
			}
			return nil
		})
	})
}

// messages: the newest first, narrowed by each field.
func messages(t *testing.T, db *store.DB) {
	update(t, db, func(tx *store.Tx) error {
		for n := range 6 {
			must(t, tx.InsertMessage(&store.Message{ID: fmt.Sprint(n), PoolID: fmt.Sprint("pool", n%2), Username: fmt.Sprint("user", n%3),
				Recipient: fmt.Sprint("to", n), SealedDoc: "x", CreatedAt: time.UnixMilli(1000)}))
		}
		return nil
	})
	for _, c := range []struct {
		filter store.MessageFilter
		limit  int
		want   []string
	}{
		{store.MessageFilter{}, 4, []string{"5", "4", "3", "2"}},
		{store.MessageFilter{PoolID: "pool1"}, 10, []string{"5", "3", "1"}},
		{store.MessageFilter{Username: "user0"}, 10, []string{"3", "0"}},
		{store.MessageFilter{Recipient: "to2"}, 10, []string{"2"}},
		{store.MessageFilter{PoolID: "pool0", Username: "user1"}, 10, []string{"4"}},
	} {
		view(t, db, func(tx *store.Tx) error {
			list, err := tx.ListMessages(c.filter, c.limit)
			var ids []string
			for _, m := range list {
				ids = append(ids, m.ID)
			}
			if !slices.Equal(ids, c.want) {
				t.Errorf("ListMessages(%+v) = %v, want %v", c.filter, ids, c.want)
			}
			return err
		})
	}
	update(t, db, func(tx *store.Tx) error { return tx.TrimMessages(4, 100) })
	view(t, db, func(tx *store.Tx) error {
		list, err := tx.ListMessages(store.MessageFilter{}, 10)
		if len(list) != 4 || list[3].ID != "2" {
			t.Errorf("after a trim to 4 there are %d", len(list))
		}
		return err
	})
}

// accessKeys: kept, listed, revoked once.
func accessKeys(t *testing.T, db *store.DB) {
	at := time.UnixMilli(5000).UTC()
	key := store.AccessKey{ID: "AKIA1", Name: "ci", SealedSecret: "s", Policy: "{}", CreatedAt: at}
	update(t, db, func(tx *store.Tx) error { return tx.InsertAccessKey(key) })
	for _, revoke := range []time.Time{at.Add(time.Second), at.Add(time.Hour)} {
		update(t, db, func(tx *store.Tx) error { return tx.RevokeAccessKey(key.ID, revoke) })
	}
	key.RevokedAt = at.Add(time.Second)
	view(t, db, func(tx *store.Tx) error {
		got, err := tx.AccessKey(key.ID)
		if got != key {
			t.Errorf("got %+v, want %+v", got, key)
		}
		return err
	})
	if err := db.Update(t.Context(), func(tx *store.Tx) error { return tx.RevokeAccessKey("no", at) }); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("revoking a key that is not there: %v", err)
	}
}
