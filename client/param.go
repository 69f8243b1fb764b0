package client

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"

	"nephele.dev/nephele/internal/shape"
)

// Param is one parameter from a command line.
type Param struct {
	// Path names the parameter, in any form of its name, and what is inside it:
	// "Name", "schedule.expression", "Tags.0.Key", "Metadata.color".
	Path string

	// Value is a string in the terms of the parameter's type (numbers and
	// timestamps as text, true or false, the content of a blob, JSON or the AWS
	// CLI's shorthand for what has parts), or []byte or an io.Reader for a blob.
	Value any
}

// Params makes an input of JSON, which may be empty, and of single parameters on
// top. A list of scalars takes "a,b", and a list whose path comes again grows.
// Names that do not exist are left for Call to report.
func (c *Client) Params(operation string, raw json.RawMessage, list ...Param) (map[string]any, error) {
	op, err := findOperation(c.service, operation)
	if err != nil {
		return nil, err
	}
	in := map[string]any{}
	if len(bytes.TrimSpace(raw)) > 0 {
		given, err := parseJSON(op, raw)
		if err != nil {
			return nil, err
		}
		in, _ = decodeBlobs(op.Input, given.entries).(map[string]any)
	}
	for _, p := range list {
		steps := strings.Split(strings.NewReplacer("[", ".", "]", "").Replace(p.Path), ".")
		v, err := place(op.Input, in, steps, p.Value)
		if err != nil {
			return nil, &ParamError{Operation: op.Name, Problems: []string{fmt.Sprintf("Invalid parameter %s: %v", p.Path, err)}}
		}
		in, _ = v.(map[string]any)
	}
	return in, nil
}

// place sets what steps lead to in have, a value of shape s or nil.
func place(s *shape.Shape, have any, steps []string, value any) (any, error) {
	if len(steps) == 0 {
		v, err := parseParam(s, value)
		if before, ok := have.([]any); ok && err == nil {
			if more, ok := v.([]any); ok {
				return append(before, more...), nil
			}
		}
		return v, err
	}
	switch s.Kind {
	case shape.Structure, shape.Union, shape.Map:
		return placeInMap(s, have, steps, value)
	case shape.List:
		list, _ := have.([]any)
		i, err := strconv.Atoi(steps[0])
		if err != nil || i < 0 || i > len(list) {
			return nil, fmt.Errorf("%q is no index from 0 to %d", steps[0], len(list))
		}
		if i == len(list) {
			list = append(list, nil)
		}
		list[i], err = place(s.Elem.Shape, list[i], steps[1:], value)
		return list, err
	}
	return nil, fmt.Errorf("there is nothing inside it called %q", steps[0])
}

func placeInMap(s *shape.Shape, have any, steps []string, value any) (any, error) {
	m, _ := have.(map[string]any)
	if m == nil {
		m = map[string]any{}
	}
	name, inner, rest := steps[0], (*shape.Shape)(nil), steps[1:]
	if s.Kind == shape.Map {
		inner = s.Value.Shape
		if scalar(inner) {
			name, rest = strings.Join(steps, "."), nil
		}
	} else if member := memberNamed(s, name); member != nil {
		name, inner = member.Name, member.Shape
	}
	if inner == nil {
		m[name] = value // for Call to report
		return m, nil
	}
	v, err := place(inner, m[name], rest, value)
	m[name] = v
	return m, err
}

func memberNamed(s *shape.Shape, name string) *shape.Member {
	if m := s.Member(name); m != nil {
		return m
	}
	for _, m := range s.Members {
		if fold(m.Name) == fold(name) {
			return m
		}
	}
	return nil
}

func scalar(s *shape.Shape) bool {
	switch s.Kind {
	case shape.Structure, shape.Union, shape.List, shape.Map, shape.EventStream:
		return false
	}
	return true
}

// parseParam reads a value by its type. What it cannot read stays a text, for
// Call to report.
func parseParam(s *shape.Shape, value any) (any, error) {
	text, ok := value.(string)
	if !ok {
		return value, nil
	}
	switch s.Kind {
	case shape.Boolean:
		if b, err := strconv.ParseBool(strings.ToLower(text)); err == nil {
			return b, nil
		}
	case shape.Integer, shape.Long, shape.Float, shape.Double:
		if _, err := strconv.ParseFloat(text, 64); err == nil {
			return json.Number(text), nil
		}
	case shape.Blob:
		return []byte(text), nil
	case shape.List, shape.Map, shape.Structure, shape.Union:
		if t := strings.TrimSpace(text); strings.HasPrefix(t, "[") || strings.HasPrefix(t, "{") {
			return parseDocument(s, t)
		}
		return shorthand(s, text)
	}
	return text, nil
}

func parseDocument(s *shape.Shape, text string) (any, error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, fmt.Errorf("invalid JSON: %w", err)
	}
	if _, err := d.Token(); err != io.EOF { //nolint:errorlint // Token returns it bare
		return nil, fmt.Errorf("there is text after the JSON")
	}
	if _, isMap := v.(map[string]any); isMap && s.Kind == shape.List {
		v = []any{v}
	}
	return decodeBlobs(s, v), nil
}

// shorthand reads "a,b" for lists of scalars and "Key=a,Value=b" for structures
// and maps; a list of those takes one at a time.
func shorthand(s *shape.Shape, text string) (any, error) {
	if s.Kind == shape.List {
		if !scalar(s.Elem.Shape) {
			v, err := shorthand(s.Elem.Shape, text)
			return []any{v}, err
		}
		list := []any{}
		for part := range strings.SplitSeq(text, ",") {
			v, err := parseParam(s.Elem.Shape, part)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		return list, nil
	}
	var m any
	pairs, err := splitPairs(text)
	for _, pair := range pairs {
		if err == nil {
			m, err = place(s, m, strings.Split(pair[0], "."), pair[1])
		}
	}
	return m, err
}

// splitPairs splits at commas; what has no '=' belongs to the value before.
func splitPairs(text string) ([][2]string, error) {
	var pairs [][2]string
	for part := range strings.SplitSeq(text, ",") {
		key, value, found := strings.Cut(part, "=")
		switch {
		case found:
			pairs = append(pairs, [2]string{strings.TrimSpace(key), value})
		case len(pairs) == 0:
			return nil, fmt.Errorf("%q is neither JSON nor Key=Value", text)
		default:
			pairs[len(pairs)-1][1] += "," + part
		}
	}
	return pairs, nil
}

// decodeBlobs turns the base64 of blobs in JSON into bytes. What is no base64 is
// left for Call to report.
func decodeBlobs(s *shape.Shape, v any) any {
	switch v := v.(type) {
	case string:
		if s.Kind == shape.Blob {
			if data, err := base64.StdEncoding.DecodeString(v); err == nil {
				return data
			}
			return notBase64{v}
		}
	case []any:
		if s.Kind == shape.List {
			for i := range v {
				v[i] = decodeBlobs(s.Elem.Shape, v[i])
			}
		}
	case map[string]any:
		for k := range v {
			if s.Kind == shape.Map {
				v[k] = decodeBlobs(s.Value.Shape, v[k])
			} else if m := s.Member(k); m != nil {
				v[k] = decodeBlobs(m.Shape, v[k])
			}
		}
	}
	return v
}

// notBase64 is a text that should have been base64; no parameter takes it.
type notBase64 struct{ text string }

// String is the text.
func (n notBase64) String() string { return n.text }
