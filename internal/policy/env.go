package policy

import (
	"slices"
	"strings"
)

// env is what a statement is evaluated in: a request and one of its resources.
type env struct {
	who      *Principal
	keys     Keys
	resource *Resource
	action   string // in lower case
	service  string // of the action, in lower case
	owner    string // account that owns the resource
	bounded  bool   // the principal has a permissions boundary
	deny     bool   // the statement being evaluated denies
	missing  []string

	// thorough has every statement and condition evaluated, also those that
	// cannot change the decision, and notes the statements that apply.
	thorough          bool
	denying, allowing []Match

	asked    [1]string // holds the computed value of a condition's key
	inserted [1]string // and that of a policy variable
}

// values are the values of a condition key; none when the request has no such
// key. A computed one is put into buf.
func (e *env) values(k key, name string, buf *[1]string) []string {
	if v, ok := e.resource.Keys[name]; ok {
		return v
	}
	if k == resourceAccount {
		if e.owner == "" {
			return nil
		}
		buf[0] = e.owner
		return buf[:]
	}
	if k != other {
		if v, ok := e.who.value(k, name); ok {
			buf[0] = v
			return buf[:]
		}
	}
	if s := e.who.Session; s != nil {
		if v, ok := s.Keys[name]; ok {
			return v
		}
	}
	return e.keys[name]
}

// miss notes a key that was asked for and not there.
func (e *env) miss(name string) {
	if !slices.ContainsFunc(e.missing, func(m string) bool { return strings.EqualFold(m, name) }) {
		e.missing = append(e.missing, name)
	}
}

// resolve is the value of a policy variable. Keys of several values have none.
func (e *env) resolve(v *elem) (string, bool) {
	if values := e.values(v.key, v.text, &e.inserted); len(values) == 1 {
		return values[0], true
	}
	return v.fallback, v.optional
}

// resolvable reports whether every variable of a pattern has a value.
func (e *env) resolvable(p *pattern) bool {
	if !p.vars {
		return true
	}
	for i := range p.elems {
		if p.elems[i].kind == variable {
			if _, ok := e.resolve(&p.elems[i]); !ok {
				e.miss(p.elems[i].spelled)
				return false
			}
		}
	}
	return true
}

// match matches a pattern whose variables are resolvable. Their values stand
// for themselves: a star in one is no wildcard.
func (e *env) match(p *pattern, text string) bool {
	if !p.vars {
		return p.match(text)
	}
	var buf [16]elem
	elems := append(buf[:0], p.elems...)
	for i := range elems {
		if elems[i].kind == variable {
			v, _ := e.resolve(&elems[i])
			elems[i] = elem{kind: literal, text: v}
		}
	}
	return matchElems(elems, text)
}

// literal is the text of a pattern without wildcards.
func (e *env) literal(p *pattern) string {
	if !p.vars {
		return p.text
	}
	var b strings.Builder
	for i := range p.elems {
		if p.elems[i].kind == variable {
			v, _ := e.resolve(&p.elems[i])
			b.WriteString(v)
		} else {
			b.WriteString(p.elems[i].text)
		}
	}
	return b.String()
}
