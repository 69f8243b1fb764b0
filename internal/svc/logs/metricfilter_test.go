package logs_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	diff "github.com/google/go-cmp/cmp"

	cwapi "nephele.dev/nephele/internal/api/cloudwatch"
	api "nephele.dev/nephele/internal/api/logs"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/plane"
)

// TestMetricFilter puts events and reads the metrics that filters made of them.
func TestMetricFilter(t *testing.T) {
	t.Parallel()
	servers(t, func(t *testing.T, s *server) {
		s.create(t, "g", "s")
		metrics := cloudwatch.NewFromConfig(s.Config)
		for name, f := range map[string]struct {
			pattern string
			types.MetricTransformation
		}{
			"count":   {"ERROR", types.MetricTransformation{MetricName: new("Errors"), MetricValue: new("1"), DefaultValue: new(float64(0))}},
			"latency": {"[level, ms, ...]", types.MetricTransformation{MetricName: new("Latency"), MetricValue: new("$ms"), Unit: types.StandardUnitMilliseconds, Dimensions: map[string]string{"Level": "$level"}}},
		} {
			f.MetricNamespace = new("App")
			_, err := s.logs.PutMetricFilter(t.Context(), &sdk.PutMetricFilterInput{
				LogGroupName: new("g"), FilterName: new(name), FilterPattern: &f.pattern, MetricTransformations: []types.MetricTransformation{f.MetricTransformation},
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		at := time.Now().Add(-time.Hour).Truncate(time.Minute)
		s.put(t, "g", "s", at, "ERROR 10 x", "ERROR 30 y", "INFO 10", "INFO odd", "ERROR 10")
		s.put(t, "g", "s", at.Add(time.Minute), "ERROR 1")
		statistics := func(name string, dimensions ...cwtypes.Dimension) (points []string) {
			out, err := metrics.GetMetricStatistics(t.Context(), &cloudwatch.GetMetricStatisticsInput{
				Namespace: new("App"), MetricName: &name, Dimensions: dimensions, StartTime: &at, EndTime: new(at.Add(time.Hour)), Period: new(int32(60)),
				Statistics: []cwtypes.Statistic{cwtypes.StatisticSum, cwtypes.StatisticSampleCount},
			})
			if err != nil {
				t.Fatal(err)
			}
			slices.SortFunc(out.Datapoints, func(a, b cwtypes.Datapoint) int { return a.Timestamp.Compare(*b.Timestamp) })
			for _, p := range out.Datapoints {
				points = append(points, fmt.Sprintf("%v: %v of %v %s", p.Timestamp.Sub(at), *p.Sum, *p.SampleCount, p.Unit))
			}
			return points
		}
		level := func(v string) cwtypes.Dimension { return cwtypes.Dimension{Name: new("Level"), Value: &v} }
		for _, tt := range []struct{ got, want []string }{
			{statistics("Errors"), []string{"0s: 3 of 3 None", "1m0s: 1 of 1 None"}},
			{statistics("Latency", level("ERROR")), []string{"0s: 50 of 3 Milliseconds", "1m0s: 1 of 1 Milliseconds"}},
			{statistics("Latency", level("INFO")), []string{"0s: 10 of 1 Milliseconds"}},
		} {
			if d := diff.Diff(tt.want, tt.got); d != "" {
				t.Error(d)
			}
		}
	})
}

// TestMetricFilterCRUD checks listings, changes and what a deleted filter no
// longer does.
func TestMetricFilterCRUD(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		b.create(t, "g", "s")
		b.create(t, "h")
		put := func(group, name, metric string) {
			t.Helper()
			must[*api.PutMetricFilterOutput](t)(b.PutMetricFilter(t.Context(), &api.PutMetricFilterInput{
				LogGroupName: group, FilterName: name, FilterPattern: "x",
				MetricTransformations: []*api.MetricTransformation{{MetricName: metric, MetricNamespace: "N", MetricValue: "1"}},
			}))
		}
		put("g", "b", "M")
		put("g", "a", "M")
		put("h", "a", "O")
		put("g", "a", "M2")
		list := func(in api.DescribeMetricFiltersInput) (names string) {
			t.Helper()
			for {
				out := must[*api.DescribeMetricFiltersOutput](t)(b.DescribeMetricFilters(t.Context(), &in))
				for _, f := range out.MetricFilters {
					names += *f.LogGroupName + *f.FilterName + " "
				}
				if in.NextToken = out.NextToken; in.NextToken == nil {
					return names
				}
			}
		}
		for want, in := range map[string]api.DescribeMetricFiltersInput{
			"ga ha gb ": {Limit: new(int32(1))},
			"ga gb ":    {LogGroupName: new("g")},
			"gb ":       {LogGroupName: new("g"), FilterNamePrefix: new("b")},
			"ga ":       {MetricName: new("M2"), MetricNamespace: new("N")},
		} {
			if got := list(in); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		}
		groups := must[*api.DescribeLogGroupsOutput](t)(b.DescribeLogGroups(t.Context(), &api.DescribeLogGroupsInput{LogGroupNamePrefix: new("g")}))
		if n := *groups.LogGroups[0].MetricFilterCount; n != 2 {
			t.Errorf("%d filters", n)
		}
		b.put(t, "g", "s", events(minuteAgo(), "x"))
		sent := b.rows(t, "work")
		for _, name := range []string{"a", "b"} {
			must[*api.DeleteMetricFilterOutput](t)(b.DeleteMetricFilter(t.Context(), &api.DeleteMetricFilterInput{LogGroupName: "g", FilterName: name}))
		}
		b.put(t, "g", "s", events(minuteAgo(), "x"))
		if n := b.rows(t, "work"); sent == 0 || n != sent {
			t.Errorf("%d metrics sent with filters, %d without", sent, n-sent)
		}
		_, err := b.DeleteMetricFilter(t.Context(), &api.DeleteMetricFilterInput{LogGroupName: "g", FilterName: "a"})
		wantError(t, err, "ResourceNotFoundException", "The specified metric filter does not exist.")
		_, err = b.DescribeMetricFilters(t.Context(), &api.DescribeMetricFiltersInput{LogGroupName: new("none")})
		wantNoGroup(t, err)
		_, err = b.DescribeMetricFilters(t.Context(), &api.DescribeMetricFiltersInput{MetricName: new("x")})
		wantError(t, err, "InvalidParameterException", "Both metricName and metricNamespace must be specified.")
	})
}

func TestMetricFilterRules(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		b.create(t, "g")
		for _, tt := range []struct {
			pattern string
			change  func(*api.MetricTransformation)
			message string
		}{
			{"{ $.a", nil, "Invalid filter pattern"},
			{"x", func(m *api.MetricTransformation) { m.MetricValue = "$.a" }, `Invalid metric transformations: metric value "$.a" names a field, and the pattern has none`},
			{"[a, b]", func(m *api.MetricTransformation) { m.MetricValue = "$c" }, `Invalid metric transformations: metric value "$c" is not a field of the pattern`},
			{"x", func(m *api.MetricTransformation) { m.MetricValue = "one" }, "Invalid metric transformations: the metric value 'one' is neither a number nor a field."},
			{"x", func(m *api.MetricTransformation) { m.MetricValue = "NaN" }, "Invalid metric transformations: the metric value 'NaN' is neither a number nor a field."},
			{"x", func(m *api.MetricTransformation) { m.MetricNamespace = "AWS/Logs" }, "Invalid metric transformations: namespaces starting with AWS/ are reserved for AWS."},
			{"[a]", func(m *api.MetricTransformation) {
				m.Dimensions, m.DefaultValue = map[string]string{"A": "$a"}, new(float64(0))
			}, "Invalid metric transformations: dimensions and default value are mutually exclusive properties."},
			{"[a]", func(m *api.MetricTransformation) {
				m.Dimensions = map[string]string{"A": "$a", "B": "$a", "C": "$a", "D": "$a"}
			}, "Invalid metric transformations: a metric cannot have more than 3 dimensions."},
			{"[a]", func(m *api.MetricTransformation) { m.Dimensions = map[string]string{"A": "constant"} }, `Invalid metric transformations: dimension value "constant" is not a field of the pattern`},
		} {
			m := &api.MetricTransformation{MetricName: "M", MetricNamespace: "N", MetricValue: "1"}
			if tt.change != nil {
				tt.change(m)
			}
			_, err := b.PutMetricFilter(t.Context(), &api.PutMetricFilterInput{
				LogGroupName: "g", FilterName: "f", FilterPattern: tt.pattern, MetricTransformations: []*api.MetricTransformation{m},
			})
			wantError(t, err, "InvalidParameterException", tt.message)
		}
		put := func(i int, pattern string) error {
			_, err := b.PutMetricFilter(t.Context(), &api.PutMetricFilterInput{
				LogGroupName: "g", FilterName: fmt.Sprint("f", i), FilterPattern: pattern,
				MetricTransformations: []*api.MetricTransformation{{MetricName: "M", MetricNamespace: "N", MetricValue: "1"}},
			})
			return err
		}
		for i := range 5 {
			if err := put(i, "%a+%"); err != nil {
				t.Fatal(err)
			}
		}
		wantError(t, put(5, "%a+%"), "LimitExceededException", "Resource limit exceeded.")
		for i := 5; i < 100; i++ {
			if err := put(i, "a"); err != nil {
				t.Fatal(err)
			}
		}
		wantError(t, put(100, "a"), "LimitExceededException", "Resource limit exceeded.")
		if err := put(99, "b"); err != nil {
			t.Errorf("changing one of 100: %v", err)
		}
	})
}

func TestTestMetricFilter(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	out, err := s.logs.TestMetricFilter(t.Context(), &sdk.TestMetricFilterInput{
		FilterPattern: new("[..., status=4*, size]"), LogEventMessages: []string{"a b 200 1", "a b 404 2"},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"$1": "a", "$2": "b", "$status": "404", "$size": "2"}
	if len(out.Matches) != 1 || out.Matches[0].EventNumber != 2 || *out.Matches[0].EventMessage != "a b 404 2" {
		t.Fatalf("matches %+v", out.Matches)
	}
	if d := diff.Diff(want, out.Matches[0].ExtractedValues); d != "" {
		t.Error(d)
	}
}

// published is a CloudWatch that notes what it is told.
type published struct {
	mu    sync.Mutex
	fails int // calls still to fail
	data  []string
	seen  map[string]bool // tokens
}

func (p *published) PutMetricData(ctx context.Context, in *cwapi.PutMetricDataInput) (*cwapi.PutMetricDataOutput, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if token := plane.Token(ctx); p.seen[token] || token == "" {
		return nil, fmt.Errorf("token %q again", token)
	} else if p.fails > 0 {
		p.fails--
		return nil, awserr.New("InternalServiceFault", 500, "out of order")
	} else {
		p.seen[token] = true
	}
	for _, d := range in.MetricData {
		value := fmt.Sprint(d.Values, d.Counts)
		if d.Value != nil {
			value = fmt.Sprint(*d.Value)
		}
		p.data = append(p.data, d.Timestamp.Format("15:04 ")+d.MetricName+" "+value)
	}
	return &cwapi.PutMetricDataOutput{}, nil
}

// TestDefaultValue lets minutes pass with events of which some match, and has
// CloudWatch fail at first.
func TestDefaultValue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		told := &published{fails: 2, seen: map[string]bool{}}
		b := inBubble(t, func(p *plane.Plane) {
			p.Register(cwapi.Service(), cwapi.Handlers{PutMetricData: told.PutMetricData}.Table())
		})
		b.start(t)
		b.create(t, "g", "s")
		must[*api.PutMetricFilterOutput](t)(b.PutMetricFilter(t.Context(), &api.PutMetricFilterInput{
			LogGroupName: "g", FilterName: "f", FilterPattern: "{ $.ms > 0 }",
			MetricTransformations: []*api.MetricTransformation{{MetricName: "M", MetricNamespace: "N", MetricValue: "$.ms", DefaultValue: new(float64(-1))}},
		}))
		put := func(messages ...string) {
			t.Helper()
			b.put(t, "g", "s", events(time.Now().UnixMilli(), messages...))
		}
		put("nothing") // 00:00
		put(`{"ms": 5}`, `{"ms": 5}`, `{"ms": 7.5}`, "noise")
		time.Sleep(time.Minute)
		put("nothing") // 00:01
		put("nothing again")
		time.Sleep(2 * time.Minute)
		put("noise", `{"ms": "5e1"}`) // 00:03
		time.Sleep(time.Hour)
		slices.Sort(told.data)
		want := []string{"00:00 M [5 7.5] [2 1]", "00:01 M -1", "00:03 M [50] [1]"}
		if d := diff.Diff(want, told.data); d != "" {
			t.Errorf("published (-want +got):\n%s", d)
		}
		if err := b.engine.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
}
