package insights

import (
	"cmp"
	"errors"
	"iter"
	"regexp"
	"slices"
)

// records is a sequence on its way from one stage to the next.
type records = iter.Seq[*record]

// stage is one command.
type stage interface {
	run(in records, b *budget) records
}

// ErrTooLarge says that a query would have to hold more than it may.
var ErrTooLarge = errors.New("insights: the query holds too much data; aggregate or filter more")

// maxHeld is how many bytes, roughly, a query may hold.
const maxHeld = 256 << 20

// budget counts what a query holds, and remembers what went wrong.
type budget struct {
	held int
	err  error
}

func (b *budget) hold(bytes int) {
	if b.held += bytes; b.held > maxHeld && b.err == nil {
		b.err = ErrTooLarge
	}
}

type assign struct {
	name string
	e    expr
}

func (a assign) run(in records, _ *budget) records {
	return each(in, func(r *record) bool {
		r.set(a.name, a.e.eval(r))
		return true
	})
}

type filter struct{ e expr }

func (f filter) run(in records, _ *budget) records {
	return each(in, func(r *record) bool { return f.e.eval(r).truth() })
}

// each passes on the records for which f is true.
func each(in records, f func(*record) bool) records {
	return func(yield func(*record) bool) {
		for r := range in {
			if f(r) && !yield(r) {
				return
			}
		}
	}
}

// extract is parse. names are those of the groups; the first is for the whole.
type extract struct {
	source expr
	re     *regexp.Regexp
	names  []string
}

func (x extract) run(in records, _ *budget) records {
	return each(in, func(r *record) bool {
		v := x.source.eval(r)
		if v.kind == missing {
			return true
		}
		found := x.re.FindStringSubmatchIndex(v.String())
		if found == nil {
			return true
		}
		s := v.String()
		for i, name := range x.names {
			if name != "" && found[2*i] >= 0 {
				r.set(name, textOf(s[found[2*i]:found[2*i+1]]))
			}
		}
		return true
	})
}

type key struct {
	e    expr
	desc bool
}

// order sorts. Where most is above 0, what comes behind is not needed.
type order struct {
	by   []key
	most int
}

type sortable struct {
	r    *record
	keys []value
}

func (o order) run(in records, b *budget) records {
	return func(yield func(*record) bool) {
		var held []sortable
		size, kept := 0, 0 // of held, now and when it was last cut
		for r := range in {
			s := sortable{r, make([]value, len(o.by))}
			for i, k := range o.by {
				s.keys[i] = k.e.eval(r)
			}
			held = append(held, s)
			n := s.size()
			size += n
			b.hold(n)
			if o.most > 0 && (len(held) >= 2*o.most+1000 || len(held) > o.most && size > 2*kept+maxHeld/8) {
				held = o.cut(held)
				kept = 0
				for _, s := range held {
					kept += s.size()
				}
				b.hold(kept - size)
				size = kept
			}
		}
		slices.SortFunc(held, o.compare)
		for i, s := range held {
			if o.most > 0 && i == o.most || !yield(s.r) {
				return
			}
		}
	}
}

// cut keeps the records that are needed.
func (o order) cut(held []sortable) []sortable {
	slices.SortFunc(held, o.compare)
	clear(held[o.most:])
	return held[:o.most]
}

// size is roughly what holding s costs. What was read out of the message for
// its keys is read again if it is needed again.
func (s sortable) size() int {
	s.r.tree, s.r.parsed = nil, false
	n := s.r.size()
	for _, k := range s.keys {
		n += k.size()
	}
	return n
}

func (o order) compare(a, b sortable) int {
	for i, k := range o.by {
		c := rank(a.keys[i], b.keys[i])
		if k.desc {
			c = -c
		}
		if c != 0 {
			return c
		}
	}
	return cmp.Compare(a.r.at, b.r.at)
}

// size is roughly what holding r costs.
func (r *record) size() int {
	n := 300 + r.bytes
	if r.event != nil {
		n += len(r.event.Message)
	}
	return n
}

type limit struct{ n int }

func (l limit) run(in records, _ *budget) records {
	return func(yield func(*record) bool) {
		n := 0
		for r := range in {
			if n++; n > l.n { // the rest is counted, not shown
				continue
			}
			if !yield(r) {
				return
			}
		}
	}
}

// dedup passes on the first record of those with the same values, and all
// that lack one of the fields.
type dedup struct{ by []string }

func (d dedup) run(in records, b *budget) records {
	return func(yield func(*record) bool) {
		seen := map[string]struct{}{}
		for r := range in {
			values := make([]value, len(d.by))
			for i, name := range d.by {
				values[i] = r.get(name)
			}
			if !slices.ContainsFunc(values, func(v value) bool { return v.kind == missing }) {
				id := identity(values)
				if _, again := seen[id]; again {
					continue
				}
				seen[id] = struct{}{}
				b.hold(len(id) + 48)
			}
			if !yield(r) {
				return
			}
		}
	}
}
