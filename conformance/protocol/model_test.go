package protocol

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"sort"
	"testing"
	"time"

	"nephele.dev/nephele/conformance/internal/modules"
	"nephele.dev/nephele/internal/shape"
)

const suites = "github.com/aws/aws-sdk-go@v1.55.8"

// A suite is one model with its cases.
type suite struct {
	Description    string
	ClientEndpoint string
	Metadata       struct {
		Protocol, APIVersion, JSONVersion, TargetPrefix, XMLNamespace string
	}
	Shapes map[string]modelShape
	Cases  []testCase
}

type testCase struct {
	Given struct {
		Name          string
		HTTP          struct{ Method, RequestURI string }
		Input, Output *modelRef
		Endpoint      struct{ HostPrefix string }
	}
	Params     map[string]any
	Result     map[string]any
	Serialized struct {
		Method, URI, Host string
		Body              *string
		Headers           map[string]string
		ForbidHeaders     []string
	}
	Response struct {
		StatusCode int `json:"status_code"`
		Headers    map[string]string
		Body       string
	}
}

// A modelRef is a use of a shape. The suites put some traits on the shape and
// some on the use.
type modelRef struct {
	Shape            string
	Location         string
	LocationName     string
	QueryName        string
	ResultWrapper    string
	TimestampFormat  string
	Flattened        bool
	XMLAttribute     bool
	IdempotencyToken bool
	HostLabel        bool
	JSONValue        bool
	XMLNamespace     xmlNamespace
	Payload          string
}

type xmlNamespace struct{ URI, Prefix string }

// UnmarshalJSON accepts the URI alone.
func (x *xmlNamespace) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		return json.Unmarshal(b, &x.URI)
	}
	type bare xmlNamespace
	return json.Unmarshal(b, (*bare)(x))
}

type modelShape struct {
	modelRef
	Type               string
	Members            map[string]modelRef
	Member, Key, Value *modelRef
	Streaming          bool
	Union              bool
	Enum               []string
}

func load(t *testing.T, direction, name string) []suite {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(modules.Dir(t, suites), "models", "protocol_tests", direction, name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var out []suite
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

var protocols = map[string]shape.Protocol{
	"json": shape.JSON11, "query": shape.Query, "ec2": shape.EC2Query,
	"rest-json": shape.RestJSON, "rest-xml": shape.RestXML,
}

// protocolOf is the protocol of a suite.
func (s *suite) protocolOf() shape.Protocol {
	if s.Metadata.Protocol == "json" && s.Metadata.JSONVersion == "1.0" {
		return shape.JSON10
	}
	return protocols[s.Metadata.Protocol]
}

// operation links the operation of a case.
func (s *suite) operation(c *testCase) *shape.Operation {
	p := s.protocolOf()
	b := &builder{shapes: s.Shapes, protocol: p}
	op := &shape.Operation{
		Service: &shape.Service{
			Name: "test", APIVersion: s.Metadata.APIVersion, TargetPrefix: s.Metadata.TargetPrefix,
			Protocols: []shape.Protocol{p}, XMLNamespace: s.Metadata.XMLNamespace,
		},
		Name: c.Given.Name, Method: c.Given.HTTP.Method, Path: c.Given.HTTP.RequestURI,
		Status: 200, Host: c.Given.Endpoint.HostPrefix,
	}
	if op.Method == "" {
		op.Method = "POST"
	}
	if op.Path == "" {
		op.Path = "/"
	}
	op.Input, op.Output = b.root(c.Given.Input), b.root(c.Given.Output)
	if c.Given.Output != nil {
		op.OutputWrapper = c.Given.Output.ResultWrapper + s.Shapes[c.Given.Output.Shape].ResultWrapper
	}
	return op
}

// A builder makes shapes of a suite's model. Recursive structures are unrolled
// to a few levels: reflect.StructOf knows no recursion.
type builder struct {
	shapes   map[string]modelShape
	protocol shape.Protocol
	open     []string
}

const unroll = 5

func (b *builder) root(ref *modelRef) *shape.Shape {
	if ref == nil {
		return &shape.Shape{Name: "Empty", Kind: shape.Structure, Type: reflect.StructOf(nil)}
	}
	s, _ := b.build(ref.Shape)
	if ref.LocationName != "" {
		s.XMLName = ref.LocationName
	}
	if ref.Payload != "" {
		s.Payload = ref.Payload
	}
	if ref.XMLNamespace.URI != "" {
		s.XMLNamespace, s.XMLNamePrefix = ref.XMLNamespace.URI, ref.XMLNamespace.Prefix
	}
	return s
}

// build returns a shape and the Go type of an optional member of it; nil where
// recursion is cut.
func (b *builder) build(name string) (*shape.Shape, reflect.Type) {
	depth := 0
	for _, n := range b.open {
		if n == name {
			depth++
		}
	}
	if depth > unroll {
		return nil, nil
	}
	b.open = append(b.open, name)
	defer func() { b.open = b.open[:len(b.open)-1] }()
	m, ok := b.shapes[name]
	if !ok {
		panic("no shape " + name)
	}
	s := &shape.Shape{
		Name: name, Flattened: m.Flattened, TimestampFormat: formats[m.TimestampFormat], XMLName: m.LocationName,
		XMLNamespace: m.XMLNamespace.URI, XMLNamePrefix: m.XMLNamespace.Prefix,
		Payload: m.Payload, Streaming: m.Streaming, Enum: m.Enum,
	}
	switch m.Type {
	case "structure":
		return b.structure(s, &m)
	case "list":
		s.Kind = shape.List
		elem, t := b.member("member", *m.Member)
		if elem == nil {
			return nil, nil
		}
		s.Elem = elem
		return s, reflect.SliceOf(inside(elem, t))
	case "map":
		s.Kind = shape.Map
		s.Key, _ = b.member("key", *m.Key)
		value, t := b.member("value", *m.Value)
		if value == nil {
			return nil, nil
		}
		s.Value = value
		return s, reflect.MapOf(reflect.TypeFor[string](), inside(value, t))
	case "blob":
		s.Kind = shape.Blob
		if m.Streaming {
			return s, reflect.TypeFor[io.Reader]()
		}
		return s, reflect.TypeFor[[]byte]()
	}
	k, ok := scalars[m.Type]
	if !ok {
		panic("no type " + m.Type)
	}
	s.Kind = k.kind
	return s, reflect.PointerTo(k.typ)
}

// inside is the type of a list element or map value: scalars are values there.
func inside(m *shape.Member, t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer && m.Shape.Kind != shape.Structure && m.Shape.Kind != shape.Union {
		return t.Elem()
	}
	return t
}

var scalars = map[string]struct {
	kind shape.Kind
	typ  reflect.Type
}{
	"string": {shape.String, reflect.TypeFor[string]()}, "character": {shape.String, reflect.TypeFor[string]()},
	"boolean": {shape.Boolean, reflect.TypeFor[bool]()}, "integer": {shape.Integer, reflect.TypeFor[int32]()},
	"long": {shape.Long, reflect.TypeFor[int64]()}, "float": {shape.Float, reflect.TypeFor[float32]()},
	"double": {shape.Double, reflect.TypeFor[float64]()}, "timestamp": {shape.Timestamp, reflect.TypeFor[time.Time]()},
}

var formats = map[string]shape.TimestampFormat{
	"": shape.DefaultFormat, "unixTimestamp": shape.EpochSeconds, "iso8601": shape.DateTime, "rfc822": shape.HTTPDate,
}

var locations = map[string]shape.Location{
	"": shape.Body, "uri": shape.URI, "querystring": shape.QueryString, "header": shape.Header,
	"headers": shape.Headers, "statusCode": shape.StatusCode,
}

func (b *builder) structure(s *shape.Shape, m *modelShape) (*shape.Shape, reflect.Type) {
	s.Kind = shape.Structure
	if m.Union {
		s.Kind = shape.Union
	}
	names := make([]string, 0, len(m.Members))
	for n := range m.Members {
		names = append(names, n)
	}
	sort.Strings(names)
	var fields []reflect.StructField
	for _, n := range names {
		mem, t := b.member(n, m.Members[n])
		if mem == nil {
			continue
		}
		mem.Field = len(fields)
		fields = append(fields, reflect.StructField{Name: fmt.Sprintf("F%d", mem.Field), Type: t})
		s.Members = append(s.Members, mem)
	}
	s.Type = reflect.StructOf(fields)
	return s, reflect.PointerTo(s.Type)
}

func (b *builder) member(name string, ref modelRef) (*shape.Member, reflect.Type) {
	s, t := b.build(ref.Shape)
	if s == nil {
		return nil, nil
	}
	on := b.shapes[ref.Shape].modelRef
	if ref.Location == "" {
		ref.Location = on.Location
	}
	if ref.LocationName == "" && (ref.Location != "" || s.Kind == shape.Map) {
		ref.LocationName = on.LocationName
	}
	if ref.XMLNamespace.URI == "" {
		ref.XMLNamespace = on.XMLNamespace
	}
	m := &shape.Member{
		Name: name, WireName: name, Field: -1, Shape: s, Location: locations[ref.Location], Flattened: ref.Flattened,
		XMLAttribute: ref.XMLAttribute, XMLNamespace: ref.XMLNamespace.URI, XMLNamePrefix: ref.XMLNamespace.Prefix,
		TimestampFormat: formats[ref.TimestampFormat], HostLabel: ref.HostLabel, Idempotency: ref.IdempotencyToken, JSONValue: ref.JSONValue || on.JSONValue,
	}
	if ref.LocationName != "" || m.Location == shape.Headers {
		m.WireName = ref.LocationName
	}
	if b.protocol == shape.EC2Query {
		m.QueryName = ec2Name(name, ref)
	}
	return m, t
}

func ec2Name(name string, ref modelRef) string {
	switch {
	case ref.QueryName != "":
		return ref.QueryName
	case ref.LocationName != "":
		return string(ref.LocationName[0]&^0x20) + ref.LocationName[1:]
	}
	return name
}

// labels are the path labels that a server's router would hand to the codec.
func labelNames(op *shape.Operation) []string {
	var out []string
	for _, m := range op.Input.Members {
		if m.Location == shape.URI && !slices.Contains(out, m.WireName) {
			out = append(out, m.WireName)
		}
	}
	return out
}
