package arn

import (
	"slices"
	"strings"
)

// form is how a service writes a type of resource.
type form struct {
	separator string // between type and id; "" when the resource is the id alone
	noRegion  bool
	noAccount bool
}

// bare is the type of resources that are written without one.
const bare = ""

// forms holds, by service as in ARNs and by type, what differs from the rule
// "type/id, with region and account". The type "*" stands for all others of the
// service.
var forms = map[string]map[string]form{
	"autoscaling":    {"*": {separator: ":"}},
	"cloudfront":     {"*": {separator: "/", noRegion: true}},
	"cloudwatch":     {"*": {separator: ":"}, "dashboard": {separator: "/", noRegion: true}, "metric-stream": {separator: "/"}, "insight-rule": {separator: "/"}},
	"ec2":            {"*": {separator: "/"}, "image": {separator: "/", noAccount: true}, "snapshot": {separator: "/", noAccount: true}},
	"iam":            {"*": {separator: "/", noRegion: true}, "root": {noRegion: true}},
	"lambda":         {"*": {separator: ":"}},
	"logs":           {"*": {separator: ":"}},
	"s3":             {bare: {noRegion: true, noAccount: true}, "accesspoint": {separator: "/"}},
	"secretsmanager": {"*": {separator: ":"}},
	"sns":            {bare: {}},
	"sqs":            {bare: {}},
	"sts":            {"*": {separator: "/", noRegion: true}},
	"synthetics":     {"*": {separator: ":"}},
}

func formOf(service, kind string) form {
	kinds := forms[service]
	if f, ok := kinds[kind]; ok {
		return f
	}
	if f, ok := kinds["*"]; ok {
		return f
	}
	return form{separator: "/"}
}

// New builds the ARN of a resource in a region and account. The region decides
// the partition, and both are left out where the service's ARNs have none. An
// empty kind is for services whose resources have no type (S3, SNS, SQS).
//
// An SSM parameter whose name starts with a slash does not get a second one.
func New(service, kind, region, account, id string) ARN {
	f := formOf(service, kind)
	a := ARN{Partition: Partition(region), Service: service, Region: region, Account: account}
	if f.noRegion {
		a.Region = ""
	}
	if f.noAccount {
		a.Account = ""
	}
	switch {
	case kind == bare:
		a.Resource = id
	case f.separator == "":
		a.Resource = kind
	case service == "ssm" && strings.HasPrefix(id, "/"):
		a.Resource = kind + id
	default:
		a.Resource = kind + f.separator + id
	}
	return a
}

// Split divides the resource into its type and id by the rules of the service:
// ("canary", "name"), ("function", "name:alias"), ("", "bucket/key"). A
// resource that is a type alone, like iam's "root", has no id.
func (a ARN) Split() (kind, id string) {
	kinds := forms[a.Service]
	i := strings.IndexAny(a.Resource, ":/")
	if _, untyped := kinds[bare]; untyped {
		if i < 0 || !slices.Contains(typed(kinds), a.Resource[:i]) {
			return bare, a.Resource
		}
	}
	if i < 0 {
		return a.Resource, ""
	}
	return a.Resource[:i], a.Resource[i+1:]
}

// typed lists the types that a service names besides its untyped resources.
func typed(kinds map[string]form) []string {
	var list []string
	for k := range kinds {
		if k != bare {
			list = append(list, k)
		}
	}
	return list
}
