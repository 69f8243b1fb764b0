package s3

import (
	"context"
	"reflect"
	"strconv"
	"strings"

	api "nephele.dev/nephele/internal/api/s3"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/policy"
)

// Needs tells what a call has to be allowed (Service Authorization Reference,
// "Actions defined by Amazon S3"; S3 User Guide, "Required permissions for
// Amazon S3 API operations"). Who copies needs to read the source; who writes
// with an ACL or tags needs to write those. DeleteObjects asks for each object
// by itself, for each is answered by itself.
func (s *Service) Needs(call *plane.Call, in any) []policy.Need {
	if _, ok := in.(*api.DeleteObjectsInput); ok {
		return nil
	}
	action := plane.Action(call.Operation)
	if version := memberText(in, "VersionId"); version != "" {
		action = policy.VersionAction(action)
	}
	need := policy.Need{Action: action, Resources: s.Resources(call, in), Keys: requestKeys(call, in)}
	switch in := in.(type) {
	case *api.CopyObjectInput:
		return append(copyNeeds(need, in.CopySource), written(need, in)...)
	case *api.UploadPartCopyInput:
		return copyNeeds(need, in.CopySource)
	case *api.PutObjectInput, *api.CreateMultipartUploadInput:
		return append([]policy.Need{need}, written(need, in)...)
	case *api.GetObjectAttributesInput:
		read := need
		read.Action = "s3:GetObject"
		if in.VersionId != nil {
			read.Action = "s3:GetObjectVersion"
		}
		return []policy.Need{read, need}
	case *api.CreateBucketInput:
		return append([]policy.Need{need}, created(need, in)...)
	}
	return []policy.Need{need}
}

// authorize asks for more than the call has been asked for. In tests without a
// plane everything is allowed.
func (s *Service) authorize(ctx context.Context, need policy.Need) error {
	if s.plane == nil {
		return nil
	}
	return s.plane.Authorize(ctx, plane.FromContext(ctx), need)
}

// copyNeeds are those of a copy: need, and to read the source.
func copyNeeds(need policy.Need, from string) []policy.Need {
	src, bad := newSource(from, readCondition{}, nil)
	if bad != nil {
		return []policy.Need{need} // the handler says what is wrong
	}
	read := policy.Need{Action: "s3:GetObject", Resources: []string{bucketARN(src.bucket) + pathMarker + src.key}}
	if src.version != nil {
		read.Action, read.Keys = "s3:GetObjectVersion", policy.Keys{"s3:versionid": {*src.version}}
	}
	return []policy.Need{need, read}
}

// written are the needs of what is written together with an object.
func written(need policy.Need, in any) (needs []policy.Need) {
	if memberText(in, "Tagging") != "" {
		needs = append(needs, policy.Need{Action: "s3:PutObjectTagging", Resources: need.Resources, Keys: need.Keys})
	}
	if grantsACL(in) {
		needs = append(needs, policy.Need{Action: "s3:PutObjectAcl", Resources: need.Resources, Keys: need.Keys})
	}
	return needs
}

// created are the needs of what is set together with a bucket.
func created(need policy.Need, in *api.CreateBucketInput) (needs []policy.Need) {
	if grantsACL(in) {
		needs = append(needs, policy.Need{Action: "s3:PutBucketAcl", Resources: need.Resources, Keys: need.Keys})
	}
	if in.ObjectOwnership != nil {
		needs = append(needs, policy.Need{Action: "s3:PutBucketOwnershipControls", Resources: need.Resources, Keys: need.Keys})
	}
	return needs
}

func grantsACL(in any) bool {
	for _, name := range []string{"ACL", "GrantFullControl", "GrantRead", "GrantReadACP", "GrantWrite", "GrantWriteACP"} {
		if memberText(in, name) != "" {
			return true
		}
	}
	return false
}

// memberText is the text of an input's member, "" where it has none.
func memberText(in any, name string) string {
	v := reflect.ValueOf(in).Elem().FieldByName(name)
	if v.IsValid() && v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
	}
	if !v.IsValid() {
		return ""
	}
	switch v.Kind() {
	case reflect.String:
		return v.String()
	case reflect.Int32, reflect.Int64:
		return strconv.FormatInt(v.Int(), 10)
	}
	return ""
}

// memberKeys are the condition keys that are members of inputs (Service
// Authorization Reference, "Condition keys for Amazon S3").
var memberKeys = []struct{ key, member string }{
	{"s3:versionid", "VersionId"},
	{"s3:prefix", "Prefix"},
	{"s3:delimiter", "Delimiter"},
	{"s3:max-keys", "MaxKeys"},
	{"s3:x-amz-acl", "ACL"},
	{"s3:x-amz-grant-full-control", "GrantFullControl"},
	{"s3:x-amz-grant-read", "GrantRead"},
	{"s3:x-amz-grant-read-acp", "GrantReadACP"},
	{"s3:x-amz-grant-write", "GrantWrite"},
	{"s3:x-amz-grant-write-acp", "GrantWriteACP"},
	{"s3:x-amz-copy-source", "CopySource"},
	{"s3:x-amz-metadata-directive", "MetadataDirective"},
	{"s3:x-amz-server-side-encryption", "ServerSideEncryption"},
	{"s3:x-amz-server-side-encryption-aws-kms-key-id", "SSEKMSKeyId"},
	{"s3:x-amz-server-side-encryption-customer-algorithm", "SSECustomerAlgorithm"},
	{"s3:x-amz-storage-class", "StorageClass"},
	{"s3:x-amz-website-redirect-location", "WebsiteRedirectLocation"},
	{"s3:x-amz-object-ownership", "ObjectOwnership"},
	{"s3:if-match", "IfMatch"},
	{"s3:if-none-match", "IfNoneMatch"},
}

// requestKeys are the condition keys of S3 that a request has of itself.
func requestKeys(call *plane.Call, in any) policy.Keys {
	k := policy.Keys{}
	for _, m := range memberKeys {
		if v := memberText(in, m.member); v != "" {
			k[m.key] = []string{v}
		}
	}
	if b, ok := in.(*api.CreateBucketInput); ok && b.CreateBucketConfiguration != nil && b.CreateBucketConfiguration.LocationConstraint != nil {
		k["s3:locationconstraint"] = []string{string(*b.CreateBucketConfiguration.LocationConstraint)}
	}
	tagKeys(k, in)
	signatureKeys(k, call)
	return k
}

// tagKeys are those of the tags that a request gives an object.
func tagKeys(k policy.Keys, in any) {
	add := func(key, value string) {
		k["s3:requestobjecttag/"+strings.ToLower(key)] = []string{value}
		k["s3:requestobjecttagkeys"] = append(k["s3:requestobjecttagkeys"], key)
	}
	if in, ok := in.(*api.PutObjectTaggingInput); ok && in.Tagging != nil {
		for _, t := range in.Tagging.TagSet {
			add(t.Key, t.Value)
		}
		return
	}
	if text := memberText(in, "Tagging"); text != "" {
		tags, _ := tagHeader(&text) // what is wrong with it the handler says
		for key, value := range tags {
			add(key, value)
		}
	}
}

// signatureKeys tell how a request was signed.
func signatureKeys(k policy.Keys, call *plane.Call) {
	if hash := call.Header.Get("X-Amz-Content-Sha256"); hash != "" {
		k["s3:x-amz-content-sha256"] = []string{hash}
	}
	switch {
	case call.Caller.Kind == plane.Anonymous || call.Header == nil:
	case call.Form:
		k["s3:authtype"] = []string{"POST"}
	case call.Presigned:
		k["s3:authtype"] = []string{"REST-QUERY-STRING"}
	default:
		k["s3:authtype"] = []string{"REST-HEADER"}
	}
}
