package cloudwatch_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	api "nephele.dev/nephele/internal/api/cloudwatch"
)

// labelled returns the results of one call as "id label: v v v".
func labelled(out *api.GetMetricDataOutput) (lines []string) {
	for _, r := range out.MetricDataResults {
		line := *r.Id + " " + *r.Label + ":"
		for _, v := range r.Values {
			line += fmt.Sprintf(" %g", v)
		}
		lines = append(lines, line)
	}
	return lines
}

// fleet puts values of three hosts and a service without hosts, three minutes
// from start.
func fleet(t *testing.T, c api.Client, start time.Time) {
	t.Helper()
	for i := range 3 {
		at := start.Add(time.Duration(i) * time.Minute)
		put(t, c, "Fleet", datum("Load", at, float64(i+1), "Host", "a"), datum("Load", at, float64(10*(i+1)), "Host", "b"),
			datum("ErrorCount", at, float64(i), "Host", "a"), datum("Load", at, 100))
	}
	put(t, c, "Fleet", datum("Load", start, 7, "Host", "c", "Zone", "z"))
}

func data(t *testing.T, c api.Client, start time.Time, queries ...*api.MetricDataQuery) []string {
	t.Helper()
	out, err := c.GetMetricData(t.Context(), &api.GetMetricDataInput{
		StartTime: start, EndTime: start.Add(3 * time.Minute), ScanBy: new(api.ScanByTimestampAscending), MetricDataQueries: queries,
	})
	if err != nil {
		t.Fatal(err)
	}
	return labelled(out)
}

func TestExpressions(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, c, _ api.Client) {
		start := time.Now().UTC().Truncate(time.Minute).Add(-30 * time.Minute)
		fleet(t, c, start)
		load := func(id, host string) *api.MetricDataQuery {
			return &api.MetricDataQuery{Id: id, ReturnData: new(false), MetricStat: &api.MetricStat{Period: 60, Stat: "Average", Metric: &api.Metric{
				Namespace: new("Fleet"), MetricName: new("Load"), Dimensions: dimensions("Host", host),
			}}}
		}
		a, b, none := load("m1", "a"), load("m2", "b"), load("m3", "nowhere")
		period := func(q *api.MetricDataQuery) *api.MetricDataQuery {
			q.Period = new(int32(60))
			return q
		}
		label := func(q *api.MetricDataQuery, text string) *api.MetricDataQuery {
			q.Label = &text
			return q
		}
		got := data(t, c, start, a, b, none,
			expression("sum", "SUM(METRICS())"),
			expression("each", "METRICS('m') * 2"),
			expression("filled", "FILL(m3, 0)"),
			expression("chosen", "IF(m1 > 1, m2)"),
			period(expression("found", "SEARCH('{Fleet,Host} MetricName=\"Load\"', 'Sum')")),
			expression("top", "FIRST(SORT(found, MAX, DESC))"),
			label(expression("named", "SEARCH('{Fleet,Host} Load', 'Sum', 60)"), "${PROP('Dim.Host')}: ${LABEL} max ${MAX} of ${DATAPOINT_COUNT}"),
			label(expression("prefixed", "SEARCH('{Fleet,Host}', 'Maximum', 60)"), "All"),
			period(expression("insight", "SELECT MAX(Load) FROM SCHEMA(Fleet, Host) GROUP BY Host ORDER BY MAX() DESC LIMIT 5")),
			expression("scaled", "insight / 10"),
		)
		want := []string{
			"sum sum: 11 22 33",
			"each Load: 2 4 6", "each Load: 20 40 60", "each Load:",
			"filled filled: 0 0 0",
			"chosen chosen: 20 30",
			"found a: 1 2 3", "found b: 10 20 30",
			"top top: 10 20 30",
			"named a: a max 3 of 3: 1 2 3", "named b: b max 30 of 3: 10 20 30",
			"prefixed All a ErrorCount: 0 1 2", "prefixed All a Load: 1 2 3", "prefixed All b Load: 10 20 30",
			"insight b: 10 20 30", "insight a: 1 2 3",
			"scaled b: 1 2 3", "scaled a: 0.1 0.2 0.3",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		got = data(t, c, start,
			period(expression("all", "SELECT SUM(Load) FROM Fleet WHERE Host != 'b'")),
			expression("half", "all / 2"),
		)
		if diff := cmp.Diff([]string{"all all: 108 102 103", "half half: 54 51 51.5"}, got); diff != "" {
			t.Error(diff)
		}
	})
}

// TestSearchLimit finds more than a search returns, and says so.
func TestSearchLimit(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, c, _ api.Client) {
		at := time.Now().Add(-10 * time.Minute)
		var list []*api.MetricDatum
		for i := range 120 {
			list = append(list, datum("m", at, 1, "n", fmt.Sprintf("%03d", i)))
		}
		put(t, c, "Many", list...)
		out, err := c.GetMetricData(t.Context(), &api.GetMetricDataInput{
			StartTime: at.Add(-time.Hour), EndTime: time.Now(), MetricDataQueries: []*api.MetricDataQuery{expression("e", "SEARCH('{Many,n}', 'Sum', 60)")},
		})
		if err != nil || len(out.MetricDataResults) != 100 || len(out.Messages) != 1 || *out.Messages[0].Code != "MaxMetricsExceeded" {
			t.Errorf("%d results, messages %v, %v", len(out.MetricDataResults), out.Messages, err)
		}
	})
}

func TestLabels(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, c, _ api.Client) {
		start := time.Now().UTC().Truncate(24 * time.Hour).Add(-24 * time.Hour)
		fleet(t, c, start)
		for label, want := range map[string]string{
			"plain": "plain", "${LABEL}!": "Load!", "${AVG} ${MIN} ${SUM} ${FIRST} ${LAST}": "2 1 6 1 3", "${MAX} ${MIN_MAX_RANGE} ${FIRST_LAST_RANGE}": "3 2 2",
			"${FIRST_LAST_TIME_RANGE} ${MIN_MAX_TIME_RANGE}": "2m 2m",
			"${PROP('Namespace')}.${PROP('MetricName')} ${PROP('Stat')}/${PROP('Period')} ${PROP('Dim.Host')} ${PROP('AccountId')} ${PROP('Region')}${PROP('Dim.None')}": "Fleet.Load Average/60 a 000000000000 us-east-1",
			"${LAST_TIME}": start.Add(2*time.Minute+90*time.Minute).Format("2006-01-02 15:04 ") + "+0130", "${UNKNOWN} ${": "${UNKNOWN} ${",
		} {
			q := query("m", "Load", "Average")
			q.MetricStat.Metric = &api.Metric{Namespace: new("Fleet"), MetricName: new("Load"), Dimensions: dimensions("Host", "a")}
			q.Label = &label
			out, err := c.GetMetricData(t.Context(), &api.GetMetricDataInput{
				StartTime: start, EndTime: start.Add(time.Hour), MetricDataQueries: []*api.MetricDataQuery{q}, LabelOptions: &api.LabelOptions{Timezone: new("+0130")},
			})
			if err != nil {
				t.Fatal(err)
			}
			if got := *out.MetricDataResults[0].Label; got != want {
				t.Errorf("label %s = %s, want %s", label, got, want)
			}
		}
		_, err := c.GetMetricData(t.Context(), &api.GetMetricDataInput{
			StartTime: start, EndTime: start.Add(time.Hour), MetricDataQueries: []*api.MetricDataQuery{query("m", "Load", "Sum")}, LabelOptions: &api.LabelOptions{Timezone: new("UTC")},
		})
		wantError(t, err, "ValidationError", "The value UTC for parameter LabelOptions.Timezone is invalid. Use + or - and four digits.")
	})
}

// TestArrayPages goes through the series of one expression page by page.
func TestArrayPages(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, c, _ api.Client) {
		start := time.Now().UTC().Truncate(time.Minute).Add(-30 * time.Minute)
		fleet(t, c, start)
		in := &api.GetMetricDataInput{
			StartTime: start, EndTime: start.Add(3 * time.Minute), MaxDatapoints: new(int32(2)),
			MetricDataQueries: []*api.MetricDataQuery{expression("e", "SEARCH('{Fleet,Host} Load', 'Sum', 60)"), expression("f", "FIRST(e)")},
		}
		var got []string
		for {
			out, err := c.GetMetricData(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, labelled(out)...)
			if in.NextToken = out.NextToken; in.NextToken == nil {
				break
			}
		}
		want := []string{"e a: 3 2", "e a: 1", "e b: 30", "e b: 20 10", "f f: 3 2", "f f: 1"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

// TestComputedPoints: what one request computes is bounded, however it is
// spread over expressions.
func TestComputedPoints(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, c, _ api.Client) {
		array := "[TIME_SERIES(1)" + strings.Repeat(",TIME_SERIES(1)", 99) + "]"
		var queries []*api.MetricDataQuery
		sum := "SUM(e0)"
		for i := range 20 {
			q := expression(fmt.Sprintf("e%d", i), array)
			q.Period, q.ReturnData = new(int32(60)), new(false)
			queries, sum = append(queries, q), sum+fmt.Sprintf("+SUM(e%d)", i)
		}
		queries = append(queries, expression("all", sum))
		end := time.Now().UTC().Truncate(time.Hour)
		_, err := c.GetMetricData(t.Context(), &api.GetMetricDataInput{
			StartTime: end.Add(-30 * 24 * time.Hour), EndTime: end, MetricDataQueries: queries,
		})
		wantError(t, err, "ValidationError", "Error in expression 'e1': The request computes more than 10000000 datapoints. "+
			"Use longer periods or a shorter time range")
	})
}
