package iam

import (
	"context"
	"slices"

	api "nephele.dev/nephele/internal/api/iam"
	"nephele.dev/nephele/internal/policy"
	"nephele.dev/nephele/internal/store"
)

// GetContextKeysForCustomPolicy lists the condition keys and policy variables
// in policies that are given.
func (s *Service) GetContextKeysForCustomPolicy(_ context.Context, in *api.GetContextKeysForCustomPolicyInput) (*api.GetContextKeysForCustomPolicyOutput, error) {
	docs, err := given("PolicyInputList", in.PolicyInputList)
	if err != nil {
		return nil, err
	}
	return &api.GetContextKeysForCustomPolicyOutput{ContextKeyNames: contextKeyNames(docs)}, nil
}

// GetContextKeysForPrincipalPolicy lists the condition keys and policy
// variables in the policies of a user, group or role, and in more that are
// given.
func (s *Service) GetContextKeysForPrincipalPolicy(ctx context.Context, in *api.GetContextKeysForPrincipalPolicyInput) (*api.GetContextKeysForPrincipalPolicyOutput, error) {
	docs, err := given("PolicyInputList", in.PolicyInputList)
	if err != nil {
		return nil, err
	}
	err = s.view(ctx, func(tx *store.Tx, account string) error {
		p, err := s.principalPolicies(tx, account, in.PolicySourceArn)
		if err != nil {
			return err
		}
		docs = append(docs, p.documents()...)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &api.GetContextKeysForPrincipalPolicyOutput{ContextKeyNames: contextKeyNames(docs)}, nil
}

// contextKeyNames are the condition keys and variables in policies, sorted.
func contextKeyNames(docs []*policy.Document) []string {
	names := append([]string{}, policy.ContextKeys(docs...)...)
	slices.Sort(names)
	return names
}
