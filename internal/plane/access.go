package plane

import (
	"context"
	"fmt"
	"maps"
	"strings"

	"nephele.dev/nephele/internal/policy"
	"nephele.dev/nephele/internal/shape"
)

// Facts tells what is known of a resource that a call concerns: its owner, its
// resource-based policies, its tags. A resource that does not exist is no
// error: nothing is known of it.
type Facts func(ctx context.Context, call *Call, arn string) (policy.Resource, error)

// RegisterNeeds tells what a call to svc has to be allowed. f gets the
// validated input; a call for which it returns nothing needs no permission.
// Calls to services without it need the action of the operation's name.
func (p *Plane) RegisterNeeds(svc *shape.Service, f func(call *Call, in any) []policy.Need) {
	p.registration(svc).needs = f
}

// RegisterFacts tells who knows about the resources of a service, as ARNs name
// it ("s3", "sqs").
func (p *Plane) RegisterFacts(service string, f Facts) { p.facts[service] = f }

// Action is the IAM action of an operation's name.
func Action(op *shape.Operation) string {
	return policy.Action(op.Service.Name, op.Service.SigningName, op.Name)
}

// Authorizes reports whether callers are asked for permission at all.
func (p *Plane) Authorizes() bool {
	_, open := p.opts.Authorizer.(policy.Open)
	return !open
}

// Needs is what a call has to be allowed.
func (p *Plane) Needs(call *Call, in any) []policy.Need {
	if r := p.services[call.Operation.Service]; r != nil && r.needs != nil {
		return r.needs(call, in)
	}
	return []policy.Need{{Action: Action(call.Operation)}}
}

// authorize asks the evaluator. Of a stranger nothing is asked where AWS answers
// without a signature: there the handler decides by what the input proves.
func (p *Plane) authorize(ctx context.Context, call *Call, in any) error {
	if !p.Authorizes() || call.Operation.Anonymous && call.Caller.Kind == Anonymous {
		return nil
	}
	needs := p.Needs(call, in)
	if len(needs) == 0 {
		return nil
	}
	return p.ask(ctx, call, requestKeys(in), needs)
}

// Authorize asks whether call's caller may do what needs say, beyond what the
// call itself has been asked for. A refusal is the service's access-denied
// error.
func (p *Plane) Authorize(ctx context.Context, call *Call, needs ...policy.Need) error {
	if !p.Authorizes() {
		return nil
	}
	return p.ask(ctx, call, nil, needs)
}

func (p *Plane) ask(ctx context.Context, call *Call, asked policy.Keys, needs []policy.Need) error {
	keys := callKeys(call)
	maps.Copy(keys, asked)
	for i := range needs {
		r, err := p.request(ctx, call, &needs[i], keys, i == len(needs)-1)
		if err != nil {
			return fmt.Errorf("authorize %s: %w", needs[i].Action, err)
		}
		d, err := p.opts.Authorizer.Evaluate(ctx, r)
		if err != nil {
			return fmt.Errorf("authorize %s: %w", r.Action, err)
		}
		if d.Effect != policy.Allow {
			return accessDenied(call.Operation.Service, p.refusalText(call.Operation.Service, r, d))
		}
	}
	return nil
}

// request puts together the question that a need is. Keys may be added to those
// of the call for the last one.
func (p *Plane) request(ctx context.Context, call *Call, need *policy.Need, keys policy.Keys, last bool) (policy.Request, error) {
	r := policy.Request{Principal: call.Caller.principal(), Action: need.Action, Keys: keys}
	if r.Principal.Account != "" && strings.HasPrefix(need.Action, "s3:") {
		r.Principal.Canonical = policy.CanonicalID(r.Principal.Account)
	}
	if len(need.Keys) > 0 {
		if !last { // others need them as they are
			r.Keys = maps.Clone(keys)
		}
		maps.Copy(r.Keys, need.Keys)
	}
	if len(need.Resources) == 0 {
		r.Resources = []policy.Resource{{ARN: "*"}}
		return r, nil
	}
	ctx = context.WithValue(ctx, needKey{}, need)
	r.Resources = make([]policy.Resource, 0, len(need.Resources))
	for _, name := range need.Resources {
		res, err := p.resource(ctx, call, name)
		if err != nil {
			return r, err
		}
		r.Resources = append(r.Resources, res)
	}
	return r, nil
}

type needKey struct{}

// NeedFromContext returns, to Facts, what the resource is needed for; nil
// elsewhere.
func NeedFromContext(ctx context.Context) *policy.Need {
	n, _ := ctx.Value(needKey{}).(*policy.Need)
	return n
}

// resource is what the resource's own service knows of it.
func (p *Plane) resource(ctx context.Context, call *Call, name string) (policy.Resource, error) {
	res := policy.Resource{ARN: name}
	parts := strings.SplitN(name, ":", 4)
	if len(parts) < 4 || p.facts[parts[2]] == nil {
		return res, nil
	}
	res, err := p.facts[parts[2]](ctx, call, name)
	res.ARN = name
	return res, err
}
