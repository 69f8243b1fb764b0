package policy

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestPattern(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		pattern, text string
		want          bool
	}{
		{"", "", true},
		{"", "a", false},
		{"*", "", true},
		{"*", "any:thing/at all", true},
		{"**", "x", true},
		{"?", "", false},
		{"?", "é", true},
		{"??", "é", false},
		{"a*", "a", true},
		{"a*", "ba", false},
		{"*a", "ba", true},
		{"*a", "ab", false},
		{"a*b*c", "a-b-b-c", true},
		{"a*b*c", "a-c-b", false},
		{"*ab*ab", "abab", true},
		{"a?c", "abc", true},
		{"a?c", "ac", false},
		{"a*?", "a", false},
		{"a*?", "ab", true},
		{"${*}", "*", true},
		{"${*}", "x", false},
		{"${?}${$}", "?$", true},
		{"${", "${", true},
		{"a}", "a}", true},
		{strings.Repeat("*a", 30) + "b", strings.Repeat("a", 2000), false},
	} {
		p := compile(tt.pattern, true, true)
		if got := p.match(tt.text); got != tt.want {
			t.Errorf("%.20q, %.20q: %v", tt.pattern, tt.text, got)
		}
	}
	p := compile("a*${b}", false, false)
	if !p.match("a*${b}") || p.match("ax${b}") {
		t.Error("wildcards and variables count where they must not")
	}
}

// TestVariables matches patterns in a context. A variable's value is text, not
// a pattern.
func TestVariables(t *testing.T) {
	t.Parallel()
	e := &env{
		who:      &Principal{Kind: User, ARN: "arn:aws:iam::111122223333:user/a/mary", Tags: map[string]string{"Team": "r*", "none": ""}},
		keys:     Keys{"one": {"x"}, "two": {"x", "y"}, "empty": {}},
		resource: &Resource{Keys: Keys{"res": {"z"}}},
	}
	for _, tt := range []struct {
		pattern, text    string
		resolvable, want bool
	}{
		{"home/${aws:username}/*", "home/mary/x", true, true},
		{"home/${AWS:UserName}/*", "home/bob/x", true, false},
		{"${aws:PrincipalTag/team}", "r*", true, true},
		{"${aws:PrincipalTag/team}", "red", true, false},
		{"${aws:PrincipalTag/TEAM}?", "r*!", true, true},
		{"x${aws:PrincipalTag/none}y", "xy", true, true},
		{"${aws:PrincipalTag/other}", "", false, false},
		{"${aws:PrincipalTag/other, 'd e'}", "d e", true, true},
		{"${one,'unused'}${res}", "xz", true, true},
		{"${two}", "x", false, false},
		{"${empty}", "", false, false},
		{"${two, ''}!", "!", true, true},
		{"${}", "", false, false},
	} {
		p := compile(tt.pattern, true, true)
		if got := e.resolvable(&p); got != tt.resolvable {
			t.Errorf("%s: resolvable %v", tt.pattern, got)
		} else if got && e.match(&p, tt.text) != tt.want {
			t.Errorf("%s, %s: %v", tt.pattern, tt.text, !tt.want)
		}
	}
}

// naive matches by trying everything.
func naive(pattern, text []rune) bool {
	if len(pattern) == 0 {
		return len(text) == 0
	}
	switch pattern[0] {
	case '*':
		return naive(pattern[1:], text) || len(text) > 0 && naive(pattern, text[1:])
	case '?':
		return len(text) > 0 && naive(pattern[1:], text[1:])
	}
	return len(text) > 0 && pattern[0] == text[0] && naive(pattern[1:], text[1:])
}

func FuzzPattern(f *testing.F) {
	f.Add("a*b?c", "axxbyc")
	f.Add("**?*", "é")
	f.Add("*aab", "aaab")
	f.Add("?", "\xff")
	f.Fuzz(func(t *testing.T, pattern, text string) {
		if len(pattern) > 12 || len(text) > 24 || !utf8.ValidString(pattern) || !utf8.ValidString(text) {
			return // naive takes exponential time, and policies are valid UTF-8
		}
		p := compile(pattern, true, false)
		if got, want := p.match(text), naive([]rune(pattern), []rune(text)); got != want {
			t.Fatalf("%q, %q: %v, want %v", pattern, text, got, want)
		}
	})
}
