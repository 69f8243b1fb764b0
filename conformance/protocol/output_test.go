package protocol

import (
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nephele.dev/nephele/internal/shape"
	"nephele.dev/nephele/internal/wire"
)

func TestOutput(t *testing.T) {
	t.Parallel()
	n := 0
	for _, file := range files {
		for _, s := range load(t, "output", file) {
			for i, c := range s.Cases {
				n++
				t.Run(file+"/"+s.Description+"/"+strconv.Itoa(i), func(t *testing.T) {
					op := s.operation(&c)
					t.Run("client", func(t *testing.T) { clientReads(t, &s, &c, op) })
					t.Run("server", func(t *testing.T) { serverSends(t, &s, &c, op) })
				})
			}
		}
	}
	if n != 72 {
		t.Errorf("%d output cases, want 72", n)
	}
}

// clientReads decodes the message and compares the result.
func clientReads(t *testing.T, s *suite, c *testCase, op *shape.Operation) {
	resp := &http.Response{StatusCode: c.Response.StatusCode, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(c.Response.Body))}
	for k, v := range c.Response.Headers {
		resp.Header.Set(k, v)
	}
	compareResult(t, s, c, op, resp)
}

// serverSends encodes the result and reads it again.
func serverSends(t *testing.T, s *suite, c *testCase, op *shape.Operation) {
	out := reflect.New(op.Output.Type)
	fillStruct(t, op.Output, out.Elem(), c.Result)
	w := httptest.NewRecorder()
	if err := wire.For(s.protocolOf()).EncodeResponse(w, op, out.Interface(), "request-id"); err != nil {
		t.Fatal(err)
	}
	resp := w.Result()
	if c.Response.StatusCode != resp.StatusCode {
		t.Errorf("status %d, want %d", resp.StatusCode, c.Response.StatusCode)
	}
	compareResult(t, s, c, op, resp)
}

func compareResult(t *testing.T, s *suite, c *testCase, op *shape.Operation, resp *http.Response) {
	t.Helper()
	out, err := wire.For(s.protocolOf()).DecodeResponse(op, resp)
	if err != nil {
		t.Fatal(err)
	}
	want := expected(t, op.Output, c.Result)
	got := dumpStruct(op.Output, reflect.ValueOf(out).Elem())
	if diff := cmp.Diff(caseless(op.Output, want), caseless(op.Output, got)); diff != "" {
		t.Errorf("output (-want +got):\n%s", diff)
	}
}

// caseless lowers the keys of maps of headers: their case is not kept in HTTP.
func caseless(s *shape.Shape, x map[string]any) map[string]any {
	for _, m := range s.Members {
		if m.Location != shape.Headers {
			continue
		}
		if v, ok := x[m.Name].(map[string]any); ok {
			lower := map[string]any{}
			for k, e := range v {
				lower[strings.ToLower(k)] = e
			}
			for _, k := range []string{"x-amzn-requestid", "amzn-requestid", "content-type", "content-length"} {
				delete(lower, k) // ours, not the handler's
			}
			x[m.Name] = lower
		}
	}
	return x
}
