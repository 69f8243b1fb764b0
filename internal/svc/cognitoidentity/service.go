package cognitoidentity

import (
	"context"
	"log/slog"
	"net/http"

	api "nephele.dev/nephele/internal/api/cognitoidentity"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/page"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/shape"
	"nephele.dev/nephele/internal/store"
	"nephele.dev/nephele/internal/webidentity"
)

// principal is the service principal of Cognito identity pools, to which roles
// are passed.
const principal = "cognito-identity.amazonaws.com"

// Plane is what the service needs of *plane.Plane.
type Plane interface {
	As(plane.Caller) shape.Invoker
	Authorizes() bool
}

// Deps are what the service stands on. All are required but Provider and Logger.
type Deps struct {
	DB       *store.DB
	Plane    Plane
	Pages    *page.Sealer // seals the tokens of listings
	Issuer   *webidentity.Issuer
	Verifier *webidentity.Verifier
	// Provider finds an OpenID Connect provider of IAM; the error wraps
	// webidentity.ErrNoProvider when there is none. nil knows none.
	Provider func(ctx context.Context, account, issuer string) (webidentity.Provider, error)
	Logger   *slog.Logger
}

// Service answers the Cognito Identity API. It holds nothing in memory but how
// many guests were made in the last seconds.
type Service struct {
	Deps
	guests quota
}

// New returns a Service.
func New(d Deps) *Service {
	if d.Logger == nil {
		d.Logger = slog.New(slog.DiscardHandler)
	}
	return &Service{Deps: d}
}

// Handlers returns the operations that are implemented: all of them.
func (s *Service) Handlers() map[string]shape.Handler {
	return api.Handlers{
		CreateIdentityPool:                 s.CreateIdentityPool,
		DeleteIdentities:                   s.DeleteIdentities,
		DeleteIdentityPool:                 s.DeleteIdentityPool,
		DescribeIdentity:                   s.DescribeIdentity,
		DescribeIdentityPool:               s.DescribeIdentityPool,
		GetCredentialsForIdentity:          s.GetCredentialsForIdentity,
		GetId:                              s.GetId,
		GetIdentityPoolRoles:               s.GetIdentityPoolRoles,
		GetOpenIdToken:                     s.GetOpenIdToken,
		GetOpenIdTokenForDeveloperIdentity: s.GetOpenIdTokenForDeveloperIdentity,
		GetPrincipalTagAttributeMap:        s.GetPrincipalTagAttributeMap,
		ListIdentities:                     s.ListIdentities,
		ListIdentityPools:                  s.ListIdentityPools,
		ListTagsForResource:                s.ListTagsForResource,
		LookupDeveloperIdentity:            s.LookupDeveloperIdentity,
		MergeDeveloperIdentities:           s.MergeDeveloperIdentities,
		SetIdentityPoolRoles:               s.SetIdentityPoolRoles,
		SetPrincipalTagAttributeMap:        s.SetPrincipalTagAttributeMap,
		TagResource:                        s.TagResource,
		UnlinkDeveloperIdentity:            s.UnlinkDeveloperIdentity,
		UnlinkIdentity:                     s.UnlinkIdentity,
		UntagResource:                      s.UntagResource,
		UpdateIdentityPool:                 s.UpdateIdentityPool,
	}.Table()
}

// Errors that several operations answer, in AWS's words.
func noPool(id string) *awserr.Error {
	return api.NewResourceNotFoundException("IdentityPool '%s' not found.", id)
}

func foreignPool(id string) *awserr.Error {
	return api.NewNotAuthorizedException("Access to IdentityPool '%s' is forbidden.", id)
}

func noIdentity(id string) *awserr.Error {
	return api.NewResourceNotFoundException("Identity '%s' not found.", id)
}

func forbidden(id string) *awserr.Error {
	return api.NewNotAuthorizedException("Access to Identity '%s' is forbidden.", id)
}

func noGuests() *awserr.Error {
	return api.NewNotAuthorizedException("Unauthenticated access is not supported for this identity pool.")
}

func notImplemented(what string) *awserr.Error {
	return awserr.New("NotImplemented", http.StatusNotImplemented, "Nephele does not implement %s of Cognito Identity yet.", what)
}

// scope binds tokens to a listing.
func scope(ctx context.Context, filters ...any) page.Scope {
	call := plane.FromContext(ctx)
	return page.Scope{
		Account: call.Caller.Account, Region: call.Caller.Region,
		Operation: "cognito-identity:" + call.Operation.Name, Filters: filters,
	}
}

// open reads the position in a token; no token is the beginning.
func (s *Service) open(sc page.Scope, token *string) (after string, err error) {
	if token != nil && s.Pages.Open(sc, *token, &after) != nil {
		return "", api.NewInvalidParameterException("Invalid NextToken")
	}
	return after, nil
}

// cut is the page of at most n of list, which was read with one item more, and
// the token of the next page.
func cut[T any](s *Service, sc page.Scope, list []T, n int32, id func(T) string) ([]T, *string, error) {
	if len(list) <= int(n) {
		return list, nil, nil
	}
	list = list[:n]
	token, err := s.Pages.Seal(sc, id(list[n-1]))
	return list, &token, err
}

// is reports whether err is the answer with this code.
func is(err error, code string) bool {
	e := awserr.As(err)
	return e != nil && e.Code == code
}
