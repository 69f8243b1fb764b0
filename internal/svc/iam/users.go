package iam

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"time"

	api "nephele.dev/nephele/internal/api/iam"
	"nephele.dev/nephele/internal/identity"
	"nephele.dev/nephele/internal/identity/keyid"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
)

// The quotas of an account (IAM User Guide, "IAM and AWS STS quotas").
const (
	maxUsers     = 5000
	maxGroups    = 300
	maxRoles     = 1000
	maxProfiles  = 1000
	maxProviders = 100
)

// CreateUser makes a user.
func (s *Service) CreateUser(ctx context.Context, in *api.CreateUserInput) (*api.CreateUserOutput, error) {
	tags, err := addTags(nil, in.Tags)
	if err != nil {
		return nil, err
	}
	var u identity.User
	err = s.change(ctx, func(tx *store.Tx, account string) error {
		u = identity.User{Entity: newEntity(tx, account, in.UserName, in.Path, keyid.User, tags)}
		if u.Boundary, err = s.boundary(tx, account, in.PermissionsBoundary); err != nil {
			return err
		}
		if _, err := identity.Users.Create(tx, u.Key(), u); err != nil {
			return taken(err, "User", in.UserName)
		}
		if err := within(tx, account, identity.Users, "UsersPerAccount", maxUsers); err != nil {
			return err
		}
		return identity.Enter(tx, &u.Entity, "user")
	})
	if err != nil {
		return nil, err
	}
	return &api.CreateUserOutput{User: userOut(&u)}, nil
}

// newEntity is what is common to all resources that are made.
func newEntity(tx *store.Tx, account, name string, path *string, prefix string, tags map[string]string) identity.Entity {
	e := identity.Entity{
		Account: account, Name: name, Path: "/", ID: keyid.NewUnique(prefix, account),
		Created: tx.Now().Truncate(time.Second), Tags: tags,
	}
	if path != nil {
		e.Path = cmp.Or(*path, "/")
	}
	return e
}

// taken is the answer when a name is in use.
func taken(err error, noun, name string) error {
	if errors.Is(err, store.ErrExists) {
		return exists(noun, name)
	}
	return err
}

// within demands that an account does not have too many of something, the new
// one included.
func within[T any](tx *store.Tx, account string, c *store.Collection[T], name string, most int) error {
	n, err := c.Count(tx, account, "")
	if err == nil && n > most {
		return quota(name, most)
	}
	return err
}

// userOut is a user as the API shows it.
func userOut(u *identity.User) *api.User {
	out := userLine(u)
	out.PermissionsBoundary, out.Tags = boundaryOut(u.Boundary), tagList(u.Tags)
	return out
}

// userLine is a user as listings show it.
func userLine(u *identity.User) *api.User {
	return &api.User{Path: u.Path, UserName: &u.Name, UserId: u.ID, Arn: u.ARN(), CreateDate: u.Created}
}

// boundaryOut is a permissions boundary as the API shows it; nil for none.
func boundaryOut(arn string) *api.AttachedPermissionsBoundary {
	if arn == "" {
		return nil
	}
	kind := api.PermissionsBoundaryAttachmentType("Policy") // what AWS sends, whatever the model calls it
	return &api.AttachedPermissionsBoundary{PermissionsBoundaryArn: &arn, PermissionsBoundaryType: &kind}
}

// boundary is the ARN of the permissions boundary of somebody who is made; ""
// for none.
func (s *Service) boundary(tx *store.Tx, account string, arn *string) (string, error) {
	if arn == nil {
		return "", nil
	}
	return *arn, attachable(tx, account, *arn)
}

// GetUser returns a user, by default the one that calls.
func (s *Service) GetUser(ctx context.Context, in *api.GetUserInput) (*api.GetUserOutput, error) {
	c := plane.FromContext(ctx).Caller
	if in.UserName == nil && c.Kind == plane.Root {
		return s.rootUser(ctx)
	}
	name, err := callersName(&c, in.UserName)
	if err != nil {
		return nil, err
	}
	out := &api.GetUserOutput{}
	err = s.view(ctx, func(tx *store.Tx, account string) error {
		u, err := s.user(tx, account, name)
		out.User = userOut(&u.Doc)
		return err
	})
	return out, err
}

// callersName is the name of the user that is meant: the caller when none is
// given.
func callersName(c *plane.Caller, name *string) (string, error) {
	if name != nil {
		return *name, nil
	}
	if c.Kind != plane.User {
		return "", invalid("Must specify userName when calling with non-User credentials")
	}
	return c.ARN[strings.LastIndexByte(c.ARN, '/')+1:], nil
}

// rootUser is the account's root user. It is as old as the first thing in the
// account.
func (s *Service) rootUser(ctx context.Context) (*api.GetUserOutput, error) {
	call := plane.FromContext(ctx)
	c := plane.RootCaller(call.Caller.Account, call.Caller.Region)
	u := &api.User{Path: "/", UserId: c.ID, Arn: c.ARN, CreateDate: call.Time.Truncate(time.Second)}
	err := s.view(ctx, func(tx *store.Tx, account string) error {
		var oldest *int64
		err := tx.Row("select min(created) from resource where account = ?", account).Scan(&oldest)
		if oldest != nil {
			u.CreateDate = store.FromMicros(*oldest).Truncate(time.Second)
		}
		return err
	})
	return &api.GetUserOutput{User: u}, err
}

// ListUsers lists the users of the account, by default those of all paths.
func (s *Service) ListUsers(ctx context.Context, in *api.ListUsersInput) (*api.ListUsersOutput, error) {
	l, err := s.listing(plane.FromContext(ctx), in.Marker, in.MaxItems, in.PathPrefix)
	if err != nil {
		return nil, err
	}
	out := &api.ListUsersOutput{Users: []*api.User{}}
	err = s.view(ctx, func(tx *store.Tx, account string) error {
		users, more, next, err := records(tx, l, identity.Users, account, func(u *identity.User) bool {
			return under(&u.Entity, in.PathPrefix)
		})
		for i := range users {
			out.Users = append(out.Users, userLine(&users[i].Doc))
		}
		out.IsTruncated, out.Marker = more, next
		return err
	})
	return out, err
}

// UpdateUser gives a user another name or path. Its unique id, and with it
// everything that means it, stays.
func (s *Service) UpdateUser(ctx context.Context, in *api.UpdateUserInput) (*api.UpdateUserOutput, error) {
	err := s.change(ctx, func(tx *store.Tx, account string) error {
		r, err := s.user(tx, account, in.UserName)
		if err != nil {
			return err
		}
		u, old := &r.Doc, r.Key
		if in.NewPath != nil {
			u.Path = *in.NewPath
		}
		if in.NewUserName != nil {
			u.Name = *in.NewUserName
		}
		if u.Key() == old {
			return identity.Users.Put(tx, &r)
		}
		if err := move(tx, identity.Users, old, u.Key(), *u); err != nil {
			return taken(err, "User", u.Name)
		}
		return s.renameUser(tx, old, u)
	})
	return &api.UpdateUserOutput{}, err
}

// move keeps a record under another key.
func move[T any](tx *store.Tx, c *store.Collection[T], from, to store.Key, doc T) error {
	if _, err := c.Create(tx, to, doc); err != nil {
		return err
	}
	return c.Delete(tx, from)
}

// renameUser changes what names a user by its key.
func (s *Service) renameUser(tx *store.Tx, old store.Key, u *identity.User) error {
	k := u.Key()
	if _, err := tx.Exec("update iam_member set user_name = ? where account = ? and user_name = ?", k.ID, k.Account, old.ID); err != nil {
		return err
	}
	for _, id := range u.Keys {
		r, err := identity.AccessKeys.Get(tx, store.Key{Account: k.Account, ID: id})
		if err != nil {
			return err
		}
		r.Doc.User = k.ID
		if err := identity.AccessKeys.Put(tx, &r); err != nil {
			return err
		}
	}
	if err := moveLogin(tx, old, k); err != nil {
		return err
	}
	return identity.Enter(tx, &u.Entity, "user")
}

// DeleteUser removes a user that has nothing any more.
func (s *Service) DeleteUser(ctx context.Context, in *api.DeleteUserInput) (*api.DeleteUserOutput, error) {
	err := s.change(ctx, func(tx *store.Tx, account string) error {
		r, err := s.user(tx, account, in.UserName)
		if err != nil {
			return err
		}
		u := &r.Doc
		if err := bare(&u.Grants); err != nil {
			return err
		}
		switch _, err := logins.Get(tx, r.Key); {
		case len(u.Keys) > 0:
			return conflict("delete access keys")
		case len(u.Groups) > 0:
			return conflict("remove users from group")
		case err == nil:
			return conflict("delete login profile")
		case !errors.Is(err, store.ErrNotFound):
			return err
		}
		if err := identity.Users.Delete(tx, r.Key); err != nil {
			return err
		}
		return identity.Leave(tx, u.ID)
	})
	return &api.DeleteUserOutput{}, err
}

// bare demands that a principal has no policies.
func bare(g *identity.Grants) error {
	switch {
	case len(g.Attached) > 0:
		return conflict("detach all policies")
	case len(g.Inline) > 0:
		return conflict("delete policies")
	}
	return nil
}
