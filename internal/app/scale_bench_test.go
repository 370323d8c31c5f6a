//go:build unix

package app_test

import (
	"testing"
	"time"
)

// slice is how many operations one server does before it is the other's turn.
const slice = 8 * concurrency

// BenchmarkScale compares a directory of 1,000 users with one of
// POOLHOUSE_BENCH_USERS, each behind a server of its own. They take turns, so
// that what else goes on is the same for both: small-ms/op and large-ms/op are
// processor time, ratio what the greater size costs, PostgreSQL's own time
// included. By default both have 1,000 users, and the ratio tells how far from 1
// it can be by chance.
func BenchmarkScale(b *testing.B) {
	for _, database := range databases {
		b.Run(database.name, func(b *testing.B) {
			small := serve(b, database.url(b, 1000), 1000)
			d := benchUsers(b)
			large := serve(b, database.url(b, d), d)
			for _, op := range []operation{passwordSignIn, srpSignIn, adminGetUser, listUsers} {
				b.Run(op.name, func(b *testing.B) {
					if err := compare(b, op, small, large); err != nil {
						b.Fatal(err)
					}
				})
			}
		})
	}
}

// compare does b.N operations on each of the two.
func compare(b *testing.B, op operation, small, large *target) error {
	for _, t := range []*target{small, large} {
		if _, err := t.drive(b.Context(), op, warm); err != nil {
			return err
		}
	}
	b.ResetTimer()
	var total [2]usage
	var latencies [2][]time.Duration
	for done := 0; done < b.N; done += slice {
		for i, t := range []*target{small, large} {
			used, err := t.measure(func() error {
				took, err := t.drive(b.Context(), op, min(slice, b.N-done))
				latencies[i] = append(latencies[i], took...)
				return err
			})
			if err != nil {
				return err
			}
			total[i].cpu += used.cpu
			total[i].database += used.database
		}
	}
	b.StopTimer()
	for i, size := range []string{"small-", "large-"} {
		b.ReportMetric(milliseconds(total[i].cpu)/float64(b.N), size+"ms/op")
		if total[i].database > 0 {
			b.ReportMetric(milliseconds(total[i].database)/float64(b.N), size+"postgres-ms/op")
		}
		reportLatency(b, latencies[i], size)
	}
	b.ReportMetric(float64(total[1].cpu+total[1].database)/float64(total[0].cpu+total[0].database), "ratio")
	return nil
}
