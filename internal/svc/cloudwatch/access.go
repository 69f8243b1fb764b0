package cloudwatch

import (
	"context"
	"strings"

	api "nephele.dev/nephele/internal/api/cloudwatch"
	"nephele.dev/nephele/internal/arn"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/policy"
	"nephele.dev/nephele/internal/store"
)

// Needs tells what a call has to be allowed. Metrics are no resources: policies
// tell them apart by namespace.
func (s *Service) Needs(call *plane.Call, in any) []policy.Need {
	need := policy.Need{Action: plane.Action(call.Operation), Resources: concerned(call, in)}
	switch in := in.(type) {
	case *api.PutMetricDataInput:
		need.Keys = policy.Keys{"cloudwatch:namespace": {in.Namespace}}
	case *api.PutMetricAlarmInput:
		return alarmNeeds(need, in.Tags, in.AlarmActions, in.OKActions, in.InsufficientDataActions)
	case *api.PutCompositeAlarmInput:
		return alarmNeeds(need, in.Tags, in.AlarmActions, in.OKActions, in.InsufficientDataActions)
	}
	return []policy.Need{need}
}

// alarmNeeds are those of putting an alarm.
func alarmNeeds(need policy.Need, tags []*api.Tag, actions ...[]string) []policy.Need {
	for _, a := range actions {
		if len(a) > 0 {
			need.Keys = policy.Keys{"cloudwatch:alarmactions": append(need.Keys["cloudwatch:alarmactions"], a...)}
		}
	}
	needs := []policy.Need{need}
	if len(tags) > 0 {
		needs = append(needs, policy.Need{Action: "cloudwatch:TagResource", Resources: need.Resources})
	}
	return needs
}

// concerned returns the alarms and dashboards that a call names; none for
// operations on metrics.
func concerned(call *plane.Call, in any) (arns []string) {
	alarm := func(names ...string) []string {
		for _, name := range names {
			arns = append(arns, alarmKey{call.Caller.Account, call.Caller.Region, name}.arn())
		}
		return arns
	}
	switch in := in.(type) {
	case *api.PutMetricAlarmInput:
		return alarm(in.AlarmName)
	case *api.PutCompositeAlarmInput:
		return alarm(in.AlarmName)
	case *api.SetAlarmStateInput:
		return alarm(in.AlarmName)
	case *api.DeleteAlarmsInput:
		return alarm(in.AlarmNames...)
	case *api.EnableAlarmActionsInput:
		return alarm(in.AlarmNames...)
	case *api.DisableAlarmActionsInput:
		return alarm(in.AlarmNames...)
	case *api.DescribeAlarmHistoryInput:
		if in.AlarmName != nil {
			return alarm(*in.AlarmName)
		}
		return alarm("*")
	case *api.DescribeAlarmsInput:
		if len(in.AlarmNames) > 0 {
			return alarm(in.AlarmNames...)
		}
		return alarm("*")
	}
	return concernedElse(call, in)
}

// concernedElse is concerned for dashboards and tags.
func concernedElse(call *plane.Call, in any) []string {
	switch in := in.(type) {
	case *api.PutDashboardInput:
		return []string{*dashboardARN(call, in.DashboardName)}
	case *api.GetDashboardInput:
		return []string{*dashboardARN(call, in.DashboardName)}
	case *api.DeleteDashboardsInput:
		var arns []string
		for _, name := range in.DashboardNames {
			arns = append(arns, *dashboardARN(call, name))
		}
		return arns
	case *api.TagResourceInput:
		return []string{canonical(in.ResourceARN)}
	case *api.UntagResourceInput:
		return []string{canonical(in.ResourceARN)}
	case *api.ListTagsForResourceInput:
		return []string{canonical(in.ResourceARN)}
	}
	return nil
}

// canonical is the ARN of an alarm or a dashboard as policies know it, however
// the caller writes it: "alarm/x" is read like "alarm:x". What is neither stays
// as it is.
func canonical(name string) string {
	a, err := arn.Parse(name)
	if err != nil || a.Service != "cloudwatch" {
		return name
	}
	switch kind, id := a.Split(); kind {
	case "alarm":
		return alarmKey{a.Account, a.Region, id}.arn()
	case "dashboard":
		return arn.New("cloudwatch", "dashboard", a.Region, a.Account, id).String()
	}
	return name
}

// Facts tells what is known of an alarm or a dashboard, for authorization: its
// tags.
func (s *Service) Facts(ctx context.Context, _ *plane.Call, name string) (res policy.Resource, err error) {
	a, err := arn.Parse(name)
	if err != nil {
		return res, nil //nolint:nilerr // neither
	}
	res.Account = a.Account
	kind, id := a.Split()
	c, ok := taggables[kind]
	if !ok || strings.Contains(id, "*") {
		return res, nil
	}
	k := store.Key{Account: a.Account, Region: a.Region, ID: id}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		tags, err := c.tags.Tags(tx, k)
		res.Keys = policy.ResourceTags(tags)
		return err
	})
	return res, err
}
