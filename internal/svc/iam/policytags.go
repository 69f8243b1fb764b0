package iam

import (
	"context"

	api "nephele.dev/nephele/internal/api/iam"
	"nephele.dev/nephele/internal/identity"
	"nephele.dev/nephele/internal/store"
)

func (s *Service) taggedPolicy(arn string) taggable[identity.Policy] {
	return taggable[identity.Policy]{
		identity.Policies,
		func(tx *store.Tx, account string) (store.Record[identity.Policy], error) {
			return ownPolicy(tx, account, arn)
		},
		func(p *identity.Policy) *map[string]string { return &p.Tags },
	}
}

// TagPolicy adds tags to a customer managed policy, or gives those that it has
// other values.
func (s *Service) TagPolicy(ctx context.Context, in *api.TagPolicyInput) (*api.TagPolicyOutput, error) {
	return &api.TagPolicyOutput{}, tag(ctx, s, s.taggedPolicy(in.PolicyArn), in.Tags)
}

// UntagPolicy takes tags off a customer managed policy.
func (s *Service) UntagPolicy(ctx context.Context, in *api.UntagPolicyInput) (*api.UntagPolicyOutput, error) {
	return &api.UntagPolicyOutput{}, untag(ctx, s, s.taggedPolicy(in.PolicyArn), in.TagKeys)
}

// ListPolicyTags lists the tags of a customer managed policy.
func (s *Service) ListPolicyTags(ctx context.Context, in *api.ListPolicyTagsInput) (*api.ListPolicyTagsOutput, error) {
	tags, truncated, marker, err := listTags(ctx, s, s.taggedPolicy(in.PolicyArn), in.Marker, in.MaxItems, in.PolicyArn)
	return &api.ListPolicyTagsOutput{Tags: tags, IsTruncated: truncated, Marker: marker}, err
}
