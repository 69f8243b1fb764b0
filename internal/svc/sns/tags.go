package sns

import (
	"context"
	"maps"
	"slices"
	"strings"

	api "nephele.dev/nephele/internal/api/sns"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
)

// maxTags is the number of tags that a topic may have.
const maxTags = 50

// tagMap reads a list of tags.
func tagMap(list []*api.Tag) (map[string]string, error) {
	tags := make(map[string]string, len(list))
	for _, t := range list {
		if _, twice := tags[t.Key]; twice {
			return nil, invalid("Duplicated keys are not allowed.")
		}
		if strings.HasPrefix(strings.ToLower(t.Key), "aws:") {
			return nil, invalid("Tags Reason: aws: prefixed tag key names are not allowed for external use")
		}
		tags[t.Key] = t.Value
	}
	if len(tags) > maxTags {
		return nil, tooManyTags()
	}
	return tags, nil
}

func tooManyTags() error {
	return api.NewTagLimitExceededException("Could not complete request: tag quota of per resource exceeded")
}

// withTagged runs f on the key of an existing topic.
func (s *Service) withTagged(ctx context.Context, text string, f func(*store.Tx, store.Key) error) error {
	k, err := topicKey(plane.FromContext(ctx), "ResourceArn", text)
	if err != nil {
		return err
	}
	return s.DB.Update(ctx, func(tx *store.Tx) error {
		if err := s.taggable(tx, k); err != nil {
			return err
		}
		return f(tx, k)
	})
}

func (s *Service) taggable(tx *store.Tx, k store.Key) error {
	if _, err := s.topic(tx, k); err != nil {
		if is(err, api.ErrNotFoundException) {
			return api.NewResourceNotFoundException("Resource does not exist")
		}
		return err
	}
	return nil
}

// TagResource adds tags to a topic.
func (s *Service) TagResource(ctx context.Context, in *api.TagResourceInput) (*api.TagResourceOutput, error) {
	tags, err := tagMap(in.Tags)
	if err != nil {
		return nil, err
	}
	err = s.withTagged(ctx, in.ResourceArn, func(tx *store.Tx, k store.Key) error {
		if err := s.topics.SetTags(tx, k, tags); err != nil {
			return err
		}
		all, err := s.topics.Tags(tx, k)
		if err == nil && len(all) > maxTags {
			return tooManyTags()
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return &api.TagResourceOutput{}, nil
}

// UntagResource removes tags from a topic.
func (s *Service) UntagResource(ctx context.Context, in *api.UntagResourceInput) (*api.UntagResourceOutput, error) {
	err := s.withTagged(ctx, in.ResourceArn, func(tx *store.Tx, k store.Key) error { return s.topics.RemoveTags(tx, k, in.TagKeys) })
	if err != nil {
		return nil, err
	}
	return &api.UntagResourceOutput{}, nil
}

// ListTagsForResource returns the tags of a topic.
func (s *Service) ListTagsForResource(ctx context.Context, in *api.ListTagsForResourceInput) (*api.ListTagsForResourceOutput, error) {
	k, err := topicKey(plane.FromContext(ctx), "ResourceArn", in.ResourceArn)
	if err != nil {
		return nil, err
	}
	out := &api.ListTagsForResourceOutput{Tags: []*api.Tag{}}
	err = s.DB.View(ctx, func(tx *store.Tx) error {
		if err := s.taggable(tx, k); err != nil {
			return err
		}
		tags, err := s.topics.Tags(tx, k)
		for _, name := range slices.Sorted(maps.Keys(tags)) {
			out.Tags = append(out.Tags, &api.Tag{Key: name, Value: tags[name]})
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}
