package emit

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"nephele.dev/nephele/internal/api/gen/model"
	"nephele.dev/nephele/internal/shape"
)

// tables prints the model as static data and the function Service.
func (p *pkg) tables() (string, error) {
	var ops, shapes, members, types strings.Builder
	sf, mf, bd := newPool(), newPool(), newPool()
	first, nTypes := 0, 0
	for _, op := range p.ops {
		ops.WriteString(p.operationRow(op))
	}
	for _, s := range p.shapes {
		facts, err := p.shapeFacts(s, bd)
		if err != nil {
			return "", err
		}
		t := 0
		if s.named() {
			fmt.Fprintf(&types, "(*%s)(nil),\n", s.goName)
			nTypes++
			t = nTypes
		}
		fmt.Fprintf(&shapes, "{%s},\n", fields(
			str("Name", s.name), "Kind: shape."+s.kind, num("Type", t), num("First", first),
			num("Count", len(s.members)), num("Facts", sf.index(facts)),
		))
		for _, m := range s.members {
			members.WriteString(p.memberRow(m, mf))
		}
		first += len(s.members)
	}
	var b strings.Builder
	b.WriteString(serviceFunc)
	b.WriteString("var table = shape.Table{\nService: " + p.serviceLiteral() + ",\n")
	slice(&b, "Operations", "shape.OperationRow", ops.String())
	slice(&b, "Shapes", "shape.Row", shapes.String())
	slice(&b, "Members", "shape.MemberRow", members.String())
	slice(&b, "ShapeFacts", "shape.Shape", sf.lines("{%s},\n"))
	slice(&b, "Facts", "shape.Member", mf.lines("{%s},\n"))
	slice(&b, "Types", "any", types.String())
	b.WriteString("}\n\nvar bounds = [...]float64{\n" + bd.lines("%s,\n") + "}\n")
	return p.file(b.String()), nil
}

const serviceFunc = `// Service returns the service's model, linked on first use.
func Service() *shape.Service {
	once.Do(func() { service = table.Link() })
	return service
}

var (
	once    sync.Once
	service *shape.Service
)

`

// slice prints a field of the table. Literals of slices right in the literal of
// a variable are laid out by the compiler; slicing an array would be code.
func slice(b *strings.Builder, name, elem, body string) {
	fmt.Fprintf(b, "%s: []%s{\n%s},\n", name, elem, body)
}

// pool numbers distinct literals from 1; "" is 0.
type pool struct {
	list  []string
	where map[string]int
}

func newPool() *pool { return &pool{where: map[string]int{}} }

func (p *pool) index(s string) int {
	if s == "" {
		return 0
	}
	if p.where[s] == 0 {
		p.list = append(p.list, s)
		p.where[s] = len(p.list)
	}
	return p.where[s]
}

func (p *pool) lines(format string) string {
	var b strings.Builder
	for _, s := range p.list {
		fmt.Fprintf(&b, format, s)
	}
	return b.String()
}

// fields joins the fields of a literal that are not empty.
func fields(list ...string) string {
	return strings.Join(slices.DeleteFunc(list, func(s string) bool { return s == "" }), ", ")
}

func str(name, v string) string {
	if v == "" {
		return ""
	}
	if strconv.CanBackquote(v) && strings.Contains(v, `\`) {
		return name + ": `" + v + "`"
	}
	return fmt.Sprintf("%s: %q", name, v)
}

func num(name string, v int) string {
	if v == 0 {
		return ""
	}
	return fmt.Sprintf("%s: %d", name, v)
}

func flag(name string, v bool) string {
	if !v {
		return ""
	}
	return name + ": true"
}

func number(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

func (p *pkg) serviceLiteral() string {
	m := p.model.Metadata
	var protocols []string
	for _, x := range p.protocols() {
		protocols = append(protocols, strconv.Quote(string(x)))
	}
	return "shape.Service{" + fields(
		str("Name", p.name), str("ID", m.ServiceID), str("APIVersion", m.APIVersion),
		str("SigningName", cmp.Or(m.SigningName, m.EndpointPrefix)), str("EndpointPrefix", m.EndpointPrefix),
		str("TargetPrefix", m.TargetPrefix), "Protocols: []shape.Protocol{"+strings.Join(protocols, ", ")+"}",
		flag("QueryCompatible", m.AWSQueryCompatible != nil), str("XMLNamespace", m.XMLNamespace),
	) + "}"
}

// protocols maps the model's names of protocols to Smithy's.
func (p *pkg) protocols() []shape.Protocol {
	m := p.model.Metadata
	json := shape.JSON11
	if m.JSONVersion == "1.0" {
		json = shape.JSON10
	}
	names := map[string]shape.Protocol{
		"json": json, "query": shape.Query, "ec2": shape.EC2Query, "rest-json": shape.RestJSON,
		"rest-xml": shape.RestXML, "smithy-rpc-v2-cbor": shape.CBOR,
	}
	var list []shape.Protocol
	for _, n := range m.Protocols {
		list = append(list, names[n])
	}
	return list
}

func (p *pkg) speaks(protocol shape.Protocol) bool { return slices.Contains(p.protocols(), protocol) }

func (p *pkg) operationRow(op *operation) string {
	wrapper := ""
	if op.Output != nil && p.speaks(shape.Query) {
		wrapper = cmp.Or(op.Output.ResultWrapper, op.name+"Result")
	}
	c := op.HTTPChecksum
	lit := fields(
		str("Name", op.name), str("Method", op.HTTP.Method), str("Path", op.HTTP.RequestURI),
		num("Status", cmp.Or(op.HTTP.ResponseCode, http.StatusOK)), str("Host", op.Endpoint.HostPrefix),
		str("OutputWrapper", wrapper),
		flag("Anonymous", op.AuthType == "none" || slices.Contains(op.Auth, "smithy.api#noAuth")),
		flag("ChecksumRequired", c.RequestChecksumRequired), str("ChecksumMember", c.RequestAlgorithmMember),
		flag("UnwrappedOutput", op.UnwrappedOutput), flag("UnsignedPayload", op.UnsignedPayload),
		flag("Compressible", len(op.RequestCompression.Encodings) > 0), flag("ReadOnly", op.ReadOnly),
		flag("Idempotent", op.Idempotent), flag("Deprecated", op.Deprecated),
	)
	var errs []string
	for _, e := range op.errors {
		errs = append(errs, strconv.Itoa(e.index))
	}
	list := ""
	if len(errs) > 0 {
		list = "Errors: []uint16{" + strings.Join(errs, ", ") + "}"
	}
	return "{" + fields("Operation: shape.Operation{"+lit+"}", num("Input", op.in.index), num("Output", op.out.index), list) + "},\n"
}

func (p *pkg) memberRow(m *member, facts *pool) string {
	wire := m.LocationName
	if wire == m.name {
		wire = ""
	}
	location := locations[m.Location]
	if location != "" {
		location = "Location: shape." + location
	}
	return "{" + fields(
		str("Name", m.name), str("Wire", wire), num("Shape", m.shape.index),
		num("Facts", facts.index(p.memberFacts(m))), location, flag("Required", m.required),
	) + "},\n"
}

var locations = map[string]string{
	"uri": "URI", "querystring": "QueryString", "header": "Header", "headers": "Headers", "statusCode": "StatusCode",
}

var timestampFormats = map[string]string{
	"iso8601": "TimestampFormat: shape.DateTime", "rfc822": "TimestampFormat: shape.HTTPDate",
	"unixTimestamp": "TimestampFormat: shape.EpochSeconds",
}

func (p *pkg) memberFacts(m *member) string {
	var ns model.XMLNamespace
	if m.XMLNamespace != nil {
		ns = *m.XMLNamespace
	}
	query := m.QueryName
	if query == "" && p.speaks(shape.EC2Query) {
		if query = export(cmp.Or(m.LocationName, m.name)); query == m.name {
			query = "" // Link knows
		}
	}
	return fields(
		str("QueryName", query), flag("Flattened", m.Flattened), flag("XMLAttribute", m.XMLAttribute),
		str("XMLNamespace", ns.URI), str("XMLNamePrefix", ns.Prefix), timestampFormats[m.TimestampFormat],
		flag("HostLabel", m.HostLabel), flag("Idempotency", m.IdempotencyToken), flag("EventPayload", m.EventPayload),
		flag("EventHeader", m.EventHeader), flag("JSONValue", m.JSONValue), flag("Deprecated", m.Deprecated),
	)
}

func (p *pkg) shapeFacts(s *shp, bd *pool) (string, error) {
	bound := func(name string, v *float64) string {
		if v == nil {
			return ""
		}
		return fmt.Sprintf("%s: &bounds[%d]", name, bd.index(number(*v))-1)
	}
	expr, err := p.goPattern(s)
	if err != nil {
		return "", fmt.Errorf("shape %s: %w", s.name, err)
	}
	enum, trait := "", ""
	if len(s.Enum) > 0 {
		enum = fmt.Sprintf("Enum: %#v", s.Enum)
	}
	if s.Exception {
		t := p.errorTrait(s)
		trait = "Error: &shape.ErrorTrait{" + fields(str("Code", t.Code), str("QueryCode", t.QueryCode),
			num("Status", t.Status), flag("Sender", t.Sender), flag("Retryable", t.Retryable)) + "}"
	}
	return fields(
		str("Payload", s.Payload), flag("Flattened", s.Flattened), timestampFormats[s.TimestampFormat],
		str("XMLName", s.xmlName), str("XMLNamespace", s.xmlns.URI), str("XMLNamePrefix", s.xmlns.Prefix),
		bound("Min", s.Min), bound("Max", s.Max), str("Pattern", s.Pattern), str("RE2", expr), enum,
		flag("Streaming", s.stream), flag("Sensitive", s.Sensitive), flag("Document", s.Document),
		flag("Event", s.Event), trait,
	), nil
}

// goPattern is the shape's pattern for Go's regexp, "" when it has none.
func (p *pkg) goPattern(s *shp) (string, error) {
	switch {
	case s.Pattern == "":
		return "", nil
	case s.RE2 == nil:
		return re2(s.Pattern)
	case *s.RE2 == "":
		return "", nil
	}
	return re2(*s.RE2)
}

// errorTrait works out an error's codes and status. The model's code is that of
// the query protocols; where a service speaks JSON or CBOR as well, those use
// the shape's name and carry the other in x-amzn-query-error. Without a status,
// faults are 500 and the rest 400.
func (p *pkg) errorTrait(s *shp) shape.ErrorTrait {
	t := shape.ErrorTrait{Code: s.name, Status: http.StatusBadRequest, Sender: !s.Fault, Retryable: s.Retryable != nil}
	if s.Fault {
		t.Status = http.StatusInternalServerError
	}
	if s.Error == nil {
		return t
	}
	t.Status = cmp.Or(s.Error.HTTPStatusCode, t.Status)
	t.Sender = t.Status < http.StatusInternalServerError
	switch {
	case s.Error.Code == "" || s.Error.Code == t.Code:
	case p.model.Metadata.AWSQueryCompatible != nil:
		t.QueryCode = s.Error.Code
	case !p.speaks(shape.JSON10) && !p.speaks(shape.JSON11) && !p.speaks(shape.RestJSON):
		t.Code = s.Error.Code
	}
	return t
}
