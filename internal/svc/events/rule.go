package events

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"

	api "nephele.dev/nephele/internal/api/events"
	"nephele.dev/nephele/internal/arn"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/eventpattern"
	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/when"
)

// maxPattern is the size of an event pattern, in bytes.
const maxPattern = 2048

// rule is a rule with its targets. Its key is bus/name.
type rule struct {
	Pattern     *string `json:",omitempty"`
	Schedule    *string `json:",omitempty"`
	State       api.RuleState
	Description *string       `json:",omitempty"`
	RoleArn     *string       `json:",omitempty"`
	Targets     []*api.Target `json:",omitempty"` // by Id
}

func (r *rule) enabled() bool { return r.State != api.RuleStateDisabled }

// ruleKey is the key of a rule of a bus.
func ruleKey(b store.Key, name string) store.Key {
	return store.Key{Account: b.Account, Region: b.Region, ID: b.ID + "/" + name}
}

// splitRule is the name in a rule's key.
func splitRule(k store.Key) string { return k.ID[strings.LastIndexByte(k.ID, '/')+1:] }

// ruleARN leaves out the bus where it is the default one.
func ruleARN(k store.Key) string {
	return arn.New("events", "rule", k.Region, k.Account, strings.TrimPrefix(k.ID, defaultBus+"/")).String()
}

func noRule(name string, b store.Key) *awserr.Error {
	return api.NewResourceNotFoundException("Rule %s does not exist on EventBus %s.", name, b.ID)
}

// change runs f in a transaction that no other change of the bus's rules
// overlaps, and makes the bus's rules in memory stale.
func (s *Service) change(ctx context.Context, b store.Key, f func(*store.Tx) error) error {
	return s.db.UpdateAt(ctx, store.ReadCommitted, func(tx *store.Tx) error {
		version := rand.Int64()
		if _, err := tx.Exec(`insert into events_bus (account, region, name, version) values (?, ?, ?, ?)
			on conflict (account, region, name) do update set version = ?`,
			b.Account, b.Region, b.ID, version, version); err != nil {
			return err
		}
		return f(tx)
	})
}

// rule returns a rule, or AWS's words for that it is not there.
func (s *Service) rule(tx *store.Tx, b store.Key, name string) (store.Record[rule], error) {
	r, err := s.rules.Get(tx, ruleKey(b, name))
	if !errors.Is(err, store.ErrNotFound) {
		return r, err
	}
	if _, err := s.bus(tx, b); err != nil {
		return r, err
	}
	return r, noRule(name, b)
}

// PutRule creates a rule, or replaces what there is of it but its targets.
func (s *Service) PutRule(ctx context.Context, in *api.PutRuleInput) (*api.PutRuleOutput, error) {
	b, err := ownBus(ctx, in.EventBusName)
	if err != nil {
		return nil, err
	}
	doc, err := ruleOf(b, in)
	if err != nil {
		return nil, err
	}
	k := ruleKey(b, in.Name)
	err = s.change(ctx, b, func(tx *store.Tx) error {
		if _, err := s.bus(tx, b); err != nil {
			return err
		}
		r, err := s.rules.Get(tx, k)
		if errors.Is(err, store.ErrNotFound) {
			if _, err := s.rules.Create(tx, k, doc); err != nil {
				return err
			}
			if err := setTags(tx, s.rules, k, in.Tags); err != nil {
				return err
			}
			return s.reschedule(tx, k, &rule{}, &doc)
		}
		if err != nil {
			return err
		}
		had := r.Doc
		r.Doc = doc
		r.Doc.Targets = had.Targets
		if err := s.rules.Put(tx, &r); err != nil {
			return err
		}
		return s.reschedule(tx, k, &had, &r.Doc)
	})
	if err != nil {
		return nil, err
	}
	return &api.PutRuleOutput{RuleArn: new(ruleARN(k))}, nil
}

// ruleOf checks the input of PutRule.
func ruleOf(b store.Key, in *api.PutRuleInput) (rule, error) {
	doc := rule{
		Pattern: nonempty(in.EventPattern), Schedule: nonempty(in.ScheduleExpression), State: api.RuleStateEnabled,
		Description: in.Description, RoleArn: in.RoleArn,
	}
	if in.State != nil {
		doc.State = *in.State
	}
	if doc.Pattern == nil && doc.Schedule == nil {
		return doc, invalid("Parameter(s) EventPattern or ScheduleExpression must be specified.")
	}
	if doc.Pattern != nil {
		if len(*doc.Pattern) > maxPattern {
			return doc, api.NewLimitExceededException("The event pattern exceeds the limit of %d characters.", maxPattern)
		}
		if _, err := parsePattern(*doc.Pattern); err != nil {
			return doc, err
		}
	}
	if doc.Schedule != nil {
		if b.ID != defaultBus {
			return doc, invalid("ScheduleExpression is supported only on the default event bus.")
		}
		if _, err := when.Parse(when.EventBridgeRule, *doc.Schedule, when.Options{}); err != nil {
			return doc, invalid("Parameter ScheduleExpression is not valid.")
		}
	}
	return doc, nil
}

func nonempty(s *string) *string {
	if s == nil || *s == "" {
		return nil
	}
	return s
}

func parsePattern(text string) (*eventpattern.Pattern, error) {
	p, err := eventpattern.Parse([]byte(text), eventpattern.EventBridge)
	if err != nil {
		return nil, api.NewInvalidEventPatternException("%s", err)
	}
	return p, nil
}

// DescribeRule describes a rule, without its targets.
func (s *Service) DescribeRule(ctx context.Context, in *api.DescribeRuleInput) (*api.DescribeRuleOutput, error) {
	b, err := ownBus(ctx, in.EventBusName)
	if err != nil {
		return nil, err
	}
	var r store.Record[rule]
	err = s.db.View(ctx, func(tx *store.Tx) error {
		r, err = s.rule(tx, b, in.Name)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &api.DescribeRuleOutput{
		Name: &in.Name, Arn: new(ruleARN(r.Key)), EventPattern: r.Doc.Pattern, ScheduleExpression: r.Doc.Schedule,
		State: &r.Doc.State, Description: r.Doc.Description, RoleArn: r.Doc.RoleArn, EventBusName: &b.ID, CreatedBy: &b.Account,
	}, nil
}

// DeleteRule deletes a rule without targets; one that is not there is deleted
// already.
func (s *Service) DeleteRule(ctx context.Context, in *api.DeleteRuleInput) (*api.DeleteRuleOutput, error) {
	b, err := ownBus(ctx, in.EventBusName)
	if err != nil {
		return nil, err
	}
	err = s.change(ctx, b, func(tx *store.Tx) error {
		if _, err := s.bus(tx, b); err != nil {
			return err
		}
		r, err := s.rules.Get(tx, ruleKey(b, in.Name))
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		if len(r.Doc.Targets) > 0 {
			return invalid("Rule can't be deleted since it has targets.")
		}
		if err := s.rules.Delete(tx, r.Key); err != nil {
			return err
		}
		return s.reschedule(tx, r.Key, &r.Doc, &rule{})
	})
	if err != nil {
		return nil, err
	}
	return &api.DeleteRuleOutput{}, nil
}

// EnableRule enables a rule.
func (s *Service) EnableRule(ctx context.Context, in *api.EnableRuleInput) (*api.EnableRuleOutput, error) {
	if err := s.setState(ctx, in.EventBusName, in.Name, api.RuleStateEnabled); err != nil {
		return nil, err
	}
	return &api.EnableRuleOutput{}, nil
}

// DisableRule disables a rule: it matches no events, and its schedule rests.
func (s *Service) DisableRule(ctx context.Context, in *api.DisableRuleInput) (*api.DisableRuleOutput, error) {
	if err := s.setState(ctx, in.EventBusName, in.Name, api.RuleStateDisabled); err != nil {
		return nil, err
	}
	return &api.DisableRuleOutput{}, nil
}

func (s *Service) setState(ctx context.Context, busName *string, name string, state api.RuleState) error {
	b, err := ownBus(ctx, busName)
	if err != nil {
		return err
	}
	return s.change(ctx, b, func(tx *store.Tx) error {
		r, err := s.rule(tx, b, name)
		if err != nil {
			return err
		}
		had := r.Doc
		r.Doc.State = state
		if err := s.rules.Put(tx, &r); err != nil {
			return err
		}
		return s.reschedule(tx, r.Key, &had, &r.Doc)
	})
}
