package logs

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	api "nephele.dev/nephele/internal/api/logs"
	"nephele.dev/nephele/internal/journal"
	"nephele.dev/nephele/internal/logfilter"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
)

// Limits of live tail, from the user guide.
const (
	tailTime     = 3 * time.Hour
	tailSessions = 15      // at a time, of an account in a region
	tailSample   = 500     // events a second; of more, so many are shown
	tailBytes    = 4 << 20 // of their messages: an update is one frame, and waits in memory for a slow reader

	tailBeat = time.Second            // an update at least so often
	tailPoll = 200 * time.Millisecond // for what other processes append
	tailRest = 50 * time.Millisecond  // between updates
)

// StartLiveTail answers with events as they arrive, whatever times they bear,
// until the caller goes or three hours have passed.
func (s *Service) StartLiveTail(ctx context.Context, in *api.StartLiveTailInput) (*api.StartLiveTailOutput, error) {
	t, err := s.newTailing(ctx, in)
	if err != nil {
		return nil, err
	}
	leave, ok := s.tailing.enter(t.call.Caller.Account + "/" + t.call.Caller.Region)
	if !ok {
		return nil, api.NewLimitExceededException("You have reached the maximum number of %d concurrent Live Tail sessions.", tailSessions)
	}
	context.AfterFunc(ctx, leave)
	return &api.StartLiveTailOutput{ResponseStream: func(yield func(*api.StartLiveTailResponseStream, error) bool) {
		defer leave()
		t.run(ctx, yield)
	}}, nil
}

// sessions counts live tails by account and region.
type sessions struct {
	mu sync.Mutex
	n  map[string]int
}

func (c *sessions) enter(of string) (leave func(), ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n == nil {
		c.n = make(map[string]int)
	}
	if c.n[of] >= tailSessions {
		return nil, false
	}
	c.n[of]++
	return sync.OnceFunc(func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.n[of]--; c.n[of] == 0 {
			delete(c.n, of)
		}
	}), true
}

// tailing is one session.
type tailing struct {
	service  *Service
	call     *plane.Call
	in       *api.StartLiveTailInput
	pattern  *logfilter.Pattern
	groups   map[string]string // ARNs by ID
	tail     *journal.Tail
	window   time.Time // when the second began in which count were shown
	count    int
	size     int // of their messages
	lastSent time.Time
}

func (s *Service) newTailing(ctx context.Context, in *api.StartLiveTailInput) (*tailing, error) {
	call := plane.FromContext(ctx)
	pattern, err := parsePattern(in.LogEventFilterPattern)
	if err != nil {
		return nil, err
	}
	if in.LogStreamNames != nil && in.LogStreamNamePrefixes != nil {
		return nil, invalid("logStreamNames and logStreamNamePrefixes are mutually exclusive parameters.")
	}
	if (in.LogStreamNames != nil || in.LogStreamNamePrefixes != nil) && len(in.LogGroupIdentifiers) != 1 {
		return nil, invalid("Log streams can be specified for a single log group only.")
	}
	t := &tailing{service: s, call: call, in: in, pattern: pattern}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		t.groups = make(map[string]string)
		for i := range in.LogGroupIdentifiers {
			name, err := groupName(call, nil, &in.LogGroupIdentifiers[i])
			if err != nil {
				return err
			}
			g, err := s.group(tx, call, name)
			if err != nil {
				return err
			}
			if g.Doc.Class != api.LogGroupClassStandard {
				return api.NewInvalidOperationException("Live Tail is not supported for log groups of the class %s.", g.Doc.Class)
			}
			t.groups[g.Doc.ID] = groupARN(g.Key)
		}
		t.tail, err = journal.NewTail(tx, t.ids())
		return err
	})
	return t, err
}

func (t *tailing) ids() []string {
	var ids []string
	for id := range t.groups {
		ids = append(ids, id)
	}
	return ids
}

// run yields the session's start and its updates.
func (t *tailing) run(ctx context.Context, yield func(*api.StartLiveTailResponseStream, error) bool) {
	wake, stop := t.service.watchers.watch(t.ids())
	defer stop()
	if !yield(&api.StartLiveTailResponseStream{SessionStart: &api.LiveTailSessionStart{
		RequestId: &t.call.RequestID, SessionId: new(uuid.NewString()), LogGroupIdentifiers: t.in.LogGroupIdentifiers,
		LogStreamNames: t.in.LogStreamNames, LogStreamNamePrefixes: t.in.LogStreamNamePrefixes, LogEventFilterPattern: t.in.LogEventFilterPattern,
	}}, nil) {
		return
	}
	end := time.NewTimer(tailTime)
	defer end.Stop()
	poll := time.NewTicker(tailPoll)
	defer poll.Stop()
	for t.lastSent = time.Now(); ; {
		events, sampled, err := t.read(ctx)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			yield(nil, err)
			return
		}
		if now := time.Now(); len(events) > 0 || now.Sub(t.lastSent) >= tailBeat {
			t.lastSent = now
			if !yield(update(events, sampled), nil) || !pause(ctx, tailRest) {
				return
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-end.C:
			yield(nil, api.NewSessionTimeoutException("The Live Tail session has timed out."))
			return
		case <-wake:
		case <-poll.C:
		}
	}
}

// pause waits, and reports false when ctx ends first.
func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

func update(events []*api.LiveTailSessionLogEvent, sampled bool) *api.StartLiveTailResponseStream {
	if events == nil {
		events = []*api.LiveTailSessionLogEvent{}
	}
	return &api.StartLiveTailResponseStream{SessionUpdate: &api.LiveTailSessionUpdate{
		SessionMetadata: &api.LiveTailSessionMetadata{Sampled: &sampled}, SessionResults: events,
	}}
}

// read returns what has arrived and matches, as much as may be shown; sampled
// says that there was more.
func (t *tailing) read(ctx context.Context) (events []*api.LiveTailSessionLogEvent, sampled bool, err error) {
	if now := time.Now(); now.Sub(t.window) >= time.Second {
		t.window, t.count, t.size = now, 0, 0
	}
	err = t.service.db.View(ctx, func(tx *store.Tx) error {
		for b, err := range t.tail.Read(tx) {
			if err != nil {
				return err
			}
			more := t.show(&b)
			if room := tailSample - t.count; len(more) > room {
				more, sampled = more[:room], true
			}
			for _, e := range more {
				if t.size += len(*e.Message); t.size > tailBytes {
					sampled = true
					break
				}
				t.count++
				events = append(events, e)
			}
		}
		return nil
	})
	return events, sampled, err
}

// show returns what of a batch matches.
func (t *tailing) show(b *journal.Batch) (events []*api.LiveTailSessionLogEvent) {
	name, group := nameOf(b.Stream), t.groups[b.Log]
	prefixed := func(p string) bool { return strings.HasPrefix(name, p) }
	if t.in.LogStreamNames != nil && !slices.Contains(t.in.LogStreamNames, name) ||
		t.in.LogStreamNamePrefixes != nil && !slices.ContainsFunc(t.in.LogStreamNamePrefixes, prefixed) {
		return nil
	}
	ingested := b.Ingested.UnixMilli()
	for _, e := range b.Events {
		message := string(e.Body)
		if !t.pattern.Matches(message) {
			continue
		}
		if events = append(events, &api.LiveTailSessionLogEvent{
			LogStreamName: &name, LogGroupIdentifier: &group, Message: &message,
			Timestamp: new(e.Time.UnixMilli()), IngestionTime: &ingested,
		}); len(events) > tailSample {
			break // one more than may be shown says that there are more
		}
	}
	return events
}
