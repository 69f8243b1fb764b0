package protocol

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nephele.dev/nephele/conformance/internal/tree"
	"nephele.dev/nephele/internal/shape"
	"nephele.dev/nephele/internal/wire"
)

var files = []string{"json", "rest-json", "rest-xml", "query", "ec2"}

const fixedToken = "00000000-0000-4000-8000-000000000000"

func TestInput(t *testing.T) {
	t.Parallel()
	n := 0
	for _, file := range files {
		for _, s := range load(t, "input", file) {
			for i, c := range s.Cases {
				n++
				t.Run(file+"/"+s.Description+"/"+strconv.Itoa(i), func(t *testing.T) {
					op := s.operation(&c)
					t.Run("client", func(t *testing.T) { clientSends(t, &s, &c, op) })
					t.Run("server", func(t *testing.T) { serverReads(t, &s, &c, op) })
				})
			}
		}
	}
	if n != 156 {
		t.Errorf("%d input cases, want 156", n)
	}
}

// clientSends encodes the parameters and compares the message.
func clientSends(t *testing.T, s *suite, c *testCase, op *shape.Operation) {
	in := reflect.New(op.Input.Type)
	fillStruct(t, op.Input, in.Elem(), c.Params)
	endpoint := &url.URL{Scheme: "https", Host: "test"}
	if s.ClientEndpoint != "" {
		endpoint, _ = url.Parse(s.ClientEndpoint)
	}
	ctx := wire.WithTokens(t.Context(), func() string { return fixedToken })
	r, err := wire.For(s.protocolOf()).EncodeRequest(ctx, endpoint, op, in.Interface())
	if err != nil {
		t.Fatal(err)
	}
	want := c.Serialized
	if want.Method != "" && r.Method != want.Method {
		t.Errorf("method %s, want %s", r.Method, want.Method)
	}
	if want.Host != "" && r.URL.Host != want.Host {
		t.Errorf("host %s, want %s", r.URL.Host, want.Host)
	}
	compareURI(t, r.URL, want.URI)
	for k, v := range want.Headers {
		if got := header(r.Header, k); got != v {
			t.Errorf("header %s: %q, want %q", k, got, v)
		}
	}
	for _, k := range want.ForbidHeaders {
		if got := header(r.Header, k); got != "" {
			t.Errorf("header %s: %q, want none", k, got)
		}
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	if want.Body != nil {
		compareBody(t, s.protocolOf(), string(body), *want.Body)
	}
}

// header finds a header whose name may not be canonical.
func header(h http.Header, name string) string {
	for k, v := range h {
		if strings.EqualFold(k, name) {
			return v[0]
		}
	}
	return ""
}

func compareURI(t *testing.T, got *url.URL, want string) {
	t.Helper()
	w, err := url.Parse("https://test" + want)
	if err != nil {
		t.Fatal(err)
	}
	if got.EscapedPath() != w.EscapedPath() {
		t.Errorf("path %s, want %s", got.EscapedPath(), w.EscapedPath())
	}
	if diff := cmp.Diff(w.Query(), got.Query()); diff != "" {
		t.Errorf("query (-want +got):\n%s", diff)
	}
}

func compareBody(t *testing.T, p shape.Protocol, got, want string) {
	t.Helper()
	parse := map[shape.Protocol]func([]byte) (any, error){
		shape.JSON10: tree.JSON, shape.JSON11: tree.JSON, shape.RestJSON: tree.JSON,
		shape.RestXML: tree.XML, shape.Query: tree.Form, shape.EC2Query: tree.Form,
	}[p]
	w, err := parse([]byte(want))
	if err != nil { // the payload is no document
		if got != want {
			t.Errorf("body %q, want %q", got, want)
		}
		return
	}
	g, err := parse([]byte(got))
	if err != nil {
		t.Fatalf("body %q: %v", got, err)
	}
	if p == shape.Query {
		w, g = unordered(w.(map[string]any)), unordered(g.(map[string]any))
	}
	if diff := cmp.Diff(w, g); diff != "" {
		t.Errorf("body (-want +got):\n%s", diff)
	}
}

// unordered replaces the numbers of map entries by their keys: the entries of
// a map have no order.
func unordered(form map[string]any) any {
	out := map[string]any{}
	for name, v := range form {
		for k, key := range form {
			if at, ok := strings.CutSuffix(k, ".key"); ok && strings.Contains(at, ".entry.") && strings.HasPrefix(name, at+".") {
				name = at[:strings.LastIndex(at, ".")] + "." + key.(string) + name[len(at):]
			}
		}
		out[name] = v
	}
	return out
}

// serverReads decodes the message and compares the parameters.
func serverReads(t *testing.T, s *suite, c *testCase, op *shape.Operation) {
	method := c.Serialized.Method
	if method == "" {
		method = op.Method
	}
	body := ""
	if c.Serialized.Body != nil {
		body = *c.Serialized.Body
	}
	r := httptest.NewRequest(method, "https://test"+c.Serialized.URI, strings.NewReader(body))
	for k, v := range c.Serialized.Headers {
		r.Header.Set(k, v)
	}
	req := &wire.Request{HTTP: r, Body: []byte(body), Stream: strings.NewReader(body)}
	req.Labels = matchLabels(t, op, r)
	in, err := wire.For(s.protocolOf()).DecodeRequest(op, req)
	if err != nil {
		t.Fatal(err)
	}
	want := expected(t, op.Input, c.Params)
	for _, m := range op.Input.Members {
		if m.Idempotency && want[m.Name] == nil {
			want[m.Name] = fixedToken
		}
	}
	got := dumpStruct(op.Input, reflect.ValueOf(in.Value).Elem())
	if diff := cmp.Diff(relaxed(op, want), relaxed(op, got)); diff != "" {
		t.Errorf("input (-want +got):\n%s", diff)
	}
}

// relaxed leaves out what a message cannot carry: an empty string, list or map
// outside the body, an empty payload, and in ec2Query any empty list.
func relaxed(op *shape.Operation, x map[string]any) map[string]any {
	for _, m := range op.Input.Members {
		if m.Location == shape.Body && m.Name != op.Input.Payload && len(op.Input.Members) > 0 && op.Service.Protocols[0] != shape.EC2Query {
			continue
		}
		switch v := x[m.Name].(type) {
		case string:
			if x[m.Name] = strings.TrimSpace(v); v == "" {
				delete(x, m.Name)
			}
		case []any:
			if len(v) == 0 {
				delete(x, m.Name)
			}
		case map[string]any:
			if len(v) == 0 {
				delete(x, m.Name)
			}
			if m.Location == shape.Headers {
				x[m.Name] = trimmed(v)
			}
		}
	}
	return x
}

// trimmed drops the white space that a header cannot carry.
func trimmed(x map[string]any) map[string]any {
	out := map[string]any{}
	for k, v := range x {
		out[strings.TrimSpace(k)] = strings.TrimSpace(v.(string))
	}
	return out
}

// matchLabels matches the path with the router, if the operation is one of
// REST.
func matchLabels(t *testing.T, op *shape.Operation, r *http.Request) map[string]string {
	t.Helper()
	if len(labelNames(op)) == 0 {
		return nil
	}
	op.Service.Of(op)
	op.Service.SigningName = "test"
	m, err := wire.NewRouter([]*shape.Service{op.Service}).Match(r, "test", nil)
	if err != nil {
		t.Fatal(err)
	}
	return m.Labels
}
