package logs_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"nephele.dev/nephele/internal/config"
	"nephele.dev/nephele/internal/store/storetest"
	"nephele.dev/nephele/nepheletest"
)

// server is a whole server with clients of it.
type server struct {
	*nepheletest.Server
	logs *sdk.Client
}

// servers runs f with a server on each database.
func servers(t *testing.T, f func(t *testing.T, s *server)) {
	for _, name := range []string{"sqlite", "postgres"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var opts []nepheletest.Option
			if name == "postgres" {
				opts = append(opts, nepheletest.WithConfig(func(c *config.Config) { c.Database = storetest.PostgresURL(t) }))
			}
			f(t, newServer(t, opts...))
		})
	}
}

// newServer returns a server and a client whose every host name is the server,
// also those that the SDK makes up ("streaming-127.0.0.1").
func newServer(t testing.TB, opts ...nepheletest.Option) *server {
	srv := nepheletest.Start(t, opts...)
	here := anyHost{srv.Config.HTTPClient, strings.TrimPrefix(srv.URL, "http://")}
	return &server{srv, sdk.NewFromConfig(srv.Config, func(o *sdk.Options) { o.HTTPClient = here })}
}

// anyHost sends requests to one address, whatever host they are for.
type anyHost struct {
	client  sdk.HTTPClient
	address string
}

func (h anyHost) Do(req *http.Request) (*http.Response, error) {
	moved := req.Clone(req.Context())
	moved.Host, moved.URL.Host = req.URL.Host, h.address
	return h.client.Do(moved)
}

func (s *server) create(t testing.TB, group string, streams ...string) {
	t.Helper()
	if _, err := s.logs.CreateLogGroup(t.Context(), &sdk.CreateLogGroupInput{LogGroupName: &group}); err != nil {
		t.Fatal(err)
	}
	for _, name := range streams {
		if _, err := s.logs.CreateLogStream(t.Context(), &sdk.CreateLogStreamInput{LogGroupName: &group, LogStreamName: &name}); err != nil {
			t.Fatal(err)
		}
	}
}

func (s *server) put(t testing.TB, group, stream string, at time.Time, messages ...string) {
	t.Helper()
	in := &sdk.PutLogEventsInput{LogGroupName: &group, LogStreamName: &stream}
	for _, m := range messages {
		in.LogEvents = append(in.LogEvents, types.InputLogEvent{Timestamp: new(at.UnixMilli()), Message: new(m)})
	}
	out, err := s.logs.PutLogEvents(t.Context(), in)
	if err != nil || out.RejectedLogEventsInfo != nil {
		t.Fatalf("put: %+v, %v", out, err)
	}
}

func arnOf(group string) string { return "arn:aws:logs:us-east-1:000000000000:log-group:" + group }

// tail starts a live tail and reads its first event.
func (s *server) tail(t testing.TB, in *sdk.StartLiveTailInput) *sdk.StartLiveTailEventStream {
	t.Helper()
	out, err := s.logs.StartLiveTail(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	stream := out.GetStream()
	t.Cleanup(func() { _ = stream.Close() })
	start, ok := (<-stream.Events()).(*types.StartLiveTailResponseStreamMemberSessionStart)
	if !ok || *start.Value.SessionId == "" || len(start.Value.LogGroupIdentifiers) != len(in.LogGroupIdentifiers) {
		t.Fatalf("first event %+v, %v", start, stream.Err())
	}
	return stream
}

// await reads updates until n events have come.
func await(t testing.TB, stream *sdk.StartLiveTailEventStream, n int) (got []types.LiveTailSessionLogEvent, sampled bool) {
	t.Helper()
	for len(got) < n {
		e, ok := <-stream.Events()
		if !ok {
			t.Fatalf("the stream ended after %d events: %v", len(got), stream.Err())
		}
		if u, ok := e.(*types.StartLiveTailResponseStreamMemberSessionUpdate); ok {
			got = append(got, u.Value.SessionResults...)
			sampled = sampled || u.Value.SessionMetadata.Sampled
		}
	}
	return got, sampled
}

func TestLiveTail(t *testing.T) {
	t.Parallel()
	servers(t, func(t *testing.T, s *server) {
		s.create(t, "g", "a", "b")
		s.create(t, "h", "a")
		s.put(t, "g", "a", time.Now(), "before")
		all := s.tail(t, &sdk.StartLiveTailInput{LogGroupIdentifiers: []string{arnOf("g"), arnOf("h")}})
		some := s.tail(t, &sdk.StartLiveTailInput{
			LogGroupIdentifiers: []string{arnOf("g")}, LogStreamNamePrefixes: []string{"b"}, LogEventFilterPattern: new("{ $.n > 1 }"),
		})
		began := time.Now()
		s.put(t, "g", "a", time.Now().Add(-time.Hour), "one")
		s.put(t, "h", "a", time.Now(), "two")
		s.put(t, "g", "b", time.Now(), `{"n": 1}`, `{"n": 2}`)
		got, _ := await(t, all, 4)
		var texts []string
		for _, e := range got {
			texts = append(texts, *e.LogGroupIdentifier+"/"+*e.LogStreamName+"="+*e.Message)
		}
		want := strings.Join([]string{arnOf("g") + "/a=one", arnOf("h") + "/a=two", arnOf("g") + `/b={"n": 1}`, arnOf("g") + `/b={"n": 2}`}, " ")
		if strings.Join(texts, " ") != want {
			t.Errorf("got %s\nwant %s", texts, want)
		}
		if got, _ := await(t, some, 1); len(got) != 1 || *got[0].Message != `{"n": 2}` {
			t.Errorf("filtered: %+v", got)
		}
		t.Logf("events came after %v", time.Since(began))
		s.put(t, "g", "b", time.Now(), `{"n": 3}`)
		if got, _ := await(t, some, 1); *got[0].Message != `{"n": 3}` {
			t.Errorf("next: %+v", got)
		}
	})
}

// TestLiveTailReplicas tails on one server what is put to another.
func TestLiveTailReplicas(t *testing.T) {
	t.Parallel()
	url := storetest.PostgresURL(t)
	here := newServer(t, nepheletest.WithConfig(func(c *config.Config) { c.Database = url }))
	there := newServer(t, nepheletest.WithConfig(func(c *config.Config) { c.Database = url }))
	here.create(t, "g", "a")
	stream := here.tail(t, &sdk.StartLiveTailInput{LogGroupIdentifiers: []string{arnOf("g")}})
	for _, text := range []string{"one", "two"} {
		began := time.Now()
		there.put(t, "g", "a", began, text)
		if got, _ := await(t, stream, 1); *got[0].Message != text {
			t.Errorf("got %+v", got)
		}
		t.Logf("after %v", time.Since(began))
	}
}

// TestLiveTailSamples checks that of very many events in a second 500 come.
func TestLiveTailSamples(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.create(t, "g", "a")
	stream := s.tail(t, &sdk.StartLiveTailInput{LogGroupIdentifiers: []string{arnOf("g")}})
	var lines []string
	for i := range 2000 {
		lines = append(lines, fmt.Sprint(i))
	}
	s.put(t, "g", "a", time.Now(), lines...)
	if got, sampled := await(t, stream, 1); len(got) != 500 || !sampled || *got[499].Message != "499" {
		t.Errorf("%d events, sampled %v", len(got), sampled)
	}
}

func TestLiveTailRefuses(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.create(t, "g", "a")
	for _, tt := range []struct {
		in            *sdk.StartLiveTailInput
		code, message string
	}{
		{&sdk.StartLiveTailInput{LogGroupIdentifiers: []string{arnOf("none")}}, "ResourceNotFoundException", "The specified log group does not exist."},
		{&sdk.StartLiveTailInput{LogGroupIdentifiers: []string{arnOf("g")}, LogEventFilterPattern: new("{")}, "InvalidParameterException", "Invalid filter pattern"},
		{&sdk.StartLiveTailInput{LogGroupIdentifiers: []string{arnOf("g"), arnOf("h")}, LogStreamNames: []string{"a"}}, "InvalidParameterException", "Log streams can be specified for a single log group only."},
		{&sdk.StartLiveTailInput{LogGroupIdentifiers: []string{arnOf("g")}, LogStreamNames: []string{"a"}, LogStreamNamePrefixes: []string{"a"}}, "InvalidParameterException", "logStreamNames and logStreamNamePrefixes are mutually exclusive parameters."},
	} {
		_, err := s.logs.StartLiveTail(t.Context(), tt.in)
		var api interface{ ErrorCode() string }
		if !errors.As(err, &api) || api.ErrorCode() != tt.code || !strings.Contains(err.Error(), tt.message) {
			t.Errorf("%+v: %v", tt.in, err)
		}
	}
	// A session more than are allowed, until one ends.
	var streams []*sdk.StartLiveTailEventStream
	for range 15 {
		streams = append(streams, s.tail(t, &sdk.StartLiveTailInput{LogGroupIdentifiers: []string{arnOf("g")}}))
	}
	in := &sdk.StartLiveTailInput{LogGroupIdentifiers: []string{arnOf("g")}}
	_, err := s.logs.StartLiveTail(t.Context(), in)
	if _, ok := errors.AsType[*types.LimitExceededException](err); !ok {
		t.Fatalf("16th session: %v", err)
	}
	_ = streams[0].Close()
	for { // the server hears of it a moment later
		out, err := s.logs.StartLiveTail(t.Context(), in)
		if err == nil {
			_ = out.GetStream().Close()
			break
		}
		if _, ok := errors.AsType[*types.LimitExceededException](err); !ok {
			t.Fatal(err)
		}
	}
}

// TestLiveTailDrains stops a server under a live tail: the stream ends, and the
// server does not wait for it.
func TestLiveTailDrains(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.create(t, "g", "a")
	stream := s.tail(t, &sdk.StartLiveTailInput{LogGroupIdentifiers: []string{arnOf("g")}})
	began := time.Now()
	if err := s.App().Stop(t.Context()); err != nil {
		t.Error(err)
	}
	for range stream.Events() { //nolint:revive // until it ends
	}
	if err := stream.Err(); err != nil {
		t.Errorf("the stream ends with %v", err)
	}
	if d := time.Since(began); d > 5*time.Second {
		t.Errorf("stopping took %v", d)
	}
}
