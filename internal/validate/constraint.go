package validate

import (
	"math"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"nephele.dev/nephele/internal/shape"
)

// constraint is one rule that a value must hold to.
type constraint struct {
	text  string
	order int // place among the constraints of an element
	holds func(reflect.Value) bool
}

// cache holds the constraints of every shape met so far, patterns compiled.
var cache sync.Map // *shape.Shape -> []constraint

// constraintsOf returns the constraints on the value itself of s, in the order
// of separate violations: pattern, length, enumeration, range.
func constraintsOf(s *shape.Shape) []constraint {
	if cs, ok := cache.Load(s); ok {
		return cs.([]constraint)
	}
	cs, _ := cache.LoadOrStore(s, compile(s))
	return cs.([]constraint)
}

func compile(s *shape.Shape) []constraint {
	switch s.Kind {
	case shape.String:
		return slices.Concat(pattern(s), bounds(s, "length", runes), enumeration(s))
	case shape.Blob, shape.List, shape.Map:
		return bounds(s, "length", func(v reflect.Value) float64 { return float64(v.Len()) })
	case shape.Integer, shape.Long:
		return bounds(s, "value", func(v reflect.Value) float64 { return float64(v.Int()) })
	case shape.Float, shape.Double:
		return bounds(s, "value", reflect.Value.Float)
	default:
		return nil
	}
}

// runes is the length of a string in characters.
func runes(v reflect.Value) float64 { return float64(utf8.RuneCountInString(v.String())) }

// pattern is the regular expression of s. RE2 is anchored by the generator.
func pattern(s *shape.Shape) []constraint {
	if s.RE2 == "" {
		return nil
	}
	re, err := regexp.Compile(s.RE2)
	if err != nil {
		return nil // cannot be checked; the generator's test keeps the list
	}
	return []constraint{{
		text:  "Member must satisfy regular expression pattern: " + s.Pattern,
		order: 2,
		holds: func(v reflect.Value) bool { return re.MatchString(v.String()) },
	}}
}

// bounds are the minimum and maximum of what measure says about a value.
func bounds(s *shape.Shape, what string, measure func(reflect.Value) float64) []constraint {
	var cs []constraint
	if s.Min != nil && !(what == "length" && *s.Min <= 0) {
		least := *s.Min
		cs = append(cs, constraint{
			text:  "Member must have " + what + " greater than or equal to " + number(s, least),
			order: 1,
			holds: func(v reflect.Value) bool { return measure(v) >= least },
		})
	}
	if s.Max != nil {
		most := *s.Max
		cs = append(cs, constraint{
			text:  "Member must have " + what + " less than or equal to " + number(s, most),
			holds: func(v reflect.Value) bool { return measure(v) <= most },
		})
	}
	return cs
}

func enumeration(s *shape.Shape) []constraint {
	if len(s.Enum) == 0 {
		return nil
	}
	return []constraint{{
		text:  "Member must satisfy enum value set: [" + strings.Join(s.Enum, ", ") + "]",
		order: 3,
		holds: func(v reflect.Value) bool { return slices.Contains(s.Enum, v.String()) },
	}}
}

// number writes a bound as Java does: doubles always with a fraction.
func number(s *shape.Shape, f float64) string {
	if s.Kind == shape.Double || s.Kind == shape.Float {
		return javaDouble(f)
	}
	if f == math.Trunc(f) && math.Abs(f) < 1<<63 {
		return strconv.FormatInt(int64(f), 10)
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}

// bracket lists all constraints of an element: maximum, minimum, pattern,
// enumeration.
func (w *walker) bracket(cs []constraint) string {
	sorted := slices.Clone(cs)
	slices.SortStableFunc(sorted, func(a, b constraint) int { return a.order - b.order })
	texts := make([]string, 0, len(sorted)+1)
	for _, c := range sorted {
		texts = append(texts, c.text)
	}
	if w.rules.notNull {
		texts = append(texts, notNull)
	}
	return "[" + strings.Join(texts, ", ") + "]"
}
