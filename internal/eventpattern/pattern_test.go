package eventpattern

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

func TestMatch(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, pattern string
		yes, no       []string
	}{
		{"string", `{"a":["x","y"]}`, []string{`{"a":"x"}`, `{"a":"y","b":1}`, `{"a":["z","y"]}`}, []string{`{}`, `{"a":"z"}`, `{"a":{"x":"x"}}`, `{"a":[]}`, `{"b":"x"}`, `[]`, `"x"`, `{"A":"x"}`}},
		{"number", `{"a":[300]}`, []string{`{"a":300}`, `{"a":300.0}`, `{"a":3.0e2}`, `{"a":3E+2}`, `{"a":[1,300]}`}, []string{`{"a":"300"}`, `{"a":3000}`, `{"a":-300}`, `{"a":30}`}},
		{"zero", `{"a":[0]}`, []string{`{"a":-0.0}`, `{"a":0e99}`}, []string{`{"a":1e-300}`}},
		{"big number", `{"a":[123456789012]}`, []string{`{"a":123456789012}`, `{"a":123456789012.0}`}, []string{`{"a":123456789013}`}},
		{"null and booleans", `{"a":[null,true]}`, []string{`{"a":null}`, `{"a":true}`}, []string{`{"a":false}`, `{"a":"null"}`, `{}`}},
		{"empty string", `{"a":[""]}`, []string{`{"a":""}`}, []string{`{"a":" "}`, `{"a":null}`}},
		{"prefix", `{"a":[{"prefix":"us-"}]}`, []string{`{"a":"us-east-1"}`, `{"a":"us-"}`}, []string{`{"a":"us"}`, `{"a":"US-"}`, `{"a":1}`}},
		{"prefix ignoring case", `{"a":[{"prefix":{"equals-ignore-case":"Ärg"}}]}`, []string{`{"a":"ärger"}`, `{"a":"ÄRG"}`}, []string{`{"a":"är"}`, `{"a":"xärg"}`}},
		{"suffix", `{"a":[{"suffix":".png"}]}`, []string{`{"a":"x.png"}`, `{"a":".png"}`}, []string{`{"a":".PNG"}`, `{"a":"png"}`}},
		{"suffix ignoring case", `{"a":[{"suffix":{"equals-ignore-case":".pÑg"}}]}`, []string{`{"a":"x.Pñg"}`}, []string{`{"a":"g"}`, `{"a":"pñg "}`}},
		{"equals-ignore-case", `{"a":[{"equals-ignore-case":"AlIce"}]}`, []string{`{"a":"alice"}`}, []string{`{"a":"alic"}`}},
		{"anything-but string", `{"a":[{"anything-but":"x"}]}`, []string{`{"a":"y"}`, `{"a":1}`, `{"a":null}`, `{"a":["x","y"]}`}, []string{`{"a":"x"}`, `{}`, `{"a":["x"]}`, `{"a":{"b":1}}`}},
		{"anything-but list", `{"a":[{"anything-but":["x","y"]}]}`, []string{`{"a":"z"}`}, []string{`{"a":"x"}`, `{"a":"y"}`}},
		{"anything-but number", `{"a":[{"anything-but":[100,200.0]}]}`, []string{`{"a":150}`, `{"a":"100"}`}, []string{`{"a":1e2}`, `{"a":200}`}},
		{"anything-but prefix", `{"a":[{"anything-but":{"prefix":"init"}}]}`, []string{`{"a":"x"}`, `{"a":1}`}, []string{`{"a":"initial"}`}},
		{"anything-but prefixes", `{"a":[{"anything-but":{"prefix":["a","b"]}}]}`, []string{`{"a":"c"}`}, []string{`{"a":"ax"}`, `{"a":"bx"}`}},
		{"anything-but suffix", `{"a":[{"anything-but":{"suffix":".png"}}]}`, []string{`{"a":"x.jpg"}`}, []string{`{"a":"x.png"}`}},
		{"anything-but ignoring case", `{"a":[{"anything-but":{"equals-ignore-case":["Init","x"]}}]}`, []string{`{"a":"y"}`}, []string{`{"a":"INIT"}`, `{"a":"X"}`}},
		{"anything-but wildcard", `{"a":[{"anything-but":{"wildcard":"*/lib/*"}}]}`, []string{`{"a":"/bin/x"}`}, []string{`{"a":"/lib/x"}`}},
		{"numeric =", `{"a":[{"numeric":["=",3.018e2]}]}`, []string{`{"a":301.8}`}, []string{`{"a":301.80001}`, `{"a":"301.8"}`}},
		{"numeric range", `{"a":[{"numeric":[">",0,"<=",5]}]}`, []string{`{"a":5}`, `{"a":0.000001}`}, []string{`{"a":0}`, `{"a":5.0000001}`, `{"a":-1}`}},
		{"numeric >=", `{"a":[{"numeric":[">=",-1.5]}]}`, []string{`{"a":-1.5}`, `{"a":4999999999}`}, []string{`{"a":-1.6}`, `{"a":5000000001}`}},
		{"numeric <", `{"a":[{"numeric":["<",10]}]}`, []string{`{"a":9.99}`, `{"a":-12}`}, []string{`{"a":10}`, `{"a":100}`}},
		{"exists", `{"a":{"b":[{"exists":true}]}}`, []string{`{"a":{"b":null}}`, `{"a":[{"c":1},{"b":0}]}`}, []string{`{"a":{}}`, `{"a":{"b":{"c":1}}}`, `{"a":{"b":[]}}`}},
		{"exists not", `{"a":{"b":[{"exists":false}]}}`, []string{`{}`, `{"a":{}}`, `{"a":{"b":{"c":1}}}`, `{"a":{"b":[]}}`}, []string{`{"a":{"b":null}}`, `{"a":[{"c":1},{"b":0}]}`}},
		{"exists not or value", `{"a":[{"exists":false},"x"],"c":[1]}`, []string{`{"c":1}`, `{"a":"x","c":1}`}, []string{`{"a":"y","c":1}`, `{"a":"x"}`}},
		{"cidr", `{"a":[{"cidr":"10.0.0.0/24"}]}`, []string{`{"a":"10.0.0.255"}`}, []string{`{"a":"10.0.1.0"}`, `{"a":"x"}`, `{"a":"::1"}`}},
		{"cidr 6", `{"a":[{"cidr":"2001:db8::/32"}]}`, []string{`{"a":"2001:db8:0:1::5"}`}, []string{`{"a":"2001:db9::"}`}},
		{"wildcard", `{"a":[{"wildcard":"/usr/*/bin/*.sh"}]}`, []string{`{"a":"/usr/a/bin/x.sh"}`, `{"a":"/usr//bin/.sh"}`}, []string{`{"a":"/usr/bin/x.sh"}`, `{"a":"/usr/a/bin/x.s"}`}},
		{"wildcard overlap", `{"a":[{"wildcard":"aba*aba"}]}`, []string{`{"a":"abaaba"}`}, []string{`{"a":"ababa"}`}},
		{"wildcard escape", `{"a":[{"wildcard":"\\**\\\\"}]}`, []string{`{"a":"*x\\"}`, `{"a":"*\\"}`}, []string{`{"a":"x\\"}`}},
		{"wildcard alone", `{"a":[{"wildcard":"*"}]}`, []string{`{"a":""}`, `{"a":"x"}`}, []string{`{"a":1}`}},
		{"nested", `{"d":{"s":["x"],"t":{"u":[1]}},"r":["y"]}`, []string{`{"d":{"s":"x","t":{"u":1}},"r":["y","z"]}`}, []string{`{"d":{"s":"x","t":{"u":2}},"r":"y"}`, `{"d":"x","r":"y"}`}},
		{"within one element", `{"e":{"f":["A"],"l":["Y"]}}`, []string{`{"e":[{"f":"A","l":"Y"},{"f":"B","l":"X"}]}`, `{"e":[[{"f":"A","l":"Y"}]]}`}, []string{`{"e":[{"f":"A","l":"X"},{"f":"B","l":"Y"}]}`}},
		{"or", `{"s":["x"],"$or":[{"a":[1]},{"b":[2],"c":[3]}]}`, []string{`{"s":"x","a":1}`, `{"s":"x","b":2,"c":3}`}, []string{`{"s":"x"}`, `{"a":1}`, `{"s":"x","b":2}`}},
		{"or in object", `{"d":{"$or":[{"a":[1]},{"$or":[{"b":[2]},{"b":[3]}]}]}}`, []string{`{"d":{"a":1}}`, `{"d":{"b":3}}`}, []string{`{"d":{"b":1}}`}},
		{"dots are no paths", `{"a.b":["x"]}`, []string{`{"a.b":"x"}`}, []string{`{"a":{"b":"x"}}`}},
		{"exactly", `{"a":[{"exactly":"x"}]}`, []string{`{"a":"x"}`}, []string{`{"a":"y"}`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, err := Parse([]byte(tt.pattern), EventBridge)
			if err != nil {
				t.Fatal(err)
			}
			for want, docs := range map[bool][]string{true: tt.yes, false: tt.no} {
				for _, doc := range docs {
					if got, err := p.MatchJSON([]byte(doc)); err != nil || got != want {
						t.Errorf("%s with %s: %v, %v; want %v", tt.pattern, doc, got, err, want)
					}
				}
			}
		})
	}
}

func TestParseErrors(t *testing.T) {
	t.Parallel()
	tests := []struct {
		dialect      Dialect
		pattern, err string
	}{
		{EventBridge, `{"source":"aws.ec2"}`, "Event pattern is not valid. Reason: \"source\" must be an object or an array\n at [Source: (String)\"{\"source\":\"aws.ec2\"}\"; line: 1, column: 12]"},
		{EventBridge, `{"source": ["aws.health"], "detail": {}}`, "Reason: Empty objects are not allowed\n at [Source: (String)\"{\"source\": [\"aws.health\"], \"detail\": {}}\"; line: 1, column: 40]"},
		{EventBridge, `[]`, "Reason: Filter is not an object\n at [Source: (String)\"[]\"; line: 1, column: 2]"},
		{EventBridge, `{}`, "Empty objects are not allowed"},
		{EventBridge, `{"a":[]}`, "Empty arrays are not allowed"},
		{EventBridge, `{"a":[["x"]]}`, "Match value must be String, number, true, false, or null"},
		{EventBridge, `{"a":[{}]}`, "Match expression name not found"},
		{EventBridge, `{"a":[{"test":"v"}]}`, "Unrecognized match type test"},
		{EventBridge, `{"a":[{"prefix":1}]}`, "prefix match pattern must be a string"},
		{EventBridge, `{"a":[{"suffix":["x"]}]}`, "suffix match pattern must be a string"},
		{EventBridge, `{"a":[{"prefix":"x","suffix":"y"}]}`, "Only one key allowed in match expression"},
		{EventBridge, `{"a":[{"prefix":{"wildcard":"x"}}]}`, "Unsupported prefix pattern: wildcard"},
		{EventBridge, `{"a":[{"numeric":"x"}]}`, "Value of numeric must be an array."},
		{EventBridge, `{"a":[{"numeric":[1]}]}`, "Invalid member in numeric match: 1"},
		{EventBridge, `{"a":[{"numeric":["<"]}]}`, "Value of < must be numeric"},
		{EventBridge, `{"a":[{"numeric":["=",1,2]}]}`, "Too many elements in numeric expression"},
		{EventBridge, `{"a":[{"numeric":["!",1]}]}`, "Unrecognized numeric range operator: !"},
		{EventBridge, `{"a":[{"numeric":[">",1,">",2]}]}`, "Bad numeric range operator: >"},
		{EventBridge, `{"a":[{"numeric":[">",1,2]}]}`, "Bad value in numeric range: 2"},
		{EventBridge, `{"a":[{"numeric":[">",2,"<",1]}]}`, "Bottom must be less than top"},
		{EventBridge, `{"a":[{"numeric":[">",1,"<",2,3]}]}`, "Too many terms in numeric range expression"},
		{EventBridge, `{"a":[{"numeric":[">",5000000001]}]}`, "Value must be between -5.0E9 and 5.0E9, inclusive"},
		{SNSFilter, `{"a":[{"numeric":[">",1000000001]}]}`, "FilterPolicy: Value must be between -1.0E9 and 1.0E9, inclusive"},
		{EventBridge, `{"a":[{"anything-but":null}]}`, "Value of anything-but must be an array or single string/number value."},
		{EventBridge, `{"a":[{"anything-but":[1,"x"]}]}`, "Inside anything but list, either all values are number or string, mixed type is not supported"},
		{EventBridge, `{"a":[{"anything-but":[true]}]}`, "Inside anything but list, start|null|boolean is not supported."},
		{EventBridge, `{"a":[{"anything-but":{"cidr":"x"}}]}`, "Unsupported anything-but pattern: cidr"},
		{EventBridge, `{"a":[{"anything-but":{"prefix":""}}]}`, "Null prefix/suffix not allowed"},
		{EventBridge, `{"a":[{"exists":1}]}`, "exists match pattern must be either true or false."},
		{EventBridge, `{"a":[{"cidr":"10.0.0.0"}]}`, "Malformed CIDR, one '/' required"},
		{EventBridge, `{"a":[{"cidr":"10.0.0/8"}]}`, "Nonstandard IP address: 10.0.0"},
		{EventBridge, `{"a":[{"cidr":"10.0.0.0/33"}]}`, "IPv4 mask bits must be <= 32"},
		{EventBridge, `{"a":[{"wildcard":"a**"}]}`, "Consecutive wildcard characters at pos 2"},
		{EventBridge, `{"a":[{"wildcard":"a\\x"}]}`, "Invalid escape character at pos 2"},
		{EventBridge, `{"$or":[{"a":[1]}]}`, "There must have at least 2 Objects in $or relationship."},
		{EventBridge, `{"$or":{"a":[1]}}`, "It must be an Array followed with $or."},
		{EventBridge, `{"$or":[1,2]}`, "Only JSON object is allowed in array of $or relationship."},
		{EventBridge, `{"$or":[{"prefix":[1]},{"a":[1]}]}`, "prefix is Ruler reserved fieldName which cannot be used inside $or."},
		{EventBridge, `{"a":[1],"a":[2]}`, "Path `a` cannot be allowed multiple times"},
		{EventBridge, `{a:[1]}`, "Unexpected character ('a' (code 97)): was expecting double-quote to start field name"},
		{EventBridge, "{\n\"a\":[x]}", "Unrecognized token 'x': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')\n at [Source: (String)\"{\n\"a\":[x]}\"; line: 2, column: 7]"},
		{EventBridge, `{"a":[1`, "Unexpected end-of-input"},
		{EventBridge, `{"a":[1]} x`, "Unrecognized token 'x'"},
		{EventBridge, `{"a":[01]}`, "Invalid numeric value"},
		{EventBridge, ``, "Filter is not an object"},
		{EventBridge, `{"a":["` + strings.Repeat("x", 600) + `"],"b":1}`, "x\"[truncated 116 chars]; line: 1, column: "},
		{EventBridge, `{"a":` + strings.Repeat(`{"a":`, 1000) + `[1]`, "exceeds the maximum allowed"},
		{EventBridge, orPattern(10), "Rule is too complex - try using fewer OR ($or) conditions"},
		{SNSFilter, `{"a":{"b":["x"]}}`, "Filter policy scope MessageAttributes does not support nested filter policy"},
		{SNSFilter, `{"a":["x"],"b":["x"],"c":["x"],"d":["x"],"e":["x"],"f":["x"]}`, "Filter policy can not have more than 5 keys"},
		{SNSBody, `{"a":{"b":[1,2,3,4,5,6]},"c":[1,2,3,4,5,6,7,8,9,10,11,12,13]}`, "FilterPolicy: Filter policy is too complex"},
	}
	for _, tt := range tests {
		_, err := Parse([]byte(tt.pattern), tt.dialect)
		var e *Error
		if !errors.As(err, &e) || !strings.Contains(e.Error(), tt.err) {
			t.Errorf("%.80s: %v; want %s", tt.pattern, err, tt.err)
		}
	}
}

// orPattern has 2^n alternatives.
func orPattern(n int) string {
	fields := make([]string, n)
	for i := range fields {
		name, _ := json.Marshal(strings.Repeat("x", i+1))
		fields[i] = string(name) + `:{"$or":[{"a":[1]},{"b":[1]}]}`
	}
	return "{" + strings.Join(fields, ",") + "}"
}

func TestManyAlternativesAreTaken(t *testing.T) {
	t.Parallel()
	if _, err := Parse([]byte(orPattern(9)), EventBridge); err != nil {
		t.Error(err)
	}
}

// TestWildcardIsBounded would not end with backtracking.
func TestWildcardIsBounded(t *testing.T) {
	t.Parallel()
	p, err := Parse([]byte(`{"a":[{"wildcard":"`+strings.Repeat("*a", 500)+`*b"}]}`), EventBridge)
	if err != nil {
		t.Fatal(err)
	}
	if p.Match(map[string]any{"a": strings.Repeat("a", 100_000)}) {
		t.Error("matched")
	}
}

func TestMatchGoValues(t *testing.T) {
	t.Parallel()
	p, err := Parse([]byte(`{"a":[3]}`), SNSFilter)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []any{3, int64(3), 3.0, json.Number("3.00"), []any{"x", 3}} {
		if !p.Match(map[string]any{"a": v}) {
			t.Errorf("%T does not match", v)
		}
	}
	if _, err := p.MatchJSON([]byte(`{"a":3} x`)); !errors.Is(err, ErrDocument) {
		t.Errorf("text behind a document: %v", err)
	}
}
