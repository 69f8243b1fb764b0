package store_test

import (
	"strconv"
	"strings"
	"testing"

	"nephele.dev/nephele/internal/store"
)

// FuzzRebind takes the placeholders out again and finds the query it gave.
func FuzzRebind(f *testing.F) {
	for _, seed := range []string{"a = ? and b = '?'", "\"?\" -- ?\n?", "'", "--", "''''?", "☃?"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		if strings.Contains(query, "$") {
			t.Skip("placeholders of the other kind")
		}
		got := store.Rebind(query)
		back, n := unbind(got)
		if back != query {
			t.Errorf("rebind(%q) = %q, which is of %q", query, got, back)
		}
		if n > strings.Count(query, "?") {
			t.Errorf("rebind(%q) has %d placeholders", query, n)
		}
	})
}

// unbind turns $1, $2 ... back into `?` and counts them; the next number tells
// where a placeholder ends.
func unbind(query string) (string, int) {
	n := 0
	for {
		next := "$" + strconv.Itoa(n+1)
		i := strings.Index(query, next)
		if i < 0 {
			return query, n
		}
		query = query[:i] + "?" + query[i+len(next):]
		n++
	}
}
