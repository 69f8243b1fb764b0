package cloudwatch

import (
	"context"
	"time"

	api "nephele.dev/nephele/internal/api/cloudwatch"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/series"
	"nephele.dev/nephele/internal/store"
)

// maxDatapoints is what one GetMetricStatistics may answer.
const maxDatapoints = 1440

// GetMetricStatistics returns the statistics of one metric in each period that
// has data, earliest first. Without a unit, each unit has its own datapoints.
func (s *Service) GetMetricStatistics(ctx context.Context, in *api.GetMetricStatisticsInput) (*api.GetMetricStatisticsOutput, error) {
	if err := checkStatistics(in); err != nil {
		return nil, err
	}
	call := plane.FromContext(ctx)
	period := seconds(in.Period)
	q := series.Query{
		ID: series.ID{
			Account: call.Caller.Account, Region: call.Caller.Region,
			Namespace: in.Namespace, Name: in.MetricName, Dimensions: dimensionsOf(in.Dimensions),
		},
		From: roundStart(in.StartTime, call.Time, period), To: in.EndTime, Period: period,
	}
	if in.Unit != nil {
		q.Unit = string(*in.Unit)
	}
	out := &api.GetMetricStatisticsOutput{Label: &in.MetricName, Datapoints: []*api.Datapoint{}}
	err := s.db.View(ctx, func(tx *store.Tx) error {
		buckets, err := series.Buckets(tx, q)
		for i := range buckets {
			if d := datapoint(in, &buckets[i]); d != nil {
				out.Datapoints = append(out.Datapoints, d)
			}
		}
		return err
	})
	return out, err
}

func checkStatistics(in *api.GetMetricStatisticsInput) error {
	switch {
	case in.StartTime.Equal(in.EndTime):
		return api.NewInvalidParameterValueException("The parameter StartTime must not equal parameter EndTime.")
	case in.StartTime.After(in.EndTime):
		return api.NewInvalidParameterValueException("The parameter StartTime must be less than the parameter EndTime.")
	case !validPeriod(in.Period):
		return api.NewInvalidParameterValueException("The parameter Period must be a multiple of 60.")
	case len(in.Statistics) == 0 && len(in.ExtendedStatistics) == 0:
		return api.NewInvalidParameterCombinationException("At least one of the parameters Statistics and ExtendedStatistics must be specified.")
	}
	for _, name := range in.ExtendedStatistics {
		if _, ok := parseStatistic(name); !ok || simple[name] != nil && name != "IQM" {
			return api.NewInvalidParameterValueException("The value %s for parameter ExtendedStatistics is not supported.", name)
		}
	}
	span, period := in.EndTime.Sub(in.StartTime), seconds(in.Period)
	if n := int64((span + period - 1) / period); n > maxDatapoints {
		return api.NewInvalidParameterCombinationException("You have requested up to %d datapoints, which exceeds the limit of %d. "+
			"You may reduce the datapoints requested by increasing Period, or decreasing the time range.", n, maxDatapoints)
	}
	return nil
}

func dimensionsOf(in []*api.Dimension) []series.Dimension {
	var dims []series.Dimension
	for _, d := range in {
		if d != nil {
			dims = append(dims, series.Dimension{Name: d.Name, Value: d.Value})
		}
	}
	return dims
}

// datapoint returns the asked statistics of b, nil when it has none of them.
func datapoint(in *api.GetMetricStatisticsInput, b *series.Bucket) *api.Datapoint {
	unit := api.StandardUnit(b.Unit)
	d := &api.Datapoint{Timestamp: new(time.Time), Unit: &unit}
	*d.Timestamp = b.Time
	some := false
	for _, name := range in.Statistics {
		if v, ok := simple[string(name)](&b.Summary); ok {
			*field(d, name) = &v
			some = true
		}
	}
	for _, name := range in.ExtendedStatistics {
		f, _ := parseStatistic(name)
		v, ok := f(&b.Summary)
		if !ok {
			continue
		}
		if d.ExtendedStatistics == nil {
			d.ExtendedStatistics = map[string]float64{}
		}
		d.ExtendedStatistics[name] = v
		some = true
	}
	if !some {
		return nil
	}
	return d
}

// field returns where d keeps a statistic. The plane has checked the name.
func field(d *api.Datapoint, name api.Statistic) **float64 {
	switch name {
	case api.StatisticSampleCount:
		return &d.SampleCount
	case api.StatisticAverage:
		return &d.Average
	case api.StatisticSum:
		return &d.Sum
	case api.StatisticMinimum:
		return &d.Minimum
	default:
		return &d.Maximum
	}
}
