package sts

import (
	"context"
	"time"

	api "nephele.dev/nephele/internal/api/sts"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/policy"
	"nephele.dev/nephele/internal/session"
)

const (
	// userLife is how long a user's session lasts when nobody says how long.
	userLife = 12 * time.Hour
	// rootLife is the most that one of a root user lasts; longer ones are cut.
	rootLife = time.Hour
)

// life is how long a session lasts that a user or root user opens.
func life(seconds *int32, caller *plane.Caller) time.Duration {
	d := userLife
	if seconds != nil {
		d = time.Duration(*seconds) * time.Second
	}
	if caller.Kind == plane.Root {
		return min(d, rootLife)
	}
	return d
}

// longLived refuses callers that are neither users nor root users. Sessions
// have been refused before.
func longLived(call *plane.Call) error {
	if k := call.Caller.Kind; k == plane.User || k == plane.Root {
		return nil
	}
	return denied("User: %s is not authorized to perform: %s", call.Caller.ARN, plane.Action(call.Operation))
}

// GetSessionToken makes credentials of the caller for the caller.
func (s *Service) GetSessionToken(ctx context.Context, in *api.GetSessionTokenInput) (*api.GetSessionTokenOutput, error) {
	call := plane.FromContext(ctx)
	if err := longLived(call); err != nil {
		return nil, err
	}
	if err := noMFA(in.SerialNumber, in.TokenCode); err != nil {
		return nil, err
	}
	c := &call.Caller
	cred, err := s.issue(session.Claims{Kind: c.Kind, Account: c.Account, ARN: c.ARN, ID: c.ID}, life(in.DurationSeconds, c))
	if err != nil {
		return nil, err
	}
	return &api.GetSessionTokenOutput{Credentials: cred}, nil
}

// federatedARN names a federated user.
func federatedARN(account, name string) string {
	return "arn:aws:sts::" + account + ":federated-user/" + name
}

// GetFederationToken makes credentials for somebody for whom a user vouches. He
// has of the user's permissions those that the session policies allow: none
// without any.
func (s *Service) GetFederationToken(ctx context.Context, in *api.GetFederationTokenInput) (*api.GetFederationTokenOutput, error) {
	call := plane.FromContext(ctx)
	if err := longLived(call); err != nil {
		return nil, err
	}
	tags, err := readTags(in.Tags)
	if err != nil {
		return nil, err
	}
	c := &call.Caller
	claims := session.Claims{
		Kind: policy.FederatedUser, Account: c.Account, ARN: federatedARN(c.Account, in.Name), ID: c.Account + ":" + in.Name,
		Name: in.Name, Parent: c.ARN, Tags: tags,
	}
	if c.Kind == plane.User {
		claims.ParentID = c.ID
	}
	cred, size, err := s.open(ctx, &claims, in.Policy, in.PolicyArns, life(in.DurationSeconds, c))
	if err != nil {
		return nil, err
	}
	return &api.GetFederationTokenOutput{
		Credentials: cred, PackedPolicySize: size,
		FederatedUser: &api.FederatedUser{FederatedUserId: claims.ID, Arn: claims.ARN},
	}, nil
}
