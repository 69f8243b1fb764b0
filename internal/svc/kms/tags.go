package kms

import (
	"context"
	"maps"
	"slices"

	api "nephele.dev/nephele/internal/api/kms"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/tagrule"
)

// tagMap reads a list of tags.
func tagMap(list []*api.Tag) (map[string]string, error) {
	tags := make(map[string]string, len(list))
	for _, t := range list {
		if _, twice := tags[t.TagKey]; twice {
			return nil, api.NewTagException("Duplicate tag keys")
		}
		if tagrule.Reserved(t.TagKey) {
			return nil, api.NewTagException("aws: prefixed tag key names are not allowed for external use.")
		}
		tags[t.TagKey] = t.TagValue
	}
	if len(tags) > tagrule.Max {
		return nil, tooManyTags()
	}
	return tags, nil
}

func tooManyTags() error { return api.NewTagException("Too many tags") }

// TagResource adds tags to a key.
func (s *Service) TagResource(ctx context.Context, in *api.TagResourceInput) (*api.TagResourceOutput, error) {
	tags, err := tagMap(in.Tags)
	if err != nil {
		return nil, err
	}
	err = s.change(ctx, in.KeyId, func(tx *store.Tx, r *record) error {
		if r.Doc.State == api.KeyStatePendingDeletion {
			return pendingDeletion(r)
		}
		return s.keys.AddTags(tx, r.Key, tags, tagrule.Max, tooManyTags())
	})
	if err != nil {
		return nil, err
	}
	return &api.TagResourceOutput{}, nil
}

// UntagResource removes tags from a key.
func (s *Service) UntagResource(ctx context.Context, in *api.UntagResourceInput) (*api.UntagResourceOutput, error) {
	err := s.change(ctx, in.KeyId, func(tx *store.Tx, r *record) error {
		if r.Doc.State == api.KeyStatePendingDeletion {
			return pendingDeletion(r)
		}
		return s.keys.RemoveTags(tx, r.Key, in.TagKeys)
	})
	if err != nil {
		return nil, err
	}
	return &api.UntagResourceOutput{}, nil
}

// ListResourceTags lists the tags of a key, in the order of their keys.
func (s *Service) ListResourceTags(ctx context.Context, in *api.ListResourceTagsInput) (*api.ListResourceTagsOutput, error) {
	call := plane.FromContext(ctx)
	e, err := s.ownKey(ctx, in.KeyId)
	if err != nil {
		return nil, err
	}
	if e.Doc.Manager == api.KeyManagerTypeAws {
		return nil, accessDenied("User: %s is not authorized to perform: kms:ListResourceTags on resource: %s", call.Caller.ARN, e.arn)
	}
	p := s.pager(ctx, in.Limit, in.Marker, 50, 50, e.arn)
	var after string
	if err := p.start(&after); err != nil {
		return nil, err
	}
	names := slices.DeleteFunc(slices.Sorted(maps.Keys(e.tags)), func(k string) bool { return in.Marker != nil && k <= after })
	out := &api.ListResourceTagsOutput{Tags: []*api.Tag{}, Truncated: new(len(names) > p.limit)}
	for _, k := range names[:min(len(names), p.limit)] {
		out.Tags = append(out.Tags, &api.Tag{TagKey: k, TagValue: e.tags[k]})
	}
	if len(names) > p.limit {
		out.NextMarker, err = p.next(names[p.limit-1])
	}
	return out, err
}
