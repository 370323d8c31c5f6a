package test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/store/storetest"
)

const (
	demoPool   = "us-east-1_Demo00000"
	demoClient = "demo0client000000000000000"
	region     = "us-east-1"
	publicURL  = "https://id.example.com" // the issuer's base under serve
)

// binary is the program under test, built once.
var binary string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	if os.Getenv("S3_CLIENT") != "" {
		if err := s3Client(context.Background()); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return 0
	}
	dir, err := os.MkdirTemp("", "poolhouse-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "poolhouse")
	if out, err := exec.Command("go", "build", "-o", binary, "../cmd/poolhouse").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// server is a running poolhouse.
type server struct {
	t       *testing.T
	URL     string
	process *os.Process
	output  *output
	exited  chan struct{} // closed when it has ended
	err     error         // how it ended; valid once exited is closed
}

// start runs a poolhouse server command on a free port and waits until it is
// ready. It is stopped after the test.
func start(t *testing.T, args ...string) *server {
	t.Helper()
	s := &server{t: t, output: &output{ready: make(chan struct{})}, exited: make(chan struct{})}
	cmd := exec.Command(binary, append(args, "--addr", "127.0.0.1:0")...)
	cmd.Env = environment()
	cmd.Stdout, cmd.Stderr = s.output, s.output
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s.process = cmd.Process
	go func() {
		s.err = cmd.Wait()
		close(s.exited)
	}()
	t.Cleanup(func() {
		s.process.Signal(syscall.SIGTERM)
		s.wait()
		if t.Failed() {
			t.Logf("poolhouse %s\n%s", strings.Join(args, " "), tail(s.output.String()))
		}
	})
	select {
	case <-s.output.ready:
	case <-s.exited:
		t.Fatalf("poolhouse %s: %v\n%s", strings.Join(args, " "), s.err, s.output)
	case <-time.After(90 * time.Second):
		t.Fatalf("poolhouse %s is not ready after 90 s\n%s", strings.Join(args, " "), s.output)
	}
	s.URL = "http://" + addressPattern.FindString(s.output.String())
	return s
}

// startDev runs a development server.
func startDev(t *testing.T, args ...string) *server {
	t.Helper()
	return start(t, append([]string{"dev"}, args...)...)
}

// startServe runs a production server of the installation.
func (in *installation) startServe(args ...string) *server {
	in.t.Helper()
	return start(in.t, append(append([]string{"serve", "--public-url", publicURL, "--rate-limits", "*=off"}, in.flags()...), args...)...)
}

var addressPattern = regexp.MustCompile(`127\.0\.0\.1:[1-9][0-9]*`)

// kill ends the process as a power cut would.
func (s *server) kill() {
	s.process.Kill()
	s.wait()
}

// stop ends the process as an operator would, and returns how it ended.
func (s *server) stop() error {
	s.process.Signal(syscall.SIGTERM)
	s.wait()
	return s.err
}

func (s *server) wait() {
	s.t.Helper()
	select {
	case <-s.exited:
	case <-time.After(90 * time.Second):
		s.process.Kill()
		s.t.Error("poolhouse did not end")
		<-s.exited
	}
}

// get fetches a path and returns the status and the body.
func (s *server) get(path string, header ...string) (int, string) {
	s.t.Helper()
	return s.do(http.MethodGet, path, "", header...)
}

func (s *server) do(method, path, body string, header ...string) (int, string) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.URL+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

// installation is a database with its master key and an access key that may do
// everything.
type installation struct {
	t                  *testing.T
	database           string
	masterKey, keyFile string
	keyID, secret      string // the access key
}

// install sets up a production database the way the guide says.
func install(t *testing.T, database string) *installation {
	t.Helper()
	in := &installation{t: t, database: database, keyFile: filepath.Join(t.TempDir(), "master.key")}
	in.masterKey = strings.TrimSpace(command(t, "key", "make"))
	if err := os.WriteFile(in.keyFile, []byte(in.masterKey+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	in.keyID, in.secret = in.accessKey("administrator")
	return in
}

func (in *installation) flags() []string {
	return []string{"--database", in.database, "--master-key-file", in.keyFile}
}

// accessKey makes an access key.
func (in *installation) accessKey(name string, args ...string) (id, secret string) {
	in.t.Helper()
	out := command(in.t, append(append([]string{"access-key", "create", name}, args...), in.flags()...)...)
	found := accessKeyPattern.FindStringSubmatch(out)
	if found == nil {
		in.t.Fatalf("access-key create printed %q", out)
	}
	return found[1], found[2]
}

var accessKeyPattern = regexp.MustCompile(`(?s)AWS_ACCESS_KEY_ID=(\S+)\s+AWS_SECRET_ACCESS_KEY=(\S+)`)

// command runs a poolhouse command that must succeed, and returns its output.
func command(t *testing.T, args ...string) string {
	t.Helper()
	out, err := tryCommand(t, args...)
	if err != nil {
		t.Fatalf("poolhouse %s: %v", strings.Join(args, " "), err)
	}
	return out
}

// tryCommand runs a poolhouse command; the error holds what it wrote to standard
// error.
func tryCommand(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), binary, args...)
	cmd.Env = environment()
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return stdout.String(), errors.Join(err, errors.New(stderr.String()))
	}
	return stdout.String(), nil
}

// environment is this process's without settings of poolhouse and AWS.
func environment() []string {
	var env []string
	for _, e := range os.Environ() {
		if !strings.HasPrefix(e, "POOLHOUSE_") && !strings.HasPrefix(e, "AWS_") {
			env = append(env, e)
		}
	}
	return env
}

// onEachDatabase runs a test on SQLite and on PostgreSQL.
func onEachDatabase(t *testing.T, test func(t *testing.T, database string)) {
	t.Run("sqlite", func(t *testing.T) { test(t, storetest.SQLiteURL(t)) })
	t.Run("postgres", func(t *testing.T) { test(t, storetest.PostgresURL(t)) })
}

// soon is when a change of configuration has reached all servers: within a second,
// and much later where a machine has other things to do, for no test is gated on
// time.
const soon = 30 * time.Second

// eventually waits until ok, which must be so within the limit.
func eventually(t *testing.T, limit time.Duration, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(limit); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %v: %s", limit, what)
		}
	}
}

// output collects what a server writes, and sees when it is ready.
type output struct {
	mu    sync.Mutex
	text  bytes.Buffer
	once  sync.Once
	ready chan struct{}
}

var readyLine = regexp.MustCompile(`(?m)^ready$`)

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text.Write(p)
	if readyLine.Match(o.text.Bytes()) {
		o.once.Do(func() { close(o.ready) })
	}
	return len(p), nil
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// tail is the end of a long text.
func tail(s string) string {
	const most = 4000
	if len(s) > most {
		return "..." + s[len(s)-most:]
	}
	return s
}

// freePort is an address that nobody listens on just now, and whose port systems
// give to nobody who asks for any: those are higher.
func freePort(t *testing.T) string {
	t.Helper()
	for range 100 {
		l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", fmt.Sprintf("127.0.0.1:%d", 12_000+rand.N(18_000)))
		if err == nil {
			defer l.Close()
			return l.Addr().String()
		}
	}
	t.Fatal("no port is free")
	return ""
}
