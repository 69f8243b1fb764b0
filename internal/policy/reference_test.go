package policy

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"
)

// The evaluator here is written a second time, from the IAM User Guide and
// without regard to speed: it walks the JSON of every policy for every
// question. Decide is compared with it.

// question is one request on one resource with everything that may be asked.
type question struct {
	r       *Request
	res     Resource
	owner   string
	context map[string][]string // condition keys in lower case
	own     *Policies
}

// refDecide answers a request; of several resources the first that is refused
// is the answer.
func refDecide(r *Request, own *Policies) (Effect, Kind) {
	for _, res := range r.Resources {
		q := question{r: r, res: res, owner: refOwner(r, res), own: own}
		q.context = refContext(q)
		if effect, by := q.decide(); effect != Allow {
			return effect, by
		}
	}
	return Allow, ""
}

func refOwner(r *Request, res Resource) string {
	if res.Account != "" {
		return res.Account
	}
	if parts := strings.Split(res.ARN, ":"); len(parts) >= 6 && regexp.MustCompile(`^\d{12}$`).MatchString(parts[4]) {
		return parts[4]
	}
	return r.Principal.Account
}

// refContext is the request context: the table "Principal key values" of the
// guide, under what the caller of Decide says.
func refContext(q question) map[string][]string {
	c := map[string][]string{}
	maps.Copy(c, q.r.Keys)
	p := q.r.Principal
	set := func(k, v string) { c[k] = []string{v} }
	if s := p.Session; s != nil {
		maps.Copy(c, s.Keys)
		set("aws:tokenissuetime", s.Issued.Format("2006-01-02T15:04:05Z"))
		set("aws:multifactorauthpresent", fmt.Sprint(s.MFA))
		if s.SourceIdentity != "" {
			set("aws:sourceidentity", s.SourceIdentity)
		}
	}
	set("aws:principalisawsservice", fmt.Sprint(p.Kind == Service))
	for k, v := range p.Tags {
		set("aws:principaltag/"+strings.ToLower(k), v)
	}
	switch p.Kind {
	case Root:
		set("aws:principaltype", "Account")
		set("aws:userid", p.Account)
		set("aws:principalarn", p.ARN)
		set("aws:principalaccount", p.Account)
	case User:
		set("aws:principaltype", "User")
		set("aws:userid", p.ID)
		parts := strings.Split(p.ARN, "/")
		set("aws:username", parts[len(parts)-1])
		set("aws:principalarn", p.ARN)
		set("aws:principalaccount", p.Account)
	case AssumedRole:
		set("aws:principaltype", "AssumedRole")
		set("aws:userid", p.ID)
		set("aws:principalarn", p.Session.Role)
		set("aws:principalaccount", p.Account)
	case FederatedUser:
		set("aws:principaltype", "FederatedUser")
		set("aws:userid", p.ID)
		set("aws:principalarn", p.ARN)
		set("aws:principalaccount", p.Account)
	case Anonymous:
		set("aws:principaltype", "Anonymous")
		set("aws:userid", "anonymous")
	case Service:
		set("aws:principalservicename", p.ARN)
	}
	if q.owner != "" {
		set("aws:resourceaccount", q.owner)
	}
	maps.Copy(c, q.res.Keys)
	return c
}

// decide follows the guide: first every policy is searched for a denial, then
// the layers are gone through.
func (q question) decide() (Effect, Kind) {
	p := q.r.Principal
	service, _, _ := strings.Cut(strings.ToLower(q.r.Action), ":")
	role := strings.HasPrefix(q.res.ARN, "arn:aws:iam::") && strings.Contains(q.res.ARN, ":role/")
	resourcePolicies, required, guarded := q.res.Policies, q.res.Required, q.res.Guarded
	if role && service != "sts" {
		resourcePolicies, required, guarded = nil, false, false
	}
	ofResource := ResourceBased
	if role && service == "sts" {
		ofResource = TrustPolicy
	}
	iam := p.Kind == Root || p.Kind == User || p.Kind == AssumedRole || p.Kind == FederatedUser
	limited := p.Kind == FederatedUser || p.Session != nil && p.Session.Limited
	var identity, boundary, session []*Document
	if iam {
		identity = q.own.Identity
		if q.own.Bounded {
			boundary = q.own.Boundary
		}
		if limited {
			session = q.own.Session
		}
	}

	// Deny evaluation.
	ownersRoot := p.Kind == Root && p.Account == q.owner &&
		slices.Contains([]string{"s3:getbucketpolicy", "s3:putbucketpolicy", "s3:deletebucketpolicy"}, strings.ToLower(q.r.Action))
	if q.any("Deny", identity) != "" {
		return ExplicitDeny, IdentityBased
	}
	if q.any("Deny", resourcePolicies) != "" && !ownersRoot {
		return ExplicitDeny, ofResource
	}
	if q.any("Deny", boundary) != "" {
		return ExplicitDeny, Boundary
	}
	if q.any("Deny", session) != "" {
		return ExplicitDeny, SessionPolicy
	}

	granted := q.any("Allow", resourcePolicies)
	switch {
	case p.Kind == Service:
		if guarded && granted == "" {
			return ImplicitDeny, ofResource
		}
		return Allow, ""
	case !iam:
		if granted == "" {
			return ImplicitDeny, ofResource
		}
		return Allow, ""
	}
	identityAllows := p.Kind == Root || q.any("Allow", identity) != ""
	guardrails := func() (Effect, Kind) {
		if q.own.Bounded && q.any("Allow", boundary) == "" {
			return ImplicitDeny, Boundary
		}
		if limited && q.any("Allow", session) == "" {
			return ImplicitDeny, SessionPolicy
		}
		return Allow, ""
	}
	if p.Account != q.owner {
		if !identityAllows {
			return ImplicitDeny, IdentityBased
		}
		if effect, by := guardrails(); effect != Allow {
			return effect, by
		}
		if granted == "" {
			return ImplicitDeny, ofResource
		}
		return Allow, ""
	}
	if granted == "principal" {
		return Allow, ""
	}
	if granted == "behind" {
		return guardrails()
	}
	if required && granted == "" {
		return ImplicitDeny, ofResource
	}
	if !identityAllows {
		return ImplicitDeny, IdentityBased
	}
	return guardrails()
}

// any searches policies for a statement of an effect that applies. The answer
// is how it speaks of the principal: "principal", "behind" (its role, or the
// user of a federated user), "account", or "" for no statement.
func (q question) any(effect string, docs []*Document) string {
	best := ""
	order := []string{"", "account", "behind", "principal"}
	for _, d := range docs {
		var policy map[string]any
		if err := json.Unmarshal([]byte(d.String()), &policy); err != nil {
			panic(err)
		}
		statements, ok := policy["Statement"].([]any)
		if !ok {
			statements = []any{policy["Statement"]}
		}
		for _, s := range statements {
			how := q.applies(s.(map[string]any), policy["Version"] == "2012-10-17", d.use)
			if s.(map[string]any)["Effect"] == effect && slices.Index(order, how) > slices.Index(order, best) {
				best = how
			}
		}
	}
	return best
}

func refList(v any) []string {
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	out := []string{}
	for _, x := range list {
		switch x := x.(type) {
		case float64:
			out = append(out, strconv.FormatFloat(x, 'f', -1, 64))
		default:
			out = append(out, fmt.Sprint(x))
		}
	}
	return out
}

func (q question) applies(s map[string]any, variables bool, use Usage) string {
	how := "principal"
	if v, ok := s["Principal"]; ok {
		how = q.named(v)
	}
	if v, ok := s["NotPrincipal"]; ok {
		how = q.notNamed(v, s["Effect"] == "Deny")
	}
	if how == "" {
		return ""
	}

	action := strings.ToLower(q.r.Action)
	in := func(list []string, f func(string) bool) bool { return slices.ContainsFunc(list, f) }
	actionIs := func(pattern string) bool { return refWild(regexp.QuoteMeta(strings.ToLower(pattern)), action) }
	if v, ok := s["Action"]; ok && !in(refList(v), actionIs) {
		return ""
	}
	if v, ok := s["NotAction"]; ok && in(refList(v), actionIs) {
		return ""
	}

	for _, element := range []string{"Resource", "NotResource"} {
		v, ok := s[element]
		if !ok {
			continue
		}
		hit := false
		for _, pattern := range refList(v) {
			bare := pattern
			if variables {
				bare = regexp.MustCompile(`\$\{[^}]*\}`).ReplaceAllString(pattern, "")
			}
			if n := strings.Count(bare, ":"); use != ResourceUse && pattern != "*" && n < 5 {
				pattern += strings.Repeat(":*", 5-n)
			}
			expr, ok := q.expression(pattern, variables)
			if !ok {
				return "" // the statement is invalid
			}
			hit = hit || refWild(expr, q.res.ARN)
		}
		if hit != (element == "Resource") {
			return ""
		}
	}

	conditions, _ := s["Condition"].(map[string]any)
	for operator, keys := range conditions {
		for key, values := range keys.(map[string]any) {
			if !q.holds(operator, key, refList(values), variables) {
				return ""
			}
		}
	}
	return how
}

// expression is a pattern as a regular expression in which wildcards still
// stand as \* and \?, and variables as their values, which are quoted twice.
func (q question) expression(pattern string, variables bool) (string, bool) {
	if !variables {
		return regexp.QuoteMeta(pattern), true
	}
	var out strings.Builder
	last := 0
	for _, m := range regexp.MustCompile(`\$\{([^}]*)\}`).FindAllStringSubmatchIndex(pattern, -1) {
		out.WriteString(regexp.QuoteMeta(pattern[last:m[0]]))
		value, ok := q.variable(pattern[m[2]:m[3]])
		if !ok {
			return "", false
		}
		for _, r := range value {
			fmt.Fprintf(&out, `\x{%x}`, r)
		}
		last = m[1]
	}
	out.WriteString(regexp.QuoteMeta(pattern[last:]))
	return out.String(), true
}

func (q question) variable(inside string) (string, bool) {
	if inside == "*" || inside == "?" || inside == "$" {
		return inside, true
	}
	m := regexp.MustCompile(`^\s*([^,]*?)\s*(?:,\s*'(.*)'\s*)?$`).FindStringSubmatch(inside)
	if values := q.context[strings.ToLower(m[1])]; len(values) == 1 {
		return values[0], true
	}
	return m[2], strings.Contains(inside, ",")
}

// refWild matches a quoted pattern with wildcards.
func refWild(quoted, text string) bool {
	expr := strings.ReplaceAll(strings.ReplaceAll(quoted, `\*`, `.*`), `\?`, `.`)
	return regexp.MustCompile(`(?s)^(?:` + expr + `)$`).MatchString(text)
}

// listed are the principals in an element as "TYPE:value".
func listed(element any) []string {
	if element == "*" {
		return []string{"everyone"}
	}
	var out []string
	for kind, v := range element.(map[string]any) {
		for _, s := range refList(v) {
			switch {
			case kind == "AWS" && s == "*":
				s = "everyone"
			case kind == "AWS" && regexp.MustCompile(`^\d{12}$`).MatchString(s):
				s = "AWS:arn:aws:iam::" + s + ":root"
			default:
				s = kind + ":" + s
			}
			out = append(out, s)
		}
	}
	sort.Strings(out)
	return out
}

// identities are what a principal is: itself, what is behind it, its account.
func (q question) identities() (itself, behind, account []string) {
	p := q.r.Principal
	switch p.Kind {
	case Service:
		return []string{"Service:" + p.ARN}, nil, nil
	case WebIdentity:
		return []string{"Federated:" + p.ARN}, nil, nil
	case Anonymous:
		return nil, nil, nil
	}
	account = []string{"AWS:arn:aws:iam::" + p.Account + ":root"}
	if p.Canonical != "" {
		account = append(account, "CanonicalUser:"+p.Canonical)
	}
	switch p.Kind {
	case Root:
		return account, nil, account
	case User:
		return []string{"AWS:" + p.ARN, "AWS:" + p.ID}, nil, account
	case AssumedRole:
		return []string{"AWS:" + p.ARN}, []string{"AWS:" + p.Session.Role, "AWS:" + p.Session.RoleID}, account
	default:
		return []string{"AWS:" + p.ARN}, []string{"AWS:" + p.Session.Parent, "AWS:" + p.Session.ParentID}, account
	}
}

func overlap(a, b []string) bool {
	return slices.ContainsFunc(a, func(s string) bool { return slices.Contains(b, s) })
}

func (q question) named(element any) string {
	list := listed(element)
	itself, behind, account := q.identities()
	switch {
	case slices.Contains(list, "everyone"), overlap(itself, list):
		return "principal"
	case overlap(behind, list):
		return "behind"
	case overlap(account, list):
		return "account"
	}
	return ""
}

func (q question) notNamed(element any, deny bool) string {
	list := listed(element)
	itself, behind, account := q.identities()
	if !deny {
		if slices.Contains(list, "everyone") || overlap(itself, list) || overlap(behind, list) || overlap(account, list) {
			return ""
		}
		return "principal"
	}
	if q.own.Bounded {
		return "principal"
	}
	spared := overlap(itself, list) && (account == nil || overlap(account, list))
	if q.r.Principal.Kind == AssumedRole {
		spared = spared && overlap(behind, list)
	}
	if spared || slices.Contains(list, "everyone") {
		return ""
	}
	return "principal"
}

// holds evaluates one key of one operator.
func (q question) holds(operator, key string, wanted []string, variables bool) bool {
	op := strings.ToLower(operator)
	set := ""
	if i := strings.Index(op, ":"); i >= 0 {
		set, op = op[:i], op[i+1:]
	}
	ifExists := strings.HasSuffix(op, "ifexists")
	op = strings.TrimSuffix(op, "ifexists")
	values := q.context[strings.ToLower(key)]
	if op == "null" {
		return slices.Contains(wanted, fmt.Sprint(len(values) == 0))
	}
	negated := strings.Contains(op, "not")
	op = strings.Replace(op, "not", "", 1)
	empty := !slices.ContainsFunc(values, func(v string) bool { return v != "" })
	switch {
	case set == "forallvalues" && empty:
		return true
	case set == "foranyvalue" && empty:
		return false
	case len(values) == 0:
		return ifExists || negated
	}
	var patterns []string
	for _, w := range wanted {
		if strings.HasPrefix(op, "string") || strings.HasPrefix(op, "arn") || op == "bool" {
			expr, ok := q.expression(w, variables)
			if !ok {
				return false // the statement is invalid
			}
			w = expr
		}
		patterns = append(patterns, w)
	}
	satisfied := 0
	for _, v := range values {
		hit := slices.ContainsFunc(patterns, func(w string) bool { return refMatches(op, w, v) })
		if hit != negated {
			satisfied++
		}
	}
	switch {
	case set == "forallvalues", set == "" && negated:
		return satisfied == len(values)
	default:
		return satisfied > 0
	}
}

func refMatches(op, want, v string) bool {
	switch op {
	case "stringequals":
		return regexp.MustCompile(`(?s)^(?:` + want + `)$`).MatchString(v)
	case "stringequalsignorecase", "bool":
		return regexp.MustCompile(`(?si)^(?:` + want + `)$`).MatchString(v)
	case "stringlike":
		return refWild(want, v)
	case "arnequals", "arnlike":
		if want == `\*` {
			return true
		}
		w, a := strings.SplitN(want, ":", 6), strings.SplitN(v, ":", 6)
		if len(w) < 6 || len(a) < 6 {
			return false
		}
		for i := range w {
			if !refWild(w[i], a[i]) {
				return false
			}
		}
		return true
	case "ipaddress":
		if !strings.Contains(want, "/") {
			return net.ParseIP(want).Equal(net.ParseIP(v))
		}
		_, network, _ := net.ParseCIDR(want)
		return net.ParseIP(v) != nil && network.Contains(net.ParseIP(v))
	case "binaryequals":
		raw, _ := base64.StdEncoding.DecodeString(want)
		return string(raw) == v
	}
	var cmp int
	if rest, ok := strings.CutPrefix(op, "numeric"); ok {
		a, err1 := strconv.ParseFloat(v, 64)
		b, err2 := strconv.ParseFloat(want, 64)
		if err1 != nil || err2 != nil {
			return false
		}
		op = rest
		switch {
		case a < b:
			cmp = -1
		case a > b:
			cmp = 1
		}
	} else {
		a, ok1 := refTime(v)
		b, ok2 := refTime(want)
		if !ok1 || !ok2 {
			return false
		}
		op = strings.TrimPrefix(op, "date")
		cmp = a.Compare(b)
	}
	return map[string]bool{
		"equals": cmp == 0, "lessthan": cmp < 0, "lessthanequals": cmp <= 0,
		"greaterthan": cmp > 0, "greaterthanequals": cmp >= 0,
	}[op]
}

func refTime(s string) (time.Time, bool) {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return time.Unix(n, 0), true
	}
	for _, form := range []string{"2006-01-02T15:04:05Z07:00", "2006-01-02"} {
		if t, err := time.Parse(form, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}
