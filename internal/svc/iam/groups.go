package iam

import (
	"context"
	"slices"

	api "nephele.dev/nephele/internal/api/iam"
	"nephele.dev/nephele/internal/identity"
	"nephele.dev/nephele/internal/identity/keyid"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
)

// maxGroupsOfUser is how many groups a user may be in.
const maxGroupsOfUser = 10

// CreateGroup makes a group.
func (s *Service) CreateGroup(ctx context.Context, in *api.CreateGroupInput) (*api.CreateGroupOutput, error) {
	var g identity.Group
	err := s.change(ctx, func(tx *store.Tx, account string) error {
		g = identity.Group{Entity: newEntity(tx, account, in.GroupName, in.Path, keyid.Group, nil)}
		if _, err := identity.Groups.Create(tx, g.Key(), g); err != nil {
			return taken(err, "Group", in.GroupName)
		}
		return within(tx, account, identity.Groups, "GroupsPerAccount", maxGroups)
	})
	if err != nil {
		return nil, err
	}
	return &api.CreateGroupOutput{Group: groupOut(&g)}, nil
}

// groupOut is a group as the API shows it.
func groupOut(g *identity.Group) *api.Group {
	return &api.Group{Path: g.Path, GroupName: g.Name, GroupId: g.ID, Arn: g.ARN(), CreateDate: g.Created}
}

// GetGroup returns a group and the users in it.
func (s *Service) GetGroup(ctx context.Context, in *api.GetGroupInput) (*api.GetGroupOutput, error) {
	l, err := s.listing(plane.FromContext(ctx), in.Marker, in.MaxItems, in.GroupName)
	if err != nil {
		return nil, err
	}
	out := &api.GetGroupOutput{Users: []*api.User{}}
	err = s.view(ctx, func(tx *store.Tx, account string) error {
		g, err := s.group(tx, account, in.GroupName)
		if err != nil {
			return err
		}
		out.Group = groupOut(&g.Doc)
		names, err := members(tx, g.Key, l.after, l.limit+1)
		if err != nil {
			return err
		}
		if names, out.IsTruncated, out.Marker, err = cut(l, names, func(n string) string { return n }); err != nil {
			return err
		}
		for _, name := range names {
			u, err := s.user(tx, account, name)
			if err != nil {
				return err
			}
			out.Users = append(out.Users, userLine(&u.Doc))
		}
		return nil
	})
	return out, err
}

// members are the IDs of users in a group, in order.
func members(tx *store.Tx, group store.Key, after string, limit int) ([]string, error) {
	return store.All(store.Query(tx, store.Scan1[string], `select user_name from iam_member
		where account = ? and group_name = ? and user_name > ? order by user_name limit ?`, group.Account, group.ID, after, limit))
}

// ListGroups lists the groups of the account, by default those of all paths.
func (s *Service) ListGroups(ctx context.Context, in *api.ListGroupsInput) (*api.ListGroupsOutput, error) {
	l, err := s.listing(plane.FromContext(ctx), in.Marker, in.MaxItems, in.PathPrefix)
	if err != nil {
		return nil, err
	}
	out := &api.ListGroupsOutput{Groups: []*api.Group{}}
	err = s.view(ctx, func(tx *store.Tx, account string) error {
		groups, more, next, err := records(tx, l, identity.Groups, account, func(g *identity.Group) bool {
			return under(&g.Entity, in.PathPrefix)
		})
		for i := range groups {
			out.Groups = append(out.Groups, groupOut(&groups[i].Doc))
		}
		out.IsTruncated, out.Marker = more, next
		return err
	})
	return out, err
}

// ListGroupsForUser lists the groups that a user is in.
func (s *Service) ListGroupsForUser(ctx context.Context, in *api.ListGroupsForUserInput) (*api.ListGroupsForUserOutput, error) {
	l, err := s.listing(plane.FromContext(ctx), in.Marker, in.MaxItems, in.UserName)
	if err != nil {
		return nil, err
	}
	out := &api.ListGroupsForUserOutput{Groups: []*api.Group{}}
	err = s.view(ctx, func(tx *store.Tx, account string) error {
		u, err := s.user(tx, account, in.UserName)
		if err != nil {
			return err
		}
		names, more, next, err := cut(l, slices.Sorted(slices.Values(u.Doc.Groups)), func(n string) string { return n })
		if err != nil {
			return err
		}
		out.IsTruncated, out.Marker = more, next
		for _, name := range names {
			g, err := s.group(tx, account, name)
			if err != nil {
				return err
			}
			out.Groups = append(out.Groups, groupOut(&g.Doc))
		}
		return nil
	})
	return out, err
}

// UpdateGroup gives a group another name or path.
func (s *Service) UpdateGroup(ctx context.Context, in *api.UpdateGroupInput) (*api.UpdateGroupOutput, error) {
	err := s.change(ctx, func(tx *store.Tx, account string) error {
		r, err := s.group(tx, account, in.GroupName)
		if err != nil {
			return err
		}
		g, old := &r.Doc, r.Key
		if in.NewPath != nil {
			g.Path = *in.NewPath
		}
		if in.NewGroupName != nil {
			g.Name = *in.NewGroupName
		}
		if g.Key() == old {
			return identity.Groups.Put(tx, &r)
		}
		if err := move(tx, identity.Groups, old, g.Key(), *g); err != nil {
			return taken(err, "Group", g.Name)
		}
		return renameGroup(tx, old, g.Key())
	})
	return &api.UpdateGroupOutput{}, err
}

// renameGroup changes what names a group by its key.
func renameGroup(tx *store.Tx, old, k store.Key) error {
	names, err := members(tx, old, "", maxUsers)
	if err != nil {
		return err
	}
	for _, name := range names {
		u, err := identity.Users.Get(tx, store.Key{Account: k.Account, ID: name})
		if err != nil {
			return err
		}
		if i := slices.Index(u.Doc.Groups, old.ID); i >= 0 {
			u.Doc.Groups[i] = k.ID
		}
		if err := identity.Users.Put(tx, &u); err != nil {
			return err
		}
	}
	_, err = tx.Exec("update iam_member set group_name = ? where account = ? and group_name = ?", k.ID, k.Account, old.ID)
	return err
}

// DeleteGroup removes a group that has no users and no policies.
func (s *Service) DeleteGroup(ctx context.Context, in *api.DeleteGroupInput) (*api.DeleteGroupOutput, error) {
	err := s.change(ctx, func(tx *store.Tx, account string) error {
		g, err := s.group(tx, account, in.GroupName)
		if err != nil {
			return err
		}
		if err := bare(&g.Doc.Grants); err != nil {
			return err
		}
		names, err := members(tx, g.Key, "", 1)
		if err != nil {
			return err
		}
		if len(names) > 0 {
			return conflict("remove users from group")
		}
		return identity.Groups.Delete(tx, g.Key)
	})
	return &api.DeleteGroupOutput{}, err
}

// AddUserToGroup puts a user in a group. One that is in it already stays.
func (s *Service) AddUserToGroup(ctx context.Context, in *api.AddUserToGroupInput) (*api.AddUserToGroupOutput, error) {
	err := s.change(ctx, func(tx *store.Tx, account string) error {
		g, err := s.group(tx, account, in.GroupName)
		if err != nil {
			return err
		}
		u, err := s.user(tx, account, in.UserName)
		if err != nil || slices.Contains(u.Doc.Groups, g.ID) {
			return err
		}
		if len(u.Doc.Groups) >= maxGroupsOfUser {
			return quota("GroupsPerUser", maxGroupsOfUser)
		}
		u.Doc.Groups = append(u.Doc.Groups, g.ID)
		if err := identity.Users.Put(tx, &u); err != nil {
			return err
		}
		_, err = tx.Exec("insert into iam_member (account, group_name, user_name) values (?, ?, ?)", account, g.ID, u.ID)
		return err
	})
	return &api.AddUserToGroupOutput{}, err
}

// RemoveUserFromGroup takes a user out of a group.
func (s *Service) RemoveUserFromGroup(ctx context.Context, in *api.RemoveUserFromGroupInput) (*api.RemoveUserFromGroupOutput, error) {
	err := s.change(ctx, func(tx *store.Tx, account string) error {
		g, err := s.group(tx, account, in.GroupName)
		if err != nil {
			return err
		}
		u, err := s.user(tx, account, in.UserName)
		if err != nil {
			return err
		}
		i := slices.Index(u.Doc.Groups, g.ID)
		if i < 0 {
			return api.NewNoSuchEntityException("User %s is not in group %s.", in.UserName, in.GroupName)
		}
		u.Doc.Groups = slices.Delete(u.Doc.Groups, i, i+1)
		if err := identity.Users.Put(tx, &u); err != nil {
			return err
		}
		_, err = tx.Exec("delete from iam_member where account = ? and group_name = ? and user_name = ?", account, g.ID, u.ID)
		return err
	})
	return &api.RemoveUserFromGroupOutput{}, err
}
