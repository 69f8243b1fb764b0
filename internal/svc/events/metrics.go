package events

import (
	"context"
	"sync"
	"time"

	"nephele.dev/nephele/internal/api/cloudwatch"
	"nephele.dev/nephele/internal/shape"
	"nephele.dev/nephele/internal/store"
)

// namespace is where the service's metrics are.
const namespace = "AWS/Events"

// Metrics of rules, as AWS counts them.
const (
	metricTriggered   = "TriggeredRules"       // the rule matched an event, or its schedule was due
	metricInvocations = "Invocations"          // a target was called, and answered
	metricFailed      = "FailedInvocations"    // a target was given up
	metricSentToDLQ   = "InvocationsSentToDlq" // the event went to the dead-letter queue
)

// flushEvery is how long counts are gathered before they are published.
const flushEvery = time.Minute

// count names a counter.
type count struct {
	rule   store.Key
	metric string
	minute int64 // Unix, of what is counted
}

// meter gathers what happened to rules in this process, and publishes it each
// minute in which something did. Counts are of the process: what it has not
// published when it is killed is lost.
type meter struct {
	mu      sync.Mutex
	counts  map[count]float64
	timer   *time.Timer // runs while there are counts
	publish func(map[count]float64)
}

// add counts n once tx is committed.
func (m *meter) add(tx *store.Tx, rule store.Key, metric string, n int) {
	if n == 0 {
		return
	}
	c := count{rule, metric, tx.Now().Unix() / 60 * 60}
	tx.OnCommit(func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		if m.counts == nil {
			m.counts = map[count]float64{}
			m.timer = time.AfterFunc(flushEvery, m.flush)
		}
		m.counts[c] += float64(n)
	})
}

// flush publishes what has been counted.
func (m *meter) flush() {
	m.mu.Lock()
	counts := m.counts
	m.counts = nil
	m.mu.Unlock()
	if len(counts) > 0 {
		m.publish(counts)
	}
}

// drop forgets what has been counted.
func (m *meter) drop() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.timer != nil {
		m.timer.Stop()
	}
	m.counts = nil
}

// Plane gives the invoker through which metrics are published. *plane.Plane is
// the real one.
type Plane interface {
	AsService(principal, account, region string) shape.Invoker
	Authorizes() bool
}

// publish puts counts into CloudWatch.
func (s *Service) publish(counts map[count]float64) {
	ctx, cancel := context.WithTimeout(context.Background(), flushEvery)
	defer cancel()
	type place struct{ account, region string }
	data := map[place][]*cloudwatch.MetricDatum{}
	for c, n := range counts {
		p := place{c.rule.Account, c.rule.Region}
		data[p] = append(data[p], &cloudwatch.MetricDatum{
			MetricName: c.metric, Dimensions: dimensions(c.rule), Timestamp: new(time.Unix(c.minute, 0).UTC()),
			Value: new(n), Unit: new(cloudwatch.StandardUnitCount),
		})
	}
	for p, all := range data {
		client := cloudwatch.Client{Invoker: s.plane.AsService(principal, p.account, p.region)}
		for len(all) > 0 {
			n := min(len(all), maxData)
			if _, err := client.PutMetricData(ctx, &cloudwatch.PutMetricDataInput{Namespace: namespace, MetricData: all[:n]}); err != nil {
				s.log.Warn("metrics of rules not published", "err", err)
			}
			all = all[n:]
		}
	}
}

// maxData is how many values a PutMetricData takes.
const maxData = 1000

// dimensions of a rule: its name, and the bus's if that is not the default one.
func dimensions(rule store.Key) []*cloudwatch.Dimension {
	name := splitRule(rule)
	d := []*cloudwatch.Dimension{{Name: "RuleName", Value: name}}
	if bus := rule.ID[:len(rule.ID)-len(name)-1]; bus != defaultBus {
		d = append(d, &cloudwatch.Dimension{Name: "EventBusName", Value: bus})
	}
	return d
}

// Close publishes what has been counted.
func (s *Service) Close(context.Context) error {
	s.meter.flush()
	return nil
}
