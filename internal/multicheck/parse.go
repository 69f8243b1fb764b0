package multicheck

import (
	"errors"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"time"

	"nephele.dev/nephele/internal/multicheck/jsonpath"
)

// The patterns of the schema.
var (
	variableName = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_]*$`)
	stepNumber   = regexp.MustCompile(`^([1-9]|10)$`)
	stepName     = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_-]*$`)
	hostName     = regexp.MustCompile(`^[a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?$`)
	headerName   = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9-_]*$`)
)

// parser reads a configuration. What a text may refer to grows with the steps.
type parser struct {
	reader
	variables map[string]text
	extracted map[string]bool // by the steps that have been read
	names     map[string]bool // of steps
	constants map[string]string
}

// Parse reads a configuration. The error is an *Error.
func Parse(config []byte) (*Plan, error) {
	root, err := decode(ConfigFile, config)
	if err != nil {
		return nil, err
	}
	p := &parser{variables: map[string]text{}, extracted: map[string]bool{}, names: map[string]bool{}, constants: map[string]string{}}
	p.static = func(t text) (string, bool) { return p.constant(t, 0) }
	p.defined = func(name string) bool {
		_, ok := p.variables[name]
		return ok || p.extracted[name]
	}
	o := p.object("", root)
	plan := &Plan{timeout: defaultTimeout}
	p.readVariables(o)
	p.readSettings(o, plan)
	p.readSteps(o, plan)
	o.close()
	if len(p.problems) > 0 {
		return nil, &Error{ConfigFile, p.problems}
	}
	plan.variables = p.variables
	return plan, nil
}

// constant is what t is whatever a run finds: without secrets and extractions.
// A variable is resolved once, however often others refer to it.
func (p *parser) constant(t text, depth int) (string, bool) {
	s, err := t.expand(func(ref part) (string, error) {
		s, ok := p.constants[ref.name]
		if ok && !p.extracted[ref.name] {
			return s, nil
		}
		v, ok := p.variables[ref.name]
		if !ok || p.extracted[ref.name] || depth > MaxVariables {
			return "", errors.New("not constant")
		}
		if s, ok = p.constant(v, depth+1); !ok {
			return "", errors.New("not constant")
		}
		p.constants[ref.name] = s
		return s, nil
	})
	return s, err == nil
}

func (p *parser) readVariables(root *object) {
	v, ok := root.get("variables")
	if !ok {
		return
	}
	o := p.object("variables", v)
	if len(o.members) > MaxVariables {
		p.fail("variables", "has more than %d members", MaxVariables)
		return
	}
	for name := range o.members { // all of them may refer to each other
		p.variables[name] = text{}
	}
	for _, name := range slices.Sorted(maps.Keys(o.members)) {
		if !variableName.MatchString(name) {
			p.fail(o.at(shown(name)), "is not a name of a variable: a letter, then letters, digits and underscores")
		} else if t := o.text(name); t != nil {
			p.variables[name] = *t
		}
	}
	below := map[string]map[string]bool{} // what each variable refers to
	for name, t := range p.variables {
		below[name] = map[string]bool{}
		for _, part := range t.parts {
			below[name][part.name] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(p.variables)) {
		if leadsTo(below, name, name, map[string]bool{}) {
			p.fail("variables."+shown(name), "refers to itself")
		}
	}
	if len(p.problems) > 0 {
		clear(p.variables) // nothing can be resolved
		for name := range o.members {
			p.variables[name] = text{}
		}
	}
}

// leadsTo reports whether references lead from a variable to another one.
func leadsTo(below map[string]map[string]bool, from, to string, seen map[string]bool) bool {
	for name := range below[from] {
		if name == to || !seen[name] && below[name] != nil {
			seen[name] = true
			if name == to || leadsTo(below, name, to, seen) {
				return true
			}
		}
	}
	return false
}

// readSettings reads globalSettings. The guide's example has a userAgent there
// that its schema does not know.
func (p *parser) readSettings(root *object, plan *Plan) {
	v, ok := root.get("globalSettings")
	if !ok {
		return
	}
	o := p.object("globalSettings", v)
	if n := o.number("stepTimeout", minTimeout, maxTimeout, true); n.set {
		s, ok := p.static(n.text)
		ms, err := n.check(s)
		if !ok || err != nil {
			p.fail("globalSettings.stepTimeout", "must be a number from %d to %d", minTimeout, maxTimeout)
		}
		plan.timeout = time.Duration(ms) * time.Millisecond
	}
	if t := o.text("userAgent"); t != nil {
		plan.userAgent = *t
	}
	o.close()
}

func (p *parser) readSteps(root *object, plan *Plan) {
	root.require("steps")
	v, ok := root.get("steps")
	if !ok {
		return
	}
	o := p.object("steps", v)
	if o.members != nil && len(o.members) == 0 {
		p.fail("steps", "must have at least one step")
	}
	var numbers []int
	for _, key := range slices.Sorted(maps.Keys(o.members)) {
		if !stepNumber.MatchString(key) {
			p.fail(o.at(shown(key)), "is not the number of a step: 1 to %d", MaxSteps)
			continue
		}
		n, _ := strconv.Atoi(key)
		numbers = append(numbers, n)
	}
	slices.Sort(numbers)
	for _, n := range numbers {
		key := strconv.Itoa(n)
		plan.steps = append(plan.steps, p.readStep(n, p.object(o.at(key), o.members[key])))
	}
}

func (p *parser) readStep(num int, o *object) *step {
	s := &step{Step: Step{Num: num}, path: o.path}
	o.require("stepName")
	if v, ok := o.get("stepName"); ok {
		s.Name, _ = v.(string)
		switch {
		case !stepName.MatchString(s.Name) || len(s.Name) > maxStepName:
			p.fail(o.at("stepName"), "must be a letter, then letters, digits, _ and -, at most %d of them", maxStepName)
		case p.names[s.Name]:
			p.fail(o.at("stepName"), "is the name of an earlier step")
		}
		p.names[s.Name] = true
	}
	s.Kind = Kind(o.enum("checkerType", "", string(HTTP), string(DNS), string(SSL), string(TCP)))
	s.timeout = o.number("timeout", minTimeout, maxTimeout, true)
	switch s.Kind {
	case HTTP:
		s.http = p.readHTTP(o)
	case DNS:
		s.dns = p.readDNS(o)
	case SSL:
		s.ssl = p.readSSL(o)
	case TCP:
		s.tcp = p.readTCP(o)
	default:
		return s // the rest depends on it
	}
	o.list("assertions", maxAssertions, func(path string, v any) {
		if a := p.readAssertion(s.Kind, p.object(path, v)); a != nil {
			s.assertions = append(s.assertions, a)
		}
	})
	var set []string
	o.list("extractors", maxExtractors, func(path string, v any) {
		e := p.readExtractor(p.object(path, v))
		s.extractors, set = append(s.extractors, e), append(set, e.name)
	})
	for _, name := range set {
		p.extracted[name] = true
		clear(p.constants)
	}
	o.close()
	return s
}

func (p *parser) readExtractor(o *object) extractor {
	e := extractor{at: o.path}
	o.require("name")
	if v, ok := o.get("name"); ok {
		if e.name, _ = v.(string); !variableName.MatchString(e.name) {
			p.fail(o.at("name"), "is not a name of a variable: a letter, then letters, digits and underscores")
		}
	}
	o.enum("type", "", "BODY")
	if e.pathText = o.text("path"); e.pathText != nil {
		e.path = p.compilePath(o.at("path"), *e.pathText)
	}
	if e.regex = o.text("regex"); e.regex != nil {
		e.pattern = p.compile(o.at("regex"), *e.regex)
	}
	e.group = o.number("regexGroup", 0, 100, true)
	if n, ok := p.static(e.group.text); ok && e.group.set && e.pattern != nil {
		if group, err := strconv.Atoi(n); err == nil && group > e.pattern.re.NumSubexp() {
			p.fail(o.at("regexGroup"), "is %d, but the regular expression has %d groups", group, e.pattern.re.NumSubexp())
		}
	}
	o.close()
	return e
}

// compilePath parses a JSONPath that has no references.
func (p *parser) compilePath(at string, t text) *jsonpath.Path {
	s, ok := p.static(t)
	if !ok {
		return nil
	}
	path, err := jsonpath.Parse(s)
	if err != nil {
		p.fail(at, "%s", err)
	}
	return path
}

// compile compiles a regular expression that has no references.
func (p *parser) compile(at string, t text) *expression {
	s, ok := p.static(t)
	if !ok {
		return nil
	}
	re, err := pattern(s)
	if err != nil {
		p.fail(at, "%s", err)
	}
	return re
}

// checkURL holds a URL to what can be requested.
func checkURL(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return nil, errors.New("is not a URL")
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, errors.New("must begin with http:// or https://")
	case u.Hostname() == "":
		return nil, errors.New("has no host")
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
			return nil, errors.New("has a port that is none")
		}
	}
	return u, nil
}

// checkHost holds a host to the schema's hostname, which literal IPv4 addresses
// fit as well. Literal IPv6 addresses are taken too.
func checkHost(s string) error {
	if len(s) > maxHostname || !hostName.MatchString(s) && !isIPv6(s) {
		return errors.New("must be a host name or an address")
	}
	return nil
}
