package synthetics

import (
	"log/slog"
	"sync"
	"time"
)

// losses are the ticks that were passed over, on their way into the log: one
// line for many, for when the server is late all canaries are.
type losses struct {
	mu      sync.Mutex
	told    time.Time // when the latest line was written
	pending loss
}

// loss is what a line tells.
type loss struct {
	canary  string // one of them
	due     time.Time
	times   int // how often ticks were passed over at once
	ticks   int
	running int // times of them for the former run was not over
}

// lossPause is the least time between two lines.
const lossPause = time.Second

// note adds ticks from due on.
func (l *losses) note(r ref, due time.Time, ticks int, running bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := &l.pending
	if p.times == 0 {
		p.canary, p.due = r.Name, due
	}
	p.times++
	p.ticks += ticks
	if running {
		p.running++
	}
}

// tell writes what has come up, when it is time: schedules call it with every tick.
func (l *losses) tell(log *slog.Logger) {
	l.mu.Lock()
	p := l.pending
	if p.times == 0 || time.Since(l.told) < lossPause {
		l.mu.Unlock()
		return
	}
	l.pending, l.told = loss{}, time.Now()
	l.mu.Unlock()
	if p.times == 1 {
		log.Warn("ticks of a canary were passed over", "canary", p.canary, "due", p.due, "ticks", p.ticks, "stillRunning", p.running > 0)
		return
	}
	log.Warn("ticks of canaries were passed over", "times", p.times, "ticks", p.ticks, "stillRunning", p.running, "first", p.canary, "due", p.due)
}
