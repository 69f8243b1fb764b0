package sts

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	api "nephele.dev/nephele/internal/api/sts"
	"nephele.dev/nephele/internal/arn"
	"nephele.dev/nephele/internal/identity"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/policy"
	"nephele.dev/nephele/internal/session"
)

const (
	// defaultLife is how long a role session lasts when nobody says how long.
	defaultLife = time.Hour
	// chainLife is the most that one may last that another role session opens.
	chainLife = time.Hour
)

// AssumeRole makes credentials for a session of a role. The caller has been
// found to be trusted by it.
func (s *Service) AssumeRole(ctx context.Context, in *api.AssumeRoleInput) (*api.AssumeRoleOutput, error) {
	call := plane.FromContext(ctx)
	if s.isRoot(call) {
		return nil, denied("Roles may not be assumed by root accounts.")
	}
	if err := noMFA(in.SerialNumber, in.TokenCode); err != nil {
		return nil, err
	}
	if len(in.ProvidedContexts) > 0 {
		return nil, notBuilt("Nephele does not implement ProvidedContexts yet.")
	}
	role, account, err := s.role(ctx, in.RoleArn)
	if errors.Is(err, identity.ErrNotFound) {
		return nil, denied("User: %s is not authorized to perform: sts:AssumeRole on resource: %s", call.Caller.ARN, in.RoleArn)
	}
	if err != nil {
		return nil, err
	}
	life, err := roleLife(in.DurationSeconds, &role, call.Caller.Kind == plane.AssumedRole)
	if err != nil {
		return nil, err
	}
	r, err := assumeRequest(in, call.Caller.Session)
	if err != nil {
		return nil, err
	}
	c := roleClaims(in.RoleArn, account, &role, r)
	return s.assume(ctx, c, in, life)
}

// assumeRequest is what is asked, with what the caller's session hands on.
func assumeRequest(in *api.AssumeRoleInput, caller *policy.Session) (*request, error) {
	tags, err := readTags(in.Tags)
	if err != nil {
		return nil, err
	}
	r := &request{session: in.RoleSessionName, tags: tags, transitive: append([]string(nil), in.TransitiveTagKeys...)}
	if in.SourceIdentity != nil {
		r.source = *in.SourceIdentity
	}
	if err := r.check(caller); err != nil {
		return nil, err
	}
	r.inherit(caller)
	if caller != nil {
		r.transitive = append(r.transitive, caller.Transitive...)
	}
	return r, nil
}

func (s *Service) assume(ctx context.Context, c session.Claims, in *api.AssumeRoleInput, life time.Duration) (*api.AssumeRoleOutput, error) {
	cred, size, err := s.open(ctx, &c, in.Policy, in.PolicyArns, life)
	if err != nil {
		return nil, err
	}
	out := &api.AssumeRoleOutput{Credentials: cred, AssumedRoleUser: assumed(&c), PackedPolicySize: size}
	if c.SourceIdentity != "" {
		out.SourceIdentity = &c.SourceIdentity
	}
	return out, nil
}

func assumed(c *session.Claims) *api.AssumedRoleUser {
	return &api.AssumedRoleUser{AssumedRoleId: c.ID, Arn: c.ARN}
}

// roleClaims are those of a role session, before it is limited.
func roleClaims(roleARN, account string, role *identity.Role, r *request) session.Claims {
	return session.Claims{
		Kind: policy.AssumedRole, Account: account,
		ARN:  "arn:aws:sts::" + account + ":assumed-role/" + role.Name + "/" + r.session,
		ID:   role.ID + ":" + r.session,
		Role: roleARN, RoleID: role.ID, Name: r.session,
		Tags: r.tags, Transitive: r.transitive, SourceIdentity: r.source,
	}
}

// roleAccount is the account in the ARN of a role.
func roleAccount(name string) (string, error) {
	a, err := arn.Parse(name)
	if err != nil {
		return "", invalid("%s is invalid", name)
	}
	if a.Service != "iam" || a.Region != "" || !arn.IsAccount(a.Account) || !strings.HasPrefix(a.Resource, "role/") {
		return "", invalid("Request ARN is invalid")
	}
	return a.Account, nil
}

// role looks a role up; the error is identity.ErrNotFound when there is none.
func (s *Service) role(ctx context.Context, name string) (identity.Role, string, error) {
	if _, err := roleAccount(name); err != nil {
		return identity.Role{}, "", err
	}
	role, account, err := s.Directory.Role(ctx, name)
	if err != nil {
		return role, account, fmt.Errorf("role %s: %w", name, err)
	}
	return role, account, nil
}

// roleLife is how long a session of a role lasts.
func roleLife(seconds *int32, role *identity.Role, chained bool) (time.Duration, error) {
	if seconds == nil {
		return defaultLife, nil
	}
	life := time.Duration(*seconds) * time.Second
	if chained && life > chainLife {
		return 0, invalid("The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining")
	}
	longest := max(role.MaxSession, identity.DefaultMaxSession)
	if life > time.Duration(longest)*time.Second {
		return 0, invalid("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
	}
	return life, nil
}
