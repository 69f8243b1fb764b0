package logs

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	api "nephele.dev/nephele/internal/api/logs"
	"nephele.dev/nephele/internal/insights"
	"nephele.dev/nephele/internal/journal"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
)

// GetLogRecord answers all fields of the event that a query's @ptr names.
func (s *Service) GetLogRecord(ctx context.Context, in *api.GetLogRecordInput) (*api.GetLogRecordOutput, error) {
	call := plane.FromContext(ctx)
	g, c, err := parsePointer(in.LogRecordPointer)
	if err != nil {
		return nil, invalid("The specified log record pointer is invalid.")
	}
	var found *insights.Event
	err = s.db.View(ctx, func(tx *store.Tx) error {
		now, err := s.groups.Get(tx, key(call, g.Name))
		if errors.Is(err, store.ErrNotFound) || err == nil && now.Doc.ID != g.ID {
			return nil
		}
		if err != nil {
			return err
		}
		at := store.FromMicros(c.Time)
		q := journal.Query{Log: g.ID, From: later(at, now.Doc.kept(tx.Now())), To: at.Add(time.Microsecond)}
		streams := s.streamsOf(tx, &now)
		for e, err := range journal.Scan(tx, q) {
			if err != nil {
				return err
			}
			if e.Cursor != c {
				continue
			}
			if live, err := streams.live(e.Stream); err != nil || !live {
				return err
			}
			found = &insights.Event{
				Timestamp: e.Time, Ingested: e.Ingested, Message: string(e.Body), LogStream: nameOf(e.Stream),
				Log: call.Caller.Account + ":" + g.Name, Pointer: in.LogRecordPointer,
			}
			return nil
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if found == nil {
		return nil, api.NewResourceNotFoundException("The specified log record does not exist.")
	}
	out := &api.GetLogRecordOutput{LogRecord: map[string]string{}}
	for _, f := range insights.Discover(*found) {
		out.LogRecord[f.Name] = f.Value
	}
	return out, nil
}

// The events that GetLogGroupFields looks at: those of the last quarter of an hour,
// or of that around the given time, as the API reference has it.
const (
	fieldsWindow = 15 * time.Minute
	fieldsSample = 10_000 // events looked at
	fieldsNames  = 10_000 // names kept; those that come up later are left out
)

// GetLogGroupFields answers which fields a group's events have, and in how many
// of a hundred of them, most frequent first.
func (s *Service) GetLogGroupFields(ctx context.Context, in *api.GetLogGroupFieldsInput) (*api.GetLogGroupFieldsOutput, error) {
	call := plane.FromContext(ctx)
	name, err := groupName(call, in.LogGroupName, in.LogGroupIdentifier)
	if err != nil {
		return nil, err
	}
	from, to := call.Time.Add(-fieldsWindow), call.Time
	if in.Time != nil {
		at := time.Unix(*in.Time, 0)
		from, to = at.Add(-fieldsWindow/2), at.Add(fieldsWindow/2)
	}
	seen, events := map[string]int{}, 0
	err = s.db.View(ctx, func(tx *store.Tx) error {
		clear(seen)
		events = 0
		g, err := s.group(tx, call, name)
		if err != nil {
			return err
		}
		streams := s.streamsOf(tx, &g)
		q := journal.Query{Log: g.Doc.ID, From: later(from, g.Doc.kept(tx.Now())), To: to, Backward: true}
		for e, err := range journal.Scan(tx, q) {
			if err != nil {
				return err
			}
			live, err := streams.live(e.Stream)
			if err != nil {
				return err
			}
			if !live {
				continue
			}
			for _, f := range insights.Discover(insights.Event{Timestamp: e.Time, Message: string(e.Body)}) {
				if _, ok := seen[f.Name]; ok || len(seen) < fieldsNames {
					seen[f.Name]++
				}
			}
			if events++; events == fieldsSample {
				break
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &api.GetLogGroupFieldsOutput{LogGroupFields: shares(seen, events)}, nil
}

// shares answers in how many of a hundred events each field was seen.
func shares(seen map[string]int, events int) []*api.LogGroupField {
	fields := []*api.LogGroupField{}
	for name, n := range seen {
		if name != "@ptr" {
			fields = append(fields, &api.LogGroupField{Name: &name, Percent: new(int32(100 * n / events))})
		}
	}
	slices.SortFunc(fields, func(a, b *api.LogGroupField) int {
		return cmp.Or(-cmp.Compare(*a.Percent, *b.Percent), cmp.Compare(*a.Name, *b.Name))
	})
	return fields
}
