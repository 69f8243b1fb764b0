package shape_test

import (
	"testing"

	"nephele.dev/nephele/internal/shape"
)

// newOperation links a small table afresh: a tree that refers to itself.
func newOperation(change func(*shape.Table)) *shape.Operation {
	bound := 3.0
	table := &shape.Table{
		Service:    shape.Service{Name: "toy", Protocols: []shape.Protocol{shape.JSON11}},
		Operations: []shape.OperationRow{{Operation: shape.Operation{Name: "Plant"}, Input: 0, Output: 1, Errors: []uint16{5}}},
		Shapes: []shape.Row{
			{Name: "PlantRequest", Kind: shape.Structure, First: 0, Count: 1},
			{Name: "PlantResponse", Kind: shape.Structure, First: 1},
			{Name: "Tree", Kind: shape.Structure, First: 1, Count: 2},
			{Name: "Trees", Kind: shape.List, First: 3, Count: 1},
			{Name: "Name", Kind: shape.String, First: 4, Facts: 1},
			{Name: "Gone", Kind: shape.Structure, First: 4, Facts: 2},
		},
		Members: []shape.MemberRow{
			{Name: "root", Shape: 2, Required: true},
			{Name: "name", Wire: "n", Shape: 4},
			{Name: "branches", Shape: 3, Facts: 1},
			{Name: "member", Shape: 2},
		},
		ShapeFacts: []shape.Shape{{Max: &bound}, {Error: &shape.ErrorTrait{Code: "GoneAway", Status: 410, Sender: true}}},
		Facts:      []shape.Member{{Flattened: true}},
	}
	if change != nil {
		change(table)
	}
	return table.Link().Operation("Plant")
}

func TestLink(t *testing.T) {
	t.Parallel()
	op := newOperation(nil)
	tree := op.Input.Member("root").Shape
	branches := tree.Member("branches")
	switch {
	case tree.Member("name").WireName != "n" || branches.WireName != "branches":
		t.Error("wire names are lost")
	case branches.Shape.Elem.Shape != tree:
		t.Error("the tree does not lead back to itself")
	case !branches.Flattened || branches.Field != 1 || branches.Shape.Elem.Field != -1:
		t.Errorf("facts or fields are lost: %+v", branches)
	case *tree.Member("name").Shape.Max != 3:
		t.Error("the bound is lost")
	case op.Service.Error("GoneAway") != op.Errors[0] || op.Service.Error("Gone") != op.Errors[0]:
		t.Error("the error is not found by code and by name")
	case op.Service.Error("Other") != nil || op.Service.Operation("Other") != nil:
		t.Error("something is found that is not there")
	}
}

func TestChecksum(t *testing.T) {
	t.Parallel()
	base := shape.Checksum(newOperation(nil))
	if again := shape.Checksum(newOperation(nil)); again != base || len(base) != 16 {
		t.Errorf("the same operation has %q and %q", base, again)
	}
	other := 4.0
	for name, change := range map[string]func(*shape.Table){
		"bound":    func(t *shape.Table) { t.ShapeFacts[0].Max = &other },
		"required": func(t *shape.Table) { t.Members[0].Required = false },
		"wire":     func(t *shape.Table) { t.Members[1].Wire = "" },
		"order":    func(t *shape.Table) { t.Members[1], t.Members[2] = t.Members[2], t.Members[1] },
		"path":     func(t *shape.Table) { t.Operations[0].Operation.Path = "/x" },
		"status":   func(t *shape.Table) { t.ShapeFacts[1].Error = &shape.ErrorTrait{Code: "GoneAway", Status: 404} },
	} {
		if shape.Checksum(newOperation(change)) == base {
			t.Errorf("a change of %s leaves the checksum", name)
		}
	}
}
