package policy

import (
	"fmt"
	"slices"
	"strings"
)

var partitions = []string{"*", "aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f", "aws-eusc"}

// iamPaths are the beginnings of the resources of IAM.
var iamPaths = []string{
	"user/", "federated-user/", "role/", "group/", "instance-profile/", "mfa/", "server-certificate/",
	"policy/", "sms-mfa/", "saml-provider/", "oidc-provider/", "report/", "access-report/",
}

// resourceForms checks the resources of identity-based policies as IAM does;
// those of resource-based policies are their services' to judge. unfit is what
// is wrong with one; err says that IAM's older parser cannot read it, which IAM
// finds only where nothing was unfit before.
func (p *parser) resourceForms(nodes []*node) (unfit, err error) {
	if !p.identity() {
		return nil, nil
	}
	for _, n := range nodes {
		list, _ := element(n, "Resource")
		for _, r := range list {
			if r == "*" {
				continue
			}
			if unfit == nil {
				unfit = p.resourceForm(r)
			}
			if unfit == nil && unreadable(r) {
				return nil, errLegacy
			}
		}
	}
	return unfit, nil
}

// unreadable reports whether IAM's older parser cannot read an ARN.
func unreadable(arn string) bool {
	parts := strings.SplitN(arn, ":", 4)
	return strings.Contains(arn, "::") && strings.Count(arn, ":") < 5 || len(parts) > 2 && parts[2] == ""
}

// resourceForm tells what is wrong with a resource in IAM's words.
//
//nolint:revive,staticcheck // capitals and full stops are part of them
func (p *parser) resourceForm(r string) error {
	parts := splitPattern(r, p.vars)
	if len(parts) < 2 {
		return fmt.Errorf(`Resource %s must be in ARN format or "*".`, r)
	}
	if !slices.Contains(partitions, parts[1]) {
		rest := slices.Clone(parts[2:])
		for len(rest) < 4 {
			rest = append(rest, "*")
		}
		return fmt.Errorf("Partition %q is not valid for resource \"arn:%s:%s\".", parts[1], parts[1], strings.Join(rest, ":"))
	}
	if len(parts) < 3 || strings.ContainsAny(parts[2], "*?") {
		return fmt.Errorf("Resource vendor must be fully qualified and cannot contain regexes.")
	}
	return regional(r, parts)
}

// regional checks resources of services without regions.
//
//nolint:revive,staticcheck // capitals and full stops are part of the words
func regional(r string, parts []string) error {
	if len(parts) < 6 {
		return nil
	}
	switch parts[2] {
	case "iam":
		if parts[3] != "" {
			return fmt.Errorf("IAM resource %s cannot contain region information.", r)
		}
		begins := func(s string) bool { return strings.HasPrefix(parts[5], s) }
		if parts[5] != "*" && parts[5] != "root" && !slices.ContainsFunc(iamPaths, begins) {
			return fmt.Errorf(`IAM resource path must either be "*" or start with %s.`, strings.Join(iamPaths, ", "))
		}
	case "s3":
		if parts[3] != "" && !strings.HasPrefix(parts[5], "accesspoint/") {
			return fmt.Errorf("Resource %s can not contain region information.", r)
		}
	}
	return nil
}
