package secretsmanager

import (
	"cmp"
	"context"
	"slices"

	api "nephele.dev/nephele/internal/api/secretsmanager"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
)

// maxListed is how many secrets a page has.
const maxListed = 100

// ListSecrets lists the secrets of the account in the region.
func (s *Service) ListSecrets(ctx context.Context, in *api.ListSecretsInput) (*api.ListSecretsOutput, error) {
	l, err := newListing(in.Filters, in.SortBy, in.SortOrder, deref(in.IncludePlannedDeletion))
	if err != nil {
		return nil, err
	}
	found, token, err := s.list(ctx, plane.FromContext(ctx), l, int(deref(in.MaxResults)), maxListed, in.NextToken)
	if err != nil {
		return nil, err
	}
	return &api.ListSecretsOutput{SecretList: found, NextToken: token}, nil
}

// listing is which secrets are wanted, in which order.
type listing struct {
	filters []filter
	by      api.SortByType
	desc    bool
	deleted bool // those scheduled for deletion, too
}

func newListing(filters []*api.Filter, by *api.SortByType, order *api.SortOrderType, deleted bool) (*listing, error) {
	l := &listing{by: deref(by), desc: deref(order) == api.SortOrderTypeDesc, deleted: deleted}
	for _, f := range filters {
		parsed, err := newFilter(f)
		if err != nil {
			return nil, err
		}
		l.filters = append(l.filters, parsed)
	}
	return l, nil
}

// position is where a secret is in a listing.
type position struct {
	Time int64 // 0 when the order is by name
	Name string
}

func (l *listing) position(r *record) position {
	switch l.by {
	case api.SortByTypeName:
		return position{Name: r.ID}
	case api.SortByTypeLastAccessedDate:
		if r.Doc.Accessed.IsZero() {
			return position{Name: r.ID}
		}
		return position{store.Micros(r.Doc.Accessed), r.ID}
	case api.SortByTypeLastChangedDate:
		return position{store.Micros(r.Doc.Changed), r.ID}
	}
	return position{store.Micros(r.Created), r.ID}
}

func (l *listing) compare(a, b position) int {
	c := cmp.Or(cmp.Compare(a.Time, b.Time), cmp.Compare(a.Name, b.Name))
	if l.desc {
		return -c
	}
	return c
}

// list returns a page of a listing, and the token of the next one.
func (s *Service) list(
	ctx context.Context, call *plane.Call, l *listing, limit, most int, token *string,
) (found []*api.SecretListEntry, next *string, err error) {
	if limit == 0 {
		limit = most
	}
	var after *position
	sc := scope(call, l.by, l.desc, l.deleted, l.filters)
	if err := s.open(sc, token, &after); err != nil {
		return nil, nil, err
	}
	var last *position
	err = s.DB.View(ctx, func(tx *store.Tx) error {
		found, last, err = s.page(tx, &call.Caller, l, after, limit)
		return err
	})
	if err != nil || last == nil {
		return found, nil, err
	}
	next, err = s.seal(sc, last)
	return found, next, err
}

// page returns the secrets after a position, and the position of the last one
// when there are more.
func (s *Service) page(tx *store.Tx, c *plane.Caller, l *listing, after *position, limit int) ([]*api.SecretListEntry, *position, error) {
	all, err := s.secrets.List(tx, c.Account, c.Region, store.ListOptions{})
	if err != nil {
		return nil, nil, err
	}
	slices.SortFunc(all, func(a, b record) int { return l.compare(l.position(&a), l.position(&b)) })
	found := []*api.SecretListEntry{}
	var last position
	for i := range all {
		r, at := &all[i], l.position(&all[i])
		if after != nil && l.compare(at, *after) <= 0 || !l.deleted && !r.Doc.Deletion.IsZero() {
			continue
		}
		tags, err := s.secrets.Tags(tx, r.Key)
		if err != nil {
			return nil, nil, err
		}
		if !l.wants(r, tags) {
			continue
		}
		if len(found) == limit {
			return found, &last, nil
		}
		e, err := entry(tx, r, tags)
		if err != nil {
			return nil, nil, err
		}
		found, last = append(found, e), at
	}
	return found, nil, nil
}

// wants reports whether a secret passes all filters.
func (l *listing) wants(r *record, tags map[string]string) bool {
	for i := range l.filters {
		if !l.filters[i].passes(r, tags) {
			return false
		}
	}
	return true
}
