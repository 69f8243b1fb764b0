package insights

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// MaxDiscovered is how many fields are discovered in a JSON message at most.
const MaxDiscovered = 200

// maxPath is how long a discovered path is at most, in bytes.
const maxPath = 1024

// Discover returns the fields of an event: the system's, then those of a JSON
// message by their paths in alphabetical order. Of more than MaxDiscovered
// those that come first are found, by the names at each level.
func Discover(e Event) []Field {
	r := &record{event: &e}
	var fields []Field
	for _, name := range []string{"@timestamp", "@ingestionTime", "@message", "@logStream", "@log", "@ptr"} {
		fields = append(fields, Field{name, r.get(name).String()})
	}
	var found []Field
	if tree := r.json(); tree != nil {
		flatten("", tree, &found)
	}
	slices.SortFunc(found, func(a, b Field) int { return strings.Compare(a.Name, b.Name) })
	return append(fields, found...)
}

// flatten collects the leaves of a JSON value.
func flatten(path string, tree any, into *[]Field) {
	below := func(name string) string {
		if path == "" {
			return name
		}
		return path + "." + name
	}
	if len(*into) >= MaxDiscovered || len(path) > maxPath { // each path repeats what it begins with
		return
	}
	switch t := tree.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(t)) {
			flatten(below(name), t[name], into)
		}
	case []any:
		for i, v := range t {
			if len(*into) >= MaxDiscovered {
				return
			}
			flatten(below(strconv.Itoa(i)), v, into)
		}
	default:
		if v := ofJSON(t); v.kind != missing {
			*into = append(*into, Field{path, v.String()})
		}
	}
}
