package door

import (
	"context"
	"maps"
	"net/http"
	"strings"

	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/door/sigv4"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/shape"
)

// Buckets is what the door needs of S3 besides its operations.
type Buckets interface {
	// CORS judges a request of a web page by a bucket's own rules. method and
	// headers are those that a preflight announces; an actual request has no
	// headers to be judged. has is false when the bucket is not there or has no
	// rules, and the door's apply. Where a rule allows the request, answer holds
	// the header fields to send; else it is nil.
	CORS(ctx context.Context, bucket, origin, method string, headers []string) (answer http.Header, has bool, err error)

	// ServeSite answers a request of a visitor, an anonymous caller, to the
	// website of a bucket.
	ServeSite(w http.ResponseWriter, r *http.Request, bucket string, visitor plane.Caller)
}

// bucketOf is the bucket that a request of a page is about, "" when it may be
// one to another service. A preflight carries no signature, so it is told by the
// host and the path alone.
func (d *Door) bucketOf(r *http.Request) string {
	if hint := sigv4.HintOf(r); hint.Service != "" && !sigv4.IsS3(hint.Service) {
		return ""
	}
	host := d.hosts.read(r.Host)
	if host.service != "" && host.service != "s3" {
		return ""
	}
	if r.Header.Get("X-Amz-Target") != "" || r.Header.Get("Smithy-Protocol") != "" || isForm(r) || strings.Contains(r.URL.RawQuery, "Action=") {
		return ""
	}
	if asked := strings.ToLower(r.Header.Get("Access-Control-Request-Headers")); strings.Contains(asked, "x-amz-target") || strings.Contains(asked, "smithy-protocol") {
		return ""
	}
	switch {
	case host.bucket != "":
		return host.bucket
	case host.maybe != "":
		return host.maybe
	}
	bucket, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	return bucket
}

// pageVerdict is what a bucket's rules say to a page.
type pageVerdict uint8

const (
	pageUnruled pageVerdict = iota // no rules: the door's own apply
	pageAllowed                    // a rule allows it
	pageIgnored                    // no rule allows it; nothing is said to the page
	pageDone                       // the request has been answered
)

// bucketPage has the rules of a bucket decide on a request from a page.
func (d *Door) bucketPage(w http.ResponseWriter, r *http.Request, origin string) pageVerdict {
	if d.opts.Buckets == nil || origin == "" || !d.opts.Auth && !d.hosts.known(bare(r.Host)) {
		return pageUnruled
	}
	bucket := d.bucketOf(r)
	if bucket == "" {
		return pageUnruled
	}
	method, preflight := r.Method, false
	var headers []string
	if asked := r.Header.Get("Access-Control-Request-Method"); r.Method == http.MethodOptions && asked != "" {
		method, preflight = asked, true
		headers = announced(r.Header)
	}
	answer, has, err := d.opts.Buckets.CORS(r.Context(), bucket, origin, method, headers)
	switch {
	case err != nil:
		d.log.Error("rules of a bucket for pages", "bucket", bucket, "error", err)
		return pageUnruled
	case !has:
		return pageUnruled
	case answer != nil:
		maps.Copy(w.Header(), answer)
		if !preflight {
			return pageAllowed
		}
		if r.Header.Get("Access-Control-Request-Private-Network") == "true" {
			w.Header().Set("Access-Control-Allow-Private-Network", "true")
		}
		w.WriteHeader(http.StatusOK)
		return pageDone
	case preflight:
		d.refusePreflight(w, method)
		return pageDone
	}
	return pageIgnored
}

// announced are the headers that a preflight asks for.
func announced(h http.Header) []string {
	var names []string
	for _, line := range h.Values("Access-Control-Request-Headers") {
		for name := range strings.SplitSeq(line, ",") {
			if name = strings.ToLower(strings.TrimSpace(name)); name != "" {
				names = append(names, name)
			}
		}
	}
	return names
}

// refusePreflight is the answer of a bucket without a rule for the page.
func (d *Door) refusePreflight(w http.ResponseWriter, method string) {
	e := awserr.New("AccessForbidden", http.StatusForbidden, "CORSResponse: This CORS request is not allowed. This is usually because the "+
		"evalution of Origin, request method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the "+
		"resource's CORS spec.").With("Method", method).With("ResourceType", "OBJECT")
	codec := d.codecs[shape.RestXML]
	if err := codec.EncodeError(w, d.bySigning["s3"], nil, e, s3ID(d.opts.NewID())); err != nil {
		d.log.Debug("error answer broken off", "error", err)
	}
}

// serveSite answers a request to the website of a bucket.
func (d *Door) serveSite(w http.ResponseWriter, r *http.Request, p peer, bucket string) {
	c := d.newCall(w, r, p)
	defer c.in.abandon()
	c.match.Service = d.bySigning["s3"]
	c.id = s3ID(c.id)
	c.w.Header().Set("X-Amz-Request-Id", c.id)
	visitor := c.complete(plane.Caller{Account: d.opts.Account, Kind: plane.Anonymous}, "", "")
	d.opts.Buckets.ServeSite(c.w, r, bucket, visitor)
	d.finish(c, nil)
}
