package policy

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func parse(t testing.TB, text string, use Usage) *Document {
	t.Helper()
	d, err := Parse(text, use)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return d
}

// docs are policies of one identity-based statement each: "Allow s3:*",
// optionally with a resource behind it.
func docs(t testing.TB, statements ...string) []*Document {
	t.Helper()
	var out []*Document
	for _, s := range statements {
		var effect, action string
		resource := "*"
		if n, _ := fmt.Sscan(s, &effect, &action, &resource); n < 2 {
			t.Fatalf("statement %q", s)
		}
		out = append(out, parse(t, with(fmt.Sprintf(`{"Effect":%q,"Action":%q,"Resource":%q}`, effect, action, resource)), SessionUse))
	}
	return out
}

// resourceDoc is a resource-based policy of one statement.
func resourceDoc(t testing.TB, effect, element, principal, action string) []*Document {
	t.Helper()
	return []*Document{parse(t, with(fmt.Sprintf(`{"Effect":%q,%q:%s,"Action":%q}`, effect, element, principal, action)), ResourceUse)}
}

const (
	userARN    = "arn:aws:iam::111111111111:user/mary"
	roleARN    = "arn:aws:iam::111111111111:role/path/r"
	sessionARN = "arn:aws:sts::111111111111:assumed-role/r/s"
	fredARN    = "arn:aws:sts::111111111111:federated-user/fred"
	queueARN   = "arn:aws:sqs:us-east-1:111111111111:q"
	foreignARN = "arn:aws:sqs:us-east-1:222222222222:q"
	keyARN     = "arn:aws:kms:us-east-1:111111111111:key/k"
	targetARN  = "arn:aws:iam::111111111111:role/target"
)

func aws(principal string) string { return `{"AWS":"` + principal + `"}` }

// people are the principals of the tests, by name.
func people() map[string]Principal {
	return map[string]Principal{
		"user":      {Kind: User, Account: accountA, ARN: userARN, ID: "AIDAMARYMARYMARYMARY"},
		"session":   {Kind: AssumedRole, Account: accountA, ARN: sessionARN, ID: "AROARRRRRRRRRRRRRRRR:s", Session: &Session{Role: roleARN, RoleID: "AROARRRRRRRRRRRRRRRR"}},
		"limited":   {Kind: AssumedRole, Account: accountA, ARN: sessionARN, ID: "AROARRRRRRRRRRRRRRRR:s", Session: &Session{Role: roleARN, RoleID: "AROARRRRRRRRRRRRRRRR", Limited: true}},
		"federated": {Kind: FederatedUser, Account: accountA, ARN: fredARN, ID: accountA + ":fred", Session: &Session{Parent: userARN, ParentID: "AIDAMARYMARYMARYMARY"}},
		"root":      {Kind: Root, Account: accountA, ARN: "arn:aws:iam::111111111111:root", ID: accountA},
		"service":   {Kind: Service, Account: accountA, ARN: "sns.amazonaws.com", ID: "sns.amazonaws.com"},
		"anonymous": {Kind: Anonymous},
		"web":       {Kind: WebIdentity, ARN: "cognito-identity.amazonaws.com"},
		"stranger":  {Kind: "Stranger", Account: accountA},
	}
}

// TestDecide has the order of evaluation.
func TestDecide(t *testing.T) {
	t.Parallel()
	allow, deny := []string{"Allow sqs:*"}, []string{"Deny sqs:SendMessage"}
	type layers struct{ identity, boundary, session []string }
	for _, tt := range []struct {
		name, who string
		own       layers
		resource  Resource
		want      outcome
	}{
		{"nothing", "user", layers{}, Resource{}, outcome{ImplicitDeny, IdentityBased}},
		{"identity", "user", layers{identity: allow}, Resource{}, outcome{Allow, ""}},
		{"identity denies", "user", layers{identity: append(deny, allow...)}, Resource{}, outcome{ExplicitDeny, IdentityBased}},
		{"boundary is silent", "user", layers{identity: allow, boundary: []string{"Allow s3:*"}}, Resource{}, outcome{ImplicitDeny, Boundary}},
		{"boundary alone", "user", layers{boundary: allow}, Resource{}, outcome{ImplicitDeny, IdentityBased}},
		{"boundary denies", "user", layers{identity: allow, boundary: deny}, Resource{}, outcome{ExplicitDeny, Boundary}},
		{"session without limit", "session", layers{identity: allow, session: deny}, Resource{}, outcome{Allow, ""}},
		{"session policy allows", "limited", layers{identity: allow, session: allow}, Resource{}, outcome{Allow, ""}},
		{"session policy is silent", "limited", layers{identity: allow}, Resource{}, outcome{ImplicitDeny, SessionPolicy}},
		{"session policy denies", "limited", layers{identity: allow, session: deny}, Resource{}, outcome{ExplicitDeny, SessionPolicy}},
		{"federated user without session policies", "federated", layers{identity: allow}, Resource{}, outcome{ImplicitDeny, SessionPolicy}},
		{"federated user", "federated", layers{identity: allow, session: allow}, Resource{}, outcome{Allow, ""}},
		{"root", "root", layers{}, Resource{}, outcome{Allow, ""}},
		{"service", "service", layers{}, Resource{}, outcome{Allow, ""}},
		{"service at a guard", "service", layers{}, Resource{Guarded: true}, outcome{ImplicitDeny, ResourceBased}},
		{"anonymous", "anonymous", layers{}, Resource{}, outcome{ImplicitDeny, ResourceBased}},
		{"stranger", "stranger", layers{identity: allow}, Resource{}, outcome{ImplicitDeny, ResourceBased}},

		{"another account's", "user", layers{identity: allow}, Resource{ARN: foreignARN}, outcome{ImplicitDeny, ResourceBased}},
		{"another account's, root", "root", layers{}, Resource{ARN: foreignARN}, outcome{ImplicitDeny, ResourceBased}},
		{"another account's bucket", "user", layers{identity: []string{"Allow *"}}, Resource{ARN: "arn:aws:s3:::b", Account: accountB}, outcome{ImplicitDeny, ResourceBased}},
		{"a bucket of one's own", "user", layers{identity: []string{"Allow *"}}, Resource{ARN: "arn:aws:s3:::b"}, outcome{Allow, ""}},
		{"AWS's", "user", layers{identity: []string{"Allow *"}}, Resource{ARN: "arn:aws:iam::aws:policy/ReadOnlyAccess"}, outcome{Allow, ""}},
		{"required", "user", layers{identity: []string{"Allow *"}}, Resource{ARN: keyARN, Required: true}, outcome{ImplicitDeny, ResourceBased}},
		{"required, root", "root", layers{}, Resource{ARN: keyARN, Required: true}, outcome{ImplicitDeny, ResourceBased}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if tt.resource.ARN == "" {
				tt.resource.ARN = queueARN
			}
			r := &Request{Principal: people()[tt.who], Action: "sqs:SendMessage", Resources: []Resource{tt.resource}}
			own := &Policies{
				Identity: docs(t, tt.own.identity...), Session: docs(t, tt.own.session...),
				Bounded: tt.own.boundary != nil, Boundary: docs(t, tt.own.boundary...),
			}
			d := Decide(r, own)
			if got := (outcome{d.Effect, d.By}); got != tt.want {
				t.Errorf("%+v, want %+v", got, tt.want)
			}
		})
	}
}

// TestGrants has what a resource-based policy grants by itself and what it
// needs besides (IAM User Guide, "Policy evaluation for requests within a
// single account" and "Cross-account policy evaluation logic").
func TestGrants(t *testing.T) {
	t.Parallel()
	root := aws("arn:aws:iam::111111111111:root")
	const nothing, silent, full = "nothing", "a silent boundary and session policy", "everything"
	for _, tt := range []struct {
		who, principal, own, resource string
		want                          outcome
	}{
		{"user", aws(userARN), nothing, queueARN, outcome{Allow, ""}},
		{"user", aws(userARN), silent, queueARN, outcome{Allow, ""}},
		{"user", aws("AIDAMARYMARYMARYMARY"), silent, queueARN, outcome{Allow, ""}},
		{"user", aws(userARN + "2"), nothing, queueARN, outcome{ImplicitDeny, IdentityBased}},
		{"user", aws("*"), silent, queueARN, outcome{Allow, ""}},
		{"user", root, nothing, queueARN, outcome{ImplicitDeny, IdentityBased}},
		{"user", aws(accountA), full, queueARN, outcome{Allow, ""}},
		{"user", aws(accountB), full, queueARN, outcome{Allow, ""}},
		{"user", `{"CanonicalUser":"` + canonical + `"}`, full, keyARN, outcome{ImplicitDeny, ResourceBased}},

		{"session", aws(sessionARN), silent, queueARN, outcome{Allow, ""}},
		{"session", aws(roleARN), nothing, queueARN, outcome{Allow, ""}},
		{"session", aws("AROARRRRRRRRRRRRRRRR"), nothing, queueARN, outcome{Allow, ""}},
		{"session", aws(roleARN), silent, queueARN, outcome{ImplicitDeny, Boundary}},
		{"session", aws("arn:aws:iam::111111111111:role/r"), nothing, queueARN, outcome{ImplicitDeny, IdentityBased}},
		{"session", root, nothing, queueARN, outcome{ImplicitDeny, IdentityBased}},
		{"limited", aws(roleARN), nothing, queueARN, outcome{ImplicitDeny, SessionPolicy}},
		{"limited", aws(sessionARN), nothing, queueARN, outcome{Allow, ""}},
		{"federated", aws(fredARN), nothing, queueARN, outcome{Allow, ""}},
		{"federated", aws(userARN), nothing, queueARN, outcome{ImplicitDeny, SessionPolicy}},
		{"federated", aws(userARN), full, queueARN, outcome{Allow, ""}},

		{"user", aws(userARN), nothing, foreignARN, outcome{ImplicitDeny, IdentityBased}},
		{"user", aws(userARN), full, foreignARN, outcome{Allow, ""}},
		{"user", root, full, foreignARN, outcome{Allow, ""}},
		{"user", `"*"`, full, foreignARN, outcome{Allow, ""}},
		{"user", aws(userARN), silent, foreignARN, outcome{ImplicitDeny, IdentityBased}},
		{"session", aws(sessionARN), full, foreignARN, outcome{Allow, ""}},
		{"session", aws(userARN), full, foreignARN, outcome{ImplicitDeny, ResourceBased}},
		{"root", root, nothing, foreignARN, outcome{Allow, ""}},

		{"user", aws(userARN), nothing, keyARN, outcome{Allow, ""}},
		{"user", root, full, keyARN, outcome{Allow, ""}},
		{"user", root, nothing, keyARN, outcome{ImplicitDeny, IdentityBased}},
		{"user", aws(accountB), full, keyARN, outcome{ImplicitDeny, ResourceBased}},
		{"root", root, nothing, keyARN, outcome{Allow, ""}},
		{"root", aws(userARN), nothing, keyARN, outcome{ImplicitDeny, ResourceBased}},

		{"anonymous", `"*"`, nothing, queueARN, outcome{Allow, ""}},
		{"anonymous", aws("*"), nothing, queueARN, outcome{Allow, ""}},
		{"anonymous", root, nothing, queueARN, outcome{ImplicitDeny, ResourceBased}},
		{"service", `{"Service":"sns.amazonaws.com"}`, nothing, queueARN, outcome{Allow, ""}},
		{"service", `{"Service":"s3.amazonaws.com"}`, nothing, queueARN, outcome{ImplicitDeny, ResourceBased}},
		{"service", `"*"`, nothing, queueARN, outcome{Allow, ""}},
		{"web", `{"Federated":"cognito-identity.amazonaws.com"}`, nothing, queueARN, outcome{Allow, ""}},
		{"web", `{"Federated":"accounts.google.com"}`, nothing, queueARN, outcome{ImplicitDeny, ResourceBased}},
	} {
		t.Run(tt.who+" "+tt.principal+" "+tt.own+" "+tt.resource, func(t *testing.T) {
			t.Parallel()
			own := &Policies{}
			switch tt.own {
			case silent:
				own.Bounded = true
			case full:
				own = &Policies{Identity: docs(t, "Allow *"), Session: docs(t, "Allow *")}
			}
			r := &Request{Principal: people()[tt.who], Action: "x:Y", Resources: []Resource{{
				ARN: tt.resource, Policies: resourceDoc(t, "Allow", "Principal", tt.principal, "x:Y"),
				Required: tt.resource == keyARN, Guarded: true,
			}}}
			d := Decide(r, own)
			if got := (outcome{d.Effect, d.By}); got != tt.want {
				t.Errorf("%+v, want %+v", got, tt.want)
			}
		})
	}
}

// TestBestGrant has several statements that allow: the one that gives most counts.
func TestBestGrant(t *testing.T) {
	t.Parallel()
	policies := append(resourceDoc(t, "Allow", "Principal", aws(accountA), "x:*"), resourceDoc(t, "Allow", "Principal", aws(sessionARN), "x:*")...)
	policies = append(policies, resourceDoc(t, "Allow", "Principal", aws(roleARN), "x:*")...)
	r := &Request{Principal: people()["limited"], Action: "x:Y", Resources: []Resource{{ARN: queueARN, Policies: policies}}}
	want := Decision{Effect: Allow, Matched: []Match{{policies[1], 0}}}
	if diff := cmp.Diff(want, Decide(r, nil), cmp.Comparer(func(a, b *Document) bool { return a == b })); diff != "" {
		t.Error(diff)
	}
}

// TestDenials has whom Deny with Principal and NotPrincipal reaches: everything
// else allows.
func TestDenials(t *testing.T) {
	t.Parallel()
	list := func(arns ...string) string {
		s := ""
		for _, a := range arns {
			s += `,"` + a + `"`
		}
		return `{"AWS":[` + s[1:] + `]}`
	}
	for _, tt := range []struct {
		who, element, principal string
		want                    Effect
	}{
		{"user", "Principal", `"*"`, ExplicitDeny},
		{"root", "Principal", `"*"`, ExplicitDeny},
		{"service", "Principal", `"*"`, ExplicitDeny},
		{"user", "Principal", list(accountA), ExplicitDeny},
		{"session", "Principal", list(roleARN), ExplicitDeny},
		{"session", "Principal", list(sessionARN + "2"), Allow},
		{"federated", "Principal", list(userARN), ExplicitDeny},
		{"user", "Principal", list(accountB), Allow},

		{"user", "NotPrincipal", list(userARN), ExplicitDeny},
		{"user", "NotPrincipal", list(userARN, accountA), Allow},
		{"user", "NotPrincipal", list(accountA), ExplicitDeny},
		{"root", "NotPrincipal", list(accountA), Allow},
		{"root", "NotPrincipal", list(accountB), ExplicitDeny},
		{"session", "NotPrincipal", list(sessionARN, accountA), ExplicitDeny},
		{"session", "NotPrincipal", list(sessionARN, roleARN), ExplicitDeny},
		{"session", "NotPrincipal", list(sessionARN, roleARN, accountA), Allow},
		{"federated", "NotPrincipal", list(fredARN, accountA), Allow},
		{"federated", "NotPrincipal", list(userARN, accountA), ExplicitDeny},
		{"service", "NotPrincipal", `{"Service":"sns.amazonaws.com"}`, Allow},
		{"service", "NotPrincipal", list(accountA), ExplicitDeny},
		{"user", "NotPrincipal", `"*"`, Allow},
	} {
		t.Run(tt.who+" "+tt.element+" "+tt.principal, func(t *testing.T) {
			t.Parallel()
			r := &Request{Principal: people()[tt.who], Action: "x:Y", Resources: []Resource{{
				ARN: queueARN, Policies: resourceDoc(t, "Deny", tt.element, tt.principal, "x:Y"),
			}}}
			own := &Policies{Identity: docs(t, "Allow *"), Session: docs(t, "Allow *")}
			if d := Decide(r, own); d.Effect != tt.want {
				t.Errorf("%v, want %v", d.Effect, tt.want)
			}
			own.Bounded, own.Boundary = true, own.Identity
			if d := Decide(r, own); tt.element == "NotPrincipal" && tt.principal != `"*"` && tt.who != "service" && d.Effect != ExplicitDeny {
				t.Errorf("with a boundary: %v", d.Effect)
			}
		})
	}
}

// TestNotPrincipalAllows has Allow with NotPrincipal: everybody but those named.
func TestNotPrincipalAllows(t *testing.T) {
	t.Parallel()
	for who, want := range map[string]Effect{
		"user": ImplicitDeny, "session": ImplicitDeny, "root": Allow, "anonymous": Allow,
		"web": Allow, "service": Allow,
	} {
		r := &Request{Principal: people()[who], Action: "x:Y", Resources: []Resource{{
			ARN: queueARN, Policies: resourceDoc(t, "Allow", "NotPrincipal", aws(accountA), "x:Y"), Guarded: true,
		}}}
		if d := Decide(r, nil); d.Effect != want {
			t.Errorf("%s: %v", who, d.Effect)
		}
	}
}

// TestTrust has trust policies of roles: they decide who assumes the role and
// have no say in who administers it.
func TestTrust(t *testing.T) {
	t.Parallel()
	trust := func(statement string) Resource {
		return Resource{ARN: targetARN, Policies: []*Document{parse(t, with(statement), TrustUse)}, Required: true, Guarded: true}
	}
	account := trust(`{"Effect":"Allow","Principal":{"AWS":"` + accountA + `"},"Action":"sts:AssumeRole"}`)
	for _, tt := range []struct {
		who, action string
		identity    []string
		resource    Resource
		want        outcome
	}{
		{"user", "sts:AssumeRole", []string{"Allow sts:* " + targetARN}, account, outcome{Allow, ""}},
		{"user", "sts:AssumeRole", nil, account, outcome{ImplicitDeny, IdentityBased}},
		{"user", "sts:TagSession", []string{"Allow *"}, account, outcome{ImplicitDeny, TrustPolicy}},
		{"user", "sts:AssumeRole", nil, trust(`{"Effect":"Allow","Principal":{"AWS":"` + userARN + `"},"Action":"sts:*"}`), outcome{Allow, ""}},
		{"user", "sts:AssumeRole", []string{"Allow *"}, trust(`{"Effect":"Deny","Principal":"*","Action":"sts:*"}`), outcome{ExplicitDeny, TrustPolicy}},
		{"service", "sts:AssumeRole", nil, trust(`{"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},"Action":"sts:AssumeRole"}`), outcome{Allow, ""}},
		{"service", "sts:AssumeRole", nil, account, outcome{ImplicitDeny, TrustPolicy}},
		{"web", "sts:AssumeRoleWithWebIdentity", nil, account, outcome{ImplicitDeny, TrustPolicy}},
		{"user", "iam:DeleteRole", []string{"Allow iam:*"}, account, outcome{Allow, ""}},
		{"user", "iam:PassRole", nil, account, outcome{ImplicitDeny, IdentityBased}},
		{"service", "iam:GetRole", nil, account, outcome{Allow, ""}},
	} {
		r := &Request{Principal: people()[tt.who], Action: tt.action, Resources: []Resource{tt.resource}}
		d := Decide(r, &Policies{Identity: docs(t, tt.identity...)})
		if got := (outcome{d.Effect, d.By}); got != tt.want {
			t.Errorf("%s %s with %q: %+v, want %+v", tt.who, tt.action, tt.identity, got, tt.want)
		}
	}
}

// TestSovereign has the owner's root user before a bucket policy that denies
// everything to everybody.
func TestSovereign(t *testing.T) {
	t.Parallel()
	locked := Resource{ARN: "arn:aws:s3:::b", Account: accountA, Required: true, Policies: []*Document{parse(t, with(
		`[{"Effect":"Deny","Principal":"*","Action":"s3:*"},{"Effect":"Allow","Principal":"*","Action":"s3:*"}]`), ResourceUse)}}
	for _, tt := range []struct {
		who, action string
		owner       string
		want        Effect
	}{
		{"root", "s3:DeleteBucketPolicy", accountA, Allow},
		{"root", "s3:PutBucketPolicy", accountA, Allow},
		{"root", "s3:GetObject", accountA, ExplicitDeny},
		{"user", "s3:DeleteBucketPolicy", accountA, ExplicitDeny},
		{"root", "s3:DeleteBucketPolicy", accountB, ExplicitDeny},
	} {
		locked.Account = tt.owner
		r := &Request{Principal: people()[tt.who], Action: tt.action, Resources: []Resource{locked}}
		if d := Decide(r, &Policies{Identity: docs(t, "Allow *")}); d.Effect != tt.want {
			t.Errorf("%s %s of %s: %v", tt.who, tt.action, tt.owner, d.Effect)
		}
	}
}

// TestSeveralResources has requests on several resources: each must be allowed.
func TestSeveralResources(t *testing.T) {
	t.Parallel()
	own := &Policies{Identity: docs(t, "Allow s3:* arn:aws:s3:::a*", "Deny s3:* arn:aws:s3:::ab")}
	for _, tt := range []struct {
		arns []string
		want Decision
	}{
		{nil, Decision{Effect: ImplicitDeny, By: IdentityBased, Resource: "*"}},
		{[]string{"arn:aws:s3:::a", "arn:aws:s3:::aa"}, Decision{Effect: Allow, Matched: []Match{{own.Identity[0], 0}, {own.Identity[0], 0}}}},
		{[]string{"arn:aws:s3:::a", "arn:aws:s3:::b", "arn:aws:s3:::ab"}, Decision{Effect: ImplicitDeny, By: IdentityBased, Resource: "arn:aws:s3:::b"}},
		{[]string{"arn:aws:s3:::a", "arn:aws:s3:::ab"}, Decision{Effect: ExplicitDeny, By: IdentityBased, Resource: "arn:aws:s3:::ab", Matched: []Match{{own.Identity[1], 0}}}},
	} {
		r := &Request{Principal: people()["user"], Action: "S3:getobject"}
		for _, arn := range tt.arns {
			r.Resources = append(r.Resources, Resource{ARN: arn})
		}
		if diff := cmp.Diff(tt.want, Decide(r, own), cmp.Comparer(func(a, b *Document) bool { return a == b })); diff != "" {
			t.Errorf("%q: %s", tt.arns, diff)
		}
	}
}

// TestIncompleteARNs has identity-based policies that leave the end of an ARN
// out.
func TestIncompleteARNs(t *testing.T) {
	t.Parallel()
	for pattern, want := range map[string]Effect{
		"arn:aws:sqs": Allow, "arn:aws:sqs:us-east-1": Allow, "arn:aws:sqs:eu-*": ImplicitDeny, "arn:aws:sns": ImplicitDeny,
		"arn:aws:sqs:*": Allow, "arn:aws:sqs:*:*:?": Allow, "arn:aws:sqs:*:${aws:PrincipalAccount}": Allow, "arn:aws:sqs:*q": ImplicitDeny,
	} {
		d := parse(t, with(`{"Effect":"Allow","Action":"*","Resource":"`+pattern+`"}`), Identity)
		r := &Request{Principal: people()["user"], Action: "sqs:SendMessage", Resources: []Resource{{ARN: queueARN}}}
		if got := Decide(r, &Policies{Identity: []*Document{d}}); got.Effect != want {
			t.Errorf("%s: %v", pattern, got.Effect)
		}
	}
}

func TestSimulate(t *testing.T) {
	t.Parallel()
	own := &Policies{Identity: docs(t, "Allow sqs:*", "Allow *", "Deny sqs:* "+foreignARN, "Deny *:Send* "+foreignARN), Bounded: true}
	own.Boundary = docs(t, "Allow sqs:* "+queueARN)
	r := &Request{Principal: people()["user"], Action: "sqs:SendMessage", Resources: []Resource{{ARN: queueARN}, {ARN: foreignARN}, {ARN: "*"}}}
	got := Simulate(r, own)
	id := own.Identity
	want := []Simulation{
		{
			Decision: Decision{Effect: Allow, Matched: []Match{{id[0], 0}, {id[1], 0}, {own.Boundary[0], 0}}},
			Resource: queueARN, ByIdentity: Allow, ByBoundary: Allow, Bounded: true,
		},
		{
			Decision: Decision{Effect: ExplicitDeny, By: IdentityBased, Resource: foreignARN, Matched: []Match{{id[2], 0}, {id[3], 0}}},
			Resource: foreignARN, Across: true, ByIdentity: ExplicitDeny, Bounded: true,
		},
		{
			Decision: Decision{Effect: ImplicitDeny, By: Boundary, Resource: "*"},
			Resource: "*", ByIdentity: Allow, Bounded: true,
		},
	}
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b *Document) bool { return a == b })); diff != "" {
		t.Error(diff)
	}
}

func TestPrincipalKeys(t *testing.T) {
	t.Parallel()
	issued := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	session := people()["session"]
	session.Tags = map[string]string{"Team": "red"}
	session.Session.Issued, session.Session.SourceIdentity, session.Session.Provider = issued, "mary", "idp"
	session.Session.Keys = Keys{"idp:sub": {"m"}}
	for _, tt := range []struct {
		who  Principal
		want Keys
	}{
		{people()["user"], Keys{
			"aws:principalarn": {userARN}, "aws:principalaccount": {accountA}, "aws:principaltype": {"User"},
			"aws:userid": {"AIDAMARYMARYMARYMARY"}, "aws:username": {"mary"}, "aws:principalisawsservice": {"false"},
		}},
		{session, Keys{
			"aws:principalarn": {roleARN}, "aws:principalaccount": {accountA}, "aws:principaltype": {"AssumedRole"},
			"aws:userid": {"AROARRRRRRRRRRRRRRRR:s"}, "aws:principalisawsservice": {"false"}, "aws:principaltag/team": {"red"},
			"aws:tokenissuetime": {"2026-01-02T03:04:05Z"}, "aws:multifactorauthpresent": {"false"},
			"aws:sourceidentity": {"mary"}, "aws:federatedprovider": {"idp"}, "idp:sub": {"m"},
		}},
		{people()["root"], Keys{
			"aws:principalarn": {"arn:aws:iam::111111111111:root"}, "aws:principalaccount": {accountA},
			"aws:principaltype": {"Account"}, "aws:userid": {accountA}, "aws:principalisawsservice": {"false"},
		}},
		{people()["service"], Keys{
			"aws:principalisawsservice": {"true"}, "aws:principalservicename": {"sns.amazonaws.com"},
			"aws:principalservicenameslist": {"sns.amazonaws.com"},
		}},
		{people()["anonymous"], Keys{
			"aws:principaltype": {"Anonymous"}, "aws:userid": {"anonymous"}, "aws:principalisawsservice": {"false"},
		}},
	} {
		if diff := cmp.Diff(tt.want, PrincipalKeys(&tt.who)); diff != "" {
			t.Errorf("%s: %s", tt.who.Kind, diff)
		}
	}
	session.Session.MFA, session.Session.Issued = true, time.Now().Add(-time.Minute)
	if age := PrincipalKeys(&session)["aws:multifactorauthage"]; len(age) != 1 || age[0] < "60" || age[0] > "75" {
		t.Errorf("age %q", age)
	}
}
