package iam

import (
	"context"
	"errors"

	api "nephele.dev/nephele/internal/api/iam"
	"nephele.dev/nephele/internal/identity"
	"nephele.dev/nephele/internal/identity/keyid"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
)

// maxRolesOfProfile is how many roles an instance profile may have.
const maxRolesOfProfile = 1

// CreateInstanceProfile makes an instance profile without a role.
func (s *Service) CreateInstanceProfile(ctx context.Context, in *api.CreateInstanceProfileInput) (
	*api.CreateInstanceProfileOutput, error,
) {
	tags, err := addTags(nil, in.Tags)
	if err != nil {
		return nil, err
	}
	out := &api.CreateInstanceProfileOutput{}
	err = s.change(ctx, func(tx *store.Tx, account string) error {
		name := in.InstanceProfileName
		p := identity.InstanceProfile{Entity: newEntity(tx, account, name, in.Path, keyid.InstanceProfile, tags)}
		if _, err := identity.InstanceProfiles.Create(tx, p.Key(), p); err != nil {
			if errors.Is(err, store.ErrExists) {
				return api.NewEntityAlreadyExistsException("Instance Profile %s already exists.", name)
			}
			return err
		}
		if err := within(tx, account, identity.InstanceProfiles, "InstanceProfilesPerAccount", maxProfiles); err != nil {
			return err
		}
		out.InstanceProfile, err = profileOut(tx, &p)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// profile returns an instance profile by its name.
func (s *Service) profile(tx *store.Tx, account, name string) (store.Record[identity.InstanceProfile], error) {
	r, err := identity.InstanceProfiles.Get(tx, identity.At(account, name))
	if errors.Is(err, store.ErrNotFound) {
		return r, api.NewNoSuchEntityException("Instance Profile %s cannot be found.", name)
	}
	return r, err
}

// profileOut is an instance profile, with its role, as the API shows it.
func profileOut(tx *store.Tx, p *identity.InstanceProfile) (*api.InstanceProfile, error) {
	out := &api.InstanceProfile{
		Path: p.Path, InstanceProfileName: p.Name, InstanceProfileId: p.ID, Arn: p.ARN(), CreateDate: p.Created,
		Roles: []*api.Role{}, Tags: tagList(p.Tags),
	}
	if p.Role == "" {
		return out, nil
	}
	r, err := identity.Roles.Get(tx, store.Key{Account: p.Account, ID: p.Role})
	if err != nil {
		return nil, err
	}
	line, err := roleLine(tx, &r.Doc)
	line.MaxSessionDuration = nil // as AWS
	out.Roles = append(out.Roles, line)
	return out, err
}

// GetInstanceProfile returns an instance profile.
func (s *Service) GetInstanceProfile(ctx context.Context, in *api.GetInstanceProfileInput) (*api.GetInstanceProfileOutput, error) {
	out := &api.GetInstanceProfileOutput{}
	err := s.view(ctx, func(tx *store.Tx, account string) error {
		p, err := s.profile(tx, account, in.InstanceProfileName)
		if err != nil {
			return err
		}
		out.InstanceProfile, err = profileOut(tx, &p.Doc)
		return err
	})
	return out, err
}

// ListInstanceProfiles lists the instance profiles of the account, by default
// those of all paths.
func (s *Service) ListInstanceProfiles(ctx context.Context, in *api.ListInstanceProfilesInput) (
	*api.ListInstanceProfilesOutput, error,
) {
	l, err := s.listing(plane.FromContext(ctx), in.Marker, in.MaxItems, in.PathPrefix)
	if err != nil {
		return nil, err
	}
	out := &api.ListInstanceProfilesOutput{InstanceProfiles: []*api.InstanceProfile{}}
	err = s.view(ctx, func(tx *store.Tx, account string) error {
		profiles, more, next, err := records(tx, l, identity.InstanceProfiles, account, func(p *identity.InstanceProfile) bool {
			return under(&p.Entity, in.PathPrefix)
		})
		out.IsTruncated, out.Marker = more, next
		for i := 0; i < len(profiles) && err == nil; i++ {
			var line *api.InstanceProfile
			if line, err = profileOut(tx, &profiles[i].Doc); err == nil {
				line.Tags = nil
				out.InstanceProfiles = append(out.InstanceProfiles, line)
			}
		}
		return err
	})
	return out, err
}

// profilesOf are the IDs of the instance profiles that hand out a role, in
// order.
func profilesOf(tx *store.Tx, role store.Key, after string, limit int) ([]string, error) {
	return store.All(store.Query(tx, store.Scan1[string], `select profile_name from iam_profile_role
		where account = ? and role_name = ? and profile_name > ? order by profile_name limit ?`, role.Account, role.ID, after, limit))
}

// ListInstanceProfilesForRole lists the instance profiles that hand out a role.
func (s *Service) ListInstanceProfilesForRole(ctx context.Context, in *api.ListInstanceProfilesForRoleInput) (
	*api.ListInstanceProfilesForRoleOutput, error,
) {
	l, err := s.listing(plane.FromContext(ctx), in.Marker, in.MaxItems, in.RoleName)
	if err != nil {
		return nil, err
	}
	out := &api.ListInstanceProfilesForRoleOutput{InstanceProfiles: []*api.InstanceProfile{}}
	err = s.view(ctx, func(tx *store.Tx, account string) error {
		r, err := s.role(tx, account, in.RoleName)
		if err != nil {
			return err
		}
		names, err := profilesOf(tx, r.Key, l.after, l.limit+1)
		if err != nil {
			return err
		}
		if names, out.IsTruncated, out.Marker, err = cut(l, names, func(n string) string { return n }); err != nil {
			return err
		}
		for _, name := range names {
			p, err := s.profile(tx, account, name)
			if err != nil {
				return err
			}
			line, err := profileOut(tx, &p.Doc)
			if err != nil {
				return err
			}
			line.Tags = nil
			out.InstanceProfiles = append(out.InstanceProfiles, line)
		}
		return nil
	})
	return out, err
}

// AddRoleToInstanceProfile gives an instance profile its role.
func (s *Service) AddRoleToInstanceProfile(ctx context.Context, in *api.AddRoleToInstanceProfileInput) (
	*api.AddRoleToInstanceProfileOutput, error,
) {
	err := s.change(ctx, func(tx *store.Tx, account string) error {
		p, err := s.profile(tx, account, in.InstanceProfileName)
		if err != nil {
			return err
		}
		r, err := s.ownRole(tx, account, in.RoleName)
		if err != nil {
			return err
		}
		if p.Doc.Role != "" {
			return quota("InstanceSessionsPerInstanceProfile", maxRolesOfProfile)
		}
		p.Doc.Role = r.ID
		if err := identity.InstanceProfiles.Put(tx, &p); err != nil {
			return err
		}
		_, err = tx.Exec("insert into iam_profile_role (account, role_name, profile_name) values (?, ?, ?)", account, r.ID, p.ID)
		return err
	})
	return &api.AddRoleToInstanceProfileOutput{}, err
}

// RemoveRoleFromInstanceProfile takes the role out of an instance profile.
func (s *Service) RemoveRoleFromInstanceProfile(ctx context.Context, in *api.RemoveRoleFromInstanceProfileInput) (
	*api.RemoveRoleFromInstanceProfileOutput, error,
) {
	err := s.change(ctx, func(tx *store.Tx, account string) error {
		p, err := s.profile(tx, account, in.InstanceProfileName)
		if err != nil {
			return err
		}
		if p.Doc.Role != identity.ID(in.RoleName) {
			return notFound("role", in.RoleName)
		}
		p.Doc.Role = ""
		if err := identity.InstanceProfiles.Put(tx, &p); err != nil {
			return err
		}
		_, err = tx.Exec("delete from iam_profile_role where account = ? and role_name = ? and profile_name = ?",
			account, identity.ID(in.RoleName), p.ID)
		return err
	})
	return &api.RemoveRoleFromInstanceProfileOutput{}, err
}

// DeleteInstanceProfile removes an instance profile that has no role.
func (s *Service) DeleteInstanceProfile(ctx context.Context, in *api.DeleteInstanceProfileInput) (
	*api.DeleteInstanceProfileOutput, error,
) {
	err := s.change(ctx, func(tx *store.Tx, account string) error {
		p, err := s.profile(tx, account, in.InstanceProfileName)
		if err != nil {
			return err
		}
		if p.Doc.Role != "" {
			return conflict("remove roles from instance profile")
		}
		return identity.InstanceProfiles.Delete(tx, p.Key)
	})
	return &api.DeleteInstanceProfileOutput{}, err
}
