package snapshots

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"nephele.dev/nephele/internal/api/all"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/shape"
	"nephele.dev/nephele/internal/wire"
)

const (
	minResponses = 500
	minErrors    = 300
)

func TestResponses(t *testing.T) {
	t.Parallel()
	total := 0
	for _, svc := range all.Services() {
		t.Run(svc.Name, func(t *testing.T) {
			var r report
			for _, path := range files(t, svc, "response_snapshot", ".response.snap") {
				s := readSnapshot(t, path)
				op := svc.Operation(s.name)
				if op == nil {
					r.note("operation %s", s.name)
					continue
				}
				t.Run(s.name, func(t *testing.T) {
					if r.response(t, op, s) {
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
	t.Logf("%d responses", total)
	if total < minResponses {
		t.Errorf("%d responses, want at least %d", total, minResponses)
	}
}

func (s *snapshot) response(t *testing.T) *http.Response {
	t.Helper()
	status, err := strconv.Atoi(s.first)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Response{StatusCode: status, Header: s.header, Body: io.NopCloser(bytes.NewReader(s.body))}
}

// response reads an answer as a client and writes it as a server.
func (r *report) response(t *testing.T, op *shape.Operation, s snapshot) bool {
	p := protocolOf(op.Service)
	out, err := wire.For(p).DecodeResponse(op, s.response(t))
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	if err := wire.For(p).EncodeResponse(w, op, out, "request-id"); err != nil {
		t.Fatal(err)
	}
	again := w.Result()
	if again.StatusCode != s.response(t).StatusCode {
		t.Logf("status %d, the snapshot has %s", again.StatusCode, s.first)
	}
	body, err := io.ReadAll(again.Body)
	if err != nil {
		t.Fatal(err)
	}
	again.Header.Del("X-Amzn-Requestid")
	names := namesOf(op.Output)
	drifted := r.compare(t, op.Name, headers(s.header, names), headers(again.Header, names), names)
	want := parse(p, s.body, false)
	if len(op.Output.Members) == 0 {
		want = parse(p, body, false)
	}
	return r.compare(t, op.Name, want, parse(p, body, false), bodyNames(p, op.Output, names)) || drifted
}

func TestErrors(t *testing.T) {
	t.Parallel()
	total := 0
	for _, svc := range all.Services() {
		t.Run(svc.Name, func(t *testing.T) {
			var r report
			for _, path := range files(t, svc, "response_snapshot", ".error.snap") {
				s := readSnapshot(t, path)
				known := errorNamed(svc, s.name)
				if known == nil {
					r.note("error %s", s.name)
					continue
				}
				t.Run(s.name, func(t *testing.T) { readError(t, svc, known, s) })
				r.passed++
			}
			r.log(t, svc)
			total += r.passed
		})
	}
	t.Logf("%d errors", total)
	if total < minErrors {
		t.Errorf("%d errors, want at least %d", total, minErrors)
	}
}

func errorNamed(svc *shape.Service, name string) *shape.Shape {
	for _, s := range svc.Shapes() {
		if s.Error != nil && strings.EqualFold(s.Name, name) {
			return s
		}
	}
	return nil
}

// readError reads an error answer as a client, writes it as a server and reads
// it again.
func readError(t *testing.T, svc *shape.Service, known *shape.Shape, s snapshot) {
	p := protocolOf(svc)
	op := svc.Operations()[0]
	_, err := wire.For(p).DecodeResponse(op, s.response(t))
	first, ok := errors.AsType[*awserr.Error](err)
	if !ok || first.Code != known.Error.Code {
		t.Fatalf("read as %v, want %s", err, known.Error.Code)
	}
	for _, m := range known.Members {
		if m.Name == "message" || m.Name == "Message" {
			if first.Message == "" {
				t.Error("no message")
			}
		} else if m.Required && first.Fields[m.Name] == nil {
			t.Errorf("no %s", m.Name)
		}
	}
	w := httptest.NewRecorder()
	if err := wire.For(p).EncodeError(w, svc, op, first, "request-id"); err != nil {
		t.Fatal(err)
	}
	_, err = wire.For(p).DecodeResponse(op, w.Result())
	second, ok := errors.AsType[*awserr.Error](err)
	if !ok || second.Code != first.Code || second.Message != first.Message || len(second.Fields) != len(first.Fields) {
		t.Errorf("read again as %+v, want %+v", second, first)
	}
}
