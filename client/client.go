package client

import (
	"context"
	"io"
	"strings"
	"sync/atomic"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"nephele.dev/nephele/internal/api/extras"
	"nephele.dev/nephele/internal/shape"
	"nephele.dev/nephele/internal/wire"
)

// Client calls the operations of one service. It is safe for concurrent use.
type Client struct {
	session  *Session
	service  *shape.Service
	extras   *extras.Service
	protocol shape.Protocol
	codec    wire.Codec
	region   string
	endpoint string // of this client; "" for that of the session

	signer *v4.Signer
	skew   atomic.Int64 // nanoseconds that the server's clock is ahead
	bucket bucket
}

// ServiceOption changes a client of one service.
type ServiceOption func(*Client) error

// InRegion makes a client for another region than the session's.
func InRegion(region string) ServiceOption {
	return func(c *Client) error {
		c.region = region
		return nil
	}
}

// AtEndpoint makes a client for another URL than the session's.
func AtEndpoint(url string) ServiceOption {
	return func(c *Client) error {
		_, err := parseEndpoint(url)
		c.endpoint = url
		return err
	}
}

// WithProtocol makes a client speak another of the service's protocols than the
// preferred one: json, query, ec2, rest-json, rest-xml or smithy-rpc-v2-cbor.
func WithProtocol(name string) ServiceOption {
	return func(c *Client) error {
		for _, p := range c.service.Protocols {
			if protocolName(p) == name {
				c.protocol = p
				return nil
			}
		}
		valid := make([]string, len(c.service.Protocols))
		for i, p := range c.service.Protocols {
			valid[i] = protocolName(p)
		}
		return &NameError{Kind: "protocol", Name: name, Valid: valid}
	}
}

// protocolName is a protocol as botocore's models call it.
func protocolName(p shape.Protocol) string {
	switch p {
	case shape.JSON10, shape.JSON11:
		return "json"
	case shape.Query:
		return "query"
	case shape.EC2Query:
		return "ec2"
	case shape.RestJSON:
		return "rest-json"
	case shape.RestXML:
		return "rest-xml"
	}
	return "smithy-rpc-v2-cbor"
}

// Client returns a client of a service, by any of its names. An unknown name is
// a *NameError.
func (s *Session) Client(service string, opts ...ServiceOption) (*Client, error) {
	svc, err := findService(service)
	if err != nil {
		return nil, err
	}
	c := &Client{session: s, service: svc, extras: extras.Of(svc.Name), protocol: svc.Protocols[0], region: s.region}
	for _, o := range opts {
		if err := o(c); err != nil {
			return nil, err
		}
	}
	c.codec = wire.For(c.protocol)
	c.bucket.tokens = bucketSize
	c.signer = newSigner(svc)
	return c, nil
}

// Service is the name of the client's model, for example "logs".
func (c *Client) Service() string { return c.service.Name }

// ServiceID is the service's name in prose, for example "CloudWatch Logs".
func (c *Client) ServiceID() string { return c.service.ID }

// Protocol is the name of the protocol that the client speaks, for example
// "rest-json".
func (c *Client) Protocol() string { return protocolName(c.protocol) }

// Operations lists the service's operations.
func (c *Client) Operations() []string { return operationNames(c.service) }

// OperationName is the model's name of an operation given in any of its forms.
func (c *Client) OperationName(operation string) (string, error) {
	op, err := findOperation(c.service, operation)
	if err != nil {
		return "", err
	}
	return op.Name, nil
}

// Endpoint is the URL that calls go to, without what the names of buckets and
// prefixes of operations add to the host.
func (c *Client) Endpoint() (string, error) {
	t, err := c.session.resolve(c.service, c.region, c.endpoint)
	if err != nil {
		return "", err
	}
	return strings.TrimSuffix(t.url.String(), "/"), nil
}

// Call runs an operation and returns its output. See the package's comment for
// the forms of input and output, and for the errors.
func (c *Client) Call(ctx context.Context, operation string, input any) (map[string]any, error) {
	r, err := c.Do(ctx, operation, input)
	if err != nil {
		return nil, err
	}
	return r.Output, nil
}

// Do is Call for those who also want to know the request's id or the header.
func (c *Client) Do(ctx context.Context, operation string, input any) (*Response, error) {
	op, err := findOperation(c.service, operation)
	if err != nil {
		return nil, err
	}
	k, err := c.prepare(op, input)
	if err != nil {
		return nil, err
	}
	defer k.close()
	return k.run(ctx)
}

// Close closes the connections that wait for another request, where the HTTP
// client has such. The client can still be used.
func (c *Client) Close() error {
	if h, ok := c.session.http.(interface{ CloseIdleConnections() }); ok {
		h.CloseIdleConnections()
	}
	return nil
}

// prepare checks the input of a call and makes ready what it sends.
func (c *Client) prepare(op *shape.Operation, input any) (*call, error) {
	given, err := parseInput(op, input)
	if err != nil {
		return nil, err
	}
	return c.prepareParams(op, given)
}

func (c *Client) prepareParams(op *shape.Operation, given params) (*call, error) {
	k := &call{client: c, op: op, region: c.region}
	k.adapt(&given)
	in, err := newInput(op, given)
	if err != nil {
		return nil, err
	}
	k.in = in
	return k, k.spool()
}

// StreamMember names the member of an operation's output that is a stream or an
// event stream; "" for none.
func (c *Client) StreamMember(operation string) string {
	op, err := findOperation(c.service, operation)
	if err != nil {
		return ""
	}
	if m := streamOf(op.Output); m != nil {
		return m.Name
	}
	return ""
}

// discard closes a stream in an output that nobody will read.
func discard(out map[string]any) {
	for _, v := range out {
		if r, ok := v.(io.Closer); ok {
			_ = r.Close()
		}
	}
}

// Waiters lists what the service's model says one can wait for, sorted.
func (c *Client) Waiters() []string { return sortedKeys(c.extras.Waiters) }

// Paginators lists the operations that can be paged through, sorted.
func (c *Client) Paginators() []string { return sortedKeys(c.extras.Paginators) }
