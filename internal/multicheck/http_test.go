package multicheck_test

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"nephele.dev/nephele/internal/multicheck"
)

const body = `{"users": [{"name": "Ann", "id": 7, "score": 1.0, "big": 12345678901234567890, "admin": true, "boss": null}, {"name": "Bob"}], "text": "a/b <c>"}`

// site is a server with something of everything.
func site(t testing.TB) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("/json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header()["X-Two"] = []string{"a", "b"}
		_, _ = io.WriteString(w, body)
	})
	mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s %s\n%s\n", r.Method, r.Host, r.URL, b)
		_ = r.Header.Write(w)
	})
	mux.HandleFunc("/status/{code}", func(w http.ResponseWriter, r *http.Request) {
		var code int
		_, _ = fmt.Sscan(r.PathValue("code"), &code)
		w.Header().Set("Location", "/status/200")
		w.WriteHeader(code)
	})
	mux.HandleFunc("/gzip", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		_, _ = io.WriteString(z, body)
		_ = z.Close()
	})
	mux.HandleFunc("/deflate", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "deflate")
		z := zlib.NewWriter(w)
		_, _ = io.WriteString(z, body)
		_ = z.Close()
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

func TestHTTPAssertions(t *testing.T) {
	t.Parallel()
	deps, _ := world(t, nil)
	url := site(t).URL
	status := func(op, value string) string { return `"type": "STATUS_CODE", "operator": "` + op + `", ` + value }
	header := func(name, op, value string) string {
		return `"type": "HEADER", "headerName": "` + name + `", "operator": "` + op + `", "value": ` + value
	}
	json := func(path, op, value string) string {
		return `"type": "BODY", "path": ` + quote(path) + `, "operator": "` + op + `", "value": ` + value
	}
	words := func(op, value string) string {
		return `"type": "BODY", "target": "TEXT", "operator": "` + op + `", "value": ` + value
	}
	for assertion, want := range map[string]string{
		status("EQUALS", `"value": 200`): "", status("EQUALS", `"value": 201`): "STATUS_CODE: expected EQUALS 201, got 200",
		status("EQUALS", `"value": "${n}"`): "", status("NOT_EQUALS", `"value": 500`): "", status("NOT_EQUALS", `"value": 200`): "expected NOT_EQUALS 200, got 200",
		status("GREATER_THAN", `"value": 199`): "", status("GREATER_THAN", `"value": 200`): "expected GREATER_THAN 200",
		status("LESS_THAN", `"value": 201`): "", status("LESS_THAN", `"value": 200`): "expected LESS_THAN 200",
		status("IN_RANGE", `"rangeMin": 200, "rangeMax": 200`): "", status("IN_RANGE", `"rangeMin": 401, "rangeMax": 403`): "expected IN_RANGE 401 to 403, got 200",
		`"type": "RESPONSE_TIME", "operator": "LESS_THAN", "value": 60000`: "", `"type": "RESPONSE_TIME", "operator": "LESS_THAN", "value": 0`: "expected LESS_THAN 0 milliseconds",
		`"type": "RESPONSE_TIME", "operator": "GREATER_THAN", "value": 0`: "", `"type": "RESPONSE_TIME", "operator": "EQUALS", "value": 99999`: "expected EQUALS 99999",

		header("content-type", "EQUALS", `"application/json"`): "", header("Content-Type", "EQUALS", `"application"`): `HEADER Content-Type: expected EQUALS "application", got "application/json"`,
		header("Content-Type", "CONTAINS", `"json"`): "", header("Content-Type", "NOT_CONTAINS", `"json"`): "expected NOT_CONTAINS",
		header("Content-Type", "REGEX_MATCH", `"^application/(json|xml)$"`): "", header("Content-Type", "REGEX_MATCH", `"^${v}$"`): "expected REGEX_MATCH",
		header("X-Two", "EQUALS", `"a, b"`): "", header("Content-Type", "NOT_EQUALS", `"x"`): "", header("Nope", "EQUALS", `"x"`): "got no such header",
		header("Nope", "NOT_EQUALS", `"x"`): "", header("Nope", "NOT_CONTAINS", `"x"`): "", header("Nope", "REGEX_MATCH", `".*"`): "got no such header",
		header("Date", "EXIST", "true"): "", header("Date", "EXIST", "false"): "expected EXIST false, got true", header("Nope", "EXIST", "false"): "", header("Nope", "EXIST", "true"): "got false",

		json("$.users[0].name", "EQUALS", `"Ann"`): "", json("$.users[0].name", "EQUALS", `"Bob"`): `BODY $.users[0].name: expected EQUALS "Bob", got "Ann"`,
		json("$.users[0].id", "EQUALS", `"7"`): "", json("$.users[0].id", "EQUALS", "7"): "", json("$.users[0].score", "EQUALS", `"1"`): "", json("$.users[0].score", "EQUALS", "1.0"): "",
		json("$.users[0].big", "EQUALS", `"12345678901234567890"`): "", json("$.users[0].admin", "EQUALS", "true"): "", json("$.users[0].boss", "EQUALS", `"null"`): "",
		json("$.users[1]", "EQUALS", `"{\"name\":\"Bob\"}"`): "", json("$.text", "EQUALS", `"a/b <c>"`): "", json("$", "CONTAINS", `"a/b <c>"`): "",
		json("$.users[*].name", "EQUALS", `"Bob"`): "", json("$.users[*].name", "NOT_EQUALS", `"Bob"`): `got "Ann", "Bob"`, json("$.users[*].name", "NOT_EQUALS", `"Cy"`): "",
		json("$.users[*].name", "CONTAINS", `"nn"`): "", json("$.users[*].name", "NOT_CONTAINS", `"nn"`): "expected NOT_CONTAINS", json("$.nope", "EQUALS", `"x"`): "got no value",
		json("$.nope", "NOT_EQUALS", `"x"`): "", json("$.users[0].boss", "EXISTS", "true"): "", json("$.nope", "EXISTS", "true"): "expected EXISTS true, got false", json("$.nope", "EXISTS", "false"): "",
		json("$.users[?(@.id == ${n})]", "EXISTS", "false"): "", json("$..*..*..*..*..*..*..*..*", "EXISTS", "false"): "",
		words("CONTAINS", `"\"Ann\""`): "", words("NOT_CONTAINS", `"Ann"`): "expected NOT_CONTAINS", words("EQUALS", `"x"`): "expected EQUALS", words("EXISTS", "true"): "",
	} {
		s := one(t, deps, `"checkerType": "HTTP", "url": "`+url+`/json", "httpMethod": "GET", "assertions": [{`+assertion+`}]`)
		reasonIs(t, assertion, s, want)
		if len(s.Assertions) != 1 || s.Assertions[0].Passed != s.Passed {
			t.Errorf("%s: %+v", assertion, s.Assertions)
		}
	}
}

func TestHTTPRequests(t *testing.T) {
	t.Parallel()
	deps, _ := world(t, hosts{"site.test": "127.0.0.1", "two.test": "::2 127.0.0.1"})
	deps.Settings.UserAgent = "suffix"
	url := site(t).URL
	_, port, _ := net.SplitHostPort(strings.TrimPrefix(url, "http://"))
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close()
	says := func(text string) string {
		return `"assertions": [{"type": "BODY", "target": "TEXT", "operator": "CONTAINS", "value": ` + quote(text) + `}]`
	}
	for name, tt := range map[string]struct{ members, want string }{
		"post":               {`"url": "` + url + `/echo?q=${v}", "httpMethod": "POST", "body": "{\"a\": \"${v}\"}", ` + says("POST "+strings.TrimPrefix(url, "http://")+" /echo?q=value\n{\"a\": \"value\"}\n"), ""},
		"headers":            {`"url": "` + url + `/echo", "httpMethod": "PUT", "headers": {"x-a": "b-${v}"}, ` + says("X-A: b-value"), ""},
		"host":               {`"url": "` + url + `/echo", "httpMethod": "GET", "headers": {"Host": "other.test"}, ` + says("GET other.test /echo"), ""},
		"user agent":         {`"url": "` + url + `/echo", "httpMethod": "GET", ` + says("User-Agent: test-agent suffix\r\n"), ""},
		"own user agent":     {`"url": "` + url + `/echo", "httpMethod": "GET", "headers": {"User-Agent": "me"}, ` + says("User-Agent: me\r\n"), ""},
		"userinfo":           {`"url": "` + strings.Replace(url, "//", "//ann:pw@", 1) + `/echo", "httpMethod": "GET", ` + says("Authorization: Basic "), ""},
		"name":               {`"url": "http://site.test:` + port + `/echo", "httpMethod": "GET", ` + says("GET site.test:"+port), ""},
		"second address":     {`"url": "http://two.test:` + port + `/echo", "httpMethod": "GET"`, ""},
		"delete":             {`"url": "` + url + `/echo", "httpMethod": "DELETE", ` + says("DELETE "), ""},
		"head":               {`"url": "` + url + `/json", "httpMethod": "HEAD", "assertions": [{"type": "HEADER", "headerName": "Content-Type", "operator": "EXIST", "value": true}]`, ""},
		"gzip":               {`"url": "` + url + `/gzip", "httpMethod": "GET", "assertions": [{"type": "BODY", "path": "$.text", "operator": "EXISTS", "value": true}]`, ""},
		"deflate":            {`"url": "` + url + `/deflate", "httpMethod": "GET", "assertions": [{"type": "BODY", "path": "$.text", "operator": "EXISTS", "value": true}]`, ""},
		"no method":          {`"url": "` + url + `/json"`, ""},
		"redirect":           {`"url": "` + url + `/status/302", "httpMethod": "GET", "assertions": [{"type": "STATUS_CODE", "operator": "EQUALS", "value": 302}]`, ""},
		"not JSON":           {`"url": "` + url + `/echo", "httpMethod": "GET", "assertions": [{"type": "BODY", "path": "$", "operator": "EXISTS", "value": true}]`, "BODY $: the body is not JSON"},
		"400 alone":          {`"url": "` + url + `/status/404", "httpMethod": "GET"`, "the server answered 404 Not Found"},
		"302 alone":          {`"url": "` + url + `/status/302", "httpMethod": "GET"`, ""},
		"500 asserted":       {`"url": "` + url + `/status/500", "httpMethod": "GET", "assertions": [{"type": "STATUS_CODE", "operator": "EQUALS", "value": 500}]`, ""},
		"several":            {`"url": "` + url + `/json", "assertions": [{"type": "STATUS_CODE", "operator": "EQUALS", "value": 201}, {"type": "BODY", "path": "$.a", "operator": "EXISTS", "value": true}]`, "got 200; BODY $.a: expected EXISTS true, got false"},
		"no such host":       {`"url": "http://nope.test/", "httpMethod": "GET"`, "getaddrinfo ENOTFOUND nope.test"},
		"refused":            {`"url": "http://` + closed.Addr().String() + `/", "httpMethod": "GET"`, "connect ECONNREFUSED " + closed.Addr().String()},
		"metadata":           {`"url": "http://169.254.169.254/latest/meta-data/", "httpMethod": "GET"`, "the sandbox refuses 169.254.169.254:80: 169.254.169.254 is a metadata or link-local address"},
		"metadata, spelled":  {`"url": "http://0xa9fea9fe/", "httpMethod": "GET"`, "the sandbox refuses 0xa9fea9fe:80"},
		"newline in a value": {`"url": "` + url + `/echo", "headers": {"x-a": "b\r\nX-Evil: 1"}`, "invalid header field value"},
		"no TLS":             {`"url": "` + strings.Replace(url, "http:", "https:", 1) + `"`, "the server does not speak TLS"},
	} {
		reasonIs(t, name, one(t, deps, `"checkerType": "HTTP", `+tt.members), tt.want)
	}
}

// TestExtraction: a later step uses what an earlier one found.
func TestExtraction(t *testing.T) {
	t.Parallel()
	deps, _ := world(t, nil)
	url := site(t).URL
	r := execute(t, deps, `{"variables": {"base": "`+url+`"}, "steps": {
		"1": {"stepName": "find", "checkerType": "HTTP", "url": "${base}/json", "httpMethod": "GET", "extractors": [
			{"name": "id", "type": "BODY", "path": "$.users[0].id"}, {"name": "letter", "type": "BODY", "path": "$.users[1].name", "regex": "^(.)(.)", "regexGroup": 2},
			{"name": "whole", "type": "BODY", "regex": "\"name\": \"(\\w+)\"", "regexGroup": 1}, {"name": "first", "type": "BODY", "regex": "^..."}]},
		"2": {"stepName": "use", "checkerType": "HTTP", "url": "${base}/echo?id=${id}&l=${letter}", "httpMethod": "POST", "body": "${whole}${first}", "assertions": [
			{"type": "BODY", "target": "TEXT", "operator": "CONTAINS", "value": "/echo?id=7&l=o\nAnn{\"u\n"}]},
		"3": {"stepName": "miss", "checkerType": "HTTP", "url": "${base}/json", "httpMethod": "GET", "extractors": [{"name": "gone", "type": "BODY", "path": "$.nope"}]},
		"4": {"stepName": "depend", "checkerType": "HTTP", "url": "${base}/echo/${gone}", "httpMethod": "GET"},
		"5": {"stepName": "again", "checkerType": "HTTP", "url": "${base}/json", "httpMethod": "GET", "extractors": [{"name": "x", "type": "BODY", "regex": "nope"}]},
		"6": {"stepName": "expect", "checkerType": "HTTP", "url": "${base}/json", "httpMethod": "GET", "assertions": [
			{"type": "BODY", "path": "$.users[0].id", "operator": "EQUALS", "value": "${id}"}, {"type": "BODY", "path": "$.users[?(@.id == ${id})].name", "operator": "EQUALS", "value": "Ann"}]}
	}}`)
	for i, want := range []string{
		"", "", "extractor gone: the body has no value at its path", "url: ${gone} has no value: the step that extracts it failed",
		"extractor x: the regular expression does not match", "",
	} {
		reasonIs(t, r.Steps[i].Name, r.Steps[i], want)
	}
	if diff := cmp.Diff([]string{"id", "letter", "whole", "first"}, r.Steps[0].Extracted); diff != "" || r.Passed() {
		t.Errorf("passed %t\n%s", r.Passed(), diff)
	}
}

// A failure ends the run where synthetics.json says so.
func TestContinueOnStepFailure(t *testing.T) {
	t.Parallel()
	deps, _ := world(t, nil)
	url := site(t).URL
	config := `{"steps": {"1": {"stepName": "a", "checkerType": "HTTP", "url": "` + url + `/status/500"}, "2": {"stepName": "b", "checkerType": "HTTP", "url": "` + url + `/json"}}}`
	var told []string
	deps.Progress = func(s multicheck.Step, r *multicheck.StepResult) {
		if r == nil {
			told = append(told, "start "+s.Name)
		} else {
			told = append(told, fmt.Sprint("end ", s.Name, " ", r.Passed))
		}
	}
	if r := execute(t, deps, config); len(r.Steps) != 2 || !r.Steps[1].Passed || r.Passed() {
		t.Errorf("%+v", r)
	}
	if diff := cmp.Diff([]string{"start a", "end a false", "start b", "end b true"}, told); diff != "" {
		t.Error(diff)
	}
	deps.Settings.Step.ContinueOnStepFailure = false
	if r := execute(t, deps, config); len(r.Steps) != 1 || len(r.Skipped) != 1 || r.Skipped[0].Name != "b" || r.Passed() {
		t.Errorf("%+v", r)
	}
}

// TestExchanges: what is kept of requests is what synthetics.json asks for.
func TestExchanges(t *testing.T) {
	t.Parallel()
	deps, l := world(t, nil)
	url := site(t).URL
	config := `{"steps": {"1": {"stepName": "a", "checkerType": "HTTP", "url": "` + strings.Replace(url, "//", "//ann:hunter2@", 1) + `/echo/hidden?q=1&key=abc", "httpMethod": "POST", "body": "in",
		"headers": {"X-Restricted": "quiet", "X-Open": "loud", "Cookie": "crumbs"}}, "2": {"stepName": "b", "checkerType": "HTTP", "url": "http://nope.test/"}}}`
	r := execute(t, deps, config)
	x := r.Exchanges[0]
	if x.Status != 404 || x.RequestHeaders != nil || x.ResponseHeaders != nil || x.RequestBody != "" || x.ResponseBody != "" || x.Timings.Total <= 0 || x.Timings.Connect <= 0 {
		t.Errorf("%+v", x)
	}
	if want := strings.Replace(url, "//", "//ann:REDACTED@", 1) + "/echo/hidden?q=1&key=abc"; x.URL != want || r.Steps[0].Target != want || r.Steps[0].Exchange != 1 {
		t.Errorf("%q %+v", x.URL, r.Steps[0])
	}
	if x := r.Exchanges[1]; x.Status != 0 || x.Error != "getaddrinfo ENOTFOUND nope.test" || r.Steps[1].Exchange != 2 {
		t.Errorf("%+v", x)
	}
	report := &deps.Settings.Report
	report.IncludeRequestHeaders, report.IncludeResponseHeaders, report.IncludeRequestBody, report.IncludeResponseBody = true, true, true, true
	report.RestrictedHeaders, report.RestrictedURLParameters = []string{"x-restricted"}, []string{"key", "hidden"}
	deps.Settings.Logging.LogRequestHeaders, deps.Settings.Logging.LogResponseBody = true, true
	r = execute(t, deps, config)
	x = r.Exchanges[0]
	if h := x.RequestHeaders; h.Get("X-Restricted") != "REDACTED" || h.Get("X-Open") != "loud" || h.Get("Cookie") != "REDACTED" || x.RequestBody != "in" || x.ResponseHeaders.Get("Date") == "" || !strings.Contains(x.ResponseBody, "404") {
		t.Errorf("%+v", x)
	}
	if want := strings.Replace(url, "//", "//ann:REDACTED@", 1) + "/echo/REDACTED?key=REDACTED&q=1"; x.URL != want {
		t.Errorf("%q", x.URL)
	}
	if l.b.Len() == 0 || !strings.Contains(l.b.String(), `"X-Open":["loud"]`) {
		t.Errorf("log: %s", l.b.String())
	}
	tellsNothing(t, r, l, "hunter2", "quiet", "crumbs")
}

// waitTime passes before the step begins and is not part of it.
func TestWaitTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		deps, _ := world(t, nil)
		start := time.Now()
		s := one(t, deps, `"checkerType": "HTTP", "url": "http://nope.test/", "waitTime": 60`)
		if waited := s.Start.Sub(start); waited != time.Minute || s.End.Sub(s.Start) != 0 {
			t.Errorf("waited %v, took %v", waited, s.End.Sub(s.Start))
		}
	})
}

// A run that is ended returns at once, wherever it is.
func TestRunEndsWithItsContext(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(asked)
		<-r.Context().Done()
	}))
	t.Cleanup(s.Close)
	deps, _ := world(t, nil)
	plan, err := multicheck.Parse([]byte(`{"steps": {"1": {"stepName": "a", "checkerType": "HTTP", "url": "` + s.URL + `"}, "2": {"stepName": "b", "checkerType": "HTTP", "url": "` + s.URL + `"}}}`))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-asked; cancel() }()
	if r, err := multicheck.Run(ctx, plan, deps); err != context.Canceled || len(r.Steps) != 0 { //nolint:errorlint // as it is
		t.Errorf("%v %+v", err, r)
	}
}

func gzipped(n int) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	chunk := make([]byte, 1<<20)
	for range n {
		_, _ = z.Write(chunk)
	}
	_ = z.Close()
	return b.Bytes()
}

// TestHostileHTTP: whatever a server does, a step ends in its time and takes
// bounded memory.
func TestHostileHTTP(t *testing.T) {
	t.Parallel()
	bomb := gzipped(10)
	var hits int
	handlers := map[string]func(w http.ResponseWriter, r *http.Request){
		"endless body": func(w http.ResponseWriter, r *http.Request) {
			chunk := make([]byte, 64<<10)
			for r.Context().Err() == nil {
				if _, err := w.Write(chunk); err != nil {
					return
				}
			}
		},
		"bomb": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(bomb)
		},
		"slow body": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "10")
			_, _ = io.WriteString(w, "x")
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		},
		"silent": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"redirect": func(w http.ResponseWriter, r *http.Request) {
			hits++
			http.Redirect(w, r, "http://169.254.169.254/latest/", http.StatusFound)
		},
		"endless headers": func(w http.ResponseWriter, _ *http.Request) {
			c, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				return
			}
			defer c.Close()
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\n")
			for i := 0; ; i++ {
				if _, err := fmt.Fprintf(c, "X-%d: %s\r\n", i, strings.Repeat("x", 1000)); err != nil {
					return
				}
			}
		},
		"endless 1xx": func(w http.ResponseWriter, _ *http.Request) {
			c, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				return
			}
			defer c.Close()
			for {
				if _, err := io.WriteString(c, "HTTP/1.1 103 Early Hints\r\nX: "+strings.Repeat("x", 1000)+"\r\n\r\n"); err != nil {
					return
				}
			}
		},
		"garbage": func(w http.ResponseWriter, _ *http.Request) {
			if c, _, err := http.NewResponseController(w).Hijack(); err == nil {
				_, _ = io.WriteString(c, "\x00\xff nonsense\r\n\r\n")
				_ = c.Close()
			}
		},
		"many values": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "["+strings.Repeat("[],", 300_000)+"1]")
		},
		"deep": func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, strings.Repeat("[", 90_000)) },
		"costly path": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, strings.Repeat("[", 200)+strings.Repeat("]", 200))
		},
	}
	for name, tt := range map[string]struct{ assertion, want string }{
		"endless body": {"", "the response is larger than 1 MB"}, "bomb": {"", "the response is larger than 1 MB"}, "slow body": {"", "timed out after 1000 ms"},
		"silent": {"", "timed out after 1000 ms"}, "redirect": {"", ""}, "endless headers": {"", "server response headers exceeded"}, "endless 1xx": {"", "server response headers exceeded"},
		"garbage": {"", "malformed HTTP"}, "many values": {"$[0]", "the body has more than 100000 JSON values"}, "deep": {"$[0]", "the body is not JSON"},
		"costly path": {"$..*..*..*..*..*", "the JSONPath visits too many values"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := httptest.NewServer(http.HandlerFunc(handlers[name]))
			t.Cleanup(s.Close)
			deps, _ := world(t, nil)
			members := `"checkerType": "HTTP", "timeout": 1000, "url": "` + s.URL + `"`
			if tt.assertion != "" {
				members += `, "timeout": 10000, "assertions": [{"type": "BODY", "path": "` + tt.assertion + `", "operator": "EXISTS", "value": true}]`
			}
			reasonIs(t, name, one(t, deps, members), tt.want)
			if name == "redirect" && hits != 1 {
				t.Errorf("%d requests", hits)
			}
		})
	}
}
