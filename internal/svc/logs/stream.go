package logs

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	api "nephele.dev/nephele/internal/api/logs"
	"nephele.dev/nephele/internal/journal"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
)

// stream is a log stream. The ID of its key is the group's ID, a slash, and the
// stream's name.
type stream struct {
	ID string `json:",omitempty"` // "" for those of old, see inJournal
}

func streamID(groupID, name string) string { return groupID + "/" + name }

// inJournal is what the journal calls a stream: its name, a colon, which no name
// has, and its ID, so that one deleted and made again is another. Streams that
// were made before they had IDs go by their name.
func inJournal(name string, st *stream) string {
	if st.ID == "" {
		return name
	}
	return name + ":" + st.ID
}

// nameOf is the name in what inJournal made.
func nameOf(journalStream string) string {
	name, _, _ := strings.Cut(journalStream, ":")
	return name
}

// CreateLogStream makes a stream in a group.
func (s *Service) CreateLogStream(ctx context.Context, in *api.CreateLogStreamInput) (*api.CreateLogStreamOutput, error) {
	if strings.ContainsRune(in.LogStreamName, 0) {
		return nil, invalid("The log stream name must not hold null characters.")
	}
	call := plane.FromContext(ctx)
	err := s.db.Update(ctx, func(tx *store.Tx) error {
		g, err := s.group(tx, call, in.LogGroupName)
		if err != nil {
			return err
		}
		_, err = s.streams.Create(tx, key(call, streamID(g.Doc.ID, in.LogStreamName)), stream{ID: newID()})
		return err
	})
	if errors.Is(err, store.ErrExists) {
		return nil, api.NewResourceAlreadyExistsException("The specified log stream already exists")
	}
	if err != nil {
		return nil, err
	}
	return &api.CreateLogStreamOutput{}, nil
}

// DeleteLogStream makes a stream disappear at once; its events are deleted soon
// after, and once more for what a racing PutLogEvents left.
func (s *Service) DeleteLogStream(ctx context.Context, in *api.DeleteLogStreamInput) (*api.DeleteLogStreamOutput, error) {
	call := plane.FromContext(ctx)
	err := s.db.Update(ctx, func(tx *store.Tx) error {
		g, st, err := s.stream(tx, call, in.LogGroupName, in.LogStreamName)
		if err != nil {
			return err
		}
		if err := s.streams.Delete(tx, st.Key); err != nil {
			return err
		}
		k := inJournal(in.LogStreamName, &st.Doc)
		return s.engine.Put(tx, streamPurgeKind, g.Doc.ID+"/"+k, tx.Now(), streamPurge{Log: g.Doc.ID, Stream: k})
	})
	if err != nil {
		return nil, err
	}
	return &api.DeleteLogStreamOutput{}, nil
}

// stream returns the records of a group and of a stream in it, or the answer
// which of them there is not.
func (s *Service) stream(tx *store.Tx, call *plane.Call, groupName, name string) (g store.Record[group], st store.Record[stream], err error) {
	g, err = s.group(tx, call, groupName)
	if err != nil {
		return g, st, err
	}
	st, err = s.streams.Get(tx, key(call, streamID(g.Doc.ID, name)))
	if errors.Is(err, store.ErrNotFound) {
		err = noStream()
	}
	return g, st, err
}

// described is a stream with what the journal knows of it.
type described struct {
	name    string
	created time.Time
	stats   journal.Stats // zero without events
}

// DescribeLogStreams lists the streams of a group by name or by their last
// event.
func (s *Service) DescribeLogStreams(ctx context.Context, in *api.DescribeLogStreamsInput) (*api.DescribeLogStreamsOutput, error) {
	call := plane.FromContext(ctx)
	name, err := groupName(call, in.LogGroupName, in.LogGroupIdentifier)
	if err != nil {
		return nil, err
	}
	byTime := in.OrderBy != nil && *in.OrderBy == api.OrderByLastEventTime
	if byTime && in.LogStreamNamePrefix != nil {
		return nil, invalid("Cannot order by LastEventTime with a logStreamNamePrefix.")
	}
	sc := scope(ctx, name, in.LogStreamNamePrefix, in.OrderBy, in.Descending)
	var after streamPlace
	if err := s.open(sc, in.NextToken, &after); err != nil {
		return nil, err
	}
	limit := pageSize(in.Limit, maxDescribed)
	out := &api.DescribeLogStreamsOutput{LogStreams: []*api.LogStream{}}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		g, err := s.group(tx, call, name)
		if err != nil {
			return err
		}
		all, err := s.describeStreams(tx, &g, in, byTime, after, limit)
		if err != nil {
			return err
		}
		for i := range all[:min(limit, len(all))] {
			out.LogStreams = append(out.LogStreams, all[i].answer(g.Key))
		}
		if len(all) > limit {
			out.NextToken, err = s.seal(sc, all[limit-1].place())
		}
		return err
	})
	return out, err
}

// streamPlace is where a page of streams begins: behind this one.
type streamPlace struct {
	Name string
	Last int64 // microseconds
}

func (d *described) place() streamPlace {
	return streamPlace{Name: d.name, Last: d.stats.Last.UnixMicro()}
}

// describeStreams returns the streams behind a place in the order asked for;
// more than limit when there are more. In ascending order of names, the usual
// case, only those are read; else all, for their order is not the database's.
func (s *Service) describeStreams(tx *store.Tx, g *store.Record[group], in *api.DescribeLogStreamsInput, byTime bool, after streamPlace, limit int) ([]described, error) {
	descending := in.Descending != nil && *in.Descending
	opts := store.ListOptions{Prefix: g.Doc.ID + "/"}
	if in.LogStreamNamePrefix != nil {
		opts.Prefix += *in.LogStreamNamePrefix
	}
	inOrder := !byTime && !descending
	if inOrder {
		opts.Limit = limit + 1
		if after.Name != "" {
			opts.After = streamID(g.Doc.ID, after.Name)
		}
	}
	all, err := s.withStats(tx, g, opts)
	if err != nil || inOrder {
		return all, err
	}
	compare := func(a, b streamPlace) int {
		c := strings.Compare(a.Name, b.Name)
		if byTime {
			c = cmp.Or(cmp.Compare(a.Last, b.Last), c)
		}
		if descending {
			return -c
		}
		return c
	}
	slices.SortFunc(all, func(a, b described) int { return compare(a.place(), b.place()) })
	if after.Name == "" {
		return all, nil
	}
	return slices.DeleteFunc(all, func(d described) bool { return compare(d.place(), after) <= 0 }), nil
}

// withStats lists streams with what the journal knows of them.
func (s *Service) withStats(tx *store.Tx, g *store.Record[group], opts store.ListOptions) ([]described, error) {
	records, err := s.streams.List(tx, g.Account, g.Region, opts)
	if err != nil || len(records) == 0 {
		return nil, err
	}
	all := make([]described, len(records))
	names := make([]string, len(records))
	for i := range records {
		name := strings.TrimPrefix(records[i].ID, g.Doc.ID+"/")
		names[i] = inJournal(name, &records[i].Doc)
		all[i] = described{name: name, created: records[i].Created}
	}
	wanted := names
	if opts.Limit == 0 {
		wanted = nil // that of all is one query, however many
	}
	stats, err := journal.Streams(tx, g.Doc.ID, wanted)
	for i := range all {
		all[i].stats = stats[names[i]]
	}
	return all, err
}

func (d *described) answer(g store.Key) *api.LogStream {
	out := &api.LogStream{
		LogStreamName: &d.name, CreationTime: new(d.created.UnixMilli()), StoredBytes: new(int64(0)), // AWS stopped counting
		Arn: new(groupARN(g) + ":log-stream:" + d.name), UploadSequenceToken: new(sequenceToken(d.stats.Events)),
	}
	if !d.stats.Ingested.IsZero() {
		out.LastIngestionTime = new(d.stats.Ingested.UnixMilli())
		out.FirstEventTimestamp, out.LastEventTimestamp = new(d.stats.First.UnixMilli()), new(d.stats.Last.UnixMilli())
	}
	return out
}
