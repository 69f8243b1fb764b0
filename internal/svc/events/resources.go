package events

import (
	"strings"

	api "nephele.dev/nephele/internal/api/events"
	"nephele.dev/nephele/internal/arn"
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
		return []string{canonical(in.ResourceARN)}
	case *api.UntagResourceInput:
		return []string{canonical(in.ResourceARN)}
	case *api.ListTagsForResourceInput:
		return []string{canonical(in.ResourceARN)}
	}
	return concernedRule(call, in)
}

// canonical is the ARN of a bus or rule as policies know it, however the caller
// writes it: services read more than one spelling. What is neither stays as it
// is.
func canonical(name string) string {
	a, err := arn.Parse(name)
	if err != nil || a.Service != "events" {
		return name
	}
	kind, id := a.Split()
	k := store.Key{Account: a.Account, Region: a.Region, ID: id}
	switch {
	case kind == "event-bus":
		return busARN(k)
	case kind != "rule":
		return name
	case !strings.Contains(id, "/"):
		k.ID = defaultBus + "/" + id
	}
	return ruleARN(k)
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
