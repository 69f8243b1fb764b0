package wire

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"reflect"
	"strconv"
	"time"

	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/shape"
)

func (c *restCodec) EncodeResponse(w http.ResponseWriter, op *shape.Operation, out any, requestID string) error {
	v, err := outputOf(op.Output, out)
	if err != nil {
		return err
	}
	p := planOf(op.Output)
	setRequestID(w.Header(), op.Service, requestID)
	writeHeaders(&p.rest, v, w.Header())
	status := c.status(op, p, v)
	if status == http.StatusOK && w.Header().Get("Content-Range") != "" {
		status = http.StatusPartialContent // RFC 9110 section 15.3.7; the models name one status
	}
	if f := p.rest.payload; f != nil {
		return c.writePayload(w, op, f, v.Field(f.Field), status)
	}
	if op.Method == http.MethodHead || status == http.StatusNoContent || !c.json() && len(p.rest.body) == 0 {
		return writeEmpty(w, status)
	}
	if op.UnwrappedOutput && len(p.rest.body) == 1 {
		return c.writeUnwrapped(w, op, p, v, status)
	}
	return writeBody(w, status, c.contentType(), c.encode(op.Service, p, v, rootName(op.Output, op.Name+"Response"), nil))
}

// writeEmpty writes an answer without a body. Its headers may describe one, as
// Content-Length does in an answer to HEAD.
func writeEmpty(w http.ResponseWriter, status int) error {
	w.WriteHeader(status)
	return nil
}

// status is the operation's status, unless the output has a member for it.
func (c *restCodec) status(op *shape.Operation, p *plan, v reflect.Value) int {
	if f := p.rest.status; f != nil {
		if x, ok := held(v.Field(f.Field)); ok && x.Int() >= 100 && x.Int() < 1000 {
			return int(x.Int())
		}
	}
	if op.Status == 0 {
		return http.StatusOK
	}
	return op.Status
}

// writeUnwrapped writes the one body member as the document itself:
// <LocationConstraint>eu-west-1</LocationConstraint>.
func (c *restCodec) writeUnwrapped(w http.ResponseWriter, op *shape.Operation, p *plan, v reflect.Value, status int) error {
	f := p.rest.body[0]
	e := xmlEncoder{b: []byte(xmlHeader), def: timeFormat(op.Service)}
	root := rootName(op.Output, f.name)
	e.openNamespace(root, documentNamespace(op.Service))
	if x, ok := held(v.Field(f.Field)); ok {
		e.b = appendXMLText(e.b, string(appendText(nil, f, x, e.def)))
	}
	e.close(root)
	return writeBody(w, status, typeRestXML, e.b)
}

// writePayload writes the member that is the whole body.
func (c *restCodec) writePayload(w http.ResponseWriter, op *shape.Operation, f *field, v reflect.Value, status int) error {
	if f.plan.Kind == shape.EventStream {
		return writeEvents(w, op, f, v, c.events(op.Service), nil)
	}
	x, ok := held(v)
	if ok && f.plan.Kind == shape.Blob && f.plan.Streaming {
		return writeStream(w, op, x.Interface(), status)
	}
	if op.Method == http.MethodHead || !ok {
		return writeEmpty(w, status)
	}
	switch f.plan.Kind {
	case shape.String:
		return writeBody(w, status, contentTypeOr(w, "text/plain"), []byte(x.String()))
	case shape.Blob:
		return writeBody(w, status, contentTypeOr(w, "application/octet-stream"), x.Bytes())
	}
	return writeBody(w, status, c.contentType(), c.encode(op.Service, f.plan, x, payloadName(f), f))
}

// contentTypeOr is the type that a member bound to the header gave, or def.
func contentTypeOr(w http.ResponseWriter, def string) string {
	if s := w.Header().Get("Content-Type"); s != "" {
		return s
	}
	return def
}

// writeStream copies a stream to the client and closes it.
func writeStream(w http.ResponseWriter, op *shape.Operation, stream any, status int) (err error) {
	if cl, ok := stream.(io.Closer); ok {
		defer func() { err = errors.Join(err, cl.Close()) }()
	}
	w.Header()["Content-Type"] = []string{contentTypeOr(w, "application/octet-stream")}
	w.WriteHeader(status)
	r, ok := stream.(io.Reader)
	if !ok || op.Method == http.MethodHead {
		return nil
	}
	_, err = io.Copy(w, r)
	return err
}

// EncodeError implements Codec.
func (c *restCodec) EncodeError(w http.ResponseWriter, svc *shape.Service, op *shape.Operation, err *awserr.Error, requestID string) error {
	a := newAnswer(svc, op, err)
	h := w.Header()
	setRequestID(h, svc, requestID)
	if a.plan != nil {
		writeHeaders(&a.plan.rest, a.value, h)
	}
	maps.Copy(h, err.Header)
	if c.json() {
		h.Set("x-amzn-errortype", a.name())
		return writeBody(w, a.status(), typeJSON, errorJSON(a, "", true))
	}
	if a.status() == http.StatusNotModified {
		writeValidators(h, err)
		return writeEmpty(w, a.status())
	}
	if op != nil && op.Method == http.MethodHead {
		return writeEmpty(w, a.status())
	}
	e := xmlEncoder{b: []byte(xmlHeader), def: timeFormat(svc)}
	if isS3(svc) {
		e.s3Fault(a, requestID)
	} else {
		namespace := ""
		if svc != nil {
			namespace = documentNamespace(svc)
		}
		e.openNamespace("ErrorResponse", namespace)
		e.fault(a, a.name(), a.sender())
		e.element("RequestId", requestID)
		e.close("ErrorResponse")
	}
	return writeBody(w, a.status(), typeRestXML, e.b)
}

// writeValidators sets what RFC 9110 section 15.4.5 asks of a 304: the headers
// by which a cache knows its copy, from the error's fields of their names.
func writeValidators(h http.Header, err *awserr.Error) {
	if tag, ok := err.Fields["ETag"].(string); ok {
		h.Set("ETag", tag)
	}
	if t, ok := err.Fields["LastModified"].(time.Time); ok {
		h.Set("Last-Modified", t.UTC().Format(http.TimeFormat))
	}
}

// s3Fault writes S3's <Error>. Its further elements (Key, BucketName, Resource)
// are not in the model, so every field of the error is written.
func (e *xmlEncoder) s3Fault(a *answer, requestID string) {
	e.open("Error")
	e.element("Code", a.name())
	e.element("Message", a.err.Message)
	for _, k := range sortedKeys(reflect.ValueOf(a.err.Fields)) {
		if v, ok := held(reflect.ValueOf(a.err.Fields[k.String()])); ok && v.IsValid() {
			e.element(k.String(), fmt.Sprint(v.Interface()))
		}
	}
	e.element("RequestId", requestID)
	e.element("HostId", base64.StdEncoding.EncodeToString([]byte(requestID)))
	e.close("Error")
}

// DecodeResponse implements Codec.
func (c *restCodec) DecodeResponse(op *shape.Operation, resp *http.Response) (any, error) {
	p := planOf(op.Output)
	v := reflect.New(op.Output.Type)
	if resp.StatusCode >= 300 && resp.StatusCode != op.Status {
		body, err := readResponse(resp, c.limits)
		if err != nil {
			return nil, err
		}
		return nil, c.fault(op, resp, body)
	}
	s := &state{limits: c.limits}
	if _, err := (binder{s}).headers(&p.rest, v.Elem(), resp.Header); err != nil {
		return nil, fmt.Errorf("wire: %s: %w", op.Name, err)
	}
	if f := p.rest.status; f != nil {
		if err := parseText(f, v.Elem().Field(f.Field), strconv.Itoa(resp.StatusCode), 0); err != nil {
			return nil, fmt.Errorf("wire: %s: %w", op.Name, err)
		}
	}
	if f := p.rest.payload; f != nil && f.plan.Kind == shape.Blob && f.plan.Streaming {
		v.Elem().Field(f.Field).Set(reflect.ValueOf(resp.Body))
		return v.Interface(), nil
	}
	if f := p.rest.payload; f != nil && f.plan.Kind == shape.EventStream {
		r := &eventReader{op: op, field: f, format: c.events(op.Service), body: resp.Body}
		r.into(v.Elem())
		return v.Interface(), nil
	}
	body, err := readResponse(resp, c.limits)
	if err != nil {
		return nil, err
	}
	if err := c.result(s, op, p, v.Elem(), body); err != nil {
		return nil, fmt.Errorf("wire: %s: %w", op.Name, err)
	}
	return v.Interface(), nil
}

// result reads an answer's body.
func (c *restCodec) result(s *state, op *shape.Operation, p *plan, v reflect.Value, body []byte) error {
	if op.UnwrappedOutput && len(p.rest.body) == 1 {
		d := newXMLDecoder(body, c.limits)
		start, err := d.root()
		if err != nil {
			return err
		}
		f := p.rest.body[0]
		return d.any(f, v.Field(f.Field), start)
	}
	r := &Request{Body: body}
	if f := p.rest.payload; f == nil && (len(p.rest.body) == 0 || len(bytes.TrimSpace(body)) == 0) {
		return nil
	}
	_, err := c.body(s, op, p, v, r)
	return err
}
