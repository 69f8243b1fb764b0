package extras

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"sync"
)

//go:embed data
var data embed.FS

// Service holds what a model says beside its operations.
type Service struct {
	Paginators map[string]*Paginator // by the name of the operation
	Waiters    map[string]*Waiter    // by name, for example "BucketExists"
}

// Paginator says how to page through an operation. Keys of the output are
// JMESPath expressions.
type Paginator struct {
	InputTokens   List   `json:"input_token"`        // members of the input
	OutputTokens  List   `json:"output_token"`       // where the answer has the next value of each
	ResultKeys    List   `json:"result_key"`         // what is listed; the first is what is counted
	NonAggregates List   `json:"non_aggregate_keys"` // what is the same on every page
	MoreResults   string `json:"more_results"`       // false in the answer: this was the last page
	LimitKey      string `json:"limit_key"`          // the member of the input that bounds a page; "" for none
}

// Waiter says which operation to repeat until what.
type Waiter struct {
	Operation   string     `json:"operation"`
	Delay       int        `json:"delay"` // seconds between attempts
	MaxAttempts int        `json:"maxAttempts"`
	Acceptors   []Acceptor `json:"acceptors"` // tried in order; the first that matches decides
}

// Acceptor is one condition of a waiter.
type Acceptor struct {
	Matcher  string `json:"matcher"`  // path, pathAll, pathAny, status or error
	Argument string `json:"argument"` // a JMESPath expression over the output, of the path matchers
	Expected any    `json:"expected"` // string, bool or float64
	State    string `json:"state"`    // success, failure or retry
}

// List is a list that models write as a bare string where it has one entry.
type List []string

// UnmarshalJSON reads both forms.
func (l *List) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*l = List{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(l))
}

var (
	mu     sync.Mutex
	loaded = map[string]*Service{}
)

// Of returns what there is for the service with the given package name, for
// example "s3". It is read at the first call and shared: callers must not
// change it. A service without paginators and waiters has an empty Service.
func Of(name string) *Service {
	mu.Lock()
	defer mu.Unlock()
	if s := loaded[name]; s != nil {
		return s
	}
	s, err := read(name)
	if err != nil {
		panic("extras: " + err.Error()) // the file is generated, and a test reads them all
	}
	loaded[name] = s
	return s
}

func read(name string) (*Service, error) {
	raw, err := data.ReadFile("data/" + name + ".json")
	if errors.Is(err, fs.ErrNotExist) {
		return &Service{}, nil
	}
	if err != nil {
		return nil, err
	}
	var doc struct {
		Pagination map[string]*Paginator `json:"pagination"`
		Waiters    map[string]*Waiter    `json:"waiters"`
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return &Service{Paginators: doc.Pagination, Waiters: doc.Waiters}, nil
}
