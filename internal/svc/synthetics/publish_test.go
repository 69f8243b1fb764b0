package synthetics

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nephele.dev/nephele/internal/api/cloudwatch"
	api "nephele.dev/nephele/internal/api/synthetics"
	"nephele.dev/nephele/internal/sandbox/canaryrun"
	"nephele.dev/nephele/internal/store"
)

// names lists a run's metrics as "name", "name of step" and "name of all".
func names(data []datum) (out []string) {
	for _, d := range data {
		switch {
		case d.Total:
			out = append(out, d.Name+" of all")
		case d.Step != "":
			out = append(out, d.Name+" of "+d.Step)
		default:
			out = append(out, d.Name)
		}
	}
	return out
}

func TestMeasure(t *testing.T) {
	t.Parallel()
	always := []string{"SuccessPercent", "Duration", "EphemeralStorageUsagePercent"}
	tests := map[string]struct {
		metrics canaryrun.CanaryMetrics
		steps   []canaryrun.StepMetric
		want    []string
	}{
		"everything": {metrics: everyMetric, want: []string{
			"2xx", "2xx of all", "4xx", "4xx of all", "5xx", "5xx of all",
			"Failed requests", "Failed requests of all", "Failed", "Failed of all",
		}},
		"nothing":    {},
		"one":        {metrics: canaryrun.CanaryMetrics{C5xx: true}, want: []string{"5xx"}},
		"aggregates": {metrics: canaryrun.CanaryMetrics{Aggregated4xx: true}, want: []string{"4xx of all"}},
		"steps": {
			steps: []canaryrun.StepMetric{
				{Name: "a", EmitSuccess: true}, {Name: "b", EmitDuration: true}, {Name: "off"},
			},
			want: []string{"SuccessPercent of a", "Duration of b"},
		},
		"names that no dimension can have": {
			steps: []canaryrun.StepMetric{
				{Name: "", EmitSuccess: true},
				{Name: " ", EmitSuccess: true},
				{Name: "Größe", EmitSuccess: true},
				{Name: "a\tb", EmitSuccess: true},
				{Name: strings.Repeat("x", 1025), EmitSuccess: true},
				{Name: "ok", EmitSuccess: true},
			},
			want: []string{"SuccessPercent of ok"},
		},
	}
	for name, test := range tests {
		o := &canaryrun.Outcome{TestResult: "PASSED", Report: &canaryrun.Report{}, Steps: test.steps}
		o.Report.Configuration.CanaryMetrics = test.metrics
		if diff := cmp.Diff(append(always[:3:3], test.want...), names(measure(o, &run{}))); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
		if o.TimedOut = true; measure(o, &run{}) != nil {
			t.Errorf("%s: a run that timed out has metrics", name)
		}
	}
	many := make([]canaryrun.StepMetric, 2*maxSteps)
	for i := range many {
		many[i] = canaryrun.StepMetric{Name: fmt.Sprint(i), EmitSuccess: true}
	}
	if n := len(measureSteps(many)); n != maxSteps {
		t.Errorf("%d metrics of %d steps, want %d", n, len(many), maxSteps)
	}
}

func TestVerdictThatAScriptMadeUp(t *testing.T) {
	t.Parallel()
	var r run
	if r.judge(&canaryrun.Outcome{Status: canaryrun.Passed, TestResult: "SPLENDID"}); r.TestResult != "UNKNOWN" {
		t.Errorf("test result %s", r.TestResult)
	}
	if r.judge(&canaryrun.Outcome{Status: canaryrun.Failed, TestResult: "FAILED"}); r.TestResult != "FAILED" {
		t.Errorf("test result %s", r.TestResult)
	}
}

// What CloudWatch refuses today it refuses tomorrow: the run does not try for
// ever.
func TestMetricsThatAreRefused(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		b.world.refused = cloudwatch.NewInvalidParameterValueException("too old")
		b.create(t, func(in *api.CreateCanaryInput) { in.Schedule.Expression = "rate(0 minute)" })
		pass(time.Hour)
		err := b.DB.View(t.Context(), func(tx *store.Tx) error {
			var n int
			err := tx.Row(`select count(*) from work where kind in (?, ?)`, kindRun, kindPublish).Scan(&n)
			if n != 0 {
				t.Errorf("%d runs are still being published", n)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
}
