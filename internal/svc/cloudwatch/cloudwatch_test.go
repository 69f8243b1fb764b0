package cloudwatch_test

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	api "nephele.dev/nephele/internal/api/cloudwatch"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/engine"
	"nephele.dev/nephele/internal/page"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/store/storetest"
	"nephele.dev/nephele/internal/svc/cloudwatch"
)

// each runs f with clients of the service on every database: one of the root
// user, one of another AWS service.
func each(t *testing.T, f func(t *testing.T, c, service api.Client)) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		pages, err := page.New([]byte("a secret of this test"))
		if err != nil {
			t.Fatal(err)
		}
		e := engine.New(db, engine.Options{})
		s := cloudwatch.New(cloudwatch.Deps{DB: db, Engine: e, Pages: pages})
		s.Flows(e)
		p := plane.New(plane.Options{Logger: slog.New(slog.DiscardHandler)})
		p.Register(api.Service(), s.Handlers())
		f(t, api.Client{Invoker: p.As(plane.RootCaller("000000000000", "us-east-1"))},
			api.Client{Invoker: p.AsService("synthetics.amazonaws.com", "000000000000", "us-east-1")})
	})
}

// hourAgo is a whole hour, one to two hours ago.
func hourAgo() time.Time { return time.Now().UTC().Truncate(time.Hour).Add(-time.Hour) }

func put(t *testing.T, c api.Client, namespace string, data ...*api.MetricDatum) {
	t.Helper()
	if _, err := c.PutMetricData(t.Context(), &api.PutMetricDataInput{Namespace: namespace, MetricData: data}); err != nil {
		t.Fatal(err)
	}
}

func datum(name string, at time.Time, v float64, dims ...string) *api.MetricDatum {
	return &api.MetricDatum{MetricName: name, Timestamp: &at, Value: &v, Dimensions: dimensions(dims...)}
}

func dimensions(pairs ...string) (dims []*api.Dimension) {
	for i := 0; i < len(pairs); i += 2 {
		dims = append(dims, &api.Dimension{Name: pairs[i], Value: pairs[i+1]})
	}
	return dims
}

// wantError compares code and message of err. Codes are the names of the error
// shapes; the wire turns them into those of each protocol.
func wantError(t *testing.T, err error, code, message string) {
	t.Helper()
	e := awserr.As(err)
	if e == nil || e.Code != code || e.Message != message {
		t.Errorf("error = %v\n want %s: %s", err, code, message)
	}
}

func TestStatistics(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, c, _ api.Client) {
		start := hourAgo()
		unit := api.StandardUnitMilliseconds
		hundred := make([]float64, 100)
		for i := range hundred {
			hundred[i] = float64(i + 1)
		}
		at := start.Add(30 * time.Second)
		put(t, c, "Test", &api.MetricDatum{MetricName: "latency", Timestamp: &at, Values: hundred, Unit: &unit, Dimensions: dimensions("a", "1")})
		later := start.Add(5 * time.Minute)
		put(t, c, "Test", &api.MetricDatum{
			MetricName: "latency", Timestamp: &later, Unit: &unit, Dimensions: dimensions("a", "1"),
			StatisticValues: &api.StatisticSet{SampleCount: 4, Sum: 20, Minimum: 2, Maximum: 9},
		})
		put(t, c, "Test", datum("latency", later, 3, "a", "1")) // another unit
		out, err := c.GetMetricStatistics(t.Context(), &api.GetMetricStatisticsInput{
			Namespace: "Test", MetricName: "latency", Dimensions: dimensions("a", "1"),
			StartTime: start, EndTime: start.Add(time.Hour), Period: 300, Unit: &unit,
			Statistics: []api.Statistic{
				api.StatisticSampleCount, api.StatisticSum, api.StatisticAverage, api.StatisticMinimum, api.StatisticMaximum,
			},
			ExtendedStatistics: []string{"p50", "p99.9", "tm90", "TM(10%:90%)", "tc90", "TS(98:)", "PR(:25)", "wm90", "IQM"},
		})
		if err != nil {
			t.Fatal(err)
		}
		want := []*api.Datapoint{
			{
				Timestamp: &start, Unit: &unit, SampleCount: new(100.0), Sum: new(5050.0), Average: new(50.5), Minimum: new(1.0), Maximum: new(100.0),
				ExtendedStatistics: map[string]float64{
					"p50": 50, "p99.9": 100, "tm90": 45.5, "TM(10%:90%)": 50.5, "tc90": 90, "TS(98:)": 199, "PR(:25)": 25, "wm90": 49.95, "IQM": 50.5,
				},
			},
			{Timestamp: &later, Unit: &unit, SampleCount: new(4.0), Sum: new(20.0), Average: new(5.0), Minimum: new(2.0), Maximum: new(9.0)},
		}
		if diff := cmp.Diff(want, out.Datapoints); diff != "" {
			t.Error(diff)
		}
		if *out.Label != "latency" {
			t.Errorf("label = %s", *out.Label)
		}
	})
}

func TestStatisticsErrors(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, c, _ api.Client) {
		good := api.GetMetricStatisticsInput{
			Namespace: "Test", MetricName: "m", StartTime: hourAgo(), EndTime: hourAgo().Add(time.Hour), Period: 60,
			Statistics: []api.Statistic{api.StatisticSum},
		}
		for _, tt := range []struct {
			change        func(*api.GetMetricStatisticsInput)
			code, message string
		}{
			{func(in *api.GetMetricStatisticsInput) { in.EndTime = in.StartTime }, "InvalidParameterValueException", "The parameter StartTime must not equal parameter EndTime."},
			{func(in *api.GetMetricStatisticsInput) { in.EndTime = in.StartTime.Add(-1) }, "InvalidParameterValueException", "The parameter StartTime must be less than the parameter EndTime."},
			{func(in *api.GetMetricStatisticsInput) { in.Period = 61 }, "InvalidParameterValueException", "The parameter Period must be a multiple of 60."},
			{func(in *api.GetMetricStatisticsInput) { in.Period = 1 }, "InvalidParameterCombinationException", "You have requested up to 3600 datapoints, which exceeds the limit of 1440. You may reduce the datapoints requested by increasing Period, or decreasing the time range."},
			{func(in *api.GetMetricStatisticsInput) { in.Statistics = nil }, "InvalidParameterCombinationException", "At least one of the parameters Statistics and ExtendedStatistics must be specified."},
			{func(in *api.GetMetricStatisticsInput) { in.ExtendedStatistics = []string{"p101"} }, "InvalidParameterValueException", "The value p101 for parameter ExtendedStatistics is not supported."},
			{func(in *api.GetMetricStatisticsInput) { in.ExtendedStatistics = []string{"Sum"} }, "InvalidParameterValueException", "The value Sum for parameter ExtendedStatistics is not supported."},
		} {
			in := good
			tt.change(&in)
			_, err := c.GetMetricStatistics(t.Context(), &in)
			wantError(t, err, tt.code, tt.message)
		}
	})
}

func TestPutRefuses(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, c, _ api.Client) {
		now := time.Now()
		one := func(f func(*api.MetricDatum)) []*api.MetricDatum {
			d := datum("m", now, 1)
			f(d)
			return []*api.MetricDatum{datum("fine", now, 1), d}
		}
		const member = "MetricData.member.2"
		for _, tt := range []struct {
			namespace     string
			data          []*api.MetricDatum
			code, message string
		}{
			{"AWS/EC2", one(func(*api.MetricDatum) {}), "InvalidParameterValueException", "The value AWS/EC2 for parameter Namespace is invalid."},
			{"T", nil, "MissingRequiredParameterException", "The parameter MetricData is required."},
			{"T", one(func(d *api.MetricDatum) { d.Value = nil }), "InvalidParameterCombinationException", "At least one of the parameters must be specified."},
			{"T", one(func(d *api.MetricDatum) { d.Values = []float64{1} }), "InvalidParameterCombinationException", "The parameters " + member + ".Value and " + member + ".Values are mutually exclusive and you have specified both."},
			{"T", one(func(d *api.MetricDatum) { d.StatisticValues = &api.StatisticSet{} }), "InvalidParameterCombinationException", "The parameters " + member + ".Value and " + member + ".StatisticValues are mutually exclusive and you have specified both."},
			{"T", one(func(d *api.MetricDatum) { d.Value = new(math.NaN()) }), "InvalidParameterValueException", "The value NaN for parameter " + member + ".Value is invalid."},
			{"T", one(func(d *api.MetricDatum) { d.Value = new(math.Inf(1)) }), "InvalidParameterValueException", "The value +Inf for parameter " + member + ".Value is invalid."},
			{"T", one(func(d *api.MetricDatum) { d.Value = new(math.Ldexp(1.5, 360)) }), "InvalidParameterValueException", fmt.Sprintf("The value %v for parameter %s.Value is invalid.", math.Ldexp(1.5, 360), member)},
			{"T", one(func(d *api.MetricDatum) { d.Timestamp = new(now.Add(-15 * 24 * time.Hour)) }), "InvalidParameterValueException", "The parameter " + member + ".Timestamp must specify a time within the past two weeks."},
			{"T", one(func(d *api.MetricDatum) { d.Timestamp = new(now.Add(3 * time.Hour)) }), "InvalidParameterValueException", "The parameter " + member + ".Timestamp must specify a time no more than two hours in the future."},
			{"T", one(func(d *api.MetricDatum) { d.StorageResolution = new(int32(5)) }), "InvalidParameterValueException", "The value 5 for parameter " + member + ".StorageResolution is invalid."},
			{"T", one(func(d *api.MetricDatum) { d.Value, d.Values, d.Counts = nil, []float64{1, 2}, []float64{1} }), "InvalidParameterValueException", "The parameters " + member + ".Values and " + member + ".Counts must be of the same size."},
			{"T", one(func(d *api.MetricDatum) { d.Value, d.Values = nil, make([]float64, 151) }), "InvalidParameterValueException", "The collection " + member + ".Values must not have a size greater than 150."},
			{"T", make([]*api.MetricDatum, 1001), "InvalidParameterValueException", "The collection MetricData must not have a size greater than 1000."},
			{
				"T", one(func(d *api.MetricDatum) { d.Dimensions = dimensions("a", "1", "a", "2"); d.MetricName = "\x01" }), "InvalidParameterValueException",
				"The value \x01 for parameter " + member + ".MetricName is invalid.\nThe value a for parameter " + member + ".Dimensions.member.2.Name is invalid.",
			},
		} {
			_, err := c.PutMetricData(t.Context(), &api.PutMetricDataInput{Namespace: tt.namespace, MetricData: tt.data})
			wantError(t, err, tt.code, tt.message)
		}
		for _, tt := range []struct {
			entity        map[string]string
			n             int
			strict        *bool
			code, message string
		}{
			{map[string]string{"Type": "Service", "Name": "n", "Environment": "e"}, 1, nil, "MissingRequiredParameterException", "The parameter StrictEntityValidation is required."},
			{map[string]string{"Type": "Service", "Name": "n"}, 1, new(true), "InvalidParameterValueException", "The value for parameter EntityMetricData is invalid: MissingRequiredFields."},
			{map[string]string{"Type": "Thing", "Name": "n"}, 1, new(true), "InvalidParameterValueException", "The value for parameter EntityMetricData is invalid: InvalidTypeValue."},
			{map[string]string{"Type": "Service", "Colour": "n"}, 1, new(true), "InvalidParameterValueException", "The value for parameter EntityMetricData is invalid: InvalidKeyAttributes."},
			{map[string]string{"Type": "Service", "Name": "n", "Environment": "e"}, 3, new(false), "InvalidParameterValueException", "The collection EntityMetricData.member.3.MetricData must not have a size greater than 1000."},
		} {
			in := &api.PutMetricDataInput{Namespace: "T", StrictEntityValidation: tt.strict}
			for range tt.n {
				data := []*api.MetricDatum{datum("m", now, 1)}
				if tt.n > 1 {
					data = slices.Repeat(data, 500)
				}
				in.EntityMetricData = append(in.EntityMetricData, &api.EntityMetricData{Entity: &api.Entity{KeyAttributes: tt.entity}, MetricData: data})
			}
			_, err := c.PutMetricData(t.Context(), in)
			wantError(t, err, tt.code, tt.message)
		}
		out, err := c.ListMetrics(t.Context(), &api.ListMetricsInput{})
		if err != nil || len(out.Metrics) != 0 {
			t.Errorf("refused calls stored %d metrics (%v)", len(out.Metrics), err)
		}
	})
}

func TestServicePutsToItsNamespace(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, c, service api.Client) {
		put(t, service, "AWS/Something", datum("m", time.Now(), 1))
		out, err := c.ListMetrics(t.Context(), &api.ListMetricsInput{Namespace: new("AWS/Something")})
		if err != nil || len(out.Metrics) != 1 {
			t.Errorf("metrics = %v, %v", out, err)
		}
	})
}

func TestListMetricsPages(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, c, _ api.Client) {
		var data []*api.MetricDatum
		for i := range 620 {
			data = append(data, datum(fmt.Sprintf("m%03d", i), time.Now(), 1, "host", fmt.Sprint(i%2)))
		}
		put(t, c, "Test", data...)
		list := func(in api.ListMetricsInput) (names []string) {
			t.Helper()
			for {
				out, err := c.ListMetrics(t.Context(), &in)
				if err != nil {
					t.Fatal(err)
				}
				if len(out.Metrics) > 500 {
					t.Fatalf("a page has %d metrics", len(out.Metrics))
				}
				for _, m := range out.Metrics {
					names = append(names, *m.MetricName)
				}
				if in.NextToken = out.NextToken; in.NextToken == nil {
					return names
				}
			}
		}
		active := api.RecentlyActivePt3h
		if names := list(api.ListMetricsInput{Namespace: new("Test"), RecentlyActive: &active}); len(names) != 620 || names[619] != "m619" {
			t.Errorf("%d metrics", len(names))
		}
		if names := list(api.ListMetricsInput{Dimensions: []*api.DimensionFilter{{Name: "host", Value: new("1")}}}); len(names) != 310 || names[0] != "m001" {
			t.Errorf("%d metrics of a host", len(names))
		}
		first, err := c.ListMetrics(t.Context(), &api.ListMetricsInput{})
		if err != nil {
			t.Fatal(err)
		}
		for _, in := range []*api.ListMetricsInput{{NextToken: new("junk")}, {NextToken: first.NextToken, Namespace: new("Test")}} {
			_, err = c.ListMetrics(t.Context(), in)
			wantError(t, err, "InvalidParameterValueException", "Request parameter NextToken is invalid")
		}
	})
}

func query(id, name, stat string) *api.MetricDataQuery {
	return &api.MetricDataQuery{Id: id, MetricStat: &api.MetricStat{
		Metric: &api.Metric{Namespace: new("Test"), MetricName: &name}, Period: 60, Stat: stat,
	}}
}

func expression(id, text string) *api.MetricDataQuery {
	return &api.MetricDataQuery{Id: id, Expression: &text}
}

// values returns the results of one call as "id: v v v".
func values(out *api.GetMetricDataOutput) (lines []string) {
	for _, r := range out.MetricDataResults {
		line := *r.Id + ":"
		for _, v := range r.Values {
			line += fmt.Sprintf(" %g", v)
		}
		lines = append(lines, line+" "+string(*r.StatusCode))
	}
	return lines
}

func TestMetricData(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, c, _ api.Client) {
		start := hourAgo()
		for i := range 4 {
			at := start.Add(time.Duration(i) * time.Minute)
			put(t, c, "Test", datum("m", at, float64(i)), datum("m", at, 10))
			if i > 0 {
				put(t, c, "Test", datum("n", at, 2))
			}
		}
		ascending := api.ScanByTimestampAscending
		hidden := query("n", "n", "Sum")
		hidden.ReturnData = new(false)
		in := &api.GetMetricDataInput{
			StartTime: start, EndTime: start.Add(time.Hour), ScanBy: &ascending,
			MetricDataQueries: []*api.MetricDataQuery{
				query("m", "m", "Sum"), query("p", "m", "p100"), hidden, query("none", "none", "Sum"),
				expression("e", "-(m - 2*n^2) / 0.5 + p/p"), expression("z", "1/(n-2)"),
			},
		}
		out, err := c.GetMetricData(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		want := []string{
			"m: 10 11 12 13 Complete", "p: 10 10 10 10 Complete", "none: Complete", "e: -19 -5 -7 -9 Complete", "z: Complete",
		}
		if diff := cmp.Diff(want, values(out)); diff != "" {
			t.Error(diff)
		}
		if got := out.MetricDataResults[0].Timestamps[1]; !got.Equal(start.Add(time.Minute)) {
			t.Errorf("second timestamp = %v", got)
		}
		if got := *out.MetricDataResults[0].Label + *out.MetricDataResults[3].Label; got != "me" {
			t.Errorf("labels = %s", got)
		}
	})
}

func TestMetricDataPages(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, c, _ api.Client) {
		start := hourAgo()
		for i := range 4 {
			put(t, c, "Test", datum("m", start.Add(time.Duration(i)*time.Minute), float64(i)))
		}
		in := &api.GetMetricDataInput{
			StartTime: start, EndTime: start.Add(time.Hour), MaxDatapoints: new(int32(3)),
			MetricDataQueries: []*api.MetricDataQuery{query("a", "m", "Sum"), query("b", "m", "Sum")},
		}
		var got []string
		for {
			out, err := c.GetMetricData(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, values(out)...)
			if in.NextToken = out.NextToken; in.NextToken == nil {
				break
			}
		}
		want := []string{"a: 3 2 1 PartialData", "a: 0 Complete", "b: 3 2 PartialData", "b: 1 0 Complete"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		in.NextToken = new("junk")
		_, err := c.GetMetricData(t.Context(), in)
		wantError(t, err, "InvalidNextToken", "Request parameter NextToken is invalid")
	})
}

func TestMetricDataErrors(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, c, _ api.Client) {
		both := query("m", "m", "Sum")
		both.Expression = new("1")
		odd := query("m", "m", "Sum")
		odd.MetricStat.Period = 45
		label := query("m", "m", "Sum")
		label.Label = new("${LABEL} ${LABEL}")
		elsewhere := query("m", "m", "Sum")
		elsewhere.AccountId = new("111111111111")
		for _, tt := range []struct {
			queries       []*api.MetricDataQuery
			code, message string
		}{
			{[]*api.MetricDataQuery{}, "ValidationError", "The parameter MetricDataQueries is required."},
			{make([]*api.MetricDataQuery, 501), "ValidationError", "The collection MetricDataQueries must not have a size greater than 500."},
			{[]*api.MetricDataQuery{query("m", "m", "Sum"), query("m", "n", "Sum")}, "ValidationError", "The values for parameter id in MetricDataQueries are not unique."},
			{[]*api.MetricDataQuery{query("M", "m", "Sum")}, "ValidationError", "The parameter MetricDataQueries.member.1.Id must begin with a lowercase letter and hold letters, digits and underscores only."},
			{[]*api.MetricDataQuery{both}, "ValidationError", "Exactly one of the parameters MetricDataQueries.member.1.MetricStat and MetricDataQueries.member.1.Expression must be specified."},
			{[]*api.MetricDataQuery{odd}, "ValidationError", "The parameter MetricDataQueries.member.1.MetricStat.Period must be 1, 5, 10, 20, 30 or a multiple of 60."},
			{[]*api.MetricDataQuery{query("m", "m", "Median")}, "ValidationError", "The value Median for parameter MetricDataQueries.member.1.MetricStat.Stat is not supported."},
			{[]*api.MetricDataQuery{label}, "ValidationError", "${LABEL} can be used only once in a label."},
			{[]*api.MetricDataQuery{elsewhere}, "ValidationError", "The account 111111111111 of the query m is not linked to this account."},
			{[]*api.MetricDataQuery{expression("e", "e+1")}, "ValidationError", "Error in expression 'e': Circular reference"},
			{[]*api.MetricDataQuery{expression("e", "x+1")}, "ValidationError", "Error in expression 'e': Undefined id 'x'"},
			{[]*api.MetricDataQuery{expression("e", "1+1")}, "ValidationError", "Error in expression 'e': The expression must return a time series or an array of time series, not a scalar"},
			{[]*api.MetricDataQuery{expression("e", "AVERAGE(m)")}, "ValidationError", "Error in expression 'e': Unknown function AVERAGE at position 1"},
			{[]*api.MetricDataQuery{expression("e", "1 +")}, "ValidationError", "Error in expression 'e': Unexpected end of the expression"},
			{[]*api.MetricDataQuery{expression("e", strings.Repeat("(", 2000))}, "ValidationError", "Error in expression 'e': The expression is nested too deeply"},
			{[]*api.MetricDataQuery{expression("e", "ANOMALY_DETECTION_BAND(m)")}, "NotImplemented", "Nephele does not implement the metric math function ANOMALY_DETECTION_BAND yet."},
			{[]*api.MetricDataQuery{expression("e", "SELECT AVG(m) FROM Test")}, "ValidationError", "Error in expression 'e': A Metrics Insights query needs a Period of 1, 5, 10, 20, 30 or a multiple of 60"},
		} {
			_, err := c.GetMetricData(t.Context(), &api.GetMetricDataInput{
				StartTime: hourAgo(), EndTime: time.Now(), MetricDataQueries: tt.queries,
			})
			wantError(t, err, tt.code, tt.message)
		}
	})
}

// TestHousekeepingIsScheduled checks that puts leave one work row, after a reset
// too.
func TestHousekeepingIsScheduled(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		e := engine.New(db, engine.Options{})
		s := cloudwatch.New(cloudwatch.Deps{DB: db, Engine: e})
		s.Flows(e)
		p := plane.New(plane.Options{Logger: slog.New(slog.DiscardHandler)})
		p.Register(api.Service(), s.Handlers())
		c := api.Client{Invoker: p.As(plane.RootCaller("000000000000", "us-east-1"))}
		for range 2 {
			put(t, c, "Test", datum("m", time.Now(), 1))
			put(t, c, "Test", datum("m", time.Now(), 1))
			var n int
			err := db.View(t.Context(), func(tx *store.Tx) error {
				return tx.Row("select count(*) from work where kind = ?", "cloudwatch.housekeeping").Scan(&n)
			})
			if err != nil || n != 1 {
				t.Errorf("%d work rows, %v", n, err)
			}
			if err := db.Reset(t.Context()); err != nil {
				t.Fatal(err)
			}
			e.Reset()
			s.Reset()
		}
	})
}

// TestHousekeeping has the flow fold what was put, through the engine.
func TestHousekeeping(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		e := engine.New(db, engine.Options{})
		s := cloudwatch.New(cloudwatch.Deps{DB: db, Engine: e})
		s.Flows(e)
		p := plane.New(plane.Options{Logger: slog.New(slog.DiscardHandler)})
		p.Register(api.Service(), s.Handlers())
		c := api.Client{Invoker: p.As(plane.RootCaller("000000000000", "us-east-1"))}
		put(t, c, "Test", datum("m", time.Now().Add(-48*time.Hour), 1))
		put(t, c, "Test", datum("m", time.Now().Add(-48*time.Hour), 2))
		ctx, wait := e.Track(t.Context())
		err := db.Update(ctx, func(tx *store.Tx) error {
			return e.Put(tx, "cloudwatch.housekeeping", "metrics", tx.Now(), nil)
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := e.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = e.Stop(context.Background()) })
		if err := wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		var heads, chunks int
		err = db.View(t.Context(), func(tx *store.Tx) error {
			if err := tx.Row("select count(*) from metric_head").Scan(&heads); err != nil {
				return err
			}
			return tx.Row("select count(*) from metric_chunk").Scan(&chunks)
		})
		if err != nil || heads != 0 || chunks != 1 {
			t.Errorf("%d head rows, %d chunks, %v; want 0 and 1", heads, chunks, err)
		}
	})
}
