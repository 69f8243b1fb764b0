package policy

import (
	"slices"
	"strings"
)

// Document is a policy, compiled once and safe for concurrent use.
type Document struct {
	// Name is whose policy this is, for messages and simulations: an ARN or the
	// name of an inline policy. Whoever loads a policy sets it.
	Name       string
	text       string
	use        Usage
	statements []statement
	// The statements that may speak of a service's actions, by the service in
	// lower case, and for services that no statement names.
	byService map[string][]int
	others    []int
}

// Usage is where a policy stands, which decides what may be in it.
type Usage uint8

// The usages.
const (
	Identity    Usage = iota // of a user, group or role, a managed policy, a boundary: no Principal
	ResourceUse              // of a bucket, queue, topic, key, secret: Principal is required
	TrustUse                 // of a role: Principal is required, Resource is not allowed
	SessionUse               // a session policy: as Identity, and Version may be left out
)

// String is the text that was parsed.
func (d *Document) String() string { return d.text }

// Version is the version of the policy language: "2012-10-17", or "2008-10-17"
// which is also the one of a document that does not say.
func (d *Document) Version() string {
	if root, err := readJSON(d.text); err == nil && root.member("Version") != nil {
		return root.member("Version").text
	}
	return version2008
}

// Statements is the number of statements.
func (d *Document) Statements() int { return len(d.statements) }

// Sid is the identifier of a statement, or "".
func (d *Document) Sid(i int) string { return d.statements[i].sid }

// statement is one rule.
type statement struct {
	sid          string
	deny         bool
	notAction    bool
	actions      []pattern
	notResource  bool
	resources    []pattern // none matches every resource: of trust policies and where a resource's policy leaves it out
	resourceVars bool
	who          *principals // nil in identity-based policies
	conditions   []condition
	start, end   int
}

// on are the statements that may speak of a service's actions, in order.
func (d *Document) on(service string) []int {
	if list, ok := d.byService[service]; ok {
		return list
	}
	return d.others
}

// index fills byService and others.
func (d *Document) index() {
	d.byService = make(map[string][]int)
	of := make([][]string, len(d.statements))
	for i := range d.statements {
		of[i] = d.statements[i].services()
		for _, service := range of[i] {
			d.byService[service] = nil
		}
	}
	for i, services := range of {
		if services == nil {
			d.others = append(d.others, i)
		}
		for service, list := range d.byService {
			if services == nil || slices.Contains(services, service) {
				d.byService[service] = append(list, i)
			}
		}
	}
}

// services are those that the statement's actions are of, or nil when it may
// speak of any.
func (s *statement) services() []string {
	if s.notAction {
		return nil
	}
	var out []string
	for i := range s.actions {
		if len(s.actions[i].elems) == 0 || s.actions[i].elems[0].kind != literal {
			return nil
		}
		service, _, ok := strings.Cut(s.actions[i].elems[0].text, ":")
		if !ok {
			return nil
		}
		out = append(out, service)
	}
	return out
}

// acts reports whether the statement speaks of an action, in lower case.
func (s *statement) acts(action string) bool {
	for i := range s.actions {
		if s.actions[i].match(action) {
			return !s.notAction
		}
	}
	return s.notAction
}

// concerns reports whether the statement speaks of the request's resource. A
// policy variable without a value in any of the list makes it invalid.
func (s *statement) concerns(e *env) verdict {
	if len(s.resources) == 0 {
		return yes
	}
	if s.resourceVars {
		for i := range s.resources {
			if !e.resolvable(&s.resources[i]) {
				return invalid
			}
		}
	}
	for i := range s.resources {
		if e.match(&s.resources[i], e.resource.ARN) {
			return verdictOf(!s.notResource)
		}
	}
	return verdictOf(s.notResource)
}

// speaks reports how the statement speaks of the request's principal.
func (s *statement) speaks(e *env) grant {
	switch {
	case s.who == nil:
		return toCaller
	case !s.who.negated:
		return s.who.grants(e.who)
	case s.deny:
		return grantIf(e.bounded || !s.who.spares(e.who), toCaller)
	default:
		return grantIf(!s.who.names(e.who), toCaller)
	}
}

// applies evaluates the whole statement.
func (s *statement) applies(e *env) grant {
	if !s.acts(e.action) {
		return noGrant
	}
	g := s.speaks(e)
	if g == noGrant || s.concerns(e) != yes {
		return noGrant
	}
	e.deny = s.deny
	for i := range s.conditions {
		if s.conditions[i].holds(e) == yes {
			continue
		}
		if !e.thorough {
			return noGrant
		}
		g = noGrant
	}
	return g
}

// Grants reports whether some statement allows anything of a service, given in
// lower case, whatever its resources and conditions.
func (d *Document) Grants(service string) bool {
	return slices.ContainsFunc(d.statements, func(s statement) bool { return !s.deny && s.touches(service) })
}

// touches reports whether the statement speaks of any action of a service:
// with NotAction, of all but the ones that are left out.
func (s *statement) touches(service string) bool {
	if !s.notAction {
		services := s.services()
		return services == nil || slices.Contains(services, service)
	}
	return !slices.ContainsFunc(s.actions, func(p pattern) bool {
		return p.form == all || p.form == prefix && p.text == service+":"
	})
}
