package store

import (
	"context"
	"sync"
	"time"
)

const (
	// memoSize bounds each of the two generations of a Memo.
	memoSize = 1024
	// memoFor is how long a Memo trusts what it has read where other processes
	// write to the database as well.
	memoFor = time.Second
)

// Memo remembers what was made of the resources of a collection, so that what
// is asked with every call need not be read each time. In the process that
// changes a resource it is exact: once Update has returned, what was remembered
// before is gone. Other processes on the same PostgreSQL database see a change
// within a second. It is bounded and safe for concurrent use. What it returns is
// shared and must not be changed.
type Memo[V any] struct {
	db      *DB
	forever bool // nobody else writes

	mu         sync.RWMutex
	age        uint64 // grows with each change
	young, old map[Key]memory[V]
}

type memory[V any] struct {
	value V
	at    time.Time // no later than it was read
}

// Kind is a Collection of any type.
type Kind interface{ name() string }

func (c *Collection[T]) name() string { return c.kind }

// NewMemo returns a Memo for the resources of a collection, for as long as db is
// open. A change of a resource there, or of its tags, forgets that resource; any
// change in one of the further collections, on which the values depend, forgets
// them all. Without a database it is of no use, but can be made.
func NewMemo[V any](db *DB, of Kind, further ...Kind) *Memo[V] {
	m := &Memo[V]{db: db}
	if db == nil {
		return m
	}
	m.forever = db.Dialect() == SQLite
	db.watchers.add(of.name(), m.forget)
	for _, k := range further {
		db.watchers.add(k.name(), func(Key) { m.clear() })
	}
	db.watchers.add(everyKind, func(Key) { m.clear() })
	return m
}

// Get returns what is remembered of k, or loads it. Errors are not remembered.
// load may be called by several at once.
func (m *Memo[V]) Get(ctx context.Context, k Key, load func(tx *Tx) (V, error)) (V, error) {
	began := time.Now()
	v, age, ok := m.recall(k, began)
	if ok {
		return v, nil
	}
	err := m.db.View(ctx, func(tx *Tx) (err error) {
		v, err = load(tx)
		return err
	})
	if err == nil {
		m.keep(k, memory[V]{v, began}, age)
	}
	return v, err
}

func (m *Memo[V]) recall(k Key, now time.Time) (v V, age uint64, ok bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	e, ok := m.young[k]
	if !ok {
		e, ok = m.old[k]
	}
	if !ok || !m.forever && now.Sub(e.at) >= memoFor {
		return v, m.age, false
	}
	return e.value, m.age, true
}

// keep remembers what was read when the Memo had the given age: what has changed
// since may be any of it.
func (m *Memo[V]) keep(k Key, e memory[V], age uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.age != age {
		return
	}
	if m.young == nil || len(m.young) >= memoSize {
		m.old, m.young = m.young, make(map[Key]memory[V])
	}
	m.young[k] = e
}

func (m *Memo[V]) forget(k Key) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.age++
	delete(m.young, k)
	delete(m.old, k)
}

func (m *Memo[V]) clear() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.age++
	m.young, m.old = nil, nil
}

// everyKind is told when the database is emptied.
const everyKind = ""

// watchers are told of the changes of resources, by kind.
type watchers struct {
	mu   sync.RWMutex
	told map[string][]func(Key)
}

func (w *watchers) add(kind string, f func(Key)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.told == nil {
		w.told = make(map[string][]func(Key))
	}
	w.told[kind] = append(w.told[kind], f)
}

// changed has those who watch a kind told when tx commits.
func (w *watchers) changed(tx *Tx, kind string, k Key) {
	w.mu.RLock()
	defer w.mu.RUnlock()
	for _, f := range w.told[kind] {
		tx.OnCommit(func() { f(k) })
	}
}
