package nepheletest

import (
	"bytes"
	"io"
	"net/http"
	"testing"
)

// smallBody is up to which length, in bytes, a request's body is sent from a
// copy.
const smallBody = 1 << 20

// transport sends small bodies from a copy. The SDK closes a request's body as
// soon as it has the header of the answer. A server in the same process can be
// so quick that net/http is not done with the body then; it takes the closed
// body for a failure, gives the connection up, and what was not yet read of the
// answer is lost.
type transport struct{ http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (t transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body == nil || req.ContentLength <= 0 || req.ContentLength > smallBody {
		return t.RoundTripper.RoundTrip(req)
	}
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	defer req.Body.Close()
	copied := req.Clone(req.Context())
	copied.Body = io.NopCloser(bytes.NewReader(body))
	return t.RoundTripper.RoundTrip(copied)
}

// newClient returns an HTTP client whose connections end with the test.
func newClient(t testing.TB) *http.Client {
	base := http.DefaultTransport.(*http.Transport).Clone()
	base.MaxIdleConnsPerHost = 16
	t.Cleanup(base.CloseIdleConnections)
	return &http.Client{Transport: transport{base}}
}
