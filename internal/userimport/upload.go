package userimport

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"time"

	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/store"
)

const (
	// uploadLife is how long after a job's creation its file can be uploaded.
	uploadLife = 15 * time.Minute

	chunkBytes  = 48_000 // of a file, in each row; sealed it must stay below keys.MaxPlaintext
	uploadBatch = 8      // chunks a transaction stores
	deleteBatch = 50     // and removes

	uploadPurpose keys.Purpose = "user-import-upload"
	chunkPurpose  keys.Purpose = "user-import-chunk"
)

// Why an upload is refused.
var (
	ErrUploadSignature = errors.New("the signature does not match")
	ErrUploadExpired   = errors.New("the time to upload is over")
	ErrUploadTooLarge  = fmt.Errorf("the file is larger than %d bytes", maxFile)
	ErrUploadClosed    = errors.New("the job takes no file, or another upload has begun")
)

// MaxUpload is the most bytes of a file.
const MaxUpload = maxFile

// UploadURL is where the file of a job goes, by PUT, for 15 minutes.
func (j *Jobs) UploadURL(job *store.UserImportJob) string {
	expires := strconv.FormatInt(job.CreatedAt.Add(uploadLife).UnixMilli(), 10)
	query := url.Values{"expires": {expires}, "signature": {j.uploadSignature(job.PoolID, job.ID, expires)}}
	return j.publicURL + "/_poolhouse/import/" + job.PoolID + "/" + job.ID + "?" + query.Encode()
}

func (j *Jobs) uploadSignature(poolID, jobID, expires string) string {
	return base64.RawURLEncoding.EncodeToString(j.ring.MAC(uploadPurpose, poolID, jobID, expires))
}

// CheckUpload checks what an upload URL says. The errors are ErrUploadSignature
// and ErrUploadExpired.
func (j *Jobs) CheckUpload(poolID, jobID string, query url.Values) error {
	expires := query.Get("expires")
	want := j.uploadSignature(poolID, jobID, expires)
	if subtle.ConstantTimeCompare([]byte(want), []byte(query.Get("signature"))) != 1 {
		return ErrUploadSignature
	}
	ms, err := strconv.ParseInt(expires, 10, 64)
	if err != nil || !j.db.Now().Before(time.UnixMilli(ms)) {
		return ErrUploadExpired
	}
	return nil
}

// Receive reads the file of a job. It takes the place of one that was uploaded
// before, once it is whole; what is left of one that broke off is removed. The
// errors are ErrUploadClosed, ErrUploadTooLarge, those of file, or internal.
func (j *Jobs) Receive(ctx context.Context, poolID, jobID string, file io.Reader) (err error) {
	u := &upload{Jobs: j, poolID: poolID, jobID: jobID, id: rand.Text()}
	if err := u.change(ctx, func(_ *store.Tx, job *store.UserImportJob) error {
		job.Receiving = u.id
		return nil
	}); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			u.abandon(context.WithoutCancel(ctx))
		}
	}()
	if err := u.clear(ctx); err != nil {
		return err
	}
	for n, last := int64(0), false; !last; n += uploadBatch {
		if last, err = u.store(ctx, n, file); err != nil {
			return err
		}
	}
	if err := u.change(ctx, func(_ *store.Tx, job *store.UserImportJob) error {
		if job.Receiving != u.id {
			return ErrUploadClosed
		}
		job.Receiving, job.Upload, job.UploadRows = "", u.id, u.lines
		return nil
	}); err != nil {
		return err
	}
	return u.clear(ctx)
}

// upload is a file on its way in.
type upload struct {
	*Jobs
	poolID, jobID, id string

	size    int64
	lines   int64 // with anything in them
	counted bool  // the line under way is one of them
}

// change changes the job, if it still takes a file.
func (u *upload) change(ctx context.Context, change func(*store.Tx, *store.UserImportJob) error) error {
	return u.db.Update(ctx, func(tx *store.Tx) error {
		job, err := tx.UserImportJob(u.poolID, u.jobID)
		if errors.Is(err, store.ErrNotFound) {
			return ErrUploadClosed
		}
		if err != nil {
			return err
		}
		if expire(job, tx.Now()); job.Status != statusCreated {
			return ErrUploadClosed
		}
		if err := change(tx, job); err != nil {
			return err
		}
		return tx.UpdateUserImportJob(job)
	})
}

// store reads and stores the pieces of the file from number n on; last says
// whether that was the end.
func (u *upload) store(ctx context.Context, n int64, file io.Reader) (last bool, err error) {
	var sealed []string
	for b := make([]byte, chunkBytes); len(sealed) < uploadBatch && !last; {
		read, err := io.ReadFull(file, b)
		switch {
		case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
			last = true
		case err != nil:
			return false, fmt.Errorf("read the file: %w", err)
		}
		if u.size += int64(read); u.size > maxFile {
			return false, ErrUploadTooLarge
		}
		if read == 0 {
			break
		}
		u.count(b[:read])
		text, err := u.ring.Seal(chunkPurpose, b[:read], u.chunkContext(u.poolID, u.jobID, u.id, n+int64(len(sealed)))...)
		if err != nil {
			return false, err
		}
		sealed = append(sealed, text)
	}
	return last, u.db.Update(ctx, func(tx *store.Tx) error {
		job, err := tx.UserImportJob(u.poolID, u.jobID)
		if errors.Is(err, store.ErrNotFound) || err == nil && (job.Receiving != u.id || job.Status != statusCreated) {
			return ErrUploadClosed
		}
		if err != nil {
			return err
		}
		for i, text := range sealed {
			if err := tx.InsertUserImportChunk(u.poolID, u.jobID, u.id, n+int64(i), text); err != nil {
				return err
			}
		}
		return nil
	})
}

// chunkContext is what a piece of a file is bound to.
func (*Jobs) chunkContext(poolID, jobID, upload string, n int64) []string {
	return []string{poolID, jobID, upload, strconv.FormatInt(n, 10)}
}

// count counts lines as rows.next does, but for white space beyond ASCII.
func (u *upload) count(b []byte) {
	for _, c := range b {
		switch c {
		case '\n':
			u.counted = false
		case ' ', '\t', '\r', '\v', '\f':
		default:
			if !u.counted {
				u.counted = true
				u.lines++
			}
		}
	}
}

// clear removes what other uploads left, but for the file that the job has.
func (u *upload) clear(ctx context.Context) error {
	for n := int64(1); n > 0; {
		if err := u.db.Update(ctx, func(tx *store.Tx) error {
			job, err := tx.UserImportJob(u.poolID, u.jobID)
			if errors.Is(err, store.ErrNotFound) {
				n = 0 // the pool is gone, and its rows are cleared away
				return nil
			}
			if err != nil {
				return err
			}
			n, err = tx.DeleteUserImportChunks(u.poolID, u.jobID, [2]string{job.Upload, job.Receiving}, deleteBatch)
			return err
		}); err != nil {
			return err
		}
	}
	return nil
}

// abandon removes an upload that broke off. Should that fail, the next upload or
// the end of the job removes it.
func (u *upload) abandon(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	err := u.change(ctx, func(_ *store.Tx, job *store.UserImportJob) error {
		if job.Receiving == u.id {
			job.Receiving = ""
		}
		return nil
	})
	if err == nil || errors.Is(err, ErrUploadClosed) {
		err = u.clear(ctx)
	}
	if err != nil {
		u.log.WarnContext(ctx, "an upload that broke off is not removed yet", "job", u.jobID, "err", err)
	}
}

// file reads the file of a job from a byte on.
type file struct {
	*Jobs
	ctx    context.Context //nolint:containedctx // io.Reader takes none, and a file is read within one call
	job    *store.UserImportJob
	offset int64
	rest   []byte
}

// Read implements io.Reader.
func (f *file) Read(p []byte) (int, error) {
	if len(f.rest) == 0 {
		n := f.offset / chunkBytes
		var sealed string
		err := f.db.View(f.ctx, func(tx *store.Tx) (err error) {
			sealed, err = tx.UserImportChunk(f.job.PoolID, f.job.ID, f.job.Upload, n)
			return err
		})
		if errors.Is(err, store.ErrNotFound) {
			return 0, io.EOF
		}
		if err != nil {
			return 0, err
		}
		b, err := f.ring.Open(chunkPurpose, sealed, f.chunkContext(f.job.PoolID, f.job.ID, f.job.Upload, n)...)
		if err != nil {
			return 0, fmt.Errorf("piece %d of the file of %s: %w", n, f.job.ID, err)
		}
		within := int(f.offset % chunkBytes)
		if within >= len(b) {
			return 0, io.EOF
		}
		f.rest = b[within:]
	}
	n := copy(p, f.rest)
	f.rest, f.offset = f.rest[n:], f.offset+int64(n)
	return n, nil
}
