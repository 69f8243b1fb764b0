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
	gate     gate
}

// registration is one service and how it answers.
type registration struct {
	table     map[string]shape.Handler
	resources func(*Call, any) []string
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
	return &Plane{opts: o, log: o.Logger, services: make(map[*shape.Service]*registration), gate: newGate()}
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

// RegisterResources tells which resources (ARNs) a call to svc concerns, for
// authorization. f gets the validated input and may return nil.
func (p *Plane) RegisterResources(svc *shape.Service, f func(call *Call, in any) []string) {
	p.registration(svc).resources = f
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

type invoker struct {
	plane  *Plane
	caller Caller
}

var _ shape.Invoker = invoker{}

// Invoke implements shape.Invoker.
func (v invoker) Invoke(ctx context.Context, op *shape.Operation, in any) (any, error) {
	return v.plane.Invoke(ctx, v.caller, op, in)
}
