package iam

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	api "nephele.dev/nephele/internal/api/iam"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/identity"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
)

// CreatePolicyVersion adds a version to a policy, and puts it in force if it is
// asked to.
func (s *Service) CreatePolicyVersion(ctx context.Context, in *api.CreatePolicyVersionInput) (*api.CreatePolicyVersionOutput, error) {
	if err := checkManaged(in.PolicyDocument); err != nil {
		return nil, err
	}
	var out *api.PolicyVersion
	err := s.changePolicy(ctx, in.PolicyArn, func(tx *store.Tx, p *identity.Policy) error {
		if len(p.Versions) >= maxVersions {
			return api.NewLimitExceededException("A managed policy can have up to %d versions. "+
				"Before you create a new version, you must delete an existing version.", maxVersions)
		}
		v := identity.Version{ID: fmt.Sprintf("v%d", p.Next), Document: in.PolicyDocument, Created: tx.Now().Truncate(time.Second)}
		p.Versions = append(p.Versions, v)
		p.Next++
		p.Updated = v.Created
		if valueOf(in.SetAsDefault) {
			p.Default = v.ID
		}
		out = versionOutput(p, &v)
		return nil
	})
	return &api.CreatePolicyVersionOutput{PolicyVersion: out}, err
}

// SetDefaultPolicyVersion puts a version in force.
func (s *Service) SetDefaultPolicyVersion(ctx context.Context, in *api.SetDefaultPolicyVersionInput) (*api.SetDefaultPolicyVersionOutput, error) {
	err := s.changePolicy(ctx, in.PolicyArn, func(_ *store.Tx, p *identity.Policy) error {
		if p.Version(in.VersionId) == nil {
			return noVersion(in.PolicyArn, in.VersionId)
		}
		p.Default = in.VersionId
		return nil
	})
	return &api.SetDefaultPolicyVersionOutput{}, err
}

// DeletePolicyVersion deletes a version that is not in force.
func (s *Service) DeletePolicyVersion(ctx context.Context, in *api.DeletePolicyVersionInput) (*api.DeletePolicyVersionOutput, error) {
	err := s.changePolicy(ctx, in.PolicyArn, func(_ *store.Tx, p *identity.Policy) error {
		if p.Version(in.VersionId) == nil {
			return noVersion(in.PolicyArn, in.VersionId)
		}
		if p.Default == in.VersionId {
			return api.NewDeleteConflictException("Cannot delete the default version of a policy.")
		}
		p.Versions = slices.DeleteFunc(p.Versions, func(v identity.Version) bool { return v.ID == in.VersionId })
		return nil
	})
	return &api.DeletePolicyVersionOutput{}, err
}

// GetPolicyVersion returns a version with its document.
func (s *Service) GetPolicyVersion(ctx context.Context, in *api.GetPolicyVersionInput) (*api.GetPolicyVersionOutput, error) {
	var out *api.PolicyVersion
	err := s.view(ctx, func(tx *store.Tx, account string) error {
		p, err := findPolicy(tx, account, in.PolicyArn)
		if err != nil {
			return err
		}
		v := p.Version(in.VersionId)
		if v == nil {
			return noVersion(in.PolicyArn, in.VersionId)
		}
		out = versionOutput(p, v)
		out.Document = new(encodeDocument(v.Document))
		return nil
	})
	return &api.GetPolicyVersionOutput{PolicyVersion: out}, err
}

// ListPolicyVersions lists the versions of a policy, the newest first.
func (s *Service) ListPolicyVersions(ctx context.Context, in *api.ListPolicyVersionsInput) (*api.ListPolicyVersionsOutput, error) {
	l, err := s.listing(plane.FromContext(ctx), in.Marker, in.MaxItems, in.PolicyArn)
	if err != nil {
		return nil, err
	}
	var all []*api.PolicyVersion
	err = s.view(ctx, func(tx *store.Tx, account string) error {
		p, err := findPolicy(tx, account, in.PolicyArn)
		if err != nil {
			return err
		}
		for i := range slices.Backward(p.Versions) {
			all = append(all, versionOutput(p, &p.Versions[i]))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	list, truncated, marker, err := cut(l, all, newestFirst)
	return &api.ListPolicyVersionsOutput{Versions: list, IsTruncated: truncated, Marker: marker}, err
}

// newestFirst is where a version stands in listings.
func newestFirst(v *api.PolicyVersion) string {
	var n int
	_, _ = fmt.Sscanf(*v.VersionId, "v%d", &n) // we made it
	return fmt.Sprintf("%010d", 1<<30-n)
}

// changePolicy lets f change a policy of the caller's account.
func (s *Service) changePolicy(ctx context.Context, arn string, f func(*store.Tx, *identity.Policy) error) error {
	return s.change(ctx, func(tx *store.Tx, account string) error {
		r, err := ownPolicy(tx, account, arn)
		if err != nil {
			return err
		}
		if err := f(tx, &r.Doc); err != nil {
			return err
		}
		return identity.Policies.Put(tx, &r)
	})
}

// versionOutput describes a version, without its document.
func versionOutput(p *identity.Policy, v *identity.Version) *api.PolicyVersion {
	return &api.PolicyVersion{VersionId: &v.ID, IsDefaultVersion: new(v.ID == p.Default), CreateDate: &v.Created}
}

// noPolicy is NoSuchEntity: "Policy arn:... does not exist or is not attachable".
func noPolicy(arn string) *awserr.Error {
	return api.NewNoSuchEntityException("Policy %s does not exist or is not attachable.", arn)
}

// noVersion is NoSuchEntity for a version.
func noVersion(arn, version string) *awserr.Error {
	return api.NewNoSuchEntityException("Policy %s version %s does not exist or is not attachable.", arn, version)
}

// outside refuses changes to AWS's policies and looks at other accounts'.
func outside() *awserr.Error {
	return awserr.New("AccessDenied", http.StatusForbidden, "Policy is outside your own account.")
}
