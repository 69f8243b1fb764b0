package sns

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"

	"nephele.dev/nephele/internal/eventpattern"
)

// filters are parsed filter policies, by scope and text. The zero value is
// ready.
type filters struct {
	mu     sync.Mutex
	parsed map[string]*eventpattern.Pattern
	size   int // of their texts
}

// How many parsed policies, of how many bytes, are kept before all are dropped.
const (
	maxParsed      = 4096
	maxParsedBytes = 16 << 20
)

// parseFilter parses the filter policy in a subscription's attributes.
func parseFilter(a map[string]string) (*eventpattern.Pattern, error) {
	dialect := eventpattern.SNSFilter
	if a[attrFilterScope] == scopeBody {
		dialect = eventpattern.SNSBody
	}
	p, err := eventpattern.Parse([]byte(a[attrFilter]), dialect)
	if _, ok := errors.AsType[*eventpattern.Error](err); ok {
		return nil, invalid("%s", err)
	}
	return p, err
}

// of returns the parsed policy of a subscription's attributes.
func (f *filters) of(a map[string]string) (*eventpattern.Pattern, error) {
	key := a[attrFilterScope] + " " + a[attrFilter]
	f.mu.Lock()
	defer f.mu.Unlock()
	if p := f.parsed[key]; p != nil {
		return p, nil
	}
	p, err := parseFilter(a)
	if err != nil {
		return nil, fmt.Errorf("filter policy: %w", err)
	}
	if f.parsed == nil || len(f.parsed) >= maxParsed || f.size >= maxParsedBytes {
		f.parsed, f.size = map[string]*eventpattern.Pattern{}, 0
	}
	f.parsed[key] = p
	f.size += len(key)
	return p, nil
}

// passes reports whether a subscription wants a message.
func (s *Service) passes(sub *subscription, m *message) (bool, error) {
	a := sub.Doc.Attributes
	if a[attrFilter] == "" {
		return true, nil
	}
	p, err := s.filters.of(a)
	if err != nil {
		return false, fmt.Errorf("subscription %s: %w", sub.arn(), err)
	}
	if a[attrFilterScope] != scopeBody {
		return p.Match(attributeDocument(m)), nil
	}
	ok, err := p.MatchJSON([]byte(m.text(sub.Doc.Protocol)))
	if errors.Is(err, eventpattern.ErrDocument) {
		return false, nil // what is not JSON passes no policy about the body
	}
	return ok, err
}

// attributeDocument is what policies about attributes see: strings, numbers,
// and the elements of String.Array. Binary values cannot be asked about.
func attributeDocument(m *message) map[string]any {
	doc := make(map[string]any, len(m.Attributes))
	for name, a := range m.Attributes {
		switch base, label, _ := strings.Cut(a.DataType, "."); {
		case base == "Binary" || a.StringValue == nil:
		case base == "Number":
			if n, ok := number(*a.StringValue); ok {
				doc[name] = n
			}
		case label == "Array":
			if list, ok := array(*a.StringValue); ok {
				doc[name] = list
			}
		default:
			doc[name] = *a.StringValue
		}
	}
	return doc
}

// array reads the value of a String.Array: a JSON array of strings, numbers,
// true, false and null.
func array(text string) ([]any, bool) {
	var list []any
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.UseNumber()
	if d.Decode(&list) != nil {
		return nil, false
	}
	return list, true
}
