package logs

import (
	"reflect"
	"strings"
	"testing"

	api "nephele.dev/nephele/internal/api/logs"
	"nephele.dev/nephele/internal/plane"
)

// TestResources checks that every operation that is implemented names what it
// concerns.
func TestResources(t *testing.T) {
	t.Parallel()
	s := New(Deps{})
	const group = "arn:aws:logs:us-east-1:000000000000:log-group:"
	call := &plane.Call{Caller: plane.RootCaller("000000000000", "us-east-1")}
	for name := range s.Handlers() {
		op := api.Service().Operation(name)
		in := reflect.New(op.Input.Type)
		for _, field := range reflect.VisibleFields(op.Input.Type) {
			fill(in.Elem().FieldByIndex(field.Index), field.Name, group+"g")
		}
		got := s.Resources(call, in.Interface())
		want := group + "g"
		switch name {
		case "DescribeLogGroups":
			want = group + "*"
		case "PutLogEvents", "GetLogEvents", "DeleteLogStream":
			want += ":log-stream:s"
		}
		if len(got) != 1 || got[0] != want {
			t.Errorf("%s concerns %v, want %s", name, got, want)
		}
	}
}

// fill sets the members that name a group or a stream, an identifier only where
// it is required.
func fill(field reflect.Value, name, arn string) {
	value := map[string]string{"LogGroupName": "g", "LogStreamName": "s", "ResourceArn": arn}[name]
	if name == "LogGroupIdentifier" && field.Kind() == reflect.String {
		value = arn
	}
	switch {
	case value == "":
	case field.Kind() == reflect.Pointer:
		field.Set(reflect.ValueOf(&value))
	default:
		field.SetString(value)
	}
}

func FuzzPattern(f *testing.F) {
	for _, seed := range []string{"", "a b", `"a b" -c`, "?x ?y", `"\"q\\"`, "-", "{ $.a = 1 }", "[a]", "%x%", "a=b"} {
		f.Add(seed, "a message with c and x")
	}
	f.Fuzz(func(t *testing.T, text, message string) {
		p, err := parsePattern(text)
		if err != nil {
			return
		}
		got := p.matches(message)
		// Whatever all terms of a match are found in also matches, unless it is
		// excluded: prefix the message with the included terms.
		if len(p.exclude) == 0 && len(p.any) == 0 && !p.matches(message+" "+strings.Join(p.include, " ")) {
			t.Errorf("%q does not match a message that holds all of %q", text, p.include)
		}
		for _, term := range p.exclude {
			if got && strings.Contains(message, term) {
				t.Errorf("%q matches %q, which holds %q", text, message, term)
			}
		}
	})
}
