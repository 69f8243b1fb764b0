package engine

import (
	"errors"
	"testing"
	"time"

	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/store/storetest"
	"pgregory.net/rapid"
)

// The rows of table work against a model of them: whatever order puts, claims,
// commits and crashes come in, a claim finds exactly what is due, and exactly
// the last claimant of a row may write it.

// modelRow is what the model knows of a row.
type modelRow struct {
	due     bool  // now, or in an hour
	holder  *Work // who may write it
	attempt int
}

type model struct {
	t     *testing.T
	db    *store.DB
	e     *Engine
	rows  map[string]*modelRow
	holds []*Work // every claim ever made, superseded or not
}

const modelLane = "l"

func newModel(t *testing.T, db *store.DB) *model {
	e := New(db, Options{Lease: time.Hour})
	e.Register("k", modelLane, FlowFunc(nil))
	e.names = []string{"k"}
	if err := db.Reset(t.Context()); err != nil {
		t.Fatal(err)
	}
	return &model{t: t, db: db, e: e, rows: make(map[string]*modelRow)}
}

func (m *model) tx(r *rapid.T, f func(*store.Tx) error) {
	if err := m.db.Update(m.t.Context(), f); err != nil {
		r.Fatal(err)
	}
}

func drawKey(r *rapid.T) string { return rapid.SampledFrom([]string{"a", "b", "c"}).Draw(r, "key") }

// dueTime is in the past or far in the future, so that no test waits.
func dueTime(tx *store.Tx, now bool) time.Time {
	if now {
		return tx.Now().Add(-time.Second)
	}
	return tx.Now().Add(time.Hour)
}

func (m *model) put(r *rapid.T) {
	key, due := drawKey(r), rapid.Bool().Draw(r, "due")
	m.tx(r, func(tx *store.Tx) error { return m.e.Put(tx, "k", key, dueTime(tx, due), nil) })
	m.rows[key] = &modelRow{due: due}
}

func (m *model) remove(r *rapid.T) {
	key := drawKey(r)
	m.tx(r, func(tx *store.Tx) error { return m.e.Delete(tx, "k", key) })
	delete(m.rows, key)
}

func (m *model) claim(r *rapid.T) {
	want := rapid.IntRange(1, 4).Draw(r, "want")
	var got claimed
	m.tx(r, func(tx *store.Tx) (err error) {
		got, err = m.e.table.claim(tx, claimRequest{lane: modelLane, kinds: m.e.names, want: want, owner: "o", lease: time.Hour})
		return err
	})
	due := 0
	for _, row := range m.rows {
		if row.due {
			due++
		}
	}
	if len(got.rows) != min(due, want) {
		r.Fatalf("claimed %d rows, want %d of %d due", len(got.rows), want, due)
	}
	for _, w := range got.rows {
		row := m.rows[w.Key]
		if row == nil || !row.due || w.Attempt != row.attempt {
			r.Fatalf("claimed %s, attempt %d; the model has %+v", w.Key, w.Attempt, row)
		}
		w.engine, w.kind = m.e, m.e.kinds["k"]
		row.due, row.holder = false, w
		m.holds = append(m.holds, w)
	}
}

// finish ends a claim, perhaps an old one, in one of the ways there are.
func (m *model) finish(r *rapid.T) {
	if len(m.holds) == 0 {
		return
	}
	w := rapid.SampledFrom(m.holds).Draw(r, "claim")
	row := m.rows[w.Key]
	ours := row != nil && row.holder == w
	switch how := rapid.SampledFrom([]string{"commit", "done", "retry", "check", "extend"}).Draw(r, "how"); how {
	case "check":
		m.expect(r, how, ours, m.db.Update(m.t.Context(), func(tx *store.Tx) error { return m.e.table.check(tx, w) }))
	case "extend":
		m.extend(r, w, ours)
	case "retry":
		m.retry(r, w, ours)
	default:
		m.commit(r, w, ours, how == "done")
	}
}

func (m *model) expect(r *rapid.T, what string, ours bool, err error) {
	if ours && err != nil || !ours && !errors.Is(err, ErrFenced) {
		r.Fatalf("%s by the holder %t: %v", what, ours, err)
	}
}

func (m *model) extend(r *rapid.T, w *Work, ours bool) {
	var kept map[rowKey]string
	m.tx(r, func(tx *store.Tx) (err error) {
		kept, err = m.e.table.extend(tx, []*Work{w}, time.Hour)
		return err
	})
	tid, ok := kept[w.id()]
	if ok != ours {
		r.Fatalf("extended %t, holder %t", ok, ours)
	}
	if ours {
		row := m.rows[w.Key]
		row.due = false
	}
	if ok && rapid.Bool().Draw(r, "remember the address") {
		w.extended(time.Now().Add(time.Hour), tid)
	}
}

func (m *model) retry(r *rapid.T, w *Work, ours bool) {
	due := rapid.Bool().Draw(r, "due")
	m.tx(r, func(tx *store.Tx) error {
		at := dueTime(tx, due)
		return m.e.table.finish(tx, []outcome{{w: w, due: w.Due, at: at, attempt: w.Attempt + 1}})
	})
	if ours {
		*m.rows[w.Key] = modelRow{due: due, attempt: w.Attempt + 1}
	}
	m.forget(w)
}

func (m *model) commit(r *rapid.T, w *Work, ours, end bool) {
	due := rapid.Bool().Draw(r, "due")
	_, err := func() (Next, error) {
		next := Done()
		if !end {
			m.tx(r, func(tx *store.Tx) error { next = At(dueTime(tx, due)); return nil })
		}
		return w.Commit(m.t.Context(), next, nil)
	}()
	m.expect(r, "commit", ours, err)
	switch {
	case !ours:
	case end:
		delete(m.rows, w.Key)
	default:
		*m.rows[w.Key] = modelRow{due: due}
	}
	m.forget(w)
}

// forget drops a claim that has been let go of: an engine uses it no more.
func (m *model) forget(w *Work) {
	for i, h := range m.holds {
		if h == w {
			m.holds = append(m.holds[:i:i], m.holds[i+1:]...)
			return
		}
	}
}

// expire ends every lease: the holders are cut off, and may come back.
func (m *model) expire(r *rapid.T) {
	m.tx(r, func(tx *store.Tx) error {
		_, err := tx.Exec("update work set due_at = 1 where owner <> ''")
		return err
	})
	for _, row := range m.rows {
		if row.holder != nil {
			row.due = true // and still the holder's, until it is claimed again
		}
	}
}

// crash has an engine boot anew: on SQLite it takes back what its predecessor
// held, which is fenced off.
func (m *model) crash(r *rapid.T) {
	if m.db.Dialect() != store.SQLite {
		m.expire(r)
		return
	}
	if err := m.e.recover(m.t.Context()); err != nil {
		r.Fatal(err)
	}
	for _, row := range m.rows {
		if row.holder != nil && !row.due {
			*row = modelRow{due: true, attempt: row.attempt}
		}
	}
}

func (m *model) check(r *rapid.T) {
	var n int
	m.tx(r, func(tx *store.Tx) error { return tx.Row("select count(*) from work").Scan(&n) })
	if n != len(m.rows) {
		r.Fatalf("%d rows, the model has %d", n, len(m.rows))
	}
}

func TestTableAgainstModel(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		rapid.Check(t, func(r *rapid.T) {
			m := newModel(t, db)
			r.Repeat(map[string]func(*rapid.T){
				"put": m.put, "remove": m.remove, "claim": m.claim, "finish": m.finish,
				"expire": m.expire, "crash": m.crash, "": m.check,
			})
		})
	})
}
