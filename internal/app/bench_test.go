//go:build unix

// The benchmarks here drive a whole server, in a process of its own, over HTTP
// on loopback. docs/performance.md tells how to run them and what they found.
package app_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/poolhouse/poolhouse/internal/app"
	"github.com/poolhouse/poolhouse/internal/iam"
)

// concurrency is how many requests are under way.
const concurrency = 8

// operation is something that is asked of a server again and again.
type operation struct {
	name string
	cryptography
	ask func(context.Context, *target, int) error // i counts up
}

var (
	passwordSignIn = operation{"SignIn/password", cryptography{fixed: 1, signatures: 2},
		func(ctx context.Context, t *target, i int) error {
			_, err := t.password(ctx, t.username(t.signer(i)))
			return err
		}}
	srpSignIn = operation{"SignIn/srp", cryptography{fixed: 1, exponentiations: 2, signatures: 2},
		func(ctx context.Context, t *target, i int) error { return t.srp(ctx, t.username(t.signer(i))) }}
	refresh = operation{"Refresh", cryptography{signatures: 2},
		func(ctx context.Context, t *target, i int) error { return t.refresh(ctx, t.session(i).refresh) }}
	getUser = operation{"GetUser", cryptography{verifications: 1},
		func(ctx context.Context, t *target, i int) error {
			s := t.session(i)
			return t.getUser(ctx, s.username, s.access)
		}}
	getID = operation{"GetId", cryptography{verifications: 1},
		func(ctx context.Context, t *target, i int) error { return t.getID(ctx, t.session(i)) }}
	getCredentials = operation{"GetCredentialsForIdentity", cryptography{verifications: 1},
		func(ctx context.Context, t *target, i int) error { return t.getCredentials(ctx, t.session(i)) }}
	adminGetUser = operation{"AdminGetUser", cryptography{},
		func(ctx context.Context, t *target, i int) error {
			return t.adminGetUser(ctx, t.username(t.anybody(i)))
		}}
	listUsers = operation{"ListUsers/email", cryptography{},
		func(ctx context.Context, t *target, i int) error {
			user := t.anybody(i)
			return t.listByEmail(ctx, t.username(user), t.email(user))
		}}
)

// target is a directory with a server before it.
type target struct {
	directory
	*caller
	*child
	calls    atomic.Int64
	sessions []session
	logins
}

type session struct{ username, access, id, refresh string }

// anybody is the number of a user, another each time and anywhere in the
// directory: steps of nearly the golden section, by a prime.
func (t *target) anybody(i int) int { return int(int64(i) * 618_033_989 % int64(t.directory)) }

func (t *target) session(i int) session { return t.sessions[i%len(t.sessions)] }

// databases are those that benchmarks run on.
var databases = []struct {
	name string
	url  func(*testing.B, directory) string
}{{"sqlite", sqliteDirectory}, {"postgres", postgresDirectory}}

// benchUsers is the size of the directory, from POOLHOUSE_BENCH_USERS.
func benchUsers(b *testing.B) directory {
	b.Helper()
	text := os.Getenv("POOLHOUSE_BENCH_USERS")
	if text == "" {
		return 1000
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > 9_999_999 {
		b.Fatalf("POOLHOUSE_BENCH_USERS: %q is not a number from 1 to 9999999", text)
	}
	return directory(n)
}

// administrator makes an access key for a database that no server need serve.
func administrator(b *testing.B, url string) aws.Credentials {
	b.Helper()
	f := openFiller(b, url, 1)
	defer f.close()
	key, err := app.NewAccessKeys(f.db, f.ring).Create(b.Context(), "benchmark", iam.AdministratorPolicy())
	if err != nil {
		b.Fatal(err)
	}
	return aws.Credentials{AccessKeyID: key.ID, SecretAccessKey: key.Secret}
}

// serve starts a server before a database, and warms it up.
func serve(b *testing.B, url string, d directory) *target {
	b.Helper()
	credentials := administrator(b, url)
	process := startChild(b, url)
	t := &target{directory: d, child: process, caller: newCaller(process.addr, credentials)}
	b.Cleanup(t.http.CloseIdleConnections)
	if err := t.openSessions(b.Context()); err != nil {
		b.Fatal(err)
	}
	if err := t.settle(); err != nil {
		b.Fatal(err)
	}
	return t
}

// openSessions signs some users in, for what needs their tokens.
func (t *target) openSessions(ctx context.Context) error {
	t.sessions = make([]session, 64)
	return together(len(t.sessions), func(i int) error {
		name := t.username(t.signer(i))
		in, err := t.password(ctx, name)
		if err == nil {
			t.sessions[i] = session{name, in.AuthenticationResult.AccessToken, in.AuthenticationResult.IDToken, in.AuthenticationResult.RefreshToken}
		}
		return err
	})
}

// drive does an operation n times and returns how long each took.
func (t *target) drive(ctx context.Context, op operation, n int) ([]time.Duration, error) {
	took := make([]time.Duration, n)
	err := together(n, func(i int) error {
		start := time.Now()
		err := op.ask(ctx, t, int(t.calls.Add(1)))
		took[i] = time.Since(start)
		return err
	})
	return took, err
}

// warm is how often an operation is done before it counts: statements are
// prepared on all connections, and caches filled.
const warm = 4 * concurrency

// BenchmarkServer reports, for each operation at 8 requests at a time,
// the server's processor time (server-ms/op), that of the cryptography in it
// done alone (crypto-ms/op), and their ratio. On PostgreSQL the time of its own
// processes is apart (postgres-ms/op). With POOLHOUSE_BENCH_PROFILE, a directory,
// it leaves CPU profiles of the server there.
func BenchmarkServer(b *testing.B) {
	d := benchUsers(b)
	for _, database := range databases {
		b.Run(database.name, func(b *testing.B) {
			t := serve(b, database.url(b, d), d)
			if err := t.openIdentities(b.Context()); err != nil {
				b.Fatal(err)
			}
			for _, op := range []operation{passwordSignIn, srpSignIn, refresh, getUser, getID, getCredentials, adminGetUser, listUsers} {
				b.Run(op.name, func(b *testing.B) {
					if err := t.bench(b, op, database.name); err != nil {
						b.Fatal(err)
					}
				})
			}
		})
	}
}

func (t *target) bench(b *testing.B, op operation, database string) error {
	if _, err := t.drive(b.Context(), op, warm); err != nil {
		return err
	}
	// Half of the cryptography before and half after, for cores that are shared
	// do not stay as fast as they were.
	alone := func() (time.Duration, error) {
		if op.cryptography == (cryptography{}) {
			return 0, nil
		}
		return t.cryptography(op.cryptography, max(concurrency, min(b.N/2, 200)))
	}
	before, err := alone()
	if err != nil {
		return err
	}
	endProfile, err := t.profile(op, database)
	if err != nil {
		return err
	}
	var took []time.Duration
	b.ResetTimer()
	used, err := t.measure(func() error {
		var err error
		took, err = t.drive(b.Context(), op, b.N)
		return err
	})
	b.StopTimer()
	if err != nil {
		return err
	}
	if err := endProfile(); err != nil {
		return err
	}
	after, err := alone()
	if err != nil {
		return err
	}
	perOp := milliseconds(used.cpu) / float64(b.N)
	b.ReportMetric(perOp, "server-ms/op")
	if crypto := milliseconds(before+after) / 2; crypto > 0 {
		b.ReportMetric(crypto, "crypto-ms/op")
		b.ReportMetric(perOp/crypto, "ratio")
	}
	if used.database > 0 {
		b.ReportMetric(milliseconds(used.database)/float64(b.N), "postgres-ms/op")
	}
	b.ReportMetric(float64(used.allocs)/float64(b.N), "server-allocs/op")
	b.ReportMetric(float64(used.bytes)/float64(b.N), "server-B/op")
	reportLatency(b, took, "")
	return nil
}

// profile begins a CPU profile of the server, if one is wanted.
func (t *target) profile(op operation, database string) (end func() error, err error) {
	dir := os.Getenv("POOLHOUSE_BENCH_PROFILE")
	if dir == "" {
		return func() error { return nil }, nil
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return nil, err
	}
	name := fmt.Sprintf("%s-%s.pprof", database, strings.ReplaceAll(op.name, "/", "-"))
	if _, err := t.tell("profile", filepath.Join(dir, name)); err != nil {
		return nil, err
	}
	return func() error {
		_, err := t.tell("endprofile")
		return err
	}, nil
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func reportLatency(b *testing.B, took []time.Duration, prefix string) {
	slices.Sort(took)
	b.ReportMetric(milliseconds(took[len(took)/2]), prefix+"p50-ms")
	b.ReportMetric(milliseconds(took[len(took)*99/100]), prefix+"p99-ms")
}
