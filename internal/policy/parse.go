package policy

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// The versions of the policy language.
const (
	version2008 = "2008-10-17"
	version2012 = "2012-10-17"
)

// The errors are IAM's words for a MalformedPolicyDocument.
//
//nolint:revive,staticcheck // capitals and full stops are part of them
var (
	errLegacy      = errors.New("The policy failed legacy parsing")
	errVersion     = errors.New("Policy document must be version 2012-10-17 or greater.")
	errSid         = errors.New("Statement IDs (SID) in a single policy must be unique.")
	errSidForm     = errors.New("Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*")
	errNoActions   = errors.New("Policy statement must contain actions.")
	errNoResources = errors.New("Policy statement must contain resources.")
	errPrincipal   = errors.New("Policy document should not specify a principal.")
	errNoPrincipal = errors.New("Missing required field Principal")
	errAssume      = errors.New("AssumeRole policy may only specify STS AssumeRole actions.")
	errPreface     = errors.New("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")
	errColons      = errors.New("Actions/Condition can contain only one colon.")
)

var (
	sidForm    = regexp.MustCompile(`^[0-9A-Za-z]*$`)
	vendorForm = regexp.MustCompile(`^[A-Za-z0-9.-]+$`)
)

// Parse compiles a policy. The error says, in IAM's words, what is wrong with
// it. IAM tells the first of: faults of grammar, of version, of what its older
// parser cannot read, of identifiers, missing actions, faults of resources and
// of actions, elements that are missing or must not be there.
func Parse(text string, use Usage) (*Document, error) {
	root, err := readJSON(text)
	if err != nil {
		return nil, err
	}
	nodes, version, err := grammar(root)
	if err != nil {
		return nil, err
	}
	if use == Identity && version != version2012 {
		return nil, errVersion
	}
	p := parser{use: use, vars: version == version2012}
	d := &Document{text: text, use: use, statements: make([]statement, len(nodes))}
	for i, n := range nodes {
		if err := p.statement(&d.statements[i], n); err != nil {
			return nil, err
		}
	}
	if err := p.check(nodes); err != nil {
		return nil, err
	}
	d.index()
	return d, nil
}

// grammar checks the document's outline and returns its statements.
func grammar(root *node) (statements []*node, version string, err error) {
	if root.kind != '{' {
		return nil, "", errSyntax
	}
	version = version2008
	for _, m := range root.members {
		switch m.name {
		case "Version":
			if version = m.value.text; m.value.kind != '"' || version != version2008 && version != version2012 {
				return nil, "", errSyntax
			}
		case "Id":
			if m.value.kind != '"' {
				return nil, "", errSyntax
			}
		case "Statement":
			if statements = m.value.items; m.value.kind == '{' {
				statements = []*node{m.value}
			}
		default:
			return nil, "", errSyntax
		}
	}
	for _, s := range statements {
		if !wellFormed(s) {
			return nil, "", errSyntax
		}
	}
	if len(statements) == 0 {
		return nil, "", errSyntax
	}
	return statements, version, nil
}

// wellFormed checks the names and types of a statement's elements.
func wellFormed(s *node) bool {
	if s.kind != '{' || s.member("Effect") == nil {
		return false
	}
	for _, m := range s.members {
		var ok bool
		switch m.name {
		case "Sid":
			ok = m.value.kind == '"'
		case "Effect":
			ok = m.value.kind == '"' && (strings.EqualFold(m.value.text, "Allow") || strings.EqualFold(m.value.text, "Deny"))
		case "Action", "NotAction", "Resource", "NotResource":
			_, err := stringList(m.value)
			ok = err == nil
		case "Principal", "NotPrincipal":
			ok = m.value.kind == '"' || m.value.kind == '{'
		case "Condition":
			ok = m.value.kind == '{' && !slices.ContainsFunc(m.value.members, member.malformed)
		}
		if !ok {
			return false
		}
	}
	for _, name := range []string{"Action", "Resource", "Principal"} {
		if s.has(name) && s.has("Not"+name) {
			return false
		}
	}
	return true
}

// malformed reports whether m is not an operator with its keys and values:
// strings, numbers and booleans, one or a list. One without keys may have any
// name.
func (m member) malformed() bool {
	_, err := parseOperator(m.name)
	if m.value.kind != '{' || err != nil && len(m.value.members) > 0 {
		return true
	}
	return slices.ContainsFunc(m.value.members, func(key member) bool {
		return slices.ContainsFunc(key.value.list(), func(v *node) bool { return v.kind == '{' || v.kind == '[' || v.kind == 'n' })
	})
}

// list are the items of an array, or the value itself.
func (n *node) list() []*node {
	if n.kind == '[' {
		return n.items
	}
	return []*node{n}
}

func (n *node) has(name string) bool { return n.member(name) != nil }

// stringList reads a string or an array of strings.
func stringList(n *node) ([]string, error) {
	switch n.kind {
	case '"':
		return []string{n.text}, nil
	case '[':
		list := make([]string, len(n.items))
		for i, item := range n.items {
			if item.kind != '"' {
				return nil, errSyntax
			}
			list[i] = item.text
		}
		return list, nil
	}
	return nil, errSyntax
}

// parser compiles statements.
type parser struct {
	use  Usage
	vars bool // policy variables count
}

func (p *parser) statement(s *statement, n *node) error {
	s.start, s.end = n.start, n.end
	if sid := n.member("Sid"); sid != nil {
		s.sid = sid.text
	}
	if c := n.member("Condition"); c != nil {
		var err error
		if s.conditions, err = p.conditions(c); err != nil {
			return err
		}
	}
	switch n.member("Effect").text {
	case "Allow":
	case "Deny":
		s.deny = true
	default:
		return errLegacy
	}
	s.actions, s.notAction = p.actions(n)
	p.resources(s, n)
	return p.principal(s, n)
}

// element is a statement's element or the negated one.
func element(n *node, name string) (list []string, negated bool) {
	e := n.member(name)
	if e == nil {
		e, negated = n.member("Not"+name), true
	}
	if e == nil {
		return nil, false
	}
	list, _ = stringList(e) // wellFormed has seen it
	return list, negated
}

func (p *parser) actions(n *node) ([]pattern, bool) {
	list, negated := element(n, "Action")
	out := make([]pattern, len(list))
	for i, a := range list {
		out[i] = compile(strings.ToLower(a), true, false)
	}
	return out, negated
}

func (p *parser) resources(s *statement, n *node) {
	list, negated := element(n, "Resource")
	s.notResource = negated
	for _, r := range list {
		if p.identity() {
			r = complete(r, p.vars)
		}
		c := compile(r, true, p.vars)
		s.resources = append(s.resources, c)
		s.resourceVars = s.resourceVars || c.vars
	}
}

// identity reports whether the policy is one without principals.
func (p *parser) identity() bool { return p.use == Identity || p.use == SessionUse }

// complete adds the parts that an identity-based policy may leave out of an
// ARN: "arn:aws:sqs" reads as "arn:aws:sqs:*:*:*".
func complete(arn string, vars bool) string {
	if n := len(splitPattern(arn, vars)); strings.HasPrefix(arn, "arn:") && n < 6 {
		arn += strings.Repeat(":*", 6-n)
	}
	return arn
}

func (p *parser) principal(s *statement, n *node) error {
	who, negated := n.member("Principal"), false
	if who == nil {
		who, negated = n.member("NotPrincipal"), true
	}
	switch {
	case who == nil && p.identity():
		return nil
	case who == nil:
		return errNoPrincipal
	case p.identity():
		return errPrincipal
	case negated && p.use == TrustUse:
		return fmt.Errorf("Has prohibited field NotPrincipal") //nolint:revive,staticcheck // IAM's words
	}
	var err error
	s.who, err = parsePrincipals(who, negated)
	return err
}

func (p *parser) conditions(n *node) ([]condition, error) {
	var out []condition
	for _, op := range n.members {
		if len(op.value.members) == 0 {
			continue
		}
		c, err := parseOperator(op.name)
		if err != nil {
			return nil, err
		}
		for _, k := range op.value.members {
			c.name, c.spelled = strings.ToLower(k.name), k.name
			c.key, c.tag = keyOf(c.name), isTag(c.name)
			if c.values, c.vars, err = p.operands(&c, k.value); err != nil {
				return nil, err
			}
			out = append(out, c)
		}
	}
	return out, nil
}

// operands reads the values of a condition.
func (p *parser) operands(c *condition, n *node) (out []operand, vars bool, err error) {
	for _, item := range n.list() {
		o, err := c.operand(item.text, p.vars)
		if err != nil {
			return nil, false, err
		}
		for part := range o.patterns {
			vars = vars || part.vars
		}
		out = append(out, o)
	}
	return out, vars, nil
}

// check makes sure of what IAM checks after a policy's grammar.
func (p *parser) check(nodes []*node) error {
	unfit, err := p.resourceForms(nodes)
	if err != nil {
		return err
	}
	if err := p.sids(nodes); err != nil {
		return err
	}
	for _, n := range nodes {
		if list, _ := element(n, "Action"); len(list) == 0 {
			return errNoActions
		}
	}
	if unfit != nil {
		return unfit
	}
	for _, step := range []func(*node) error{p.actionForms, p.presence} {
		for _, n := range nodes {
			if err := step(n); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *parser) sids(nodes []*node) error {
	seen := make(map[string]bool, len(nodes))
	for _, n := range nodes {
		sid := n.member("Sid")
		if sid == nil || sid.text == "" {
			continue
		}
		if seen[sid.text] {
			return errSid
		}
		if p.use != ResourceUse && !sidForm.MatchString(sid.text) {
			return errSidForm
		}
		seen[sid.text] = true
	}
	return nil
}

func (p *parser) actionForms(n *node) error {
	list, _ := element(n, "Action")
	for _, a := range list {
		vendor, name, ok := strings.Cut(a, ":")
		switch {
		case a == "*":
		case !ok:
			return errPreface
		case strings.Contains(name, ":"):
			return errColons
		case vendor != "*" && !vendorForm.MatchString(vendor):
			return fmt.Errorf("Vendor %s is not valid", vendor) //nolint:revive,staticcheck // IAM's words
		}
	}
	return nil
}

// presence checks which elements have to be there and which must not.
func (p *parser) presence(n *node) error {
	resources, _ := element(n, "Resource")
	switch p.use {
	case Identity, SessionUse:
		if len(resources) == 0 {
			return errNoResources
		}
	case ResourceUse:
		if (n.has("Resource") || n.has("NotResource")) && len(resources) == 0 {
			return errNoResources
		}
	case TrustUse:
		for _, name := range []string{"Resource", "NotResource"} {
			if n.has(name) {
				return fmt.Errorf("Has prohibited field %s", name) //nolint:revive,staticcheck // IAM's words
			}
		}
		list, negated := element(n, "Action")
		if negated || slices.ContainsFunc(list, func(a string) bool { return !strings.HasPrefix(strings.ToLower(a), "sts:") }) {
			return errAssume
		}
	}
	return nil
}
