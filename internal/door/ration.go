package door

import (
	"errors"
	"sync/atomic"

	"nephele.dev/nephele/internal/plane"
)

// ration is how many bytes of unproven bodies the door holds in memory at one
// time: those of requests whose signatures cover the body, and are verified only
// when it has come, and those of strangers. An access key id is no secret, so
// whoever has seen one could fill the memory with bodies that are refused later.
type ration struct{ left atomic.Int64 }

// take reports whether n bytes more may be held; if so, give is owed.
func (r *ration) take(n int64) bool {
	if r.left.Add(-n) < 0 {
		r.left.Add(n)
		return false
	}
	return true
}

func (r *ration) give(n int64) { r.left.Add(n) }

// errCrowded says that the ration is used up.
var errCrowded = errors.New("too many unproven bodies")

// stranger reports whether nobody has shown to be the caller yet.
func (c *call) stranger() bool {
	return c.door.opts.Auth && (!c.proven || c.caller.Kind == plane.Anonymous)
}

// hold is asked for the buffer of a body that outgrows the one before it, of
// size bytes; both are there while one is copied to the other, so release of the
// old one follows. Buffers up to maxAhead cost nothing.
func (c *call) hold(size int64) (release func(), ok bool) {
	if !c.stranger() {
		return func() {}, true
	}
	if !c.door.unproven.take(size) {
		return nil, false
	}
	old := c.held
	c.held = size
	return func() { c.door.unproven.give(old) }, true
}

// settle gives back what the call holds of the ration, once its caller is known
// or the call is over.
func (c *call) settle() {
	if c.held > 0 {
		c.door.unproven.give(c.held)
		c.held = 0
	}
}
