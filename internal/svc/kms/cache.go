package kms

import (
	"context"
	"crypto"
	"sync"
	"time"

	"nephele.dev/nephele/internal/policy"
	"nephele.dev/nephele/internal/store"
)

const (
	// cacheFor is how long a replica trusts what it has read of a key without
	// having been told of a change. In the process that makes a change the cache
	// is exact.
	cacheFor = 2 * time.Second
	// cacheKeys is how many keys are kept in memory with their opened material.
	cacheKeys = 1024
	// changedChannel tells the other replicas that some key has changed.
	changedChannel = "nephele_kms_key"
)

// entry is a key in memory with what belongs to it. All but secrets is shared
// and must not be changed.
type entry struct {
	record
	arn     string
	aliases []string // names
	tags    map[string]string
	granted bool // there are grants
	at      time.Time

	policy func() (*policy.Document, error) // parsed when it is first asked for

	mu      sync.Mutex
	secrets map[string]*secret // opened material by ID
}

// secret is opened key material: bytes, or the private key they stand for.
type secret struct {
	raw     []byte
	private crypto.PrivateKey
}

// cache keeps keys that were used, and what aliases point to.
type cache struct {
	forever bool // nobody else writes

	mu      sync.RWMutex
	age     uint64 // grows with each change
	keys    map[store.Key]*entry
	aliases map[store.Key]pointer
}

type pointer struct {
	id string
	at time.Time
}

func newCache(forever bool) *cache {
	c := &cache{forever: forever}
	c.drop()
	return c
}

func (c *cache) fresh(at time.Time) bool { return c.forever || time.Since(at) < cacheFor }

func (c *cache) key(k store.Key) (e *entry, age uint64) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if e := c.keys[k]; e != nil && c.fresh(e.at) {
		return e, c.age
	}
	return nil, c.age
}

func (c *cache) alias(k store.Key) (id string, age uint64) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if p, ok := c.aliases[k]; ok && c.fresh(p.at) {
		return p.id, c.age
	}
	return "", c.age
}

// putKey keeps what was read when the cache had the given age.
func (c *cache) putKey(e *entry, age uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.age != age {
		return
	}
	makeRoom(c.keys)
	c.keys[e.Key] = e
}

func (c *cache) putAlias(k store.Key, id string, age uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.age != age {
		return
	}
	makeRoom(c.aliases)
	c.aliases[k] = pointer{id, time.Now()}
}

// makeRoom drops any one of too many.
func makeRoom[V any](m map[store.Key]V) {
	if len(m) < cacheKeys {
		return
	}
	for k := range m {
		delete(m, k)
		return
	}
}

func (c *cache) drop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.age++
	c.keys, c.aliases = map[store.Key]*entry{}, map[store.Key]pointer{}
}

// forget drops one key, and all aliases.
func (c *cache) forget(k store.Key) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.age++
	delete(c.keys, k)
	clear(c.aliases)
}

// changed drops what is known of a key, here and in other replicas, when tx
// commits.
func (s *Service) changed(tx *store.Tx, k store.Key) {
	tx.OnCommit(func() { s.cache.forget(k) })
	if tx.Dialect() == store.PostgreSQL {
		tx.Notify(changedChannel, workKey(k))
	}
}

// entry returns a key, or store.ErrNotFound.
func (s *Service) entry(ctx context.Context, k store.Key) (*entry, error) {
	cached, age := s.cache.key(k)
	if cached != nil {
		return cached, nil
	}
	var e *entry
	err := s.db.View(ctx, func(tx *store.Tx) error {
		r, err := s.keys.Get(tx, k)
		if err != nil {
			return err
		}
		e = newEntry(r)
		if e.tags, err = s.keys.Tags(tx, k); err != nil {
			return err
		}
		if e.aliases, err = aliasesOf(tx, k); err != nil {
			return err
		}
		e.granted, err = hasGrants(tx, k)
		return err
	})
	if err != nil {
		return nil, err
	}
	s.cache.putKey(e, age)
	return e, nil
}

func newEntry(r record) *entry {
	e := &entry{record: r, arn: keyARN(r.Key), at: time.Now(), secrets: map[string]*secret{}}
	e.policy = sync.OnceValues(func() (*policy.Document, error) { return parsePolicy(e.arn, e.Doc.Policy) })
	return e
}
