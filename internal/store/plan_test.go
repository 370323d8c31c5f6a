package store_test

import (
	"strings"
	"testing"

	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/store/storetest"
)

// A list must start at its cursor and read no more than a page: neither a scan
// of the pool nor a sort.
func TestListUsersUsesIndexes(t *testing.T) {
	db := storetest.SQLite(t)
	for name, q := range map[string]store.UserQuery{
		"all":              {},
		"sub":              {Field: store.BySub, Value: "a"},
		"username":         {Field: store.ByUsername, Value: "a", Prefix: true},
		"status":           {Field: store.ByStatus, Value: "CONFIRMED"},
		"enabled":          {Field: store.ByEnabled, Value: "1"},
		"attribute":        {Field: store.ByAttribute, Attribute: "email", Value: "a"},
		"attribute prefix": {Field: store.ByAttribute, Attribute: "email", Value: "a", Prefix: true},
		"attribute, later": {Field: store.ByAttribute, Attribute: "email", Value: "a", After: store.UserCursor{Value: "a", Sub: "b"}},
	} {
		t.Run(name, func(t *testing.T) {
			q.PoolID, q.Limit = "pool", 60
			plan, err := store.ExplainListUsers(t.Context(), db, q)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(plan, "SCAN") || strings.Contains(plan, "TEMP B-TREE") {
				t.Errorf("plan:\n%s", plan)
			}
		})
	}
}

// A verifier that has read almost everything must not cost a walk through the
// rest.
func TestRevocationEventsUsesItsKey(t *testing.T) {
	plan, err := store.ExplainRevocationEvents(t.Context(), storetest.SQLite(t))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(plan, "(pool_id=? AND (recorded_at,id)>(?,?))") || strings.Contains(plan, "TEMP B-TREE") {
		t.Errorf("plan:\n%s", plan)
	}
}
