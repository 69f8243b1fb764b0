package validate

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"nephele.dev/nephele/internal/shape"
)

const notNull = "Member must not be null"

// path is where a value stands, from the outside in.
type path []segment

// segment is one step of a path.
type segment struct {
	name  string // member, or key of a map
	key   bool   // name is a key of a map
	index int    // element of a list, from 1; 0 for others
}

// String writes the path as AWS does: "tags.1.member.key".
func (p path) String() string {
	var b strings.Builder
	for i, s := range p {
		if i > 0 {
			b.WriteByte('.')
		}
		switch {
		case s.index > 0:
			b.WriteString(strconv.Itoa(s.index))
			b.WriteString(".member")
		case s.key:
			b.WriteString(s.name)
			b.WriteString(".member")
		default:
			b.WriteString(lowerFirst(s.name))
		}
	}
	return b.String()
}

// lowerFirst lowers an ASCII first letter.
func lowerFirst(s string) string {
	if s == "" || s[0] < 'A' || s[0] > 'Z' {
		return s
	}
	return string(s[0]+'a'-'A') + s[1:]
}

// normalise brings a path of the decoder to the form of path.String.
func normalise(p string) string {
	segments := strings.Split(p, ".")
	for i, s := range segments {
		if i+1 < len(segments) && segments[i+1] == "member" {
			continue // a key or an index
		}
		segments[i] = lowerFirst(s)
	}
	return strings.Join(segments, ".")
}

// modelled is the last member of a path as AWS parameters are written.
func modelled(p string) string {
	name := p[strings.LastIndexByte(p, '.')+1:]
	if name == "" {
		return name
	}
	return strings.ToUpper(name[:1]) + name[1:]
}

// message joins violations into the text of the error. n may exceed what is
// spelled out.
func message(n int, found []string) string {
	noun := "error"
	if n != 1 {
		noun = "errors"
	}
	return fmt.Sprintf("%d validation %s detected: %s", n, noun, strings.Join(found, "; "))
}

// note counts a violation and keeps its text while there is room.
func (w *walker) note(text string) {
	w.count++
	if len(w.found) < maxReported {
		w.found = append(w.found, text)
	}
}

// null notes an absent required member.
func (w *walker) null(m *shape.Member) {
	if w.absent == "" {
		w.absent = m.Name
	}
	w.note(nullAt(w.at.String(), w.rules.silent))
}

func nullAt(p string, silent bool) string {
	value := " null"
	if silent {
		value = ""
	}
	return "Value" + value + " at '" + clip(p) + "' failed to satisfy constraint: " + notNull
}

// clip bounds what a message repeats: paths hold the caller's map keys.
func clip(s string) string {
	if len(s) <= maxEcho {
		return s
	}
	return strings.ToValidUTF8(s[:maxEcho], "") + "..."
}

// violation notes that v at a place breaks a constraint.
func (w *walker) violation(s *shape.Shape, v reflect.Value, text string) {
	if w.rules.missing {
		return
	}
	if len(w.found) >= maxReported {
		w.count++
		return
	}
	value := ""
	if !w.rules.silent && !w.blind && !hidden(s) {
		value = " '" + echo(s, v) + "'"
	}
	w.note("Value" + value + " at '" + clip(w.at.String()) + "' failed to satisfy constraint: " + text)
}
