package cloudwatch_test

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"nephele.dev/nephele/internal/api/autoscaling"
	api "nephele.dev/nephele/internal/api/cloudwatch"
	"nephele.dev/nephele/internal/api/events"
	"nephele.dev/nephele/internal/api/lambda"
	"nephele.dev/nephele/internal/api/sns"
	"nephele.dev/nephele/internal/api/ssm"
	"nephele.dev/nephele/internal/courier"
	"nephele.dev/nephele/internal/engine"
	"nephele.dev/nephele/internal/engine/enginetest"
	"nephele.dev/nephele/internal/page"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/shape"
	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/store/storetest"
	"nephele.dev/nephele/internal/svc/cloudwatch"
)

const (
	account = "000000000000"
	topic   = "arn:aws:sns:us-east-1:000000000000:pager"
	gone    = "arn:aws:sns:us-east-1:000000000000:gone"
)

// house is the service with an engine that runs and with neighbours that
// remember what they were told.
type house struct {
	api.Client
	db     *store.DB
	engine *engine.Engine
	forget func() // what the service holds in memory

	mu        sync.Mutex
	published []*sns.PublishInput
	policies  []*autoscaling.ExecutePolicyInput
	events    []*events.PutEventsRequestEntry
	heard     chan string // the subject of each notification
}

func open(t testing.TB, db *store.DB) *house {
	t.Helper()
	pages, err := page.New([]byte("a secret of this test"))
	if err != nil {
		t.Fatal(err)
	}
	h := &house{db: db, heard: make(chan string, 20_000)}
	p := plane.New(plane.Options{Logger: slog.New(slog.DiscardHandler)})
	p.Register(sns.Service(), sns.Handlers{Publish: h.publish}.Table())
	p.Register(autoscaling.Service(), autoscaling.Handlers{ExecutePolicy: h.execute}.Table())
	p.Register(events.Service(), events.Handlers{PutEvents: h.putEvents}.Table())
	p.Register(lambda.Service(), lambda.Handlers{}.Table())
	p.Register(ssm.Service(), ssm.Handlers{}.Table())
	h.engine = enginetest.Start(t, db, engine.Options{Lanes: map[string]int{courier.Lane: 16, cloudwatch.AlarmsLane: 8}}, func(e *engine.Engine) {
		c := courier.New(e, p, []*shape.Service{
			sns.Service(), autoscaling.Service(), events.Service(), lambda.Service(), ssm.Service(),
		})
		s := cloudwatch.New(cloudwatch.Deps{DB: db, Engine: e, Courier: c, Pages: pages})
		s.Flows(e)
		h.forget = s.Reset
		p.Register(api.Service(), s.Handlers())
	})
	h.Client = api.Client{Invoker: p.As(plane.RootCaller(account, "us-east-1"))}
	return h
}

func (h *house) publish(_ context.Context, in *sns.PublishInput) (*sns.PublishOutput, error) {
	if *in.TopicArn == gone {
		return nil, sns.NewNotFoundException("Topic does not exist")
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.published = append(h.published, in)
	h.heard <- *in.Subject
	return &sns.PublishOutput{}, nil
}

func (h *house) execute(_ context.Context, in *autoscaling.ExecutePolicyInput) (*autoscaling.ExecutePolicyOutput, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.policies = append(h.policies, in)
	return &autoscaling.ExecutePolicyOutput{}, nil
}

func (h *house) putEvents(_ context.Context, in *events.PutEventsInput) (*events.PutEventsOutput, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.events = append(h.events, in.Entries...)
	return &events.PutEventsOutput{}, nil
}

func (h *house) said() []*sns.PublishInput {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.published)
}

// do runs f and waits until what follows from it rests.
func (h *house) do(t *testing.T, f func(ctx context.Context)) {
	t.Helper()
	enginetest.Rest(t, h.engine, f)
}

// eachHouse runs f on every database.
func eachHouse(t *testing.T, f func(t *testing.T, h *house)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, db *store.DB) { f(t, open(t, db)) })
}

// simpleAlarm is in ALARM when the sum of a minute of metric Test/name is over 5.
func simpleAlarm(name string) *api.PutMetricAlarmInput {
	return &api.PutMetricAlarmInput{
		AlarmName: name, Namespace: new("Test"), MetricName: new(name), Statistic: new(api.StatisticSum), Period: new(int32(60)),
		EvaluationPeriods: new(int32(1)), Threshold: new(5.0), ComparisonOperator: new(api.ComparisonOperatorGreaterThanThreshold),
		AlarmActions: []string{topic}, OKActions: []string{topic}, InsufficientDataActions: []string{topic},
	}
}

func (h *house) alarm(t *testing.T, in *api.PutMetricAlarmInput) {
	t.Helper()
	h.do(t, func(ctx context.Context) {
		if _, err := h.PutMetricAlarm(ctx, in); err != nil {
			t.Fatal(err)
		}
	})
}

func (h *house) composite(t *testing.T, in *api.PutCompositeAlarmInput) {
	t.Helper()
	h.do(t, func(ctx context.Context) {
		if _, err := h.PutCompositeAlarm(ctx, in); err != nil {
			t.Fatal(err)
		}
	})
}

func (h *house) set(t *testing.T, name string, state api.StateValue) {
	t.Helper()
	h.do(t, func(ctx context.Context) {
		if _, err := h.SetAlarmState(ctx, &api.SetAlarmStateInput{AlarmName: name, StateValue: state, StateReason: "for the test"}); err != nil {
			t.Fatal(err)
		}
	})
}

func (h *house) value(t *testing.T, name string, at time.Time, v float64) {
	t.Helper()
	put(t, h.Client, "Test", datum(name, at, v))
}

func (h *house) describe(t *testing.T, name string) *api.MetricAlarm {
	t.Helper()
	out, err := h.DescribeAlarms(t.Context(), &api.DescribeAlarmsInput{AlarmNames: []string{name}})
	if err != nil || len(out.MetricAlarms) != 1 {
		t.Fatalf("alarm %s: %v, %v", name, out, err)
	}
	return out.MetricAlarms[0]
}

func (h *house) describeComposite(t *testing.T, name string) *api.CompositeAlarm {
	t.Helper()
	out, err := h.DescribeAlarms(t.Context(), &api.DescribeAlarmsInput{
		AlarmNames: []string{name}, AlarmTypes: []api.AlarmType{api.AlarmTypeCompositeAlarm},
	})
	if err != nil || len(out.CompositeAlarms) != 1 {
		t.Fatalf("composite alarm %s: %v, %v", name, out, err)
	}
	return out.CompositeAlarms[0]
}

// history returns the summaries of an alarm's history, oldest first.
func (h *house) history(t *testing.T, name string, item api.HistoryItemType) (summaries []string, data []string) {
	t.Helper()
	out, err := h.DescribeAlarmHistory(t.Context(), &api.DescribeAlarmHistoryInput{
		AlarmName: &name, HistoryItemType: &item, ScanBy: new(api.ScanByTimestampAscending),
		AlarmTypes: []api.AlarmType{api.AlarmTypeMetricAlarm, api.AlarmTypeCompositeAlarm},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range out.AlarmHistoryItems {
		summaries = append(summaries, *i.HistorySummary)
		data = append(data, *i.HistoryData)
	}
	return summaries, data
}
