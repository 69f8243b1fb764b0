package wire

import (
	"encoding/xml"
	"net/http"

	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/shape"
)

// xmlFault reads an XML error answer in any of its forms: <Error> as the root
// (S3), inside <ErrorResponse> (awsQuery, CloudFront), or inside
// <Response><Errors> (EC2).
func xmlFault(op *shape.Operation, resp *http.Response, body []byte, l Limits, query bool) *awserr.Error {
	code, message, err := faultText(body, l)
	if err != nil || code == "" {
		return undecodable(resp, body)
	}
	a := received(op, code, message, resp.StatusCode)
	if a.plan != nil {
		d := newXMLDecoder(body, l)
		d.query = query
		_ = d.inError(func(start xml.StartElement) error { // its code and message stand without the rest
			return d.structure(a.plan, a.value, start)
		})
	}
	e := a.fault()
	if e.Message == "" {
		e.Message = message
	}
	return e
}

// inError calls f with the <Error> element.
func (d *xmlDecoder) inError(f func(xml.StartElement) error) error {
	for {
		start, err := d.root()
		if err != nil {
			return err
		}
		if start.Name.Local == "Error" {
			return f(start)
		}
	}
}

// faultText finds code and message, wherever the <Error> is.
func faultText(body []byte, l Limits) (code, message string, err error) {
	d := newXMLDecoder(body, l)
	err = d.inError(func(xml.StartElement) error {
		return d.children(func(child xml.StartElement) (err error) {
			switch child.Name.Local {
			case "Code":
				code, err = d.text()
			case "Message", "message":
				message, err = d.text()
			default:
				err = d.skip()
			}
			return err
		})
	})
	return code, message, err
}
