package wire

import (
	"context"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strings"

	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/shape"
)

const (
	typeForm = "application/x-www-form-urlencoded; charset=utf-8"
	typeXML  = "text/xml"
)

// A queryCodec speaks awsQuery and ec2Query: form parameters in, XML out.
type queryCodec struct {
	protocol shape.Protocol
	limits   Limits
}

// Protocol implements Codec.
func (c *queryCodec) Protocol() shape.Protocol { return c.protocol }

// ec2 reports whether this is EC2's dialect.
func (c *queryCodec) ec2() bool { return c.protocol == shape.EC2Query }

// DecodeRequest implements Codec.
func (c *queryCodec) DecodeRequest(op *shape.Operation, r *Request) (Input, error) {
	form, err := c.form(r)
	if err != nil {
		return Input{}, refusal(c.protocol, op, err)
	}
	d := queryDecoder{state: state{limits: c.limits}, names: queryNames{ec2: c.ec2()}}
	tree, err := newFormTree(form, &d.state)
	if err != nil {
		return Input{}, refusal(c.protocol, op, err)
	}
	v := reflect.New(op.Input.Type)
	if op.Service.Name == "sqs" && r.HTTP != nil {
		queueFromPath(tree, r.HTTP)
	}
	if err := d.structure(planOf(op.Input), v.Elem(), tree); err != nil {
		return Input{}, refusal(c.protocol, op, err)
	}
	return Input{Value: v.Interface(), Missing: d.missing}, nil
}

// form is the request's parameters, from its URL and from its body.
func (c *queryCodec) form(r *Request) (url.Values, error) {
	if r.Form != nil {
		return r.Form, nil
	}
	body, err := inflated(r, c.limits)
	if err != nil {
		return nil, err
	}
	form, err := ParseForm(string(body), c.limits)
	if err != nil || r.HTTP == nil || r.HTTP.URL.RawQuery == "" {
		return form, err
	}
	query, err := ParseForm(r.HTTP.URL.RawQuery, c.limits)
	if err != nil {
		return nil, err
	}
	for k, v := range query {
		if _, ok := form[k]; !ok {
			form[k] = v
		}
	}
	return form, nil
}

// queueFromPath supplies QueueUrl from the URL that a query request for a
// queue was sent to, as SQS does.
func queueFromPath(tree *formNode, r *http.Request) {
	if strings.Count(strings.Trim(r.URL.Path, "/"), "/") != 1 {
		return
	}
	if n := tree.child("QueueUrl"); !n.set {
		scheme := "http"
		if r.TLS != nil {
			scheme = "https"
		}
		n.value, n.set = scheme+"://"+r.Host+r.URL.Path, true
	}
}

// EncodeResponse implements Codec. awsQuery puts the members inside <OpResult>
// and the request id behind it, EC2 puts both into the root.
func (c *queryCodec) EncodeResponse(w http.ResponseWriter, op *shape.Operation, out any, requestID string) error {
	v, err := outputOf(op.Output, out)
	if err != nil {
		return err
	}
	p := getBuffer()
	e := xmlEncoder{b: *p, def: shape.DateTime, query: !c.ec2()}
	defer func() { putBuffer(p, e.b) }()
	e.b = append(e.b, xmlHeader...)
	root := op.Name + "Response"
	e.openNamespace(root, op.Service.XMLNamespace)
	if c.ec2() {
		e.def = millisAlways
		e.element("requestId", requestID)
		e.members(planOf(op.Output), v)
	} else {
		wrapper := resultWrapper(op)
		if wrapper != "" {
			e.open(wrapper)
		}
		e.members(planOf(op.Output), v)
		if wrapper != "" {
			e.close(wrapper)
		}
		e.open("ResponseMetadata")
		e.element("RequestId", requestID)
		e.close("ResponseMetadata")
	}
	e.close(root)
	setRequestID(w.Header(), op.Service, requestID)
	return writeBody(w, http.StatusOK, typeXML, e.b)
}

// resultWrapper is the element round the members of an awsQuery answer. The
// models of services that came to JSON no longer name it.
func resultWrapper(op *shape.Operation) string {
	if op.OutputWrapper != "" || len(op.Output.Members) == 0 {
		return op.OutputWrapper
	}
	if len(op.Service.Protocols) > 0 && op.Service.Protocols[0] != shape.Query {
		return op.Name + "Result"
	}
	return ""
}

// EncodeError implements Codec.
func (c *queryCodec) EncodeError(w http.ResponseWriter, svc *shape.Service, op *shape.Operation, err *awserr.Error, requestID string) error {
	a := newAnswer(svc, op, err)
	e := xmlEncoder{b: []byte(xmlHeader), def: shape.DateTime, query: !c.ec2()}
	if c.ec2() {
		e.open("Response")
		e.open("Errors")
		e.fault(a, a.queryCode(), "")
		e.close("Errors")
		e.element("RequestID", requestID)
		e.close("Response")
	} else {
		namespace := ""
		if svc != nil {
			namespace = svc.XMLNamespace
		}
		e.openNamespace("ErrorResponse", namespace)
		e.fault(a, a.queryCode(), a.sender())
		e.element("RequestId", requestID)
		e.close("ErrorResponse")
	}
	setRequestID(w.Header(), svc, requestID)
	return writeBody(w, a.status(), typeXML, e.b)
}

// fault writes an <Error>; typ is left out when empty.
func (e *xmlEncoder) fault(a *answer, code, typ string) {
	e.open("Error")
	if typ != "" {
		e.element("Type", typ)
	}
	e.element("Code", code)
	e.element("Message", a.err.Message)
	if a.plan != nil {
		for _, f := range a.plan.xml.elements {
			if !f.isMessage() && f.Location == shape.Body {
				e.member(f, a.value.Field(f.Field))
			}
		}
	}
	e.close("Error")
}

// EncodeRequest implements Codec. The parameters travel in the body, sorted by
// name.
func (c *queryCodec) EncodeRequest(ctx context.Context, endpoint *url.URL, op *shape.Operation, in any) (*http.Request, error) {
	v, err := inputOf(ctx, op, in)
	if err != nil {
		return nil, err
	}
	e := queryEncoder{form: url.Values{}, names: queryNames{ec2: c.ec2()}}
	e.structure(planOf(op.Input), v, "")
	e.form.Set("Action", op.Name)
	e.form.Set("Version", op.Service.APIVersion)
	body := e.form.Encode()
	r, err := newRequest(ctx, endpoint, op, v, "/", nil, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	setBody(r, op, typeForm, []byte(body))
	return r, nil
}

// DecodeResponse implements Codec.
func (c *queryCodec) DecodeResponse(op *shape.Operation, resp *http.Response) (any, error) {
	body, err := readResponse(resp, c.limits)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode >= 300 {
		return nil, xmlFault(op, resp, body, c.limits, !c.ec2())
	}
	v := reflect.New(op.Output.Type)
	if err := c.result(op, body, v.Elem()); err != nil {
		return nil, fmt.Errorf("wire: %s: %w", op.Name, err)
	}
	return v.Interface(), nil
}

// result reads the members of an answer, inside their wrapper where there is
// one.
func (c *queryCodec) result(op *shape.Operation, body []byte, v reflect.Value) error {
	d := newXMLDecoder(body, c.limits)
	d.query = !c.ec2()
	p := planOf(op.Output)
	start, err := d.root()
	if err != nil {
		return err
	}
	wrapper := resultWrapper(op)
	if c.ec2() || wrapper == "" {
		if err := d.structure(p, v, start); err != nil {
			return err
		}
		return d.finish()
	}
	err = d.children(func(child xml.StartElement) error {
		if child.Name.Local == wrapper {
			return d.structure(p, v, child)
		}
		return d.skip()
	})
	if err != nil {
		return err
	}
	return d.finish()
}
