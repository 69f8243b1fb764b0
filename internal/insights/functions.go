package insights

import (
	"encoding/json"
	"math"
	"net/netip"
	"strings"
	"unicode/utf8"
)

// function is one of the language's, for single records.
type function struct {
	min, max int // arguments; max < 0 is any number
	f        func(r *record, args []expr) value
}

// functions by name in lower case. Those that look at the time of the query
// are in parser.call.
var functions = map[string]function{
	"abs":   numeric(math.Abs),
	"ceil":  numeric(math.Ceil),
	"floor": numeric(math.Floor),
	"log":   numeric(math.Log),
	"sqrt":  numeric(math.Sqrt),
	"greatest": {1, -1, func(r *record, args []expr) value {
		return extreme(r, args, math.Max)
	}},
	"least": {1, -1, func(r *record, args []expr) value {
		return extreme(r, args, math.Min)
	}},

	"datefloor":  {2, 2, func(r *record, args []expr) value { return slot(r, args, math.Floor) }},
	"dateceil":   {2, 2, func(r *record, args []expr) value { return slot(r, args, math.Ceil) }},
	"frommillis": {1, 1, fromMillis},
	"tomillis":   {1, 1, toMillis},

	"ispresent": {1, 1, func(r *record, args []expr) value { return boolOf(args[0].eval(r).kind != missing) }},
	"coalesce":  {1, -1, coalesce},

	"isempty": textual(func(s string) value { return boolOf(s == "") }),
	"isblank": textual(func(s string) value { return boolOf(strings.TrimSpace(s) == "") }),
	"strlen":  textual(func(s string) value { return numberOf(float64(utf8.RuneCountInString(s))) }),
	"toupper": textual(func(s string) value { return textOf(strings.ToUpper(s)) }),
	"tolower": textual(func(s string) value { return textOf(strings.ToLower(s)) }),
	"concat":  {1, -1, concat},
	"trim":    {1, 2, func(r *record, args []expr) value { return trimmed(r, args, strings.Trim) }},
	"ltrim":   {1, 2, func(r *record, args []expr) value { return trimmed(r, args, strings.TrimLeft) }},
	"rtrim":   {1, 2, func(r *record, args []expr) value { return trimmed(r, args, strings.TrimRight) }},
	"substr":  {2, 3, substr},
	"replace": {3, 3, replace},
	"strcontains": {2, 2, func(r *record, args []expr) value {
		v := args[0].eval(r)
		return boolOf(v.kind != missing && strings.Contains(v.String(), args[1].eval(r).String()))
	}},

	"jsonparse":     textual(func(s string) value { return ofJSON(parseJSON(s)) }),
	"jsonstringify": {1, 1, jsonStringify},

	"isvalidip":      address(func(a netip.Addr) bool { return true }),
	"isvalidipv4":    address(netip.Addr.Is4),
	"isvalidipv6":    address(netip.Addr.Is6),
	"isipinsubnet":   subnet(func(a netip.Addr) bool { return true }),
	"isipv4insubnet": subnet(netip.Addr.Is4),
	"isipv6insubnet": subnet(netip.Addr.Is6),
}

func numeric(f func(float64) float64) function {
	return function{1, 1, func(r *record, args []expr) value {
		n, ok := args[0].eval(r).number()
		if !ok {
			return value{}
		}
		return numberOf(f(n))
	}}
}

// textual is a function of one text; it is missing where its argument is,
// except that a missing text is empty and blank.
func textual(f func(string) value) function {
	return function{1, 1, func(r *record, args []expr) value {
		v := args[0].eval(r)
		out := f(v.String())
		if v.kind == missing && out.kind != boolean {
			return value{}
		}
		return out
	}}
}

func extreme(r *record, args []expr, better func(x, y float64) float64) value {
	best := math.NaN()
	for _, a := range args {
		if n, ok := a.eval(r).number(); ok && math.IsNaN(best) {
			best = n
		} else if ok {
			best = better(best, n)
		}
	}
	return numberOf(best)
}

// slot rounds a time to a period.
func slot(r *record, args []expr, round func(float64) float64) value {
	at, okAt := args[0].eval(r).number()
	period, okPeriod := args[1].eval(r).number()
	if !okAt || !okPeriod || period <= 0 {
		return value{}
	}
	return value{kind: moment, num: round(at/period) * period}
}

func fromMillis(r *record, args []expr) value {
	n, ok := args[0].eval(r).number()
	if !ok {
		return value{}
	}
	return value{kind: moment, num: n}
}

func toMillis(r *record, args []expr) value {
	v := args[0].eval(r)
	if v.kind != moment {
		return value{}
	}
	return numberOf(v.num)
}

func coalesce(r *record, args []expr) value {
	for _, a := range args {
		if v := a.eval(r); v.kind != missing {
			return v
		}
	}
	return value{}
}

func concat(r *record, args []expr) value {
	var b strings.Builder
	for _, a := range args {
		s := a.eval(r).String()
		fits(b.Len() + len(s))
		b.WriteString(s)
	}
	return textOf(b.String())
}

func trimmed(r *record, args []expr, trim func(s, cut string) string) value {
	v := args[0].eval(r)
	if v.kind == missing {
		return value{}
	}
	cut := " \t\r\n"
	if len(args) > 1 {
		cut = args[1].eval(r).String()
	}
	return textOf(trim(v.String(), cut))
}

// substr counts characters from 0.
func substr(r *record, args []expr) value {
	v := args[0].eval(r)
	from, ok := args[1].eval(r).number()
	if v.kind == missing || !ok {
		return value{}
	}
	chars := []rune(v.String())
	start := clamp(from, len(chars))
	end := len(chars)
	if len(args) > 2 {
		n, ok := args[2].eval(r).number()
		if !ok {
			return value{}
		}
		end = start + clamp(n, len(chars)-start)
	}
	return textOf(string(chars[start:end]))
}

func clamp(n float64, most int) int { return int(max(0, min(n, float64(most)))) }

func replace(r *record, args []expr) value {
	v := args[0].eval(r)
	old := args[1].eval(r).String()
	if v.kind == missing || old == "" {
		return v
	}
	s, by := v.String(), args[2].eval(r).String()
	fits(len(s) + strings.Count(s, old)*(len(by)-len(old)))
	return textOf(strings.ReplaceAll(s, old, by))
}

func jsonStringify(r *record, args []expr) value {
	v := args[0].eval(r)
	if v.kind != text {
		if v.kind == missing {
			return v
		}
		return textOf(v.String())
	}
	fits(len(v.str))
	b, err := json.Marshal(v.str)
	if err != nil {
		return value{}
	}
	return textOf(string(b))
}

func address(is func(netip.Addr) bool) function {
	return function{1, 1, func(r *record, args []expr) value {
		a, err := netip.ParseAddr(args[0].eval(r).String())
		return boolOf(err == nil && is(a))
	}}
}

func subnet(is func(netip.Addr) bool) function {
	return function{2, 2, func(r *record, args []expr) value {
		a, err := netip.ParseAddr(args[0].eval(r).String())
		if err != nil || !is(a) {
			return boolOf(false)
		}
		p, err := netip.ParsePrefix(args[1].eval(r).String())
		return boolOf(err == nil && p.Contains(a))
	}}
}

// call parses the arguments of a function whose name stands at start and whose
// parenthesis is open.
func (p *parser) call(start int, name string) expr {
	lower := strings.ToLower(name)
	if a, ok := aggregates[lower]; ok {
		return p.aggregate(start, lower, a)
	}
	f, ok := functions[lower]
	if !ok && lower != "now" && lower != "bin" {
		p.pos--
		p.fail(start, "unknown function %s", name)
	}
	args := p.arguments()
	switch lower {
	case "now":
		p.arity(start, name, args, 0, 0)
		return constant{numberOf(float64(p.now.Unix()))}
	case "bin":
		p.arity(start, name, args, 1, 1)
		return call{functions["datefloor"].f, []expr{fieldRef{"@timestamp"}, args[0]}}
	}
	p.arity(start, name, args, f.min, f.max)
	return call{f.f, args}
}

func (p *parser) arguments() []expr {
	var args []expr
	for !p.sign(")") {
		if len(args) > 0 {
			p.need(",")
		}
		args = append(args, p.expression())
	}
	return args
}

func (p *parser) arity(start int, name string, args []expr, least, most int) {
	if len(args) < least || most >= 0 && len(args) > most {
		p.fail(start, "wrong number of arguments for function %s: %d", name, len(args))
	}
}
