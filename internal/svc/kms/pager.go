package kms

import (
	"context"

	api "nephele.dev/nephele/internal/api/kms"
	"nephele.dev/nephele/internal/page"
	"nephele.dev/nephele/internal/plane"
)

// pager reads and makes the markers of one listing.
type pager struct {
	pages  *page.Sealer
	scope  page.Scope
	marker *string
	limit  int
}

// pager begins a page. filters is what else decides what is listed; the limit
// is the standard one unless the request has one, and never above most.
func (s *Service) pager(ctx context.Context, limit *int32, marker *string, standard, most int, filters any) *pager {
	call := plane.FromContext(ctx)
	p := &pager{pages: s.pages, marker: marker, limit: standard, scope: page.Scope{
		Account: call.Caller.Account, Region: call.Caller.Region, Operation: "kms:" + call.Operation.Name, Filters: filters,
	}}
	if limit != nil {
		p.limit = min(int(*limit), most)
	}
	return p
}

// start reads where the page starts; position is left alone on the first.
func (p *pager) start(position any) error {
	if p.marker == nil {
		return nil
	}
	if p.pages.Open(p.scope, *p.marker, position) != nil {
		return api.NewInvalidMarkerException("The marker is not valid.")
	}
	return nil
}

// next is the marker of the page after this one.
func (p *pager) next(position any) (*string, error) {
	token, err := p.pages.Seal(p.scope, position)
	if err != nil {
		return nil, err
	}
	return &token, nil
}
