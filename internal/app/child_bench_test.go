//go:build unix

package app_test

import (
	"bufio"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"os"
	"os/exec"
	"runtime"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/poolhouse/poolhouse/internal/app"
	"github.com/poolhouse/poolhouse/internal/srp"
)

// childDatabase names the database that this test binary serves instead of
// running tests, so that a benchmark can tell the server's processor time from
// its own.
const childDatabase = "POOLHOUSE_BENCH_CHILD_DATABASE"

func TestMain(m *testing.M) {
	url := os.Getenv(childDatabase)
	if url == "" {
		os.Exit(m.Run())
	}
	if err := runChild(context.Background(), url); err != nil {
		fmt.Fprintln(os.Stderr, "benchmark's child:", err)
		os.Exit(1)
	}
}

// runChild serves as poolhouse serve does, without rate limits, and obeys the
// commands on standard input until that ends.
func runChild(ctx context.Context, url string) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	o := benchOptions(url)
	o.Logger = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
	a, err := app.New(ctx, o)
	if err != nil {
		return err
	}
	listeners, err := app.Listen(ctx, "127.0.0.1:0", "", nil)
	if err != nil {
		return errors.Join(err, a.Close())
	}
	err = a.Serve(ctx, listeners, time.Second, func() {
		fmt.Println(listeners[0].Addr())
		go func() {
			defer stop()
			lines := bufio.NewScanner(os.Stdin)
			for lines.Scan() {
				answer, err := obey(strings.Fields(lines.Text()))
				if err != nil {
					answer = "error " + err.Error()
				}
				fmt.Println(answer)
			}
		}()
	})
	return errors.Join(err, a.Close())
}

// obey carries out a command of the parent: "usage", "profile FILE",
// "endprofile", or "cryptography EXPONENTIATIONS FIXED SIGNATURES
// VERIFICATIONS TIMES".
func obey(command []string) (string, error) {
	switch command[0] {
	case "usage":
		return ownUsage()
	case "profile":
		f, err := os.Create(command[1])
		if err != nil {
			return "", err
		}
		return "ok", pprof.StartCPUProfile(f)
	case "endprofile":
		pprof.StopCPUProfile()
		return "ok", nil
	case "cryptography":
		var n [5]int
		for i := range n {
			var err error
			if n[i], err = strconv.Atoi(command[i+1]); err != nil {
				return "", err
			}
		}
		c := cryptography{exponentiations: n[0], fixed: n[1], signatures: n[2], verifications: n[3]}
		return "ok", c.run(n[4])
	}
	return "", fmt.Errorf("unknown command %q", command)
}

// usage is what a process has used so far.
type usage struct {
	cpu      time.Duration
	database time.Duration // of PostgreSQL's processes for it
	allocs   uint64        // objects
	bytes    uint64        // of those
}

func ownUsage() (string, error) {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return "", err
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return fmt.Sprint(r.Utime.Nano()+r.Stime.Nano(), m.Mallocs, m.TotalAlloc), nil
}

// cryptography is what an operation cannot do without.
type cryptography struct {
	exponentiations int // modulo 3072 bits, with exponents of 256
	fixed           int // the same to the base g, by table
	signatures      int // RSA-2048
	verifications   int // of those
}

// run does it so many times, with as many at once as requests are.
func (c cryptography) run(times int) error {
	key, err := benchRSA()
	if err != nil {
		return err
	}
	digest := sha256.Sum256([]byte("digest"))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:])
	if err != nil {
		return err
	}
	return together(times, func(int) error {
		for range c.fixed { // two hashes beside it, below 1 microsecond
			srp.NewVerifierWithSalt(digest[:16], "pool", "user", "password")
		}
		for range c.exponentiations {
			new(big.Int).Exp(benchBase, benchExponent, benchModulus)
		}
		for range c.signatures {
			if _, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:]); err != nil {
				return err
			}
		}
		for range c.verifications {
			if err := rsa.VerifyPKCS1v15(&key.PublicKey, crypto.SHA256, digest[:], signature); err != nil {
				return err
			}
		}
		return nil
	})
}

var benchRSA = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

// Numbers of the sizes that SRP has; the time to raise one depends on nothing
// else. The modulus is odd, as primes are.
var (
	benchModulus  = repeat(0xc5, 384)
	benchBase     = repeat(0xa7, 383)
	benchExponent = repeat(0xb9, 32)
)

func repeat(b byte, n int) *big.Int {
	return new(big.Int).SetBytes([]byte(strings.Repeat(string([]byte{b}), n)))
}

// together calls fn with 0 to times-1, concurrency at a time, until one fails.
func together(times int, fn func(i int) error) error {
	var (
		group sync.WaitGroup
		mu    sync.Mutex
		next  int
		first error
	)
	take := func() (int, bool) {
		mu.Lock()
		defer mu.Unlock()
		next++
		return next - 1, next <= times && first == nil
	}
	for range min(concurrency, times) {
		group.Go(func() {
			for i, ok := take(); ok; i, ok = take() {
				if err := fn(i); err != nil {
					mu.Lock()
					if first == nil {
						first = err
					}
					mu.Unlock()
				}
			}
		})
	}
	group.Wait()
	return first
}

// child is a process that runs runChild.
type child struct {
	addr     string
	stdin    io.WriteCloser
	answers  *bufio.Scanner
	backends *backends
}

// startChild serves the database in a process of its own until b ends.
func startChild(b *testing.B, url string) *child {
	b.Helper()
	cmd := exec.Command(os.Args[0])
	url, backends := openBackends(b, url)
	cmd.Env = append(os.Environ(), childDatabase+"="+url)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		stdin.Close() // which ends it
		if err := cmd.Wait(); err != nil {
			b.Error(err)
		}
	})
	c := &child{stdin: stdin, answers: bufio.NewScanner(stdout), backends: backends}
	if !c.answers.Scan() {
		b.Fatal("the server did not start")
	}
	c.addr = c.answers.Text()
	return c
}

// tell gives the child a command and returns its answer.
func (c *child) tell(command ...any) (string, error) {
	if _, err := fmt.Fprintln(c.stdin, command...); err != nil {
		return "", err
	}
	if !c.answers.Scan() {
		return "", errors.New("the server is gone")
	}
	answer := c.answers.Text()
	if text, failed := strings.CutPrefix(answer, "error "); failed {
		return "", errors.New(text)
	}
	return answer, nil
}

// measure is what the child uses while fn runs.
func (c *child) measure(fn func() error) (usage, error) {
	before, err := c.usage()
	if err != nil {
		return usage{}, err
	}
	if err := fn(); err != nil {
		return usage{}, err
	}
	after, err := c.usage()
	return usage{
		cpu: after.cpu - before.cpu, database: after.database - before.database,
		allocs: after.allocs - before.allocs, bytes: after.bytes - before.bytes,
	}, err
}

func (c *child) usage() (u usage, err error) {
	answer, err := c.tell("usage")
	if err == nil {
		_, err = fmt.Sscan(answer, (*int64)(&u.cpu), &u.allocs, &u.bytes)
	}
	if err == nil {
		u.database, err = c.backends.cpu()
	}
	return u, err
}

// settle waits until the child has nothing left to do: after its start a server
// makes signing keys for pools to come.
func (c *child) settle() error {
	for range 100 {
		used, err := c.measure(func() error {
			time.Sleep(100 * time.Millisecond)
			return nil
		})
		if err != nil || used.cpu < 2*time.Millisecond {
			return err
		}
	}
	return errors.New("the server does not come to rest")
}

// cryptography is the processor time of c, done so many times, each.
func (c *child) cryptography(what cryptography, times int) (time.Duration, error) {
	used, err := c.measure(func() error {
		_, err := c.tell("cryptography", what.exponentiations, what.fixed, what.signatures, what.verifications, times)
		return err
	})
	return used.cpu / time.Duration(times), err
}
