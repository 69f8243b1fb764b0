package events

import (
	"errors"
	"sync"

	api "nephele.dev/nephele/internal/api/events"
	"nephele.dev/nephele/internal/eventpattern"
	"nephele.dev/nephele/internal/store"
)

// maxCached is how many buses are kept in memory.
const maxCached = 1000

// compiledRule is a rule ready to match and deliver.
type compiledRule struct {
	key     store.Key
	arn     string
	pattern *eventpattern.Pattern // nil matches nothing
	targets []compiledTarget
}

type compiledTarget struct {
	*api.Target
	destination
	payload payload
}

// cache holds the enabled rules of buses that have patterns and targets.
type cache struct {
	mu    sync.RWMutex
	buses map[store.Key]cached
}

type cached struct {
	version int64
	rules   []*compiledRule
}

func (c *cache) reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.buses = nil
}

func (c *cache) get(b store.Key, version int64) ([]*compiledRule, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	e, ok := c.buses[b]
	return e.rules, ok && e.version == version
}

func (c *cache) put(b store.Key, e cached) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.buses == nil || len(c.buses) >= maxCached {
		c.buses = map[store.Key]cached{}
	}
	c.buses[b] = e
}

// rulesOf returns the rules that events on a bus are matched with. The version
// is read before the rules: what is kept under it is never older.
func (s *Service) rulesOf(tx *store.Tx, b store.Key) ([]*compiledRule, error) {
	var version int64
	err := tx.Row(`select version from events_bus where account = ? and region = ? and name = ?`,
		b.Account, b.Region, b.ID).Scan(&version)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil // never had a rule
	}
	if err != nil {
		return nil, err
	}
	if rules, ok := s.cache.get(b, version); ok {
		return rules, nil
	}
	records, err := s.rules.List(tx, b.Account, b.Region, store.ListOptions{Prefix: b.ID + "/"})
	if err != nil {
		return nil, err
	}
	var rules []*compiledRule
	for _, r := range records {
		if r.Doc.enabled() && r.Doc.Pattern != nil && len(r.Doc.Targets) > 0 {
			rules = append(rules, s.compileRule(r.Key, &r.Doc))
		}
	}
	s.cache.put(b, cached{version, rules})
	return rules, nil
}

// compileRule makes a rule ready. What was accepted when it was put and is no
// longer is logged, and left out.
func (s *Service) compileRule(k store.Key, doc *rule) *compiledRule {
	c := &compiledRule{key: k, arn: ruleARN(k)}
	if doc.Pattern != nil {
		p, err := parsePattern(*doc.Pattern)
		if err != nil {
			s.log.Error("event pattern no longer valid", "rule", c.arn, "err", err)
		}
		c.pattern = p
	}
	for _, t := range doc.Targets {
		d, ok := destinationOf(t.Arn)
		p, err := payloadOf(t)
		if !ok || err != nil {
			s.log.Error("event target no longer valid", "rule", c.arn, "target", t.Id, "err", err)
			continue
		}
		c.targets = append(c.targets, compiledTarget{t, d, p})
	}
	return c
}
