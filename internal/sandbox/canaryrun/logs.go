package canaryrun

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"nephele.dev/nephele/internal/sandbox"
)

// maxLine is the largest log event that CloudWatch Logs takes, in bytes;
// maxLines bounds what short ones cost us.
const (
	maxLine  = 256 << 10
	maxLines = 50_000
)

// lineLog collects the output of a run as log events. Both streams write to
// it, each through its own lineWriter.
type lineLog struct {
	mu      sync.Mutex
	lines   []LogLine
	dropped bool // there were more than maxLines

	progress func(Progress) // may be nil
}

// progressMark begins the lines in which the launcher tells what happens. They
// are not part of the log.
const progressMark = "\x1enephele "

// tell passes a line of progress on. A script can write such lines too.
func (l *lineLog) tell(text string) {
	var p Progress
	if l.progress == nil || json.Unmarshal([]byte(text), &p) != nil {
		return
	}
	p.Time = time.Now().UTC()
	l.progress(p)
}

// add appends one event. Lines of the launcher carry their own time.
func (l *lineLog) add(text string) {
	text = strings.ToValidUTF8(text, "\uFFFD")
	now := time.Now().UTC()
	if stamp, _, ok := strings.Cut(text, "\t"); ok {
		if t, err := time.Parse("2006-01-02T15:04:05.000Z", stamp); err == nil && now.Sub(t).Abs() < time.Hour {
			now = t
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.lines) >= maxLines {
		l.dropped = true
		return
	}
	l.lines = append(l.lines, LogLine{Time: now, Message: strings.ReplaceAll(text, "\r", "\n")})
}

// sorted returns the events in the order of their times.
func (l *lineLog) sorted() []LogLine {
	l.mu.Lock()
	defer l.mu.Unlock()
	slices.SortStableFunc(l.lines, func(a, b LogLine) int { return a.Time.Compare(b.Time) })
	return l.lines
}

// lineWriter splits a stream into lines.
type lineWriter struct {
	log     *lineLog
	pending []byte
	last    string // the last complete line
}

// Write implements io.Writer.
func (w *lineWriter) Write(b []byte) (int, error) {
	n := len(b)
	for len(b) > 0 {
		at := bytes.IndexByte(b, '\n')
		if at < 0 {
			w.pending = append(w.pending, b...)
			b = nil
		} else {
			w.pending = append(w.pending, b[:at]...)
			b = b[at+1:]
			w.flush()
		}
		for len(w.pending) >= maxLine {
			rest := slices.Clone(w.pending[maxLine:])
			w.pending = w.pending[:maxLine]
			w.flush()
			w.pending = rest
		}
	}
	return n, nil
}

// flush ends the line that is being collected.
func (w *lineWriter) flush() {
	if told, ok := bytes.CutPrefix(w.pending, []byte(progressMark)); ok {
		w.log.tell(string(told))
	} else if len(w.pending) > 0 {
		w.last = string(w.pending)
		w.log.add(w.last)
	}
	w.pending = w.pending[:0]
}

// frame adds the lines that Lambda puts around the output of a function.
func (l *lineLog) frame(o *Outcome, job Job, used sandbox.Result) []LogLine {
	id, ms := job.RunID, float64(used.Wall)/float64(time.Millisecond)
	out := []LogLine{{Time: o.Started, Message: fmt.Sprintf("START RequestId: %s Version: 1", id)}}
	for _, line := range l.sorted() {
		if line.Time.Before(o.Started) {
			line.Time = o.Started
		}
		if line.Time.After(o.Completed) {
			line.Time = o.Completed
		}
		out = append(out, line)
	}
	end := func(format string, args ...any) {
		out = append(out, LogLine{Time: o.Completed, Message: fmt.Sprintf(format, args...)})
	}
	for _, refusal := range used.Refusals {
		end("WARN: %s", refusal)
	}
	if o.LogsTruncated {
		end("WARN: the run wrote more output than a log keeps; the rest was dropped")
	}
	end("END RequestId: %s", id)
	end("REPORT RequestId: %s\tDuration: %.2f ms\tBilled Duration: %.0f ms\tMemory Size: %d MB\tMax Memory Used: %d MB",
		id, ms, ms+0.5, job.MemoryMB, used.PeakMemory>>20)
	if o.TimedOut {
		end("%s %s Task timed out after %.2f seconds", o.Completed.Format("2006-01-02T15:04:05.000Z"), id, job.Timeout.Seconds())
	}
	return out
}
