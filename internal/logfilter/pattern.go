package logfilter

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// MaxLength is how long a pattern may be, in characters.
const MaxLength = 1024

// ErrInvalid is the error of a pattern that does not parse. Its text is AWS's.
var ErrInvalid = errors.New("Invalid filter pattern") //nolint:staticcheck // shown to callers as AWS words it

// Pattern decides which messages match. It is safe for concurrent use.
type Pattern struct {
	form     form
	terms    terms
	test     condition // of JSON messages
	paths    []path    // the selectors in test, each once
	words    words
	hasRegex bool
}

type form uint8

const (
	formTerms form = iota
	formJSON
	formWords
)

// Parse reads a pattern. Its errors have the words that AWS answers, and are
// ErrInvalid but for a term that must be quoted.
func Parse(text string) (*Pattern, error) {
	if utf8.RuneCountInString(text) > MaxLength || !utf8.ValidString(text) {
		return nil, ErrInvalid
	}
	text = strings.TrimSpace(text)
	p := &Pattern{}
	var err error
	switch {
	case strings.HasPrefix(text, "{"):
		p.form = formJSON
		err = p.parseJSON(text)
	case strings.HasPrefix(text, "["):
		p.form = formWords
		err = p.parseWords(text)
	default:
		err = p.parseTerms(text)
	}
	if err != nil {
		return nil, err
	}
	return p, nil
}

// Regex reports whether the pattern holds a regular expression; AWS limits how
// many such filters a log group has.
func (p *Pattern) Regex() bool { return p.hasRegex }

// Matches reports whether a message matches.
func (p *Pattern) Matches(message string) bool {
	if p.form == formTerms {
		return p.terms.match(message)
	}
	_, ok := p.Match(message)
	return ok
}

// Match returns what a message that matches is made of.
func (p *Pattern) Match(message string) (Record, bool) {
	switch p.form {
	case formJSON:
		doc, ok := parseDocument(message)
		if !ok || !p.test.holds(document{doc}) {
			return Record{}, false
		}
		return Record{pattern: p, doc: doc}, true
	case formWords:
		split := splitWords(message)
		if !p.words.match(split) {
			return Record{}, false
		}
		return Record{pattern: p, words: split}, true
	}
	return Record{pattern: p}, p.terms.match(message)
}

// Record is a message that matched, taken apart.
type Record struct {
	pattern *Pattern
	doc     any
	words   []string
}

// Values returns the values of the fields that the pattern names: selectors as
// written ("$.a.b") of a JSON message, those of all words of others ("$status",
// and "$3" for the third where it has no name). Terms have none.
func (r Record) Values() map[string]string {
	out := map[string]string{}
	switch r.pattern.form {
	case formJSON:
		for i := range r.pattern.paths {
			if v, ok := r.pattern.paths[i].first(r.doc); ok {
				out[r.pattern.paths[i].text] = textOf(v)
			}
		}
	case formWords:
		for i, w := range r.words {
			out["$"+r.pattern.words.name(i, len(r.words))] = w
		}
	}
	return out
}

// Field is a place in the messages of a pattern.
type Field struct {
	path path
	word string // name or number
}

// Field reads a reference to a field as metric transformations have it:
// "$.latency" for a JSON pattern, "$bytes" for a name in a pattern of words.
// The error says what is wrong, for the log.
func (p *Pattern) Field(ref string) (Field, error) {
	switch p.form {
	case formJSON:
		s := scanner{text: ref}
		to, err := s.selector()
		if err != nil || !s.end() {
			return Field{}, fmt.Errorf("%q is not a JSON selector", ref)
		}
		return Field{path: to}, nil
	case formWords:
		name := strings.TrimPrefix(ref, "$")
		if name == ref || !p.words.has(name) {
			return Field{}, fmt.Errorf("%q is not a field of the pattern", ref)
		}
		return Field{word: name}, nil
	}
	return Field{}, fmt.Errorf("%q names a field, and the pattern has none", ref)
}

// Value returns a field of a record as text; ok is false when it is not there
// or null.
func (r Record) Value(f Field) (value string, ok bool) {
	if r.pattern.form == formJSON {
		v, ok := f.path.first(r.doc)
		if !ok || v == nil {
			return "", false
		}
		return textOf(v), true
	}
	for i, w := range r.words {
		if r.pattern.words.name(i, len(r.words)) == f.word {
			return w, true
		}
	}
	return "", false
}
