package regex_test

import (
	"errors"
	"regexp/syntax"
	"strings"
	"testing"

	"nephele.dev/nephele/internal/regex"
)

func TestCompile(t *testing.T) {
	t.Parallel()
	for expr, want := range map[string]error{
		`a{400}`:                      nil,
		`(?P<ip>\S+) (?P<rest>.*)`:    nil,
		strings.Repeat("x", 1000):     nil,
		strings.Repeat("x", 1001):     regex.ErrTooLarge,
		`((a{30}){30}){1}`:            nil,
		`(a{900}b{900})`:              regex.ErrTooLarge,
		`(((a{10}){10}){10}){1,1}`:    regex.ErrTooLarge,
		`(a{999,}){1}[bc]`:            regex.ErrTooLarge,
		strings.Repeat("(.*?)", 140):  nil,
		strings.Repeat("(.*?)x", 160): regex.ErrTooLarge, // for the groups
	} {
		re, err := regex.Compile(expr, 1000)
		if !errors.Is(err, want) || (re == nil) != (want != nil) {
			t.Errorf("%.40s: %v, want %v", expr, err, want)
		}
	}
	for _, expr := range []string{`(`, `a**`, `((a{1000}){1000})`, `\1`} {
		if _, err := regex.Compile(expr, 1000); err == nil {
			t.Errorf("%s: compiled", expr)
		} else if _, ok := errors.AsType[*syntax.Error](err); !ok {
			t.Errorf("%s: %v", expr, err)
		}
	}
}
