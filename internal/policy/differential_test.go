package policy

import (
	"encoding/json"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// casesVariable sets how many random cases TestReference compares.
const casesVariable = "NEPHELE_POLICY_CASES"

// outcome is what is compared, and counted: a test that never sees an explicit
// deny by a boundary has not tested it.
type outcome struct {
	Effect Effect
	By     Kind
}

// cases is how many random cases a test compares.
func cases(t *testing.T, usual int) int {
	t.Helper()
	s := os.Getenv(casesVariable)
	if s == "" {
		return usual
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// compare fails where Decide and the reference differ.
func compare(t *rapid.T, r *Request, own *Policies) outcome {
	d := Decide(r, own)
	got := outcome{d.Effect, d.By}
	effect, by := refDecide(r, own)
	if diff := cmp.Diff(outcome{effect, by}, got); diff != "" {
		t.Fatalf("decision (-reference +Decide):\n%s%s", diff, describe(r, own))
	}
	return got
}

// TestReference compares Decide with the evaluator of reference_test.go over
// random policies, principals, resources and contexts.
func TestReference(t *testing.T) {
	t.Parallel()
	seen := map[outcome]int{}
	for range cases(t, 1500) / 100 { // rapid checks a hundred at a time
		rapid.Check(t, func(t *rapid.T) {
			r, own := drawRequest(t)
			seen[compare(t, r, own)]++
			checkSimulation(t, r, own)
		})
	}
	for _, want := range []outcome{
		{Allow, ""},
		{ExplicitDeny, IdentityBased},
		{ExplicitDeny, ResourceBased},
		{ExplicitDeny, TrustPolicy},
		{ExplicitDeny, Boundary},
		{ExplicitDeny, SessionPolicy},
		{ImplicitDeny, IdentityBased},
		{ImplicitDeny, ResourceBased},
		{ImplicitDeny, TrustPolicy},
		{ImplicitDeny, Boundary},
		{ImplicitDeny, SessionPolicy},
	} {
		if seen[want] == 0 {
			t.Errorf("no case of %+v", want)
		}
	}
	t.Logf("outcomes: %v", seen)
}

// TestReferenceConditions compares how conditions alone decide: everything else
// matches.
func TestReferenceConditions(t *testing.T) {
	t.Parallel()
	seen := map[outcome]int{}
	for range cases(t, 3000) / 100 {
		rapid.Check(t, func(t *rapid.T) {
			r := &Request{
				Principal: drawPrincipal(t), Action: "sqs:SendMessage", Keys: drawKeys(t),
				Resources: []Resource{{ARN: "arn:aws:sqs:us-east-1:" + accountA + ":q", Guarded: true}},
			}
			if chance(t, "resource tags", 30) {
				r.Resources[0].Keys = Keys{"aws:resourcetag/team": {one(t, "resource tag", "red", "blue")}}
			}
			s := map[string]any{
				"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": drawResources(t), "Condition": drawConditions(t),
			}
			if chance(t, "any resource", 80) {
				s["Resource"] = "*"
			}
			text, err := json.Marshal(map[string]any{"Version": one(t, "version", "2012-10-17", "2012-10-17", "2008-10-17"), "Statement": s})
			if err != nil {
				t.Fatal(err)
			}
			d, err := Parse(string(text), ResourceUse)
			if err != nil {
				t.Fatal(err)
			}
			r.Resources[0].Policies = []*Document{d}
			identity, err := Parse(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`, Identity)
			if err != nil {
				t.Fatal(err)
			}
			r.Resources[0].Required = true
			seen[compare(t, r, &Policies{Identity: []*Document{identity}, Session: []*Document{identity}})]++
		})
	}
	if seen[outcome{Allow, ""}] == 0 || seen[outcome{ImplicitDeny, ResourceBased}] == 0 {
		t.Errorf("outcomes: %v", seen)
	}
	t.Logf("outcomes: %v", seen)
}

// TestReferenceGrants compares what resource-based policies give to whom, and
// which other policies limit that: the others allow everything or nothing.
func TestReferenceGrants(t *testing.T) {
	t.Parallel()
	seen := map[outcome]int{}
	for range cases(t, 3000) / 100 {
		rapid.Check(t, func(t *rapid.T) {
			all := func(label string) []*Document {
				if chance(t, label, 50) {
					return nil
				}
				d, err := Parse(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`, Identity)
				if err != nil {
					t.Fatal(err)
				}
				return []*Document{d}
			}
			own := &Policies{Identity: all("identity"), Bounded: chance(t, "bounded", 40), Boundary: all("boundary"), Session: all("session")}
			res := Resource{
				ARN:      "arn:aws:sqs:us-east-1:" + one(t, "owner", accountA, accountA, accountB) + ":q",
				Required: chance(t, "required", 30), Guarded: chance(t, "guarded", 50),
			}
			for range rapid.IntRange(0, 2).Draw(t, "statements") {
				text, err := json.Marshal(map[string]any{"Statement": map[string]any{
					"Effect": one(t, "effect", "Allow", "Allow", "Deny"), one(t, "element", "Principal", "Principal", "NotPrincipal"): drawPrincipals(t), "Action": "*",
				}})
				if err != nil {
					t.Fatal(err)
				}
				d, err := Parse(string(text), ResourceUse)
				if err != nil {
					t.Fatal(err)
				}
				res.Policies = append(res.Policies, d)
			}
			r := &Request{Principal: drawPrincipal(t), Action: "sqs:SendMessage", Resources: []Resource{res}}
			seen[compare(t, r, own)]++
			checkSimulation(t, r, own)
		})
	}
	for _, want := range []outcome{
		{Allow, ""},
		{ExplicitDeny, ResourceBased},
		{ImplicitDeny, IdentityBased},
		{ImplicitDeny, ResourceBased},
		{ImplicitDeny, Boundary},
		{ImplicitDeny, SessionPolicy},
	} {
		if seen[want] == 0 {
			t.Errorf("no case of %+v", want)
		}
	}
	t.Logf("outcomes: %v", seen)
}

// checkSimulation compares Simulate with Decide, resource by resource.
func checkSimulation(t *rapid.T, r *Request, own *Policies) {
	for i, s := range Simulate(r, own) {
		one := *r
		one.Resources = r.Resources[i : i+1]
		d := Decide(&one, own)
		if s.Effect != d.Effect || s.By != d.By {
			t.Fatalf("simulation %v %q, decision %v %q%s", s.Effect, s.By, d.Effect, d.By, describe(&one, own))
		}
		for _, m := range d.Matched {
			found := false
			for _, o := range s.Matched {
				found = found || o == m
			}
			if !found {
				t.Fatalf("the simulation misses statement %d of %s%s", m.Statement, m.Document, describe(&one, own))
			}
		}
	}
}

// describe shows a case in full.
func describe(r *Request, own *Policies) string {
	texts := func(docs []*Document) []string {
		var out []string
		for _, d := range docs {
			out = append(out, d.String())
		}
		return out
	}
	show := map[string]any{
		"identity": texts(own.Identity), "boundary": texts(own.Boundary), "session": texts(own.Session),
		"bounded": own.Bounded, "request": r,
	}
	for _, res := range r.Resources {
		show["policies of "+res.ARN] = texts(res.Policies)
	}
	b, _ := json.MarshalIndent(show, "", "  ")
	return string(b)
}

func one(t *rapid.T, label string, from ...string) string {
	return rapid.SampledFrom(from).Draw(t, label)
}

func some(t *rapid.T, label string, least, most int, from ...string) []string {
	return rapid.SliceOfNDistinct(rapid.SampledFrom(from), least, most, rapid.ID[string]).Draw(t, label)
}

func chance(t *rapid.T, label string, percent int) bool {
	return rapid.IntRange(0, 99).Draw(t, label) < percent
}

const (
	accountA  = "111111111111"
	accountB  = "222222222222"
	canonical = "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"
)

func drawRequest(t *rapid.T) (*Request, *Policies) {
	r := &Request{
		Principal: drawPrincipal(t),
		Action: one(t, "action", "s3:GetObject", "s3:GetObject", "s3:PutObject", "sqs:SendMessage", "sts:AssumeRole",
			"kms:Decrypt", "s3:GetBucketPolicy", "iam:GetRole"),
		Keys: drawKeys(t),
	}
	for range rapid.IntRange(1, 2).Draw(t, "resources") {
		r.Resources = append(r.Resources, drawResource(t, r.Action))
	}
	own := &Policies{Bounded: chance(t, "bounded", 30)}
	own.Identity = drawDocuments(t, "identity", 3, Identity)
	if own.Bounded {
		own.Boundary = drawDocuments(t, "boundary", 1, Identity)
	}
	own.Session = drawDocuments(t, "session", 2, SessionUse)
	return r, own
}

func drawPrincipal(t *rapid.T) Principal {
	account := one(t, "account", accountA, accountA, accountA, accountB)
	p := Principal{Account: account, Canonical: canonical}
	if account == accountB {
		p.Canonical = ""
	}
	switch p.Kind = PrincipalKind(one(t, "kind", "User", "User", "AssumedRole", "AssumedRole", "Root", "FederatedUser", "Service", "Anonymous", "WebIdentity")); p.Kind {
	case User:
		p.ARN, p.ID = "arn:aws:iam::"+account+":user/staff/mary", "AIDAAAAAAAAAAAAAAAAAA"
		if chance(t, "temporary", 30) {
			p.Session = &Session{}
		}
	case AssumedRole:
		p.ARN, p.ID = "arn:aws:sts::"+account+":assumed-role/r/s", "AROAAAAAAAAAAAAAAAAAA:s"
		p.Session = &Session{Role: "arn:aws:iam::" + account + ":role/path/r", RoleID: "AROAAAAAAAAAAAAAAAAAA"}
	case Root:
		p.ARN, p.ID = "arn:aws:iam::"+account+":root", account
	case FederatedUser:
		p.ARN, p.ID = "arn:aws:sts::"+account+":federated-user/fred", account+":fred"
		p.Session = &Session{Parent: "arn:aws:iam::" + account + ":user/staff/mary", ParentID: "AIDAAAAAAAAAAAAAAAAAA"}
	case Service:
		p.ARN = "sns.amazonaws.com"
	case Anonymous:
		p.Account, p.Canonical = "", ""
	case WebIdentity:
		p.Account, p.Canonical, p.ARN = "", "", "cognito-identity.amazonaws.com"
	}
	drawSession(t, &p)
	return p
}

func drawSession(t *rapid.T, p *Principal) {
	if chance(t, "tagged", 50) && p.Kind != Anonymous && p.Kind != WebIdentity {
		p.Tags = map[string]string{"Team": one(t, "tag", "red", "blue", "*", "")}
	}
	if s := p.Session; s != nil {
		s.Issued = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
		s.Limited = chance(t, "limited", 40)
		s.MFA = chance(t, "mfa", 50)
		s.SourceIdentity = one(t, "source identity", "", "mary")
		if chance(t, "claims", 30) {
			s.Keys = map[string][]string{"idp.example:sub": {one(t, "sub", "mary", "bob")}}
		}
	}
}

func drawKeys(t *rapid.T) Keys {
	all := []struct {
		name   string
		values []string
		most   int
	}{
		{"aws:sourceip", []string{"203.0.113.7", "2001:db8::1", "10.0.0.1", "nonsense"}, 1},
		{"s3:prefix", []string{"mary/x", "", "Mary", "home/*"}, 1},
		{"aws:tagkeys", []string{"team", "cost", "owner", ""}, 3},
		{"aws:requesttag/team", []string{"red", "blue", "RED"}, 1},
		{"aws:currenttime", []string{"2026-01-02T03:04:05Z", "2026-01-01", "1767323045"}, 1},
		{"s3:max-keys", []string{"10", "11.5", "-3", "x"}, 1},
		{"aws:sourcearn", []string{"arn:aws:sns:us-east-1:111111111111:t", "arn:aws:s3:::b", "no arn"}, 1},
		{"aws:securetransport", []string{"true", "False"}, 1},
		{"x:bytes", []string{"hello", "bye"}, 1},
	}
	k := Keys{}
	for _, key := range all {
		if chance(t, key.name, 60) {
			k[key.name] = some(t, key.name, 0, key.most, key.values...)
		}
	}
	return k
}

func drawResource(t *rapid.T, action string) Resource {
	account := one(t, "owner", accountA, accountA, accountB)
	res := Resource{}
	switch {
	case chance(t, "nothing in particular", 8):
		res.ARN = "*"
	case action == "sqs:SendMessage":
		res.ARN, res.Guarded = "arn:aws:sqs:us-east-1:"+account+":q", chance(t, "guarded", 50)
	case action == "sts:AssumeRole", action == "iam:GetRole":
		res.ARN, res.Required, res.Guarded = "arn:aws:iam::"+account+":role/target", true, true
	case action == "kms:Decrypt":
		res.ARN, res.Required = "arn:aws:kms:us-east-1:"+account+":key/k", true
	default:
		res.ARN, res.Account = one(t, "object", "arn:aws:s3:::b/mary/k", "arn:aws:s3:::b/red/k", "arn:aws:s3:::b"), one(t, "bucket owner", "", account)
	}
	if res.ARN != "*" {
		use := ResourceUse
		if res.Required && res.Guarded {
			use = TrustUse
		}
		res.Policies = drawDocuments(t, "resource", 1, use)
	}
	if chance(t, "resource tags", 30) {
		res.Keys = Keys{"aws:resourcetag/team": {one(t, "resource tag", "red", "blue")}}
	}
	return res
}
