package identity

import "sync"

// shelf is what is remembered of an account. Taking it off is one step for all
// of it.
type shelf struct {
	mu      sync.RWMutex
	state   uint64 // counts clearings
	entries map[entryKey]any
}

// entryKey names an entry: what it is, and whose.
type entryKey struct {
	kind entryKind
	name string
}

type entryKind uint8

const (
	principalEntry entryKind = iota // *principal by unique id or ARN
	keyEntry                        // *Key by access key id
	roleEntry                       // *Role by ARN
	providerEntry                   // *OIDCProvider by URL
	managedEntry                    // *policy.Document by ARN
	factsEntry                      // *policy.Resource by ARN
	arnEntry                        // *string by kind and name
)

// maxEntries bounds a shelf. One that is full is cleared: what is in use comes
// back at once.
const maxEntries = 50_000

// find returns an entry, and the state to remember one in when there is none.
func (s *shelf) find(k entryKey) (v any, state uint64) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.entries[k], s.state
}

// put remembers what was read after state was, unless the shelf has been
// cleared since.
func (s *shelf) put(k entryKey, state uint64, v any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state != state {
		return
	}
	if s.entries == nil || len(s.entries) >= maxEntries {
		s.entries = make(map[entryKey]any)
	}
	s.entries[k] = v
}

// clear forgets everything, and what is being read now.
func (s *shelf) clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state++
	s.entries = nil
}
