package console_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"nephele.dev/nephele/console"
)

func TestArchiveIsMadeFromTheseSources(t *testing.T) {
	t.Parallel()
	want, err := console.SourceHash(os.DirFS(".."))
	if err != nil {
		t.Fatal(err)
	}
	files, err := console.Files()
	if err != nil {
		t.Fatal(err)
	}
	if got := inflate(t, files[console.Manifest]); got != want {
		t.Errorf("dist/console.tar was made from other sources (%.12s, these are %.12s); run go generate ./console", got, want)
	}
	notices, err := os.ReadFile("THIRD_PARTY")
	if err != nil {
		t.Fatal(err)
	}
	if inflate(t, files["NOTICE"]) != string(notices) {
		t.Error("THIRD_PARTY is not the NOTICE of the archive; run go generate ./console")
	}
}

// TestNoAddressOfARegistry keeps the lock file from telling where packages were
// fetched.
func TestNoAddressOfARegistry(t *testing.T) {
	t.Parallel()
	lock, err := os.ReadFile("package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	if m := regexp.MustCompile(`"resolved": .*`).Find(lock); m != nil {
		t.Errorf("package-lock.json: %s", m)
	}
}

func TestHandler(t *testing.T) {
	t.Parallel()
	h := handler(t)
	page := get(t, h, "", nil)
	script := regexp.MustCompile(`src="/_nephele/console/(assets/[^"]+\.js)"`).FindStringSubmatch(page.Body.String())
	style := regexp.MustCompile(`href="/_nephele/console/(assets/[^"]+\.css)"`).FindStringSubmatch(page.Body.String())
	if script == nil || style == nil {
		t.Fatalf("no script or no style in\n%s", page.Body)
	}
	if regexp.MustCompile(`<script[^>]*>[^<]|<style`).MatchString(page.Body.String()) {
		t.Error("a script or a style inside of the page")
	}
	for _, tt := range []struct {
		path        string
		status      int
		contentType string
		cache       string
	}{
		{"", 200, "text/html; charset=utf-8", "no-cache"},
		{"canaries/shop/runs/1", 200, "text/html; charset=utf-8", "no-cache"},
		{script[1], 200, "text/javascript; charset=utf-8", "public, max-age=31536000, immutable"},
		{style[1], 200, "text/css; charset=utf-8", "public, max-age=31536000, immutable"},
		{"assets/gone-12345678.js", 404, "text/plain; charset=utf-8", ""},
		{"config.json", 200, "application/json", "no-store"},
	} {
		w := get(t, h, tt.path, nil)
		if w.Code != tt.status || w.Header().Get("Content-Type") != tt.contentType || w.Header().Get("Cache-Control") != tt.cache {
			t.Errorf("%q: %d, %s, %s", tt.path, w.Code, w.Header().Get("Content-Type"), w.Header().Get("Cache-Control"))
		}
		if csp := w.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
			t.Errorf("%q: policy %q", tt.path, csp)
		}
		if w.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%q: types may be guessed", tt.path)
		}
	}
	if got, want := get(t, h, "config.json", nil).Body.String(), `{"auth":true,"account":"","region":"eu-central-1","version":"1"}`; got != want {
		t.Errorf("config.json: %s", got)
	}
}

func TestCompression(t *testing.T) {
	t.Parallel()
	h := handler(t)
	plain := get(t, h, "", nil).Body.String()
	for field, want := range map[string]string{
		"gzip": "gzip", "br, gzip;q=0.5": "gzip", "*": "gzip", "": "", "br": "", "gzip;q=0": "", "gzip; q=0.000": "", "x-gzip-not": "",
	} {
		w := get(t, h, "", http.Header{"Accept-Encoding": {field}})
		if got := w.Header().Get("Content-Encoding"); got != want {
			t.Errorf("%q: coding %q", field, got)
			continue
		}
		body := w.Body.String()
		if want == "gzip" {
			body = inflate(t, w.Body.Bytes())
		}
		if body != plain || w.Header().Get("Vary") != "Accept-Encoding" {
			t.Errorf("%q: another body, or Vary %q", field, w.Header().Get("Vary"))
		}
	}
}

func TestRevalidation(t *testing.T) {
	t.Parallel()
	h := handler(t)
	etag := get(t, h, "", nil).Header().Get("ETag")
	for field, want := range map[string]int{
		etag: 304, "W/" + etag: 304, `"x", ` + etag: 304, "*": 304, `"x"`: 200, "": 200,
	} {
		w := get(t, h, "", http.Header{"If-None-Match": {field}})
		if w.Code != want || want == 304 && w.Body.Len() > 0 {
			t.Errorf("%q: %d with %d bytes", field, w.Code, w.Body.Len())
		}
	}
}

func handler(t *testing.T) http.Handler {
	h, err := console.Handler(console.Config{Auth: true, Region: "eu-central-1", Version: "1"})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func get(t *testing.T, h http.Handler, path string, header http.Header) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, console.Path+path, nil)
	maps.Copy(r.Header, header)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func inflate(t *testing.T, gzipped []byte) string {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(gzipped))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
