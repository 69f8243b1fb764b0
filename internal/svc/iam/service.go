package iam

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"net/http"

	api "nephele.dev/nephele/internal/api/iam"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/identity"
	"nephele.dev/nephele/internal/page"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/policy"
	"nephele.dev/nephele/internal/seal"
	"nephele.dev/nephele/internal/shape"
	"nephele.dev/nephele/internal/store"
)

// Deps are what the service stands on. All are required but Logger.
type Deps struct {
	DB        *store.DB
	Seal      *seal.Sealer        // seals the secrets of access keys
	Directory *identity.Directory // is told of every change
	Plane     *plane.Plane
	Pages     *page.Sealer // seals the markers of listings
	Logger    *slog.Logger
}

// Service answers the IAM API.
type Service struct{ Deps }

// New returns a Service.
func New(d Deps) *Service {
	if d.Logger == nil {
		d.Logger = slog.New(slog.DiscardHandler)
	}
	return &Service{Deps: d}
}

// Handlers returns the operations that are implemented.
func (s *Service) Handlers() map[string]shape.Handler {
	all := s.principalHandlers()
	maps.Copy(all, s.credentialHandlers())
	maps.Copy(all, s.policyHandlers())
	return all
}

// Reset drops what the service holds in memory.
func (s *Service) Reset() { s.Directory.Reset() }

// Facts tells what is known of a resource of IAM. A role's trust policy
// decides who may assume it, and nothing else: so calls to other services than
// STS do not see it.
func (s *Service) Facts(ctx context.Context, call *plane.Call, arn string) (policy.Resource, error) {
	r, err := s.Directory.Facts(ctx, arn)
	if call.Operation == nil || call.Operation.Service.Name != "sts" {
		r.Policies, r.Required, r.Guarded = nil, false, false
	}
	return r, err
}

// change runs f in a transaction that changes records of the caller's account.
func (s *Service) change(ctx context.Context, f func(tx *store.Tx, account string) error) error {
	account := plane.FromContext(ctx).Caller.Account
	return s.DB.Update(ctx, func(tx *store.Tx) error {
		if err := f(tx, account); err != nil {
			return err
		}
		return s.Directory.Changed(tx, account)
	})
}

// view runs f in a transaction that reads records of the caller's account.
func (s *Service) view(ctx context.Context, f func(tx *store.Tx, account string) error) error {
	account := plane.FromContext(ctx).Caller.Account
	return s.DB.View(ctx, func(tx *store.Tx) error { return f(tx, account) })
}

// get returns a record by its name. noun is what it is called when there is
// none: "user".
func get[T any](tx *store.Tx, c *store.Collection[T], account, noun, name string) (store.Record[T], error) {
	r, err := c.Get(tx, identity.At(account, name))
	if errors.Is(err, store.ErrNotFound) {
		return r, notFound(noun, name)
	}
	return r, err
}

// user returns a user by its name.
func (s *Service) user(tx *store.Tx, account, name string) (store.Record[identity.User], error) {
	return get(tx, identity.Users, account, "user", name)
}

// group returns a group by its name.
func (s *Service) group(tx *store.Tx, account, name string) (store.Record[identity.Group], error) {
	return get(tx, identity.Groups, account, "group", name)
}

// role returns a role by its name.
func (s *Service) role(tx *store.Tx, account, name string) (store.Record[identity.Role], error) {
	return get(tx, identity.Roles, account, "role", name)
}

// ownRole returns a role that its account may change: one that is linked to a
// service is changed by that service alone.
func (s *Service) ownRole(tx *store.Tx, account, name string) (store.Record[identity.Role], error) {
	r, err := s.role(tx, account, name)
	if err == nil && r.Doc.Linked {
		return r, api.NewUnmodifiableEntityException("Cannot perform the operation on the protected role '%s' - "+
			"this role is only modifiable by AWS", r.Doc.Name)
	}
	return r, err
}

// Errors that several operations answer, in AWS's words.

// notFound is NoSuchEntity: "The user with name x cannot be found.", say.
func notFound(noun, name string) *awserr.Error {
	return api.NewNoSuchEntityException("The %s with name %s cannot be found.", noun, name)
}

// exists is EntityAlreadyExists: "User with name x already exists.", say.
func exists(noun, name string) *awserr.Error {
	return api.NewEntityAlreadyExistsException("%s with name %s already exists.", noun, name)
}

// quota is LimitExceeded: "Cannot exceed quota for AccessKeysPerUser: 2".
func quota(name string, n int) *awserr.Error {
	return api.NewLimitExceededException("Cannot exceed quota for %s: %d", name, n)
}

// conflict is DeleteConflict, with what must be done first.
func conflict(must string) *awserr.Error {
	return api.NewDeleteConflictException("Cannot delete entity, must %s first.", must)
}

// invalid is ValidationError.
func invalid(format string, args ...any) *awserr.Error {
	return awserr.New("ValidationError", http.StatusBadRequest, format, args...)
}

func notImplemented(what string) *awserr.Error {
	return awserr.New("NotImplemented", http.StatusNotImplemented, "Nephele does not implement %s of IAM yet.", what)
}

// malformed is MalformedPolicyDocument for a policy that does not parse.
func malformed(err error) *awserr.Error {
	return api.NewMalformedPolicyDocumentException("%s", err)
}
