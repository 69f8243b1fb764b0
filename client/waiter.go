package client

import (
	"context"
	"errors"
	"fmt"
	"time"

	"nephele.dev/nephele/internal/api/extras"
	"nephele.dev/nephele/internal/shape"
)

// WaiterError says why a wait ended without the condition.
type WaiterError struct {
	Waiter   string
	Reason   string
	Attempts int
	Output   map[string]any // of the last attempt; nil after an error
	Err      error          // of the last attempt; nil after an answer
}

// Error names the waiter and the reason, in botocore's words.
func (e *WaiterError) Error() string { return fmt.Sprintf("Waiter %s failed: %s", e.Waiter, e.Reason) }

// Unwrap returns the error of the last attempt.
func (e *WaiterError) Unwrap() error { return e.Err }

// Waiter repeats an operation until a condition of the model holds.
type Waiter struct {
	client *Client
	name   string
	model  *extras.Waiter
	op     *shape.Operation
}

// Waiter returns a waiter by any form of its name: "BucketExists",
// "bucket_exists". An unknown name is a *NameError.
func (c *Client) Waiter(name string) (*Waiter, error) {
	want := fold(name)
	for _, n := range c.Waiters() {
		if fold(n) != want {
			continue
		}
		m := c.extras.Waiters[n]
		op, err := findOperation(c.service, m.Operation)
		return &Waiter{client: c, name: n, model: m, op: op}, err
	}
	return nil, &NameError{Kind: "waiter", Name: name, Valid: c.Waiters()}
}

// Name is the model's name.
func (w *Waiter) Name() string { return w.name }

// Operation is the name of the operation that is repeated.
func (w *Waiter) Operation() string { return w.op.Name }

// WaitOption changes the pace of a wait.
type WaitOption func(*pace)

type pace struct {
	delay    time.Duration
	attempts int
}

// WithDelay sets the pause between attempts.
func WithDelay(d time.Duration) WaitOption { return func(p *pace) { p.delay = d } }

// WithAttempts sets after how many attempts a wait is given up.
func WithAttempts(n int) WaitOption { return func(p *pace) { p.attempts = n } }

// Wait calls the operation until the condition holds, and returns the last
// output; nil where the condition is an error, for example that something is
// gone. It fails with a *WaiterError in a state from which the condition cannot
// come, after an error that the model does not expect, and when the attempts are
// used up; with ctx's error when that ends.
func (w *Waiter) Wait(ctx context.Context, input any, opts ...WaitOption) (map[string]any, error) {
	p := pace{delay: time.Duration(w.model.Delay) * time.Second, attempts: w.model.MaxAttempts}
	for _, o := range opts {
		o(&p)
	}
	for n := 1; ; n++ {
		out, status, err := w.attempt(ctx, input)
		state, why := w.judge(out, status, err)
		fail := func(reason string) error {
			return &WaiterError{Waiter: w.name, Reason: reason, Attempts: n, Output: out, Err: err}
		}
		switch {
		case state == "success":
			return out, nil
		case state == "failure":
			return nil, fail("Waiter encountered a terminal failure state: " + why)
		case state == "" && err != nil:
			if _, ok := errors.AsType[*Error](err); !ok {
				return nil, err
			}
			return nil, fail(err.Error())
		case n >= p.attempts:
			reason := "Max attempts exceeded"
			if why != "" {
				reason += ". Previously accepted state: " + why
			}
			return nil, fail(reason)
		}
		if err := wait(ctx, p.delay); err != nil {
			return nil, err
		}
	}
}

// attempt calls the operation once. Streams are of no use here.
func (w *Waiter) attempt(ctx context.Context, input any) (map[string]any, int, error) {
	r, err := w.client.Do(ctx, w.op.Name, input)
	if e, ok := errors.AsType[*Error](err); ok {
		return nil, e.Status, err
	}
	if err != nil {
		return nil, 0, err
	}
	discard(r.Output)
	return r.Output, r.Status, nil
}

// judge is the state of the first acceptor that matches, "" for none, and why.
func (w *Waiter) judge(out map[string]any, status int, err error) (state, why string) {
	for _, a := range w.model.Acceptors {
		if matches(a, out, status, err) {
			return a.State, explain(a)
		}
	}
	return "", ""
}

func explain(a extras.Acceptor) string {
	switch a.Matcher {
	case "path":
		return fmt.Sprintf("For expression %q we matched expected path: %q", a.Argument, fmt.Sprint(a.Expected))
	case "pathAll":
		return fmt.Sprintf("For expression %q all members matched expected path: %q", a.Argument, fmt.Sprint(a.Expected))
	case "pathAny":
		return fmt.Sprintf("For expression %q we matched expected path: %q at least once", a.Argument, fmt.Sprint(a.Expected))
	case "status":
		return fmt.Sprintf("Matched expected HTTP status code: %v", a.Expected)
	}
	return fmt.Sprintf("Matched expected service error code: %v", a.Expected)
}

// matches tries one acceptor.
func matches(a extras.Acceptor, out map[string]any, status int, err error) bool {
	e, refused := errors.AsType[*Error](err)
	switch a.Matcher {
	case "status":
		return status != 0 && float64(status) == a.Expected
	case "error":
		switch want := a.Expected.(type) {
		case bool:
			return want == refused && (refused || err == nil)
		case string:
			return refused && e.Has(want)
		}
		return false
	}
	if err != nil {
		return false
	}
	found, err := Search(a.Argument, out)
	if err != nil {
		return false // a function of an absent value
	}
	if a.Matcher == "path" {
		return found == a.Expected
	}
	list, ok := found.([]any)
	return ok && len(list) > 0 && matchList(list, a.Expected, a.Matcher == "pathAll")
}

// matchList reports whether all, or any, of the entries are as expected.
func matchList(list []any, expected any, all bool) bool {
	for _, v := range list {
		if (v == expected) != all {
			return !all
		}
	}
	return all
}
