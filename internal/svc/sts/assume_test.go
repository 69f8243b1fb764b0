package sts_test

import (
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	api "nephele.dev/nephele/internal/api/sts"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/identity"
	"nephele.dev/nephele/internal/identity/keyid"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
)

const (
	admin = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`
	every = "AssumeRole TagSession SetSourceIdentity"
)

func TestAssumeRole(t *testing.T) {
	t.Parallel()
	w := newWorld(t, false)
	alice := w.user(t, here, "alice", admin)
	arn := w.role(t, here, "reader", trust("AssumeRole", aws(alice.ARN), ""), allow("s3:GetObject", "*"))
	out, err := w.as(alice).AssumeRole(t.Context(), &api.AssumeRoleInput{RoleArn: arn, RoleSessionName: "me"})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := out.AssumedRoleUser.Arn, "arn:aws:sts::111122223333:assumed-role/reader/me"; got != want {
		t.Errorf("ARN %s, want %s", got, want)
	}
	if id := out.AssumedRoleUser.AssumedRoleId; !strings.HasPrefix(id, "AROA") || !strings.HasSuffix(id, ":me") {
		t.Errorf("id %s", id)
	}
	if left := time.Until(out.Credentials.Expiration); left < 59*time.Minute || left > time.Hour {
		t.Errorf("expires in %v", left)
	}
	if out.PackedPolicySize != nil || out.SourceIdentity != nil {
		t.Errorf("%+v", out)
	}
	reader := w.bearer(t, out.Credentials)
	who, err := w.as(reader).GetCallerIdentity(t.Context(), &api.GetCallerIdentityInput{})
	if err != nil {
		t.Fatal(err)
	}
	if *who.Arn != out.AssumedRoleUser.Arn || *who.UserId != out.AssumedRoleUser.AssumedRoleId || *who.Account != here {
		t.Errorf("%s %s %s", *who.Arn, *who.UserId, *who.Account)
	}
	if !w.allowed(t, reader, "s3:GetObject", "arn:aws:s3:::b/k") || w.allowed(t, reader, "s3:PutObject", "arn:aws:s3:::b/k") {
		t.Error("the session has not the permissions of its role")
	}
	w.dropRole(t, here, "reader")
	if w.allowed(t, reader, "s3:GetObject", "arn:aws:s3:::b/k") {
		t.Error("the session outlives its role")
	}
	w.role(t, here, "reader", trust("AssumeRole", aws(alice.ARN), ""), admin)
	if w.allowed(t, reader, "s3:GetObject", "arn:aws:s3:::b/k") {
		t.Error("the session has the permissions of another role of the same name")
	}
}

// TestTrust is who may assume which role.
func TestTrust(t *testing.T) {
	t.Parallel()
	w := newWorld(t, false)
	alice, bob := w.user(t, here, "alice", admin), w.user(t, here, "bob", "")
	carol := w.user(t, there, "carol", allow("sts:AssumeRole", "arn:aws:iam::111122223333:role/*"))
	dave := w.user(t, there, "dave", "")
	account := w.role(t, here, "account", trust(every, aws(here), ""), "")
	named := w.role(t, here, "named", trust(every, aws(bob.ARN), ""), "")
	foreign := w.role(t, here, "foreign", trust(every, aws("arn:aws:iam::"+there+":root"), `{"StringEquals":{"sts:ExternalId":"s3cret"}}`), "")
	session := w.role(t, here, "session", trust(every, aws(here), `{"StringEquals":{"sts:RoleSessionName":"${aws:username}"}}`), "")
	untagged := w.role(t, here, "untagged", trust("AssumeRole", aws(here), ""), "")
	team := w.role(t, here, "team", trust(every, aws(here), `{"StringLike":{"aws:RequestTag/Team":["red","blue"]}}`), "")
	sourced := w.role(t, here, "sourced", trust(every, aws(here), `{"StringEquals":{"sts:SourceIdentity":"alice"}}`), "")
	fixed := w.role(t, here, "fixed", trust(every, aws(here), `{"ForAllValues:StringEquals":{"sts:TransitiveTagKeys":["Team"]}}`), "")
	service := w.role(t, here, "service", trust(every, `{"Service":"synthetics.amazonaws.com"}`, ""), "")
	tags := []*api.Tag{{Key: "Team", Value: "red"}}
	robot := plane.ServiceCaller("synthetics.amazonaws.com", here, "us-east-1")
	for _, tt := range []struct {
		name   string
		caller plane.Caller
		in     api.AssumeRoleInput
		want   bool
	}{
		{"account, with a policy", alice, api.AssumeRoleInput{RoleArn: account}, true},
		{"account, without one", bob, api.AssumeRoleInput{RoleArn: account}, false},
		{"named", bob, api.AssumeRoleInput{RoleArn: named}, true},
		{"not named, with a policy", alice, api.AssumeRoleInput{RoleArn: named}, false},
		{"abroad, both sides", carol, api.AssumeRoleInput{RoleArn: foreign, ExternalId: new("s3cret")}, true},
		{"abroad, without external id", carol, api.AssumeRoleInput{RoleArn: foreign}, false},
		{"abroad, another external id", carol, api.AssumeRoleInput{RoleArn: foreign, ExternalId: new("guess")}, false},
		{"abroad, only trusted", dave, api.AssumeRoleInput{RoleArn: foreign, ExternalId: new("s3cret")}, false},
		{"abroad, only allowed", carol, api.AssumeRoleInput{RoleArn: account}, false},
		{"session name", alice, api.AssumeRoleInput{RoleArn: session, RoleSessionName: "alice"}, true},
		{"another session name", alice, api.AssumeRoleInput{RoleArn: session, RoleSessionName: "bob"}, false},
		{"tags where none are let in", alice, api.AssumeRoleInput{RoleArn: untagged, Tags: tags}, false},
		{"source identity where none is let in", alice, api.AssumeRoleInput{RoleArn: untagged, SourceIdentity: new("alice")}, false},
		{"neither", alice, api.AssumeRoleInput{RoleArn: untagged}, true},
		{"a tag", alice, api.AssumeRoleInput{RoleArn: team, Tags: tags}, true},
		{"another tag", alice, api.AssumeRoleInput{RoleArn: team, Tags: []*api.Tag{{Key: "Team", Value: "green"}}}, false},
		{"no tag", alice, api.AssumeRoleInput{RoleArn: team}, false},
		{"a source identity", alice, api.AssumeRoleInput{RoleArn: sourced, SourceIdentity: new("alice")}, true},
		{"another source identity", alice, api.AssumeRoleInput{RoleArn: sourced, SourceIdentity: new("mallory")}, false},
		{"no source identity", alice, api.AssumeRoleInput{RoleArn: sourced}, false},
		{"transitive", alice, api.AssumeRoleInput{RoleArn: fixed, Tags: tags, TransitiveTagKeys: []string{"Team"}}, true},
		{"another one transitive", alice, api.AssumeRoleInput{RoleArn: fixed, Tags: []*api.Tag{{Key: "Cost"}}, TransitiveTagKeys: []string{"Cost"}}, false},
		{"a service", robot, api.AssumeRoleInput{RoleArn: service}, true},
		{"a user for a service", alice, api.AssumeRoleInput{RoleArn: service}, false},
		{"a service that is not trusted", robot, api.AssumeRoleInput{RoleArn: account}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if tt.in.RoleSessionName == "" {
				tt.in.RoleSessionName = "me"
			}
			_, err := w.as(tt.caller).AssumeRole(t.Context(), &tt.in)
			if err != nil && !awserr.Is(err, "AccessDenied") {
				t.Fatal(err)
			}
			if (err == nil) != tt.want {
				t.Errorf("%v", err)
			}
		})
	}
}

// TestAssumeRoleRefused is every rule that is not trust.
func TestAssumeRoleRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, false)
	alice := w.user(t, here, "alice", admin)
	arn := w.role(t, here, "r", trust(every, aws(here), ""), "")
	fifty := make([]*api.Tag, 50)
	for i := range fifty {
		fifty[i] = &api.Tag{Key: fmt.Sprint(i), Value: rand.Text() + rand.Text() + rand.Text()}
	}
	tag := func(keys ...string) (tags []*api.Tag) {
		for _, k := range keys {
			tags = append(tags, &api.Tag{Key: k, Value: "v"})
		}
		return tags
	}
	managed := func(arns ...string) (out []*api.PolicyDescriptorType) {
		for _, a := range arns {
			out = append(out, &api.PolicyDescriptorType{Arn: &a})
		}
		return out
	}
	root := plane.RootCaller(here, "us-east-1")
	for _, tt := range []struct {
		name   string
		caller plane.Caller
		in     api.AssumeRoleInput
		want   string
	}{
		{"root", root, api.AssumeRoleInput{}, "AccessDenied: Roles may not be assumed by root accounts."},
		{"no role", alice, api.AssumeRoleInput{RoleArn: "arn:aws:iam::111122223333:role/missing"}, "AccessDenied: User: arn:aws:iam::111122223333:user/alice is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::111122223333:role/missing because no role trust policy allows the sts:AssumeRole action"},
		{"another path", alice, api.AssumeRoleInput{RoleArn: "arn:aws:iam::111122223333:role/r"}, "AccessDenied: User: arn:aws:iam::111122223333:user/alice is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::111122223333:role/r because no role trust policy allows the sts:AssumeRole action"},
		{"no ARN", alice, api.AssumeRoleInput{RoleArn: "this is not an arn at all"}, "ValidationError: this is not an arn at all is invalid"},
		{"a user's ARN", alice, api.AssumeRoleInput{RoleArn: alice.ARN}, "ValidationError: Request ARN is invalid"},
		{"as long as allowed", alice, api.AssumeRoleInput{DurationSeconds: new(int32(7200))}, ""},
		{"longer", alice, api.AssumeRoleInput{DurationSeconds: new(int32(7201))}, "ValidationError: The requested DurationSeconds exceeds the MaxSessionDuration set for this role."},
		{"MFA", alice, api.AssumeRoleInput{SerialNumber: new("GAHT12345678"), TokenCode: new("123456")}, "NotImplemented: Nephele does not implement MFA devices yet: SerialNumber and TokenCode cannot be given."},
		{"contexts", alice, api.AssumeRoleInput{ProvidedContexts: []*api.ProvidedContext{{}}}, "NotImplemented: Nephele does not implement ProvidedContexts yet."},
		{"duplicate tags", alice, api.AssumeRoleInput{Tags: tag("Team", "team")}, "InvalidParameterValue: Duplicate tag keys found. Please note that Tag keys are case insensitive."},
		{"a tag of AWS's", alice, api.AssumeRoleInput{Tags: tag("aws:x")}, "InvalidParameterValue: aws: prefixed tag key names are not allowed for external use."},
		{"transitive without tag", alice, api.AssumeRoleInput{Tags: tag("a"), TransitiveTagKeys: []string{"b"}}, "InvalidParameterValue: The specified transitive tag key must be included in the requested tags."},
		{"transitive in another case", alice, api.AssumeRoleInput{Tags: tag("Team"), TransitiveTagKeys: []string{"team"}}, ""},
		{"half a policy", alice, api.AssumeRoleInput{Policy: new("{")}, "MalformedPolicyDocument"},
		{"a policy with a principal", alice, api.AssumeRoleInput{Policy: new(trust(every, aws(here), ""))}, "MalformedPolicyDocument"},
		{"a policy that is too long", alice, api.AssumeRoleInput{Policy: new(strings.Replace(admin, "{", "{"+strings.Repeat(" ", 2048), 1))}, "ValidationError: 1 validation error detected: Value at 'policy' failed to satisfy constraint: Member must have length less than or equal to 2048"},
		{"eleven policies", alice, api.AssumeRoleInput{PolicyArns: managed(slices.Repeat([]string{"arn:aws:iam::aws:policy/ReadOnlyAccess"}, 11)...)}, "ValidationError: 1 validation error detected: Value at 'policyArns' failed to satisfy constraint: Member must have length less than or equal to 10"},
		{"no such policy", alice, api.AssumeRoleInput{PolicyArns: managed("arn:aws:iam::111122223333:policy/none")}, "ValidationError: The specified policy does not exist in account 111122223333: arn:aws:iam::111122223333:policy/none"},
		{"a policy of another account", alice, api.AssumeRoleInput{PolicyArns: managed("arn:aws:iam::444455556666:policy/p")}, "ValidationError: The specified policy does not exist in account 111122223333: arn:aws:iam::444455556666:policy/p"},
		{"no policy's ARN", alice, api.AssumeRoleInput{PolicyArns: managed("arn:aws:s3:::a-bucket-of-mine")}, "ValidationError: The specified policy ARN is invalid: arn:aws:s3:::a-bucket-of-mine"},
		{"tags that are too long together", alice, api.AssumeRoleInput{Tags: fifty}, "PackedPolicyTooLarge"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.in.RoleSessionName = "me"
			if tt.in.RoleArn == "" {
				tt.in.RoleArn = arn
			}
			_, err := w.as(tt.caller).AssumeRole(t.Context(), &tt.in)
			if code := tt.want; code != "" && !strings.Contains(code, ":") {
				if !awserr.Is(err, code) {
					t.Errorf("%v, want %s", err, code)
				}
				return
			}
			wantError(t, err, tt.want)
		})
	}
}

// TestWithoutAuthorization: everybody is root, and may assume what exists.
func TestWithoutAuthorization(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	root := w.as(plane.RootCaller(here, "us-east-1"))
	arn := w.role(t, here, "r", trust(every, `{"Service":"synthetics.amazonaws.com"}`, ""), "")
	out, err := root.AssumeRole(t.Context(), &api.AssumeRoleInput{RoleArn: arn, RoleSessionName: "me", DurationSeconds: new(int32(7200))})
	if err != nil {
		t.Fatal(err)
	}
	_, err = root.AssumeRole(t.Context(), &api.AssumeRoleInput{RoleArn: arn + "x", RoleSessionName: "me"})
	wantError(t, err, "AccessDenied: User: arn:aws:iam::111122223333:root is not authorized to perform: sts:AssumeRole on resource: "+arn+"x")
	_, err = w.as(w.bearer(t, out.Credentials)).AssumeRole(t.Context(), &api.AssumeRoleInput{RoleArn: arn, RoleSessionName: "me", DurationSeconds: new(int32(3601))})
	wantError(t, err, "ValidationError: The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining")
}

func TestSessionPolicies(t *testing.T) {
	t.Parallel()
	w := newWorld(t, false)
	alice := w.user(t, here, "alice", admin)
	arn := w.role(t, here, "r", trust(every, aws(here), ""), allow("s3:*", "*"))
	const object = "arn:aws:s3:::b/k"
	for _, tt := range []struct {
		name    string
		inline  *string
		managed string
		allowed string
	}{
		{"none", nil, "", "s3:GetObject s3:PutObject"},
		{"inline", new(allow("s3:GetObject sqs:SendMessage", "*")), "", "s3:GetObject"},
		{"managed", nil, "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess", "s3:GetObject"},
		{"both", new(allow("s3:PutObject", "*")), "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess", "s3:GetObject s3:PutObject"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			in := &api.AssumeRoleInput{RoleArn: arn, RoleSessionName: "me", Policy: tt.inline}
			if tt.managed != "" {
				in.PolicyArns = []*api.PolicyDescriptorType{{Arn: &tt.managed}}
			}
			out, err := w.as(alice).AssumeRole(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			if limited := tt.name != "none"; limited != (out.PackedPolicySize != nil) {
				t.Errorf("packed size %v", out.PackedPolicySize)
			}
			c := w.bearer(t, out.Credentials)
			var got []string
			for _, action := range []string{"s3:GetObject", "s3:PutObject", "sqs:SendMessage"} {
				if w.allowed(t, c, action, object) {
					got = append(got, action)
				}
			}
			if all := strings.Join(got, " "); all != tt.allowed {
				t.Errorf("allowed: %s, want %s", all, tt.allowed)
			}
		})
	}
}

// TestSessionPolicyGone: a managed policy that is deleted allows its sessions
// nothing more.
func TestSessionPolicyGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, false)
	alice := w.user(t, here, "alice", admin)
	arn := w.role(t, here, "r", trust(every, aws(here), ""), admin)
	p := identity.Policy{Default: "v1", Versions: []identity.Version{{ID: "v1", Document: allow("s3:*", "*")}}}
	p.Entity = identity.Entity{Account: here, Name: "p", Path: "/", ID: keyid.NewUnique(keyid.Policy, here)}
	w.update(t, here, func(tx *store.Tx) error {
		_, err := identity.Policies.Create(tx, p.Key(), p)
		return err
	})
	out, err := w.as(alice).AssumeRole(t.Context(), &api.AssumeRoleInput{
		RoleArn: arn, RoleSessionName: "me", PolicyArns: []*api.PolicyDescriptorType{{Arn: new(p.ARN())}},
	})
	if err != nil {
		t.Fatal(err)
	}
	c := w.bearer(t, out.Credentials)
	if !w.allowed(t, c, "s3:GetObject", "arn:aws:s3:::b/k") || w.allowed(t, c, "sqs:SendMessage", "*") {
		t.Error("the session has not what its policy allows")
	}
	w.update(t, here, func(tx *store.Tx) error { return identity.Policies.Delete(tx, p.Key()) })
	if w.allowed(t, c, "s3:GetObject", "arn:aws:s3:::b/k") {
		t.Error("the session policy outlives itself")
	}
}

// TestChain follows tags and a source identity from session to session.
func TestChain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, false)
	alice := w.user(t, here, "alice", admin)
	first := w.role(t, here, "first", trust(every, aws(here), ""), admin)
	second := w.role(t, here, "second", trust(every, aws(here), `{"StringEquals":{"aws:RequestTag/project":"Unicorn","sts:SourceIdentity":"alice"}}`), admin)
	closed := w.role(t, here, "closed", trust("AssumeRole", aws(here), ""), admin)
	out, err := w.as(alice).AssumeRole(t.Context(), &api.AssumeRoleInput{
		RoleArn: first, RoleSessionName: "one", SourceIdentity: new("alice"), TransitiveTagKeys: []string{"project"},
		Tags: []*api.Tag{{Key: "Project", Value: "Unicorn"}, {Key: "Cost", Value: "1"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if *out.SourceIdentity != "alice" || *out.PackedPolicySize == 0 {
		t.Errorf("%+v", out)
	}
	one := w.bearer(t, out.Credentials)
	if diff := cmp.Diff(map[string]string{"Project": "Unicorn", "Cost": "1"}, one.Tags); diff != "" {
		t.Error(diff)
	}
	out, err = w.as(one).AssumeRole(t.Context(), &api.AssumeRoleInput{
		RoleArn: second, RoleSessionName: "two", Tags: []*api.Tag{{Key: "cost", Value: "2"}}, DurationSeconds: new(int32(3600)),
	})
	if err != nil {
		t.Fatal(err)
	}
	two := w.bearer(t, out.Credentials)
	if diff := cmp.Diff(map[string]string{"Project": "Unicorn", "cost": "2"}, two.Tags); diff != "" {
		t.Error(diff)
	}
	if two.Session.SourceIdentity != "alice" || !slices.Equal(two.Session.Transitive, []string{"Project"}) || *out.SourceIdentity != "alice" {
		t.Errorf("%+v", two.Session)
	}
	for _, tt := range []struct {
		name string
		in   api.AssumeRoleInput
		want string
	}{
		{"longer than an hour", api.AssumeRoleInput{DurationSeconds: new(int32(3601))}, "ValidationError: The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining"},
		{"inherited tag", api.AssumeRoleInput{Tags: []*api.Tag{{Key: "PROJECT", Value: "Unicorn"}}}, "InvalidParameterValue: One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session."},
		{"the same source identity", api.AssumeRoleInput{SourceIdentity: new("alice")}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.in.RoleArn, tt.in.RoleSessionName = second, "me"
			_, err := w.as(two).AssumeRole(t.Context(), &tt.in)
			wantError(t, err, tt.want)
		})
	}
	_, err = w.as(two).AssumeRole(t.Context(), &api.AssumeRoleInput{RoleArn: first, RoleSessionName: "me", SourceIdentity: new("mallory")})
	wantError(t, err, "ValidationError: The source identity is already set for this assume role session")
	// A role that lets no tags in lets no session in that would hand some on.
	if _, err := w.as(two).AssumeRole(t.Context(), &api.AssumeRoleInput{RoleArn: closed, RoleSessionName: "me"}); !awserr.Is(err, "AccessDenied") {
		t.Errorf("%v", err)
	}
	if _, err := w.as(alice).AssumeRole(t.Context(), &api.AssumeRoleInput{RoleArn: closed, RoleSessionName: "me"}); err != nil {
		t.Error(err)
	}
}
