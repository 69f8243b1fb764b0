package emit

import (
	"strconv"
	"strings"
	"unicode"
)

// identifiers hands out the exported names of a package, each once.
type identifiers map[string]bool

func newIdentifiers() identifiers {
	return identifiers{"Service": true, "Handlers": true, "Client": true}
}

func (ids identifiers) reserve(names ...string) {
	for _, n := range names {
		ids[n] = true
	}
}

// take returns name, or name with a suffix (and then a number) when it is taken.
func (ids identifiers) take(name, suffix string) string {
	try := name
	for i := 1; ids[try]; i++ {
		try = name + suffix
		if i > 1 {
			try += strconv.Itoa(i)
		}
	}
	ids[try] = true
	return try
}

// export makes a model name a Go name: its first letter in upper case.
func export(name string) string {
	return strings.ToUpper(name[:1]) + name[1:]
}

// enumWord turns an enum value into the end of a constant's name:
// UPDATE_FAILED is UpdateFailed, t2.micro is T2Micro.
func enumWord(value string) string {
	words := strings.FieldsFunc(value, func(r rune) bool { return !alphanumeric(r) })
	var b strings.Builder
	for _, w := range words {
		if w == strings.ToUpper(w) {
			w = strings.ToLower(w)
		}
		b.WriteString(export(w))
	}
	if b.Len() == 0 {
		return "Empty"
	}
	return b.String()
}

func alphanumeric(r rune) bool {
	return r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r))
}
