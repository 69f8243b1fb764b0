package kms

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	api "nephele.dev/nephele/internal/api/kms"
	"nephele.dev/nephele/internal/arn"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/policy"
)

// Condition keys of our own, in which requests tell what the conditions of
// grants ask for. Those of AWS would not do: kms:EncryptionContext:KEY does not
// tell "a" from "A", and constraints of grants do.
const (
	grantIDKey  = "kms:grantid"       // the grant that RetireGrant is about
	pairPrefix  = "kms:contextpair/"  // + the key of a pair in hexadecimal: its value
	wholeKey    = "kms:contextdigest" // digest of the whole encryption context
	contextKey  = "kms:encryptioncontext:"
	contextList = "kms:encryptioncontextkeys"
)

// callKeys are the condition keys that every call has.
func callKeys(call *plane.Call) policy.Keys {
	c := &call.Caller
	keys := policy.Keys{"kms:calleraccount": {c.Account}}
	if n := len(c.Via); n > 0 {
		service := strings.TrimSuffix(c.Via[n-1], ".amazonaws.com")
		keys["kms:viaservice"] = []string{service + "." + c.Region + ".amazonaws.com"}
	}
	return keys
}

// keyKeys are the condition keys of a key.
func keyKeys(k *key, aliases []string, tags map[string]string) policy.Keys {
	keys := policy.Keys{
		"kms:keyspec": {string(k.Spec)}, "kms:keyusage": {string(k.Usage)}, "kms:keyorigin": {string(k.Origin)}, "kms:multiregion": {"false"},
	}
	if len(aliases) > 0 {
		keys["kms:resourcealiases"] = aliases
	}
	for name, value := range tags {
		keys.AddTag("aws:resourcetag/", name, value)
	}
	return keys
}

// contextKeys are the condition keys of an encryption context.
func contextKeys(context map[string]string) policy.Keys {
	keys := policy.Keys{wholeKey: {contextDigest(context)}}
	for name, value := range context {
		keys.AddTag(contextKey, name, value)
		keys[pairKey(name)] = []string{value}
	}
	if len(context) > 0 {
		keys[contextList] = slices.Sorted(maps.Keys(context))
	}
	return keys
}

func pairKey(name string) string { return pairPrefix + hex.EncodeToString([]byte(name)) }

func contextDigest(context map[string]string) string {
	sum := sha256.Sum256(bound(nil, context))
	return hex.EncodeToString(sum[:])
}

func truth(b *bool) string { return strconv.FormatBool(b != nil && *b) }

// regionOf is the region in an ARN.
func regionOf(name string) string {
	a, err := arn.Parse(name)
	if err != nil {
		return ""
	}
	return a.Region
}

// document is a grant as a policy of its key.
func (g *grantRow) document() (*policy.Document, error) {
	to := policyPrincipal(g.Grantee)
	name := keyARN(g.key)
	allow := func(actions []string, condition map[string]any) statementText {
		return statementText{Effect: "Allow", Principal: to, Action: actions, Resource: name, Condition: condition}
	}
	var list []statementText
	var inContext, plain []string
	for _, op := range g.Operations {
		action := "kms:" + string(op)
		switch {
		case op == api.GrantOperationRetireGrant:
			list = append(list, allow([]string{action}, g.thisGrant()))
		case op == api.GrantOperationCreateGrant:
			list = append(list, allow([]string{action}, g.childGrants()))
		case slices.Contains(bySymmetric, op):
			inContext = append(inContext, action)
		default:
			plain = append(plain, action)
		}
	}
	if len(inContext) > 0 {
		list = append(list, allow(inContext, g.constraints()))
	}
	if len(plain) > 0 {
		list = append(list, allow(plain, nil))
	}
	if g.Retiring != "" {
		list = append(list, statementText{
			Effect: "Allow", Principal: policyPrincipal(g.Retiring), Action: []string{"kms:RetireGrant"}, Resource: name, Condition: g.thisGrant(),
		})
	}
	text, err := json.Marshal(policyText{Version: policyVersion, ID: g.ID, Statement: list})
	if err != nil {
		return nil, fmt.Errorf("encode grant %s: %w", g.ID, err)
	}
	return parsePolicy("grant "+g.ID+" of "+name, string(text))
}

func policyPrincipal(name string) map[string]string {
	if isService(name) {
		return map[string]string{"Service": name}
	}
	return map[string]string{"AWS": name}
}

// thisGrant is the condition that a request is about this grant.
func (g *grant) thisGrant() map[string]any {
	return map[string]any{"StringEquals": map[string]string{grantIDKey: g.ID}}
}

// constraints is the condition that a request's encryption context is within
// the constraints of the grant; nil for a grant that has none.
func (g *grant) constraints() map[string]any {
	equal := map[string]string{}
	for name, value := range g.Subset {
		equal[pairKey(name)] = literal(value)
	}
	if len(g.Equals) > 0 {
		equal[wholeKey] = contextDigest(g.Equals)
	}
	if len(equal) == 0 {
		return nil
	}
	return map[string]any{"StringEquals": equal}
}

// childGrants is the condition for grants that the grantee makes in turn: they
// allow no more than this one.
func (g *grant) childGrants() map[string]any {
	condition := g.constraints()
	if condition == nil {
		condition = map[string]any{}
	}
	condition["ForAllValues:StringEquals"] = map[string]any{"kms:GrantOperations": g.Operations}
	return condition
}

// literal keeps a value from being read as a policy variable.
func literal(value string) string { return strings.ReplaceAll(value, "${", "${$}{") }
