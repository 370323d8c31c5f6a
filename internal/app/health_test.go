package app

import (
	"net/http/httptest"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/poolhouse/poolhouse/internal/store/storetest"
)

// Readiness is asked by anybody as often as they like; the database is not.
func TestHealthIsRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var h health
		db := storetest.Memory(t)
		if err := h.check(t.Context(), db); err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if err := h.check(t.Context(), db); err != nil {
			t.Errorf("asked the database again at once: %v", err)
		}
		time.Sleep(healthLasts)
		if err := h.check(t.Context(), db); err == nil {
			t.Error("a closed database is healthy")
		}
	})
}

func TestMetricsAreForWhoIsNamed(t *testing.T) {
	a := &App{options: Options{MetricsFrom: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("10.1.0.0/16")}}}
	for _, c := range []struct {
		name, peer, forwarded string
		status                int
	}{
		{"this machine", "127.0.0.1:5000", "", 200},
		{"this machine by an IPv6 socket", "[::ffff:127.0.0.1]:5000", "", 200},
		{"the scraper's network", "10.1.2.3:5000", "", 200},
		{"another network", "10.2.2.3:5000", "", 403},
		{"a stranger through a proxy on this machine", "127.0.0.1:5000", "203.0.113.9", 403},
		{"no address", "@", "", 403},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequest("GET", "/_poolhouse/metrics", nil)
			r.RemoteAddr = c.peer
			if c.forwarded != "" {
				r.Header.Set("X-Forwarded-For", c.forwarded)
			}
			w := httptest.NewRecorder()
			a.metrics(prometheus.NewRegistry()).ServeHTTP(w, r)
			if w.Code != c.status {
				t.Errorf("status %d, want %d", w.Code, c.status)
			}
		})
	}
}
