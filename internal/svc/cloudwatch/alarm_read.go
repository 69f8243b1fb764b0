package cloudwatch

import (
	"slices"
	"time"

	"nephele.dev/nephele/internal/alarm"
	"nephele.dev/nephele/internal/series"
	"nephele.dev/nephele/internal/store"
)

// maxSince is how many datapoints, of all metrics there are, may have come since
// a shard was read ahead: beyond, reading its alarms' metrics anew is cheaper.
const maxSince = 2000

// readAhead reads what the evaluation at a time to come will need as far as it
// is there, so that few rows are left to read when all shards are due at once.
func (w *watchShard) readAhead(tx *store.Tx, at time.Time) (err error) {
	var singles []*watch
	for _, x := range w.watches {
		if x.single {
			singles = append(singles, x)
		}
	}
	if w.mark, err = series.Here(tx); err != nil {
		return err
	}
	if err := readSingles(tx, singles, at); err != nil {
		return err
	}
	for _, x := range singles {
		x.ahead = at
	}
	return nil
}

// read fills the windows of alarms on one metric. Those that were read ahead
// lack what came since; the rest, alarms that were written meanwhile or all of
// them, is read as a whole.
func (w *watchShard) read(tx *store.Tx, singles []*watch, at time.Time) error {
	var rest []*watch
	ahead := map[series.Key][]*watch{}
	for _, x := range singles {
		if x.ahead.Equal(at) {
			ahead[x.key] = append(ahead[x.key], x)
		} else {
			rest = append(rest, x)
		}
		x.ahead = time.Time{} // once: the next reading begins anew
	}
	if len(ahead) > 0 {
		ok, err := series.Since(tx, w.mark, maxSince, func(key series.Key, b *series.Bucket) {
			for _, x := range ahead[key] {
				x.take(at, b)
			}
		})
		if err != nil {
			return err
		}
		if !ok {
			rest = singles
		}
	}
	return readSingles(tx, rest, at)
}

// take adds to the window that b belongs to, if that is one of those that have
// been read.
func (w *watch) take(at time.Time, b *series.Bucket) {
	if !b.Time.Before(at) || w.unit != "" && w.unit != b.Unit {
		return
	}
	if i := int((at.Sub(b.Time) - 1) / w.period); i < w.reach {
		w.windows[i].Merge(b.Summary)
	}
}

// stretch is a length of time before an evaluation, in which alarms are read
// together.
type stretch struct {
	from, to time.Duration // before the evaluation
	whole    bool
}

// readSingles fills the windows of alarms on one metric: the newest N periods of
// all, then the rest of the range of those where data is missing.
func readSingles(tx *store.Tx, watches []*watch, at time.Time) error {
	near, far := map[stretch][]*watch{}, map[stretch][]*watch{}
	for _, w := range watches {
		w.reset()
		k := stretch{from: w.period * time.Duration(w.rule.N), whole: w.whole}
		near[k] = append(near[k], w)
		w.reach = w.rule.N
	}
	if err := readSpans(tx, near, at); err != nil {
		return err
	}
	for _, w := range watches {
		newest := w.windows[:w.rule.N]
		if slices.ContainsFunc(newest, func(s series.Summary) bool { return s.Count == 0 && s.Sum == 0 }) {
			k := stretch{from: w.period * time.Duration(w.rule.Range()), to: w.period * time.Duration(w.rule.N), whole: w.whole}
			far[k] = append(far[k], w)
			w.reach = w.rule.Range()
		}
	}
	return readSpans(tx, far, at)
}

func (w *watch) reset() {
	n := w.rule.Range()
	if w.windows == nil {
		w.windows, w.points = make([]series.Summary, n), make([]alarm.Point, n)
	}
	clear(w.windows)
}

func readSpans(tx *store.Tx, spans map[stretch][]*watch, at time.Time) error {
	for k, watches := range spans {
		byKey := map[series.Key][]*watch{}
		var keys []series.Key
		for _, w := range watches {
			if byKey[w.key] == nil {
				keys = append(keys, w.key)
			}
			byKey[w.key] = append(byKey[w.key], w)
		}
		q := series.RecentQuery{Keys: keys, From: at.Add(-k.from), To: at.Add(-k.to), Distributions: k.whole}
		err := series.Recent(tx, q, func(key series.Key, b *series.Bucket) {
			for _, w := range byKey[key] {
				w.take(at, b)
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}
