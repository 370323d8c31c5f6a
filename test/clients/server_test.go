package clients_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/app"
	"github.com/poolhouse/poolhouse/internal/keys"
	functionfile "github.com/poolhouse/poolhouse/internal/trigger/functions"
)

// server is what "poolhouse dev" serves, within this process, so that the race
// detector sees what real clients make it do.
type server struct {
	t   *testing.T
	URL string
}

// start runs a server until the end of the test. The issuer style is "url" or
// "aws".
func start(t *testing.T, issuerStyle string) *server {
	t.Helper()
	return startWith(t, issuerStyle, nil)
}

// startWith runs a server whose functions, beside those of this process, are those
// of a file.
func startWith(t *testing.T, issuerStyle string, file *functionfile.File) *server {
	t.Helper()
	var log bytes.Buffer
	listening := httptest.NewUnstartedServer(nil)
	base := "http://" + listening.Listener.Addr().String()
	poolhouse, err := app.New(t.Context(), app.Options{
		DatabaseURL: "sqlite::memory:", MasterKey: keys.GenerateMasterKey(), Migrate: true,
		PublicURL: base, IssuerStyle: issuerStyle, Region: "us-east-1", AccountID: "123456789012",
		Dev: true, SkipSignatures: true, Functions: functions, FunctionsFile: file,
		Logger: slog.New(slog.NewTextHandler(&log, nil)), // a handler writes one line at a time
	})
	if err != nil {
		t.Fatal(err)
	}
	listening.Config.Handler = poolhouse.Handler()
	listening.Start()
	t.Cleanup(func() {
		listening.Close()
		if err := poolhouse.Close(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("the server's log\n%s", tail(log.String()))
		}
	})
	return &server{t, base}
}

// program is a client: a command with the settings by which all of AWS's tools
// are pointed at another endpoint.
func (s *server) program(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.WaitDelay = 10 * time.Second
	for _, e := range os.Environ() {
		if !strings.HasPrefix(e, "POOLHOUSE_") && !strings.HasPrefix(e, "AWS_") && !strings.HasPrefix(e, "TF_") {
			cmd.Env = append(cmd.Env, e)
		}
	}
	cmd.Env = append(cmd.Env,
		"AWS_ENDPOINT_URL="+s.URL, "AWS_REGION=us-east-1", "AWS_DEFAULT_REGION=us-east-1",
		"AWS_ACCESS_KEY_ID=any", "AWS_SECRET_ACCESS_KEY=thing",
		"AWS_CONFIG_FILE="+os.DevNull, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull,
		"AWS_EC2_METADATA_DISABLED=true", "AWS_PAGER=", "NO_PROXY=127.0.0.1", "no_proxy=127.0.0.1",
		"POOLHOUSE_POOL="+app.DemoPoolID, "POOLHOUSE_CLIENT="+app.DemoClientID)
	return cmd
}

// run runs a client that must succeed, and returns what it printed.
func (s *server) run(dir, name string, args ...string) string {
	s.t.Helper()
	var stdout, stderr bytes.Buffer
	knowFiles(s.t, dir)
	cmd := s.program(s.t.Context(), name, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &stdout, &stderr
	if err := cmd.Run(); err != nil {
		s.t.Fatalf("%s: %v\n%s", strings.Join(append([]string{name}, args...), " "), err, tail(fmt.Sprint(&stdout, &stderr)))
	}
	return stdout.String()
}

// knowFiles looks at the files that a program will read, so that go test does
// not take a result from its cache when they have changed.
func knowFiles(t *testing.T, dir string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if _, err := os.Stat(file); err != nil {
			t.Fatal(err)
		}
	}
}

// tail is the end of a long text.
func tail(text string) string {
	const most = 8000
	if len(text) > most {
		return "..." + text[len(text)-most:]
	}
	return text
}
