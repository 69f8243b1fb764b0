package s3

import (
	"reflect"
	"slices"
	"strings"
	"time"

	api "nephele.dev/nephele/internal/api/s3"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/store"
)

// newObject is what PutObject, CopyObject and CreateMultipartUpload say about a
// new object besides its bytes. The fields have the names of the inputs'
// members.
type newObject struct {
	ACL                                                      *api.ObjectCannedACL
	GrantFullControl, GrantRead, GrantReadACP, GrantWriteACP *string

	ServerSideEncryption                                    *api.ServerSideEncryption
	SSECustomerAlgorithm, SSECustomerKey, SSECustomerKeyMD5 *string
	SSEKMSKeyId, SSEKMSEncryptionContext                    *string
	BucketKeyEnabled                                        *bool

	ObjectLockMode            *api.ObjectLockMode
	ObjectLockRetainUntilDate *time.Time
	ObjectLockLegalHoldStatus *api.ObjectLockLegalHoldStatus

	StorageClass                                  *api.StorageClass
	ContentType, CacheControl, ContentDisposition *string
	ContentEncoding, ContentLanguage              *string
	WebsiteRedirectLocation, Tagging              *string
	Expires                                       *time.Time
	Metadata                                      map[string]string

	customer *customerKey
}

// gather fills the exported fields of dst, a pointer to a struct, with those of
// the same name in the struct that in points to. The generator gives operations
// that share members no common type.
func gather(dst, in any) {
	to, from := reflect.ValueOf(dst).Elem(), reflect.ValueOf(in).Elem()
	for i := range to.NumField() {
		f := to.Type().Field(i)
		if !f.IsExported() {
			continue
		}
		if v := from.FieldByName(f.Name); v.IsValid() {
			to.Field(i).Set(v)
		}
	}
}

// readNew reads and checks what can be checked without looking at the bucket.
// class is the new object's storage class.
func readNew(in any) (n newObject, class string, d details, err *awserr.Error) {
	gather(&n, in)
	if n.customer, err = newCustomerKey(n.SSECustomerAlgorithm, n.SSECustomerKey, n.SSECustomerKeyMD5); err != nil {
		return n, "", d, err
	}
	if err = n.checkEncryption(); err != nil {
		return n, "", d, err
	}
	if n.ObjectLockMode != nil || n.ObjectLockRetainUntilDate != nil || n.ObjectLockLegalHoldStatus != nil {
		return n, "", d, errInvalidRequest("Bucket is missing Object Lock Configuration")
	}
	if class, err = storageClass(n.StorageClass); err != nil {
		return n, "", d, err
	}
	d, err = n.details()
	return n, class, d, err
}

// settle works out what depends on the bucket: encryption and access.
func (n *newObject) settle(tx *store.Tx, b bucket, d *details) (err error) {
	if d.Encryption, err = n.resolve(tx, b); err != nil {
		return err
	}
	d.ACL, err = n.aclRequest().resolve(tx, b, writer(tx))
	return err
}

// details checks the settings and brings them into the form they are kept in.
func (n *newObject) details() (details, *awserr.Error) {
	d := details{
		ContentType:        value(n.ContentType, defaultMIME),
		CacheControl:       value(n.CacheControl, ""),
		ContentDisposition: value(n.ContentDisposition, ""),
		ContentEncoding:    contentEncoding(value(n.ContentEncoding, "")),
		ContentLanguage:    value(n.ContentLanguage, ""),
		Expires:            n.Expires,
		Redirect:           value(n.WebsiteRedirectLocation, ""),
	}
	size := 0
	for k, v := range n.Metadata {
		size += len(k) + len(v)
		if d.Metadata == nil {
			d.Metadata = make(map[string]string, len(n.Metadata))
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
	d.Tags, err = tagHeader(n.Tagging)
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
