package iam_test

import (
	"context"
	"encoding/csv"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"nephele.dev/nephele/nepheletest"
)

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
