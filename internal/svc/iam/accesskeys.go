package iam

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"time"

	api "nephele.dev/nephele/internal/api/iam"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/identity"
	"nephele.dev/nephele/internal/identity/keyid"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
)

const (
	maxKeysOfUser = 2
	secretBytes   = 30 // 40 characters of base64
)

// keyUser is the name of the user whose keys a call is about. The root user's
// own keys belong to the server's configuration.
func keyUser(ctx context.Context, name *string) (string, error) {
	c := plane.FromContext(ctx).Caller
	if name == nil && c.Kind == plane.Root {
		return "", notImplemented("access keys of the root user")
	}
	return callersName(&c, name)
}

// CreateAccessKey makes an access key and tells its secret, this one time.
func (s *Service) CreateAccessKey(ctx context.Context, in *api.CreateAccessKeyInput) (*api.CreateAccessKeyOutput, error) {
	name, err := keyUser(ctx, in.UserName)
	if err != nil {
		return nil, err
	}
	out := &api.AccessKey{Status: api.StatusTypeActive, SecretAccessKey: newSecret()}
	err = s.change(ctx, func(tx *store.Tx, account string) error {
		u, err := s.user(tx, account, name)
		if err != nil {
			return err
		}
		if len(u.Doc.Keys) >= maxKeysOfUser {
			return quota("AccessKeysPerUser", maxKeysOfUser)
		}
		k := identity.AccessKey{
			ID: identity.NewKeyID(keyid.AccessKey, account), Account: account, User: u.ID, Active: true,
			Created: tx.Now().Truncate(time.Second),
		}
		if k.Sealed, err = s.Seal.Seal(identity.KeyPurpose, []byte(out.SecretAccessKey), account, k.ID); err != nil {
			return fmt.Errorf("seal access key: %w", err)
		}
		if _, err := identity.AccessKeys.Create(tx, store.Key{Account: account, ID: k.ID}, k); err != nil {
			return err
		}
		u.Doc.Keys = append(u.Doc.Keys, k.ID)
		out.UserName, out.AccessKeyId, out.CreateDate = u.Doc.Name, k.ID, &k.Created
		return identity.Users.Put(tx, &u)
	})
	if err != nil {
		return nil, err
	}
	return &api.CreateAccessKeyOutput{AccessKey: out}, nil
}

// newSecret makes a secret access key.
func newSecret() string {
	b := make([]byte, secretBytes)
	_, _ = rand.Read(b) // never fails
	return base64.StdEncoding.EncodeToString(b)
}

func noKey(id string) *awserr.Error {
	return api.NewNoSuchEntityException("The Access Key with id %s cannot be found.", id)
}

// keyOf returns an access key of a user.
func (s *Service) keyOf(tx *store.Tx, account, name, id string) (
	u store.Record[identity.User], k store.Record[identity.AccessKey], err error,
) {
	if u, err = s.user(tx, account, name); err != nil {
		return u, k, err
	}
	if !slices.Contains(u.Doc.Keys, id) {
		return u, k, noKey(id)
	}
	k, err = identity.AccessKeys.Get(tx, store.Key{Account: account, ID: id})
	return u, k, err
}

// UpdateAccessKey makes an access key active or inactive. From then on it opens
// no door, or does again.
func (s *Service) UpdateAccessKey(ctx context.Context, in *api.UpdateAccessKeyInput) (*api.UpdateAccessKeyOutput, error) {
	name, err := keyUser(ctx, in.UserName)
	if err != nil {
		return nil, err
	}
	if in.Status != api.StatusTypeActive && in.Status != api.StatusTypeInactive {
		return nil, invalid("The status %s cannot be set.", in.Status)
	}
	err = s.change(ctx, func(tx *store.Tx, account string) error {
		_, k, err := s.keyOf(tx, account, name, in.AccessKeyId)
		if err != nil {
			return err
		}
		k.Doc.Active = in.Status == api.StatusTypeActive
		return identity.AccessKeys.Put(tx, &k)
	})
	return &api.UpdateAccessKeyOutput{}, err
}

// DeleteAccessKey removes an access key.
func (s *Service) DeleteAccessKey(ctx context.Context, in *api.DeleteAccessKeyInput) (*api.DeleteAccessKeyOutput, error) {
	name, err := keyUser(ctx, in.UserName)
	if err != nil {
		return nil, err
	}
	err = s.change(ctx, func(tx *store.Tx, account string) error {
		u, k, err := s.keyOf(tx, account, name, in.AccessKeyId)
		if err != nil {
			return err
		}
		u.Doc.Keys = slices.DeleteFunc(u.Doc.Keys, func(id string) bool { return id == k.ID })
		if err := identity.Users.Put(tx, &u); err != nil {
			return err
		}
		if err := s.Directory.Unused(tx, k.ID); err != nil {
			return err
		}
		return identity.AccessKeys.Delete(tx, k.Key)
	})
	return &api.DeleteAccessKeyOutput{}, err
}

// ListAccessKeys lists the access keys of a user, without their secrets.
func (s *Service) ListAccessKeys(ctx context.Context, in *api.ListAccessKeysInput) (*api.ListAccessKeysOutput, error) {
	name, err := keyUser(ctx, in.UserName)
	if err != nil {
		return nil, err
	}
	l, err := s.listing(plane.FromContext(ctx), in.Marker, in.MaxItems, name)
	if err != nil {
		return nil, err
	}
	out := &api.ListAccessKeysOutput{AccessKeyMetadata: []*api.AccessKeyMetadata{}}
	err = s.view(ctx, func(tx *store.Tx, account string) error {
		u, err := s.user(tx, account, name)
		if err != nil {
			return err
		}
		ids, more, next, err := cut(l, slices.Sorted(slices.Values(u.Doc.Keys)), func(id string) string { return id })
		if err != nil {
			return err
		}
		out.IsTruncated, out.Marker = more, next
		for _, id := range ids {
			k, err := identity.AccessKeys.Get(tx, store.Key{Account: account, ID: id})
			if err != nil {
				return err
			}
			out.AccessKeyMetadata = append(out.AccessKeyMetadata, keyLine(&u.Doc, &k.Doc))
		}
		return nil
	})
	return out, err
}

// keyLine is an access key as listings show it.
func keyLine(u *identity.User, k *identity.AccessKey) *api.AccessKeyMetadata {
	status := api.StatusTypeInactive
	if k.Active {
		status = api.StatusTypeActive
	}
	return &api.AccessKeyMetadata{UserName: &u.Name, AccessKeyId: &k.ID, Status: &status, CreateDate: &k.Created}
}

// GetAccessKeyLastUsed tells when an access key was last used, for which
// service and where.
func (s *Service) GetAccessKeyLastUsed(ctx context.Context, in *api.GetAccessKeyLastUsedInput) (
	*api.GetAccessKeyLastUsedOutput, error,
) {
	const never = "N/A"
	out := &api.GetAccessKeyLastUsedOutput{AccessKeyLastUsed: &api.AccessKeyLastUsed{ServiceName: never, Region: never}}
	err := s.view(ctx, func(tx *store.Tx, account string) error {
		k, err := identity.AccessKeys.Get(tx, store.Key{Account: account, ID: in.AccessKeyId})
		if errors.Is(err, store.ErrNotFound) {
			return noKey(in.AccessKeyId)
		}
		if err != nil {
			return err
		}
		u, err := s.user(tx, account, k.Doc.User)
		if err != nil {
			return err
		}
		out.UserName = &u.Doc.Name
		use, ok, err := s.Directory.LastUsed(tx, k.ID)
		if ok {
			out.AccessKeyLastUsed = &api.AccessKeyLastUsed{LastUsedDate: &use.At, ServiceName: use.Service, Region: use.Region}
		}
		return err
	})
	return out, err
}
