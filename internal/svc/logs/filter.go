package logs

import (
	"context"
	"strings"
	"time"

	api "nephele.dev/nephele/internal/api/logs"
	"nephele.dev/nephele/internal/journal"
	"nephele.dev/nephele/internal/logfilter"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
)

// searchLimit bounds the events that one call of FilterLogEvents looks at; it
// then answers what it has and a token, as AWS does.
const searchLimit = 200_000

// FilterLogEvents reads a group across its streams, by time, leaving out what
// the pattern does not match.
func (s *Service) FilterLogEvents(ctx context.Context, in *api.FilterLogEventsInput) (*api.FilterLogEventsOutput, error) {
	call := plane.FromContext(ctx)
	name, err := groupName(call, in.LogGroupName, in.LogGroupIdentifier)
	if err != nil {
		return nil, err
	}
	if in.LogStreamNames != nil && in.LogStreamNamePrefix != nil {
		return nil, invalid("logStreamNames and logStreamNamePrefix are mutually exclusive parameters.")
	}
	f := filtering{limit: pageSize(in.Limit, maxEvents), prefix: in.LogStreamNamePrefix}
	if f.pattern, err = parsePattern(in.FilterPattern); err != nil {
		return nil, err
	}
	sc := scope(ctx, name, in.LogStreamNames, in.LogStreamNamePrefix, in.FilterPattern, in.StartTime, in.EndTime)
	var after journal.Cursor
	if err := s.open(sc, in.NextToken, &after); err != nil {
		return nil, err
	}
	q := journal.Query{To: past(in.EndTime), After: &after}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		g, err := s.group(tx, call, name)
		if err != nil {
			return err
		}
		f.streams = s.streamsOf(tx, &g)
		if q.Streams, err = f.streams.wanted(in.LogStreamNames, in.LogStreamNamePrefix); err != nil {
			return err
		}
		q.Log, q.From = g.Doc.ID, later(millis(in.StartTime), g.Doc.kept(call.Time))
		return f.run(tx, q)
	})
	if err != nil {
		return nil, err
	}
	out := &api.FilterLogEventsOutput{Events: f.events, SearchedLogStreams: []*api.SearchedLogStream{}}
	if f.more {
		out.NextToken, err = s.seal(sc, f.last)
	}
	return out, err
}

// past is the first time that is behind an inclusive end.
func past(ms *int64) time.Time {
	if ms == nil {
		return time.Time{}
	}
	return millis(ms).Add(time.Millisecond)
}

// parsePattern reads a filter pattern; nil matches everything.
func parsePattern(text *string) (*logfilter.Pattern, error) {
	if text == nil {
		text = new("")
	}
	p, err := logfilter.Parse(*text)
	if err != nil {
		return nil, invalid("%s", err)
	}
	return p, nil
}

// filtering collects one page.
type filtering struct {
	limit   int
	prefix  *string
	pattern *logfilter.Pattern
	streams *groupStreams

	events []*api.FilteredLogEvent
	last   journal.Cursor // the last event looked at
	more   bool           // the scan was broken off
}

func (f *filtering) run(tx *store.Tx, q journal.Query) error {
	f.events = []*api.FilteredLogEvent{}
	size, looked := 0, 0
	for e, err := range journal.Scan(tx, q) {
		if err != nil {
			return err
		}
		wanted, err := f.wants(&e)
		if err != nil {
			return err
		}
		if looked == searchLimit || wanted && (len(f.events) == f.limit || len(f.events) > 0 && size+len(e.Body) > maxPageBytes) {
			f.more = true
			return nil
		}
		looked++
		f.last = e.Cursor
		if wanted {
			size += len(e.Body)
			f.events = append(f.events, filtered(&e))
		}
	}
	return nil
}

// wants reports whether an event matches and its stream has not been deleted.
func (f *filtering) wants(e *journal.Event) (bool, error) {
	if f.prefix != nil && !strings.HasPrefix(e.Stream, *f.prefix) || !f.pattern.Matches(string(e.Body)) {
		return false, nil
	}
	return f.streams.live(e.Stream)
}

func filtered(e *journal.Event) *api.FilteredLogEvent {
	return &api.FilteredLogEvent{
		LogStreamName: new(nameOf(e.Stream)), Timestamp: new(e.Time.UnixMilli()), Message: new(string(e.Body)),
		IngestionTime: new(e.Ingested.UnixMilli()), EventId: new(e.Cursor.String()),
	}
}
