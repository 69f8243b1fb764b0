package sqs

import (
	"context"
	"errors"

	api "nephele.dev/nephele/internal/api/sqs"
	"nephele.dev/nephele/internal/arn"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/policy"
	"nephele.dev/nephele/internal/store"
)

// Needs tells what a call has to be allowed. Who makes a queue with tags must
// be allowed to tag queues.
func (s *Service) Needs(call *plane.Call, in any) []policy.Need {
	needs := []policy.Need{{Action: plane.Action(call.Operation), Resources: s.Resources(call, in)}}
	if in, ok := in.(*api.CreateQueueInput); ok && len(in.Tags) > 0 {
		needs = append(needs, policy.Need{Action: "sqs:TagQueue", Resources: needs[0].Resources})
	}
	return needs
}

// Facts tells what is known of a queue, for authorization: its policy, without
// which other accounts and services cannot use it, and its tags.
func (s *Service) Facts(ctx context.Context, _ *plane.Call, name string) (policy.Resource, error) {
	a, err := arn.Parse(name)
	if err != nil {
		return policy.Resource{}, nil //nolint:nilerr // not a queue
	}
	k := store.Key{Account: a.Account, Region: a.Region, ID: a.Resource}
	res := policy.Resource{Account: a.Account, Guarded: true}
	rec, err := s.lookup(ctx, k)
	if errors.Is(err, store.ErrNotFound) {
		return res, nil
	}
	if err != nil {
		return res, err
	}
	res.Policies = s.policies.Policies(name, rec.Doc.Attributes[attrPolicy], policy.ResourceUse)
	err = s.db.View(ctx, func(tx *store.Tx) error {
		tags, err := s.queues.Tags(tx, k)
		res.Keys = policy.ResourceTags(tags)
		return err
	})
	return res, err
}
