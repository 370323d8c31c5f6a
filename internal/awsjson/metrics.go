package awsjson

import (
	"errors"
	"time"

	"github.com/poolhouse/poolhouse/internal/fault"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are kept per operation. No label value comes from a caller: services
// and operations are those of the routes and of ObserveDomain, types those of
// errorTypes, or statuses at domains.
type metrics struct {
	requests *prometheus.CounterVec
	errors   *prometheus.CounterVec
	duration *prometheus.HistogramVec
}

// newMetrics registers the metrics with r, which may be nil.
func newMetrics(r prometheus.Registerer) (*metrics, error) {
	labels := []string{"service", "operation"}
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "poolhouse_api_requests_total",
			Help: "API requests answered, by operation.",
		}, labels),
		errors: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "poolhouse_api_errors_total",
			Help: "API requests answered with an error, by operation and error type.",
		}, append(labels, "type")),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "poolhouse_api_duration_seconds",
			Help:    "Time to answer an API request, by operation.",
			Buckets: []float64{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10},
		}, labels),
	}
	if r == nil {
		return m, nil
	}
	return m, errors.Join(r.Register(m.requests), r.Register(m.errors), r.Register(m.duration))
}

// A meter is the metrics of one operation.
type meter struct {
	requests prometheus.Counter
	errors   *prometheus.CounterVec // by type
	duration prometheus.Observer
}

func (m *metrics) of(service, operation string) *meter {
	return &meter{
		requests: m.requests.WithLabelValues(service, operation),
		errors:   m.errors.MustCurryWith(prometheus.Labels{"service": service, "operation": operation}),
		duration: m.duration.WithLabelValues(service, operation),
	}
}

func (m *meter) done(took time.Duration) {
	m.requests.Inc()
	m.duration.Observe(took.Seconds())
}

func (m *meter) failed(errorType string) { m.errors.WithLabelValues(errorType).Inc() }

// errorTypes are the codes that the routes' models list and the edge's own.
func errorTypes(routes map[string]*route) map[string]bool {
	types := make(map[string]bool)
	for _, code := range []fault.Code{
		fault.AccessDenied, fault.IncompleteSignature, fault.InternalError, fault.InvalidParameter,
		fault.InvalidSignature, fault.MissingAuthenticationToken, fault.RequestEntityTooLarge,
		fault.ResourceNotFound, fault.Serialization, fault.TooManyRequests, fault.UnknownOperation,
		fault.UnrecognizedClient, fault.Validation,
	} {
		types[string(code)] = true
	}
	for _, r := range routes {
		for _, code := range r.model.Errors {
			types[code] = true
		}
	}
	return types
}
