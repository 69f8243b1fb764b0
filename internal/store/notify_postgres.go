package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"iter"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// pgNotices carries notices between processes by NOTIFY and LISTEN.
//
// They are sent after the commit, by a goroutine that bundles what came up
// meanwhile: a NOTIFY inside the transaction would take a lock that lets only
// one transaction of the whole server commit at a time.
type pgNotices struct {
	config *pgx.ConnConfig
	pool   *sql.DB
	hub    *hub
	log    *slog.Logger
	self   string // marks our own notices, which were delivered already
	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu       sync.Mutex
	outbox   map[notice]struct{}
	sending  bool
	channels map[string]chan struct{} // closed once it is listened to
	started  bool
	recheck  context.CancelFunc // has the receiver look at channels anew
}

// notifyPause lets notices gather before they are sent together.
const notifyPause = 2 * time.Millisecond

// reconnectPause is how long a lost connection is left alone.
const reconnectPause = 250 * time.Millisecond

func newPGNotices(config *pgx.ConnConfig, pool *sql.DB, h *hub, log *slog.Logger) *pgNotices {
	ctx, cancel := context.WithCancel(context.Background())
	return &pgNotices{
		config: config, pool: pool, hub: h, log: log, self: rand.Text()[:8] + ":",
		ctx: ctx, cancel: cancel,
		outbox: make(map[notice]struct{}), channels: make(map[string]chan struct{}),
	}
}

// publish queues notices and starts the sender when it rests.
func (p *pgNotices) publish(notices []notice) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ctx.Err() != nil {
		return
	}
	for _, n := range notices {
		p.outbox[n] = struct{}{}
	}
	if !p.sending {
		p.sending = true
		p.wg.Go(p.send)
	}
}

// send empties the outbox and rests.
func (p *pgNotices) send() {
	for {
		_ = sleep(p.ctx, notifyPause) // closing: send at once what there is
		p.mu.Lock()
		batch := p.outbox
		p.outbox = make(map[notice]struct{})
		p.sending = len(batch) > 0
		p.mu.Unlock()
		if len(batch) == 0 {
			return
		}
		if err := p.sendBatch(batch); err != nil {
			p.log.Warn("notices to other replicas were lost", "count", len(batch), "error", err)
		}
	}
}

func (p *pgNotices) sendBatch(batch map[notice]struct{}) error {
	channels, payloads := make([]string, 0, len(batch)), make([]string, 0, len(batch))
	for n := range batch {
		channels, payloads = append(channels, n.channel), append(payloads, p.self+n.payload)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(p.ctx), pgCleanup)
	defer cancel()
	_, err := p.pool.ExecContext(ctx, "select pg_notify(c, p) from unnest($1::text[], $2::text[]) as n(c, p)", channels, payloads)
	return err
}

// subscribe adds a channel and waits until it is listened to.
func (p *pgNotices) subscribe(ctx context.Context, channel string) {
	p.mu.Lock()
	ready, known := p.channels[channel]
	if !known {
		ready = make(chan struct{})
		p.channels[channel] = ready
		if p.recheck != nil {
			p.recheck()
		}
	}
	if !p.started {
		p.started = true
		p.wg.Go(p.receive)
	}
	p.mu.Unlock()
	select {
	case <-ready:
	case <-ctx.Done():
	case <-p.ctx.Done():
	}
}

// receive keeps a connection that listens, through failures.
func (p *pgNotices) receive() {
	for n := 0; p.ctx.Err() == nil; n++ {
		if n > 0 {
			_ = sleep(p.ctx, reconnectPause)
		}
		if err := p.session(n > 0); err != nil && p.ctx.Err() == nil {
			p.log.Warn("the connection for notices was lost", "error", err)
		}
	}
}

// session listens on one connection until it fails. Once a second connection
// listens, listeners are told that they may have missed something.
func (p *pgNotices) session(again bool) error {
	conn, err := pgx.ConnectConfig(p.ctx, p.config)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(p.ctx))
	listened := make(map[string]bool)
	if again {
		if err := p.listenAll(conn, listened); err != nil {
			return err
		}
		p.hub.missed()
	}
	for {
		wait, cancel := p.newWait()
		err := p.listenAndWait(wait, conn, listened)
		rechecking := wait.Err() != nil && p.ctx.Err() == nil && !conn.IsClosed()
		cancel()
		if err != nil && !rechecking {
			return err
		}
	}
}

// newWait is a context that ends when a channel is added.
func (p *pgNotices) newWait() (context.Context, context.CancelFunc) {
	wait, cancel := context.WithCancel(p.ctx)
	p.mu.Lock()
	p.recheck = cancel
	p.mu.Unlock()
	return wait, cancel
}

// listenAll listens to the channels that the connection does not listen to yet.
func (p *pgNotices) listenAll(conn *pgx.Conn, listened map[string]bool) error {
	for channel, ready := range p.unlistened(listened) {
		if _, err := conn.Exec(p.ctx, "listen "+pgx.Identifier{channel}.Sanitize()); err != nil {
			return err
		}
		listened[channel] = true
		select {
		case <-ready:
		default:
			close(ready)
		}
	}
	return nil
}

// listenAndWait delivers one notice. Only waiting stops with wait: a statement
// that is interrupted would cost the connection.
func (p *pgNotices) listenAndWait(wait context.Context, conn *pgx.Conn, listened map[string]bool) error {
	if err := p.listenAll(conn, listened); err != nil {
		return err
	}
	got, err := conn.WaitForNotification(wait)
	if err != nil {
		return err
	}
	if payload, own := strings.CutPrefix(got.Payload, p.self); !own {
		_, payload, _ = strings.Cut(payload, ":")
		p.hub.deliver(notice{got.Channel, payload})
	}
	return nil
}

func (p *pgNotices) unlistened(listened map[string]bool) map[string]chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	more := make(map[string]chan struct{})
	for channel, ready := range p.channels {
		if !listened[channel] {
			more[channel] = ready
		}
	}
	return more
}

func (p *pgNotices) close() {
	p.mu.Lock()
	p.cancel()
	p.mu.Unlock()
	p.wg.Wait()
}

// copySource lets CopyFrom pull from a sequence.
func copySource(rows rowSource) (pgx.CopyFromSource, func()) {
	next, stop := iter.Pull(rows)
	return pgx.CopyFromFunc(func() ([]any, error) {
		row, ok := next()
		if !ok {
			return nil, nil
		}
		return row, nil
	}), stop
}
