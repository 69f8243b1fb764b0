package engine

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"nephele.dev/nephele/internal/store"
)

// How many rows a lane claims ahead of its slots: as many as it runs in
// aheadTime, for one claim to serve many tiny steps, and none when steps are
// slow, for another engine may have a slot free sooner.
const (
	aheadTime = 20 * time.Millisecond
	aheadRows = 1024
)

// never is a due time that does not come.
const never = math.MaxInt64

// lane is a class of kinds that share slots. It has its own goroutine to claim
// rows and runs each step on one more, so that a lane whose steps are slow
// holds up nobody but itself.
type lane struct {
	e     *Engine
	name  string
	slots int
	wake  chan struct{}
	stat  laneCounters

	mu      sync.Mutex
	queue   []*Work // claimed, not begun
	running int
	average time.Duration // of a step, lately
	nextDue int64         // earliest row known to be unclaimed; database's clock
}

func newLane(e *Engine, name string, slots int) *lane {
	return &lane{e: e, name: name, slots: slots, wake: make(chan struct{}, 1), average: time.Hour}
}

// nudge tells the lane that a row falls due at the given time.
func (l *lane) nudge(due int64) {
	l.mu.Lock()
	earlier := due < l.nextDue
	l.nextDue = min(l.nextDue, due)
	l.mu.Unlock()
	if earlier {
		l.stir()
	}
}

// stir has the loop look around.
func (l *lane) stir() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// loop claims rows as they fall due while there is room for them.
func (l *lane) loop() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	poll := time.Now().Add(l.pollPause())
	failures := 0
	for {
		select {
		case <-l.e.stopClaiming:
			return
		case <-l.wake:
		case <-timer.C:
		}
		if !time.Now().Before(poll) {
			l.nudge(0)
			poll = time.Now().Add(l.pollPause())
		}
		pause, err := l.fill()
		if err != nil {
			failures++
			pause = backoff(failures)
			l.e.log.Error("rows cannot be claimed", "lane", l.name, "error", err)
		} else {
			failures = 0
		}
		timer.Reset(min(pause, time.Until(poll)))
	}
}

// pollPause spreads the polls of several engines and lanes.
func (l *lane) pollPause() time.Duration {
	return l.e.opts.Poll*9/10 + rand.N(l.e.opts.Poll/5+1)
}

// fill claims what is due and fits, and returns when there is more to do.
func (l *lane) fill() (pause time.Duration, err error) {
	for {
		want, due := l.room()
		if want <= 0 {
			return l.e.opts.Poll, nil // a slot that falls free stirs the loop
		}
		if wait := due - store.Micros(l.e.now()); wait > 0 {
			return time.Duration(min(wait, int64(time.Hour/time.Microsecond))) * time.Microsecond, nil
		}
		n, err := l.claim(want)
		if err != nil {
			return 0, err
		}
		if n == 0 && l.isDue() {
			return elsewhere + rand.N(elsewhere), nil
		}
	}
}

// elsewhere is the pause when what is due is being claimed by another engine,
// whose transaction is not over.
const elsewhere = 2 * time.Millisecond

func (l *lane) isDue() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.nextDue <= store.Micros(l.e.now())
}

// room is how many rows the lane would take now, and when one falls due.
func (l *lane) room() (want int, due int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-l.e.stopClaiming:
		return 0, never
	default:
	}
	capacity := l.capacity()
	want = capacity - l.running - len(l.queue)
	if len(l.queue) > 0 && want < capacity/4 {
		return 0, l.nextDue
	}
	return want, l.nextDue
}

// capacity is how many rows the lane may hold, running ones included.
func (l *lane) capacity() int {
	ahead := l.slots * int(aheadTime/max(l.average, time.Microsecond))
	return max(l.slots, min(ahead, aheadRows))
}

// claim takes up to want rows that are due, starts them, and returns how many.
func (l *lane) claim(want int) (int, error) {
	l.mu.Lock()
	known := l.nextDue
	l.nextDue = never // what is put from here on lowers it
	l.mu.Unlock()
	var got claimed
	err := l.e.db.UpdateAt(context.Background(), store.Relaxed, func(tx *store.Tx) (err error) {
		got, err = l.e.table.claim(tx, claimRequest{
			lane: l.name, kinds: l.e.names, want: want, owner: l.e.opts.Owner, lease: l.e.opts.Lease,
		})
		return err
	})
	if err != nil {
		l.nudge(known)
		return 0, err
	}
	l.e.setClock(got.now)
	l.nudge(got.next)
	n := len(got.rows)
	l.enqueue(l.e.hold(got.rows))
	return n, nil
}

// enqueue adds rows and starts as many as there are free slots.
func (l *lane) enqueue(rows []*Work) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.queue = append(l.queue, rows...)
	for l.running < l.slots && len(l.queue) > 0 && !l.e.draining.Load() {
		w := l.queue[0]
		l.queue = l.queue[1:]
		l.running++
		l.e.running.Add(1)
		go l.work(w)
	}
}

// work steps rows in one slot until the queue is empty.
func (l *lane) work(w *Work) {
	defer l.e.running.Done()
	for w != nil {
		began := time.Now()
		l.e.step(w)
		w = l.pop(time.Since(began))
	}
}

// pop ends one step and begins the next; nil when there is none.
func (l *lane) pop(took time.Duration) *Work {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.average = blend(l.average, took)
	if len(l.queue) <= l.capacity()/2 {
		l.stir()
	}
	if len(l.queue) == 0 || l.e.draining.Load() {
		l.running--
		return nil
	}
	w := l.queue[0]
	l.queue = l.queue[1:]
	return w
}

// blend moves the average an eighth of the way to the newest value, or all the
// way when steps turn out far slower or far faster than thought.
func blend(average, newest time.Duration) time.Duration {
	if newest > 8*average || newest < average/1024 {
		return newest
	}
	return average + (newest-average)/8
}

// giveBack returns rows that were claimed before the given time and not begun.
func (l *lane) giveBack(before time.Time) {
	l.mu.Lock()
	var back []*Work
	l.queue = slices.DeleteFunc(l.queue, func(w *Work) bool {
		old := w.claimedAt(l.e.opts.Lease).Before(before)
		if old {
			back = append(back, w)
		}
		return old
	})
	l.mu.Unlock()
	for _, w := range back {
		l.e.release(w)
	}
}
