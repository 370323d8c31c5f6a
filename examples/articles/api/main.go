package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/poolhouse/poolhouse/verify"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "api:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) (err error) {
	var o options
	flags := flag.NewFlagSet("api", flag.ExitOnError)
	addr := flags.String("addr", "127.0.0.1:8080", "address to serve")
	file := flags.String("db", "articles.db", "SQLite file")
	pool := flags.String("pool", "", "id of a user pool of AWS, in place of -issuer")
	issuer := flags.String("issuer", "http://127.0.0.1:9339/us-east-1_Articles1", "issuer of a user pool elsewhere")
	client := flags.String("client", "articlesweb000000000000000", "app client of the front end")
	flags.StringVar(&o.webOrigin, "web", "http://127.0.0.1:5173", "origin of the front end")
	flags.BoolVar(&o.https, "https", false, "browsers reach this server by https, through a proxy")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *pool != "" {
		*issuer = ""
	}
	// The front end sends ID tokens: they carry the email address by which users
	// are found. The README says more on the choice.
	verifier, err := verify.New(verify.Config{
		Pools: []verify.Pool{{
			ID:        *pool,
			Issuer:    *issuer,
			ClientIDs: []string{*client},
			Use:       verify.IDToken,
		}},
		CacheSize: 1000,
	})
	if err != nil {
		return err
	}
	db, err := openStore(ctx, *file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.close()) }()
	if password := os.Getenv("ARTICLES_ADMIN_PASSWORD"); password != "" {
		if err := db.setAdmin(ctx, "admin", password); err != nil {
			return err
		}
	}
	o.verifier, o.store, o.now = verifier, db, time.Now
	handler, err := newHandler(o)
	if err != nil {
		return err
	}
	return serve(ctx, *addr, handler)
}

// serve answers until ctx ends, and lets running requests finish then.
func serve(ctx context.Context, addr string, handler http.Handler) error {
	server := &http.Server{
		Addr:              addr,
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
	}
	failed := make(chan error, 1)
	go func() { failed <- server.ListenAndServe() }()
	slog.Info("serving", "addr", addr)
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return errors.Join(server.Shutdown(grace), ignoreClosed(<-failed))
}

func ignoreClosed(err error) error {
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}
