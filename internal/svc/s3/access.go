package s3

import (
	"context"
	"maps"

	api "nephele.dev/nephele/internal/api/s3"
	"nephele.dev/nephele/internal/awserr"
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
	if hasMember(in, "VersionId") {
		action = policy.VersionAction(action)
	}
	need := policy.Need{Action: action, Resources: s.Resources(call, in), Keys: requestKeys(call, in, action)}
	switch in := in.(type) {
	case *api.CopyObjectInput:
		return append(copyNeeds(need, call, in.CopySource), written(need, in)...)
	case *api.UploadPartCopyInput:
		return copyNeeds(need, call, in.CopySource)
	case *api.PutObjectInput, *api.CreateMultipartUploadInput:
		return append([]policy.Need{need}, written(need, in)...)
	case *api.GetObjectAttributesInput:
		read := need
		read.Action = actionGet
		if in.VersionId != nil {
			read.Action = actionGetVersion
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
	if s.plane == nil || !s.plane.Authorizes() {
		return nil
	}
	call := plane.FromContext(ctx)
	keys := signatureKeys(call)
	maps.Copy(keys, need.Keys)
	need.Keys = keys
	return s.plane.Authorize(ctx, call, need)
}

// copyNeeds are those of a copy: need, and to read the source.
func copyNeeds(need policy.Need, call *plane.Call, from string) []policy.Need {
	src, bad := newSource(from, readCondition{}, nil)
	if bad != nil {
		return []policy.Need{need} // the handler says what is wrong
	}
	read := src.need(actionGet)
	maps.Copy(read.Keys, signatureKeys(call))
	return []policy.Need{need, read}
}

// need is what to do something with the source of a copy takes.
func (s *source) need(action string) policy.Need {
	n := policy.Need{Action: action, Resources: []string{objectARN(s.bucket, s.key)}, Keys: policy.Keys{}}
	if s.version != nil {
		n.Action, n.Keys[versionKey] = policy.VersionAction(action), []string{*s.version}
	}
	return n
}

// written are the needs of what is written together with an object.
func written(need policy.Need, in any) (needs []policy.Need) {
	if hasMember(in, "Tagging") {
		needs = append(needs, policy.Need{Action: actionTag, Resources: need.Resources, Keys: need.Keys})
	}
	if grantsACL(in) {
		needs = append(needs, policy.Need{Action: "s3:PutObjectAcl", Resources: need.Resources, Keys: need.Keys})
	}
	return needs
}

// created are the needs of what is set together with a bucket.
func created(need policy.Need, in *api.CreateBucketInput) (needs []policy.Need) {
	more := func(action string) {
		needs = append(needs, policy.Need{Action: action, Resources: need.Resources, Keys: need.Keys})
	}
	if grantsACL(in) {
		more("s3:PutBucketAcl")
	}
	if in.ObjectOwnership != nil {
		more("s3:PutBucketOwnershipControls")
	}
	if c := in.CreateBucketConfiguration; c != nil && len(c.Tags) > 0 {
		more("s3:TagResource")
	}
	return needs
}

func grantsACL(in any) bool {
	for _, name := range []string{"ACL", "GrantFullControl", "GrantRead", "GrantReadACP", "GrantWrite", "GrantWriteACP"} {
		if hasMember(in, name) {
			return true
		}
	}
	return false
}

// hide refuses those who may not list a bucket, who are not told that an
// object, or a version, is not there (API reference of S3, GetObject,
// "Permissions"). Other errors it returns as they are.
func (s *Service) hide(ctx context.Context, bucket string, absent error) error {
	var action string
	switch {
	case awserr.Is(absent, "NoSuchKey"):
		action = actionList
	case awserr.Is(absent, "NoSuchVersion"):
		action = actionListVersions
	default:
		return absent
	}
	if err := s.authorize(ctx, policy.Need{Action: action, Resources: []string{bucketARN(bucket)}}); err != nil {
		return err
	}
	return absent
}

// mayCopyTags asks for what it takes that a copy has the tags of its source.
func (s *Service) mayCopyTags(ctx context.Context, in *api.CopyObjectInput, src *source, f *found) error {
	if len(f.Details.Tags) == 0 || value(in.TaggingDirective, "COPY") != "COPY" {
		return nil
	}
	if err := s.authorize(ctx, src.need("s3:GetObjectTagging")); err != nil {
		return err
	}
	return s.authorize(ctx, policy.Need{Action: actionTag, Resources: []string{objectARN(in.Bucket, in.Key)}})
}
