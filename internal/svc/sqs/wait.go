package sqs

import (
	"slices"
	"strconv"
	"strings"
	"sync"

	"nephele.dev/nephele/internal/store"
)

// bells wakes the receivers that wait for messages of a store. A ring for n
// messages wakes the n that have waited longest; one that is woken and leaves
// without looking passes the ring on.
type bells struct {
	mu      sync.Mutex
	waiting map[int64][]*waiter
}

type waiter struct{ rung chan struct{} }

// join adds a waiter to a store. Look for messages after joining.
func (b *bells) join(contents int64) *waiter {
	w := &waiter{rung: make(chan struct{}, 1)}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.waiting == nil {
		b.waiting = make(map[int64][]*waiter)
	}
	b.waiting[contents] = append(b.waiting[contents], w)
	return w
}

// leave takes the waiter away. Call it once, when it waits no more.
func (b *bells) leave(contents int64, w *waiter) {
	b.mu.Lock()
	rest := slices.DeleteFunc(b.waiting[contents], func(o *waiter) bool { return o == w })
	if len(rest) == 0 {
		delete(b.waiting, contents)
	} else {
		b.waiting[contents] = rest
	}
	b.mu.Unlock()
	select {
	case <-w.rung:
		b.ring(contents, 1)
	default:
	}
}

// ring wakes up to n waiters that are not awake yet.
func (b *bells) ring(contents int64, n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, w := range b.waiting[contents] {
		if n == 0 {
			return
		}
		select {
		case w.rung <- struct{}{}:
			n--
		default:
		}
	}
}

// ringAll wakes everybody.
func (b *bells) ringAll() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, waiters := range b.waiting {
		for _, w := range waiters {
			select {
			case w.rung <- struct{}{}:
			default:
			}
		}
	}
}

// arrivedChannel carries "store count" to the other replicas.
const arrivedChannel = "nephele_sqs_message"

// arrived wakes receivers when tx commits: n messages may be received.
func (s *Service) arrived(tx *store.Tx, contents int64, n int) {
	if tx.Dialect() == store.PostgreSQL {
		tx.Notify(arrivedChannel, strconv.FormatInt(contents, 10)+" "+strconv.Itoa(n))
		return
	}
	tx.OnCommit(func() { s.bells.ring(contents, n) })
}

// listen hears what other replicas do. Notices of this process come the same
// way.
func (s *Service) listen() {
	if s.db.Dialect() != store.PostgreSQL {
		return
	}
	go s.db.Listen(s.ending, changedChannel, func(string) { s.cache.drop() })
	go s.db.Listen(s.ending, arrivedChannel, func(payload string) {
		contents, n, _ := strings.Cut(payload, " ")
		id, err1 := strconv.ParseInt(contents, 10, 64)
		count, err2 := strconv.Atoi(n)
		if err1 != nil || err2 != nil {
			s.bells.ringAll() // notices may have been lost
			return
		}
		s.bells.ring(id, count)
	})
}
