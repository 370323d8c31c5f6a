package userimport

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/poolhouse/poolhouse/internal/fault"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

func wantFault(t *testing.T, err error, code fault.Code, format string, args ...any) {
	t.Helper()
	if want := fault.Errorf(code, format, args...); !errors.Is(err, want) {
		t.Errorf("got %v, want %v", err, want)
	}
}

func TestStates(t *testing.T) {
	d := deploy(t, "sqlite::memory:", userpool.PoolSettings{})
	ctx := t.Context()
	bare, err := d.Create(ctx, NewJob{PoolID: d.pool.ID, Name: "n", RoleARN: role})
	if err != nil || bare.Status != statusCreated || !regexp.MustCompile(`^import-[A-Za-z0-9]{10}$`).MatchString(bare.ID) {
		t.Fatalf("Create = %+v, %v", bare, err)
	}
	_, err = d.Start(ctx, d.pool.ID, bare.ID)
	wantFault(t, err, fault.PreconditionNotMet, "No csv file was uploaded for %s", bare.ID)
	_, err = d.Stop(ctx, d.pool.ID, bare.ID)
	wantFault(t, err, fault.PreconditionNotMet, "User import job %s cannot be stopped. Current status is Created", bare.ID)

	job := d.started("", d.people(0, 3))
	if job.Status != statusPending || job.StartedAt.IsZero() {
		t.Errorf("Start = %+v", job)
	}
	_, err = d.Start(ctx, d.pool.ID, job.ID)
	wantFault(t, err, fault.PreconditionNotMet, "User import job %s cannot be started. Current status is Pending", job.ID)
	_, err = d.Start(ctx, d.pool.ID, d.job("", d.people(3, 4)).ID)
	wantFault(t, err, fault.PreconditionNotMet, "User import job %s is already in progress for this user pool.", job.ID)

	// What changes a pool's schema has to wait.
	const inProgress = "A user import job is in progress for this user pool."
	wantFault(t, d.pools.Delete(ctx, d.pool.ID), fault.UserImportInProgress, inProgress)
	wantFault(t, d.pools.AddCustomAttributes(ctx, d.pool.ID, []userpool.SchemaSettings{{Name: "x", AttributeDataType: "String"}}), fault.UserImportInProgress, inProgress)
	wantFault(t, d.pools.Update(ctx, d.pool.ID, "", userpool.PoolSettings{}), fault.UserImportInProgress, inProgress)

	stopped, err := d.Stop(ctx, d.pool.ID, job.ID)
	if err != nil || stopped.Status != statusStopped || stopped.Message != messageStopped || stopped.CompletedAt.IsZero() {
		t.Errorf("Stop = %+v, %v", stopped, err)
	}
	if done := d.finish(job); done.Status != statusStopped || d.count() != 0 || d.chunks(job) != 0 {
		t.Errorf("after Stop: %+v, %d users, %d pieces", done, d.count(), d.chunks(job))
	}
	_, err = d.Start(ctx, d.pool.ID, job.ID)
	wantFault(t, err, fault.PreconditionNotMet, "User import job %s cannot be started. Current status is Stopped", job.ID)

	for name, call := range map[string]func(pool, id string) error{
		"Describe": func(pool, id string) error { _, err := d.Describe(ctx, pool, id); return err },
		"Start":    func(pool, id string) error { _, err := d.Start(ctx, pool, id); return err },
		"Stop":     func(pool, id string) error { _, err := d.Stop(ctx, pool, id); return err },
		"WriteLog": func(pool, id string) error { return d.WriteLog(ctx, pool, id, io.Discard) },
	} {
		t.Run(name, func(t *testing.T) {
			wantFault(t, call(d.pool.ID, "import-none"), fault.ResourceNotFound, "User import job import-none does not exist.")
			wantFault(t, call("us-east-1_none", job.ID), fault.ResourceNotFound, "User pool us-east-1_none does not exist.")
		})
	}
	_, err = d.Create(ctx, NewJob{PoolID: "us-east-1_none"})
	wantFault(t, err, fault.ResourceNotFound, "User pool us-east-1_none does not exist.")
}

func TestStartNeedsAnAutoVerifiedAttribute(t *testing.T) {
	d := deploy(t, "sqlite::memory:", userpool.PoolSettings{PoolConfig: userpool.PoolConfig{AutoVerifiedAttributes: []string{}}})
	_, err := d.Start(t.Context(), d.pool.ID, d.job("", "x").ID)
	wantFault(t, err, fault.PreconditionNotMet, "The user pool must have at least one auto-verified attribute to import users.")
}

func TestExpiry(t *testing.T) {
	d := deploy(t, "sqlite::memory:", userpool.PoolSettings{})
	job := d.job("", d.people(0, 3))
	d.advance(expireAfter - time.Minute)
	if got := d.finish(job); got.Status != statusCreated || d.chunks(job) == 0 {
		t.Errorf("a minute before: %+v", got)
	}
	d.advance(time.Minute)
	for _, when := range []string{"not yet written down", "written down"} {
		got := d.see(job)
		if got.Status != statusExpired || got.Message != messageExpired || !got.CompletedAt.Equal(job.CreatedAt.Add(expireAfter)) {
			t.Errorf("%s: %+v", when, got)
		}
		jobs, _, err := d.List(t.Context(), d.pool.ID, "", 1)
		if err != nil || jobs[0].Status != statusExpired {
			t.Errorf("%s: List = %+v, %v", when, jobs, err)
		}
		_, err = d.Start(t.Context(), d.pool.ID, job.ID)
		wantFault(t, err, fault.PreconditionNotMet, "User import job %s cannot be started. Current status is Expired", job.ID)
		d.finish(job)
	}
	if d.chunks(job) != 0 {
		t.Error("the file is still there")
	}
}

func TestList(t *testing.T) {
	d := deploy(t, "sqlite::memory:", userpool.PoolSettings{})
	var want []string
	for i := range 5 {
		job, err := d.Create(t.Context(), NewJob{PoolID: d.pool.ID, Name: fmt.Sprint(i), RoleARN: role})
		if err != nil {
			t.Fatal(err)
		}
		want = append([]string{job.ID}, want...)
		d.advance(time.Second)
	}
	var got []string
	token := ""
	for page := 0; page == 0 || token != ""; page++ {
		var jobs []*store.UserImportJob
		var err error
		if jobs, token, err = d.List(t.Context(), d.pool.ID, token, 2); err != nil {
			t.Fatal(err)
		}
		for _, job := range jobs {
			got = append(got, job.ID)
		}
		if token != "" && !regexp.MustCompile(`^`+d.pool.ID+`#`+got[len(got)-1]+`#[0-9]{13}$`).MatchString(token) {
			t.Errorf("token %q", token)
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("listed %v, want %v", got, want)
	}
	for _, junk := range []string{"junk", "#", d.pool.ID + "#import-a#", d.pool.ID + "#import-a#-1", "other#import-a#1", d.pool.ID + "#a#1"} {
		_, _, err := d.List(t.Context(), d.pool.ID, junk, 2)
		wantFault(t, err, fault.InvalidParameter, "Invalid pagination token.")
	}
	_, _, err := d.List(t.Context(), "us-east-1_none", "", 2)
	wantFault(t, err, fault.ResourceNotFound, "User pool us-east-1_none does not exist.")
}

func TestTooManyJobs(t *testing.T) {
	d := deploy(t, "sqlite::memory:", userpool.PoolSettings{})
	if err := d.db.Update(t.Context(), func(tx *store.Tx) error {
		for i := range maxJobs {
			if err := tx.InsertUserImportJob(&store.UserImportJob{PoolID: d.pool.ID, ID: fmt.Sprint("import-", i)}); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	_, err := d.Create(t.Context(), NewJob{PoolID: d.pool.ID})
	wantFault(t, err, fault.LimitExceeded, "The maximum number of user import jobs, 1000, is reached.")
}

func TestUploadURL(t *testing.T) {
	d := deploy(t, "sqlite::memory:", userpool.PoolSettings{})
	job, other := d.job("", ""), d.job("", "")
	address := d.UploadURL(job)
	if want := "https://id.example.com/_poolhouse/import/" + d.pool.ID + "/" + job.ID + "?"; !strings.HasPrefix(address, want) || len(address) > 2048 {
		t.Errorf("the URL is %s", address)
	}
	q := query(t, address)
	with := func(name, value string) url.Values {
		q := query(t, address)
		q.Set(name, value)
		return q
	}
	later := fmt.Sprint(job.CreatedAt.Add(time.Hour).UnixMilli())
	for _, tc := range []struct {
		name      string
		pool, job string
		query     url.Values
		want      error
	}{
		{"as it is", d.pool.ID, job.ID, q, nil},
		{"of another job", d.pool.ID, other.ID, q, ErrUploadSignature},
		{"of another pool", "us-east-1_other", job.ID, q, ErrUploadSignature},
		{"a later end", d.pool.ID, job.ID, with("expires", later), ErrUploadSignature},
		{"no signature", d.pool.ID, job.ID, with("signature", ""), ErrUploadSignature},
		{"nothing", d.pool.ID, job.ID, nil, ErrUploadSignature},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if err := d.CheckUpload(tc.pool, tc.job, tc.query); !errors.Is(err, tc.want) {
				t.Errorf("got %v, want %v", err, tc.want)
			}
		})
	}
	d.advance(uploadLife)
	if err := d.CheckUpload(d.pool.ID, job.ID, q); !errors.Is(err, ErrUploadExpired) {
		t.Errorf("after 15 minutes: %v", err)
	}
}

func TestUploads(t *testing.T) {
	d := deploy(t, "sqlite::memory:", userpool.PoolSettings{})
	ctx := t.Context()
	job := d.job("", d.people(0, 2000))
	const pieces = 3 // of 48,000 bytes
	if n := d.chunks(job); n != pieces {
		t.Fatalf("%d pieces", n)
	}
	broken := errors.New("broken")
	if err := d.Receive(ctx, d.pool.ID, job.ID, io.MultiReader(strings.NewReader(d.people(0, 20_000)), iotest.ErrReader(broken))); !errors.Is(err, broken) {
		t.Errorf("a broken upload: %v", err)
	}
	if err := d.Receive(ctx, d.pool.ID, job.ID, endless{}); !errors.Is(err, ErrUploadTooLarge) {
		t.Errorf("an endless upload: %v", err)
	}
	if n := d.chunks(job); n != pieces {
		t.Errorf("%d pieces after uploads that failed, want the first one's", n)
	}
	// A second upload begins while the first is under way.
	first := &interrupted{r: strings.NewReader(d.people(0, 20_000)), then: func() {
		if err := d.Receive(ctx, d.pool.ID, job.ID, strings.NewReader(d.people(5, 7))); err != nil {
			t.Error(err)
		}
	}}
	if err := d.Receive(ctx, d.pool.ID, job.ID, first); !errors.Is(err, ErrUploadClosed) {
		t.Errorf("the upload that another overtook: %v", err)
	}
	if n := d.chunks(job); n != 1 {
		t.Errorf("%d pieces, want those of the last upload", n)
	}
	if _, err := d.Start(ctx, d.pool.ID, job.ID); err != nil {
		t.Fatal(err)
	}
	if err := d.Receive(ctx, d.pool.ID, job.ID, strings.NewReader("x")); !errors.Is(err, ErrUploadClosed) {
		t.Errorf("an upload after Start: %v", err)
	}
	if done := d.finish(job); done.Imported != 2 {
		t.Errorf("%+v", done)
	}
	if err := d.Receive(ctx, d.pool.ID, "import-none", strings.NewReader("x")); !errors.Is(err, ErrUploadClosed) {
		t.Errorf("an upload for no job: %v", err)
	}
}

// The file rests sealed.
func TestFilesAreSealed(t *testing.T) {
	d := deploy(t, "sqlite::memory:", userpool.PoolSettings{})
	job := d.see(d.job("", d.people(0, 1)))
	var sealed string
	if err := d.db.View(t.Context(), func(tx *store.Tx) (err error) {
		sealed, err = tx.UserImportChunk(job.PoolID, job.ID, job.Upload, 0)
		return err
	}); err != nil || sealed == "" || strings.Contains(sealed, "user-000000") {
		t.Errorf("stored is %.40s, %v", sealed, err)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

// interrupted calls then once, after the first of many reads.
type interrupted struct {
	r    io.Reader
	n    int
	then func()
}

func (i *interrupted) Read(p []byte) (int, error) {
	if i.n++; i.n == 2 {
		i.then()
	}
	return i.r.Read(p)
}
