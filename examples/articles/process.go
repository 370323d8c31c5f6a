package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"time"
)

// processes are the programs that run until one of them ends.
type processes struct {
	out  io.Writer
	fail context.CancelCauseFunc // told of the first that ends by itself

	running sync.WaitGroup
	mu      sync.Mutex // of out
}

// start runs a program with env on top of the environment until ctx ends. What it
// writes to its standard error, its log, goes to out, each line with name before.
func (p *processes) start(ctx context.Context, name string, env []string, program string, args ...string) {
	c := exec.CommandContext(ctx, program, args...) //nolint:gosec // G204: what run says, with this user's own flags
	c.Env = append(os.Environ(), env...)
	c.Stderr = &lineWriter{to: p, prefix: fmt.Sprintf("%-9s | ", name)}
	c.WaitDelay = 10 * time.Second
	if runtime.GOOS != "windows" { // which knows no interrupt for another process
		c.Cancel = func() error { return c.Process.Signal(os.Interrupt) }
	}
	p.running.Go(func() {
		err := c.Run()
		if err == nil {
			err = errors.New("nobody told it to")
		}
		p.fail(fmt.Errorf("%s ended: %w", name, err)) // too late if ctx is over
	})
}

func (p *processes) wait() { p.running.Wait() }

// lineWriter passes whole lines on, so that those of several programs do not mix.
type lineWriter struct {
	to     *processes
	prefix string
	rest   []byte
}

func (w *lineWriter) Write(text []byte) (int, error) {
	w.rest = append(w.rest, text...)
	for {
		line, rest, found := bytes.Cut(w.rest, []byte("\n"))
		if !found {
			return len(text), nil
		}
		w.to.mu.Lock()
		fmt.Fprintf(w.to.out, "%s%s\n", w.prefix, line)
		w.to.mu.Unlock()
		w.rest = rest
	}
}

// vite are the arguments by which node serves the front end at addr. Vite itself
// is run, without npm in between, so that signals reach it.
func vite(addr string) []string {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		host, port = addr, "5173"
	}
	return []string{
		filepath.Join("web", "node_modules", "vite", "bin", "vite.js"), "web",
		"--host", host, "--port", port, "--strictPort", "--clearScreen", "false",
	}
}

func answers(ctx context.Context, url string) bool {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	response.Body.Close()
	return response.StatusCode < 300
}
