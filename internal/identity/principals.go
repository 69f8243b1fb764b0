package identity

import (
	"encoding/json"
	"strings"
)

// Principals returns the "AWS" principals that a policy names, as they are
// written: ARNs, accounts, unique ids and "*".
func Principals(text string) []string {
	var all []string
	eachPrincipal(text, func(value string, _, _ int) { all = append(all, value) })
	return all
}

// rewritePrincipals replaces principals of a policy and leaves everything else
// of its text alone.
func rewritePrincipals(text string, by map[string]string) string {
	var b strings.Builder
	end := 0
	eachPrincipal(text, func(value string, from, to int) {
		if other, ok := by[value]; ok && other != value {
			quoted, _ := json.Marshal(other)
			b.WriteString(text[end:from])
			b.Write(quoted)
			end = to
		}
	})
	b.WriteString(text[end:])
	return b.String()
}

// eachPrincipal visits the strings below Principal.AWS and NotPrincipal.AWS of
// the statements, with where they stand in the text.
func eachPrincipal(text string, visit func(value string, from, to int)) {
	d := json.NewDecoder(strings.NewReader(text))
	var w walker
	for {
		before := int(d.InputOffset())
		token, err := d.Token()
		if err != nil {
			return
		}
		value, isText := token.(string)
		if !w.step(token) || !isText || !w.atPrincipal() {
			continue
		}
		to := int(d.InputOffset())
		from := before + strings.IndexByte(text[before:to], '"')
		visit(value, from, to)
	}
}

// walker knows where in a document the token is that was read last.
type walker struct{ levels []level }

// level is an object or array that is open.
type level struct {
	object bool
	inside bool   // an object's key was read, its value is due
	key    string // the object's last one
}

// step takes a token, and reports whether it is a value: no key of an object
// and no bracket.
func (w *walker) step(token json.Token) bool {
	top := len(w.levels) - 1
	switch t := token.(type) {
	case json.Delim:
		if t == '{' || t == '[' {
			w.levels = append(w.levels, level{object: t == '{'})
			return false
		}
		w.levels = w.levels[:top]
		w.taken()
		return false
	case string:
		if top >= 0 && w.levels[top].object && !w.levels[top].inside {
			w.levels[top].key, w.levels[top].inside = t, true
			return false
		}
	}
	w.taken()
	return true
}

// taken says that a value has ended.
func (w *walker) taken() {
	if top := len(w.levels) - 1; top >= 0 {
		w.levels[top].inside = false
	}
}

// atPrincipal reports whether the value just read is below (Not)Principal.AWS,
// or is Principal itself.
func (w *walker) atPrincipal() bool {
	var path []string
	for _, l := range w.levels {
		if l.object {
			path = append(path, l.key)
		}
	}
	const statement, principal, kind = 0, 1, 2
	if len(path) < kind || len(path) > kind+1 || !strings.EqualFold(path[statement], "Statement") {
		return false
	}
	if !strings.EqualFold(path[principal], "Principal") && !strings.EqualFold(path[principal], "NotPrincipal") {
		return false
	}
	return len(path) == kind || strings.EqualFold(path[kind], "AWS")
}
