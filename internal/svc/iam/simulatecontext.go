package iam

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	api "nephele.dev/nephele/internal/api/iam"
	"nephele.dev/nephele/internal/policy"
	"nephele.dev/nephele/internal/store"
)

// GetContextKeysForCustomPolicy lists the condition keys and policy variables
// in policies that are given.
func (s *Service) GetContextKeysForCustomPolicy(_ context.Context, in *api.GetContextKeysForCustomPolicyInput) (*api.GetContextKeysForCustomPolicyOutput, error) {
	names, err := contextKeyNames(in.PolicyInputList)
	return &api.GetContextKeysForCustomPolicyOutput{ContextKeyNames: names}, err
}

// GetContextKeysForPrincipalPolicy lists the condition keys and policy
// variables in the policies of a user, group or role, and in more that are
// given.
func (s *Service) GetContextKeysForPrincipalPolicy(ctx context.Context, in *api.GetContextKeysForPrincipalPolicyInput) (*api.GetContextKeysForPrincipalPolicyOutput, error) {
	if _, err := contextKeyNames(in.PolicyInputList); err != nil {
		return nil, err
	}
	texts := slices.Clone(in.PolicyInputList)
	err := s.view(ctx, func(tx *store.Tx, account string) error {
		p, err := s.principalPolicies(tx, account, in.PolicySourceArn)
		if err != nil {
			return err
		}
		for _, n := range p.policies {
			texts = append(texts, n.text)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	names, err := contextKeyNames(texts)
	return &api.GetContextKeysForPrincipalPolicyOutput{ContextKeyNames: names}, err
}

// contextKeyNames are the condition keys and variables in policies, each once.
func contextKeyNames(texts []string) ([]string, error) {
	found := make(map[string]string)
	for i, text := range texts {
		if _, err := policy.Parse(text, policy.Identity); err != nil {
			return nil, badInput("PolicyInputList.%d: %s", i+1, err)
		}
		keysIn(text, found)
	}
	return slices.Sorted(maps.Values(found)), nil
}

// keysIn adds the condition keys and variables of a policy to found, by their
// lower case, in the first spelling. The policy has been parsed.
func keysIn(text string, found map[string]string) {
	var document struct{ Statement json.RawMessage }
	if json.Unmarshal([]byte(text), &document) != nil {
		return
	}
	var list []map[string]any
	if json.Unmarshal(document.Statement, &list) != nil {
		var one map[string]any
		_ = json.Unmarshal(document.Statement, &one) // it is the one or the other
		list = append(list, one)
	}
	note := func(name string) {
		if id := strings.ToLower(name); found[id] == "" {
			found[id] = name
		}
	}
	for _, statement := range list {
		variablesIn(statement["Resource"], note)
		variablesIn(statement["NotResource"], note)
		conditions, _ := statement["Condition"].(map[string]any)
		for _, operator := range slices.Sorted(maps.Keys(conditions)) {
			keys, _ := conditions[operator].(map[string]any)
			for _, name := range slices.Sorted(maps.Keys(keys)) {
				note(name)
				variablesIn(keys[name], note)
			}
		}
	}
}

// variablesIn finds the policy variables in a string or a list of them.
func variablesIn(v any, note func(string)) {
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			variablesIn(item, note)
		}
	case string:
		for _, rest := range strings.Split(v, "${")[1:] {
			name, _, closed := strings.Cut(rest, "}")
			name, _, _ = strings.Cut(name, ",") // a default value
			name = strings.TrimSpace(name)
			if closed && len(name) > 1 { // ${*}, ${?} and ${$} are no variables
				note(name)
			}
		}
	}
}

// learnSpelling notes how the policies spell their condition keys.
func (sim *simulation) learnSpelling() {
	for _, t := range sim.trials(true) {
		keysIn(t.text, sim.spelling)
	}
}

// spelled are condition keys as the policies spell them.
func (sim *simulation) spelled(names []string) []string {
	list := make([]string, 0, len(names))
	for _, name := range names {
		if s, ok := sim.spelling[name]; ok {
			name = s
		}
		list = append(list, name)
	}
	slices.Sort(list)
	return list
}

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

// resourceAccount is the account in an ARN, or "".
func resourceAccount(arn string) string {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 {
		return ""
	}
	return parts[4]
}

// everything allows everything.
var everything = sync.OnceValue(func() *policy.Document {
	doc, err := policy.Parse(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`, policy.Identity)
	if err != nil {
		panic(err) // it is a constant
	}
	return doc
})
