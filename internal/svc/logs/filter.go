package logs

import (
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
	if in.FilterPattern != nil {
		if f.pattern, err = parsePattern(*in.FilterPattern); err != nil {
			return nil, err
		}
	}
	sc := scope(ctx, name, in.LogStreamNames, in.LogStreamNamePrefix, in.FilterPattern, in.StartTime, in.EndTime)
	var after journal.Cursor
	if err := s.open(sc, in.NextToken, &after); err != nil {
		return nil, err
	}
	q := journal.Query{Streams: in.LogStreamNames, To: past(in.EndTime), After: &after}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		g, err := s.group(tx, call, name)
		if err == nil {
			err = s.haveStreams(tx, &g, in.LogStreamNames)
		}
		if err != nil {
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

// haveStreams answers that a stream does not exist, if so.
func (s *Service) haveStreams(tx *store.Tx, g *store.Record[group], names []string) error {
	for _, name := range names {
		_, err := s.streams.Get(tx, store.Key{Account: g.Account, Region: g.Region, ID: streamID(g.Doc.ID, name)})
		if errors.Is(err, store.ErrNotFound) {
			return noStream()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// filtering collects one page.
type filtering struct {
	limit   int
	prefix  *string
	pattern pattern

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
		wanted := (f.prefix == nil || strings.HasPrefix(e.Stream, *f.prefix)) && f.pattern.matches(string(e.Body))
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

func filtered(e *journal.Event) *api.FilteredLogEvent {
	return &api.FilteredLogEvent{
		LogStreamName: &e.Stream, Timestamp: new(e.Time.UnixMilli()), Message: new(string(e.Body)),
		IngestionTime: new(e.Ingested.UnixMilli()), EventId: new(e.Cursor.String()),
	}
}

// pattern is a filter pattern of plain terms. All of include must be in the
// message and none of exclude. any counts only when there are no others: then
// one of them must be there.
type pattern struct {
	include, exclude, any []string
}

func (p *pattern) matches(message string) bool {
	has := func(term string) bool { return strings.Contains(message, term) }
	if len(p.include) == 0 && len(p.exclude) == 0 && len(p.any) > 0 {
		return slices.ContainsFunc(p.any, has)
	}
	return !slices.ContainsFunc(p.exclude, has) &&
		!slices.ContainsFunc(p.include, func(term string) bool { return !has(term) })
}

// parsePattern reads terms separated by blanks, each perhaps in double quotes
// and with - (must not be there) or ? (one of these) before it. Patterns for
// JSON, for space-delimited fields and regular expressions are known as such.
func parsePattern(text string) (p pattern, err error) {
	text = strings.TrimSpace(text)
	if text != "" && strings.ContainsRune("{[", rune(text[0])) {
		return p, notImplemented("JSON and space-delimited filter patterns")
	}
	for text != "" {
		into := &p.include
		switch text[0] {
		case '-':
			into, text = &p.exclude, text[1:]
		case '?':
			into, text = &p.any, text[1:]
		}
		term, rest, err := nextTerm(text)
		if err != nil {
			return p, err
		}
		*into = append(*into, term)
		text = strings.TrimLeft(rest, " \t\r\n")
	}
	return p, nil
}

// nextTerm takes a term off the text. What is not letters, digits or
// underscores must be in quotes, in which \" and \\ stand for themselves.
func nextTerm(text string) (term, rest string, err error) {
	if strings.HasPrefix(text, "%") {
		return "", "", notImplemented("regular expressions in filter patterns")
	}
	if !strings.HasPrefix(text, `"`) {
		end := strings.IndexAny(text, " \t\r\n")
		if end < 0 {
			end = len(text)
		}
		if end == 0 || strings.ContainsFunc(text[:end], func(r rune) bool { return strings.ContainsRune(`"{}[]()<>=!&|,`, r) }) {
			return "", "", invalid("Invalid filter pattern")
		}
		return text[:end], text[end:], nil
	}
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] == '"':
			return b.String(), text[i+1:], nil
		case text[i] == '\\' && i+1 < len(text) && (text[i+1] == '"' || text[i+1] == '\\'):
			i++
		}
		b.WriteByte(text[i])
	}
	return "", "", invalid("Invalid filter pattern")
}
