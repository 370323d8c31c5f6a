//go:build unix

package app_test

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/app"
	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/message"
	"github.com/poolhouse/poolhouse/internal/store"
	"github.com/poolhouse/poolhouse/internal/store/storetest"
	"github.com/poolhouse/poolhouse/internal/userpool"
)

const (
	benchPool     = "us-east-1_Bench0000"
	benchClient   = "bench0client00000000000000"
	benchPassword = "Correct-Horse-7"
	benchRole     = "Bench"
	benchSeed     = `{"UserPools": [{
		"Id": "` + benchPool + `", "PoolName": "benchmark", "UsernameConfiguration": {"CaseSensitive": false},
		"Clients": [{"ClientId": "` + benchClient + `", "ClientName": "benchmark",
			"ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]}]
	}], "Roles": [{"Name": "` + benchRole + `",
		"Trust": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Federated": "cognito-identity.amazonaws.com"},
			"Action": ["sts:AssumeRoleWithWebIdentity", "sts:TagSession"],
			"Condition": {"StringLike": {"cognito-identity.amazonaws.com:aud": "us-east-1:*"}, "ForAnyValue:StringLike": {"cognito-identity.amazonaws.com:amr": "authenticated"}}}]},
		"Policy": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject",
			"Resource": "arn:aws:s3:::bucket/${cognito-identity.amazonaws.com:sub}/*"}]}}]}`

	// signers is how many users have a password that somebody knows, spread over
	// the whole directory.
	signers = 1000
)

// benchKey seals nothing but made-up users, and stays the same so that a
// database can be used again.
var benchKey = keys.MasterKey(sha256.Sum256([]byte("poolhouse benchmark")))

func benchOptions(databaseURL string) app.Options {
	return app.Options{
		DatabaseURL: databaseURL, MasterKey: benchKey, PublicURL: "https://id.example.com", IssuerStyle: "url",
		Region: "us-east-1", AccountID: "123456789012",
		// Nobody listens there: what is sent is put off.
		Messages: app.MessageOptions{EmailURL: &url.URL{Scheme: "smtp", Host: "127.0.0.1:9", RawQuery: "tls=none"}, From: "a@example.com"},
	}
}

// directory is a pool of so many users, all of which follow from their number.
type directory int

func (directory) username(i int) string { return fmt.Sprintf("user-%07d", i) }
func (directory) email(i int) string    { return fmt.Sprintf("user-%07d@example.com", i) }

// sub is a UUID. Subs ascend with the numbers, for rows that arrive in the order
// of their keys fill a million's indexes in minutes. They lie as dense as random
// ones, so that a look-up costs the same.
func (d directory) sub(i int) string {
	h := sha256.Sum256([]byte(d.username(i)))
	x := hex.EncodeToString(h[:])
	return fmt.Sprintf("%08x-%s-4%s-8%s-%s", uint64(i)<<32/uint64(d), x[:4], x[4:7], x[7:10], x[10:22])
}

// signer is the number of a user who can sign in.
func (d directory) signer(j int) int { return j % min(signers, int(d)) * d.stride() }
func (d directory) stride() int      { return max(1, int(d)/signers) }

// user is the row as userpool makes it for a confirmed user, without a password.
func (d directory) user(i int, now time.Time) *store.User {
	name := "User " + d.username(i)
	return &store.User{
		PoolID: benchPool, Sub: d.sub(i), Username: d.username(i), Status: userpool.StatusConfirmed, Enabled: true,
		Attributes: map[string]string{"email": d.email(i), "email_verified": "true", "name": name},
		CreatedAt:  now, ModifiedAt: now,
		Names: []store.UserName{{Name: d.username(i), Kind: store.NameUsername}},
		Index: []store.AttributeIndex{{Name: "email", Value: d.email(i)}, {Name: "name", Value: name}},
	}
}

// sqliteDirectory is the URL of a database with the directory in it. With
// POOLHOUSE_BENCH_DIR it is kept there for other runs.
func sqliteDirectory(b *testing.B, d directory) string {
	b.Helper()
	dir := os.Getenv("POOLHOUSE_BENCH_DIR")
	if dir == "" {
		dir = b.TempDir()
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		b.Fatal(err)
	}
	file := filepath.Join(dir, fmt.Sprintf("bench-%d.db", d))
	if _, err := os.Stat(file); errors.Is(err, os.ErrNotExist) {
		unfinished := file + ".unfinished"
		for _, suffix := range []string{"", "-wal", "-shm"} {
			os.Remove(unfinished + suffix) // of a run that was interrupted
		}
		fill(b, "sqlite:"+unfinished, d)
		if err := os.Rename(unfinished, file); err != nil {
			b.Fatal(err)
		}
	}
	return "sqlite:" + file
}

// postgresDirectory is the same in a schema of the server that
// POOLHOUSE_TEST_POSTGRES names, which is kept if POOLHOUSE_BENCH_DIR is set.
func postgresDirectory(b *testing.B, d directory) string {
	b.Helper()
	if os.Getenv("POOLHOUSE_BENCH_DIR") == "" {
		database := storetest.PostgresURL(b)
		fill(b, database, d)
		return database
	}
	server := os.Getenv("POOLHOUSE_TEST_POSTGRES")
	schema := fmt.Sprintf("poolhouse_bench_%d", d)
	var there bool
	admin := openSQL(b, server)
	defer admin.Close()
	if err := admin.QueryRow(`SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = $1)`, schema).Scan(&there); err != nil {
		b.Fatal(err)
	}
	if !there {
		unfinished := schema + "_unfinished"
		execSQL(b, admin, `DROP SCHEMA IF EXISTS `+unfinished+` CASCADE`, `CREATE SCHEMA `+unfinished)
		fill(b, inSchema(b, server, unfinished), d)
		execSQL(b, admin, `ALTER SCHEMA `+unfinished+` RENAME TO `+schema)
	}
	return inSchema(b, server, schema)
}

func inSchema(b *testing.B, server, schema string) string {
	b.Helper()
	u, err := url.Parse(server)
	if err != nil {
		b.Fatal("POOLHOUSE_TEST_POSTGRES is not a URL")
	}
	q := u.Query()
	q.Set("search_path", schema)
	u.RawQuery = q.Encode()
	return u.String()
}

func openSQL(b *testing.B, server string) *sql.DB {
	b.Helper()
	db, err := sql.Open("pgx", server) // the driver that store registers
	if err != nil {
		b.Fatal(err)
	}
	return db
}

func execSQL(b *testing.B, db *sql.DB, statements ...string) {
	b.Helper()
	for _, s := range statements {
		if _, err := db.Exec(s); err != nil {
			b.Fatal(err)
		}
	}
}

// fill makes the pool, its client and the users.
func fill(b *testing.B, databaseURL string, d directory) {
	b.Helper()
	ctx, start := b.Context(), time.Now()
	o := benchOptions(databaseURL)
	o.Migrate, o.Seed = true, new(app.Seed)
	if err := json.Unmarshal([]byte(benchSeed), o.Seed); err != nil {
		b.Fatal(err)
	}
	a, err := app.New(ctx, o)
	if err != nil {
		b.Fatal(err)
	}
	if err := a.Close(); err != nil {
		b.Fatal(err)
	}
	f := openFiller(b, databaseURL, d)
	defer f.close()
	if err := f.fill(ctx); err != nil {
		b.Fatal(err)
	}
	if err := f.check(ctx); err != nil {
		b.Fatal(err)
	}
	if f.db.Kind() == store.Postgres { // what autovacuum would do soon
		db := openSQL(b, databaseURL)
		defer db.Close()
		execSQL(b, db, `ANALYZE users`, `ANALYZE user_names`, `ANALYZE user_attributes`)
	}
	b.Logf("%d users in %s", d, time.Since(start).Round(time.Millisecond))
}

// filler writes the users of a directory past the API.
type filler struct {
	directory
	db    *store.DB
	ring  *keys.Ring
	users *userpool.Users
	pool  *userpool.Pool
}

func openFiller(b *testing.B, databaseURL string, d directory) *filler {
	b.Helper()
	db, err := store.Open(b.Context(), store.Options{URL: databaseURL})
	if err != nil {
		b.Fatal(err)
	}
	ring, err := keys.Open(b.Context(), db, benchKey, nil)
	if err != nil {
		b.Fatal(errors.Join(err, db.Close()))
	}
	f := &filler{directory: d, db: db, ring: ring}
	pools := userpool.NewPools(db, ring, userpool.PoolsOptions{AccountID: "123456789012"})
	f.users = userpool.NewUsers(db, ring, message.NewOutbox(ring, false), userpool.NoLimits())
	if f.pool, err = pools.Pool(b.Context(), benchPool); err != nil {
		f.close()
		b.Fatal(err)
	}
	return f
}

func (f *filler) close() {
	f.ring.Close()
	f.db.Close()
}

// batch is how many users one transaction adds.
const batch = 1000

func (f *filler) fill(ctx context.Context) error {
	now := f.db.Now()
	// What the others have for a password is as long as a real one.
	stranger, err := f.users.NewPassword(f.pool, f.user(0, now), benchPassword, false)
	if err != nil {
		return err
	}
	var mu sync.Mutex
	next := 0
	return together((int(f.directory)+batch-1)/batch, func(int) error {
		mu.Lock() // in order, even if the workers are not
		first := next
		next += batch
		mu.Unlock()
		users := make([]*store.User, 0, batch)
		for i := first; i < min(first+batch, int(f.directory)); i++ {
			user, password := f.user(i, now), stranger
			if i%f.stride() == 0 {
				var err error
				if password, err = f.users.NewPassword(f.pool, user, benchPassword, false); err != nil {
					return err
				}
			}
			password.Apply(user)
			users = append(users, user)
		}
		return f.db.Update(ctx, func(tx *store.Tx) error {
			for _, u := range users {
				if err := tx.InsertUser(u); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

// check compares rows with what userpool makes of them: names and index must be
// those that it would have written.
func (f *filler) check(ctx context.Context) error {
	return f.db.View(ctx, func(tx *store.Tx) error {
		for _, i := range []int{0, f.signer(signers / 2), int(f.directory) - 1} {
			want := f.user(i, f.db.Now())
			got, err := f.pool.Find(tx, f.username(i))
			if err != nil {
				return fmt.Errorf("user %d: %w", i, err)
			}
			slices.SortFunc(got.Index, func(a, b store.AttributeIndex) int { return strings.Compare(a.Name, b.Name) })
			if got.Sub != want.Sub || !reflect.DeepEqual(got.Names, want.Names) || !reflect.DeepEqual(got.Index, want.Index) {
				return fmt.Errorf("user %d is %+v %+v; userpool would make %+v %+v", i, want.Names, want.Index, got.Names, got.Index)
			}
		}
		return nil
	})
}
