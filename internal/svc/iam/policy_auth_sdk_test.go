package iam_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"nephele.dev/nephele/nepheletest"
)

// delegate may attach one policy, below one path, put policies on users with
// one boundary, set that boundary, and make untagged policies.
const delegate = `{"Version":"2012-10-17","Statement":[
 {"Effect":"Allow","Action":"iam:AttachUserPolicy","Resource":"arn:aws:iam::` + account + `:user/team/*",
  "Condition":{"ArnEquals":{"iam:PolicyARN":"` + readOnly + `"}}},
 {"Effect":"Allow","Action":["iam:PutUserPolicy","iam:PutUserPermissionsBoundary"],"Resource":"*",
  "Condition":{"StringEquals":{"iam:PermissionsBoundary":"` + readOnly + `"}}},
 {"Effect":"Allow","Action":"iam:CreatePolicy","Resource":"arn:aws:iam::` + account + `:policy/team/*"}]}`

// TestDelegatedPolicies shows which condition keys and resources calls on
// policies have.
func TestDelegatedPolicies(t *testing.T) {
	t.Parallel()
	srv, root := one(t, nepheletest.WithAuth())
	ctx := t.Context()
	newUser(t, root, "delegate")
	newUser(t, root, "plain")
	member := aws.String("member")
	ok[*iam.CreateUserOutput](t)(root.CreateUser(ctx, &iam.CreateUserInput{UserName: member, Path: aws.String("/team/")}))
	ok[*iam.PutUserPolicyOutput](t)(root.PutUserPolicy(ctx, &iam.PutUserPolicyInput{
		UserName: aws.String("delegate"), PolicyName: aws.String("p"), PolicyDocument: aws.String(delegate),
	}))
	c := iam.NewFromConfig(as(srv.Config, newKey(t, root, "delegate")))
	attach := func(user, policy string) error {
		_, err := c.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: &user, PolicyArn: &policy})
		return err
	}
	put := func() error {
		_, err := c.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: member, PolicyName: aws.String("p"), PolicyDocument: aws.String(allowList)})
		return err
	}
	bound := func(policy string) error {
		_, err := c.PutUserPermissionsBoundary(ctx, &iam.PutUserPermissionsBoundaryInput{UserName: member, PermissionsBoundary: &policy})
		return err
	}
	create := func(path string, tags ...types.Tag) error {
		_, err := c.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String("x"), Path: &path, PolicyDocument: aws.String(allowList), Tags: tags})
		return err
	}
	for _, step := range []struct {
		name    string
		err     error
		allowed bool
	}{
		{"another policy", attach("member", admin), false},
		{"outside the path", attach("plain", readOnly), false},
		{"attach", attach("member", readOnly), true},
		{"put without a boundary", put(), false},
		{"another boundary", bound(admin), false},
		{"boundary", bound(readOnly), true},
		{"put with the boundary", put(), true},
		{"policy outside the path", create("/"), false},
		{"tagged policy", create("/team/", types.Tag{Key: aws.String("a"), Value: aws.String("b")}), false},
		{"policy", create("/team/"), true},
	} {
		switch {
		case !step.allowed:
			refused(t, step.err, "AccessDenied", 403, "is not authorized to perform: iam:")
		case step.err != nil:
			t.Errorf("%s: %v", step.name, step.err)
		}
		if step.err == nil && !step.allowed {
			t.Errorf("%s is allowed", step.name)
		}
	}
}

// TestChangesCountAtOnce: what is granted and taken away holds from the next
// call on.
func TestChangesCountAtOnce(t *testing.T) {
	t.Parallel()
	srv, root := one(t, nepheletest.WithAuth())
	ctx := t.Context()
	ann := aws.String("ann")
	newUser(t, root, *ann)
	c := iam.NewFromConfig(as(srv.Config, newKey(t, root, *ann)))
	list := func() error { // and the simulator says the same
		t.Helper()
		_, err := c.ListPolicies(ctx, &iam.ListPoliciesInput{})
		sim := ok[*iam.SimulatePrincipalPolicyOutput](t)(root.SimulatePrincipalPolicy(ctx, &iam.SimulatePrincipalPolicyInput{
			PolicySourceArn: aws.String("arn:aws:iam::" + account + ":user/ann"), ActionNames: []string{"iam:ListPolicies"},
		})).EvaluationResults[0]
		if allowed := sim.EvalDecision == types.PolicyEvaluationDecisionTypeAllowed; allowed != (err == nil) {
			t.Errorf("the simulator says %s, the call %v", sim.EvalDecision, err)
		}
		return err
	}
	arn := *ok[*iam.CreatePolicyOutput](t)(root.CreatePolicy(ctx, &iam.CreatePolicyInput{
		PolicyName: aws.String("lists"), PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:ListPolicies","Resource":"*"}}`),
	})).Policy.Arn
	refused(t, list(), "AccessDenied", 403, "because no identity-based policy allows the iam:ListPolicies action")
	ok[*iam.AttachUserPolicyOutput](t)(root.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: ann, PolicyArn: &arn}))
	if err := list(); err != nil {
		t.Error(err)
	}
	ok[*iam.PutUserPermissionsBoundaryOutput](t)(root.PutUserPermissionsBoundary(ctx, &iam.PutUserPermissionsBoundaryInput{UserName: ann, PermissionsBoundary: aws.String(readOnly)}))
	refused(t, list(), "AccessDenied", 403, "because no permissions boundary allows the iam:ListPolicies action")
	ok[*iam.DeleteUserPermissionsBoundaryOutput](t)(root.DeleteUserPermissionsBoundary(ctx, &iam.DeleteUserPermissionsBoundaryInput{UserName: ann}))
	ok[*iam.CreatePolicyVersionOutput](t)(root.CreatePolicyVersion(ctx, &iam.CreatePolicyVersionInput{PolicyArn: &arn, PolicyDocument: aws.String(allowList), SetAsDefault: true}))
	refused(t, list(), "AccessDenied", 403, "because no identity-based policy allows")
	ok[*iam.SetDefaultPolicyVersionOutput](t)(root.SetDefaultPolicyVersion(ctx, &iam.SetDefaultPolicyVersionInput{PolicyArn: &arn, VersionId: aws.String("v1")}))
	if err := list(); err != nil {
		t.Error(err)
	}
}

// TestLinkedRolePolicies: what a service-linked role is granted is for AWS alone
// to change.
func TestLinkedRolePolicies(t *testing.T) {
	t.Parallel()
	_, root := one(t)
	ctx := t.Context()
	linked := ok[*iam.CreateServiceLinkedRoleOutput](t)(root.CreateServiceLinkedRole(ctx, &iam.CreateServiceLinkedRoleInput{
		AWSServiceName: aws.String("rum.amazonaws.com"),
	})).Role.RoleName
	_, err := root.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: linked, PolicyArn: aws.String(admin)})
	refused(t, err, "UnmodifiableEntity", 400, "this role is only modifiable by AWS")
	_, err = root.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: linked, PolicyName: aws.String("p"), PolicyDocument: aws.String(allowList)})
	refused(t, err, "UnmodifiableEntity", 400, "this role is only modifiable by AWS")
	_, err = root.DeleteRolePermissionsBoundary(ctx, &iam.DeleteRolePermissionsBoundaryInput{RoleName: linked})
	refused(t, err, "UnmodifiableEntity", 400, "this role is only modifiable by AWS")
	list := ok[*iam.ListAttachedRolePoliciesOutput](t)(root.ListAttachedRolePolicies(ctx, &iam.ListAttachedRolePoliciesInput{RoleName: linked})).AttachedPolicies
	if len(list) != 1 || *list[0].PolicyName != "AmazonCloudWatchRUMServiceRolePolicy" {
		t.Errorf("%+v", list)
	}
}
