package policy

import (
	"bytes"
	"encoding/base64"
	"net/netip"
	"strings"
)

// operator compares one value of a request with one of a policy.
type operator uint8

const (
	opNull operator = iota
	opString
	opStringFold
	opStringLike
	opNumEquals
	opNumLess
	opNumLessEquals
	opNumGreater
	opNumGreaterEquals
	opDateEquals
	opDateLess
	opDateLessEquals
	opDateGreater
	opDateGreaterEquals
	opBool
	opBinary
	opIP
	opARN
)

// operators are the condition operators by their names in lower case (IAM User
// Guide, "Condition operators"). A negated one holds where its opposite does not.
var operators = map[string]struct {
	op  operator
	neg bool
}{
	"null":                      {opNull, false},
	"stringequals":              {opString, false},
	"stringnotequals":           {opString, true},
	"stringequalsignorecase":    {opStringFold, false},
	"stringnotequalsignorecase": {opStringFold, true},
	"stringlike":                {opStringLike, false},
	"stringnotlike":             {opStringLike, true},
	"numericequals":             {opNumEquals, false},
	"numericnotequals":          {opNumEquals, true},
	"numericlessthan":           {opNumLess, false},
	"numericlessthanequals":     {opNumLessEquals, false},
	"numericgreaterthan":        {opNumGreater, false},
	"numericgreaterthanequals":  {opNumGreaterEquals, false},
	"dateequals":                {opDateEquals, false},
	"datenotequals":             {opDateEquals, true},
	"datelessthan":              {opDateLess, false},
	"datelessthanequals":        {opDateLessEquals, false},
	"dategreaterthan":           {opDateGreater, false},
	"dategreaterthanequals":     {opDateGreaterEquals, false},
	"bool":                      {opBool, false},
	"binaryequals":              {opBinary, false},
	"ipaddress":                 {opIP, false},
	"notipaddress":              {opIP, true},
	"arnequals":                 {opARN, false},
	"arnlike":                   {opARN, false},
	"arnnotequals":              {opARN, true},
	"arnnotlike":                {opARN, true},
}

// quantifier is a set operator: ForAllValues or ForAnyValue.
type quantifier uint8

const (
	single quantifier = iota
	forAll
	forAny
)

// condition is one key of one operator.
type condition struct {
	op       operator
	neg      bool
	set      quantifier
	ifExists bool
	name     string // key in lower case
	spelled  string // key as the policy has it
	key      key
	tag      bool // the key is a tag of the request or of a resource
	values   []operand
	vars     bool // some value has policy variables
}

// operand is a value of a policy, made ready for its operator.
type operand struct {
	text   pattern     // string operators, Bool and Null (in lower case)
	arn    *[6]pattern // ARN operators; nil for "*"
	number number
	date   instant
	net    netip.Prefix
	raw    []byte
}

// parseOperator reads the name of an operator with its set operator and suffix.
func parseOperator(name string) (condition, error) {
	s := strings.ToLower(name)
	var c condition
	if rest, ok := strings.CutPrefix(s, "forallvalues:"); ok {
		c.set, s = forAll, rest
	} else if rest, ok := strings.CutPrefix(s, "foranyvalue:"); ok {
		c.set, s = forAny, rest
	}
	if rest, ok := strings.CutSuffix(s, "ifexists"); ok && rest != "null" {
		c.ifExists, s = true, rest
	}
	o, ok := operators[s]
	if !ok {
		return c, errSyntax
	}
	c.op, c.neg = o.op, o.neg
	return c, nil
}

// operand makes a value of a policy ready.
func (c *condition) operand(s string, vars bool) (operand, error) {
	var o operand
	var err error
	switch c.op {
	case opString, opStringFold:
		o.text = compile(s, false, vars)
	case opStringLike:
		o.text = compile(s, true, vars)
	case opNull:
		o.text = compile(strings.ToLower(s), false, false)
	case opBool:
		o.text = compile(s, false, vars)
	case opARN:
		o = arnOperand(s, vars)
	case opBinary:
		o.raw, err = base64.StdEncoding.DecodeString(s)
	case opIP:
		o.net, err = parsePrefix(s)
	case opDateEquals, opDateLess, opDateLessEquals, opDateGreater, opDateGreaterEquals:
		var ok bool
		if o.date, ok = parseInstant(s); !ok {
			return o, errLegacy
		}
	default:
		var ok bool
		if o.number, ok = parseNumber(s); !ok {
			return o, errSyntax
		}
	}
	if err != nil {
		return o, errSyntax
	}
	return o, nil
}

// arnOperand compiles the six parts of an ARN by themselves: no wildcard of
// one part reaches into another. Text that is no ARN matches no ARN.
func arnOperand(s string, vars bool) operand {
	if s == "*" {
		return operand{}
	}
	arn := new([6]pattern)
	parts := splitPattern(s, vars)
	if len(parts) != len(arn) {
		arn[0] = pattern{form: exact, text: "\xff"}
		return operand{arn: arn}
	}
	for i, part := range parts {
		arn[i] = compile(part, true, vars)
	}
	return operand{arn: arn}
}

// splitPattern splits at the first five colons outside policy variables.
func splitPattern(s string, vars bool) []string {
	var parts []string
	from, inside := 0, false
	for i := 0; i < len(s) && len(parts) < 5; i++ {
		switch {
		case vars && strings.HasPrefix(s[i:], "${") && strings.IndexByte(s[i:], '}') > 0:
			inside = true
		case s[i] == '}':
			inside = false
		case s[i] == ':' && !inside:
			parts = append(parts, s[from:i])
			from = i + 1
		}
	}
	return append(parts, s[from:])
}

// parsePrefix reads an address or a CIDR block.
func parsePrefix(s string) (netip.Prefix, error) {
	if !strings.Contains(s, "/") {
		a, err := netip.ParseAddr(s)
		if err != nil || a.Zone() != "" {
			return netip.Prefix{}, errSyntax
		}
		a = a.Unmap()
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return netip.Prefix{}, errSyntax
	}
	if a := p.Addr(); a.Is4In6() && p.Bits() >= 96 {
		p = netip.PrefixFrom(a.Unmap(), p.Bits()-96)
	}
	return p.Masked(), nil
}

// verdict is the outcome of a condition or an element of a statement.
type verdict uint8

const (
	no verdict = iota
	yes
	invalid // a policy variable has no value: the statement does not apply
)

func verdictOf(b bool) verdict {
	if b {
		return yes
	}
	return no
}

// holds evaluates the condition for a request.
//
// A key that the request does not have makes a condition false, a negated one
// true, one with IfExists true, one of ForAllValues true and one of ForAnyValue
// false, with IfExists too: that suffix speaks of each value by itself. Values
// that are all empty count as none under the set operators.
func (c *condition) holds(e *env) verdict {
	values := e.values(c.key, c.name, &e.asked)
	if c.op == opNull {
		return c.null(len(values) > 0)
	}
	if len(values) == 0 {
		e.miss(c.spelled)
		return verdictOf(c.set == forAll || c.set == single && (c.neg || c.ifExists))
	}
	if c.set != single && emptySet(values) {
		return verdictOf(c.set == forAll)
	}
	if c.vars && !c.resolvable(e) {
		return invalid
	}
	switch c.set {
	case forAll:
		return verdictOf(c.every(e, values))
	case forAny:
		return verdictOf(c.any(e, values))
	}
	if c.tag && len(values) > 1 {
		return verdictOf(c.ambiguous(e, values))
	}
	return verdictOf(c.one(e, values))
}

// ambiguous is the plain condition on a tag whose key stands in several
// spellings ("team", "Team") with different values: condition keys do not tell
// them apart. No choice among them may be the requester's, so a statement that
// allows wants all values to fit, and one that denies a single one.
func (c *condition) ambiguous(e *env, values []string) bool {
	if e.deny {
		return c.any(e, values)
	}
	return c.every(e, values)
}

// isTag reports whether a condition key in lower case is a tag of a request or
// of a resource, or one of the pairs of an encryption context.
func isTag(name string) bool {
	return strings.Contains(name, ":requesttag/") || strings.Contains(name, "resourcetag/") ||
		strings.Contains(name, "objecttag/") || strings.HasPrefix(name, "kms:encryptioncontext:")
}

// null is the Null operator: is it true that the key is not there?
func (c *condition) null(present bool) verdict {
	for i := range c.values {
		if present && c.values[i].text.text == "false" || !present && c.values[i].text.text == "true" {
			return yes
		}
	}
	return no
}

func emptySet(values []string) bool {
	for _, v := range values {
		if v != "" {
			return false
		}
	}
	return true
}

// one is the plain condition: some value of the request matches some of the
// policy, and of a negated one none does.
func (c *condition) one(e *env, values []string) bool {
	for _, v := range values {
		if c.matches(e, v) {
			return !c.neg
		}
	}
	return c.neg
}

// every is ForAllValues.
func (c *condition) every(e *env, values []string) bool {
	for _, v := range values {
		if c.matches(e, v) == c.neg {
			return false
		}
	}
	return true
}

// any is ForAnyValue.
func (c *condition) any(e *env, values []string) bool {
	for _, v := range values {
		if c.matches(e, v) != c.neg {
			return true
		}
	}
	return false
}

// patterns are all that may have policy variables.
func (o *operand) patterns(yield func(*pattern) bool) {
	if !yield(&o.text) || o.arn == nil {
		return
	}
	for i := range o.arn {
		if !yield(&o.arn[i]) {
			return
		}
	}
}

// resolvable reports whether every policy variable of the values has a value.
func (c *condition) resolvable(e *env) bool {
	for i := range c.values {
		for p := range c.values[i].patterns {
			if !e.resolvable(p) {
				return false
			}
		}
	}
	return true
}

// matches reports whether v matches one of the policy's values by the operator
// without its negation.
func (c *condition) matches(e *env, v string) bool {
	for i := range c.values {
		if c.values[i].matches(c.op, e, v) {
			return true
		}
	}
	return false
}

func (o *operand) matches(op operator, e *env, v string) bool {
	switch op {
	case opString, opStringLike:
		return e.match(&o.text, v)
	case opStringFold, opBool:
		return strings.EqualFold(e.literal(&o.text), v)
	case opARN:
		return o.matchesARN(e, v)
	case opIP:
		a, err := netip.ParseAddr(v)
		return err == nil && o.net.Contains(a.Unmap())
	case opBinary:
		return bytes.Equal(o.raw, []byte(v))
	case opNumEquals, opNumLess, opNumLessEquals, opNumGreater, opNumGreaterEquals:
		n, ok := parseNumber(v)
		return ok && ordered(op-opNumEquals, n.compare(o.number))
	default:
		t, ok := parseInstant(v)
		return ok && ordered(op-opDateEquals, t.compare(o.date))
	}
}

// ordered reads a comparison's outcome for the five operators, counted from
// Equals, of numbers and dates.
func ordered(op operator, cmp int) bool {
	switch op {
	case 0:
		return cmp == 0
	case 1:
		return cmp < 0
	case 2:
		return cmp <= 0
	case 3:
		return cmp > 0
	default:
		return cmp >= 0
	}
}

func (o *operand) matchesARN(e *env, v string) bool {
	if o.arn == nil {
		return true
	}
	for i := range o.arn {
		part := v
		if i < 5 {
			var ok bool
			if part, v, ok = strings.Cut(v, ":"); !ok {
				return false
			}
		}
		if !e.match(&o.arn[i], part) {
			return false
		}
	}
	return true
}
