package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/testenv"
)

// TestBrowser starts the example as a newcomer does, on other ports, and has
// web/browser.test.mjs use it in a headless Chromium. The environment may name
// the browser, POOLHOUSE_TEST_CHROMIUM, and a directory for pictures of each step,
// ARTICLES_SCREENSHOTS.
func TestBrowser(t *testing.T) {
	requireNode(t)
	chromium := findChromium()
	testenv.Require(t, "chromium", chromium != "", "there is no program chromium")

	at := addresses{poolhouse: freeAddress(t), api: freeAddress(t), web: freeAddress(t)}
	t.Setenv("ARTICLES_ADMIN_PASSWORD", "Admin-Horse-7")
	startAll(t, at)

	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	browser := exec.CommandContext(ctx, "node", "--test", "--test-reporter=spec", "web/browser.test.mjs")
	browser.Env = append(os.Environ(),
		"ARTICLES_WEB=http://"+at.web,
		"ARTICLES_API=http://"+at.api,
		"ARTICLES_POOLHOUSE=http://"+at.poolhouse,
		"ARTICLES_CHROMIUM="+chromium,
	)
	browser.WaitDelay = 10 * time.Second
	if output, err := browser.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, output)
	}
}

// TestFrontEndBuilds checks the types of the front end and bundles it.
func TestFrontEndBuilds(t *testing.T) {
	requireNode(t)
	for _, args := range [][]string{
		{"web/node_modules/typescript/bin/tsc", "--project", "web"},
		{"web/node_modules/vite/bin/vite.js", "build", "web", "--outDir", t.TempDir(), "--logLevel", "warn"},
	} {
		if output, err := exec.CommandContext(t.Context(), "node", args...).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", args[0], err, output)
		}
	}
}

// startAll runs the command until the test ends, and returns once it says ready.
func startAll(t *testing.T, at addresses) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	reader, writer := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := run(ctx, at, "", writer)
		writer.CloseWithError(io.EOF)
		ended <- err
	}()
	ready := make(chan bool, 1)
	go func() { // reads to the end, so that nobody waits for the pipe
		lines := bufio.NewScanner(reader)
		for lines.Scan() {
			t.Log(lines.Text())
			if lines.Text() == "ready" {
				ready <- true
			}
		}
		close(ready)
	}()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the example ended with: %v", err)
		}
		for range ready { // until everything is logged
		}
	})
	if !<-ready {
		t.Fatal("the example did not start")
	}
}

func requireNode(t *testing.T) {
	t.Helper()
	_, err := exec.LookPath("node")
	if err == nil {
		_, err = exec.LookPath("npm")
	}
	testenv.Require(t, "node", err == nil, "there are no programs node and npm")
	_, err = os.Stat("web/node_modules/.package-lock.json")
	testenv.Require(t, "node", err == nil, "the packages are not installed: npm ci --prefix examples/articles/web")
}

func findChromium() string {
	for _, name := range []string{os.Getenv("POOLHOUSE_TEST_CHROMIUM"), "chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil || errors.Is(err, exec.ErrDot) {
			return path
		}
	}
	return ""
}

// freeAddress is one that nobody listens at. Between here and whoever takes it
// another program could; the test then fails to start.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
