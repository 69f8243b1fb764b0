package multicheck

import "strconv"

// The operators of assertions.
const (
	opEquals      = "EQUALS"
	opNotEquals   = "NOT_EQUALS"
	opContains    = "CONTAINS"
	opNotContains = "NOT_CONTAINS"
	opGreater     = "GREATER_THAN"
	opLess        = "LESS_THAN"
	opRange       = "IN_RANGE"
	opRegex       = "REGEX_MATCH"
	opExist       = "EXIST"  // of HEADER
	opExists      = "EXISTS" // of BODY
	opStarts      = "STARTS_WITH"
	opEnds        = "ENDS_WITH"
)

// The types of assertions that functions outside rules know.
const (
	statusCode   = "STATUS_CODE"
	recordCount  = "RECORD_COUNT"
	certValid    = "CERTIFICATE_VALID"
	connected    = "CONNECTION_SUCCESSFUL"
	responseData = "RESPONSE_DATA"
	responseSize = "RESPONSE_SIZE"
)

// form is the type of an assertion's value.
type form int

const (
	asText form = iota
	asNumber
	asInteger
	asFlag
)

// rule is what an assertion of one type may have.
type rule struct {
	operators []string // none: the value alone is the condition
	form      form
	low, high float64  // of a number
	units     []string // the first is the default
	field     []string // of a certificate's subject or issuer
	header    bool     // headerName
	body      bool     // target and path
	encoding  bool
}

var (
	textOperators   = []string{opEquals, opNotEquals, opContains, opNotContains, opRegex}
	numberOperators = []string{opEquals, opGreater, opLess}
	responseTime    = rule{operators: numberOperators, form: asNumber, high: unlimited, units: []string{"MILLISECONDS"}}
	count           = rule{operators: numberOperators, form: asInteger, high: unlimited}
	yesOrNo         = rule{form: asFlag}
)

// rules are the assertions of each kind of check, as the schema has them.
var rules = map[Kind]map[string]rule{
	HTTP: {
		statusCode:      {operators: []string{opEquals, opNotEquals, opGreater, opLess, opRange}, form: asInteger, low: 100, high: 599},
		"RESPONSE_TIME": responseTime,
		"HEADER":        {operators: append([]string{opExist}, textOperators...), header: true},
		"BODY":          {operators: []string{opContains, opNotContains, opEquals, opNotEquals, opExists}, body: true},
	},
	DNS: {
		"RECORD_VALUE":  {operators: textOperators},
		recordCount:     count,
		"RESPONSE_TIME": responseTime,
		"AUTHORITATIVE": yesOrNo,
		"TTL":           count,
	},
	SSL: {
		"CERTIFICATE_EXPIRY":       {operators: []string{opGreater, opLess}, form: asInteger, high: unlimited, units: []string{"DAYS", "HOURS"}},
		certValid:                  yesOrNo,
		"CERTIFICATE_SUBJECT":      {operators: []string{opContains, opEquals, opRegex}, field: []string{"CN", "O", "OU", "C", "ST", "L"}},
		"CERTIFICATE_ISSUER":       {operators: []string{opContains, opEquals}, field: []string{"CN", "O"}},
		"CIPHER_SUITE":             {operators: []string{opContains, opNotContains}},
		"CERTIFICATE_TRANSPARENCY": yesOrNo,
	},
	TCP: {
		connected:       yesOrNo,
		"RESPONSE_TIME": responseTime,
		responseData:    {operators: []string{opContains, opEquals, opNotContains, opRegex, opStarts, opEnds}, encoding: true},
		responseSize:    {operators: numberOperators, form: asNumber, high: unlimited, units: []string{"BYTES"}},
	},
}

// readAssertion reads one assertion; nil when its type is not known.
func (p *parser) readAssertion(kind Kind, o *object) *assertion {
	var types []string
	for name := range rules[kind] {
		types = append(types, name)
	}
	a := &assertion{at: o.path, kind: o.enum("type", "", sorted(types)...)}
	r, ok := rules[kind][a.kind]
	if !ok {
		return nil
	}
	o.text("description")
	if len(r.operators) > 0 {
		a.operator = o.enum("operator", "", r.operators...)
	}
	p.readSubject(o, r, a)
	p.readExpected(o, r, a)
	if len(r.units) > 0 {
		a.unit = o.enum("unit", r.units[0], r.units...)
	}
	o.close()
	return a
}

// readSubject reads what the assertion is about.
func (p *parser) readSubject(o *object, r rule, a *assertion) {
	switch {
	case r.header:
		a.name = o.mustText("headerName")
		p.check(o, "headerName", a.name, isHeaderName)
	case r.field != nil:
		a.field = o.enum("field", "", r.field...)
		o.get("regex") // the schema has it and says nothing of it
	case r.encoding:
		a.encoding = o.enum("encoding", utf8Encoding, encodings...)
	case r.body:
		a.target = o.enum("target", "JSON", "JSON", "TEXT")
		path := o.text("path")
		if a.target == "JSON" {
			o.require("path")
		}
		if path != nil && a.target == "JSON" {
			a.pathText, a.path = *path, p.compilePath(o.at("path"), *path)
		}
	}
}

// readExpected reads what is expected of it.
func (p *parser) readExpected(o *object, r rule, a *assertion) {
	if a.operator == opRange {
		o.get("value")
		o.require("rangeMin")
		o.require("rangeMax")
		a.min, a.max = o.number("rangeMin", r.low, r.high, true), o.number("rangeMax", r.low, r.high, true)
		return
	}
	if a.kind == statusCode {
		o.get("rangeMin")
		o.get("rangeMax")
	}
	o.require("value")
	switch {
	case r.form == asFlag, a.operator == opExist, a.operator == opExists:
		a.flag = o.flag("value")
	case r.form == asText:
		a.value = o.scalar("value")
		if a.operator == opRegex {
			a.pattern = p.compile(o.at("value"), a.value)
		} else if a.encoding != "" {
			p.check(o, "value", a.value, func(s string) error { _, err := decodeAs(a.encoding, s); return err })
		}
	default:
		a.number = o.number("value", r.low, r.high, r.form == asInteger)
	}
}

// scalar reads a string, or a number or a truth value as it would be written.
func (o *object) scalar(name string) text {
	v, ok := o.get(name)
	if !ok {
		return text{}
	}
	switch v := v.(type) {
	case string:
		t := parseText(v)
		o.known(o.at(name), t)
		return t
	case bool:
		return parseText(strconv.FormatBool(v))
	case interface{ String() string }: // json.Number
		return parseText(canonical(v.String()))
	}
	o.fail(o.at(name), "must be a string")
	return text{}
}
