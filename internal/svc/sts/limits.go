package sts

import (
	"context"
	"errors"
	"fmt"
	"unicode/utf8"

	api "nephele.dev/nephele/internal/api/sts"
	"nephele.dev/nephele/internal/arn"
	"nephele.dev/nephele/internal/identity"
	"nephele.dev/nephele/internal/policy"
	"nephele.dev/nephele/internal/session"
)

const (
	// maxPolicy is how long session policies and the ARNs of managed ones may be
	// together, in characters.
	maxPolicy = 2048
	// maxManaged is how many managed policies may be session policies.
	maxManaged = 10
)

// limit puts session policies into the claims: what both they and the
// policies of the role or user allow is allowed.
func (s *Service) limit(ctx context.Context, c *session.Claims, inline *string, managed []*api.PolicyDescriptorType) error {
	if len(managed) > maxManaged {
		return invalid("1 validation error detected: Value at 'policyArns' failed to satisfy constraint: Member must have length less than or equal to %d", maxManaged)
	}
	length := 0
	if inline != nil {
		c.Limited, c.Policy = true, *inline
		if length = utf8.RuneCountInString(*inline); length > maxPolicy {
			return invalid("1 validation error detected: Value at 'policy' failed to satisfy constraint: Member must have length less than or equal to %d", maxPolicy)
		}
		if _, err := policy.Parse(*inline, policy.SessionUse); err != nil {
			return api.NewMalformedPolicyDocumentException("%s", err.Error())
		}
	}
	for _, m := range managed {
		if m.Arn == nil {
			return invalid("1 validation error detected: Value null at 'policyArns' failed to satisfy constraint: Member must not be null")
		}
		if err := s.checkManaged(ctx, c.Account, *m.Arn); err != nil {
			return err
		}
		c.Limited = true
		c.PolicyARNs = append(c.PolicyARNs, *m.Arn)
		if length += len(*m.Arn); length > maxPolicy {
			return api.NewPackedPolicyTooLargeException("The session policies are longer than %d characters together.", maxPolicy)
		}
	}
	return nil
}

// checkManaged demands a policy of the session's account, or one of AWS's own.
func (s *Service) checkManaged(ctx context.Context, account, name string) error {
	a, err := arn.Parse(name)
	if err != nil || a.Service != "iam" {
		return invalid("The specified policy ARN is invalid: %s", name)
	}
	if a.Account == account || a.Account == "aws" {
		_, err = s.Directory.Managed(ctx, name)
	} else {
		err = identity.ErrNotFound
	}
	if errors.Is(err, identity.ErrNotFound) {
		return invalid("The specified policy does not exist in account %s: %s", account, name)
	}
	if err != nil {
		return fmt.Errorf("session policy %s: %w", name, err)
	}
	return nil
}

// packed is how much of their room the session's policies and tags take, in
// percent; nil when there are none.
func packed(c *session.Claims) (*int32, error) {
	n := session.PackedSize(c.Policy, c.PolicyARNs, c.Tags)
	const whole = 100
	switch {
	case n == 0:
		return nil, nil //nolint:nilnil // the member is absent then
	case n <= whole:
		size := int32(n) //nolint:gosec // at most 100
		return &size, nil
	case c.Limited:
		return nil, api.NewPackedPolicyTooLargeException("Packed policy consumes %d%% of allotted space, please use smaller policy.", n)
	}
	return nil, api.NewPackedPolicyTooLargeException("Packed size of session tags consumes %d%% of allotted space.", n)
}
