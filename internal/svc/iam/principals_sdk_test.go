package iam_test

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/store/storetest"
	"nephele.dev/nephele/nepheletest"
)

const owner = account // of the servers

// each runs f on servers with each database.
func each(t *testing.T, f func(t *testing.T, srv *nepheletest.Server, c *iam.Client), options ...nepheletest.Option) {
	t.Helper()
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		o := options
		if c.URL != "" {
			o = append([]nepheletest.Option{nepheletest.WithPostgres(c.URL)}, options...)
		}
		srv := nepheletest.Start(t, o...)
		f(t, srv, iam.NewFromConfig(srv.Config))
	})
}

// one is a server on SQLite.
func one(t *testing.T, options ...nepheletest.Option) (*nepheletest.Server, *iam.Client) {
	t.Helper()
	srv := nepheletest.Start(t, options...)
	return srv, iam.NewFromConfig(srv.Config)
}

// fails demands an error by code and message; "" is any.
func fails(t *testing.T, err error, code, message string) {
	t.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) {
		t.Fatalf("got %v, want %s: %s", err, code, message)
	}
	if api.ErrorCode() != code || message != "" && api.ErrorMessage() != message {
		t.Errorf("got %s: %s, want %s: %s", api.ErrorCode(), api.ErrorMessage(), code, message)
	}
}

// as is a client's configuration with other credentials.
func as(cfg aws.Config, key *types.AccessKey) aws.Config {
	cfg.Credentials = credentials.NewStaticCredentialsProvider(*key.AccessKeyId, *key.SecretAccessKey, "")
	return cfg
}

func newUser(t *testing.T, c *iam.Client, name string) *types.User {
	t.Helper()
	return ok[*iam.CreateUserOutput](t)(c.CreateUser(t.Context(), &iam.CreateUserInput{UserName: &name})).User
}

func newKey(t *testing.T, c *iam.Client, user string) *types.AccessKey {
	t.Helper()
	return ok[*iam.CreateAccessKeyOutput](t)(c.CreateAccessKey(t.Context(), &iam.CreateAccessKeyInput{UserName: &user})).AccessKey
}

// trusting is a trust policy for one principal.
func trusting(principal string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":` + principal + `,"Action":"sts:AssumeRole"}]}`
}

const trustEC2 = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`

func newRole(t *testing.T, c *iam.Client, name, trust string) *types.Role {
	t.Helper()
	return ok[*iam.CreateRoleOutput](t)(c.CreateRole(t.Context(), &iam.CreateRoleInput{
		RoleName: &name, AssumeRolePolicyDocument: &trust,
	})).Role
}

func testUser(t *testing.T, c *iam.Client, owner string) {
	ctx := t.Context()
	made := ok[*iam.CreateUserOutput](t)(c.CreateUser(ctx, &iam.CreateUserInput{
		UserName: aws.String("Alice"), Path: aws.String("/staff/"),
		PermissionsBoundary: aws.String("arn:aws:iam::aws:policy/ReadOnlyAccess"),
		Tags:                []types.Tag{{Key: aws.String("team"), Value: aws.String("red")}},
	})).User
	if *made.Arn != "arn:aws:iam::"+owner+":user/staff/Alice" || !strings.HasPrefix(*made.UserId, "AIDA") || len(*made.UserId) != 21 {
		t.Errorf("made %+v", made)
	}
	got := ok[*iam.GetUserOutput](t)(c.GetUser(ctx, &iam.GetUserInput{UserName: aws.String("aLICE")})).User
	if *got.UserName != "Alice" || !got.CreateDate.Equal(*made.CreateDate) || got.PermissionsBoundary.PermissionsBoundaryType != "Policy" {
		t.Errorf("got %+v", got)
	}
	_, err := c.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("ALICE")})
	fails(t, err, "EntityAlreadyExists", "User with name ALICE already exists.")

	_, err = c.UpdateUser(ctx, &iam.UpdateUserInput{
		UserName: aws.String("Alice"), NewUserName: aws.String("Bob"), NewPath: aws.String("/"),
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.GetUser(ctx, &iam.GetUserInput{UserName: aws.String("Alice")})
	fails(t, err, "NoSuchEntity", "The user with name Alice cannot be found.")
	got = ok[*iam.GetUserOutput](t)(c.GetUser(ctx, &iam.GetUserInput{UserName: aws.String("Bob")})).User
	if *got.UserId != *made.UserId || *got.Arn != "arn:aws:iam::"+owner+":user/Bob" || len(got.Tags) != 1 {
		t.Errorf("renamed %+v", got)
	}
	if _, err := c.DeleteUser(ctx, &iam.DeleteUserInput{UserName: aws.String("bob")}); err != nil {
		t.Fatal(err)
	}
	if again := newUser(t, c, "Bob"); *again.UserId == *made.UserId {
		t.Error("a user made again is the old one")
	}
}

// TestDeleteConflict deletes principals that still have something.
func TestDeleteConflict(t *testing.T) {
	t.Parallel()
	_, c := one(t)
	ctx := t.Context()
	name := aws.String("busy")
	newUser(t, c, *name)
	newRole(t, c, *name, trustEC2)
	for _, step := range []error{
		second(c.CreateGroup(ctx, &iam.CreateGroupInput{GroupName: name})),
		second(c.AddUserToGroup(ctx, &iam.AddUserToGroupInput{GroupName: name, UserName: name})),
		second(c.CreateInstanceProfile(ctx, &iam.CreateInstanceProfileInput{InstanceProfileName: name})),
		second(c.AddRoleToInstanceProfile(ctx, &iam.AddRoleToInstanceProfileInput{InstanceProfileName: name, RoleName: name})),
		second(c.AddUserToGroup(ctx, &iam.AddUserToGroupInput{GroupName: name, UserName: name})), // no harm
	} {
		if step != nil {
			t.Fatal(step)
		}
	}
	deleteUser := func() error { return second(c.DeleteUser(ctx, &iam.DeleteUserInput{UserName: name})) }
	fails(t, deleteUser(), "DeleteConflict", "Cannot delete entity, must remove users from group first.")
	fails(t, second(c.DeleteGroup(ctx, &iam.DeleteGroupInput{GroupName: name})), "DeleteConflict",
		"Cannot delete entity, must remove users from group first.")
	fails(t, second(c.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: name})), "DeleteConflict",
		"Cannot delete entity, must remove roles from instance profile first.")
	fails(t, second(c.DeleteInstanceProfile(ctx, &iam.DeleteInstanceProfileInput{InstanceProfileName: name})), "DeleteConflict",
		"Cannot delete entity, must remove roles from instance profile first.")

	key := newKey(t, c, *name)
	fails(t, deleteUser(), "DeleteConflict", "Cannot delete entity, must delete access keys first.")
	arn := aws.String("arn:aws:iam::aws:policy/ReadOnlyAccess")
	if _, err := c.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: name, PolicyArn: arn}); err != nil {
		t.Fatal(err)
	}
	fails(t, deleteUser(), "DeleteConflict", "Cannot delete entity, must detach all policies first.")

	for _, step := range []error{
		second(c.DetachUserPolicy(ctx, &iam.DetachUserPolicyInput{UserName: name, PolicyArn: arn})),
		second(c.DeleteAccessKey(ctx, &iam.DeleteAccessKeyInput{UserName: name, AccessKeyId: key.AccessKeyId})),
		second(c.RemoveUserFromGroup(ctx, &iam.RemoveUserFromGroupInput{GroupName: name, UserName: name})),
		deleteUser(),
		second(c.DeleteGroup(ctx, &iam.DeleteGroupInput{GroupName: name})),
		second(c.RemoveRoleFromInstanceProfile(ctx, &iam.RemoveRoleFromInstanceProfileInput{InstanceProfileName: name, RoleName: name})),
		second(c.DeleteInstanceProfile(ctx, &iam.DeleteInstanceProfileInput{InstanceProfileName: name})),
		second(c.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: name})),
	} {
		if step != nil {
			t.Fatal(step)
		}
	}
}

// TestOnBothDatabases has each database serve accounts that do not know of each
// other.
func TestOnBothDatabases(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, srv *nepheletest.Server, _ *iam.Client) {
		for i, tt := range []struct {
			name string
			f    func(t *testing.T, c *iam.Client, owner string)
		}{
			{"User", testUser},
			{"Groups", testGroups},
			{"ListingByPath", testListingByPath},
			{"Role", testRole},
			{"TrustMeansWhoItNamed", testTrustMeansWhoItNamed},
			{"InstanceProfile", testInstanceProfile},
			{"OIDCProvider", testOIDCProvider},
			{"Account", testAccount},
			{"Unique", testUnique},
			{"KeysAtOnce", testKeysAtOnce},
		} {
			t.Run(tt.name, func(t *testing.T) {
				t.Parallel()
				owner := fmt.Sprintf("%012d", i+1) // without authentication, the key of an account is its number
				c := iam.NewFromConfig(as(srv.Config, &types.AccessKey{AccessKeyId: &owner, SecretAccessKey: &owner}))
				tt.f(t, c, owner)
			})
		}
	})
}

func second[T any](_ T, err error) error { return err }

// TestRefusals has a call for each rule that refuses one.
func TestRefusals(t *testing.T) {
	t.Parallel()
	_, c := one(t)
	ctx := t.Context()
	newUser(t, c, "u")
	newRole(t, c, "r", trustEC2)
	longTrust := trusting(`{"AWS":["` + strings.Repeat(owner+`","`, 200) + owner + `"]}`)
	role := func(trust string) error {
		return second(c.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("new"), AssumeRolePolicyDocument: &trust}))
	}
	tag := func(keys ...string) error {
		var tags []types.Tag
		for _, k := range keys {
			tags = append(tags, types.Tag{Key: &k, Value: aws.String("")})
		}
		return second(c.TagUser(ctx, &iam.TagUserInput{UserName: aws.String("u"), Tags: tags}))
	}
	for _, tt := range []struct {
		name          string
		err           error
		code, message string
	}{
		{
			"user name", second(c.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("a b")})), "ValidationError",
			"",
		},
		{"no user", second(c.DeleteUser(ctx, &iam.DeleteUserInput{UserName: aws.String("x")})), "NoSuchEntity", "The user with name x cannot be found."},
		{"no group", second(c.GetGroup(ctx, &iam.GetGroupInput{GroupName: aws.String("x")})), "NoSuchEntity", "The group with name x cannot be found."},
		{"no role", second(c.GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String("x")})), "NoSuchEntity", "The role with name x cannot be found."},
		{
			"no profile", second(c.GetInstanceProfile(ctx, &iam.GetInstanceProfileInput{InstanceProfileName: aws.String("x")})),
			"NoSuchEntity", "Instance Profile x cannot be found.",
		},
		{"role name taken", second(c.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("R"), AssumeRolePolicyDocument: aws.String(trustEC2)})), "EntityAlreadyExists", "Role with name R already exists."},
		{"not JSON", role("x"), "MalformedPolicyDocument", ""},
		{"resource in trust", role(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole","Resource":"*"}]}`), "MalformedPolicyDocument", ""},
		{"trusts nobody there", role(trusting(`{"AWS":"arn:aws:iam::` + owner + `:user/x"}`)), "MalformedPolicyDocument", `Invalid principal in policy: "AWS":"arn:aws:iam::` + owner + `:user/x"`},
		{"trusts another path", role(trusting(`{"AWS":"arn:aws:iam::` + owner + `:user/path/u"}`)), "MalformedPolicyDocument", `Invalid principal in policy: "AWS":"arn:aws:iam::` + owner + `:user/path/u"`},
		{"trust too long", role(longTrust), "LimitExceeded", "Cannot exceed quota for ACLSizePerRole: 2048"},
		{"session too short", second(c.UpdateRole(ctx, &iam.UpdateRoleInput{RoleName: aws.String("r"), MaxSessionDuration: aws.Int32(60)})), "ValidationError", ""},
		{"boundary that is not there", second(c.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("v"), PermissionsBoundary: aws.String("arn:aws:iam::" + owner + ":policy/x")})), "NoSuchEntity", ""},
		{"tag twice", tag("a", "A"), "InvalidInput", "Duplicate tag keys found. Please note that Tag keys are case insensitive."},
		{"tag of AWS", tag("aws:x"), "InvalidInput", ""},
		{"reserved path", second(c.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("n"), Path: aws.String("/aws-service-role/x/"), AssumeRolePolicyDocument: aws.String(trustEC2)})), "InvalidInput", ""},
		{"unknown linked role", second(c.CreateServiceLinkedRole(ctx, &iam.CreateServiceLinkedRoleInput{AWSServiceName: aws.String("x.amazonaws.com")})), "InvalidInput", ""},
		{"provider without TLS", second(c.CreateOpenIDConnectProvider(ctx, &iam.CreateOpenIDConnectProviderInput{Url: aws.String("http://x.example")})), "ValidationError", "Invalid Open ID Connect Provider URL"},
		{"thumbprint", second(c.CreateOpenIDConnectProvider(ctx, &iam.CreateOpenIDConnectProviderInput{Url: aws.String("https://x.example"), ThumbprintList: []string{strings.Repeat("x", 40)}})), "InvalidInput", ""},
		{"no password policy", second(c.GetAccountPasswordPolicy(ctx, &iam.GetAccountPasswordPolicyInput{})), "NoSuchEntity", "The Password Policy with domain name " + owner + " cannot be found."},
		{"weak password", second(c.CreateLoginProfile(ctx, &iam.CreateLoginProfileInput{UserName: aws.String("u"), Password: aws.String("abc")})), "PasswordPolicyViolation", ""},
		{"no password", second(c.GetLoginProfile(ctx, &iam.GetLoginProfileInput{UserName: aws.String("u")})), "NoSuchEntity", "Login Profile for User u cannot be found."},
		{"root changes its password", second(c.ChangePassword(ctx, &iam.ChangePasswordInput{OldPassword: aws.String("a"), NewPassword: aws.String("b")})), "InvalidUserType", "Only IAM Users can change their own password."},
		{"no key", second(c.GetAccessKeyLastUsed(ctx, &iam.GetAccessKeyLastUsedInput{AccessKeyId: aws.String("AKIAIOSFODNN7EXAMPLE")})), "NoSuchEntity", "The Access Key with id AKIAIOSFODNN7EXAMPLE cannot be found."},
		{"marker", second(c.ListUsers(ctx, &iam.ListUsersInput{Marker: aws.String("x")})), "ValidationError", "Invalid Marker."},
		{"not in the group", second(c.RemoveUserFromGroup(ctx, &iam.RemoveUserFromGroupInput{GroupName: aws.String("g"), UserName: aws.String("u")})), "NoSuchEntity", "The group with name g cannot be found."},
		{"no alias", second(c.DeleteAccountAlias(ctx, &iam.DeleteAccountAliasInput{AccountAlias: aws.String("nobody")})), "NoSuchEntity", "The account alias nobody cannot be found."},
		{"no report", second(c.GetCredentialReport(ctx, &iam.GetCredentialReportInput{})), "ReportNotPresent", ""},
	} {
		t.Run(tt.name, func(t *testing.T) { fails(t, tt.err, tt.code, tt.message) })
	}
	users := ok[*iam.ListUsersOutput](t)(c.ListUsers(ctx, &iam.ListUsersInput{}))
	roles := ok[*iam.ListRolesOutput](t)(c.ListRoles(ctx, &iam.ListRolesInput{}))
	if len(users.Users) != 1 || len(roles.Roles) != 1 {
		t.Errorf("a refused call left something: %d users, %d roles", len(users.Users), len(roles.Roles))
	}
}

func TestTags(t *testing.T) {
	t.Parallel()
	_, c := one(t)
	ctx := t.Context()
	name := aws.String("tagged")
	newUser(t, c, *name)
	pair := func(k, v string) types.Tag { return types.Tag{Key: &k, Value: &v} }
	for _, step := range []error{
		second(c.TagUser(ctx, &iam.TagUserInput{UserName: name, Tags: []types.Tag{pair("department", "a"), pair("x", "1"), pair("y", "")}})),
		second(c.TagUser(ctx, &iam.TagUserInput{UserName: name, Tags: []types.Tag{pair("Department", "b")}})),
		second(c.UntagUser(ctx, &iam.UntagUserInput{UserName: name, TagKeys: []string{"X", "nothing"}})),
	} {
		if step != nil {
			t.Fatal(step)
		}
	}
	got := ok[*iam.ListUserTagsOutput](t)(c.ListUserTags(ctx, &iam.ListUserTagsInput{UserName: name, MaxItems: aws.Int32(1)}))
	rest := ok[*iam.ListUserTagsOutput](t)(c.ListUserTags(ctx, &iam.ListUserTagsInput{UserName: name, Marker: got.Marker}))
	var all []string
	for _, tag := range append(got.Tags, rest.Tags...) {
		all = append(all, *tag.Key+"="+*tag.Value)
	}
	if diff := cmp.Diff([]string{"Department=b", "y="}, all); diff != "" || !got.IsTruncated || rest.IsTruncated {
		t.Errorf("tags %s, truncated %v, %v", diff, got.IsTruncated, rest.IsTruncated)
	}
	var many []types.Tag
	for i := range 49 {
		many = append(many, pair("k"+strings.Repeat("k", i), ""))
	}
	fails(t, second(c.TagUser(ctx, &iam.TagUserInput{UserName: name, Tags: many})), "LimitExceeded", "")
}

func testGroups(t *testing.T, c *iam.Client, owner string) {
	ctx := t.Context()
	newUser(t, c, "u")
	newUser(t, c, "v")
	var groups []string
	for i := range 11 {
		name := "g" + string(rune('a'+i))
		groups = append(groups, name)
		ok[*iam.CreateGroupOutput](t)(c.CreateGroup(ctx, &iam.CreateGroupInput{GroupName: &name}))
		err := second(c.AddUserToGroup(ctx, &iam.AddUserToGroupInput{GroupName: &name, UserName: aws.String("u")}))
		if i == 10 {
			fails(t, err, "LimitExceeded", "Cannot exceed quota for GroupsPerUser: 10")
		} else if err != nil {
			t.Fatal(err)
		}
	}
	ok[*iam.AddUserToGroupOutput](t)(c.AddUserToGroup(ctx, &iam.AddUserToGroupInput{GroupName: aws.String("ga"), UserName: aws.String("v")}))
	// A group and a user that change their names stay together.
	ok[*iam.UpdateGroupOutput](t)(c.UpdateGroup(ctx, &iam.UpdateGroupInput{GroupName: aws.String("ga"), NewGroupName: aws.String("z")}))
	ok[*iam.UpdateUserOutput](t)(c.UpdateUser(ctx, &iam.UpdateUserInput{UserName: aws.String("u"), NewUserName: aws.String("w")}))
	var of []string
	pages := iam.NewListGroupsForUserPaginator(c, &iam.ListGroupsForUserInput{UserName: aws.String("w"), MaxItems: aws.Int32(3)})
	for pages.HasMorePages() {
		for _, g := range ok[*iam.ListGroupsForUserOutput](t)(pages.NextPage(ctx)).Groups {
			of = append(of, *g.GroupName)
		}
	}
	if diff := cmp.Diff(append(groups[1:10], "z"), of); diff != "" {
		t.Errorf("groups of the user: %s", diff)
	}
	in := ok[*iam.GetGroupOutput](t)(c.GetGroup(ctx, &iam.GetGroupInput{GroupName: aws.String("Z")}))
	if len(in.Users) != 2 || *in.Users[0].UserName != "v" || *in.Users[1].UserName != "w" {
		t.Errorf("users of the group: %+v", in.Users)
	}
}

func testListingByPath(t *testing.T, c *iam.Client, owner string) {
	ctx := t.Context()
	var want []string
	for i := range 25 {
		name, path := "user"+string(rune('a'+i)), "/a/"
		if i%3 == 0 {
			path = "/a/b/"
			want = append(want, name)
		}
		ok[*iam.CreateUserOutput](t)(c.CreateUser(ctx, &iam.CreateUserInput{UserName: &name, Path: &path}))
	}
	var got []string
	pages := iam.NewListUsersPaginator(c, &iam.ListUsersInput{PathPrefix: aws.String("/a/b"), MaxItems: aws.Int32(2)})
	for n := 0; pages.HasMorePages(); n++ {
		page := ok[*iam.ListUsersOutput](t)(pages.NextPage(ctx))
		if len(page.Users) == 0 || n > 5 {
			t.Fatalf("page %d has %d users", n, len(page.Users))
		}
		for _, u := range page.Users {
			got = append(got, *u.UserName)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func testRole(t *testing.T, c *iam.Client, owner string) {
	ctx := t.Context()
	name := aws.String("worker")
	trust := "{\n \"Version\": \"2012-10-17\",\n \"Statement\": {\"Effect\": \"Allow\", \"Principal\": {\"Service\": \"ec2.amazonaws.com\"}, \"Action\": \"sts:AssumeRole\"}}"
	made := ok[*iam.CreateRoleOutput](t)(c.CreateRole(ctx, &iam.CreateRoleInput{
		RoleName: name, AssumeRolePolicyDocument: &trust, MaxSessionDuration: aws.Int32(7200), Description: aws.String("works"),
	})).Role
	if strings.ContainsAny(*made.AssumeRolePolicyDocument, " {}\"+*") || !strings.HasPrefix(*made.AssumeRolePolicyDocument, "%7B%0A%20%22") {
		t.Errorf("document %s", *made.AssumeRolePolicyDocument)
	}
	if text, err := url.PathUnescape(*made.AssumeRolePolicyDocument); err != nil || text != trust {
		t.Errorf("document is %q, %v", text, err)
	}
	for _, step := range []error{
		second(c.UpdateRole(ctx, &iam.UpdateRoleInput{RoleName: name, Description: aws.String("rests")})),
		second(c.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{RoleName: name, PolicyDocument: aws.String(trustEC2)})),
		second(c.TagRole(ctx, &iam.TagRoleInput{RoleName: name, Tags: []types.Tag{{Key: aws.String("k"), Value: aws.String("v")}}})),
	} {
		if step != nil {
			t.Fatal(step)
		}
	}
	got := ok[*iam.GetRoleOutput](t)(c.GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String("WORKER")})).Role
	if *got.Description != "rests" || *got.MaxSessionDuration != 7200 || *got.RoleId != *made.RoleId || len(got.Tags) != 1 || got.RoleLastUsed == nil {
		t.Errorf("got %+v", got)
	}
	if text, _ := url.PathUnescape(*got.AssumeRolePolicyDocument); text != trustEC2 {
		t.Errorf("trust is %q", text)
	}
	listed := ok[*iam.ListRolesOutput](t)(c.ListRoles(ctx, &iam.ListRolesInput{})).Roles
	if len(listed) != 1 || listed[0].Tags != nil || listed[0].RoleLastUsed != nil || *listed[0].RoleName != "worker" {
		t.Errorf("listed %+v", listed)
	}
}

// testTrustMeansWhoItNamed follows a trusted user through a change of name,
// and past its end.
func testTrustMeansWhoItNamed(t *testing.T, c *iam.Client, owner string) {
	ctx := t.Context()
	user := newUser(t, c, "friend")
	newRole(t, c, "r", trusting(`{"AWS":["`+*user.Arn+`","`+owner+`"]}`))
	trusts := func(want string) {
		t.Helper()
		got := ok[*iam.GetRoleOutput](t)(c.GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String("r")})).Role
		if text, _ := url.PathUnescape(*got.AssumeRolePolicyDocument); !strings.Contains(text, `"`+want+`"`) {
			t.Errorf("trusts %s, want %s", text, want)
		}
	}
	trusts(*user.Arn)
	ok[*iam.UpdateUserOutput](t)(c.UpdateUser(ctx, &iam.UpdateUserInput{UserName: user.UserName, NewUserName: aws.String("mate")}))
	trusts("arn:aws:iam::" + owner + ":user/mate")
	ok[*iam.DeleteUserOutput](t)(c.DeleteUser(ctx, &iam.DeleteUserInput{UserName: aws.String("mate")}))
	trusts(*user.UserId)
	newUser(t, c, "friend")
	trusts(*user.UserId)
}

func testInstanceProfile(t *testing.T, c *iam.Client, owner string) {
	ctx := t.Context()
	newRole(t, c, "one", trustEC2)
	newRole(t, c, "two", trustEC2)
	for _, name := range []string{"p", "q"} {
		ok[*iam.CreateInstanceProfileOutput](t)(c.CreateInstanceProfile(ctx, &iam.CreateInstanceProfileInput{InstanceProfileName: &name}))
	}
	fails(t, second(c.CreateInstanceProfile(ctx, &iam.CreateInstanceProfileInput{InstanceProfileName: aws.String("P")})),
		"EntityAlreadyExists", "Instance Profile P already exists.")
	add := func(profile, role string) error {
		return second(c.AddRoleToInstanceProfile(ctx, &iam.AddRoleToInstanceProfileInput{InstanceProfileName: &profile, RoleName: &role}))
	}
	if err := errors.Join(add("p", "one"), add("q", "one")); err != nil {
		t.Fatal(err)
	}
	fails(t, add("p", "two"), "LimitExceeded", "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1")
	of := ok[*iam.ListInstanceProfilesForRoleOutput](t)(c.ListInstanceProfilesForRole(ctx, &iam.ListInstanceProfilesForRoleInput{RoleName: aws.String("ONE")}))
	if len(of.InstanceProfiles) != 2 || *of.InstanceProfiles[0].Roles[0].RoleName != "one" {
		t.Errorf("profiles of the role: %+v", of.InstanceProfiles)
	}
	all := ok[*iam.ListInstanceProfilesOutput](t)(c.ListInstanceProfiles(ctx, &iam.ListInstanceProfilesInput{MaxItems: aws.Int32(1)}))
	if len(all.InstanceProfiles) != 1 || !all.IsTruncated {
		t.Errorf("profiles: %+v", all)
	}
	fails(t, second(c.RemoveRoleFromInstanceProfile(ctx, &iam.RemoveRoleFromInstanceProfileInput{
		InstanceProfileName: aws.String("p"), RoleName: aws.String("two"),
	})), "NoSuchEntity", "The role with name two cannot be found.")
}

// TestAccessKeys signs with keys as they come and go.
func TestAccessKeys(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, srv *nepheletest.Server, c *iam.Client) {
		ctx := t.Context()
		name := aws.String("signer")
		user := newUser(t, c, *name)
		key, other := newKey(t, c, *name), newKey(t, c, *name)
		fails(t, second(c.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: name})), "LimitExceeded",
			"Cannot exceed quota for AccessKeysPerUser: 2")
		if len(*key.AccessKeyId) != 20 || len(*key.SecretAccessKey) != 40 || *key.SecretAccessKey == *other.SecretAccessKey {
			t.Errorf("key %s, secret of %d characters", *key.AccessKeyId, len(*key.SecretAccessKey))
		}
		who := sts.NewFromConfig(as(srv.Config, key))
		works := func() error { return second(who.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})) }
		me := ok[*sts.GetCallerIdentityOutput](t)(who.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{}))
		if *me.Arn != *user.Arn || *me.UserId != *user.UserId {
			t.Errorf("the key is %s, %s", *me.Arn, *me.UserId)
		}
		last := ok[*iam.GetAccessKeyLastUsedOutput](t)(c.GetAccessKeyLastUsed(ctx, &iam.GetAccessKeyLastUsedInput{AccessKeyId: key.AccessKeyId}))
		if last.AccessKeyLastUsed.LastUsedDate == nil || *last.AccessKeyLastUsed.ServiceName != "sts" || *last.UserName != *name {
			t.Errorf("last used %+v", last.AccessKeyLastUsed)
		}
		last = ok[*iam.GetAccessKeyLastUsedOutput](t)(c.GetAccessKeyLastUsed(ctx, &iam.GetAccessKeyLastUsedInput{AccessKeyId: other.AccessKeyId}))
		if last.AccessKeyLastUsed.LastUsedDate != nil || *last.AccessKeyLastUsed.ServiceName != "N/A" || *last.AccessKeyLastUsed.Region != "N/A" {
			t.Errorf("never used %+v", last.AccessKeyLastUsed)
		}
		set := func(status types.StatusType) {
			t.Helper()
			ok[*iam.UpdateAccessKeyOutput](t)(c.UpdateAccessKey(ctx, &iam.UpdateAccessKeyInput{
				UserName: name, AccessKeyId: key.AccessKeyId, Status: status,
			}))
		}
		set(types.StatusTypeInactive)
		fails(t, works(), "InvalidClientTokenId", "")
		set(types.StatusTypeActive)
		if err := works(); err != nil {
			t.Error(err)
		}
		ok[*iam.UpdateUserOutput](t)(c.UpdateUser(ctx, &iam.UpdateUserInput{UserName: name, NewUserName: aws.String("writer")}))
		me = ok[*sts.GetCallerIdentityOutput](t)(who.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{}))
		if *me.Arn != "arn:aws:iam::"+owner+":user/writer" {
			t.Errorf("after the change of name: %s", *me.Arn)
		}
		ok[*iam.DeleteAccessKeyOutput](t)(c.DeleteAccessKey(ctx, &iam.DeleteAccessKeyInput{
			UserName: aws.String("writer"), AccessKeyId: key.AccessKeyId,
		}))
		fails(t, works(), "InvalidClientTokenId", "")
		keys := ok[*iam.ListAccessKeysOutput](t)(c.ListAccessKeys(ctx, &iam.ListAccessKeysInput{UserName: aws.String("writer")}))
		if len(keys.AccessKeyMetadata) != 1 || *keys.AccessKeyMetadata[0].AccessKeyId != *other.AccessKeyId {
			t.Errorf("keys %+v", keys.AccessKeyMetadata)
		}
	}, nepheletest.WithAuth())
}

// TestOwnUser has a user look after its own keys and password, which needs no
// name, and nothing else, which it may not.
func TestOwnUser(t *testing.T) {
	t.Parallel()
	srv, root := one(t, nepheletest.WithAuth())
	ctx := t.Context()
	name := aws.String("self")
	newUser(t, root, *name)
	newUser(t, root, "other")
	me := iam.NewFromConfig(as(srv.Config, newKey(t, root, *name)))
	fails(t, second(me.GetUser(ctx, &iam.GetUserInput{})), "AccessDenied", "")
	ok[*iam.PutUserPolicyOutput](t)(root.PutUserPolicy(ctx, &iam.PutUserPolicyInput{
		UserName: name, PolicyName: aws.String("own"), PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":
			{"Effect":"Allow","Action":["iam:GetUser","iam:*AccessKey*","iam:ChangePassword"],"Resource":"arn:aws:iam::*:user/${aws:username}"}}`),
	}))
	got := ok[*iam.GetUserOutput](t)(me.GetUser(ctx, &iam.GetUserInput{})).User
	if *got.UserName != *name {
		t.Errorf("I am %s", *got.UserName)
	}
	mine := ok[*iam.CreateAccessKeyOutput](t)(me.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{})).AccessKey
	if *mine.UserName != *name {
		t.Errorf("my key is %s's", *mine.UserName)
	}
	fails(t, second(me.ListAccessKeys(ctx, &iam.ListAccessKeysInput{UserName: aws.String("other")})), "AccessDenied", "")
	fails(t, second(me.GetUser(ctx, &iam.GetUserInput{UserName: aws.String("other")})), "AccessDenied", "")
	if _, err := me.DeleteAccessKey(ctx, &iam.DeleteAccessKeyInput{AccessKeyId: mine.AccessKeyId}); err != nil {
		t.Error(err)
	}

	fails(t, second(me.ChangePassword(ctx, &iam.ChangePasswordInput{OldPassword: aws.String("a"), NewPassword: aws.String("b")})), "NoSuchEntity", "")
	ok[*iam.CreateLoginProfileOutput](t)(root.CreateLoginProfile(ctx, &iam.CreateLoginProfileInput{
		UserName: name, Password: aws.String("First-Pass1"), PasswordResetRequired: true,
	}))
	change := func(old, new string) error {
		return second(me.ChangePassword(ctx, &iam.ChangePasswordInput{OldPassword: &old, NewPassword: &new}))
	}
	fails(t, change("wrong", "Second-Pass2"), "AccessDenied", "The old password was incorrect.")
	if err := change("First-Pass1", "Second-Pass2"); err != nil {
		t.Fatal(err)
	}
	ok[*iam.UpdateAccountPasswordPolicyOutput](t)(root.UpdateAccountPasswordPolicy(ctx, &iam.UpdateAccountPasswordPolicyInput{
		PasswordReusePrevention: aws.Int32(2), RequireNumbers: true,
	}))
	fails(t, change("Second-Pass2", "First-Pass1"), "PasswordPolicyViolation", "")
	fails(t, change("Second-Pass2", "no-numbers"), "PasswordPolicyViolation", "Password should have at least one number")
	login := ok[*iam.GetLoginProfileOutput](t)(root.GetLoginProfile(ctx, &iam.GetLoginProfileInput{UserName: name})).LoginProfile
	if login.PasswordResetRequired {
		t.Error("the password is still to be changed")
	}
	fails(t, second(root.DeleteUser(ctx, &iam.DeleteUserInput{UserName: name})), "DeleteConflict", "")
}

func testOIDCProvider(t *testing.T, c *iam.Client, owner string) {
	ctx := t.Context()
	thumb := strings.Repeat("ab", 20)
	made := ok[*iam.CreateOpenIDConnectProviderOutput](t)(c.CreateOpenIDConnectProvider(ctx, &iam.CreateOpenIDConnectProviderInput{
		Url: aws.String("https://tokens.example/path"), ClientIDList: []string{"one"}, ThumbprintList: []string{thumb},
	}))
	arn := made.OpenIDConnectProviderArn
	if *arn != "arn:aws:iam::"+owner+":oidc-provider/tokens.example/path" {
		t.Errorf("ARN %s", *arn)
	}
	fails(t, second(c.CreateOpenIDConnectProvider(ctx, &iam.CreateOpenIDConnectProviderInput{Url: aws.String("https://tokens.example/path")})),
		"EntityAlreadyExists", "Provider with url https://tokens.example/path already exists.")
	for _, step := range []error{
		second(c.AddClientIDToOpenIDConnectProvider(ctx, &iam.AddClientIDToOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn, ClientID: aws.String("two")})),
		second(c.RemoveClientIDFromOpenIDConnectProvider(ctx, &iam.RemoveClientIDFromOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn, ClientID: aws.String("one")})),
		second(c.UpdateOpenIDConnectProviderThumbprint(ctx, &iam.UpdateOpenIDConnectProviderThumbprintInput{OpenIDConnectProviderArn: arn, ThumbprintList: []string{strings.Repeat("0", 40)}})),
		second(c.TagOpenIDConnectProvider(ctx, &iam.TagOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn, Tags: []types.Tag{{Key: aws.String("k"), Value: aws.String("v")}}})),
	} {
		if step != nil {
			t.Fatal(step)
		}
	}
	got := ok[*iam.GetOpenIDConnectProviderOutput](t)(c.GetOpenIDConnectProvider(ctx, &iam.GetOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn}))
	if *got.Url != "tokens.example/path" || !slices.Equal(got.ClientIDList, []string{"two"}) || got.ThumbprintList[0] == thumb || len(got.Tags) != 1 {
		t.Errorf("got %+v", got)
	}
	ok[*iam.DeleteOpenIDConnectProviderOutput](t)(c.DeleteOpenIDConnectProvider(ctx, &iam.DeleteOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn}))
	fails(t, second(c.GetOpenIDConnectProvider(ctx, &iam.GetOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn})),
		"NoSuchEntity", "OpenIDConnect Provider not found for arn "+*arn)

	arn = ok[*iam.CreateOpenIDConnectProviderOutput](t)(c.CreateOpenIDConnectProvider(ctx, &iam.CreateOpenIDConnectProviderInput{
		Url: aws.String("https://tokens.example/bare"),
	})).OpenIDConnectProviderArn
	bare := ok[*iam.GetOpenIDConnectProviderOutput](t)(c.GetOpenIDConnectProvider(ctx, &iam.GetOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn}))
	if bare.ClientIDList == nil || bare.ThumbprintList == nil {
		t.Errorf("a list that is empty is not answered: %+v", bare)
	}
}

func TestServiceLinkedRole(t *testing.T) {
	t.Parallel()
	_, c := one(t)
	ctx := t.Context()
	made := ok[*iam.CreateServiceLinkedRoleOutput](t)(c.CreateServiceLinkedRole(ctx, &iam.CreateServiceLinkedRoleInput{
		AWSServiceName: aws.String("autoscaling.amazonaws.com"), CustomSuffix: aws.String("blue"),
	})).Role
	if *made.Arn != "arn:aws:iam::"+owner+":role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling_blue" {
		t.Errorf("ARN %s", *made.Arn)
	}
	fails(t, second(c.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: made.RoleName})), "UnmodifiableEntity",
		"Cannot perform the operation on the protected role '"+*made.RoleName+"' - this role is only modifiable by AWS")
	fails(t, second(c.CreateServiceLinkedRole(ctx, &iam.CreateServiceLinkedRoleInput{
		AWSServiceName: aws.String("autoscaling.amazonaws.com"), CustomSuffix: aws.String("blue"),
	})), "InvalidInput", "Service role name "+*made.RoleName+" has been taken in this account, please try a different suffix.")
	task := ok[*iam.DeleteServiceLinkedRoleOutput](t)(c.DeleteServiceLinkedRole(ctx, &iam.DeleteServiceLinkedRoleInput{RoleName: made.RoleName}))
	status := ok[*iam.GetServiceLinkedRoleDeletionStatusOutput](t)(c.GetServiceLinkedRoleDeletionStatus(ctx,
		&iam.GetServiceLinkedRoleDeletionStatusInput{DeletionTaskId: task.DeletionTaskId}))
	if status.Status != types.DeletionTaskStatusTypeSucceeded {
		t.Errorf("status %s of %s", status.Status, *task.DeletionTaskId)
	}
	fails(t, second(c.GetRole(ctx, &iam.GetRoleInput{RoleName: made.RoleName})), "NoSuchEntity", "")
	fails(t, second(c.GetServiceLinkedRoleDeletionStatus(ctx, &iam.GetServiceLinkedRoleDeletionStatusInput{
		DeletionTaskId: aws.String(*task.DeletionTaskId + "x"),
	})), "NoSuchEntity", "")
}

func testAccount(t *testing.T, c *iam.Client, owner string) {
	ctx := t.Context()
	for _, alias := range []string{"first-name", "second-name"} {
		ok[*iam.CreateAccountAliasOutput](t)(c.CreateAccountAlias(ctx, &iam.CreateAccountAliasInput{AccountAlias: &alias}))
	}
	aliases := ok[*iam.ListAccountAliasesOutput](t)(c.ListAccountAliases(ctx, &iam.ListAccountAliasesInput{})).AccountAliases
	if !slices.Equal(aliases, []string{"second-name"}) {
		t.Errorf("aliases %v", aliases)
	}
	ok[*iam.DeleteAccountAliasOutput](t)(c.DeleteAccountAlias(ctx, &iam.DeleteAccountAliasInput{AccountAlias: aws.String("second-name")}))

	newUser(t, c, "u")
	newRole(t, c, "r", trustEC2)
	sum := ok[*iam.GetAccountSummaryOutput](t)(c.GetAccountSummary(ctx, &iam.GetAccountSummaryInput{})).SummaryMap
	if sum["Users"] != 1 || sum["Roles"] != 1 || sum["Groups"] != 0 || sum["UsersQuota"] != 5000 || sum["AccessKeysPerUserQuota"] != 2 {
		t.Errorf("summary %v", sum)
	}

	ok[*iam.UpdateAccountPasswordPolicyOutput](t)(c.UpdateAccountPasswordPolicy(ctx, &iam.UpdateAccountPasswordPolicyInput{
		MinimumPasswordLength: aws.Int32(12), MaxPasswordAge: aws.Int32(90), RequireSymbols: true,
	}))
	p := ok[*iam.GetAccountPasswordPolicyOutput](t)(c.GetAccountPasswordPolicy(ctx, &iam.GetAccountPasswordPolicyInput{})).PasswordPolicy
	if *p.MinimumPasswordLength != 12 || !p.ExpirePasswords || !p.RequireSymbols || p.RequireNumbers || p.PasswordReusePrevention != nil {
		t.Errorf("password policy %+v", p)
	}
	ok[*iam.DeleteAccountPasswordPolicyOutput](t)(c.DeleteAccountPasswordPolicy(ctx, &iam.DeleteAccountPasswordPolicyInput{}))

	root := ok[*iam.GetUserOutput](t)(c.GetUser(ctx, &iam.GetUserInput{})).User
	if *root.Arn != "arn:aws:iam::"+owner+":root" || *root.UserId != owner {
		t.Errorf("the caller is %+v", root)
	}
}

func TestCredentialReport(t *testing.T) {
	t.Parallel()
	_, c := one(t)
	ctx := t.Context()
	newUser(t, c, "u")
	newKey(t, c, "u")
	for range 2 {
		ok[*iam.GenerateCredentialReportOutput](t)(c.GenerateCredentialReport(ctx, &iam.GenerateCredentialReportInput{}))
	}
	report := ok[*iam.GetCredentialReportOutput](t)(c.GetCredentialReport(ctx, &iam.GetCredentialReportInput{}))
	rows, err := csv.NewReader(strings.NewReader(string(report.Content))).ReadAll()
	if err != nil || len(rows) != 3 {
		t.Fatalf("%v: %s", err, report.Content)
	}
	column := func(row int, name string) string { return rows[row][slices.Index(rows[0], name)] }
	if column(1, "user") != "<root_account>" || column(2, "user") != "u" || column(2, "access_key_1_active") != "true" ||
		column(2, "access_key_2_active") != "false" || column(2, "password_enabled") != "false" {
		t.Errorf("report %s", report.Content)
	}
}

// testUnique has many make the same user at once: one does.
func testUnique(t *testing.T, c *iam.Client, owner string) {
	const callers = 12
	var wg sync.WaitGroup
	errs := make([]error, callers)
	for i := range callers {
		name := "twin"
		if i%2 == 0 {
			name = "TWIN"
		}
		wg.Go(func() {
			errs[i] = second(c.CreateUser(context.WithoutCancel(t.Context()), &iam.CreateUserInput{UserName: &name}))
		})
	}
	wg.Wait()
	made := 0
	for _, err := range errs {
		if err == nil {
			made++
			continue
		}
		fails(t, err, "EntityAlreadyExists", "")
	}
	if made != 1 {
		t.Errorf("%d were made", made)
	}
}

// testKeysAtOnce has many make keys of one user at once: two do.
func testKeysAtOnce(t *testing.T, c *iam.Client, _ string) {
	newUser(t, c, "u")
	const callers = 8
	var wg sync.WaitGroup
	errs := make([]error, callers)
	for i := range callers {
		wg.Go(func() {
			errs[i] = second(c.CreateAccessKey(context.WithoutCancel(t.Context()), &iam.CreateAccessKeyInput{UserName: aws.String("u")}))
		})
	}
	wg.Wait()
	made := 0
	for _, err := range errs {
		if err == nil {
			made++
			continue
		}
		fails(t, err, "LimitExceeded", "Cannot exceed quota for AccessKeysPerUser: 2")
	}
	keys := ok[*iam.ListAccessKeysOutput](t)(c.ListAccessKeys(t.Context(), &iam.ListAccessKeysInput{UserName: aws.String("u")}))
	if made != 2 || len(keys.AccessKeyMetadata) != 2 {
		t.Errorf("%d were made, %d are there", made, len(keys.AccessKeyMetadata))
	}
}
