package plane

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"time"

	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/shape"
	"nephele.dev/nephele/internal/validate"
)

// invocation is one call on its way through the stages.
type invocation struct {
	plane     *Plane
	call      *Call
	in        any
	inner     bool // made by a handler
	decoded   bool // the input came from the wire: missing is complete
	missing   []string
	abort     func()
	settle    time.Duration
	settleSet bool
	invalid   bool // the input broke constraints
}

// Invoke makes caller call op with in, a pointer to the operation's generated
// input struct, and returns a pointer to its output struct. Every error is an
// *awserr.Error.
func (p *Plane) Invoke(ctx context.Context, caller Caller, op *shape.Operation, in any, opts ...Option) (any, error) {
	v := p.invocation(ctx, caller, op, in, opts)
	ctx = context.WithValue(ctx, callKey{}, v.call)
	out, err := v.run(ctx)
	failure := p.answer(ctx, v.call, err)
	p.audit(ctx, v, failure)
	if failure != nil {
		return nil, failure
	}
	if p.opts.Answered != nil {
		p.opts.Answered(v.call, out)
	}
	return out, nil
}

func (p *Plane) invocation(ctx context.Context, caller Caller, op *shape.Operation, in any, opts []Option) *invocation {
	v := &invocation{
		plane: p, in: in,
		call: &Call{Caller: caller, Operation: op, Time: time.Now().UTC()},
	}
	for _, o := range opts {
		o(v)
	}
	from := outer(ctx)
	v.inner = from != nil
	if v.call.RequestID == "" {
		v.call.RequestID = p.opts.NewID()
	}
	if v.call.BaseURL == "" {
		v.call.BaseURL = p.baseURL(from)
	}
	return v
}

// baseURL is the address an internal call gives its handler.
func (p *Plane) baseURL(from *Call) string {
	if from != nil {
		return from.BaseURL
	}
	if p.opts.BaseURL != nil {
		return p.opts.BaseURL()
	}
	return ""
}

// run takes the call through the stages before the answer.
func (v *invocation) run(ctx context.Context) (any, error) {
	op := v.call.Operation
	h := v.plane.handler(op)
	if h == nil {
		return nil, NotImplemented(op)
	}
	patience, err := v.patience()
	if err != nil {
		return nil, err
	}
	if err := v.validate(); err != nil {
		v.invalid = true
		return nil, err
	}
	if err := v.plane.authorize(ctx, v.call, v.in); err != nil {
		return nil, err
	}
	if patience == 0 {
		return v.handle(ctx, h)
	}
	tracked, wait := v.plane.opts.Settler.Track(ctx)
	out, err := v.handle(tracked, h)
	if err == nil {
		v.await(ctx, wait, patience)
	}
	return out, err
}

func (v *invocation) validate() error {
	if v.decoded {
		return validate.Decoded(v.call.Operation, v.in, v.missing)
	}
	return validate.Input(v.call.Operation, v.in)
}

// handle runs the handler inside the gate and turns a panic into an error.
func (v *invocation) handle(ctx context.Context, h shape.Handler) (out any, err error) {
	if !v.inner {
		inside, leave, err := v.plane.gate.enter(ctx)
		if err != nil {
			return nil, err
		}
		defer leave()
		if ctx = inside; v.abort != nil {
			defer context.AfterFunc(ctx, v.interrupt(ctx))()
		}
	}
	defer func() {
		if r := recover(); r != nil {
			err = &panicError{value: r, stack: debug.Stack()}
		}
	}()
	return h(ctx, v.in)
}

// interrupt calls abort when ctx ended because of a Freeze.
func (v *invocation) interrupt(ctx context.Context) func() {
	return func() {
		if errors.Is(context.Cause(ctx), errReset) {
			v.abort()
		}
	}
}

// panicError is a handler's panic.
type panicError struct {
	value any
	stack []byte
}

// Error returns the value that the handler panicked with.
func (e *panicError) Error() string { return fmt.Sprintf("panic: %v", e.value) }

// answer makes of any error the one that the caller is shown.
func (p *Plane) answer(ctx context.Context, call *Call, err error) *awserr.Error {
	if err == nil {
		return nil
	}
	if e := awserr.As(err); e != nil {
		return e
	}
	if ctx.Err() != nil {
		return awserr.New("RequestTimeout", http.StatusServiceUnavailable, "The request was cancelled.").Because(err)
	}
	if errors.Is(err, awserr.ErrText) {
		return validate.Text(call.Operation).Because(err)
	}
	p.logFault(ctx, call, err)
	return internalFailure(call.Operation).Because(err)
}
