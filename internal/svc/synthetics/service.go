package synthetics

import (
	"context"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	api "nephele.dev/nephele/internal/api/synthetics"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/blob"
	"nephele.dev/nephele/internal/courier"
	"nephele.dev/nephele/internal/engine"
	"nephele.dev/nephele/internal/page"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/sandbox"
	"nephele.dev/nephele/internal/sandbox/canaryrun"
	"nephele.dev/nephele/internal/seal"
	"nephele.dev/nephele/internal/shape"
	"nephele.dev/nephele/internal/store"
)

// principal is the service principal of Synthetics. Runs act under it where
// their execution role does not exist and need not.
const principal = "synthetics.amazonaws.com"

// Runner executes a canary's script. canaryrun.Runner is the real one.
type Runner interface {
	Run(ctx context.Context, job canaryrun.Job) (*canaryrun.Outcome, error)
}

// Plane gives the invokers through which this service reaches others.
// *plane.Plane is the real one.
type Plane interface {
	AsService(principal, account, region string) shape.Invoker
	As(c plane.Caller) shape.Invoker
	Authorizes() bool // whether callers are asked for permission
}

// Deps are what the service stands on. All but Runner and URL are required.
type Deps struct {
	DB      *store.DB
	Engine  *engine.Engine
	Courier *courier.Courier
	Blob    *blob.Store
	Plane   Plane
	Seal    *seal.Sealer // seals environment variables
	Pages   *page.Sealer
	// Bearer tells who bears temporary credentials that STS has issued.
	Bearer func(ctx context.Context, accessKeyID, sessionToken string) (plane.Caller, error)
	// URL is the server's own address, "http://127.0.0.1:4566"; nil keeps it from scripts.
	URL    func() string
	Runner Runner // nil where the machine cannot run canaries: runs then fail and say why
	Egress sandbox.EgressPolicy
	// Late is told how late each scheduled run begins, PassedOver of ticks that
	// had no run. Both may be nil.
	Late       func(time.Duration)
	PassedOver func(ticks int)
	Logger     *slog.Logger
}

// Service answers the Synthetics API and owns its flows.
type Service struct {
	Deps
	canaries *store.Collection[canary]
	groups   *store.Collection[group]
	dryRuns  *store.Collection[dryRun]
	pace     pace
	observed observations
	skipped  atomic.Int64 // ticks passed over since the start
	lost     losses
	handed   handovers
}

// New returns a Service; call Flows before the engine starts.
func New(d Deps) *Service {
	return &Service{
		Deps:     d,
		canaries: store.NewCollection[canary]("synthetics.canary"),
		groups:   store.NewCollection[group]("synthetics.group"),
		dryRuns:  store.NewCollection[dryRun]("synthetics.dryrun"),
	}
}

// Handlers returns the operations that are implemented.
func (s *Service) Handlers() map[string]shape.Handler {
	return api.Handlers{
		CreateCanary:            s.CreateCanary,
		GetCanary:               s.GetCanary,
		StartCanaryDryRun:       s.StartCanaryDryRun,
		UpdateCanary:            s.UpdateCanary,
		DeleteCanary:            s.DeleteCanary,
		DescribeCanaries:        s.DescribeCanaries,
		DescribeCanariesLastRun: s.DescribeCanariesLastRun,
		DescribeRuntimeVersions: s.DescribeRuntimeVersions,
		GetCanaryRuns:           s.GetCanaryRuns,
		StartCanary:             s.StartCanary,
		StopCanary:              s.StopCanary,
		TagResource:             s.TagResource,
		UntagResource:           s.UntagResource,
		ListTagsForResource:     s.ListTagsForResource,
		CreateGroup:             s.CreateGroup,
		GetGroup:                s.GetGroup,
		DeleteGroup:             s.DeleteGroup,
		AssociateResource:       s.AssociateResource,
		DisassociateResource:    s.DisassociateResource,
		ListGroupResources:      s.ListGroupResources,
		ListGroups:              s.ListGroups,
		ListAssociatedGroups:    s.ListAssociatedGroups,
	}.Table()
}

// notImplemented answers a request for a part of the API that is not built yet.
func notImplemented(what string) *awserr.Error {
	return awserr.New("NotImplemented", http.StatusNotImplemented, "Nephele does not implement %s for canaries yet.", what)
}

// newID returns a random UUID.
func newID() string { return uuid.NewString() }
