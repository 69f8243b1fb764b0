package events

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	api "nephele.dev/nephele/internal/api/events"
	"nephele.dev/nephele/internal/arn"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/tagrule"
)

// tagged is what both collections can do.
type tagged interface {
	Tags(tx *store.Tx, k store.Key) (map[string]string, error)
	AddTags(tx *store.Tx, k store.Key, tags map[string]string, most int, tooMany error) error
	RemoveTags(tx *store.Tx, k store.Key, keys []string) error
}

// setTags adds tags within the limits.
func setTags(tx *store.Tx, c tagged, k store.Key, tags []*api.Tag) error {
	if len(tags) == 0 {
		return nil
	}
	set := make(map[string]string, len(tags))
	for _, t := range tags {
		if tagrule.Reserved(t.Key) {
			return invalid("Tag keys starting with aws: are reserved for AWS.")
		}
		set[t.Key] = t.Value
	}
	return c.AddTags(tx, k, set, tagrule.Max, limitExceeded())
}

// withTags finds the bus or rule with an ARN, and runs f on its tags.
func (s *Service) withTags(ctx context.Context, resource string, in func(context.Context, func(*store.Tx) error) error,
	f func(*store.Tx, tagged, store.Key) error,
) error {
	a, err := arn.Parse(resource)
	kind, id := a.Split()
	if err != nil || a.Service != "events" || kind != "event-bus" && kind != "rule" {
		return invalid("Parameter %s is not valid. Reason: Provided Arn is not in correct format.", resource)
	}
	caller := plane.FromContext(ctx).Caller
	own := a.Account == caller.Account && a.Region == caller.Region
	k := store.Key{Account: a.Account, Region: a.Region, ID: id}
	return in(ctx, func(tx *store.Tx) error {
		if kind == "event-bus" {
			if !own {
				return noBus(id)
			}
			if _, err := s.bus(tx, k); err != nil {
				return err
			}
			return f(tx, s.buses, k)
		}
		if !strings.Contains(id, "/") {
			k.ID = defaultBus + "/" + id
		}
		if _, err := s.rules.Get(tx, k); errors.Is(err, store.ErrNotFound) || !own {
			name := splitRule(k)
			return noRule(name, store.Key{ID: strings.TrimSuffix(k.ID, "/"+name)})
		} else if err != nil {
			return err
		}
		return f(tx, s.rules, k)
	})
}

// TagResource adds tags to a bus or rule.
func (s *Service) TagResource(ctx context.Context, in *api.TagResourceInput) (*api.TagResourceOutput, error) {
	err := s.withTags(ctx, in.ResourceARN, s.db.Update, func(tx *store.Tx, c tagged, k store.Key) error {
		return setTags(tx, c, k, in.Tags)
	})
	if err != nil {
		return nil, err
	}
	return &api.TagResourceOutput{}, nil
}

// UntagResource removes tags from a bus or rule.
func (s *Service) UntagResource(ctx context.Context, in *api.UntagResourceInput) (*api.UntagResourceOutput, error) {
	err := s.withTags(ctx, in.ResourceARN, s.db.Update, func(tx *store.Tx, c tagged, k store.Key) error {
		return c.RemoveTags(tx, k, in.TagKeys)
	})
	if err != nil {
		return nil, err
	}
	return &api.UntagResourceOutput{}, nil
}

// ListTagsForResource lists the tags of a bus or rule, by key.
func (s *Service) ListTagsForResource(ctx context.Context, in *api.ListTagsForResourceInput) (*api.ListTagsForResourceOutput, error) {
	var tags map[string]string
	err := s.withTags(ctx, in.ResourceARN, s.db.View, func(tx *store.Tx, c tagged, k store.Key) (err error) {
		tags, err = c.Tags(tx, k)
		return err
	})
	if err != nil {
		return nil, err
	}
	out := &api.ListTagsForResourceOutput{Tags: []*api.Tag{}}
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		out.Tags = append(out.Tags, &api.Tag{Key: key, Value: tags[key]})
	}
	return out, nil
}
