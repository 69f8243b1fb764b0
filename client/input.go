package client

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"nephele.dev/nephele/internal/shape"
)

// A builder makes an operation's input struct of what the caller gave, and
// collects what is wrong with it. The words are botocore's (validate.py), the
// names of types those of this package.
type builder struct {
	problems []string
	base64   bool // strings for blobs are base64: the input is JSON
}

// newInput returns a pointer to op's input struct, or a *ParamError.
func newInput(op *shape.Operation, given params) (any, error) {
	b := &builder{base64: given.json}
	v := reflect.New(op.Input.Type)
	b.members(op.Input, v.Elem(), given.entries, "")
	if len(b.problems) > 0 {
		return nil, &ParamError{Operation: op.Name, Problems: b.problems}
	}
	return v.Interface(), nil
}

// params is an input as a map.
type params struct {
	entries map[string]any
	json    bool // it was read from JSON
}

// parseInput takes the forms of an operation's input.
func parseInput(op *shape.Operation, input any) (params, error) {
	if raw, ok := input.(json.RawMessage); ok {
		return parseJSON(op, raw)
	}
	if input == nil {
		return params{entries: map[string]any{}}, nil
	}
	entries, ok := entriesOf(op.Input, reflect.ValueOf(input))
	if !ok {
		return params{}, &ParamError{Operation: op.Name, Problems: []string{
			fmt.Sprintf("Invalid type for parameter input, type: %T, valid types: map, JSON, struct", input),
		}}
	}
	return params{entries: entries}, nil
}

// parseJSON reads one JSON object; numbers keep their digits.
func parseJSON(op *shape.Operation, raw json.RawMessage) (params, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	entries := map[string]any{}
	err := d.Decode(&entries)
	if err == nil && d.More() {
		err = fmt.Errorf("there is text after the object")
	}
	if err != nil {
		return params{}, &ParamError{Operation: op.Name, Problems: []string{"Invalid JSON received: " + err.Error()}}
	}
	return params{entries: entries, json: true}, nil
}

// entriesOf reads a map with text keys, or the fields of a struct, whose names
// may differ from the members' in case. Nil fields are absent.
func entriesOf(s *shape.Shape, v reflect.Value) (map[string]any, bool) {
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		if v.IsNil() {
			return nil, false
		}
		v = v.Elem()
	}
	switch {
	case v.Kind() == reflect.Map && v.Type().Key().Kind() == reflect.String:
		entries := make(map[string]any, v.Len())
		for it := v.MapRange(); it.Next(); {
			entries[it.Key().String()] = it.Value().Interface()
		}
		return entries, true
	case v.Kind() == reflect.Struct:
		return fieldsOf(s, v), true
	}
	return nil, false
}

func fieldsOf(s *shape.Shape, v reflect.Value) map[string]any {
	entries := map[string]any{}
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if !f.IsExported() || nilled(v.Field(i)) {
			continue
		}
		name := f.Name
		for _, m := range s.Members {
			if strings.EqualFold(m.Name, name) {
				name = m.Name
				break
			}
		}
		entries[name] = v.Field(i).Interface()
	}
	return entries
}

func nilled(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface, reflect.Slice, reflect.Map, reflect.Func:
		return v.IsNil()
	}
	return false
}

// problem notes what is wrong with the parameter at path.
func (b *builder) problem(format string, args ...any) {
	b.problems = append(b.problems, fmt.Sprintf(format, args...))
}

// at is a path as messages have it.
func at(path string) string {
	if path == "" {
		return "input"
	}
	return strings.TrimPrefix(path, ".")
}

// members fills the struct v of shape s.
func (b *builder) members(s *shape.Shape, v reflect.Value, entries map[string]any, path string) {
	if s.Kind == shape.Union && len(entries) != 1 {
		b.problem("Invalid number of parameters set for tagged union structure %s. Exactly one of the following keys must be set: %s",
			at(path), strings.Join(memberNames(s), ", "))
		return
	}
	for _, m := range s.Members {
		if _, ok := entries[m.Name]; m.Required && !ok {
			b.problem("Missing required parameter in %s: %q", at(path), m.Name)
		}
	}
	for _, name := range sortedKeys(entries) {
		if s.Member(name) == nil {
			b.problem("Unknown parameter in %s: %q, must be one of: %s", at(path), name, strings.Join(memberNames(s), ", "))
		}
	}
	for _, m := range s.Members {
		if given, ok := entries[m.Name]; ok {
			b.value(m, v.Field(m.Field), given, path+"."+m.Name)
		}
	}
}

func memberNames(s *shape.Shape) []string {
	names := make([]string, len(s.Members))
	for i, m := range s.Members {
		names[i] = m.Name
	}
	return names
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// value sets dst, of member m, to what was given.
func (b *builder) value(m *shape.Member, dst reflect.Value, given any, path string) {
	if m.JSONValue {
		b.jsonValue(dst, given, path)
		return
	}
	switch m.Shape.Kind {
	case shape.Structure, shape.Union:
		entries, ok := entriesOf(m.Shape, reflect.ValueOf(given))
		if !ok {
			b.mistyped(given, path, "map")
			return
		}
		dst.Set(reflect.New(m.Shape.Type))
		b.members(m.Shape, dst.Elem(), entries, path)
	case shape.List:
		b.list(m.Shape, dst, given, path)
	case shape.Map:
		b.mapping(m.Shape, dst, given, path)
	case shape.Blob:
		b.blob(m.Shape, dst, given, path)
	case shape.EventStream:
		b.problem("Invalid type for parameter %s: event streams cannot be sent", at(path))
	default:
		b.scalar(m, dst, given, path)
	}
}

// mistyped notes a value of a type that the parameter does not take.
func (b *builder) mistyped(given any, path, valid string) {
	b.problem("Invalid type for parameter %s, value: %s, type: %s, valid types: %s", at(path), brief(given), typeName(given), valid)
}

// brief is a value short enough for a message.
func brief(v any) string {
	if _, ok := v.(io.Reader); ok {
		return "(stream)"
	}
	s := fmt.Sprint(v)
	if utf8.RuneCountInString(s) > 100 {
		return string([]rune(s)[:100]) + "..."
	}
	return s
}

// typeName is what messages call the type of a value.
func typeName(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case json.Number:
		return "number"
	case []byte:
		return "blob"
	case notBase64:
		return "text that is not base64"
	case io.Reader:
		return "stream"
	}
	switch t := reflect.TypeOf(v); t.Kind() {
	case reflect.String:
		return "string"
	case reflect.Bool:
		return "boolean"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Float32, reflect.Float64:
		return "number"
	case reflect.Slice, reflect.Array:
		return "list"
	case reflect.Map:
		return "map"
	default:
		return t.String()
	}
}

func (b *builder) list(s *shape.Shape, dst reflect.Value, given any, path string) {
	v := reflect.Indirect(reflect.ValueOf(given))
	_, number := given.(json.Number)
	if !v.IsValid() || number || v.Kind() != reflect.Slice && v.Kind() != reflect.Array || v.Type() == reflect.TypeFor[[]byte]() {
		b.mistyped(given, path, "list")
		return
	}
	b.length(s, v.Len(), path)
	list := reflect.MakeSlice(dst.Type(), v.Len(), v.Len())
	for i := range v.Len() {
		b.value(s.Elem, list.Index(i), v.Index(i).Interface(), fmt.Sprintf("%s[%d]", path, i))
	}
	dst.Set(list)
}

func (b *builder) mapping(s *shape.Shape, dst reflect.Value, given any, path string) {
	v := reflect.Indirect(reflect.ValueOf(given))
	if !v.IsValid() || v.Kind() != reflect.Map || v.Type().Key().Kind() != reflect.String {
		b.mistyped(given, path, "map")
		return
	}
	entries := reflect.MakeMapWithSize(dst.Type(), v.Len())
	all, _ := entriesOf(s, v)
	for _, key := range sortedKeys(all) {
		b.length(s.Key.Shape, utf8.RuneCountInString(key), fmt.Sprintf("%s (key: %s)", path, key))
		entry := reflect.New(dst.Type().Elem()).Elem()
		b.value(s.Value, entry, all[key], path+"."+key)
		entries.SetMapIndex(reflect.ValueOf(key).Convert(dst.Type().Key()), entry)
	}
	dst.Set(entries)
}

// length checks the lower bound of a length.
func (b *builder) length(s *shape.Shape, n int, path string) {
	if s.Min != nil && float64(n) < *s.Min {
		b.problem("Invalid length for parameter %s, value: %d, valid min length: %v", at(path), n, *s.Min)
	}
}
