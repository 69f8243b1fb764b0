package iam

import (
	"bytes"
	"context"
	"log/slog"
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"

	api "nephele.dev/nephele/internal/api/iam"
	"nephele.dev/nephele/internal/identity"
	"nephele.dev/nephele/internal/page"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/policy"
	"nephele.dev/nephele/internal/seal/sealtest"
	"nephele.dev/nephele/internal/store/storetest"
)

const testAccount = "123456789012"

// newService returns the service, and a client on a plane that asks nobody.
func newService(t *testing.T) (*Service, api.Client) {
	t.Helper()
	db := storetest.SQLite(t)
	sealer := sealtest.New(t, db)
	pages, err := page.New(bytes.Repeat([]byte("s"), 32))
	if err != nil {
		t.Fatal(err)
	}
	p := plane.New(plane.Options{Logger: slog.New(slog.DiscardHandler), Authorizer: policy.Open{}})
	d := identity.New(db, sealer)
	t.Cleanup(func() { _ = d.Close(context.WithoutCancel(t.Context())) })
	s := New(Deps{DB: db, Seal: sealer, Directory: d, Plane: p, Pages: pages})
	p.Register(api.Service(), s.Handlers())
	return s, api.Client{Invoker: p.As(plane.RootCaller(testAccount, "us-east-1"))}
}

// TestNeeds tells the ARNs with the paths that calls do not, and what else
// calls have to be allowed.
func TestNeeds(t *testing.T) {
	t.Parallel()
	s, c := newService(t)
	ctx := t.Context()
	const trust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	_, err := c.CreateUser(ctx, &api.CreateUserInput{UserName: "User", Path: new("/a/b/")})
	if err == nil {
		_, err = c.CreateRole(ctx, &api.CreateRoleInput{RoleName: "Role", Path: new("/r/"), AssumeRolePolicyDocument: trust})
	}
	if err != nil {
		t.Fatal(err)
	}
	key, err := c.CreateAccessKey(ctx, &api.CreateAccessKeyInput{UserName: new("User")})
	if err != nil {
		t.Fatal(err)
	}
	const iam = "arn:aws:iam::" + testAccount
	self := plane.Caller{Account: testAccount, Kind: plane.User, ARN: iam + ":user/a/b/User"}
	tags := []*api.Tag{{Key: "k", Value: "v"}}
	for _, tt := range []struct {
		op   string
		in   any
		want []policy.Need
	}{
		{"GetUser", &api.GetUserInput{UserName: new("uSER")}, []policy.Need{need("GetUser", iam+":user/a/b/User")}},
		{"GetUser", &api.GetUserInput{}, []policy.Need{need("GetUser", iam+":user/a/b/User")}},
		{"GetUser", &api.GetUserInput{UserName: new("none")}, []policy.Need{need("GetUser", iam+":user/none")}},
		{"ChangePassword", &api.ChangePasswordInput{}, []policy.Need{need("ChangePassword", iam+":user/a/b/User")}},
		{"ListUsers", &api.ListUsersInput{}, []policy.Need{need("ListUsers", iam+":user/")}},
		{"ListRoles", &api.ListRolesInput{PathPrefix: new("/r")}, []policy.Need{need("ListRoles", iam+":role/r")}},
		{"GetAccountSummary", &api.GetAccountSummaryInput{}, []policy.Need{need("GetAccountSummary")}},
		{"UpdateUser", &api.UpdateUserInput{UserName: "User", NewPath: new("/c/")}, []policy.Need{
			need("UpdateUser", iam+":user/a/b/User", iam+":user/c/User"),
		}},
		{"UpdateUser", &api.UpdateUserInput{UserName: "User", NewUserName: new("x")}, []policy.Need{
			need("UpdateUser", iam+":user/a/b/User", iam+":user/a/b/x"),
		}},
		{"CreateUser", &api.CreateUserInput{UserName: "n", Path: new("/p/"), PermissionsBoundary: new("arn:b"), Tags: tags}, []policy.Need{
			{Action: "iam:CreateUser", Resources: []string{iam + ":user/p/n"}, Keys: policy.Keys{"iam:permissionsboundary": {"arn:b"}}},
			{Action: "iam:TagUser", Resources: []string{iam + ":user/p/n"}},
		}},
		{"CreateRole", &api.CreateRoleInput{RoleName: "n"}, []policy.Need{need("CreateRole", iam+":role/n")}},
		{"AddRoleToInstanceProfile", &api.AddRoleToInstanceProfileInput{InstanceProfileName: "p", RoleName: "role"}, []policy.Need{
			need("AddRoleToInstanceProfile", iam+":instance-profile/p"),
			{Action: "iam:PassRole", Resources: []string{iam + ":role/r/Role"}, Keys: policy.Keys{"iam:passedtoservice": {"ec2.amazonaws.com"}}},
		}},
		{"CreateOpenIDConnectProvider", &api.CreateOpenIDConnectProviderInput{Url: "https://x.example/p"}, []policy.Need{
			need("CreateOpenIDConnectProvider", iam+":oidc-provider/x.example/p"),
		}},
		{"CreateServiceLinkedRole", &api.CreateServiceLinkedRoleInput{AWSServiceName: "ssm.amazonaws.com"}, []policy.Need{{
			Action: "iam:CreateServiceLinkedRole", Keys: policy.Keys{"iam:awsservicename": {"ssm.amazonaws.com"}},
			Resources: []string{iam + ":role/aws-service-role/ssm.amazonaws.com/AWSServiceRoleForAmazonSSM"},
		}}},
		{
			"GetServiceLinkedRoleDeletionStatus",
			&api.GetServiceLinkedRoleDeletionStatusInput{DeletionTaskId: "task/aws-service-role/ssm.amazonaws.com/AWSServiceRoleForAmazonSSM/1"},
			[]policy.Need{need("GetServiceLinkedRoleDeletionStatus", iam+":role/aws-service-role/ssm.amazonaws.com/AWSServiceRoleForAmazonSSM")},
		},
		{"GetAccessKeyLastUsed", &api.GetAccessKeyLastUsedInput{AccessKeyId: key.AccessKey.AccessKeyId}, []policy.Need{
			need("GetAccessKeyLastUsed", iam+":user/a/b/User"),
		}},
		{"GetAccessKeyLastUsed", &api.GetAccessKeyLastUsedInput{AccessKeyId: "AKIAIOSFODNN7EXAMPLE"}, []policy.Need{need("GetAccessKeyLastUsed", "*")}},
	} {
		call := &plane.Call{Caller: self, Operation: api.Service().Operation(tt.op)}
		got := s.Needs(call, tt.in)
		for i := range got {
			if len(got[i].Keys) == 0 {
				got[i].Keys = nil
			}
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s: %s", tt.op, diff)
		}
	}
}

func need(action string, resources ...string) policy.Need {
	return policy.Need{Action: "iam:" + action, Resources: resources}
}

// onNothing are the operations on principals that are on no resource.
var onNothing = map[string]bool{
	"CreateAccountAlias": true, "DeleteAccountAlias": true, "ListAccountAliases": true, "GetAccountSummary": true,
	"GetAccountPasswordPolicy": true, "UpdateAccountPasswordPolicy": true, "DeleteAccountPasswordPolicy": true,
	"GenerateCredentialReport": true, "GetCredentialReport": true, "ListOpenIDConnectProviders": true,
	// These have their resource by furtherNeeds.
	"CreateServiceLinkedRole": true, "GetServiceLinkedRoleDeletionStatus": true, "GetAccessKeyLastUsed": true,
	"CreateOpenIDConnectProvider": true,
}

// TestEveryOperationHasItsResource holds the table of needs to the handlers.
func TestEveryOperationHasItsResource(t *testing.T) {
	t.Parallel()
	s, _ := newService(t)
	handlers := s.principalHandlers()
	maps.Copy(handlers, s.credentialHandlers())
	for op := range handlers {
		if _, ok := concerned[op]; ok == onNothing[op] {
			t.Errorf("%s: it is said %v that it is on a resource, and %v that it is on none", op, ok, onNothing[op])
		}
	}
	for op := range concerned {
		if handlers[op] == nil {
			t.Errorf("%s is not implemented", op)
		}
	}
}

// TestEncodeDocument encodes all but what RFC 3986 calls unreserved.
func TestEncodeDocument(t *testing.T) {
	t.Parallel()
	if got, want := encodeDocument("{\"a\": [\"-_.~*/+\n\"]}ü"), "%7B%22a%22%3A%20%5B%22-_.~%2A%2F%2B%0A%22%5D%7D%C3%BC"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
