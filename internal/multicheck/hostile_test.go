package multicheck_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"nephele.dev/nephele/internal/multicheck"
)

// TestHostileConfigurations: a file cannot make its reader or its run work
// without end.
func TestHostileConfigurations(t *testing.T) {
	t.Parallel()
	letter := strings.Repeat("x", 1<<20-10)
	mux := http.NewServeMux()
	mux.HandleFunc("/large", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, letter) })
	mux.HandleFunc("/nested", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, strings.Repeat("[", 500)+`"`+letter[:900_000]+`"`+strings.Repeat("]", 500))
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	deps, _ := world(t, nil)

	// Each variable holds the next one many times, the last one nothing.
	var variables []string
	for i := range 9 {
		variables = append(variables, fmt.Sprintf(`"v%d": "%s"`, i, strings.Repeat(fmt.Sprintf("${v%d}", i+1), 10_000)))
	}
	for last, want := range map[string]string{`""`: "the server answered 404", `"xx"`: "is longer than 262144 bytes", `"${AWS_SECRET:nope}"`: "cannot be fetched"} {
		r := execute(t, deps, `{"variables": {`+strings.Join(append(variables, `"v9": `+last), ",")+`}, "steps": {"1": {"stepName": "s", "checkerType": "HTTP", "url": "`+s.URL+`/${v0}"}}}`)
		reasonIs(t, last, r.Steps[0], want)
	}

	// An expression that is slow on a large body ends with the step.
	start := time.Now()
	slow := `(x?){900}y`
	step := one(t, deps, `"checkerType": "HTTP", "timeout": 1000, "url": "`+s.URL+`/large", "extractors": [{"name": "a", "type": "BODY", "regex": "`+slow+`"}]`)
	reasonIs(t, "regex", step, "extractor a: ")
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("took %v", took)
	}
	_, err := multicheck.Parse([]byte(httpStep(`"extractors": [{"name": "a", "type": "BODY", "regex": "((x{0,100}){0,100}){0,100}"}]`)))
	if err == nil || !strings.Contains(err.Error(), "extractors[0].regex") {
		t.Error(err)
	}

	// Values that hold each other are not written out without end.
	step = one(t, deps, `"checkerType": "HTTP", "timeout": 10000, "url": "`+s.URL+`/nested", "assertions": [{"type": "BODY", "path": "$..*", "operator": "CONTAINS", "value": "y"}]`)
	reasonIs(t, "nested", step, "the values at the path take more than")

	// Nor do many paths have a budget each.
	assertion := `{"type": "BODY", "path": "$..*..nothing", "operator": "EXISTS", "value": false}`
	step = one(t, deps, `"checkerType": "HTTP", "timeout": 20000, "url": "`+s.URL+`/nested", "assertions": [`+strings.Repeat(assertion+",", 49)+assertion+`]`)
	reasonIs(t, "budget", step, "the JSONPath visits too many values")
}

// An interrupted match finds what a direct one does.
func TestLongTextsMatchAlike(t *testing.T) {
	t.Parallel()
	body := strings.Repeat("ä-", 100_000) + "id=42;"
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }))
	t.Cleanup(s.Close)
	deps, _ := world(t, nil)
	r := execute(t, deps, `{"steps": {"1": {"stepName": "a", "checkerType": "HTTP", "url": "`+s.URL+`", "extractors": [{"name": "id", "type": "BODY", "regex": "([a-c])?id=(\\d{1,30});(x{0,200})", "regexGroup": 2}]},
		"2": {"stepName": "b", "checkerType": "HTTP", "url": "`+s.URL+`/${id}"}}}`)
	if !r.Passed() || r.Steps[1].Target != s.URL+"/42" {
		t.Errorf("%+v", r.Steps)
	}
}

// What a server answers may become a part of the next request, but makes no
// header or request of its own, and no address that the policy refuses.
func TestExtractedValuesStayValues(t *testing.T) {
	t.Parallel()
	var asked []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.URL.Path+" "+r.Header.Get("X-Evil")+r.Host)
		_, _ = io.WriteString(w, r.URL.Query().Get("say"))
	}))
	t.Cleanup(s.Close)
	const crlf = "a%0D%0AX-Evil:%20yes%0D%0A%0D%0AGET%20/evil%20HTTP/1.1%0D%0AHost:%20x"
	for name, tt := range map[string]struct{ say, then, want string }{
		"header":         {crlf, `"checkerType": "HTTP", "url": "` + s.URL + `/two", "headers": {"X-A": "${v}"}`, "invalid header field value"},
		"path":           {crlf, `"checkerType": "HTTP", "url": "` + s.URL + `/${v}"`, "url is not a URL"},
		"user agent":     {crlf, `"checkerType": "HTTP", "url": "` + s.URL + `/two", "headers": {"User-Agent": "${v}"}`, "invalid header field value"},
		"key":            {crlf, `"checkerType": "HTTP", "url": "` + s.URL + `/two", "authentication": {"type": "API_KEY", "apiKey": "${v}"}`, "invalid header field value"},
		"metadata":       {"169.254.169.254", `"checkerType": "HTTP", "url": "http://${v}/latest"`, "the sandbox refuses"},
		"as a number":    {"2852039166", `"checkerType": "HTTP", "url": "http://${v}/latest"`, "the sandbox refuses"},
		"mapped":         {"[::ffff:169.254.169.254]", `"checkerType": "HTTP", "url": "http://${v}/latest"`, "the sandbox refuses"},
		"a named one":    {"rebound.test", `"checkerType": "TCP", "hostname": "${v}", "port": 80`, "the sandbox refuses"},
		"a name server":  {"169.254.169.254", `"checkerType": "DNS", "domain": "a.test", "recordType": "A", "nameserver": "${v}"`, "the sandbox refuses"},
		"certificate":    {"169.254.169.254", `"checkerType": "SSL", "hostname": "${v}"`, "the sandbox refuses"},
		"another scheme": {"file:///etc/passwd", `"checkerType": "HTTP", "url": "${v}"`, "must begin with http"},
	} {
		deps, _ := world(t, hosts{"rebound.test": "169.254.169.254"})
		asked = nil
		r := execute(t, deps, `{"steps": {"1": {"stepName": "a", "checkerType": "HTTP", "url": "`+s.URL+`/one?say=`+tt.say+`", "extractors": [{"name": "v", "type": "BODY"}]},
			"2": {"stepName": "b", `+tt.then+`}}}`)
		if len(r.Steps) != 2 || len(asked) != 1 {
			t.Errorf("%s: %d steps, asked %q: %+v", name, len(r.Steps), asked, r.Steps)
			continue
		}
		reasonIs(t, name, r.Steps[1], tt.want)
	}
}
