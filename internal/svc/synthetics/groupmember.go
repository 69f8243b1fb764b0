package synthetics

import (
	"context"
	"errors"
	"slices"

	api "nephele.dev/nephele/internal/api/synthetics"
	"nephele.dev/nephele/internal/arn"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
)

// AssociateResource adds a canary of the region that is called to a group. One
// that is in it already stays.
func (s *Service) AssociateResource(ctx context.Context, in *api.AssociateResourceInput) (*api.AssociateResourceOutput, error) {
	call := plane.FromContext(ctx)
	err := s.withGroup(ctx, s.DB.Update, in.GroupIdentifier, func(tx *store.Tx, rec *store.Record[group]) error {
		key, err := memberKey(call, in.ResourceArn)
		if err != nil {
			return err
		}
		c, err := s.load(tx, key)
		if err != nil || rec.Doc.place(c) >= 0 {
			return err
		}
		if err := s.mayJoin(tx, rec, c); err != nil {
			return err
		}
		rec.Doc.Members = append(rec.Doc.Members, member{Place: rec.Doc.Next, Region: c.Region, Name: c.ID, ID: c.Doc.ID})
		rec.Doc.Next++
		return s.putGroup(tx, rec)
	})
	return &api.AssociateResourceOutput{}, err
}

// mayJoin checks the quotas of a group and of a canary that is to join it.
func (s *Service) mayJoin(tx *store.Tx, rec *store.Record[group], c *store.Record[canary]) error {
	if c.Doc.multi() {
		return invalid("Canary %s is in several locations: such canaries cannot be in groups", c.ID)
	}
	if len(rec.Doc.Members) >= maxGroupMembers {
		return api.NewServiceQuotaExceededException("A group can have at most %d canaries", maxGroupMembers)
	}
	in, err := s.memberships(tx, c)
	if err == nil && len(in) >= maxMemberships {
		return api.NewServiceQuotaExceededException("A canary can be in at most %d groups", maxMemberships)
	}
	return err
}

// DisassociateResource takes a canary of the region that is called out of a
// group. One that is not in it is ResourceNotFoundException.
func (s *Service) DisassociateResource(ctx context.Context, in *api.DisassociateResourceInput) (*api.DisassociateResourceOutput, error) {
	call := plane.FromContext(ctx)
	err := s.withGroup(ctx, s.DB.Update, in.GroupIdentifier, func(tx *store.Tx, rec *store.Record[group]) error {
		key, err := memberKey(call, in.ResourceArn)
		if err != nil {
			return err
		}
		at := slices.IndexFunc(rec.Doc.Members, func(m member) bool { return m.Region == key.Region && m.Name == key.ID })
		if at < 0 {
			return api.NewResourceNotFoundException("Resource %s is not associated with group %s", in.ResourceArn, rec.Doc.Name)
		}
		rec.Doc.Members = slices.Delete(rec.Doc.Members, at, at+1)
		return s.putGroup(tx, rec)
	})
	return &api.DisassociateResourceOutput{}, err
}

func (s *Service) putGroup(tx *store.Tx, rec *store.Record[group]) error {
	rec.Doc.Modified = tx.Now()
	return s.groups.Put(tx, rec)
}

// memberKey reads the ARN of a canary of the caller's account and region: these
// operations answer where the canary is.
func memberKey(call *plane.Call, name string) (store.Key, error) {
	a, err := arn.Parse(name)
	kind, id := a.Split()
	switch {
	case err != nil || a.Service != "synthetics" || kind != "canary":
		return store.Key{}, invalid("Invalid resource ARN: %s", name)
	case a.Account != call.Caller.Account:
		return store.Key{}, api.NewResourceNotFoundException("Canary not found: %s", name)
	case a.Region != call.Caller.Region:
		return store.Key{}, invalid("The canary is in %s: call the operation there", a.Region)
	}
	return store.Key{Account: a.Account, Region: a.Region, ID: id}, nil
}

// place is where a canary is among the members; -1 where it is not.
func (g *group) place(c *store.Record[canary]) int {
	return slices.IndexFunc(g.Members, func(m member) bool { return m.Region == c.Region && m.Name == c.ID && m.ID == c.Doc.ID })
}

// memberships returns the groups that a canary is in.
func (s *Service) memberships(tx *store.Tx, c *store.Record[canary]) ([]store.Record[group], error) {
	all, err := s.groupsOf(tx, c.Account)
	return slices.DeleteFunc(all, func(g store.Record[group]) bool { return g.Doc.place(c) < 0 }), err
}

// leaveGroups takes a canary that is deleted out of its groups.
func (s *Service) leaveGroups(tx *store.Tx, c *store.Record[canary]) error {
	in, err := s.memberships(tx, c)
	if err != nil {
		return err
	}
	for i := range in {
		at := in[i].Doc.place(c)
		in[i].Doc.Members = slices.Delete(in[i].Doc.Members, at, at+1)
		if err := s.putGroup(tx, &in[i]); err != nil {
			return err
		}
	}
	return nil
}

// ListGroupResources lists the ARNs of a group's canaries, of all regions, in
// the order in which they joined.
func (s *Service) ListGroupResources(ctx context.Context, in *api.ListGroupResourcesInput) (*api.ListGroupResourcesOutput, error) {
	from := 0
	if err := s.position(ctx, in.GroupIdentifier, in.NextToken, &from); err != nil {
		return nil, err
	}
	out := &api.ListGroupResourcesOutput{}
	err := s.withGroup(ctx, s.DB.View, in.GroupIdentifier, func(_ *store.Tx, rec *store.Record[group]) (err error) {
		out.Resources, out.NextToken = []string{}, nil
		for _, m := range rec.Doc.Members {
			if m.Place < from {
				continue
			}
			if len(out.Resources) == limitOr(in.MaxResults, maxGroupPage) {
				out.NextToken, err = s.token(ctx, in.GroupIdentifier, m.Place)
				return err
			}
			out.Resources = append(out.Resources, canaryARN(store.Key{Account: rec.Account, Region: m.Region, ID: m.Name}))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// ListAssociatedGroups lists the groups of a canary of the region that is
// called, by name.
func (s *Service) ListAssociatedGroups(ctx context.Context, in *api.ListAssociatedGroupsInput) (*api.ListAssociatedGroupsOutput, error) {
	key, err := memberKey(plane.FromContext(ctx), in.ResourceArn)
	if err != nil {
		return nil, err
	}
	var c store.Record[canary]
	err = s.DB.View(ctx, func(tx *store.Tx) (err error) {
		c, err = s.canaries.Get(tx, key)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, api.NewResourceNotFoundException("Canary not found: %s", in.ResourceArn)
	}
	if err != nil {
		return nil, err
	}
	out := &api.ListAssociatedGroupsOutput{}
	out.Groups, out.NextToken, err = s.listGroups(ctx, in.ResourceArn, in.NextToken, in.MaxResults, func(g *group) bool { return g.place(&c) >= 0 })
	return out, err
}
