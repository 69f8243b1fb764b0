package app

import (
	"context"
	"net/http"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"nephele.dev/nephele/internal/door"
	"nephele.dev/nephele/internal/plane"
)

// metrics are our own measurements, in the Prometheus data model.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec   // by service, operation, code: what the door answered
	latency  *prometheus.HistogramVec // by service
	received prometheus.Counter
	sent     prometheus.Counter
	inner    *prometheus.CounterVec // by service, operation, code: calls between services
	canaries *prometheus.CounterVec // by status
	resets   prometheus.Counter

	punctuality punctuality // of canaries
}

// newMetrics returns the measurements, to which more add theirs.
func newMetrics(more ...prometheus.Collector) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "nephele_requests_total", Help: "API requests answered, by service, operation, error code and HTTP status.",
		}, []string{"service", "operation", "code", "status"}),
		latency: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "nephele_request_duration_seconds", Help: "Time from a request's header to the last byte of its answer.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, []string{"service"}),
		received: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "nephele_request_bytes_total", Help: "Bytes of request bodies received.",
		}),
		sent: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "nephele_response_bytes_total", Help: "Bytes of response bodies sent.",
		}),
		inner: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "nephele_internal_calls_total", Help: "Calls of services to each other, by service, operation and error code.",
		}, []string{"service", "operation", "code"}),
		canaries: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "nephele_canary_runs_total", Help: "Canary runs in the sandbox, by how they ended.",
		}, []string{"status"}),
		resets: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "nephele_resets_total", Help: "Full resets of the server's state.",
		}),
		punctuality: newPunctuality(),
	}
	m.registry.MustRegister(m.requests, m.latency, m.received, m.sent, m.inner, m.canaries, m.resets, m.punctuality.lateness, m.punctuality.passedOver, m.punctuality.cpu,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.registry.MustRegister(more...)
	return m
}

// answered counts one request at the door. Label values come from the models
// and from our own error codes, so there is a bounded number of them.
func (m *metrics) answered(o *door.Observation) {
	m.requests.WithLabelValues(o.Service, o.Operation, o.Code, strconv.Itoa(o.Status)).Inc()
	m.latency.WithLabelValues(o.Service).Observe(o.Duration.Seconds())
	m.received.Add(float64(o.BytesIn))
	m.sent.Add(float64(o.BytesOut))
}

// called counts the calls that services make; those of clients are counted at
// the door.
func (m *metrics) called(_ context.Context, e *plane.Event) {
	if e.Call.Header != nil {
		return
	}
	code := ""
	if e.Error != nil {
		code = e.Error.Code
	}
	op := e.Call.Operation
	m.inner.WithLabelValues(op.Service.Name, op.Name, code).Inc()
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}
