package logfilter_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"nephele.dev/nephele/internal/logfilter"
)

const trail = `{"eventType": "UpdateTrail", "sourceIPAddress": "111.111.111.111", "arrayKey": ["value", "another value"],
 "objectList": [{"name": "a", "id": 1}, {"name": "b", "id": 2}], "SomeObject": null, "ThisFlag": true, "off": false,
 "errorCode": 400, "ms": 0.0015, "text": "12", "user": {"id": 1, "email": "John.Stiles@example.com"}, "a.b": {"c-d": "x"},
 "actions": ["GET", "PUT", "DELETE"], "service": "none \"quoted\" \\ done"}`

const access = `127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534`

func TestMatches(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		pattern, message string
		want             bool
	}{
		// Terms.
		{"", "anything", true},
		{`" "`, "anything", true},
		{"ERROR", "[ERROR 400] BAD REQUEST", true},
		{"ERROR", "[error 400] BAD REQUEST", false},
		{"ERROR ARGUMENTS", "[ERROR 419] MISSING ARGUMENTS", true},
		{"ERROR ARGUMENTS", "[ERROR 400] BAD REQUEST", false},
		{"?ERROR ?ARGUMENTS", "[INFO] MISSING ARGUMENTS", true},
		{"?ERROR ?ARGUMENTS", "[INFO] FINE", false},
		{"?ERROR REQUEST", "[INFO] REQUEST FAILED", true},
		{"?ERROR REQUEST", "[ERROR] OTHER", false},
		{"ERROR -ARGUMENTS", "[ERROR 400] BAD REQUEST", true},
		{"ERROR -ARGUMENTS", "[ERROR 419] MISSING ARGUMENTS", false},
		{`"INTERNAL SERVER ERROR"`, "[ERROR 500] INTERNAL SERVER ERROR", true},
		{`-"bad thing" x`, "a bad thing x", false},
		{`"a\"b\\"`, `-a"b\-`, true},
		{"%AUTHORIZED%", "[ERROR 401] UNAUTHORIZED REQUEST", true},
		{`%\d{1,3}\.\d{1,3}%`, "at 10.20", true},
		{`%^[hc]at$%`, "hat", true},
		{`%^[hc]at$%`, "a hat", false},
		{`-%[Ee]rror|[Ff]ail%`, "it failed", false},
		{`-%[Ee]rror|[Ff]ail%`, "it is fine", true},
		{`%gr[^b]y\x41\u0042%`, "greyAB", true},
		// JSON.
		{`{ $.eventType = "UpdateTrail" }`, trail, true},
		{`{ $.eventType = UpdateTrail }`, trail, true},
		{`{$.eventType="Update*"}`, trail, true},
		{`{ $.eventType = "*" }`, trail, true},
		{`{ $.SomeObject = "*" }`, trail, false},
		{`{ $.eventType != "UpdateTrail" }`, trail, false},
		{`{ $.nothing != "x" }`, trail, false},
		{`{ $.sourceIPAddress != 123.123.* }`, trail, true},
		{`{ $.sourceIPAddress = 111.111.* }`, trail, true},
		{`{ $.arrayKey[0] = "value" }`, trail, true},
		{`{ $.arrayKey[2] = "value" }`, trail, false},
		{`{ $.arrayKey[*] = "another value" }`, trail, true},
		{`{ $.objectList[1].id = 2 }`, trail, true},
		{`{ $.objectList[*].id > 2 }`, trail, false},
		{`{ $.user.*  = 1 }`, trail, true},
		{`{ $.SomeObject IS NULL }`, trail, true},
		{`{ $.SomeOtherObject IS NULL }`, trail, false},
		{`{ $.SomeOtherObject NOT EXISTS }`, trail, true},
		{`{ $.SomeObject EXISTS }`, trail, true},
		{`{ $.ThisFlag IS TRUE }`, trail, true},
		{`{ $.off IS TRUE }`, trail, false},
		{`{ $.off IS FALSE }`, trail, true},
		{`{ $.errorCode = 400 }`, trail, true},
		{`{ $.errorCode = 4e2 }`, trail, true},
		{`{ $.errorCode >= 400 && $.errorCode <= 4.0E+2 }`, trail, true},
		{`{ $.errorCode < 400 || $.errorCode > 400 }`, trail, false},
		{`{ $.errorCode = 4* }`, trail, true},
		{`{ $.ms < 1.6e-3 }`, trail, true},
		{`{ $.text > 11 }`, trail, true},
		{`{ $.eventType > 11 }`, trail, false},
		{`{ $.['a.b'].c-d = x }`, trail, true},
		{`{ $["a.b"].c-d = x }`, trail, true},
		{`{ $.eventType = %Trail$% }`, trail, true},
		{`{ $.eventType != %^Trail% }`, trail, true},
		{`{ $.service = "none \"quoted\" \\ done" }`, trail, true},
		{`{ ($.user.id = 1) && ($.objectList[0].name = "a") || $.actions[2] = "nonmatch" }`, trail, true},
		{`{ $.user.id = 2 && ($.objectList[0].name = "a" || $.actions[2] = "DELETE") }`, trail, false},
		{`{ $.user.id = 2 && $.user.id = 3 || $.user.id = 1 }`, trail, true},
		{`{ $.user = "*" }`, trail, true},
		{`{ $.user = "x" }`, trail, false},
		{`{ $.eventType = "*" }`, `not {"eventType": 1}`, false},
		{`{ $.a = 1 }`, `{"a": 1} trailing`, false},
		{`{ $[1].a = 1 }`, `[0, {"a": 1}]`, true},
		// Words.
		{"[]", access, true},
		{"[ip, user, username, timestamp, request, status_code, bytes]", access, true},
		{"[ip, user, username, timestamp, request, status_code]", access, false},
		{"[ip, user, username, timestamp, request, status_code = 4*, bytes > 1000]", access, true},
		{"[ip, user, username, timestamp, request, status_code = 404 || status_code = 410, bytes > 1000]", access, true},
		{"[ip, user, username, timestamp, request =*.html*, status_code = 4*, bytes]", access, true},
		{"[ip, user, username, timestamp, request = %^POST%, status_code = 4*, bytes]", access, false},
		{"[..., size]", access, true},
		{"[ip, user, ..., size = 1534]", access, true},
		{"[ip, user, ..., status_code >= 400 && status_code < 500, size]", access, true},
		{"[ip, user, ..., (status_code = 5* || status_code = 404) && status_code != 403, size]", access, true},
		{"[ip, user, ..., status_code = 5*, size]", access, false},
		{`[ip, user="-", username = "fr*", ...]`, access, true},
		{"[a, b, ...]", "one", false},
		{"[a, ...]", "one", true},
	} {
		p, err := logfilter.Parse(tt.pattern)
		if err != nil {
			t.Errorf("%s: %v", tt.pattern, err)
			continue
		}
		if got := p.Matches(tt.message); got != tt.want {
			t.Errorf("%s on %.60s: %v", tt.pattern, tt.message, got)
		}
	}
}

func TestInvalid(t *testing.T) {
	t.Parallel()
	for _, pattern := range []string{
		`"open`, "-", "?", "%open", "%%", "%some!%", "%(a)%", `%\q%`, `%a{2,1}%`, "%ä%",
		"{", "{}", "{ $.a }", "{ $.a = }", "{ a = 1 }", "{ $ = 1 }", "{ $.a = 1", "{ $.a > x }", `{ $.a > "1" }`, "{ $.a = 1 && }",
		"{ ($.a = 1 }", "{ $.a = 1) }", "{ $.a IS }", "{ $.a NOT }", "{ $.a[x] = 1 }", "{ $.a[-1] = 1 }", "{ $.*.* = 1 }",
		"{ $.*.a = 1 || $.*.b = 1 || $.*.c = 1 || $.*.d = 1 }", "{ $.a = %x% && $.b = %x% && $.c = %x% }", "{ $.a. = 1 }",
		"[", "[a", "[a,]", "[,a]", "[a,a]", "[a, ..., b, ...]", "[a = 1 && b = 2]", "[a b]", "[a > x]",
		"{" + strings.Repeat("(", 100) + "$.a = 1" + strings.Repeat(")", 100) + "}",
		strings.Repeat("x", 1025), "\xff",
	} {
		if _, err := logfilter.Parse(pattern); err == nil || err.Error() != "Invalid filter pattern" {
			t.Errorf("%.80q: %v", pattern, err)
		}
	}
	if _, err := logfilter.Parse("a error: b"); err == nil || err.Error() != "Invalid character(s) in term 'error:'" {
		t.Error(err)
	}
}

func TestValues(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		pattern, message string
		want             map[string]string
	}{
		{"frank", access, map[string]string{}},
		{
			`{ $.errorCode = 400 && ($.user.id = 2 || $.eventType = "*") && $.gone NOT EXISTS }`, trail,
			map[string]string{"$.errorCode": "400", "$.user.id": "1", "$.eventType": "UpdateTrail"},
		},
		{`{ $.objectList[*].id = 2 }`, trail, map[string]string{"$.objectList[*].id": "1"}},
		{"[]", access, map[string]string{"$1": "127.0.0.1", "$2": "-", "$3": "frank", "$4": "10/Oct/2000:13:25:15 -0700", "$5": "GET /index.html HTTP/1.0", "$6": "404", "$7": "1534"}},
		{"[ip, id, user, when, request, status=4*, bytes]", access, map[string]string{"$ip": "127.0.0.1", "$id": "-", "$user": "frank", "$when": "10/Oct/2000:13:25:15 -0700", "$request": "GET /index.html HTTP/1.0", "$status": "404", "$bytes": "1534"}},
		{"[ip, ..., size]", access, map[string]string{"$ip": "127.0.0.1", "$2": "-", "$3": "frank", "$4": "10/Oct/2000:13:25:15 -0700", "$5": "GET /index.html HTTP/1.0", "$6": "404", "$size": "1534"}},
	} {
		p, err := logfilter.Parse(tt.pattern)
		if err != nil {
			t.Fatal(err)
		}
		r, ok := p.Match(tt.message)
		if !ok {
			t.Errorf("%s does not match", tt.pattern)
			continue
		}
		if diff := cmp.Diff(tt.want, r.Values()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.pattern, diff)
		}
	}
}

func TestFields(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		pattern, message, ref, want string
		ok                          bool
	}{
		{`{ $.eventType = "*" }`, trail, "$.user.id", "1", true},
		{`{ $.eventType = "*" }`, trail, "$.SomeObject", "", false},
		{`{ $.eventType = "*" }`, trail, "$.gone", "", false},
		{"[ip, ..., size]", access, "$size", "1534", true},
		{"[ip, ..., size]", access, "$3", "frank", true},
		{"[ip, ..., size]", access, "$30", "", false},
	} {
		p, err := logfilter.Parse(tt.pattern)
		if err != nil {
			t.Fatal(err)
		}
		f, err := p.Field(tt.ref)
		if err != nil {
			t.Fatal(err)
		}
		r, _ := p.Match(tt.message)
		if got, ok := r.Value(f); got != tt.want || ok != tt.ok {
			t.Errorf("%s of %s: %q, %v", tt.ref, tt.pattern, got, ok)
		}
	}
	for pattern, ref := range map[string]string{"ERROR": "$.a", "[a]": "$b", `{ $.a = 1 }`: "$a", "[b]": "b"} {
		p, err := logfilter.Parse(pattern)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Field(ref); err == nil {
			t.Errorf("%s has a field %s", pattern, ref)
		}
	}
}

// TestLogic checks random expressions against Go's own booleans.
func TestLogic(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.IntRange(-3, 3), 3, 3).Draw(t, "values")
		message, _ := json.Marshal(map[string]int{"a": values[0], "b": values[1], "c": values[2]})
		var build func(depth int) (string, bool)
		build = func(depth int) (string, bool) {
			if depth == 0 || rapid.IntRange(0, 2).Draw(t, "leaf") == 0 {
				i, n := rapid.IntRange(0, 2).Draw(t, "field"), rapid.IntRange(-3, 3).Draw(t, "number")
				op := rapid.SampledFrom([]string{"=", "!=", "<", "<=", ">", ">="}).Draw(t, "op")
				v := values[i]
				holds := map[string]bool{"=": v == n, "!=": v != n, "<": v < n, "<=": v <= n, ">": v > n, ">=": v >= n}[op]
				return fmt.Sprintf("$.%c %s %d", 'a'+i, op, n), holds
			}
			left, l := build(depth - 1)
			right, r := build(depth - 1)
			if rapid.Bool().Draw(t, "and") {
				return "(" + left + ") && (" + right + ")", l && r
			}
			return left + " || " + right, l || r
		}
		text, want := build(3)
		p, err := logfilter.Parse("{" + text + "}")
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if got := p.Matches(string(message)); got != want {
			t.Errorf("%s on %s: %v", text, message, got)
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"", "a b", `"a b" -c`, "?x ?y", `"\"q\\"`, "-", "%a.b% x", `{ $.a = "1*" && ($.b[0] >= 1e3 || $['x'].*.y IS NULL) }`,
		"[a, ..., b = 4* || b != %x% && b > 1]", "{ $.a NOT EXISTS }", "[]",
	} {
		f.Add(seed, `{"a": "1x", "b": [1e4], "x": {"y": null}}`)
		f.Add(seed, `a [b c] "d e" 404`)
	}
	f.Fuzz(func(t *testing.T, text, message string) {
		p, err := logfilter.Parse(text)
		if err != nil {
			return
		}
		r, ok := p.Match(message)
		if ok != p.Matches(message) {
			t.Errorf("%q on %q: Match says %v, Matches not", text, message, ok)
		}
		if !ok {
			return
		}
		for name, value := range r.Values() {
			field, err := p.Field(name)
			if err != nil {
				t.Errorf("%q names %q: %v", text, name, err)
				continue
			}
			if got, there := r.Value(field); there && got != value {
				t.Errorf("%q of %q is %q and %q", name, text, value, got)
			}
		}
	})
}

func BenchmarkMatch(b *testing.B) {
	for name, pattern := range map[string]string{"terms": "frank -POST", "words": "[ip, ..., status=4*, size>1000]", "json": `{ $.errorCode >= 400 && $.user.email = "John*" }`} {
		p, err := logfilter.Parse(pattern)
		if err != nil {
			b.Fatal(err)
		}
		message := access
		if name == "json" {
			message = trail
		}
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				p.Matches(message)
			}
		})
	}
}

// TestCostlyRegex: every event of a group is matched with its filters, and no
// match can be broken off.
func TestCostlyRegex(t *testing.T) {
	t.Parallel()
	for pattern, ok := range map[string]bool{
		`%` + strings.Repeat("[ab]{1000}", 100) + `%`:      false,
		`{ $.a = %(x{100}){30}% }`:                         false,
		`%` + strings.Repeat("x", 1000) + `%`:              true,
		`%[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}%`: true,
	} {
		if _, err := logfilter.Parse(pattern); (err == nil) != ok {
			t.Errorf("%.40s: %v", pattern, err)
		}
	}
}
