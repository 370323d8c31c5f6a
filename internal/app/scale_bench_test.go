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
// processor time, ratio what the greater size costs. By default both have 1,000
// users, and the ratio tells how far from 1 it can be by chance.
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
	var total [2]time.Duration
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
			total[i] += used.cpu
		}
	}
	b.StopTimer()
	b.ReportMetric(milliseconds(total[0])/float64(b.N), "small-ms/op")
	b.ReportMetric(milliseconds(total[1])/float64(b.N), "large-ms/op")
	b.ReportMetric(float64(total[1])/float64(total[0]), "ratio")
	reportLatency(b, latencies[0], "small-")
	reportLatency(b, latencies[1], "large-")
	return nil
}
