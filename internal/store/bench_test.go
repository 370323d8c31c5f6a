package store

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"
)

// rowsLayout is a table of the shape of users, for the engine's own tests.
var rowsLayout = fstest.MapFS{"0001_rows.sql": {Data: []byte(`
	CREATE TABLE changes (name TEXT NOT NULL PRIMARY KEY, version BIGINT NOT NULL);
	CREATE TABLE rows (pool_id TEXT NOT NULL, id TEXT NOT NULL, doc TEXT NOT NULL, PRIMARY KEY (pool_id, id));
`)}}

func openRows(tb testing.TB, url string) *DB {
	tb.Helper()
	db, err := Open(tb.Context(), Options{URL: url, Migrate: true, migrations: rowsLayout})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = db.Close() })
	if _, _, err := db.Migrate(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	return db
}

func fileURL(tb testing.TB) string { return "sqlite:" + filepath.Join(tb.TempDir(), "rows.db") }

func insertRow(tx *Tx, id, doc string) error {
	_, err := tx.exec(`INSERT INTO rows (pool_id, id, doc) VALUES ('p', $1, $2)`, id, doc)
	return err
}

func readRow(tx *Tx, id string) (doc string, err error) {
	err = tx.queryRow(`SELECT doc FROM rows WHERE pool_id = 'p' AND id = $1`, id).Scan(&doc)
	return doc, err
}

var benchDoc = strings.Repeat("x", 600)

// BenchmarkUpdate compares one commit for each update with commits shared by
// concurrent ones. An operation is one row.
func BenchmarkUpdate(b *testing.B) {
	for _, callers := range []int{1, 8, 32} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			db := openRows(b, fileURL(b))
			var next atomic.Int64
			var wg sync.WaitGroup
			b.ResetTimer()
			for range callers {
				wg.Go(func() {
					for i := next.Add(1); i <= int64(b.N); i = next.Add(1) {
						if err := db.Update(b.Context(), func(tx *Tx) error {
							return insertRow(tx, fmt.Sprintf("%020d", i*7919%1000003), benchDoc)
						}); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

// BenchmarkView reads one row by key.
func BenchmarkView(b *testing.B) {
	db := openRows(b, fileURL(b))
	fill(b, db, 20000)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			if err := db.View(b.Context(), func(tx *Tx) error {
				_, err := readRow(tx, fmt.Sprintf("%020d", i*7919%20000))
				return err
			}); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "reads/s")
}

// BenchmarkUpdateBesideReaders writes while 8 readers never rest. An operation
// is one Update of the given number of rows.
func BenchmarkUpdateBesideReaders(b *testing.B) {
	for _, batch := range []int{1, 50} {
		b.Run(fmt.Sprintf("rows=%d", batch), func(b *testing.B) {
			db := openRows(b, fileURL(b))
			fill(b, db, 20000)
			ctx, cancel := context.WithCancel(b.Context())
			var reads atomic.Int64
			var wg sync.WaitGroup
			for range 8 {
				wg.Go(func() {
					for i := 0; ctx.Err() == nil; i++ {
						if err := db.View(b.Context(), func(tx *Tx) error {
							_, err := readRow(tx, fmt.Sprintf("%020d", i*7919%20000))
							return err
						}); err != nil {
							b.Error(err)
							return
						}
						reads.Add(1)
					}
				})
			}
			time.Sleep(50 * time.Millisecond) // the readers warm up
			reads.Store(0)
			b.ResetTimer()
			for i := range b.N {
				if err := db.Update(b.Context(), func(tx *Tx) error {
					for j := range batch {
						if err := insertRow(tx, fmt.Sprintf("w%d-%d", i, j), benchDoc); err != nil {
							return err
						}
					}
					return nil
				}); err != nil {
					b.Fatal(err)
				}
			}
			b.StopTimer()
			b.ReportMetric(float64(b.N*batch)/b.Elapsed().Seconds(), "rows/s")
			b.ReportMetric(float64(reads.Load())/b.Elapsed().Seconds(), "reads/s")
			cancel()
			wg.Wait()
		})
	}
}

func fill(b *testing.B, db *DB, rows int) {
	b.Helper()
	if err := db.Update(b.Context(), func(tx *Tx) error {
		for i := range rows {
			if err := insertRow(tx, fmt.Sprintf("%020d", i), benchDoc); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		b.Fatal(err)
	}
}
