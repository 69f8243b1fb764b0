package iam

import (
	"strings"

	"nephele.dev/nephele/internal/identity"
	"nephele.dev/nephele/internal/page"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
)

// defaultItems is how many items a page has unless the caller says otherwise.
const defaultItems = 100

// listing is a page that is being put together.
type listing struct {
	s     *Service
	scope page.Scope
	limit int    // the most items
	after string // the ID of the last item of the page before; "" on the first
}

// listing begins a page. filters are what else decides what is listed.
func (s *Service) listing(call *plane.Call, marker *string, maxItems *int32, filters ...any) (*listing, error) {
	l := &listing{s: s, limit: defaultItems, scope: page.Scope{
		Account: call.Caller.Account, Operation: "iam:" + call.Operation.Name, Filters: filters,
	}}
	if maxItems != nil {
		l.limit = int(*maxItems)
	}
	if marker != nil && s.Pages.Open(l.scope, *marker, &l.after) != nil {
		return nil, invalid("Invalid Marker.")
	}
	return l, nil
}

// end is what the answer says of the pages to come: IsTruncated and Marker,
// where last is the ID of the page's last item.
func (l *listing) end(more bool, last string) (truncated *bool, marker *string, err error) {
	if !more {
		return &more, nil, nil
	}
	text, err := l.s.Pages.Seal(l.scope, last)
	return &more, &text, err
}

// cut takes a page from all items, which are ordered by id.
func cut[T any](l *listing, all []T, id func(T) string) (items []T, truncated *bool, marker *string, err error) {
	items = make([]T, 0, min(len(all), l.limit))
	more := false
	for _, item := range all {
		if id(item) <= l.after {
			continue
		}
		if more = len(items) == l.limit; more {
			break
		}
		items = append(items, item)
	}
	last := ""
	if more {
		last = id(items[len(items)-1])
	}
	truncated, marker, err = l.end(more, last)
	return items, truncated, marker, err
}

// records takes a page from a collection: those that keep takes, in the order
// of their names.
func records[T any](tx *store.Tx, l *listing, c *store.Collection[T], account string, keep func(*T) bool) (
	items []store.Record[T], truncated *bool, marker *string, err error,
) {
	const atOnce = 200 // at least: those that keep does not take are many, perhaps
	after, more, batch := l.after, false, max(l.limit+1, atOnce)
	for done := false; !done; {
		some, err := c.List(tx, account, "", store.ListOptions{After: after, Limit: batch})
		if err != nil {
			return nil, nil, nil, err
		}
		done = len(some) < batch
		for i := range some {
			after = some[i].ID
			if !keep(&some[i].Doc) {
				continue
			}
			if more = len(items) == l.limit; more {
				done = true
				break
			}
			items = append(items, some[i])
		}
	}
	last := ""
	if more {
		last = items[len(items)-1].ID
	}
	truncated, marker, err = l.end(more, last)
	return items, truncated, marker, err
}

// under reports whether a path starts with the prefix, if one is asked for.
func under(e *identity.Entity, prefix *string) bool {
	return prefix == nil || strings.HasPrefix(e.Path, *prefix)
}
