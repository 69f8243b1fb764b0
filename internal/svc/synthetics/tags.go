package synthetics

import (
	"context"
	"errors"

	api "nephele.dev/nephele/internal/api/synthetics"
	"nephele.dev/nephele/internal/arn"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/tagrule"
)

// tagged is a resource that bears tags: a canary, or a group.
type tagged struct {
	store.Key
	tags tagger
	find func(*store.Tx) error // store.ErrNotFound when there is none
}

// tagger is the part of a collection that keeps tags.
type tagger interface {
	Tags(*store.Tx, store.Key) (map[string]string, error)
	SetTags(*store.Tx, store.Key, map[string]string) error
	RemoveTags(*store.Tx, store.Key, []string) error
}

// TagResource adds tags to a canary or group, or changes their values. A canary
// has no function of its own whose tags would follow.
func (s *Service) TagResource(ctx context.Context, in *api.TagResourceInput) (*api.TagResourceOutput, error) {
	for key := range in.Tags {
		if tagrule.Reserved(key) {
			return nil, api.NewBadRequestException("Tag keys cannot start with aws: %s", key)
		}
	}
	err := s.withTagged(ctx, s.DB.Update, in.ResourceArn, func(tx *store.Tx, t *tagged) error {
		if err := t.tags.SetTags(tx, t.Key, in.Tags); err != nil {
			return err
		}
		tags, err := t.tags.Tags(tx, t.Key)
		if err == nil && len(tags) > tagrule.Max {
			return api.NewBadRequestException("A resource can have at most %d tags", tagrule.Max)
		}
		return err
	})
	return &api.TagResourceOutput{}, err
}

// UntagResource removes tags from a canary or group; those it does not have are
// ignored.
func (s *Service) UntagResource(ctx context.Context, in *api.UntagResourceInput) (*api.UntagResourceOutput, error) {
	err := s.withTagged(ctx, s.DB.Update, in.ResourceArn, func(tx *store.Tx, t *tagged) error {
		return t.tags.RemoveTags(tx, t.Key, in.TagKeys)
	})
	return &api.UntagResourceOutput{}, err
}

// ListTagsForResource lists the tags of a canary or group.
func (s *Service) ListTagsForResource(ctx context.Context, in *api.ListTagsForResourceInput) (*api.ListTagsForResourceOutput, error) {
	out := &api.ListTagsForResourceOutput{}
	err := s.withTagged(ctx, s.DB.View, in.ResourceArn, func(tx *store.Tx, t *tagged) (err error) {
		out.Tags, err = t.tags.Tags(tx, t.Key)
		return err
	})
	return out, err
}

// checkTags refuses the tags of a new resource that the model lets pass.
func checkTags(tags map[string]string) error {
	for key := range tags {
		if tagrule.Reserved(key) {
			return invalid("Tag keys cannot start with aws: %s", key)
		}
	}
	return nil
}

// withTagged runs f on the resource that an ARN names, in a transaction that
// begin (DB.View or DB.Update) makes. These operations have an error family of
// their own.
func (s *Service) withTagged(ctx context.Context, begin func(context.Context, func(*store.Tx) error) error, resource string, f func(*store.Tx, *tagged) error) error {
	t, err := s.taggedBy(plane.FromContext(ctx), resource)
	if err != nil {
		return err
	}
	return begin(ctx, func(tx *store.Tx) error {
		err := t.find(tx)
		if errors.Is(err, store.ErrNotFound) {
			return api.NewNotFoundException("Resource not found: %s", resource)
		}
		if err != nil {
			return err
		}
		return f(tx, t)
	})
}

// taggedBy reads the ARN of a canary of the region that is called, or of a group
// of any.
func (s *Service) taggedBy(call *plane.Call, resource string) (*tagged, error) {
	a, err := arn.Parse(resource)
	if err != nil || a.Service != "synthetics" {
		return nil, api.NewBadRequestException("Invalid resource ARN: %s", resource)
	}
	kind, id := a.Split()
	switch {
	case a.Account != call.Caller.Account:
	case kind == "canary" && a.Region == call.Caller.Region:
		return s.taggedCanary(keyFor(call, id)), nil
	case kind == "group":
		return s.taggedGroup(groupKey(a.Account, id), resource), nil
	}
	return nil, api.NewNotFoundException("Resource not found: %s", resource)
}

func (s *Service) taggedCanary(key store.Key) *tagged {
	return &tagged{Key: key, tags: s.canaries, find: func(tx *store.Tx) error {
		_, err := s.canaries.Get(tx, key)
		return err
	}}
}

// taggedGroup is a group by its ARN, which also tells where it was created.
func (s *Service) taggedGroup(key store.Key, name string) *tagged {
	return &tagged{Key: key, tags: s.groups, find: func(tx *store.Tx) error {
		rec, err := s.groups.Get(tx, key)
		if err == nil && groupARN(&rec) != name {
			return store.ErrNotFound
		}
		return err
	}}
}
