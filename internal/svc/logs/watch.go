package logs

import "sync"

// watchers are those in this process who wait for events of a log group. What
// other processes append they find by looking now and then.
type watchers struct {
	mu     sync.Mutex
	groups map[string]map[chan struct{}]struct{} // by the group's ID
}

// watch returns a channel that gets a value when events of one of the groups
// have been committed; several may become one. stop must be called.
func (w *watchers) watch(ids []string) (wake <-chan struct{}, stop func()) {
	c := make(chan struct{}, 1)
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, id := range ids {
		if w.groups[id] == nil {
			if w.groups == nil {
				w.groups = make(map[string]map[chan struct{}]struct{})
			}
			w.groups[id] = make(map[chan struct{}]struct{})
		}
		w.groups[id][c] = struct{}{}
	}
	return c, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		for _, id := range ids {
			delete(w.groups[id], c)
			if len(w.groups[id]) == 0 {
				delete(w.groups, id)
			}
		}
	}
}

// wake tells those who watch a group.
func (w *watchers) wake(id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for c := range w.groups[id] {
		select {
		case c <- struct{}{}:
		default: // it has been told
		}
	}
}
