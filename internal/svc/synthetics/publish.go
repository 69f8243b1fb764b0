package synthetics

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"nephele.dev/nephele/internal/api/cloudwatch"
	"nephele.dev/nephele/internal/api/logs"
	"nephele.dev/nephele/internal/api/s3"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/sandbox/canaryrun"
	"nephele.dev/nephele/internal/shape"
	"nephele.dev/nephele/internal/store"
)

// namespace is where canaries' metrics are.
const namespace = "CloudWatchSynthetics"

// datum is one metric value of a run.
type datum struct {
	Name  string
	Unit  string
	Value float64
	Step  string // "" for the canary's own
	Total bool   // without dimensions: adds up over all canaries
}

// keep uploads the artifacts and writes the log. Artifacts that cannot be
// uploaded for a reason of the user's (no such bucket, no permission) make the
// run an EXECUTION_FAILURE; a log that cannot be written is lost, as Lambda
// loses those of functions without permission.
func (s *Service) keep(ctx context.Context, as *actor, r *run, rec *store.Record[canary], o *canaryrun.Outcome) error {
	err := s.upload(ctx, as.calls, r, rec.Doc.Config.Encryption, o)
	if answer := refusal(err); answer != nil {
		r.spoil(answer.Message)
	} else if err != nil {
		return err
	}
	err = s.writeLog(ctx, as.calls, r, rec, o.Logs)
	if refusal(err) == nil {
		return err
	}
	s.Logger.Warn("the log of a canary run was refused", "canary", rec.ID, "run", r.ID, "error", err)
	return nil
}

// refusal is the answer in err that is the caller's fault; nil for none.
func refusal(err error) *awserr.Error {
	if answer := awserr.As(err); answer != nil && answer.Fault == awserr.Client {
		return answer
	}
	return nil
}

func (s *Service) upload(ctx context.Context, as shape.Invoker, r *run, how encryption, o *canaryrun.Outcome) error {
	bucket, prefix, _ := strings.Cut(r.Location, "/")
	objects := s3.Client{Invoker: as}
	for _, a := range o.Artifacts {
		body, err := o.Open(a.Name)
		if err != nil {
			return fmt.Errorf("open artifact %s: %w", a.Name, err)
		}
		in := &s3.PutObjectInput{Bucket: bucket, Key: path.Join(prefix, a.Name), Body: body, ContentType: new(a.ContentType), ContentLength: new(a.Size)}
		how.apply(in)
		_, err = objects.PutObject(ctx, in)
		_ = body.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

// logBatch bounds the events of one PutLogEvents call, below its limits of
// 10,000 events and 1 MiB.
const logBatch = 1000

// writeLog appends the run's lines to a stream of its own, named as Lambda
// names them.
func (s *Service) writeLog(ctx context.Context, as shape.Invoker, r *run, rec *store.Record[canary], lines []canaryrun.LogLine) error {
	client := logs.Client{Invoker: as}
	group := logGroup(rec, r.Browser)
	stream := r.Started.UTC().Format("2006/01/02/[$LATEST]") + strings.ReplaceAll(r.ID, "-", "")
	if err := createStream(ctx, client, group, stream); err != nil {
		return err
	}
	for len(lines) > 0 {
		n := batchOf(lines)
		in := &logs.PutLogEventsInput{LogGroupName: group, LogStreamName: stream}
		for _, l := range lines[:n] {
			in.LogEvents = append(in.LogEvents, &logs.InputLogEvent{Timestamp: l.Time.UnixMilli(), Message: l.Message})
		}
		if _, err := client.PutLogEvents(ctx, in); err != nil {
			return err
		}
		lines = lines[n:]
	}
	return nil
}

// createStream creates a log stream, and its group where there is none: a role
// need not be able to create what is there.
func createStream(ctx context.Context, client logs.Client, group, stream string) error {
	in := &logs.CreateLogStreamInput{LogGroupName: group, LogStreamName: stream}
	_, err := client.CreateLogStream(ctx, in)
	if awserr.Is(err, "ResourceNotFoundException") {
		_, err = client.CreateLogGroup(ctx, &logs.CreateLogGroupInput{LogGroupName: group})
		if err == nil || awserr.Is(err, "ResourceAlreadyExistsException") {
			_, err = client.CreateLogStream(ctx, in)
		}
	}
	if awserr.Is(err, "ResourceAlreadyExistsException") {
		return nil
	}
	return err
}

// batchOf returns how many of the lines fit into one call: each counts its
// bytes and 26 more towards 1 MiB.
func batchOf(lines []canaryrun.LogLine) int {
	size := 0
	for i, l := range lines {
		size += len(l.Message) + 26
		if i > 0 && (i == logBatch || size > 1<<20) {
			return i
		}
	}
	return len(lines)
}

// maxSteps bounds the steps of a run that have metrics. A script may report as
// many as it likes.
const maxSteps = 1000

// measure makes the metrics of a run, those that its script has not switched
// off. A run that left no report, as one that timed out, has none; a dry run has
// two that are its own.
func measure(o *canaryrun.Outcome, r *run) []datum {
	if o.TimedOut || o.Report == nil {
		return nil
	}
	success := percent(o.TestResult == string(canaryrun.Passed))
	if r.DryRunID != "" {
		return []datum{
			{Name: "SuccessPercentDryRun", Unit: "Percent", Value: success},
			{Name: "DurationDryRun", Unit: "Milliseconds", Value: milliseconds(o.Duration)},
		}
	}
	data := []datum{
		{Name: "SuccessPercent", Unit: "Percent", Value: success},
		{Name: "Duration", Unit: "Milliseconds", Value: milliseconds(o.Duration)},
		{Name: "EphemeralStorageUsagePercent", Unit: "Percent", Value: o.EphemeralUsedPercent},
	}
	requests, on := &o.Report.CustomerScript.Requests, &o.Report.Configuration.CanaryMetrics
	for _, m := range []struct {
		name       string
		value      float64
		own, total bool
	}{
		{"2xx", float64(requests.C2xx), on.C2xx, on.Aggregated2xx},
		{"4xx", float64(requests.C4xx), on.C4xx, on.Aggregated4xx},
		{"5xx", float64(requests.C5xx), on.C5xx, on.Aggregated5xx},
		{"Failed requests", float64(requests.Failed), on.FailedRequests, on.AggregatedFailedRequests},
		{"Failed", 1 - success/100, on.FailedCanary, on.AggregatedFailedCanary},
	} {
		if m.own {
			data = append(data, datum{Name: m.name, Unit: "Count", Value: m.value})
		}
		if m.total {
			data = append(data, datum{Name: m.name, Unit: "Count", Value: m.value, Total: true})
		}
	}
	data = append(data, measureVisual(o.Visual)...)
	return append(data, measureSteps(o.Steps)...)
}

// measureVisual makes the metrics of a run's comparisons with its baseline.
func measureVisual(v *canaryrun.VisualOutcome) []datum {
	if v == nil || v.Comparisons <= 0 {
		return nil
	}
	matching := float64(min(max(v.Matching, 0), v.Comparisons))
	return []datum{
		{Name: "VisualMonitoringSuccessPercent", Unit: "Percent", Value: 100 * matching / float64(v.Comparisons)},
		{Name: "VisualMonitoringTotalComparisons", Unit: "Count", Value: float64(v.Comparisons)},
	}
}

// measureSteps makes the metrics of the steps, but for those whose name cannot
// be the value of a dimension.
func measureSteps(steps []canaryrun.StepMetric) (data []datum) {
	for _, step := range steps[:min(len(steps), maxSteps)] {
		if !dimensionValue(step.Name) {
			continue
		}
		if step.EmitSuccess {
			data = append(data, datum{Name: "SuccessPercent", Unit: "Percent", Value: percent(step.Passed), Step: step.Name})
		}
		if step.EmitDuration {
			data = append(data, datum{Name: "Duration", Unit: "Milliseconds", Value: milliseconds(step.Duration), Step: step.Name})
		}
	}
	return data
}

// dimensionValue reports whether CloudWatch takes s as a dimension's value: up
// to 1024 characters of printable ASCII, not all of them blank.
func dimensionValue(s string) bool {
	const longest = 1024
	printable := func(r rune) bool { return r >= ' ' && r <= '~' }
	return len(s) <= longest && strings.TrimSpace(s) != "" && !strings.ContainsFunc(s, func(r rune) bool { return !printable(r) })
}

func percent(ok bool) float64 {
	if ok {
		return 100
	}
	return 0
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// publication is what a run still has to tell when its verdict is committed. It
// travels in the work row, so that it is told even when the canary and its runs
// have been deleted meanwhile.
type publication struct {
	duty
	Time    time.Time // of all metrics: the start of the run, or of the first attempt
	Browser string    `json:",omitempty"` // "" where the runtime does not choose
	Primary string    `json:",omitempty"` // the primary's region, of canaries in several locations
	Metrics []datum
}

// metricBatch is how many datapoints one PutMetricData call takes at most.
const metricBatch = 1000

// publish puts the run's metrics, once: CloudWatch keeps the token with them.
// Metrics that it refuses, for the role may not put them or they have become too
// old, are given up: it would refuse them for ever.
func (s *Service) publish(ctx context.Context, id runRef) error {
	if len(id.Publish.Metrics) == 0 {
		return nil
	}
	if err := s.publishIn(ctx, id, id.Canary.Region, "canary-run/"+id.RunID, id.Publish.data(id.Canary.Name)); err != nil || id.Publish.Primary == "" {
		return err
	}
	return s.publishIn(ctx, id, id.Publish.Primary, "canary-run/"+id.RunID+"/primary", id.Publish.located(id.Canary))
}

// located is what a canary in several locations publishes in the region of its
// primary besides (CloudWatch User Guide, "Multilocation canaries"): success and
// duration of each location, and success over all of them.
func (p *publication) located(c ref) []*cloudwatch.MetricDatum {
	var out []*cloudwatch.MetricDatum
	for _, d := range p.Metrics {
		if d.Step != "" || d.Total || d.Name != "SuccessPercent" && d.Name != "Duration" {
			continue
		}
		whole := publication{Time: p.Time, Metrics: []datum{d}}
		at := whole.data(c.Name)[0]
		at.Dimensions = append(at.Dimensions, &cloudwatch.Dimension{Name: "Location", Value: c.Region})
		out = append(out, at)
		if d.Name == "SuccessPercent" && c.Region != p.Primary {
			out = append(out, whole.data(c.Name)...)
		}
	}
	return out
}

// publishIn puts metrics in a region. The tokens of its calls begin with token.
func (s *Service) publishIn(ctx context.Context, id runRef, region, token string, data []*cloudwatch.MetricDatum) error {
	owner := id.Canary
	owner.Region = region
	as, err := s.publisher(ctx, id, owner)
	if errors.Is(err, errNotAssumed) {
		s.Logger.Warn("metrics of a canary run are lost with its role", "canary", id.Canary.Name, "run", id.RunID)
		return nil
	}
	if err != nil {
		return fmt.Errorf("publish metrics of run %s: %w", id.RunID, err)
	}
	metrics := cloudwatch.Client{Invoker: as.calls}
	n := 0
	for batch := range slices.Chunk(data, metricBatch) {
		in := &cloudwatch.PutMetricDataInput{Namespace: namespace, MetricData: batch}
		_, err := metrics.PutMetricData(plane.WithToken(ctx, fmt.Sprintf("%s/%d", token, n)), in)
		switch {
		case refusal(err) != nil:
			s.Logger.Error("metrics of a canary run were refused", "canary", id.Canary.Name, "run", id.RunID, "error", err)
		case err != nil:
			return fmt.Errorf("publish metrics of run %s: %w", id.RunID, err)
		}
		n++
	}
	return nil
}

// publisher is who puts a run's metrics in owner's region: in the canary's own,
// the session that the run had.
func (s *Service) publisher(ctx context.Context, id runRef, owner ref) (*actor, error) {
	if owner == id.Canary {
		if as := s.handed.take(id.RunID); as != nil {
			return as, nil
		}
	}
	return s.actor(ctx, owner, id.Publish.duty)
}

// data is the metrics as CloudWatch takes them. Where the runtime chooses a
// browser, those of the canary and its steps are there with the dimension
// Browser and without.
func (p *publication) data(name string) []*cloudwatch.MetricDatum {
	var out []*cloudwatch.MetricDatum
	add := func(d datum, dims ...*cloudwatch.Dimension) {
		out = append(out, &cloudwatch.MetricDatum{
			MetricName: d.Name, Unit: new(cloudwatch.StandardUnit(d.Unit)), Value: new(d.Value),
			Timestamp: new(p.Time), Dimensions: dims,
		})
	}
	for _, d := range p.Metrics {
		if d.Total {
			add(d)
			continue
		}
		dims := []*cloudwatch.Dimension{{Name: "CanaryName", Value: name}}
		if d.Step != "" {
			dims = append(dims, &cloudwatch.Dimension{Name: "StepName", Value: d.Step})
		}
		add(d, dims...)
		if p.Browser != "" {
			add(d, append(slices.Clip(dims), &cloudwatch.Dimension{Name: "Browser", Value: p.Browser})...)
		}
	}
	return out
}
