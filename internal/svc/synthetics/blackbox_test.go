package synthetics_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image/png"
	"io"
	"net/http"
	"net/http/httptest"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/synthetics"
	"github.com/aws/aws-sdk-go-v2/service/synthetics/types"

	"nephele.dev/nephele/internal/store/storetest"
	"nephele.dev/nephele/nepheletest"
)

// user is somebody with AWS clients.
type user struct {
	canaries *synthetics.Client
	objects  *s3.Client
	logs     *cloudwatchlogs.Client
	metrics  *cloudwatch.Client
}

func newUser(t *testing.T, options ...nepheletest.Option) *user {
	t.Helper()
	return userOf(t, nepheletest.Start(t, options...))
}

func userOf(t *testing.T, server *nepheletest.Server) *user {
	t.Helper()
	u := &user{
		canaries: synthetics.NewFromConfig(server.Config),
		objects:  s3.NewFromConfig(server.Config, func(o *s3.Options) { o.UsePathStyle = true }),
		logs:     cloudwatchlogs.NewFromConfig(server.Config),
		metrics:  cloudwatch.NewFromConfig(server.Config),
	}
	if _, err := u.objects.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("artifacts")}); err != nil {
		t.Fatal(err)
	}
	return u
}

// site is a page with a heading, a picture that is not there, and a failing call.
func site(t *testing.T) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `<!doctype html><title>Shop</title><h1>Welcome</h1><img src="/missing.png"><script>fetch('/broken')</script>`)
	})
	mux.HandleFunc("GET /broken", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

func zipped(t *testing.T, name, script string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	f, err := w.Create(name)
	if err == nil {
		_, err = f.Write([]byte(script))
	}
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// once creates a canary that runs a single time, starts it, and returns the
// run when it is complete.
func (u *user) once(t *testing.T, in *synthetics.CreateCanaryInput) types.CanaryRun {
	t.Helper()
	in.ArtifactS3Location = aws.String("s3://artifacts/" + *in.Name)
	if in.ExecutionRoleArn == nil {
		in.ExecutionRoleArn = aws.String("arn:aws:iam::000000000000:role/canary")
	}
	in.Schedule = &types.CanaryScheduleInput{Expression: aws.String("rate(0 minute)")}
	if _, err := u.canaries.CreateCanary(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	u.await(t, *in.Name, types.CanaryStateReady)
	if _, err := u.canaries.StartCanary(t.Context(), &synthetics.StartCanaryInput{Name: in.Name}); err != nil {
		t.Fatal(err)
	}
	u.await(t, *in.Name, types.CanaryStateStopped)
	out, err := u.canaries.GetCanaryRuns(t.Context(), &synthetics.GetCanaryRunsInput{Name: in.Name})
	if err != nil || len(out.CanaryRuns) != 1 {
		t.Fatalf("runs %v: %v", out, err)
	}
	return out.CanaryRuns[0]
}

func (u *user) await(t *testing.T, name string, want types.CanaryState) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var state types.CanaryState
	for tick := time.NewTicker(20 * time.Millisecond); ; <-tick.C {
		out, err := u.canaries.GetCanary(ctx, &synthetics.GetCanaryInput{Name: &name})
		if err != nil {
			t.Fatalf("waiting for %s, last seen %s: %v", want, state, err)
		}
		if state = out.Canary.Status.State; state == want {
			return
		}
	}
}

// artifacts returns what a run left in S3, by base name.
func (u *user) artifacts(t *testing.T, run types.CanaryRun) map[string][]byte {
	t.Helper()
	bucket, prefix, _ := strings.Cut(*run.ArtifactS3Location, "/")
	list, err := u.objects.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: aws.String(prefix + "/")})
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, o := range list.Contents {
		got, err := u.objects.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: o.Key})
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(got.Body)
		if err := errors.Join(err, got.Body.Close()); err != nil {
			t.Fatal(err)
		}
		files[path.Base(*o.Key)] = body
	}
	return files
}

const visit = `
const synthetics = require('%s');
const log = require('%s');
exports.handler = async () => {
  const page = await synthetics.getPage();
  await synthetics.executeStep('open', async () => {
    await page.goto(process.env.SITE, { waitUntil: 'networkidle0' });
    log.info('heading: ' + await page.$eval('h1', h => h.textContent));
  });
  await synthetics.takeScreenshot('final', 'state');
};
`

// A canary in both families of module names leaves everything where AWS puts it.
func TestCanaryVisitsASite(t *testing.T) {
	t.Parallel()
	families := map[string]struct {
		runtime, file string
		script        string
		postgres      bool
	}{
		"legacy names on sqlite": {"syn-nodejs-puppeteer-10.0", "nodejs/node_modules/index.js", fmt.Sprintf(visit, "Synthetics", "SyntheticsLogger"), false},
		"aws names on postgres":  {"syn-nodejs-puppeteer-13.1", "index.js", fmt.Sprintf(visit, "@aws/synthetics-puppeteer", "@aws/synthetics-logger"), true},
	}
	for name, family := range families {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var options []nepheletest.Option
			if family.postgres {
				options = append(options, nepheletest.WithPostgres(storetest.PostgresURL(t)))
			}
			u := newUser(t, options...)
			run := u.once(t, &synthetics.CreateCanaryInput{
				Name: aws.String("visit"), RuntimeVersion: &family.runtime,
				Code:      &types.CanaryCodeInput{Handler: aws.String("index.handler"), ZipFile: zipped(t, family.file, family.script)},
				RunConfig: &types.CanaryRunConfigInput{EnvironmentVariables: map[string]string{"SITE": site(t)}, TimeoutInSeconds: aws.Int32(60)},
			})
			if run.Status.State != types.CanaryRunStatePassed || run.Status.TestResult != types.CanaryRunTestResultPassed {
				t.Fatalf("run %s: %s", run.Status.State, aws.ToString(run.Status.StateReason))
			}
			u.checkArtifacts(t, run)
			u.checkLog(t)
			u.checkMetrics(t)
		})
	}
}

func (u *user) checkArtifacts(t *testing.T, run types.CanaryRun) {
	t.Helper()
	files := u.artifacts(t, run)
	for _, name := range []string{"01-open-starting.png", "02-open-succeeded.png", "03-final-state.png", "results.har", "SyntheticsReport-PASSED.json"} {
		if files[name] == nil {
			t.Errorf("no %s", name)
		}
	}
	picture, err := png.Decode(bytes.NewReader(files["02-open-succeeded.png"]))
	if err != nil || picture.Bounds().Dx() != 1920 || picture.Bounds().Dy() != 1080 {
		t.Errorf("screenshot: %v", err)
	}
	var report struct {
		ExecutionStatus string
		CustomerScript  struct {
			Status string
			Steps  []struct{ StepName, Status string }
		}
	}
	if err := json.Unmarshal(files["SyntheticsReport-PASSED.json"], &report); err != nil || report.CustomerScript.Status != "PASSED" || len(report.CustomerScript.Steps) != 1 {
		t.Errorf("report %+v: %v", report, err)
	}
	var har struct {
		Log struct {
			Entries []struct {
				Response struct{ Status int }
			}
		}
	}
	if err := json.Unmarshal(files["results.har"], &har); err != nil || len(har.Log.Entries) < 3 {
		t.Errorf("HAR has %d entries: %v", len(har.Log.Entries), err)
	}
}

func (u *user) checkLog(t *testing.T) {
	t.Helper()
	groups, err := u.logs.DescribeLogGroups(t.Context(), &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: aws.String("/aws/lambda/cwsyn-visit-")})
	if err != nil || len(groups.LogGroups) != 1 {
		t.Fatalf("log groups %+v: %v", groups, err)
	}
	events, err := u.logs.FilterLogEvents(t.Context(), &cloudwatchlogs.FilterLogEventsInput{LogGroupName: groups.LogGroups[0].LogGroupName})
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, e := range events.Events {
		// A line "INFO: ...", or since puppeteer 11.0 a structure with a level.
		found = found || strings.Contains(*e.Message, "INFO") && strings.Contains(*e.Message, "heading: Welcome")
	}
	if !found {
		t.Errorf("what the script logged is not among %d events", len(events.Events))
	}
}

// checkMetrics waits for the metrics, which follow the verdict.
func (u *user) checkMetrics(t *testing.T) {
	t.Helper()
	canary := cwtypes.Dimension{Name: aws.String("CanaryName"), Value: aws.String("visit")}
	step := cwtypes.Dimension{Name: aws.String("StepName"), Value: aws.String("open")}
	tests := []struct {
		metric string
		dims   []cwtypes.Dimension
		want   func(float64) bool
	}{
		{"SuccessPercent", []cwtypes.Dimension{canary}, func(v float64) bool { return v == 100 }},
		{"SuccessPercent", []cwtypes.Dimension{canary, step}, func(v float64) bool { return v == 100 }},
		{"Duration", []cwtypes.Dimension{canary}, func(v float64) bool { return v > 0 && v < 60_000 }},
		{"4xx", []cwtypes.Dimension{canary}, func(v float64) bool { return v >= 1 }},
		{"5xx", nil, func(v float64) bool { return v == 1 }},
	}
	for _, test := range tests {
		if v, err := u.sum(t, test.metric, test.dims); err != nil || !test.want(v) {
			t.Errorf("%s %d dimensions: %v %v", test.metric, len(test.dims), v, err)
		}
	}
}

func (u *user) sum(t *testing.T, metric string, dims []cwtypes.Dimension) (float64, error) {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	in := &cloudwatch.GetMetricStatisticsInput{
		Namespace: aws.String("CloudWatchSynthetics"), MetricName: &metric, Dimensions: dims, Period: aws.Int32(3600),
		StartTime: aws.Time(time.Now().Add(-2 * time.Hour)), EndTime: aws.Time(time.Now().Add(time.Hour)),
		Statistics: []cwtypes.Statistic{cwtypes.StatisticSum},
	}
	for tick := time.NewTicker(20 * time.Millisecond); ; <-tick.C {
		out, err := u.metrics.GetMetricStatistics(ctx, in)
		if err != nil {
			return 0, err
		}
		if len(out.Datapoints) > 0 {
			return *out.Datapoints[0].Sum, nil
		}
	}
}

// What goes wrong in a script is told, and leaves its traces.
func TestCanariesThatFail(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		script, reason, result string
		artifacts              []string
	}{
		"step":   {`const s = require('Synthetics'); exports.handler = async () => { await s.getPage(); await s.executeStep('buy', async () => { throw new Error('sold out'); }); };`, "sold out", "FAILED", []string{"02-buy-failed.png", "SyntheticsReport-FAILED.json"}},
		"syntax": {`exports.handler = async ( => {};`, "SyntaxError", "FAILED", nil},
		"export": {`exports.other = async () => {};`, "handler", "FAILED", nil},
		"time":   {`exports.handler = async () => new Promise(r => setTimeout(r, 60000));`, "timed out", "UNKNOWN", nil},
	}
	u := newUser(t)
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run := u.once(t, &synthetics.CreateCanaryInput{
				Name: &name, RuntimeVersion: aws.String("syn-nodejs-puppeteer-10.0"),
				Code:      &types.CanaryCodeInput{Handler: aws.String("index.handler"), ZipFile: zipped(t, "nodejs/node_modules/index.js", test.script)},
				RunConfig: &types.CanaryRunConfigInput{TimeoutInSeconds: aws.Int32(5)},
			})
			st := run.Status
			if st.State != types.CanaryRunStateFailed || st.StateReasonCode != types.CanaryRunStateReasonCodeCanaryFailure || string(st.TestResult) != test.result {
				t.Errorf("run %s %s %s", st.State, st.StateReasonCode, st.TestResult)
			}
			if !strings.Contains(aws.ToString(st.StateReason), test.reason) {
				t.Errorf("reason %q does not say %q", aws.ToString(st.StateReason), test.reason)
			}
			files := u.artifacts(t, run)
			for _, want := range test.artifacts {
				if files[want] == nil {
					t.Errorf("no %s among %d artifacts", want, len(files))
				}
			}
		})
	}
}

func TestArtifactsWithoutABucket(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	if _, err := u.objects.DeleteBucket(t.Context(), &s3.DeleteBucketInput{Bucket: aws.String("artifacts")}); err != nil {
		t.Fatal(err)
	}
	run := u.once(t, &synthetics.CreateCanaryInput{
		Name: aws.String("homeless"), RuntimeVersion: aws.String("syn-nodejs-puppeteer-10.0"),
		Code: &types.CanaryCodeInput{Handler: aws.String("index.handler"), ZipFile: zipped(t, "nodejs/node_modules/index.js", `exports.handler = async () => {};`)},
	})
	st := run.Status
	if st.StateReasonCode != types.CanaryRunStateReasonCodeExecutionFailure || st.TestResult != types.CanaryRunTestResultPassed || !strings.Contains(*st.StateReason, "bucket") {
		t.Errorf("run %s %s %s %s", st.State, st.StateReasonCode, st.TestResult, *st.StateReason)
	}
}

// With settle, a caller sees the end of what it asked for without polling.
func TestSettleWaitsForTheCanary(t *testing.T) {
	t.Parallel()
	u := newUser(t, nepheletest.WithSettle(30*time.Second))
	in := &synthetics.CreateCanaryInput{
		Name: aws.String("settled"), RuntimeVersion: aws.String("syn-nodejs-puppeteer-10.0"),
		ArtifactS3Location: aws.String("s3://artifacts"), ExecutionRoleArn: aws.String("arn:aws:iam::000000000000:role/canary"),
		Schedule: &types.CanaryScheduleInput{Expression: aws.String("rate(0 minute)")},
		Code:     &types.CanaryCodeInput{Handler: aws.String("index.handler"), ZipFile: zipped(t, "nodejs/node_modules/index.js", `exports.handler = async () => {};`)},
		Tags:     map[string]string{"team": "shop"},
	}
	if _, err := u.canaries.CreateCanary(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	if _, err := u.canaries.StartCanary(t.Context(), &synthetics.StartCanaryInput{Name: in.Name}); err != nil {
		t.Fatal(err)
	}
	got, err := u.canaries.GetCanary(t.Context(), &synthetics.GetCanaryInput{Name: in.Name})
	if err != nil || got.Canary.Status.State != types.CanaryStateStopped || got.Canary.Tags["team"] != "shop" {
		t.Fatalf("after StartCanary the canary is %+v (%v)", got, err)
	}
	last, err := u.canaries.DescribeCanariesLastRun(t.Context(), &synthetics.DescribeCanariesLastRunInput{})
	if err != nil || len(last.CanariesLastRun) != 1 || last.CanariesLastRun[0].LastRun.Status.State != types.CanaryRunStatePassed {
		t.Errorf("last run %+v (%v)", last, err)
	}
}

func TestListingsArePaged(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	var want []string
	for i := range 7 {
		name := fmt.Sprintf("%s-%d", strings.Repeat("long-name-", 20), i)
		want = append(want, name)
		_, err := u.canaries.CreateCanary(t.Context(), &synthetics.CreateCanaryInput{
			Name: &name, RuntimeVersion: aws.String("syn-nodejs-puppeteer-10.0"),
			ArtifactS3Location: aws.String("s3://artifacts"), ExecutionRoleArn: aws.String("arn:aws:iam::000000000000:role/canary"),
			Schedule: &types.CanaryScheduleInput{Expression: aws.String("rate(1 hour)")},
			Code:     &types.CanaryCodeInput{Handler: aws.String("index.handler"), ZipFile: zipped(t, "nodejs/node_modules/index.js", "")},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	pages := synthetics.NewDescribeCanariesPaginator(u.canaries, &synthetics.DescribeCanariesInput{MaxResults: aws.Int32(3)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range page.Canaries {
			got = append(got, *c.Name)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("paged listing %v", got)
	}
	_, err := u.canaries.DescribeCanaries(t.Context(), &synthetics.DescribeCanariesInput{NextToken: aws.String("forged-token")})
	if _, ok := errors.AsType[*types.ValidationException](err); !ok {
		t.Errorf("a forged token gives %v", err)
	}
}

const intrude = `
const http = require('http');
exports.handler = async () => {
  const status = await new Promise((resolve, reject) => {
    const r = http.request(process.env.ENDPOINT + '/_nephele/reset', { method: 'POST' }, resp => { resp.resume(); resolve(resp.statusCode); });
    r.on('error', reject);
    r.end();
  });
  if (status !== 403) throw new Error('reset answered ' + status);
  const list = await new Promise((resolve, reject) => {
    http.get(process.env.ENDPOINT + '/', { headers: { authorization: 'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0' } }, resp => { resp.resume(); resolve(resp.statusCode); }).on('error', reject);
  });
  if (list !== 200) throw new Error('the API answered ' + list);
};
`

// A canary may use the server's API, as any client; its administration is
// closed to it.
func TestCanaryCannotAdministrate(t *testing.T) {
	t.Parallel()
	server := nepheletest.Start(t)
	u := userOf(t, server)
	run := u.once(t, &synthetics.CreateCanaryInput{
		Name: aws.String("intruder"), RuntimeVersion: aws.String("syn-nodejs-puppeteer-10.0"),
		Code:      &types.CanaryCodeInput{Handler: aws.String("index.handler"), ZipFile: zipped(t, "nodejs/node_modules/index.js", intrude)},
		RunConfig: &types.CanaryRunConfigInput{EnvironmentVariables: map[string]string{"ENDPOINT": server.URL}},
	})
	if run.Status.State != types.CanaryRunStatePassed {
		t.Errorf("run %s: %s", run.Status.State, aws.ToString(run.Status.StateReason))
	}
}
