package validate

import (
	"reflect"

	"nephele.dev/nephele/internal/shape"
)

// maxReported bounds the violations that a message spells out. They are all
// counted.
const maxReported = 128

// maxDepth bounds the walk. Decoders allow less.
const maxDepth = 256

// walker goes through a value along its shape and notes what is wrong.
type walker struct {
	rules   rules
	missing map[string]bool // absent required members, by normalised path
	order   []string        // missing as given
	output  bool            // an answer, not a request
	decoded bool            // missing is complete; zero values say nothing
	blind   bool            // messages hold no values
	at      path            // where the walk is
	count   int
	found   []string // at most maxReported
	absent  string   // first absent member, as modelled
}

func newWalker(r rules, missing []string, decoded bool) *walker {
	w := &walker{rules: r, decoded: decoded}
	if len(missing) > 0 {
		w.missing = make(map[string]bool, len(missing))
		for _, p := range missing {
			p = normalise(p)
			if !w.missing[p] {
				w.order = append(w.order, p)
			}
			w.missing[p] = true
		}
	}
	return w
}

// structure walks the members of a structure or union.
func (w *walker) structure(s *shape.Shape, v reflect.Value) {
	if len(w.at) > maxDepth {
		return
	}
	for _, m := range s.Members {
		w.at = append(w.at, segment{name: m.Name})
		w.member(m, v.Field(m.Field))
		w.at = w.at[:len(w.at)-1]
	}
}

func (w *walker) member(m *shape.Member, v reflect.Value) {
	if m.Required && w.isAbsent(m, v) {
		w.null(m)
		return
	}
	if !isNil(v) {
		w.value(m.Shape, reflect.Indirect(v))
	}
}

// isNil reports whether v is a value that can be nil and is.
func isNil(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Interface:
		return v.IsNil()
	default:
		return false
	}
}

// isAbsent reports whether a required member was not given. A stream that is
// nil is an empty one.
func (w *walker) isAbsent(m *shape.Member, v reflect.Value) bool {
	if w.decoded {
		return len(w.missing) > 0 && w.take()
	}
	return isNil(v) && !m.Shape.Streaming
}

// take reports whether the walk is at one of the missing, and strikes it off.
func (w *walker) take() bool {
	p := w.at.String()
	if !w.missing[p] {
		return false
	}
	delete(w.missing, p)
	return true
}

// leftovers notes the missing members that the walk did not come by.
func (w *walker) leftovers() {
	for _, p := range w.order {
		if w.missing[p] {
			w.note(nullAt(p, w.rules.silent))
			if w.absent == "" {
				w.absent = modelled(p)
			}
		}
	}
}

// value checks v, which is present, against s and walks on into it.
func (w *walker) value(s *shape.Shape, v reflect.Value) {
	if s.Document || s.Streaming {
		return
	}
	if w.output && (s.Kind == shape.List || s.Kind == shape.Map) && v.Len() == 0 {
		return
	}
	switch s.Kind {
	case shape.Structure, shape.Union:
		w.structure(s, v)
	case shape.List:
		w.list(s, v)
	case shape.Map:
		w.mapping(s, v)
	case shape.EventStream:
	default:
		w.scalar(s, v)
	}
}

// scalar notes each constraint of s that v breaks.
func (w *walker) scalar(s *shape.Shape, v reflect.Value) {
	for _, c := range constraintsOf(s) {
		if !c.holds(v) {
			w.violation(s, v, c.text)
		}
	}
}

// list checks a list's length and its elements.
func (w *walker) list(s *shape.Shape, v reflect.Value) {
	w.scalar(s, v)
	if isScalar(s.Elem.Shape) {
		if cs := constraintsOf(s.Elem.Shape); !allHold(cs, v.Len(), v.Index) {
			w.violation(s, v, "Member must satisfy constraint: "+w.bracket(cs))
		}
		return
	}
	for i := range v.Len() {
		w.element(segment{index: i + 1}, s.Elem.Shape, v.Index(i))
	}
}

// mapping checks a map's length, its keys and its values.
func (w *walker) mapping(s *shape.Shape, v reflect.Value) {
	w.scalar(s, v)
	keys := sortedKeys(v)
	if cs := constraintsOf(s.Key.Shape); !allHold(cs, len(keys), func(i int) reflect.Value { return keys[i] }) {
		w.violation(s, v, "Map keys must satisfy constraint: "+w.bracket(cs))
	}
	value := func(i int) reflect.Value { return v.MapIndex(keys[i]) }
	if isScalar(s.Value.Shape) {
		if cs := constraintsOf(s.Value.Shape); !allHold(cs, len(keys), value) {
			w.violation(s, v, "Map value must satisfy constraint: "+w.bracket(cs))
		}
		return
	}
	for i, k := range keys {
		w.element(segment{name: k.String(), key: true}, s.Value.Shape, value(i))
	}
}

// element walks a structure, list or map inside a list or map.
func (w *walker) element(at segment, s *shape.Shape, v reflect.Value) {
	if isNil(v) {
		return
	}
	w.at = append(w.at, at)
	w.value(s, reflect.Indirect(v))
	w.at = w.at[:len(w.at)-1]
}

// isScalar reports whether values of s are reported at what holds them.
func isScalar(s *shape.Shape) bool {
	switch s.Kind {
	case shape.Structure, shape.Union, shape.List, shape.Map, shape.EventStream:
		return false
	default:
		return !s.Document
	}
}

func allHold(cs []constraint, n int, at func(int) reflect.Value) bool {
	if len(cs) == 0 {
		return true
	}
	for i := range n {
		v := reflect.Indirect(at(i))
		for _, c := range cs {
			if !c.holds(v) {
				return false
			}
		}
	}
	return true
}
