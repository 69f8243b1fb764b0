package insights

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"
)

// kind is what sort of value a value is.
type kind uint8

const (
	missing kind = iota
	text
	number
	boolean
	moment    // num is milliseconds since 1970
	structure // tree is a map or a list of JSON
)

// value is what a field or an expression has for one record.
type value struct {
	kind kind
	str  string // text; number: as it was written, if it was
	num  float64
	tree any
}

func textOf(s string) value { return value{kind: text, str: s} }

// numberOf is n, or missing where n is not a number.
func numberOf(n float64) value {
	if math.IsNaN(n) || math.IsInf(n, 0) {
		return value{}
	}
	return value{kind: number, num: n}
}

// size is how many bytes, roughly, holding v takes.
func (v value) size() int {
	if v.kind == structure {
		return 8 * len(v.String())
	}
	return 48 + len(v.str)
}

// held is v without memory that it shares with the message that it is from.
func (v value) held() value {
	v.str = strings.Clone(v.str)
	return v
}

func boolOf(b bool) value {
	v := value{kind: boolean}
	if b {
		v.num = 1
	}
	return v
}

func timeOf(t time.Time) value { return value{kind: moment, num: float64(t.UnixMilli())} }

// ofJSON is what a decoded JSON value (with json.Number) is here.
func ofJSON(v any) value {
	switch v := v.(type) {
	case nil:
		return value{}
	case string:
		return textOf(v)
	case bool:
		return boolOf(v)
	case json.Number:
		n, err := v.Float64()
		if err != nil {
			return textOf(v.String())
		}
		return value{kind: number, num: n, str: v.String()}
	default:
		return value{kind: structure, tree: v}
	}
}

// number reads v as a number.
func (v value) number() (float64, bool) {
	switch v.kind {
	case number, boolean, moment:
		return v.num, true
	case text:
		return parseNumber(v.str)
	}
	return 0, false
}

func parseNumber(s string) (float64, bool) {
	s = strings.TrimSpace(s)
	if s == "" || strings.ContainsAny(s, "xXpP_nNiI") { // no hexadecimals, no NaN, no Inf
		return 0, false
	}
	n, err := strconv.ParseFloat(s, 64)
	return n, err == nil
}

// truth is whether a filter lets v pass.
func (v value) truth() bool {
	switch v.kind {
	case boolean, number, moment:
		return v.num != 0
	case text:
		n, ok := parseNumber(v.str)
		return ok && n != 0 || strings.EqualFold(v.str, "true")
	}
	return false
}

// dateTime is how times are shown.
const dateTime = "2006-01-02 15:04:05.000"

// String is v as a result shows it.
func (v value) String() string {
	switch v.kind {
	case text:
		return v.str
	case number:
		if v.str != "" {
			return v.str
		}
		return formatNumber(v.num)
	case boolean:
		return strconv.Itoa(int(v.num))
	case moment:
		return time.UnixMilli(int64(v.num)).UTC().Format(dateTime)
	case structure:
		b, err := json.Marshal(v.tree)
		if err != nil {
			return ""
		}
		return string(b)
	}
	return ""
}

// formatNumber shows whole numbers as such and others to four decimals.
func formatNumber(n float64) string {
	if n == math.Trunc(n) && math.Abs(n) < 1e15 {
		return strconv.FormatFloat(n, 'f', 0, 64)
	}
	s := strconv.FormatFloat(n, 'f', 4, 64)
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}

// equal is the language's "=". Neither side may be missing.
func equal(a, b value) bool {
	if a.kind == boolean || b.kind == boolean {
		x, okX := asBool(a)
		y, okY := asBool(b)
		return okX && okY && x == y
	}
	x, okX := a.number()
	y, okY := b.number()
	if okX && okY {
		return x == y
	}
	return a.String() == b.String()
}

func asBool(v value) (b, ok bool) {
	if v.kind == text {
		switch strings.ToLower(v.str) {
		case "true":
			return true, true
		case "false":
			return false, true
		}
	}
	n, ok := v.number()
	return n != 0, ok && (n == 0 || n == 1)
}

// compare orders two values that are not missing: as numbers where both read
// as such, as texts otherwise.
func compare(a, b value) int {
	x, okX := a.number()
	y, okY := b.number()
	if okX && okY {
		switch {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	}
	return strings.Compare(a.String(), b.String())
}

// rank orders values for sort: those missing first, then texts by their
// characters, then numbers by size.
func rank(a, b value) int {
	if a.kind == missing || b.kind == missing {
		return btoi(a.kind != missing) - btoi(b.kind != missing)
	}
	_, okA := a.number()
	_, okB := b.number()
	if okA != okB {
		return btoi(okA) - btoi(okB)
	}
	return compare(a, b)
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
