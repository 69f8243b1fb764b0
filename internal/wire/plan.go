package wire

import (
	"reflect"
	"strconv"
	"strings"
	"sync"

	"nephele.dev/nephele/internal/shape"
)

// A plan is what the codecs know about a shape beyond the model: everything
// that would otherwise be computed for each message.
type plan struct {
	*shape.Shape
	fields   []*field          // structures: every member, in the model's order
	byName   map[string]*field // structures: by model name (awsJson, CBOR)
	required uint64            // the bits of the required members
	cost     int               // what one value is charged against Limits.MaxMembers
	elem     *field            // lists
	key      *field            // maps
	value    *field            // maps
	rest     bindings
	xml      xmlNames
}

// A field is a member with what a codec needs of it.
type field struct {
	*shape.Member
	plan    *plan
	name    string // name on the wire
	path    string // name in validation messages
	bit     uint64 // in plan.required; 0 for optional members
	jsonKey []byte // "Name":
	wireKey []byte // "wireName":
	flat    bool   // lists and maps: flattened by member or shape
}

// bindings sorts the members of an operation's input or output by where they
// travel in the REST protocols.
type bindings struct {
	labels   []*field
	query    []*field
	headers  []*field
	prefixes []*field
	status   *field
	payload  *field
	body     []*field
	byWire   map[string]*field // body members by wire name
}

// xmlNames sorts the members of a structure for XML.
type xmlNames struct {
	attrs    []*field
	elements []*field
	byName   map[string]*field
	byQuery  map[string]*field // by the names of awsQuery answers
}

var (
	plans  sync.Map // *shape.Shape to *plan
	planMu sync.Mutex
)

// planOf returns the plan of s, building it and those it refers to at the
// first call.
func planOf(s *shape.Shape) *plan {
	if p, ok := plans.Load(s); ok {
		return p.(*plan)
	}
	planMu.Lock()
	defer planMu.Unlock()
	fresh := map[*shape.Shape]*plan{}
	p := buildPlan(s, fresh)
	for s, p := range fresh { // published whole: shapes may be recursive
		plans.Store(s, p)
	}
	return p
}

// buildPlan plans s and all that it refers to into fresh.
func buildPlan(s *shape.Shape, fresh map[*shape.Shape]*plan) *plan {
	if p, ok := plans.Load(s); ok {
		return p.(*plan)
	}
	if p, ok := fresh[s]; ok {
		return p
	}
	p := &plan{Shape: s, cost: 1}
	fresh[s] = p
	switch s.Kind {
	case shape.Structure, shape.Union, shape.EventStream:
		buildStructure(p, fresh)
	case shape.List:
		p.elem = newField(s.Elem, "member", fresh)
	case shape.Map:
		p.key = newField(s.Key, "key", fresh)
		p.value = newField(s.Value, "value", fresh)
	}
	return p
}

// buildStructure plans the members of p.
func buildStructure(p *plan, fresh map[*shape.Shape]*plan) {
	p.byName = make(map[string]*field, len(p.Members))
	if p.Type != nil {
		p.cost += int(p.Type.Size() / 64)
	}
	bits := 0
	for _, m := range p.Members {
		f := newField(m, m.Name, fresh)
		if m.Required && bits < 64 {
			f.bit = 1 << bits
			p.required |= f.bit
			bits++
		}
		p.fields = append(p.fields, f)
		p.byName[m.Name] = f
	}
	p.rest.sort(p)
	p.xml.sort(p)
}

// newField plans a member; fallback is its name where the model gives none.
func newField(m *shape.Member, fallback string, fresh map[*shape.Shape]*plan) *field {
	f := &field{Member: m, plan: buildPlan(m.Shape, fresh), name: m.WireName}
	if f.name == "" && m.Location != shape.Headers { // no prefix: every header
		f.name = fallback
	}
	f.path = lowerFirst(m.Name)
	f.flat = m.Flattened || m.Shape.Flattened
	f.jsonKey = append(appendJSONString(nil, m.Name), ':')
	f.wireKey = append(appendJSONString(nil, f.name), ':')
	return f
}

// lowerFirst writes a member's name as AWS's validation messages do:
// "DocumentName" is reported as "documentName".
func lowerFirst(s string) string {
	if s == "" || s[0] < 'A' || s[0] > 'Z' {
		return s
	}
	return string(s[0]+'a'-'A') + s[1:]
}

// sort files the members of p by location.
func (b *bindings) sort(p *plan) {
	b.byWire = make(map[string]*field, len(p.fields))
	for _, f := range p.fields {
		switch {
		case p.Payload != "" && f.Name == p.Payload:
			b.payload = f
		case f.Location == shape.URI:
			b.labels = append(b.labels, f)
		case f.Location == shape.QueryString:
			b.query = append(b.query, f)
		case f.Location == shape.Header:
			b.headers = append(b.headers, f)
		case f.Location == shape.Headers:
			b.prefixes = append(b.prefixes, f)
		case f.Location == shape.StatusCode:
			b.status = f
		case f.plan.Kind != shape.EventStream:
			b.body = append(b.body, f)
			b.byWire[f.name] = f
		}
	}
}

// sort files the body members of p by element name. A flattened list can be
// found by two names; a member whose own name it is goes first.
func (x *xmlNames) sort(p *plan) {
	x.byName = make(map[string]*field, len(p.fields))
	for _, f := range p.fields {
		if f.Location != shape.Body {
			continue
		}
		if f.XMLAttribute {
			x.attrs = append(x.attrs, f)
			continue
		}
		x.elements = append(x.elements, f)
		x.byName[f.name] = f
	}
	x.byQuery = make(map[string]*field, len(p.fields))
	for _, f := range x.elements {
		if n := f.entryName(); x.byName[n] == nil {
			x.byName[n] = f
		}
		x.byQuery[f.queryName()] = f
	}
	for name, f := range x.byName {
		if x.byQuery[name] == nil {
			x.byQuery[name] = f
		}
	}
}

// entryName is the element of each entry of a flattened list: the list
// element's own name where the model gives one, else the member's.
func (f *field) entryName() string {
	if f.flat && f.plan.Kind == shape.List && f.plan.elem.name != "member" {
		return f.plan.elem.name
	}
	return f.name
}

// state is what every decoder carries: limits spent, where it is, what was
// missing.
type state struct {
	limits  Limits
	depth   int
	spent   int
	path    []segment
	missing []string
}

// A segment is one step of a path: a member's name, a map entry's key, or a
// list entry's position from 1. AWS writes "member" after the latter two.
type segment struct {
	name  string
	index int
	entry bool
}

// push steps into a member; pop steps out again, and so for the two below.
func (s *state) push(name string) { s.path = append(s.path, segment{name: name}) }
func (s *state) pushIndex(i int)  { s.path = append(s.path, segment{index: i}) }
func (s *state) pushKey(k string) { s.path = append(s.path, segment{name: k, entry: true}) }
func (s *state) pop()             { s.path = s.path[:len(s.path)-1] }

// enter goes one level deeper; leave comes back.
func (s *state) enter() error {
	s.depth++
	if s.depth > s.limits.MaxDepth {
		return malformed("nesting is deeper than %d levels", s.limits.MaxDepth)
	}
	return nil
}

// leave comes back from where enter went.
func (s *state) leave() { s.depth-- }

// spend charges n values before they are allocated.
func (s *state) spend(n int) error {
	s.spent += n
	if s.spent > s.limits.MaxMembers {
		return malformed("more than %d values in one request", s.limits.MaxMembers)
	}
	return nil
}

// lacking records the required members of p that are not in seen.
func (s *state) lacking(p *plan, seen uint64) {
	for _, f := range p.fields {
		if f.bit&^seen != 0 {
			s.lack(f.path)
		}
	}
}

// lack records that name is missing below the current path; "" means the
// current path itself.
func (s *state) lack(name string) {
	var b strings.Builder
	for _, g := range s.path {
		if g.index > 0 {
			b.WriteString(strconv.Itoa(g.index))
		} else {
			b.WriteString(g.name)
		}
		if g.index > 0 || g.entry {
			b.WriteString(".member")
		}
		b.WriteByte('.')
	}
	s.missing = append(s.missing, strings.TrimSuffix(b.String()+name, "."))
}

// slot returns the settable value behind v, allocating an optional scalar.
func slot(v reflect.Value) reflect.Value {
	if v.Kind() != reflect.Pointer {
		return v
	}
	if v.IsNil() {
		v.Set(reflect.New(v.Type().Elem()))
	}
	return v.Elem()
}

// held returns the value behind v, and false when it is absent.
func held(v reflect.Value) (reflect.Value, bool) {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return v, false
		}
		return v.Elem(), true
	case reflect.Slice, reflect.Map, reflect.Interface, reflect.Func:
		return v, !v.IsNil()
	}
	return v, true
}

// grow appends a zero entry to the slice v and returns it.
func grow(v reflect.Value) reflect.Value {
	n := v.Len()
	if n == v.Cap() {
		v.Grow(1)
	}
	v.SetLen(n + 1)
	e := v.Index(n)
	e.SetZero()
	return e
}

// clearList makes v an empty list, which is not the same as an absent one.
func clearList(v reflect.Value) {
	v.Set(reflect.MakeSlice(v.Type(), 0, 0))
}
