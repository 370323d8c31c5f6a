package store

import (
	"database/sql"
	"math"
	"time"
)

// UserImportJob is the row of a job that imports users from a file.
type UserImportJob struct {
	PoolID        string
	ID            string
	Name          string
	RoleARN       string
	HashAlgorithm string // of the passwords in the file; "" if there are none
	Status        string // as the API names it
	Message       string // how it ended

	Receiving  string // the upload under way; "" for none
	Upload     string // the upload that is the file; "" for none
	UploadRows int64  // lines of the file, the header included

	NextByte int64 // of the file, where the next row begins; 0 before the header was read
	Line     int64 // the line that was read last
	Imported int64
	Skipped  int64
	Failed   int64

	Runner string    // the node that works on it; "" for none
	DueAt  time.Time // when the background looks at it; zero: never

	CreatedAt   time.Time
	StartedAt   time.Time
	CompletedAt time.Time
}

const importJobColumns = `pool_id, id, name, role_arn, hash_algorithm, status, message, receiving, upload, upload_rows,
	next_byte, line, imported, skipped, failed, runner, due_at, created_at, started_at, completed_at`

func scanImportJob(row interface{ Scan(...any) error }) (*UserImportJob, error) {
	var j UserImportJob
	var due, created, started, completed int64
	if err := row.Scan(&j.PoolID, &j.ID, &j.Name, &j.RoleARN, &j.HashAlgorithm, &j.Status, &j.Message, &j.Receiving,
		&j.Upload, &j.UploadRows, &j.NextByte, &j.Line, &j.Imported, &j.Skipped, &j.Failed, &j.Runner,
		&due, &created, &started, &completed); err != nil {
		return nil, notFound(err)
	}
	j.DueAt, j.CreatedAt = fromMillis(due), fromMillis(created)
	j.StartedAt, j.CompletedAt = fromMillis(started), fromMillis(completed)
	return &j, nil
}

// UserImportJob returns a job, or ErrNotFound.
func (tx *Tx) UserImportJob(poolID, id string) (*UserImportJob, error) {
	return scanImportJob(tx.queryRow(`SELECT `+importJobColumns+` FROM user_import_jobs
		WHERE pool_id = $1 AND id = $2`, poolID, id))
}

// ListUserImportJobs returns up to limit jobs of a pool, newest first, behind
// the job of that time and id. A zero time begins with the newest.
func (tx *Tx) ListUserImportJobs(poolID string, before time.Time, id string, limit int) ([]*UserImportJob, error) {
	end := millis(before)
	if before.IsZero() {
		end = math.MaxInt64
	}
	rows, err := tx.query(`SELECT `+importJobColumns+` FROM user_import_jobs
		WHERE pool_id = $1 AND (created_at < $2 OR created_at = $2 AND id < $3)
		ORDER BY created_at DESC, id DESC LIMIT $4`, poolID, end, id, limit)
	return collect(rows, err, func(r *sql.Rows) (*UserImportJob, error) { return scanImportJob(r) })
}

// CountUserImportJobs counts the jobs of a pool.
func (tx *Tx) CountUserImportJobs(poolID string) (int, error) {
	var n int
	err := tx.queryRow(`SELECT COUNT(*) FROM user_import_jobs WHERE pool_id = $1`, poolID).Scan(&n)
	return n, err
}

// RunningUserImport returns the id of the job that imports users into a pool or
// is about to, or ErrNotFound.
func (tx *Tx) RunningUserImport(poolID string) (string, error) {
	var id string
	err := tx.queryRow(`SELECT id FROM user_import_jobs WHERE pool_id = $1 AND status IN ('Pending', 'InProgress')
		ORDER BY id LIMIT 1`, poolID).Scan(&id)
	return id, notFound(err)
}

// DueUserImportJob returns the job that has been due longest, or ErrNotFound.
func (tx *Tx) DueUserImportJob() (*UserImportJob, error) {
	return scanImportJob(tx.queryRow(`SELECT `+importJobColumns+` FROM user_import_jobs
		WHERE due_at > 0 AND due_at <= $1 ORDER BY due_at LIMIT 1`, millis(tx.Now())))
}

// InsertUserImportJob adds a job.
func (tx *Tx) InsertUserImportJob(j *UserImportJob) error {
	_, err := tx.exec(`INSERT INTO user_import_jobs (`+importJobColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)`,
		j.PoolID, j.ID, j.Name, j.RoleARN, j.HashAlgorithm, j.Status, j.Message, j.Receiving, j.Upload, j.UploadRows,
		j.NextByte, j.Line, j.Imported, j.Skipped, j.Failed, j.Runner,
		millis(j.DueAt), millis(j.CreatedAt), millis(j.StartedAt), millis(j.CompletedAt))
	return err
}

// UpdateUserImportJob replaces what changes in the life of a job.
func (tx *Tx) UpdateUserImportJob(j *UserImportJob) error {
	return mustAffect(tx.exec(`UPDATE user_import_jobs SET status = $3, message = $4, receiving = $5, upload = $6,
		upload_rows = $7, next_byte = $8, line = $9, imported = $10, skipped = $11, failed = $12, runner = $13,
		due_at = $14, started_at = $15, completed_at = $16 WHERE pool_id = $1 AND id = $2`,
		j.PoolID, j.ID, j.Status, j.Message, j.Receiving, j.Upload, j.UploadRows, j.NextByte, j.Line, j.Imported,
		j.Skipped, j.Failed, j.Runner, millis(j.DueAt), millis(j.StartedAt), millis(j.CompletedAt)))
}

// InsertUserImportChunk adds the piece n, from 0, of an upload, sealed.
func (tx *Tx) InsertUserImportChunk(poolID, jobID, upload string, n int64, sealed string) error {
	_, err := tx.exec(`INSERT INTO user_import_chunks (pool_id, job_id, upload, n, sealed_data)
		VALUES ($1, $2, $3, $4, $5)`, poolID, jobID, upload, n, sealed)
	return err
}

// UserImportChunk returns a sealed piece of an upload, or ErrNotFound.
func (tx *Tx) UserImportChunk(poolID, jobID, upload string, n int64) (string, error) {
	var sealed string
	err := tx.queryRow(`SELECT sealed_data FROM user_import_chunks
		WHERE pool_id = $1 AND job_id = $2 AND upload = $3 AND n = $4`, poolID, jobID, upload, n).Scan(&sealed)
	return sealed, notFound(err)
}

// DeleteUserImportChunks removes up to step pieces of a job's uploads but those of
// the two to keep, and returns how many there were.
func (tx *Tx) DeleteUserImportChunks(poolID, jobID string, keep [2]string, step int) (int64, error) {
	return tx.exec(`DELETE FROM user_import_chunks WHERE pool_id = $1 AND job_id = $2 AND (upload, n) IN
		(SELECT upload, n FROM user_import_chunks WHERE pool_id = $1 AND job_id = $2 AND upload <> $3 AND upload <> $4 LIMIT $5)`,
		poolID, jobID, keep[0], keep[1], step)
}

// AppendUserImportLog appends lines, each with its line break, to a page of a
// job's log.
func (tx *Tx) AppendUserImportLog(poolID, jobID string, page int64, lines string) error {
	_, err := tx.exec(`INSERT INTO user_import_log (pool_id, job_id, page, lines) VALUES ($1, $2, $3, $4)
		ON CONFLICT (pool_id, job_id, page) DO UPDATE SET lines = user_import_log.lines || excluded.lines`,
		poolID, jobID, page, lines)
	return err
}

// TrimUserImportLog removes the pages of a job's log before one.
func (tx *Tx) TrimUserImportLog(poolID, jobID string, before int64) error {
	_, err := tx.exec(`DELETE FROM user_import_log WHERE pool_id = $1 AND job_id = $2 AND page < $3`, poolID, jobID, before)
	return err
}

// UserImportLog returns the first page of a job's log from a page on, and its
// number, or ErrNotFound.
func (tx *Tx) UserImportLog(poolID, jobID string, from int64) (page int64, lines string, err error) {
	err = tx.queryRow(`SELECT page, lines FROM user_import_log WHERE pool_id = $1 AND job_id = $2 AND page >= $3
		ORDER BY page LIMIT 1`, poolID, jobID, from).Scan(&page, &lines)
	return page, lines, notFound(err)
}
