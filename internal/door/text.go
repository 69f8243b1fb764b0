package door

import "strconv"

// quote quotes what a peer sent for a message, and shortens it.
func quote(s string) string {
	if len(s) > 100 {
		s = s[:100] + "..."
	}
	return strconv.Quote(s)
}
