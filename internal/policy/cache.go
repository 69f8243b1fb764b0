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
// should not have taken, denies everything, for it may have meant to.
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
	return []*Document{d}
}

// denial stands for a policy that cannot be read.
const denial = `{"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}}`

func parsed(name, text string, use Usage) *Document {
	d, err := Parse(text, use)
	if err != nil {
		if d, err = Parse(denial, ResourceUse); err != nil {
			panic(err) // a constant
		}
	}
	d.Name = name
	return d
}
