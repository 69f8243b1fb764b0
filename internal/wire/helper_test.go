package wire_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/shape"
	"nephele.dev/nephele/internal/wire"
)

var (
	endpoint = &url.URL{Scheme: "http", Host: "127.0.0.1"}
	moment   = time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC)
)

func readAll(t testing.TB, r io.Reader) []byte {
	t.Helper()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// decode reads a body as a request for op.
func decode(t *testing.T, p shape.Protocol, op *shape.Operation, body string) (wire.Input, error) {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/", nil)
	return wire.For(p).DecodeRequest(op, &wire.Request{HTTP: r, Body: []byte(body)})
}

// respond encodes an output and returns what a client would get.
func respond(t *testing.T, p shape.Protocol, op *shape.Operation, out any) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	if err := wire.For(p).EncodeResponse(w, op, out, "req-1"); err != nil {
		t.Fatal(err)
	}
	return w
}

// refuse encodes an error.
func refuse(t *testing.T, p shape.Protocol, svc *shape.Service, op *shape.Operation, e *awserr.Error) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	if err := wire.For(p).EncodeError(w, svc, op, e, "req-1"); err != nil {
		t.Fatal(err)
	}
	return w
}
