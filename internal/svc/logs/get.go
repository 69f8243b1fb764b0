package logs

import (
	"context"
	"slices"
	"strings"
	"time"

	api "nephele.dev/nephele/internal/api/logs"
	"nephele.dev/nephele/internal/journal"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
)

// A page of events holds at most so many, and so many bytes of messages.
const (
	maxEvents    = 10_000
	maxPageBytes = 1 << 20
)

// The directions of GetLogEvents' tokens, which are a direction and the event
// behind which it goes on. A reader at the end gets the token back that it
// sent, and may come again for what is appended.
const (
	forward  = "f/"
	backward = "b/"
)

// GetLogEvents reads one stream, from its end unless told otherwise; events of
// a page are always earliest first.
func (s *Service) GetLogEvents(ctx context.Context, in *api.GetLogEventsInput) (*api.GetLogEventsOutput, error) {
	call := plane.FromContext(ctx)
	name, err := groupName(call, in.LogGroupName, in.LogGroupIdentifier)
	if err != nil {
		return nil, err
	}
	q := journal.Query{Backward: in.StartFromHead == nil || !*in.StartFromHead}
	if err := openEventToken(&q, in.NextToken); err != nil {
		return nil, err
	}
	var events []journal.Event
	err = s.db.View(ctx, func(tx *store.Tx) error {
		g, st, err := s.stream(tx, call, name, in.LogStreamName)
		if err != nil {
			return err
		}
		q.Log, q.Streams = g.Doc.ID, []string{inJournal(in.LogStreamName, &st.Doc)}
		q.From = later(millis(in.StartTime), g.Doc.kept(call.Time))
		q.To = millis(in.EndTime)
		events, err = take(tx, q, pageSize(in.Limit, maxEvents))
		return err
	})
	if err != nil {
		return nil, err
	}
	return eventPage(events, q.After), nil
}

// openEventToken turns a token into direction and place.
func openEventToken(q *journal.Query, token *string) error {
	if token == nil {
		return nil
	}
	text, isForward := strings.CutPrefix(*token, forward)
	text, isBackward := strings.CutPrefix(text, backward)
	c, err := journal.ParseCursor(text)
	if err != nil || isForward == isBackward {
		return badToken()
	}
	q.After, q.Backward = &c, isBackward
	return nil
}

// take reads a page in the query's direction.
func take(tx *store.Tx, q journal.Query, limit int) (events []journal.Event, err error) {
	size := 0
	for e, err := range journal.Scan(tx, q) {
		if err != nil {
			return nil, err
		}
		if size += len(e.Body); len(events) > 0 && size > maxPageBytes {
			break
		}
		events = append(events, e)
		if len(events) == limit {
			break
		}
	}
	if q.Backward {
		slices.Reverse(events)
	}
	return events, nil
}

// eventPage answers events, earliest first. Without any, both tokens stay at
// the place that was asked for.
func eventPage(events []journal.Event, asked *journal.Cursor) *api.GetLogEventsOutput {
	var first, last journal.Cursor
	if asked != nil {
		first, last = *asked, *asked
	}
	out := &api.GetLogEventsOutput{Events: []*api.OutputLogEvent{}}
	for _, e := range events {
		out.Events = append(out.Events, &api.OutputLogEvent{
			Timestamp: new(e.Time.UnixMilli()), Message: new(string(e.Body)), IngestionTime: new(e.Ingested.UnixMilli()),
		})
	}
	if len(events) > 0 {
		first, last = events[0].Cursor, events[len(events)-1].Cursor
	}
	out.NextForwardToken, out.NextBackwardToken = new(forward+last.String()), new(backward+first.String())
	return out
}

// millis is the time of an optional timestamp; zero when it is absent.
func millis(ms *int64) time.Time {
	if ms == nil {
		return time.Time{}
	}
	return time.UnixMilli(min(*ms, maxMillis))
}

// maxMillis keeps times within what microseconds can hold.
const maxMillis = 1<<53 - 1

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
