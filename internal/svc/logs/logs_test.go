package logs_test

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nephele.dev/nephele/internal/api/cloudwatch"
	api "nephele.dev/nephele/internal/api/logs"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/courier"
	"nephele.dev/nephele/internal/engine"
	"nephele.dev/nephele/internal/page"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/shape"
	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/store/storetest"
	"nephele.dev/nephele/internal/svc/logs"
)

// bench is the service on a real store and engine, called through the plane.
type bench struct {
	api.Client
	db     *store.DB
	engine *engine.Engine
}

// each runs f with a bench on every database. The engine is not started.
func each(t *testing.T, f func(t *testing.T, b *bench)) {
	storetest.Each(t, func(t *testing.T, db *store.DB) { f(t, newBench(t, db)) })
}

// inBubble makes a bench whose time is a bubble's.
func inBubble(t *testing.T, also ...func(*plane.Plane)) *bench {
	return newBench(t, storetest.SQLite(t), also...)
}

func newBench(t *testing.T, db *store.DB, also ...func(*plane.Plane)) *bench {
	t.Helper()
	pages, err := page.New([]byte("a secret of this test"))
	if err != nil {
		t.Fatal(err)
	}
	e := engine.New(db, engine.Options{})
	p := plane.New(plane.Options{Logger: slog.New(slog.DiscardHandler)})
	s := logs.New(logs.Deps{DB: db, Engine: e, Courier: courier.New(e, p, []*shape.Service{cloudwatch.Service()}), Pages: pages})
	s.Flows(e)
	p.Register(api.Service(), s.Handlers())
	for _, f := range also {
		f(p)
	}
	return &bench{api.Client{Invoker: p.As(plane.RootCaller("000000000000", "us-east-1"))}, db, e}
}

func wantError(t *testing.T, err error, code, message string) {
	t.Helper()
	e := awserr.As(err)
	if e == nil || e.Code != code || e.Message != message {
		t.Errorf("error = %v\n want %s: %s", err, code, message)
	}
}

func wantNoGroup(t *testing.T, err error) {
	t.Helper()
	wantError(t, err, "ResourceNotFoundException", "The specified log group does not exist.")
}

func wantNoStream(t *testing.T, err error) {
	t.Helper()
	wantError(t, err, "ResourceNotFoundException", "The specified log stream does not exist.")
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func (b *bench) create(t *testing.T, group string, streams ...string) {
	t.Helper()
	must[*api.CreateLogGroupOutput](t)(b.CreateLogGroup(t.Context(), &api.CreateLogGroupInput{LogGroupName: group}))
	for _, name := range streams {
		must[*api.CreateLogStreamOutput](t)(b.CreateLogStream(t.Context(), &api.CreateLogStreamInput{LogGroupName: group, LogStreamName: name}))
	}
}

// minuteAgo is the base of the events' times in tests, in milliseconds.
func minuteAgo() int64 { return time.Now().Add(-time.Minute).UnixMilli() }

func events(base int64, messages ...string) (in []*api.InputLogEvent) {
	for i, m := range messages {
		in = append(in, &api.InputLogEvent{Timestamp: base + int64(i), Message: m})
	}
	return in
}

func (b *bench) put(t *testing.T, group, stream string, in []*api.InputLogEvent) *api.PutLogEventsOutput {
	t.Helper()
	return must[*api.PutLogEventsOutput](t)(b.PutLogEvents(t.Context(), &api.PutLogEventsInput{LogGroupName: group, LogStreamName: stream, LogEvents: in}))
}

func (b *bench) get(t *testing.T, in api.GetLogEventsInput) (*api.GetLogEventsOutput, string) {
	t.Helper()
	out := must[*api.GetLogEventsOutput](t)(b.GetLogEvents(t.Context(), &in))
	var m []string
	for _, e := range out.Events {
		m = append(m, *e.Message)
	}
	return out, strings.Join(m, " ")
}

func (b *bench) filter(t *testing.T, in api.FilterLogEventsInput) (*api.FilterLogEventsOutput, string) {
	t.Helper()
	out := must[*api.FilterLogEventsOutput](t)(b.FilterLogEvents(t.Context(), &in))
	var m []string
	for _, e := range out.Events {
		m = append(m, *e.Message)
	}
	return out, strings.Join(m, "|")
}

func TestGroups(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		before := time.Now().Add(-time.Minute).UnixMilli()
		b.create(t, "/a/one")
		_, err := b.CreateLogGroup(t.Context(), &api.CreateLogGroupInput{LogGroupName: "/a/one"})
		wantError(t, err, "ResourceAlreadyExistsException", "The specified log group already exists")
		_, err = b.CreateLogGroup(t.Context(), &api.CreateLogGroupInput{LogGroupName: "aws/x"})
		wantError(t, err, "InvalidParameterException", "Log groups starting with AWS/ are reserved for AWS.")
		_, err = b.CreateLogGroup(t.Context(), &api.CreateLogGroupInput{LogGroupName: "k", KmsKeyId: new("arn:aws:kms:x")})
		wantError(t, err, "NotImplemented", "Nephele does not implement the encryption of log groups under a KMS key of logs yet.")
		_, err = b.CreateLogGroup(t.Context(), &api.CreateLogGroupInput{LogGroupName: "a b"})
		if !awserr.Is(err, "InvalidParameterException") {
			t.Errorf("bad name: %v", err)
		}
		out := must[*api.DescribeLogGroupsOutput](t)(b.DescribeLogGroups(t.Context(), &api.DescribeLogGroupsInput{}))
		if len(out.LogGroups) != 1 || *out.LogGroups[0].CreationTime < before {
			t.Fatalf("groups = %+v", out.LogGroups)
		}
		out.LogGroups[0].CreationTime = nil
		class := api.LogGroupClassStandard
		want := &api.LogGroup{
			LogGroupName: new("/a/one"), Arn: new("arn:aws:logs:us-east-1:000000000000:log-group:/a/one:*"),
			LogGroupArn: new("arn:aws:logs:us-east-1:000000000000:log-group:/a/one"), StoredBytes: new(int64(0)),
			MetricFilterCount: new(int32(0)), LogGroupClass: &class, DeletionProtectionEnabled: new(false),
		}
		if diff := cmp.Diff(want, out.LogGroups[0]); diff != "" {
			t.Error(diff)
		}
		must[*api.DeleteLogGroupOutput](t)(b.DeleteLogGroup(t.Context(), &api.DeleteLogGroupInput{LogGroupName: "/a/one"}))
		_, err = b.DeleteLogGroup(t.Context(), &api.DeleteLogGroupInput{LogGroupName: "/a/one"})
		wantNoGroup(t, err)
	})
}

func TestDescribeGroups(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		for i := range 7 {
			b.create(t, fmt.Sprintf("/App/%d", i))
		}
		b.create(t, "/other")
		list := func(in api.DescribeLogGroupsInput) string {
			t.Helper()
			var names []string
			for {
				out := must[*api.DescribeLogGroupsOutput](t)(b.DescribeLogGroups(t.Context(), &in))
				for _, g := range out.LogGroups {
					names = append(names, *g.LogGroupName)
				}
				if in.NextToken = out.NextToken; in.NextToken == nil {
					return strings.Join(names, " ")
				}
				names = append(names, "+")
			}
		}
		ia := api.LogGroupClassInfrequentAccess
		for _, tt := range []struct {
			in   api.DescribeLogGroupsInput
			want string
		}{
			{api.DescribeLogGroupsInput{Limit: new(int32(4))}, "/App/0 /App/1 /App/2 /App/3 + /App/4 /App/5 /App/6 /other"},
			{api.DescribeLogGroupsInput{LogGroupNamePrefix: new("/App/"), Limit: new(int32(7))}, "/App/0 /App/1 /App/2 /App/3 /App/4 /App/5 /App/6"},
			{api.DescribeLogGroupsInput{LogGroupNamePrefix: new("/app/")}, ""},
			{api.DescribeLogGroupsInput{LogGroupNamePattern: new("App/3")}, "/App/3"},
			{api.DescribeLogGroupsInput{LogGroupNamePattern: new("app/3")}, ""},
			{api.DescribeLogGroupsInput{LogGroupClass: &ia}, ""},
			{api.DescribeLogGroupsInput{AccountIdentifiers: []string{"111111111111"}}, ""},
			{api.DescribeLogGroupsInput{LogGroupIdentifiers: []string{"/other", "arn:aws:logs:us-east-1:000000000000:log-group:/App/1"}}, "/App/1 /other"},
		} {
			if got := list(tt.in); got != tt.want {
				t.Errorf("%+v lists %q, want %q", tt.in, got, tt.want)
			}
		}
		_, err := b.DescribeLogGroups(t.Context(), &api.DescribeLogGroupsInput{LogGroupNamePrefix: new("a"), LogGroupNamePattern: new("b")})
		wantError(t, err, "InvalidParameterException", "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.")
		_, err = b.DescribeLogGroups(t.Context(), &api.DescribeLogGroupsInput{NextToken: new("junk")})
		wantError(t, err, "InvalidParameterException", "The specified nextToken is invalid.")
	})
}

func TestStreams(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		b.create(t, "g", "b", "a", "c", "ab")
		_, err := b.CreateLogStream(t.Context(), &api.CreateLogStreamInput{LogGroupName: "g", LogStreamName: "a"})
		wantError(t, err, "ResourceAlreadyExistsException", "The specified log stream already exists")
		_, err = b.CreateLogStream(t.Context(), &api.CreateLogStreamInput{LogGroupName: "none", LogStreamName: "a"})
		wantNoGroup(t, err)
		base := minuteAgo()
		b.put(t, "g", "b", events(base, "1", "2"))
		b.put(t, "g", "a", events(base+100, "3"))
		list := func(in api.DescribeLogStreamsInput) (names string) {
			t.Helper()
			in.LogGroupName = new("g")
			for {
				out := must[*api.DescribeLogStreamsOutput](t)(b.DescribeLogStreams(t.Context(), &in))
				for _, s := range out.LogStreams {
					names += *s.LogStreamName + " "
				}
				if in.NextToken = out.NextToken; in.NextToken == nil {
					return names
				}
				names += "+ "
			}
		}
		byTime, two := api.OrderByLastEventTime, new(int32(2))
		for _, tt := range []struct {
			in   api.DescribeLogStreamsInput
			want string
		}{
			{api.DescribeLogStreamsInput{Limit: two}, "a ab + b c "},
			{api.DescribeLogStreamsInput{Limit: two, Descending: new(true)}, "c b + ab a "},
			{api.DescribeLogStreamsInput{LogStreamNamePrefix: new("a")}, "a ab "},
			{api.DescribeLogStreamsInput{OrderBy: &byTime, Descending: new(true), Limit: new(int32(3))}, "a b c + ab "},
			{api.DescribeLogStreamsInput{OrderBy: &byTime}, "ab c b a "},
		} {
			if got := list(tt.in); got != tt.want {
				t.Errorf("%+v lists %q, want %q", tt.in, got, tt.want)
			}
		}
		out := must[*api.DescribeLogStreamsOutput](t)(b.DescribeLogStreams(t.Context(), &api.DescribeLogStreamsInput{LogGroupName: new("g"), LogStreamNamePrefix: new("b")}))
		s := out.LogStreams[0]
		if *s.FirstEventTimestamp != base || *s.LastEventTimestamp != base+1 || *s.LastIngestionTime < base ||
			*s.Arn != "arn:aws:logs:us-east-1:000000000000:log-group:g:log-stream:b" {
			t.Errorf("stream = %+v", s)
		}
		_, err = b.DescribeLogStreams(t.Context(), &api.DescribeLogStreamsInput{LogGroupName: new("g"), LogStreamNamePrefix: new("a"), OrderBy: &byTime})
		wantError(t, err, "InvalidParameterException", "Cannot order by LastEventTime with a logStreamNamePrefix.")
		must[*api.DeleteLogStreamOutput](t)(b.DeleteLogStream(t.Context(), &api.DeleteLogStreamInput{LogGroupName: "g", LogStreamName: "b"}))
		_, err = b.DeleteLogStream(t.Context(), &api.DeleteLogStreamInput{LogGroupName: "g", LogStreamName: "b"})
		wantNoStream(t, err)
		b2 := must[*api.CreateLogStreamOutput](t)
		b2(b.CreateLogStream(t.Context(), &api.CreateLogStreamInput{LogGroupName: "g", LogStreamName: "b"}))
		if _, got := b.get(t, api.GetLogEventsInput{LogGroupName: new("g"), LogStreamName: "b"}); got != "" {
			t.Errorf("a stream made again holds %q", got)
		}
	})
}

// TestReading pages through a stream in both directions.
func TestReading(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		b.create(t, "g", "s", "empty")
		base := minuteAgo()
		b.put(t, "g", "s", events(base, "0", "1", "2", "3", "4", "5", "6"))
		in := api.GetLogEventsInput{LogGroupName: new("g"), LogStreamName: "s", Limit: new(int32(3))}
		step := func(token *string, want string) *api.GetLogEventsOutput {
			t.Helper()
			in.NextToken = token
			out, got := b.get(t, in)
			if got != want {
				t.Errorf("got %q, want %q", got, want)
			}
			return out
		}
		tail := step(nil, "4 5 6") // the end, unless told otherwise
		in.StartFromHead = new(true)
		head := step(nil, "0 1 2")
		second := step(head.NextForwardToken, "3 4 5")
		step(second.NextBackwardToken, "0 1 2")
		third := step(second.NextForwardToken, "6")
		end := step(third.NextForwardToken, "")
		if *end.NextForwardToken != *third.NextForwardToken || *end.NextForwardToken != *tail.NextForwardToken {
			t.Error("the forward token moves at the end")
		}
		start := step(head.NextBackwardToken, "")
		if *start.NextBackwardToken != *head.NextBackwardToken {
			t.Error("the backward token moves at the start")
		}
		if len(*end.NextForwardToken) != 58 || !strings.HasPrefix(*end.NextForwardToken, "f/") {
			t.Errorf("token = %s", *end.NextForwardToken)
		}
		b.put(t, "g", "s", events(base+100, "new"))
		step(end.NextForwardToken, "new")
		in.StartTime, in.EndTime = new(base+1), new(base+3)
		step(nil, "1 2")
		out, _ := b.get(t, api.GetLogEventsInput{LogGroupName: new("g"), LogStreamName: "empty"})
		b.put(t, "g", "empty", events(base, "first"))
		if _, got := b.get(t, api.GetLogEventsInput{LogGroupName: new("g"), LogStreamName: "empty", NextToken: out.NextForwardToken}); got != "first" {
			t.Errorf("following an empty stream: %q", got)
		}
		for _, junk := range []string{"x", "f/1", "g/" + strings.Repeat("0", 56), "f/b/" + strings.Repeat("0", 56)} {
			_, err := b.GetLogEvents(t.Context(), &api.GetLogEventsInput{LogGroupName: new("g"), LogStreamName: "s", NextToken: &junk})
			wantError(t, err, "InvalidParameterException", "The specified nextToken is invalid.")
		}
		_, err := b.GetLogEvents(t.Context(), &api.GetLogEventsInput{LogGroupName: new("g"), LogStreamName: "none"})
		wantNoStream(t, err)
		_, err = b.GetLogEvents(t.Context(), &api.GetLogEventsInput{LogGroupName: new("none"), LogStreamName: "s"})
		wantNoGroup(t, err)
	})
}

// TestBigPages checks that a page ends at one mebibyte.
func TestBigPages(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		b.create(t, "g", "s")
		big := strings.Repeat("x", 400<<10)
		base := minuteAgo()
		for i := range 4 {
			b.put(t, "g", "s", events(base+int64(i), big))
		}
		out, _ := b.get(t, api.GetLogEventsInput{LogGroupName: new("g"), LogStreamName: "s", StartFromHead: new(true)})
		rest, _ := b.get(t, api.GetLogEventsInput{LogGroupName: new("g"), LogStreamName: "s", NextToken: out.NextForwardToken})
		if len(out.Events) != 2 || len(rest.Events) != 2 {
			t.Errorf("pages of %d and %d events", len(out.Events), len(rest.Events))
		}
		page, _ := b.filter(t, api.FilterLogEventsInput{LogGroupName: new("g")})
		last, _ := b.filter(t, api.FilterLogEventsInput{LogGroupName: new("g"), NextToken: page.NextToken})
		if len(page.Events) != 2 || len(last.Events) != 2 || last.NextToken != nil {
			t.Errorf("filtered pages of %d and %d events, token %v", len(page.Events), len(last.Events), last.NextToken)
		}
	})
}

func TestPutRefuses(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		b.create(t, "g", "s")
		base := minuteAgo()
		swapped := events(base, "a", "b")
		swapped[0], swapped[1] = swapped[1], swapped[0]
		long := events(base, "a", "b")
		long[0].Timestamp -= (24 * time.Hour).Milliseconds()
		var large []*api.InputLogEvent
		for range 1025 {
			large = append(large, &api.InputLogEvent{Timestamp: base, Message: strings.Repeat("x", 1000)})
		}
		for _, tt := range []struct {
			in      []*api.InputLogEvent
			message string
		}{
			{swapped, "Log events in a single PutLogEvents request must be in chronological order."},
			{long, "The batch of log events in a single PutLogEvents request cannot span more than 24 hours."},
			{large, "Upload too large: 1051650 bytes exceeds limit of 1048576"},
			{events(base, strings.Repeat("x", 1<<20)), "Log event too large: 1048602 bytes exceeds limit of 1048576"},
		} {
			_, err := b.PutLogEvents(t.Context(), &api.PutLogEventsInput{LogGroupName: "g", LogStreamName: "s", LogEvents: tt.in})
			wantError(t, err, "InvalidParameterException", tt.message)
		}
		_, err := b.PutLogEvents(t.Context(), &api.PutLogEventsInput{LogGroupName: "g", LogStreamName: "s", LogEvents: make([]*api.InputLogEvent, 10_001)})
		if !awserr.Is(err, "InvalidParameterException") {
			t.Errorf("10,001 events: %v", err)
		}
		_, err = b.PutLogEvents(t.Context(), &api.PutLogEventsInput{
			LogGroupName: "g", LogStreamName: "s", LogEvents: events(base, "a"), Entity: &api.Entity{Attributes: map[string]string{"a": "b"}},
		})
		wantError(t, err, "NotImplemented", "Nephele does not implement entities of logs yet.")
		_, err = b.PutLogEvents(t.Context(), &api.PutLogEventsInput{LogGroupName: "g", LogStreamName: "none", LogEvents: events(base, "a")})
		wantNoStream(t, err)
		_, err = b.PutLogEvents(t.Context(), &api.PutLogEventsInput{LogGroupName: "none", LogStreamName: "s", LogEvents: events(base, "a")})
		wantNoGroup(t, err)
		if _, got := b.get(t, api.GetLogEventsInput{LogGroupName: new("g"), LogStreamName: "s"}); got != "" {
			t.Errorf("refused batches left %q", got)
		}
	})
}

// TestRejectedEvents puts batches that are partly too old, expired or too new.
func TestRejectedEvents(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		b.create(t, "g", "s")
		must[*api.PutRetentionPolicyOutput](t)(b.PutRetentionPolicy(t.Context(), &api.PutRetentionPolicyInput{LogGroupName: "g", RetentionInDays: 3}))
		at := func(d time.Duration, message string) *api.InputLogEvent {
			return &api.InputLogEvent{Timestamp: time.Now().Add(d).UnixMilli(), Message: message}
		}
		const day = 24 * time.Hour
		for _, tt := range []struct {
			in   []*api.InputLogEvent
			want *api.RejectedLogEventsInfo
		}{
			{[]*api.InputLogEvent{at(0, "now")}, nil},
			{[]*api.InputLogEvent{at(-14*day-time.Minute, "old"), at(-14*day-time.Second, "old"), at(-14*day+time.Hour, "expired")}, &api.RejectedLogEventsInfo{TooOldLogEventEndIndex: new(int32(2)), ExpiredLogEventEndIndex: new(int32(3))}},
			{[]*api.InputLogEvent{at(-3*day-time.Second, "expired"), at(-3*day+time.Minute, "kept")}, &api.RejectedLogEventsInfo{ExpiredLogEventEndIndex: new(int32(1))}},
			{[]*api.InputLogEvent{at(time.Hour, "ahead"), at(3*time.Hour, "new"), at(4*time.Hour, "new")}, &api.RejectedLogEventsInfo{TooNewLogEventStartIndex: new(int32(1))}},
		} {
			out := b.put(t, "g", "s", tt.in)
			if diff := cmp.Diff(tt.want, out.RejectedLogEventsInfo); diff != "" {
				t.Errorf("%s: %s", tt.in[0].Message, diff)
			}
			if len(*out.NextSequenceToken) != 56 {
				t.Errorf("sequence token = %s", *out.NextSequenceToken)
			}
		}
		if _, got := b.get(t, api.GetLogEventsInput{LogGroupName: new("g"), LogStreamName: "s"}); got != "kept now ahead" {
			t.Errorf("stored: %q", got)
		}
	})
}

func TestFilter(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		b.create(t, "g", "web-1", "web-2", "db")
		base := minuteAgo()
		b.put(t, "g", "web-1", events(base, "ERROR disk full", "info ok"))
		b.put(t, "g", "web-2", []*api.InputLogEvent{{Timestamp: base + 1, Message: `ERROR "quoted" [400]`}, {Timestamp: base + 5, Message: "WARN slow"}})
		b.put(t, "g", "db", events(base+2, "error lower"))
		for _, tt := range []struct {
			in   api.FilterLogEventsInput
			want string
		}{
			{api.FilterLogEventsInput{}, `ERROR disk full|info ok|ERROR "quoted" [400]|error lower|WARN slow`},
			{api.FilterLogEventsInput{FilterPattern: new("")}, `ERROR disk full|info ok|ERROR "quoted" [400]|error lower|WARN slow`},
			{api.FilterLogEventsInput{FilterPattern: new("ERROR")}, `ERROR disk full|ERROR "quoted" [400]`},
			{api.FilterLogEventsInput{FilterPattern: new("ERROR full")}, "ERROR disk full"},
			{api.FilterLogEventsInput{FilterPattern: new(`"disk full"`)}, "ERROR disk full"},
			{api.FilterLogEventsInput{FilterPattern: new(`"\"quoted\" [400]"`)}, `ERROR "quoted" [400]`},
			{api.FilterLogEventsInput{FilterPattern: new("ERROR -full")}, `ERROR "quoted" [400]`},
			{api.FilterLogEventsInput{FilterPattern: new("?WARN ?ok")}, "info ok|WARN slow"},
			{api.FilterLogEventsInput{FilterPattern: new("?WARN ERROR")}, `ERROR disk full|ERROR "quoted" [400]`},
			{api.FilterLogEventsInput{LogStreamNames: []string{"db", "web-1"}}, "ERROR disk full|info ok|error lower"},
			{api.FilterLogEventsInput{LogStreamNamePrefix: new("web")}, `ERROR disk full|info ok|ERROR "quoted" [400]|WARN slow`},
			{api.FilterLogEventsInput{StartTime: new(base + 1), EndTime: new(base + 2)}, `info ok|ERROR "quoted" [400]|error lower`},
		} {
			tt.in.LogGroupName = new("g")
			out, got := b.filter(t, tt.in)
			if got != tt.want || out.NextToken != nil {
				t.Errorf("%v: %q, want %q", tt.in.FilterPattern, got, tt.want)
			}
			// Page by page it is the same.
			tt.in.Limit = new(int32(1))
			var pages []string
			for {
				out, got := b.filter(t, tt.in)
				pages = append(pages, got)
				if tt.in.NextToken = out.NextToken; tt.in.NextToken == nil {
					break
				}
			}
			if got := strings.Join(pages, "|"); got != tt.want {
				t.Errorf("%v in pages: %q, want %q", tt.in.FilterPattern, got, tt.want)
			}
		}
		out, _ := b.filter(t, api.FilterLogEventsInput{LogGroupName: new("g"), Limit: new(int32(1))})
		e := out.Events[0]
		if *e.LogStreamName != "web-1" || *e.Timestamp != base || len(*e.EventId) != 56 || *e.IngestionTime < base {
			t.Errorf("event = %+v", e)
		}
	})
}

func TestFilterRefuses(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		b.create(t, "g", "s")
		for _, tt := range []struct {
			in            api.FilterLogEventsInput
			code, message string
		}{
			{api.FilterLogEventsInput{FilterPattern: new("{ $.a = }")}, "InvalidParameterException", "Invalid filter pattern"},
			{api.FilterLogEventsInput{FilterPattern: new("[a, b")}, "InvalidParameterException", "Invalid filter pattern"},
			{api.FilterLogEventsInput{FilterPattern: new("x %(a)%")}, "InvalidParameterException", "Invalid filter pattern"},
			{api.FilterLogEventsInput{FilterPattern: new(`"open`)}, "InvalidParameterException", "Invalid filter pattern"},
			{api.FilterLogEventsInput{FilterPattern: new("a=b")}, "InvalidParameterException", "Invalid character(s) in term 'a=b'"},
			{api.FilterLogEventsInput{FilterPattern: new("a -")}, "InvalidParameterException", "Invalid filter pattern"},
			{api.FilterLogEventsInput{LogStreamNames: []string{"none"}}, "ResourceNotFoundException", "The specified log stream does not exist."},
			{api.FilterLogEventsInput{NextToken: new("junk")}, "InvalidParameterException", "The specified nextToken is invalid."},
		} {
			tt.in.LogGroupName = new("g")
			_, err := b.FilterLogEvents(t.Context(), &tt.in)
			wantError(t, err, tt.code, tt.message)
		}
		_, err := b.FilterLogEvents(t.Context(), &api.FilterLogEventsInput{LogGroupName: new("none")})
		wantNoGroup(t, err)
	})
}

func TestTags(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		const groupARN = "arn:aws:logs:us-east-1:000000000000:log-group:g"
		must[*api.CreateLogGroupOutput](t)(b.CreateLogGroup(t.Context(), &api.CreateLogGroupInput{LogGroupName: "g", Tags: map[string]string{"a": "1"}}))
		must[*api.TagResourceOutput](t)(b.TagResource(t.Context(), &api.TagResourceInput{ResourceArn: groupARN, Tags: map[string]string{"a": "2", "b": "3"}}))
		must[*api.TagLogGroupOutput](t)(b.TagLogGroup(t.Context(), &api.TagLogGroupInput{LogGroupName: "g", Tags: map[string]string{"c": "4"}}))
		must[*api.UntagResourceOutput](t)(b.UntagResource(t.Context(), &api.UntagResourceInput{ResourceArn: groupARN, TagKeys: []string{"b"}}))
		byARN := must[*api.ListTagsForResourceOutput](t)(b.ListTagsForResource(t.Context(), &api.ListTagsForResourceInput{ResourceArn: groupARN}))
		if diff := cmp.Diff(map[string]string{"a": "2", "c": "4"}, byARN.Tags); diff != "" {
			t.Error(diff)
		}
		must[*api.UntagLogGroupOutput](t)(b.UntagLogGroup(t.Context(), &api.UntagLogGroupInput{LogGroupName: "g", Tags: []string{"a"}}))
		byName := must[*api.ListTagsLogGroupOutput](t)(b.ListTagsLogGroup(t.Context(), &api.ListTagsLogGroupInput{LogGroupName: "g"}))
		if diff := cmp.Diff(map[string]string{"c": "4"}, byName.Tags); diff != "" {
			t.Error(diff)
		}
		many := map[string]string{}
		for i := range 50 {
			many[fmt.Sprint("k", i)] = ""
		}
		_, err := b.TagResource(t.Context(), &api.TagResourceInput{ResourceArn: groupARN, Tags: many})
		wantError(t, err, "TooManyTagsException", "A resource cannot have more than 50 tags.")
		_, err = b.ListTagsForResource(t.Context(), &api.ListTagsForResourceInput{ResourceArn: groupARN + "x"})
		wantNoGroup(t, err)
	})
}
