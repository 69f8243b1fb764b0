package blueprint

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
)

// Every blueprint fills in without leaving a place behind, for each family.
func TestEveryBlueprint(t *testing.T) {
	t.Parallel()
	for _, name := range Names() {
		b, err := ByName(name)
		if err != nil || b.Title == "" || b.Description == "" || len(b.Families) == 0 {
			t.Errorf("%s: %+v %v", name, b, err)
		}
		for family, v := range b.Families {
			files, err := b.Files(family, nil)
			if err != nil || len(files) == 0 {
				t.Errorf("%s for %s: %d files, %v", name, family, len(files), err)
			}
			if script, _, ok := strings.Cut(v.Handler, "."); ok && !slices.ContainsFunc(slices.Collect(maps.Keys(files)), func(f string) bool { return strings.HasPrefix(f, script+".") }) {
				t.Errorf("%s for %s: no file for the handler %s", name, family, v.Handler)
			}
			for file, text := range files {
				if strings.Contains(string(text), "{{") {
					t.Errorf("%s for %s: %s has places left", name, family, file)
				}
			}
		}
	}
}

// A value cannot end the literal that it is put into.
func TestValues(t *testing.T) {
	t.Parallel()
	b, err := ByName("api")
	if err != nil {
		t.Fatal(err)
	}
	const nasty = "\"; process.exit(1); //\n\u2028</script>"
	files, err := b.Files("syn-nodejs", map[string][]string{"body": {nasty}, "status": {"404"}})
	if err != nil {
		t.Fatal(err)
	}
	text := string(files["api.js"])
	if !strings.Contains(text, "const status = 404;") {
		t.Errorf("a number is quoted:\n%s", text)
	}
	_, rest, _ := strings.Cut(text, "const body = ")
	literal, _, _ := strings.Cut(rest, ";\nconst status")
	var got string
	if err := json.Unmarshal([]byte(literal), &got); err != nil || got != nasty {
		t.Errorf("%s: %v", literal, err)
	}
	for name, values := range map[string]map[string][]string{
		"no number": {"status": {"many"}}, "two values": {"url": {"a", "b"}}, "no parameter": {"other": {"x"}},
	} {
		if _, err := b.Files("syn-nodejs", values); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := b.Files("syn-java", nil); !errors.Is(err, ErrUnknown) {
		t.Errorf("family: %v", err)
	}
	if _, err := ByName(".."); !errors.Is(err, ErrUnknown) {
		t.Errorf("name: %v", err)
	}
}
