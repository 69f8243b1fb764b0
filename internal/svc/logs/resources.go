package logs

import (
	"strings"

	api "nephele.dev/nephele/internal/api/logs"
	"nephele.dev/nephele/internal/plane"
)

// Resources tells which log group or stream a call concerns, for
// authorization. As at AWS, a group is named as if it were the stream without a
// name in it, except to operations on tags, and all groups as the one without a
// name. Identifiers that are no good name nothing; the handler then
// refuses them.
func (s *Service) Resources(call *plane.Call, in any) []string {
	group, stream := concerned(call, in)
	if group == "" {
		return concernedGroups(call, in)
	}
	resource := groupARN(key(call, strings.TrimPrefix(group, "*")))
	if !strings.Contains(strings.ToLower(call.Operation.Name), "tag") {
		resource += ":log-stream:" + stream
	}
	return []string{resource}
}

// concerned returns the group and the stream in an input, "" for none.
func concerned(call *plane.Call, in any) (group, stream string) {
	identified := func(name, identifier *string) string {
		group, err := groupName(call, name, identifier)
		if err != nil {
			return ""
		}
		return group
	}
	switch in := in.(type) {
	case *api.CreateLogGroupInput:
		return in.LogGroupName, ""
	case *api.DeleteLogGroupInput:
		return in.LogGroupName, ""
	case *api.PutLogGroupDeletionProtectionInput:
		return identified(nil, &in.LogGroupIdentifier), ""
	case *api.DescribeLogGroupsInput:
		return "*", ""
	case *api.CreateLogStreamInput:
		return in.LogGroupName, ""
	case *api.DeleteLogStreamInput:
		return in.LogGroupName, in.LogStreamName
	case *api.DescribeLogStreamsInput:
		return identified(in.LogGroupName, in.LogGroupIdentifier), ""
	case *api.PutLogEventsInput:
		return in.LogGroupName, in.LogStreamName
	case *api.GetLogEventsInput:
		return identified(in.LogGroupName, in.LogGroupIdentifier), in.LogStreamName
	case *api.FilterLogEventsInput:
		return identified(in.LogGroupName, in.LogGroupIdentifier), ""
	case *api.PutRetentionPolicyInput:
		return in.LogGroupName, ""
	case *api.DeleteRetentionPolicyInput:
		return in.LogGroupName, ""
	}
	if group := concernedFilters(in, identified); group != "" {
		return group, ""
	}
	return concernedTags(in, identified), ""
}

// concernedFilters is concerned for the operations on metric filters, groups in
// general, live tail and queries. Those that name no group concern all.
func concernedFilters(in any, identified func(name, identifier *string) string) string {
	switch in := in.(type) {
	case *api.PutMetricFilterInput:
		return in.LogGroupName
	case *api.DeleteMetricFilterInput:
		return in.LogGroupName
	case *api.DescribeMetricFiltersInput:
		if in.LogGroupName != nil {
			return *in.LogGroupName
		}
		return "*"
	case *api.GetLogGroupFieldsInput:
		return identified(in.LogGroupName, in.LogGroupIdentifier)
	case *api.TestMetricFilterInput, *api.ListLogGroupsInput, *api.PutResourcePolicyInput, *api.DeleteResourcePolicyInput,
		*api.DescribeResourcePoliciesInput, *api.DescribeQueriesInput, *api.PutQueryDefinitionInput, *api.DeleteQueryDefinitionInput,
		*api.DescribeQueryDefinitionsInput, *api.GetQueryResultsInput, *api.StopQueryInput, *api.GetLogRecordInput:
		return "*"
	}
	return ""
}

// concernedGroups returns the groups in an input that names several.
func concernedGroups(call *plane.Call, in any) (groups []string) {
	var names, identifiers []string
	switch in := in.(type) {
	case *api.StartLiveTailInput:
		identifiers = in.LogGroupIdentifiers
	case *api.StartQueryInput:
		if in.LogGroupName != nil {
			names = append(names, *in.LogGroupName)
		}
		names, identifiers = append(names, in.LogGroupNames...), in.LogGroupIdentifiers
	}
	for i := range identifiers {
		if name, err := groupName(call, nil, &identifiers[i]); err == nil {
			names = append(names, name)
		}
	}
	for _, name := range names {
		groups = append(groups, groupARN(key(call, name))+":log-stream:")
	}
	return groups
}

// concernedTags is concerned for the operations on tags.
func concernedTags(in any, identified func(name, identifier *string) string) string {
	switch in := in.(type) {
	case *api.TagResourceInput:
		return identified(nil, &in.ResourceArn)
	case *api.UntagResourceInput:
		return identified(nil, &in.ResourceArn)
	case *api.ListTagsForResourceInput:
		return identified(nil, &in.ResourceArn)
	case *api.TagLogGroupInput:
		return in.LogGroupName
	case *api.UntagLogGroupInput:
		return in.LogGroupName
	case *api.ListTagsLogGroupInput:
		return in.LogGroupName
	}
	return ""
}
