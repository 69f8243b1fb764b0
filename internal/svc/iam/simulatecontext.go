package iam

import (
	"encoding/base64"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	api "nephele.dev/nephele/internal/api/iam"
	"nephele.dev/nephele/internal/policy"
)

// contextKeys are condition keys as they are given, checked against their types.
func contextKeys(entries []*api.ContextEntry) (policy.Keys, error) {
	keys := make(policy.Keys, len(entries))
	for _, e := range entries {
		name := valueOf(e.ContextKeyName)
		if name == "" || e.ContextKeyType == nil {
			return nil, badInput("A context entry needs ContextKeyName and ContextKeyType.")
		}
		kind, many := strings.CutSuffix(string(*e.ContextKeyType), "List")
		if !many && len(e.ContextKeyValues) > 1 {
			return nil, badInput("Invalid context key %s: type %s takes one value.", name, kind)
		}
		for _, v := range e.ContextKeyValues {
			if !contextValue(kind, v) {
				return nil, badInput("Invalid value for context key %s: %s is no %s.", name, v, kind)
			}
		}
		keys[strings.ToLower(name)] = e.ContextKeyValues
	}
	return keys, nil
}

// contextValue reports whether a value is of a type.
func contextValue(kind, v string) (ok bool) {
	var err error
	switch kind {
	case "numeric":
		_, err = strconv.ParseFloat(v, 64)
	case "boolean":
		return strings.EqualFold(v, "true") || strings.EqualFold(v, "false")
	case "ip":
		if _, err = netip.ParseAddr(v); err != nil {
			_, err = netip.ParsePrefix(v)
		}
	case "binary":
		_, err = base64.StdEncoding.DecodeString(v)
	case "date":
		if _, err = time.Parse(time.RFC3339, v); err != nil {
			_, err = strconv.ParseInt(v, 10, 64)
		}
	}
	return err == nil
}

// handlings are the EC2 scenarios of a simulation, with the types of resources
// that each needs (API reference, SimulatePrincipalPolicy).
var handlings = map[string][]string{
	"EC2-Classic-InstanceStore":    {"instance", "image", "security-group"},
	"EC2-Classic-EBS":              {"instance", "image", "security-group", "volume"},
	"EC2-VPC-InstanceStore":        {"instance", "image", "security-group", "network-interface"},
	"EC2-VPC-InstanceStore-Subnet": {"instance", "image", "security-group", "network-interface", "subnet"},
	"EC2-VPC-EBS":                  {"instance", "image", "security-group", "network-interface", "volume"},
	"EC2-VPC-EBS-Subnet":           {"instance", "image", "security-group", "network-interface", "subnet", "volume"},
}

// checkHandling refuses a scenario whose resources are not all there.
func checkHandling(option *string, resources []string) error {
	if option == nil {
		return nil
	}
	needed, ok := handlings[*option]
	if !ok {
		return badInput("Invalid ResourceHandlingOption: %s", *option)
	}
	for _, kind := range needed {
		if !slices.ContainsFunc(resources, func(arn string) bool { return strings.Contains(arn, ":"+kind+"/") }) {
			return badInput("ResourceHandlingOption %s needs a resource of the type %s.", *option, kind)
		}
	}
	return nil
}
