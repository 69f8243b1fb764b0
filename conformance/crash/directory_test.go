package crash

import (
	"context"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// inspect looks for what cannot be, whoever did what: a membership without its
// group or user, an attachment of no policy, a policy with too many versions or
// without its default, a key that nobody has. It returns the users.
func (s *staffErrand) inspect(ctx context.Context, t *testing.T) map[string]*iamtypes.UserDetail {
	t.Helper()
	users, groups, policies := s.details(ctx, t)
	attached := map[string]int32{}
	for name, u := range users {
		for _, g := range u.GroupList {
			if !groups[g] {
				t.Errorf("%s is in %s, which is not there", name, g)
			}
		}
		for _, p := range u.AttachedManagedPolicies {
			attached[*p.PolicyArn]++
		}
	}
	for arn := range attached {
		if policies[arn] == nil {
			t.Errorf("%s is attached and not there", arn)
		}
	}
	for arn, p := range policies {
		if *p.AttachmentCount != attached[arn] {
			t.Errorf("%s counts %d attachments, want %d", arn, *p.AttachmentCount, attached[arn])
		}
		checkVersions(t, p)
	}
	s.inspectPool(ctx, t, users)
	return users
}

func checkVersions(t *testing.T, p *iamtypes.ManagedPolicyDetail) {
	defaults := 0
	for _, v := range p.PolicyVersionList {
		if v.IsDefaultVersion {
			defaults++
		}
		if v.IsDefaultVersion != (*v.VersionId == *p.DefaultVersionId) {
			t.Errorf("%s: default is %s, and %s says %v", *p.Arn, *p.DefaultVersionId, *v.VersionId, v.IsDefaultVersion)
		}
	}
	if defaults != 1 || len(p.PolicyVersionList) > 5 {
		t.Errorf("%s has %d versions, %d of them the default", *p.Arn, len(p.PolicyVersionList), defaults)
	}
}

// details reads all users, groups and policies of the account.
func (s *staffErrand) details(ctx context.Context, t *testing.T) (map[string]*iamtypes.UserDetail, map[string]bool, map[string]*iamtypes.ManagedPolicyDetail) {
	t.Helper()
	users, groups, policies := map[string]*iamtypes.UserDetail{}, map[string]bool{}, map[string]*iamtypes.ManagedPolicyDetail{}
	pages := iam.NewGetAccountAuthorizationDetailsPaginator(s.iam, &iam.GetAccountAuthorizationDetailsInput{
		Filter:   []iamtypes.EntityType{iamtypes.EntityTypeUser, iamtypes.EntityTypeGroup, iamtypes.EntityTypeLocalManagedPolicy},
		MaxItems: aws.Int32(1000),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			t.Errorf("GetAccountAuthorizationDetails: %v", err)
			return users, groups, policies
		}
		for _, u := range page.UserDetailList {
			users[*u.UserName] = &u
		}
		for _, g := range page.GroupDetailList {
			groups[*g.GroupName] = true
		}
		for _, p := range page.Policies {
			policies[*p.Arn] = &p
		}
	}
	return users, groups, policies
}

// inspectPool compares both sides of the group that the rival fills.
func (s *staffErrand) inspectPool(ctx context.Context, t *testing.T, users map[string]*iamtypes.UserDetail) {
	t.Helper()
	members := map[string]bool{}
	pages := iam.NewGetGroupPaginator(s.iam, &iam.GetGroupInput{GroupName: aws.String(poolGroup)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			t.Errorf("GetGroup: %v", err)
			return
		}
		for _, u := range page.Users {
			members[*u.UserName] = true
		}
	}
	for name, u := range users {
		if in := slices.Contains(u.GroupList, poolGroup); in != members[name] {
			t.Errorf("%s says it is in the pool: %v, and the pool says %v", name, in, members[name])
		}
		delete(members, name)
	}
	for name := range members {
		t.Errorf("the pool has %s, who is not there", name)
	}
}
