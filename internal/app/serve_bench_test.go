//go:build unix

package app_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/testenv"
)

// BenchmarkServe looks at the binary itself on a directory of
// POOLHOUSE_BENCH_USERS: how long "poolhouse serve" takes until it is ready
// (ready-ms), and how much memory it holds, at its end and at most, after each
// operation was done b.N times (rss-MB, peak-MB, from /proc).
func BenchmarkServe(b *testing.B) {
	binary := filepath.Join(b.TempDir(), "poolhouse")
	build := exec.Command("go", "build", "-trimpath", "-o", binary, "github.com/poolhouse/poolhouse/cmd/poolhouse")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	d := benchUsers(b)
	for _, database := range databases {
		b.Run(database.name, func(b *testing.B) {
			url := database.url(b, d)
			credentials := administrator(b, url)
			b.Run("start", func(b *testing.B) {
				var ready time.Duration
				for range b.N {
					p := startBinary(b, binary, url)
					ready += p.ready
					p.stop(b)
				}
				b.ReportMetric(milliseconds(ready)/float64(b.N), "ready-ms")
			})
			b.Run("memory", func(b *testing.B) {
				p := startBinary(b, binary, url)
				defer p.stop(b)
				t := &target{directory: d, caller: newCaller(p.addr, credentials)}
				defer t.http.CloseIdleConnections()
				if err := t.openSessions(b.Context()); err != nil {
					b.Fatal(err)
				}
				b.ResetTimer()
				for _, op := range []operation{passwordSignIn, srpSignIn, refresh, getUser, adminGetUser, listUsers} {
					if _, err := t.drive(b.Context(), op, b.N); err != nil {
						b.Fatal(err)
					}
				}
				b.StopTimer()
				status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
				testenv.Require(b, "procfs", err == nil, "memory is read from /proc")
				b.ReportMetric(megabytes(b, status, "VmRSS"), "rss-MB")
				b.ReportMetric(megabytes(b, status, "VmHWM"), "peak-MB")
			})
		})
	}
}

// megabytes reads a line of /proc/<pid>/status, such as "VmRSS:  1234 kB", see
// proc_pid_status(5).
func megabytes(b *testing.B, status []byte, name string) float64 {
	b.Helper()
	line := regexp.MustCompile(`(?m)^` + name + `:\s+([0-9]+) kB$`).FindSubmatch(status)
	if line == nil {
		b.Fatalf("no %s in the process's status", name)
	}
	kilobytes, err := strconv.ParseFloat(string(line[1]), 64)
	if err != nil {
		b.Fatal(err)
	}
	return kilobytes * 1024 / 1e6
}

// process is a running "poolhouse serve".
type process struct {
	cmd   *exec.Cmd
	addr  string
	ready time.Duration // from its start until it said so
}

var servingAt = regexp.MustCompile(`addr=(\S+)`)

func startBinary(b *testing.B, binary, url string) *process {
	b.Helper()
	p := &process{cmd: exec.Command(binary, "serve", "--addr", "127.0.0.1:0", "--public-url", "https://id.example.com",
		"--rate-limits", "*=off", "--database", url)}
	p.cmd.Env = append(os.Environ(), "POOLHOUSE_MASTER_KEY="+benchKey.Text())
	output, err := p.cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	p.cmd.Stderr = p.cmd.Stdout
	start := time.Now()
	if err := p.cmd.Start(); err != nil {
		b.Fatal(err)
	}
	lines := bufio.NewReader(output)
	var log strings.Builder
	for {
		line, err := lines.ReadString('\n')
		log.WriteString(line)
		if err != nil {
			p.cmd.Wait()
			b.Fatalf("poolhouse serve: %v\n%s", err, log.String())
		}
		if line == "ready\n" {
			break
		}
	}
	p.ready = time.Since(start)
	go io.Copy(io.Discard, lines)
	addr := servingAt.FindStringSubmatch(log.String())
	if addr == nil {
		p.stop(b)
		b.Fatalf("poolhouse serve does not say where:\n%s", log.String())
	}
	p.addr = addr[1]
	return p
}

// stop ends the server as an operator would.
func (p *process) stop(b *testing.B) {
	b.Helper()
	p.cmd.Process.Signal(syscall.SIGTERM)
	if err := p.cmd.Wait(); err != nil {
		b.Errorf("poolhouse serve: %v", err)
	}
}
