package wire

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"reflect"

	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/shape"
)

// A jsonCodec speaks awsJson1_0 and awsJson1_1: X-Amz-Target names the
// operation, the body is a JSON object of every member.
type jsonCodec struct {
	protocol shape.Protocol
	limits   Limits
}

// Protocol implements Codec.
func (c *jsonCodec) Protocol() shape.Protocol { return c.protocol }

// contentType names the version of the protocol.
func (c *jsonCodec) contentType() string {
	if c.protocol == shape.JSON10 {
		return "application/x-amz-json-1.0"
	}
	return "application/x-amz-json-1.1"
}

// DecodeRequest implements Codec.
func (c *jsonCodec) DecodeRequest(op *shape.Operation, r *Request) (Input, error) {
	body, err := inflated(r, c.limits)
	if err != nil {
		return Input{}, refusal(c.protocol, op, err)
	}
	v := reflect.New(op.Input.Type)
	d := newJSONDecoder(body, c.limits, false)
	if err := d.document(planOf(op.Input), v.Elem()); err != nil {
		return Input{}, refusal(c.protocol, op, err)
	}
	return Input{Value: v.Interface(), Missing: d.missing}, nil
}

// inflated is a buffered body without its Content-Encoding.
func inflated(r *Request, l Limits) ([]byte, error) {
	if r.HTTP == nil {
		return r.Body, nil
	}
	return Inflate(r.HTTP.Header, r.Body, l)
}

// EncodeResponse implements Codec.
func (c *jsonCodec) EncodeResponse(w http.ResponseWriter, op *shape.Operation, out any, requestID string) error {
	v, err := outputOf(op.Output, out)
	if err != nil {
		return err
	}
	if f := eventField(planOf(op.Output)); f != nil {
		setRequestID(w.Header(), op.Service, requestID)
		return writeRPCEvents(w, op, f, v, c.events())
	}
	p := getBuffer()
	e := jsonEncoder{b: *p}
	e.structure(planOf(op.Output), v)
	defer func() { putBuffer(p, e.b) }()
	setRequestID(w.Header(), op.Service, requestID)
	return writeBody(w, http.StatusOK, c.contentType(), e.b)
}

// EncodeError implements Codec. Version 1.0 of the protocol writes the error's
// name with its namespace, 1.1 without.
func (c *jsonCodec) EncodeError(w http.ResponseWriter, svc *shape.Service, op *shape.Operation, err *awserr.Error, requestID string) error {
	a := newAnswer(svc, op, err)
	name := a.name()
	if c.protocol == shape.JSON10 {
		name = shapeID(svc, name)
	}
	setRequestID(w.Header(), svc, requestID)
	setQueryError(w.Header(), svc, a)
	w.Header().Set("x-amzn-errortype", a.name())
	return writeBody(w, a.status(), c.contentType(), errorJSON(a, name, false))
}

// shapeID is a name with its Smithy namespace.
func shapeID(svc *shape.Service, name string) string {
	if svc == nil {
		return name
	}
	return "com.amazonaws." + svc.Name + "#" + name
}

// setQueryError adds the code that clients of the service's former protocol
// knew.
func setQueryError(h http.Header, svc *shape.Service, a *answer) {
	if svc != nil && svc.QueryCompatible {
		h.Set("x-amzn-query-error", a.queryCode()+";"+a.sender())
	}
}

// errorJSON is an error's document. typ becomes __type unless empty.
func errorJSON(a *answer, typ string, wireNames bool) []byte {
	e := jsonEncoder{wireNames: wireNames}
	e.b = append(e.b, '{')
	if typ != "" {
		e.b = append(e.b, `"__type":`...)
		e.b = append(appendJSONString(e.b, typ), ',')
	}
	if a.plan == nil || !a.hasMessage() {
		e.b = append(e.b, `"message":`...)
		e.b = append(appendJSONString(e.b, a.err.Message), ',')
	}
	if a.plan != nil {
		inner := jsonEncoder{wireNames: wireNames}
		inner.structure(a.plan, a.value)
		if len(inner.b) > 2 {
			e.b = append(append(e.b, inner.b[1:len(inner.b)-1]...), ',')
		}
	}
	e.close('}')
	return e.b
}

// hasMessage reports whether the shape has a place for the message.
func (a *answer) hasMessage() bool {
	for _, f := range a.plan.fields {
		if f.isMessage() {
			return true
		}
	}
	return false
}

// EncodeRequest implements Codec.
func (c *jsonCodec) EncodeRequest(ctx context.Context, endpoint *url.URL, op *shape.Operation, in any) (*http.Request, error) {
	v, err := inputOf(ctx, op, in)
	if err != nil {
		return nil, err
	}
	var e jsonEncoder
	e.structure(planOf(op.Input), v)
	r, err := newRequest(ctx, endpoint, op, v, "/", nil, bytes.NewReader(e.b))
	if err != nil {
		return nil, err
	}
	r.Header.Set("X-Amz-Target", op.Service.TargetPrefix+"."+op.Name)
	setBody(r, op, c.contentType(), e.b)
	return r, nil
}

// DecodeResponse implements Codec.
func (c *jsonCodec) DecodeResponse(op *shape.Operation, resp *http.Response) (any, error) {
	if f := eventField(planOf(op.Output)); f != nil && resp.StatusCode < 300 {
		v := reflect.New(op.Output.Type)
		return v.Interface(), readRPCEvents(op, resp, f, v.Elem(), c.events())
	}
	body, err := readResponse(resp, c.limits)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode >= 300 {
		return nil, jsonFault(op, resp, body, c.limits, false)
	}
	v := reflect.New(op.Output.Type)
	if len(op.Output.Members) == 0 {
		return v.Interface(), nil // whatever the body says
	}
	d := newJSONDecoder(body, c.limits, false)
	if err := d.document(planOf(op.Output), v.Elem()); err != nil {
		return nil, fmt.Errorf("wire: %s: %w", op.Name, err)
	}
	return v.Interface(), nil
}

// jsonFault reads a JSON error answer.
func jsonFault(op *shape.Operation, resp *http.Response, body []byte, l Limits, wireNames bool) *awserr.Error {
	fields, err := jsonStrings(body, "__type", "code", "message", "Message", "errorMessage")
	if err != nil {
		return undecodable(resp, body)
	}
	code := resp.Header.Get("X-Amzn-Errortype")
	if code == "" {
		code = fields["__type"]
	}
	if code == "" {
		code = fields["code"]
	}
	message := fields["message"]
	if message == "" {
		message = fields["Message"] + fields["errorMessage"]
	}
	a := received(op, errorType(code), message, resp.StatusCode)
	if a.plan != nil {
		d := newJSONDecoder(body, l, wireNames)
		if d.document(a.plan, a.value) != nil {
			return a.err
		}
	}
	return a.fault()
}

// jsonStrings returns those of an object's members that are strings.
func jsonStrings(body []byte, names ...string) (map[string]string, error) {
	d := jsonScanner{b: body}
	out := map[string]string{}
	if err := d.open('{', ""); err != nil {
		return nil, err
	}
	for first := true; ; first = false {
		key, more, err := d.key(first)
		if err != nil || !more {
			return out, err
		}
		name := string(key)
		if d.peek() != '"' {
			if err := d.skip(100); err != nil {
				return nil, err
			}
			continue
		}
		s, err := d.str()
		if err != nil {
			return nil, err
		}
		for _, n := range names {
			if n == name {
				out[n] = string(s)
			}
		}
	}
}
