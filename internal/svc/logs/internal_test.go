package logs

import (
	"reflect"
	"slices"
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
		call.Operation = op
		got := slices.Compact(s.Resources(call, in.Interface()))
		want := group + "g:log-stream:"
		switch name {
		case "DescribeLogGroups", "TestMetricFilter", "ListLogGroups", "PutResourcePolicy", "DeleteResourcePolicy", "DescribeResourcePolicies",
			"DescribeQueries", "PutQueryDefinition", "DeleteQueryDefinition", "DescribeQueryDefinitions", "GetQueryResults", "StopQuery", "GetLogRecord":
			want = group + ":log-stream:"
		case "PutLogEvents", "GetLogEvents", "DeleteLogStream":
			want += "s"
		case "TagResource", "UntagResource", "ListTagsForResource", "TagLogGroup", "UntagLogGroup", "ListTagsLogGroup":
			want = group + "g"
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
	case name == "LogGroupIdentifiers" && field.Len() == 0:
		field.Set(reflect.ValueOf([]string{arn}))
	case value == "":
	case field.Kind() == reflect.Pointer:
		field.Set(reflect.ValueOf(&value))
	default:
		field.SetString(value)
	}
}
