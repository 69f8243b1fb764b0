package model

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestFormat wants order kept, short values on a line, and a stable result.
func TestFormat(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 60)
	doc, err := ParseObject([]byte(`{"b":1,"a":{"z":"<&>","y":["` + long + `","` + long + `"]},"n":null,"t":true}`))
	if err != nil {
		t.Fatal(err)
	}
	want := "{\n \"b\":1,\n \"a\":{\n  \"z\":\"<&>\",\n  \"y\":[\n   \"" + long + "\",\n   \"" + long + "\"\n  ]\n },\n \"n\":null,\n \"t\":true\n}\n"
	if have := string(Format(doc)); have != want {
		t.Errorf("have\n%s\nwant\n%s", have, want)
	}
	again, err := ParseObject([]byte(want))
	if err != nil || string(Format(again)) != want {
		t.Errorf("what is written does not read back the same: %v", err)
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"", "[1]", "{", `{"a":}`, `{} {}`, `{"a":1,}`} {
		if o, err := ParseObject([]byte(s)); err == nil {
			t.Errorf("%q is read as %v", s, o)
		}
	}
}

func TestPatch(t *testing.T) {
	t.Parallel()
	const doc = `{"a":{"b":[1,2],"c/d":"x","~":0}}`
	for _, c := range []struct{ name, overlay, want, err string }{
		{"add field", `[{"op":"add","path":"/a/e","value":{"f":1}}]`, `{"a":{"b":[1,2],"c/d":"x","~":0,"e":{"f":1}}}`, ""},
		{"add over field", `[{"op":"add","path":"/a/b","value":3}]`, `{"a":{"b":3,"c/d":"x","~":0}}`, ""},
		{"append", `[{"op":"add","path":"/a/b/-","value":3}]`, `{"a":{"b":[1,2,3],"c/d":"x","~":0}}`, ""},
		{"insert", `[{"op":"add","path":"/a/b/0","value":3}]`, `{"a":{"b":[3,1,2],"c/d":"x","~":0}}`, ""},
		{"replace element", `[{"op":"replace","path":"/a/b/1","value":3}]`, `{"a":{"b":[1,3],"c/d":"x","~":0}}`, ""},
		{"remove", `[{"op":"remove","path":"/a/b/0"},{"op":"remove","path":"/a/~0"}]`, `{"a":{"b":[2],"c/d":"x"}}`, ""},
		{"escapes", `[{"op":"replace","path":"/a/c~1d","value":"y"}]`, `{"a":{"b":[1,2],"c/d":"y","~":0}}`, ""},
		{"test", `[{"op":"test","path":"/a/c~1d","value":"x"}]`, doc, ""},
		{"test fails", `[{"op":"test","path":"/a/c~1d","value":"y"}]`, "", "step 0 (test /a/c~1d): it is \"x\", not \"y\""},
		{"replace nothing", `[{"op":"replace","path":"/a/q","value":1}]`, "", `there is no "q"`},
		{"remove nothing", `[{"op":"remove","path":"/q"}]`, "", `there is no "q"`},
		{"below nothing", `[{"op":"add","path":"/q/r","value":1}]`, "", `there is no "q"`},
		{"below a string", `[{"op":"add","path":"/a/c~1d/r","value":1}]`, "", "nothing below a string"},
		{"past the end", `[{"op":"add","path":"/a/b/3","value":1}]`, "", "no element"},
		{"unknown", `[{"op":"move","path":"/a"}]`, "", "unknown"},
		{"no object", `[1]`, "", "not an object"},
	} {
		o, err := ParseObject([]byte(doc))
		if err != nil {
			t.Fatal(err)
		}
		steps, err := Parse([]byte(c.overlay))
		if err != nil {
			t.Fatal(err)
		}
		have, err := Patch(o, steps.([]any))
		switch {
		case c.err != "":
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%s: error %v, want %s", c.name, err, c.err)
			}
		case err != nil || compact(have) != c.want:
			t.Errorf("%s: %s, %v", c.name, compact(have), err)
		}
		if compact(o) != doc {
			t.Errorf("%s changed the document it was given", c.name)
		}
	}
}

// TestLoad wants a model with its overlay, members in order.
func TestLoad(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("toy.json", `{"metadata":{"serviceId":"Toy"},"shapes":{"S":{"type":"structure","members":{"z":{"shape":"T"},"a":{"shape":"T","xmlNamespace":"urn:x"}}}}}`)
	write("overlays/toy.json", `[{"op":"add","path":"/shapes/S/members/m","value":{"shape":"T"},"why":"it is there"}]`)
	s, err := Load(dir, "toy")
	if err != nil {
		t.Fatal(err)
	}
	var names string
	for _, m := range s.Shapes.Find("S").Members {
		names += m.Name
	}
	if names != "zam" || s.Metadata.ServiceID != "Toy" || s.Shapes.Find("S").Members.Find("a").XMLNamespace.URI != "urn:x" {
		t.Errorf("members %q of %+v", names, s)
	}
	write("overlays/toy.json", `[{"op":"remove","path":"/shapes/Gone"}]`)
	if _, err := Load(dir, "toy"); err == nil || !strings.Contains(err.Error(), "overlays") {
		t.Errorf("an overlay that does not apply: %v", err)
	}
}
