package canaryrun_test

import (
	"embed"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nephele.dev/nephele/internal/blueprint"
	"nephele.dev/nephele/internal/sandbox/canaryrun"
)

//go:embed testdata/python
var pythonBlueprints embed.FS

// pythonShop serves the pages that the blueprints for Python visit.
func pythonShop(t *testing.T) string {
	t.Helper()
	mux := http.NewServeMux()
	page := func(title, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, `<!doctype html><html lang="en"><title>%s</title><link rel="icon" href="data:,"><body style="font:24px sans-serif;background:#dfe">%s`, title, body)
		}
	}
	mux.HandleFunc("GET /{$}", page("Home", `<h1>Home</h1><a href="/links">Links</a>`))
	mux.HandleFunc("GET /links", page("Links", `<h1>Links</h1><a href="/">Home</a> <a href="/#top">Top</a> <a href="/login">In</a> <a href="/gone">Gone</a> <a href="mailto:a@b">Mail</a>`))
	mux.HandleFunc("GET /login", page("Sign in", `<h1>Sign in</h1><form action="/account"><input id="user" name="user"><input id="password" type="password">
		<select id="language"><option value="de">de<option value="en">en</select><button id="send" type="submit">Sign in</button></form>`))
	mux.HandleFunc("GET /account", func(w http.ResponseWriter, r *http.Request) {
		page("Account", `<p class="welcome">Hello `+r.URL.Query().Get("user"))(w, r)
	})
	mux.Handle("GET /moved", http.RedirectHandler("/", http.StatusFound))
	mux.HandleFunc("GET /api/items", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `[{"name":"table"},{"name":"chair"}]`)
	})
	mux.HandleFunc("POST /api/items", func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusCreated)
		_, _ = io.Copy(w, r.Body)
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s.URL
}

// keepPython leaves a run's artifacts for somebody to look at.
func keepPython(t *testing.T, o *canaryrun.Outcome) {
	t.Helper()
	dir := os.Getenv("NEPHELE_KEEP_ARTIFACTS")
	if dir == "" {
		return
	}
	dir = filepath.Join(dir, strings.ReplaceAll(t.Name(), "/", "_"))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, a := range o.Artifacts {
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(a.Name)), read(t, o, a.Name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// Scripts in the style of the user guide pass unmodified, in the newest runtime
// and in an old one.
func TestPythonGuideScripts(t *testing.T) {
	t.Parallel()
	shots := func(names ...string) []string {
		return append(names, "log.txt", "SyntheticsReport-PASSED.json", "results.har", "results.har.html")
	}
	tests := map[string]struct {
		artifacts []string
		reason    string // of a script that finds something
	}{
		"heartbeat": {artifacts: shots("01-openPage-starting.png", "02-openPage-succeeded.png", "03-loaded.png")},
		"api":       {artifacts: []string{"log.txt", "SyntheticsReport-PASSED.json"}},
		"broken-links": {
			artifacts: []string{
				"01-link 1-starting.png", "02-link 1-succeeded.png", "03-link 2-starting.png", "04-link 2-succeeded.png",
				"05-link 3-starting.png", "06-link 3-failed.png", "log.txt", "SyntheticsReport-FAILED.json", "results.har", "results.har.html",
			},
			reason: "/gone answered 404",
		},
		"gui-workflow": {artifacts: shots("01-fill in-starting.png", "02-fill in-succeeded.png", "03-submit-starting.png",
			"04-submit-succeeded.png", "05-go home-starting.png", "06-go home-succeeded.png")},
	}
	for name, tt := range tests {
		versions := []string{"syn-python-selenium-14.0"}
		if name == "heartbeat" || name == "api" {
			versions = append(versions, "syn-python-selenium-1.1")
		}
		for _, version := range versions {
			t.Run(name+" "+version, func(t *testing.T) {
				t.Parallel()
				text, err := pythonBlueprints.ReadFile("testdata/python/" + name + ".py")
				if err != nil {
					t.Fatal(err)
				}
				script := strings.ReplaceAll(string(text), "{{SITE}}", pythonShop(t))
				o := runPython(t, script, func(j *canaryrun.Job) { j.RuntimeVersion = version })
				keepPython(t, o)
				if want := o.Status == canaryrun.Passed; want != (tt.reason == "") || !strings.HasSuffix(o.StateReason, tt.reason) {
					t.Fatalf("%s %q\n%s", o.Status, o.StateReason, logText(o))
				}
				if diff := cmp.Diff(tt.artifacts, names(o)); diff != "" {
					t.Errorf("artifacts (-want +got):\n%s", diff)
				}
			})
		}
	}
}

// The templates for Python run as they are handed out.
func TestPythonTemplates(t *testing.T) {
	t.Parallel()
	const family = "syn-python-selenium"
	site := pythonShop(t)
	values := map[string]map[string][]string{
		"heartbeat":    {"urls": {site + "/", site + "/links"}},
		"api":          {"url": {site + "/api/items"}},
		"broken-links": {"url": {site + "/links"}},
		"gui-workflow": {
			"url": {site + "/login"}, "userSelector": {"#user"}, "passwordSelector": {"#password"}, "submitSelector": {"#send"}, "text": {"Hello ada"},
		},
	}
	reasons := map[string]string{"broken-links": "1 broken links found: " + site + "/gone: 404"}
	for _, name := range blueprint.Names() {
		b, err := blueprint.ByName(name)
		if err != nil {
			t.Fatal(err)
		}
		variant, ok := b.Families[family]
		if !ok {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			content, err := b.Files(family, values[name])
			if err != nil {
				t.Fatal(err)
			}
			files := map[string]string{}
			for file, text := range content {
				files["python/"+file] = string(text)
			}
			o := runPythonFiles(t, files, func(j *canaryrun.Job) {
				j.Handler, j.Env = variant.Handler, map[string]string{"SITE_USER": "ada", "SITE_PASSWORD": "secret"}
			})
			keepPython(t, o)
			if o.StateReason != reasons[name] || slices.Contains(names(o), "SyntheticsReport-PASSED.json") != (reasons[name] == "") {
				t.Errorf("%s %q\n%s", o.Status, o.StateReason, logText(o))
			}
		})
	}
}
