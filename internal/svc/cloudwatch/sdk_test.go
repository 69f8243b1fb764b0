package cloudwatch_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/smithy-go"

	"nephele.dev/nephele/nepheletest"
)

// TestSDK drives the service from outside with the AWS SDK, which compresses
// large puts.
func TestSDK(t *testing.T) {
	t.Parallel()
	server := nepheletest.Start(t)
	c := sdk.NewFromConfig(server.Config)
	start := hourAgo()
	var data []types.MetricDatum
	for i := range 300 {
		data = append(data, types.MetricDatum{
			MetricName: new("SuccessPercent"), Value: new(float64(i)), Timestamp: new(start.Add(time.Duration(i/5) * time.Minute)),
			Unit: types.StandardUnitPercent, Dimensions: []types.Dimension{{Name: new("CanaryName"), Value: new("c")}},
		})
	}
	_, err := c.PutMetricData(t.Context(), &sdk.PutMetricDataInput{Namespace: new("CloudWatchSynthetics"), MetricData: data})
	if err != nil {
		t.Fatal(err)
	}
	stats, err := c.GetMetricStatistics(t.Context(), &sdk.GetMetricStatisticsInput{
		Namespace: new("CloudWatchSynthetics"), MetricName: new("SuccessPercent"),
		Dimensions: []types.Dimension{{Name: new("CanaryName"), Value: new("c")}},
		StartTime:  &start, EndTime: new(start.Add(time.Hour)), Period: new(int32(3600)),
		Statistics: []types.Statistic{types.StatisticAverage, types.StatisticSampleCount}, ExtendedStatistics: []string{"p90"},
	})
	if err != nil || len(stats.Datapoints) != 1 {
		t.Fatalf("%+v, %v", stats, err)
	}
	d := stats.Datapoints[0]
	if *d.SampleCount != 300 || *d.Average != 149.5 || d.Unit != types.StandardUnitPercent || !d.Timestamp.Equal(start) {
		t.Errorf("datapoint = %+v", d)
	}
	if p := d.ExtendedStatistics["p90"]; p < 269*0.995 || p > 269*1.005 {
		t.Errorf("p90 = %v", p)
	}
	var pages int
	for p := sdk.NewGetMetricDataPaginator(c, &sdk.GetMetricDataInput{
		StartTime: &start, EndTime: new(start.Add(time.Hour)), MaxDatapoints: new(int32(40)),
		MetricDataQueries: []types.MetricDataQuery{{Id: new("m"), MetricStat: &types.MetricStat{
			Metric: &types.Metric{
				Namespace: new("CloudWatchSynthetics"), MetricName: new("SuccessPercent"),
				Dimensions: []types.Dimension{{Name: new("CanaryName"), Value: new("c")}},
			},
			Period: new(int32(60)), Stat: new("Sum"),
		}}},
	}); p.HasMorePages(); pages++ {
		if _, err := p.NextPage(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if pages != 2 {
		t.Errorf("60 datapoints in pages of 40 are %d pages", pages)
	}
	metrics, err := c.ListMetrics(t.Context(), &sdk.ListMetricsInput{})
	if err != nil || len(metrics.Metrics) != 1 || *metrics.Metrics[0].MetricName != "SuccessPercent" {
		t.Errorf("metrics = %+v, %v", metrics, err)
	}
	_, err = c.PutMetricData(t.Context(), &sdk.PutMetricDataInput{Namespace: new("AWS/EC2"), MetricData: data[:1]})
	e, ok := errors.AsType[smithy.APIError](err)
	if !ok || e.ErrorCode() != "InvalidParameterValue" && e.ErrorCode() != "InvalidParameterValueException" ||
		e.ErrorMessage() != "The value AWS/EC2 for parameter Namespace is invalid." {
		t.Errorf("put to AWS/EC2: %v", err)
	}
}

// TestQueryProtocol speaks the protocol of older clients.
func TestQueryProtocol(t *testing.T) {
	t.Parallel()
	server := nepheletest.Start(t)
	call := func(values url.Values) (int, string) { return form(t, server.URL, values) }
	status, body := call(url.Values{
		"Action": {"PutMetricData"}, "Namespace": {"Test"}, "MetricData.member.1.MetricName": {"m"},
		"MetricData.member.1.Values.member.1": {"1"}, "MetricData.member.1.Values.member.2": {"2"},
	})
	if status != http.StatusOK {
		t.Fatalf("put: %d %s", status, body)
	}
	status, body = call(url.Values{"Action": {"ListMetrics"}, "Namespace": {"Test"}})
	if status != http.StatusOK || !strings.Contains(body, "<MetricName>m</MetricName>") {
		t.Errorf("list: %d %s", status, body)
	}
	status, body = call(url.Values{"Action": {"PutMetricData"}, "Namespace": {"AWS/X"}, "MetricData.member.1.MetricName": {"m"}, "MetricData.member.1.Value": {"1"}})
	if status != http.StatusBadRequest || !strings.Contains(body, "<Code>InvalidParameterValue</Code>") {
		t.Errorf("refused put: %d %s", status, body)
	}
}

// TestEntities puts metrics of a service, and of an entity that is not valid:
// its metrics are stored all the same, and a header tells.
func TestEntities(t *testing.T) {
	t.Parallel()
	server := nepheletest.Start(t)
	var failure string
	c := sdk.NewFromConfig(server.Config, func(o *sdk.Options) {
		o.HTTPClient = doer(func(r *http.Request) (*http.Response, error) {
			resp, err := http.DefaultClient.Do(r)
			if err == nil {
				failure = resp.Header.Get("X-Amzn-Failure-Message")
			}
			return resp, err
		})
	})
	for _, tt := range []struct{ environment, want string }{{"prod", ""}, {"", "MissingRequiredFields"}} {
		entity := map[string]string{"Type": "Service", "Name": "shop"}
		if tt.environment != "" {
			entity["Environment"] = tt.environment
		}
		_, err := c.PutMetricData(t.Context(), &sdk.PutMetricDataInput{
			Namespace: new("Entities"), StrictEntityValidation: new(false),
			EntityMetricData: []types.EntityMetricData{{
				Entity:     &types.Entity{KeyAttributes: entity},
				MetricData: []types.MetricDatum{{MetricName: new("m" + tt.environment), Value: new(1.0)}},
			}},
		})
		if err != nil || failure != tt.want {
			t.Errorf("environment %q: %q, %v; want %q", tt.environment, failure, err, tt.want)
		}
	}
	out, err := c.ListMetrics(t.Context(), &sdk.ListMetricsInput{Namespace: new("Entities")})
	if err != nil || len(out.Metrics) != 2 {
		t.Errorf("%d metrics, %v", len(out.Metrics), err)
	}
}

// doer is an HTTP client of one function.
type doer func(*http.Request) (*http.Response, error)

// Do implements aws.HTTPClient.
func (d doer) Do(r *http.Request) (*http.Response, error) { return d(r) }

// TestGraphsAndDashboards takes images, dashboards and their refusals through
// the protocols of the SDK and of older clients.
func TestGraphsAndDashboards(t *testing.T) {
	t.Parallel()
	server := nepheletest.Start(t)
	c := sdk.NewFromConfig(server.Config)
	image, err := c.GetMetricWidgetImage(t.Context(), &sdk.GetMetricWidgetImageInput{MetricWidget: new(`{"metrics":[["A","b"]],"width":320,"height":200}`)})
	if err != nil || !bytes.HasPrefix(image.MetricWidgetImage, []byte("\x89PNG\r\n")) {
		t.Errorf("image of %d bytes, %v", len(image.MetricWidgetImage), err)
	}
	_, err = c.PutDashboard(t.Context(), &sdk.PutDashboardInput{DashboardName: new("d"), DashboardBody: new(`{"widgets":[{"type":"text"}]}`)})
	bad, ok := errors.AsType[*types.DashboardInvalidInputError](err)
	if !ok || len(bad.DashboardValidationMessages) != 1 || *bad.DashboardValidationMessages[0].DataPath != "/widgets/0" {
		t.Errorf("a bad body: %v", err)
	}
	if _, err = c.PutDashboard(t.Context(), &sdk.PutDashboardInput{DashboardName: new("d"), DashboardBody: new(`{"widgets":[]}`)}); err != nil {
		t.Fatal(err)
	}
	list, err := c.ListDashboards(t.Context(), &sdk.ListDashboardsInput{DashboardNamePrefix: new("d")})
	if err != nil || len(list.DashboardEntries) != 1 || *list.DashboardEntries[0].Size != 14 {
		t.Errorf("%+v, %v", list, err)
	}
	if _, err = c.DeleteDashboards(t.Context(), &sdk.DeleteDashboardsInput{DashboardNames: []string{"d"}}); err != nil {
		t.Error(err)
	}
	_, err = c.GetDashboard(t.Context(), &sdk.GetDashboardInput{DashboardName: new("d")})
	if _, ok := errors.AsType[*types.DashboardNotFoundError](err); !ok {
		t.Errorf("a deleted dashboard: %v", err)
	}
	for _, tt := range []struct {
		form   url.Values
		status int
		want   string
	}{
		{url.Values{"Action": {"GetMetricWidgetImage"}, "MetricWidget": {`{"width":50,"height":50}`}}, 200, "<MetricWidgetImage>iVBORw0KGgo"},
		{url.Values{"Action": {"GetMetricWidgetImage"}, "MetricWidget": {`{`}}, 400, "<Code>ValidationError</Code>"},
		{url.Values{"Action": {"GetDashboard"}, "DashboardName": {"x"}}, 404, "<Code>ResourceNotFound</Code>"},
		{url.Values{"Action": {"PutDashboard"}, "DashboardName": {"x"}, "DashboardBody": {"{}"}}, 400, "<Code>InvalidParameterInput</Code>"},
		{url.Values{"Action": {"PutDashboard"}, "DashboardName": {"x"}, "DashboardBody": {`{"widgets":[]}`}}, 200, "<PutDashboardResult>"},
	} {
		status, body := form(t, server.URL, tt.form)
		if status != tt.status || !strings.Contains(body, tt.want) {
			t.Errorf("%v: %d %s", tt.form, status, body)
		}
	}
}

// TestWidgetAlarm draws what an alarm watches, and its threshold.
func TestWidgetAlarm(t *testing.T) {
	t.Parallel()
	c := sdk.NewFromConfig(nepheletest.Start(t).Config)
	var data []types.MetricDatum
	for i := range 30 {
		at := time.Now().Add(time.Duration(i-30) * time.Minute)
		data = append(data, types.MetricDatum{MetricName: new("Errors"), Timestamp: &at, Value: new(float64(i % 7))})
	}
	if _, err := c.PutMetricData(t.Context(), &sdk.PutMetricDataInput{Namespace: new("Shop"), MetricData: data}); err != nil {
		t.Fatal(err)
	}
	_, err := c.PutMetricAlarm(t.Context(), &sdk.PutMetricAlarmInput{
		AlarmName: new("errors"), Namespace: new("Shop"), MetricName: new("Errors"), Statistic: types.StatisticSum, Period: new(int32(60)),
		EvaluationPeriods: new(int32(3)), DatapointsToAlarm: new(int32(2)), Threshold: new(4.5), ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold,
	})
	if err != nil {
		t.Fatal(err)
	}
	draw := func(annotations string) ([]byte, error) {
		out, err := c.GetMetricWidgetImage(t.Context(), &sdk.GetMetricWidgetImageInput{
			MetricWidget: new(`{"title":"The alarm","start":"-PT30M","annotations":{"alarms":[` + annotations + `]}}`),
		})
		if err != nil {
			return nil, err
		}
		return out.MetricWidgetImage, nil
	}
	const alarm = "arn:aws:cloudwatch:us-east-1:000000000000:alarm:"
	image, err := draw(`"` + alarm + `errors"`)
	if err != nil {
		t.Fatal(err)
	}
	if *keep != "" {
		if err := os.WriteFile(filepath.Join(*keep, "widget-alarm.png"), image, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	empty, err := draw("")
	if err != nil || len(image) < len(empty)+1000 {
		t.Errorf("an image with an alarm has %d bytes, one without %d (%v)", len(image), len(empty), err)
	}
	for name, want := range map[string]string{
		alarm + "none": "the alarm none does not exist.", "x": "annotations.alarms[0] should be the ARN of an alarm.",
	} {
		_, err := draw(`"` + name + `"`)
		if e, ok := errors.AsType[smithy.APIError](err); !ok || e.ErrorMessage() != "The parameter MetricWidget is invalid: "+want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// form sends a call of the query protocol.
func form(t *testing.T, server string, values url.Values) (int, string) {
	t.Helper()
	values.Set("Version", "2010-08-01")
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server, strings.NewReader(values.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/monitoring/aws4_request, SignedHeaders=host, Signature=0")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}
