package s3

import (
	"context"
	"errors"
	"html"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	api "nephele.dev/nephele/internal/api/s3"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/shape"
	"nephele.dev/nephele/internal/store"
)

// website is a bucket's website for one request.
type website struct {
	s      *Service
	w      http.ResponseWriter
	r      *http.Request
	b      bucket
	config api.WebsiteConfiguration
	caller plane.Caller // the visitor
	key    string       // as requested, without the leading slash
}

// ServeSite answers a request to the website of a bucket (S3 User Guide,
// "Hosting a static website"): GET and HEAD, index and error documents,
// redirects, and pages in HTML for errors. It reads objects through the plane,
// as the visitor, who is anonymous: what policies and access control lists give
// to everybody is there, under the conditions that they name.
func (s *Service) ServeSite(w http.ResponseWriter, r *http.Request, name string, visitor plane.Caller) {
	t := &website{s: s, w: w, r: r, caller: visitor, key: strings.TrimPrefix(r.URL.Path, "/")}
	if err := t.open(name); err != nil {
		t.fail(err)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		t.fail(awserr.New("MethodNotAllowed", http.StatusMethodNotAllowed, "The specified method is not allowed against this resource.").
			With("Method", r.Method).With("ResourceType", "OBJECT"))
		return
	}
	if all := t.config.RedirectAllRequestsTo; all != nil {
		t.redirect(http.StatusMovedPermanently, value(all.Protocol, ""), all.HostName, t.r.URL.EscapedPath())
		return
	}
	if rule := redirectRule(t.config.RoutingRules, t.key, 0); rule != nil {
		t.route(rule)
		return
	}
	if err := t.serve(); err != nil {
		t.fallBack(err)
	}
}

// open loads the bucket and what it says of its website.
func (t *website) open(name string) error {
	return t.s.db.View(t.r.Context(), func(tx *store.Tx) (err error) {
		t.b, err = scanBucket(tx.Row(`select `+bucketColumns+` from s3_bucket where name = ?`, name))
		if errors.Is(err, store.ErrNotFound) {
			return errNoSuchBucket(name)
		}
		if err != nil {
			return err
		}
		var ok bool
		if t.config, ok, err = loadConfig[api.WebsiteConfiguration](tx, name, websiteConfig); err != nil {
			return err
		}
		if !ok {
			return errNoWebsite().With("BucketName", name)
		}
		t.caller.Account, t.caller.Region = t.b.Account, t.b.Region
		return nil
	})
}

// serve answers with the object that the path names: the index document of a
// folder, the object itself, or a redirect to a folder of that name.
func (t *website) serve() error {
	suffix := t.config.IndexDocument.Suffix
	if t.key == "" || strings.HasSuffix(t.key, "/") {
		return t.object(t.key+suffix, http.StatusOK)
	}
	err := t.object(t.key, http.StatusOK)
	if err == nil {
		return nil
	}
	if e := awserr.As(err); e == nil || e.Status != http.StatusNotFound && e.Status != http.StatusForbidden {
		return err
	}
	if _, missing := t.client().HeadObject(t.r.Context(), &api.HeadObjectInput{Bucket: t.b.Name, Key: t.key + "/" + suffix}); missing == nil {
		t.redirect(http.StatusFound, "", "", (&url.URL{Path: "/" + t.key + "/"}).EscapedPath())
		return nil
	}
	return err
}

// client makes calls as the visitor.
func (t *website) client() api.Client { return api.Client{Invoker: visit{t}} }

// visit is a visitor's way into the plane. Policies may ask for the page that
// the request comes from.
type visit struct{ site *website }

// Invoke implements shape.Invoker.
func (v visit) Invoke(ctx context.Context, op *shape.Operation, in any) (any, error) {
	header := http.Header{}
	if from := v.site.r.Header.Values("Referer"); len(from) > 0 {
		header["Referer"] = from
	}
	return v.site.s.plane.Invoke(ctx, v.site.caller, op, in, plane.WithHTTP(header, ""))
}

// object answers with an object, if everybody may read it.
func (t *website) object(key string, status int) error {
	in := &api.GetObjectInput{Bucket: t.b.Name, Key: key}
	if status == http.StatusOK {
		t.conditions(in)
	}
	out, err := t.client().GetObject(t.r.Context(), in)
	if e := awserr.As(err); e != nil && e.Status == http.StatusNotModified {
		t.notModified(e)
		return nil
	}
	if err != nil {
		return err
	}
	if to := out.WebsiteRedirectLocation; to != nil && status == http.StatusOK {
		closeBody(out)
		t.w.Header().Set("Location", *to)
		t.w.WriteHeader(http.StatusMovedPermanently)
		return nil
	}
	t.send(out, status)
	return nil
}

// notModified answers that the visitor has the object already.
func (t *website) notModified(e *awserr.Error) {
	if etag, ok := e.Fields["ETag"].(string); ok {
		t.w.Header().Set("ETag", etag)
	}
	if at, ok := e.Fields["LastModified"].(time.Time); ok {
		t.w.Header().Set("Last-Modified", at.UTC().Format(http.TimeFormat))
	}
	t.w.WriteHeader(http.StatusNotModified)
}

func closeBody(out *api.GetObjectOutput) {
	if c, ok := out.Body.(io.Closer); ok {
		_ = c.Close() // a read-only stream
	}
}

// conditions takes range and conditions of the request over.
func (t *website) conditions(in *api.GetObjectInput) {
	h := t.r.Header
	in.Range, in.IfMatch, in.IfNoneMatch = optional(h.Get("Range")), optional(h.Get("If-Match")), optional(h.Get("If-None-Match"))
	if at, err := http.ParseTime(h.Get("If-Modified-Since")); err == nil {
		in.IfModifiedSince = &at
	}
	if at, err := http.ParseTime(h.Get("If-Unmodified-Since")); err == nil {
		in.IfUnmodifiedSince = &at
	}
}

// send writes an object.
func (t *website) send(out *api.GetObjectOutput, status int) {
	defer closeBody(out)
	h := t.w.Header()
	for name, v := range map[string]*string{
		"Content-Type": out.ContentType, "Cache-Control": out.CacheControl, "Content-Disposition": out.ContentDisposition,
		"Content-Encoding": out.ContentEncoding, "Content-Language": out.ContentLanguage, "ETag": out.ETag,
		"Content-Range": out.ContentRange, "x-amz-version-id": out.VersionId,
	} {
		if v != nil {
			h.Set(name, *v)
		}
	}
	for name, v := range out.Metadata {
		h.Set("x-amz-meta-"+name, v)
	}
	if out.LastModified != nil {
		h.Set("Last-Modified", out.LastModified.UTC().Format(http.TimeFormat))
	}
	if out.Expires != nil {
		h.Set("Expires", out.Expires.UTC().Format(http.TimeFormat))
	}
	h.Set("Content-Length", strconv.FormatInt(value(out.ContentLength, 0), 10))
	if out.ContentRange != nil && status == http.StatusOK {
		status = http.StatusPartialContent
	}
	t.w.WriteHeader(status)
	if t.r.Method == http.MethodHead {
		return
	}
	if _, err := io.Copy(t.w, out.Body); err != nil {
		t.s.log.DebugContext(t.r.Context(), "website answer broken off", "error", err)
		panic(http.ErrAbortHandler) // so that half a page is not taken for a whole one
	}
}

// fallBack answers an error: by a routing rule for its status, with the error
// document, or with a page of ours.
func (t *website) fallBack(err error) {
	e := awserr.As(err)
	if e == nil {
		t.fail(err)
		return
	}
	if rule := redirectRule(t.config.RoutingRules, t.key, e.Status); rule != nil {
		t.route(rule)
		return
	}
	doc := t.config.ErrorDocument
	if doc == nil || e.Status < 400 || e.Status > 499 || e.Status == http.StatusRequestedRangeNotSatisfiable || e.Status == http.StatusPreconditionFailed {
		t.fail(err)
		return
	}
	t.announce(e)
	if err := t.object(doc.Key, e.Status); err != nil {
		t.page(e, awserr.As(err))
	}
}

// route redirects as a routing rule says.
func (t *website) route(rule *api.RoutingRule) {
	d, key := rule.Redirect, t.key
	switch {
	case d.ReplaceKeyWith != nil:
		key = *d.ReplaceKeyWith
	case d.ReplaceKeyPrefixWith != nil:
		prefix := ""
		if rule.Condition != nil {
			prefix = value(rule.Condition.KeyPrefixEquals, "")
		}
		key = *d.ReplaceKeyPrefixWith + strings.TrimPrefix(key, prefix)
	}
	status := http.StatusMovedPermanently
	if n, err := strconv.Atoi(value(d.HttpRedirectCode, "")); err == nil {
		status = n
	}
	t.redirect(status, value(d.Protocol, ""), value(d.HostName, ""), (&url.URL{Path: "/" + key}).EscapedPath())
}

// redirect sends the client to a path; without a host name, on this site. A
// query goes with it.
func (t *website) redirect(status int, protocol api.Protocol, host, path string) {
	to := path
	if host != "" || protocol != "" {
		if host == "" {
			host = t.r.Host
		}
		if protocol == "" {
			protocol = "http"
			if t.r.TLS != nil {
				protocol = "https"
			}
		}
		to = string(protocol) + "://" + host + path
	} else if strings.HasPrefix(path, "//") {
		to = "http://" + t.r.Host + path // else it would name a host
	}
	if q := t.r.URL.RawQuery; q != "" {
		to += "?" + q
	}
	t.w.Header().Set("Location", to)
	t.w.Header().Set("Content-Length", "0")
	t.w.WriteHeader(status)
}

// fail answers with a page of ours. Faults of ours are logged.
func (t *website) fail(err error) {
	e := awserr.As(err)
	if e == nil || e.Status >= http.StatusInternalServerError && e.Cause != nil {
		t.s.log.ErrorContext(t.r.Context(), "website", "error", err)
		e = awserr.New("InternalError", http.StatusInternalServerError, "We encountered an internal error. Please try again.")
	}
	t.announce(e)
	t.page(e, nil)
}

func (t *website) announce(e *awserr.Error) {
	t.w.Header().Set("X-Amz-Error-Code", e.Code)
	t.w.Header().Set("X-Amz-Error-Message", e.Message)
}

// page writes an error as S3's websites show it. second is why the error
// document could not be shown.
func (t *website) page(e, second *awserr.Error) {
	line := strconv.Itoa(e.Status) + " " + http.StatusText(e.Status)
	var b strings.Builder
	b.WriteString("<html>\n<head><title>" + line + "</title></head>\n<body>\n<h1>" + line + "</h1>\n<ul>\n")
	item := func(name, text string) {
		b.WriteString("<li>" + html.EscapeString(name) + ": " + html.EscapeString(text) + "</li>\n")
	}
	describe := func(e *awserr.Error) {
		item("Code", e.Code)
		item("Message", e.Message)
		for _, name := range []string{"BucketName", "Key", "Method", "ResourceType"} {
			if v, ok := e.Fields[name].(string); ok {
				item(name, v)
			}
		}
	}
	describe(e)
	id := t.w.Header().Get("X-Amz-Request-Id")
	item("RequestId", id)
	item("HostId", hostID(id))
	b.WriteString("</ul>\n")
	if second != nil {
		b.WriteString("<h3>An Error Occurred While Attempting to Retrieve a Custom Error Document</h3>\n<ul>\n")
		describe(second)
		b.WriteString("</ul>\n")
	}
	b.WriteString("<hr/>\n</body>\n</html>\n")
	h := t.w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(b.Len()))
	t.w.WriteHeader(e.Status)
	if t.r.Method != http.MethodHead {
		_, _ = io.WriteString(t.w, b.String()) // the peer has it or is gone
	}
}
