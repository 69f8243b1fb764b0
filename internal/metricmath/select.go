package metricmath

import (
	"slices"
	"strconv"
	"strings"
)

// maxSelected is how many time series a query of Metrics Insights answers.
const maxSelected = 500

// Select is a query of Metrics Insights.
//
//	SELECT FUNCTION(metric) FROM namespace | SCHEMA(namespace, label...)
//	[ WHERE label = 'value' [ AND | OR ... ] ] [ GROUP BY label... ]
//	[ ORDER BY FUNCTION() [ ASC | DESC ] ] [ LIMIT n ]
//
// Keywords are written in any case; names are not. Names with other characters
// than letters, digits and underscores stand in double quotes, values in single.
type Select struct {
	Function   string // AVG, COUNT, MAX, MIN or SUM
	Metric     string
	Namespace  string
	Schema     bool     // only metrics with exactly these Labels
	Labels     []string // sorted
	GroupBy    []string
	OrderBy    string // a function, or ""
	Descending bool
	Limit      int
	where      *condition
}

// condition is a node of WHERE.
type condition struct {
	op           string // "AND", "OR", "=" or "!="
	children     []*condition
	label, value string
}

// IsSelect reports whether text is a query of Metrics Insights and not
// arithmetic.
func IsSelect(text string) bool {
	fields := strings.Fields(text)
	return len(fields) > 0 && strings.EqualFold(fields[0], "SELECT")
}

// ParseSelect reads a query. The error is an *Error.
func ParseSelect(text string) (*Select, error) {
	p := &selectParser{rest: text}
	p.next()
	s := &Select{Limit: maxSelected}
	p.keywords("SELECT")
	s.Function = p.function()
	s.Metric = p.name("a metric name")
	p.sign(")")
	p.keywords("FROM")
	p.from(s)
	if p.accept("WHERE") {
		s.where = p.or()
	}
	if p.accept("GROUP") {
		p.keywords("BY")
		s.GroupBy = p.names()
	}
	if p.accept("ORDER") {
		p.keywords("BY")
		s.OrderBy = p.function()
		p.sign(")")
		if s.Descending = p.accept("DESC"); !s.Descending {
			p.accept("ASC")
		}
	}
	if p.accept("LIMIT") {
		n, err := strconv.Atoi(p.token)
		if err != nil || n < 1 || n > maxSelected {
			p.fail("LIMIT must be a number from 1 to %d", maxSelected)
		}
		s.Limit = n
		p.next()
	}
	if p.err == nil && p.kind != selectEnd {
		p.fail("Unexpected %q in the query", p.token)
	}
	return s, p.err
}

// Match reports whether the query is about m.
func (s *Select) Match(m *Metric) bool {
	if m.Namespace != s.Namespace || m.Name != s.Metric {
		return false
	}
	if s.Schema {
		names := make([]string, len(m.Dimensions))
		for i, d := range m.Dimensions {
			names[i] = d.Name
		}
		slices.Sort(names)
		if !slices.Equal(names, s.Labels) {
			return false
		}
	}
	return s.where == nil || s.where.match(m)
}

func (c *condition) match(m *Metric) bool {
	switch c.op {
	case "AND":
		return !slices.ContainsFunc(c.children, func(c *condition) bool { return !c.match(m) })
	case "OR":
		return slices.ContainsFunc(c.children, func(c *condition) bool { return c.match(m) })
	}
	has := slices.Contains(m.Dimensions, Dimension{c.label, c.value})
	return has == (c.op == "=")
}

// Group returns the values of the labels that the query groups by; a metric
// without one of them is in the group "Other".
func (s *Select) Group(m *Metric) []string {
	group := make([]string, len(s.GroupBy))
	for i, label := range s.GroupBy {
		group[i] = "Other"
		for _, d := range m.Dimensions {
			if d.Name == label {
				group[i] = d.Value
			}
		}
	}
	return group
}

// Arrange orders the groups' series, which come in order of their labels, as
// the query says, and cuts them to its limit.
func (s *Select) Arrange(list []*Series) []*Series {
	if s.OrderBy == "" {
		return list[:min(s.Limit, len(list))]
	}
	f := orders[s.OrderBy]
	if s.OrderBy == "COUNT" {
		f = count
	}
	return ranked(list, f, s.Descending, s.Limit)
}
