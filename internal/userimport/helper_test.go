package userimport

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/message"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/store/storetest"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

const role = "arn:aws:iam::123456789012:role/import"

// deployment is a database with a pool that verifies emails, and a clock that
// tests move.
type deployment struct {
	t      testing.TB
	db     *store.DB
	ring   *keys.Ring
	pools  *userpool.Pools
	users  *userpool.Users
	pool   *userpool.Pool
	offset *atomic.Int64
	*Jobs  // of the first node
}

func deploy(t testing.TB, database string, settings userpool.PoolSettings) *deployment {
	t.Helper()
	d := &deployment{t: t, offset: new(atomic.Int64)}
	d.db = storetest.OpenAt(t, database, func() time.Time { return time.Now().Add(time.Duration(d.offset.Load())) })
	var err error
	if d.ring, err = keys.Open(t.Context(), d.db, keys.GenerateMasterKey(), nil); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.ring.Close)
	d.pools = userpool.NewPools(d.db, d.ring, userpool.PoolsOptions{})
	d.users = userpool.NewUsers(d.db, d.ring, message.NewOutbox(d.ring, true), userpool.NoLimits())
	d.Jobs = d.node()
	if settings.AutoVerifiedAttributes == nil {
		settings.AutoVerifiedAttributes = []string{"email"}
	}
	if d.pool, err = d.pools.Create(t.Context(), userpool.NewPool{Region: "us-east-1", Name: "import", Settings: settings}); err != nil {
		t.Fatal(err)
	}
	return d
}

// node is another process of the deployment.
func (d *deployment) node() *Jobs {
	return New(d.db, d.ring, d.pools, d.users, "https://id.example.com", slog.New(slog.DiscardHandler))
}

func (d *deployment) advance(by time.Duration) { d.offset.Add(int64(by)) }

// job makes a job with a file.
func (d *deployment) job(algorithm, file string) *store.UserImportJob {
	d.t.Helper()
	job, err := d.Create(d.t.Context(), NewJob{PoolID: d.pool.ID, Name: "job", RoleARN: role, HashAlgorithm: algorithm})
	if err != nil {
		d.t.Fatal(err)
	}
	if err := d.Receive(d.t.Context(), job.PoolID, job.ID, strings.NewReader(file)); err != nil {
		d.t.Fatal(err)
	}
	return job
}

// started makes a job and starts it.
func (d *deployment) started(algorithm, file string) *store.UserImportJob {
	d.t.Helper()
	job, err := d.Start(d.t.Context(), d.pool.ID, d.job(algorithm, file).ID)
	if err != nil {
		d.t.Fatal(err)
	}
	return job
}

// finish works on all that is due, and returns the job as it is then.
func (d *deployment) finish(job *store.UserImportJob) *store.UserImportJob {
	d.t.Helper()
	for did := true; did; {
		var err error
		if did, err = d.Work(d.t.Context()); err != nil {
			d.t.Fatal(err)
		}
	}
	return d.see(job)
}

func (d *deployment) see(job *store.UserImportJob) *store.UserImportJob {
	d.t.Helper()
	job, err := d.Describe(d.t.Context(), job.PoolID, job.ID)
	if err != nil {
		d.t.Fatal(err)
	}
	return job
}

func (d *deployment) logOf(job *store.UserImportJob) string {
	d.t.Helper()
	var text strings.Builder
	if err := d.WriteLog(d.t.Context(), job.PoolID, job.ID, &text); err != nil {
		d.t.Fatal(err)
	}
	return text.String()
}

func (d *deployment) find(name string) *store.User {
	d.t.Helper()
	user, err := d.users.Find(d.t.Context(), d.pool, name)
	if err != nil {
		d.t.Fatalf("user %s: %v", name, err)
	}
	return user
}

func (d *deployment) count() int {
	d.t.Helper()
	var n int
	if err := d.db.View(d.t.Context(), func(tx *store.Tx) (err error) {
		n, err = tx.CountUsers(d.pool.ID, 1_000_000)
		return err
	}); err != nil {
		d.t.Fatal(err)
	}
	return n
}

// chunks counts the pieces of files that are stored for a job.
func (d *deployment) chunks(job *store.UserImportJob) (n int64) {
	d.t.Helper()
	err := d.db.Update(context.Background(), func(tx *store.Tx) (err error) {
		if n, err = tx.DeleteUserImportChunks(job.PoolID, job.ID, [2]string{}, 100_000); err != nil {
			return err
		}
		return errRolledBack
	})
	if err != errRolledBack { //nolint:errorlint // Update hands it on as it is
		d.t.Fatal(err)
	}
	return n
}

var errRolledBack = fmt.Errorf("rolled back")

// csv is a file with the columns of the pool; each row names values by column.
func (d *deployment) csv(rows ...map[string]string) string {
	columns := d.pool.ImportHeader()
	var text strings.Builder
	text.WriteString(strings.Join(columns, ",") + "\n")
	for _, row := range rows {
		values := make([]string, len(columns))
		for i, c := range columns {
			values[i] = row[c]
		}
		text.WriteString(strings.Join(values, ",") + "\n")
	}
	return text.String()
}

// person is a row that is right.
func person(name string, more ...string) map[string]string {
	row := map[string]string{"cognito:username": name, "email": name + "@example.com", "email_verified": "TRUE"}
	for i := 0; i < len(more); i += 2 {
		row[more[i]] = more[i+1]
	}
	return row
}

func (d *deployment) people(from, to int) string {
	var rows []map[string]string
	for i := from; i < to; i++ {
		rows = append(rows, person(fmt.Sprintf("user-%06d", i)))
	}
	return d.csv(rows...)
}

func query(t testing.TB, address string) url.Values {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query()
}
