package wire

import (
	"reflect"

	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/shape"
)

// An answer is an error prepared for the wire: the modelled shape where there
// is one, and its members as a Go value.
type answer struct {
	err   *awserr.Error
	shape *shape.Shape  // nil for a code that the service does not model
	plan  *plan         // of shape
	value reflect.Value // a struct of shape.Type
}

// newAnswer finds err's shape and fills a struct of it with the message and
// the further members.
func newAnswer(svc *shape.Service, op *shape.Operation, err *awserr.Error) *answer {
	a := &answer{err: err, shape: errorShape(svc, op, err.Code)}
	if a.shape == nil || a.shape.Type == nil {
		return a
	}
	a.plan = planOf(a.shape)
	a.value = reflect.New(a.shape.Type).Elem()
	for _, f := range a.plan.fields {
		if f.isMessage() {
			slot(a.value.Field(f.Field)).SetString(err.Message)
		} else if x, ok := err.Fields[f.Name]; ok {
			assign(a.value.Field(f.Field), x)
		}
	}
	return a
}

// isMessage reports whether f is the text of an error. Models spell it both
// ways, and clients look for the spelling of their model.
func (f *field) isMessage() bool {
	return (f.Name == "message" || f.Name == "Message") && f.plan.Kind == shape.String
}

// assign sets v to x where the types allow it; an error's further members are
// not worth failing the answer for.
func assign(v reflect.Value, x any) {
	if x == nil {
		return
	}
	from := reflect.ValueOf(x)
	if from.Type().AssignableTo(v.Type()) {
		v.Set(from)
		return
	}
	if from.Kind() == reflect.Pointer && !from.IsNil() {
		from = from.Elem()
	}
	to := v.Type()
	if to.Kind() == reflect.Pointer {
		to = to.Elem()
	}
	if from.CanConvert(to) && (from.Kind() == reflect.String) == (to.Kind() == reflect.String) {
		slot(v).Set(from.Convert(to))
	}
}

// errorShape finds the shape of a code: among the operation's errors first,
// because a service may have two shapes for one code.
func errorShape(svc *shape.Service, op *shape.Operation, code string) *shape.Shape {
	if op != nil {
		for _, s := range op.Errors {
			if s.Error != nil && s.Error.Code == code {
				return s
			}
		}
		for _, s := range op.Errors {
			if s.Name == code || s.Error != nil && s.Error.QueryCode == code {
				return s
			}
		}
	}
	if svc == nil {
		return nil
	}
	return svc.Error(code)
}

// name is the error's name in the JSON and CBOR protocols.
func (a *answer) name() string {
	if a.shape != nil {
		return a.shape.Error.Code
	}
	return a.err.Code
}

// queryCode is the error's name in the query protocols.
func (a *answer) queryCode() string {
	if a.shape != nil && a.shape.Error.QueryCode != "" {
		return a.shape.Error.QueryCode
	}
	return a.err.Code
}

// status is the error's own HTTP status, or that of its model.
func (a *answer) status() int {
	if a.err.Status != 0 {
		return a.err.Status
	}
	if a.shape != nil && a.shape.Error.Status != 0 {
		return a.shape.Error.Status
	}
	return 400
}

// sender is "Sender" or "Receiver", as XML and x-amzn-query-error have it.
func (a *answer) sender() string {
	if a.err.Fault == awserr.Server || a.err.Fault == "" && a.status() >= 500 {
		return "Receiver"
	}
	return "Sender"
}

// fault reads an answer's value back into an error, on the client's side.
func (a *answer) fault() *awserr.Error {
	e := a.err
	if a.plan == nil {
		return e
	}
	for _, f := range a.plan.fields {
		x, ok := held(a.value.Field(f.Field))
		switch {
		case !ok:
		case f.isMessage():
			e.Message = x.String()
		case x.IsZero():
		default:
			if e.Fields == nil {
				e.Fields = map[string]any{}
			}
			e.Fields[f.Name] = x.Interface()
		}
	}
	return e
}

// received is an error answer that a client got, before its members are read.
func received(op *shape.Operation, code, message string, status int) *answer {
	a := &answer{err: awserr.New(code, status, "%s", message)}
	a.shape = errorShape(op.Service, op, code)
	if a.shape != nil && a.shape.Type != nil {
		a.plan = planOf(a.shape)
		a.value = reflect.New(a.shape.Type).Elem()
		a.err.Code = a.shape.Error.Code
		if !a.shape.Error.Sender && a.shape.Error.Status >= 500 {
			a.err.Fault = awserr.Server
		}
	}
	return a
}
