package door_test

import (
	"strings"
	"testing"
)

// TestDocumentsAreConfined looks at what a browser is told of a document from a
// bucket: on the console's origin it has none of its own.
func TestDocumentsAreConfined(t *testing.T) {
	t.Parallel()
	open, signed := open(t, nil), open(t, withAuth)
	for _, tt := range []struct {
		name     string
		h        *house
		headers  []string
		confined bool
	}{
		{"navigation", signed, []string{"Sec-Fetch-Dest", "document"}, true},
		{"frame", signed, []string{"Sec-Fetch-Dest", "iframe"}, true},
		{"navigation in plain text", signed, []string{"Accept", "text/html,application/xhtml+xml"}, true},
		{"fetch", signed, []string{"Sec-Fetch-Dest", "empty", "Accept", "text/html"}, false},
		{"SDK", signed, nil, false},
		{"virtual host", signed, []string{"Sec-Fetch-Dest", "document", "Host", "bkt.s3.localhost"}, false},
		{"nothing to keep", open, []string{"Sec-Fetch-Dest", "document"}, false},
	} {
		resp := ask(t, tt.h, "GET", "/bkt/page.html", "", tt.headers...)
		policy := resp.Header.Get("Content-Security-Policy")
		if got := strings.HasPrefix(policy, "sandbox "); got != tt.confined || strings.Contains(policy, "allow-same-origin") {
			t.Errorf("%s: policy %q", tt.name, policy)
		}
	}
}
