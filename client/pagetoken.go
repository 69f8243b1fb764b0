package client

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"strings"
)

// truncation is the key in a resume token for how many items of the page have
// been listed. It is botocore's, so that tokens work there too.
const truncation = "boto_truncate_amount"

// formatToken is a resume token: the tokens of a page, and how many of its items
// have been listed.
func formatToken(tokens map[string]any, listed int) string {
	t := maps.Clone(tokens)
	if listed > 0 {
		t[truncation] = listed
	}
	raw, err := json.Marshal(Plain(t))
	if err != nil {
		return "" // tokens are text and numbers
	}
	return base64.StdEncoding.EncodeToString(raw)
}

// parseToken reads a resume token. Anything else is taken for the token of the
// service itself.
func parseToken(text string, names []string) (tokens map[string]any, listed int, err error) {
	if tokens = decodeToken(text); tokens == nil {
		return serviceToken(text, names), 0, nil
	}
	if n, ok := tokens[truncation].(json.Number); ok {
		many, err := n.Int64()
		if err != nil || many < 0 {
			return nil, 0, &PaginationError{"Bad starting token: " + text}
		}
		listed = int(many)
	}
	delete(tokens, truncation)
	return tokens, listed, nil
}

// decodeToken is what a resume token holds; nil for another text.
func decodeToken(text string) (tokens map[string]any) {
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil
	}
	d := json.NewDecoder(strings.NewReader(string(raw)))
	d.UseNumber()
	if d.Decode(&tokens) != nil {
		return nil
	}
	return tokens
}

// serviceToken is a token of the service's own; the members of an input that
// has several are not known then.
func serviceToken(text string, names []string) map[string]any {
	tokens := map[string]any{}
	for i, name := range names {
		tokens[name] = nil
		if i == 0 {
			tokens[name] = text
		}
	}
	return tokens
}
