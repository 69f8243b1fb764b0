package sandbox

import (
	"errors"
	"math/rand/v2"
	"os"
	"sync"
)

// Users of runs come from a range that neither distributions nor container
// managers hand out (systemd's "Users, Groups, UIDs and GIDs": free between
// the container ranges, which end at 1879048191, and 2^31).
const (
	firstUID = 1_900_000_000
	uidCount = 1 << 20
)

// users hands every run a user of its own, so that runs cannot signal each
// other, read each other's files, or share each other's process limit. Servers
// side by side pick at random from a million and hardly ever meet.
type users struct {
	mu   sync.Mutex
	used map[uint32]bool
}

// take returns a user. A server that is not root runs boxes as itself.
func (u *users) take() (uid uint32, free func(), err error) {
	if os.Getuid() != 0 {
		return uint32(os.Getuid()), func() {}, nil
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.used == nil {
		u.used = map[uint32]bool{}
	}
	for range 100 {
		uid = firstUID + rand.Uint32N(uidCount)
		if !u.used[uid] {
			u.used[uid] = true
			return uid, func() { u.mu.Lock(); delete(u.used, uid); u.mu.Unlock() }, nil
		}
	}
	return 0, nil, errors.New("sandbox: no free user for another run")
}
