package metrics

import (
	"log/slog"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/chitpay/chit/server/facilitator"
)

// MaxReaders is how many read the metrics at once; others are answered 503.
const MaxReaders = 4

// seconds are the bounds of the buckets of how long answers took: verifying takes some calls of a
// chain, settling some of its blocks, and no answer waits for much longer than the facilitator's
// wait.
var seconds = []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 20, 30, 45, 60, 90}

// Metrics counts what a facilitator answers. It is safe for concurrent use.
type Metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	took     *prometheus.HistogramVec
}

// New returns metrics of nothing yet but of the process.
func New() *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: namespace + "requests_total",
			Help: "Requests that were answered. outcome is ok, a code of x402, facilitator_limit, unauthorized, forbidden, limit, error, or other.",
		}, []string{"path", "scheme", "network", "outcome"}),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: namespace + "request_duration_seconds", Help: "How long answers took.", Buckets: seconds,
		}, []string{"path"}),
	}
	m.registry.MustRegister(m.requests, m.took, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Count counts a request; it is for [facilitator.Options.Served].
func (m *Metrics) Count(e facilitator.Event) {
	m.requests.WithLabelValues(e.Path, e.Scheme, e.Network, outcome(e)).Inc()
	m.took.WithLabelValues(e.Path).Observe(e.Took.Seconds())
}

// outcome is a word for what became of a request.
func outcome(e facilitator.Event) string {
	switch {
	case e.Refused.IsKnown() || e.Refused == facilitator.CodeLimit:
		return string(e.Refused)
	case e.Refused != "":
		return "other"
	case e.Status == http.StatusUnauthorized:
		return "unauthorized"
	case e.Status == http.StatusForbidden:
		return "forbidden"
	case e.Status == http.StatusTooManyRequests:
		return "limit"
	case e.Status >= http.StatusBadRequest:
		return "error"
	}
	return "ok"
}

// Handler answers with all lines.
func (m *Metrics) Handler(logger *slog.Logger) http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		MaxRequestsInFlight: MaxReaders, ErrorLog: slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
	})
}
