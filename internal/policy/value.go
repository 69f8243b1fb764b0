package policy

import (
	"cmp"
	"math"
	"strconv"
	"strings"
	"time"
)

// number is a value of the Numeric operators: an integer kept exactly, or a
// decimal.
type number struct {
	whole   int64
	decimal float64
	isWhole bool
}

func parseNumber(s string) (number, bool) {
	if i, err := strconv.ParseInt(s, 10, 64); err == nil {
		return number{whole: i, decimal: float64(i), isWhole: true}, true
	}
	if strings.ContainsAny(s, "xXpP_") {
		return number{}, false
	}
	f, err := strconv.ParseFloat(s, 64)
	return number{decimal: f}, err == nil && !math.IsNaN(f) && !math.IsInf(f, 0)
}

func (n number) compare(o number) int {
	if n.isWhole && o.isWhole {
		return cmp.Compare(n.whole, o.whole)
	}
	return cmp.Compare(n.decimal, o.decimal)
}

// instant is a value of the Date operators.
type instant struct{ time time.Time }

func (i instant) compare(o instant) int { return i.time.Compare(o.time) }

// dateForms are the ISO 8601 profiles of the W3C note on date and time
// formats; Go reads a fraction of a second after any seconds.
var dateForms = []string{
	time.RFC3339, "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05", "2006-01-02T15:04",
	"2006-01-02", "2006-01", "20060102T150405Z",
}

// parseInstant reads an ISO 8601 time or seconds since 1970.
func parseInstant(s string) (instant, bool) {
	if sec, err := strconv.ParseInt(s, 10, 64); err == nil {
		return instant{time.Unix(sec, 0)}, sec >= 0
	}
	s = strings.ToUpper(s)
	for _, form := range dateForms {
		if t, err := time.Parse(form, s); err == nil {
			return instant{t}, true
		}
	}
	return instant{}, false
}
