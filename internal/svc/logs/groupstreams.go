package logs

import (
	"errors"
	"strings"

	"nephele.dev/nephele/internal/store"
)

// groupStreams knows, within one transaction, which streams of the journal
// belong to streams that a group has. What a deleted stream left is in the
// journal for a while, and not to be shown.
type groupStreams struct {
	service *Service
	tx      *store.Tx
	group   *store.Record[group]
	known   map[string]bool // by the journal's name
	all     bool            // known holds every stream there is
}

// Streams are looked up one by one until there were so many, then read at once.
const lookups = 32

// maxListed is how many streams with a prefix are read by name rather than
// picked from all.
const maxListed = 200

func (s *Service) streamsOf(tx *store.Tx, g *store.Record[group]) *groupStreams {
	return &groupStreams{service: s, tx: tx, group: g, known: map[string]bool{}}
}

// live reports whether the group has the stream that the journal calls so.
func (l *groupStreams) live(journalStream string) (bool, error) {
	if live, ok := l.known[journalStream]; ok || l.all {
		return live, nil
	}
	if len(l.known) >= lookups {
		l.all = true
		if _, err := l.list(store.ListOptions{}); err != nil {
			return false, err
		}
		return l.known[journalStream], nil
	}
	name := nameOf(journalStream)
	rec, err := l.service.streams.Get(l.tx, l.key(name))
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return false, err
	}
	live := err == nil && inJournal(name, &rec.Doc) == journalStream
	l.known[journalStream] = live
	return live, nil
}

func (l *groupStreams) key(name string) store.Key {
	return store.Key{Account: l.group.Account, Region: l.group.Region, ID: streamID(l.group.Doc.ID, name)}
}

// list notes streams as known and returns them as the journal calls them.
func (l *groupStreams) list(o store.ListOptions) ([]string, error) {
	base := streamID(l.group.Doc.ID, "")
	o.Prefix = base + o.Prefix
	records, err := l.service.streams.List(l.tx, l.group.Account, l.group.Region, o)
	names := make([]string, 0, len(records))
	for i := range records {
		name := inJournal(strings.TrimPrefix(records[i].ID, base), &records[i].Doc)
		l.known[name] = true
		names = append(names, name)
	}
	return names, err
}

// wanted returns the journal's names of the given streams, or of those with a
// prefix if they are few; nil stands for all. A stream that does not exist is
// an answer.
func (l *groupStreams) wanted(names []string, prefix *string) ([]string, error) {
	if names == nil && prefix == nil {
		return nil, nil
	}
	if names == nil {
		found, err := l.list(store.ListOptions{Prefix: *prefix, Limit: maxListed + 1})
		if len(found) > maxListed {
			return nil, err
		}
		return found, err
	}
	found := make([]string, 0, len(names))
	for _, name := range names {
		rec, err := l.service.streams.Get(l.tx, l.key(name))
		if errors.Is(err, store.ErrNotFound) {
			return nil, noStream()
		}
		if err != nil {
			return nil, err
		}
		journalStream := inJournal(name, &rec.Doc)
		l.known[journalStream] = true
		found = append(found, journalStream)
	}
	return found, nil
}
