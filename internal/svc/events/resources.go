package events

import (
	api "nephele.dev/nephele/internal/api/events"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
)

// Resources tells which buses or rules a call concerns, for authorization.
// Names that are no good name nothing; the handler then refuses them.
func (s *Service) Resources(call *plane.Call, in any) []string {
	switch in := in.(type) {
	case *api.PutEventsInput:
		return busesOf(call, in)
	case *api.CreateEventBusInput:
		return concernedBus(call, &in.Name)
	case *api.UpdateEventBusInput:
		return concernedBus(call, in.Name)
	case *api.DeleteEventBusInput:
		return concernedBus(call, &in.Name)
	case *api.DescribeEventBusInput:
		return concernedBus(call, in.Name)
	case *api.PutPermissionInput:
		return concernedBus(call, in.EventBusName)
	case *api.RemovePermissionInput:
		return concernedBus(call, in.EventBusName)
	case *api.ListRulesInput:
		return concernedBus(call, in.EventBusName)
	case *api.TagResourceInput:
		return []string{in.ResourceARN}
	case *api.UntagResourceInput:
		return []string{in.ResourceARN}
	case *api.ListTagsForResourceInput:
		return []string{in.ResourceARN}
	}
	return concernedRule(call, in)
}

// concernedRule is Resources for the operations on rules and targets.
func concernedRule(call *plane.Call, in any) []string {
	of := func(bus *string, name string) []string {
		b, err := busKey(call, bus)
		if err != nil {
			return nil
		}
		return []string{ruleARN(ruleKey(b, name))}
	}
	switch in := in.(type) {
	case *api.PutRuleInput:
		return of(in.EventBusName, in.Name)
	case *api.DescribeRuleInput:
		return of(in.EventBusName, in.Name)
	case *api.DeleteRuleInput:
		return of(in.EventBusName, in.Name)
	case *api.EnableRuleInput:
		return of(in.EventBusName, in.Name)
	case *api.DisableRuleInput:
		return of(in.EventBusName, in.Name)
	case *api.PutTargetsInput:
		return of(in.EventBusName, in.Rule)
	case *api.RemoveTargetsInput:
		return of(in.EventBusName, in.Rule)
	case *api.ListTargetsByRuleInput:
		return of(in.EventBusName, in.Rule)
	}
	return nil
}

func concernedBus(call *plane.Call, name *string) []string {
	b, err := busKey(call, name)
	if err != nil {
		return nil
	}
	return []string{busARN(b)}
}

// busesOf names each bus of the entries once.
func busesOf(call *plane.Call, in *api.PutEventsInput) []string {
	seen := map[store.Key]bool{}
	var arns []string
	for _, e := range in.Entries {
		if b, err := busKey(call, e.EventBusName); err == nil && !seen[b] {
			seen[b] = true
			arns = append(arns, busARN(b))
		}
	}
	return arns
}
