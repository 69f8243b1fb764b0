package insights

import (
	"context"
	"iter"
	"slices"
)

// Field is a column of a row. A row has no field for what is missing in it.
type Field struct{ Name, Value string }

// Row is a row of a result.
type Row []Field

// maxResult is how many bytes, roughly, a result may have.
const maxResult = 64 << 20

func (r Row) size() int {
	n := 0
	for _, f := range r {
		n += len(f.Name) + len(f.Value) + 32
	}
	return n
}

// Statistics says how much a query has read.
type Statistics struct {
	RecordsMatched float64 // that passed the filters
	RecordsScanned float64
	BytesScanned   float64 // of messages
}

// Options of a run.
type Options struct {
	// Limit is how many rows are returned at most where the query has no limit
	// of its own; 0 is MaxRows.
	Limit int
	// Progress is told now and then how far the run has come; it may be nil. An
	// error ends the run.
	Progress func(Statistics) error
}

// progressEvery is after how many events Progress is told.
const progressEvery = 20_000

// Run executes the query over events, in whatever order they come. Statistics
// are those so far, also with an error.
func (q *Query) Run(ctx context.Context, events iter.Seq2[Event, error], o Options) (rows []Row, _ Statistics, err error) {
	b, st := &budget{}, &Statistics{}
	defer func() {
		switch p := recover().(type) {
		case nil:
		case tooLarge:
			rows, err = nil, ErrTooLarge
		default:
			panic(p)
		}
	}()
	seq := q.source(ctx, events, o, b, st)
	counted := false
	count := func() {
		if !counted {
			counted = true
			seq = each(seq, func(*record) bool { st.RecordsMatched++; return true })
		}
	}
	for _, s := range q.plan(o) {
		switch s.(type) {
		case assign, filter, extract:
		default:
			count()
		}
		seq = s.run(seq, b)
	}
	count()
	size := 0
	for r := range seq {
		row := q.row(r)
		if size += row.size(); size > maxResult && b.err == nil {
			b.err = ErrTooLarge
		}
		if b.err != nil {
			return nil, *st, b.err
		}
		rows = append(rows, row)
	}
	return rows, *st, b.err
}

// source makes records of events until one of them, or the budget, is an error.
func (q *Query) source(ctx context.Context, events iter.Seq2[Event, error], o Options, b *budget, st *Statistics) records {
	return func(yield func(*record) bool) {
		n := 0
		for e, err := range events {
			if b.err == nil && err != nil {
				b.err = err
			}
			if b.err == nil {
				b.err = ctx.Err() // a match with a long message may take a while
			}
			if b.err != nil {
				return
			}
			n++
			st.RecordsScanned++
			st.BytesScanned += float64(len(e.Message))
			if o.Progress != nil && n%progressEvery == 0 {
				if b.err = o.Progress(*st); b.err != nil {
					return
				}
			}
			if !yield(&record{event: &e, at: n}) {
				return
			}
		}
	}
}

// plan adds to the query's stages what it leaves unsaid: the order of events,
// and the limit; and tells sorts that feed a limit how much of them is needed.
func (q *Query) plan(o Options) []stage {
	stages := slices.Clone(q.stages)
	if q.limit == 0 {
		n := MaxRows
		if o.Limit > 0 {
			n = min(n, o.Limit)
		}
		stages = append(stages, limit{n})
	}
	if place, ok := unsorted(stages); ok {
		latestFirst := order{by: []key{{e: fieldRef{"@timestamp"}, desc: true}}}
		stages = slices.Insert(stages, place, stage(latestFirst))
	}
	for i := range stages {
		o, isOrder := stages[i].(order)
		if !isOrder {
			continue
		}
		if l, ok := nextHolding(stages[i+1:]).(limit); ok {
			o.most = l.n
			stages[i] = o
		}
	}
	return stages
}

// unsorted finds where events must be put in order because the query does not:
// before the first stage to which order matters.
func unsorted(stages []stage) (place int, yes bool) {
	for i, s := range stages {
		switch s.(type) {
		case order, *stats:
			return 0, false
		case limit, dedup:
			return i, true
		}
	}
	return len(stages), true
}

// nextHolding returns the first of stages that is not a mere assignment.
func nextHolding(stages []stage) stage {
	for _, s := range stages {
		if _, ok := s.(assign); !ok {
			return s
		}
	}
	return nil
}

// row shows a record.
func (q *Query) row(r *record) Row {
	columns := q.columns
	if columns == nil {
		columns = []column{{"@timestamp"}, {"@message"}}
	}
	row := make(Row, 0, len(columns)+1)
	for _, c := range columns {
		if v := r.get(c.name); v.kind != missing {
			row = append(row, Field{c.name, r.own(v.String())})
		}
	}
	if r.event != nil && !slices.ContainsFunc(columns, func(c column) bool { return c.name == "@ptr" }) {
		row = append(row, Field{"@ptr", r.event.Pointer})
	}
	return row
}
