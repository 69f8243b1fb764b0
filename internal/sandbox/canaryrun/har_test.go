package canaryrun_test

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"math"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nephele.dev/nephele/internal/sandbox/canaryrun"
	scripts "nephele.dev/nephele/runtimes/nodejs"
)

// archive is a HAR as far as the tests look at it.
type archive struct {
	Log struct {
		Version string
		Browser struct{ Name, Version string }
		Pages   []struct {
			ID, Title   string
			PageTimings struct{ OnContentLoad, OnLoad float64 }
		}
		Entries []harEntry
	}
}

type harEntry struct {
	PageRef         string
	StartedDateTime time.Time
	Time            float64
	Request         struct {
		Method, URL           string
		Headers               []struct{ Name, Value string }
		HeadersSize, BodySize int
		PostData              *struct{ MimeType, Text string }
	}
	Response struct {
		Status                int
		RedirectURL           string
		Headers               []struct{ Name, Value string }
		HeadersSize, BodySize int
		Content               struct {
			Size, Compression int
			Text              string
		}
	}
	Timings         map[string]float64
	ServerIPAddress string
	Error           string `json:"_error"`
	FromCache       bool   `json:"_fromCache"`
	ResourceType    string `json:"_resourceType"`
}

// traffic serves a page whose requests meet everything that can happen.
func traffic(t *testing.T) *httptest.Server {
	t.Helper()
	released := make(chan struct{})
	t.Cleanup(func() { close(released) })
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `<!doctype html><title>&lt;b&gt;</title><link rel="icon" href="data:,"><link rel="stylesheet" href="/style.css">
			<script src="/zipped.js"></script><img src="/img.svg?x=%3Cscript%3E'%22"><script>
			fetch('/slow').then((r) => r.text()).then(() => fetch('/api', { method: 'POST', headers: { 'Content-Type': 'text/plain' }, body: 'hello' }))
				.then(() => fetch('/nothing.json')).then(() => fetch('/drop')).catch(() => {}).then(() => { fetch('/never'); document.title = 'done'; });
			</script>`)
	})
	mux.HandleFunc("GET /go", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/go/on", http.StatusMovedPermanently)
	})
	mux.HandleFunc("GET /go/on", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/", http.StatusFound) })
	mux.HandleFunc("GET /style.css", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/css")
		w.Header().Set("Cache-Control", "max-age=600")
		_, _ = io.WriteString(w, "body{background:#eef}")
	})
	mux.HandleFunc("GET /zipped.js", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		_, _ = io.WriteString(z, strings.Repeat("// nothing\n", 1000))
		_ = z.Close()
	})
	mux.HandleFunc("GET /img.svg", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "image/svg+xml")
		_, _ = io.WriteString(w, `<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>`)
	})
	mux.HandleFunc("GET /slow", func(w http.ResponseWriter, _ *http.Request) {
		<-time.After(120 * time.Millisecond) // the timing under test
		_, _ = io.WriteString(w, "slow")
	})
	mux.HandleFunc("POST /api", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusCreated) })
	mux.HandleFunc("GET /drop", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	mux.HandleFunc("GET /never", func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-released:
		case <-r.Context().Done():
		}
	})
	s := httptest.NewUnstartedServer(mux)
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // the browser asks twice before it believes the certificate
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

// observe runs a script that loads the page.
func observe(t *testing.T, url string) (*canaryrun.Outcome, archive) {
	t.Helper()
	o := run(t, `
const synthetics = require('Synthetics');
exports.handler = async () => {
  synthetics.getConfiguration().enableReportingOptions();
  await synthetics.launch({ ignoreHTTPSErrors: true });
  const page = await synthetics.getPage();
  await page.goto('`+url+`/go');
  await page.waitForFunction(() => document.title === 'done');
  await page.goto('`+url+`/?again');
  await page.waitForFunction(() => document.title === 'done');
  await synthetics.close();
};`, nil)
	keepArtifacts(t, o)
	wantPassed(t, o)
	var har archive
	if err := json.Unmarshal(read(t, o, "results.har"), &har); err != nil {
		t.Fatal(err)
	}
	return o, har
}

func TestArchiveOfRequests(t *testing.T) {
	t.Parallel()
	s := traffic(t)
	o, har := observe(t, s.URL)
	if har.Log.Version != "1.2" || har.Log.Browser.Version == "" || len(har.Log.Pages) != 2 {
		t.Fatalf("%+v", har.Log)
	}
	for _, p := range har.Log.Pages {
		if p.PageTimings.OnContentLoad <= 0 || p.PageTimings.OnLoad < p.PageTimings.OnContentLoad {
			t.Errorf("timings of %s: %+v", p.ID, p.PageTimings)
		}
	}
	status := map[string][]int{}
	byPath := map[string]harEntry{}
	for i, e := range har.Log.Entries {
		path := strings.TrimPrefix(e.Request.URL, s.URL)
		status[path] = append(status[path], e.Response.Status)
		if _, ok := byPath[path]; !ok {
			byPath[path] = e
		}
		if i > 0 && e.StartedDateTime.Before(har.Log.Entries[i-1].StartedDateTime) {
			t.Errorf("%s is out of order", path)
		}
		checkTimings(t, e)
	}
	want := map[string][]int{
		"/go": {301}, "/go/on": {302}, "/": {200}, "/?again": {200}, "/style.css": {200, 200}, "/zipped.js": {200, 200},
		"/img.svg?x=%3Cscript%3E%27%22": {200, 200}, "/slow": {200, 200}, "/api": {201, 201}, "/nothing.json": {404, 404}, "/drop": {0, 0}, "/never": {0, 0},
	}
	if diff := cmp.Diff(want, status); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
	checkEntries(t, s.URL, byPath)
	if got := har.Log.Entries[len(har.Log.Entries)-1]; got.Request.URL != s.URL+"/never" || got.Error != "still loading when the run ended" {
		t.Errorf("last: %s %q", got.Request.URL, got.Error)
	}
	// The aborted request of the first page is nobody's failure.
	if diff := cmp.Diff(canaryrun.Requests{C2xx: 12, C3xx: 2, C4xx: 2, Failed: 2}, o.Report.CustomerScript.Requests); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
}

// checkTimings holds HAR's rule: the parts add up to the whole, TLS being a
// part of connecting.
func checkTimings(t *testing.T, e harEntry) {
	t.Helper()
	sum := 0.0
	for name, ms := range e.Timings {
		if ms > 0 && name != "ssl" {
			sum += ms
		}
	}
	if len(e.Timings) != 7 || math.Abs(sum-e.Time) > 1 {
		t.Errorf("%s: the parts %v are %.3f ms of %.3f", e.Request.URL, e.Timings, sum, e.Time)
	}
	if e.Timings["ssl"] > e.Timings["connect"]+1 {
		t.Errorf("%s: TLS took longer than connecting: %v", e.Request.URL, e.Timings)
	}
}

func checkEntries(t *testing.T, site string, of map[string]harEntry) {
	t.Helper()
	first := of["/go"]
	if first.Response.RedirectURL != site+"/go/on" || first.Timings["ssl"] <= 0 || first.Timings["connect"] <= 0 || first.Timings["dns"] < 0 || first.ServerIPAddress != "127.0.0.1" {
		t.Errorf("the first request: %+v", first)
	}
	if slow := of["/slow"]; slow.Timings["wait"] < 110 {
		t.Errorf("a slow answer was waited for %v ms", slow.Timings["wait"])
	}
	zipped := of["/zipped.js"]
	if size := zipped.Response.Content.Size; size != 11000 || zipped.Response.BodySize <= 0 || zipped.Response.BodySize > 1000 || zipped.Response.Content.Compression != size-zipped.Response.BodySize {
		t.Errorf("sizes of a compressed answer: %+v", zipped.Response)
	}
	if post := of["/api"].Request; post.PostData == nil || post.PostData.Text != "hello" || post.BodySize != 5 || len(post.Headers) == 0 || post.HeadersSize < 50 {
		t.Errorf("a request with a body: %+v", post)
	}
	if text := of["/slow"].Response.Content.Text; text != "slow" {
		t.Errorf("the body %q", text)
	}
	if drop := of["/drop"]; !strings.HasPrefix(drop.Error, "net::ERR_") {
		t.Errorf("a dropped connection: %q", drop.Error)
	}
}

// The page beside the archive is whole by itself, and nothing in it is what a
// site made it.
func TestArchiveAsPage(t *testing.T) {
	t.Parallel()
	o, _ := observe(t, traffic(t).URL)
	page := string(read(t, o, "results.har.html"))
	for _, bad := range []string{"<script", "javascript:", `src="`, "<link", "@import", "url("} {
		if strings.Contains(page, bad) {
			t.Errorf("the page has %q", bad)
		}
	}
	for _, good := range []string{"default-src 'none'", "prefers-color-scheme:dark", "/img.svg?x=%3Cscript%3E%27%22", "Loaded after", `class="p ssl"`, "still loading when the run ended"} {
		if !strings.Contains(page, good) {
			t.Errorf("the page lacks %q", good)
		}
	}
}

// Units that need no browser run in Node.js alone.
func TestLibraryUnits(t *testing.T) {
	t.Parallel()
	if err := scripts.Unpack(t.TempDir()); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("../../../runtimes/nodejs/test/*.test.js")
	if err != nil || len(files) == 0 {
		t.Fatalf("no tests: %v", err)
	}
	out, err := exec.CommandContext(t.Context(), "node", append([]string{"--test", "--test-reporter=spec"}, files...)...).CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
