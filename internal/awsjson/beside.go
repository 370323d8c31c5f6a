package awsjson

import (
	"log/slog"
	"net/http"
	"net/netip"
	"strconv"
	"time"
)

// What is served beside the API is limited, logged and measured here, as the
// API's own operations are.

// Allow counts r among the requests of a category that its address makes for what
// key names, and reports whether there was room. key is of something that exists,
// or "": invented ones would each have a bucket.
func (h *Handler) Allow(r *http.Request, c Category, key string) bool {
	perSecond, limited := h.limitOf(c)
	return !limited || h.limiter.take(h.options.Now(), bucketKey{string(c), key, household(sourceOf(r, h.options.TrustedProxies))}, perSecond)
}

// AllowAll is Allow of the requests that all addresses together make for what key
// names.
func (h *Handler) AllowAll(c Category, key string) bool {
	perSecond, limited := h.limitOf(c)
	return !limited || h.limiter.take(h.options.Now(), bucketKey{string(c), key, netip.Prefix{}}, perSecond)
}

func (h *Handler) limitOf(c Category) (perSecond float64, limited bool) {
	if h.limiter == nil {
		return 0, false
	}
	perSecond, limited = h.limiter.limits[c]
	return perSecond, limited
}

// domainService is the service that requests to the domains of pools have among
// the metrics.
const domainService = "domain"

// A DomainRequest is a request to the domain of a pool that was answered.
type DomainRequest struct {
	ID     string
	Domain string // its name
	// Operation is what was asked for, such as oauth2/token: one of few names, and
	// never what the caller wrote.
	Operation string
	Path      string // within the domain, without the query
	Status    int
	Took      time.Duration
}

// maxLoggedPath bounds what callers write into the log, in bytes. All paths that
// there are fit.
const maxLoggedPath = 256

// ObserveDomain writes the line of the log for r, and counts it by operation and,
// if it was refused or failed, by status.
func (h *Handler) ObserveDomain(r *http.Request, d DomainRequest) {
	h.meters.requests.WithLabelValues(domainService, d.Operation).Inc()
	h.meters.duration.WithLabelValues(domainService, d.Operation).Observe(d.Took.Seconds())
	if d.Status >= http.StatusBadRequest {
		h.meters.errors.WithLabelValues(domainService, d.Operation, strconv.Itoa(d.Status)).Inc()
	}
	ctx, level := r.Context(), levelOf(d.Status)
	if !h.options.Logger.Enabled(ctx, level) {
		return
	}
	address, _ := Source(r, h.options.TrustedProxies)
	h.options.Logger.LogAttrs(ctx, level, "domain request",
		slog.String("request_id", d.ID),
		slog.String("domain", d.Domain),
		slog.String("path", d.Path[:min(len(d.Path), maxLoggedPath)]),
		slog.Int("status", d.Status),
		slog.Duration("duration", d.Took),
		slog.String("source_ip", address),
	)
}
