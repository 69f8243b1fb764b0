package console_test

import (
	"archive/zip"
	"bufio"
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/synthetics"
	"github.com/aws/aws-sdk-go-v2/service/synthetics/types"

	"nephele.dev/nephele/internal/blueprint"
	"nephele.dev/nephele/nepheletest"
	"nephele.dev/nephele/runtimes/nodejs"
)

// browsers is where Debian and others put Chromium.
var browsers = []string{"/usr/lib/chromium/chromium-headless-shell", "chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"}

// prepared are the servers of files of tests that need more than an empty one.
var prepared = map[string]struct {
	options []nepheletest.Option
	seed    func(*testing.T, *nepheletest.Server, string)
}{
	"signin":   {options: []nepheletest.Option{nepheletest.WithAuth()}},
	"canaries": {seed: seedCanaries},
	"run":      {seed: seedRuns},
	"groups":   {seed: seedGroups},
}

// TestInBrowser runs the files test/*.test.mjs, each against a server of its
// own. Playwright comes from the archive that canaries run on. With
// NEPHELE_CONSOLE_SHOTS the tests leave pictures in that directory.
func TestInBrowser(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("test/*.test.mjs")
	if err != nil || len(files) == 0 {
		t.Fatal("no tests", err)
	}
	playwright := unpackPlaywright(t)
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".test.mjs")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			site := startSite(t)
			prepare := prepared[name]
			srv := nepheletest.Start(t, prepare.options...)
			if prepare.seed != nil {
				prepare.seed(t, srv, site)
			}
			runTests(t, file, []string{
				"URL=" + srv.URL, "SITE=" + site, "PLAYWRIGHT=" + playwright, "BROWSER=" + findBrowser(t),
				"SHOTS=" + os.Getenv("NEPHELE_CONSOLE_SHOTS"),
				"KEY=" + nepheletest.RootAccessKeyID, "SECRET=" + nepheletest.RootSecretAccessKey,
			})
		})
	}
}

// unpackPlaywright is the path of Playwright's library.
func unpackPlaywright(t *testing.T) string {
	dir := t.TempDir()
	if err := nodejs.Unpack(dir); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "playwright.cjs")
}

func findBrowser(t *testing.T) string {
	for _, name := range browsers {
		if found, err := exec.LookPath(name); err == nil {
			return found
		}
	}
	t.Fatalf("no Chromium: none of %v", browsers)
	return ""
}

// runTests runs one file and reports its tests as subtests: it writes a line of
// JSON for each.
func runTests(t *testing.T, file string, environ []string) {
	cmd := exec.CommandContext(t.Context(), "node", file)
	cmd.Env = append(os.Environ(), environ...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	n := 0
	for ; lines.Scan(); n++ {
		var result struct{ Name, Error string }
		if err := json.Unmarshal(lines.Bytes(), &result); err != nil {
			t.Errorf("not a result: %s", lines.Bytes())
			continue
		}
		t.Run(result.Name, func(t *testing.T) {
			if result.Error != "" {
				t.Error(result.Error)
			}
		})
	}
	if err := cmd.Wait(); err != nil || n == 0 {
		t.Errorf("%s ran %d tests: %v\n%s", file, n, err, stderr.Bytes())
	}
}

// startSite serves two pages for canaries to visit, and a gate that tests shut
// (PUT) and open (DELETE): a canary that passes it (GET) runs for as long as the
// gate is shut, however busy the machine is.
func startSite(t *testing.T) string {
	mux := http.NewServeMux()
	page := func(title string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = w.Write([]byte("<!doctype html><title>" + title + "</title><h1>" + title + "</h1><a href='/about'>About</a>"))
		}
	}
	mux.HandleFunc("GET /{$}", page("Shop"))
	mux.HandleFunc("GET /about", page("About"))
	mux.HandleFunc("GET /favicon.ico", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	var gate sync.RWMutex
	mux.HandleFunc("PUT /gate", func(http.ResponseWriter, *http.Request) { gate.Lock() })
	mux.HandleFunc("DELETE /gate", func(http.ResponseWriter, *http.Request) { gate.Unlock() })
	mux.HandleFunc("GET /gate", func(http.ResponseWriter, *http.Request) {
		gate.RLock()
		defer gate.RUnlock()
	})
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	return srv.URL
}

// seedCanaries makes one canary that passes, one that fails, and one that has
// never run.
func seedCanaries(t *testing.T, srv *nepheletest.Server, site string) {
	client := synthetics.NewFromConfig(srv.Config)
	buckets := s3.NewFromConfig(srv.Config, func(o *s3.Options) { o.UsePathStyle = true })
	if _, err := buckets.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("artifacts")}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, url string
		start     bool
	}{{"works", site + "/", true}, {"broken", site + "/nothing", true}, {"idle", site + "/", false}} {
		_, err := client.CreateCanary(t.Context(), &synthetics.CreateCanaryInput{
			Name: &c.name, RuntimeVersion: aws.String("syn-nodejs-puppeteer-13.1"), ArtifactS3Location: aws.String("s3://artifacts/" + c.name),
			ExecutionRoleArn: aws.String("arn:aws:iam::000000000000:role/canary"),
			Schedule:         &types.CanaryScheduleInput{Expression: aws.String("rate(1 hour)")},
			Code:             &types.CanaryCodeInput{Handler: aws.String("heartbeat.handler"), ZipFile: heartbeat(t, c.url)},
		})
		if err != nil {
			t.Fatal(err)
		}
		if !c.start {
			continue
		}
		if _, err := client.StartCanary(t.Context(), &synthetics.StartCanaryInput{Name: &c.name}); err != nil {
			t.Fatal(err)
		}
	}
}

// heartbeat is the archive of a canary that opens a page.
func heartbeat(t *testing.T, url string) []byte {
	b, err := blueprint.ByName("heartbeat")
	if err != nil {
		t.Fatal(err)
	}
	files, err := b.Files("syn-nodejs-puppeteer", map[string][]string{"urls": {url}})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for name, content := range files {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
