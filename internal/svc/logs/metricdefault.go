package logs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"nephele.dev/nephele/internal/api/cloudwatch"
	"nephele.dev/nephele/internal/engine"
	"nephele.dev/nephele/internal/store"
)

// The default value of a metric filter is published for a minute in which
// events came and none matched, some time after the minute: until then others
// may come.
const (
	defaultKind  = "logs.default" // key: group's ID / filter / minute
	defaultGrace = 5 * time.Second

	// minutesKept is how long a minute is remembered, so that its default is
	// published once.
	minutesKept = 3 * 60
)

// The states of a minute.
const (
	minuteIdle int64 = iota
	minuteMatched
	minutePublished
)

// defaultState is what a minute's work row holds.
type defaultState struct {
	Group       store.Key
	Log, Filter string
	Minute      int64
}

// noteMinute notes that events came to a filter in a minute.
func (s *Service) noteMinute(tx *store.Tx, g *store.Record[group], m filterMinute) error {
	state := minuteIdle
	if m.matched {
		state = minuteMatched
	}
	n, err := tx.Exec("insert into logs_minute (log, filter, minute, state) values (?, ?, ?, ?) on conflict do nothing",
		g.Doc.ID, m.filter, m.minute, state)
	if err != nil {
		return err
	}
	if n == 0 {
		if m.matched {
			_, err = tx.Exec("update logs_minute set state = ? where log = ? and filter = ? and minute = ? and state = ?",
				minuteMatched, g.Doc.ID, m.filter, m.minute, minuteIdle)
		}
		return err
	}
	due := later(tx.Now(), time.Unix((m.minute+1)*secondsPerMinute, 0)).Add(defaultGrace)
	return s.engine.Put(tx, defaultKind, fmt.Sprintf("%s/%s/%d", g.Doc.ID, m.filter, m.minute), due,
		defaultState{Group: g.Key, Log: g.Doc.ID, Filter: m.filter, Minute: m.minute})
}

// publishDefault looks at a minute that has passed.
func (s *Service) publishDefault(ctx context.Context, w *engine.Work) (engine.Next, error) {
	var st defaultState
	if err := w.State(&st); err != nil {
		return engine.Next{}, err
	}
	return w.Commit(ctx, engine.Done(), func(tx *store.Tx) error {
		_, err := tx.Exec("delete from logs_minute where log = ? and filter = ? and minute < ?",
			st.Log, st.Filter, min(st.Minute, minuteOf(tx.Now())-minutesKept))
		if err != nil {
			return err
		}
		n, err := tx.Exec("update logs_minute set state = ? where log = ? and filter = ? and minute = ? and state = ?",
			minutePublished, st.Log, st.Filter, st.Minute, minuteIdle)
		if err != nil || n == 0 {
			return err
		}
		rec, err := s.filters.Get(tx, store.Key{Account: st.Group.Account, Region: st.Group.Region, ID: metricFilterID(st.Log, st.Filter)})
		if errors.Is(err, store.ErrNotFound) || err == nil && rec.Doc.Default == nil {
			return nil
		}
		if err != nil {
			return err
		}
		c := compiledFilter{metricFilter: rec.Doc}
		d := c.datum(st.Minute)
		d.Value = rec.Doc.Default
		return s.sendMetrics(tx, st.Group, &cloudwatch.PutMetricDataInput{Namespace: rec.Doc.Namespace, MetricData: []*cloudwatch.MetricDatum{d}})
	})
}
