package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

const (
	statusFailed = 1
	statusUsage  = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the second signal ends the process at once
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is the command; it returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var o options
	help := false
	parser, err := kong.New(&o,
		kong.Name("poolhouse-load"),
		kong.Description("Measure a server that speaks Amazon Cognito's API."),
		kong.DefaultEnvars("POOLHOUSE_LOAD"),
		kong.Writers(stdout, stderr),
		kong.Exit(func(int) { help = true }))
	if err != nil {
		fmt.Fprintln(stderr, "poolhouse-load:", err)
		return statusFailed
	}
	_, err = parser.Parse(args)
	if help {
		return 0
	}
	if err != nil {
		fmt.Fprintln(stderr, "poolhouse-load:", err)
		return statusUsage
	}
	r, err := runLoad(ctx, &o, stderr)
	if r != nil {
		err = errors.Join(err, r.write(stdout, o.Output))
	}
	if err == nil && r.errorRate() > o.MaxErrorRate {
		err = fmt.Errorf("%d of %d operations failed", r.Total.Errors, r.Total.Operations)
	}
	if err != nil {
		fmt.Fprintln(stderr, "poolhouse-load:", err)
		return statusFailed
	}
	return 0
}
