package multicheck

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// text is a string with references in it.
type text struct {
	parts []part
}

// part is a literal or a reference.
type part struct {
	literal string
	name    string // of a variable
	secret  string // the name or ARN of a secret
	key     string // of the secret's JSON; empty for all of it
}

// reference matches what refers to something. All else with a dollar sign is
// itself: the guide knows no escape.
var reference = regexp.MustCompile(`\$\{(?:([a-zA-Z][a-zA-Z0-9_]*)|(?i:AWS_SECRET):([^{}\s]+))\}`)

func parseText(s string) text {
	var t text
	at := 0
	for _, m := range reference.FindAllStringSubmatchIndex(s, -1) {
		if m[0] > at {
			t.parts = append(t.parts, part{literal: s[at:m[0]]})
		}
		if m[2] >= 0 {
			t.parts = append(t.parts, part{name: s[m[2]:m[3]]})
		} else {
			t.parts = append(t.parts, secretPart(s[m[4]:m[5]]))
		}
		at = m[1]
	}
	if at < len(s) {
		t.parts = append(t.parts, part{literal: s[at:]})
	}
	return t
}

// secretPart takes name:key apart. An ARN has six colons of its own.
func secretPart(s string) part {
	if !strings.HasPrefix(s, "arn:") {
		name, key, _ := strings.Cut(s, ":")
		return part{secret: name, key: key}
	}
	fields := strings.SplitN(s, ":", 8)
	p := part{secret: strings.Join(fields[:min(7, len(fields))], ":")}
	if len(fields) == 8 {
		p.key = fields[7]
	}
	return p
}

// literal returns the text when it has no references.
func (t text) literal() (string, bool) {
	switch {
	case len(t.parts) == 0:
		return "", true
	case len(t.parts) == 1 && t.parts[0].name == "" && t.parts[0].secret == "":
		return t.parts[0].literal, true
	}
	return "", false
}

// expand resolves the references. resolve returns a reference's value.
func (t text) expand(resolve func(part) (string, error)) (string, error) {
	if s, ok := t.literal(); ok {
		return s, nil
	}
	var b strings.Builder
	for _, p := range t.parts {
		s := p.literal
		if s == "" {
			var err error
			if s, err = resolve(p); err != nil {
				return "", err
			}
		}
		if b.Len()+len(s) > maxText {
			return "", fmt.Errorf("with its references resolved the text is longer than %d bytes", maxText)
		}
		b.WriteString(s)
	}
	return b.String(), nil
}

// number is a number in the file, or a text that will be one.
type number struct {
	text    text
	set     bool
	low     float64
	high    float64
	integer bool
}

func (n number) check(s string) (float64, error) {
	f, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	switch {
	case err != nil || math.IsNaN(f):
		return 0, errors.New("must be a number")
	case n.integer && f != math.Trunc(f):
		return 0, errors.New("must be an integer")
	case f < n.low:
		return 0, fmt.Errorf("must be at least %v", plain(n.low))
	case f > n.high:
		return 0, fmt.Errorf("must be at most %v", plain(n.high))
	}
	return f, nil
}

// plain writes a number without an exponent.
func plain(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

// flag is true or false in the file, or a text that will be one.
type flag struct {
	text text
	set  bool
}

func checkFlag(s string) (bool, error) {
	switch s {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return false, errors.New("must be true or false")
}

// redacted stands for what may not be told.
const redacted = "REDACTED"

// redactor replaces secrets in texts. The zero value knows none.
type redactor struct {
	known    map[string]bool
	replacer *strings.Replacer
	longest  int // bytes of the longest form
}

// add learns a secret and the forms in which it travels. Short ones are not
// spared: a report in which every "a" is gone tells less than one that tells a
// password.
func (r *redactor) add(secret string) {
	if secret == "" || r.known[secret] {
		return
	}
	if r.known == nil {
		r.known = map[string]bool{}
	}
	quoted := strconv.Quote(secret)
	for _, form := range []string{
		secret, url.QueryEscape(secret), url.PathEscape(secret), (&url.URL{Path: "/" + secret}).EscapedPath()[1:], quoted[1 : len(quoted)-1],
		base64.StdEncoding.EncodeToString([]byte(secret)), hex.EncodeToString([]byte(secret)),
	} {
		r.known[form] = true
		r.longest = max(r.longest, len(form))
	}
	r.replacer = nil
}

// maxSearched bounds how much of a text is searched when little of it is shown.
const maxSearched = 16 << 10

// show returns the beginning of s without secrets. They are taken out before it
// is cut, lest half a secret is left; where the search itself ends, as much is
// left out as half a secret may take.
func (r *redactor) show(s string) string {
	most := maxSearched + 2*r.longest
	if len(s) <= most {
		return shown(r.clean(s))
	}
	s = r.clean(s[:most])
	return strings.TrimSuffix(shown(s[:max(0, len(s)-r.longest)]), "...") + "..."
}

// clean returns s without secrets.
func (r *redactor) clean(s string) string {
	if len(r.known) == 0 || s == "" {
		return s
	}
	if r.replacer == nil {
		var pairs []string
		for form := range r.known {
			pairs = append(pairs, form)
		}
		// The longest first: a secret may be part of another.
		slices.SortFunc(pairs, func(a, b string) int { return len(b) - len(a) })
		all := make([]string, 0, 2*len(pairs))
		for _, form := range pairs {
			all = append(all, form, redacted)
		}
		r.replacer = strings.NewReplacer(all...)
	}
	return r.replacer.Replace(s)
}
