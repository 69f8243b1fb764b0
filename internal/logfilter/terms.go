package logfilter

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// terms is a pattern of terms. All of include must be found and none of
// exclude; any counts only where there are no others.
type terms struct{ include, exclude, any []term }

// term is a text or a regular expression.
type term struct {
	text string
	re   *regexp.Regexp
}

func (t *term) in(message string) bool {
	if t.re != nil {
		return t.re.MatchString(message)
	}
	return strings.Contains(message, t.text)
}

func (t *terms) match(message string) bool {
	found := func(x term) bool { return x.in(message) }
	if len(t.include) == 0 && len(t.exclude) == 0 && len(t.any) > 0 {
		return slices.ContainsFunc(t.any, found)
	}
	for i := range t.include {
		if !t.include[i].in(message) {
			return false
		}
	}
	return !slices.ContainsFunc(t.exclude, found)
}

// parseTerms reads terms separated by blanks.
func (p *Pattern) parseTerms(text string) error {
	s := scanner{text: text}
	for s.blank(); !s.end(); s.blank() {
		into := &p.terms.include
		switch {
		case s.take("-"):
			into = &p.terms.exclude
		case s.take("?"):
			into = &p.terms.any
		}
		t, err := s.term()
		if err != nil {
			return err
		}
		p.hasRegex = p.hasRegex || t.re != nil
		if t.re == nil && strings.TrimSpace(t.text) == "" {
			t.text = "" // " " is AWS's way to write what matches everything
		}
		*into = append(*into, t)
	}
	return nil
}

func (s *scanner) term() (term, error) {
	switch s.peek() {
	case '"':
		text, err := s.quoted()
		return term{text: text}, err
	case '%':
		re, err := s.regex()
		return term{re: re}, err
	}
	rest := s.text[s.at:]
	end := strings.IndexFunc(rest, unicode.IsSpace)
	if end < 0 {
		end = len(rest)
	}
	word := rest[:end]
	s.at += end
	if word == "" {
		return term{}, ErrInvalid
	}
	if strings.ContainsFunc(word, func(r rune) bool { return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		return term{}, fmt.Errorf("Invalid character(s) in term '%s'", word) //nolint:staticcheck // AWS's words
	}
	return term{text: word}, nil
}
