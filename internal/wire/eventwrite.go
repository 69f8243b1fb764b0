package wire

import (
	"errors"
	"fmt"
	"net/http"
	"reflect"

	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/shape"
)

// The headers of frames, and what :message-type may be.
const (
	headMessageType   = ":message-type"
	headEventType     = ":event-type"
	headExceptionType = ":exception-type"
	headContentType   = ":content-type"
	headErrorCode     = ":error-code"
	headErrorMessage  = ":error-message"

	messageEvent     = "event"
	messageException = "exception"
	messageError     = "error"

	// initialResponse is the event-type of the first frame of the RPC protocols,
	// which holds the output's other members.
	initialResponse = "initial-response"
)

// eventFormat is how a protocol writes the documents in frames.
type eventFormat struct {
	contentType string
	encode      func(p *plan, v reflect.Value) []byte
	decode      func(p *plan, v reflect.Value, b []byte) error
}

func (c *jsonCodec) events() eventFormat { return jsonEvents(c.contentType(), c.limits, false) }

func (c *cborCodec) events() eventFormat {
	return eventFormat{
		contentType: typeCBOR,
		encode: func(p *plan, v reflect.Value) []byte {
			var e cborEncoder
			e.structure(p, v)
			return e.b
		},
		decode: func(p *plan, v reflect.Value, b []byte) error { return newCBORDecoder(b, c.limits).document(p, v) },
	}
}

func (c *restCodec) events(svc *shape.Service) eventFormat {
	if c.json() {
		return jsonEvents(typeJSON, c.limits, true)
	}
	return eventFormat{
		contentType: "text/xml",
		encode: func(p *plan, v reflect.Value) []byte {
			return c.encode(svc, p, v, rootName(p.Shape, p.Name), nil)
		},
		decode: func(p *plan, v reflect.Value, b []byte) error { return newXMLDecoder(b, c.limits).document(p, v) },
	}
}

func jsonEvents(contentType string, l Limits, wireNames bool) eventFormat {
	return eventFormat{
		contentType: contentType,
		encode: func(p *plan, v reflect.Value) []byte {
			e := jsonEncoder{wireNames: wireNames}
			e.structure(p, v)
			return e.b
		},
		decode: func(p *plan, v reflect.Value, b []byte) error { return newJSONDecoder(b, l, wireNames).document(p, v) },
	}
}

// StreamsEvents reports whether the body of op's response is an event stream,
// which may go on for hours.
func StreamsEvents(op *shape.Operation) bool { return eventMember(op.Output) != nil }

func eventMember(s *shape.Shape) *shape.Member {
	for _, m := range s.Members {
		if m.Shape.Kind == shape.EventStream {
			return m
		}
	}
	return nil
}

// eventField is the member of p that is an event stream, or nil.
func eventField(p *plan) *field {
	for _, f := range p.fields {
		if f.plan.Kind == shape.EventStream {
			return f
		}
	}
	return nil
}

// eventWriter writes frames, each of which goes out at once.
type eventWriter struct {
	w      http.ResponseWriter
	format eventFormat
	buf    []byte
}

// send writes a frame and flushes it.
func (w *eventWriter) send(f eventFrame) error {
	b, err := f.append(w.buf[:0])
	if err != nil {
		return err
	}
	if w.buf = b; cap(b) > keepBuffer {
		w.buf = nil
	}
	if _, err := w.w.Write(b); err != nil {
		return err
	}
	if err := http.NewResponseController(w.w).Flush(); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	return nil
}

// writeRPCEvents answers with the event stream f of the output v, after a frame
// of the output's other members.
func writeRPCEvents(w http.ResponseWriter, op *shape.Operation, f *field, v reflect.Value, format eventFormat) error {
	first := eventFrame{headers: eventHeaders(messageEvent, initialResponse, format.contentType), payload: format.encode(planOf(op.Output), v)}
	return writeEvents(w, op, f, v.Field(f.Field), format, &first)
}

// writeEvents answers with the events of seq, an iter.Seq2 of pointers to unions
// and errors; first may be nil. An error of the sequence is sent as the frame
// that AWS sends, and ends the stream; one that is none of the API's ends the
// connection as well, and is returned.
func writeEvents(w http.ResponseWriter, op *shape.Operation, f *field, seq reflect.Value, format eventFormat, first *eventFrame) error {
	w.Header()["Content-Type"] = []string{typeEventStream}
	w.WriteHeader(http.StatusOK)
	out := &eventWriter{w: w, format: format}
	if first != nil {
		if err := out.send(*first); err != nil {
			return err
		}
	}
	if seq.IsNil() {
		return nil
	}
	var failed error
	yield := reflect.MakeFunc(seq.Type().In(0), func(args []reflect.Value) []reflect.Value {
		var more bool
		err, _ := reflect.TypeAssert[error](args[1])
		if err != nil {
			failed = out.fail(op, f, err)
		} else {
			more, failed = out.event(f.plan, args[0].Elem())
		}
		return []reflect.Value{reflect.ValueOf(more && failed == nil)}
	})
	seq.Call([]reflect.Value{yield})
	return failed
}

func eventHeaders(kind, name, contentType string) []eventHeader {
	as := headEventType
	if kind == messageException {
		as = headExceptionType
	}
	h := []eventHeader{{as, name}}
	if contentType != "" {
		h = append(h, eventHeader{headContentType, contentType})
	}
	return append(h, eventHeader{headMessageType, kind})
}

// event writes the one member of a union that is set. After an exception there
// is no more.
func (w *eventWriter) event(p *plan, union reflect.Value) (more bool, err error) {
	for _, f := range p.fields {
		x, ok := held(union.Field(f.Field))
		if !ok {
			continue
		}
		if f.plan.Error != nil {
			return false, w.send(eventFrame{eventHeaders(messageException, f.name, w.format.contentType), w.format.encode(f.plan, x)})
		}
		frame := w.frame(f, x)
		return true, w.send(frame)
	}
	return false, errors.New("wire: an event that is none of its union")
}

// frame makes the frame of an event: members go into headers or are the payload
// where the model says so, else the structure is the payload.
func (w *eventWriter) frame(f *field, v reflect.Value) eventFrame {
	var payload *field
	var bound []eventHeader
	rest := v
	for _, m := range f.plan.fields {
		switch {
		case m.EventPayload:
			payload = m
		case m.EventHeader:
			if x, ok := held(v.Field(m.Field)); ok {
				bound = append(bound, eventHeader{m.name, headerValue(x)})
			}
			rest = without(rest, m)
		}
	}
	contentType, body := w.format.contentType, []byte(nil)
	switch {
	case payload != nil:
		contentType, body = w.payload(payload, v.Field(payload.Field))
	case len(f.plan.fields) == 0 && w.format.contentType == "text/xml":
		contentType = "" // S3 leaves the payload of Cont and End empty
	default:
		body = w.format.encode(f.plan, rest)
	}
	return eventFrame{append(bound, eventHeaders(messageEvent, f.name, contentType)...), body}
}

// without is a copy of a structure in which f is not set.
func without(v reflect.Value, f *field) reflect.Value {
	c := reflect.New(v.Type()).Elem()
	c.Set(v)
	c.Field(f.Field).SetZero()
	return c
}

// payload is the member that is a frame's whole payload.
func (w *eventWriter) payload(f *field, v reflect.Value) (contentType string, body []byte) {
	x, ok := held(v)
	switch f.plan.Kind {
	case shape.Blob:
		return "application/octet-stream", x.Bytes()
	case shape.String:
		if ok {
			body = []byte(x.String())
		}
		return "text/plain", body
	}
	if ok {
		body = w.format.encode(f.plan, x)
	}
	return w.format.contentType, body
}

// headerValue is a member as a header has it.
func headerValue(v reflect.Value) any {
	switch v.Kind() {
	case reflect.String:
		return v.String()
	case reflect.Slice:
		return v.Bytes()
	}
	return v.Interface() // bool, int32, int64, time.Time
}

// fail writes an error: as an exception where the union has it.
func (w *eventWriter) fail(op *shape.Operation, f *field, err error) error {
	e := awserr.As(err)
	if e == nil {
		frame := eventFrame{headers: []eventHeader{
			{headErrorCode, "InternalFailure"}, {headErrorMessage, "An internal error occurred."}, {headMessageType, messageError},
		}}
		return errors.Join(fmt.Errorf("wire: event stream: %w", err), w.send(frame))
	}
	for _, m := range f.plan.fields {
		if m.plan.Error != nil && (m.plan.Error.Code == e.Code || m.plan.Name == e.Code) {
			a := newAnswer(op.Service, op, e)
			if a.plan == nil {
				break
			}
			return w.send(eventFrame{eventHeaders(messageException, m.name, w.format.contentType), w.format.encode(a.plan, a.value)})
		}
	}
	return w.send(eventFrame{headers: []eventHeader{
		{headErrorCode, e.Code}, {headErrorMessage, e.Message}, {headMessageType, messageError},
	}})
}
