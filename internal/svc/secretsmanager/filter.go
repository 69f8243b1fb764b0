package secretsmanager

import (
	"strings"
	"unicode"

	api "nephele.dev/nephele/internal/api/secretsmanager"
)

// filter is one condition on secrets: one of the values has to match, and none
// of those that are negated with "!".
type filter struct {
	Key     api.FilterNameStringType
	Values  []string
	Negated []string
}

func newFilter(f *api.Filter) (filter, error) {
	if f == nil || f.Key == nil {
		return filter{}, api.NewInvalidParameterException("Invalid filter key")
	}
	if len(f.Values) == 0 {
		return filter{}, api.NewInvalidParameterException("Invalid filter values for key: %s", *f.Key)
	}
	parsed := filter{Key: *f.Key}
	for _, v := range f.Values {
		if negated, ok := strings.CutPrefix(v, "!"); ok {
			parsed.Negated = append(parsed.Negated, negated)
		} else {
			parsed.Values = append(parsed.Values, v)
		}
	}
	return parsed, nil
}

// passes reports whether a secret passes.
func (f *filter) passes(r *record, tags map[string]string) bool {
	texts := f.texts(r, tags)
	for _, v := range f.Negated {
		if f.matches(v, texts) {
			return false
		}
	}
	for _, v := range f.Values {
		if f.matches(v, texts) {
			return true
		}
	}
	return len(f.Values) == 0
}

// texts are what the filter looks at. No secret here is of another service or
// replicated from another region, and only then would it say so.
func (f *filter) texts(r *record, tags map[string]string) (texts []string) {
	switch f.Key {
	case api.FilterNameStringTypeName:
		return []string{r.ID}
	case api.FilterNameStringTypeDescription:
		return []string{strings.ToLower(r.Doc.Description)}
	case api.FilterNameStringTypeTagKey:
		for k := range tags {
			texts = append(texts, k)
		}
	case api.FilterNameStringTypeTagValue:
		for _, v := range tags {
			texts = append(texts, v)
		}
	case api.FilterNameStringTypeAll:
		texts = []string{r.ID, r.Doc.Description}
		for k, v := range tags {
			texts = append(texts, k, v)
		}
	case api.FilterNameStringTypePrimaryRegion, api.FilterNameStringTypeOwningService:
	}
	return texts
}

// matches reports whether one of the texts begins with a value or, of "all",
// whether each word of the value begins a word of them (Filter, Key).
func (f *filter) matches(value string, texts []string) bool {
	switch f.Key {
	case api.FilterNameStringTypeAll:
		return matchesWords(value, texts)
	case api.FilterNameStringTypeDescription:
		value = strings.ToLower(value)
	case api.FilterNameStringTypeName, api.FilterNameStringTypeTagKey, api.FilterNameStringTypeTagValue,
		api.FilterNameStringTypePrimaryRegion, api.FilterNameStringTypeOwningService:
	}
	for _, t := range texts {
		if strings.HasPrefix(t, value) {
			return true
		}
	}
	return false
}

func matchesWords(value string, texts []string) bool {
	var there []string
	for _, t := range texts {
		there = append(there, words(t)...)
	}
	wanted := strings.FieldsFunc(strings.ToLower(value), isBreak)
	for _, w := range wanted {
		if !beginsOne(w, there) {
			return false
		}
	}
	return len(wanted) > 0
}

func beginsOne(w string, all []string) bool {
	for _, t := range all {
		if strings.HasPrefix(t, w) {
			return true
		}
	}
	return false
}

// words are the words of a text in lower case, those within camelCase too.
func words(text string) (all []string) {
	for _, w := range strings.FieldsFunc(text, isBreak) {
		all = append(all, strings.ToLower(w))
		was := rune(0)
		for i, c := range w {
			if i > 0 && unicode.IsUpper(c) && unicode.IsLower(was) {
				all = append(all, strings.ToLower(w[i:]))
			}
			was = c
		}
	}
	return all
}

func isBreak(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsDigit(c) }
