package botocore_test

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"nephele.dev/nephele/internal/api/gen/botocore"
	"nephele.dev/nephele/internal/api/gen/emit"
	"nephele.dev/nephele/internal/api/gen/model"
)

// A service of two versions, of which only the newer may be read, with prose
// in every place and members whose names look like traits.
const service = `{
 "version":"2.0",
 "metadata":{"apiVersion":"2020-01-01","endpointPrefix":"toy","protocol":"json","protocols":["json"],"jsonVersion":"1.1","serviceId":"Toy","serviceFullName":"Toy Service","uid":"toy","targetPrefix":"Toy"},
 "documentation":"<p>prose</p>",
 "operations":{
  "Wind":{"name":"Wind","http":{"method":"POST","requestUri":"/"},"input":{"shape":"WindRequest","documentation":"<p>prose</p>"},"output":{"shape":"Toy"},"errors":[{"shape":"Broken","documentation":"<p>prose</p>"}],"documentation":"<p>prose</p>"},
  "Paint":{"name":"Paint","http":{"method":"POST","requestUri":"/"},"staticContextParams":{"x":{"value":1}}}
 },
 "shapes":{
  "WindRequest":{"type":"structure","required":["turns"],"members":{"turns":{"shape":"Turns","documentation":"<p>prose</p>"},"documentation":{"shape":"Text"},"box":{"shape":"Toys"}}},
  "Toy":{"type":"structure","members":{"color":{"shape":"Color"},"parts":{"shape":"Toys"}},"documentation":"<p>prose</p>"},
  "Toys":{"type":"list","member":{"shape":"Toy","documentation":"<p>prose</p>"}},
  "Turns":{"type":"integer","box":true,"min":1,"max":9},
  "Color":{"type":"string","enum":["RED","deep-blue"]},
  "Text":{"type":"string"},
  "Broken":{"type":"structure","members":{"message":{"shape":"Text"}},"error":{"httpStatusCode":409,"senderFault":true},"exception":true}
 }
}`

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	data := []byte(text)
	if strings.HasSuffix(name, ".gz") {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		if _, err := z.Write(data); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		data = b.Bytes()
	}
	file := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

func install(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, "__init__.py", "import os\n\n__version__ = '1.2.3'\n")
	write(t, dir, "data/toy/2019-01-01/service-2.json", `{"old":true}`)
	write(t, dir, "data/toy/2020-01-01/service-2.json.gz", service)
	write(t, dir, "data/toy/2020-01-01/service-2.sdk-extras.json", `{"merge":{"shapes":{"Text":{"type":"string","max":5}}}}`)
	write(t, dir, "data/toy/2020-01-01/paginators-1.json", `{"pagination":{"ListToys":{"input_token":"t"}}}`)
	write(t, dir, "data/toy/2020-01-01/waiters-2.json", `{"version":2,"waiters":{"Wound":{"description":"prose","delay":5}}}`)
	return filepath.Join(dir, "data")
}

// TestRoundTrip imports a service, writes the model, and generates a package
// from it.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	data := install(t)
	o, err := botocore.Import(data, "toy")
	if err != nil {
		t.Fatal(err)
	}
	text := string(model.Format(o))
	for _, gone := range []string{"prose", "uid", `"box":true`, "staticContextParams", `"name"`, "old"} {
		if strings.Contains(text, gone) {
			t.Errorf("%s is still in\n%s", gone, text)
		}
	}
	for _, kept := range []string{`"documentation":{"shape":"Text"}`, `"box":{"shape":"Toys"}`, `"max":5`, `"input_token":"t"`, `"delay":5`} {
		if !strings.Contains(text, kept) {
			t.Errorf("%s is lost in\n%s", kept, text)
		}
	}
	models := t.TempDir()
	write(t, models, "toy.json", text)
	m, err := model.Load(models, "toy")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	if err := emit.Package(files, "toy", m); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{
		"toy/operations.go": "type WindInput struct {\n\tTurns         int32   // 1 to 9\n\tDocumentation *string // length up to 5",
		"toy/types.go":      "type Toy struct {\n\tColor *Color\n\tParts []*Toy\n}",
		"toy/enums.go":      "ColorDeepBlue Color = \"deep-blue\"",
		"toy/errors.go":     "awserr.New(ErrBroken, 409, format, args...)",
		"toy/handlers.go":   "Paint func(context.Context, *PaintInput) (*PaintOutput, error)",
	} {
		if !strings.Contains(string(files[file]), want) {
			t.Errorf("%s does not hold %q:\n%s", file, want, files[file])
		}
	}
}

func TestVersion(t *testing.T) {
	t.Parallel()
	if v, err := botocore.Version(install(t)); err != nil || v != "1.2.3" {
		t.Errorf("%q, %v", v, err)
	}
	if v, err := botocore.Version(t.TempDir()); err == nil {
		t.Errorf("the version of nothing is %q", v)
	}
}

func TestImportRefuses(t *testing.T) {
	t.Parallel()
	data := install(t)
	write(t, data, "bad/2020-01-01/service-2.json", "{")
	write(t, data, "empty/2020-01-01/readme", "")
	write(t, data, "none/readme", "")
	for _, name := range []string{"missing", "bad", "empty", "none"} {
		if _, err := botocore.Import(data, name); err == nil {
			t.Errorf("%s is imported", name)
		}
	}
}
