package sns

import (
	"context"
	"errors"
	"maps"

	api "nephele.dev/nephele/internal/api/sns"
	"nephele.dev/nephele/internal/arn"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/policy"
	"nephele.dev/nephele/internal/store"
)

// Needs tells what a call has to be allowed. Who makes a topic with tags must
// be allowed to tag topics; policies may ask for a subscription's protocol and
// endpoint.
func (s *Service) Needs(call *plane.Call, in any) []policy.Need {
	need := policy.Need{Action: plane.Action(call.Operation), Resources: s.Resources(call, in)}
	switch in := in.(type) {
	case *api.CreateTopicInput:
		if len(in.Tags) > 0 {
			return []policy.Need{need, {Action: "sns:TagResource", Resources: need.Resources}}
		}
	case *api.SubscribeInput:
		need.Keys = policy.Keys{"sns:protocol": {in.Protocol}}
		if in.Endpoint != nil {
			need.Keys["sns:endpoint"] = []string{*in.Endpoint}
		}
	}
	return []policy.Need{need}
}

// Facts tells what is known of a topic, for authorization: its policy, without
// which other accounts and services cannot use it, and its tags. The policy of a
// topic that nobody has set lets services publish for the owner's resources.
func (s *Service) Facts(ctx context.Context, call *plane.Call, name string) (policy.Resource, error) {
	a, err := arn.Parse(name)
	if err != nil {
		return policy.Resource{}, nil //nolint:nilerr // not a topic
	}
	k := store.Key{Account: a.Account, Region: a.Region, ID: a.Resource}
	res, err := s.known.Get(ctx, k, func(tx *store.Tx) (policy.Resource, error) {
		res := policy.Resource{Account: k.Account, Guarded: true}
		rec, err := s.topics.Get(tx, k)
		if errors.Is(err, store.ErrNotFound) {
			return res, nil
		}
		if err != nil {
			return res, err
		}
		res.Policies = s.policies.Policies(name, accessPolicy(&rec), policy.ResourceUse)
		tags, err := s.topics.Tags(tx, k)
		res.Keys = policy.ResourceTags(tags)
		return res, err
	})
	return sourceOwner(res, call), err
}

// sourceOwner adds the key that the default policy asks for: the account of the
// resource for which a service calls.
func sourceOwner(res policy.Resource, call *plane.Call) policy.Resource {
	if call.Caller.Kind != plane.Service {
		return res
	}
	keys := policy.Keys{}
	maps.Copy(keys, res.Keys) // which are remembered
	res.Keys = keys
	res.Keys["aws:sourceowner"] = plane.ServiceKeys(call.Caller)["aws:sourceaccount"]
	return res
}

func accessPolicy(rec *store.Record[topic]) string {
	if text := rec.Doc.Attributes[attrPolicy]; text != "" {
		return text
	}
	return defaultPolicy(rec.Key)
}
