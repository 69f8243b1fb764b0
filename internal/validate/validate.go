package validate

import (
	"net/http"
	"reflect"

	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/shape"
)

// Input checks in, a pointer to op's input struct, made by Go code: a required
// member is missing when it can be nil and is. The error is nil or an
// *awserr.Error that holds every violation.
func Input(op *shape.Operation, in any) error {
	return check(op, in, nil, false)
}

// Decoded checks an input that came from the wire. missing are the paths of
// the required members that were absent, as the decoder found them.
func Decoded(op *shape.Operation, in any, missing []string) error {
	return check(op, in, missing, true)
}

// ForLog is the message of the error that Input or Decoded has returned
// without the values, among which secrets may be (a whole map is shown when one
// of its keys is wrong), for logs.
func ForLog(op *shape.Operation, in any, missing []string, decoded bool) string {
	w := newWalker(byService[op.Service.Name], missing, decoded)
	w.blind = true
	w.root(op.Input, in)
	w.leftovers()
	return message(w.count, w.found)
}

// Violations returns what is wrong with in, one entry for each violation, in
// the words of the message.
func Violations(op *shape.Operation, in any) []string {
	w := newWalker(byService[op.Service.Name], nil, false)
	w.root(op.Input, in)
	return w.found
}

// Output returns what is wrong with an answer, in the same words. Answers are
// checked in tests alone. AWS answers empty lists and maps where the model has
// a minimum, so they pass.
func Output(op *shape.Operation, out any) []string {
	w := newWalker(rules{}, nil, false)
	w.output = true
	w.root(op.Output, out)
	return w.found
}

func check(op *shape.Operation, in any, missing []string, decoded bool) error {
	r := byService[op.Service.Name]
	if r.own {
		return nil
	}
	w := newWalker(r, missing, decoded)
	w.root(op.Input, in)
	w.leftovers()
	switch {
	case w.count == 0:
		return nil
	case r.missing:
		return missingParameter(w.absent)
	}
	return awserr.New(r.errorCode(op.Service), http.StatusBadRequest, "%s", message(w.count, w.found))
}

// root walks the input struct itself.
func (w *walker) root(s *shape.Shape, in any) {
	v := reflect.ValueOf(in)
	if v.Kind() == reflect.Pointer && v.IsNil() || !v.IsValid() {
		return
	}
	w.structure(s, reflect.Indirect(v))
}
