package store

import (
	"database/sql"
	"strings"
	"testing"
)

// What a sign-in reads of groups, and a page of a group, must not walk through
// the pool.
func TestGroupsUseIndexes(t *testing.T) {
	db, err := Open(t.Context(), Options{URL: "sqlite::memory:", Migrate: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if _, _, err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, query := range map[string]struct {
		text string
		args []any
	}{
		"user":  {`SELECT ` + userColumns + `, ` + userGroups + ` FROM users u WHERE u.pool_id = $1 AND u.sub = $2`, []any{"p", "s"}},
		"users": {listUsersInGroup, []any{"p", "g", "s", 60}},
	} {
		t.Run(name, func(t *testing.T) {
			if err := db.View(t.Context(), func(tx *Tx) error {
				rows, err := tx.query(`EXPLAIN QUERY PLAN `+query.text, query.args...)
				steps, err := collect(rows, err, func(r *sql.Rows) (string, error) {
					var id, parent, unused int
					var detail string
					return detail, r.Scan(&id, &parent, &unused, &detail)
				})
				plan := strings.Join(steps, "\n")
				if !strings.Contains(plan, "SEARCH m ") || strings.Contains(plan, "SCAN m") || strings.Contains(plan, "SCAN u") ||
					strings.Contains(plan, "SCAN g") || strings.Contains(plan, "TEMP B-TREE") {
					t.Errorf("plan:\n%s", plan)
				}
				return err
			}); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// BenchmarkUser reads a user as a refresh does, in no group and in the most there
// may be.
func BenchmarkUser(b *testing.B) {
	for _, groups := range []int{0, 1, 100} {
		b.Run(map[int]string{0: "without groups", 1: "in 1 group", 100: "in 100 groups"}[groups], func(b *testing.B) {
			db, err := Open(b.Context(), Options{URL: fileURL(b), Migrate: true})
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { _ = db.Close() })
			if _, _, err := db.Migrate(b.Context()); err != nil {
				b.Fatal(err)
			}
			if err := db.Update(b.Context(), func(tx *Tx) error {
				for n := range groups {
					g := &Group{PoolID: "p", ID: strings.Repeat("i", n+1), Name: strings.Repeat("g", n+1)}
					if err := tx.InsertGroup(g); err != nil {
						return err
					}
					if err := tx.AddGroupMember("p", g.ID, "s"); err != nil {
						return err
					}
				}
				return tx.InsertUser(&User{PoolID: "p", Sub: "s", Username: "u", Attributes: map[string]string{"email": "u@example.com"}})
			}); err != nil {
				b.Fatal(err)
			}
			b.ResetTimer()
			for range b.N {
				if err := db.View(b.Context(), func(tx *Tx) error {
					u, _, err := tx.RefreshUser("p", "s", "j")
					if err == nil && len(u.Groups) != groups {
						b.Fatalf("%d groups", len(u.Groups))
					}
					return err
				}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
