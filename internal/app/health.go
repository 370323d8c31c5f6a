package app

import (
	"context"
	"io"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/poolhouse/poolhouse/internal/store"
)

// healthz says that the process answers.
func (a *App) healthz(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, "ok\n") }

// readyz says whether the server can do its work: it reaches its database.
func (a *App) readyz(w http.ResponseWriter, r *http.Request) {
	if err := a.health.check(r.Context(), a.db); err != nil {
		a.log.WarnContext(r.Context(), "not ready", "err", err)
		plain(w, http.StatusServiceUnavailable, "the database does not answer\n")
		return
	}
	plain(w, http.StatusOK, "ready\n")
}

// health remembers for a moment how the database was, since asking it takes the
// writer's time and anybody may ask for readiness.
type health struct {
	mu  sync.Mutex
	at  time.Time // real time
	err error
}

const (
	healthLasts   = 200 * time.Millisecond
	healthTimeout = 3 * time.Second
)

func (h *health) check(ctx context.Context, db *store.DB) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if time.Since(h.at) < healthLasts {
		return h.err
	}
	// A caller who hangs up says nothing about the database.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), healthTimeout)
	defer cancel()
	h.err = db.Ping(ctx)
	h.at = time.Now()
	return h.err
}

// metrics shows the figures of a node to those that may see them: addresses of
// Options.MetricsFrom that come themselves. What a proxy forwards is refused,
// for then the address is the proxy's.
func (a *App) metrics(registry *prometheus.Registry) http.Handler {
	show := promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		peer, err := netip.ParseAddrPort(r.RemoteAddr)
		forwarded := r.Header.Get("X-Forwarded-For") != "" || r.Header.Get("Forwarded") != ""
		if err != nil || forwarded || !slices.ContainsFunc(a.options.MetricsFrom, func(p netip.Prefix) bool {
			return p.Contains(peer.Addr().Unmap())
		}) {
			plain(w, http.StatusForbidden, "Metrics are for the addresses of --metrics-from.\n")
			return
		}
		show.ServeHTTP(w, r)
	})
}

func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	io.WriteString(w, text) // a client that is gone needs no answer
}
