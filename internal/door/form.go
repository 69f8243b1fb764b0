package door

import (
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"
	"time"

	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/door/postform"
	"nephele.dev/nephele/internal/door/sigv4"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/shape"
	"nephele.dev/nephele/internal/wire"
)

// uploadForm reports whether the call is an HTML form that uploads a file to a
// bucket. It is no operation of the model: the fields become the headers of a
// PutObject, which goes on through the plane like any other.
func (c *call) uploadForm() bool {
	if !postform.IsForm(c.r) || c.r.URL.RawQuery != "" || c.door.bySigning["s3"] == nil {
		return false
	}
	if s := c.signingName(); s != "" && !sigv4.IsS3(s) {
		return false
	}
	bucket, key, _ := strings.Cut(strings.TrimPrefix(c.r.URL.Path, "/"), "/")
	return bucket != "" && key == ""
}

// handleForm takes an upload form through the stages of a call.
func (c *call) handleForm() error {
	svc := c.door.bySigning["s3"]
	c.match = wire.Match{Service: svc, Operation: svc.Operation("PutObject"), Protocol: shape.RestXML}
	c.id = s3ID(c.id)
	form, err := postform.Read(c.r.Body, c.r.Header.Get("Content-Type"))
	if err != nil {
		return bodyError(c.family(), err, nil)
	}
	if err := form.Resolve(); err != nil {
		return err
	}
	bucket := strings.Trim(c.r.URL.Path, "/")
	limits, err := c.admitForm(form, bucket)
	if err != nil {
		return err
	}
	key, ok := form.Fields["key"]
	if !ok {
		return awserr.New("InvalidArgument", http.StatusBadRequest, "Bucket POST must contain a field named 'key'.  If it is specified, please check the order of the fields.").
			With("ArgumentName", "key").With("ArgumentValue", "")
	}
	header, err := formHeader(form.Fields)
	if err != nil {
		return err
	}
	put := (&http.Request{Method: http.MethodPut, URL: &url.URL{Path: "/" + bucket + "/" + key}, Header: header}).WithContext(c.r.Context())
	file := &formFile{r: form.File, limits: limits, call: c}
	codec := c.door.codecs[c.match.Protocol]
	in, err := codec.DecodeRequest(c.match.Operation, &wire.Request{
		HTTP: put, Labels: map[string]string{"Bucket": bucket, "Key": key}, Stream: file,
	})
	if err != nil {
		return err
	}
	c.reached = true
	out, err := c.door.opts.Plane.Invoke(c.r.Context(), c.caller, c.match.Operation, in.Value, plane.WithMissing(in.Missing), plane.WithRequestID(c.id),
		plane.WithHTTP(header, c.baseURL()), plane.WithForm(), formSignature(form.Fields), plane.WithAbort(c.in.abort))
	if err != nil {
		return err
	}
	answer := &kept{header: http.Header{}}
	if err := codec.EncodeResponse(answer, c.match.Operation, out, c.id); err != nil {
		return err
	}
	return c.answerForm(form.Fields, bucket, key, answer.header)
}

// admitForm finds out who sends the form and holds it to its policy. Without
// Auth nobody need sign, but a policy that is there must allow the form.
func (c *call) admitForm(form *postform.Form, bucket string) (*postform.Range, error) {
	claim, err := postform.ReadClaim(form.Fields)
	if err != nil {
		return nil, err
	}
	if err := c.formCaller(claim); err != nil {
		return nil, err
	}
	text, ok := form.Fields["policy"]
	if !ok {
		return nil, nil
	}
	policy, err := postform.ParsePolicy(text)
	if err != nil {
		return nil, err
	}
	return policy.Range, policy.Check(form.Fields, bucket, time.Now())
}

// formCaller makes the signer of a form the caller.
func (c *call) formCaller(claim *postform.Claim) error {
	d := c.door
	if claim == nil {
		if d.opts.Auth {
			c.caller = c.complete(plane.Caller{Account: d.opts.Account, Kind: plane.Anonymous}, "", "")
		}
		return nil
	}
	c.hint.AccessKeyID, c.hint.Region = claim.AccessKeyID, claim.Scope.Region
	if !d.opts.Auth {
		c.caller = c.unproven()
		return nil
	}
	cred, err := d.opts.Credentials.Credential(c.r.Context(), claim.AccessKeyID, claim.SessionToken)
	if err != nil {
		return keyError(familyS3, err, claim.AccessKeyID)
	}
	var key []byte
	if !claim.Legacy {
		key = sigv4.SigningKey(cred.Secret, claim.Scope)
	}
	if err := claim.Verify(cred.Secret, key); err != nil {
		return err
	}
	c.caller = c.complete(cred.Caller, claim.AccessKeyID, claim.Scope.Region)
	c.proven = true
	return nil
}

// formSignature tells how a form was signed, as far as its fields say.
func formSignature(fields map[string]string) plane.Option {
	if algorithm, ok := fields["x-amz-algorithm"]; ok {
		at, _ := time.Parse("20060102T150405Z", fields["x-amz-date"]) // the zero time is "not known"
		return plane.WithSignature(algorithm, at)
	}
	if _, ok := fields["awsaccesskeyid"]; ok {
		return plane.WithSignature("AWS", time.Time{})
	}
	return plane.WithSignature("", time.Time{})
}

// plainFields are the fields that are headers under their own names. All that
// begin with x-amz- are, too, but for what signs the form.
var plainFields = []string{
	"cache-control", "content-type", "content-disposition", "content-encoding", "content-language", "content-md5", "expires", "if-none-match",
}

// formHeader makes headers of a form's fields.
func formHeader(fields map[string]string) (http.Header, error) {
	h := http.Header{}
	set := func(name, value string) error {
		if !plainValue(value) {
			return awserr.New("InvalidArgument", http.StatusBadRequest, "The value of the field is not valid.").
				With("ArgumentName", name).With("ArgumentValue", "")
		}
		h.Set(textproto.CanonicalMIMEHeaderKey(name), value)
		return nil
	}
	for _, name := range plainFields {
		if v, ok := fields[name]; ok {
			if err := set(name, v); err != nil {
				return nil, err
			}
		}
	}
	for name, v := range fields {
		rest, amz := strings.CutPrefix(name, "x-amz-")
		switch rest {
		case "algorithm", "credential", "date", "signature", "security-token", "acl", "tagging":
			continue
		}
		if !amz || !token(name) {
			continue
		}
		if err := set(name, v); err != nil {
			return nil, err
		}
	}
	if v, ok := fields["acl"]; ok {
		if err := set("x-amz-acl", v); err != nil {
			return nil, err
		}
	}
	if v, ok := fields["tagging"]; ok {
		tags, err := formTags(v)
		if err != nil {
			return nil, err
		}
		h.Set("X-Amz-Tagging", tags)
	}
	return h, nil
}

// token reports whether a field's name can name a header.
func token(name string) bool {
	return strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-.^_`|~") == ""
}

// formTags turns the XML of the field "tagging" into what the header has.
func formTags(document string) (string, error) {
	var t struct {
		XMLName xml.Name `xml:"Tagging"`
		Tags    []struct {
			Key   string
			Value string
		} `xml:"TagSet>Tag"`
	}
	if err := xml.Unmarshal([]byte(document), &t); err != nil {
		return "", awserr.New("MalformedXML", http.StatusBadRequest,
			"The XML you provided was not well-formed or did not validate against our published schema").Because(err)
	}
	q := url.Values{}
	for _, x := range t.Tags {
		q.Add(x.Key, x.Value)
	}
	return q.Encode(), nil
}

// formFile is the file on its way to the handler, held to the length that the
// policy allows. Its errors are answers.
type formFile struct {
	r      io.Reader
	limits *postform.Range
	n      int64
	call   *call
}

// Read implements io.Reader.
func (f *formFile) Read(p []byte) (int, error) {
	n, err := f.r.Read(p)
	f.n += int64(n)
	if l := f.limits; l != nil && f.n > l.Max {
		return 0, awserr.New("EntityTooLarge", http.StatusBadRequest, "Your proposed upload exceeds the maximum allowed size").
			With("ProposedSize", f.n).With("MaxSizeAllowed", l.Max)
	}
	switch {
	case err == nil:
		return n, nil
	case !errors.Is(err, io.EOF):
		return n, bodyError(familyS3, err, nil)
	case f.limits != nil && f.n < f.limits.Min:
		return 0, awserr.New("EntityTooSmall", http.StatusBadRequest, "Your proposed upload is smaller than the minimum allowed size").
			With("ProposedSize", f.n).With("MinSizeAllowed", f.limits.Min)
	}
	return n, err
}

// kept is a response of which only the header is wanted.
type kept struct{ header http.Header }

// Header implements http.ResponseWriter.
func (k *kept) Header() http.Header { return k.header }

// Write implements http.ResponseWriter.
func (k *kept) Write(p []byte) (int, error) { return len(p), nil }

// WriteHeader implements http.ResponseWriter.
func (k *kept) WriteHeader(int) {}

// answerForm answers an upload as the form asks: with a redirect, or with 200,
// 201 and a document, or 204.
func (c *call) answerForm(fields map[string]string, bucket, key string, put http.Header) error {
	h := c.w.Header()
	for name, values := range put {
		if name != "Content-Length" && name != "Content-Type" {
			h[name] = values
		}
	}
	path := (&url.URL{Path: "/" + key}).EscapedPath()
	if c.host.bucket == "" && c.host.maybe == "" {
		path = "/" + bucket + path
	}
	location, etag := c.baseURL()+path, put.Get("ETag")
	if to := c.formRedirect(fields, bucket, key, etag); to != "" {
		h.Set("Location", to)
		c.w.WriteHeader(http.StatusSeeOther)
		return nil
	}
	h.Set("Location", location)
	switch fields["success_action_status"] {
	case "200":
		c.w.WriteHeader(http.StatusOK)
	case "201":
		doc, err := xml.Marshal(struct {
			XMLName                     xml.Name `xml:"PostResponse"`
			Location, Bucket, Key, ETag string
		}{Location: location, Bucket: bucket, Key: key, ETag: etag})
		if err != nil {
			return err
		}
		h.Set("Content-Type", "application/xml")
		c.w.WriteHeader(http.StatusCreated)
		_, err = c.w.Write(append([]byte(xml.Header), doc...))
		return err
	default:
		c.w.WriteHeader(http.StatusNoContent)
	}
	return nil
}

// formRedirect is where the browser is sent after the upload, "" for nowhere.
func (c *call) formRedirect(fields map[string]string, bucket, key, etag string) string {
	target := fields["success_action_redirect"]
	if target == "" {
		target = fields["redirect"]
	}
	u, err := url.Parse(target)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return ""
	}
	q := url.Values{"bucket": {bucket}, "key": {key}, "etag": {etag}}.Encode()
	if u.RawQuery != "" {
		q = u.RawQuery + "&" + q
	}
	u.RawQuery = q
	return u.String()
}
