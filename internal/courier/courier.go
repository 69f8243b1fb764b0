package courier

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"reflect"
	"time"

	"nephele.dev/nephele/internal/engine"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/shape"
	"nephele.dev/nephele/internal/store"
)

// Lane is the engine's lane in which calls are made.
const Lane = "courier"

// Courier sends messages. It is safe for concurrent use after its classes are
// registered.
type Courier struct {
	engine   *engine.Engine
	plane    *plane.Plane
	services map[string]*shape.Service
	classes  map[string]Class
}

// New returns a Courier that calls the given services.
func New(e *engine.Engine, p *plane.Plane, services []*shape.Service) *Courier {
	c := &Courier{engine: e, plane: p, services: map[string]*shape.Service{}, classes: map[string]Class{}}
	for _, s := range services {
		c.services[s.Name] = s
	}
	return c
}

// Register makes class known. It must be called before the engine starts, and
// once for a class; anything else is a programming error and panics.
func (c *Courier) Register(class string, k Class) {
	if _, ok := c.classes[class]; ok {
		panic("courier: class " + class + " registered twice")
	}
	c.classes[class] = k
	c.engine.Register(kind(class), Lane, engine.FlowFunc(func(ctx context.Context, w *engine.Work) (engine.Next, error) {
		return c.step(ctx, w, k)
	}))
}

func kind(class string) string { return "courier." + class }

// letter is the state of a message's work row.
type letter struct {
	Envelope
	Attempts int   `json:",omitempty"`
	Place    int64 `json:",omitempty"` // in its line, from 1
}

// Send has m called after tx commits. Nothing happens unless it does. An error
// is a mistake in m: an unknown class or operation, or the wrong input.
func (c *Courier) Send(tx *store.Tx, m Message) error {
	if err := c.check(m); err != nil {
		return err
	}
	if m.ID == "" {
		m.ID = rand.Text()
	}
	now := tx.Now()
	e, err := m.envelope(now)
	if err != nil {
		return err
	}
	l, due := letter{Envelope: e}, now.Add(m.After)
	if m.Order != "" {
		first, err := queue(tx, &l, due)
		if err != nil || !first {
			return err
		}
	}
	return c.engine.Put(tx, kind(m.Class), m.ID, due, l)
}

func (c *Courier) check(m Message) error {
	if _, ok := c.classes[m.Class]; !ok {
		return fmt.Errorf("courier: class %q is not registered", m.Class)
	}
	op, err := c.operation(m.Service, m.Operation)
	if err != nil {
		return err
	}
	if got := reflect.TypeOf(m.Input); got == nil || got != reflect.PointerTo(op.Input.Type) {
		return fmt.Errorf("courier: %s %s does not take a %v", m.Service, m.Operation, got)
	}
	return nil
}

func (c *Courier) operation(service, name string) (*shape.Operation, error) {
	s := c.services[service]
	if s == nil {
		return nil, fmt.Errorf("courier: no service %q", service)
	}
	op := s.Operation(name)
	if op == nil {
		return nil, fmt.Errorf("courier: service %s has no operation %q", service, name)
	}
	return op, nil
}

// step makes one attempt.
func (c *Courier) step(ctx context.Context, w *engine.Work, k Class) (engine.Next, error) {
	var l letter
	if err := w.State(&l); err != nil {
		return engine.Next{}, err
	}
	out, err := c.call(ctx, &l)
	if err == nil {
		return c.end(ctx, w, &l, func(tx *store.Tx) error {
			if k.Sent == nil {
				return nil
			}
			return k.Sent(tx, &Sent{Message: l.Envelope, Output: out})
		})
	}
	if ctx.Err() != nil { // superseded, or the engine stops: this was no attempt
		return engine.Next{}, context.Cause(ctx)
	}
	return c.failed(ctx, w, k, &l, err)
}

func (c *Courier) call(ctx context.Context, l *letter) (any, error) {
	op, err := c.operation(l.Service, l.Operation)
	if err != nil {
		return nil, err
	}
	in := reflect.New(op.Input.Type).Interface()
	if err := l.InputInto(in); err != nil {
		return nil, fmt.Errorf("courier: input of %s %s: %w", l.Service, l.Operation, err)
	}
	caller := plane.ServiceCaller(l.Principal, l.Account, l.Region)
	caller.SourceARN, caller.SourceAccount = l.Source, l.SourceAccount
	if l.Role != "" {
		if caller, err = c.plane.Assume(ctx, caller, l.Role); err != nil {
			return nil, err
		}
	}
	return c.plane.Invoke(plane.WithToken(ctx, l.Class+"/"+l.ID), caller, op, in)
}

// failed sets the next attempt, or gives up.
func (c *Courier) failed(ctx context.Context, w *engine.Work, k Class, l *letter, err error) (engine.Next, error) {
	l.Attempts++
	attempts, age := k.limits(l.Envelope)
	sent := store.FromMicros(l.Sent)
	pause := k.pause(l.Attempts)
	expired := l.Attempts < attempts && time.Now().Add(pause).After(sent.Add(age))
	if !expired && l.Attempts < attempts && !k.permanent(err) {
		return engine.At(time.Now().Add(pause)).WithState(l), nil
	}
	return c.end(ctx, w, l, func(tx *store.Tx) error {
		if k.GivenUp == nil {
			return nil
		}
		return k.GivenUp(tx, &Failed{
			Message: l.Envelope, Err: answer(err), Attempts: l.Attempts, First: sent, Expired: expired && !k.permanent(err),
		})
	})
}

// end removes the message and lets the next of its line go.
func (c *Courier) end(ctx context.Context, w *engine.Work, l *letter, hook func(*store.Tx) error) (engine.Next, error) {
	next, err := w.Commit(ctx, engine.Done(), func(tx *store.Tx) error {
		if err := hook(tx); err != nil {
			return err
		}
		if l.Place == 0 {
			return nil
		}
		follower, due, err := advance(tx, l)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		return c.engine.Put(tx, kind(l.Class), follower.ID, due, follower)
	})
	return next, err
}
