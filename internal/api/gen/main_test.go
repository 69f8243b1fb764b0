package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestGenerate writes a tree of packages from models, and removes what it wrote
// for a model that is gone, but nothing else.
func TestGenerate(t *testing.T) {
	t.Parallel()
	api := t.TempDir()
	put := func(name, text string) {
		file := filepath.Join(api, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	const toy = `{"metadata":{"protocols":["json"],"serviceFullName":"Toy"},"operations":{"Do":{"http":{"method":"POST","requestUri":"/"}}},"shapes":{}}`
	put("models/toy.json", strings.Replace(toy, `"shapes"`, `"waiters":{"Done":{"delay":1}},"shapes"`, 1))
	put("models/old.json", strings.Replace(toy, `"shapes"`, `"pagination":{"Do":{"input_token":"t"}},"shapes"`, 1))
	if err := run([]string{"generate", "-api", api}); err != nil {
		t.Fatal(err)
	}
	put("old/notes.go", "package old\n")
	if err := os.Remove(filepath.Join(api, "models/old.json")); err != nil {
		t.Fatal(err)
	}
	if err := run([]string{"generate", "-api", api}); err != nil {
		t.Fatal(err)
	}
	have, err := filepath.Glob(filepath.Join(api, "*", "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range have {
		have[i], _ = filepath.Rel(api, have[i])
	}
	extras, err := filepath.Glob(filepath.Join(api, "extras", "data", "*"))
	if err != nil || len(extras) != 1 || filepath.Base(extras[0]) != "toy.json" {
		t.Errorf("paginators and waiters are in %v, %v", extras, err)
	}
	want := "all/all.go old/notes.go toy/client.go toy/doc.go toy/handlers.go toy/operations.go toy/tables.go"
	if s := strings.Join(have, " "); s != want {
		t.Errorf("have %s, want %s", s, want)
	}
}

func TestUsage(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{nil, {"sing"}, {"import", "-data", t.TempDir()}, {"generate", "-api", filepath.Join(t.TempDir(), "none", "[")}} {
		if err := run(args); err == nil {
			t.Errorf("%q: no error", args)
		}
	}
}
