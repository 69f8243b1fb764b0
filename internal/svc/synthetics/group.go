package synthetics

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	api "nephele.dev/nephele/internal/api/synthetics"
	"nephele.dev/nephele/internal/arn"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
)

// Quotas of groups (CloudWatch User Guide, "Groups"; API reference of
// CreateGroup and AssociateResource).
const (
	maxGroups       = 20 // of an account, over all regions
	maxGroupMembers = 10 // canaries of a group
	maxMemberships  = 10 // groups of a canary
	maxGroupPage    = 20
)

// group is the stored form of a group. Groups are global: their key has no
// region, and they are seen from every one.
type group struct {
	Name     string
	Region   string // where it was created, which its ARN tells
	Members  []member
	Next     int // place of the next member
	Created  time.Time
	Modified time.Time
}

// member is a canary of a group. Its id tells it from a later one of its name.
type member struct {
	Place    int // in the order of association; never used again
	Region   string
	Name, ID string
}

func groupKey(account, id string) store.Key { return store.Key{Account: account, ID: id} }

func groupARN(rec *store.Record[group]) string {
	return groupARNOf(rec.Doc.Region, rec.Account, rec.ID)
}

func groupARNOf(region, account, id string) string {
	return fmt.Sprintf("arn:aws:synthetics:%s:%s:group:%s", region, account, id)
}

// newGroupID returns a random id as the ARNs of groups have it: lower-case
// letters and digits.
func newGroupID() string { return strings.ToLower(rand.Text()) }

// groupsOf returns the account's groups by name: 20 at most.
func (s *Service) groupsOf(tx *store.Tx, account string) ([]store.Record[group], error) {
	all, err := s.groups.List(tx, account, "", store.ListOptions{})
	slices.SortFunc(all, func(a, b store.Record[group]) int { return cmp.Compare(a.Doc.Name, b.Doc.Name) })
	return all, err
}

// findGroup returns the group that an identifier names: its ARN, its id, or its
// name. None is ResourceNotFoundException.
func (s *Service) findGroup(tx *store.Tx, account, identifier string) (*store.Record[group], error) {
	missing := api.NewResourceNotFoundException("Group not found: %s", identifier)
	id := identifier
	if arn.Is(identifier) {
		a, err := arn.Parse(identifier)
		kind, of := a.Split()
		if err != nil || a.Service != "synthetics" || kind != "group" || a.Account != account {
			return nil, missing
		}
		id = of
	}
	rec, err := s.groups.Get(tx, groupKey(account, id))
	switch {
	case err == nil && (!arn.Is(identifier) || groupARN(&rec) == identifier):
		return &rec, nil
	case err != nil && !errors.Is(err, store.ErrNotFound):
		return nil, err
	case arn.Is(identifier):
		return nil, missing
	}
	return s.groupNamed(tx, account, identifier, missing)
}

func (s *Service) groupNamed(tx *store.Tx, account, name string, missing error) (*store.Record[group], error) {
	all, err := s.groupsOf(tx, account)
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(all, func(g store.Record[group]) bool { return g.Doc.Name == name })
	if at < 0 {
		return nil, missing
	}
	return &all[at], nil
}

// CreateGroup makes an empty group. Names are unique in the account.
func (s *Service) CreateGroup(ctx context.Context, in *api.CreateGroupInput) (*api.CreateGroupOutput, error) {
	call := plane.FromContext(ctx)
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	var out api.CreateGroupOutput
	err := s.DB.Update(ctx, func(tx *store.Tx) error {
		all, err := s.groupsOf(tx, call.Caller.Account)
		switch {
		case err != nil:
			return err
		case slices.ContainsFunc(all, func(g store.Record[group]) bool { return g.Doc.Name == in.Name }):
			return api.NewConflictException("Group with name %s already exists", in.Name)
		case len(all) >= maxGroups:
			return api.NewServiceQuotaExceededException("An account can have at most %d groups", maxGroups)
		}
		now := tx.Now()
		rec, err := s.groups.Create(tx, groupKey(call.Caller.Account, newGroupID()),
			group{Name: in.Name, Region: call.Caller.Region, Created: now, Modified: now})
		if err != nil {
			return err
		}
		if err := s.groups.SetTags(tx, rec.Key, in.Tags); err != nil {
			return err
		}
		out.Group, err = s.viewGroup(tx, &rec)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &out, nil
}

// GetGroup returns one group, from any region.
func (s *Service) GetGroup(ctx context.Context, in *api.GetGroupInput) (*api.GetGroupOutput, error) {
	var out api.GetGroupOutput
	err := s.withGroup(ctx, s.DB.View, in.GroupIdentifier, func(tx *store.Tx, rec *store.Record[group]) (err error) {
		out.Group, err = s.viewGroup(tx, rec)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &out, nil
}

// DeleteGroup removes a group, empty or not; its canaries stay.
func (s *Service) DeleteGroup(ctx context.Context, in *api.DeleteGroupInput) (*api.DeleteGroupOutput, error) {
	err := s.withGroup(ctx, s.DB.Update, in.GroupIdentifier, func(tx *store.Tx, rec *store.Record[group]) error {
		return s.groups.Delete(tx, rec.Key)
	})
	return &api.DeleteGroupOutput{}, err
}

// withGroup runs f on the group that an identifier names, in a transaction that
// begin (DB.View or DB.Update) makes.
func (s *Service) withGroup(ctx context.Context, begin func(context.Context, func(*store.Tx) error) error, identifier string, f func(*store.Tx, *store.Record[group]) error) error {
	account := plane.FromContext(ctx).Caller.Account
	return begin(ctx, func(tx *store.Tx) error {
		rec, err := s.findGroup(tx, account, identifier)
		if err != nil {
			return err
		}
		return f(tx, rec)
	})
}

// viewGroup is a group as the API shows it.
func (s *Service) viewGroup(tx *store.Tx, rec *store.Record[group]) (*api.Group, error) {
	tags, err := s.groups.Tags(tx, rec.Key)
	return &api.Group{
		Id: new(rec.ID), Name: new(rec.Doc.Name), Arn: new(groupARN(rec)), Tags: tags,
		CreatedTime: new(rec.Doc.Created), LastModifiedTime: new(rec.Doc.Modified),
	}, err
}

func summary(rec *store.Record[group]) *api.GroupSummary {
	return &api.GroupSummary{Id: new(rec.ID), Name: new(rec.Doc.Name), Arn: new(groupARN(rec))}
}

// ListGroups lists the account's groups by name, from any region.
func (s *Service) ListGroups(ctx context.Context, in *api.ListGroupsInput) (*api.ListGroupsOutput, error) {
	out := &api.ListGroupsOutput{}
	var err error
	out.Groups, out.NextToken, err = s.listGroups(ctx, nil, in.NextToken, in.MaxResults, func(*group) bool { return true })
	return out, err
}

// listGroups returns a page of the groups that have something, and the token of
// the next. The filters are what the token belongs to.
func (s *Service) listGroups(ctx context.Context, filters any, token *string, most *int32, has func(*group) bool) ([]*api.GroupSummary, *string, error) {
	after := ""
	if err := s.position(ctx, filters, token, &after); err != nil {
		return nil, nil, err
	}
	var all []store.Record[group]
	err := s.DB.View(ctx, func(tx *store.Tx) (err error) {
		all, err = s.groupsOf(tx, plane.FromContext(ctx).Caller.Account)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	page := []*api.GroupSummary{}
	for i := range all {
		if all[i].Doc.Name <= after || !has(&all[i].Doc) {
			continue
		}
		if len(page) == limitOr(most, maxGroupPage) {
			next, err := s.token(ctx, filters, *page[len(page)-1].Name)
			return page, next, err
		}
		page = append(page, summary(&all[i]))
	}
	return page, nil, nil
}
