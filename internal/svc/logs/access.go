package logs

import (
	"context"
	"errors"
	"strings"

	api "nephele.dev/nephele/internal/api/logs"
	"nephele.dev/nephele/internal/arn"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/policy"
	"nephele.dev/nephele/internal/store"
)

// Needs tells what a call has to be allowed. Who makes a group with tags must
// be allowed to tag groups.
func (s *Service) Needs(call *plane.Call, in any) []policy.Need {
	needs := []policy.Need{{Action: plane.Action(call.Operation), Resources: s.Resources(call, in)}}
	if in, ok := in.(*api.CreateLogGroupInput); ok && len(in.Tags) > 0 {
		needs = append(needs, policy.Need{Action: "logs:TagResource", Resources: []string{groupARN(key(call, in.LogGroupName))}})
	}
	return needs
}

// guarded are the services that write into log groups by resource policies
// alone (CloudWatch Logs User Guide, "Enable logging from AWS services").
var guarded = map[string]bool{"events.amazonaws.com": true, "delivery.logs.amazonaws.com": true, "route53.amazonaws.com": true}

// Facts tells what is known of a log group or stream, for authorization: the
// resource policies of its account and its own, and the tags of the group.
func (s *Service) Facts(ctx context.Context, call *plane.Call, name string) (policy.Resource, error) {
	a, err := arn.Parse(name)
	if err != nil {
		return policy.Resource{}, nil //nolint:nilerr // neither
	}
	group, _, _ := strings.Cut(strings.TrimPrefix(a.Resource, "log-group:"), ":")
	k := store.Key{Account: a.Account, Region: a.Region, ID: group}
	res, err := s.known.Get(ctx, k, func(tx *store.Tx) (policy.Resource, error) {
		res := policy.Resource{Account: k.Account}
		tags, err := s.groups.Tags(tx, k)
		if err != nil {
			return res, err
		}
		res.Keys = policy.ResourceTags(tags)
		return res, s.policyFacts(tx, &res, k)
	})
	res.Guarded = guarded[call.Caller.ARN]
	return res, err
}

// policyFacts adds the resource policies that concern a group.
func (s *Service) policyFacts(tx *store.Tx, res *policy.Resource, group store.Key) error {
	account, err := s.policies.List(tx, group.Account, group.Region, store.ListOptions{Prefix: "account/"})
	if err != nil {
		return err
	}
	own, err := s.policies.Get(tx, store.Key{Account: group.Account, Region: group.Region, ID: "resource/" + groupARN(group)})
	if err == nil {
		account = append(account, own)
	} else if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	for i := range account {
		p := &account[i].Doc
		res.Policies = append(res.Policies, s.parsed.Policies(account[i].ID, p.Document, policy.ResourceUse)...)
	}
	return nil
}
