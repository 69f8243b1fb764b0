package policy

import "sync"

// Cache remembers compiled resource-based policies by what they are of and
// their text. It is bounded, safe for concurrent use, and its zero value is
// ready.
type Cache struct {
	mu         sync.Mutex
	young, old map[cached]*Document
}

type cached struct{ name, text string }

// maxCached bounds each of the two generations of a Cache.
const maxCached = 1024

// Policies are the compiled policies of a resource that has one policy, or
// none: text is empty then. A policy that cannot be read, which its service
// should not have taken, allows nothing.
func (c *Cache) Policies(name, text string, use Usage) []*Document {
	if text == "" {
		return nil
	}
	key := cached{name, text}
	c.mu.Lock()
	defer c.mu.Unlock()
	d, ok := c.young[key]
	if !ok {
		if d, ok = c.old[key]; !ok {
			d = parsed(name, text, use)
		}
		if c.young == nil || len(c.young) >= maxCached {
			c.old, c.young = c.young, make(map[cached]*Document)
		}
		c.young[key] = d
	}
	if d == nil {
		return nil
	}
	return []*Document{d}
}

func parsed(name, text string, use Usage) *Document {
	d, err := Parse(text, use)
	if err != nil {
		return nil
	}
	d.Name = name
	return d
}
