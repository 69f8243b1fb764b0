package logs

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	api "nephele.dev/nephele/internal/api/logs"
	"nephele.dev/nephele/internal/journal"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
)

// Limits of PutLogEvents, from the API reference. The number of events is in
// the model.
const (
	maxBatch      = 1 << 20 // bytes of all messages, and eventOverhead for each; of one event as well
	eventOverhead = 26
	maxSpan       = 24 * time.Hour
	maxPast       = 14 * 24 * time.Hour
	maxFuture     = 2 * time.Hour
)

// PutLogEvents appends a batch to a stream. Events that are too old or too new
// are left out and named in the answer; the others are durable.
func (s *Service) PutLogEvents(ctx context.Context, in *api.PutLogEventsInput) (*api.PutLogEventsOutput, error) {
	if in.Entity != nil {
		return nil, notImplemented("entities")
	}
	if err := checkBatch(in.LogEvents); err != nil {
		return nil, err
	}
	call := plane.FromContext(ctx)
	rejected, err := s.put(ctx, call, in)
	if err != nil {
		return nil, err
	}
	next := sequenceToken(call.Time.UnixMicro())
	return &api.PutLogEventsOutput{NextSequenceToken: &next, RejectedLogEventsInfo: rejected}, nil
}

// put commits a batch with the metrics that the group's filters make of it.
func (s *Service) put(ctx context.Context, call *plane.Call, in *api.PutLogEventsInput) (rejected *api.RejectedLogEventsInfo, err error) {
	var x *extraction
	filters := s.compiled.get(key(call, in.LogGroupName)) // most groups have none
	for {
		if filters != nil {
			accepted, _ := sift(in.LogEvents, call.Time, &filters.group)
			x = filters.extract(accepted, call.Time)
		}
		rejected, err = s.commit(ctx, call, in, x)
		if !errors.Is(err, errUnprepared) {
			return rejected, err
		}
		if filters, err = s.loadFilters(ctx, call, in.LogGroupName); err != nil {
			return nil, err
		}
	}
}

// commit stores what is accepted of a batch. Its error is errUnprepared when x
// is not of the filters that the group has.
func (s *Service) commit(ctx context.Context, call *plane.Call, in *api.PutLogEventsInput, x *extraction) (rejected *api.RejectedLogEventsInfo, err error) {
	err = s.db.UpdateAt(ctx, store.ReadCommitted, func(tx *store.Tx) error {
		g, st, err := s.stream(tx, call, in.LogGroupName, in.LogStreamName)
		if err != nil {
			return err
		}
		var accepted []journal.Event
		accepted, rejected = sift(in.LogEvents, call.Time, &g.Doc)
		if len(accepted) == 0 {
			return nil
		}
		if !x.fits(&g.Doc) {
			return errUnprepared
		}
		tx.OnCommit(func() { s.watchers.wake(g.Doc.ID) })
		if err := journal.Append(tx, g.Doc.ID, inJournal(in.LogStreamName, &st.Doc), accepted); err != nil || g.Doc.Filters == 0 {
			return err
		}
		return s.publish(tx, &g, x)
	})
	return rejected, err
}

// sequenceToken is what clients once had to send with the next batch.
func sequenceToken(n int64) string { return fmt.Sprintf("%056d", n) }

// checkBatch applies the rules whose violation refuses the whole batch.
func checkBatch(events []*api.InputLogEvent) error {
	size := 0
	for i, e := range events {
		if e == nil {
			return invalid("Log event %d is null.", i)
		}
		if len(e.Message)+eventOverhead > maxBatch {
			return invalid("Log event too large: %d bytes exceeds limit of %d", len(e.Message)+eventOverhead, maxBatch)
		}
		size += len(e.Message) + eventOverhead
		if i > 0 && e.Timestamp < events[i-1].Timestamp {
			return invalid("Log events in a single PutLogEvents request must be in chronological order.")
		}
	}
	if size > maxBatch {
		return invalid("Upload too large: %d bytes exceeds limit of %d", size, maxBatch)
	}
	if len(events) > 0 && events[len(events)-1].Timestamp-events[0].Timestamp > maxSpan.Milliseconds() {
		return invalid("The batch of log events in a single PutLogEvents request cannot span more than 24 hours.")
	}
	return nil
}

// sift separates what is accepted from what is too old, older than the group's
// retention, or too new. Events come in chronological order, so each kind of
// rejected ones is a run: the ends are exclusive, the start is inclusive.
func sift(events []*api.InputLogEvent, now time.Time, g *group) ([]journal.Event, *api.RejectedLogEventsInfo) {
	oldest, newest, kept := now.Add(-maxPast), now.Add(maxFuture), g.kept(now)
	var accepted []journal.Event
	var info api.RejectedLogEventsInfo
	for i, e := range events {
		at, index := time.UnixMilli(e.Timestamp), int32(i) //nolint:gosec // at most 10,000
		switch {
		case at.Before(oldest):
			info.TooOldLogEventEndIndex = new(index + 1)
		case at.Before(kept):
			info.ExpiredLogEventEndIndex = new(index + 1)
		case at.After(newest):
			if info.TooNewLogEventStartIndex == nil {
				info.TooNewLogEventStartIndex = &index
			}
		default:
			accepted = append(accepted, journal.Event{Time: at, Body: []byte(strings.ToValidUTF8(e.Message, "\uFFFD"))})
		}
	}
	if len(accepted) == len(events) {
		return accepted, nil
	}
	return accepted, &info
}
