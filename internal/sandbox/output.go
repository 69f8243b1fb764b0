package sandbox

import (
	"io"
	"sync/atomic"
)

// capped passes on the first max bytes and swallows the rest, so that whoever
// writes never blocks on a full reader and never fills it.
type capped struct {
	w         io.Writer
	left      int64
	truncated *atomic.Bool
}

func newCapped(w io.Writer, limit int64, truncated *atomic.Bool) *capped {
	if w == nil {
		w = io.Discard
	}
	return &capped{w: w, left: limit, truncated: truncated}
}

// Write implements io.Writer. It always takes all of b.
func (c *capped) Write(b []byte) (int, error) {
	n := len(b)
	if int64(n) > c.left {
		c.truncated.Store(true)
		b = b[:c.left]
	}
	if len(b) > 0 {
		c.left -= int64(len(b))
		if _, err := c.w.Write(b); err != nil {
			c.left = 0 // the reader is gone; go on draining
		}
	}
	return n, nil
}
