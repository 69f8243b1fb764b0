package events

import (
	"context"

	api "nephele.dev/nephele/internal/api/events"
	"nephele.dev/nephele/internal/store"
)

// rulesPage reads rules of a bus from after a name on, one more than limit.
func (s *Service) rulesPage(ctx context.Context, b store.Key, prefix, after string, limit int) (records []store.Record[rule], err error) {
	o := store.ListOptions{Prefix: b.ID + "/" + prefix, Limit: limit}
	if after != "" {
		o.After = b.ID + "/" + after
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		if _, err := s.bus(tx, b); err != nil {
			return err
		}
		records, err = s.rules.List(tx, b.Account, b.Region, o)
		return err
	})
	return records, err
}

// ListRules lists the rules of a bus by name.
func (s *Service) ListRules(ctx context.Context, in *api.ListRulesInput) (*api.ListRulesOutput, error) {
	b, err := ownBus(ctx, in.EventBusName)
	if err != nil {
		return nil, err
	}
	prefix := ""
	if in.NamePrefix != nil {
		prefix = *in.NamePrefix
	}
	sc := scope(ctx, b.ID, prefix)
	after, err := s.open(sc, in.NextToken)
	if err != nil {
		return nil, err
	}
	limit := pageSize(in.Limit)
	records, err := s.rulesPage(ctx, b, prefix, after, limit+1)
	if err != nil {
		return nil, err
	}
	records, token, err := cut(s, sc, records, limit, func(r store.Record[rule]) string { return splitRule(r.Key) })
	out := &api.ListRulesOutput{Rules: []*api.Rule{}, NextToken: token}
	for _, r := range records {
		out.Rules = append(out.Rules, &api.Rule{
			Name: new(splitRule(r.Key)), Arn: new(ruleARN(r.Key)), EventPattern: r.Doc.Pattern, State: &r.Doc.State,
			Description: r.Doc.Description, ScheduleExpression: r.Doc.Schedule, RoleArn: r.Doc.RoleArn, EventBusName: &b.ID,
		})
	}
	return out, err
}

// ListRuleNamesByTarget lists the rules that have a target of the given ARN.
func (s *Service) ListRuleNamesByTarget(ctx context.Context, in *api.ListRuleNamesByTargetInput) (*api.ListRuleNamesByTargetOutput, error) {
	b, err := ownBus(ctx, in.EventBusName)
	if err != nil {
		return nil, err
	}
	sc := scope(ctx, b.ID, in.TargetArn)
	after, err := s.open(sc, in.NextToken)
	if err != nil {
		return nil, err
	}
	records, err := s.rulesPage(ctx, b, "", after, 0)
	if err != nil {
		return nil, err
	}
	names := []string{}
	for _, r := range records {
		if r.Doc.targets(in.TargetArn) {
			names = append(names, splitRule(r.Key))
		}
	}
	out := &api.ListRuleNamesByTargetOutput{}
	out.RuleNames, out.NextToken, err = cut(s, sc, names, pageSize(in.Limit), func(name string) string { return name })
	return out, err
}

func (r *rule) targets(arn string) bool {
	for _, t := range r.Targets {
		if t.Arn == arn {
			return true
		}
	}
	return false
}
