package secretsmanager

import (
	"context"
	"encoding/json"

	api "nephele.dev/nephele/internal/api/secretsmanager"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/policy"
	"nephele.dev/nephele/internal/store"
)

// parsePolicy compiles a resource policy, or says what is wrong with it.
func parsePolicy(text string) (*policy.Document, error) {
	doc, err := policy.Parse(text, policy.ResourceUse)
	switch {
	case err == nil:
		return doc, nil
	case !json.Valid([]byte(text)):
		return nil, api.NewMalformedPolicyDocumentException("This resource policy contains invalid Json.").Because(err)
	}
	return nil, api.NewMalformedPolicyDocumentException("This resource policy contains a syntax error: %s", err)
}

// PutResourcePolicy replaces the policy of a secret.
func (s *Service) PutResourcePolicy(ctx context.Context, in *api.PutResourcePolicyInput) (*api.PutResourcePolicyOutput, error) {
	if _, err := parsePolicy(in.ResourcePolicy); err != nil {
		return nil, err
	}
	if deref(in.BlockPublicPolicy) && len(broad(in.ResourcePolicy)) > 0 {
		return nil, api.NewPublicPolicyException(
			"The BlockPublicPolicy parameter is set to true, and the resource policy did not prevent broad access to the secret.")
	}
	r, err := s.change(ctx, in.SecretId, func(_ *store.Tx, r *record) error {
		r.Doc.Policy = in.ResourcePolicy
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &api.PutResourcePolicyOutput{ARN: new(secretARN(&r)), Name: &r.ID}, nil
}

// GetResourcePolicy returns the policy of a secret as it was put.
func (s *Service) GetResourcePolicy(ctx context.Context, in *api.GetResourcePolicyInput) (*api.GetResourcePolicyOutput, error) {
	r, err := s.live(ctx, in.SecretId)
	if err != nil {
		return nil, err
	}
	return &api.GetResourcePolicyOutput{ARN: new(secretARN(&r)), Name: &r.ID, ResourcePolicy: unlessEmpty(r.Doc.Policy)}, nil
}

// DeleteResourcePolicy removes the policy of a secret, if it has one.
func (s *Service) DeleteResourcePolicy(ctx context.Context, in *api.DeleteResourcePolicyInput) (*api.DeleteResourcePolicyOutput, error) {
	r, err := s.change(ctx, in.SecretId, func(_ *store.Tx, r *record) error {
		r.Doc.Policy = ""
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &api.DeleteResourcePolicyOutput{ARN: new(secretARN(&r)), Name: &r.ID}, nil
}

// live reads a secret that is not scheduled for deletion.
func (s *Service) live(ctx context.Context, id string) (r record, err error) {
	call := plane.FromContext(ctx)
	err = s.DB.View(ctx, func(tx *store.Tx) error {
		r, err = s.findLive(tx, &call.Caller, id)
		return err
	})
	return r, err
}

// The names of what ValidateResourcePolicy checks.
const (
	checkPublic  = "BLOCK_PUBLIC_POLICY"
	checkLockout = "PREVENT_LOCKOUT"
)

// ValidateResourcePolicy says what speaks against a policy: that it lets in
// everybody, or that it keeps out the caller.
func (s *Service) ValidateResourcePolicy(ctx context.Context, in *api.ValidateResourcePolicyInput) (*api.ValidateResourcePolicyOutput, error) {
	doc, err := parsePolicy(in.ResourcePolicy)
	if err != nil {
		return nil, err
	}
	call, name := plane.FromContext(ctx), "*"
	if in.SecretId != nil {
		r, err := s.live(ctx, *in.SecretId)
		if err != nil {
			return nil, err
		}
		name = secretARN(&r)
	}
	out := &api.ValidateResourcePolicyOutput{ValidationErrors: []*api.ValidationErrorsEntry{}}
	for _, why := range broad(in.ResourcePolicy) {
		out.ValidationErrors = append(out.ValidationErrors, &api.ValidationErrorsEntry{CheckName: new(checkPublic), ErrorMessage: &why})
	}
	if locksOut(call, doc, name) {
		out.ValidationErrors = append(out.ValidationErrors, &api.ValidationErrorsEntry{
			CheckName:    new(checkLockout),
			ErrorMessage: new("The resource policy denies you the permission to change the resource policy of the secret."),
		})
	}
	out.PolicyValidationPassed = new(len(out.ValidationErrors) == 0)
	return out, nil
}

// locksOut reports whether a policy denies its author to replace it.
func locksOut(call *plane.Call, doc *policy.Document, name string) bool {
	c := &call.Caller
	d := policy.Decide(&policy.Request{
		Principal: policy.Principal{Kind: c.Kind, Account: c.Account, ARN: c.ARN, ID: c.ID, Tags: c.Tags, Session: c.Session},
		Action:    "secretsmanager:PutResourcePolicy",
		Resources: []policy.Resource{{ARN: name, Account: c.Account, Policies: []*policy.Document{doc}}},
	}, nil)
	return d.Effect == policy.ExplicitDeny
}
