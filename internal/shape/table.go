package shape

import (
	"reflect"
	"sync"
)

// Table is a service model as static data. Rows name each other by index, so
// that the compiler can lay a table out in the binary: no code runs and nothing
// is allocated before Link.
type Table struct {
	Service    Service // everything but operations and shapes
	Operations []OperationRow
	Shapes     []Row
	Members    []MemberRow
	ShapeFacts []Shape  // the rarer properties of shapes, shared by equal ones
	Facts      []Member // the rarer properties of members, shared by equal ones
	Types      []any    // a nil pointer to each generated type
}

// OperationRow is an operation whose shapes are indexes into Table.Shapes.
type OperationRow struct {
	Operation Operation
	Input     uint16
	Output    uint16
	Errors    []uint16
}

// Row is a shape of a Table. Its members are Table.Members[First:First+Count]; a
// list has its element there, a map its key and value.
type Row struct {
	Name  string
	Kind  Kind
	Type  uint16 // 1 + index into Table.Types; 0 for none
	First uint16
	Count uint16
	Facts uint16 // 1 + index into Table.ShapeFacts; 0 for none
}

// MemberRow is a member; Wire is empty when it is Name, and so is the QueryName
// of an ec2Query service in its facts.
type MemberRow struct {
	Name     string
	Wire     string
	Shape    uint16
	Facts    uint16 // 1 + index into Table.Facts; 0 for none
	Location Location
	Required bool
}

// Link returns the service that the table describes. Its operations and shapes
// are built when they are first asked for. Each call makes another service.
func (t *Table) Link() *Service {
	svc := t.Service
	svc.load = sync.OnceValue(func() *model { return t.build(&svc) })
	return &svc
}

func (t *Table) build(svc *Service) *model {
	m := &model{}
	shapes := make([]Shape, len(t.Shapes))
	members := make([]Member, len(t.Members))
	for i := range t.Members {
		t.linkMember(&members[i], &t.Members[i], shapes)
	}
	pointers := make([]*Member, len(members))
	for i := range members {
		pointers[i] = &members[i]
	}
	m.shapes = make([]*Shape, len(shapes))
	for i := range shapes {
		row := &t.Shapes[i]
		t.linkShape(&shapes[i], row, pointers[row.First:row.First+row.Count:row.First+row.Count])
		m.shapes[i] = &shapes[i]
	}
	m.linkErrors()
	t.linkOperations(m, svc)
	return m
}

func (t *Table) linkMember(m *Member, row *MemberRow, shapes []Shape) {
	if row.Facts > 0 {
		*m = t.Facts[row.Facts-1]
	}
	m.Name, m.WireName = row.Name, row.Wire
	if m.WireName == "" {
		m.WireName = m.Name
	}
	if m.QueryName == "" && t.Service.Protocols[0] == EC2Query {
		m.QueryName = m.Name
	}
	m.Field = -1
	m.Shape = &shapes[row.Shape]
	m.Location = row.Location
	m.Required = row.Required
}

func (t *Table) linkShape(s *Shape, row *Row, members []*Member) {
	if row.Facts > 0 {
		*s = t.ShapeFacts[row.Facts-1]
	}
	s.Name, s.Kind = row.Name, row.Kind
	if row.Type > 0 {
		s.Type = reflect.TypeOf(t.Types[row.Type-1]).Elem()
	}
	switch s.Kind {
	case List:
		s.Elem = members[0]
	case Map:
		s.Key, s.Value = members[0], members[1]
	case Structure, Union, EventStream:
		s.Members = members
		for i, m := range members {
			m.Field = i
		}
	}
}

// linkErrors indexes the error shapes: by wire code, then by name and by query
// code where no wire code says otherwise.
func (m *model) linkErrors() {
	m.byCode = map[string]*Shape{}
	for _, e := range m.shapes {
		if e.Error != nil && m.byCode[e.Error.Code] == nil {
			m.byCode[e.Error.Code] = e
		}
	}
	for _, e := range m.shapes {
		if e.Error == nil {
			continue
		}
		for _, code := range []string{e.Name, e.Error.QueryCode} {
			if code != "" && m.byCode[code] == nil {
				m.byCode[code] = e
			}
		}
	}
}

func (t *Table) linkOperations(m *model, svc *Service) {
	ops := make([]Operation, len(t.Operations))
	m.operations = make([]*Operation, len(ops))
	m.byName = make(map[string]*Operation, len(ops))
	for i := range ops {
		op, row := &ops[i], &t.Operations[i]
		*op = row.Operation
		op.Service = svc
		op.Input, op.Output = m.shapes[row.Input], m.shapes[row.Output]
		op.Errors = make([]*Shape, len(row.Errors))
		for j, e := range row.Errors {
			op.Errors[j] = m.shapes[e]
		}
		m.operations[i] = op
		m.byName[op.Name] = op
	}
}
