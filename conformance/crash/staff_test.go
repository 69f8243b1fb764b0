package crash

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// member is what is known of one user: a key, a group, an inline policy and a
// managed one with several versions.
type member struct {
	n         int
	key       aws.Credentials
	fireAsked bool
	fired     bool // acknowledged
}

func (m *member) user() string   { return fmt.Sprintf("staff-%d", m.n) }
func (m *member) group() string  { return fmt.Sprintf("team-%d", m.n) }
func (m *member) policy() string { return fmt.Sprintf("rules-%d", m.n) }
func (m *member) policyARN() string {
	return "arn:aws:iam::000000000000:policy/" + m.policy()
}

// staffErrand makes users with all that belongs to them, and takes every other
// one away again. Meanwhile its rival gives things to users who are leaving.
type staffErrand struct {
	url  string
	told *confidences
	iam  *iam.Client

	members []*member
	leaving chan string

	mu        sync.Mutex
	rivalKeys map[string][]aws.Credentials // by user
}

type staffRival staffErrand

const (
	poolGroup  = "pool"
	poolPolicy = "pool-rules"
	poolARN    = "arn:aws:iam::000000000000:policy/" + poolPolicy
)

func newStaff(url string, told *confidences) *staffErrand {
	return &staffErrand{
		url: url, told: told, iam: iam.NewFromConfig(configured(url, root)),
		leaving: make(chan string, 1), rivalKeys: map[string][]aws.Credentials{},
	}
}

func (s *staffErrand) prepare(ctx context.Context, t *testing.T) {
	_, err := s.iam.CreateGroup(ctx, &iam.CreateGroupInput{GroupName: aws.String(poolGroup)})
	if err == nil {
		_, err = s.iam.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String(poolPolicy), PolicyDocument: policyOf("Allow", "sqs:*")})
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (s *staffErrand) once(ctx context.Context, t *testing.T) {
	m := &member{n: len(s.members)}
	s.members = append(s.members, m)
	s.hire(ctx, t, m)
	if m.n%2 == 1 {
		s.fire(ctx, t, m)
	}
}

// hire makes a user and what belongs to it.
func (s *staffErrand) hire(ctx context.Context, t *testing.T, m *member) {
	user, group, arn := m.user(), m.group(), m.policyARN()
	asked(ctx, t, "CreateUser", func() error {
		_, err := s.iam.CreateUser(ctx, &iam.CreateUserInput{UserName: &user})
		return err
	}, exists)
	m.key, _ = newKey(ctx, t, s.iam, user, s.told)
	asked(ctx, t, "CreateGroup", func() error {
		_, err := s.iam.CreateGroup(ctx, &iam.CreateGroupInput{GroupName: &group})
		return err
	}, exists)
	asked(ctx, t, "AddUserToGroup", func() error {
		_, err := s.iam.AddUserToGroup(ctx, &iam.AddUserToGroupInput{UserName: &user, GroupName: &group})
		return err
	})
	asked(ctx, t, "PutUserPolicy", func() error {
		_, err := s.iam.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: &user, PolicyName: aws.String("own"), PolicyDocument: policyOf("Allow", "sns:*")})
		return err
	})
	asked(ctx, t, "CreatePolicy", func() error {
		_, err := s.iam.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String(m.policy()), PolicyDocument: policyOf("Allow", "s3:*")})
		return err
	}, exists)
	for range 2 + m.n%4 { // with the first at most six, one too many
		s.revise(ctx, t, arn)
	}
	asked(ctx, t, "AttachUserPolicy", func() error {
		_, err := s.iam.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: &user, PolicyArn: &arn})
		return err
	})
}

// revise makes a new version of a policy and, where there are five, room for it.
func (s *staffErrand) revise(ctx context.Context, t *testing.T, arn string) {
	until(ctx, func() bool {
		_, err := s.iam.CreatePolicyVersion(ctx, &iam.CreatePolicyVersionInput{PolicyArn: &arn, PolicyDocument: policyOf("Allow", "s3:Get*"), SetAsDefault: true})
		switch code(err) {
		case "":
		case limit:
			s.dropVersions(ctx, arn)
		default:
			t.Errorf("CreatePolicyVersion: %v", err)
			return true
		}
		return err == nil
	})
}

// dropVersions deletes the versions of a policy that are not the default, as far
// as the server answers.
func (s *staffErrand) dropVersions(ctx context.Context, arn string) {
	out, err := s.iam.ListPolicyVersions(ctx, &iam.ListPolicyVersionsInput{PolicyArn: &arn})
	if err != nil {
		return
	}
	for _, v := range out.Versions {
		if !v.IsDefaultVersion {
			_, _ = s.iam.DeletePolicyVersion(ctx, &iam.DeletePolicyVersionInput{PolicyArn: &arn, VersionId: v.VersionId})
		}
	}
}

// fire takes a user and what belongs to it away, again and again while the rival
// gives it more.
func (s *staffErrand) fire(ctx context.Context, t *testing.T, m *member) {
	m.fireAsked = true
	user, group, arn := m.user(), m.group(), m.policyARN()
	select {
	case s.leaving <- user:
	default:
	}
	m.fired = until(ctx, func() bool {
		s.strip(ctx, user)
		_, err := s.iam.DeleteUser(ctx, &iam.DeleteUserInput{UserName: &user})
		switch code(err) {
		case "", conflict, gone:
			return err == nil || code(err) == gone
		}
		t.Errorf("DeleteUser: %v", err)
		return true
	})
	asked(ctx, t, "DeleteGroup", func() error {
		_, err := s.iam.DeleteGroup(ctx, &iam.DeleteGroupInput{GroupName: &group})
		return err
	}, gone)
	until(ctx, func() bool {
		s.dropVersions(ctx, arn)
		_, err := s.iam.DeletePolicy(ctx, &iam.DeletePolicyInput{PolicyArn: &arn})
		if c := code(err); c != "" && c != gone && c != conflict {
			t.Errorf("DeletePolicy: %v", err)
		}
		return err == nil || code(err) == gone
	})
}

// strip takes from a user what stands against its deletion, as far as the server
// answers.
func (s *staffErrand) strip(ctx context.Context, user string) {
	dropKeys(ctx, s.iam, user)
	if out, err := s.iam.ListGroupsForUser(ctx, &iam.ListGroupsForUserInput{UserName: &user}); err == nil {
		for _, g := range out.Groups {
			_, _ = s.iam.RemoveUserFromGroup(ctx, &iam.RemoveUserFromGroupInput{UserName: &user, GroupName: g.GroupName})
		}
	}
	if out, err := s.iam.ListAttachedUserPolicies(ctx, &iam.ListAttachedUserPoliciesInput{UserName: &user}); err == nil {
		for _, p := range out.AttachedPolicies {
			_, _ = s.iam.DetachUserPolicy(ctx, &iam.DetachUserPolicyInput{UserName: &user, PolicyArn: p.PolicyArn})
		}
	}
	if out, err := s.iam.ListUserPolicies(ctx, &iam.ListUserPoliciesInput{UserName: &user}); err == nil {
		for _, p := range out.PolicyNames {
			_, _ = s.iam.DeleteUserPolicy(ctx, &iam.DeleteUserPolicyInput{UserName: &user, PolicyName: &p})
		}
	}
}

func (s *staffErrand) rebooted(ctx context.Context, t *testing.T) { s.inspect(ctx, t) }

// verify checks each user against what was acknowledged.
func (s *staffErrand) verify(ctx context.Context, t *testing.T) {
	there := s.inspect(ctx, t)
	kept, fired := 0, 0
	for _, m := range s.members {
		u, exists := there[m.user()]
		switch {
		case m.fired && exists:
			t.Errorf("%s was deleted and is there", m.user())
		case m.fired:
			fired++
			s.verifyDead(ctx, t, m)
		case !m.fireAsked && !exists:
			t.Errorf("%s is lost", m.user())
		case !m.fireAsked:
			kept++
			s.verifyKept(ctx, t, m, u)
		}
	}
	t.Logf("staff: %d kept, %d deleted", kept, fired)
}

func (s *staffErrand) verifyKept(ctx context.Context, t *testing.T, m *member, u *iamtypes.UserDetail) {
	if !slices.Contains(u.GroupList, m.group()) || len(u.UserPolicyList) != 1 || len(u.AttachedManagedPolicies) != 1 ||
		*u.AttachedManagedPolicies[0].PolicyArn != m.policyARN() {
		t.Errorf("%s has groups %v, %d inline and %d managed policies", m.user(), u.GroupList, len(u.UserPolicyList), len(u.AttachedManagedPolicies))
	}
	if arn, err := whoami(ctx, s.url, m.key); err != nil || arn != *u.Arn {
		t.Errorf("the key of %s is that of %s: %v", m.user(), arn, err)
	}
}

func (s *staffErrand) verifyDead(ctx context.Context, t *testing.T, m *member) {
	for _, key := range append(s.rivalKeys[m.user()], m.key) {
		if _, err := whoami(ctx, s.url, key); code(err) != badKey {
			t.Errorf("a key of %s, who is gone, answers %v", m.user(), err)
		}
	}
}

func (*staffRival) prepare(context.Context, *testing.T)  {}
func (*staffRival) rebooted(context.Context, *testing.T) {}

// once gives things to a user who is leaving. Whether it comes too late does not
// matter.
func (r *staffRival) once(ctx context.Context, _ *testing.T) {
	var user string
	select {
	case user = <-r.leaving:
	case <-time.After(100 * time.Millisecond):
		return
	}
	for range 3 {
		_, _ = r.iam.AddUserToGroup(ctx, &iam.AddUserToGroupInput{UserName: &user, GroupName: aws.String(poolGroup)})
		_, _ = r.iam.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: &user, PolicyArn: aws.String(poolARN)})
		out, err := r.iam.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: &user})
		if err != nil {
			continue
		}
		r.told.key(*out.AccessKey.SecretAccessKey)
		r.mu.Lock()
		r.rivalKeys[user] = append(r.rivalKeys[user], aws.Credentials{
			AccessKeyID: *out.AccessKey.AccessKeyId, SecretAccessKey: *out.AccessKey.SecretAccessKey,
		})
		r.mu.Unlock()
	}
}

func (r *staffRival) verify(_ context.Context, t *testing.T) {
	t.Logf("staff: %d users were given keys while they left", len(r.rivalKeys))
}
