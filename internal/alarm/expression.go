package alarm

import (
	"math"
	"slices"
	"strings"
)

// Limits of expressions, from the user guide.
const (
	MaxChildren = 100 // different alarms that a rule refers to
	MaxElements = 500 // functions, constants and operators together
)

// Expression is a parsed rule of a composite alarm.
type Expression struct {
	root     node
	children []string
}

// node is a part of an expression. true and false sides of weigh are the leaves
// that make it so.
type node interface {
	// weigh returns the value, and adds the references that decide it to why.
	weigh(state func(ref string) State, why *[]string) bool
}

type (
	constant bool
	is       struct {
		state State
		ref   string
	}
	not  struct{ of node }
	both struct{ a, b node } // AND
	some struct{ a, b node } // OR
	// atLeast is the function AT_LEAST.
	atLeast struct {
		need   float64
		share  bool // need is a percentage
		state  State
		negate bool
		refs   []string
	}
)

// Children returns the alarms that the rule refers to, each once, by name or
// ARN as they are written, in order of appearance.
func (e *Expression) Children() []string { return e.children }

// Eval returns the rule's value for the states of its children, and those
// children that decide it: of "a or b" that is true, those that are.
func (e *Expression) Eval(state func(ref string) State) (value bool, why []string) {
	value = e.root.weigh(state, &why)
	slices.Sort(why)
	return value, slices.Compact(why)
}

func (c constant) weigh(func(string) State, *[]string) bool { return bool(c) }

func (l is) weigh(state func(string) State, why *[]string) bool {
	*why = append(*why, l.ref)
	return state(l.ref) == l.state
}

func (n not) weigh(state func(string) State, why *[]string) bool { return !n.of.weigh(state, why) }

func (n both) weigh(state func(string) State, why *[]string) bool {
	return pair(n.a, n.b, true, state, why)
}

func (n some) weigh(state func(string) State, why *[]string) bool {
	return pair(n.a, n.b, false, state, why)
}

// pair combines two values. needsBoth is what both have to be for the pair to be
// it; either alone makes the pair its opposite.
func pair(a, b node, needsBoth bool, state func(string) State, why *[]string) bool {
	var whyA, whyB []string
	va, vb := a.weigh(state, &whyA), b.weigh(state, &whyB)
	value := !needsBoth
	if va == needsBoth && vb == needsBoth {
		value = needsBoth
	}
	if va == value {
		*why = append(*why, whyA...)
	}
	if vb == value {
		*why = append(*why, whyB...)
	}
	return value
}

func (n atLeast) weigh(state func(string) State, why *[]string) bool {
	var holding, others []string
	for _, ref := range n.refs {
		if (state(ref) == n.state) != n.negate {
			holding = append(holding, ref)
		} else {
			others = append(others, ref)
		}
	}
	need := n.need
	if n.share {
		need = math.Ceil(n.need / 100 * float64(len(n.refs)))
	}
	value := float64(len(holding)) >= need
	if value {
		*why = append(*why, holding...)
	} else {
		*why = append(*why, others...)
	}
	return value
}

// Name returns the name of the alarm that a reference means, and whether the
// reference is an ARN, whose account and region must be looked at then.
func Name(ref string) (name string, isARN bool) {
	if !strings.HasPrefix(ref, "arn:") {
		return ref, false
	}
	parts := strings.SplitN(ref, ":", 7)
	if len(parts) < 7 || parts[5] != "alarm" {
		return ref, true
	}
	return parts[6], true
}
