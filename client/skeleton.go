package client

import (
	"bytes"
	"encoding/json"
	"fmt"

	"nephele.dev/nephele/internal/shape"
)

// Skeleton is an input of an operation with every parameter that JSON can carry,
// in the model's order, to be filled in: texts are empty or the first of an
// enumeration. It is indented and ends in a newline.
func (c *Client) Skeleton(operation string) ([]byte, error) {
	op, err := findOperation(c.service, operation)
	if err != nil {
		return nil, err
	}
	var raw, out bytes.Buffer
	skeleton(&raw, op.Input, map[*shape.Shape]bool{})
	if err := json.Indent(&out, raw.Bytes(), "", "    "); err != nil {
		return nil, fmt.Errorf("skeleton of %s: %w", op.Name, err)
	}
	out.WriteByte('\n')
	return out.Bytes(), nil
}

// skeleton writes an example of s. Shapes that hold themselves end at the second
// time.
func skeleton(b *bytes.Buffer, s *shape.Shape, open map[*shape.Shape]bool) {
	if open[s] {
		b.WriteString(map[bool]string{true: "[]", false: "{}"}[s.Kind == shape.List])
		return
	}
	open[s] = true
	defer delete(open, s)
	switch s.Kind {
	case shape.Structure, shape.Union:
		skeletonMembers(b, s, open)
	case shape.List:
		b.WriteByte('[')
		skeleton(b, s.Elem.Shape, open)
		b.WriteByte(']')
	case shape.Map:
		key := "KeyName"
		if len(s.Key.Shape.Enum) > 0 {
			key = s.Key.Shape.Enum[0]
		}
		b.WriteByte('{')
		b.Write(quoted(key))
		b.WriteByte(':')
		skeleton(b, s.Value.Shape, open)
		b.WriteByte('}')
	default:
		b.Write(quotedScalar(s))
	}
}

func skeletonMembers(b *bytes.Buffer, s *shape.Shape, open map[*shape.Shape]bool) {
	b.WriteByte('{')
	first := true
	for _, m := range s.Members {
		if m.Shape.Kind == shape.EventStream || m.Shape.Streaming {
			continue
		}
		if !first {
			b.WriteByte(',')
		}
		first = false
		b.Write(quoted(m.Name))
		b.WriteByte(':')
		skeleton(b, m.Shape, open)
	}
	b.WriteByte('}')
}

func quoted(s string) []byte {
	q, _ := json.Marshal(s) // text always has a JSON form
	return q
}

// quotedScalar is an example of a scalar.
func quotedScalar(s *shape.Shape) []byte {
	switch s.Kind {
	case shape.Boolean:
		return []byte("true")
	case shape.Integer, shape.Long:
		return []byte("0")
	case shape.Float, shape.Double:
		return []byte("0.0")
	case shape.Timestamp:
		return quoted("1970-01-01T00:00:00")
	}
	if len(s.Enum) > 0 {
		return quoted(s.Enum[0])
	}
	return quoted("")
}
