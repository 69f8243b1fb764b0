package secretsmanager

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// texts is a value of a policy that may be one or many.
type texts []string

// UnmarshalJSON reads a string, a boolean, a number, or a list of them.
func (t *texts) UnmarshalJSON(b []byte) error {
	var v any
	if err := json.Unmarshal(b, &v); err != nil {
		return err
	}
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	*t = nil
	for _, e := range list {
		*t = append(*t, fmt.Sprint(e))
	}
	return nil
}

// grant is as much of a statement as tells whom it lets in.
type grant struct {
	Sid          string
	Effect       string
	Principal    json.RawMessage
	NotPrincipal json.RawMessage
	Condition    map[string]map[string]texts
}

// broad says which statements of a valid policy let in principals that nobody
// has named; nothing when none does.
func broad(text string) (why []string) {
	var doc struct{ Statement json.RawMessage }
	var all []grant
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		return []string{"The resource policy can't be read."}
	}
	if json.Unmarshal(doc.Statement, &all) != nil {
		all = make([]grant, 1)
		if json.Unmarshal(doc.Statement, &all[0]) != nil {
			return []string{"The statements of the resource policy can't be read."}
		}
	}
	for i := range all {
		if all[i].public() {
			name := fmt.Sprintf("number %d", i+1)
			if all[i].Sid != "" {
				name = all[i].Sid
			}
			why = append(why, "Statement "+name+" of the resource policy grants broad access to the secret.")
		}
	}
	return why
}

// public reports whether a statement allows something to everybody, or to
// everybody but some, and no condition names who or where they are.
func (g *grant) public() bool {
	if g.Effect != "Allow" || len(g.NotPrincipal) == 0 && !anybody(g.Principal) {
		return false
	}
	for operator, keys := range g.Condition {
		for key, values := range keys {
			if confines(operator, key, values) {
				return false
			}
		}
	}
	return true
}

// anybody reports whether a Principal is, or holds, "*".
func anybody(raw json.RawMessage) bool {
	var one string
	if json.Unmarshal(raw, &one) == nil {
		return one == "*"
	}
	var kinds map[string]texts
	if json.Unmarshal(raw, &kinds) != nil {
		return true
	}
	return slices.Contains(kinds["AWS"], "*") || slices.Contains(kinds["Federated"], "*")
}

// confining are the condition keys that say who calls, or from where.
var confining = []string{
	"aws:principalaccount", "aws:principalarn", "aws:principalorgid", "aws:principalorgpaths", "aws:userid",
	"aws:sourceaccount", "aws:sourcearn", "aws:sourceowner", "aws:sourceorgid", "aws:sourceorgpaths",
	"aws:sourcevpc", "aws:sourcevpce", "aws:sourceip", "aws:vpcsourceip", "kms:calleraccount", "kms:viaservice",
}

// confines reports whether a condition lets in fixed principals or places alone.
func confines(operator, key string, values texts) bool {
	operator, key = strings.ToLower(operator), strings.ToLower(key)
	operator = operator[strings.IndexByte(operator, ':')+1:] // ForAnyValue and ForAllValues
	if !slices.Contains(confining, key) || len(values) == 0 {
		return false
	}
	fixed := fixedText
	switch operator {
	case "stringequals", "stringequalsignorecase", "arnequals", "stringlike", "arnlike":
	case "ipaddress":
		fixed = fixedRange
	default: // negated, or true of requests that do not have the key
		return false
	}
	return !slices.ContainsFunc(values, func(v string) bool { return !fixed(key, v) })
}

// fixedText reports whether a value names one principal or place, or those of
// one account or organization.
func fixedText(key, v string) bool {
	if !strings.ContainsAny(v, "*?$") {
		return v != ""
	}
	switch key {
	case "aws:principalarn", "aws:sourcearn": // wildcards below an account
		parts := strings.SplitN(v, ":", 6)
		return len(parts) == 6 && parts[4] != "" && !strings.ContainsAny(parts[4], "*?$")
	case "aws:principalorgpaths", "aws:sourceorgpaths": // below an organization
		org, _, _ := strings.Cut(v, "/")
		return strings.HasPrefix(org, "o-") && !strings.ContainsAny(org, "*?$")
	}
	return false
}

// widest are the shortest prefixes of addresses that count as a place.
const (
	widestIPv4 = 8
	widestIPv6 = 32
)

// fixedRange reports whether a range of addresses is that of a place and not
// of a good part of the world.
func fixedRange(_, v string) bool {
	if _, err := netip.ParseAddr(v); err == nil {
		return true
	}
	p, err := netip.ParsePrefix(v)
	if err != nil {
		return false
	}
	if p.Addr().Is4() {
		return p.Bits() >= widestIPv4
	}
	return p.Bits() >= widestIPv6
}
