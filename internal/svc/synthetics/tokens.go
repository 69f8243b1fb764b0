package synthetics

import (
	"context"

	"nephele.dev/nephele/internal/page"
	"nephele.dev/nephele/internal/plane"
)

// limitOr returns the page size asked for, or the operation's default.
func limitOr(asked *int32, otherwise int) int {
	if asked == nil {
		return otherwise
	}
	return int(*asked)
}

// scope binds tokens to the caller's account and region, the operation, and
// what else decides the listing.
func scope(ctx context.Context, filters any) page.Scope {
	call := plane.FromContext(ctx)
	return page.Scope{
		Account: call.Caller.Account, Region: call.Caller.Region,
		Operation: "synthetics:" + call.Operation.Name, Filters: filters,
	}
}

// position reads a token into at; no token leaves it alone.
func (s *Service) position(ctx context.Context, filters any, token *string, at any) error {
	if token == nil {
		return nil
	}
	if err := s.Pages.Open(scope(ctx, filters), *token, at); err != nil {
		return invalid("Invalid NextToken: %v", err)
	}
	return nil
}

// token makes the token of the page that starts after at.
func (s *Service) token(ctx context.Context, filters, at any) (*string, error) {
	t, err := s.Pages.Seal(scope(ctx, filters), at)
	return &t, err
}
