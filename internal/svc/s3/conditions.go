package s3

import (
	"maps"
	"reflect"
	"slices"
	"strconv"
	"time"

	api "nephele.dev/nephele/internal/api/s3"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/policy"
)

// Actions whose condition keys or resources are peculiar.
const (
	actionGet          = "s3:GetObject"
	actionGetVersion   = "s3:GetObjectVersion"
	actionPut          = "s3:PutObject"
	actionList         = "s3:ListBucket"
	actionListVersions = "s3:ListBucketVersions"
	actionTag          = "s3:PutObjectTagging"
)

// versionKey holds the version of the object that a request names. uploadKey
// is none of AWS's: it tells Facts which multipart upload a request is part of.
const (
	versionKey = "s3:versionid"
	uploadKey  = "s3:uploadid"
)

// member is a condition key that is a member of inputs.
type member struct{ key, name string }

// newMembers are the keys of what a request says about what it makes.
var newMembers = []member{
	{"s3:x-amz-acl", "ACL"},
	{"s3:x-amz-grant-full-control", "GrantFullControl"},
	{"s3:x-amz-grant-read", "GrantRead"},
	{"s3:x-amz-grant-read-acp", "GrantReadACP"},
	{"s3:x-amz-grant-write", "GrantWrite"},
	{"s3:x-amz-grant-write-acp", "GrantWriteACP"},
	{"s3:x-amz-server-side-encryption", "ServerSideEncryption"},
	{"s3:x-amz-server-side-encryption-aws-kms-key-id", "SSEKMSKeyId"},
	{"s3:x-amz-server-side-encryption-customer-algorithm", "SSECustomerAlgorithm"},
	{"s3:x-amz-storage-class", "StorageClass"},
	{"s3:x-amz-website-redirect-location", "WebsiteRedirectLocation"},
	{"s3:x-amz-object-ownership", "ObjectOwnership"},
	{"s3:x-amz-copy-source", "CopySource"},
	{"s3:x-amz-metadata-directive", "MetadataDirective"},
	{versionKey, "VersionId"},
	{uploadKey, "UploadId"},
}

// listMembers are the keys of listings, of which an empty text is a value too:
// a console that lists the top asks for the prefix "".
var listMembers = []member{{"s3:prefix", "Prefix"}, {"s3:delimiter", "Delimiter"}, {"s3:max-keys", "MaxKeys"}}

// conditionMembers are the keys of conditional writes and deletions.
var conditionMembers = []member{{"s3:if-match", "IfMatch"}, {"s3:if-none-match", "IfNoneMatch"}}

// requestKeys are the condition keys of S3 that a request for action has of
// itself (Service Authorization Reference, "Condition keys for Amazon S3").
func requestKeys(call *plane.Call, in any, action string) policy.Keys {
	k := policy.Keys{}
	memberKeys(k, in, newMembers)
	switch action {
	case actionList, actionListVersions:
		memberKeys(k, in, listMembers)
	case actionPut:
		memberKeys(k, in, conditionMembers)
		k["s3:objectcreationoperation"] = []string{strconv.FormatBool(makesObject(in))}
	case "s3:DeleteObject", "s3:DeleteObjectVersion":
		memberKeys(k, in, conditionMembers)
	}
	bucketKeys(k, in)
	tagKeys(k, in)
	maps.Copy(k, signatureKeys(call))
	return k
}

// makesObject tells the writes that end with an object from those of parts.
func makesObject(in any) bool {
	switch in.(type) {
	case *api.PutObjectInput, *api.CopyObjectInput, *api.CompleteMultipartUploadInput:
		return true
	}
	return false
}

func memberKeys(k policy.Keys, in any, list []member) {
	for _, m := range list {
		v, ok := memberText(in, m.name)
		if ok && (v != "" || m.key == "s3:prefix" || m.key == "s3:delimiter") {
			k[m.key] = []string{v}
		}
	}
}

// memberText is the text of an input's member, and whether the request has it.
func memberText(in any, name string) (string, bool) {
	v := reflect.ValueOf(in).Elem().FieldByName(name)
	if v.IsValid() && v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	if !v.IsValid() {
		return "", false
	}
	switch v.Kind() {
	case reflect.String:
		return v.String(), true
	case reflect.Int32, reflect.Int64:
		return strconv.FormatInt(v.Int(), 10), true
	}
	return "", false
}

func hasMember(in any, name string) bool {
	v, ok := memberText(in, name)
	return ok && v != ""
}

// bucketKeys are those of a bucket that is made or tagged.
func bucketKeys(k policy.Keys, in any) {
	var tags []*api.Tag
	switch in := in.(type) {
	case *api.CreateBucketInput:
		c := in.CreateBucketConfiguration
		if c == nil {
			return
		}
		if tags = c.Tags; c.LocationConstraint != nil {
			k["s3:locationconstraint"] = []string{string(*c.LocationConstraint)}
		}
	case *api.PutBucketTaggingInput:
		if in.Tagging != nil {
			tags = in.Tagging.TagSet
		}
	}
	for _, t := range tags {
		if t != nil {
			k.AddTag("aws:requesttag/", t.Key, t.Value)
			k["aws:tagkeys"] = append(k["aws:tagkeys"], t.Key)
		}
	}
}

// tagKeys are those of the tags that a request gives an object.
func tagKeys(k policy.Keys, in any) {
	add := func(key, value string) {
		k.AddTag("s3:requestobjecttag/", key, value)
		k["s3:requestobjecttagkeys"] = append(k["s3:requestobjecttagkeys"], key)
	}
	if in, ok := in.(*api.PutObjectTaggingInput); ok && in.Tagging != nil {
		for _, t := range in.Tagging.TagSet {
			if t != nil {
				add(t.Key, t.Value)
			}
		}
		return
	}
	if text, _ := memberText(in, "Tagging"); text != "" {
		tags, _ := tagHeader(&text) // what is wrong with it the handler says
		for _, key := range slices.Sorted(maps.Keys(tags)) {
			add(key, tags[key])
		}
	}
}

// signatureKeys tell how a request was signed (API reference of S3, "Amazon S3
// Signature Version 4 Authentication Specific Policy Keys"). The age counts for
// what was signed beforehand, and is 0 by Signature Version 2.
func signatureKeys(call *plane.Call) policy.Keys {
	k := policy.Keys{}
	if hash := call.Header.Get("X-Amz-Content-Sha256"); hash != "" {
		k["s3:x-amz-content-sha256"] = []string{hash}
	}
	if call.Caller.Kind == plane.Anonymous || call.Header == nil {
		return k
	}
	kind := "REST-HEADER"
	switch {
	case call.Form:
		kind = "POST"
	case call.Presigned:
		kind = "REST-QUERY-STRING"
	}
	k["s3:authtype"] = []string{kind}
	if call.Signature != "" {
		k["s3:signatureversion"] = []string{call.Signature}
	}
	switch {
	case call.Signature == "AWS":
		k["s3:signatureage"] = []string{"0"}
	case kind != "REST-HEADER" && !call.Signed.IsZero():
		age := max(call.Time.Sub(call.Signed), 0)
		k["s3:signatureage"] = []string{strconv.FormatInt(int64(age/time.Millisecond), 10)}
	}
	return k
}

// uploadKeys are the keys that the beginning of a multipart upload leaves to
// its parts and its end: a policy that wants encryption, or an ACL, holds these
// requests to what the first one said.
func uploadKeys(in any) policy.Keys {
	k := policy.Keys{}
	memberKeys(k, in, newMembers)
	tagKeys(k, in)
	return k
}
