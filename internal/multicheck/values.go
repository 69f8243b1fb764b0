package multicheck

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

func sorted(s []string) []string {
	slices.Sort(s)
	return s
}

// canonical writes a JSON number as JavaScript would show it, but keeps the
// digits of integers of any size.
func canonical(n string) string {
	if !strings.ContainsAny(n, ".eE") {
		return n
	}
	f, err := strconv.ParseFloat(n, 64)
	if err != nil {
		return n
	}
	return plain(f)
}

// written is a JSON value as a text: strings as they are, arrays and objects
// as JSON.
func written(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case json.Number:
		return canonical(v.String())
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return fmt.Sprint(v)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// writeAll writes values. One may hold another, as $..* finds them: what they
// take together is bounded.
func writeAll(values []any) (out []string, err error) {
	total := 0
	for _, v := range values {
		s := written(v)
		if total += len(s); total > maxWritten {
			return nil, fmt.Errorf("the values at the path take more than %d bytes", maxWritten)
		}
		out = append(out, s)
	}
	return out, nil
}

// errNotJSON is what is said of a body that paths do not apply to.
var errNotJSON = errors.New("the body is not JSON")

// readJSON decodes a body. A value takes many times the memory of the bytes
// that stand for it, so values are counted first.
func readJSON(b []byte) (any, error) {
	if countValues(b) > maxValues {
		return nil, fmt.Errorf("the body has more than %d JSON values", maxValues)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil || d.More() {
		return nil, errNotJSON
	}
	return v, nil
}

// countValues returns how many values b has at most, if it is JSON.
func countValues(b []byte) int {
	n, quoted := 1, false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case !quoted && (c == ',' || c == '[' || c == '{'):
			n++
		}
	}
	return n
}

// compareText applies an operator to texts.
func (a *assertion) compareText(ctx context.Context, got, want string) (bool, error) {
	switch a.operator {
	case opEquals:
		return got == want, nil
	case opNotEquals:
		return got != want, nil
	case opContains:
		return strings.Contains(got, want), nil
	case opNotContains:
		return !strings.Contains(got, want), nil
	case opStarts:
		return strings.HasPrefix(got, want), nil
	case opEnds:
		return strings.HasSuffix(got, want), nil
	}
	re := a.pattern
	if re == nil {
		var err error
		if re, err = pattern(want); err != nil {
			return false, fmt.Errorf("the expected value %w", err)
		}
	}
	return re.match(ctx, got)
}

// compareAny applies an operator to several values: one of them has to satisfy
// it, and of NOT_EQUALS and NOT_CONTAINS each of them has to.
func (a *assertion) compareAny(ctx context.Context, got []string, want string) (bool, error) {
	negative := a.operator == opNotEquals || a.operator == opNotContains
	for _, v := range got {
		ok, err := a.compareText(ctx, v, want)
		if err != nil || ok != negative {
			return ok, err
		}
	}
	return negative, nil
}

func (a *assertion) compareNumber(got, want float64) bool {
	switch a.operator {
	case opEquals:
		return got == want
	case opNotEquals:
		return got != want
	case opGreater:
		return got > want
	}
	return got < want
}
