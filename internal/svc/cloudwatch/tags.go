package cloudwatch

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	api "nephele.dev/nephele/internal/api/cloudwatch"
	"nephele.dev/nephele/internal/arn"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/tagrule"
)

// taggable is a kind of resource that has tags.
type taggable struct {
	tags   tagStore
	name   string // in errors
	global bool   // the key has no region
	exists func(tx *store.Tx, key store.Key) (bool, error)
}

// tagStore is the tags of a store.Collection.
type tagStore interface {
	Tags(tx *store.Tx, k store.Key) (map[string]string, error)
	AddTags(tx *store.Tx, k store.Key, tags map[string]string, most int, tooMany error) error
	RemoveTags(tx *store.Tx, k store.Key, keys []string) error
}

// taggables are found by the first word of the resource in an ARN.
var taggables = map[string]taggable{
	"alarm": {alarmTags, "Alarm", false, func(tx *store.Tx, k store.Key) (bool, error) {
		_, err := findAlarm(tx, alarmKey{k.Account, k.Region, k.ID})
		return found(err)
	}},
	"dashboard": {dashboards, "Dashboard", true, func(tx *store.Tx, k store.Key) (bool, error) {
		_, err := dashboards.Get(tx, k)
		return found(err)
	}},
}

// found tells apart what a look-up says.
func found(err error) (bool, error) {
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// TagResource adds tags, and overwrites those of the same key.
func (s *Service) TagResource(ctx context.Context, in *api.TagResourceInput) (*api.TagResourceOutput, error) {
	tags, err := tagsOf(in.Tags)
	if err != nil {
		return nil, err
	}
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		c, key, err := tagged(ctx, tx, in.ResourceARN)
		if err != nil {
			return err
		}
		return c.tags.AddTags(tx, key, tags, tagrule.Max, tooManyTags())
	})
	if err != nil {
		return nil, err
	}
	return &api.TagResourceOutput{}, nil
}

// UntagResource removes tags; keys that the resource does not have are nothing
// to it.
func (s *Service) UntagResource(ctx context.Context, in *api.UntagResourceInput) (*api.UntagResourceOutput, error) {
	err := s.db.Update(ctx, func(tx *store.Tx) error {
		c, key, err := tagged(ctx, tx, in.ResourceARN)
		if err != nil {
			return err
		}
		return c.tags.RemoveTags(tx, key, in.TagKeys)
	})
	if err != nil {
		return nil, err
	}
	return &api.UntagResourceOutput{}, nil
}

// ListTagsForResource returns the tags in order of their keys.
func (s *Service) ListTagsForResource(ctx context.Context, in *api.ListTagsForResourceInput) (*api.ListTagsForResourceOutput, error) {
	out := &api.ListTagsForResourceOutput{Tags: []*api.Tag{}}
	err := s.db.View(ctx, func(tx *store.Tx) error {
		c, key, err := tagged(ctx, tx, in.ResourceARN)
		if err != nil {
			return err
		}
		tags, err := c.tags.Tags(tx, key)
		for _, k := range slices.Sorted(maps.Keys(tags)) {
			out.Tags = append(out.Tags, &api.Tag{Key: k, Value: tags[k]})
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// tagged finds the resource of an ARN, which must exist and be the caller's.
func tagged(ctx context.Context, tx *store.Tx, name string) (taggable, store.Key, error) {
	call := plane.FromContext(ctx)
	a, err := arn.Parse(name)
	if err != nil || a.Service != "cloudwatch" || a.Account != call.Caller.Account {
		return taggable{}, store.Key{}, api.NewInvalidParameterValueException("Invalid ARN: %s", name)
	}
	kind, id := a.Split()
	c, ok := taggables[kind]
	switch {
	case kind == "metric-stream" || kind == "insight-rule":
		return c, store.Key{}, notImplemented("Nephele does not implement tags of the CloudWatch resource %s yet.", kind)
	case !ok || id == "" || (a.Region == "") != c.global || !c.global && a.Region != call.Caller.Region:
		return c, store.Key{}, api.NewInvalidParameterValueException("Invalid ARN: %s", name)
	}
	key := store.Key{Account: a.Account, Region: a.Region, ID: id}
	there, err := c.exists(tx, key)
	if err == nil && !there {
		return c, key, api.NewResourceNotFoundException("The %s %s does not exist.", strings.ToLower(c.name), id).
			With("ResourceType", c.name).With("ResourceId", id)
	}
	return c, key, err
}

// tagsOf checks tags of a request. Their lengths are the model's.
func tagsOf(in []*api.Tag) (map[string]string, error) {
	tags := make(map[string]string, len(in))
	for _, t := range in {
		if t == nil {
			continue
		}
		if _, twice := tags[t.Key]; twice {
			return nil, api.NewInvalidParameterValueException("The tag key %s is given more than once.", t.Key)
		}
		if tagrule.Reserved(t.Key) {
			return nil, api.NewInvalidParameterValueException("The tag key %s is reserved: it begins with aws:.", t.Key)
		}
		tags[t.Key] = t.Value
	}
	if len(tags) > tagrule.Max {
		return nil, tooManyTags()
	}
	return tags, nil
}

func tooManyTags() error {
	return api.NewInvalidParameterValueException("A resource can have at most %d tags.", tagrule.Max)
}
