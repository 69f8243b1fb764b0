package model

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// Service is a service model.
type Service struct {
	Metadata   Metadata           `json:"metadata"`
	Operations Ordered[Operation] `json:"operations"`
	Shapes     Ordered[Shape]     `json:"shapes"`

	Pagination map[string]json.RawMessage `json:"pagination"` // how to page through an operation, by its name
	Waiters    map[string]json.RawMessage `json:"waiters"`    // conditions to wait for, by name
}

// Metadata is what holds for the whole service.
type Metadata struct {
	APIVersion          string          `json:"apiVersion"`
	EndpointPrefix      string          `json:"endpointPrefix"`
	JSONVersion         string          `json:"jsonVersion"`
	Protocols           []string        `json:"protocols"`
	ServiceID           string          `json:"serviceId"`
	SigningName         string          `json:"signingName"`
	TargetPrefix        string          `json:"targetPrefix"`
	XMLNamespace        string          `json:"xmlNamespace"`
	AWSQueryCompatible  json.RawMessage `json:"awsQueryCompatible"`
	ServiceAbbreviation string          `json:"serviceAbbreviation"`
	ServiceFullName     string          `json:"serviceFullName"`
}

// Operation is one operation.
type Operation struct {
	HTTP struct {
		Method       string `json:"method"`
		RequestURI   string `json:"requestUri"`
		ResponseCode int    `json:"responseCode"`
	} `json:"http"`
	Input      *Ref     `json:"input"`
	Output     *Ref     `json:"output"`
	Errors     []Ref    `json:"errors"`
	AuthType   string   `json:"authtype"`
	Auth       []string `json:"auth"`
	Deprecated bool     `json:"deprecated"`
	Idempotent bool     `json:"idempotent"`
	ReadOnly   bool     `json:"readonly"`
	Endpoint   struct {
		HostPrefix string `json:"hostPrefix"`
	} `json:"endpoint"`
	HTTPChecksum struct {
		RequestAlgorithmMember      string   `json:"requestAlgorithmMember"`
		RequestChecksumRequired     bool     `json:"requestChecksumRequired"`
		RequestValidationModeMember string   `json:"requestValidationModeMember"`
		ResponseAlgorithms          []string `json:"responseAlgorithms"`
	} `json:"httpChecksum"`
	RequestCompression struct {
		Encodings []string `json:"encodings"`
	} `json:"requestcompression"`
	UnsignedPayload bool `json:"unsignedPayload"`
	UnwrappedOutput bool `json:"unwrappedOutput"` // overlays only
}

// Ref is a reference to a shape with the traits of the place that refers: a
// structure's member, a list's element, an operation's input.
type Ref struct {
	Shape            string        `json:"shape"`
	Location         string        `json:"location"`
	LocationName     string        `json:"locationName"`
	QueryName        string        `json:"queryName"`
	ResultWrapper    string        `json:"resultWrapper"`
	XMLNamespace     *XMLNamespace `json:"xmlNamespace"`
	XMLAttribute     bool          `json:"xmlAttribute"`
	TimestampFormat  string        `json:"timestampFormat"`
	Flattened        bool          `json:"flattened"`
	Streaming        bool          `json:"streaming"`
	IdempotencyToken bool          `json:"idempotencyToken"`
	HostLabel        bool          `json:"hostLabel"`
	JSONValue        bool          `json:"jsonvalue"`
	EventPayload     bool          `json:"eventpayload"`
	EventHeader      bool          `json:"eventheader"`
	Deprecated       bool          `json:"deprecated"`
}

// XMLNamespace is an xmlns declaration. Models write it as an object or, in a
// few places, as the bare URI.
type XMLNamespace struct {
	Prefix string `json:"prefix"`
	URI    string `json:"uri"`
}

// UnmarshalJSON reads both forms.
func (x *XMLNamespace) UnmarshalJSON(data []byte) error {
	if json.Unmarshal(data, &x.URI) == nil {
		return nil
	}
	type plain XMLNamespace
	return json.Unmarshal(data, (*plain)(x))
}

// Shape is one type.
type Shape struct {
	Type            string        `json:"type"`
	Members         Ordered[Ref]  `json:"members"`
	Required        []string      `json:"required"`
	Member          *Ref          `json:"member"`
	Key             *Ref          `json:"key"`
	Value           *Ref          `json:"value"`
	Payload         string        `json:"payload"`
	Flattened       bool          `json:"flattened"`
	LocationName    string        `json:"locationName"`
	XMLNamespace    *XMLNamespace `json:"xmlNamespace"`
	TimestampFormat string        `json:"timestampFormat"`
	Min             *float64      `json:"min"`
	Max             *float64      `json:"max"`
	Pattern         string        `json:"pattern"`
	RE2             *string       `json:"re2"` // overlays only: Pattern for Go, "" for unchecked
	Enum            []string      `json:"enum"`
	Sensitive       bool          `json:"sensitive"`
	Streaming       bool          `json:"streaming"`
	Document        bool          `json:"document"`
	Union           bool          `json:"union"`
	EventStream     bool          `json:"eventstream"`
	Event           bool          `json:"event"`
	Exception       bool          `json:"exception"`
	Fault           bool          `json:"fault"`
	Error           *Error        `json:"error"`
	Retryable       *struct{}     `json:"retryable"`
	Deprecated      bool          `json:"deprecated"`
}

// Error is the HTTP side of an exception.
type Error struct {
	Code           string `json:"code"`
	HTTPStatusCode int    `json:"httpStatusCode"`
	SenderFault    bool   `json:"senderFault"`
}

// Ordered is a JSON object as a list of named values in document order.
type Ordered[T any] []Named[T]

// Named is one entry of an Ordered.
type Named[T any] struct {
	Name  string
	Value T
}

// Find returns the entry called name, or nil.
func (o Ordered[T]) Find(name string) *T {
	for i := range o {
		if o[i].Name == name {
			return &o[i].Value
		}
	}
	return nil
}

// UnmarshalJSON reads an object and keeps the order of its fields.
func (o *Ordered[T]) UnmarshalJSON(data []byte) error {
	d := json.NewDecoder(bytes.NewReader(data))
	if _, err := d.Token(); err != nil {
		return err
	}
	*o = nil
	for d.More() {
		k, err := d.Token()
		if err != nil {
			return err
		}
		name, ok := k.(string)
		if !ok {
			return fmt.Errorf("want an object, have %v", k)
		}
		n := Named[T]{Name: name}
		if err := d.Decode(&n.Value); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		*o = append(*o, n)
	}
	return nil
}

// Load reads dir/name.json and applies dir/overlays/name.json where there is one.
func Load(dir, name string) (*Service, error) {
	doc, err := readObject(filepath.Join(dir, name+".json"))
	if err != nil {
		return nil, err
	}
	file := filepath.Join(dir, "overlays", name+".json")
	switch data, err := os.ReadFile(file); {
	case os.IsNotExist(err):
	case err != nil:
		return nil, err
	default:
		v, err := Parse(data)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		steps, _ := v.([]any)
		if doc, err = Patch(doc, steps); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
	}
	var s Service
	if err := json.Unmarshal([]byte(compact(doc)), &s); err != nil {
		return nil, fmt.Errorf("model %s: %w", name, err)
	}
	return &s, nil
}

func readObject(file string) (Object, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	o, err := ParseObject(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return o, nil
}
