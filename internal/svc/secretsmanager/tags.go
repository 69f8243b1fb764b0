package secretsmanager

import (
	"context"

	api "nephele.dev/nephele/internal/api/secretsmanager"
	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/tagrule"
)

// tagMap reads a list of tags.
func tagMap(list []*api.Tag) (map[string]string, error) {
	tags := make(map[string]string, len(list))
	for _, t := range list {
		if t == nil || t.Key == nil {
			return nil, api.NewInvalidParameterException("You must specify a key for each tag.")
		}
		if _, twice := tags[*t.Key]; twice {
			return nil, api.NewInvalidParameterException("Tag keys must be unique: %s is there more than once.", *t.Key)
		}
		if tagrule.Reserved(*t.Key) {
			return nil, api.NewInvalidParameterException("Tag keys can't start with aws:.")
		}
		tags[*t.Key] = deref(t.Value)
	}
	if len(tags) > tagrule.Max {
		return nil, tooManyTags()
	}
	return tags, nil
}

func tooManyTags() error {
	return api.NewInvalidParameterException("You can't attach more than %d tags to a secret.", tagrule.Max)
}

// TagResource adds tags to a secret.
func (s *Service) TagResource(ctx context.Context, in *api.TagResourceInput) (*api.TagResourceOutput, error) {
	tags, err := tagMap(in.Tags)
	if err != nil {
		return nil, err
	}
	_, err = s.change(ctx, in.SecretId, func(tx *store.Tx, r *record) error {
		r.Doc.Tagged = r.Doc.Tagged || len(tags) > 0
		return s.secrets.AddTags(tx, r.Key, tags, tagrule.Max, tooManyTags())
	})
	if err != nil {
		return nil, err
	}
	return &api.TagResourceOutput{}, nil
}

// UntagResource takes tags off a secret.
func (s *Service) UntagResource(ctx context.Context, in *api.UntagResourceInput) (*api.UntagResourceOutput, error) {
	_, err := s.change(ctx, in.SecretId, func(tx *store.Tx, r *record) error {
		return s.secrets.RemoveTags(tx, r.Key, in.TagKeys)
	})
	if err != nil {
		return nil, err
	}
	return &api.UntagResourceOutput{}, nil
}
