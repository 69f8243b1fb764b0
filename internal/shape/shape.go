package shape

import (
	"context"
	"reflect"
	"slices"
)

// Protocol is a wire protocol by its Smithy name.
type Protocol string

// The protocols that AWS services speak here.
const (
	JSON10   Protocol = "awsJson1_0"
	JSON11   Protocol = "awsJson1_1"
	Query    Protocol = "awsQuery"
	EC2Query Protocol = "ec2Query"
	RestJSON Protocol = "restJson1"
	RestXML  Protocol = "restXml"
	CBOR     Protocol = "rpcv2Cbor"
)

// Kind is what a shape is.
type Kind uint8

// The kinds of the AWS model language.
const (
	Structure Kind = iota + 1
	Union
	List
	Map
	String
	Boolean
	Integer
	Long
	Float
	Double
	Timestamp
	Blob
	EventStream
)

// Location says where in an HTTP request or response a member travels. The
// zero value is the body.
type Location uint8

// The HTTP bindings.
const (
	Body        Location = iota
	URI                  // a label of the path template
	QueryString          // one query parameter, or a map of them
	Header               // one header
	Headers              // a map of headers with the prefix Member.WireName
	StatusCode           // the response's HTTP status
)

// TimestampFormat is how a timestamp is written. The zero value is the
// protocol's default for the member's location.
type TimestampFormat uint8

// The timestamp formats of Smithy.
const (
	DefaultFormat TimestampFormat = iota
	EpochSeconds
	DateTime // RFC 3339 with a Z
	HTTPDate // IMF-fixdate of RFC 9110
)

// Service is one AWS service's API.
type Service struct {
	Name            string     // name of the generated package, for example "elbv2"
	ID              string     // serviceId, for example "Elastic Load Balancing v2"
	APIVersion      string     // for example "2015-12-01"
	SigningName     string     // service in the SigV4 credential scope
	EndpointPrefix  string     // first label of the service's host name
	TargetPrefix    string     // what stands before the dot in X-Amz-Target (JSON protocols)
	Protocols       []Protocol // those it answers, preferred first
	QueryCompatible bool       // JSON or CBOR errors carry x-amzn-query-error
	XMLNamespace    string     // namespace of XML documents; "" for none

	load func() *model // set by Table.Link
}

// model is what a service's table says beyond its name: most services of a
// server are never asked for, so it is built on first use.
type model struct {
	operations []*Operation
	shapes     []*Shape
	byName     map[string]*Operation
	byCode     map[string]*Shape
}

// Of makes op the only operation of s, a service without a table.
func (s *Service) Of(op *Operation) {
	m := &model{operations: []*Operation{op}, byName: map[string]*Operation{op.Name: op}}
	s.load = func() *model { return m }
}

func (s *Service) model() *model {
	if s.load == nil {
		return &model{}
	}
	return s.load()
}

// Operations returns the service's operations, sorted by name.
func (s *Service) Operations() []*Operation { return s.model().operations }

// Shapes returns every shape of the service.
func (s *Service) Shapes() []*Shape { return s.model().shapes }

// Operation returns the operation with the given name, or nil.
func (s *Service) Operation(name string) *Operation { return s.model().byName[name] }

// Error returns the error shape with the given wire code, name or query code,
// in this order, or nil.
func (s *Service) Error(code string) *Shape { return s.model().byCode[code] }

// Speaks reports whether the service answers protocol p.
func (s *Service) Speaks(p Protocol) bool {
	return slices.Contains(s.Protocols, p)
}

// Operation is one operation of a service.
type Operation struct {
	Service *Service
	Name    string
	Method  string // HTTP method of the REST protocols; "POST" otherwise
	Path    string // URI template of the REST protocols, with its query part; "/" otherwise
	Status  int    // HTTP status of success
	Host    string // host prefix, for example "dataplane."; may hold a {label}

	Input  *Shape // a structure; empty, never nil
	Output *Shape // a structure; empty, never nil
	Errors []*Shape

	OutputWrapper    string // element round the result in awsQuery, for example "SendCommandResult"
	Anonymous        bool   // AWS answers it without a signature
	ChecksumRequired bool   // the request must carry Content-MD5 or a checksum header
	ChecksumMember   string // input member that names the request's checksum algorithm
	UnwrappedOutput  bool   // restXml: the one body member is the document itself (S3 GetBucketLocation)
	UnsignedPayload  bool   // clients sign UNSIGNED-PAYLOAD
	Compressible     bool   // clients may send the body with Content-Encoding: gzip
	ReadOnly         bool   // modelled as changing nothing; few models say so
	Idempotent       bool   // modelled as safe to repeat; few models say so
	Deprecated       bool
}

// Shape is a type of the model.
type Shape struct {
	Name    string
	Kind    Kind
	Type    reflect.Type // structures and unions: the generated struct; enums: the named string type
	Members []*Member    // structures and unions, in the model's order
	Elem    *Member      // lists
	Key     *Member      // maps
	Value   *Member      // maps

	Payload         string // structures: the member that is the whole HTTP body
	Flattened       bool   // lists and maps: no element round the entries in XML and query
	TimestampFormat TimestampFormat
	XMLName         string // structures: element name when it is a document root
	XMLNamespace    string
	XMLNamePrefix   string // prefix declared with XMLNamespace

	Min, Max *float64 // length of strings, blobs, lists and maps; value of numbers
	Pattern  string   // as modelled, for messages
	RE2      string   // Pattern for Go's regexp; "" where it cannot be checked
	Enum     []string

	Streaming bool
	Sensitive bool
	Document  bool // free-form JSON
	Event     bool // structures: one event of an event stream
	Error     *ErrorTrait
}

// ErrorTrait makes a structure an error.
type ErrorTrait struct {
	Code      string // wire code, which may differ from the shape's name
	QueryCode string // of a QueryCompatible service: the code in awsQuery and in x-amzn-query-error
	Status    int
	Sender    bool // the client's fault
	Retryable bool // modelled as worth a retry
}

// Member is a member of a structure, the element of a list, or the key or
// value of a map.
//
// QueryName is set on every member of an ec2Query service and holds the name in
// requests: queryName, or the capitalised locationName, or Name (responses use
// WireName). Elsewhere it is set only where a service that came to JSON from
// awsQuery (SQS) uses another name there, and then holds for requests and
// responses of awsQuery alike.
type Member struct {
	Name      string // as modelled
	WireName  string // locationName, or Name
	QueryName string // name in query protocols where it is not WireName; see below
	Field     int    // index of the Go field; -1 for list elements, map keys and values
	Shape     *Shape
	Required  bool
	Location  Location

	Flattened       bool // on the member, for XML and query
	XMLAttribute    bool
	XMLNamespace    string
	XMLNamePrefix   string
	TimestampFormat TimestampFormat
	HostLabel       bool
	Idempotency     bool // filled with a UUID by clients
	EventPayload    bool
	EventHeader     bool
	JSONValue       bool // a string of JSON: base64 in a header, a plain string in a body
	Deprecated      bool
}

// Member returns the member with the given model name, or nil.
func (s *Shape) Member(name string) *Member {
	for _, m := range s.Members {
		if m.Name == name {
			return m
		}
	}
	return nil
}

// Handler answers one operation: in is a pointer to the generated input
// struct, out one to the output struct.
type Handler func(ctx context.Context, in any) (out any, err error)

// Bind makes a Handler of a typed function; nil stays nil. I and O are pointers
// to the input and output structs, so that one instantiation serves them all.
func Bind[I, O any](f func(context.Context, I) (O, error)) Handler {
	if f == nil {
		return nil
	}
	return func(ctx context.Context, in any) (any, error) {
		out, err := f(ctx, in.(I))
		if err != nil {
			return nil, err
		}
		return out, nil
	}
}

// Add puts the Handler of f into table under name unless f is nil. Generated
// Handlers.Table methods call it.
func Add[I, O any](table map[string]Handler, name string, f func(context.Context, I) (O, error)) {
	if f != nil {
		table[name] = Bind(f)
	}
}

// Invoker runs an operation as somebody. The plane has one for each caller; a
// client has one for a remote endpoint.
type Invoker interface {
	Invoke(ctx context.Context, op *Operation, in any) (out any, err error)
}

// Call is the typed form of Invoker.Invoke that generated clients use; O is a
// pointer to the output struct.
func Call[O any](ctx context.Context, v Invoker, op *Operation, in any) (O, error) {
	out, err := v.Invoke(ctx, op, in)
	if err != nil {
		var none O
		return none, err
	}
	return out.(O), nil
}
