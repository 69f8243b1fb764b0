package emit

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"nephele.dev/nephele/internal/api/gen/model"
)

// pkg is one package in the making.
type pkg struct {
	name   string
	model  *model.Service
	ids    identifiers
	ops    []*operation
	shapes []*shp
	byKey  map[string]*shp
}

// operation is an operation with its shapes resolved.
type operation struct {
	*model.Operation
	name    string
	in, out *shp
	errors  []*shp
}

// shp is a shape in use.
type shp struct {
	*model.Shape
	name    string // model name; "" for the empty input or output of an operation
	goName  string // structures, unions, event streams and enums
	kind    string // constant of package shape
	index   int
	members []*member // of a list its element, of a map its key and value
	xmlName string
	xmlns   model.XMLNamespace
	stream  bool // a streaming blob
}

// member is a reference from one shape to another.
type member struct {
	model.Ref
	name, goName string
	required     bool
	shape        *shp
}

// resolve finds the shapes that the operations reach and names everything.
func resolve(name string, m *model.Service) (*pkg, error) {
	p := &pkg{name: name, model: m, ids: newIdentifiers(), byKey: map[string]*shp{}}
	for _, o := range m.Operations {
		if err := p.addOperation(o.Name, &o.Value); err != nil {
			return nil, fmt.Errorf("%s: operation %s: %w", name, o.Name, err)
		}
	}
	for _, s := range m.Shapes {
		if !s.Value.Exception {
			continue
		}
		if _, err := p.shape(s.Name, false); err != nil { // some are listed for no operation
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	p.order()
	if len(p.shapes) > math.MaxUint16 || p.countMembers() > math.MaxUint16 {
		return nil, fmt.Errorf("%s: %d shapes with %d members do not fit the table", name, len(p.shapes), p.countMembers())
	}
	p.nameTypes()
	return p, nil
}

func (p *pkg) addOperation(name string, o *model.Operation) error {
	op := &operation{Operation: o, name: name}
	var err error
	if op.in, err = p.root(name+"Input", o.Input); err != nil {
		return err
	}
	if op.out, err = p.root(name+"Output", o.Output); err != nil {
		return err
	}
	for _, e := range o.Errors {
		s, err := p.shape(e.Shape, false)
		if err != nil {
			return err
		}
		op.errors = append(op.errors, s)
	}
	p.ops = append(p.ops, op)
	return nil
}

// root makes the input or output shape of an operation: a copy of the modelled
// structure under the operation's own Go name, or an empty one.
func (p *pkg) root(goName string, ref *model.Ref) (*shp, error) {
	s := &shp{Shape: &model.Shape{Type: "structure"}, kind: "Structure", goName: goName}
	p.byKey["="+goName] = s
	if ref == nil {
		return s, nil
	}
	if s.Shape = p.model.Shapes.Find(ref.Shape); s.Shape == nil {
		return nil, fmt.Errorf("there is no shape %q", ref.Shape)
	}
	s.name = ref.Shape
	if err := p.fill(s); err != nil {
		return nil, err
	}
	s.xmlName = cmp.Or(ref.LocationName, s.xmlName)
	if ref.XMLNamespace != nil {
		s.xmlns = *ref.XMLNamespace
	}
	return s, nil
}

// shape returns the shape in use for a model name. A blob that streams in one
// place and not in another is two shapes.
func (p *pkg) shape(name string, streaming bool) (*shp, error) {
	m := p.model.Shapes.Find(name)
	if m == nil {
		return nil, fmt.Errorf("there is no shape %q", name)
	}
	key := name
	streaming = (streaming || m.Streaming) && m.Type == "blob"
	if streaming {
		key += " streaming"
	}
	if s := p.byKey[key]; s != nil {
		return s, nil
	}
	s := &shp{Shape: m, name: name, stream: streaming}
	p.byKey[key] = s
	return s, p.fill(s)
}

// fill resolves what a shape refers to.
func (p *pkg) fill(s *shp) error {
	var ok bool
	if s.kind, ok = kinds[s.Type]; !ok {
		return fmt.Errorf("shape %s has the unknown type %q", s.name, s.Type)
	}
	switch {
	case s.EventStream:
		s.kind = "EventStream"
	case s.Union:
		s.kind = "Union"
	}
	s.xmlName = s.LocationName
	if s.XMLNamespace != nil {
		s.xmlns = *s.XMLNamespace
	}
	for _, m := range s.Members {
		if err := p.addMember(s, m.Name, m.Value, slices.Contains(s.Required, m.Name)); err != nil {
			return err
		}
	}
	for _, e := range []struct {
		name string
		ref  *model.Ref
	}{{"member", s.Member}, {"key", s.Key}, {"value", s.Value}} {
		if e.ref == nil {
			continue
		}
		if err := p.addMember(s, e.name, *e.ref, false); err != nil {
			return err
		}
	}
	return nil
}

var kinds = map[string]string{
	"structure": "Structure", "list": "List", "map": "Map", "string": "String", "boolean": "Boolean",
	"integer": "Integer", "long": "Long", "float": "Float", "double": "Double", "timestamp": "Timestamp",
	"blob": "Blob",
}

// addMember adds a member. Traits of the shape referred to hold for the member
// too, unless the member has its own: that is how botocore reads its models.
func (p *pkg) addMember(s *shp, name string, ref model.Ref, required bool) error {
	t, err := p.shape(ref.Shape, ref.Streaming)
	if err != nil {
		return fmt.Errorf("%s.%s: %w", s.name, name, err)
	}
	ref.LocationName = cmp.Or(ref.LocationName, t.LocationName)
	s.members = append(s.members, &member{
		Ref: ref, name: name, goName: export(name), required: required, shape: t,
	})
	return nil
}

// order sorts operations, and gives every shape its index: operations' own
// shapes first, in the order of operations, then the others by name.
func (p *pkg) order() {
	slices.SortFunc(p.ops, func(a, b *operation) int { return cmp.Compare(a.name, b.name) })
	for _, op := range p.ops {
		p.shapes = append(p.shapes, op.in, op.out)
	}
	var rest []string
	for key := range p.byKey {
		if key[0] != '=' {
			rest = append(rest, key)
		}
	}
	slices.Sort(rest)
	for _, key := range rest {
		p.shapes = append(p.shapes, p.byKey[key])
	}
	for i, s := range p.shapes {
		s.index = i
	}
}

func (p *pkg) countMembers() int {
	n := 0
	for _, s := range p.shapes {
		n += len(s.members)
	}
	return n
}

// nameTypes gives the named shapes their Go names: first the operations' own,
// which callers can predict, then the others.
func (p *pkg) nameTypes() {
	for _, op := range p.ops {
		p.ids.reserve(op.in.goName, op.out.goName)
	}
	for _, s := range p.shapes {
		if s.goName == "" && s.named() {
			s.goName = p.ids.take(export(s.name), "Type")
		}
	}
}

// named reports whether the shape has a Go type of its own.
func (s *shp) named() bool { return s.structure() || s.enum() }

func (s *shp) structure() bool {
	return s.kind == "Structure" || s.kind == "Union" || s.kind == "EventStream"
}

func (s *shp) enum() bool { return s.kind == "String" && len(s.Enum) > 0 }

// goType is the Go type of a list element, a map value, or a required member.
func (s *shp) goType() string {
	switch s.kind {
	case "Structure", "Union":
		return "*" + s.goName
	case "EventStream":
		return "iter.Seq2[*" + s.goName + ", error]"
	case "List":
		return "[]" + s.members[0].shape.goType()
	case "Map":
		return "map[string]" + s.members[1].shape.goType()
	case "String":
		if s.enum() {
			return s.goName
		}
	case "Blob":
		if s.stream {
			return "io.Reader"
		}
	}
	return scalars[s.kind]
}

var scalars = map[string]string{
	"String": "string", "Boolean": "bool", "Integer": "int32", "Long": "int64",
	"Float": "float32", "Double": "float64", "Timestamp": "time.Time", "Blob": "[]byte",
}

// fieldType is the Go type of a structure's member.
func (m *member) fieldType(inUnion bool) string {
	t := m.shape.goType()
	if (m.required && !inUnion) || nilable(m.shape.kind) {
		return t
	}
	return "*" + t
}

func nilable(kind string) bool {
	switch kind {
	case "Structure", "Union", "EventStream", "List", "Map", "Blob":
		return true
	}
	return false
}
