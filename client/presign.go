package client

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"nephele.dev/nephele/internal/shape"
)

// maxExpires is the longest life that a signature can have (Signature Version 4,
// "Authenticating requests: query parameters").
const maxExpires = 7 * 24 * time.Hour

// Presigned is a request that anybody can send who has it, until it expires.
type Presigned struct {
	URL    string
	Method string
	Header http.Header // must be sent along as they are; without Host
	Body   []byte      // must be sent along; nil for none, and for streams, whose content is the sender's
}

// PresignOption changes how a request is presigned.
type PresignOption func(*presigning)

type presigning struct {
	method  string
	expires time.Duration
}

// Expires sets how long the request is valid, an hour by default and at most seven
// days. Temporary credentials may end before.
func Expires(d time.Duration) PresignOption { return func(p *presigning) { p.expires = d } }

// Method sets the HTTP method, which is that of the model by default: for the
// query protocols POST, though they take GET as well.
func Method(m string) PresignOption { return func(p *presigning) { p.method = m } }

// Presign makes a URL that calls an operation with an input. The parameters of the
// query protocols travel in the URL, as do those of the REST protocols that are
// bound to the path and the query; whatever is bound to headers or the body has to
// be sent along.
func (c *Client) Presign(ctx context.Context, operation string, input any, opts ...PresignOption) (*Presigned, error) {
	p := presigning{expires: time.Hour}
	for _, o := range opts {
		o(&p)
	}
	if p.expires < time.Second || p.expires > maxExpires {
		return nil, fmt.Errorf("expires: %s is not between a second and seven days", p.expires)
	}
	op, err := findOperation(c.service, operation)
	if err != nil {
		return nil, err
	}
	given, err := parseInput(op, input)
	if err != nil {
		return nil, err
	}
	streamed := givesStream(op, given)
	k, err := c.prepareParams(op, given)
	if err != nil {
		return nil, err
	}
	defer k.close()
	t, err := c.session.resolve(c.service, c.region, c.endpoint)
	if err != nil {
		return nil, err
	}
	k.bare = !streamed
	r, err := k.request(ctx, t)
	if err != nil {
		return nil, err
	}
	if p.method != "" {
		r.Method = p.method
	}
	return k.presign(ctx, r, t, p.expires)
}

// givesStream reports whether the content of a streaming member is given, and
// not left to who sends the request.
func givesStream(op *shape.Operation, given params) bool {
	m := streamOf(op.Input)
	return m != nil && given.entries[m.Name] != nil
}

func (k *call) presign(ctx context.Context, r *http.Request, t target, expires time.Duration) (*Presigned, error) {
	out := &Presigned{Method: r.Method}
	if err := k.hoist(r, out); err != nil {
		return nil, err
	}
	r.Header.Del("User-Agent")
	q := r.URL.Query()
	q.Set("X-Amz-Expires", strconv.Itoa(int(expires/time.Second)))
	r.URL.RawQuery = q.Encode()
	creds, err := k.client.session.retrieve(ctx)
	if err != nil {
		return nil, err
	}
	digest := unsigned
	if k.client.service.Name != "s3" {
		if digest, err = k.bodyDigest(r); err != nil {
			return nil, err
		}
	}
	signed, header, err := k.client.signer.PresignHTTP(ctx, creds, r, digest, t.service, t.region, k.client.now(), k.keepHeaders)
	if err != nil {
		return nil, fmt.Errorf("signing the request: %w", err)
	}
	header.Del("Host")
	out.URL, out.Header = signed, header
	return out, nil
}

// keepHeaders leaves headers out of the URL: S3 alone looks for them there.
func (k *call) keepHeaders(o *v4.SignerOptions) {
	o.DisableHeaderHoisting = k.client.service.Name != "s3"
}

// hoist moves the parameters of the query protocols from the body to the URL,
// and notes a body that stays.
func (k *call) hoist(r *http.Request, out *Presigned) error {
	if k.stream != nil {
		if k.bare {
			r.ContentLength = 0 // not known, and so not signed
			r.Header.Del("Content-Type")
			if s := k.text("ContentType"); s != "" {
				r.Header.Set("Content-Type", s)
			}
		}
		return nil
	}
	stream, err := r.GetBody()
	if err != nil {
		return err
	}
	data, err := io.ReadAll(stream)
	if err != nil || len(data) == 0 {
		return err
	}
	if p := k.client.protocol; p != shape.Query && p != shape.EC2Query {
		out.Body = data
		return nil
	}
	form, err := url.ParseQuery(string(data))
	if err != nil {
		return err
	}
	r.URL.RawQuery = form.Encode()
	r.Header.Del("Content-Type")
	r.ContentLength, r.Body = 0, http.NoBody
	r.GetBody = func() (io.ReadCloser, error) { return http.NoBody, nil }
	return nil
}
