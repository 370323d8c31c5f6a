package storetest

import (
	"errors"
	"reflect"
	"sync/atomic"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/store"
)

// domains: unique in the deployment, one of a kind in a pool, and each change
// counted.
func domains(t *testing.T, db *store.DB) {
	at := time.UnixMilli(1_700_000_000_123).UTC()
	domain := func(pool, kind, name string) *store.Domain {
		return &store.Domain{PoolID: pool, Kind: kind, Domain: name, Doc: `{}`, CreatedAt: at, ModifiedAt: at}
	}
	var changes atomic.Int32
	db.OnConfigChange(func() { changes.Add(1) })
	const other = "us-east-1_Other0001"
	for _, tc := range []struct {
		name   string
		domain *store.Domain
		want   error
	}{
		{"the first", domain(poolID, "prefix", "a"), nil},
		{"of another kind", domain(poolID, "custom", "id.example.com"), nil},
		{"a second of its kind", domain(poolID, "prefix", "b"), store.ErrExists},
		{"one that another pool has", domain(other, "prefix", "a"), store.ErrExists},
		{"another pool's own", domain(other, "custom", "id.example.org"), nil},
	} {
		err := db.Update(t.Context(), func(tx *store.Tx) error { return tx.InsertDomain(tc.domain) })
		if !errors.Is(err, tc.want) {
			t.Errorf("insert %s: %v, want %v", tc.name, err, tc.want)
		}
	}
	if changes := changes.Load(); changes < 3 {
		t.Errorf("%d changes were told of 3", changes)
	}
	changed := domain(poolID, "prefix", "a")
	changed.Doc, changed.ModifiedAt = `{"x":1}`, at.Add(time.Second)
	update(t, db, func(tx *store.Tx) error { return tx.UpdateDomain(changed) })
	view(t, db, func(tx *store.Tx) error {
		got, err := tx.Domain("a")
		if !reflect.DeepEqual(got, changed) {
			t.Errorf("Domain = %+v, want %+v", got, changed)
		}
		if err != nil {
			return err
		}
		of, err := tx.DomainsOf(poolID)
		if len(of) != 2 || of[0].Domain != "id.example.com" || of[1].Domain != "a" {
			t.Errorf("DomainsOf = %+v", of)
		}
		return err
	})
	for name, fn := range map[string]func(*store.Tx) error{
		"find":                   func(tx *store.Tx) error { _, err := tx.Domain("b"); return err },
		"update one of another":  func(tx *store.Tx) error { return tx.UpdateDomain(domain(other, "prefix", "a")) },
		"delete one of another":  func(tx *store.Tx) error { return tx.DeleteDomain(other, "a") },
		"delete one that is not": func(tx *store.Tx) error { return tx.DeleteDomain(poolID, "b") },
		"find one that is deleted": func(tx *store.Tx) error {
			must(t, tx.DeleteDomain(poolID, "a"))
			_, err := tx.Domain("a")
			return err
		},
	} {
		if err := db.Update(t.Context(), fn); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s: %v, want ErrNotFound", name, err)
		}
	}
}

// replicas: kept by region, and taken away with a pool.
func replicas(t *testing.T, db *store.DB) {
	at := time.UnixMilli(1_700_000_000_123).UTC()
	replica := func(region, status string) *store.Replica {
		return &store.Replica{PoolID: poolID, Region: region, Status: status, Tags: `null`, CreatedAt: at, ModifiedAt: at}
	}
	update(t, db, addPool(poolID, "pool"))
	update(t, db, func(tx *store.Tx) error {
		must(t, tx.InsertReplica(replica("us-west-2", "INACTIVE")))
		must(t, tx.InsertReplica(replica("eu-west-1", "INACTIVE")))
		return tx.UpdateReplica(replica("us-west-2", "ACTIVE"))
	})
	list := func() (regions []string) {
		view(t, db, func(tx *store.Tx) error {
			rows, err := tx.Replicas(poolID)
			for _, r := range rows {
				regions = append(regions, r.Region+" "+r.Status)
			}
			return err
		})
		return regions
	}
	if got := list(); !reflect.DeepEqual(got, []string{"eu-west-1 INACTIVE", "us-west-2 ACTIVE"}) {
		t.Errorf("replicas %q", got)
	}
	view(t, db, func(tx *store.Tx) error {
		got, err := tx.Replica(poolID, "us-west-2")
		if !reflect.DeepEqual(got, replica("us-west-2", "ACTIVE")) {
			t.Errorf("Replica = %+v", got)
		}
		return err
	})
	for name, tc := range map[string]struct {
		fn   func(*store.Tx) error
		want error
	}{
		"insert again": {func(tx *store.Tx) error { return tx.InsertReplica(replica("us-west-2", "INACTIVE")) }, store.ErrExists},
		"find none":    {func(tx *store.Tx) error { _, err := tx.Replica(poolID, "x"); return err }, store.ErrNotFound},
		"update none":  {func(tx *store.Tx) error { return tx.UpdateReplica(replica("x", "ACTIVE")) }, store.ErrNotFound},
		"delete none":  {func(tx *store.Tx) error { return tx.DeleteReplica(poolID, "x") }, store.ErrNotFound},
	} {
		if err := db.Update(t.Context(), tc.fn); !errors.Is(err, tc.want) {
			t.Errorf("%s: %v, want %v", name, err, tc.want)
		}
	}
	update(t, db, func(tx *store.Tx) error { return tx.DeleteReplica(poolID, "us-west-2") })
	update(t, db, func(tx *store.Tx) error { return tx.DeleteUserPool(poolID) })
	update(t, db, func(tx *store.Tx) error {
		_, err := tx.ClearDeletedUserPool(poolID, 10)
		return err
	})
	if got := list(); got != nil {
		t.Errorf("of a deleted pool are left %q", got)
	}
}

// provisionedLimits: replaced, listed, and each change counted.
func provisionedLimits(t *testing.T, db *store.DB) {
	var changes atomic.Int32
	db.OnConfigChange(func() { changes.Add(1) })
	update(t, db, func(tx *store.Tx) error { return tx.SetProvisionedLimit("UserRead", 200) })
	update(t, db, func(tx *store.Tx) error {
		must(t, tx.SetProvisionedLimit("UserRead", 300))
		return tx.SetProvisionedLimit("UserCreation", 70)
	})
	if changes := changes.Load(); changes < 2 {
		t.Errorf("%d changes were told of 2", changes)
	}
	view(t, db, func(tx *store.Tx) error {
		got, err := tx.ProvisionedLimits()
		if want := map[string]int32{"UserRead": 300, "UserCreation": 70}; !reflect.DeepEqual(got, want) {
			t.Errorf("ProvisionedLimits = %v, want %v", got, want)
		}
		return err
	})
}
