package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/poolhouse/poolhouse/internal/app"
	"github.com/poolhouse/poolhouse/internal/iam"
	"github.com/poolhouse/poolhouse/internal/keys"
	"github.com/poolhouse/poolhouse/internal/store"
)

const (
	testPool   = "us-east-1_Load00000"
	testClient = "load0client000000000000000"
)

// testServer is a real server that counts requests by operation. before may answer
// in its place.
type testServer struct {
	url    string
	before func(w http.ResponseWriter, operation string, n int) bool

	mu     sync.Mutex
	counts map[string]int
}

func (s *testServer) count(operation string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts[operation]
}

func startServer(t *testing.T) *testServer {
	t.Helper()
	return startServerWith(t, app.Options{
		DatabaseURL: "sqlite::memory:", MasterKey: keys.GenerateMasterKey(), Dev: true, SkipSignatures: true,
	})
}

func startServerWith(t *testing.T, o app.Options) *testServer {
	t.Helper()
	o.Migrate, o.PublicURL, o.IssuerStyle, o.Region, o.AccountID = true, "http://load.example", "url", "us-east-1", "123456789012"
	a, err := app.New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	s := &testServer{counts: map[string]int{}, before: func(http.ResponseWriter, string, int) bool { return false }}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		s.mu.Lock()
		s.counts[operation]++
		n := s.counts[operation]
		s.mu.Unlock()
		if !s.before(w, operation, n) {
			a.Handler().ServeHTTP(w, r)
		}
	}))
	t.Cleanup(func() {
		server.Close()
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	s.url = server.URL
	return s
}

// runJSON runs the command and reads its report, if there is one.
func runJSON(t *testing.T, ctx context.Context, s *testServer, args ...string) (status int, r report, stderr string) {
	t.Helper()
	var out, progress bytes.Buffer
	args = append([]string{"--endpoint", s.url, "--output", "json", "--interval", "0", "--warmup", "0", "--users", "4",
		"--concurrency", "2", "--duration", "1m", "--requests", "20"}, args...)
	status = run(ctx, args, &out, &progress)
	if out.Len() > 0 {
		if err := json.Unmarshal(out.Bytes(), &r); err != nil {
			t.Fatalf("%v in %s", err, out.Bytes())
		}
	}
	return status, r, progress.String()
}

func TestEveryOperationAgainstServer(t *testing.T) {
	s := startServer(t)
	status, r, stderr := runJSON(t, t.Context(), s, "--create", "--operations", strings.Join(operations, ","))
	if status != 0 || r.Total.Operations != 20 || r.Total.Errors != 0 {
		t.Fatalf("status %d, %d operations, %d errors; %s", status, r.Total.Operations, r.Total.Errors, stderr)
	}
	for _, f := range r.Operations {
		requests := f.Operations
		if f.Operation == signInSRP {
			requests *= 2
		}
		if f.Operations == 0 || f.Requests != requests || f.Latency.Max <= 0 {
			t.Errorf("%+v", f)
		}
	}
	if s.count("DeleteUserPool") != 1 {
		t.Error("the pool is left")
	}
}

func TestSecondRunUsesTheUsersOfTheFirst(t *testing.T) {
	s := startServer(t)
	p := &pool{api: newAPI(&options{Endpoint: s.url, Region: "us-east-1", AccessKeyID: "test", SecretAccessKey: "test"})}
	if err := p.create(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := p.createClient(t.Context()); err != nil {
		t.Fatal(err)
	}
	args := []string{"--user-pool-id", p.id, "--client-id", p.clientID, "--operations", signInPassword, "--requests", "3"}
	for range 2 {
		if status, _, stderr := runJSON(t, t.Context(), s, args...); status != 0 {
			t.Fatal(stderr)
		}
		if made, set := s.count("AdminCreateUser"), s.count("AdminSetUserPassword"); made != 4 || set != 4 {
			t.Errorf("%d users made, %d passwords set", made, set)
		}
	}
	if status, r, _ := runJSON(t, t.Context(), s, append(args, "--password", "Another-1!")...); status != statusFailed ||
		r.Total.Errors != 3 || r.Total.ErrorTypes[0].Type != "NotAuthorizedException" {
		t.Errorf("wrong password: status %d, %+v", status, r.Total)
	}
	if status, _, stderr := runJSON(t, t.Context(), s, append(args, "--password", "Another-1!", "--reset-passwords")...); status != 0 {
		t.Errorf("password reset: %s", stderr)
	}
}

// A production server checks signatures, and a client with a secret its hash.
func TestSignaturesAndSecretHash(t *testing.T) {
	o := app.Options{DatabaseURL: "sqlite:" + filepath.Join(t.TempDir(), "load.db"), MasterKey: keys.GenerateMasterKey()}
	key := makeAccessKey(t, o)
	s := startServerWith(t, o)
	p := &pool{api: newAPI(&options{Endpoint: s.url, Region: "us-east-1", AccessKeyID: key.ID, SecretAccessKey: key.Secret})}
	if err := p.create(t.Context()); err != nil {
		t.Fatal(err)
	}
	var made struct {
		UserPoolClient struct{ ClientId, ClientSecret string }
	}
	err := p.persist(t.Context(), "CreateUserPoolClient", map[string]any{
		"UserPoolId": p.id, "ClientName": "load", "GenerateSecret": true,
		"ExplicitAuthFlows": []string{"ALLOW_USER_SRP_AUTH", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"},
	}, &made)
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"--user-pool-id", p.id, "--client-id", made.UserPoolClient.ClientId, "--access-key-id", key.ID,
		"--operations", strings.Join(operations, ",")}
	for _, c := range []struct {
		name, secretKey, clientSecret, want string
	}{
		{"right", key.Secret, made.UserPoolClient.ClientSecret, ""},
		{"wrong secret key", "wrong", made.UserPoolClient.ClientSecret, "InvalidSignatureException"},
		{"no client secret", key.Secret, "", "NotAuthorizedException"},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, _, stderr := runJSON(t, t.Context(), s,
				append(args, "--secret-access-key", c.secretKey, "--client-secret", c.clientSecret)...)
			if (status == 0) != (c.want == "") || !strings.Contains(stderr, c.want) {
				t.Errorf("status %d, %s", status, stderr)
			}
		})
	}
}

func makeAccessKey(t *testing.T, o app.Options) iam.AccessKey {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{URL: o.DatabaseURL, Migrate: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, _, err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	ring, err := keys.Open(t.Context(), db, o.MasterKey, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer ring.Close()
	key, err := app.NewAccessKeys(db, ring).Create(t.Context(), "load", iam.AdministratorPolicy())
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestFailuresAreCountedAndDecideTheStatus(t *testing.T) {
	s := startServer(t)
	s.before = func(w http.ResponseWriter, operation string, n int) bool {
		fail := operation == "GetUser" && n%4 == 0
		if fail {
			w.WriteHeader(http.StatusBadGateway)
		}
		return fail
	}
	for _, c := range []struct {
		rate   string
		status int
	}{{"0", statusFailed}, {"0.2", statusFailed}, {"0.25", 0}} {
		status, r, stderr := runJSON(t, t.Context(), s, "--create", "--operations", getUser, "--max-error-rate", c.rate)
		if status != c.status || r.Total.Errors != 5 || len(r.Total.ErrorTypes) != 1 || r.Total.ErrorTypes[0].Type != "HTTP 502" {
			t.Errorf("rate %s: status %d, %+v, %s", c.rate, status, r.Total, stderr)
		}
	}
}

func TestTimeoutIsAnError(t *testing.T) {
	s := startServer(t)
	release := make(chan struct{})
	s.before = func(_ http.ResponseWriter, operation string, n int) bool {
		if operation == "GetUser" && n == 1 {
			<-release
		}
		return false
	}
	t.Cleanup(func() { close(release) })
	status, r, stderr := runJSON(t, t.Context(), s, "--create", "--operations", getUser, "--timeout", "2s", "--requests", "2")
	if status != statusFailed || r.Total.Errors != 1 || r.Total.ErrorTypes[0].Type != "timeout" {
		t.Errorf("status %d, %+v, %s", status, r.Total, stderr)
	}
}

func TestInterruptReportsAndCleansUp(t *testing.T) {
	s := startServer(t)
	ctx, cancel := context.WithCancel(t.Context())
	s.before = func(_ http.ResponseWriter, operation string, n int) bool {
		if operation == "GetUser" && n == 5 {
			cancel()
		}
		return false
	}
	status, r, stderr := runJSON(t, ctx, s, "--create", "--operations", getUser, "--requests", "0")
	if status != 0 || !r.Interrupted || r.Total.Operations < 5 || r.Total.Errors != 0 {
		t.Errorf("status %d, %+v, %s", status, r, stderr)
	}
	if s.count("DeleteUserPool") != 1 {
		t.Error("the pool is left")
	}
}

func TestThrottledPreparationIsRepeated(t *testing.T) {
	s := startServer(t)
	s.before = func(w http.ResponseWriter, operation string, n int) bool {
		throttle := operation == "AdminCreateUser" && n == 1
		if throttle {
			http.Error(w, `{"__type":"TooManyRequestsException"}`, http.StatusBadRequest)
		}
		return throttle
	}
	status, _, stderr := runJSON(t, t.Context(), s, "--create", "--operations", adminGetUser)
	if status != 0 || s.count("AdminCreateUser") != 5 {
		t.Errorf("status %d, %d users asked for, %s", status, s.count("AdminCreateUser"), stderr)
	}
}

func TestFlags(t *testing.T) {
	named := []string{"--user-pool-id", testPool, "--client-id", testClient}
	for _, c := range []struct {
		name string
		args []string
		want string
	}{
		{"no pool", nil, "or --create"},
		{"pool without client", named[:2], "or --create"},
		{"create and a pool", append([]string{"--create"}, named...), "--create makes its own"},
		{"pool id", []string{"--user-pool-id", "pool", "--client-id", "x"}, "or --create"},
		{"endpoint", append([]string{"--endpoint", "ftp://x"}, named...), "--endpoint must be"},
		{"users", append([]string{"--users", "0"}, named...), "--users must be"},
		{"concurrency", append([]string{"--concurrency", "10001"}, named...), "--concurrency must be"},
		{"duration", append([]string{"--duration", "25h"}, named...), "--duration must be"},
		{"rate", append([]string{"--rate", "NaN"}, named...), "--rate must be"},
		{"error rate", append([]string{"--max-error-rate", "1.1"}, named...), "--max-error-rate must be"},
		{"operations", append([]string{"--operations", "sign-up"}, named...), "unknown operation"},
		{"output", append([]string{"--output", "xml"}, named...), "--output must be"},
		{"unknown", append([]string{"--colour"}, named...), "unknown flag"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out, stderr bytes.Buffer
			if status := run(t.Context(), c.args, &out, &stderr); status != statusUsage || !strings.Contains(stderr.String(), c.want) {
				t.Errorf("status %d: %s", status, stderr.String())
			}
		})
	}
}

func TestFlagsFromEnvironment(t *testing.T) {
	s := startServer(t)
	t.Setenv("POOLHOUSE_LOAD_CREATE", "true")
	t.Setenv("POOLHOUSE_LOAD_OPERATIONS", adminGetUser)
	t.Setenv("AWS_ACCESS_KEY_ID", "from-the-environment")
	status, r, stderr := runJSON(t, t.Context(), s)
	if status != 0 || len(r.Operations) != 1 || r.Operations[0].Operation != adminGetUser {
		t.Errorf("status %d, %+v, %s", status, r.Operations, stderr)
	}
}
