// Package tagrule has the rules of tags that are the same in every service
// (AWS General Reference, "Tag naming limits and requirements"). How long keys
// and values may be is said by each service's model, and each refuses in its
// own words.
package tagrule

import "strings"

// Max is the number of tags that a resource may have.
const Max = 50

// Reserved reports whether a key is AWS's own: it begins with "aws:", in any
// spelling. Nobody else may add or remove such tags.
func Reserved(key string) bool {
	const prefix = "aws:"
	return len(key) >= len(prefix) && strings.EqualFold(key[:len(prefix)], prefix)
}
