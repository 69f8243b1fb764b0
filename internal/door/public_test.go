package door_test

import (
	"io"
	"net/http"
	"testing"

	"nephele.dev/nephele/internal/door"
)

// TestPublic: documents below a prefix are anybody's to read, with signatures
// demanded too, and nothing else is.
func TestPublic(t *testing.T) {
	t.Parallel()
	h := open(t, func(o *door.Options) {
		o.Auth = true
		o.Public = map[string]http.Handler{"/Key-": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, "key "+r.URL.Path) //nolint:errcheck // a test
		})}
	})
	for _, tt := range []struct {
		method, path, host string
		want               string
		status             int
	}{
		{http.MethodGet, "/Key-1.pem", "", "key /Key-1.pem", http.StatusOK},
		{http.MethodHead, "/Key-1.pem", "", "", http.StatusOK},
		{http.MethodPost, "/Key-1.pem", "", "", http.StatusForbidden},
		{http.MethodGet, "/Key-1.pem", "bucket.s3.localhost", "", http.StatusForbidden},
		{http.MethodGet, "/key-1.pem", "", "", http.StatusForbidden},
	} {
		req, err := http.NewRequestWithContext(t.Context(), tt.method, h.url()+tt.path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = tt.host
		resp, err := h.client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		// Whatever is not public goes on as a call: without a signature it is
		// not answered with the document.
		public := tt.status == http.StatusOK
		if public != (resp.StatusCode == http.StatusOK) || public && string(body) != tt.want {
			t.Errorf("%s %s of %q: %d %s", tt.method, tt.path, tt.host, resp.StatusCode, body)
		}
	}
}
