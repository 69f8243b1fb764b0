package insights

import (
	"encoding/binary"
	"math"
	"slices"
	"strings"
)

// stats is the aggregating stage.
type stats struct {
	aggregates []aggregate
	by         []assign
	out        []assign
}

// aggregate is one function over the records of a group.
type aggregate struct {
	make func(args []expr) tally
	args []expr // of one record
}

// tally collects the records of one group.
type tally interface {
	add(r *record) (bytes int)
	result() value
}

type maker struct {
	min, max int
	make     func(args []expr) tally
}

// aggregates by name in lower case.
var aggregates = map[string]maker{
	"count":          {0, 1, func(a []expr) tally { return &counter{args: a} }},
	"count_distinct": {1, 1, func(a []expr) tally { return &distinct{arg: a[0], seen: map[string]struct{}{}} }},
	"sum":            {1, 1, func(a []expr) tally { return &moments{arg: a[0], of: func(m *moments) float64 { return m.sum }} }},
	"avg":            {1, 1, func(a []expr) tally { return &moments{arg: a[0], of: func(m *moments) float64 { return m.sum / m.n }} }},
	"stddev":         {1, 1, func(a []expr) tally { return &moments{arg: a[0], of: (*moments).stddev} }},
	"min":            {1, 1, func(a []expr) tally { return &best{arg: a[0], sign: -1, numeric: true} }},
	"max":            {1, 1, func(a []expr) tally { return &best{arg: a[0], sign: 1, numeric: true} }},
	"sortsfirst":     {1, 1, func(a []expr) tally { return &best{arg: a[0], sign: -1} }},
	"sortslast":      {1, 1, func(a []expr) tally { return &best{arg: a[0], sign: 1} }},
	"earliest":       {1, 1, func(a []expr) tally { return &nearest{arg: a[0], sign: -1} }},
	"latest":         {1, 1, func(a []expr) tally { return &nearest{arg: a[0], sign: 1} }},
	"pct":            {2, 2, func(a []expr) tally { return &percentile{arg: a[0], at: a[1]} }},
	"median":         {1, 1, func(a []expr) tally { return &percentile{arg: a[0], at: constant{numberOf(50)}} }},
}

// aggregate parses a call of an aggregating function.
func (p *parser) aggregate(start int, name string, m maker) expr {
	if p.stats == nil || p.inside {
		p.fail(start, "the function %s is for the stats command", name)
	}
	p.inside = true
	defer func() { p.inside = false }()
	var args []expr
	if name == "count" && p.sign("*") {
		p.need(")")
	} else {
		args = p.arguments()
	}
	p.arity(start, name, args, m.min, m.max)
	p.stats.aggregates = append(p.stats.aggregates, aggregate{m.make, args})
	return aggregateRef{len(p.stats.aggregates) - 1}
}

func (p *parser) statsCommand() {
	s := &stats{}
	p.stats = s
	for {
		e, name := p.named()
		s.out = append(s.out, assign{name, e})
		if !p.sign(",") {
			break
		}
	}
	p.stats = nil
	if p.word("by") {
		for {
			e, name := p.named()
			s.by = append(s.by, assign{name, e})
			if !p.sign(",") {
				break
			}
		}
	}
	p.add(s)
	p.query.grouped = true
	p.shown, p.display = nil, nil
	for _, a := range slices.Concat(s.by, s.out) {
		p.shown = append(p.shown, column{a.name})
	}
}

// group is the records with the same values.
type group struct {
	by      []value
	tallies []tally
}

// run aggregates what comes, and passes on a record for each group, in the
// order in which they came up.
func (s *stats) run(in records, b *budget) records {
	return func(yield func(*record) bool) {
		groups := map[string]*group{}
		var list []*group
		for r := range in {
			by := make([]value, len(s.by))
			for i, a := range s.by {
				by[i] = a.e.eval(r)
			}
			id := identity(by)
			g := groups[id]
			if g == nil {
				g = &group{by: make([]value, len(by))}
				for i, v := range by {
					g.by[i] = v.held()
				}
				for _, a := range s.aggregates {
					g.tallies = append(g.tallies, a.make(a.args))
				}
				groups[id] = g
				list = append(list, g)
				b.hold(2*len(id) + 200 + 100*len(g.tallies))
			}
			for _, t := range g.tallies {
				b.hold(t.add(r))
			}
		}
		if len(list) == 0 && len(s.by) == 0 && b.err == nil {
			g := &group{}
			for _, a := range s.aggregates {
				g.tallies = append(g.tallies, a.make(a.args))
			}
			list = append(list, g)
		}
		for i, g := range list {
			if !yield(s.row(g, i)) {
				return
			}
		}
	}
}

func (s *stats) row(g *group, at int) *record {
	r := &record{made: map[string]value{}, at: at}
	for i, a := range s.by {
		r.made[a.name] = g.by[i]
	}
	for i, t := range g.tallies {
		r.made[aggregateName(i)] = t.result()
	}
	for _, a := range s.out {
		r.made[a.name] = a.e.eval(r)
	}
	return r
}

// identity is the same for equal values, and for no others.
func identity(values []value) string {
	var b strings.Builder
	for _, v := range values {
		s := v.String()
		var size [binary.MaxVarintLen64]byte
		n := binary.PutUvarint(size[:], uint64(len(s)))
		b.WriteByte(byte(btoi(v.kind != missing)))
		b.Write(size[:n])
		b.WriteString(s)
	}
	return b.String()
}

type counter struct {
	args []expr
	n    float64
}

func (c *counter) add(r *record) int {
	if len(c.args) == 0 || c.args[0].eval(r).kind != missing {
		c.n++
	}
	return 0
}

func (c *counter) result() value { return numberOf(c.n) }

type distinct struct {
	arg  expr
	seen map[string]struct{}
}

func (d *distinct) add(r *record) int {
	v := d.arg.eval(r)
	if v.kind == missing {
		return 0
	}
	s := v.String()
	if _, ok := d.seen[s]; ok {
		return 0
	}
	d.seen[strings.Clone(s)] = struct{}{}
	return len(s) + 48
}

func (d *distinct) result() value { return numberOf(float64(len(d.seen))) }

// moments sums up numbers by Welford's method, which keeps its digits.
type moments struct {
	arg                   expr
	of                    func(*moments) float64
	n, sum, mean, squares float64
}

func (m *moments) add(r *record) int {
	x, ok := m.arg.eval(r).number()
	if !ok {
		return 0
	}
	m.n++
	m.sum += x
	delta := x - m.mean
	m.mean += delta / m.n
	m.squares += delta * (x - m.mean)
	return 0
}

// stddev is that of a sample.
func (m *moments) stddev() float64 {
	if m.n < 2 {
		return 0
	}
	return math.Sqrt(m.squares / (m.n - 1))
}

func (m *moments) result() value {
	if m.n == 0 {
		return value{}
	}
	return numberOf(m.of(m))
}

// best keeps the smallest or greatest value.
type best struct {
	arg     expr
	sign    int
	numeric bool // numbers alone
	v       value
}

func (b *best) add(r *record) int {
	v := b.arg.eval(r)
	if v.kind == missing {
		return 0
	}
	if n, ok := v.number(); b.numeric && v.kind == text {
		if !ok {
			return 0
		}
		v = numberOf(n)
	}
	if b.v.kind == missing || rank(v, b.v)*b.sign > 0 {
		grown := v.size() - b.v.size()
		b.v = v.held()
		return grown
	}
	return 0
}

func (b *best) result() value { return b.v }

// nearest keeps the value of the earliest or latest record that has one.
type nearest struct {
	arg  expr
	sign float64
	at   float64
	v    value
}

func (n *nearest) add(r *record) int {
	v := n.arg.eval(r)
	at, ok := r.get("@timestamp").number()
	if v.kind == missing || !ok {
		return 0
	}
	if n.v.kind == missing || (at-n.at)*n.sign > 0 {
		grown := v.size() - n.v.size()
		n.v, n.at = v.held(), at
		return grown
	}
	return 0
}

func (n *nearest) result() value { return n.v }

type percentile struct {
	arg, at expr
	values  []float64
}

func (p *percentile) add(r *record) int {
	n, ok := p.arg.eval(r).number()
	if !ok {
		return 0
	}
	p.values = append(p.values, n)
	return 8
}

// result interpolates between the two nearest values.
func (p *percentile) result() value {
	at, ok := p.at.eval(&record{}).number()
	if !ok || at < 0 || at > 100 || len(p.values) == 0 {
		return value{}
	}
	slices.Sort(p.values)
	place := at / 100 * float64(len(p.values)-1)
	low := int(place)
	high := min(low+1, len(p.values)-1)
	share := place - float64(low)
	return numberOf(p.values[low]*(1-share) + p.values[high]*share)
}
