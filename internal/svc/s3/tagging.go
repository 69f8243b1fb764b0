package s3

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	api "nephele.dev/nephele/internal/api/s3"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/store"
)

const (
	maxObjectTags = 10
	maxBucketTags = 50
	maxTagKey     = 128 // characters
	maxTagValue   = 256
)

// tagMap checks a set of tags and makes a map of it.
func tagMap(set []*api.Tag, most int) (map[string]string, *awserr.Error) {
	tags := make(map[string]string, len(set))
	for _, t := range set {
		if t == nil {
			return nil, errMalformedXML()
		}
		if err := addTag(tags, t.Key, t.Value); err != nil {
			return nil, err
		}
	}
	return tags, checkTagCount(tags, most)
}

// tagHeader reads x-amz-tagging, which is encoded like a query.
func tagHeader(header *string) (map[string]string, *awserr.Error) {
	if header == nil || *header == "" {
		return nil, nil
	}
	q, err := url.ParseQuery(*header)
	if err != nil {
		return nil, errInvalidArgument("x-amz-tagging", *header,
			"The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.")
	}
	tags := make(map[string]string, len(q))
	for k, values := range q {
		for _, v := range values {
			if err := addTag(tags, k, v); err != nil {
				return nil, err
			}
		}
	}
	return tags, checkTagCount(tags, maxObjectTags)
}

func addTag(tags map[string]string, key, value string) *awserr.Error {
	_, have := tags[key]
	switch {
	case key == "" || utf8.RuneCountInString(key) > maxTagKey:
		return badRequest("InvalidTag", "The TagKey you have provided is invalid").With("TagKey", key)
	case strings.HasPrefix(strings.ToLower(key), "aws:"):
		return badRequest("InvalidTag", "System tags cannot be added/updated by requester").With("TagKey", key)
	case utf8.RuneCountInString(value) > maxTagValue:
		return badRequest("InvalidTag", "The TagValue you have provided is invalid").
			With("TagKey", key).With("TagValue", value)
	case have:
		return badRequest("InvalidTag", "Cannot provide multiple Tags with the same key").With("TagKey", key)
	}
	tags[key] = value
	return nil
}

func checkTagCount(tags map[string]string, most int) *awserr.Error {
	if len(tags) <= most {
		return nil
	}
	if most == maxObjectTags {
		return badRequest("BadRequest", "Object tags cannot be greater than 10")
	}
	return badRequest("BadRequest", "Bucket tags cannot be greater than %d", most)
}

// tagSet is tags in the order of their keys, never nil.
func tagSet(tags map[string]string) []*api.Tag {
	set := make([]*api.Tag, 0, len(tags))
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		set = append(set, &api.Tag{Key: k, Value: tags[k]})
	}
	return set
}

// GetObjectTagging answers an object's tags.
func (s *Service) GetObjectTagging(ctx context.Context, in *api.GetObjectTaggingInput) (*api.GetObjectTaggingOutput, error) {
	out := &api.GetObjectTaggingOutput{}
	err := s.viewBucket(ctx, in.Bucket, in.ExpectedBucketOwner, func(tx *store.Tx, b bucket) error {
		o, err := chosen(tx, b, in.Key, in.VersionId)
		out.TagSet, out.VersionId = tagSet(o.Details.Tags), b.shown(o)
		return err
	})
	return out, s.hide(ctx, in.Bucket, err)
}

// PutObjectTagging replaces an object's tags.
func (s *Service) PutObjectTagging(ctx context.Context, in *api.PutObjectTaggingInput) (*api.PutObjectTaggingOutput, error) {
	if in.Tagging == nil {
		return nil, errMalformedXML()
	}
	tags, err := tagMap(in.Tagging.TagSet, maxObjectTags)
	if err != nil {
		return nil, err
	}
	out := &api.PutObjectTaggingOutput{}
	return out, s.hide(ctx, in.Bucket, s.updateBucket(ctx, in.Bucket, in.ExpectedBucketOwner, func(tx *store.Tx, b bucket) (err error) {
		out.VersionId, err = s.setObjectTags(tx, b, in.Key, in.VersionId, tags, taggingPut)
		return err
	}))
}

// DeleteObjectTagging removes an object's tags.
func (s *Service) DeleteObjectTagging(ctx context.Context, in *api.DeleteObjectTaggingInput) (*api.DeleteObjectTaggingOutput, error) {
	out := &api.DeleteObjectTaggingOutput{}
	return out, s.hide(ctx, in.Bucket, s.updateBucket(ctx, in.Bucket, in.ExpectedBucketOwner, func(tx *store.Tx, b bucket) (err error) {
		out.VersionId, err = s.setObjectTags(tx, b, in.Key, in.VersionId, nil, taggingDelete)
		return err
	}))
}

func (s *Service) setObjectTags(tx *store.Tx, b bucket, key string, version *string, tags map[string]string, event string) (*string, error) {
	o, err := chosen(tx, b, key, version)
	if err != nil {
		return nil, err
	}
	o.Details.Tags = tags
	if err := rewrite(tx, o); err != nil {
		return nil, err
	}
	reason := "PutObjectTagging"
	if tags == nil {
		reason = "DeleteObjectTagging"
	}
	return b.shown(o), s.changed(tx, newEvent(tx, b, event, reason, o))
}

// GetBucketTagging answers a bucket's tags, or NoSuchTagSet.
func (s *Service) GetBucketTagging(ctx context.Context, in *api.GetBucketTaggingInput) (*api.GetBucketTaggingOutput, error) {
	out := &api.GetBucketTaggingOutput{}
	err := s.viewBucket(ctx, in.Bucket, in.ExpectedBucketOwner, func(_ *store.Tx, b bucket) error {
		if len(b.Tags) == 0 {
			return awserr.New("NoSuchTagSet", http.StatusNotFound, "The TagSet does not exist").With("BucketName", b.Name)
		}
		out.TagSet = tagSet(b.Tags)
		return nil
	})
	return out, err
}

// PutBucketTagging replaces a bucket's tags.
func (s *Service) PutBucketTagging(ctx context.Context, in *api.PutBucketTaggingInput) (*api.PutBucketTaggingOutput, error) {
	if in.Tagging == nil {
		return nil, errMalformedXML()
	}
	tags, err := tagMap(in.Tagging.TagSet, maxBucketTags)
	if err != nil {
		return nil, err
	}
	return &api.PutBucketTaggingOutput{}, s.setBucketTags(ctx, in.Bucket, in.ExpectedBucketOwner, tags)
}

// DeleteBucketTagging removes a bucket's tags.
func (s *Service) DeleteBucketTagging(ctx context.Context, in *api.DeleteBucketTaggingInput) (*api.DeleteBucketTaggingOutput, error) {
	return &api.DeleteBucketTaggingOutput{}, s.setBucketTags(ctx, in.Bucket, in.ExpectedBucketOwner, map[string]string{})
}

func (s *Service) setBucketTags(ctx context.Context, name string, owner *string, tags map[string]string) error {
	return s.updateBucket(ctx, name, owner, func(tx *store.Tx, b bucket) error {
		doc, err := json.Marshal(tags)
		if err != nil {
			return err
		}
		_, err = tx.Exec(`update s3_bucket set tags = ? where name = ?`, string(doc), b.Name)
		return err
	})
}
