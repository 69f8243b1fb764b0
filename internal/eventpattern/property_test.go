package eventpattern

import (
	"encoding/json"
	"maps"
	"math/big"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// The naive matcher: a document with arrays stands for all the documents that
// have one element in place of each array. A pattern is evaluated on each by
// its definition.

// resolve returns the documents that v stands for.
func resolve(v any) []any {
	switch v := v.(type) {
	case []any:
		var out []any
		for _, e := range v {
			out = append(out, resolve(e)...)
		}
		return out
	case map[string]any:
		out := []any{map[string]any{}}
		for key, field := range v {
			choices := resolve(field)
			if len(choices) == 0 {
				continue // an empty array is not there
			}
			var next []any
			for _, o := range out {
				for _, choice := range choices {
					m := map[string]any{key: choice}
					maps.Copy(m, o.(map[string]any))
					next = append(next, m)
				}
			}
			out = next
		}
		return out
	}
	return []any{v}
}

func naiveMatch(pattern map[string]any, doc any) bool {
	docs := resolve(doc)
	for _, d := range docs {
		if naive(pattern, d, nil, docs) {
			return true
		}
	}
	return false
}

func naive(pattern map[string]any, doc any, path []string, docs []any) bool {
	for key, want := range pattern {
		ok := false
		below := append(slices.Clip(path), key)
		switch want := want.(type) {
		case map[string]any:
			ok = naive(want, doc, below, docs)
		case []any:
			for _, w := range want {
				if key == "$or" {
					ok = ok || naive(w.(map[string]any), doc, path, docs)
				} else {
					ok = ok || naiveLeaf(w, doc, below, docs)
				}
			}
		}
		if !ok {
			return false
		}
	}
	return true
}

func at(doc any, path []string) (any, bool) {
	for _, key := range path {
		m, ok := doc.(map[string]any)
		if !ok {
			return nil, false
		}
		if doc, ok = m[key]; !ok {
			return nil, false
		}
	}
	_, object := doc.(map[string]any)
	return doc, !object
}

func naiveLeaf(want, doc any, path []string, docs []any) bool {
	v, there := at(doc, path)
	m, _ := want.(map[string]any)
	if e, ok := m["exists"]; ok {
		if e == true {
			return there
		}
		for _, d := range docs {
			if _, ok := at(d, path); ok {
				return false
			}
		}
		return true
	}
	return there && naiveValue(want, v)
}

func naiveValue(want, v any) bool {
	m, ok := want.(map[string]any)
	if !ok {
		if a, ok := want.(json.Number); ok {
			b, ok := v.(json.Number)
			return ok && rat(a).Cmp(rat(b)) == 0
		}
		return want == v
	}
	s, isString := v.(string)
	for op, arg := range m {
		text, _ := arg.(string)
		switch op {
		case "prefix":
			return isString && strings.HasPrefix(s, text)
		case "suffix":
			return isString && strings.HasSuffix(s, text)
		case "equals-ignore-case":
			return isString && strings.EqualFold(s, text)
		case "wildcard":
			return isString && glob(text, s)
		case "numeric":
			n, ok := v.(json.Number)
			if !ok {
				return false
			}
			args := arg.([]any)
			for i := 0; i < len(args); i += 2 {
				c := rat(n).Cmp(rat(args[i+1].(json.Number)))
				if !map[string]bool{"=": c == 0, "<": c < 0, "<=": c <= 0, ">": c > 0, ">=": c >= 0}[args[i].(string)] {
					return false
				}
			}
			return true
		case "anything-but":
			list, ok := arg.([]any)
			if !ok {
				list = []any{arg}
			}
			for _, e := range list {
				if naiveValue(e, v) {
					return false
				}
			}
			return true
		}
	}
	return false
}

func rat(n json.Number) *big.Rat {
	r, _ := new(big.Rat).SetString(string(n))
	return r
}

func glob(pattern, s string) bool {
	if pattern == "" {
		return s == ""
	}
	if pattern[0] == '*' {
		return glob(pattern[1:], s) || s != "" && glob(pattern, s[1:])
	}
	return s != "" && s[0] == pattern[0] && glob(pattern[1:], s[1:])
}

var (
	keys    = []string{"a", "b", "c"}
	texts   = []string{"", "a", "b", "ab", "aba", "AB", "abab"}
	numbers = []string{"0", "1", "1.0", "10e-1", "-1", "1.5", "15E-1", "100", "1e2", "-0.5"}
	globs   = []string{"*", "a*", "*b", "a*b", "*a*", "ab", "a*a*", "*b*b"}
)

func drawScalar(t *rapid.T) any {
	switch rapid.IntRange(0, 4).Draw(t, "scalar") {
	case 0:
		return json.Number(rapid.SampledFrom(numbers).Draw(t, "number"))
	case 1:
		return rapid.SampledFrom([]any{true, false, nil}).Draw(t, "word")
	}
	return rapid.SampledFrom(texts).Draw(t, "text")
}

func drawDoc(t *rapid.T, depth int) any {
	switch n := rapid.IntRange(0, 5).Draw(t, "doc"); {
	case n < 2 || depth == 0:
		return drawScalar(t)
	case n == 2:
		list := []any{}
		for range rapid.IntRange(0, 2).Draw(t, "len") {
			list = append(list, drawDoc(t, depth-1))
		}
		return list
	}
	return drawObject(t, depth)
}

func drawObject(t *rapid.T, depth int) map[string]any {
	m := map[string]any{}
	for _, k := range keys {
		if rapid.IntRange(0, 2).Draw(t, "has") > 0 {
			m[k] = drawDoc(t, depth-1)
		}
	}
	return m
}

func drawAlternative(t *rapid.T) any {
	text := rapid.SampledFrom(texts).Draw(t, "text")
	number := json.Number(rapid.SampledFrom(numbers).Draw(t, "number"))
	switch rapid.IntRange(0, 9).Draw(t, "operator") {
	case 0:
		return map[string]any{"prefix": text}
	case 1:
		return map[string]any{"suffix": text}
	case 2:
		return map[string]any{"equals-ignore-case": text}
	case 3:
		return map[string]any{"wildcard": rapid.SampledFrom(globs).Draw(t, "glob")}
	case 4:
		return map[string]any{"numeric": []any{rapid.SampledFrom([]string{"=", "<", "<=", ">", ">="}).Draw(t, "op"), number}}
	case 5:
		return map[string]any{"anything-but": []any{text, "b"}}
	case 6:
		return map[string]any{"anything-but": map[string]any{"wildcard": rapid.SampledFrom(globs).Draw(t, "glob")}}
	case 7:
		return map[string]any{"exists": rapid.Bool().Draw(t, "exists")}
	}
	return drawScalar(t)
}

func drawPattern(t *rapid.T, depth int, or bool) map[string]any {
	m := map[string]any{}
	for _, k := range keys {
		switch n := rapid.IntRange(0, 5).Draw(t, "field"); {
		case n == 0 && depth > 0:
			m[k] = drawPattern(t, depth-1, or)
		case n < 3:
			list := []any{drawAlternative(t)}
			if rapid.Bool().Draw(t, "two") {
				list = append(list, drawAlternative(t))
			}
			m[k] = list
		}
	}
	if or && depth > 0 && rapid.Bool().Draw(t, "or") {
		m["$or"] = []any{drawPattern(t, depth-1, false), drawPattern(t, depth-1, false)}
	}
	if len(m) == 0 {
		m["a"] = []any{drawAlternative(t)}
	}
	return m
}

// TestMatchIsNaiveMatch compares with the definition. Patterns that name a
// path twice by way of $or are refused, and drawn again.
func TestMatchIsNaiveMatch(t *testing.T) {
	t.Parallel()
	matched, differed := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		pattern := drawPattern(t, 2, true)
		text, err := json.Marshal(pattern)
		if err != nil {
			t.Fatal(err)
		}
		p, err := Parse(text, EventBridge)
		if err != nil {
			if strings.Contains(err.Error(), "multiple times") {
				t.Skip("a path twice")
			}
			t.Fatalf("%s: %v", text, err)
		}
		for range 10 {
			doc := drawObject(t, 3)
			want := naiveMatch(pattern, doc)
			if got := p.Match(doc); got != want {
				shown, _ := json.Marshal(doc)
				t.Fatalf("%s with %s: %v, want %v", text, shown, got, want)
			}
			if want {
				matched++
			} else {
				differed++
			}
		}
	})
	if matched < 10 || differed < 10 {
		t.Errorf("%d documents matched, %d did not: the generator is of no use", matched, differed)
	}
}

func TestDecimalsCompareAsRationals(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		number := rapid.StringMatching(`-?(0|[1-9][0-9]{0,12})(\.[0-9]{1,8})?([eE][+-]?[0-9]{1,2})?`)
		a, b := number.Draw(t, "a"), number.Draw(t, "b")
		x, ok := parseDecimal(a)
		y, ok2 := parseDecimal(b)
		if want := rat(json.Number(a)).Cmp(rat(json.Number(b))); !ok || !ok2 || x.compare(y) != want {
			t.Fatalf("%s and %s: %d, want %d", a, b, x.compare(y), want)
		}
	})
}
