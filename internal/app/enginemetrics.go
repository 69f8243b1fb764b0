package app

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"nephele.dev/nephele/internal/engine"
)

// engineCollector shows an engine's own counters to Prometheus.
type engineCollector struct{ engine *engine.Engine }

var _ prometheus.Collector = engineCollector{}

// collectPatience bounds the query for the backlog.
const collectPatience = 5 * time.Second

var (
	descSteps    = engineDesc("engine_steps_total", "Steps whose outcome was theirs to say.", "kind")
	descErrors   = engineDesc("engine_step_errors_total", "Steps that failed and will be tried again.", "kind")
	descFenced   = engineDesc("engine_steps_fenced_total", "Steps that were superseded while they ran.", "kind")
	descDuration = engineDesc("engine_step_duration_seconds", "Time that steps took.", "kind")
	descSlots    = engineDesc("engine_lane_slots", "Steps that may run at a time.", "lane")
	descRunning  = engineDesc("engine_lane_running", "Steps that run now.", "lane")
	descQueued   = engineDesc("engine_lane_queued", "Rows claimed whose step has not begun.", "lane")
	descBacklog  = engineDesc("engine_lane_backlog", "Rows due that nobody has claimed.", "lane")
	descLateness = engineDesc("engine_lateness_seconds", "Time from when a row fell due to when its step began.", "lane")
)

func engineDesc(name, help, label string) *prometheus.Desc {
	return prometheus.NewDesc("nephele_"+name, help, []string{label}, nil)
}

// Describe implements prometheus.Collector.
func (c engineCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		descSteps, descErrors, descFenced, descDuration, descSlots, descRunning, descQueued, descBacklog, descLateness,
	} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c engineCollector) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), collectPatience)
	defer cancel()
	stats, err := c.engine.Stats(ctx)
	if err != nil {
		ch <- prometheus.NewInvalidMetric(descBacklog, err)
		return
	}
	for kind, k := range stats.Kinds {
		ch <- prometheus.MustNewConstMetric(descSteps, prometheus.CounterValue, float64(k.Steps), kind)
		ch <- prometheus.MustNewConstMetric(descErrors, prometheus.CounterValue, float64(k.Errors), kind)
		ch <- prometheus.MustNewConstMetric(descFenced, prometheus.CounterValue, float64(k.Fenced), kind)
		ch <- histogram(descDuration, k.Duration, kind)
	}
	for lane, l := range stats.Lanes {
		ch <- prometheus.MustNewConstMetric(descSlots, prometheus.GaugeValue, float64(l.Slots), lane)
		ch <- prometheus.MustNewConstMetric(descRunning, prometheus.GaugeValue, float64(l.Running), lane)
		ch <- prometheus.MustNewConstMetric(descQueued, prometheus.GaugeValue, float64(l.Queued), lane)
		ch <- prometheus.MustNewConstMetric(descBacklog, prometheus.GaugeValue, float64(l.Backlog), lane)
		ch <- histogram(descLateness, l.Lateness, lane)
	}
}

func histogram(d *prometheus.Desc, h engine.Histogram, label string) prometheus.Metric {
	return prometheus.MustNewConstHistogram(d, h.Count, h.Sum.Seconds(), h.Buckets, label)
}
