package app

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"nephele.dev/nephele/internal/engine"
	"nephele.dev/nephele/internal/svc/synthetics"
)

// punctuality is how well canaries keep to their schedules, and what they cost.
type punctuality struct {
	lateness   prometheus.Histogram
	passedOver prometheus.Counter
	cpu        prometheus.Counter
}

func newPunctuality() punctuality {
	return punctuality{
		lateness: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "nephele_canary_lateness_seconds", Help: "Time from when a canary's schedule was due to when its run began.",
			Buckets: []float64{.002, .005, .01, .015, .02, .03, .05, .075, .1, .15, .2, .3, .5, .75, 1, 1.5, 2.5, 5, 10, 20, 30, 60, 120, 300},
		}),
		passedOver: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "nephele_canary_ticks_passed_over_total", Help: "Ticks of canaries without a run: the former one was not over, or the server was late.",
		}),
		cpu: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "nephele_canary_cpu_seconds_total", Help: "Processor time of canary runs in the sandbox; checks that the server makes itself are in its own.",
		}),
	}
}

// waitingCollector shows how many canary runs wait for a worker.
type waitingCollector struct{ engine *engine.Engine }

var descWaiting = prometheus.NewDesc("nephele_canary_runs_waiting", "Canary runs that are due and wait for a worker.", []string{"lane"}, nil)

// Describe implements prometheus.Collector.
func (c waitingCollector) Describe(ch chan<- *prometheus.Desc) { ch <- descWaiting }

// Collect implements prometheus.Collector.
func (c waitingCollector) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), collectPatience)
	defer cancel()
	for _, lane := range synthetics.Lanes() {
		n, _, err := c.engine.Waiting(ctx, lane)
		if err != nil {
			ch <- prometheus.NewInvalidMetric(descWaiting, err)
			return
		}
		ch <- prometheus.MustNewConstMetric(descWaiting, prometheus.GaugeValue, float64(n), lane)
	}
}
