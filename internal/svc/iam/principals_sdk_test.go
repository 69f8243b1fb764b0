package iam_test

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
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
