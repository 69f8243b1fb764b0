package session

import "sync"

// The bounds of each of the two generations of a cache: what its tokens weigh
// together, in bytes, each with what it opens to.
const (
	maxWeight   = 4 << 20
	entryWeight = 1 << 10
)

// cache remembers opened tokens by their access key ids. A full young
// generation becomes the old one, and the old one is dropped. The zero value is
// ready.
type cache struct {
	mu         sync.Mutex
	young, old map[string]entry
	weight     int // of young
}

type entry struct {
	token  string
	bearer Bearer
}

func (c *cache) get(accessKeyID, token string) (Bearer, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.young[accessKeyID]
	if !ok {
		if e, ok = c.old[accessKeyID]; ok && e.token == token {
			c.add(accessKeyID, e)
		}
	}
	if !ok || e.token != token {
		return Bearer{}, false
	}
	return e.bearer, true
}

func (c *cache) put(accessKeyID, token string, b Bearer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.add(accessKeyID, entry{token, b})
}

// add assumes that young has no entry of the id: an id has one token.
func (c *cache) add(accessKeyID string, e entry) {
	weight := entryWeight + 4*len(e.token)
	if c.young == nil || c.weight+weight > maxWeight {
		c.old, c.young, c.weight = c.young, make(map[string]entry), 0
	}
	c.young[accessKeyID] = e
	c.weight += weight
}

func (c *cache) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.young, c.old, c.weight = nil, nil, 0
}
