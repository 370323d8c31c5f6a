package userimport

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/store/storetest"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

const bcryptHash = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW" // of U*U

func TestImport(t *testing.T) {
	d := deploy(t, "sqlite::memory:", userpool.PoolSettings{})
	job := d.started("", d.csv(
		person("ada", "name", `Lovelace\, Ada`, "birthdate", "12/10/1815", "phone_number_verified", "FALSE", "cognito:mfa_enabled", "false"),
		person("ada"),
		map[string]string{"cognito:username": "grace", "email": "grace@example.com"},
		person("hedy", "updated_at", "1471453471"),
	)+"\r\n  \n"+strings.TrimPrefix(d.csv(person("edith", "cognito:username", " edith ")), d.csv()))
	done := d.finish(job)
	if done.Status != statusSucceeded || done.Message != messageSucceeded || done.Imported != 3 || done.Skipped != 1 || done.Failed != 1 {
		t.Errorf("the job ended as %+v", done)
	}
	if done.StartedAt.IsZero() || done.CompletedAt.Before(done.StartedAt) {
		t.Errorf("started %v, completed %v", done.StartedAt, done.CompletedAt)
	}
	want := "[SKIPPED] Line Number 3 - The user already exists.\n" +
		"[FAILED] Line Number 4 - The User Record does not set any of the auto verified attributes to true. (Example: email_verified to true).\n"
	if got := d.logOf(job); got != want {
		t.Errorf("the log is\n%swant\n%s", got, want)
	}
	ada := d.find("ada")
	if ada.Status != userpool.StatusResetRequired || !ada.Enabled || ada.SealedPassword != "" {
		t.Errorf("the user is %+v", ada)
	}
	if got, want := fmt.Sprint(ada.Attributes), "map[birthdate:1815-12-10 email:ada@example.com email_verified:true name:Lovelace, Ada]"; got != want {
		t.Errorf("attributes %s, want %s", got, want)
	}
	d.find("edith")
	if d.chunks(job) != 0 {
		t.Error("the file is still there")
	}
}

// Each row is the second one, behind one that is right.
func TestRows(t *testing.T) {
	text := func(s string) *string { return &s }
	required := userpool.SchemaSettings{Name: "given_name", AttributeDataType: "String", Required: new(true)}
	short := userpool.SchemaSettings{Name: "code", AttributeDataType: "String", StringAttributeConstraints: &userpool.StringConstraints{MaxLength: "3"}}
	for _, tc := range []struct {
		name     string
		settings userpool.PoolSettings
		row      map[string]string
		raw      *string // in place of row
		want     string  // the line of the log, less its beginning; "" if it is imported
	}{
		{name: "no username", row: person("", "email", "a@example.com"), want: "FAILED: The username is required."},
		{name: "white space in the username", row: person("a b", "email", "a@example.com"), want: "FAILED: The username must not contain white space."},
		{name: "long username", row: person(strings.Repeat("é", 129), "email", "a@example.com"), want: "FAILED: The username is longer than 128 characters."},
		{name: "long but not too long", row: person(strings.Repeat("é", 128), "email", "a@example.com")},
		{name: "verified without an address", row: person("a", "email", ""), want: "FAILED: Email is required to verify/un-verify an email"},
		{name: "another address verified", row: person("a", "email_verified", "", "phone_number", "+12345550100", "phone_number_verified", "true"),
			want: "FAILED: The User Record does not set any of the auto verified attributes to true. (Example: email_verified to true)."},
		{name: "bad email", row: person("a", "email", "a.example.com"), want: "FAILED: Invalid email address format."},
		{name: "bad birthdate", row: person("a", "birthdate", "1815-12-10"), want: "FAILED: Invalid birthdate format, please use MM/DD/YYYY."},
		{name: "no such day", row: person("a", "birthdate", "02/30/2001"), want: "FAILED: Invalid birthdate format, please use MM/DD/YYYY."},
		{name: "bad number", row: person("a", "updated_at", "now"), want: "FAILED: Attributes did not conform to the schema: updated_at: Number must be a whole number"},
		{name: "bad boolean", row: person("a", "email_verified", "yes"), want: "FAILED: Attributes did not conform to the schema: email_verified: Boolean must be true or false"},
		{name: "required attribute", settings: userpool.PoolSettings{Schema: []userpool.SchemaSettings{required}}, row: person("a"),
			want: "FAILED: Attributes did not conform to the schema: given_name: The attribute is required"},
		{name: "custom attribute too long", settings: userpool.PoolSettings{Schema: []userpool.SchemaSettings{short}}, row: person("a", "custom:code", "1234"),
			want: "FAILED: Attributes did not conform to the schema: custom:code: String must be no longer than 3 chars"},
		{name: "MFA where it is off", row: person("a", "cognito:mfa_enabled", "TRUE"),
			want: "FAILED: cognito:mfa_enabled must be false or empty, since the user pool has MFA turned off."},
		{name: "MFA that is no boolean", row: person("a", "cognito:mfa_enabled", "1"), want: "FAILED: cognito:mfa_enabled must be true, false or empty."},
		{name: "too few values", raw: text("a,b"), want: "FAILED: The row has 2 values, the header has 21 columns."},
		{name: "not UTF-8", raw: text("\xff"), want: "FAILED: The row is not UTF-8."},
		{name: "a long row", raw: text(strings.Repeat("x", 16_001)), want: "FAILED: The row is longer than 16000 characters."},
		{name: "a very long row", raw: text(strings.Repeat("x", 300_000)), want: "FAILED: The row is longer than 16000 characters."},
		{name: "a NUL", row: person("a", "name", "a\x00b"), want: "FAILED: Attributes did not conform to the schema: name: String must be valid UTF-8 text"},
		{name: "the same name", row: person("first"), want: "SKIPPED: The user already exists."},
		{name: "the same name in another case", settings: userpool.PoolSettings{PoolConfig: userpool.PoolConfig{UsernameConfiguration: &userpool.UsernameConfiguration{}}},
			row: person("FIRST"), want: "SKIPPED: The user already exists."},
		{name: "case counts", row: person("FIRST")},
		{name: "a taken alias", settings: userpool.PoolSettings{PoolConfig: userpool.PoolConfig{AliasAttributes: []string{"email"}}},
			row: person("a", "email", "first@example.com"), want: "SKIPPED: An account with the given email already exists."},
		{name: "a taken preferred username", settings: userpool.PoolSettings{PoolConfig: userpool.PoolConfig{AliasAttributes: []string{"preferred_username"}}},
			row: person("a", "preferred_username", "first"), want: "SKIPPED: An account with the given preferred_username already exists."},
		{name: "a username like an alias", settings: userpool.PoolSettings{PoolConfig: userpool.PoolConfig{AliasAttributes: []string{"email"}}},
			row: person("a@b", "email", "a@example.com"), want: "FAILED: Username cannot be of email format, since user pool is configured for email alias."},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d := deploy(t, "sqlite::memory:", tc.settings)
			row := strings.TrimPrefix(d.csv(tc.row), d.csv())
			if tc.raw != nil {
				row = *tc.raw
			}
			job := d.finish(d.started("", d.csv(person("first", "given_name", "F"))+row))
			got := strings.TrimSuffix(strings.NewReplacer("[", "", "] Line Number 3 -", ":").Replace(d.logOf(job)), "\n")
			if got != tc.want {
				t.Errorf("the log says %q, want %q", got, tc.want)
			}
			if want := tc.want == ""; d.count() != 1+map[bool]int{true: 1}[want] {
				t.Errorf("the pool has %d users", d.count())
			}
		})
	}
}

func TestUsernameAttributes(t *testing.T) {
	d := deploy(t, "sqlite::memory:", userpool.PoolSettings{PoolConfig: userpool.PoolConfig{UsernameAttributes: []string{"email"}}})
	job := d.finish(d.started("", d.csv(
		map[string]string{"cognito:username": "ada@example.com", "email_verified": "true"},
		person("ada"), // the same address
		person("grace@example.com", "email", "other@example.com"),
		person("hedy@example.com", "email", "hedy@example.com"),
	)))
	if job.Imported != 2 || job.Skipped != 0 || job.Failed != 2 {
		t.Errorf("%+v\n%s", job, d.logOf(job))
	}
	if ada := d.find("ada@example.com"); ada.Username != ada.Sub {
		t.Errorf("the username is %s", ada.Username)
	}
}

func TestPasswordlessUsersAreConfirmed(t *testing.T) {
	d := deploy(t, "sqlite::memory:", userpool.PoolSettings{Policies: userpool.PolicySettings{
		SignInPolicy: &userpool.SignInPolicy{AllowedFirstAuthFactors: []string{"PASSWORD", "EMAIL_OTP"}}}})
	d.finish(d.started("", d.csv(person("ada"))))
	if got := d.find("ada").Status; got != userpool.StatusConfirmed {
		t.Errorf("status %s", got)
	}
}

func TestFilesThatCannotBeImported(t *testing.T) {
	d := deploy(t, "sqlite::memory:", userpool.PoolSettings{})
	whole := strings.TrimSpace(d.csv())
	for _, tc := range []struct{ name, algorithm, file, want string }{
		{"empty", "", "", "The CSV file has no header."},
		{"a byte order mark", "", "\ufeff" + whole, "The CSV file begins with a byte order mark."},
		{"UTF-16", "", "n\x00a\x00\xff", "The CSV header: The row is not UTF-8."},
		{"a column is missing", "", strings.Replace(whole, ",gender", "", 1), "The CSV header lacks the column gender."},
		{"a column too many", "", whole + ",shoe_size", "Column 22 of the CSV header is none of the user pool."},
		{"a column twice", "", whole + ",gender", "The CSV header has the column gender twice."},
		{"no hashes", "BCRYPT", whole, "The CSV header lacks the column password_hash."},
		{"hashes of nobody", "BCRYPT", "password_hash,email", "The CSV header lacks the column cognito:username."},
		{"too many rows", "", whole + strings.Repeat("\nx", maxRows+1), "The CSV file has more than 500000 rows."},
	} {
		t.Run(tc.name, func(t *testing.T) {
			job := d.finish(d.started(tc.algorithm, tc.file))
			if job.Status != statusFailed || job.Message != tc.want || job.Imported+job.Skipped+job.Failed != 0 || len(job.Message) > 128 {
				t.Errorf("%+v, want %s", job, tc.want)
			}
		})
	}
	if job := d.finish(d.started("", whole)); job.Status != statusSucceeded {
		t.Errorf("a file without users ends as %+v", job)
	}
}

// The hashes come as in the example of the developer guide, which leaves most
// columns out.
func TestPasswordHashes(t *testing.T) {
	d := deploy(t, "sqlite::memory:", userpool.PoolSettings{})
	job := d.finish(d.started("BCRYPT", "cognito:username,email,email_verified,password_hash\n"+
		"ada,ada@example.com,TRUE,"+bcryptHash+"\n"+
		"grace,grace@example.com,TRUE,\n"+
		"hedy,hedy@example.com,TRUE,65536$8$1$00$00\n"+
		"edith,edith@example.com,TRUE,$2b$13$CtA.Rcu/szzn9U00wpUjOuN3vrgJRZycv4aOzcP3GzqzO8UDPEFq6\n"))
	want := "[FAILED] Line Number 4 - The password hash does not have the format of the job's password hashing algorithm.\n" +
		"[FAILED] Line Number 5 - A parameter of the password hash exceeds the maximum.\n"
	if got := d.logOf(job); got != want || job.Imported != 2 || job.Status != statusSucceeded {
		t.Errorf("%+v\n%s", job, got)
	}
	ada := d.find("ada")
	if right, err := d.users.VerifyPassword(d.pool, ada, "U*U"); !right || err != nil || ada.Status != userpool.StatusConfirmed {
		t.Errorf("the imported password: %v, %v; status %s", right, err, ada.Status)
	}
	if grace := d.find("grace"); grace.Status != userpool.StatusResetRequired || grace.SealedPassword != "" {
		t.Errorf("without a hash: %+v", grace)
	}
	job = d.finish(d.started("", strings.TrimSpace(d.csv())+",password_hash\n"+strings.Repeat(",", 20)+"kay,"+bcryptHash))
	if got := d.logOf(job); got != "[FAILED] Line Number 2 - The row has a password hash, but the import job has no password hashing algorithm.\n" {
		t.Errorf("a hash in a job without an algorithm: %s", got)
	}
}

// More than half of the rows come to nothing.
func TestTooManyFailures(t *testing.T) {
	d := deploy(t, "sqlite::memory:", userpool.PoolSettings{})
	bad := map[string]string{"cognito:username": "bad"}
	if job := d.finish(d.started("", d.csv(person("a"), bad))); job.Status != statusSucceeded {
		t.Errorf("half: %+v", job)
	}
	if job := d.finish(d.started("", d.csv(person("a"), person("b"), bad))); job.Status != statusFailed || job.Message != messageFailed {
		t.Errorf("more than half: %+v", job)
	}
}

// TestAnotherNodeGoesOn kills a node between batches, over and over: no row is
// lost, none counts twice, and the log has each line once.
func TestAnotherNodeGoesOn(t *testing.T) {
	for name, database := range map[string]func(testing.TB) string{"sqlite": storetest.SQLiteURL, "postgres": storetest.PostgresURL} {
		t.Run(name, func(t *testing.T) {
			d := deploy(t, database(t), userpool.PoolSettings{})
			const people = 5*batchRows + 17
			var file strings.Builder
			file.WriteString(d.people(0, people))
			for range batchRows { // fail, and fill a page of the log
				file.WriteString("x\r\n")
			}
			job := d.started("", file.String())
			for last, nodes := false, 0; !last; nodes++ {
				node := d.node()
				taken, err := node.take(t.Context())
				if err != nil || taken == nil {
					t.Fatalf("node %d takes %v, %v", nodes, taken, err)
				}
				columns, at, err := node.begin(t.Context(), taken)
				if err != nil {
					t.Fatal(err)
				}
				b, end, err := node.read(d.pool, columns, at, "")
				if err != nil {
					t.Fatal(err)
				}
				if err := node.store(t.Context(), taken, d.pool, b, at, end); err != nil {
					t.Fatal(err)
				}
				// It reads on and is gone before it stores.
				if last = end; last {
					break
				}
				if _, _, err := node.read(d.pool, columns, at, ""); err != nil {
					t.Fatal(err)
				}
				if other, err := d.node().take(t.Context()); err != nil || other != nil {
					t.Fatalf("another node takes %v, %v within the lease", other, err)
				}
				d.advance(lease)
			}
			done := d.see(job)
			if done.Imported != people || done.Failed != batchRows || done.Skipped != 0 || done.Status != statusSucceeded {
				t.Errorf("the job ended as %+v", done)
			}
			if d.count() != people {
				t.Errorf("the pool has %d users", d.count())
			}
			lines := strings.Split(strings.TrimSpace(d.logOf(job)), "\n")
			for i, l := range lines {
				if want := fmt.Sprintf("[FAILED] Line Number %d - The row has 1 values, the header has 21 columns.", people+2+i); l != want {
					t.Fatalf("line %d of the log is %q, want %q", i, l, want)
				}
			}
			if len(lines) != batchRows {
				t.Errorf("the log has %d lines", len(lines))
			}
		})
	}
}

// A node that lost its job, because it was taken to be dead or because the job was
// stopped, stores nothing any more.
func TestLostJobs(t *testing.T) {
	for name, lose := range map[string]func(*testing.T, *deployment, *store.UserImportJob){
		"taken": func(t *testing.T, d *deployment, _ *store.UserImportJob) {
			d.advance(lease)
			if taken, err := d.node().take(t.Context()); err != nil || taken == nil {
				t.Fatal(taken, err)
			}
		},
		"stopped": func(t *testing.T, d *deployment, job *store.UserImportJob) {
			stopped, err := d.Stop(t.Context(), job.PoolID, job.ID)
			if err != nil || stopped.Status != statusStopped || stopped.Message != messageStopped || stopped.Imported != batchRows {
				t.Fatal(stopped, err)
			}
		},
		"deleted": func(t *testing.T, d *deployment, job *store.UserImportJob) {
			if err := d.db.Update(t.Context(), func(tx *store.Tx) error { return tx.DeleteUserPool(job.PoolID) }); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := deploy(t, "sqlite::memory:", userpool.PoolSettings{})
			job := d.started("", d.people(0, 3*batchRows))
			taken, err := d.take(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			columns, at, err := d.begin(t.Context(), taken)
			if err != nil {
				t.Fatal(err)
			}
			for i := range 2 {
				b, last, err := d.read(d.pool, columns, at, "")
				if err != nil {
					t.Fatal(err)
				}
				if i == 1 {
					lose(t, d, job)
				}
				err = d.Jobs.store(t.Context(), taken, d.pool, b, at, last)
				if i == 0 && err != nil || i == 1 && err != errLost { //nolint:errorlint // Update hands it on as it is
					t.Errorf("batch %d: %v", i, err)
				}
			}
			if d.count() != batchRows {
				t.Errorf("the pool has %d users", d.count())
			}
		})
	}
}

// A node that is told to end gives its job back.
func TestShutdown(t *testing.T) {
	d := deploy(t, "sqlite::memory:", userpool.PoolSettings{})
	job := d.started("", d.people(0, batchRows))
	taken, err := d.take(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := d.importUsers(ctx, taken); err == nil {
		t.Error("imports although it is told to end")
	}
	if err := d.yield(context.WithoutCancel(ctx), taken); err != nil {
		t.Fatal(err)
	}
	if done := d.finish(job); done.Imported != batchRows {
		t.Errorf("%+v", done)
	}
}

func TestLogKeepsTheLastLines(t *testing.T) {
	d := deploy(t, "sqlite::memory:", userpool.PoolSettings{})
	job := d.finish(d.started("", d.csv()+strings.Repeat("x\n", 25_000)))
	lines := strings.Split(strings.TrimSpace(d.logOf(job)), "\n")
	if first, want := lines[0], fmt.Sprintf("Line Number %d ", 25_002-len(lines)); len(lines) != logPages*logPageLines || !strings.Contains(first, want) {
		t.Errorf("%d lines, from %q", len(lines), first)
	}
	if job.Failed != 25_000 {
		t.Errorf("%d failed", job.Failed)
	}
}

func TestRun(t *testing.T) {
	d := deploy(t, "sqlite::memory:", userpool.PoolSettings{})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		d.Run(ctx)
	}()
	job := d.started("", d.people(0, 10))
	for end := time.Now().Add(time.Minute); d.see(job).Status != statusSucceeded; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("the job is %+v", d.see(job))
		}
	}
	cancel()
	<-ended
}
