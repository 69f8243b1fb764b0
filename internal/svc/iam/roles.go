package iam

import (
	"context"
	"strings"

	api "nephele.dev/nephele/internal/api/iam"
	"nephele.dev/nephele/internal/identity"
	"nephele.dev/nephele/internal/identity/keyid"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
)

// CreateRole makes a role.
func (s *Service) CreateRole(ctx context.Context, in *api.CreateRoleInput) (*api.CreateRoleOutput, error) {
	if err := parseTrust(in.AssumeRolePolicyDocument); err != nil {
		return nil, err
	}
	tags, err := addTags(nil, in.Tags)
	if err != nil {
		return nil, err
	}
	if in.Path != nil && strings.HasPrefix(*in.Path, linkedPath) {
		return nil, api.NewInvalidInputException("The path %s is reserved for service-linked roles.", linkedPath)
	}
	out := &api.CreateRoleOutput{}
	err = s.change(ctx, func(tx *store.Tx, account string) error {
		r := identity.Role{
			Entity:     newEntity(tx, account, in.RoleName, in.Path, keyid.Role, tags),
			MaxSession: identity.DefaultMaxSession,
		}
		if in.Description != nil {
			r.Description = *in.Description
		}
		if in.MaxSessionDuration != nil {
			r.MaxSession = int(*in.MaxSessionDuration)
		}
		if err := trust(tx, &r, in.AssumeRolePolicyDocument); err != nil {
			return err
		}
		if r.Boundary, err = s.boundary(tx, account, in.PermissionsBoundary); err != nil {
			return err
		}
		if err := enterRole(tx, &r); err != nil {
			return err
		}
		out.Role, err = roleLine(tx, &r)
		out.Role.Tags, out.Role.PermissionsBoundary = tagList(r.Tags), boundaryOut(r.Boundary)
		out.Role.Description, out.Role.MaxSessionDuration = in.Description, in.MaxSessionDuration
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// enterRole keeps a new role.
func enterRole(tx *store.Tx, r *identity.Role) error {
	if _, err := identity.Roles.Create(tx, r.Key(), *r); err != nil {
		return taken(err, "Role", r.Name)
	}
	if err := within(tx, r.Account, identity.Roles, "RolesPerAccount", maxRoles); err != nil {
		return err
	}
	return identity.Enter(tx, &r.Entity, "role")
}

// roleLine is a role as listings show it.
func roleLine(tx *store.Tx, r *identity.Role) (*api.Role, error) {
	text, err := identity.Trust(tx, r)
	out := &api.Role{
		Path: r.Path, RoleName: r.Name, RoleId: r.ID, Arn: r.ARN(), CreateDate: r.Created,
		AssumeRolePolicyDocument: new(encodeDocument(text)), MaxSessionDuration: new(int32(r.MaxSession)),
	}
	if r.Description != "" {
		out.Description = &r.Description
	}
	return out, err
}

// roleOut is a role with everything that the API shows of it.
func (s *Service) roleOut(tx *store.Tx, r *identity.Role) (*api.Role, error) {
	out, err := roleLine(tx, r)
	if err != nil {
		return nil, err
	}
	out.Tags, out.PermissionsBoundary, out.RoleLastUsed = tagList(r.Tags), boundaryOut(r.Boundary), &api.RoleLastUsed{}
	use, ok, err := s.Directory.LastUsed(tx, r.ID)
	if ok {
		out.RoleLastUsed.LastUsedDate, out.RoleLastUsed.Region = &use.At, &use.Region
	}
	return out, err
}

// GetRole returns a role.
func (s *Service) GetRole(ctx context.Context, in *api.GetRoleInput) (*api.GetRoleOutput, error) {
	out := &api.GetRoleOutput{}
	err := s.view(ctx, func(tx *store.Tx, account string) error {
		r, err := s.role(tx, account, in.RoleName)
		if err != nil {
			return err
		}
		out.Role, err = s.roleOut(tx, &r.Doc)
		return err
	})
	return out, err
}

// ListRoles lists the roles of the account, by default those of all paths.
func (s *Service) ListRoles(ctx context.Context, in *api.ListRolesInput) (*api.ListRolesOutput, error) {
	l, err := s.listing(plane.FromContext(ctx), in.Marker, in.MaxItems, in.PathPrefix)
	if err != nil {
		return nil, err
	}
	out := &api.ListRolesOutput{Roles: []*api.Role{}}
	err = s.view(ctx, func(tx *store.Tx, account string) error {
		roles, more, next, err := records(tx, l, identity.Roles, account, func(r *identity.Role) bool {
			return under(&r.Entity, in.PathPrefix)
		})
		out.IsTruncated, out.Marker = more, next
		for i := 0; i < len(roles) && err == nil; i++ {
			var line *api.Role
			line, err = roleLine(tx, &roles[i].Doc)
			out.Roles = append(out.Roles, line)
		}
		return err
	})
	return out, err
}

// changeRole changes a role that is not linked to a service.
func (s *Service) changeRole(ctx context.Context, name string, f func(tx *store.Tx, r *identity.Role) error) error {
	return s.change(ctx, func(tx *store.Tx, account string) error {
		r, err := s.ownRole(tx, account, name)
		if err != nil {
			return err
		}
		if err := f(tx, &r.Doc); err != nil {
			return err
		}
		return identity.Roles.Put(tx, &r)
	})
}

// UpdateRole changes a role's description and how long its sessions may be.
func (s *Service) UpdateRole(ctx context.Context, in *api.UpdateRoleInput) (*api.UpdateRoleOutput, error) {
	err := s.changeRole(ctx, in.RoleName, func(_ *store.Tx, r *identity.Role) error {
		if in.Description != nil {
			r.Description = *in.Description
		}
		if in.MaxSessionDuration != nil {
			r.MaxSession = int(*in.MaxSessionDuration)
		}
		return nil
	})
	return &api.UpdateRoleOutput{}, err
}

// UpdateRoleDescription changes a role's description, also of one that is
// linked to a service.
func (s *Service) UpdateRoleDescription(ctx context.Context, in *api.UpdateRoleDescriptionInput) (
	*api.UpdateRoleDescriptionOutput, error,
) {
	out := &api.UpdateRoleDescriptionOutput{}
	err := s.change(ctx, func(tx *store.Tx, account string) error {
		r, err := s.role(tx, account, in.RoleName)
		if err != nil {
			return err
		}
		r.Doc.Description = in.Description
		if err := identity.Roles.Put(tx, &r); err != nil {
			return err
		}
		out.Role, err = roleLine(tx, &r.Doc)
		return err
	})
	return out, err
}

// UpdateAssumeRolePolicy gives a role another trust policy.
func (s *Service) UpdateAssumeRolePolicy(ctx context.Context, in *api.UpdateAssumeRolePolicyInput) (
	*api.UpdateAssumeRolePolicyOutput, error,
) {
	if err := parseTrust(in.PolicyDocument); err != nil {
		return nil, err
	}
	err := s.changeRole(ctx, in.RoleName, func(tx *store.Tx, r *identity.Role) error { return trust(tx, r, in.PolicyDocument) })
	return &api.UpdateAssumeRolePolicyOutput{}, err
}

// DeleteRole removes a role that has no policies and is in no instance
// profile. Its sessions end with it.
func (s *Service) DeleteRole(ctx context.Context, in *api.DeleteRoleInput) (*api.DeleteRoleOutput, error) {
	err := s.change(ctx, func(tx *store.Tx, account string) error {
		r, err := s.ownRole(tx, account, in.RoleName)
		if err != nil {
			return err
		}
		profiles, err := profilesOf(tx, r.Key, "", 1)
		if err != nil {
			return err
		}
		if len(profiles) > 0 {
			return conflict("remove roles from instance profile")
		}
		if err := bare(&r.Doc.Grants); err != nil {
			return err
		}
		return s.removeRole(tx, &r)
	})
	return &api.DeleteRoleOutput{}, err
}

func (s *Service) removeRole(tx *store.Tx, r *store.Record[identity.Role]) error {
	if err := identity.Roles.Delete(tx, r.Key); err != nil {
		return err
	}
	if err := s.Directory.Unused(tx, r.Doc.ID); err != nil {
		return err
	}
	return identity.Leave(tx, r.Doc.ID)
}
