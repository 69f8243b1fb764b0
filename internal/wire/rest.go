package wire

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"strings"

	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/shape"
)

const (
	typeJSON    = "application/json"
	typeRestXML = "application/xml"
)

// A restCodec speaks restJson1 and restXml: members travel in the path, the
// query, headers and the body, as the model binds them.
type restCodec struct {
	protocol shape.Protocol
	limits   Limits
}

// Protocol implements Codec.
func (c *restCodec) Protocol() shape.Protocol { return c.protocol }

// json reports whether documents are JSON rather than XML.
func (c *restCodec) json() bool { return c.protocol == shape.RestJSON }

// contentType is the media type of documents.
func (c *restCodec) contentType() string {
	if c.json() {
		return typeJSON
	}
	return typeRestXML
}

// DecodeRequest implements Codec. Members of the input come from four places,
// each of which reports what it set; what is required and set by none is
// missing.
func (c *restCodec) DecodeRequest(op *shape.Operation, r *Request) (Input, error) {
	p := planOf(op.Input)
	v := reflect.New(op.Input.Type)
	s := &state{limits: c.limits}
	seen, err := c.bound(s, &p.rest, v.Elem(), r)
	if err != nil {
		return Input{}, refusal(c.protocol, op, err)
	}
	bodySeen, err := c.body(s, op, p, v.Elem(), r)
	if err != nil {
		return Input{}, refusal(c.protocol, op, err)
	}
	seen |= bodySeen
	var missing []string
	if p.required&^seen != 0 {
		top := state{}
		top.lacking(p, seen)
		missing = top.missing
	}
	return Input{Value: v.Interface(), Missing: append(missing, s.missing...)}, nil
}

// bound reads the members outside the body.
func (c *restCodec) bound(s *state, b *bindings, v reflect.Value, r *Request) (uint64, error) {
	d := binder{s}
	seen, err := d.labels(b, v, r.Labels)
	if err != nil || r.HTTP == nil {
		return seen, err
	}
	if len(b.query) > 0 && r.HTTP.URL.RawQuery != "" {
		q, err := ParseForm(r.HTTP.URL.RawQuery, c.limits)
		if err != nil {
			return seen, err
		}
		n, err := d.query(b, v, q)
		if seen |= n; err != nil {
			return seen, err
		}
	}
	n, err := d.headers(b, v, r.HTTP.Header)
	return seen | n, err
}

// body reads the members in the body and reports which it set. What is missing
// inside the payload is in s; the top level is the caller's to compare.
func (c *restCodec) body(s *state, op *shape.Operation, p *plan, v reflect.Value, r *Request) (uint64, error) {
	f := p.rest.payload
	if f == nil {
		if len(p.rest.body) == 0 {
			return 0, nil
		}
		body, err := c.inflated(op, r)
		if err != nil {
			return 0, err
		}
		return c.members(s, p, v, body)
	}
	x := v.Field(f.Field)
	switch f.plan.Kind {
	case shape.Blob:
		return c.blob(f, x, r)
	case shape.String:
		if len(r.Body) > 0 {
			slot(x).SetString(string(r.Body))
			return f.bit, nil
		}
		return 0, nil
	case shape.EventStream:
		return f.bit, nil
	}
	body, err := c.inflated(op, r)
	if err != nil || len(bytes.TrimSpace(body)) == 0 {
		return 0, err
	}
	x.Set(reflect.New(x.Type().Elem()))
	s.push(f.path)
	defer s.pop()
	return f.bit, c.document(s, f.plan, x.Elem(), body)
}

// inflated leaves S3's bodies alone: there Content-Encoding belongs to the
// object.
func (c *restCodec) inflated(op *shape.Operation, r *Request) ([]byte, error) {
	if isS3(op.Service) {
		return r.Body, nil
	}
	return inflated(r, c.limits)
}

// blob hands over the body as a stream or as bytes. A stream is never missing:
// a body of no bytes is an object of no bytes.
func (c *restCodec) blob(f *field, x reflect.Value, r *Request) (uint64, error) {
	if !f.plan.Streaming {
		if len(r.Body) > 0 {
			x.SetBytes(r.Body)
			return f.bit, nil
		}
		return 0, nil
	}
	var stream io.Reader = bytes.NewReader(r.Body)
	if r.Stream != nil {
		stream = r.Stream
	}
	x.Set(reflect.ValueOf(stream))
	return f.bit, nil
}

// document reads a whole document into the structure v, noting in s what was
// missing.
func (c *restCodec) document(s *state, p *plan, v reflect.Value, body []byte) error {
	if c.json() {
		d := newJSONDecoder(body, c.limits, true)
		d.path = s.path
		err := d.document(p, v)
		s.missing = append(s.missing, d.missing...)
		return err
	}
	d := newXMLDecoder(body, c.limits)
	d.path = s.path
	err := d.document(p, v)
	s.missing = append(s.missing, d.missing...)
	return err
}

// members reads a document of an input's body members. The decoder reports
// every required member of the input that is not in the document, those bound
// elsewhere too; only the ones inside body members are kept, and the top level
// is told by what was set.
func (c *restCodec) members(s *state, p *plan, v reflect.Value, body []byte) (uint64, error) {
	if len(bytes.TrimSpace(body)) == 0 {
		return 0, nil
	}
	inner := &state{limits: c.limits}
	if err := c.document(inner, p, v, body); err != nil {
		return 0, err
	}
	absent := map[string]bool{}
	for _, m := range inner.missing {
		absent[m] = true
		if strings.Contains(m, ".") {
			s.missing = append(s.missing, m)
		}
	}
	var seen uint64
	for _, f := range p.rest.body {
		if !absent[f.path] {
			seen |= f.bit
		}
	}
	return seen, nil
}

// EncodeRequest implements Codec.
func (c *restCodec) EncodeRequest(ctx context.Context, endpoint *url.URL, op *shape.Operation, in any) (*http.Request, error) {
	v, err := inputOf(ctx, op, in)
	if err != nil {
		return nil, err
	}
	p := planOf(op.Input)
	q := url.Values{}
	path, err := expandPath(op.Path, &p.rest, v, q)
	if err != nil {
		return nil, fmt.Errorf("wire: %s: %w", op.Name, err)
	}
	writeQuery(&p.rest, v, q)
	body, contentType, stream := c.requestBody(op, p, v)
	if stream == nil {
		stream = bytes.NewReader(body)
	}
	r, err := newRequest(ctx, endpoint, op, v, path, q, stream)
	if err != nil {
		return nil, err
	}
	setBody(r, op, contentType, body)
	writeHeaders(&p.rest, v, r.Header)
	return r, nil
}

// requestBody is a request's body and its type, or its stream.
func (c *restCodec) requestBody(op *shape.Operation, p *plan, v reflect.Value) ([]byte, string, io.Reader) {
	f := p.rest.payload
	if f == nil {
		if len(p.rest.body) == 0 || !c.json() && !anySet(p.rest.body, v) {
			return nil, "", nil
		}
		return c.encode(op.Service, p, v, rootName(op.Input, op.Input.Name), nil), c.contentType(), nil
	}
	x, ok := held(v.Field(f.Field))
	switch {
	case !ok && c.json() && f.plan.Kind == shape.Structure && op.Method != http.MethodGet:
		return []byte("{}"), typeJSON, nil
	case !ok || f.plan.Kind == shape.EventStream:
		return nil, "", nil
	case f.plan.Kind == shape.String:
		return []byte(x.String()), "text/plain", nil
	case f.plan.Kind == shape.Blob && f.plan.Streaming:
		r, _ := reflect.TypeAssert[io.Reader](x)
		return nil, "application/octet-stream", r
	case f.plan.Kind == shape.Blob:
		return x.Bytes(), "application/octet-stream", nil
	}
	return c.encode(op.Service, f.plan, x, payloadName(f), f), c.contentType(), nil
}

// anySet reports whether any of the fields of v has a value.
func anySet(fields []*field, v reflect.Value) bool {
	for _, f := range fields {
		if _, ok := held(v.Field(f.Field)); ok {
			return true
		}
	}
	return false
}

// rootName is the root element of a structure's own document.
func rootName(s *shape.Shape, fallback string) string {
	if s.XMLName != "" {
		return s.XMLName
	}
	return fallback
}

// payloadName is the root element of a member that is the whole body.
func payloadName(f *field) string {
	switch {
	case f.WireName != "" && f.WireName != f.Name:
		return f.WireName
	case f.plan.XMLName != "":
		return f.plan.XMLName
	}
	return f.name
}

// encode writes the document of a structure. f is the payload member, or nil
// for the body members of a whole input or output.
func (c *restCodec) encode(svc *shape.Service, p *plan, v reflect.Value, root string, f *field) []byte {
	if c.json() {
		e := jsonEncoder{wireNames: true}
		e.structure(p, v)
		return e.b
	}
	e := xmlEncoder{b: []byte(xmlHeader), def: timeFormat(svc)}
	e.document(svc, p, v, root, f)
	return e.b
}

// timeFormat is the default for timestamps in a service's documents.
func timeFormat(svc *shape.Service) shape.TimestampFormat {
	if isS3(svc) {
		return millisAlways
	}
	return shape.DateTime
}

// document writes a structure as a whole document.
func (e *xmlEncoder) document(svc *shape.Service, p *plan, v reflect.Value, root string, f *field) {
	prefix, uri := p.XMLNamePrefix, p.XMLNamespace
	if f != nil && f.XMLNamespace != "" {
		prefix, uri = f.XMLNamePrefix, f.XMLNamespace
	}
	if uri == "" {
		uri = documentNamespace(svc)
	}
	e.b = append(append(e.b, '<'), root...)
	e.namespace(prefix, uri)
	e.attributes(p, v)
	e.b = append(e.b, '>')
	if f != nil {
		e.members(p, v)
	} else {
		for _, g := range p.rest.body {
			if !g.XMLAttribute {
				e.member(g, v.Field(g.Field))
			}
		}
	}
	e.close(root)
}

// documentNamespace is the namespace of a restXml service's documents.
func documentNamespace(svc *shape.Service) string {
	if svc.XMLNamespace != "" || svc.EndpointPrefix == "" {
		return svc.XMLNamespace
	}
	return "http://" + svc.EndpointPrefix + ".amazonaws.com/doc/" + svc.APIVersion + "/"
}

var _ Codec = (*restCodec)(nil)

// fault reads an error answer.
func (c *restCodec) fault(op *shape.Operation, resp *http.Response, body []byte) *awserr.Error {
	var e *awserr.Error
	if c.json() {
		e = jsonFault(op, resp, body, c.limits, true)
	} else if len(body) == 0 {
		e = awserr.New(headCode(resp), resp.StatusCode, "%s", http.StatusText(resp.StatusCode))
	} else {
		e = xmlFault(op, resp, body, c.limits, false)
	}
	c.faultHeaders(op, resp, e)
	return e
}

// headCode stands for the error code that an answer to HEAD cannot carry.
func headCode(resp *http.Response) string {
	if s := errorType(resp.Header.Get("X-Amzn-Errortype")); s != "" {
		return s
	}
	return strings.ReplaceAll(http.StatusText(resp.StatusCode), " ", "")
}

// faultHeaders reads an error's members that are bound to headers.
func (c *restCodec) faultHeaders(op *shape.Operation, resp *http.Response, e *awserr.Error) {
	s := errorShape(op.Service, op, e.Code)
	if s == nil || s.Type == nil {
		return
	}
	p := planOf(s)
	v := reflect.New(s.Type).Elem()
	if _, err := (binder{&state{limits: c.limits}}).headers(&p.rest, v, resp.Header); err != nil {
		return
	}
	for _, f := range p.rest.headers {
		if x, ok := held(v.Field(f.Field)); ok && !x.IsZero() {
			*e = *e.With(f.Name, x.Interface())
		}
	}
}
