package cloudwatch

import (
	"context"
	"fmt"
	"math"
	"strings"
	"time"

	api "nephele.dev/nephele/internal/api/cloudwatch"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/series"
	"nephele.dev/nephele/internal/store"
)

// Limits of PutMetricData, from the API reference.
const (
	maxData   = 1000
	maxValues = 150
	maxPast   = 14 * 24 * time.Hour
	maxFuture = 2 * time.Hour
)

// maxMagnitude is the largest absolute value a metric may have.
var maxMagnitude = math.Ldexp(1, 360)

// PutMetricData stores values. Either all of them are in the database when it
// returns, or none. Under a token (plane.WithToken) they are stored once.
func (s *Service) PutMetricData(ctx context.Context, in *api.PutMetricDataInput) (*api.PutMetricDataOutput, error) {
	samples, err := samplesOf(plane.FromContext(ctx), in)
	if err != nil {
		return nil, err
	}
	if err := s.ensureHousekeeping(ctx); err != nil {
		return nil, err
	}
	token := plane.Token(ctx)
	err = s.db.UpdateAt(ctx, store.ReadCommitted, func(tx *store.Tx) error {
		if token != "" {
			first, err := store.Once(tx, "cloudwatch/"+token)
			if err != nil || !first {
				return err
			}
		}
		return series.Put(tx, samples)
	})
	if err != nil {
		return nil, err
	}
	return &api.PutMetricDataOutput{}, nil
}

// samplesOf turns the input into samples.
func samplesOf(call *plane.Call, in *api.PutMetricDataInput) ([]series.Sample, error) {
	p := putting{call: call, namespace: in.Namespace}
	if strings.HasPrefix(in.Namespace, "AWS/") && call.Caller.Kind != plane.Service || !printable(in.Namespace) {
		p.wrong("The value %s for parameter Namespace is invalid.", in.Namespace)
	}
	if len(in.MetricData) == 0 && len(in.EntityMetricData) == 0 {
		return nil, api.NewMissingRequiredParameterException("The parameter MetricData is required.")
	}
	p.list("MetricData", in.MetricData)
	if err := p.entities(in); err != nil {
		return nil, err
	}
	if p.combination != nil {
		return nil, p.combination
	}
	if len(p.invalid) > 0 {
		return nil, api.NewInvalidParameterValueException("%s", strings.Join(p.invalid, "\n"))
	}
	return p.samples, nil
}

// putting collects the samples of one call and everything that is wrong with
// it: CloudWatch names each bad parameter on a line of its own.
type putting struct {
	call        *plane.Call
	namespace   string
	count       int // of data
	samples     []series.Sample
	invalid     []string
	combination *awserr.Error
}

func (p *putting) wrong(format string, args ...any) {
	p.invalid = append(p.invalid, fmt.Sprintf(format, args...))
}

// list takes data; those of entities and without count together.
func (p *putting) list(name string, data []*api.MetricDatum) {
	if p.count += len(data); p.count > maxData {
		p.wrong("The collection %s must not have a size greater than %d.", name, maxData)
		return
	}
	for i, d := range data {
		if d != nil {
			p.datum(fmt.Sprintf("%s.member.%d", name, i+1), d)
		}
	}
}

func (p *putting) datum(name string, d *api.MetricDatum) {
	if !printable(d.MetricName) {
		p.wrong("The value %s for parameter %s.MetricName is invalid.", d.MetricName, name)
	}
	sample := series.Sample{
		ID: series.ID{
			Account: p.call.Caller.Account, Region: p.call.Caller.Region,
			Namespace: p.namespace, Name: d.MetricName, Dimensions: p.dimensions(name, d.Dimensions),
		},
		Time: p.time(name, d.Timestamp), Resolution: p.resolution(name, d.StorageResolution), Unit: string(api.StandardUnitNone),
	}
	if d.Unit != nil {
		sample.Unit = string(*d.Unit)
	}
	p.values(name, d, &sample)
	p.samples = append(p.samples, sample)
}

func (p *putting) dimensions(name string, in []*api.Dimension) []series.Dimension {
	var dims []series.Dimension
	seen := map[string]bool{}
	for i, d := range in {
		if d == nil {
			continue
		}
		if !printable(d.Name) || d.Name[0] == ':' || seen[d.Name] {
			p.wrong("The value %s for parameter %s.Dimensions.member.%d.Name is invalid.", d.Name, name, i+1)
		}
		if !printable(d.Value) {
			p.wrong("The value %s for parameter %s.Dimensions.member.%d.Value is invalid.", d.Value, name, i+1)
		}
		seen[d.Name] = true
		dims = append(dims, series.Dimension{Name: d.Name, Value: d.Value})
	}
	return dims
}

// printable reports whether s is ASCII without control characters, and not
// only blanks.
func printable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return strings.TrimSpace(s) != ""
}

func (p *putting) time(name string, t *time.Time) time.Time {
	now := p.call.Time
	switch {
	case t == nil:
		return now
	case t.Before(now.Add(-maxPast)):
		p.wrong("The parameter %s.Timestamp must specify a time within the past two weeks.", name)
	case t.After(now.Add(maxFuture)):
		p.wrong("The parameter %s.Timestamp must specify a time no more than two hours in the future.", name)
	}
	return *t
}

func (p *putting) resolution(name string, r *int32) time.Duration {
	switch {
	case r == nil || *r == 60:
		return time.Minute
	case *r != 1:
		p.wrong("The value %d for parameter %s.StorageResolution is invalid.", *r, name)
	}
	return time.Second
}

// values takes the one form in which d holds values.
func (p *putting) values(name string, d *api.MetricDatum, sample *series.Sample) {
	var forms []string
	if d.Value != nil {
		forms = append(forms, "Value")
	}
	if d.Values != nil {
		forms = append(forms, "Values")
	}
	if d.StatisticValues != nil {
		forms = append(forms, "StatisticValues")
	}
	if len(forms) > 1 {
		p.combine("The parameters %s.%s and %s.%s are mutually exclusive and you have specified both.", name, forms[0], name, forms[1])
		return
	}
	switch {
	case d.Value != nil:
		p.number(name+".Value", *d.Value)
		sample.Values = []float64{*d.Value}
	case d.StatisticValues != nil:
		sample.Set = p.statisticSet(name, d.StatisticValues)
	case len(d.Values) > 0:
		p.array(name, d, sample)
	default:
		p.combine("At least one of the parameters must be specified.")
	}
}

func (p *putting) combine(format string, args ...any) {
	if p.combination == nil {
		p.combination = api.NewInvalidParameterCombinationException(format, args...)
	}
}

func (p *putting) number(name string, v float64) {
	if math.IsNaN(v) || math.Abs(v) > maxMagnitude {
		p.wrong("The value %v for parameter %s is invalid.", v, name)
	}
}

func (p *putting) statisticSet(name string, s *api.StatisticSet) *series.StatisticSet {
	name += ".StatisticValues"
	p.number(name+".SampleCount", s.SampleCount)
	p.number(name+".Sum", s.Sum)
	p.number(name+".Minimum", s.Minimum)
	p.number(name+".Maximum", s.Maximum)
	if s.SampleCount < 0 {
		p.wrong("The value %v for parameter %s.SampleCount is invalid.", s.SampleCount, name)
	}
	if s.Minimum > s.Maximum {
		p.wrong("The parameter %s.Maximum must be greater than or equal to %s.Minimum.", name, name)
	}
	return &series.StatisticSet{Count: s.SampleCount, Sum: s.Sum, Min: s.Minimum, Max: s.Maximum}
}

func (p *putting) array(name string, d *api.MetricDatum, sample *series.Sample) {
	if len(d.Values) > maxValues {
		p.wrong("The collection %s.Values must not have a size greater than %d.", name, maxValues)
		return
	}
	if d.Counts != nil && len(d.Counts) != len(d.Values) {
		p.wrong("The parameters %s.Values and %s.Counts must be of the same size.", name, name)
		return
	}
	for i, v := range d.Values {
		p.number(fmt.Sprintf("%s.Values.member.%d", name, i+1), v)
	}
	for i, n := range d.Counts {
		if !(n > 0) || n > maxMagnitude {
			p.wrong("The value %v for parameter %s.Counts.member.%d is invalid.", n, name, i+1)
		}
	}
	sample.Values, sample.Counts = d.Values, d.Counts
}
