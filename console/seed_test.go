package console_test

import (
	"archive/zip"
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/synthetics"
	"github.com/aws/aws-sdk-go-v2/service/synthetics/types"

	"nephele.dev/nephele/nepheletest"
)

// Scripts of canaries whose runs the tests look at.
var (
	//go:embed testdata/checkout.js
	checkoutScript string
	//go:embed testdata/api.js
	apiScript string
	//go:embed testdata/links.js
	linksScript string
	//go:embed testdata/visual.js
	visualScript string
)

// runs makes canaries on a server and runs them.
type runs struct {
	*testing.T
	api  *synthetics.Client
	s3   *s3.Client
	site string
	gate string      // an address that answers when a test says so
	sale atomic.Bool // the shop looks different
}

func newRuns(t *testing.T, srv *nepheletest.Server, site string) *runs {
	r := &runs{
		T: t, gate: site + "/gate", api: synthetics.NewFromConfig(srv.Config),
		s3: s3.NewFromConfig(srv.Config, func(o *s3.Options) { o.UsePathStyle = true }),
	}
	shop := httptest.NewServer(r.shop())
	t.Cleanup(shop.Close)
	r.site = shop.URL
	if _, err := r.s3.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("artifacts")}); err != nil {
		t.Fatal(err)
	}
	return r
}

// shop is a site with a few resources, one of which is missing.
func (r *runs) shop() http.Handler {
	mux := http.NewServeMux()
	serve := func(pattern, contentType, body string) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", contentType)
			_, _ = w.Write([]byte(body))
		})
	}
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		banner := "#06c"
		if r.sale.Load() {
			banner = "#b30"
		}
		_, _ = fmt.Fprintf(w, `<!doctype html><link rel=stylesheet href=/shop.css><h1>Shop</h1><div style="background:%s;height:60px"></div><img src=/logo.svg width=80>`, banner)
	})
	serve("GET /cart", "text/html; charset=utf-8", "<!doctype html><link rel=stylesheet href=/shop.css><h1>Cart</h1>")
	serve("GET /shop.css", "text/css", "body { font: 20px sans-serif; background: #eef5fb }")
	serve("GET /logo.svg", "image/svg+xml", `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><circle cx="4" cy="4" r="4" fill="teal"/></svg>`)
	serve("GET /items", "application/json", `["Anchor","Buoy"]`)
	serve("GET /favicon.ico", "image/x-icon", "")
	return mux
}

// script creates a canary of a script.
func (r *runs) script(name, script string) {
	r.Helper()
	r.create(name, "syn-nodejs-puppeteer-13.1", "nodejs/node_modules/index.js", script, &types.CanaryCodeInput{Handler: aws.String("index.handler")})
}

// checks creates a canary that checks the shop without a script: one check
// passes, one fails.
func (r *runs) checks(name string) {
	r.Helper()
	const config = `{"steps": {
		"1": {"stepName": "items", "checkerType": "HTTP", "url": "SITE/items", "httpMethod": "GET", "assertions": [{"type": "STATUS_CODE", "operator": "EQUALS", "value": 200}]},
		"2": {"stepName": "missing", "checkerType": "HTTP", "url": "SITE/missing", "httpMethod": "GET", "assertions": [{"type": "STATUS_CODE", "operator": "EQUALS", "value": 200}]}
	}}`
	r.create(name, "syn-nodejs-3.0", "blueprint-config.json", strings.ReplaceAll(config, "SITE", r.site), &types.CanaryCodeInput{BlueprintTypes: []string{"multi-checks"}})
}

// create creates a canary that runs once for each start, of one file of code.
func (r *runs) create(name, runtime, file, content string, code *types.CanaryCodeInput) {
	r.Helper()
	var archive bytes.Buffer
	z := zip.NewWriter(&archive)
	w, err := z.Create(file)
	if err == nil {
		_, err = w.Write([]byte(content))
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		r.Fatal(err)
	}
	code.ZipFile = archive.Bytes()
	in := &synthetics.CreateCanaryInput{
		Name: &name, RuntimeVersion: &runtime, ArtifactS3Location: aws.String("s3://artifacts/" + name), Code: code,
		ExecutionRoleArn: aws.String("arn:aws:iam::000000000000:role/canary"),
		Schedule:         &types.CanaryScheduleInput{Expression: aws.String("rate(0 minute)")},
		RunConfig:        &types.CanaryRunConfigInput{TimeoutInSeconds: aws.Int32(60)},
	}
	if len(code.BlueprintTypes) == 0 {
		in.RunConfig.EnvironmentVariables = map[string]string{"SITE": r.site, "GATE": r.gate}
	}
	if _, err := r.api.CreateCanary(r.Context(), in); err != nil {
		r.Fatal(err)
	}
}

// run starts canaries and returns the newest run of the last when all of them
// have ended.
func (r *runs) run(names ...string) types.CanaryRun {
	r.Helper()
	for _, name := range names {
		if _, err := r.api.StartCanary(r.Context(), &synthetics.StartCanaryInput{Name: &name}); err != nil {
			r.Fatal(err)
		}
	}
	var last types.CanaryRun
	for _, name := range names {
		last = r.ended(name)
	}
	return last
}

// ended waits until a canary has stopped.
func (r *runs) ended(name string) types.CanaryRun {
	r.Helper()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for range 600 {
		out, err := r.api.GetCanary(r.Context(), &synthetics.GetCanaryInput{Name: &name})
		if err != nil {
			r.Fatal(err)
		}
		if out.Canary.Status.State == types.CanaryStateStopped {
			got, err := r.api.GetCanaryRuns(r.Context(), &synthetics.GetCanaryRunsInput{Name: &name})
			if err != nil || len(got.CanaryRuns) == 0 {
				r.Fatal(name, "has no runs", err)
			}
			return got.CanaryRuns[0]
		}
		<-tick.C
	}
	r.Fatalf("canary %s does not stop", name)
	return types.CanaryRun{}
}

// leave puts a file among a run's artifacts.
func (r *runs) leave(run types.CanaryRun, name string, content []byte) {
	r.Helper()
	bucket, prefix, _ := strings.Cut(*run.ArtifactS3Location, "/")
	_, err := r.s3.PutObject(r.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: aws.String(path.Join(prefix, name)), Body: bytes.NewReader(content)})
	if err != nil {
		r.Fatal(err)
	}
}

// seedRuns makes runs of every kind: one with a step that fails, one of an API
// that is repeated, one of a link checker, one whose screenshots differ from the baseline, and one
// whose artifacts are as bad as they can be.
func seedRuns(t *testing.T, srv *nepheletest.Server, site string) {
	r := newRuns(t, srv, site)
	for name, script := range map[string]string{"checkout": checkoutScript, "api": apiScript, "links": linksScript, "look": visualScript, "hostile": apiScript, "many": apiScript} {
		r.script(name, script)
	}
	r.checks("checks")
	_, err := r.api.UpdateCanary(t.Context(), &synthetics.UpdateCanaryInput{Name: aws.String("api"), Schedule: &types.CanaryScheduleInput{
		Expression: aws.String("rate(0 minute)"), RetryConfig: &types.RetryConfigInput{MaxRetries: aws.Int32(1)},
	}})
	if err != nil {
		t.Fatal(err)
	}
	base := r.run("checkout", "api", "checks", "links", "look")
	_, err = r.api.UpdateCanary(t.Context(), &synthetics.UpdateCanaryInput{
		Name: aws.String("look"), VisualReferences: []types.VisualReferenceInput{{BaseCanaryRunId: base.Id, BrowserType: types.BrowserTypeChrome}},
	})
	if err != nil {
		t.Fatal(err)
	}
	r.sale.Store(true)
	r.run("look")

	hostile := r.run("hostile")
	r.leave(hostile, "SyntheticsReport-FAILED.json", []byte(`{"customerScript": {"steps": [null, {"stepName": {}, "screenshots": 7}]`))
	r.leave(hostile, "HttpRequestsReport.json", []byte("{"))
	r.leave(hostile, "BrokenLinkCheckerReport.json", []byte("[]"))
	r.leave(hostile, "results.har", []byte(`{"log": {"entries": 7}}`))
	r.leave(hostile, `<img src=x onerror="document.title=1">.txt`, []byte("<script>document.title=1</script>"))

	r.leave(r.run("many"), "results.har", archiveOf(t, 2000))
}

// archiveOf is a HAR of n requests.
func archiveOf(t *testing.T, n int) []byte {
	entries := make([]any, n)
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range entries {
		entries[i] = map[string]any{
			"startedDateTime": start.Add(time.Duration(i) * 10 * time.Millisecond).Format(time.RFC3339Nano), "time": 40,
			"request":  map[string]any{"method": "GET", "url": fmt.Sprintf("https://shop.example/item/%d", i)},
			"response": map[string]any{"status": 200 + 204*(i%2), "content": map[string]any{"mimeType": "image/png", "size": i}},
			"timings":  map[string]any{"blocked": 5, "dns": 5, "connect": 5, "send": 5, "wait": 10, "receive": 10},
		}
	}
	out, err := json.Marshal(map[string]any{"log": map[string]any{"entries": entries}})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// seedGroups makes canaries to put into groups: one that passes, one that fails.
func seedGroups(t *testing.T, srv *nepheletest.Server, site string) {
	r := newRuns(t, srv, site)
	r.script("works", "exports.handler = async () => {};")
	r.script("fails", "exports.handler = async () => { throw new Error('no'); };")
	r.run("works", "fails")
}
