package client

import (
	"encoding/base64"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/jmespath/go-jmespath"
)

// timeText is how times are written where they have to be text.
const timeText = "2006-01-02T15:04:05.999999-07:00"

// Search applies a JMESPath expression to an output. As the language knows the
// types of JSON alone, numbers become float64, times RFC 3339 text and blobs
// base64. Streams are left out.
func Search(expression string, output any) (any, error) {
	e, err := jmespath.Compile(expression)
	if err != nil {
		return nil, fmt.Errorf("bad value for the query %s: %w", expression, err)
	}
	v, err := e.Search(plain(output, true))
	if err != nil {
		return nil, fmt.Errorf("query %s: %w", expression, err)
	}
	return v, nil
}

// Plain is an output in the types of JSON, for printing: times become RFC 3339
// text and blobs base64; integers stay integers. Streams are left out.
func Plain(output any) any { return plain(output, false) }

// plain does the work of both. With floats every number becomes a float64.
func plain(v any, floats bool) any {
	switch v := v.(type) {
	case map[string]any:
		m := make(map[string]any, len(v))
		for k, x := range v {
			if _, stream := x.(io.Reader); !stream {
				m[k] = plain(x, floats)
			}
		}
		return m
	case []any:
		list := make([]any, len(v))
		for i, x := range v {
			list[i] = plain(x, floats)
		}
		return list
	case int64:
		if floats {
			return float64(v)
		}
	case int:
		if floats {
			return float64(v)
		}
	case time.Time:
		return v.UTC().Format(timeText)
	case []byte:
		return base64.StdEncoding.EncodeToString(v)
	}
	return v
}

// lookup is the value of a model's expression; nil where there is none, also
// because a function was given an absent value.
func lookup(e *jmespath.JMESPath, v any) any {
	x, err := e.Search(v)
	if err != nil {
		return nil
	}
	return x
}

// assign sets what a path of names leads to, making the maps on its way.
func assign(m map[string]any, path string, value any) {
	name, rest, nested := strings.Cut(path, ".")
	if !nested {
		m[name] = value
		return
	}
	inner, ok := m[name].(map[string]any)
	if !ok {
		inner = map[string]any{}
		m[name] = inner
	}
	assign(inner, rest, value)
}
