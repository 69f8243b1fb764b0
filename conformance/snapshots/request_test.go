package snapshots

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"nephele.dev/nephele/internal/api/all"
	"nephele.dev/nephele/internal/shape"
	"nephele.dev/nephele/internal/wire"
)

// minRequests is how many requests must have been compared; fewer means that
// the snapshots have moved.
const minRequests = 2000

func TestRequests(t *testing.T) {
	t.Parallel()
	total := 0
	for _, svc := range all.Services() {
		t.Run(svc.Name, func(t *testing.T) {
			var r report
			for _, path := range files(t, svc, "request_snapshot", ".request.snap") {
				s := readSnapshot(t, path)
				op := svc.Operation(s.name)
				if op == nil {
					r.note("operation %s", s.name)
					continue
				}
				t.Run(s.name, func(t *testing.T) {
					if r.request(t, op, s) {
						r.drifted++
					} else {
						r.passed++
					}
				})
			}
			r.log(t, svc)
			total += r.passed + r.drifted
		})
	}
	t.Logf("%d requests", total)
	if total < minRequests {
		t.Errorf("%d requests, want at least %d", total, minRequests)
	}
}

// request compares one snapshot with what we make of it.
func (r *report) request(t *testing.T, op *shape.Operation, s snapshot) (drifted bool) {
	method, uri, _ := strings.Cut(s.first, " ")
	if op.Service.Name == "s3" && strings.HasPrefix(op.Path, "/{Bucket}") {
		uri = "/bucket" + uri // the snapshots have no host, where the bucket was
	}
	req := httptest.NewRequest(method, "https://test"+uri, bytes.NewReader(s.body))
	req.Header = s.header
	m, err := router.Match(req, op.Service.SigningName, func() ([]byte, error) { return s.body, nil })
	if err != nil {
		t.Fatal(err)
	}
	if m.Operation != op || m.Protocol != protocolOf(op.Service) {
		t.Fatalf("routed to %s in %s", m.Operation.Name, m.Protocol)
	}
	codec := wire.For(m.Protocol)
	in, err := codec.DecodeRequest(op, &wire.Request{
		HTTP: req, Labels: m.Labels, Form: m.Form, Body: s.body, Stream: bytes.NewReader(s.body),
	})
	if err != nil && strings.Contains(err.Error(), `"__`) {
		r.note("%s: the SDK has a string where our model has a number: %v", op.Name, err)
		return true
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range in.Missing {
		if !cutShort(name) {
			t.Errorf("missing %s", name)
		}
	}
	again, err := codec.EncodeRequest(t.Context(), &url.URL{Scheme: "https", Host: "test"}, op, in.Value)
	if err != nil {
		t.Fatal(err)
	}
	return r.compareRequest(t, op, m.Protocol, req, s, again)
}

// cutShort holds for the path of a member of a recursive shape: the snapshots
// end the recursion with an empty structure.
func cutShort(path string) bool {
	seen := map[string]bool{}
	for part := range strings.SplitSeq(path, ".") {
		if seen[part] && part != "member" && (part[0] < '0' || part[0] > '9') {
			return true
		}
		seen[part] = true
	}
	return false
}

func (r *report) compareRequest(t *testing.T, op *shape.Operation, p shape.Protocol, req *http.Request, s snapshot, again *http.Request) bool {
	names := namesOf(op.Input)
	body, err := io.ReadAll(again.Body)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := again.URL.EscapedPath(), req.URL.EscapedPath(); got != want && got+"/" != want {
		t.Errorf("path %s, want %s", got, want)
	}
	drifted := r.compare(t, op.Name, params(req.URL), params(again.URL), names)
	drifted = r.compare(t, op.Name, headers(s.header, names), headers(again.Header, names), names) || drifted
	return r.compare(t, op.Name, parse(p, s.body, true), parse(p, body, true), bodyNames(p, op.Input, names)) || drifted
}

// params is a URL's query without what the SDK adds.
func params(u *url.URL) any {
	out := map[string]any{}
	for k, v := range u.Query() {
		if k == "x-id" {
			continue
		}
		list := []any{}
		for _, s := range v {
			list = append(list, s)
		}
		out[k] = list
	}
	return out
}

// transport are headers of the protocol rather than of the model.
var transport = map[string]bool{
	"Accept": true, "Content-Type": true, "Content-Length": true, "Content-Md5": true, "Smithy-Protocol": true,
	"X-Amz-Target": true, "X-Amzn-Query-Mode": true, "X-Amz-Sdk-Checksum-Algorithm": true, "Content-Encoding": true,
}

func headers(h http.Header, names known) any {
	out := map[string]any{}
	for k, v := range h {
		if transport[k] && (names(k) != "" || k != "Content-Encoding") {
			continue
		}
		out[http.CanonicalHeaderKey(k)] = strings.Join(v, ",")
	}
	return out
}
