package synthetics

import (
	"context"
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
	Total bool   // also without dimensions
}

// keep uploads the artifacts and writes the log. What the user can cause (no
// such bucket, no permission) makes the run an EXECUTION_FAILURE.
func (s *Service) keep(ctx context.Context, r *run, rec *store.Record[canary], o *canaryrun.Outcome) error {
	as := s.Plane.AsService(principal, rec.Account, rec.Region)
	problems := []string{}
	for _, step := range []func() error{
		func() error { return s.upload(ctx, as, r, o) },
		func() error { return s.writeLog(ctx, as, r, rec, o.Logs) },
	} {
		err := step()
		answer := awserr.As(err)
		switch {
		case err == nil:
		case answer != nil && answer.Fault == awserr.Client:
			problems = append(problems, answer.Message)
		default:
			return err
		}
	}
	if len(problems) > 0 {
		r.spoil(strings.Join(problems, "; "))
	}
	return nil
}

func (s *Service) upload(ctx context.Context, as shape.Invoker, r *run, o *canaryrun.Outcome) error {
	bucket, prefix, _ := strings.Cut(r.Location, "/")
	objects := s3.Client{Invoker: as}
	for _, a := range o.Artifacts {
		body, err := o.Open(a.Name)
		if err != nil {
			return fmt.Errorf("open artifact %s: %w", a.Name, err)
		}
		in := &s3.PutObjectInput{Bucket: bucket, Key: path.Join(prefix, a.Name), Body: body, ContentType: new(a.ContentType), ContentLength: new(a.Size)}
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
	group := logGroup(rec)
	stream := r.Started.UTC().Format("2006/01/02/[$LATEST]") + strings.ReplaceAll(r.ID, "-", "")
	_, err := client.CreateLogGroup(ctx, &logs.CreateLogGroupInput{LogGroupName: group})
	if err != nil && !awserr.Is(err, "ResourceAlreadyExistsException") {
		return err
	}
	_, err = client.CreateLogStream(ctx, &logs.CreateLogStreamInput{LogGroupName: group, LogStreamName: stream})
	if err != nil && !awserr.Is(err, "ResourceAlreadyExistsException") {
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

// measure makes the metrics of a run. A run that timed out has none.
func measure(o *canaryrun.Outcome) []datum {
	if o.TimedOut || o.Report == nil {
		return nil
	}
	script := &o.Report.CustomerScript
	success := percent(o.TestResult == string(canaryrun.Passed))
	data := []datum{
		{Name: "SuccessPercent", Unit: "Percent", Value: success},
		{Name: "Duration", Unit: "Milliseconds", Value: milliseconds(o.Duration)},
		{Name: "EphemeralStorageUsagePercent", Unit: "Percent", Value: o.EphemeralUsedPercent},
		{Name: "2xx", Unit: "Count", Value: float64(script.Requests.C2xx), Total: true},
		{Name: "4xx", Unit: "Count", Value: float64(script.Requests.C4xx), Total: true},
		{Name: "5xx", Unit: "Count", Value: float64(script.Requests.C5xx), Total: true},
		{Name: "Failed requests", Unit: "Count", Value: float64(script.Requests.Failed), Total: true},
		{Name: "Failed", Unit: "Count", Value: float64(1 - success/100), Total: true},
	}
	for _, step := range script.Steps {
		data = append(data,
			datum{Name: "SuccessPercent", Unit: "Percent", Value: percent(step.Status == string(canaryrun.Passed)), Step: step.StepName},
			datum{Name: "Duration", Unit: "Milliseconds", Value: milliseconds(stepDuration(step)), Step: step.StepName})
	}
	return data
}

// stepDuration is how long a step took; 0 when the report does not say.
func stepDuration(step canaryrun.Step) time.Duration {
	start, err := time.Parse(time.RFC3339, step.StartTime)
	if err != nil {
		return 0
	}
	end, err := time.Parse(time.RFC3339, step.EndTime)
	if err != nil {
		return 0
	}
	return end.Sub(start)
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
	Time    time.Time // of all metrics: the run's start
	Metrics []datum
}

// metricBatch is how many datapoints one PutMetricData call takes at most.
const metricBatch = 1000

// publish puts the run's metrics, once: CloudWatch keeps the token with them.
func (s *Service) publish(ctx context.Context, id runRef) error {
	metrics := cloudwatch.Client{Invoker: s.Plane.AsService(principal, id.Canary.Account, id.Canary.Region)}
	n := 0
	for batch := range slices.Chunk(id.Publish.data(id.Canary.Name), metricBatch) {
		token := fmt.Sprintf("canary-run/%s/%d", id.RunID, n)
		in := &cloudwatch.PutMetricDataInput{Namespace: namespace, MetricData: batch}
		if _, err := metrics.PutMetricData(plane.WithToken(ctx, token), in); err != nil {
			return fmt.Errorf("publish metrics of run %s: %w", id.RunID, err)
		}
		n++
	}
	return nil
}

// data is the metrics as CloudWatch takes them.
func (p *publication) data(name string) []*cloudwatch.MetricDatum {
	var out []*cloudwatch.MetricDatum
	add := func(d datum, dims ...*cloudwatch.Dimension) {
		out = append(out, &cloudwatch.MetricDatum{
			MetricName: d.Name, Unit: new(cloudwatch.StandardUnit(d.Unit)), Value: new(d.Value),
			Timestamp: new(p.Time), Dimensions: dims,
		})
	}
	for _, d := range p.Metrics {
		dims := []*cloudwatch.Dimension{{Name: "CanaryName", Value: name}}
		if d.Step != "" {
			dims = append(dims, &cloudwatch.Dimension{Name: "StepName", Value: d.Step})
		}
		add(d, dims...)
		if d.Total {
			add(d)
		}
	}
	return out
}
