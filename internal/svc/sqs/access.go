package sqs

import (
	"context"
	"errors"
	"time"

	api "nephele.dev/nephele/internal/api/sqs"
	"nephele.dev/nephele/internal/arn"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/policy"
	"nephele.dev/nephele/internal/store"
)

// Needs tells what a call has to be allowed. Who makes a queue with tags must
// be allowed to tag queues, and who has messages moved to do by himself what the
// task will do.
func (s *Service) Needs(call *plane.Call, in any) []policy.Need {
	needs := []policy.Need{{Action: plane.Action(call.Operation), Resources: s.Resources(call, in)}}
	switch in := in.(type) {
	case *api.CreateQueueInput:
		if len(in.Tags) > 0 {
			needs = append(needs, policy.Need{Action: "sqs:TagQueue", Resources: needs[0].Resources})
		}
	case *api.StartMessageMoveTaskInput:
		needs = append(needs, s.moveNeeds(in)...)
	}
	return needs
}

// moving are the actions on the queue from which messages are moved (SQS
// Developer Guide, "Configuring permissions for a dead-letter queue redrive").
var moving = []string{"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"}

// patience is how long the database may take to tell where messages go.
const patience = 10 * time.Second

// moveNeeds are what StartMessageMoveTask needs besides its own action: to take
// messages out of the source, and to send them to the destination. Without one
// they go back to the queues that have the source for their dead-letter queue.
func (s *Service) moveNeeds(in *api.StartMessageMoveTaskInput) (needs []policy.Need) {
	source := []string{canonical(in.SourceArn)}
	for _, action := range moving {
		needs = append(needs, policy.Need{Action: action, Resources: source})
	}
	if in.DestinationArn != nil {
		return append(needs, policy.Need{Action: "sqs:SendMessage", Resources: []string{canonical(*in.DestinationArn)}})
	}
	k, ok := parseARN(in.SourceArn)
	if !ok {
		return needs // the handler refuses it
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var back []string
	err := s.db.View(ctx, func(tx *store.Tx) error {
		recs, err := s.sources(tx, k, "")
		back = nil
		for i := range recs {
			back = append(back, queueARN(recs[i].Key))
		}
		return err
	})
	if err != nil {
		back = []string{"*"} // which a policy for certain queues does not allow
	}
	if len(back) > 0 {
		needs = append(needs, policy.Need{Action: "sqs:SendMessage", Resources: back})
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
	return s.known.Get(ctx, k, func(tx *store.Tx) (policy.Resource, error) {
		res := policy.Resource{Account: k.Account, Guarded: true}
		rec, err := s.queues.Get(tx, k)
		if errors.Is(err, store.ErrNotFound) {
			return res, nil
		}
		if err != nil {
			return res, err
		}
		res.Policies = s.policies.Policies(queueARN(k), rec.Doc.Attributes[attrPolicy], policy.ResourceUse)
		tags, err := s.queues.Tags(tx, k)
		res.Keys = policy.ResourceTags(tags)
		return res, err
	})
}
