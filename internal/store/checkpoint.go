package store

import (
	"context"
	"log/slog"
	"sync/atomic"
)

// When the log is copied into the database file.
const (
	checkpointAfter = 1000  // statements since the last time
	checkpointForce = 16000 // pages in the log (64 MB): the writer must wait
)

// checkpointer copies SQLite's write-ahead log into the database file in the
// background. SQLite itself would do so within some unlucky commit, and have it
// wait for the medium.
//
// Copying does not disturb the writer, but under steady load it never quite
// catches up, and the log grows until everything in it is copied. So once the
// log is large the rest of it, which is little, is copied while the writer
// waits.
type checkpointer struct {
	sess   *session
	writer *committer
	log    *slog.Logger
	dirty  atomic.Int64 // statements since the last checkpoint
	wake   chan struct{}
	quit   chan struct{}
	done   chan struct{}
}

func newCheckpointer(sess *session, writer *committer, log *slog.Logger) *checkpointer {
	c := &checkpointer{
		sess: sess, writer: writer, log: log,
		wake: make(chan struct{}, 1), quit: make(chan struct{}), done: make(chan struct{}),
	}
	go c.run()
	return c
}

// wrote counts statements of the writer.
func (c *checkpointer) wrote(statements int64) {
	if c.dirty.Add(statements) < checkpointAfter {
		return
	}
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

func (c *checkpointer) run() {
	defer close(c.done)
	for {
		select {
		case <-c.quit:
			return
		case <-c.wake:
		}
		c.dirty.Store(0)
		pages, err := c.checkpoint(c.sess, "passive")
		if err == nil && pages > checkpointForce {
			err = c.writer.alone(func(sess *session) error {
				_, err := c.checkpoint(sess, "restart")
				return err
			})
		}
		if err != nil {
			c.log.Warn("the write-ahead log cannot be copied into the database", "error", err)
		}
	}
}

// checkpoint returns how many pages are in the log.
func (c *checkpointer) checkpoint(sess *session, mode string) (pages int64, err error) {
	rows, release, err := sess.query(context.Background(), "pragma wal_checkpoint("+mode+")", nil)
	if err != nil {
		return 0, err
	}
	defer release()
	defer rows.Close()
	var busy, copied int64
	if rows.Next() {
		if err := rows.Scan(&busy, &pages, &copied); err != nil {
			return 0, err
		}
	}
	return pages, rows.Err()
}

func (c *checkpointer) close() error {
	close(c.quit)
	<-c.done
	return c.sess.close()
}
