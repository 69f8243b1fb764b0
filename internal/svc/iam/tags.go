package iam

import (
	"context"
	"maps"
	"slices"
	"strings"

	api "nephele.dev/nephele/internal/api/iam"
	"nephele.dev/nephele/internal/identity"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/tagrule"
)

// addTags returns have with the tags of list. Keys are told apart without
// regard to case: Department replaces department.
func addTags(have map[string]string, list []*api.Tag) (map[string]string, error) {
	seen := make(map[string]bool, len(list))
	all := maps.Clone(have)
	for _, t := range list {
		id := strings.ToLower(t.Key)
		if seen[id] {
			return nil, api.NewInvalidInputException("Duplicate tag keys found. Please note that Tag keys are case insensitive.")
		}
		if tagrule.Reserved(t.Key) {
			return nil, api.NewInvalidInputException("Tag keys that start with aws: are reserved for AWS: %s", t.Key)
		}
		seen[id] = true
		if all == nil {
			all = make(map[string]string, len(list))
		}
		removeTag(all, id)
		all[t.Key] = t.Value
	}
	if len(all) > tagrule.Max {
		return nil, api.NewLimitExceededException("The number of tags has reached the maximum limit.")
	}
	return all, nil
}

// removeTag takes the tag of a key, in lower case, away.
func removeTag(tags map[string]string, id string) {
	maps.DeleteFunc(tags, func(key, _ string) bool { return strings.ToLower(key) == id })
}

// tagList writes tags in the order of their keys; none are nil.
func tagList(tags map[string]string) []*api.Tag {
	var list []*api.Tag
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		list = append(list, &api.Tag{Key: key, Value: tags[key]})
	}
	return list
}

// taggable is a collection whose records have tags.
type taggable[T any] struct {
	records *store.Collection[T]
	find    func(tx *store.Tx, account string) (store.Record[T], error)
	tags    func(*T) *map[string]string
}

// tag adds tags to a record.
func tag[T any](ctx context.Context, s *Service, on taggable[T], list []*api.Tag) error {
	return retag(ctx, s, on, func(have map[string]string) (map[string]string, error) { return addTags(have, list) })
}

// untag takes tags off a record.
func untag[T any](ctx context.Context, s *Service, on taggable[T], keys []string) error {
	return retag(ctx, s, on, func(have map[string]string) (map[string]string, error) {
		for _, key := range keys {
			removeTag(have, strings.ToLower(key))
		}
		return have, nil
	})
}

func retag[T any](ctx context.Context, s *Service, on taggable[T], change func(map[string]string) (map[string]string, error)) error {
	return s.change(ctx, func(tx *store.Tx, account string) error {
		r, err := on.find(tx, account)
		if err != nil {
			return err
		}
		tags := on.tags(&r.Doc)
		if *tags, err = change(*tags); err != nil {
			return err
		}
		return on.records.Put(tx, &r)
	})
}

// listTags takes a page from a record's tags.
func listTags[T any](ctx context.Context, s *Service, on taggable[T], marker *string, maxItems *int32, name string) (
	tags []*api.Tag, truncated *bool, next *string, err error,
) {
	l, err := s.listing(plane.FromContext(ctx), marker, maxItems, name)
	if err != nil {
		return nil, nil, nil, err
	}
	var all map[string]string
	err = s.view(ctx, func(tx *store.Tx, account string) error {
		r, err := on.find(tx, account)
		all = *on.tags(&r.Doc)
		return err
	})
	if err != nil {
		return nil, nil, nil, err
	}
	return cut(l, tagList(all), func(t *api.Tag) string { return t.Key })
}

func (s *Service) taggedUser(name string) taggable[identity.User] {
	return taggable[identity.User]{
		identity.Users,
		func(tx *store.Tx, account string) (store.Record[identity.User], error) {
			return s.user(tx, account, name)
		},
		func(u *identity.User) *map[string]string { return &u.Tags },
	}
}

func (s *Service) taggedRole(name string) taggable[identity.Role] {
	return taggable[identity.Role]{
		identity.Roles,
		func(tx *store.Tx, account string) (store.Record[identity.Role], error) {
			return s.role(tx, account, name)
		},
		func(r *identity.Role) *map[string]string { return &r.Tags },
	}
}

func (s *Service) taggedProfile(name string) taggable[identity.InstanceProfile] {
	return taggable[identity.InstanceProfile]{
		identity.InstanceProfiles,
		func(tx *store.Tx, account string) (store.Record[identity.InstanceProfile], error) {
			return s.profile(tx, account, name)
		},
		func(p *identity.InstanceProfile) *map[string]string { return &p.Tags },
	}
}

func (s *Service) taggedProvider(arn string) taggable[identity.OIDCProvider] {
	return taggable[identity.OIDCProvider]{
		identity.OIDCProviders,
		func(tx *store.Tx, account string) (store.Record[identity.OIDCProvider], error) {
			return s.provider(tx, account, arn)
		},
		func(p *identity.OIDCProvider) *map[string]string { return &p.Tags },
	}
}

// TagUser adds tags to a user, or gives those that it has other values.
func (s *Service) TagUser(ctx context.Context, in *api.TagUserInput) (*api.TagUserOutput, error) {
	return &api.TagUserOutput{}, tag(ctx, s, s.taggedUser(in.UserName), in.Tags)
}

// UntagUser removes tags from a user.
func (s *Service) UntagUser(ctx context.Context, in *api.UntagUserInput) (*api.UntagUserOutput, error) {
	return &api.UntagUserOutput{}, untag(ctx, s, s.taggedUser(in.UserName), in.TagKeys)
}

// ListUserTags lists the tags of a user.
func (s *Service) ListUserTags(ctx context.Context, in *api.ListUserTagsInput) (*api.ListUserTagsOutput, error) {
	tags, more, next, err := listTags(ctx, s, s.taggedUser(in.UserName), in.Marker, in.MaxItems, in.UserName)
	return &api.ListUserTagsOutput{Tags: tags, IsTruncated: more, Marker: next}, err
}

// TagRole adds tags to a role, or gives those that it has other values.
func (s *Service) TagRole(ctx context.Context, in *api.TagRoleInput) (*api.TagRoleOutput, error) {
	return &api.TagRoleOutput{}, tag(ctx, s, s.taggedRole(in.RoleName), in.Tags)
}

// UntagRole removes tags from a role.
func (s *Service) UntagRole(ctx context.Context, in *api.UntagRoleInput) (*api.UntagRoleOutput, error) {
	return &api.UntagRoleOutput{}, untag(ctx, s, s.taggedRole(in.RoleName), in.TagKeys)
}

// ListRoleTags lists the tags of a role.
func (s *Service) ListRoleTags(ctx context.Context, in *api.ListRoleTagsInput) (*api.ListRoleTagsOutput, error) {
	tags, more, next, err := listTags(ctx, s, s.taggedRole(in.RoleName), in.Marker, in.MaxItems, in.RoleName)
	return &api.ListRoleTagsOutput{Tags: tags, IsTruncated: more, Marker: next}, err
}

// TagInstanceProfile adds tags to an instance profile, or gives those that it
// has other values.
func (s *Service) TagInstanceProfile(ctx context.Context, in *api.TagInstanceProfileInput) (*api.TagInstanceProfileOutput, error) {
	return &api.TagInstanceProfileOutput{}, tag(ctx, s, s.taggedProfile(in.InstanceProfileName), in.Tags)
}

// UntagInstanceProfile removes tags from an instance profile.
func (s *Service) UntagInstanceProfile(ctx context.Context, in *api.UntagInstanceProfileInput) (
	*api.UntagInstanceProfileOutput, error,
) {
	return &api.UntagInstanceProfileOutput{}, untag(ctx, s, s.taggedProfile(in.InstanceProfileName), in.TagKeys)
}

// ListInstanceProfileTags lists the tags of an instance profile.
func (s *Service) ListInstanceProfileTags(ctx context.Context, in *api.ListInstanceProfileTagsInput) (
	*api.ListInstanceProfileTagsOutput, error,
) {
	name := in.InstanceProfileName
	tags, more, next, err := listTags(ctx, s, s.taggedProfile(name), in.Marker, in.MaxItems, name)
	return &api.ListInstanceProfileTagsOutput{Tags: tags, IsTruncated: more, Marker: next}, err
}

// TagOpenIDConnectProvider adds tags to a provider, or gives those that it has
// other values.
func (s *Service) TagOpenIDConnectProvider(ctx context.Context, in *api.TagOpenIDConnectProviderInput) (
	*api.TagOpenIDConnectProviderOutput, error,
) {
	return &api.TagOpenIDConnectProviderOutput{}, tag(ctx, s, s.taggedProvider(in.OpenIDConnectProviderArn), in.Tags)
}

// UntagOpenIDConnectProvider removes tags from a provider.
func (s *Service) UntagOpenIDConnectProvider(ctx context.Context, in *api.UntagOpenIDConnectProviderInput) (
	*api.UntagOpenIDConnectProviderOutput, error,
) {
	return &api.UntagOpenIDConnectProviderOutput{}, untag(ctx, s, s.taggedProvider(in.OpenIDConnectProviderArn), in.TagKeys)
}

// ListOpenIDConnectProviderTags lists the tags of a provider.
func (s *Service) ListOpenIDConnectProviderTags(ctx context.Context, in *api.ListOpenIDConnectProviderTagsInput) (
	*api.ListOpenIDConnectProviderTagsOutput, error,
) {
	arn := in.OpenIDConnectProviderArn
	tags, more, next, err := listTags(ctx, s, s.taggedProvider(arn), in.Marker, in.MaxItems, arn)
	return &api.ListOpenIDConnectProviderTagsOutput{Tags: tags, IsTruncated: more, Marker: next}, err
}
