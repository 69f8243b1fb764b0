package jsonpath_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nephele.dev/nephele/internal/multicheck/jsonpath"
)

const document = `{
	"name": "shop", "open": true, "closed": null, "odd name": 1, "it's": 2, "a-b": 3, "": 4, "ü": 5,
	"users": [{"name": "Ann", "age": 31}, {"name": "Bob", "age": 27, "admin": true}, {"name": "Cy"}],
	"matrix": [[1, 2], [3, 4]], "big": 12345678901234567890, "nested": {"name": "inner", "users": []}
}`

func find(t *testing.T, path, doc string) (string, error) {
	t.Helper()
	p, err := jsonpath.Parse(path)
	if err != nil {
		return "", err
	}
	var root any
	d := json.NewDecoder(strings.NewReader(doc))
	d.UseNumber()
	if err := d.Decode(&root); err != nil {
		t.Fatal(err)
	}
	found, err := p.Find(root)
	if found == nil {
		found = []any{}
	}
	b, _ := json.Marshal(found)
	return string(b), err
}

func TestFind(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"$.name": `["shop"]`, "$['name']": `["shop"]`, `$["odd name"]`: `[1]`, `$['it\'s']`: `[2]`, "$.a-b": `[3]`, "$['']": `[4]`, "$.ü": `[5]`,
		`$['\u006eame']`: `["shop"]`, "$.closed": `[null]`, "$.missing": `[]`, "$.name.x": `[]`, "$.users.name": `[]`,
		"$.users[0].name": `["Ann"]`, "$.users[-1].name": `["Cy"]`, "$.users[3]": `[]`, "$.users[-4]": `[]`, "$.name[0]": `[]`,
		"$.users[*].name": `["Ann","Bob","Cy"]`, "$.users.*.age": `[31,27]`, "$.users[0,2].name": `["Ann","Cy"]`, "$['name','open']": `["shop",true]`,
		"$.users[1:].name": `["Bob","Cy"]`, "$.users[:1].name": `["Ann"]`, "$.users[::-1].name": `["Cy","Bob","Ann"]`, "$.users[::2].name": `["Ann","Cy"]`,
		"$.users[-2:-1].name": `["Bob"]`, "$.users[::0]": `[]`, "$.users[5:]": `[]`, "$.users[2:0:-1].name": `["Cy","Bob"]`,
		"$..name": `["shop","inner","Ann","Bob","Cy"]`, "$..[0]": `[[1,2],1,3,{"age":31,"name":"Ann"}]`, "$.matrix..*": `[[1,2],[3,4],1,2,3,4]`,
		"$.users[?(@.age)].name": `["Ann","Bob"]`, "$.users[?@.age > 30].name": `["Ann"]`, "$.users[?(@.name == 'Bob')].age": `[27]`,
		"$.users[?(@.admin == true || @.name == \"Cy\")].name": `["Bob","Cy"]`, "$.users[?(@.age && !@.admin)].name": `["Ann"]`,
		"$.users[?(@.age != 31)].name": `["Bob","Cy"]`, "$.users[?(@.name >= 'Bob')].name": `["Bob","Cy"]`, "$.users[?(!(@.age <= 27.5))].name": `["Ann","Cy"]`,
		"$.users[?(@.name == $.users[0].name)].age": `[31]`, "$.users[?(@.missing == @.absent)].name": `["Ann","Bob","Cy"]`,
		"$.matrix[?(@[0] == 3)]": `[[3,4]]`, "$.users[?(@.age < '3')]": `[]`, "$.big": `[12345678901234567890]`, "$.users[?(@.age == 2.7e1)].name": `["Bob"]`,
		"$[?(@ == null)]": `[null]`,
	} {
		got, err := find(t, path, document)
		if err != nil {
			t.Errorf("%s: %v", path, err)
		} else if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"": "at 0: a path begins with $", "name": "at 0: a path begins with $", "$.": "at 2: a name is missing", "$.users[": "at 8: a name in quotes",
		"$.users[0": "at 9: ] or , is missing", "$['a": "at 4: a quote is not closed", "$.users.length()": "functions are not supported",
		"$ .a": `unexpected " .a"`, "$[?(length(@.a) > 1)]": "functions are not supported", "$[?(1)]": "a literal alone", "$[?@.a ==]": "is missing",
		"$[99999999999999999999]": "not a number", `$['\q']`: "not an escape", "$[?(@.a": ") is missing", "$" + strings.Repeat(".a", 600): "longer than",
		"$[?" + strings.Repeat("(", 50): "nested too deeply", "$[?" + strings.Repeat("!", 50): "nested too deeply",
	} {
		_, err := jsonpath.Parse(path)
		if _, ok := errors.AsType[*jsonpath.SyntaxError](err); !ok || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60s: %v, want %q", path, err, want)
		}
	}
}

// A path that multiplies what it visits ends with an error, soon.
func TestBudget(t *testing.T) {
	t.Parallel()
	doc := strings.Repeat("[", 200) + "1" + strings.Repeat("]", 200)
	if _, err := find(t, "$..*..*..*..*..nothing", doc); !errors.Is(err, jsonpath.ErrTooMuch) {
		t.Errorf("visits: %v", err)
	}
	if _, err := find(t, "$..*..*", doc); !errors.Is(err, jsonpath.ErrTooMuch) {
		t.Errorf("results: %v", err)
	}
	if _, err := find(t, "$[?(@..*..*..*..* == 1)]", "["+doc+"]"); err != nil && !errors.Is(err, jsonpath.ErrTooMuch) {
		t.Errorf("filter: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"$.a[0]['b'][?(@.c > 1 && !@.d)]..e[1:2:-1,*]", "$[?@==$]", `$["\u00e9"]`} {
		f.Add(s)
	}
	var root any
	if err := json.Unmarshal([]byte(document), &root); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := jsonpath.Parse(s)
		if err != nil {
			return
		}
		if p.String() != s {
			t.Errorf("%q reads %q", s, p)
		}
		if found, err := p.Find(root); err == nil && len(found) > jsonpath.MaxResults {
			t.Error("too many results")
		}
	})
}
