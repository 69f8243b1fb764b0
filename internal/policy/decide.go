package policy

import "strings"

// Decide answers a request by AWS's order of evaluation (IAM User Guide,
// "Policy evaluation logic"); see the package's essay. Every resource has to be
// allowed; the first one that is not makes the decision. own may be nil.
func Decide(r *Request, own *Policies) Decision {
	if own == nil {
		own = &Policies{}
	}
	e := newEnv(r, own)
	var d Decision
	if len(r.Resources) == 0 {
		everything := Resource{ARN: "*"}
		d, _ := e.decide(&everything, own)
		return d
	}
	for i := range r.Resources {
		one, _ := e.decide(&r.Resources[i], own)
		if one.Effect != Allow {
			return one
		}
		if i == 0 {
			d = one
		} else {
			d.Matched = append(d.Matched, one.Matched...)
		}
	}
	d.Missing = e.missing
	return d
}

func newEnv(r *Request, own *Policies) *env {
	e := &env{who: &r.Principal, keys: r.Keys, action: strings.ToLower(r.Action), bounded: own.Bounded}
	e.service, _, _ = strings.Cut(e.action, ":")
	return e
}

// layer is what the policies of one kind say.
type layer struct {
	deny, allow Match
	denies      bool
	grant       grant // noGrant: no statement allows
}

func (l *layer) allows() bool { return l.grant != noGrant }

// read evaluates policies: the first statement that denies, or the one that
// allows most.
func (e *env) read(docs []*Document) (l layer) {
	for _, d := range docs {
		for _, i := range d.on(e.service) {
			s := &d.statements[i]
			if !s.deny && l.grant == toCaller && !e.thorough {
				continue
			}
			g := s.applies(e)
			if g == noGrant {
				continue
			}
			if l.take(s.deny, g, Match{d, i}); l.denies && !e.thorough && !e.sovereign() {
				return l
			}
			e.note(s.deny, Match{d, i})
		}
	}
	return l
}

// take adds a statement that applies.
func (l *layer) take(deny bool, g grant, m Match) {
	switch {
	case deny && !l.denies:
		l.denies, l.deny = true, m
	case !deny && g > l.grant:
		l.grant, l.allow = g, m
	}
}

func (e *env) note(deny bool, m Match) {
	switch {
	case !e.thorough:
	case deny:
		e.denying = append(e.denying, m)
	default:
		e.allowing = append(e.allowing, m)
	}
}

// layers are all that is said of one resource.
type layers struct {
	resource, identity, boundary, session layer
	bounded, limited                      bool // a boundary limits, session policies do
}

func (e *env) readAll(res *Resource, own *Policies) (l layers) {
	e.resource, e.owner = e.concerned(res), owner(res, e.who)
	res = e.resource
	l.resource = e.read(res.Policies)
	if !e.who.hasPolicies() {
		return l
	}
	l.identity = e.read(own.Identity)
	if e.who.Kind == Root {
		l.identity.grant = toCaller
	}
	if l.bounded = own.Bounded; l.bounded {
		l.boundary = e.read(own.Boundary)
	}
	if l.limited = e.who.limited(); l.limited {
		l.session = e.read(own.Session)
	}
	return l
}

// concerned is the resource as the action concerns it: a role's trust policy
// speaks of who may assume the role, not of who may administer it.
func (e *env) concerned(res *Resource) *Resource {
	if e.service == "sts" || !isRole(res.ARN) {
		return res
	}
	plain := *res
	plain.Policies, plain.Required, plain.Guarded = nil, false, false
	return &plain
}

// isRole reports whether an ARN is a role's.
func isRole(arn string) bool {
	return strings.Contains(arn, ":iam::") && strings.Contains(arn, ":role/")
}

// hasPolicies reports whether there can be policies of the principal's own.
func (p *Principal) hasPolicies() bool {
	switch p.Kind {
	case Root, User, AssumedRole, FederatedUser:
		return true
	}
	return false
}

// limited reports whether session policies limit the principal. A federated
// user has no permissions but those of its session policies.
func (p *Principal) limited() bool {
	return p.Kind == FederatedUser || p.Session != nil && p.Session.Limited
}

// owner is the account that owns a resource.
func owner(res *Resource, who *Principal) string {
	if res.Account != "" {
		return res.Account
	}
	arn := res.ARN
	for range 4 {
		var ok bool
		if _, arn, ok = strings.Cut(arn, ":"); !ok {
			return who.Account
		}
	}
	if account, _, _ := strings.Cut(arn, ":"); len(account) == 12 {
		return account
	}
	return who.Account
}

// decide answers for one resource, and returns what that followed from.
func (e *env) decide(res *Resource, own *Policies) (Decision, layers) {
	l := e.readAll(res, own)
	d := Decision{Resource: res.ARN}
	if by, m, ok := l.denial(e); ok {
		d.Effect, d.By, d.Matched = ExplicitDeny, by, []Match{m}
	} else if by := l.refusal(e); by != "" {
		d.By = by
	} else {
		d.Effect, d.Resource, d.Matched = Allow, "", l.allowing()
	}
	d.Missing = e.missing
	return d, l
}

// denial finds a statement that denies.
func (l *layers) denial(e *env) (Kind, Match, bool) {
	switch {
	case l.identity.denies:
		return IdentityBased, l.identity.deny, true
	case l.resource.denies && !e.sovereign():
		return e.resourceKind(), l.resource.deny, true
	case l.boundary.denies:
		return Boundary, l.boundary.deny, true
	case l.session.denies:
		return SessionPolicy, l.session.deny, true
	}
	return "", Match{}, false
}

// sovereign reports whether no bucket policy can keep the request out: the
// owner's root user may always read, replace and delete one.
func (e *env) sovereign() bool {
	if e.who.Kind != Root || e.who.Account != e.owner {
		return false
	}
	switch e.action {
	case "s3:getbucketpolicy", "s3:putbucketpolicy", "s3:deletebucketpolicy":
		return true
	}
	return false
}

// resourceKind is how messages name the resource's policy.
func (e *env) resourceKind() Kind {
	if e.service == "sts" && isRole(e.resource.ARN) {
		return TrustPolicy
	}
	return ResourceBased
}

// refusal is the kind of policy that would have to allow the request and does
// not, or "" when it is allowed. Nothing denies it.
func (l *layers) refusal(e *env) Kind {
	switch e.who.Kind {
	case Service:
		if e.resource.Guarded && !l.resource.allows() {
			return e.resourceKind()
		}
		return ""
	case Root, User, AssumedRole, FederatedUser:
		if e.who.Account == e.owner {
			return l.inside(e)
		}
		return l.across(e)
	default:
		if !l.resource.allows() {
			return e.resourceKind()
		}
		return ""
	}
}

// inside is refusal within one account: the resource's policy or the
// principal's own allow, but for resources that require theirs.
func (l *layers) inside(e *env) Kind {
	switch l.resource.grant {
	case toCaller:
		return ""
	case toRole:
		return l.limits()
	case noGrant:
		if e.resource.Required {
			return e.resourceKind()
		}
	}
	if !l.identity.allows() {
		return IdentityBased
	}
	return l.limits()
}

// across is refusal between accounts: both sides have to allow.
func (l *layers) across(e *env) Kind {
	if !l.identity.allows() {
		return IdentityBased
	}
	if by := l.limits(); by != "" {
		return by
	}
	if !l.resource.allows() {
		return e.resourceKind()
	}
	return ""
}

// limits is the kind of policy that limits the principal and does not allow.
func (l *layers) limits() Kind {
	if l.bounded && !l.boundary.allows() {
		return Boundary
	}
	if l.limited && !l.session.allows() {
		return SessionPolicy
	}
	return ""
}

// allowing are the statements that allow, of each kind of policy one.
func (l *layers) allowing() []Match {
	var out []Match
	for _, x := range []*layer{&l.resource, &l.identity, &l.boundary, &l.session} {
		if x.allow.Document != nil {
			out = append(out, x.allow)
		}
	}
	return out
}
