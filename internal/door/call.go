package door

import (
	"cmp"
	"context"
	"net/http"
	"strings"
	"time"

	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/door/sigv4"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/shape"
	"nephele.dev/nephele/internal/wire"
)

// call is one API request on its way through the door.
type call struct {
	door  *Door
	w     *recorder
	r     *http.Request
	begin time.Time
	id    string
	peer  peer
	host  hostInfo
	hint  sigv4.Hint
	in    *inflow // the connection's end of the body

	sig     *sigv4.Signature // nil without a signature, and without Auth
	sigErr  error            // why the signature is refused, as soon as that is known
	key     []byte
	proven  bool // the signature has been verified
	legacy  bool // by Signature Version 2, which is S3's alone
	caller  plane.Caller
	match   wire.Match
	body    []byte
	read    bool  // body holds the whole body
	held    int64 // bytes of the ration for unproven bodies
	reached bool  // the plane had the call, and has logged it
	paged   bool  // a page calls that only the rules of a bucket let in
}

func (d *Door) newCall(w http.ResponseWriter, r *http.Request, p peer) *call {
	c := &call{
		door: d, r: r, begin: time.Now(), id: d.opts.NewID(),
		w: newRecorder(w, r, d.opts.Timeouts.Stall), peer: p,
	}
	c.w.Header().Set("Server", serverName)
	c.in = newInflow(r, c.w.control, d.opts.Timeouts.Stall)
	r.Body = c.in
	c.host = d.hosts.read(r.Host)
	c.hint = sigv4.HintOf(r)
	return c
}

// serve takes the call through its stages and answers it.
func (c *call) serve() {
	defer c.in.abandon()
	defer c.settle()
	c.invite()
	err := c.handle()
	answered := err == nil || c.fail(err)
	c.door.finish(c, err)
	if !answered {
		// All that is left is to break the connection, so that half an object is
		// not taken for a whole one.
		panic(http.ErrAbortHandler)
	}
}

// invite answers an expectation before an empty body, which net/http passes
// over because nothing is left to wait for. botocore waits all the same, and a
// final answer in its place makes it misread the connection's next answer.
func (c *call) invite() {
	if c.r.ContentLength == 0 && c.r.ProtoMajor == 1 && strings.EqualFold(c.r.Header.Get("Expect"), "100-continue") {
		c.w.WriteHeader(http.StatusContinue)
	}
}

// handle is the order of a call. Its error is what the caller is answered,
// or one of the connection when the answer is already under way.
func (c *call) handle() error {
	c.claim()
	c.locate()
	if c.uploadForm() {
		return c.handleForm()
	}
	match, err := c.door.router.Match(c.r, c.signingName(), c.form)
	c.match = match
	if match.Service != nil && match.Service.Name == "s3" {
		c.id = s3ID(c.id)
	}
	if err != nil {
		return c.unrouted(err)
	}
	if c.paged && match.Service.Name != "s3" {
		return awserr.New("AccessDenied", http.StatusForbidden, "The rules of a bucket let pages use nothing else.")
	}
	if err := c.authenticate(); err != nil {
		return err
	}
	if !c.door.opts.Plane.Implements(c.match.Operation) {
		c.discard()
		return plane.NotImplemented(c.match.Operation)
	}
	c.unhoist()
	req, err := c.payload()
	if err != nil {
		return err
	}
	codec := c.door.codecs[c.match.Protocol]
	in, err := codec.DecodeRequest(c.match.Operation, req)
	if err != nil {
		return err
	}
	c.scrub()
	c.reached = true
	opts := []plane.Option{
		plane.WithMissing(in.Missing), plane.WithRequestID(c.id),
		plane.WithHTTP(c.r.Header, c.serviceURL()), plane.WithAnswer(c.w.Header()),
	}
	if c.legacy || c.sig != nil && c.sig.Presigned {
		opts = append(opts, plane.WithPresigned())
	}
	switch {
	case c.legacy:
		opts = append(opts, plane.WithSignature("AWS", time.Time{}))
	case c.sig != nil:
		opts = append(opts, plane.WithSignature("AWS4-HMAC-SHA256", c.sig.Time))
	}
	if !c.in.ended.Load() {
		opts = append(opts, plane.WithAbort(c.in.abort))
	}
	ctx, end := c.context()
	defer end()
	out, err := c.door.opts.Plane.Invoke(ctx, c.caller, c.match.Operation, in.Value, opts...)
	if err != nil {
		return err
	}
	return codec.EncodeResponse(c.w, c.match.Operation, out, c.id)
}

// context is the call's, which ends with the connection. That of an event
// stream ends when the door drains, too.
func (c *call) context() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(c.r.Context())
	if !wire.StreamsEvents(c.match.Operation) {
		return ctx, cancel
	}
	stop := context.AfterFunc(c.door.streaming, cancel)
	return ctx, func() { stop(); cancel() }
}

// locate turns the two ways of naming an S3 bucket into one, and takes the
// empty and dot segments out of the paths of other services (sigv4.CleanPath).
// What was signed has been noted before.
func (c *call) locate() {
	if c.isS3() {
		if bucket := c.virtualBucket(); bucket != "" {
			u := *c.r.URL
			escaped := u.EscapedPath()
			u.Path, u.RawPath = "/"+bucket+u.Path, "/"+bucket+escaped
			if u.Path == "/"+bucket {
				u.Path, u.RawPath = u.Path+"/", u.RawPath+"/"
			}
			c.r.URL = &u
		}
		return
	}
	if c.signingName() == "" {
		return
	}
	escaped := c.r.URL.EscapedPath()
	if clean := sigv4.CleanPath(escaped); clean != escaped {
		setEscapedPath(c.r, clean)
	}
}

// isS3 reports whether the call is S3's by its scope, else by its host: a
// plain GET below a bucket's name has nothing else to tell.
func (c *call) isS3() bool {
	if c.hostDecides() {
		return c.host.service == "s3"
	}
	if c.hint.Service != "" {
		return sigv4.IsS3(c.hint.Service)
	}
	if c.host.service != "" {
		return c.host.service == "s3"
	}
	return c.host.maybe != "" && c.r.Header.Get("X-Amz-Target") == "" && c.r.Header.Get("Smithy-Protocol") == "" &&
		!strings.Contains(c.r.URL.RawQuery, "Action=") && !isForm(c.r)
}

// hostDecides reports whether the host name alone tells the service, so that a
// signature for another one is refused as at AWS.
func (c *call) hostDecides() bool {
	return c.door.opts.Auth && c.host.aws && c.host.service != ""
}

// signingName is the service that is meant, "" when only the router can tell.
func (c *call) signingName() string {
	switch {
	case c.hostDecides():
		return c.host.service
	case c.hint.Service != "":
		return c.hint.Service
	case c.host.service != "":
		return c.host.service
	case c.isS3():
		return "s3"
	}
	return ""
}

func isForm(r *http.Request) bool {
	return strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded")
}

// form reads the body of a form for the router.
func (c *call) form() ([]byte, error) {
	svc := c.door.bySigning[c.signingName()]
	limit := bodyLimit(svc, nil)
	if c.sigErr != nil {
		limit = min(limit, defaultLimit) // of someone we do not know
	}
	return c.buffer(limit)
}

// unrouted is the answer to a request that names no operation of ours. The
// router leaves the words to us where AWS has none.
func (c *call) unrouted(err error) error {
	e := awserr.As(err)
	if e == nil || e.Status == http.StatusRequestEntityTooLarge {
		return err
	}
	service := c.signingName()
	worded := *e
	switch {
	case service != "" && c.door.bySigning[service] == nil && !sigv4.IsS3(service):
		worded.Message = "Nephele does not know the service " + quote(service) + "."
	case e.Message != "":
	case c.match.Service != nil:
		worded.Message = "Nephele does not know this operation of " + c.match.Service.Name + "."
	default:
		worded.Message = "Nephele cannot tell which service this request is for: sign it, or use the service's host name."
	}
	return &worded
}

// guessProtocol is the protocol in which an answer stands the best chance.
func guessProtocol(r *http.Request) shape.Protocol {
	ct := r.Header.Get("Content-Type")
	switch {
	case r.Header.Get("Smithy-Protocol") != "":
		return shape.CBOR
	case r.Header.Get("X-Amz-Target") != "":
		return shape.JSON11
	case isForm(r) || strings.Contains(r.URL.RawQuery, "Action="):
		return shape.Query
	case strings.Contains(ct, "xml"):
		return shape.RestXML
	}
	return shape.RestJSON
}

// scrub takes what proves an identity out of the header that handlers see.
func (c *call) scrub() {
	h := c.r.Header
	h.Del("Authorization")
	h.Del("X-Amz-Security-Token")
}

// baseURL is how the caller reached us.
func (c *call) baseURL() string {
	if c.peer.secure {
		return "https://" + c.r.Host
	}
	return "http://" + c.r.Host
}

// serviceURL is baseURL without the bucket of a virtual host: all paths of the
// service are below it.
func (c *call) serviceURL() string {
	base := c.baseURL()
	if bucket := c.virtualBucket(); bucket != "" {
		scheme, host, _ := strings.Cut(base, "://")
		if len(host) > len(bucket) && strings.EqualFold(host[:len(bucket)], bucket) && host[len(bucket)] == '.' {
			return scheme + "://" + host[len(bucket)+1:]
		}
	}
	return base
}

// virtualBucket is the bucket that the host names, if the call is S3's.
func (c *call) virtualBucket() string {
	if !c.isS3() {
		return ""
	}
	return cmp.Or(c.host.bucket, c.host.maybe)
}

// fail answers with an error, and reports false when an answer is already
// under way.
func (c *call) fail(err error) (answered bool) {
	log := c.door.log.With("request_id", c.id)
	if c.w.status != 0 {
		log.Debug("answer broken off", "error", err)
		return false
	}
	e := awserr.As(err)
	if e == nil {
		e = internalError(c.family()).Because(err)
	}
	if e.Status == http.StatusInternalServerError && e.Cause != nil && !c.reached {
		log.Error("internal failure", "error", e)
	}
	codec := c.door.codecs[c.protocol()]
	if err := codec.EncodeError(c.w, c.match.Service, c.match.Operation, e, c.id); err != nil {
		log.Debug("error answer broken off", "error", err)
	}
	return true
}

// protocol is the one to answer in.
func (c *call) protocol() shape.Protocol {
	if c.match.Protocol != "" {
		return c.match.Protocol
	}
	return guessProtocol(c.r)
}

func (c *call) family() family { return familyOf(c.match.Service, c.protocol()) }
