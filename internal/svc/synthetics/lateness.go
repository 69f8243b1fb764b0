package synthetics

import (
	"context"
	"sync"
	"time"

	"nephele.dev/nephele/internal/api/cloudwatch"
)

// ownNamespace has the metrics that AWS does not publish: how punctual canaries
// are. They are the server's observations, so that it puts them itself.
const ownNamespace = "Nephele/Synthetics"

// observeEvery is how often observations are published: a statistic set for each
// canary, so that they cost one call for hundreds of canaries.
const observeEvery = time.Minute

// punctuality is what was observed of a canary since it was last published.
type punctuality struct {
	late    cloudwatch.StatisticSet // milliseconds from when runs were due to when they began
	skipped float64                 // ticks passed over
}

// observations are kept in memory: what a crash loses is a minute of them.
type observations struct {
	mu        sync.Mutex
	of        map[ref]*punctuality
	published time.Time
}

// began observes that a run of a schedule has begun.
func (s *Service) began(m *mission) {
	late := max(m.r.Started.Sub(m.r.Scheduled), 0)
	if s.Late != nil {
		s.Late(late)
	}
	ms := milliseconds(late)
	s.observed.note(m.id.Canary, func(p *punctuality) {
		l := &p.late
		if l.SampleCount == 0 {
			l.Minimum, l.Maximum = ms, ms
		}
		l.SampleCount++
		l.Sum, l.Minimum, l.Maximum = l.Sum+ms, min(l.Minimum, ms), max(l.Maximum, ms)
	})
}

// passedOver observes that so many ticks from due on had no run: for the former
// one was not over, which is to be busy, or for the server was late or down.
func (s *Service) passedOver(r ref, due time.Time, ticks int, busy bool) {
	s.lost.note(r, due, ticks, busy)
	s.lost.tell(s.Logger)
	s.skipped.Add(int64(ticks))
	if s.PassedOver != nil {
		s.PassedOver(ticks)
	}
	s.observed.note(r, func(p *punctuality) { p.skipped += float64(ticks) })
}

func (o *observations) note(r ref, f func(*punctuality)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.of == nil {
		o.of, o.published = map[ref]*punctuality{}, time.Now()
	}
	p := o.of[r]
	if p == nil {
		p = &punctuality{}
		o.of[r] = p
	}
	f(p)
}

// take returns what is to be published now: nothing, most of the time.
func (o *observations) take() map[ref]*punctuality {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.of) == 0 || time.Since(o.published) < observeEvery {
		return nil
	}
	all := o.of
	o.of, o.published = map[ref]*punctuality{}, time.Now()
	return all
}

// publishPunctuality publishes and logs what was observed, when it is time. Schedules call it
// with every tick, so that it happens above all when nothing else does.
func (s *Service) publishPunctuality(ctx context.Context) {
	s.lost.tell(s.Logger)
	type place struct{ account, region string }
	data, now := map[place][]*cloudwatch.MetricDatum{}, time.Now()
	for r, p := range s.observed.take() {
		at := place{r.Account, r.Region}
		dims := []*cloudwatch.Dimension{{Name: "CanaryName", Value: r.Name}}
		if p.late.SampleCount > 0 {
			data[at] = append(data[at], &cloudwatch.MetricDatum{
				MetricName: "ScheduleLateness", Unit: new(cloudwatch.StandardUnit("Milliseconds")), StatisticValues: &p.late, Timestamp: &now, Dimensions: dims,
			})
		}
		if p.skipped > 0 {
			data[at] = append(data[at], &cloudwatch.MetricDatum{
				MetricName: "SkippedRuns", Unit: new(cloudwatch.StandardUnit("Count")), Value: &p.skipped, Timestamp: &now, Dimensions: dims,
			})
		}
	}
	for at, all := range data {
		metrics := cloudwatch.Client{Invoker: s.Plane.AsService(principal, at.account, at.region)}
		for len(all) > 0 {
			n := min(len(all), metricBatch)
			if _, err := metrics.PutMetricData(ctx, &cloudwatch.PutMetricDataInput{Namespace: ownNamespace, MetricData: all[:n]}); err != nil {
				s.Logger.Warn("the punctuality of canaries could not be published", "canaries", len(all), "error", err)
				break
			}
			all = all[n:]
		}
	}
}

// Punctuality is how well the server keeps up with its canaries' schedules.
type Punctuality struct {
	Late       bool             `json:"late"`       // runs have waited for longer than a few seconds
	Waiting    map[string]int64 `json:"waiting"`    // runs that are due and wait for a worker, by lane
	Longest    float64          `json:"longest"`    // seconds that one of them has waited
	PassedOver int64            `json:"passedOver"` // ticks, since the server started
}

// tooLate is how long a run may wait before the server is called late.
const tooLate = 5 * time.Second

// Punctuality looks at the runs that wait.
func (s *Service) Punctuality(ctx context.Context) (Punctuality, error) {
	p := Punctuality{Waiting: map[string]int64{}, PassedOver: s.skipped.Load()}
	for _, lane := range append(Lanes(), LaneTicks) {
		n, longest, err := s.Engine.Waiting(ctx, lane)
		if err != nil {
			return p, err
		}
		if lane != LaneTicks {
			p.Waiting[lane] = n
		}
		p.Longest = max(p.Longest, longest.Seconds())
	}
	p.Late = p.Longest > tooLate.Seconds()
	return p, nil
}

// native reports whether the server makes the checks itself.
func (c *config) native() bool { return c.Code.Blueprint != "" }
