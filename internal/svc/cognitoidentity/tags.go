package cognitoidentity

import (
	"context"
	"maps"
	"strings"

	api "nephele.dev/nephele/internal/api/cognitoidentity"
	"nephele.dev/nephele/internal/arn"
)

// poolID is the id in the ARN of a pool.
func poolID(text string) (string, error) {
	a, err := arn.Parse(text)
	id, ok := strings.CutPrefix(a.Resource, "identitypool/")
	if err != nil || a.Service != "cognito-identity" || !ok || id == "" {
		return "", api.NewInvalidParameterException("Invalid resource ARN: %s", text)
	}
	return id, nil
}

// TagResource adds tags to a pool.
func (s *Service) TagResource(ctx context.Context, in *api.TagResourceInput) (*api.TagResourceOutput, error) {
	id, err := poolID(in.ResourceArn)
	if err != nil {
		return nil, err
	}
	err = s.change(ctx, id, func(p *pool) error {
		if p.Tags == nil {
			p.Tags = map[string]string{}
		}
		maps.Copy(p.Tags, in.Tags)
		return checkTags(p.Tags)
	})
	if err != nil {
		return nil, err
	}
	return &api.TagResourceOutput{}, nil
}

// UntagResource removes tags from a pool.
func (s *Service) UntagResource(ctx context.Context, in *api.UntagResourceInput) (*api.UntagResourceOutput, error) {
	id, err := poolID(in.ResourceArn)
	if err != nil {
		return nil, err
	}
	err = s.change(ctx, id, func(p *pool) error {
		for _, key := range in.TagKeys {
			delete(p.Tags, key)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &api.UntagResourceOutput{}, nil
}

// ListTagsForResource returns the tags of a pool.
func (s *Service) ListTagsForResource(ctx context.Context, in *api.ListTagsForResourceInput) (*api.ListTagsForResourceOutput, error) {
	id, err := poolID(in.ResourceArn)
	if err != nil {
		return nil, err
	}
	p, err := s.view(ctx, id)
	if err != nil {
		return nil, err
	}
	tags := map[string]string{}
	maps.Copy(tags, p.Tags)
	return &api.ListTagsForResourceOutput{Tags: tags}, nil
}
