package plane

import (
	"context"
	"log/slog"

	"nephele.dev/nephele/internal/policy"
	"nephele.dev/nephele/internal/shape"
)

// Plane carries calls to the services registered with it. Register everything
// before the first Invoke; from then on a Plane is safe for concurrent use.
type Plane struct {
	opts     Options
	log      *slog.Logger
	services map[*shape.Service]*registration
	facts    map[string]Facts // by the service in an ARN
	gate     gate
}

// registration is one service and how it answers.
type registration struct {
	table map[string]shape.Handler
	needs func(*Call, any) []policy.Need
}

// New returns a Plane without services.
func New(o Options) *Plane {
	if o.Authorizer == nil {
		o.Authorizer = policy.Open{}
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.NewID == nil {
		o.NewID = newUUID
	}
	return &Plane{opts: o, log: o.Logger, services: make(map[*shape.Service]*registration), facts: make(map[string]Facts), gate: newGate()}
}

// Register makes table answer svc's operations. A service that is registered
// again gains the new table's operations.
func (p *Plane) Register(svc *shape.Service, table map[string]shape.Handler) {
	r := p.registration(svc)
	for name, h := range table {
		if h != nil {
			r.table[name] = h
		}
	}
}

func (p *Plane) registration(svc *shape.Service) *registration {
	r := p.services[svc]
	if r == nil {
		r = &registration{table: make(map[string]shape.Handler)}
		p.services[svc] = r
	}
	return r
}

// Implements reports whether a call to op reaches a handler.
func (p *Plane) Implements(op *shape.Operation) bool { return p.handler(op) != nil }

// handler returns op's handler, or nil.
func (p *Plane) handler(op *shape.Operation) shape.Handler {
	r := p.services[op.Service]
	if r == nil {
		return nil
	}
	return r.table[op.Name]
}

// As returns an Invoker whose calls are made by c.
func (p *Plane) As(c Caller) shape.Invoker { return invoker{p, c} }

// AsService returns an Invoker whose calls are made by an AWS service, for
// example "synthetics.amazonaws.com", inside account and region.
func (p *Plane) AsService(principal, account, region string) shape.Invoker {
	return invoker{p, ServiceCaller(principal, account, region)}
}

// Assume returns the caller that a service becomes by assuming a role, for
// example to reach the target of a rule. Without authorization a service needs
// no role and stays what it is.
func (p *Plane) Assume(ctx context.Context, service Caller, role string) (Caller, error) {
	if p.opts.Assume == nil {
		return service, nil
	}
	return p.opts.Assume(ctx, service, role)
}

type invoker struct {
	plane  *Plane
	caller Caller
}

var _ shape.Invoker = invoker{}

// Invoke implements shape.Invoker.
func (v invoker) Invoke(ctx context.Context, op *shape.Operation, in any) (any, error) {
	return v.plane.Invoke(ctx, v.caller, op, in)
}
