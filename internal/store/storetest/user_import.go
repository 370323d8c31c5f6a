package storetest

import (
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/store"
)

// userImports: jobs are kept with what they say, listed newest first, due in
// order, and taken away with a pool, and so are their files and logs.
func userImports(t *testing.T, db *store.DB) {
	at := time.Now().UTC().Truncate(time.Millisecond)
	job := func(id string, created time.Time) *store.UserImportJob {
		return &store.UserImportJob{PoolID: poolID, ID: id, Name: "n", RoleARN: "r", HashAlgorithm: "BCRYPT", Status: "Created",
			Message: "m", Receiving: "a", Upload: "b", UploadRows: 1, NextByte: 2, Line: 3, Imported: 4, Skipped: 5, Failed: 6,
			Runner: "x", DueAt: created, CreatedAt: created, StartedAt: at, CompletedAt: at}
	}
	update(t, db, addPool(poolID, "pool"))
	a, b, c := job("import-a", at.Add(-3*time.Second)), job("import-b", at.Add(-2*time.Second)), job("import-c", at.Add(-2*time.Second))
	update(t, db, func(tx *store.Tx) error {
		return errors.Join(tx.InsertUserImportJob(a), tx.InsertUserImportJob(b), tx.InsertUserImportJob(c))
	})
	list := func(before time.Time, id string, limit int) (ids []string) {
		view(t, db, func(tx *store.Tx) error {
			jobs, err := tx.ListUserImportJobs(poolID, before, id, limit)
			for _, j := range jobs {
				ids = append(ids, j.ID)
			}
			return err
		})
		return ids
	}
	if got := list(time.Time{}, "", 2); !reflect.DeepEqual(got, []string{"import-c", "import-b"}) {
		t.Errorf("first page %v", got)
	}
	if got := list(c.CreatedAt, "import-c", 2); !reflect.DeepEqual(got, []string{"import-b", "import-a"}) {
		t.Errorf("second page %v", got)
	}
	view(t, db, func(tx *store.Tx) error {
		if got, err := tx.DueUserImportJob(); err != nil || !reflect.DeepEqual(got, a) {
			t.Errorf("due is %+v, %v", got, err)
		}
		if _, err := tx.RunningUserImport(poolID); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("none runs: %v", err)
		}
		return nil
	})
	a.Status, a.DueAt, b.DueAt, c.DueAt, b.Imported = "InProgress", time.Time{}, time.Now().Add(time.Hour).UTC().Truncate(time.Millisecond), time.Time{}, 7
	update(t, db, func(tx *store.Tx) error {
		return errors.Join(tx.UpdateUserImportJob(a), tx.UpdateUserImportJob(b), tx.UpdateUserImportJob(c))
	})
	view(t, db, func(tx *store.Tx) error {
		if got, err := tx.UserImportJob(poolID, b.ID); err != nil || !reflect.DeepEqual(got, b) {
			t.Errorf("changed: %+v, %v", got, err)
		}
		if _, err := tx.DueUserImportJob(); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("none is due: %v", err)
		}
		if id, err := tx.RunningUserImport(poolID); err != nil || id != a.ID {
			t.Errorf("runs %s, %v", id, err)
		}
		if n, err := tx.CountUserImportJobs(poolID); n != 3 || err != nil {
			t.Errorf("%d jobs, %v", n, err)
		}
		return nil
	})

	update(t, db, func(tx *store.Tx) error {
		for n := range int64(3) {
			if err := errors.Join(tx.InsertUserImportChunk(poolID, a.ID, "one", n, fmt.Sprint(n)), tx.InsertUserImportChunk(poolID, a.ID, "two", n, fmt.Sprint(n)),
				tx.AppendUserImportLog(poolID, a.ID, n, "x\n"), tx.AppendUserImportLog(poolID, a.ID, n, "y\n")); err != nil {
				return err
			}
		}
		if n, err := tx.DeleteUserImportChunks(poolID, a.ID, [2]string{"two", ""}, 2); n != 2 || err != nil {
			t.Errorf("deletes %d, %v", n, err)
		}
		if n, err := tx.DeleteUserImportChunks(poolID, a.ID, [2]string{"two", ""}, 2); n != 1 || err != nil {
			t.Errorf("deletes %d, %v", n, err)
		}
		return tx.TrimUserImportLog(poolID, a.ID, 1)
	})
	view(t, db, func(tx *store.Tx) error {
		if sealed, err := tx.UserImportChunk(poolID, a.ID, "two", 2); sealed != "2" || err != nil {
			t.Errorf("piece %s, %v", sealed, err)
		}
		if page, lines, err := tx.UserImportLog(poolID, a.ID, 0); page != 1 || lines != "x\ny\n" || err != nil {
			t.Errorf("page %d of the log %q, %v", page, lines, err)
		}
		return nil
	})

	update(t, db, func(tx *store.Tx) error { return tx.DeleteUserPool(poolID) })
	for done := false; !done; {
		update(t, db, func(tx *store.Tx) (err error) { done, err = tx.ClearDeletedUserPool(poolID, 1); return err })
	}
	view(t, db, func(tx *store.Tx) error {
		_, err1 := tx.UserImportJob(poolID, a.ID)
		_, err2 := tx.UserImportChunk(poolID, a.ID, "two", 2)
		_, _, err3 := tx.UserImportLog(poolID, a.ID, 0)
		for _, err := range []error{err1, err2, err3} {
			if !errors.Is(err, store.ErrNotFound) {
				t.Errorf("after the pool is deleted: %v, want ErrNotFound", err)
			}
		}
		return nil
	})
}

// manyUsers are inserted as one by one.
func manyUsers(t *testing.T, db *store.DB) {
	var many []*store.User
	for i := range 267 { // groups of all sizes
		name := fmt.Sprintf("user-%d", i)
		many = append(many, &store.User{PoolID: poolID, Sub: "sub-" + name, Username: name, Status: "CONFIRMED", Enabled: true,
			Attributes: map[string]string{"email": name}, Names: []store.UserName{{Name: name}}, Index: []store.AttributeIndex{{Name: "email", Value: name}}})
	}
	update(t, db, func(tx *store.Tx) error { return tx.InsertUsers(many) })
	view(t, db, func(tx *store.Tx) error {
		for _, want := range many {
			got, err := tx.FindUser(poolID, want.Username, "")
			if err != nil || got.Sub != want.Sub || !reflect.DeepEqual(got.Attributes, want.Attributes) {
				return fmt.Errorf("found %+v, %w", got, err)
			}
		}
		var names, subs []string
		for i := range 450 {
			names, subs = append(names, fmt.Sprintf("user-%d", i)), append(subs, fmt.Sprintf("sub-user-%d", i))
		}
		if taken, err := tx.NamesTaken(poolID, names); len(taken) != len(many) || err != nil {
			t.Errorf("%d names are taken, %v", len(taken), err)
		}
		if taken, err := tx.SubsTaken(poolID, subs); len(taken) != len(many) || err != nil {
			t.Errorf("%d subs are taken, %v", len(taken), err)
		}
		taken, err := tx.NamesTaken("us-east-1_Other0001", names)
		if len(taken) != 0 {
			t.Errorf("%d names are taken in another pool", len(taken))
		}
		return err
	})
	err := db.Update(t.Context(), func(tx *store.Tx) error {
		again := *many[3]
		again.Sub = "another"
		return tx.InsertUsers([]*store.User{&again})
	})
	if !errors.Is(err, store.ErrExists) {
		t.Errorf("a name that is taken: %v, want ErrExists", err)
	}
}
