package store

import (
	"context"
	"sync"
)

// hub brings notices to this process's listeners and, where there is a remote,
// to and from other processes.
type hub struct {
	remote remote // nil on SQLite

	mu        sync.Mutex
	closed    bool
	listeners map[string][]*listener
	running   sync.WaitGroup
}

// remote carries notices between processes.
type remote interface {
	// subscribe returns when notices of channel arrive, or ctx ends.
	subscribe(ctx context.Context, channel string)
	// publish queues notices to be sent.
	publish([]notice)
	close()
}

// listener is one call of Listen: a queue and a goroutine that empties it.
type listener struct {
	f    func(string)
	wake chan struct{}
	quit chan struct{}

	mu      sync.Mutex
	pending []string
}

func newHub(r remote) *hub {
	return &hub{remote: r, listeners: make(map[string][]*listener)}
}

// listen registers f for channel until ctx ends or the hub is closed.
func (h *hub) listen(ctx context.Context, channel string, f func(string)) {
	l := &listener{f: f, wake: make(chan struct{}, 1), quit: make(chan struct{})}
	h.mu.Lock()
	if h.closed {
		h.mu.Unlock()
		return
	}
	h.listeners[channel] = append(h.listeners[channel], l)
	h.running.Add(1)
	h.mu.Unlock()
	go func() {
		defer h.running.Done()
		defer h.drop(channel, l)
		l.run(ctx)
	}()
	if h.remote != nil {
		h.remote.subscribe(ctx, channel)
	}
}

func (h *hub) drop(channel string, l *listener) {
	h.mu.Lock()
	defer h.mu.Unlock()
	kept := h.listeners[channel][:0:0]
	for _, other := range h.listeners[channel] {
		if other != l {
			kept = append(kept, other)
		}
	}
	h.listeners[channel] = kept
}

// send delivers notices of a committed transaction everywhere.
func (h *hub) send(notices []notice) {
	if len(notices) == 0 {
		return
	}
	for _, n := range notices {
		h.deliver(n)
	}
	if h.remote != nil {
		h.remote.publish(notices)
	}
}

// deliver hands one notice to the listeners of this process.
func (h *hub) deliver(n notice) {
	h.mu.Lock()
	listeners := h.listeners[n.channel]
	h.mu.Unlock()
	for _, l := range listeners {
		l.push(n.payload)
	}
}

// missed tells every listener that notices may have been lost.
func (h *hub) missed() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, listeners := range h.listeners {
		for _, l := range listeners {
			l.push("")
		}
	}
}

// close ends the listeners and waits for the calls they are in.
func (h *hub) close() {
	h.mu.Lock()
	if h.closed {
		h.mu.Unlock()
		return
	}
	h.closed = true
	for _, listeners := range h.listeners {
		for _, l := range listeners {
			close(l.quit)
		}
	}
	h.mu.Unlock()
	if h.remote != nil {
		h.remote.close()
	}
	h.running.Wait()
}

func (l *listener) push(payload string) {
	l.mu.Lock()
	l.pending = append(l.pending, payload)
	l.mu.Unlock()
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

func (l *listener) take() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := l.pending
	l.pending = nil
	return all
}

func (l *listener) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-l.quit:
			return
		case <-l.wake:
		}
		for _, payload := range l.take() {
			l.f(payload)
		}
	}
}
