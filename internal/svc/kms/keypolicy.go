package kms

import (
	"context"
	"encoding/json"
	"fmt"

	api "nephele.dev/nephele/internal/api/kms"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/policy"
	"nephele.dev/nephele/internal/store"
)

const (
	policyName    = "default" // the only name that a key policy may have
	policyVersion = "2012-10-17"
	policyLimit   = 32 * 1024 // bytes
)

// policyText is a policy as it is written.
type policyText struct {
	Version   string
	ID        string `json:"Id"`
	Statement []statementText
}

type statementText struct {
	Sid       string
	Effect    string
	Principal map[string]string
	Action    any
	Resource  string
	Condition map[string]any `json:",omitempty"`
}

// defaultPolicy leaves the key to the IAM policies of its account.
func defaultPolicy(k store.Key) string {
	text, _ := json.MarshalIndent(policyText{Version: policyVersion, ID: "key-default-1", Statement: []statementText{{
		Sid: "Enable IAM User Permissions", Effect: "Allow", Principal: map[string]string{"AWS": rootARN(k)}, Action: "kms:*", Resource: "*",
	}}}, "", "  ")
	return string(text)
}

// parsePolicy compiles the policy of a key.
func parsePolicy(name, text string) (*policy.Document, error) {
	d, err := policy.Parse(text, policy.ResourceUse)
	if err != nil {
		return nil, fmt.Errorf("policy of %s: %w", name, err)
	}
	d.Name = name
	return d, nil
}

// candidate is a key policy that is not there yet, for the question whether its
// author could still change it. It travels in the context.
type candidate struct {
	key  store.Key
	doc  *policy.Document
	tags map[string]string
	spec *key
}

type candidateKey struct{}

// checkPolicy refuses a policy that is not well-formed, and one that would lock
// its author out unless the author insists.
func (s *Service) checkPolicy(ctx context.Context, k store.Key, doc *key, tags map[string]string, bypass *bool) error {
	if len(doc.Policy) > policyLimit {
		return api.NewLimitExceededException("The key policy is longer than %d bytes.", policyLimit)
	}
	parsed, err := policy.Parse(doc.Policy, policy.ResourceUse)
	if err != nil {
		return api.NewMalformedPolicyDocumentException("%s", err)
	}
	if bypass != nil && *bypass {
		return nil
	}
	parsed.Name = keyARN(k)
	c := candidate{key: k, doc: parsed, tags: tags, spec: doc}
	if !c.keepsAuthor(plane.FromContext(ctx)) || !s.mayChange(ctx, &c) {
		return api.NewMalformedPolicyDocumentException("The new key policy will not allow you to update the key policy in the future.")
	}
	return nil
}

// keepsAuthor reports whether the policy by itself lets the caller change it,
// or leaves that to the account's IAM policies.
func (c *candidate) keepsAuthor(call *plane.Call) bool {
	p := &call.Caller
	all, err := policy.Parse(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`, policy.Identity)
	if err != nil {
		return false
	}
	r := policy.Request{
		Principal: policy.Principal{Kind: p.Kind, Account: p.Account, ARN: p.ARN, ID: p.ID, Tags: p.Tags, Session: p.Session},
		Action:    "kms:PutKeyPolicy",
		Resources: []policy.Resource{c.resource()},
		Keys:      callKeys(call),
	}
	return policy.Decide(&r, &policy.Policies{Identity: []*policy.Document{all}}).Effect == policy.Allow
}

func (c *candidate) resource() policy.Resource {
	return policy.Resource{
		ARN: keyARN(c.key), Account: c.key.Account, Policies: []*policy.Document{c.doc}, Required: true,
		Keys: keyKeys(c.spec, nil, c.tags),
	}
}

// mayChange asks the evaluator, who knows the caller's own policies too.
func (s *Service) mayChange(ctx context.Context, c *candidate) bool {
	if s.plane == nil {
		return true
	}
	call := plane.FromContext(ctx)
	return s.plane.Authorize(context.WithValue(ctx, candidateKey{}, c), call, policy.Need{
		Action: "kms:PutKeyPolicy", Resources: []string{keyARN(c.key)}, Keys: callKeys(call),
	}) == nil
}

// GetKeyPolicy returns a key's policy as it was given.
func (s *Service) GetKeyPolicy(ctx context.Context, in *api.GetKeyPolicyInput) (*api.GetKeyPolicyOutput, error) {
	e, err := s.ownKey(ctx, in.KeyId)
	if err != nil {
		return nil, err
	}
	if err := checkPolicyName(in.PolicyName); err != nil {
		return nil, err
	}
	return &api.GetKeyPolicyOutput{Policy: &e.Doc.Policy, PolicyName: new(policyName)}, nil
}

// PutKeyPolicy replaces a key's policy.
func (s *Service) PutKeyPolicy(ctx context.Context, in *api.PutKeyPolicyInput) (*api.PutKeyPolicyOutput, error) {
	e, err := s.ownKey(ctx, in.KeyId)
	if err != nil {
		return nil, err
	}
	if err := checkPolicyName(in.PolicyName); err != nil {
		return nil, err
	}
	doc := e.Doc
	doc.Policy = in.Policy
	if err := s.checkPolicy(ctx, e.Key, &doc, e.tags, in.BypassPolicyLockoutSafetyCheck); err != nil {
		return nil, err
	}
	err = s.change(ctx, in.KeyId, func(_ *store.Tx, r *record) error {
		r.Doc.Policy = in.Policy
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &api.PutKeyPolicyOutput{}, nil
}

// ListKeyPolicies lists the one policy that a key has.
func (s *Service) ListKeyPolicies(ctx context.Context, in *api.ListKeyPoliciesInput) (*api.ListKeyPoliciesOutput, error) {
	if _, err := s.ownKey(ctx, in.KeyId); err != nil {
		return nil, err
	}
	if in.Marker != nil {
		return nil, api.NewInvalidMarkerException("The marker is not valid.")
	}
	return &api.ListKeyPoliciesOutput{PolicyNames: []string{policyName}, Truncated: new(false)}, nil
}

func checkPolicyName(name *string) error {
	if name != nil && *name != policyName {
		return api.NewNotFoundException("No such policy exists")
	}
	return nil
}

// ownKey returns a key of the caller's own account by its id or ARN.
func (s *Service) ownKey(ctx context.Context, text string) (*entry, error) {
	call := plane.FromContext(ctx)
	ref, err := referKey(&call.Caller, text)
	if err != nil {
		return nil, err
	}
	if err := ownAccount(call, ref.Key); err != nil {
		return nil, err
	}
	return s.load(ctx, ref.Key)
}
