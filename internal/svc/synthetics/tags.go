package synthetics

import (
	"context"
	"errors"
	"strings"

	api "nephele.dev/nephele/internal/api/synthetics"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
)

// maxTags is how many tags a canary may have.
const maxTags = 50

// TagResource adds tags to a canary, or changes their values.
func (s *Service) TagResource(ctx context.Context, in *api.TagResourceInput) (*api.TagResourceOutput, error) {
	err := s.withTagged(ctx, s.DB.Update, in.ResourceArn, func(tx *store.Tx, key store.Key) error {
		if err := s.canaries.SetTags(tx, key, in.Tags); err != nil {
			return err
		}
		tags, err := s.canaries.Tags(tx, key)
		if err == nil && len(tags) > maxTags {
			return api.NewBadRequestException("A resource can have at most %d tags", maxTags)
		}
		return err
	})
	return &api.TagResourceOutput{}, err
}

// UntagResource removes tags from a canary; those it does not have are ignored.
func (s *Service) UntagResource(ctx context.Context, in *api.UntagResourceInput) (*api.UntagResourceOutput, error) {
	err := s.withTagged(ctx, s.DB.Update, in.ResourceArn, func(tx *store.Tx, key store.Key) error {
		return s.canaries.RemoveTags(tx, key, in.TagKeys)
	})
	return &api.UntagResourceOutput{}, err
}

// ListTagsForResource lists a canary's tags.
func (s *Service) ListTagsForResource(ctx context.Context, in *api.ListTagsForResourceInput) (*api.ListTagsForResourceOutput, error) {
	out := &api.ListTagsForResourceOutput{}
	err := s.withTagged(ctx, s.DB.View, in.ResourceArn, func(tx *store.Tx, key store.Key) (err error) {
		out.Tags, err = s.canaries.Tags(tx, key)
		return err
	})
	return out, err
}

// withTagged runs f on the canary that an ARN names, in a transaction that begin
// (DB.View or DB.Update) makes. These operations have an error family of their own.
func (s *Service) withTagged(ctx context.Context, begin func(context.Context, func(*store.Tx) error) error, resource string, f func(*store.Tx, store.Key) error) error {
	key, err := taggedKey(plane.FromContext(ctx), resource)
	if err != nil {
		return err
	}
	return begin(ctx, func(tx *store.Tx) error {
		_, err := s.canaries.Get(tx, key)
		if errors.Is(err, store.ErrNotFound) {
			return api.NewNotFoundException("Resource not found: %s", resource)
		}
		if err != nil {
			return err
		}
		return f(tx, key)
	})
}

// taggedKey reads arn:aws:synthetics:region:account:canary:name.
func taggedKey(call *plane.Call, resource string) (store.Key, error) {
	parts := strings.SplitN(resource, ":", 7)
	if len(parts) != 7 || parts[2] != "synthetics" {
		return store.Key{}, api.NewBadRequestException("Invalid resource ARN: %s", resource)
	}
	if parts[3] != call.Caller.Region || parts[4] != call.Caller.Account || parts[5] != "canary" {
		return store.Key{}, api.NewNotFoundException("Resource not found: %s", resource)
	}
	return keyFor(call, parts[6]), nil
}
