package iam

import (
	"context"

	api "nephele.dev/nephele/internal/api/iam"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/store"
)

// PutUserPermissionsBoundary sets the policy that bounds what a user may be
// granted.
func (s *Service) PutUserPermissionsBoundary(ctx context.Context, in *api.PutUserPermissionsBoundaryInput) (*api.PutUserPermissionsBoundaryOutput, error) {
	return &api.PutUserPermissionsBoundaryOutput{}, s.putBoundary(ctx, userHolder, in.UserName, in.PermissionsBoundary)
}

// PutRolePermissionsBoundary sets the policy that bounds what a role may be
// granted.
func (s *Service) PutRolePermissionsBoundary(ctx context.Context, in *api.PutRolePermissionsBoundaryInput) (*api.PutRolePermissionsBoundaryOutput, error) {
	return &api.PutRolePermissionsBoundaryOutput{}, s.putBoundary(ctx, roleHolder, in.RoleName, in.PermissionsBoundary)
}

// DeleteUserPermissionsBoundary removes a user's boundary.
func (s *Service) DeleteUserPermissionsBoundary(ctx context.Context, in *api.DeleteUserPermissionsBoundaryInput) (*api.DeleteUserPermissionsBoundaryOutput, error) {
	return &api.DeleteUserPermissionsBoundaryOutput{}, s.deleteBoundary(ctx, userHolder, in.UserName)
}

// DeleteRolePermissionsBoundary removes a role's boundary.
func (s *Service) DeleteRolePermissionsBoundary(ctx context.Context, in *api.DeleteRolePermissionsBoundaryInput) (*api.DeleteRolePermissionsBoundaryOutput, error) {
	return &api.DeleteRolePermissionsBoundaryOutput{}, s.deleteBoundary(ctx, roleHolder, in.RoleName)
}

func (s *Service) putBoundary(ctx context.Context, kind holderKind, name, arn string) error {
	return s.changeHolder(ctx, kind, name, func(tx *store.Tx, h *holder) error {
		h.grants.Boundary = arn
		return attachable(tx, h.entity.Account, arn)
	})
}

func (s *Service) deleteBoundary(ctx context.Context, kind holderKind, name string) error {
	return s.changeHolder(ctx, kind, name, func(_ *store.Tx, h *holder) error {
		if h.grants.Boundary == "" {
			return noBoundary(kind, h.entity.Name)
		}
		h.grants.Boundary = ""
		return nil
	})
}

func noBoundary(kind holderKind, name string) *awserr.Error {
	return api.NewNoSuchEntityException("The %s with name %s has no permissions boundary.", kind, name)
}
