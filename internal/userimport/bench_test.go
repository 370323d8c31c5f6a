package userimport

import (
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/store/storetest"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// BenchmarkImport measures how many rows a second a node imports, from a file of
// 100,000, the transactions included and the upload not.
func BenchmarkImport(b *testing.B) {
	const rows = 100_000
	for name, database := range map[string]func(testing.TB) string{"sqlite": storetest.SQLiteURL, "postgres": storetest.PostgresURL} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				d := deploy(b, database(b), userpool.PoolSettings{})
				job := d.started("", d.people(0, rows))
				start := time.Now()
				if _, err := d.Work(b.Context()); err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(rows/time.Since(start).Seconds(), "rows/s")
				if done := d.see(job); done.Imported != rows || done.Status != statusSucceeded {
					b.Fatalf("%+v", done)
				}
			}
		})
	}
}
