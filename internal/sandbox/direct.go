package sandbox

import (
	"context"
	"errors"
)

type direct struct {
	o      Options
	spaces *spaces
	level  Level
}

func newDirect(o Options, s *spaces, l Level) *direct { return &direct{o: o, spaces: s, level: l} }

// Run implements Sandbox.
func (d *direct) Run(context.Context, Spec) (Result, error) { return Result{}, errors.ErrUnsupported }

// Level implements Sandbox.
func (d *direct) Level() Level { return d.level }

// Workspace implements Sandbox.
func (d *direct) Workspace(id string) (*Workspace, error) { return d.spaces.make(id) }

// Close implements Sandbox.
func (d *direct) Close() error { return d.spaces.close() }
