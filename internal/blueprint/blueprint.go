package blueprint

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
)

//go:embed templates
var templates embed.FS

// Blueprint is a canary to begin with.
type Blueprint struct {
	Name        string `json:"-"`
	Title       string `json:"title"`
	Description string `json:"description"`
	// Kind is Code.BlueprintTypes of the canary, "multi-checks"; empty for scripts.
	Kind       string      `json:"blueprint"`
	Parameters []Parameter `json:"parameters"`
	// Environment names the environment variables that its script reads, and what for.
	Environment map[string]string `json:"environment"`
	// Families are the runtimes that it is written for, by canaryruntime.Family.
	Families map[string]Variant `json:"families"`
}

// Parameter is a value to fill in.
type Parameter struct {
	Name        string          `json:"name"`
	Label       string          `json:"label"`
	Description string          `json:"description"`
	Type        string          `json:"type"` // "string", "number" or "list" (of strings)
	Default     json.RawMessage `json:"default"`
}

// Variant is a blueprint for one family.
type Variant struct {
	Directory string `json:"directory"`
	Handler   string `json:"handler"` // Code.Handler; empty for what is no script
}

// ErrUnknown is returned for a blueprint, family or parameter that there is not.
var ErrUnknown = errors.New("no such blueprint")

// Names lists the blueprints.
func Names() []string {
	entries, err := templates.ReadDir("templates")
	if err != nil {
		panic("blueprint: " + err.Error())
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// ByName returns a blueprint.
func ByName(name string) (Blueprint, error) {
	if !slices.Contains(Names(), name) {
		return Blueprint{}, fmt.Errorf("%w: %s", ErrUnknown, name)
	}
	b := Blueprint{Name: name}
	text, err := templates.ReadFile(path.Join("templates", name, "blueprint.json"))
	if err != nil {
		return b, err
	}
	return b, json.Unmarshal(text, &b)
}

// Files are the files of a blueprint for a family, by their path in the code
// archive, filled in with values. A parameter without a value has its default;
// a value is a string for every type: a list has one value or more.
func (b Blueprint) Files(family string, values map[string][]string) (map[string][]byte, error) {
	v, ok := b.Families[family]
	if !ok {
		return nil, fmt.Errorf("%w: %s for %s (it is there for %v)", ErrUnknown, b.Name, family, slices.Sorted(maps.Keys(b.Families)))
	}
	filled, err := b.fill(values)
	if err != nil {
		return nil, err
	}
	dir, err := fs.Sub(templates, path.Join("templates", b.Name, v.Directory))
	if err != nil {
		return nil, err
	}
	out := map[string][]byte{}
	err = fs.WalkDir(dir, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(dir, name)
		out[name] = place.ReplaceAllFunc(text, func(m []byte) []byte { return filled[string(m[3:len(m)-3])] })
		return err
	})
	return out, err
}

// place is where a value goes.
var place = regexp.MustCompile(`"\{\{[A-Za-z]+\}\}"`)

// fill makes the JSON of each parameter's value.
func (b Blueprint) fill(values map[string][]string) (map[string][]byte, error) {
	filled := map[string][]byte{}
	for _, p := range b.Parameters {
		given, ok := values[p.Name]
		if !ok {
			filled[p.Name] = p.Default
			continue
		}
		text, err := p.literal(given)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.Name, err)
		}
		filled[p.Name] = text
	}
	for name := range values {
		if _, ok := filled[name]; !ok {
			return nil, fmt.Errorf("%w: %s has no parameter %s", ErrUnknown, b.Name, name)
		}
	}
	return filled, nil
}

// literal writes a value as JSON. The separators that JSON takes but older
// JavaScript does not in a string are escaped by the encoder.
func (p Parameter) literal(given []string) ([]byte, error) {
	var value any = given
	switch {
	case p.Type == "list":
	case len(given) != 1:
		return nil, errors.New("takes one value")
	case p.Type == "number":
		n, err := strconv.ParseFloat(given[0], 64)
		if err != nil {
			return nil, fmt.Errorf("%q is not a number", given[0])
		}
		value = n
	default:
		value = given[0]
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	err := e.Encode(value)
	return bytes.TrimRight(out.Bytes(), "\n"), err
}
