package secretsmanager

import (
	"crypto/rand"
	"io"
	"log/slog"
	"net/http"

	api "nephele.dev/nephele/internal/api/secretsmanager"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/engine"
	"nephele.dev/nephele/internal/page"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/shape"
	"nephele.dev/nephele/internal/store"
)

// principal is the service principal through which KMS is called.
const principal = "secretsmanager.amazonaws.com"

// Deps are what the service stands on. All are required but Rand and Logger.
type Deps struct {
	DB     *store.DB
	Engine *engine.Engine
	Plane  *plane.Plane
	Pages  *page.Sealer // seals the tokens of listings
	Rand   io.Reader    // of passwords and ARNs; nil is crypto/rand
	Logger *slog.Logger
}

// Service answers the Secrets Manager API.
type Service struct {
	Deps
	secrets *store.Collection[secret]
	known   *store.Memo[known]
}

// New returns a Service. Call Flows before the engine starts.
func New(d Deps) *Service {
	if d.Rand == nil {
		d.Rand = rand.Reader
	}
	if d.Logger == nil {
		d.Logger = slog.New(slog.DiscardHandler)
	}
	secrets := store.NewCollection[secret]("secretsmanager.secret")
	return &Service{Deps: d, secrets: secrets, known: store.NewMemo[known](d.DB, secrets)}
}

// Handlers returns the operations that are implemented.
func (s *Service) Handlers() map[string]shape.Handler {
	return api.Handlers{
		BatchGetSecretValue:      s.BatchGetSecretValue,
		CreateSecret:             s.CreateSecret,
		DeleteResourcePolicy:     s.DeleteResourcePolicy,
		DeleteSecret:             s.DeleteSecret,
		DescribeSecret:           s.DescribeSecret,
		GetRandomPassword:        s.GetRandomPassword,
		GetResourcePolicy:        s.GetResourcePolicy,
		GetSecretValue:           s.GetSecretValue,
		ListSecretVersionIds:     s.ListSecretVersionIds,
		ListSecrets:              s.ListSecrets,
		PutResourcePolicy:        s.PutResourcePolicy,
		PutSecretValue:           s.PutSecretValue,
		RestoreSecret:            s.RestoreSecret,
		TagResource:              s.TagResource,
		UntagResource:            s.UntagResource,
		UpdateSecret:             s.UpdateSecret,
		UpdateSecretVersionStage: s.UpdateSecretVersionStage,
		ValidateResourcePolicy:   s.ValidateResourcePolicy,
	}.Table()
}

// purgeKind is the flow that removes a secret when its recovery window has
// ended. Key: the ARN.
const purgeKind = "secretsmanager.purge"

// Flows registers the service's flows.
func (s *Service) Flows(e *engine.Engine) {
	e.Register(purgeKind, "housekeeping", engine.FlowFunc(s.purge))
}

// Errors that several operations answer, in AWS's words.
func noSecret() *awserr.Error {
	return api.NewResourceNotFoundException("Secrets Manager can't find the specified secret.")
}

func noVersion(id string) *awserr.Error {
	return api.NewResourceNotFoundException("Secrets Manager can't find the specified secret value for VersionId: %s", id)
}

func noLabel(label string) *awserr.Error {
	return api.NewResourceNotFoundException("Secrets Manager can't find the specified secret value for staging label: %s", label)
}

func markedDeleted() *awserr.Error {
	return api.NewInvalidRequestException("You can't perform this operation on the secret because it was marked for deletion.")
}

func tokenTaken(token, arn string) *awserr.Error {
	return api.NewResourceExistsException(
		"You can't use ClientRequestToken %s because that value is already in use for a version of secret %s.", token, arn)
}

// invalidName is AWS's answer to names and ids of forbidden characters, which
// the model does not know.
func invalidName() *awserr.Error {
	return awserr.New("ValidationException", http.StatusBadRequest,
		"Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!")
}

func notImplemented(what string) *awserr.Error {
	return awserr.New("NotImplemented", http.StatusNotImplemented, "Nephele does not implement %s of Secrets Manager yet.", what)
}

// scope binds tokens to a listing.
func scope(call *plane.Call, filters ...any) page.Scope {
	return page.Scope{
		Account: call.Caller.Account, Region: call.Caller.Region,
		Operation: "secretsmanager:" + call.Operation.Name, Filters: filters,
	}
}

// open reads a token into at; no token leaves it alone.
func (s *Service) open(sc page.Scope, token *string, at any) error {
	if token != nil && s.Pages.Open(sc, *token, at) != nil {
		return api.NewInvalidNextTokenException("The NextToken value is invalid.")
	}
	return nil
}

// seal makes the token of the page that starts after at.
func (s *Service) seal(sc page.Scope, at any) (*string, error) {
	token, err := s.Pages.Seal(sc, at)
	return &token, err
}

// deref is what p points at, or the zero value.
func deref[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

// unlessEmpty is a pointer to text, or nil: members without a value are left
// out of answers.
func unlessEmpty(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
