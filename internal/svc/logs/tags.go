package logs

import (
	"context"

	api "nephele.dev/nephele/internal/api/logs"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/tagrule"
)

// tag adds tags to a group within the limits.
func (s *Service) tag(tx *store.Tx, k store.Key, tags map[string]string) error {
	if len(tags) == 0 {
		return nil
	}
	for name := range tags {
		if tagrule.Reserved(name) {
			return invalid("Tag keys starting with aws: are reserved for AWS.")
		}
	}
	tooMany := api.NewTooManyTagsException("A resource cannot have more than %d tags.", tagrule.Max).With("resourceName", k.ID)
	return s.groups.AddTags(tx, k, tags, tagrule.Max, tooMany)
}

// withGroup runs f on an existing group's key.
func (s *Service) withGroup(ctx context.Context, name string, f func(*store.Tx, store.Key) error) error {
	call := plane.FromContext(ctx)
	return s.db.Update(ctx, func(tx *store.Tx) error {
		g, err := s.group(tx, call, name)
		if err != nil {
			return err
		}
		return f(tx, g.Key)
	})
}

func (s *Service) tagsOf(ctx context.Context, name string) (tags map[string]string, err error) {
	call := plane.FromContext(ctx)
	err = s.db.View(ctx, func(tx *store.Tx) error {
		g, err := s.group(tx, call, name)
		if err != nil {
			return err
		}
		tags, err = s.groups.Tags(tx, g.Key)
		return err
	})
	if tags == nil {
		tags = map[string]string{}
	}
	return tags, err
}

// TagResource adds tags to the log group with the given ARN.
func (s *Service) TagResource(ctx context.Context, in *api.TagResourceInput) (*api.TagResourceOutput, error) {
	name, err := groupName(plane.FromContext(ctx), nil, &in.ResourceArn)
	if err == nil {
		err = s.withGroup(ctx, name, func(tx *store.Tx, k store.Key) error { return s.tag(tx, k, in.Tags) })
	}
	if err != nil {
		return nil, err
	}
	return &api.TagResourceOutput{}, nil
}

// UntagResource removes tags from the log group with the given ARN.
func (s *Service) UntagResource(ctx context.Context, in *api.UntagResourceInput) (*api.UntagResourceOutput, error) {
	name, err := groupName(plane.FromContext(ctx), nil, &in.ResourceArn)
	if err == nil {
		err = s.withGroup(ctx, name, func(tx *store.Tx, k store.Key) error { return s.groups.RemoveTags(tx, k, in.TagKeys) })
	}
	if err != nil {
		return nil, err
	}
	return &api.UntagResourceOutput{}, nil
}

// ListTagsForResource returns the tags of the log group with the given ARN.
func (s *Service) ListTagsForResource(ctx context.Context, in *api.ListTagsForResourceInput) (*api.ListTagsForResourceOutput, error) {
	name, err := groupName(plane.FromContext(ctx), nil, &in.ResourceArn)
	if err != nil {
		return nil, err
	}
	tags, err := s.tagsOf(ctx, name)
	return &api.ListTagsForResourceOutput{Tags: tags}, err
}

// TagLogGroup is the older form of TagResource.
func (s *Service) TagLogGroup(ctx context.Context, in *api.TagLogGroupInput) (*api.TagLogGroupOutput, error) {
	err := s.withGroup(ctx, in.LogGroupName, func(tx *store.Tx, k store.Key) error { return s.tag(tx, k, in.Tags) })
	if err != nil {
		return nil, err
	}
	return &api.TagLogGroupOutput{}, nil
}

// UntagLogGroup is the older form of UntagResource.
func (s *Service) UntagLogGroup(ctx context.Context, in *api.UntagLogGroupInput) (*api.UntagLogGroupOutput, error) {
	err := s.withGroup(ctx, in.LogGroupName, func(tx *store.Tx, k store.Key) error { return s.groups.RemoveTags(tx, k, in.Tags) })
	if err != nil {
		return nil, err
	}
	return &api.UntagLogGroupOutput{}, nil
}

// ListTagsLogGroup is the older form of ListTagsForResource.
func (s *Service) ListTagsLogGroup(ctx context.Context, in *api.ListTagsLogGroupInput) (*api.ListTagsLogGroupOutput, error) {
	tags, err := s.tagsOf(ctx, in.LogGroupName)
	return &api.ListTagsLogGroupOutput{Tags: tags}, err
}
