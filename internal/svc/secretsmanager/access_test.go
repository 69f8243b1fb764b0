package secretsmanager

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	api "nephele.dev/nephele/internal/api/secretsmanager"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/policy"
	"nephele.dev/nephele/internal/store/storetest"
)

// guard decides by policies that the test gives to principals, and remembers
// what it was asked.
type guard struct {
	mu    sync.Mutex
	own   map[string]string // policies by ARN
	asked []policy.Request
}

func (g *guard) Evaluate(_ context.Context, r policy.Request) (policy.Decision, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.asked = append(g.asked, r)
	own := &policy.Policies{}
	if text := g.own[r.Principal.ARN]; text != "" {
		doc, err := policy.Parse(text, policy.Identity)
		if err != nil {
			return policy.Decision{}, err
		}
		own.Identity = []*policy.Document{doc}
	}
	return policy.Decide(&r, own), nil
}

func userOf(account, name string) plane.Caller {
	return plane.Caller{
		Account: account, Region: testRegion, Kind: plane.User, ARN: "arn:aws:iam::" + account + ":user/" + name, ID: "AIDA" + name,
	}
}

func statements(all ...string) string {
	return `{"Version":"2012-10-17","Statement":[` + strings.Join(all, ",") + `]}`
}

// TestPermissions: identity-based policies see ARNs, tags, stages and names.
func TestPermissions(t *testing.T) {
	t.Parallel()
	g := &guard{own: map[string]string{}}
	b := newGuardedBench(t, storetest.SQLite(t), g)
	ctx := t.Context()
	name := b.create(t, "prod/db", "one")
	b.create(t, "dev/db", "dev")
	b.put(t, "prod/db", "v2", "two")
	_, err := b.client.TagResource(ctx, &api.TagResourceInput{SecretId: "prod/db", Tags: []*api.Tag{{Key: new("Team"), Value: new("blue")}}})
	if err != nil {
		t.Fatal(err)
	}
	c := b.as(userOf(testAccount, "u"))
	get := func(id string, stage *string) func() error {
		return func() error {
			_, err := c.GetSecretValue(ctx, &api.GetSecretValueInput{SecretId: id, VersionStage: stage})
			return err
		}
	}
	create := func(in *api.CreateSecretInput) func() error {
		return func() error { _, err := c.CreateSecret(ctx, in); return err }
	}
	remove := func(in *api.DeleteSecretInput) func() error {
		return func() error { _, err := c.DeleteSecret(ctx, in); return err }
	}
	allow := func(action, resource, condition string) string {
		if condition != "" {
			condition = `,"Condition":` + condition
		}
		return `{"Effect":"Allow","Action":"secretsmanager:` + action + `","Resource":"` + resource + `"` + condition + `}`
	}
	const anywhere = "arn:aws:secretsmanager:*:*:secret:"
	for _, tt := range []struct {
		name, statement string
		call            func() error
		ok              bool
	}{
		{"nothing", allow("DescribeSecret", "*", ""), get("prod/db", nil), false},
		{"by pattern", allow("GetSecretValue", anywhere+"prod/*", ""), get("prod/db", nil), true},
		{"by pattern of six", allow("GetSecretValue", anywhere+"prod/db-??????", ""), get("prod/db", nil), true},
		{"by the ARN, asked by a part of it", allow("GetSecretValue", name, ""), get(strings.TrimSuffix(name, name[len(name)-7:]), nil), true},
		{"of another", allow("GetSecretValue", anywhere+"prod/*", ""), get("dev/db", nil), false},
		{"by tag", allow("GetSecretValue", "*", `{"StringEquals":{"aws:ResourceTag/Team":"blue","secretsmanager:ResourceTag/Team":"blue"}}`), get("prod/db", nil), true},
		{"by a tag it has not", allow("GetSecretValue", "*", `{"StringEquals":{"aws:ResourceTag/Team":"blue"}}`), get("dev/db", nil), false},
		{"by the stage that is meant", allow("GetSecretValue", "*", `{"ForAnyValue:StringEquals":{"secretsmanager:VersionStage":"AWSCURRENT"}}`), get("prod/db", nil), true},
		{"by another stage", allow("GetSecretValue", "*", `{"StringEquals":{"secretsmanager:VersionStage":"AWSCURRENT"}}`), get("prod/db", new("AWSPREVIOUS")), false},
		{"by id", allow("GetSecretValue", "*", `{"ArnLike":{"secretsmanager:SecretId":"`+anywhere+`prod/*"}}`), get("prod/db", nil), true},
		{"create by name", allow("CreateSecret", "*", `{"StringLike":{"secretsmanager:Name":"mine/*"}}`), create(&api.CreateSecretInput{Name: "mine/a"}), true},
		{"create by ARN", allow("CreateSecret", anywhere+"mine/*", ""), create(&api.CreateSecretInput{Name: "mine/b"}), true},
		{"create another's", allow("CreateSecret", anywhere+"mine/*", ""), create(&api.CreateSecretInput{Name: "yours"}), false},
		{"create by key", allow("CreateSecret", "*", `{"StringEquals":{"secretsmanager:KmsKeyId":"alias/k"}}`), create(&api.CreateSecretInput{Name: "mine/c", KmsKeyId: new("alias/k")}), true},
		{"create with tags", allow("CreateSecret", "*", ""), create(&api.CreateSecretInput{Name: "mine/d", Tags: []*api.Tag{{Key: new("k")}}}), false},
		{"delete by force", allow("DeleteSecret", "*", `{"Bool":{"secretsmanager:ForceDeleteWithoutRecovery":"false"}}`), remove(&api.DeleteSecretInput{SecretId: "dev/db", ForceDeleteWithoutRecovery: new(true)}), false},
		{"delete slowly", allow("DeleteSecret", "*", `{"NumericGreaterThan":{"secretsmanager:RecoveryWindowInDays":"9"}}`), remove(&api.DeleteSecretInput{SecretId: "dev/db", RecoveryWindowInDays: new(int64(10))}), true},
	} {
		g.own["arn:aws:iam::123456789012:user/u"] = statements(tt.statement)
		got := refusal(tt.call())
		if (got == "") != tt.ok || !tt.ok && !strings.HasPrefix(got, "AccessDeniedException: User: arn:aws:iam::123456789012:user/u is not authorized to perform: secretsmanager:") {
			t.Errorf("%s: %s", tt.name, got)
		}
	}
}

// TestOtherAccount: a secret is read from another account by its whole ARN, if
// both sides allow it.
func TestOtherAccount(t *testing.T) {
	t.Parallel()
	g := &guard{own: map[string]string{}}
	b := newGuardedBench(t, storetest.SQLite(t), g)
	name := b.create(t, "s", "value")
	c := b.as(userOf(otherAccount, "u"))
	const mine = "arn:aws:iam::210987654321:user/u"
	try := func(identity bool, resource, want string) {
		t.Helper()
		g.own[mine] = ""
		if identity {
			g.own[mine] = statements(`{"Effect":"Allow","Action":"secretsmanager:GetSecretValue","Resource":"*"}`)
		}
		var err error
		if resource == "" {
			_, err = b.client.DeleteResourcePolicy(t.Context(), &api.DeleteResourcePolicyInput{SecretId: "s"})
		} else {
			_, err = b.client.PutResourcePolicy(t.Context(), &api.PutResourcePolicyInput{SecretId: "s", ResourcePolicy: statements(resource), BlockPublicPolicy: new(true)})
		}
		if err != nil {
			t.Fatal(err)
		}
		if got := b.getAs(t.Context(), c, name); !strings.HasPrefix(got, want) {
			t.Errorf("identity %t, resource %s: %s", identity, resource, got)
		}
	}
	const theirs = `{"Effect":"Allow","Principal":{"AWS":"` + mine + `"},"Action":"secretsmanager:GetSecretValue","Resource":"*"}`
	const account = `{"Effect":"Allow","Principal":{"AWS":"210987654321"},"Action":"secretsmanager:*","Resource":"` + "*" + `"}`
	try(false, "", "AccessDeniedException: ")
	try(true, "", "AccessDeniedException: ")
	try(false, account, "AccessDeniedException: ")
	try(true, theirs, "value")
	try(true, account, "value")
	try(true, `{"Effect":"Allow","Principal":{"AWS":"210987654321"},"Action":"secretsmanager:DescribeSecret","Resource":"*"}`, "AccessDeniedException: ")
	// The name, or a part of the ARN, means a secret of one's own.
	for _, id := range []string{"s", name[:len(name)-7]} {
		if got := b.getAs(t.Context(), c, id); !strings.HasPrefix(got, "AccessDeniedException: ") && got != textNoSecret {
			t.Error(id, got)
		}
	}
}

// TestBatchPermissions: each secret is asked for by itself.
func TestBatchPermissions(t *testing.T) {
	t.Parallel()
	g := &guard{own: map[string]string{}}
	b := newGuardedBench(t, storetest.SQLite(t), g)
	b.create(t, "open", "1")
	b.create(t, "closed", "2")
	g.own["arn:aws:iam::123456789012:user/u"] = statements(
		`{"Effect":"Allow","Action":["secretsmanager:BatchGetSecretValue","secretsmanager:ListSecrets"],"Resource":"*"}`,
		`{"Effect":"Allow","Action":"secretsmanager:GetSecretValue","Resource":"arn:aws:secretsmanager:*:*:secret:open-*"}`)
	c := b.as(userOf(testAccount, "u"))
	for _, in := range []*api.BatchGetSecretValueInput{
		{SecretIdList: []string{"closed", "open"}},
		{Filters: []*api.Filter{{Key: new(api.FilterNameStringTypeAll), Values: []string{"closed", "open"}}}},
	} {
		out, err := c.BatchGetSecretValue(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		if len(out.SecretValues) != 1 || *out.SecretValues[0].SecretString != "1" || len(out.Errors) != 1 ||
			*out.Errors[0].ErrorCode != "AccessDeniedException" || !strings.Contains(*out.Errors[0].Message, "secretsmanager:GetSecretValue on resource: ") {
			t.Errorf("%+v", out)
		}
	}
}

// TestNeedsNameTheSecret: every operation on a secret asks for the action of
// its name on the whole ARN.
func TestNeedsNameTheSecret(t *testing.T) {
	t.Parallel()
	g := &guard{own: map[string]string{}}
	b := newGuardedBench(t, storetest.SQLite(t), g)
	name := b.create(t, "s", "v")
	u := userOf(testAccount, "nobody")
	for operation, in := range map[string]any{
		"DeleteResourcePolicy": &api.DeleteResourcePolicyInput{SecretId: "s"},
		"DeleteSecret":         &api.DeleteSecretInput{SecretId: "s"},
		"DescribeSecret":       &api.DescribeSecretInput{SecretId: "s"},
		"GetResourcePolicy":    &api.GetResourcePolicyInput{SecretId: "s"},
		"GetSecretValue":       &api.GetSecretValueInput{SecretId: "s"},
		"ListSecretVersionIds": &api.ListSecretVersionIdsInput{SecretId: "s"},
		"PutResourcePolicy":    &api.PutResourcePolicyInput{SecretId: "s", ResourcePolicy: "{}"},
		"PutSecretValue":       &api.PutSecretValueInput{SecretId: "s"},
		"RestoreSecret":        &api.RestoreSecretInput{SecretId: "s"},
		"TagResource":          &api.TagResourceInput{SecretId: "s", Tags: []*api.Tag{}},
		"UntagResource":        &api.UntagResourceInput{SecretId: "s", TagKeys: []string{}},
		"UpdateSecret":         &api.UpdateSecretInput{SecretId: "s"},
		"UpdateSecretVersionStage": &api.UpdateSecretVersionStageInput{
			SecretId: "s", VersionStage: "AWSCURRENT",
		},
		"ValidateResourcePolicy": &api.ValidateResourcePolicyInput{SecretId: new("s"), ResourcePolicy: "{}"},
	} {
		g.asked = nil
		_, err := b.plane.Invoke(t.Context(), u, api.Service().Operation(operation), in)
		want := "AccessDeniedException: User: " + u.ARN + " is not authorized to perform: secretsmanager:" + operation + " on resource: " + name
		if got := refusal(err); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %s", operation, got)
		}
		if d := cmp.Diff([]string{name}, g.asked[0].Keys["secretsmanager:secretid"]); d != "" {
			t.Error(operation, d)
		}
	}
}
