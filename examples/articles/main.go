package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

// What seed.json makes.
const (
	poolID   = "us-east-1_Articles1"
	clientID = "articlesweb000000000000000"
)

// addresses are where the three listen.
type addresses struct{ poolhouse, api, web string }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var at addresses
	flag.StringVar(&at.poolhouse, "poolhouse", "127.0.0.1:9339", "address of Poolhouse")
	flag.StringVar(&at.api, "api", "127.0.0.1:8080", "address of the API")
	flag.StringVar(&at.web, "web", "127.0.0.1:5173", "address of the front end")
	data := flag.String("data", "", "directory to keep accounts and articles in (default: nowhere)")
	flag.Parse()
	if err := run(ctx, at, *data, os.Stdout); err != nil && ctx.Err() == nil {
		fmt.Fprintln(os.Stderr, "articles:", err)
		os.Exit(1)
	}
}

// run builds and starts everything, prints where it is once it is ready, and
// waits for ctx to end.
func run(ctx context.Context, at addresses, data string, out io.Writer) error {
	if _, err := os.Stat("seed.json"); err != nil {
		return errors.New("start it in examples/articles: cd examples/articles && go run .")
	}
	scratch, err := os.MkdirTemp("", "articles-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(scratch) }() // what is left is the system's to clean
	if err := build(ctx, scratch, out); err != nil {
		return err
	}

	poolhouse := []string{"dev", "--addr", at.poolhouse, "--seed", "seed.json", "--log-level", "warn"}
	articles := filepath.Join(scratch, "articles.db")
	if data != "" {
		if err := os.MkdirAll(filepath.Join(data, "poolhouse"), 0o700); err != nil {
			return err
		}
		poolhouse = append(poolhouse, "--data", filepath.Join(data, "poolhouse"))
		articles = filepath.Join(data, "articles.db")
	}
	password := os.Getenv("ARTICLES_ADMIN_PASSWORD")
	if password == "" {
		password = rand.Text()[:16]
	}
	poolhouseURL, apiURL, webURL := "http://"+at.poolhouse, "http://"+at.api, "http://"+at.web
	ctx, fail := context.WithCancelCause(ctx)
	all := processes{out: out, fail: fail}
	defer all.wait()
	defer fail(nil)

	all.start(ctx, "poolhouse", nil, filepath.Join(scratch, "poolhouse"), poolhouse...)
	all.start(ctx, "api", []string{"ARTICLES_ADMIN_PASSWORD=" + password}, filepath.Join(scratch, "api"),
		"-addr", at.api, "-db", articles, "-issuer", poolhouseURL+"/"+poolID, "-client", clientID, "-web", webURL)
	all.start(ctx, "web", []string{
		"VITE_POOLHOUSE_URL=" + poolhouseURL,
		"VITE_USER_POOL_ID=" + poolID,
		"VITE_CLIENT_ID=" + clientID,
		"VITE_API_URL=" + apiURL,
	}, "node", vite(at.web)...)

	for _, url := range []string{poolhouseURL + "/_poolhouse/readyz", apiURL + "/healthz", webURL} {
		if err := await(ctx, url); err != nil {
			return err
		}
	}
	fmt.Fprintf(out, `
The articles example runs.

  front end  %s
  inbox      %s/_poolhouse/inbox   (codes that would be emailed)
  API        %s/api/articles
  admin      %s/admin/   (name admin, password %s)

Press Ctrl-C to stop.
ready
`, webURL, poolhouseURL, apiURL, apiURL, password)
	<-ctx.Done()
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return cause
	}
	return nil
}

// build compiles the programs into dir and installs the front end's packages if
// they are not there.
func build(ctx context.Context, dir string, out io.Writer) error {
	for _, name := range []string{"node", "npm"} {
		if _, err := exec.LookPath(name); err != nil {
			return fmt.Errorf("the front end needs Node.js 20.19 or newer: %w", err)
		}
	}
	exe := ""
	if os.PathSeparator == '\\' {
		exe = ".exe"
	}
	steps := [][]string{
		{"go", "-C", filepath.Join("..", ".."), "build", "-o", filepath.Join(dir, "poolhouse"+exe), "./cmd/poolhouse"},
		{"go", "build", "-o", filepath.Join(dir, "api"+exe), "./api"},
	}
	if _, err := os.Stat(filepath.Join("web", "node_modules", ".package-lock.json")); err != nil {
		steps = append(steps, []string{"npm", "ci", "--prefix", "web", "--no-audit", "--no-fund"})
	}
	for _, step := range steps {
		fmt.Fprintln(out, "building:", step[0], step[len(step)-1])
		c := exec.CommandContext(ctx, step[0], step[1:]...) //nolint:gosec // G204: the steps above
		c.Stdout, c.Stderr = out, out
		if err := c.Run(); err != nil {
			return fmt.Errorf("%s: %w", c, err)
		}
	}
	return nil
}

// await asks for url until it answers with success.
func await(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, time.Minute, fmt.Errorf("%s does not answer", url))
	defer cancel()
	for !answers(ctx, url) {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(100 * time.Millisecond):
		}
	}
	return nil
}
