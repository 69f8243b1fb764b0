package client

import (
	"io"
	"iter"
	"net/http"
	"reflect"
	"strings"
	"time"

	"nephele.dev/nephele/internal/shape"
)

// newOutput is an output struct as a map; out is a pointer to it.
func newOutput(op *shape.Operation, out any) map[string]any {
	return outputMembers(op.Output, reflect.ValueOf(out).Elem())
}

func outputMembers(s *shape.Shape, v reflect.Value) map[string]any {
	m := map[string]any{}
	for _, member := range s.Members {
		if x, ok := outputValue(member.Shape, v.Field(member.Field)); ok {
			m[member.Name] = x
		}
	}
	return m
}

// outputValue is a value in the terms of this package, and false when it is
// absent.
func outputValue(s *shape.Shape, v reflect.Value) (any, bool) {
	if !v.IsValid() || nilled(v) {
		return nil, false
	}
	if v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	switch s.Kind {
	case shape.Structure, shape.Union:
		return outputMembers(s, v), true
	case shape.List:
		return outputList(s, v), true
	case shape.Map:
		entries := make(map[string]any, v.Len())
		for it := v.MapRange(); it.Next(); {
			if x, ok := outputValue(s.Value.Shape, it.Value()); ok {
				entries[it.Key().String()] = x
			}
		}
		return entries, true
	case shape.EventStream:
		return outputEvents(s, v), true
	case shape.Blob:
		return outputBlob(v)
	}
	return outputScalar(s, v)
}

// outputScalar: a time that is required but was not sent is the zero one, and
// absent.
func outputScalar(s *shape.Shape, v reflect.Value) (any, bool) {
	switch s.Kind {
	case shape.String:
		return v.String(), true
	case shape.Boolean:
		return v.Bool(), true
	case shape.Integer, shape.Long:
		return v.Int(), true
	case shape.Float, shape.Double:
		return v.Float(), true
	case shape.Timestamp:
		t, ok := reflect.TypeAssert[time.Time](v)
		return t, ok && !t.IsZero()
	}
	return nil, false
}

func outputList(s *shape.Shape, v reflect.Value) []any {
	list := make([]any, 0, v.Len())
	for i := range v.Len() {
		x, _ := outputValue(s.Elem.Shape, v.Index(i))
		list = append(list, x)
	}
	return list
}

func outputBlob(v reflect.Value) (any, bool) {
	if v.Kind() == reflect.Slice {
		return v.Bytes(), true
	}
	r, ok := reflect.TypeAssert[io.ReadCloser](v)
	if !ok {
		return nil, false
	}
	return r, true
}

// outputEvents wraps an event stream of generated unions.
func outputEvents(s *shape.Shape, v reflect.Value) iter.Seq2[map[string]any, error] {
	return func(yield func(map[string]any, error) bool) {
		each := reflect.MakeFunc(v.Type().In(0), func(args []reflect.Value) []reflect.Value {
			var event map[string]any
			if !args[0].IsNil() {
				event = outputMembers(s, args[0].Elem())
			}
			err, _ := reflect.TypeAssert[error](args[1])
			return []reflect.Value{reflect.ValueOf(yield(event, err))}
		})
		v.Call([]reflect.Value{each})
	}
}

// Response is an answer with what is known of it beside its members.
type Response struct {
	Output    map[string]any
	RequestID string
	Status    int         // HTTP status
	Header    http.Header // of the answer
	Attempts  int         // how many were made
}

// hostOf is an URL's scheme and host, without what may be secret.
func hostOf(r *http.Request) string {
	return strings.ToLower(r.URL.Scheme) + "://" + r.URL.Host
}
