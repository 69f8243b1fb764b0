package s3

import (
	"slices"
	"strings"
	"time"

	api "nephele.dev/nephele/internal/api/s3"
	"nephele.dev/nephele/internal/awserr"
)

// settings are what PutObject, CopyObject and CreateMultipartUpload say about
// a new object besides its bytes.
type settings struct {
	contentType, cacheControl, disposition *string
	encoding, language, redirect, tagging  *string
	expires                                *time.Time
	metadata                               map[string]string
}

// customerHeader asks for encryption under a key of the caller's.
const customerHeader = "x-amz-server-side-encryption-customer-algorithm"

// refusals are the members that ask for what Nephele does not do.
type refusals struct {
	acl        *api.ObjectCannedACL
	grants     []*string
	encryption *api.ServerSideEncryption
	customer   *string // SSECustomerAlgorithm
	kms        []*string
	bucketKey  *bool
	lock       bool
	offset     *int64
}

// check refuses what would have to be ignored.
func (r refusals) check() *awserr.Error {
	granted := slices.ContainsFunc(r.grants, func(g *string) bool { return g != nil })
	kms := slices.ContainsFunc(r.kms, func(g *string) bool { return g != nil })
	switch {
	case granted || r.acl != nil && *r.acl != "private" && *r.acl != "bucket-owner-full-control":
		return badRequest("AccessControlListNotSupported", "The bucket does not allow ACLs")
	case r.encryption != nil:
		return errHeader("x-amz-server-side-encryption")
	case r.customer != nil:
		return errHeader(customerHeader)
	case kms:
		return errHeader("x-amz-server-side-encryption-aws-kms-key-id")
	case r.bucketKey != nil && *r.bucketKey:
		return errHeader("x-amz-server-side-encryption-bucket-key-enabled")
	case r.lock:
		return errInvalidRequest("Bucket is missing Object Lock Configuration")
	case r.offset != nil:
		return errHeader("x-amz-write-offset-bytes")
	}
	return nil
}

// details checks the settings and brings them into the form they are kept in.
func (s settings) details() (details, *awserr.Error) {
	d := details{
		ContentType:        value(s.contentType, defaultMIME),
		CacheControl:       value(s.cacheControl, ""),
		ContentDisposition: value(s.disposition, ""),
		ContentEncoding:    contentEncoding(value(s.encoding, "")),
		ContentLanguage:    value(s.language, ""),
		Expires:            s.expires,
		Redirect:           value(s.redirect, ""),
	}
	size := 0
	for k, v := range s.metadata {
		size += len(k) + len(v)
		if d.Metadata == nil {
			d.Metadata = make(map[string]string, len(s.metadata))
		}
		d.Metadata[strings.ToLower(k)] = v
	}
	if size > maxMetadata {
		return details{}, badRequest("MetadataTooLarge", "Your metadata headers exceed the maximum allowed metadata size").
			With("Size", size).With("MaxSizeAllowed", maxMetadata)
	}
	if r := d.Redirect; r != "" && !strings.HasPrefix(r, "/") && !strings.HasPrefix(r, "http://") && !strings.HasPrefix(r, "https://") {
		return details{}, badRequest("InvalidRedirectLocation",
			"The website redirect location must have a prefix of 'http://' or 'https://' or '/'.")
	}
	var err *awserr.Error
	d.Tags, err = tagHeader(s.tagging)
	return d, err
}

// contentEncoding drops aws-chunked, which describes the transfer.
func contentEncoding(v string) string {
	if !strings.Contains(v, "aws-chunked") {
		return v
	}
	var keep []string
	for e := range strings.SplitSeq(v, ",") {
		if e = strings.TrimSpace(e); e != "aws-chunked" && e != "" {
			keep = append(keep, e)
		}
	}
	return strings.Join(keep, ",")
}

// Storage classes: those that read back at once, and those that must be
// restored first.
var (
	liveClasses   = []string{"STANDARD", "REDUCED_REDUNDANCY", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER_IR"}
	frozenClasses = []string{"GLACIER", "DEEP_ARCHIVE"}
)

func storageClass(c *api.StorageClass) (string, *awserr.Error) {
	if c == nil {
		return liveClasses[0], nil
	}
	if name := string(*c); slices.Contains(liveClasses, name) || slices.Contains(frozenClasses, name) {
		return name, nil
	}
	return "", badRequest("InvalidStorageClass", "The storage class you specified is not valid").
		With("StorageClassRequested", string(*c))
}

// classHeader is how an answer shows a class: STANDARD is not shown.
func classHeader(class string) *api.StorageClass {
	if class == liveClasses[0] {
		return nil
	}
	return new(api.StorageClass(class))
}

// value returns *p, or d when p is nil.
func value[T any](p *T, d T) T {
	if p == nil {
		return d
	}
	return *p
}

// optional returns a pointer to s, or nil when it is empty.
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func quoted(etag string) *string { return new(`"` + etag + `"`) }
