package console

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
)

// Path is where the console lies on the server.
const Path = "/_nephele/console/"

// Config is what pages learn of the server before anybody has signed in.
type Config struct {
	Auth    bool   `json:"auth"`    // requests must be signed
	Account string `json:"account"` // of every caller; "" with Auth
	Region  string `json:"region"`  // that pages begin in
	Version string `json:"version"` // of the program
}

// policy lets pages use what comes from their own server and nothing else.
// Images may also be made by the page: screenshots are fetched with a signature.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self' data:; " +
	"img-src 'self' data: blob:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// index answers every address that is no file: the page finds out itself what
// to show there.
const index = "index.html"

type file struct {
	gzipped     []byte
	contentType string
	etag        string
	immutable   bool // its name holds a hash of its content
}

// unpacked are the files to serve.
var unpacked = sync.OnceValues(func() (map[string]*file, error) {
	raw, err := Files()
	if err != nil {
		return nil, err
	}
	files := make(map[string]*file, len(raw))
	for name, content := range raw {
		sum := sha256.Sum256(content)
		files[name] = &file{
			gzipped:     content,
			contentType: contentType(name),
			etag:        `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`,
			immutable:   strings.HasPrefix(name, "assets/"),
		}
	}
	return files, nil
})

func contentType(name string) string {
	switch path.Ext(name) {
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".html":
		return "text/html; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".woff2":
		return "font/woff2"
	}
	if t := mime.TypeByExtension(path.Ext(name)); t != "" {
		return t
	}
	return "text/plain; charset=utf-8"
}

// Handler serves the console below Path to GET and HEAD.
func Handler(c Config) (http.Handler, error) {
	files, err := unpacked()
	if err != nil {
		return nil, err
	}
	settings, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	return http.StripPrefix(Path, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		secure(w.Header())
		name := r.URL.Path
		if name == "config.json" {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Cache-Control", "no-store")
			w.Write(settings) //nolint:errcheck // the peer is told or gone
			return
		}
		f := files[name]
		if f == nil && !strings.HasPrefix(name, "assets/") {
			f = files[index]
		}
		if f == nil {
			http.Error(w, "no such file", http.StatusNotFound)
			return
		}
		f.serve(w, r)
	})), nil
}

func secure(h http.Header) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
}

func (f *file) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", f.contentType)
	h.Set("Vary", "Accept-Encoding")
	h.Set("ETag", f.etag)
	if f.immutable {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	} else {
		h.Set("Cache-Control", "no-cache")
	}
	if matches(r.Header.Get("If-None-Match"), f.etag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	if !takesGzip(r.Header.Get("Accept-Encoding")) {
		f.inflate(w)
		return
	}
	h.Set("Content-Encoding", "gzip")
	h.Set("Content-Length", strconv.Itoa(len(f.gzipped)))
	w.Write(f.gzipped) //nolint:errcheck // the peer is told or gone
}

// inflate answers a client that does not know gzip.
func (f *file) inflate(w http.ResponseWriter) {
	z, err := gzip.NewReader(bytes.NewReader(f.gzipped))
	if err != nil {
		http.Error(w, "damaged file", http.StatusInternalServerError)
		return
	}
	io.Copy(w, z) //nolint:errcheck // the peer is told or gone
}

// matches reports whether an If-None-Match field (RFC 9110 section 13.1.2)
// names an entity tag. Tags here hold no commas.
func matches(field, etag string) bool {
	for tag := range strings.SplitSeq(field, ",") {
		tag = strings.TrimPrefix(strings.TrimSpace(tag), "W/")
		if tag == etag || tag == "*" {
			return true
		}
	}
	return false
}

// takesGzip reads an Accept-Encoding field (RFC 9110 section 12.5.3).
func takesGzip(field string) bool {
	for coding := range strings.SplitSeq(field, ",") {
		name, weight, _ := strings.Cut(coding, ";")
		name = strings.TrimSpace(name)
		if name == "gzip" || name == "*" {
			q := strings.ReplaceAll(weight, " ", "")
			return q != "q=0" && !strings.HasPrefix(q, "q=0.000")
		}
	}
	return false
}
