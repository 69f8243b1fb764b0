package logs

import (
	"math"
	"strconv"
	"strings"

	api "nephele.dev/nephele/internal/api/logs"
	"nephele.dev/nephele/internal/logfilter"
)

// maxFilterDimensions is how many dimensions a metric filter may have.
const maxFilterDimensions = 3

// metricFilterOf checks the rules of PutMetricFilter that the model does not
// have.
func metricFilterOf(in *api.PutMetricFilterInput) (*metricFilter, error) {
	switch {
	case in.ApplyOnTransformedLogs != nil && *in.ApplyOnTransformedLogs:
		return nil, notImplemented("metric filters on transformed events")
	case in.FieldSelectionCriteria != nil && *in.FieldSelectionCriteria != "":
		return nil, notImplemented("the field selection criteria of metric filters")
	case len(in.EmitSystemFieldDimensions) > 0:
		return nil, notImplemented("the system field dimensions of metric filters")
	}
	t := in.MetricTransformations[0]
	f := &metricFilter{
		Name: in.FilterName, Group: in.LogGroupName, Pattern: in.FilterPattern, Metric: t.MetricName, Namespace: t.MetricNamespace,
		Value: t.MetricValue, Default: t.DefaultValue, Dimensions: t.Dimensions,
	}
	if t.Unit != nil {
		f.Unit = *t.Unit
	}
	c, err := f.compile()
	if err != nil {
		return nil, err
	}
	f.HasRegex = c.pattern.Regex()
	return f, f.check()
}

// check applies the rules about a transformation's members together.
func (f *metricFilter) check() error {
	switch {
	case f.Metric == "" || f.Namespace == "" || f.Value == "":
		return badTransformation("metric name, namespace and value must not be empty.")
	case strings.HasPrefix(f.Namespace, "AWS/"):
		return badTransformation("namespaces starting with AWS/ are reserved for AWS.")
	case !printable(f.Metric) || !printable(f.Namespace):
		return badTransformation("metric name and namespace must be ASCII.")
	case len(f.Dimensions) > 0 && f.Default != nil:
		return badTransformation("dimensions and default value are mutually exclusive properties.")
	case len(f.Dimensions) > maxFilterDimensions:
		return badTransformation("a metric cannot have more than %d dimensions.", maxFilterDimensions)
	case f.Default != nil && !metricNumber(*f.Default):
		return badTransformation("the default value is out of range.")
	}
	for name := range f.Dimensions {
		if !printable(name) || strings.HasPrefix(name, ":") {
			return badTransformation("the dimension name '%s' is not valid.", name)
		}
	}
	return nil
}

func badTransformation(format string, args ...any) error {
	return invalid("Invalid metric transformations: "+format, args...)
}

// compiledFilter is a metric filter made ready for events.
type compiledFilter struct {
	metricFilter
	pattern    *logfilter.Pattern
	constant   float64
	value      *logfilter.Field // nil: the value is constant
	dimensions []compiledDimension
}

type compiledDimension struct {
	name  string
	field logfilter.Field
}

// compile reads the pattern and what refers to its fields.
func (f *metricFilter) compile() (*compiledFilter, error) {
	p, err := parsePattern(&f.Pattern)
	if err != nil {
		return nil, err
	}
	c := &compiledFilter{metricFilter: *f, pattern: p}
	if strings.HasPrefix(f.Value, "$") {
		field, err := p.Field(f.Value)
		if err != nil {
			return nil, badTransformation("metric value %s", err)
		}
		c.value = &field
	} else if c.constant, err = strconv.ParseFloat(f.Value, 64); err != nil || !metricNumber(c.constant) {
		return nil, badTransformation("the metric value '%s' is neither a number nor a field.", f.Value)
	}
	for _, name := range sortedKeys(f.Dimensions) {
		field, err := p.Field(f.Dimensions[name])
		if err != nil {
			return nil, badTransformation("dimension value %s", err)
		}
		c.dimensions = append(c.dimensions, compiledDimension{name, field})
	}
	return c, nil
}

// maxMagnitude is the largest absolute value of a metric.
var maxMagnitude = math.Ldexp(1, 360)

// metricNumber reports whether CloudWatch takes n as a value.
func metricNumber(n float64) bool { return math.Abs(n) <= maxMagnitude } // false for NaN

// printable reports whether CloudWatch takes text in a metric's identity.
func printable(text string) bool {
	const longest = 1024
	return strings.TrimSpace(text) != "" && len(text) <= longest &&
		!strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' })
}
