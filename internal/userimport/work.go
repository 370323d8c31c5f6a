package userimport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

const (
	// pollEvery is how often a node looks for work that another was given.
	pollEvery = time.Second

	// lease is for how long a node has a job without a sign of life.
	lease = 5 * time.Second

	// batchRows is how many rows one transaction imports: enough to share its
	// cost, and few enough that sign-ins hardly wait for SQLite's writer.
	batchRows = 200

	// A job's log keeps the last so many pages of so many lines.
	logPageLines = 100
	logPages     = 100
)

// errLost says that the job was stopped, deleted or taken by another node.
var errLost = errors.New("the job is no longer this node's")

// Run works on jobs until ctx ends.
func (j *Jobs) Run(ctx context.Context) {
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	for ctx.Err() == nil {
		did, err := j.Work(ctx)
		if err != nil && ctx.Err() == nil {
			j.log.ErrorContext(ctx, "user import", "err", err)
		}
		if did && err == nil {
			continue
		}
		select {
		case <-ctx.Done():
		case <-j.wake:
		case <-ticker.C:
		}
	}
}

// Work does what is due for one job: imports its users, or clears its file away.
// It says whether there was one.
func (j *Jobs) Work(ctx context.Context) (did bool, err error) {
	job, err := j.take(ctx)
	if err != nil || job == nil {
		return false, err
	}
	if job.Status == statusInProgress {
		err = j.importUsers(ctx, job)
		if ctx.Err() != nil { // another node need not wait for the lease to end
			err = errors.Join(err, j.yield(context.WithoutCancel(ctx), job))
		}
	} else {
		err = j.clear(ctx, job)
	}
	if errors.Is(err, errLost) {
		err = nil
	}
	if err != nil {
		err = fmt.Errorf("job %s of %s: %w", job.ID, job.PoolID, err)
	}
	return true, err
}

// take makes the job that has been due longest this node's, or returns nil.
func (j *Jobs) take(ctx context.Context) (job *store.UserImportJob, err error) {
	due := func(tx *store.Tx) (err error) {
		job, err = tx.DueUserImportJob()
		if errors.Is(err, store.ErrNotFound) {
			job, err = nil, nil
		}
		return err
	}
	if err := j.db.View(ctx, due); err != nil || job == nil {
		return nil, err
	}
	err = j.db.Update(ctx, func(tx *store.Tx) error {
		if err := due(tx); err != nil || job == nil {
			return err // another node was faster
		}
		switch expire(job, tx.Now()); job.Status {
		case statusCreated: // the clock was set back
			job.DueAt = job.CreatedAt.Add(expireAfter)
			return tx.UpdateUserImportJob(job)
		case statusPending:
			job.Status = statusInProgress
		}
		job.Runner, job.DueAt = j.node, tx.Now().Add(lease)
		return tx.UpdateUserImportJob(job)
	})
	return job, err
}

// yield gives a job back that this node does not finish.
func (j *Jobs) yield(ctx context.Context, job *store.UserImportJob) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	return j.commit(ctx, job, func(tx *store.Tx, job *store.UserImportJob) error {
		job.Runner, job.DueAt = "", tx.Now()
		return nil
	})
}

// commit changes a job that this node imports, and has it for another lease. The
// error is errLost if it is this node's no longer.
func (j *Jobs) commit(ctx context.Context, job *store.UserImportJob, change func(*store.Tx, *store.UserImportJob) error) error {
	return j.db.Update(ctx, func(tx *store.Tx) error {
		now, err := tx.UserImportJob(job.PoolID, job.ID)
		if errors.Is(err, store.ErrNotFound) || err == nil && (now.Runner != j.node || now.Status != statusInProgress) {
			return errLost
		}
		if err != nil {
			return err
		}
		now.DueAt = tx.Now().Add(lease)
		if err := change(tx, now); err != nil {
			return err
		}
		return tx.UpdateUserImportJob(now)
	})
}

// importUsers goes on with a job to its end.
func (j *Jobs) importUsers(ctx context.Context, job *store.UserImportJob) error {
	columns, at, err := j.begin(ctx, job)
	if wrong, ok := errors.AsType[fileError](err); ok {
		return j.commit(ctx, job, func(tx *store.Tx, job *store.UserImportJob) error {
			finish(job, tx.Now(), statusFailed, string(wrong))
			return nil
		})
	}
	if err != nil {
		return err
	}
	for last := false; !last; {
		pool, err := j.pools.Pool(ctx, job.PoolID)
		if fault.CodeOf(err) == fault.ResourceNotFound {
			return errLost
		}
		if err != nil {
			return err
		}
		var b *batch
		if b, last, err = j.read(pool, columns, at, job.HashAlgorithm); err != nil {
			return err
		}
		if err := j.store(ctx, job, pool, b, at, last); err != nil {
			return err
		}
	}
	return nil
}

// begin reads the header of a file and goes to where the job is in it.
func (j *Jobs) begin(ctx context.Context, job *store.UserImportJob) (columns []string, at *rows, err error) {
	pool, err := j.pools.Pool(ctx, job.PoolID)
	if fault.CodeOf(err) == fault.ResourceNotFound {
		return nil, nil, errLost
	}
	if err != nil {
		return nil, nil, err
	}
	if job.UploadRows > maxRows+1 {
		return nil, nil, fileError(fmt.Sprintf("The CSV file has more than %d rows.", maxRows))
	}
	at = newRows(&file{Jobs: j, ctx: ctx, job: job}, 0, 0)
	first, err := at.next()
	if errors.Is(err, io.EOF) {
		return nil, nil, fileError("The CSV file has no header.")
	}
	if err != nil {
		return nil, nil, err
	}
	if columns, err = header(first, pool, job.HashAlgorithm != ""); err != nil {
		return nil, nil, err
	}
	if job.NextByte > 0 {
		at = newRows(&file{Jobs: j, ctx: ctx, job: job, offset: job.NextByte}, job.NextByte, job.Line)
	}
	return columns, at, nil
}

// batch is so many rows that one transaction imports.
type batch struct {
	users []*store.User
	lines []int64 // of users, each
	notes []note  // what is wrong with the others
}

// note is a line of the log.
type note struct {
	line   int64
	kind   string // SKIPPED or FAILED
	reason string
}

// read reads the next rows; last says whether the file ends with them.
func (j *Jobs) read(pool *userpool.Pool, columns []string, at *rows, algorithm string) (b *batch, last bool, err error) {
	b = &batch{}
	for range batchRows {
		r, err := at.next()
		if errors.Is(err, io.EOF) {
			return b, true, nil
		}
		if err != nil {
			return nil, false, err
		}
		in, reason := user(columns, r, algorithm)
		if reason == "" {
			made, err := j.users.Imported(pool, in)
			if err == nil {
				b.users, b.lines = append(b.users, made), append(b.lines, r.line)
				continue
			}
			reason = j.reason(err, r.line)
		}
		b.notes = append(b.notes, note{r.line, "FAILED", reason})
	}
	return b, false, nil
}

// reason is an error as a line of the log has it.
func (j *Jobs) reason(err error, line int64) string {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return strings.Join(strings.Fields(f.Message), " ")
	}
	j.log.Error("user import: cannot make a user", "line", line, "err", err)
	return "The user couldn't be imported due to an internal error."
}

// storeAttempts is how often a batch is tried that met a name which another
// transaction took at the same time.
const storeAttempts = 5

// store imports a batch: the users, the counters, the log and the place in the
// file are one transaction.
func (j *Jobs) store(ctx context.Context, job *store.UserImportJob, pool *userpool.Pool, b *batch, at *rows, last bool) error {
	var err error
	for range storeAttempts {
		err = j.commit(ctx, job, func(tx *store.Tx, job *store.UserImportJob) error {
			skipped, err := pool.InsertImported(tx, b.users)
			if err != nil {
				return err
			}
			notes := b.merge(skipped)
			before := job.Skipped + job.Failed
			for _, n := range notes {
				if n.kind == "FAILED" {
					job.Failed++
				} else {
					job.Skipped++
				}
			}
			job.Imported += int64(len(b.users)+len(b.notes)) - int64(len(notes))
			job.NextByte, job.Line = at.offset, at.line
			if last {
				conclude(job, tx.Now())
			}
			return appendLog(tx, job, before, notes)
		})
		if !errors.Is(err, store.ErrExists) {
			return err
		}
	}
	return err
}

// merge adds what was skipped to the notes, in the order of the lines.
func (b *batch) merge(skipped []string) []note {
	var all []note
	rest := b.notes
	for i, reason := range skipped {
		if reason == "" {
			continue
		}
		for len(rest) > 0 && rest[0].line < b.lines[i] {
			all, rest = append(all, rest[0]), rest[1:]
		}
		all = append(all, note{b.lines[i], "SKIPPED", reason})
	}
	return append(all, rest...)
}

// conclude ends a job whose file was read to its end. More than half of the rows
// are too many to fail.
func conclude(job *store.UserImportJob, now time.Time) {
	if job.Failed+job.Skipped > job.Imported {
		finish(job, now, statusFailed, messageFailed)
		return
	}
	finish(job, now, statusSucceeded, messageSucceeded)
}

// appendLog writes lines to a job's log that has so many before, and drops the
// oldest beyond what it keeps.
func appendLog(tx *store.Tx, job *store.UserImportJob, before int64, notes []note) error {
	for len(notes) > 0 {
		page := before / logPageLines
		n := min(len(notes), int(logPageLines-before%logPageLines))
		var lines strings.Builder
		for _, l := range notes[:n] {
			fmt.Fprintf(&lines, "[%s] Line Number %d - %s\n", l.kind, l.line, l.reason)
		}
		if err := tx.AppendUserImportLog(job.PoolID, job.ID, page, lines.String()); err != nil {
			return err
		}
		if before%logPageLines == 0 && page >= logPages {
			if err := tx.TrimUserImportLog(job.PoolID, job.ID, page-logPages+1); err != nil {
				return err
			}
		}
		before, notes = before+int64(n), notes[n:]
	}
	return nil
}

// clear removes the file of a job that has ended.
func (j *Jobs) clear(ctx context.Context, job *store.UserImportJob) error {
	for done := false; !done; {
		if err := j.db.Update(ctx, func(tx *store.Tx) error {
			now, err := tx.UserImportJob(job.PoolID, job.ID)
			if errors.Is(err, store.ErrNotFound) {
				return errLost
			}
			if err != nil {
				return err
			}
			n, err := tx.DeleteUserImportChunks(job.PoolID, job.ID, [2]string{}, deleteBatch)
			if err != nil {
				return err
			}
			if done = n < deleteBatch; done {
				now.Upload, now.Runner, now.DueAt = "", "", time.Time{}
			} else {
				now.DueAt = tx.Now().Add(lease)
			}
			return tx.UpdateUserImportJob(now)
		}); err != nil {
			return err
		}
	}
	return nil
}

// WriteLog writes the log of a job: what was not imported, a line each, oldest
// first, of the last 10,000 or so. Errors: ResourceNotFoundException.
func (j *Jobs) WriteLog(ctx context.Context, poolID, id string, w io.Writer) error {
	if _, err := j.Describe(ctx, poolID, id); err != nil {
		return err
	}
	for page := int64(0); ; page++ {
		var lines string
		err := j.db.View(ctx, func(tx *store.Tx) (err error) {
			page, lines, err = tx.UserImportLog(poolID, id, page)
			return err
		})
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		if _, err := io.WriteString(w, lines); err != nil {
			return err
		}
	}
}
