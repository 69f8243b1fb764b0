package wire

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"

	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/shape"
)

// eventReader is the client's end of an event stream.
type eventReader struct {
	op      *shape.Operation
	field   *field
	format  eventFormat
	body    io.ReadCloser
	pending *eventFrame // read already
}

// readRPCEvents reads the first frame into v and makes the rest v's sequence.
func readRPCEvents(op *shape.Operation, resp *http.Response, f *field, v reflect.Value, format eventFormat) error {
	r := &eventReader{op: op, field: f, format: format, body: resp.Body}
	first, err := readFrame(resp.Body)
	if err != nil && !errors.Is(err, io.EOF) {
		return errors.Join(fmt.Errorf("wire: %s: %w", op.Name, err), resp.Body.Close())
	}
	if first.text(headEventType) == initialResponse {
		if err := format.decode(planOf(op.Output), v, first.payload); err != nil {
			return errors.Join(fmt.Errorf("wire: %s: %w", op.Name, err), resp.Body.Close())
		}
	} else if err == nil {
		r.pending = &first
	}
	r.into(v)
	return nil
}

// into makes the stream a sequence in v. Ranging over it reads the connection;
// leaving the loop, or its end, closes it. It is for one loop.
func (r *eventReader) into(v reflect.Value) {
	field := v.Field(r.field.Field)
	none := reflect.Zero(reflect.PointerTo(r.field.plan.Type))
	nilError := reflect.Zero(reflect.TypeFor[error]())
	field.Set(reflect.MakeFunc(field.Type(), func(args []reflect.Value) []reflect.Value {
		defer r.body.Close()
		for {
			union, err := r.next()
			switch {
			case errors.Is(err, io.EOF):
				return nil
			case err != nil:
				args[0].Call([]reflect.Value{none, reflect.ValueOf(&err).Elem()})
				return nil
			}
			if union.IsValid() && !args[0].Call([]reflect.Value{union, nilError})[0].Bool() {
				return nil
			}
		}
	}))
}

// next returns a pointer to the next event's union; an invalid value for events
// that the model does not know.
func (r *eventReader) next() (union reflect.Value, err error) {
	frame := r.pending
	if r.pending = nil; frame == nil {
		f, err := readFrame(r.body)
		if err != nil {
			return union, err
		}
		frame = &f
	}
	switch frame.text(headMessageType) {
	case messageException:
		return union, r.exception(frame)
	case messageError:
		return union, awserr.New(frame.text(headErrorCode), http.StatusInternalServerError, "%s", frame.text(headErrorMessage))
	}
	name := frame.text(headEventType)
	for _, f := range r.field.plan.fields {
		if f.name == name && f.plan.Error == nil {
			union = reflect.New(r.field.plan.Type)
			event := union.Elem().Field(f.Field)
			event.Set(reflect.New(f.plan.Type))
			return union, r.event(f, event.Elem(), frame)
		}
	}
	return union, nil
}

// event reads a frame into the structure v.
func (r *eventReader) event(f *field, v reflect.Value, frame *eventFrame) error {
	whole := true
	for _, m := range f.plan.fields {
		if m.EventPayload {
			whole = false
			if err := r.payload(m, v.Field(m.Field), frame.payload); err != nil {
				return err
			}
		}
	}
	if whole && len(frame.payload) > 0 {
		if err := r.format.decode(f.plan, v, frame.payload); err != nil {
			return fmt.Errorf("wire: %s: event %s: %w", r.op.Name, f.name, err)
		}
	}
	for _, m := range f.plan.fields {
		if x := frame.value(m.name); m.EventHeader && x != nil {
			assign(v.Field(m.Field), x)
		}
	}
	return nil
}

func (r *eventReader) payload(m *field, v reflect.Value, body []byte) error {
	switch m.plan.Kind {
	case shape.Blob:
		v.SetBytes(body)
	case shape.String:
		slot(v).SetString(string(body))
	default:
		v.Set(reflect.New(m.plan.Type))
		if err := r.format.decode(m.plan, v.Elem(), body); err != nil {
			return fmt.Errorf("wire: %s: event payload: %w", r.op.Name, err)
		}
	}
	return nil
}

// exception is a modelled error in the stream.
func (r *eventReader) exception(frame *eventFrame) error {
	a := received(r.op, frame.text(headExceptionType), "", http.StatusBadRequest)
	if a.plan == nil {
		return a.err
	}
	if err := r.format.decode(a.plan, a.value, frame.payload); err != nil {
		return a.err
	}
	return a.fault()
}
