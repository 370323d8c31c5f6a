package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// Limits of a connection. A body has its own, where it is read.
const (
	readHeaderTimeout = 10 * time.Second
	readTimeout       = 30 * time.Second
	writeTimeout      = 60 * time.Second
	idleTimeout       = 2 * time.Minute
	requestTimeout    = 30 * time.Second // to answer; a database may have fallen silent
	maxHeaderBytes    = 32 << 10
)

// Listen opens the addresses to serve on; tlsConfig belongs to tlsAddr. Either
// may be empty.
func Listen(ctx context.Context, addr, tlsAddr string, tlsConfig *tls.Config) (listeners []net.Listener, err error) {
	var lc net.ListenConfig
	if addr != "" {
		l, err := lc.Listen(ctx, "tcp", addr)
		if err != nil {
			return nil, fmt.Errorf("--addr: %w", err)
		}
		listeners = append(listeners, l)
	}
	if tlsAddr != "" {
		l, err := lc.Listen(ctx, "tcp", tlsAddr)
		if err != nil {
			for _, open := range listeners {
				open.Close()
			}
			return nil, fmt.Errorf("--tls-addr: %w", err)
		}
		listeners = append(listeners, tls.NewListener(l, tlsConfig))
	}
	return listeners, nil
}

// within gives each request a deadline, which the database's calls observe.
func within(timeout time.Duration, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), timeout)
		defer cancel()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// Serve answers requests on the listeners until ctx ends, then lets running
// requests finish for as long as grace. ready is called once it serves.
func (a *App) Serve(ctx context.Context, listeners []net.Listener, grace time.Duration, ready func()) error {
	server := &http.Server{
		Handler:           within(requestTimeout, a.handler),
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(a.log.Handler(), slog.LevelDebug),
	}
	failed := make(chan error, len(listeners))
	for _, l := range listeners {
		go func() { failed <- server.Serve(l) }()
	}
	housekeeping, stop := context.WithCancel(ctx)
	var background sync.WaitGroup
	background.Go(func() { a.keepHouse(housekeeping) })
	background.Go(func() { a.refreshProviders(housekeeping) })
	defer background.Wait()
	defer stop()
	a.ring.Prepare()
	ready()

	select {
	case err := <-failed:
		server.Close()
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	a.log.Info("shutting down", "grace", grace)
	shutdown, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	if err := server.Shutdown(shutdown); err != nil {
		server.Close()
		if !errors.Is(err, context.DeadlineExceeded) {
			return fmt.Errorf("shut down: %w", err)
		}
		a.log.Warn("some requests did not finish in time")
	}
	return nil
}
