package userimport

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

// The states of a job, as the API names them.
const (
	statusCreated    = "Created"
	statusPending    = "Pending"
	statusInProgress = "InProgress"
	statusExpired    = "Expired"
	statusStopped    = "Stopped"
	statusFailed     = "Failed"
	statusSucceeded  = "Succeeded"
)

// How jobs end, in Cognito's words.
const (
	messageSucceeded = "Import Job Completed Successfully."
	messageFailed    = "Too many users have failed or been skipped during the import."
	messageExpired   = "The user import job has expired."
	messageStopped   = "The Import Job was stopped by the developer."
)

const (
	// maxJobs is how many a pool may have.
	maxJobs = 1000

	// MaxPage is the most jobs that a page has.
	MaxPage = 50

	// expireAfter is how long after its creation a job must have been started.
	expireAfter = 24 * time.Hour
)

// Jobs are the import jobs of all pools. Its methods may be called concurrently.
type Jobs struct {
	db        *store.DB
	ring      *keys.Ring
	pools     *userpool.Pools
	users     *userpool.Users
	publicURL string
	log       *slog.Logger

	node string        // by which the rows of jobs name this process
	wake chan struct{} // holds an element when there is something to do
}

// New returns the jobs of a database. The upload URLs begin with publicURL, which
// has no slash at its end. Nothing is imported but by Run.
func New(db *store.DB, ring *keys.Ring, pools *userpool.Pools, users *userpool.Users, publicURL string, log *slog.Logger) *Jobs {
	return &Jobs{
		db: db, ring: ring, pools: pools, users: users, publicURL: publicURL, log: log,
		node: rand.Text(), wake: make(chan struct{}, 1),
	}
}

// NewJob is what an administrator gives for a job.
type NewJob struct {
	PoolID        string
	Name          string
	RoleARN       string // of the role that writes logs on AWS; kept and shown
	HashAlgorithm string // as in PasswordHashingAlgorithm, "" for files without passwords
}

func jobNotFound(id string) error {
	return fault.Errorf(fault.ResourceNotFound, "User import job %s does not exist.", id)
}

func notMet(format string, args ...any) error {
	return fault.Errorf(fault.PreconditionNotMet, format, args...)
}

// Create makes a job. Errors: ResourceNotFoundException, LimitExceededException.
func (j *Jobs) Create(ctx context.Context, n NewJob) (*store.UserImportJob, error) {
	if _, err := j.pools.Pool(ctx, n.PoolID); err != nil {
		return nil, err
	}
	id := newJobID()
	var job *store.UserImportJob
	err := j.db.Update(ctx, func(tx *store.Tx) error {
		if _, err := tx.UserPool(n.PoolID); err != nil {
			return poolError(err, n.PoolID)
		}
		count, err := tx.CountUserImportJobs(n.PoolID)
		if err != nil {
			return err
		}
		if count >= maxJobs {
			return fault.Errorf(fault.LimitExceeded, "The maximum number of user import jobs, %d, is reached.", maxJobs)
		}
		job = &store.UserImportJob{
			PoolID: n.PoolID, ID: id, Name: n.Name, RoleARN: n.RoleARN, HashAlgorithm: n.HashAlgorithm,
			Status: statusCreated, CreatedAt: tx.Now(), DueAt: tx.Now().Add(expireAfter),
		}
		return tx.InsertUserImportJob(job)
	})
	return job, err
}

// newJobID is import- and ten letters and digits.
func newJobID() string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	var id strings.Builder
	id.WriteString("import-")
	for b := make([]byte, 1); id.Len() < len("import-")+10; {
		rand.Read(b) // never fails, see crypto/rand
		if int(b[0]) < 4*len(alphabet) {
			id.WriteByte(alphabet[int(b[0])%len(alphabet)])
		}
	}
	return id.String()
}

// poolError is the answer where a pool went meanwhile.
func poolError(err error, poolID string) error {
	if errors.Is(err, store.ErrNotFound) {
		return fault.Errorf(fault.ResourceNotFound, "User pool %s does not exist.", poolID)
	}
	return err
}

// Describe returns a job. Errors: ResourceNotFoundException.
func (j *Jobs) Describe(ctx context.Context, poolID, id string) (*store.UserImportJob, error) {
	if _, err := j.pools.Pool(ctx, poolID); err != nil {
		return nil, err
	}
	var job *store.UserImportJob
	err := j.db.View(ctx, func(tx *store.Tx) (err error) {
		job, err = findJob(tx, poolID, id)
		return err
	})
	return job, err
}

// findJob reads a job as it is now: one that nobody started in time has expired,
// whether that is written down yet or not.
func findJob(tx *store.Tx, poolID, id string) (*store.UserImportJob, error) {
	job, err := tx.UserImportJob(poolID, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, jobNotFound(id)
	}
	if err != nil {
		return nil, err
	}
	expire(job, tx.Now())
	return job, nil
}

func expire(job *store.UserImportJob, now time.Time) {
	if end := job.CreatedAt.Add(expireAfter); job.Status == statusCreated && !now.Before(end) {
		finish(job, end, statusExpired, messageExpired)
	}
}

// finish ends a job. What its file left is cleared away after.
func finish(job *store.UserImportJob, now time.Time, status, message string) {
	job.Status, job.Message, job.CompletedAt = status, message, now
	job.Receiving, job.Runner, job.DueAt = "", "", now
}

// List returns up to limit jobs of a pool, the newest first, and the token of the
// next page, "" if there is none. Errors: ResourceNotFoundException,
// InvalidParameterException.
func (j *Jobs) List(ctx context.Context, poolID, token string, limit int) (jobs []*store.UserImportJob, next string, err error) {
	if _, err := j.pools.Pool(ctx, poolID); err != nil {
		return nil, "", err
	}
	before, id, err := readToken(poolID, token)
	if err != nil {
		return nil, "", err
	}
	err = j.db.View(ctx, func(tx *store.Tx) (err error) {
		jobs, err = tx.ListUserImportJobs(poolID, before, id, limit+1)
		for _, job := range jobs {
			expire(job, tx.Now())
		}
		return err
	})
	if err != nil {
		return nil, "", fmt.Errorf("list user import jobs: %w", err)
	}
	if len(jobs) > limit {
		jobs = jobs[:limit]
		last := jobs[limit-1]
		next = fmt.Sprintf("%s#%s#%d", poolID, last.ID, last.CreatedAt.UnixMilli())
	}
	return jobs, next, nil
}

// readToken reads a paging token, which names the last job of the page before and
// its time as Cognito's does.
func readToken(poolID, token string) (before time.Time, id string, err error) {
	if token == "" {
		return before, "", nil
	}
	pool, rest, _ := strings.Cut(token, "#")
	id, ms, _ := strings.Cut(rest, "#")
	n, err := strconv.ParseInt(ms, 10, 64)
	if err != nil || n <= 0 || pool != poolID || !strings.HasPrefix(id, "import-") || len(token) > 256 {
		return before, "", userpool.ErrPageToken
	}
	return time.UnixMilli(n), id, nil
}

// Start lets a job begin. Errors: ResourceNotFoundException;
// PreconditionNotMetException where the job was started before, has no file or
// has expired, where the pool verifies no attribute by itself, and while another
// job of the pool runs.
func (j *Jobs) Start(ctx context.Context, poolID, id string) (*store.UserImportJob, error) {
	pool, err := j.pools.Pool(ctx, poolID)
	if err != nil {
		return nil, err
	}
	var job *store.UserImportJob
	err = j.db.Update(ctx, func(tx *store.Tx) error {
		if job, err = findJob(tx, poolID, id); err != nil {
			return err
		}
		other, err := tx.RunningUserImport(poolID)
		switch {
		case err != nil && !errors.Is(err, store.ErrNotFound):
			return err
		case job.Status != statusCreated:
			return notMet("User import job %s cannot be started. Current status is %s", id, job.Status)
		case job.Upload == "":
			return notMet("No csv file was uploaded for %s", id)
		case len(pool.AutoVerifiedAttributes) == 0:
			return notMet("The user pool must have at least one auto-verified attribute to import users.")
		case err == nil:
			return notMet("User import job %s is already in progress for this user pool.", other)
		}
		job.Status, job.StartedAt, job.DueAt, job.Receiving = statusPending, tx.Now(), tx.Now(), ""
		return tx.UpdateUserImportJob(job)
	})
	if err != nil {
		return nil, err
	}
	j.stir()
	return job, nil
}

// Stop ends a job that runs. What was imported stays. Errors:
// ResourceNotFoundException, PreconditionNotMetException.
func (j *Jobs) Stop(ctx context.Context, poolID, id string) (*store.UserImportJob, error) {
	if _, err := j.pools.Pool(ctx, poolID); err != nil {
		return nil, err
	}
	var job *store.UserImportJob
	err := j.db.Update(ctx, func(tx *store.Tx) (err error) {
		if job, err = findJob(tx, poolID, id); err != nil {
			return err
		}
		if job.Status != statusPending && job.Status != statusInProgress {
			return notMet("User import job %s cannot be stopped. Current status is %s", id, job.Status)
		}
		finish(job, tx.Now(), statusStopped, messageStopped)
		return tx.UpdateUserImportJob(job)
	})
	if err != nil {
		return nil, err
	}
	j.stir()
	return job, nil
}

// stir has Run look for work at once.
func (j *Jobs) stir() {
	select {
	case j.wake <- struct{}{}:
	default:
	}
}
