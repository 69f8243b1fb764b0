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

const typeCBOR = "application/cbor"

// A cborCodec speaks Smithy RPC v2 CBOR: the path names service and operation,
// the body is a CBOR map of every member.
type cborCodec struct{ limits Limits }

// Protocol implements Codec.
func (c *cborCodec) Protocol() shape.Protocol { return shape.CBOR }

// DecodeRequest implements Codec.
func (c *cborCodec) DecodeRequest(op *shape.Operation, r *Request) (Input, error) {
	body, err := inflated(r, c.limits)
	if err != nil {
		return Input{}, refusal(shape.CBOR, op, err)
	}
	v := reflect.New(op.Input.Type)
	d := newCBORDecoder(body, c.limits)
	if err := d.document(planOf(op.Input), v.Elem()); err != nil {
		return Input{}, refusal(shape.CBOR, op, err)
	}
	return Input{Value: v.Interface(), Missing: d.missing}, nil
}

// EncodeResponse implements Codec.
func (c *cborCodec) EncodeResponse(w http.ResponseWriter, op *shape.Operation, out any, requestID string) error {
	v, err := outputOf(op.Output, out)
	if err != nil {
		return err
	}
	if f := eventField(planOf(op.Output)); f != nil {
		w.Header()["Smithy-Protocol"] = []string{"rpc-v2-cbor"}
		setRequestID(w.Header(), op.Service, requestID)
		return writeRPCEvents(w, op, f, v, c.events())
	}
	p := getBuffer()
	e := cborEncoder{b: *p}
	e.structure(planOf(op.Output), v)
	defer func() { putBuffer(p, e.b) }()
	w.Header()["Smithy-Protocol"] = []string{"rpc-v2-cbor"}
	setRequestID(w.Header(), op.Service, requestID)
	return writeBody(w, http.StatusOK, typeCBOR, e.b)
}

// EncodeError implements Codec. The document is that of the shape with __type
// before its members.
func (c *cborCodec) EncodeError(w http.ResponseWriter, svc *shape.Service, op *shape.Operation, err *awserr.Error, requestID string) error {
	a := newAnswer(svc, op, err)
	var e cborEncoder
	e.b = append(e.b, majorMap<<5|indefinite)
	e.text("__type")
	e.text(shapeID(svc, a.name()))
	if a.plan == nil || !a.hasMessage() {
		e.text("message")
		e.text(err.Message)
	}
	if a.plan == nil {
		e.b = append(e.b, cborBreak)
	} else {
		inner := cborEncoder{}
		inner.structure(a.plan, a.value)
		e.b = append(e.b, inner.b[1:]...)
	}
	h := w.Header()
	h["Smithy-Protocol"] = []string{"rpc-v2-cbor"}
	setRequestID(h, svc, requestID)
	setQueryError(h, svc, a)
	return writeBody(w, a.status(), typeCBOR, e.b)
}

// EncodeRequest implements Codec.
func (c *cborCodec) EncodeRequest(ctx context.Context, endpoint *url.URL, op *shape.Operation, in any) (*http.Request, error) {
	v, err := inputOf(ctx, op, in)
	if err != nil {
		return nil, err
	}
	var e cborEncoder
	e.structure(planOf(op.Input), v)
	path := "/service/" + op.Service.TargetPrefix + "/operation/" + op.Name
	r, err := newRequest(ctx, endpoint, op, v, path, nil, bytes.NewReader(e.b))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Smithy-Protocol", "rpc-v2-cbor")
	r.Header.Set("Accept", typeCBOR)
	setBody(r, op, typeCBOR, e.b)
	return r, nil
}

// DecodeResponse implements Codec.
func (c *cborCodec) DecodeResponse(op *shape.Operation, resp *http.Response) (any, error) {
	if f := eventField(planOf(op.Output)); f != nil && resp.StatusCode < 300 {
		v := reflect.New(op.Output.Type)
		return v.Interface(), readRPCEvents(op, resp, f, v.Elem(), c.events())
	}
	body, err := readResponse(resp, c.limits)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode >= 300 {
		return nil, c.fault(op, resp, body)
	}
	v := reflect.New(op.Output.Type)
	if len(op.Output.Members) == 0 {
		return v.Interface(), nil // whatever the body says
	}
	d := newCBORDecoder(body, c.limits)
	if err := d.document(planOf(op.Output), v.Elem()); err != nil {
		return nil, fmt.Errorf("wire: %s: %w", op.Name, err)
	}
	return v.Interface(), nil
}

// fault reads an error answer.
func (c *cborCodec) fault(op *shape.Operation, resp *http.Response, body []byte) *awserr.Error {
	fields, err := cborStrings(body)
	if err != nil {
		return undecodable(resp, body)
	}
	message := fields["message"]
	if message == "" {
		message = fields["Message"]
	}
	a := received(op, errorType(fields["__type"]), message, resp.StatusCode)
	if a.plan != nil {
		d := newCBORDecoder(body, c.limits)
		if d.document(a.plan, a.value) != nil {
			return a.err
		}
	}
	return a.fault()
}

// cborStrings returns those of a map's entries that are text.
func cborStrings(body []byte) (map[string]string, error) {
	d := cborScanner{b: body}
	it, err := d.container(majorMap, "a Structure")
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for it.more(&d) {
		key, err := d.text()
		if err != nil {
			return nil, err
		}
		c, err := d.peek()
		if err != nil {
			return nil, err
		}
		if c>>5 != majorText {
			if err := d.skip(100); err != nil {
				return nil, err
			}
			continue
		}
		s, err := d.text()
		if err != nil {
			return nil, err
		}
		out[string(key)] = string(s)
	}
	return out, nil
}
