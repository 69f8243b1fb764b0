package emit

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"nephele.dev/nephele/internal/api/gen/model"
)

func TestEnumWord(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		"RUNNING": "Running", "UPDATE_FAILED": "UpdateFailed", "t2.micro": "T2Micro", "InProgress": "InProgress",
		"aws:kms": "AwsKms", "": "Empty", "*": "Empty", "x86_64": "X8664", "SHA256": "Sha256",
	} {
		if have := enumWord(value); have != want {
			t.Errorf("enumWord(%q) = %q, want %q", value, have, want)
		}
	}
}

func TestTake(t *testing.T) {
	t.Parallel()
	ids := newIdentifiers()
	var have []string
	for range 3 {
		have = append(have, ids.take("Client", "Type"))
	}
	if s := strings.Join(have, " "); s != "ClientType ClientType2 ClientType3" {
		t.Errorf("names %s", s)
	}
}

// TestRE2 checks what the translation of patterns takes and refuses.
func TestRE2(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern string
		match   []string
		refuse  []string
	}{
		{`[a-z]+`, []string{"abc"}, []string{"", "abc1", "1abc", "abc\n"}},
		{`^[a-z]+$`, []string{"abc"}, []string{"abc\n", "a\nb"}},
		{`a|b`, []string{"a", "b"}, []string{"ab", "xb"}},
		{"[\\u0020-\\u00FF]*", []string{"é~"}, []string{"\u0100", "\t"}},
		{"[\\u0020-\\uD7FF\\uE000-\\uFFFD\\uD800\\uDC00-\\uDBFF\\uDFFF\\r\\n\\t]*", []string{"a\n\U0001F600"}, []string{"\x01"}},
		{`[a-z]{2,2048}`, []string{"ab", strings.Repeat("a", 3000)}, []string{"a"}},
		{`[a-z]{1500}`, []string{strings.Repeat("a", 1500)}, []string{strings.Repeat("a", 999)}},
		{`[a-z]{1,3}`, []string{"abc"}, []string{"abcd"}},
		{`a{2,}`, []string{"aaa"}, []string{"a"}},
	} {
		s, err := re2(c.pattern)
		if err != nil {
			t.Errorf("%s: %v", c.pattern, err)
			continue
		}
		re := regexp.MustCompile(s)
		for _, v := range c.match {
			if !re.MatchString(v) {
				t.Errorf("%s refuses %.20q", c.pattern, v)
			}
		}
		for _, v := range c.refuse {
			if re.MatchString(v) {
				t.Errorf("%s takes %.20q", c.pattern, v)
			}
		}
	}
	if s, err := re2(`(?!aws:).*`); err == nil {
		t.Errorf("a lookahead becomes %s", s)
	}
}

// parse reads a model from JSON.
func parse(t *testing.T, text string) *model.Service {
	t.Helper()
	var m model.Service
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		t.Fatal(err)
	}
	return &m
}

// TestSharedAndColliding wants a structure that is an output and a member to be
// two types, names that differ in case to be two types, and a blob that streams
// in one place only to be two shapes.
func TestSharedAndColliding(t *testing.T) {
	t.Parallel()
	m := parse(t, `{"metadata":{"protocols":["rest-json"],"serviceFullName":"Toy","apiVersion":"1"},
	 "operations":{"Get":{"http":{"method":"GET","requestUri":"/"},"input":{"shape":"Client"},"output":{"shape":"Snap"}}},
	 "shapes":{"Client":{"type":"structure","members":{"one":{"shape":"client"},"two":{"shape":"GetInput"},"log":{"shape":"Stream"}}},
	  "client":{"type":"structure","members":{"x":{"shape":"Snap"}}},
	  "GetInput":{"type":"structure","members":{}},
	  "Stream":{"type":"structure","eventstream":true,"members":{"part":{"shape":"client"}}},
	  "Snap":{"type":"structure","payload":"body","members":{"body":{"shape":"B","streaming":true},"copy":{"shape":"B"}}},
	  "B":{"type":"blob"}}}`)
	files := map[string][]byte{}
	if err := Package(files, "toy", m); err != nil {
		t.Fatal(err)
	}
	for file, wants := range map[string][]string{
		"toy/operations.go": {
			"type GetInput struct {\n\tOne *ClientType\n\tTwo *GetInputType\n\tLog iter.Seq2[*Stream, error]\n}",
			"type GetOutput struct {\n\tBody io.Reader\n\tCopy []byte\n}",
		},
		"toy/types.go": {"type ClientType struct {\n\tX *Snap\n}", "type Snap struct", "type Stream struct {\n\tPart *ClientType\n}"},
	} {
		for _, want := range wants {
			if !strings.Contains(string(files[file]), want) {
				t.Errorf("%s has no %q:\n%s", file, want, files[file])
			}
		}
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for name, shapes := range map[string]string{
		"no shape":  `"In":{"type":"structure","members":{"a":{"shape":"Gone"}}}`,
		"no input":  `"Other":{"type":"structure"}`,
		"odd type":  `"In":{"type":"structure","members":{"a":{"shape":"T"}}},"T":{"type":"quaternion"}`,
		"lookahead": `"In":{"type":"structure","members":{"a":{"shape":"T"}}},"T":{"type":"string","pattern":"(?=a)b"}`,
	} {
		m := parse(t, `{"metadata":{"protocols":["json"]},"operations":{"Do":{"input":{"shape":"In"}}},"shapes":{`+shapes+`}}`)
		if err := Package(map[string][]byte{}, "toy", m); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
