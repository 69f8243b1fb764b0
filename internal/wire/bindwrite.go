package wire

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"reflect"
	"strings"

	"nephele.dev/nephele/internal/shape"
)

// writeHeaders sets the headers of v's members. Names from prefixed maps are
// written as they are: net/http keeps the case of keys set directly, and
// clients show their users what they got.
func writeHeaders(b *bindings, v reflect.Value, h http.Header) {
	for _, f := range b.headers {
		x, ok := held(v.Field(f.Field))
		if !ok || f.name == "Host" {
			continue
		}
		if s, ok := headerText(f, x); ok {
			h.Set(f.name, s)
		}
	}
	for _, f := range b.prefixes {
		x, ok := held(v.Field(f.Field))
		if !ok {
			continue
		}
		for _, k := range sortedKeys(x) {
			e, _ := held(x.MapIndex(k))
			h[headerSafe(f.name+strings.TrimSpace(k.String()))] = []string{headerSafe(string(appendText(nil, f.plan.value, e, shape.HTTPDate)))}
		}
	}
}

// headerText is a member as a header value, and false when there is nothing to
// send: an empty header reads as an absent one.
func headerText(f *field, v reflect.Value) (string, bool) {
	if f.plan.Kind == shape.List {
		items := make([]string, 0, v.Len())
		for i := range v.Len() {
			e, _ := held(v.Index(i))
			items = append(items, quoteItem(f.plan.elem, string(appendText(nil, f.plan.elem, e, shape.HTTPDate))))
		}
		return headerSafe(strings.Join(items, ",")), len(items) > 0
	}
	b := appendText(nil, f, v, shape.HTTPDate)
	if f.JSONValue {
		return base64.StdEncoding.EncodeToString(b), len(b) > 0
	}
	return headerSafe(string(b)), len(b) > 0
}

// quoteItem quotes a string that would not survive in a list bare.
func quoteItem(f *field, s string) string {
	if f.plan.Kind != shape.String || !strings.ContainsAny(s, `,"`) {
		return s
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// headerSafe makes text that cannot end a header early. White space round a
// header's value has no meaning (RFC 9110 section 5.5).
func headerSafe(s string) string {
	s = strings.TrimSpace(s)
	if !strings.ContainsAny(s, "\r\n\x00") {
		return s
	}
	return strings.NewReplacer("\r", " ", "\n", " ", "\x00", " ").Replace(s)
}

// writeQuery adds the query parameters of v's members.
func writeQuery(b *bindings, v reflect.Value, q url.Values) {
	for _, f := range b.query {
		x, ok := held(v.Field(f.Field))
		if !ok {
			continue
		}
		switch f.plan.Kind {
		case shape.Map:
			writeQueryMap(f, x, q)
		case shape.List:
			writeQueryList(f, f.name, x, q)
		default:
			q.Set(f.name, string(appendText(nil, f, x, shape.DateTime)))
		}
	}
}

// writeQueryList adds one parameter for each entry.
func writeQueryList(f *field, name string, v reflect.Value, q url.Values) {
	for i := range v.Len() {
		e, _ := held(v.Index(i))
		q.Add(name, string(appendText(nil, f.plan.elem, e, shape.DateTime)))
	}
}

// writeQueryMap adds one parameter for each entry of a map, or several where
// its values are lists.
func writeQueryMap(f *field, v reflect.Value, q url.Values) {
	for _, k := range sortedKeys(v) {
		name := k.String()
		if q.Has(name) {
			continue // a member of its own wins
		}
		e, ok := held(v.MapIndex(k))
		switch {
		case !ok:
		case f.plan.value.plan.Kind == shape.List:
			writeQueryList(f.plan.value, name, e, q)
		default:
			q.Set(name, string(appendText(nil, f.plan.value, e, shape.DateTime)))
		}
	}
}

// expandPath fills the labels of a URI template, escaped. The template's query
// part goes into q.
func expandPath(template string, b *bindings, v reflect.Value, q url.Values) (string, error) {
	path, literal, _ := strings.Cut(template, "?")
	for pair := range strings.SplitSeq(literal, "&") {
		if pair != "" {
			k, val, _ := strings.Cut(pair, "=")
			q.Set(k, val)
		}
	}
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(path, "{")
		out.WriteString(before)
		if !found {
			return out.String(), nil
		}
		name, after, _ := strings.Cut(rest, "}")
		path = after
		name, greedy := strings.CutSuffix(name, "+")
		s, err := labelText(b, name, v)
		if err != nil {
			return "", err
		}
		out.WriteString(escapeLabel(s, greedy))
	}
}

// labelText is the value of a path label. It must not be empty: an empty
// segment would name another resource.
func labelText(b *bindings, name string, v reflect.Value) (string, error) {
	for _, f := range b.labels {
		if f.name != name {
			continue
		}
		if x, ok := held(v.Field(f.Field)); ok {
			if s := appendText(nil, f, x, shape.DateTime); len(s) > 0 {
				return string(s), nil
			}
		}
	}
	return "", malformed("path label %s has no value", name)
}

// escapeLabel escapes everything but RFC 3986's unreserved characters, and the
// slashes of a greedy label.
func escapeLabel(s string, greedy bool) string {
	const upper = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9',
			strings.IndexByte("-._~", c) >= 0, c == '/' && greedy:
			b.WriteByte(c)
		default:
			b.WriteByte('%')
			b.WriteByte(upper[c>>4])
			b.WriteByte(upper[c&15])
		}
	}
	return b.String()
}
