package logs

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"

	api "nephele.dev/nephele/internal/api/logs"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/policy"
	"nephele.dev/nephele/internal/store"
)

// resourcePolicy is a policy of the account, or of one log group. They decide
// what other accounts and services may do here.
type resourcePolicy struct {
	Name     string `json:",omitempty"` // of the account's
	ARN      string `json:",omitempty"` // of a log group
	Document string
	Revision int64
	Updated  int64 // milliseconds since 1970
}

// Limits of resource policies, from the quotas page and the API reference.
const (
	maxPolicies        = 10   // of the account in a region
	maxAccountDocument = 5120 // characters
)

// policyID is the ID of a policy's key.
func policyID(name, arn *string) (string, error) {
	switch {
	case arn != nil && *arn != "":
		return "resource/" + *arn, nil
	case name != nil && *name != "":
		return "account/" + *name, nil
	}
	return "", invalid("Either policyName or resourceArn must be specified.")
}

// PutResourcePolicy makes a policy of the account, by its name, or that of a log
// group, or changes it.
func (s *Service) PutResourcePolicy(ctx context.Context, in *api.PutResourcePolicyInput) (*api.PutResourcePolicyOutput, error) {
	id, err := policyID(in.PolicyName, in.ResourceArn)
	if err != nil {
		return nil, err
	}
	if in.PolicyDocument == nil || !json.Valid([]byte(*in.PolicyDocument)) {
		return nil, invalid("The policy document must be valid JSON.")
	}
	if _, err := policy.Parse(*in.PolicyDocument, policy.ResourceUse); err != nil {
		return nil, invalid("The policy document is not valid: %s", err)
	}
	if in.ResourceArn == nil && len(*in.PolicyDocument) > maxAccountDocument {
		return nil, api.NewLimitExceededException("Resource limit exceeded.")
	}
	call := plane.FromContext(ctx)
	var rec store.Record[resourcePolicy]
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		rec, err = s.putPolicy(tx, call, id, in)
		return err
	})
	if err != nil {
		return nil, err
	}
	out := &api.PutResourcePolicyOutput{ResourcePolicy: rec.Doc.answer()}
	out.RevisionId = out.ResourcePolicy.RevisionId
	return out, nil
}

func (s *Service) putPolicy(tx *store.Tx, call *plane.Call, id string, in *api.PutResourcePolicyInput) (rec store.Record[resourcePolicy], err error) {
	if in.ResourceArn != nil {
		name, err := groupName(call, nil, in.ResourceArn)
		if err == nil {
			_, err = s.group(tx, call, name)
		}
		if err != nil {
			return rec, err
		}
	}
	rec, err = s.policies.Get(tx, key(call, id))
	exists := err == nil
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return rec, err
	}
	if err := rec.Doc.expect(in.ExpectedRevisionId); err != nil {
		return rec, err
	}
	rec.Doc = resourcePolicy{
		Document: *in.PolicyDocument, Revision: rec.Doc.Revision + 1, Updated: call.Time.UnixMilli(),
	}
	if in.ResourceArn != nil {
		rec.Doc.ARN = *in.ResourceArn
	} else {
		rec.Doc.Name = *in.PolicyName
	}
	if exists {
		return rec, s.policies.Put(tx, &rec)
	}
	if rec, err = s.policies.Create(tx, key(call, id), rec.Doc); err != nil || rec.Doc.Name == "" {
		return rec, err
	}
	all, err := s.policies.List(tx, call.Caller.Account, call.Caller.Region, store.ListOptions{Prefix: "account/"})
	if err == nil && len(all) > maxPolicies {
		err = api.NewLimitExceededException("Resource limit exceeded.")
	}
	return rec, err
}

// expect refuses a change of another revision than the caller knows.
func (p *resourcePolicy) expect(revision *string) error {
	if revision == nil || *revision == strconv.FormatInt(p.Revision, 10) {
		return nil
	}
	return api.NewOperationAbortedException("The resource policy has another revision than expected.")
}

// DeleteResourcePolicy removes a policy.
func (s *Service) DeleteResourcePolicy(ctx context.Context, in *api.DeleteResourcePolicyInput) (*api.DeleteResourcePolicyOutput, error) {
	id, err := policyID(in.PolicyName, in.ResourceArn)
	if err != nil {
		return nil, err
	}
	k := key(plane.FromContext(ctx), id)
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		rec, err := s.policies.Get(tx, k)
		if errors.Is(err, store.ErrNotFound) {
			return api.NewResourceNotFoundException("The specified resource policy does not exist.")
		}
		if err == nil {
			err = rec.Doc.expect(in.ExpectedRevisionId)
		}
		if err != nil {
			return err
		}
		return s.policies.Delete(tx, k)
	})
	if err != nil {
		return nil, err
	}
	return &api.DeleteResourcePolicyOutput{}, nil
}

// DescribeResourcePolicies lists the account's policies by name, or, asked for
// the scope RESOURCE or a log group, those of log groups.
func (s *Service) DescribeResourcePolicies(ctx context.Context, in *api.DescribeResourcePoliciesInput) (*api.DescribeResourcePoliciesOutput, error) {
	opts := store.ListOptions{Prefix: "account/"}
	switch {
	case in.ResourceArn != nil:
		opts.Prefix = "resource/" + *in.ResourceArn
	case in.PolicyScope != nil && *in.PolicyScope == api.PolicyScopeResource:
		opts.Prefix = "resource/"
	}
	sc := scope(ctx, in.ResourceArn, in.PolicyScope)
	if err := s.open(sc, in.NextToken, &opts.After); err != nil {
		return nil, err
	}
	limit := pageSize(in.Limit, maxDescribed)
	opts.Limit = limit + 1
	call := plane.FromContext(ctx)
	out := &api.DescribeResourcePoliciesOutput{ResourcePolicies: []*api.ResourcePolicy{}}
	err := s.db.View(ctx, func(tx *store.Tx) error {
		all, err := s.policies.List(tx, call.Caller.Account, call.Caller.Region, opts)
		if err != nil {
			return err
		}
		for i := range all[:min(limit, len(all))] {
			if in.ResourceArn == nil || all[i].Doc.ARN == *in.ResourceArn {
				out.ResourcePolicies = append(out.ResourcePolicies, all[i].Doc.answer())
			}
		}
		if len(all) > limit {
			out.NextToken, err = s.seal(sc, all[limit-1].ID)
		}
		return err
	})
	return out, err
}

func (p *resourcePolicy) answer() *api.ResourcePolicy {
	out := &api.ResourcePolicy{
		PolicyDocument: &p.Document, LastUpdatedTime: &p.Updated, RevisionId: new(strconv.FormatInt(p.Revision, 10)),
		PolicyScope: new(api.PolicyScopeAccount),
	}
	if p.ARN != "" {
		out.ResourceArn, out.PolicyScope = &p.ARN, new(api.PolicyScopeResource)
	} else {
		out.PolicyName = &p.Name
	}
	return out
}
