package policy

import (
	"slices"
	"strings"
)

// Simulation is a decision on one resource with all that led to it, as IAM's
// policy simulator tells it.
type Simulation struct {
	Decision          // Matched are all statements that deny, or else all that allow
	Resource   string // ARN
	Across     bool   // the resource is another account's, so both sides have to allow
	ByIdentity Effect // what each kind of policy says by itself
	ByResource Effect
	ByBoundary Effect
	BySession  Effect
	Bounded    bool // there is a permissions boundary that could limit
	Limited    bool // there are session policies that limit
}

// Simulate answers like Decide, for each resource by itself and in full.
// Missing are the condition keys that statements on the action and the
// resource ask for and the request does not have, as the policies spell them.
func Simulate(r *Request, own *Policies) []Simulation {
	if own == nil {
		own = &Policies{}
	}
	resources := r.Resources
	if len(resources) == 0 {
		resources = []Resource{{ARN: "*"}}
	}
	out := make([]Simulation, len(resources))
	for i := range resources {
		e := newEnv(r, own)
		e.thorough = true
		out[i] = e.simulate(&resources[i], own)
	}
	return out
}

func (e *env) simulate(res *Resource, own *Policies) Simulation {
	d, l := e.decide(res, own)
	d.Matched = e.denying
	if d.Effect != ExplicitDeny {
		d.Matched = e.allowing
	}
	if d.Effect == ImplicitDeny {
		d.Matched = nil
	}
	return Simulation{
		Decision: d, Resource: res.ARN, Across: e.who.Account != e.owner,
		ByIdentity: l.identity.effect(), ByResource: l.resource.effect(),
		ByBoundary: l.boundary.effect(), BySession: l.session.effect(),
		Bounded: l.bounded, Limited: l.limited,
	}
}

func (l *layer) effect() Effect {
	switch {
	case l.denies:
		return ExplicitDeny
	case l.allows():
		return Allow
	}
	return ImplicitDeny
}

// ContextKeys are the condition keys that policies ask for, in conditions and
// as policy variables, each once and as first spelled.
func ContextKeys(docs ...*Document) []string {
	var out []string
	add := func(name string) {
		if name != "" && !slices.ContainsFunc(out, func(k string) bool { return strings.EqualFold(k, name) }) {
			out = append(out, name)
		}
	}
	for _, d := range docs {
		for i := range d.statements {
			d.statements[i].contextKeys(add)
		}
	}
	return out
}

func (s *statement) contextKeys(add func(string)) {
	variables := func(p *pattern) {
		for i := range p.elems {
			if p.elems[i].kind == variable {
				add(p.elems[i].spelled)
			}
		}
	}
	for i := range s.resources {
		variables(&s.resources[i])
	}
	for i := range s.conditions {
		c := &s.conditions[i]
		add(c.spelled)
		for j := range c.values {
			for p := range c.values[j].patterns {
				variables(p)
			}
		}
	}
}
