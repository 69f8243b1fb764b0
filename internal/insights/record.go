package insights

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// Event is a log event.
type Event struct {
	Timestamp, Ingested time.Time
	Message             string
	LogStream           string
	Log                 string // "account-id:log-group-name"
	Pointer             string // shown as @ptr
}

// record is an event on its way through the stages, or, behind stats, a row
// without one.
type record struct {
	event  *Event
	made   map[string]value // what the query has defined
	tree   map[string]any   // of a message that is a JSON object
	parsed bool
	at     int // order of arrival, for ties
	bytes  int // roughly, of made
}

// get returns the value of a field.
func (r *record) get(name string) value {
	if v, ok := r.made[name]; ok {
		return v
	}
	if r.event == nil {
		return r.within(name)
	}
	switch name {
	case "@timestamp":
		return timeOf(r.event.Timestamp)
	case "@ingestionTime":
		return timeOf(r.event.Ingested)
	case "@message":
		return textOf(r.event.Message)
	case "@logStream":
		return textOf(r.event.LogStream)
	case "@log":
		return textOf(r.event.Log)
	case "@ptr":
		return textOf(r.event.Pointer)
	}
	if v := r.within(name); v.kind != missing {
		return v
	}
	if tree := r.json(); tree != nil {
		return walk(tree, name)
	}
	return value{}
}

// within looks for a path into a structure that the query has made.
func (r *record) within(name string) value {
	for i := range len(name) {
		if name[i] != '.' {
			continue
		}
		if v, ok := r.made[name[:i]]; ok && v.kind == structure {
			return walk(v.tree, name[i+1:])
		}
	}
	return value{}
}

func (r *record) json() map[string]any {
	if r.parsed {
		return r.tree
	}
	r.parsed = true
	if tree, ok := parseJSON(r.event.Message).(map[string]any); ok {
		r.tree = tree
	}
	return r.tree
}

// parseJSON decodes an object or a list, or returns nil.
func parseJSON(s string) any {
	s = strings.TrimSpace(s)
	if s == "" || s[0] != '{' && s[0] != '[' {
		return nil
	}
	d := json.NewDecoder(strings.NewReader(s))
	d.UseNumber()
	var tree any
	if d.Decode(&tree) != nil || d.More() {
		return nil
	}
	return tree
}

// walk follows a path. A key may hold dots itself: the longest that is there
// is taken.
func walk(tree any, path string) value {
	switch t := tree.(type) {
	case map[string]any:
		for end := len(path); end > 0; end = strings.LastIndexByte(path[:end], '.') {
			child, ok := t[path[:end]]
			if !ok {
				continue
			}
			if end == len(path) {
				return ofJSON(child)
			}
			if v := walk(child, path[end+1:]); v.kind != missing {
				return v
			}
		}
	case []any:
		head, rest, deeper := strings.Cut(path, ".")
		n, err := strconv.Atoi(head)
		if err != nil || n < 0 || n >= len(t) {
			return value{}
		}
		if deeper {
			return walk(t[n], rest)
		}
		return ofJSON(t[n])
	}
	return value{}
}

// set defines a field.
func (r *record) set(name string, v value) {
	if r.made == nil {
		r.made = map[string]value{}
	}
	r.made[name] = v
	if r.bytes += v.size(); r.bytes > maxRecord {
		panic(tooLarge{})
	}
}

// What a query computes may grow by itself: replace in replace, concat of
// concat.
const (
	maxText   = 4 << 20  // bytes of a computed text
	maxRecord = 16 << 20 // bytes of what is defined for one record
)

// tooLarge is a panic that Run turns into ErrTooLarge.
type tooLarge struct{}

// fits demands that a text of n bytes may be made.
func fits(n int) {
	if n > maxText {
		panic(tooLarge{})
	}
}

// own is s, in memory of its own where it is a small part of the message, which
// would be held with it.
func (r *record) own(s string) string {
	if r.event != nil && 2*len(s) < len(r.event.Message) {
		return strings.Clone(s)
	}
	return s
}
