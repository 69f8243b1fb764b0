package iam_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/google/go-cmp/cmp"

	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/store/storetest"
	"nephele.dev/nephele/nepheletest"
)

const (
	account   = "000000000000"
	admin     = "arn:aws:iam::aws:policy/AdministratorAccess"
	readOnly  = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
	anyone    = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}`
	allowList = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:ListBucket","Resource":"*"}]}`
)

// policies drives a server's policies from outside.
type policies struct{ *iam.Client }

// eachPolicies runs f on servers with each database.
func eachPolicies(t *testing.T, f func(t *testing.T, p policies)) {
	t.Helper()
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		var o []nepheletest.Option
		if c.URL != "" {
			o = append(o, nepheletest.WithPostgres(c.URL))
		}
		f(t, policies{iam.NewFromConfig(nepheletest.Start(t, o...).Config)})
	})
}

func ok[T any](t *testing.T) func(T, error) T {
	t.Helper()
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// refused demands an error with code, status and a part of the message.
func refused(t *testing.T, err error, code string, status int, message string) {
	t.Helper()
	var e smithy.APIError
	var r *smithyhttp.ResponseError
	if !errors.As(err, &e) || !errors.As(err, &r) {
		t.Errorf("error %v, want %s", err, code)
		return
	}
	if e.ErrorCode() != code || r.HTTPStatusCode() != status || !strings.Contains(e.ErrorMessage(), message) {
		t.Errorf("%d %s: %s\nwant %d %s: %s", r.HTTPStatusCode(), e.ErrorCode(), e.ErrorMessage(), status, code, message)
	}
}

func (p policies) user(t *testing.T, name string) {
	t.Helper()
	ok[*iam.CreateUserOutput](t)(p.CreateUser(t.Context(), &iam.CreateUserInput{UserName: &name}))
}

func (p policies) group(t *testing.T, name string) {
	t.Helper()
	ok[*iam.CreateGroupOutput](t)(p.CreateGroup(t.Context(), &iam.CreateGroupInput{GroupName: &name}))
}

func (p policies) role(t *testing.T, name string) {
	t.Helper()
	ok[*iam.CreateRoleOutput](t)(p.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: aws.String(anyone)}))
}

func (p policies) policy(t *testing.T, name, document string) string {
	t.Helper()
	out := ok[*iam.CreatePolicyOutput](t)(p.CreatePolicy(t.Context(), &iam.CreatePolicyInput{PolicyName: &name, PolicyDocument: &document}))
	return *out.Policy.Arn
}

// decoded is a policy as it was before it was encoded.
func decoded(t *testing.T, text *string) string {
	t.Helper()
	if strings.ContainsAny(*text, "{ +") {
		t.Errorf("%s is not encoded by RFC 3986", *text)
	}
	return ok[string](t)(url.PathUnescape(*text))
}

func TestManagedPolicy(t *testing.T) {
	t.Parallel()
	eachPolicies(t, func(t *testing.T, p policies) {
		ctx := t.Context()
		made := ok[*iam.CreatePolicyOutput](t)(p.CreatePolicy(ctx, &iam.CreatePolicyInput{
			PolicyName: aws.String("Lister"), Path: aws.String("/team/"), Description: aws.String("lists"),
			PolicyDocument: aws.String(allowList), Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("b")}},
		})).Policy
		arn := "arn:aws:iam::" + account + ":policy/team/Lister"
		if *made.Arn != arn || *made.DefaultVersionId != "v1" || *made.AttachmentCount != 0 || !strings.HasPrefix(*made.PolicyId, "ANPA") {
			t.Errorf("%+v", made)
		}
		got := ok[*iam.GetPolicyOutput](t)(p.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: &arn})).Policy
		if *got.Description != "lists" || len(got.Tags) != 1 || !got.IsAttachable || *got.Path != "/team/" {
			t.Errorf("%+v", got)
		}
		version := ok[*iam.GetPolicyVersionOutput](t)(p.GetPolicyVersion(ctx, &iam.GetPolicyVersionInput{PolicyArn: &arn, VersionId: aws.String("v1")}))
		if text := decoded(t, version.PolicyVersion.Document); text != allowList {
			t.Errorf("document %s", text)
		}
		_, err := p.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String("lister"), PolicyDocument: aws.String(allowList)})
		refused(t, err, "EntityAlreadyExists", 409, "A policy called lister already exists. Duplicate names are not allowed.")
	})
}

func TestManagedPolicyOfAWS(t *testing.T) {
	t.Parallel()
	p := policies{iam.NewFromConfig(nepheletest.Start(t).Config)}
	got := ok[*iam.GetPolicyOutput](t)(p.GetPolicy(t.Context(), &iam.GetPolicyInput{PolicyArn: aws.String(admin)})).Policy
	if *got.PolicyId != "ANPAIWMBCKSKIEE64ZLYK" || *got.DefaultVersionId != "v1" {
		t.Errorf("%+v", got)
	}
	v := ok[*iam.GetPolicyVersionOutput](t)(p.GetPolicyVersion(t.Context(), &iam.GetPolicyVersionInput{PolicyArn: aws.String(admin), VersionId: aws.String("v1")}))
	if text := decoded(t, v.PolicyVersion.Document); !strings.Contains(text, `"Action":"*"`) {
		t.Error(text)
	}
	_, err := p.DeletePolicy(t.Context(), &iam.DeletePolicyInput{PolicyArn: aws.String(admin)})
	refused(t, err, "AccessDenied", 403, "Policy is outside your own account.")
}

func TestPolicyVersions(t *testing.T) {
	t.Parallel()
	eachPolicies(t, func(t *testing.T, p policies) {
		ctx := t.Context()
		arn := p.policy(t, "versions", allowList)
		create := func(asDefault bool) (*iam.CreatePolicyVersionOutput, error) {
			return p.CreatePolicyVersion(ctx, &iam.CreatePolicyVersionInput{PolicyArn: &arn, PolicyDocument: aws.String(allowList), SetAsDefault: asDefault})
		}
		for i := 2; i <= 5; i++ {
			v := ok[*iam.CreatePolicyVersionOutput](t)(create(i == 3)).PolicyVersion
			if *v.VersionId != fmt.Sprintf("v%d", i) || v.IsDefaultVersion != (i == 3) {
				t.Errorf("%+v", v)
			}
		}
		_, err := create(false)
		refused(t, err, "LimitExceeded", 409, "A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing version.")
		_, err = p.DeletePolicyVersion(ctx, &iam.DeletePolicyVersionInput{PolicyArn: &arn, VersionId: aws.String("v3")})
		refused(t, err, "DeleteConflict", 409, "Cannot delete the default version of a policy.")
		_, err = p.DeletePolicy(ctx, &iam.DeletePolicyInput{PolicyArn: &arn})
		refused(t, err, "DeleteConflict", 409, "This policy has more than one version.")

		ok[*iam.DeletePolicyVersionOutput](t)(p.DeletePolicyVersion(ctx, &iam.DeletePolicyVersionInput{PolicyArn: &arn, VersionId: aws.String("v5")}))
		if v := ok[*iam.CreatePolicyVersionOutput](t)(create(false)).PolicyVersion; *v.VersionId != "v6" {
			t.Errorf("a number came again: %s", *v.VersionId)
		}
		ok[*iam.SetDefaultPolicyVersionOutput](t)(p.SetDefaultPolicyVersion(ctx, &iam.SetDefaultPolicyVersionInput{PolicyArn: &arn, VersionId: aws.String("v1")}))
		var listed []string
		pages := iam.NewListPolicyVersionsPaginator(p, &iam.ListPolicyVersionsInput{PolicyArn: &arn, MaxItems: aws.Int32(2)})
		for pages.HasMorePages() {
			for _, v := range ok[*iam.ListPolicyVersionsOutput](t)(pages.NextPage(ctx)).Versions {
				listed = append(listed, fmt.Sprint(*v.VersionId, v.IsDefaultVersion))
			}
		}
		if diff := cmp.Diff([]string{"v6false", "v4false", "v3false", "v2false", "v1true"}, listed); diff != "" {
			t.Error(diff)
		}
	})
}

func TestAttachments(t *testing.T) {
	t.Parallel()
	eachPolicies(t, func(t *testing.T, p policies) {
		ctx := t.Context()
		arn := p.policy(t, "Mine", allowList)
		p.user(t, "ann")
		p.group(t, "staff")
		p.role(t, "runner")
		for range 2 { // the second time changes nothing
			ok[*iam.AttachUserPolicyOutput](t)(p.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: aws.String("Ann"), PolicyArn: &arn}))
		}
		ok[*iam.AttachUserPolicyOutput](t)(p.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: aws.String("ann"), PolicyArn: aws.String(admin)}))
		ok[*iam.AttachGroupPolicyOutput](t)(p.AttachGroupPolicy(ctx, &iam.AttachGroupPolicyInput{GroupName: aws.String("staff"), PolicyArn: &arn}))
		ok[*iam.AttachRolePolicyOutput](t)(p.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: aws.String("runner"), PolicyArn: &arn}))
		ok[*iam.PutRolePermissionsBoundaryOutput](t)(p.PutRolePermissionsBoundary(ctx, &iam.PutRolePermissionsBoundaryInput{RoleName: aws.String("runner"), PermissionsBoundary: &arn}))

		list := ok[*iam.ListAttachedUserPoliciesOutput](t)(p.ListAttachedUserPolicies(ctx, &iam.ListAttachedUserPoliciesInput{UserName: aws.String("ann")}))
		if len(list.AttachedPolicies) != 2 || *list.AttachedPolicies[0].PolicyName != "AdministratorAccess" {
			t.Errorf("%+v", list.AttachedPolicies)
		}
		got := ok[*iam.GetPolicyOutput](t)(p.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: &arn})).Policy
		if *got.AttachmentCount != 3 || *got.PermissionsBoundaryUsageCount != 1 {
			t.Errorf("%+v", got)
		}
		var entities []string
		pages := iam.NewListEntitiesForPolicyPaginator(p, &iam.ListEntitiesForPolicyInput{PolicyArn: &arn, MaxItems: aws.Int32(1)})
		for pages.HasMorePages() {
			page := ok[*iam.ListEntitiesForPolicyOutput](t)(pages.NextPage(ctx))
			if page.PolicyUsers == nil || page.PolicyGroups == nil || page.PolicyRoles == nil {
				t.Errorf("a list that is empty is not answered: %+v", page)
			}
			for _, u := range page.PolicyUsers {
				entities = append(entities, *u.UserName)
			}
			for _, g := range page.PolicyGroups {
				entities = append(entities, *g.GroupName)
			}
			for _, r := range page.PolicyRoles {
				entities = append(entities, *r.RoleName)
			}
		}
		if diff := cmp.Diff([]string{"staff", "runner", "ann"}, entities); diff != "" {
			t.Error(diff)
		}
		_, err := p.DeletePolicy(ctx, &iam.DeletePolicyInput{PolicyArn: &arn})
		refused(t, err, "DeleteConflict", 409, "Cannot delete a policy attached to entities.")
		ok[*iam.DetachUserPolicyOutput](t)(p.DetachUserPolicy(ctx, &iam.DetachUserPolicyInput{UserName: aws.String("ann"), PolicyArn: &arn}))
		_, err = p.DetachUserPolicy(ctx, &iam.DetachUserPolicyInput{UserName: aws.String("ann"), PolicyArn: &arn})
		refused(t, err, "NoSuchEntity", 404, "Policy "+arn+" was not found.")
		ok[*iam.DetachGroupPolicyOutput](t)(p.DetachGroupPolicy(ctx, &iam.DetachGroupPolicyInput{GroupName: aws.String("staff"), PolicyArn: &arn}))
		ok[*iam.DetachRolePolicyOutput](t)(p.DetachRolePolicy(ctx, &iam.DetachRolePolicyInput{RoleName: aws.String("runner"), PolicyArn: &arn}))
		_, err = p.DeletePolicy(ctx, &iam.DeletePolicyInput{PolicyArn: &arn})
		refused(t, err, "DeleteConflict", 409, "Cannot delete a policy attached to entities.")
		ok[*iam.DeleteRolePermissionsBoundaryOutput](t)(p.DeleteRolePermissionsBoundary(ctx, &iam.DeleteRolePermissionsBoundaryInput{RoleName: aws.String("runner")}))
		ok[*iam.DeletePolicyOutput](t)(p.DeletePolicy(ctx, &iam.DeletePolicyInput{PolicyArn: &arn}))
	})
}

// inlineCase is one of the three kinds of principals with inline policies.
type inlineCase struct {
	kind   string
	limit  int
	create func(t *testing.T, p policies)
	put    func(ctx context.Context, p policies, name, document string) error
	get    func(ctx context.Context, p policies, name string) (*string, error)
	list   func(ctx context.Context, p policies) ([]string, error)
	remove func(ctx context.Context, p policies, name string) error
}

var who = aws.String("who")

var inlineCases = []inlineCase{
	{
		"user", 2048,
		func(t *testing.T, p policies) { p.user(t, *who) },
		func(ctx context.Context, p policies, name, document string) error {
			_, err := p.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: who, PolicyName: &name, PolicyDocument: &document})
			return err
		},
		func(ctx context.Context, p policies, name string) (*string, error) {
			out, err := p.GetUserPolicy(ctx, &iam.GetUserPolicyInput{UserName: who, PolicyName: &name})
			if err != nil {
				return nil, err
			}
			return out.PolicyDocument, nil
		},
		func(ctx context.Context, p policies) ([]string, error) {
			out, err := p.ListUserPolicies(ctx, &iam.ListUserPoliciesInput{UserName: who})
			if err != nil {
				return nil, err
			}
			return out.PolicyNames, nil
		},
		func(ctx context.Context, p policies, name string) error {
			_, err := p.DeleteUserPolicy(ctx, &iam.DeleteUserPolicyInput{UserName: who, PolicyName: &name})
			return err
		},
	},
	{
		"group", 5120,
		func(t *testing.T, p policies) { p.group(t, *who) },
		func(ctx context.Context, p policies, name, document string) error {
			_, err := p.PutGroupPolicy(ctx, &iam.PutGroupPolicyInput{GroupName: who, PolicyName: &name, PolicyDocument: &document})
			return err
		},
		func(ctx context.Context, p policies, name string) (*string, error) {
			out, err := p.GetGroupPolicy(ctx, &iam.GetGroupPolicyInput{GroupName: who, PolicyName: &name})
			if err != nil {
				return nil, err
			}
			return out.PolicyDocument, nil
		},
		func(ctx context.Context, p policies) ([]string, error) {
			out, err := p.ListGroupPolicies(ctx, &iam.ListGroupPoliciesInput{GroupName: who})
			if err != nil {
				return nil, err
			}
			return out.PolicyNames, nil
		},
		func(ctx context.Context, p policies, name string) error {
			_, err := p.DeleteGroupPolicy(ctx, &iam.DeleteGroupPolicyInput{GroupName: who, PolicyName: &name})
			return err
		},
	},
	{
		"role", 10240,
		func(t *testing.T, p policies) { p.role(t, *who) },
		func(ctx context.Context, p policies, name, document string) error {
			_, err := p.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: who, PolicyName: &name, PolicyDocument: &document})
			return err
		},
		func(ctx context.Context, p policies, name string) (*string, error) {
			out, err := p.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: who, PolicyName: &name})
			if err != nil {
				return nil, err
			}
			return out.PolicyDocument, nil
		},
		func(ctx context.Context, p policies) ([]string, error) {
			out, err := p.ListRolePolicies(ctx, &iam.ListRolePoliciesInput{RoleName: who})
			if err != nil {
				return nil, err
			}
			return out.PolicyNames, nil
		},
		func(ctx context.Context, p policies, name string) error {
			_, err := p.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: who, PolicyName: &name})
			return err
		},
	},
}

func TestInlinePolicies(t *testing.T) {
	t.Parallel()
	p := policies{iam.NewFromConfig(nepheletest.Start(t).Config)}
	for _, c := range inlineCases {
		t.Run(c.kind, func(t *testing.T) {
			t.Parallel()
			ctx := t.Context()
			refused(t, c.put(ctx, p, "p", allowList), "NoSuchEntity", 404, "The "+c.kind+" with name who cannot be found.")
			c.create(t, p)
			_, err := c.get(ctx, p, "p")
			refused(t, err, "NoSuchEntity", 404, "The "+c.kind+" policy with name p cannot be found.")
			refused(t, c.put(ctx, p, "p", `{"Version":"2012-10-17","Statement":`), "MalformedPolicyDocument", 400, "")
			for _, name := range []string{"p", "o"} {
				if err := c.put(ctx, p, name, allowList); err != nil {
					t.Fatal(err)
				}
			}
			if text := decoded(t, ok[*string](t)(c.get(ctx, p, "p"))); text != allowList {
				t.Error(text)
			}
			rest := c.limit - 2*len(allowList)
			refused(t, c.put(ctx, p, "q", sized(rest+1)), "LimitExceeded", 409,
				fmt.Sprintf("Maximum policy size of %d bytes exceeded for %s who", c.limit, c.kind))
			if err := c.put(ctx, p, "q", strings.ReplaceAll(sized(rest), ",", ", \n\t")); err != nil {
				t.Errorf("white space counts: %v", err)
			}
			if diff := cmp.Diff([]string{"o", "p", "q"}, ok[[]string](t)(c.list(ctx, p))); diff != "" {
				t.Error(diff)
			}
			if err := c.remove(ctx, p, "q"); err != nil {
				t.Error(err)
			}
			refused(t, c.remove(ctx, p, "q"), "NoSuchEntity", 404, "The "+c.kind+" policy with name q cannot be found.")
		})
	}
}

// sized is a policy of n characters.
func sized(n int) string {
	const head, tail = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/`, `"}]}`
	return head + strings.Repeat("k", n-len(head)-len(tail)) + tail
}

// policyErrors are calls that are refused and change nothing. The server has a
// user "ann" with AdministratorAccess.
var policyErrors = []struct {
	name    string
	call    func(ctx context.Context, p policies) error
	code    string
	status  int
	message string
}{
	{"malformed document", func(ctx context.Context, p policies) error {
		_, err := p.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String("x"), PolicyDocument: aws.String("{}")})
		return err
	}, "MalformedPolicyDocument", 400, ""},
	{"document with a principal", func(ctx context.Context, p policies) error {
		_, err := p.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String("x"), PolicyDocument: aws.String(anyone)})
		return err
	}, "MalformedPolicyDocument", 400, ""},
	{"large document", func(ctx context.Context, p policies) error {
		_, err := p.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String("x"), PolicyDocument: aws.String(sized(6145))})
		return err
	}, "LimitExceeded", 409, "Cannot exceed quota for PolicySize: 6144"},
	{"get no policy", func(ctx context.Context, p policies) error {
		_, err := p.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: aws.String("arn:aws:iam::" + account + ":policy/none")})
		return err
	}, "NoSuchEntity", 404, "Policy arn:aws:iam::" + account + ":policy/none was not found."},
	{"get by a wrong path", func(ctx context.Context, p policies) error {
		_, err := p.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: aws.String("arn:aws:iam::aws:policy/x/AdministratorAccess")})
		return err
	}, "NoSuchEntity", 404, "was not found."},
	{"no ARN of a policy", func(ctx context.Context, p policies) error {
		_, err := p.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: aws.String("arn:aws:iam::" + account + ":role/none")})
		return err
	}, "InvalidInput", 400, "ARN arn:aws:iam::" + account + ":role/none is not valid."},
	{"policy of another account", func(ctx context.Context, p policies) error {
		_, err := p.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: aws.String("arn:aws:iam::111122223333:policy/x")})
		return err
	}, "AccessDenied", 403, "Policy is outside your own account."},
	{"no version", func(ctx context.Context, p policies) error {
		_, err := p.GetPolicyVersion(ctx, &iam.GetPolicyVersionInput{PolicyArn: aws.String(admin), VersionId: aws.String("v9")})
		return err
	}, "NoSuchEntity", 404, "Policy " + admin + " version v9 does not exist or is not attachable."},
	{"version of AWS's policy", func(ctx context.Context, p policies) error {
		_, err := p.CreatePolicyVersion(ctx, &iam.CreatePolicyVersionInput{PolicyArn: aws.String(admin), PolicyDocument: aws.String(allowList)})
		return err
	}, "AccessDenied", 403, "Policy is outside your own account."},
	{"attach nothing", func(ctx context.Context, p policies) error {
		_, err := p.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: aws.String("ann"), PolicyArn: aws.String("arn:aws:iam::aws:policy/none")})
		return err
	}, "NoSuchEntity", 404, "Policy arn:aws:iam::aws:policy/none does not exist or is not attachable."},
	{"attach to nobody", func(ctx context.Context, p policies) error {
		_, err := p.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: aws.String("nobody"), PolicyArn: aws.String(admin)})
		return err
	}, "NoSuchEntity", 404, "The role with name nobody cannot be found."},
	{"attach a service-linked role's", func(ctx context.Context, p policies) error {
		arn := "arn:aws:iam::aws:policy/aws-service-role/AmazonCloudWatchRUMServiceRolePolicy"
		_, err := p.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: aws.String("ann"), PolicyArn: &arn})
		return err
	}, "PolicyNotAttachable", 400, "Cannot attach a Service Role Policy to a Customer Role."},
	{"boundary that is not there", func(ctx context.Context, p policies) error {
		_, err := p.PutUserPermissionsBoundary(ctx, &iam.PutUserPermissionsBoundaryInput{
			UserName: aws.String("ann"), PermissionsBoundary: aws.String("arn:aws:iam::aws:policy/none"),
		})
		return err
	}, "NoSuchEntity", 404, "does not exist or is not attachable."},
	{"no boundary to delete", func(ctx context.Context, p policies) error {
		_, err := p.DeleteUserPermissionsBoundary(ctx, &iam.DeleteUserPermissionsBoundaryInput{UserName: aws.String("ann")})
		return err
	}, "NoSuchEntity", 404, ""},
	{"tag AWS's policy", func(ctx context.Context, p policies) error {
		_, err := p.TagPolicy(ctx, &iam.TagPolicyInput{PolicyArn: aws.String(admin), Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("b")}}})
		return err
	}, "AccessDenied", 403, "Policy is outside your own account."},
	{"marker of another listing", func(ctx context.Context, p policies) error {
		_, err := p.ListPolicies(ctx, &iam.ListPoliciesInput{Marker: aws.String("abc")})
		return err
	}, "ValidationError", 400, "Invalid Marker."},
}

func TestPolicyErrors(t *testing.T) {
	t.Parallel()
	p := policies{iam.NewFromConfig(nepheletest.Start(t).Config)}
	p.user(t, "ann")
	ok[*iam.AttachUserPolicyOutput](t)(p.AttachUserPolicy(t.Context(), &iam.AttachUserPolicyInput{UserName: aws.String("ann"), PolicyArn: aws.String(admin)}))
	details := func() any {
		out := ok[*iam.GetAccountAuthorizationDetailsOutput](t)(p.GetAccountAuthorizationDetails(t.Context(), &iam.GetAccountAuthorizationDetailsInput{}))
		return fmt.Sprint(len(out.UserDetailList), len(out.Policies), len(out.UserDetailList[0].AttachedManagedPolicies), out.UserDetailList[0].PermissionsBoundary)
	}
	before := details()
	for _, tt := range policyErrors {
		t.Run(tt.name, func(t *testing.T) { refused(t, tt.call(t.Context(), p), tt.code, tt.status, tt.message) })
	}
	if diff := cmp.Diff(before, details()); diff != "" {
		t.Errorf("a refused call changed something: %s", diff)
	}
}

func TestAttachmentQuota(t *testing.T) {
	t.Parallel()
	p := policies{iam.NewFromConfig(nepheletest.Start(t).Config)}
	p.role(t, "full")
	for i := range 11 {
		arn := p.policy(t, fmt.Sprint("p", i), allowList)
		_, err := p.AttachRolePolicy(t.Context(), &iam.AttachRolePolicyInput{RoleName: aws.String("full"), PolicyArn: &arn})
		if i < 10 && err != nil {
			t.Fatal(err)
		}
		if i == 10 {
			refused(t, err, "LimitExceeded", 409, "Cannot exceed quota for PoliciesPerRole: 10")
		}
	}
}

func TestListPolicies(t *testing.T) {
	t.Parallel()
	p := policies{iam.NewFromConfig(nepheletest.Start(t).Config)}
	mine := p.policy(t, "AAA", allowList)
	bound := p.policy(t, "Bound", allowList)
	p.user(t, "ann")
	ok[*iam.AttachUserPolicyOutput](t)(p.AttachUserPolicy(t.Context(), &iam.AttachUserPolicyInput{UserName: aws.String("ann"), PolicyArn: aws.String(readOnly)}))
	ok[*iam.PutUserPermissionsBoundaryOutput](t)(p.PutUserPermissionsBoundary(t.Context(), &iam.PutUserPermissionsBoundaryInput{UserName: aws.String("ann"), PermissionsBoundary: &bound}))
	list := func(in iam.ListPoliciesInput) (arns []string) {
		in.MaxItems = aws.Int32(40)
		pages := iam.NewListPoliciesPaginator(p, &in)
		for pages.HasMorePages() {
			for _, policy := range ok[*iam.ListPoliciesOutput](t)(pages.NextPage(t.Context())).Policies {
				arns = append(arns, *policy.Arn)
			}
		}
		return arns
	}
	all := list(iam.ListPoliciesInput{})
	if len(all) < 95 || len(slices.Compact(slices.Sorted(slices.Values(all)))) != len(all) {
		t.Errorf("%d policies: %v", len(all), all)
	}
	for name, tt := range map[string]struct {
		in   iam.ListPoliciesInput
		want []string
	}{
		"local":    {iam.ListPoliciesInput{Scope: types.PolicyScopeTypeLocal}, []string{mine, bound}},
		"attached": {iam.ListPoliciesInput{OnlyAttached: true}, []string{readOnly}},
		"boundary": {iam.ListPoliciesInput{PolicyUsageFilter: types.PolicyUsageTypePermissionsBoundary}, []string{bound}},
		"neither":  {iam.ListPoliciesInput{Scope: types.PolicyScopeTypeLocal, OnlyAttached: true}, nil},
		"path":     {iam.ListPoliciesInput{PathPrefix: aws.String("/team/")}, nil},
	} {
		if diff := cmp.Diff(tt.want, list(tt.in)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	jobs := list(iam.ListPoliciesInput{PathPrefix: aws.String("/job-function/")})
	if !slices.Contains(jobs, "arn:aws:iam::aws:policy/job-function/ViewOnlyAccess") || len(jobs) > 10 {
		t.Errorf("%v", jobs)
	}
}

func TestAuthorizationDetails(t *testing.T) {
	t.Parallel()
	eachPolicies(t, func(t *testing.T, p policies) {
		ctx := t.Context()
		arn := p.policy(t, "Mine", allowList)
		p.user(t, "Ann")
		p.group(t, "Staff")
		p.role(t, "Runner")
		ok[*iam.AddUserToGroupOutput](t)(p.AddUserToGroup(ctx, &iam.AddUserToGroupInput{UserName: aws.String("ann"), GroupName: aws.String("staff")}))
		ok[*iam.PutUserPolicyOutput](t)(p.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: aws.String("ann"), PolicyName: aws.String("own"), PolicyDocument: aws.String(allowList)}))
		ok[*iam.AttachRolePolicyOutput](t)(p.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: aws.String("runner"), PolicyArn: aws.String(admin)}))
		ok[*iam.PutUserPermissionsBoundaryOutput](t)(p.PutUserPermissionsBoundary(ctx, &iam.PutUserPermissionsBoundaryInput{UserName: aws.String("ann"), PermissionsBoundary: &arn}))
		got := func(size int32, filter ...types.EntityType) (seen []string) {
			pages := iam.NewGetAccountAuthorizationDetailsPaginator(p, &iam.GetAccountAuthorizationDetailsInput{Filter: filter, MaxItems: &size})
			for pages.HasMorePages() {
				page := ok[*iam.GetAccountAuthorizationDetailsOutput](t)(pages.NextPage(ctx))
				if page.UserDetailList == nil || page.GroupDetailList == nil || page.RoleDetailList == nil || page.Policies == nil {
					t.Errorf("a list that is empty is not answered: %+v", page)
				}
				for _, u := range page.UserDetailList {
					seen = append(seen, fmt.Sprint(*u.UserName, u.GroupList, *u.UserPolicyList[0].PolicyName, *u.PermissionsBoundary.PermissionsBoundaryArn))
				}
				for _, g := range page.GroupDetailList {
					seen = append(seen, *g.GroupName)
				}
				for _, r := range page.RoleDetailList {
					seen = append(seen, fmt.Sprint(*r.RoleName, decoded(t, r.AssumeRolePolicyDocument) == anyone, *r.AttachedManagedPolicies[0].PolicyName))
				}
				for _, m := range page.Policies {
					seen = append(seen, fmt.Sprint(*m.PolicyName, *m.AttachmentCount, *m.PermissionsBoundaryUsageCount, len(decoded(t, m.PolicyVersionList[0].Document)) > 0))
				}
			}
			return seen
		}
		all := []string{"Ann[Staff]own" + arn, "Staff", "RunnertrueAdministratorAccess", "AdministratorAccess1 0 true", "Mine0 1 true"}
		for _, size := range []int32{1, 2, 100} {
			if diff := cmp.Diff(all, got(size)); diff != "" {
				t.Errorf("pages of %d: %s", size, diff)
			}
		}
		if diff := cmp.Diff(all[1:3], got(10, types.EntityTypeGroup, types.EntityTypeRole)); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(all[4:], got(10, types.EntityTypeLocalManagedPolicy)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestPolicyTags(t *testing.T) {
	t.Parallel()
	p := policies{iam.NewFromConfig(nepheletest.Start(t).Config)}
	arn := p.policy(t, "tagged", allowList)
	ok[*iam.TagPolicyOutput](t)(p.TagPolicy(t.Context(), &iam.TagPolicyInput{PolicyArn: &arn, Tags: []types.Tag{
		{Key: aws.String("a"), Value: aws.String("1")}, {Key: aws.String("b"), Value: aws.String("2")},
	}}))
	ok[*iam.UntagPolicyOutput](t)(p.UntagPolicy(t.Context(), &iam.UntagPolicyInput{PolicyArn: &arn, TagKeys: []string{"A"}}))
	list := ok[*iam.ListPolicyTagsOutput](t)(p.ListPolicyTags(t.Context(), &iam.ListPolicyTagsInput{PolicyArn: &arn})).Tags
	if len(list) != 1 || *list[0].Key != "b" || *list[0].Value != "2" {
		t.Errorf("%+v", list)
	}
}
