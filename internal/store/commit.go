package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// A group ends when it has this many members or is this old, so that under
// steady load the first of them does not wait for ever.
const (
	groupMembers = 64
	groupAge     = 2 * time.Millisecond
)

// committer runs transactions on SQLite's one writing connection and lets those
// that queue share a commit. Writing a commit costs more than most functions
// do, so who finds somebody waiting passes the open transaction on to them and
// only the last commits:
//
//	A  begin  f  |                          ......... acknowledged
//	B            |  savepoint  f  release  |  ...... acknowledged
//	C                                      |  savepoint  f  release  commit
//
// Each function runs on its caller's goroutine, in the order of arrival, behind
// a savepoint unless it is the first. One that fails rolls back to its
// savepoint and leaves the others alone. A commit that fails fails all of its
// members, which is right: a later one may have read what an earlier one wrote.
type committer struct {
	db   *DB
	sess *session

	wrote func(statements int64) // told after each commit; nil at first

	mu     sync.Mutex
	held   bool      // somebody has the connection
	queue  []*waiter // who wait for it
	closed bool

	group *group // the open transaction; belongs to the holder of the connection
}

// waiter is an Update that waits for the connection; ready is closed when it
// holds it.
type waiter struct{ ready chan struct{} }

// group is a set of functions that are committed together.
type group struct {
	members int
	written int64 // statements, roughly
	started time.Time
	done    chan struct{} // closed when committed or failed
	err     error         // set before done is closed
}

// errAborted is how a group ends whose only member failed: nobody reads it.
var errAborted = errors.New("transaction aborted")

func newCommitter(db *DB, sess *session) *committer {
	return &committer{db: db, sess: sess}
}

// update runs f and returns when it is committed or has failed. What a failure
// says may rest on what others of the group wrote ("it exists"), so it too is
// told only when that is committed.
func (c *committer) update(ctx context.Context, f func(*Tx) error) error {
	if err := c.acquire(ctx); err != nil {
		return err
	}
	g, err := c.turn(ctx, f)
	if g == nil {
		return err
	}
	<-g.done
	if g.err != nil {
		return g.err
	}
	return err
}

// acquire waits for the connection.
func (c *committer) acquire(ctx context.Context) error {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return ErrClosed
	}
	if !c.held {
		c.held = true
		c.mu.Unlock()
		return nil
	}
	w := &waiter{ready: make(chan struct{})}
	c.queue = append(c.queue, w)
	c.mu.Unlock()
	select {
	case <-w.ready:
		return nil
	case <-ctx.Done():
	}
	if !c.leave(w) { // handed to us meanwhile, perhaps with a group to commit
		<-w.ready
		c.pass()
	}
	return context.Cause(ctx)
}

// leave takes w out of the queue and reports whether it was still there.
func (c *committer) leave(w *waiter) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.Index(c.queue, w)
	if i < 0 {
		return false
	}
	c.queue = slices.Delete(c.queue, i, i+1)
	return true
}

// turn runs f while the connection is ours and passes it on, even when f
// panics. It returns the group when there is something in it to wait for.
func (c *committer) turn(ctx context.Context, f func(*Tx) error) (*group, error) {
	defer c.pass()
	g, err := c.enter()
	if err != nil {
		return nil, err
	}
	finished := false
	defer func() {
		if !finished {
			c.undo(g)
		}
	}()
	tx := &Tx{db: c.db, sess: c.sess, ctx: ctx, stmtCtx: context.Background()}
	if err := f(tx); err != nil {
		if g.members == 0 {
			return nil, err
		}
		return g, err
	}
	finished = true
	g.written += tx.written
	return g, c.seal(g)
}

// enter begins a transaction, or a savepoint in the open one.
func (c *committer) enter() (*group, error) {
	if c.group != nil {
		if err := c.do("savepoint member"); err != nil {
			c.end(c.group, err)
			return nil, err
		}
		return c.group, nil
	}
	if err := c.do("begin immediate"); err != nil {
		return nil, err
	}
	c.group = &group{started: time.Now(), done: make(chan struct{})}
	return c.group, nil
}

// seal counts a function that succeeded.
func (c *committer) seal(g *group) error {
	if g.members > 0 {
		if err := c.do("release member"); err != nil {
			c.end(g, err)
			return err
		}
	}
	g.members++
	return nil
}

// undo rolls back the current function and nothing else. Where SQLite gave up
// the whole transaction (the disk is full, say) the group has failed.
func (c *committer) undo(g *group) {
	if g.members == 0 {
		c.end(g, errAborted)
		return
	}
	if err := errors.Join(c.do("rollback to member"), c.do("release member")); err != nil {
		c.end(g, err)
	}
}

// pass hands the connection on. The group stays open if somebody waits and it
// may grow; else it is committed first.
func (c *committer) pass() {
	c.mu.Lock()
	if c.group != nil && (len(c.queue) == 0 || !c.group.open()) {
		c.mu.Unlock()
		c.end(c.group, nil)
		c.mu.Lock()
	}
	defer c.mu.Unlock()
	if len(c.queue) == 0 {
		c.held = false
		return
	}
	next := c.queue[0]
	c.queue = slices.Delete(c.queue, 0, 1)
	close(next.ready)
}

func (g *group) open() bool {
	return g.members < groupMembers && time.Since(g.started) < groupAge
}

// end commits the group, or rolls it back because of err, and tells its members.
func (c *committer) end(g *group, err error) {
	if err == nil {
		err = c.do("commit")
	}
	if err != nil {
		g.err = fmt.Errorf("commit: %w", err)
		// This fails when SQLite has rolled back already, which is as good.
		_ = c.do("rollback")
	}
	c.group = nil
	close(g.done)
	if c.wrote != nil && g.written > 0 {
		c.wrote(g.written)
	}
}

// alone runs f on the connection while no transaction is open.
func (c *committer) alone(f func(*session) error) error {
	if err := c.acquire(context.Background()); err != nil {
		return err
	}
	defer c.pass()
	if c.group != nil {
		c.end(c.group, nil)
	}
	return f(c.sess)
}

func (c *committer) do(statement string) error {
	_, err := c.sess.exec(context.Background(), statement, nil)
	if err != nil {
		return fmt.Errorf("%s: %w", statement, SQLite.wrap(err))
	}
	return nil
}

// close waits for those in the queue, then closes the connection.
func (c *committer) close() error {
	if err := c.acquire(context.Background()); err != nil {
		return nil // closed before
	}
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	defer c.pass() // latecomers find it closed
	return c.sess.close()
}
