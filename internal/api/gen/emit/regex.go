package emit

import (
	"fmt"
	"regexp"
	"strconv"
)

var (
	unicodeEscape = regexp.MustCompile(`\\u([0-9A-Fa-f]{4})`)
	surrogates    = regexp.MustCompile(`\\u[dD]800\\u[dD][cC]00-\\u[dD][bB][fF]{2}\\u[dD][fF]{3}`)
	repeat        = regexp.MustCompile(`\{(\d+)(,?)(\d*)\}`)
)

// re2 translates a modelled pattern for Go: \uXXXX becomes \x{XXXX}, the range
// that Java writes in surrogates becomes one of code points, bounds
// above RE2's limit of 1000 are opened (the length constraint beside nearly
// every such pattern still holds), and the whole value must match, as AWS
// demands. A pattern that still does not compile needs an "re2" in an overlay.
func re2(pattern string) (string, error) {
	s := repeat.ReplaceAllStringFunc(pattern, openRepeat)
	s = surrogates.ReplaceAllString(s, `\x{10000}-\x{10FFFF}`)
	s = unicodeEscape.ReplaceAllString(s, `\x{$1}`)
	s = `\A(?:` + s + `)\z`
	if _, err := regexp.Compile(s); err != nil {
		return "", fmt.Errorf("pattern %q has no form for Go, add \"re2\" to an overlay: %w", pattern, err)
	}
	return s, nil
}

func openRepeat(s string) string {
	const limit = 1000
	m := repeat.FindStringSubmatch(s)
	low, _ := strconv.Atoi(m[1])
	high, err := strconv.Atoi(m[3])
	if m[2] == "" {
		high, err = low, nil
	}
	if (err != nil || high <= limit) && low <= limit {
		return s
	}
	return "{" + strconv.Itoa(min(low, limit)) + ",}"
}
