package wire_test

import (
	"errors"
	"iter"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	lambda "nephele.dev/nephele/internal/api/lambda"
	logs "nephele.dev/nephele/internal/api/logs"
	s3 "nephele.dev/nephele/internal/api/s3"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/shape"
	"nephele.dev/nephele/internal/wire"
)

// sequence yields events, then err unless it is nil.
func sequence[T any](err error, events ...*T) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		for _, e := range events {
			if !yield(e, nil) {
				return
			}
		}
		if err != nil {
			yield(nil, err)
		}
	}
}

// through writes an output as the server does and reads it as the client does.
func through(t *testing.T, p shape.Protocol, op *shape.Operation, out any) any {
	t.Helper()
	w := httptest.NewRecorder()
	if err := wire.For(p).EncodeResponse(w, op, out, "id"); err != nil {
		t.Fatal(err)
	}
	resp := w.Result()
	if got := resp.Header.Get("Content-Type"); got != "application/vnd.amazon.eventstream" || !w.Flushed {
		t.Errorf("content type %q, flushed %v", got, w.Flushed)
	}
	in, err := wire.For(p).DecodeResponse(op, resp)
	if err != nil {
		t.Fatal(err)
	}
	return in
}

func collect[T any](seq iter.Seq2[*T, error]) (all []*T, err error) {
	for e, err := range seq {
		if err != nil {
			return all, err
		}
		all = append(all, e)
	}
	return all, nil
}

func TestEventStreamJSON(t *testing.T) {
	t.Parallel()
	op := logs.Service().Operation("StartLiveTail")
	events := []*logs.StartLiveTailResponseStream{
		{SessionStart: &logs.LiveTailSessionStart{SessionId: new("s"), LogGroupIdentifiers: []string{"g"}}},
		{SessionUpdate: &logs.LiveTailSessionUpdate{
			SessionMetadata: &logs.LiveTailSessionMetadata{Sampled: new(false)},
			SessionResults:  []*logs.LiveTailSessionLogEvent{{Message: new("ünï"), Timestamp: new(int64(7))}},
		}},
	}
	for _, p := range []shape.Protocol{shape.JSON11, shape.CBOR} {
		got, err := collect(through(t, p, op, &logs.StartLiveTailOutput{ResponseStream: sequence(nil, events...)}).(*logs.StartLiveTailOutput).ResponseStream)
		if err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff(events, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", p, diff)
		}
		ended := sequence(awserr.New("SessionTimeoutException", 408, "time is up"), events[0])
		got, err = collect(through(t, p, op, &logs.StartLiveTailOutput{ResponseStream: ended}).(*logs.StartLiveTailOutput).ResponseStream)
		if e := awserr.As(err); e == nil || e.Code != "SessionTimeoutException" || e.Message != "time is up" || len(got) != 1 {
			t.Errorf("%s: exception %v after %d events", p, err, len(got))
		}
		member := sequence(nil, events[0], &logs.StartLiveTailResponseStream{SessionStreamingException: &logs.SessionStreamingException{Message: new("broken")}}, events[1])
		got, err = collect(through(t, p, op, &logs.StartLiveTailOutput{ResponseStream: member}).(*logs.StartLiveTailOutput).ResponseStream)
		if e := awserr.As(err); e == nil || e.Code != "SessionStreamingException" || e.Message != "broken" || len(got) != 1 {
			t.Errorf("%s: exception %v after %d events", p, err, len(got))
		}
		other := sequence(awserr.New("Odd", 400, "unmodelled"), events[0])
		_, err = collect(through(t, p, op, &logs.StartLiveTailOutput{ResponseStream: other}).(*logs.StartLiveTailOutput).ResponseStream)
		if e := awserr.As(err); e == nil || e.Code != "Odd" || e.Message != "unmodelled" {
			t.Errorf("%s: error %v", p, err)
		}
	}
}

func TestEventStreamXML(t *testing.T) {
	t.Parallel()
	op := s3.Service().Operation("SelectObjectContent")
	events := []*s3.SelectObjectContentEventStream{
		{Records: &s3.RecordsEvent{Payload: []byte("a,b\n")}},
		{Cont: &s3.ContinuationEvent{}},
		{Stats: &s3.StatsEvent{Details: &s3.Stats{BytesScanned: new(int64(4)), BytesReturned: new(int64(2))}}},
		{End: &s3.EndEvent{}},
	}
	got, err := collect(through(t, shape.RestXML, op, &s3.SelectObjectContentOutput{Payload: sequence(nil, events...)}).(*s3.SelectObjectContentOutput).Payload)
	if err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(events, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestEventStreamRestJSON(t *testing.T) {
	t.Parallel()
	op := lambda.Service().Operation("InvokeWithResponseStream")
	events := []*lambda.InvokeWithResponseStreamResponseEvent{
		{PayloadChunk: &lambda.InvokeResponseStreamUpdate{Payload: []byte("chunk")}},
		{InvokeComplete: &lambda.InvokeWithResponseStreamCompleteEvent{ErrorCode: new("Unhandled")}},
	}
	got, err := collect(through(t, shape.RestJSON, op, &lambda.InvokeWithResponseStreamOutput{EventStream: sequence(nil, events...)}).(*lambda.InvokeWithResponseStreamOutput).EventStream)
	if err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(events, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestEventStreamFault checks that an error of ours is not shown, and breaks
// the connection.
func TestEventStreamFault(t *testing.T) {
	t.Parallel()
	op := logs.Service().Operation("StartLiveTail")
	w := httptest.NewRecorder()
	out := &logs.StartLiveTailOutput{ResponseStream: sequence[logs.StartLiveTailResponseStream](errors.New("secret"))}
	if err := wire.For(shape.JSON11).EncodeResponse(w, op, out, "id"); err == nil || !strings.Contains(err.Error(), "secret") {
		t.Errorf("EncodeResponse: %v", err)
	}
	if body := w.Body.String(); strings.Contains(body, "secret") || !strings.Contains(body, "InternalFailure") {
		t.Errorf("body %q", body)
	}
	if !wire.StreamsEvents(op) || wire.StreamsEvents(logs.Service().Operation("GetLogEvents")) {
		t.Error("StreamsEvents")
	}
}

// TestEventStreamRefused checks that an error instead of a stream is an error.
func TestEventStreamRefused(t *testing.T) {
	t.Parallel()
	op := logs.Service().Operation("StartLiveTail")
	w := httptest.NewRecorder()
	codec := wire.For(shape.JSON11)
	if err := codec.EncodeError(w, op.Service, op, awserr.New("ResourceNotFoundException", http.StatusBadRequest, "no"), "id"); err != nil {
		t.Fatal(err)
	}
	if _, err := codec.DecodeResponse(op, w.Result()); awserr.As(err) == nil || awserr.As(err).Code != "ResourceNotFoundException" {
		t.Error(err)
	}
}
