package cloudwatch_test

import (
	"bytes"
	"flag"
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	api "nephele.dev/nephele/internal/api/cloudwatch"
)

var keep = flag.String("keep", "", "directory to keep the images of the tests in")

// TestWidgetImage draws what the shop of three hours put, in all views. What an
// image shows is for eyes (-keep DIR); here it must be a PNG of the asked size,
// with more colours in it than an empty one.
func TestWidgetImage(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, c, _ api.Client) {
		end := time.Now().UTC().Truncate(time.Minute)
		start := end.Add(-3 * time.Hour)
		var list []*api.MetricDatum
		for i := range 36 {
			at := start.Add(time.Duration(5*i) * time.Minute)
			for n, host := range []string{"alpha", "beta"} {
				list = append(list, datum("Requests", at, float64(100+40*n+(i*(7+n))%60), "Host", host), datum("Errors", at, float64((i*n)%9), "Host", host))
			}
		}
		put(t, c, "Shop", list...)
		window := fmt.Sprintf(`"start":%q,"end":%q`, start.Format(time.RFC3339), end.Format(time.RFC3339))
		const metrics = `"metrics":[["Shop","Requests","Host","alpha",{"id":"m1"}],["...","beta",{"id":"m2","color":"#9467bd"}],[".","Errors",".",".",{"yAxis":"right","id":"m3","stat":"Sum","label":"Errors (max ${MAX})"}],
			[{"expression":"m1+m2","label":"All requests","id":"e1"}]]`
		for name, body := range map[string]string{
			"lines": `{` + window + `,` + metrics + `,"title":"Requests of the shop","yAxis":{"left":{"min":0,"label":"Requests"},"right":{"label":"Errors"}},
				"annotations":{"horizontal":[{"value":280,"label":"Capacity","fill":"above"},[{"value":50,"label":"low"},{"value":90,"label":"normal","color":"#2ca02c"}]],
				"vertical":[{"value":"` + start.Add(time.Hour).Format(time.RFC3339) + `","label":"Deployed","fill":"after"}]}}`,
			"stacked": `{` + window + `,` + metrics + `,"stacked":true,"legend":{"position":"right"},"width":800,"height":300,"timezone":"+0200","theme":"dark"}`,
			"single":  `{` + window + `,` + metrics + `,"view":"singleValue","height":200}`,
			"bar":     `{` + window + `,"metrics":[[{"expression":"SEARCH('{Shop,Host} Requests', 'Sum')"}]],"view":"bar","setPeriodToTimeRange":true}`,
			"pie":     `{` + window + `,"metrics":[[{"expression":"SEARCH('{Shop,Host} Requests', 'Sum')"}]],"view":"pie","setPeriodToTimeRange":true}`,
			"gauge":   `{` + window + `,"metrics":[["Shop","Requests","Host","alpha"]],"view":"gauge","yAxis":{"left":{"min":0,"max":200}}}`,
		} {
			out, err := c.GetMetricWidgetImage(t.Context(), &api.GetMetricWidgetImageInput{MetricWidget: body})
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			img, err := png.Decode(bytes.NewReader(out.MetricWidgetImage))
			if err != nil {
				t.Fatal(err)
			}
			wantX, wantY := 600, 400
			switch name {
			case "stacked":
				wantX, wantY = 800, 300
			case "single":
				wantY = 200
			}
			colours := map[any]bool{}
			for i := 0; i < wantX*wantY; i += 7 {
				colours[img.At(i%wantX, i/wantX)] = true
			}
			if img.Bounds().Dx() != wantX || img.Bounds().Dy() != wantY || len(colours) < 30 {
				t.Errorf("%s: %v with %d colours", name, img.Bounds(), len(colours))
			}
			if *keep != "" {
				if err := os.WriteFile(filepath.Join(*keep, "widget-"+name+".png"), out.MetricWidgetImage, 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}

func TestWidgetErrors(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, c, _ api.Client) {
		const invalid = "The parameter MetricWidget is invalid: "
		for body, want := range map[string]string{
			``:                    invalid + "it is not valid JSON.",
			`[]`:                  invalid + "the document should not be array.",
			`{"width":"x"}`:       invalid + "width should not be string.",
			`{"width":3000}`:      invalid + "width and height should be from 1 to 2000.",
			`{"height":0}`:        invalid + "width and height should be from 1 to 2000.",
			`{"view":"table"}`:    invalid + "view should be timeSeries, singleValue, bar, pie or gauge.",
			`{"timezone":"CET"}`:  invalid + "timezone should be + or - and four digits.",
			`{"theme":"blue"}`:    invalid + "theme should be light or dark.",
			`{"start":"soon"}`:    invalid + "start should be a date and time, or a relative time such as -PT3H.",
			`{"start":"PT0H"}`:    invalid + "start should be before end.",
			`{"metrics":["a"]}`:   invalid + "metrics[0] should be an array.",
			`{"metrics":[["a"]]}`: invalid + "metrics[0] should be a namespace, a metric name, and pairs of dimension names and values.",
			`{"metrics":[["a","b"],["...","c","d","e"]]}`:                       invalid + "metrics[1] repeats more than the row above has.",
			`{"metrics":[[".","b"]]}`:                                           invalid + "metrics[0] repeats more than the row above has.",
			`{"metrics":[["a","b",{"stat":"Median"}]]}`:                         invalid + "the statistic Median of metrics[0] is not supported.",
			`{"metrics":[["a","b",{"period":7}]]}`:                              invalid + "the period of metrics[0] should be 1, 5, 10, 20, 30 or a multiple of 60.",
			`{"metrics":[["a","b",{"color":"red"}]]}`:                           invalid + "color of metrics[0] should be like #1f77b4.",
			`{"metrics":[["a","b",{"id":"x"}],["a","c",{"id":"x"}]]}`:           invalid + "the id x is used twice.",
			`{"annotations":{"horizontal":[{"value":"x"}]}}`:                    invalid + "annotations.horizontal[0] has no valid value, fill or color.",
			`{"annotations":{"vertical":[[{"value":"2026-01-01T00:00:00Z"}]]}}`: invalid + "annotations.vertical[0] should be an object or an array of two.",
			`{"metrics":[["a","b",{"period":1}]],"start":"-P30D"}`:              invalid + "it asks for more than 500000 datapoints. Use a longer period or a shorter time range.",
			`{"metrics":[[{"expression":"SUM("}]]}`:                             "Error in expression 'row_1': Unexpected end of the expression",
			`{"metrics":[` + strings.Repeat(`["a","b"],`, 100) + `["a","b"]]}`:  invalid + "it has more than 100 metrics.",
			strings.Repeat(" ", 100<<10) + "{}":                                 invalid + "it is larger than 100 KB.",
		} {
			_, err := c.GetMetricWidgetImage(t.Context(), &api.GetMetricWidgetImageInput{MetricWidget: body})
			wantError(t, err, "ValidationError", want)
		}
		_, err := c.GetMetricWidgetImage(t.Context(), &api.GetMetricWidgetImageInput{MetricWidget: "{}", OutputFormat: new("jpeg")})
		wantError(t, err, "ValidationError", "The value jpeg for parameter OutputFormat is invalid. The only format is png.")
	})
}
